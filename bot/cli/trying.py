"""`marginalia try`: the bot in a workspace of its own, as a page."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
import termios
from pathlib import Path
from typing import Annotated

import typer

from bot.demo.trying import trying
from bot.errors import UserError
from bot.running import logs
from bot.support.tasks import stopping
from bot.texts import _

Port = Annotated[
    int, typer.Option(help="The port of the page. 0 chooses a free port.", min=0, max=65535)
]


def try_it(
    port: Port = 8766,
    folder: Annotated[
        Path, typer.Option(help="The folder for its files. It is emptied first.")
    ] = Path("var/try"),
) -> None:
    """Use the bot in the browser, without Slack: opens a workspace with an open session.

    Stop it with Ctrl-C. It starts from the beginning each time.
    """
    logs.configure("ERROR")
    serve(folder, port)


def serve(folder: Path, port: int) -> None:
    """Serves the page until Ctrl-C, or Enter where there is a terminal.

    Raises UserError for a port that cannot be opened and for a bot that does not get ready, and
    typer.BadParameter for a folder with somebody else's files in it.
    """
    empty(folder)
    try:
        asyncio.run(_serve(folder, port))
    except TimeoutError:  # an OSError too, and no port's fault
        raise UserError(_("the bot is still busy after a minute; try again")) from None
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise UserError(
                _(
                    "port {port} cannot be opened ({error}); choose another with --port",
                    port=port,
                    error=error.strerror,
                )
            ) from None
        raise UserError(
            _("the workspace cannot be started in {folder}: {error}", folder=folder, error=error)
        ) from None


async def _serve(folder: Path, port: int) -> None:
    stop = stopping()
    async with trying(folder, control_port=port) as stage:
        ends = _("Press Ctrl-C to stop.")
        if sys.stdin.isatty() and _in_front(sys.stdin.fileno()):
            # Ctrl-C goes to `make` as well, which then calls it a failure.
            _at_enter(sys.stdin.fileno(), stop)
            ends = _("Press Enter or Ctrl-C to stop.")
        typer.echo(
            _(
                "Open {control_url} in a browser. {ends}",
                control_url=stage.box.control_url,
                ends=ends,
            )
        )
        await stop.wait()


def _at_enter(terminal: int, stop: asyncio.Event) -> None:
    """Sets `stop` at the next Enter; what was typed before is thrown away."""
    termios.tcflush(terminal, termios.TCIFLUSH)

    def typed() -> None:
        if _in_front(terminal):
            os.read(terminal, 4096)  # else the shell takes it for a command
            stop.set()

    asyncio.get_running_loop().add_reader(terminal, typed)


def _in_front(terminal: int) -> bool:
    """Whether what is typed is for us: not where a shell has put us into the background."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # no terminal with jobs


def empty(folder: Path) -> None:
    """Empties the folder of an earlier demo; nobody else's."""
    mark = folder / "marginalia.db"
    if folder.is_dir() and any(folder.iterdir()) and not mark.exists():
        raise typer.BadParameter(
            _(
                "{folder} is not empty and was not made by a demo; name another folder",
                folder=folder,
            ),
            param_hint="--folder",
        )
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)

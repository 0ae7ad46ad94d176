"""`marginalia try`: the bot in a workspace of its own, as a page."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from bot import logs
from bot.cli.demo import empty
from bot.demo.trying import trying
from bot.errors import UserError


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("try")(try_it)


def try_it(
    port: Annotated[
        int, typer.Option(help="The port of the page; 0 takes a free one.", min=0, max=65535)
    ] = 8766,
    folder: Annotated[Path, typer.Option(help="Where it keeps its files; emptied first.")] = Path(
        "var/try"
    ),
) -> None:
    """Try the bot in the browser, without Slack: a workspace on this machine, a session just open.

    Stop it with Ctrl-C. It begins anew each time.
    """
    logs.configure("ERROR")
    empty(folder)
    try:
        asyncio.run(_try(folder, port))
    except OSError as error:
        raise UserError(
            f"port {port} cannot be opened ({error.strerror}); choose another with --port"
        ) from None


async def _try(folder: Path, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with trying(folder, control_port=port) as stage:
        typer.echo(f"Open {stage.box.control_url} in a browser. Ctrl-C ends it.")
        await stop.wait()

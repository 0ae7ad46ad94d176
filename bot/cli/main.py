"""The command line as a whole: which commands there are, and how an error ends one.

A command's room is imported when the command is called: half of them need Slack's clients and
a database, and `check` should not wait for those.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bot import __version__, texts
from bot.errors import UserError, printable

USER_ERROR = 2
"""The exit code for a mistake of the user."""

COMMANDS = {
    "backup": "database",
    "board": "board",
    "check": "check",
    "convert": "convert",
    "demo": "demo",
    "doctor": "doctor",
    "evaluate-index": "index",
    "evaluate-pairing": "pairing",
    "export": "export",
    "export-person": "people",
    "forget": "people",
    "import": "importing",
    "inbox": "inbox",
    "index": "index",
    "log": "log",
    "manifest": "manifest",
    "mend": "pairing",
    "move-database": "database",
    "outbox": "outbox",
    "reconcile": "reconcile",
    "replay": "demo",
    "restore": "database",
    "run": "run",
    "sandbox": "sandbox",
    "setup": "setup",
    "site": "site",
    "status": "status",
    "template": "template",
    "try": "trying",
    "winners": "winners",
}
"""The module of `bot.cli` in which each command stands."""


class _Rooms(TyperGroup):
    """Finds each command in its room."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All commands by name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; None where there is none of that name."""
        room = COMMANDS.get(cmd_name)
        if room is None:
            return None
        inner = typer.Typer(rich_markup_mode=None)
        inner.callback()(_top)
        import_module(f"bot.cli.{room}").register(inner)
        group = typer.main.get_command(inner)
        assert isinstance(group, TyperGroup)  # noqa: S101 - a callback makes it one
        return group.commands[cmd_name]


app = typer.Typer(
    name="marginalia",
    help="Hosts live Q&A sessions between authors and the readers of their books, in Slack.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=_Rooms,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"marginalia {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Keeps `marginalia COMMAND` a command of its own, however many there are.

    What commands say is in MARGINALIA_LANGUAGE. What is wrong in that setting is said by the
    commands that need settings; the others then speak English.
    """
    from bot.settings import Language  # noqa: PLC0415 - `--help` need not wait for it

    with suppress(UserError, OSError, ValueError):
        texts.use(Language().language)


def main() -> None:
    """Runs the command line; a UserError is one line on standard error and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"marginalia: {printable(str(error))}", file=sys.stderr)  # noqa: T201
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(130)

"""The command line as a whole: which commands there are, and how an error ends one.

A command's module is imported when the command is called: half of them need Slack's clients and
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
    "backup": "database:backup",
    "board": "board:board",
    "check": "check:check",
    "convert": "convert:convert",
    "demo": "demo:demo",
    "doctor": "doctor:examine",
    "evaluate-index": "index:evaluate",
    "evaluate-pairing": "pairing:evaluate",
    "export": "export:export",
    "export-person": "people:export_person",
    "forget": "people:forget",
    "import": "importing:import_",
    "inbox": "inbox:inbox",
    "index": "index:index",
    "log": "log:log",
    "manifest": "manifest:print_manifest",
    "mend": "pairing:mend",
    "move-database": "database:move_database",
    "outbox": "outbox:outbox",
    "reconcile": "reconcile:reconcile",
    "replay": "demo:replay",
    "restore": "database:restore",
    "run": "run:run",
    "sandbox": "sandbox:sandbox",
    "setup": "setup:setup",
    "site": "site:site",
    "status": "status:status",
    "template": "template:print_template",
    "try": "trying:try_it",
    "winners": "winners:winners",
}
"""The module of `bot.cli` in which each command stands, and its function there."""


class _Commands(TyperGroup):
    """Finds each command in its module."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All commands by name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _colon, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(f"bot.cli.{module}"), name)
        inner = typer.Typer(rich_markup_mode=None)
        inner.callback()(_top)
        if isinstance(command, typer.Typer):
            inner.add_typer(command, name=cmd_name)
        else:
            inner.command(cmd_name)(command)
        group = typer.main.get_command(inner)
        assert isinstance(group, TyperGroup)  # noqa: S101 - a callback makes it one
        return group.commands[cmd_name]


app = typer.Typer(
    name="marginalia",
    help="Hosts live Q&A sessions between authors and the readers of their books, in Slack.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=_Commands,
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

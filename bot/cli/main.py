"""The command line as a whole: which commands there are, and how an error ends one."""

from __future__ import annotations

import sys

import typer

from bot.cli import (
    check,
    database,
    demo,
    export,
    importing,
    inbox,
    reconcile,
    run,
    sandbox,
    site,
    status,
)
from bot.errors import UserError

USER_ERROR = 2
"""The exit code for a mistake of the user."""

app = typer.Typer(
    name="marginalia",
    help="Hosts live Q&A sessions between authors and the readers of their books, in Slack.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for room in (
    check,
    database,
    demo,
    export,
    importing,
    inbox,
    reconcile,
    run,
    sandbox,
    site,
    status,
):
    room.register(app)


@app.callback()
def _top() -> None:
    """Keeps `marginalia COMMAND` a command of its own, however many there are."""


def main() -> None:
    """Runs the command line; a UserError is one line on standard error and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"marginalia: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(130)

"""`marginalia winners`: a draw, done again by anyone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import JSON
from bot.errors import UserError
from bot.sessions.winners import repeat

RECORD_BYTES = 64 * 1024 * 1024


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(winners)


def winners(
    record: Annotated[
        Path, typer.Argument(metavar="FILE", help="The record in the thread of the announcement.")
    ],
    seed: Annotated[
        str | None, typer.Option(help="Draw with this seed instead of the record's.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Repeat a draw from its published record and say whether the winners are the same.

    Exits with 2 if they are not. Needs no database and no settings.
    """
    try:
        if record.stat().st_size > RECORD_BYTES:
            raise UserError(f"{record}: is too long to be the record of a draw")
        text = record.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{record}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UserError(f"{record}: is not UTF-8; use the file that was published") from None
    found = repeat(text, seed)
    if as_json:
        whole = {
            "event": found.event,
            "draw": found.number,
            "tickets": found.tickets,
            "recorded": list(found.recorded),
            "again": list(found.again),
            "agrees": found.agrees,
        }
        typer.echo(json.dumps(whole, indent=2))
    else:
        typer.echo(f"draw {found.number} of {found.event}: {found.tickets} tickets")
        for place, winner in enumerate(found.again, 1):
            typer.echo(f"{place}. {winner}")
        typer.echo(
            "these are the recorded winners"
            if found.agrees
            else f"the record names other winners: {', '.join(found.recorded) or 'none'}"
        )
    if not found.agrees and seed is None:
        raise typer.Exit(2)

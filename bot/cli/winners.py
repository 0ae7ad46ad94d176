"""`marginalia winners`: a draw, done again by anyone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import JSON
from bot.errors import UserError
from bot.sessions.winners import repeat
from bot.support.remedies import not_read
from bot.texts import _, n_

RECORD_BYTES = 64 * 1024 * 1024


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
            raise UserError(_("{record}: too large to be the record of a draw", record=record))
        text = record.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise not_read(record, error) from None
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
        typer.echo(
            n_(
                "draw {number} of {event}: {count} ticket",
                "draw {number} of {event}: {count} tickets",
                found.tickets,
                number=found.number,
                event=found.event,
            )
        )
        for place, winner in enumerate(found.again, 1):
            typer.echo(f"{place}. {winner}")
        typer.echo(
            _("these match the recorded winners")
            if found.agrees
            else _(
                "the record lists other winners: {names}",
                names=", ".join(found.recorded) or _("none"),
            )
        )
    if not found.agrees and seed is None:
        raise typer.Exit(2)

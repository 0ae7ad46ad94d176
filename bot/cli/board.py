"""`marginalia board`: the secret link to a session's board."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot import board as boards
from bot.cli.options import JSON
from bot.cli.stored import open_database, read_library, session_of
from bot.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(board)


def board(
    event: Annotated[str, typer.Argument(help="The event's id, or an unambiguous part of it.")],
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Make the link that was given out worthless.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Print the secret link to the board of a session, for a projector or for phones.

    Whoever has the link may look until it is revoked; nobody may before it was first printed.
    `marginalia run` serves the boards where MARGINALIA_BOARD_PORT is set.
    """
    settings = Settings()
    library = read_library(settings)
    with open_database(settings) as database:
        with database.reading() as uow:
            session = session_of(uow, library, event)
        with database.unit_of_work() as uow:
            if revoke:
                there_was = uow.boards.revoke(session.id)
                link = None
            else:
                link = boards.share(settings, uow, session.id, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps({"event": session.event.id, "link": link}))
    elif link is not None:
        typer.echo(link)
    elif there_was:
        typer.echo("The link is worthless now; the next `marginalia board` makes another.")
    else:
        typer.echo("The session has no board, so there was no link.")

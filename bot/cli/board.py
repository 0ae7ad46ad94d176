"""`marginalia board`: the secret link to a session's board."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.cli.options import EVENT, JSON
from bot.cli.stored import open_database, read_library, session_of
from bot.services import boards as board_service
from bot.settings import Settings
from bot.texts import _


def board(
    event: EVENT,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Revoke the link, so that it no longer works.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Print the secret link to the live board of a session, for a projector or for phones.

    Anyone who has the link can see the board, until you revoke the link. There is no link before you
    run this command. `marginalia run` serves the boards if MARGINALIA_BOARD_PORT is set.
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
                link = board_service.share(settings, uow, session.id, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps({"event": session.event.id, "link": link}))
    elif link is not None:
        typer.echo(link)
    elif there_was:
        typer.echo(_("The link no longer works; run `marginalia board` again for a new one."))
    else:
        typer.echo(_("This session has no board, so there was no link to revoke."))

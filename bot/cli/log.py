"""`marginalia log`: who did what, and when."""

from __future__ import annotations

import json
from html import unescape
from typing import Annotated

import typer

from bot import texts
from bot.cli.options import JSON
from bot.cli.stored import open_database, read_library, session_of
from bot.sessions import logbook
from bot.settings import Settings
from bot.slack.blocks.moderating import InTerminal, said


def log(
    event: Annotated[
        str | None,
        typer.Argument(
            help="Only this event: the name of its file, or a part that matches one event only."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="Show at most this many entries.", min=1)] = 100,
    as_json: JSON = False,
) -> None:
    """List who did what and when, newest first, including refused attempts."""
    settings = Settings()
    texts.use(settings.language)
    with open_database(settings) as database, database.reading() as uow:
        session = session_of(uow, read_library(settings), event) if event is not None else None
        actions = uow.actions.listed(session.id if session else None, limit)
        entries = logbook.entries(uow, actions)
        people = uow.people.many(logbook.people(entries))
        url = uow.labels.get("workspace", "url") or ""
    way = InTerminal({who: person.name for who, person in people.items() if person.name}, url)
    # One line for each entry, whatever is in it: what people wrote must not move the cursor.
    told = [unescape(said(entry, way)) for entry in entries]
    rows = [
        {
            "at": action.at.isoformat(),
            "who": action.who,
            "name": way.names.get(action.who),
            "what": action.what,
            "event": action.event_id,
            "details": dict(action.details),
            "text": text,
        }
        for action, text in zip(actions, told, strict=True)
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for action, text in zip(actions, told, strict=True):
        who = way.names.get(action.who) or action.who or "-"
        line = f"{action.at:%Y-%m-%d %H:%M:%S}  {who}  {text}"
        typer.echo("".join(c if c.isprintable() else " " for c in line))

"""`marginalia log`: who did what, and when."""

from __future__ import annotations

import json
from html import unescape
from typing import Annotated

import typer

from bot import texts
from bot.cli.options import JSON
from bot.cli.stored import open_database, read_library, session_of
from bot.settings import Settings
from bot.slack.blocks.moderating import said


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(log)


def log(
    event: Annotated[
        str | None, typer.Argument(help="Of one event: its id or an unambiguous part of it.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many entries at the most.", min=1)] = 100,
    as_json: JSON = False,
) -> None:
    """Show who did what when in Slack, newest first; refused attempts too."""
    settings = Settings()
    texts.use(settings.language)
    with open_database(settings) as database, database.reading() as uow:
        session = session_of(uow, read_library(settings), event) if event is not None else None
        actions = uow.actions.listed(session.id if session else None, limit)
        people = uow.people.many({action.who for action in actions})
    rows = [
        {
            "at": action.at.isoformat(),
            "who": action.who,
            "name": people[action.who].name if action.who in people else None,
            "what": action.what,
            "event": action.event_id,
            "details": dict(action.details),
        }
        for action in actions
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row, action in zip(rows, actions, strict=True):
        who = row["name"] or row["who"] or "-"
        # One line an entry, whatever is in it: what people wrote must not move the cursor.
        line = f"{action.at:%Y-%m-%d %H:%M:%S}  {who}  {unescape(said(action, mentions=False))}"
        typer.echo("".join(c if c.isprintable() else " " for c in line))

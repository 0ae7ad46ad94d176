"""`marginalia import`: past sessions out of a Slack export."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot.cli.options import JSON
from bot.cli.stored import open_database, read_library
from bot.errors import UserError
from bot.importing import Tally, importing, rehearse
from bot.library.library import Library
from bot.sessions.model import Event
from bot.settings import Settings
from bot.slack.dump import Dump


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("import")(import_)


def import_(
    dump: Annotated[Path, typer.Argument(help="The folder or zip of a Slack export.")],
    channel: Annotated[str, typer.Option(help="The channel's name in the export.")],
    event: Annotated[
        str | None, typer.Option(help="Only this event: the file's id or a part of it.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All events of the channel (the default).")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it, and keep nothing.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Read past sessions out of a Slack export into the database.

    A message belongs to the event at whose time it was posted, a reply to its question whenever
    it was given. Importing again changes nothing. Archives are not written: `marginalia export`.
    """
    if event is not None and everything:
        raise UserError("--event and --all exclude one another; choose one")
    settings = Settings()
    library = read_library(settings)
    events = [library.find(event)] if event else _of_channel(library, channel, settings.channel)
    if not events:
        raise UserError(f"no event in {settings.schedules} is over and in #{channel}; add its file")
    at = datetime.now(UTC)
    console = Console(stderr=True)
    with closing(Dump.open(dump)) as opened, Progress(console=console, transient=True) as progress:
        bar = progress.add_task("Reading days")

        def on_day(done: int, of: int) -> None:
            progress.update(bar, completed=done, total=of)

        if dry_run:
            tally = rehearse(opened, channel, events, at, on_day)
        else:
            with open_database(settings) as database:
                tally = importing(database, opened, channel, events, at, on_day)
    typer.echo(json.dumps(_as_data(tally), indent=2) if as_json else _as_text(tally))


def _of_channel(library: Library, channel: str, default: str) -> list[Event]:
    """Events that have begun and name the channel, or name none."""
    name = channel.removeprefix("#")
    now = datetime.now(UTC)
    return [
        e
        for e in library.events.values()
        if e.start <= now and (e.channel is None or e.channel in (name, default))
    ]


def _as_text(tally: Tally) -> str:
    lines = [
        f"{name}: {count['questions']} questions, {count['replies']} replies"
        + (f" ({count['orphans']} replies have no question)" if count["orphans"] else "")
        for name, count in tally.sessions.items()
    ]
    if tally.outside:
        lines.append(f"Left out: {tally.outside} messages outside any session.")
    if tally.notices:
        lines.append(f"Left out: {tally.notices} notices and messages of bots.")
    if tally.unknown_people:
        who = ", ".join(sorted(tally.unknown_people))
        lines.append(f"Not in users.json, so without a name: {who}.")
    return "\n".join([*lines, *tally.problems])


def _as_data(tally: Tally) -> dict[str, object]:
    return {
        "sessions": {name: dict(count) for name, count in tally.sessions.items()},
        "outside": tally.outside,
        "notices": tally.notices,
        "unknown_people": sorted(tally.unknown_people),
        "problems": tally.problems,
    }

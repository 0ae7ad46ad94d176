"""`marginalia status`: events, sessions and their numbers."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.options import JSON
from bot.cli.stored import open_database, read_library
from bot.library.library import Library
from bot.sessions.model import Session, moment
from bot.sessions.ports import UnitOfWork
from bot.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(status)


def status(as_json: JSON = False) -> None:
    """List events with their sessions and how much was asked and answered."""
    settings = Settings()
    library = read_library(settings)
    with open_database(settings) as database, database.reading() as uow:
        rows = list(_rows(uow, library, settings.channel, settings.catch_up_days))
        queues = {"inbox": uow.inbox.depth(), "outbox": uow.outbox.depth()}
        parked = len(uow.inbox.listed())
        counts = uow.outbox.counts()
        troubles = len(uow.outbox.troubles())
    held, failed = counts.get("held", 0), counts.get("failed", 0)
    if as_json:
        whole = {
            "events": rows,
            **queues,
            "parked": parked,
            "held": held,
            "failed": failed,
            "blocked_channels": troubles,
        }
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    table = Table("Event", "State", box=None)
    for heading in ("Channel", "Start (UTC)", "End (UTC)"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Questions", "Answered", "Replies", "People", "Compared"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row["event"],
            row["state"],
            f"#{row['channel']}",
            row["start"][:16].replace("T", " "),
            row["end"][:16].replace("T", " "),
            *("" if row[key] is None else str(row[key]) for key in _NUMBERS),
            _ago(row["reconcile_age"]) if row["watched"] else "",
        )
    # A pipe has no width to keep to; a file with cut names would be of no use.
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    # Twice the interval: a look that is on its way is not late.
    late = timedelta(seconds=2 * settings.reconcile_interval)
    for row in rows:
        if row["watched"] and _behind(row["reconcile_age"], late):
            until = row["reconciled_until"]
            typer.echo(
                f"{row['event']} is behind: compared with Slack's history "
                + (f"up to {until[:16].replace('T', ' ')} UTC" if until else "never yet")
                + "; check that the bot is running, or run `marginalia reconcile "
                + f"{row['event']}`."
            )
    typer.echo(f"Waiting: {queues['inbox']} to handle, {queues['outbox']} to send.")
    if parked:
        typer.echo(f"{parked} requests from Slack are parked; `marginalia inbox list` shows them.")
    if held or failed or troubles:
        typer.echo(
            f"Slack refuses: {held} messages wait, {failed} were given up, and {troubles} channels "
            "accept no messages; see `marginalia outbox`."
        )


_NUMBERS = ("questions", "answered", "replies", "participants")


def _behind(age: float | None, most: timedelta) -> bool:
    return age is None or age > most.total_seconds()


def _ago(age: float | None) -> str:
    """How long ago, in the largest unit of which there are two."""
    if age is None:
        return "never"
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        if age >= 2 * seconds:
            return f"{age / seconds:.0f} {unit} ago"
    return f"{age:.0f} s ago"


def _rows(
    uow: UnitOfWork, library: Library, default_channel: str, catch_up_days: float
) -> list[dict[str, Any]]:
    """One row per event or session, by start.

    `watched` is whether a running bot compares the session with Slack's history,
    `reconciled_until` up to which moment that was last done, `reconcile_age` how many seconds ago.
    """
    sessions = {s.event.id: s for s in uow.sessions.all()}
    events = {**{i: s.event for i, s in sessions.items()}, **library.events}
    now = datetime.now(UTC)
    rows = []
    for event in sorted(events.values(), key=lambda e: (e.start, e.id)):
        session = sessions.get(event.id)
        numbers: dict[str, Any] = dict.fromkeys(_NUMBERS)
        if session is not None:
            counts = uow.messages.counts(session.id, session.author_ids)
            numbers = {
                "questions": counts.questions,
                "answered": counts.answered,
                "replies": counts.replies,
                "participants": counts.participants,
            }
        planned = "past" if event.end <= now else "planned"
        rows.append(
            {
                "event": event.id,
                "title": event.title,
                "state": str(session.state) if session else planned,
                "channel": event.channel or default_channel,
                "start": event.start.isoformat(),
                "end": event.end.isoformat(),
                **numbers,
                **_compared(session, now, timedelta(days=catch_up_days)),
            }
        )
    return rows


def _compared(session: Session | None, now: datetime, catch_up: timedelta) -> dict[str, Any]:
    """Where the comparison of a session with Slack's history is."""
    until = session.reconciled_ts if session is not None else None
    at = moment(until) if until is not None else None
    return {
        "watched": session is not None and session.is_watched(now, catch_up),
        "reconciled_until": at.isoformat() if at is not None else None,
        "reconcile_age": max(0.0, (now - at).total_seconds()) if at is not None else None,
    }

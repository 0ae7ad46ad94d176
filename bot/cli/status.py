"""`marginalia status`: events, sessions and their numbers."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.options import JSON
from bot.cli.stored import open_database, read_library
from bot.library.library import Library
from bot.sessions.model import Session, moment
from bot.settings import Settings
from bot.store.work import Work
from bot.texts import N_, _, n_


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
    table = Table(_("Event"), _("State"), box=None)
    for heading in (_("Channel"), _("Start (UTC)"), _("End (UTC)")):
        table.add_column(heading, no_wrap=True)
    for heading in (_("Questions"), _("Answered"), _("Replies"), _("People"), _("Compared")):
        table.add_column(heading, justify="right")
    for row in rows:
        state = _STATES[row["state"]]
        table.add_row(
            row["event"],
            _(state),
            f"#{row['channel']}",
            row["start"][:16].replace("T", " "),
            row["end"][:16].replace("T", " "),
            *("" if row[key] is None else str(row[key]) for key in _NUMBERS),
            _ago(row["reconcile_age"]) if row["watched"] else "",
        )
    # A pipe has no width to keep to; a file with cut names would be of no use.
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    # Twice the interval: a look that is on its way is not late.
    late = 2 * settings.reconcile_interval
    for row in rows:
        age = row["reconcile_age"]
        if row["watched"] and (age is None or age > late):
            until = row["reconciled_until"]
            typer.echo(_late(row["event"], until[:16].replace("T", " ") if until else None))
    typer.echo(
        _(
            "Waiting: {inbox} to handle, {outbox} to send.",
            inbox=queues["inbox"],
            outbox=queues["outbox"],
        )
    )
    if parked:
        typer.echo(
            n_(
                "{count} request from Slack is parked; `marginalia inbox list` shows it.",
                "{count} requests from Slack are parked; `marginalia inbox list` shows them.",
                parked,
            )
        )
    if held or failed or troubles:
        typer.echo(
            _(
                "Refused by Slack: {held}, {failed}, {channels}; see `marginalia outbox`.",
                held=n_("{count} message waits", "{count} messages wait", held),
                failed=n_("{count} was given up", "{count} were given up", failed),
                channels=n_(
                    "{count} channel accepts no messages",
                    "{count} channels accept no messages",
                    troubles,
                ),
            )
        )


def _late(event: str, until: str | None) -> str:
    """That a session was not compared with Slack's history lately; `until` is UTC."""
    if until is None:
        return _(
            "{event} is behind: not yet compared with Slack's history; check that the bot is "
            "running, or run `marginalia reconcile {event}`.",
            event=event,
        )
    return _(
        "{event} is behind: compared with Slack's history up to {until} UTC; check that the bot is "
        "running, or run `marginalia reconcile {event}`.",
        event=event,
        until=until,
    )


_STATES = {
    "scheduled": N_("scheduled"),
    "open": N_("open"),
    "closed": N_("closed"),
    "archived": N_("archived"),
    "cancelled": N_("cancelled"),
    "past": N_("past"),
    "planned": N_("planned"),
}
_NUMBERS = ("questions", "answered", "replies", "participants")


def _ago(age: float | None) -> str:
    """How long ago, in the largest unit of which there are two."""
    if age is None:
        return _("never")
    for text, seconds in (
        (N_("{count} d ago"), 86400),
        (N_("{count} h ago"), 3600),
        (N_("{count} min ago"), 60),
    ):
        if age >= 2 * seconds:
            return _(text, count=f"{age / seconds:.0f}")
    return _("{count} s ago", count=f"{age:.0f}")


def _rows(
    uow: Work, library: Library, default_channel: str, catch_up_days: float
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
            numbers = asdict(counts)
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

"""What it costs to store and handle envelopes, as a ratio to a floor measured in the same run.

`python -m tests.benchmarks.bench_store [URL]...` prints a table per database: a bare SQLAlchemy
insert-and-commit for each event (the floor); envelopes stored, in batches as they arrive while
a commit runs; the same handled as messages; and what a claim costs with ever more done rows.
Without a URL it takes a SQLite file and, where one answers, the PostgreSQL of the tests.
`--events N` says how many.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Column, Integer, MetaData, Text, insert
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import OperationalError

from bot.sessions.model import Event, Person, State
from bot.slack.api.gateway import Gateway, web_client
from bot.slack.inbox import InboxWorker, InboxWriter
from bot.slack.listeners.context import Context
from bot.slack.names import Names
from bot.slack.notifier import SlackNotifier
from bot.slack.waiting import WaitsForSlack
from bot.store.database import Database
from bot.store.types import dumps
from bot.support.outage import Outage
from tests.databases import scratch

T0 = datetime(2026, 1, 5, tzinfo=UTC)
LIMIT = 30_000 / 3600
"""Events a second that Slack delivers at most to an app from one workspace."""

READERS = 300

floor_table = SqlTable(
    "floor", MetaData(), Column("id", Integer, primary_key=True), Column("body", Text)
)


class Clock:
    """Stands at one moment."""

    def now(self) -> datetime:
        return T0 + timedelta(days=1)

    def wall(self, at: datetime) -> datetime:
        return at


def envelope(number: int) -> tuple[str, dict[str, Any]]:
    """A message as Slack delivers it."""
    ts = f"{int(T0.timestamp()) + number // 100}.{number % 100:06d}"
    text = f"Question {number}: how does the author see the second chapter, and why? " * 3
    block = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    message = {
        "type": "message",
        "channel": "C0123456789",
        "user": f"U{number % READERS:09d}",
        "text": text,
        "ts": ts,
        "event_ts": ts,
        "channel_type": "channel",
        "blocks": [{"type": "rich_text", "block_id": "aB1", "elements": [block]}],
    }
    body = {
        "token": "x" * 24,
        "team_id": "T0123456789",
        "api_app_id": "A0123456789",
        "type": "event_callback",
        "event_id": f"Ev{number:09d}",
        "event_time": int(T0.timestamp()),
        "event": message,
        "authorizations": [{"team_id": "T0123456789", "user_id": "U0BOT", "is_bot": True}],
    }
    return f"Ev{number:09d}", body


def rate(work: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def floor(database: Database, bodies: list[str]) -> None:
    """A bare insert and commit for each event."""
    for body in bodies:
        with database.engine.begin() as connection:
            connection.execute(insert(floor_table), {"body": body})


def store(database: Database, envelopes: list[tuple[str, dict[str, Any]]], batch: int) -> None:
    for start in range(0, len(envelopes), batch):
        with database.unit_of_work() as uow:
            uow.inbox.add(envelopes[start : start + batch], T0)


def handle(database: Database) -> None:
    """What the bot's worker does, with everybody known, so that Slack is asked nothing."""
    clock = Clock()
    names = Names(
        database,
        Gateway(web_client("xoxb-none", "")),
        clock,
        clock,
        WaitsForSlack(Outage(database.is_outage)),
    )
    outage = Outage(database.is_outage)
    context = Context(clock, SlackNotifier(), None, None)
    writer = InboxWriter(database, clock, lambda: None, outage)
    worker = InboxWorker(database, context, clock, names, outage, writer)
    asyncio.run(worker.drain())


def open_session(database: Database) -> None:
    """An open session in a channel that has seen five years of them; its readers."""
    with database.unit_of_work() as uow:
        for number in range(READERS):
            uow.people.put(Person(f"U{number:09d}", f"Reader {number}"))
        for week in range(260):
            start = T0 - timedelta(weeks=week)
            event = Event(f"{start:%Y%m%d}-book", "A Book", start, start + timedelta(days=5))
            session = uow.sessions.add(event, "C0123456789")
            session.state = State.ARCHIVED if week else State.OPEN
            session.collects_from = start
            session.collects_until = start + timedelta(days=5) if week else None
            uow.sessions.save(session)


def measure(database: Database, events: int) -> Table:
    envelopes = [envelope(number) for number in range(events)]
    bodies = [dumps(body) for _, body in envelopes]
    floor_table.metadata.create_all(database.engine)
    open_session(database)
    name = database.engine.dialect.name
    table = Table(title=f"{name}: {events:,} events of {len(bodies[0]):,} bytes")
    for column in ("what", "events/s", "to the floor", "to Slack's limit"):
        table.add_column(column, justify="left" if column == "what" else "right")
    bare = rate(lambda: floor(database, bodies), events)

    def row(what: str, found: float) -> None:
        table.add_row(what, f"{found:,.0f}", f"{found / bare:.2f}", f"{found / LIMIT:,.0f}")

    row("bare insert and commit, one by one (the floor)", bare)
    singles = [(f"single {key}", body) for key, body in envelopes[: events // 4]]
    row("stored, one by one", rate(lambda: store(database, singles, 1), len(singles)))
    with database.unit_of_work() as uow:
        uow.inbox.done([e.id for e in uow.inbox.claim(len(singles), T0)], T0)
    stored = rate(lambda: store(database, envelopes, 50), events)
    row("stored, 50 at a time", stored)
    handled = rate(lambda: handle(database), events)
    row("handled as messages", handled)
    row("stored and handled, by one thread", 1 / (1 / stored + 1 / handled))
    with database.reading() as uow:
        session = uow.sessions.in_channel("C0123456789")[0]
        count = uow.messages.counts(session.id).questions
        if count != events or uow.inbox.depth():
            raise SystemExit(f"{count} of {events} messages came in")
        row(
            "read again as threads",
            rate(lambda: list(uow.messages.iter_threads(session.id)), events),
        )
    return table


def claims(database: Database, sizes: list[int]) -> Table:
    table = Table(title=f"{database.engine.dialect.name}: a claim, with ever more done rows")
    for column in ("done rows", "claim of 200", "ratio to the first"):
        table.add_column(column, justify="right")
    first = None
    with database.unit_of_work() as uow:
        have = len(uow.inbox.listed(("done",)))
    for size in sizes:
        with database.unit_of_work() as uow:
            uow.inbox.add([(f"old {n}", {}) for n in range(have, size)], T0)
            waiting = [e.id for e in uow.inbox.claim(size, T0)]
            for start in range(0, len(waiting), 1000):
                uow.inbox.done(waiting[start : start + 1000], T0)
            uow.inbox.add([(f"new {size} {n}", {}) for n in range(200)], T0)
        have = size
        best = min(_claim_time(database) for _ in range(30))
        first = first or best
        with database.unit_of_work() as uow:
            uow.inbox.done([e.id for e in uow.inbox.claim(200, T0)], T0)
        table.add_row(f"{size:,}", f"{best * 1000:.1f} ms", f"{best / first:.2f}")
    return table


def _claim_time(database: Database) -> float:
    with database.unit_of_work() as uow:
        start = time.perf_counter()
        if len(uow.inbox.claim(200, T0)) != 200:
            raise SystemExit("not all were claimed")
        return time.perf_counter() - start


@contextlib.contextmanager
def databases(urls: list[str]) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        found = urls or [f"sqlite:///{Path(folder) / 'bench.db'}"]
        if not urls:
            try:
                found.append(stack.enter_context(scratch()))
            except OperationalError:
                print("no PostgreSQL answers; SQLite alone")
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", nargs="*", metavar="URL", help="scratch databases to measure")
    parser.add_argument("--events", type=int, default=10_000)
    options = parser.parse_args()
    console = Console(width=110)
    with databases(options.urls) as urls:
        for url in urls:
            database = Database(url)
            database.upgrade()
            console.print(measure(database, options.events))
            console.print(claims(database, [options.events * 2, options.events * 10]))
            database.close()


if __name__ == "__main__":
    main()

"""Past sessions cost nothing at rest: only those that matter now are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event as listening
from sqlalchemy import text

from bot.sessions import collect
from bot.sessions.collect import Posted
from bot.sessions.model import Author, Reaction, Session, State, ts_of
from bot.sessions.notifier import Notifier
from bot.slack.listeners.interaction import session_in
from bot.store import sessions as module
from bot.store.database import Database
from bot.store.work import Work
from tests.store.builders import T0, event

CHANNEL, AUTHOR = "C1", "UAUTHOR"
PAST = 300
NOW = T0 + timedelta(days=PAST + 1)


@pytest.fixture
def past(database: Database) -> Database:
    """Many sessions that were archived, one a day, then one that is open and one to come."""
    with database.unit_of_work() as uow:
        for day in range(PAST + 2):
            start = T0 + timedelta(days=day)
            planned = replace(
                event(f"e{day}"),
                start=start,
                end=start + timedelta(hours=8),
                authors=(Author(None, "Ada", AUTHOR if day % 100 == 0 else f"U{day}"),),
            )
            session = uow.sessions.add(planned, CHANNEL)
            if day <= PAST:
                session.state = State.OPEN if day == PAST else State.ARCHIVED
                session.collects_from = session.opened_at = start
            if day < PAST:
                session.closed_at = session.collects_until = planned.end
                session.content_changed_at = planned.end
                session.archived_at = planned.end + timedelta(seconds=1)
            uow.sessions.save(session)
    return database


@contextmanager
def sessions_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Counts the sessions that are loaded."""
    read: list[int] = []
    load = module._session

    def counting(row):  # type: ignore[no-untyped-def]
        read.append(row.id)
        return load(row)

    with monkeypatch.context() as patched:
        patched.setattr(module, "_session", counting)
        yield read


def ids(found: list[Session]) -> list[str]:
    return [session.event.id for session in found]


@pytest.mark.slow
def test_what_is_asked_at_each_look_reads_no_past_session(
    past: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sessions_read(monkeypatch) as read, past.reading() as uow:
        assert uow.sessions.unarchived() == []
        active = uow.sessions.all((State.OPEN, State.SCHEDULED))
        assert ids(active) == [f"e{PAST}", f"e{PAST + 1}"]
        week = uow.sessions.begun_since(NOW - timedelta(days=7))
        assert ids(week) == [f"e{day}" for day in range(PAST - 6, PAST + 1)]
        here = session_in(uow, CHANNEL, NOW)
        assert here is not None
        assert here.event.id == f"e{PAST}"
    assert len(read) <= 9 + 1


@pytest.mark.slow
def test_a_message_reads_only_the_sessions_around_it(
    past: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = T0 + timedelta(days=PAST, hours=1)
    with sessions_read(monkeypatch) as read, past.unit_of_work() as uow:
        for second in range(20):
            ts = ts_of(at + timedelta(seconds=second))
            posted = Posted(CHANNEL, ts, "U9", {"text": "Why?"})
            assert collect.receive(uow, Notifier(), posted, at)
            assert collect.react(uow, Reaction(CHANNEL, ts, "eyes", "U8"), True, ts)
    assert len(read) <= 10


@pytest.mark.slow
def test_a_reply_to_a_session_long_past_still_finds_it(past: Database) -> None:
    root = ts_of(T0 + timedelta(days=3, hours=1))
    posted = Posted(CHANNEL, ts_of(NOW), "U9", {"text": "Thanks!"}, thread_ts=root)
    with past.unit_of_work() as uow:
        assert collect.receive(uow, None, posted, NOW)  # type: ignore[arg-type]
        message = uow.messages.get(CHANNEL, posted.ts)
        assert message is not None
        session = uow.sessions.get(message.session_id)
        assert session is not None
        assert session.event.id == "e3"
    with past.reading() as uow:
        assert ids(uow.sessions.unarchived()) == ["e3"], "its archive is written again"


def test_an_author_finds_the_sessions_that_are_theirs(
    past: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with past.unit_of_work() as uow:
        session = uow.sessions.by_event("e5")
        assert session is not None
        session.added_authors = frozenset({AUTHOR})
        uow.sessions.save(session)
        cancelled = uow.sessions.by_event("e200")
        assert cancelled is not None
        cancelled.state = State.CANCELLED
        uow.sessions.save(cancelled)
    with sessions_read(monkeypatch) as read, past.reading() as uow:
        assert ids(uow.sessions.of_author(AUTHOR)) == ["e0", "e5", "e100", f"e{PAST}"]
        assert uow.sessions.of_author("UAUTH") == [], "the whole ID counts"
        assert len(read) < 20
        last = uow.sessions.last((State.ARCHIVED,), CHANNEL)
        assert last is not None
        assert last.event.id == f"e{PAST - 1}"
        assert uow.sessions.last((State.ARCHIVED,), "C2") is None
        assert uow.sessions.states()["e200"] is State.CANCELLED


@pytest.mark.slow
def test_the_database_looks_the_changed_ones_up_by_an_index(past: Database) -> None:
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if not past.shared else "EXPLAIN "
    with past.engine.connect() as connection:

        def plan(_connection, cursor, statement, parameters, *_more):  # type: ignore[no-untyped-def]
            if "FROM sessions" in statement and not statement.startswith("EXPLAIN"):
                cursor.execute(explain + statement, parameters)
                plans.append(" ".join(str(row) for row in cursor.fetchall()))

        if past.shared:
            connection.execute(text("SET enable_seqscan = off"))  # it has few rows here
        listening.listen(connection, "before_cursor_execute", plan)
        found = Work(connection).sessions
        found.unarchived()
        found.all((State.OPEN, State.SCHEDULED))
        found.begun_since(NOW)
        found.in_channel(CHANNEL, NOW)
    assert len(plans) == 4
    assert "ix_sessions_unarchived" in plans[0], plans[0]
    for one in plans:
        assert "SCAN sessions " not in one + " "
        assert "ix_sessions" in one, one

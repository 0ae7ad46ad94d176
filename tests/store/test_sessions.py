"""Sessions and their events."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from bot.sessions import lifecycle
from bot.sessions.model import Event, Session, State
from bot.sessions.ports import ConcurrentUpdate
from bot.store import events
from bot.store.database import Database
from tests.store import builders
from tests.store.builders import T0, event, later


@given(builders.events)
def test_an_event_comes_back_from_its_text(given_event: Event) -> None:
    found = events.from_text(events.to_text(given_event))
    assert found == given_event
    assert found.archived == given_event.archived


@pytest.mark.hypothesis
def test_a_session_comes_back_as_it_was_saved(database: Database) -> None:
    number = itertools.count()

    @builders.tries(database)
    @given(builders.events, builders.anything, builders.anything, builders.moments)
    def check(planned: Event, channel: str, ts: str, at: object) -> None:
        planned = replace(planned, id=f"{next(number)} {planned.id}")
        with database.unit_of_work() as uow:
            made = uow.sessions.add(planned, channel)
            assert made == Session(made.id, planned, channel)
            saved = Session(
                made.id,
                planned,
                channel,
                State.CLOSED,
                at,
                at,
                at,
                at,
                ts,
                ts,
                at,
                at,  # type: ignore[arg-type]
            )
            uow.sessions.save(saved)
        with database.reading() as uow:
            assert uow.sessions.get(made.id) == saved
            assert uow.sessions.by_event(planned.id) == saved

    check()


def test_an_event_has_one_session(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.sessions.add(event(), "C1")
    with database.unit_of_work() as uow:
        with pytest.raises(ValueError, match="20260105-a-book has a session already"):
            uow.sessions.add(event(), "C2")
        assert [s.channel for s in uow.sessions.all()] == ["C1"]


def test_sessions_are_listed_by_start_and_state(database: Database) -> None:
    with database.unit_of_work() as uow:
        for day, state in ((3, State.OPEN), (1, State.CLOSED), (2, State.OPEN)):
            made = uow.sessions.add(event(f"e{day}", start=T0 + timedelta(days=day)), "C1")
            made.state = state
            uow.sessions.save(made)
    with database.unit_of_work() as uow:
        assert [s.event.id for s in uow.sessions.all()] == ["e1", "e2", "e3"]
        assert [s.event.id for s in uow.sessions.all((State.OPEN,))] == ["e2", "e3"]
        assert uow.sessions.all(()) == []


def test_a_channel_has_its_sessions_latest_first_without_cancelled_ones(database: Database) -> None:
    with database.unit_of_work() as uow:
        for day, channel in ((1, "C1"), (3, "C1"), (2, "C1"), (4, "C2")):
            uow.sessions.add(event(f"e{day}", start=T0 + timedelta(days=day)), channel)
        assert [s.event.id for s in uow.sessions.in_channel("C1")] == ["e3", "e2", "e1"]
        gone = uow.sessions.by_event("e2")
        assert gone is not None
        gone.state = State.CANCELLED
        uow.sessions.save(gone)
        assert [s.event.id for s in uow.sessions.in_channel("C1")] == ["e3", "e1"]
    with database.unit_of_work() as uow:
        assert [s.event.id for s in uow.sessions.in_channel("C1")] == ["e3", "e1"]
        assert uow.sessions.in_channel("C9") == []


def test_what_is_not_there_is_none_and_cannot_be_saved(database: Database) -> None:
    with database.unit_of_work() as uow:
        assert uow.sessions.get(7) is None
        assert uow.sessions.by_event("none") is None
        with pytest.raises(LookupError, match="no session 7"):
            uow.sessions.save(Session(7, event(), "C1"))


def test_a_touch_is_seen_at_once_and_always_moves_forward(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = uow.sessions.add(event(), "C1")
        uow.sessions.touch(made.id, later(10))
        uow.sessions.touch(made.id, later(5))
        found = uow.sessions.get(made.id)
        assert found is not None
        assert found.content_changed_at == later(10)
    with database.unit_of_work() as uow:
        uow.sessions.touch(made.id, later(7))
    with database.unit_of_work() as uow:
        uow.sessions.touch(made.id, later(8))
        found = uow.sessions.get(made.id)
        assert found is not None
        assert found.content_changed_at == later(10) + timedelta(microseconds=1)
        found.reconciled_ts = "1.000000"
        uow.sessions.save(found)
    with database.reading() as uow:
        found = uow.sessions.get(made.id)
        assert found is not None
        moved = later(10) + 2 * timedelta(microseconds=1)
        assert (found.content_changed_at, found.reconciled_ts) == (moved, "1.000000")


def test_a_change_by_a_slow_clock_outdates_an_archive_by_a_fast_one(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = uow.sessions.add(event(), "C1")
        made.state = State.CLOSED
        uow.sessions.save(made)
        uow.sessions.touch(made.id, later(1))
    for at in (later(60), later(2), later(2)):  # the clocks of the replicas that export
        with database.reading() as uow:
            (stale,) = uow.sessions.unarchived()
        with database.unit_of_work() as uow:
            lifecycle.archived(uow, made.id, stale.content_changed_at or at)
        with database.reading() as uow:
            assert uow.sessions.unarchived() == []
        with database.unit_of_work() as uow:
            uow.sessions.touch(made.id, later(1))


@pytest.mark.parametrize("inside", [False, True])
def test_what_is_undone_is_not_remembered(database: Database, inside: bool) -> None:
    with database.unit_of_work() as uow:
        made = uow.sessions.add(event(), "C1")
        other = uow.sessions.add(event("other", start=later(1)), "C1")
    with database.unit_of_work() as uow:
        uow.sessions.touch(other.id, later(1))
        if inside:
            assert len(uow.sessions.in_channel("C1")) == 2
        with suppress(ZeroDivisionError), uow.savepoint():
            found = uow.sessions.get(made.id)
            assert found is not None
            found.state = State.CANCELLED
            uow.sessions.save(found)
            uow.sessions.add(event("third"), "C1")
            uow.sessions.touch(made.id, later(2))
            uow.sessions.touch(other.id, later(3))
            raise ZeroDivisionError
        assert [s.state for s in uow.sessions.in_channel("C1")] == [State.SCHEDULED] * 2
    with database.reading() as uow:
        assert [s.content_changed_at for s in uow.sessions.all()] == [None, later(1)]


def _twice(
    database: Database, one: Callable[[Session], None], two: Callable[[Session], None]
) -> Session:
    """Two replicas that read the same session before either of them saves it."""
    with database.unit_of_work() as uow:
        made = uow.sessions.add(event(), "C1")
    with database.unit_of_work() as first:
        mine = first.sessions.get(made.id)
        assert mine is not None
        one(mine)
        with database.unit_of_work() as second:
            theirs = second.sessions.get(made.id)
            assert theirs is not None
            two(theirs)
            second.sessions.save(theirs)
        first.sessions.save(mine)
    with database.reading() as uow:
        found = uow.sessions.get(made.id)
        assert found is not None
        return found


def test_replicas_that_change_different_fields_keep_both(postgres_url: str) -> None:
    database = Database(postgres_url)

    def announce(session: Session) -> None:
        session.announcement_ts = "1.000000"

    def reconcile(session: Session) -> None:
        session.reconciled_ts = "2.000000"

    found = _twice(database, announce, reconcile)
    assert (found.announcement_ts, found.reconciled_ts) == ("1.000000", "2.000000")
    database.close()


def test_a_state_that_somebody_else_changed_is_not_overwritten(postgres_url: str) -> None:
    database = Database(postgres_url)

    def open_it(session: Session) -> None:
        session.state = State.OPEN

    def cancel(session: Session) -> None:
        session.state = State.CANCELLED

    with pytest.raises(ConcurrentUpdate, match="no longer scheduled"):
        _twice(database, open_it, cancel)
    with database.reading() as uow:
        assert [s.state for s in uow.sessions.all()] == [State.CANCELLED]
    database.close()

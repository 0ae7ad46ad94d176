"""Envelopes: stored once, claimed in order, emptied when handled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.event import listen

from bot.sessions.ports import Outgoing
from bot.store.database import Database
from tests.store import builders
from tests.store.builders import T0, later


def add(database: Database, *keys: str) -> int:
    with database.unit_of_work() as uow:
        return uow.inbox.add([(key, {"key": key}) for key in keys], T0)


def claimed(database: Database, limit: int = 10, at: float = 0) -> list[str]:
    with database.unit_of_work() as uow:
        return [envelope.key for envelope in uow.inbox.claim(limit, later(at))]


def ids(database: Database) -> dict[str, int]:
    with database.unit_of_work() as uow:
        return {e.key: e.id for e in uow.inbox.listed(("due", "parked", "done"))}


def test_an_envelope_is_stored_once(database: Database) -> None:
    assert add(database, "a", "b", "a") == 2
    assert add(database, "b", "c") == 1
    assert add(database) == 0
    assert claimed(database) == ["a", "b", "c"]
    with database.reading() as uow:
        first = uow.inbox.listed(("due",))[0]
        assert (first.key, first.body, first.received_at) == ("a", {"key": "a"}, T0)
        assert (first.attempts, first.error, first.state) == (0, None, "due")
        assert uow.inbox.depth() == 3


def test_arrival_decides_and_not_the_clock(database: Database) -> None:
    """Another replica's clock may be ahead of ours."""
    with database.unit_of_work() as uow:
        uow.inbox.add([("late", {})], later(3600))
        uow.inbox.add([("early", {})], later(-3600))
    assert claimed(database) == ["late", "early"]


def test_what_is_done_is_emptied_and_still_recognised(database: Database) -> None:
    add(database, "a", "b")
    with database.unit_of_work() as uow:
        uow.inbox.done([e.id for e in uow.inbox.claim(1, T0)], later(1))
        uow.inbox.done([], later(1))
    assert claimed(database) == ["b"]
    assert add(database, "a") == 0
    with database.reading() as uow:
        done = uow.inbox.listed(("done",))
        assert [(e.key, e.body, e.state) for e in done] == [("a", {}, "done")]
        assert uow.inbox.depth() == 1


def test_what_failed_is_due_again_later_and_parked_in_the_end(database: Database) -> None:
    add(database, "a", "b")
    bad = ids(database)["a"]
    with database.unit_of_work() as uow:
        uow.inbox.failed(bad, "ValueError: no", later(5))
    assert claimed(database, at=4) == ["b"]
    assert claimed(database, at=5) == ["a", "b"]
    with database.unit_of_work() as uow:
        assert (uow.inbox.claim(1, later(5))[0].attempts, uow.inbox.depth()) == (1, 2)
        uow.inbox.failed(bad, "ValueError: never", None)
    assert claimed(database, at=99) == ["b"]
    with database.unit_of_work() as uow:
        (parked,) = uow.inbox.listed()
        assert (parked.key, parked.attempts, parked.error) == ("a", 2, "ValueError: never")
        assert uow.inbox.depth() == 1
        assert uow.inbox.retry(bad, later(100))
        assert not uow.inbox.retry(bad, later(100))
        assert uow.inbox.listed() == []
    assert claimed(database, at=99) == ["b"]
    with database.unit_of_work() as uow:
        again = uow.inbox.claim(10, later(100))[0]
        assert (again.key, again.attempts, again.body) == ("a", 0, {"key": "a"})


def test_how_long_envelopes_wait_is_known(database: Database) -> None:
    with database.unit_of_work() as uow:
        assert uow.inbox.waiting_since() is None
        for second in (1, 2, 3):
            uow.inbox.add([(f"e{second}", {})], later(second))
    numbers = ids(database)
    with database.unit_of_work() as uow:
        assert (uow.inbox.waiting_since(), uow.inbox.parked()) == (later(1), 0)
        uow.inbox.failed(numbers["e1"], "no", None)
        assert (uow.inbox.waiting_since(), uow.inbox.parked()) == (later(2), 1)
        uow.inbox.done([numbers["e2"], numbers["e3"]], later(9))
        assert (uow.inbox.waiting_since(), uow.inbox.parked()) == (None, 1)


def test_only_what_is_parked_is_dropped(database: Database) -> None:
    add(database, "a")
    number = ids(database)["a"]
    with database.unit_of_work() as uow:
        assert not uow.inbox.drop(number)
        assert not uow.inbox.drop(number + 1)
        uow.inbox.failed(number, "no", None)
        assert uow.inbox.drop(number)
        assert [e.body for e in uow.inbox.listed(("done",))] == [{}]
        assert uow.inbox.depth() == 0


def test_old_rows_are_pruned_if_they_are_done(database: Database) -> None:
    add(database, "due", "done", "parked")
    with database.unit_of_work() as uow:
        uow.inbox.add([("young", {})], later(10))
    numbers = ids(database)
    with database.unit_of_work() as uow:
        uow.inbox.done([numbers["done"], numbers["young"]], later(20))
        uow.inbox.failed(numbers["parked"], "no", None)
        assert uow.inbox.prune(later(10)) == 1
    assert set(ids(database)) == {"due", "parked", "young"}


@pytest.mark.hypothesis
def test_any_body_and_key_comes_back(database: Database) -> None:
    bodies = st.dictionaries(builders.anything, builders.json_values, max_size=4)

    @builders.tries(database)
    @given(st.dictionaries(builders.anything, bodies, max_size=5), builders.anything)
    def check(envelopes: dict[str, dict[str, Any]], error: str) -> None:
        with database.unit_of_work() as uow:
            assert uow.inbox.add(list(envelopes.items()), T0) == len(envelopes)
        with database.unit_of_work() as uow:
            found = uow.inbox.claim(100, T0)
            assert [(e.key, e.body) for e in found] == list(envelopes.items())
            for envelope in found:
                uow.inbox.failed(envelope.id, error, None)
            assert all(e.error == error for e in uow.inbox.listed())
            for envelope in found:
                assert uow.inbox.drop(envelope.id)
            uow.inbox.prune(later(1))

    check()


def test_thousands_are_stored_at_once(database: Database) -> None:
    assert add(database, *(f"e{n}" for n in range(10_000))) == 10_000
    assert claimed(database, 3) == ["e0", "e1", "e2"]


@pytest.mark.slow
def test_claims_read_only_what_waits(database: Database) -> None:
    """What it costs to claim must not grow with what was done long ago."""
    seen: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "INSERT" not in statement and "FROM" in statement:
            seen.append((statement, parameters))

    with database.unit_of_work() as uow:
        uow.inbox.add([(f"{n}", {}) for n in range(500)], T0)
        uow.inbox.done([e.id for e in uow.inbox.claim(499, T0)], T0)
        for n in range(100):
            uow.outbox.add(Outgoing(f"{n}", "chat.update", {}, f"C{n % 9}"), T0)
            if n < 50:
                claimed = uow.outbox.claim(T0, later(1), 0)
                assert claimed is not None
                uow.outbox.sent(claimed.id, None, T0)
    listen(database.engine, "before_cursor_execute", note)
    with database.unit_of_work() as uow:
        assert uow.inbox.claim(10, T0)
        assert uow.outbox.claim(T0, later(60), 0)
        uow.outbox.next_due(T0, 1.0)
        assert uow.inbox.depth() == 1
        assert uow.outbox.depth() == 50
        uow.inbox.listed()
        uow.outbox.listed()
    assert len(seen) == 8  # `next_due` asks for held rows as well
    with database.engine.connect() as connection:
        for statement, parameters in tuple(seen):
            if connection.dialect.name == "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                steps = [row[3] for row in plan]
                used = [s for s in steps if "inbox" in s or "outbox" in s]
                assert used
                # A row that is known by its id, or rows of an index that holds what waits.
                assert all("ix_" in s or "PRIMARY KEY" in s for s in used), steps
                assert not [s for s in used if "ix_inbox_done" in s]
            else:
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                assert "ix_" in "\n".join(row[0] for row in plan)

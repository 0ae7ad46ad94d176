"""The outbox: a key once, an order and a pace for each channel, leases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.ports import Outgoing, UnitOfWork
from bot.store.database import Database
from tests.store import builders
from tests.store.builders import T0, later


class Undone(Exception):
    """Leaves a unit of work without a trace of it."""


@pytest.fixture
def uow(database: Database) -> Iterator[UnitOfWork]:
    with database.unit_of_work() as uow:
        yield uow


def owe(uow: UnitOfWork, key: str, channel: str = "C1", at: float = 0) -> bool:
    return uow.outbox.add(Outgoing(key, "chat.postMessage", {"text": key}, channel), later(at))


def claim(uow: UnitOfWork, at: float, lease: float = 60, interval: float = 1) -> str | None:
    found = uow.outbox.claim(later(at), later(at + lease), interval)
    return found.key if found else None


def number(uow: UnitOfWork, key: str) -> int:
    found = uow.outbox.get(key)
    assert found is not None
    return found.id


def wait(uow: UnitOfWork, at: float, interval: float = 1) -> float | None:
    due = uow.outbox.next_due(later(at), interval)
    return None if due is None else (due - later(at)).total_seconds()


def test_a_key_is_owed_once(uow: UnitOfWork) -> None:
    assert owe(uow, "a")
    assert not uow.outbox.add(Outgoing("a", "chat.update", {}, "C2"), later(5))
    found = uow.outbox.get("a")
    assert found == Outgoing(
        "a", "chat.postMessage", {"text": "a"}, "C1", id=number(uow, "a"), created_at=T0
    )
    assert uow.outbox.get("b") is None
    assert uow.outbox.depth() == 1
    uow.outbox.sent(number(uow, "a"), "1.000000", T0)
    assert not owe(uow, "a")
    assert uow.outbox.depth() == 0


def test_what_was_owed_by_a_clock_that_is_ahead_is_sent_at_once(uow: UnitOfWork) -> None:
    owe(uow, "a", at=1e6)
    assert wait(uow, 0) == 0
    assert claim(uow, 0) == "a"


def test_rows_of_a_channel_are_sent_in_order_and_at_a_pace(uow: UnitOfWork) -> None:
    for key in ("a", "b", "c"):
        owe(uow, key)
    owe(uow, "other", "C2")
    assert claim(uow, 0) == "a"
    assert claim(uow, 0) == "other"
    assert claim(uow, 0) is None  # "b" waits for "a"
    uow.outbox.sent(number(uow, "a"), "1.000000", later(0.5))
    assert claim(uow, 1.4) is None
    assert wait(uow, 1.4) == pytest.approx(0.1)
    assert claim(uow, 1.5) == "b"
    uow.outbox.sent(number(uow, "b"), None, later(1.5))
    assert claim(uow, 1.5, interval=0) == "c"


def test_what_has_no_channel_is_in_order_but_not_paced(uow: UnitOfWork) -> None:
    owe(uow, "a", "")
    owe(uow, "b", "")
    assert claim(uow, 0) == "a"
    assert claim(uow, 0) is None
    uow.outbox.sent(number(uow, "a"), None, T0)
    assert wait(uow, 0) == 0
    assert claim(uow, 0) == "b"


def test_a_lease_that_ran_out_is_claimed_again_and_counted(uow: UnitOfWork) -> None:
    owe(uow, "a")
    first = uow.outbox.claim(T0, later(60), 1.0)
    assert first is not None
    assert first.attempts == 1
    assert claim(uow, 59) is None
    assert wait(uow, 59) == 1
    again = uow.outbox.claim(later(60), later(120), 1.0)
    assert again is not None
    assert (again.id, again.attempts) == (first.id, 2)
    found = uow.outbox.get("a")
    assert found is not None
    assert found.attempts == 2


def test_what_failed_is_tried_later_and_holds_its_channel_up(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "b")
    owe(uow, "other", "C2")
    claim(uow, 0)
    uow.outbox.failed(number(uow, "a"), "ratelimited", later(30))
    assert claim(uow, 1) == "other"
    assert claim(uow, 29) is None
    assert wait(uow, 20) == 10
    again = uow.outbox.claim(later(30), later(90), 1.0)
    assert again is not None
    assert (again.key, again.attempts, again.error) == ("a", 2, "ratelimited")
    assert uow.outbox.listed() == []


def test_what_is_given_up_holds_nothing_up(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "b")
    claim(uow, 0)
    uow.outbox.failed(number(uow, "a"), "is_archived", None)
    (failed,) = uow.outbox.listed()
    assert (failed.key, failed.state, failed.error) == ("a", "failed", "is_archived")
    assert claim(uow, 0) == "b"
    assert uow.outbox.depth() == 1
    assert [o.key for o in uow.outbox.listed(("failed", "due"))] == ["a", "b"]


def test_a_channel_is_delayed_and_never_shortened(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "other", "C2")
    uow.outbox.delay("C1", later(30))
    uow.outbox.delay("C1", later(10))
    assert claim(uow, 11) == "other"
    assert claim(uow, 29) is None
    assert wait(uow, 11) == 19
    assert claim(uow, 30) == "a"


def test_the_first_claim_is_remembered(uow: UnitOfWork) -> None:
    owe(uow, "a")
    assert uow.outbox.claim(later(5), later(65), 1.0) is not None
    again = uow.outbox.claim(later(70), later(130), 1.0)
    assert again is not None
    assert (again.tried_at, again.attempts) == (later(5), 2)
    found = uow.outbox.get("a")
    assert found is not None
    assert found.tried_at == later(5)


def test_a_channel_in_trouble_is_told_of_once_and_waits(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "other", "C2")
    assert uow.outbox.block("C1", "is_archived", later(300))
    assert not uow.outbox.block("C1", "not_in_channel", later(600))
    assert uow.outbox.troubles() == {"C1": "is_archived"}
    assert claim(uow, 1) == "other"
    other = uow.outbox.get("other")
    assert other is not None
    uow.outbox.sent(other.id, None, later(2))
    assert claim(uow, 599) is None
    assert uow.outbox.unblock("C1")
    assert not uow.outbox.unblock("C1")
    assert uow.outbox.troubles() == {}
    assert claim(uow, 2) == "a"


def test_a_trouble_is_over_when_something_is_sent(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "b")
    uow.outbox.block("C1", "is_archived", later(300))
    assert claim(uow, 300) == "a"
    uow.outbox.sent(number(uow, "a"), None, later(301))
    assert uow.outbox.troubles() == {}
    assert claim(uow, 302) == "b"
    assert uow.outbox.block("C1", "is_archived", later(600))


def test_the_leases_of_one_that_died_are_ended(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "b", "C2")
    owe(uow, "c", "C3")
    assert claim(uow, 0) == "a"
    assert claim(uow, 0) == "b"
    uow.outbox.sent(number(uow, "b"), None, T0)
    assert uow.outbox.release(T0) == 1
    assert uow.outbox.release(T0) == 0
    again = uow.outbox.claim(later(1), later(61), 1.0)
    assert again is not None
    assert (again.key, again.attempts) == ("a", 2)


def test_what_was_sent_says_as_what_and_when(uow: UnitOfWork) -> None:
    owe(uow, "a")
    claim(uow, 0)
    uow.outbox.failed(number(uow, "a"), "timeout", later(1))
    claim(uow, 1)
    uow.outbox.sent(number(uow, "a"), "1700000000.000100", later(2))
    found = uow.outbox.get("a")
    assert found is not None
    assert (found.state, found.slack_ts, found.sent_at) == ("sent", "1700000000.000100", later(2))
    assert (found.error, found.attempts) == (None, 2)
    assert wait(uow, 3) is None


@pytest.mark.hypothesis
def test_next_due_is_when_claim_finds_something(database: Database) -> None:
    """Whatever happened before: nothing is found sooner, and something then."""
    steps = st.lists(
        st.tuples(
            st.sampled_from(["add", "claim", "sent", "retry", "fail", "delay"]),
            st.sampled_from(["C1", "C2", ""]),
            st.integers(0, 5),
        ),
        max_size=25,
    )

    @builders.tries(database, sqlite=60, postgresql=15)
    @given(steps)
    def check(steps: list[tuple[str, str, int]]) -> None:
        with suppress(Undone), database.unit_of_work() as uow:
            clock = 0.0
            owed: list[tuple[str, str]] = []
            leased: list[Outgoing] = []
            for step, channel, by in steps:
                clock += by / 2
                if step == "add":
                    owed.append((f"{len(owed)}", channel))
                    owe(uow, *owed[-1], at=clock)
                elif step == "claim":
                    found = uow.outbox.claim(later(clock), later(clock + 3), 1.0)
                    leased += [found] if found else []
                elif step == "delay" and channel:
                    uow.outbox.delay(channel, later(clock + by))
                elif leased:
                    row = leased.pop()
                    if step == "sent":
                        uow.outbox.sent(row.id, None, later(clock))
                    else:
                        retry = later(clock + by) if step == "retry" else None
                        uow.outbox.failed(row.id, "no", retry)
            due = uow.outbox.next_due(later(clock), 1.0)
            assert (due is None) == (uow.outbox.depth() == 0)
            if due is not None:
                ahead = (due - later(clock)).total_seconds()
                if ahead > 0:
                    assert claim(uow, clock + ahead - 0.001) is None
                found = uow.outbox.claim(due, due, 1.0)
                assert found is not None
                older = [key for key, channel in owed[: int(found.key)] if channel == found.channel]
                rows = [uow.outbox.get(key) for key in older]
                assert all(row is not None and row.state != "due" for row in rows)
            raise Undone

    check()


@pytest.mark.hypothesis
def test_any_text_comes_back(database: Database) -> None:
    payloads = st.dictionaries(builders.anything, builders.json_values, max_size=4)

    @builders.tries(database)
    @given(builders.anything, builders.anything, builders.anything, payloads)
    def check(key: str, channel: str, error: str, payload: dict[str, object]) -> None:
        with suppress(Undone), database.unit_of_work() as uow:
            assert uow.outbox.add(Outgoing(key, "chat.update", payload, channel), T0)
            found = uow.outbox.claim(T0, later(1), 1.0)
            assert found == Outgoing(
                key,
                "chat.update",
                payload,
                channel,
                id=number(uow, key),
                attempts=1,
                created_at=T0,
            )
            uow.outbox.failed(found.id, error, later(1))
            again = uow.outbox.get(key)
            assert again is not None
            assert again.error == error
            raise Undone

    check()


def test_keys_by_their_beginning(database: Database) -> None:
    with database.unit_of_work() as uow:
        for key in (
            "session 1 reminder a_b 2",
            "session 1 reminder a_b 1",
            "session 1 reminder acb",
        ):
            uow.outbox.add(Outgoing(key, "chat.postMessage", {}, "C1"), T0)
        assert uow.outbox.keys("session 1 reminder a_b ") == [
            "session 1 reminder a_b 1",
            "session 1 reminder a_b 2",
        ]
        assert uow.outbox.keys("session 1 reminder %") == []


def test_what_is_held_lets_others_past_and_comes_back(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "b")
    assert claim(uow, 0) == "a"
    uow.outbox.hold(number(uow, "a"), "restricted_action_thread_locked", later(60))
    assert uow.outbox.depth() == 1
    assert claim(uow, 1) == "b"
    uow.outbox.sent(number(uow, "b"), None, later(1))
    assert wait(uow, 2) == 58
    assert claim(uow, 59) is None
    (held,) = uow.outbox.listed(("held",))
    assert (held.key, held.error, held.not_before) == (
        "a",
        "restricted_action_thread_locked",
        later(60),
    )
    again = uow.outbox.claim(later(60), later(120), 1.0)
    assert again is not None
    assert (again.key, again.error) == ("a", "restricted_action_thread_locked")


def test_what_refers_to_a_row_is_due_when_that_is_sent(uow: UnitOfWork) -> None:
    owe(uow, "a")
    owe(uow, "pin")
    owe(uow, "other", "C2")
    assert claim(uow, 0) == "a"
    uow.outbox.hold(number(uow, "a"), "invalid_blocks", later(1000))
    assert claim(uow, 0) == "pin"
    uow.outbox.hold_for(number(uow, "pin"), "a", later(3000))
    assert claim(uow, 0) == "other"
    assert claim(uow, 0) is None
    assert uow.outbox.retry(number(uow, "a"), later(1)) == 1
    assert claim(uow, 1) == "a"
    uow.outbox.sent(number(uow, "a"), "1.000000", later(1))
    assert claim(uow, 2) == "pin"


def test_what_is_dropped_takes_along_what_refers_to_it(uow: UnitOfWork) -> None:
    for key in ("a", "pin", "pin's"):
        owe(uow, key)
    uow.outbox.hold(number(uow, "a"), "invalid_blocks", later(1000))
    uow.outbox.hold_for(number(uow, "pin"), "a", later(1000))
    uow.outbox.hold_for(number(uow, "pin's"), "pin", later(1000))
    dropped = uow.outbox.drop(number(uow, "a"), later(1))
    assert [row.key for row in dropped] == ["a", "pin", "pin's"]
    assert uow.outbox.drop(number(uow, "a"), later(1)) == []
    assert uow.outbox.retry(number(uow, "a"), later(1)) == 0
    assert wait(uow, 5000) is None
    assert not owe(uow, "a")  # it is not said another time


def test_what_is_being_sent_is_not_dropped_nor_sent_beside(uow: UnitOfWork) -> None:
    owe(uow, "a")
    assert claim(uow, 0) == "a"
    assert uow.outbox.drop(number(uow, "a"), later(1)) == []
    uow.outbox.retry(number(uow, "a"), later(1))
    assert claim(uow, 1) is None


def test_all_that_waits_is_tried_again_but_what_was_given_up(uow: UnitOfWork) -> None:
    for key, channel in (("a", "C1"), ("b", "C2"), ("c", "C3"), ("d", "C4")):
        owe(uow, key, channel)
    uow.outbox.block("C1", "is_archived", later(3600))
    uow.outbox.hold(number(uow, "b"), "send_on_behalf_not_allowed", later(3600))
    uow.outbox.failed(number(uow, "c"), "invalid_blocks", None)
    uow.outbox.failed(number(uow, "d"), "internal_error", later(300))
    assert uow.outbox.blocked_until() == {"C1": later(3600)}
    assert uow.outbox.retry(None, later(1)) == 3
    assert uow.outbox.troubles() == {}
    assert [claim(uow, 1) for _ in range(4)] == ["a", "b", "d", None]
    assert uow.outbox.retry(number(uow, "c"), later(2)) == 1
    assert claim(uow, 2) == "c"
    assert [row.key for row in uow.outbox.queued("C1")] == ["a"]

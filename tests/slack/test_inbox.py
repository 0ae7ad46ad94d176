"""What Slack delivers: stored before it is acknowledged, handled once, and none stops another."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.slack import inbox
from bot.slack.inbox import nested
from bot.slack.listeners import HANDLERS
from bot.store import engine
from bot.store.database import Database
from bot.support import outage
from slackbox.delivery import signature
from slackbox.faults import DeliveryFault
from tests.examples import examples
from tests.slack.conftest import World, made
from tests.waiting import PATIENCE


def envelope(number: int, event: Any) -> tuple[str, dict[str, Any]]:
    return f"Ev{number}", {"type": "event_callback", "event_id": f"Ev{number}", "event": event}


async def take(world: World, *events: Any) -> None:
    """Envelopes arrive together, and are handled."""
    start = next(_numbers)
    envelopes = [envelope(start * 1000 + n, event) for n, event in enumerate(events)]
    await asyncio.gather(*(world.edge.writer.put(key, body) for key, body in envelopes))
    await world.edge.worker._handle_due()


_numbers = itertools.count(1)


def message(world: World, ts: str, text: str = "Hello?", **more: Any) -> dict[str, Any]:
    user = world.people[0]
    return {
        "type": "message",
        "channel": world.channel.id,
        "user": user,
        "text": text,
        "ts": ts,
        **more,
    }


def now() -> str:
    return f"{int(time.time())}.{next(_numbers):06d}"


@pytest.mark.slow
async def test_what_a_lock_keeps_from_being_stored_is_not_acknowledged_and_comes_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody runs VACUUM FULL: the envelope must not be replaced by a note and acknowledged."""
    monkeypatch.setattr(engine, "LOCK_TIMEOUT_SECONDS", 1)
    database = Database(postgres_url)
    async with made(database) as world:
        key, body = envelope(1, message(world, now(), "Kept?"))
        with database.unit_of_work() as uow:
            uow._connection.execute(text("LOCK TABLE inbox"))  # type: ignore[attr-defined]
            with pytest.raises(SQLAlchemyError):
                await world.edge.writer.put(key, body)
        assert world.outage.lasts
        await world.edge.writer.put(key, body)
        with database.reading() as reading:
            assert [e.body for e in reading.inbox.listed(("due",))] == [body]
    database.close()


@pytest.mark.slow
async def test_any_order_comes_to_the_same_end(world: World) -> None:
    """An edit before its message, a reply before its question, a deletion before either."""
    channel = world.channel.id
    root, reply, gone = now(), now(), now()
    edited = {**message(world, root, "Edited?"), "edited": {"user": "U1", "ts": now()}}
    events: list[dict[str, Any]] = [
        message(world, root, "First?"),
        {"type": "message", "subtype": "message_changed", "channel": channel, "message": edited},
        message(world, reply, "Answer", thread_ts=root),
        message(world, gone, "Oops", thread_ts=root),
        {
            "type": "message",
            "subtype": "message_deleted",
            "channel": channel,
            "deleted_ts": gone,
            "previous_message": message(world, gone, "Oops", thread_ts=root),
        },
    ]
    item = {"type": "message", "channel": channel, "ts": root}
    for kind, at in (("reaction_added", "1700000001.1"), ("reaction_removed", "1700000002.1")):
        who = world.people[1]
        events.append({"type": kind, "user": who, "reaction": "+1", "item": item, "event_ts": at})
    for order in (events, events[::-1], [*events[3:], *events[:3]], [*events, *events]):
        await take(world, *order)
        with world.database.reading() as uow:
            found = uow.messages.of_session(world.session_id)
            reactions = uow.reactions.of_session(world.session_id)
            assert uow.inbox.listed() == []
        assert [(m.ts, m.content["text"], m.question_ts) for m in found] == [
            (root, "Edited?", None),
            (reply, "Answer", root),
        ]
        assert reactions == []


async def test_a_repeated_envelope_is_stored_once(world: World) -> None:
    key, body = envelope(7, message(world, now()))
    await asyncio.gather(*(world.edge.writer.put(key, body) for _ in range(20)))
    with world.database.reading() as uow:
        assert uow.inbox.depth() == 1


async def test_a_handler_that_fails_is_tried_again_and_then_parked_and_retried_by_hand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("not today")

    monkeypatch.setattr(inbox, "RETRY_SECONDS", (0, 0))
    monkeypatch.setitem(HANDLERS, "message", broken)
    await take(world, message(world, now(), "Unlucky?"), {"type": "unheard_of"})
    for _ in range(3):
        await world.edge.worker._handle_due()
    with world.database.reading() as uow:
        (parked,) = uow.inbox.listed()
        assert uow.inbox.depth() == 0
    assert parked.attempts == 3
    assert parked.error == "ZeroDivisionError: not today"
    monkeypatch.undo()
    with world.database.unit_of_work() as uow:
        assert uow.inbox.retry(parked.id, world.edge.context.clock.now())
    await world.edge.worker._handle_due()
    assert world.texts() == ["Unlucky?"]


@pytest.mark.slow
async def test_hostile_envelopes_disturb_nobody(world: World) -> None:
    deep: Any = "x"
    for _ in range(3000):
        deep = [deep]
    huge = "🙂" * 40_000
    bad: list[Any] = [
        None,
        "event",
        [],
        {"type": ["message"]},
        {"type": "message"},
        message(world, "yesterday"),
        message(world, "9" * 12 + ".1"),
        message(world, now(), text=17),  # type: ignore[arg-type]
        message(world, now(), blocks={"type": "rich_text"}),
        {**message(world, now()), "blocks": deep},
        {"type": "reaction_added", "user": "U1", "reaction": "", "item": {"type": "message"}},
        {"type": "user_change", "user": "U1"},
        {"type": "message", "subtype": "message_changed", "channel": world.channel.id},
        {"type": "channel_unarchive", "channel": {"id": "C1"}},
    ]
    good = [
        message(world, now(), huge),
        message(world, now(), "NUL \0 and half a pair \ud800", surprise={"more": [1]}),
        message(world, now(), "Fine?"),
    ]
    await take(world, *[e for pair in itertools.zip_longest(bad, good) for e in pair if e])
    assert world.texts() == [huge, "NUL \0 and half a pair \ud800", "Fine?"]
    with world.database.reading() as uow:
        parked = uow.inbox.listed()
        assert uow.inbox.depth() == 0
    assert all((p.error or "").startswith("malformed") for p in parked), parked


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "subtype",
                    "channel",
                    "user",
                    "ts",
                    "text",
                    "blocks",
                    "message",
                    "item",
                    "reaction",
                    "edited",
                    "thread_ts",
                    "previous_message",
                    "deleted_ts",
                    "bot_id",
                    "metadata",
                    "event_payload",
                    "files",
                    "profile",
                    "id",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@pytest.mark.hypothesis
@pytest.mark.parametrize("kind", sorted(HANDLERS))
async def test_no_event_whatever_it_holds_breaks_a_handler(kind: str, database: Database) -> None:
    async with made(database) as world:
        channel = world.channel.id

        @examples(20, suppress_health_check=list(HealthCheck))
        @example({"subtype": ["bot_message"]}, {})
        @example({"bot_id": {}, "app_id": []}, {})
        @given(anything, st.dictionaries(st.sampled_from(["channel", "ts", "user"]), st.just(1)))
        def attempt(value: Any, spoiled: dict[str, Any]) -> None:
            fields = value if isinstance(value, dict) else {"message": value}
            event = {**message(world, now()), "channel": channel, **fields, **spoiled, "type": kind}
            key, body = envelope(next(_numbers), event)
            with database.unit_of_work() as uow:
                uow.inbox.add([(key, body)], world.edge.context.clock.now())
            world.edge.worker._handle_batch()
            with database.unit_of_work() as uow:
                for parked in uow.inbox.listed():
                    assert (parked.error or "").startswith("malformed"), (parked.error, event)
                    uow.inbox.drop(parked.id)
                assert uow.inbox.depth() == 0, event

        attempt()


def test_nesting_is_counted_without_recursion() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = {"a": [value]}
    assert nested(value, 100)
    assert not nested({"a": [{"b": [1, "2", {}]}]}, 10)


async def test_a_full_disk_stops_acknowledging_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "RECOVERED_AFTER_SECONDS", 0.0)
    database = Database(f"sqlite:///{tmp_path / 'full.db'}")
    database.upgrade()
    async with made(database, connect=True, retry_delays=(0.0, 0.3, 2.5)) as world:
        with database.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for number in range(30):
            world.ask(f"Question {number}? " + "x" * 2000)
        async with asyncio.timeout(PATIENCE):
            while not world.outage.lasts:
                await asyncio.sleep(0.01)
        assert len(world.texts()) < 30
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        await world.box.settle()
        await world.edge.worker.drain()
        assert len(world.texts()) == 30
        assert not world.outage.lasts
        with database.reading() as uow:
            assert uow.inbox.listed() == []
    database.close()
    said = [r for r in caplog.records if r.name == "bot.support.outage"]
    assert said[0].levelname == "ERROR"
    assert "disk is full" in said[0].getMessage()
    assert len(said) <= 10, "one line when it begins, one when it ends"
    assert not [r for r in caplog.records if r.exc_info]


async def all_are_there(world: World) -> bool:
    """Whether twenty questions are stored; we, too, may be the first to use a dead connection."""
    try:
        return len(world.texts()) == 20
    except OperationalError:
        return False


@pytest.mark.slow
async def test_a_database_that_is_gone_stops_acknowledging_and_goes_on(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(postgres_url)
    database.upgrade()
    async with made(database, connect=True) as world:
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for number in range(20):
            world.ask(f"Question {number}?")
            if number % 5 == 0:
                other = Database(postgres_url)
                with other.engine.begin() as connection:
                    connection.execute(text(cut))
                other.close()
        await world.box.settle()
        async with asyncio.timeout(PATIENCE):
            while not await all_are_there(world):
                await asyncio.sleep(0.01)
    database.close()
    assert not [r for r in caplog.records if r.exc_info]


@pytest.mark.slow
async def test_deliveries_doubled_shuffled_and_lost_on_the_way(database: Database) -> None:
    async with made(database, connect=True) as world:
        for kind in ("repeat", "shuffle", "lose", "delay"):
            world.box.faults.deliveries.append(
                DeliveryFault(kind, count=6, times=3, seconds=0.1)  # type: ignore[arg-type]
            )
        for number in range(30):
            world.ask(f"Question {number}?")
        await world.box.settle()
        await world.edge.worker.drain()
        assert world.texts() == [f"Question {number}?" for number in range(30)]


@pytest.mark.slow
async def test_a_socket_that_is_cut_is_back_at_once(database: Database) -> None:
    async with made(database, connect=True) as world:
        for _ in range(3):
            await world.box.dispatcher.cut()
            async with asyncio.timeout(PATIENCE):
                while not world.box.dispatcher.sockets:
                    await asyncio.sleep(0.02)
        world.ask("Still there?")
        await world.box.settle()
        await world.edge.worker.drain()
        assert world.texts() == ["Still there?"]


class TestHttp:
    """Requests that claim to come from Slack."""

    async def post(self, world: World, body: bytes, at: float, secret: str | None = None) -> int:
        stamp = str(int(at))
        given = signature(secret or world.box.signing_secret, stamp, body)
        headers = {"x-slack-signature": given, "x-slack-request-timestamp": stamp}
        answer = await world.edge.request(body, {**headers, "content-type": "application/json"})
        return int(answer.status)

    async def test_only_what_is_signed_now_is_taken_and_that_once(self, world: World) -> None:
        body = httpx.Request(
            "POST", "http://x", json=envelope(next(_numbers), message(world, now()))[1]
        ).read()
        wrong = "0" * 32
        assert await self.post(world, body, time.time(), wrong) == 401
        assert await self.post(world, body, time.time() - 301) == 401
        assert await self.post(world, body, time.time() + 301) == 401
        with world.database.reading() as uow:
            assert uow.inbox.depth() == 0
        assert await self.post(world, body, time.time()) == 200
        assert await self.post(world, body, time.time()) == 200
        with world.database.reading() as uow:
            assert uow.inbox.depth() == 1


def test_the_text_of_sqlite_that_means_a_full_disk(tmp_path: Path) -> None:
    """The words that `is_outage` looks for are SQLite's own."""
    connection = sqlite3.connect(tmp_path / "small.db")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")

"""Messages queued for Slack: once, in order, at Slack's pace, whatever breaks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from socket import socket

import pytest

from bot.running.clock import SystemClock
from bot.sessions import lifecycle
from bot.sessions.model import Event
from bot.slack import outbox, said
from bot.store.database import Database
from slackbox.faults import CallFault
from tests.slack.conftest import World, made
from tests.waiting import PATIENCE


def fail(world: World, method: str, kind: str, **more: object) -> None:
    world.box.faults.calls.append(CallFault(method, kind, **more))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "backoff", lambda attempts: 0.0)


async def test_an_answer_that_was_lost_is_looked_for_and_not_said_again(world: World) -> None:
    fail(world, "chat.postMessage", "lost_answer")
    world.owe("k1", "Once")
    await world.edge.sender.drain()
    assert world.said()[-1:] == ["Once"]
    assert world.said().count("Once") == 1
    with world.database.reading() as uow:
        row = uow.outbox.get("k1")
        assert row is not None
        assert (row.state, row.attempts) == ("sent", 2)
        assert row.slack_ts == world.channel.messages[world.channel.timeline[-1]].ts


@pytest.mark.slow
async def test_a_lost_answer_is_found_behind_many_messages(world: World) -> None:
    world.box.limits.regime = "none"
    fail(world, "chat.postMessage", "lost_answer")
    world.owe("k1", "Once")
    await world.edge.sender.step()
    for number in range(1100):  # more than one page
        world.ask(f"Question {number}")
    await world.edge.sender.drain()
    assert world.said().count("Once") == 1


async def test_a_lost_answer_in_direct_messages_is_found_too(world: World) -> None:
    person = world.people[1]
    fail(world, "chat.postMessage", "lost_answer")
    world.owe("k1", "For you", channel=person)
    await world.edge.sender.drain()
    texts = [m.text for m in world.box.workspace.im(person).messages.values()]
    assert texts == ["For you"]


@pytest.mark.slow
async def test_what_failed_keeps_its_place(world: World) -> None:
    for number in range(4):
        world.owe(f"k{number}", f"Part {number}")
    fail(world, "chat.postMessage", "http", count=2)
    fail(world, "chat.postMessage", "ratelimited", retry_after=0)
    await world.edge.sender.drain()
    assert world.said()[-4:] == [f"Part {number}" for number in range(4)]


async def test_retry_after_is_waited_for_by_the_whole_channel(world: World) -> None:
    fail(world, "chat.postMessage", "ratelimited", retry_after=30)
    world.owe("k1", "Slowly")
    world.owe("k2", "Later")
    await world.edge.sender.step()
    assert not await world.edge.sender.step()
    now = SystemClock().now()
    with world.database.reading() as uow:
        due = uow.outbox.next_due(now, 0.0)
    assert due is not None
    assert timedelta(seconds=25) < due - now <= timedelta(seconds=30)


@pytest.mark.slow
async def test_an_archived_channel_is_told_of_once_and_gets_its_messages_later(
    world: World,
) -> None:
    workspace, organizer = world.box.workspace, world.people[0]
    workspace.archive(world.channel, organizer)
    world.owe("k1", "First")
    world.owe("k2", "Second")
    for _ in range(6):
        await world.edge.sender.step()
    notes = [m.text for m in workspace.im(organizer).messages.values()]
    assert len(notes) == 1
    assert f"<#{world.channel.id}>: the channel is archived" in notes[0]
    assert "is_archived" in notes[0]
    with world.database.reading() as uow:
        assert uow.outbox.troubles() == {world.channel.id: "is_archived"}
    workspace.unarchive(world.channel, organizer)
    event = {"type": "channel_unarchive", "channel": world.channel.id, "user": organizer}
    await world.edge.writer.put("unarchived", {"type": "event_callback", "event": event})
    learning = asyncio.create_task(world.edge.names.run())  # who the organizer is
    await world.edge.worker.drain()
    learning.cancel()
    await world.edge.sender.drain()
    assert world.said()[-2:] == ["First", "Second"]
    assert len(workspace.im(organizer).messages) == 1
    with world.database.reading() as uow:
        assert uow.outbox.troubles() == {}


async def test_a_refused_token_loses_nothing(world: World) -> None:
    fail(world, "chat.postMessage", "error", error="token_revoked")
    world.owe("k1", "Still owed")
    await world.edge.sender.step()
    with world.database.reading() as uow:
        row = uow.outbox.get("k1")
        assert row is not None
        assert (row.state, row.error) == ("due", "token_revoked")
        assert uow.outbox.troubles() == {world.channel.id: "token_revoked"}


async def test_what_slack_will_never_take_does_not_hold_up_the_rest(world: World) -> None:
    fail(world, "chat.postMessage", "error", error="msg_too_long")
    world.owe("k1", "Too long")
    world.owe("k2", "Fine")
    await world.edge.sender.drain()
    assert world.said()[-1] == "Fine"
    with world.database.reading() as uow:
        assert [row.key for row in uow.outbox.listed()] == ["k1"]


@pytest.mark.slow
async def test_a_lease_of_a_dead_process_is_released_at_the_start(world: World) -> None:
    world.owe("k1", "Leased")
    now = SystemClock().now()
    with world.database.unit_of_work() as uow:
        now = uow.outbox.now(now)
        assert uow.outbox.claim(now, now + timedelta(minutes=1), 0.0) is not None
    assert not await world.edge.sender.step()
    with world.database.unit_of_work() as uow:
        assert uow.outbox.release(uow.outbox.now(world.edge.sender.wall.now())) == 1
    await world.edge.sender.drain()
    assert world.said()[-1] == "Leased"


class Shifted:
    """The machine's clock, so many seconds ahead."""

    def __init__(self, seconds: float):
        self.by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return SystemClock().now() + self.by

    def wall(self, at: datetime) -> datetime:
        return at


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [75.0, 3600.0])
async def test_a_clock_that_differs_from_slacks_says_nothing_twice(
    world: World, ahead: float
) -> None:
    world.edge.sender.wall = world.edge.sender.said.wall = Shifted(ahead)
    fail(world, "chat.postMessage", "lost_answer")
    world.owe("k1", "Once")
    await world.edge.sender.drain()
    assert world.said().count("Once") == 1


@pytest.mark.slow
async def test_a_clock_that_was_set_back_an_hour_keeps_nothing_from_being_said(
    world: World,
) -> None:
    sender = world.edge.sender
    sender.interval = 0.2
    sender.wall = sender.said.wall = Shifted(3600.0)
    world.owe("k1", "Before")
    await sender.drain()
    world.owe("k2", "Was being sent")
    with world.database.unit_of_work() as uow:
        now = uow.outbox.now(sender.wall.now())
        assert uow.outbox.claim(now, now + outbox.LEASE, 0.0) is not None
    sender.wall = sender.said.wall = SystemClock()
    if world.database.shared:  # its clock was not set back
        with world.database.unit_of_work() as uow:
            uow.outbox.release(uow.outbox.now(world.edge.sender.wall.now()))
    world.owe("k3", "After")
    await sender.drain(within=5)
    assert world.said()[-3:] == ["Before", "Was being sent", "After"]


@pytest.mark.slow
async def test_replicas_whose_clocks_differ_say_everything_once(postgres_url: str) -> None:
    """Slack answers slowly; by the other's clock the lease has long run out."""
    database = Database(postgres_url)
    async with made(database) as world:
        one = world.edge.sender
        two = replace(one, wall=Shifted(30.0))
        one.wall = one.said.wall = Shifted(-13.0)
        fail(world, "chat.postMessage", "slow", count=100, seconds=0.3)
        for number in range(5):
            world.owe(f"k{number}", f"Part {number}")
            world.owe(f"d{number}", f"To you {number}", channel=world.people[number])
        running = [asyncio.create_task(sender.run()) for sender in (one, two)]
        async with asyncio.timeout(PATIENCE):
            while one._until_due() is not None:
                await asyncio.sleep(0.05)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        assert world.said()[-5:] == [f"Part {number}" for number in range(5)]
        for number in range(5):
            messages = world.box.workspace.im(world.people[number]).messages.values()
            assert [m.text for m in messages] == [f"To you {number}"]
    database.close()


@pytest.mark.slow
async def test_a_replica_whose_clock_is_ahead_leaves_alone_what_another_is_sending(
    postgres_url: str,
) -> None:
    """By its own clock the other's lease ran out long ago."""
    database = Database(postgres_url)
    async with made(database) as world:
        one = world.edge.sender
        world.owe("k1", "Once")
        claimed, _payload = one._claim()
        assert claimed is not None
        assert not await replace(one, wall=Shifted(30.0)).step()
    database.close()


@pytest.mark.slow
async def test_a_process_that_was_stopped_after_it_claimed_sends_nothing_of_anothers(
    world: World,
) -> None:
    """Stopped for longer than its lease, while another sent the row."""
    sender = world.edge.sender
    world.owe("k1", "Once")
    until = asyncio.get_running_loop().time() + outbox.SEND_TIMEOUT_SECONDS
    outgoing, payload = sender._claim()
    assert outgoing is not None
    with world.database.unit_of_work() as uow:
        uow.outbox.release(uow.outbox.now(world.edge.sender.wall.now()))
    await sender.drain()  # another process
    await sender._deliver(outgoing, payload, until)
    await sender._deliver(outgoing, payload, until - 2 * outbox.SEND_TIMEOUT_SECONDS)
    assert world.said().count("Once") == 1
    with world.database.reading() as uow:
        row = uow.outbox.get("k1")
        assert row is not None
        assert (row.state, row.error) == ("sent", None)


@pytest.mark.slow
async def test_a_process_that_was_stopped_for_long_sends_nothing_it_claimed_before(
    world: World,
) -> None:
    sender = world.edge.sender
    world.owe("k1", "Once")
    outgoing, payload = sender._claim()
    assert outgoing is not None
    await sender._deliver(outgoing, payload, asyncio.get_running_loop().time() - 1)
    assert world.said().count("Once") == 0
    await sender.drain()
    assert world.said().count("Once") == 1


def make_anew(database: Database) -> None:
    """Deletes the file of a database, as somebody might, and starts with a new one."""
    database.close()
    Path(database.place).unlink()
    database.upgrade()


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [False, True])
async def test_a_database_older_than_the_channel_says_nothing_twice(
    sqlite_url: str, tmp_path: Path, fresh: bool
) -> None:
    """A backup of before was restored, or the file was deleted and made anew."""
    database = Database(sqlite_url)
    backup = tmp_path / "backup.db"
    async with made(database) as world:
        if not fresh:
            database.backup(backup)

        def say(number: int) -> None:
            world.owe(f"k{number}", f"Part {number}")
            world.owe(f"d{number}", f"To you {number}", channel=world.people[1])

        say(1)
        say(2)
        await world.edge.sender.drain()
        database.close()
        if fresh:
            make_anew(database)
        else:
            database.restore(backup)
        sender = replace(world.edge.sender)
        for number in (1, 2, 3):
            say(number)
        running = asyncio.create_task(sender.run())
        async with asyncio.timeout(PATIENCE):
            while sender._until_due() is not None:
                await asyncio.sleep(0.05)
        running.cancel()
        assert world.said()[-3:] == ["Part 1", "Part 2", "Part 3"]
        messages = world.box.workspace.im(world.people[1]).messages.values()
        assert [m.text for m in messages] == ["To you 1", "To you 2", "To you 3"]
    database.close()


@pytest.mark.slow
async def test_a_second_replica_on_a_restored_database_repeats_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first has said something new, so the database does not look old any more."""
    monkeypatch.setattr(said, "MARGIN", timedelta(0))
    database = Database(sqlite_url)
    backup = tmp_path / "backup.db"
    async with made(database) as world:
        database.backup(backup)
        world.owe("k1", "Part 1")
        await world.edge.sender.drain()
        database.close()
        database.restore(backup)
        await asyncio.sleep(2.1)  # dates in answers count in seconds
        for key, text in (("k2", "Part 2"), ("k1", "Part 1")):
            world.owe(key, text)
            await replace(world.edge.sender).drain()
        assert world.said()[-2:] == ["Part 1", "Part 2"]
    database.close()


@pytest.mark.slow
async def test_a_direct_message_alone_that_a_restored_database_lacks_is_not_said_again(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Nothing in a channel tells that the database is older."""
    database = Database(sqlite_url)
    backup = tmp_path / "backup.db"
    async with made(database) as world:
        database.backup(backup)
        world.owe("d", "To you", channel=world.people[1])
        await world.edge.sender.drain()
        database.close()
        database.restore(backup)
        sender = replace(world.edge.sender)
        running = asyncio.create_task(sender.run())
        world.owe("d", "To you", channel=world.people[1])
        async with asyncio.timeout(PATIENCE):
            while sender._until_due() is not None:
                await asyncio.sleep(0.05)
        running.cancel()
        messages = world.box.workspace.im(world.people[1]).messages.values()
        assert [m.text for m in messages] == ["To you"]
    database.close()


@pytest.mark.slow
async def test_a_new_database_does_not_take_another_books_announcement_for_its_own(
    sqlite_url: str,
) -> None:
    """Sessions are numbered anew in a new database, and events are not."""
    database = Database(sqlite_url)
    async with made(database) as world:
        make_anew(database)
        sender = replace(world.edge.sender)
        now = SystemClock().now()
        with database.unit_of_work() as uow:
            event = Event("f", "Another Book", now, now + timedelta(hours=1))
            week = timedelta(days=7)
            session = lifecycle.plan(uow, world.edge.notifier, event, world.channel.id, now, week)
            assert session is not None
            assert session.id == world.session_id
            lifecycle.open_session(uow, world.edge.notifier, session, now)
        await sender.drain()
        assert sum("Another Book" in text for text in world.said()) == 1
    database.close()


def owe_a_note(world: World) -> None:
    """Somebody's question came too late: the private note that the session is over is owed."""
    with world.database.unit_of_work() as uow:
        session = uow.sessions.get(world.session_id)
        assert session is not None
        for _ in range(2):  # as often as they write, once a person
            world.edge.notifier.late(uow, session, world.people[1], SystemClock().now())


def notes(world: World) -> list[str]:
    return [e.user for e in world.box.workspace.ephemerals]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["http", "ratelimited", "error"])
async def test_a_private_note_that_was_refused_is_said_once(world: World, kind: str) -> None:
    fail(world, "chat.postEphemeral", kind, retry_after=0)
    owe_a_note(world)
    await world.edge.sender.drain()
    assert notes(world) == [world.people[1]]


@pytest.mark.slow
async def test_a_private_note_whose_answer_was_lost_is_said_again(world: World) -> None:
    """Nobody can look whether it was said; twice is better than never."""
    fail(world, "chat.postEphemeral", "lost_answer")
    owe_a_note(world)
    await world.edge.sender.drain()
    assert notes(world) == [world.people[1]] * 2


@pytest.mark.slow
async def test_a_private_note_waits_until_slack_can_be_reached(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe_a_note(world)
    with socket() as nobody, monkeypatch.context() as patched:
        nobody.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/"
        patched.setattr(world.edge.sender.client, "base_url", address)
        await world.edge.sender.step()
    assert notes(world) == []
    await world.edge.sender.drain()
    assert notes(world) == [world.people[1]]


@pytest.mark.slow
async def test_a_private_note_whose_sender_was_killed_is_said_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after Slack took it and before that was stored."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    owe_a_note(world)
    with monkeypatch.context() as patched:
        patched.setattr(outbox.OutboxSender, "_sent", killed)
        with pytest.raises(Killed):
            await world.edge.sender.step()
    with world.database.unit_of_work() as uow:  # as a start does
        assert uow.outbox.release(uow.outbox.now(world.edge.sender.wall.now())) == 1
    await world.edge.sender.drain()
    assert notes(world) == [world.people[1]] * 2

"""Slack refuses what is sent, with every code that it documents: nothing is lost or silent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.running.clock import FreeClock, SystemClock
from bot.sessions import asking, lifecycle
from bot.sessions.asking import Draft
from bot.sessions.model import Event, State
from bot.sessions.ports import Outgoing
from bot.slack import outbox
from bot.slack.api import refusals, uploads
from bot.slack.api.refusals import Then, Verdict, verdict
from bot.store.database import Database
from slackbox.faults import CallFault
from tests.slack.conftest import World, made
from tests.slack.test_refusals import FIELD, documented
from tests.waiting import PATIENCE

MEASURED = (
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "message_limit_exceeded",
    "no_permission",
    "ekm_access_denied",
    "org_login_required",
    "access_denied",
    "accesslimited",
    "two_factor_setup_required",
)
"""Codes after each of which the bot once said nothing any more."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "backoff", lambda attempts: 0.0)


def refuse(world: World, method: str, code: str, count: int = 1) -> None:
    world.box.faults.calls.append(CallFault(method, "error", count, error=code))


def is_told(found: Verdict) -> bool:
    """Whether organizers are told of a refusal with this verdict."""
    return found.then not in (Then.DONE, Then.RETRY)


def told(world: World) -> list[str]:
    """What the organizer was told by direct message."""
    place = world.box.workspace.im(world.people[0])
    return [m.text for m in place.messages.values()]


def row(world: World, key: str) -> Outgoing:
    with world.database.reading() as uow:
        found = uow.outbox.get(key)
    assert found is not None
    return found


async def send(world: World) -> None:
    """Sends until nothing can be sent now."""
    async with asyncio.timeout(PATIENCE):
        while await world.edge.sender.step():
            pass


def retry(world: World, key: str | None = None) -> None:
    with world.database.unit_of_work() as uow:
        assert uow.outbox.retry(row(world, key).id if key else None, SystemClock().now())


def opened(world: World, name: str) -> int:
    """Another session in the channel, whose announcement is queued; the one before is closed."""
    now = SystemClock().now()
    with world.database.unit_of_work() as uow:
        for session in uow.sessions.all((State.OPEN,)):
            session.state = State.CLOSED
            session.collects_until = now
            uow.sessions.save(session)
        event = Event(name, f"Book {name}", now - timedelta(minutes=1), now + timedelta(hours=1))
        notifier = world.edge.notifier
        planned = lifecycle.plan(uow, notifier, event, world.channel.id, now, timedelta(days=7))
        assert planned is not None
        lifecycle.open_session(uow, notifier, planned, now)
        return planned.id


async def announced_after(world: World, code: str, number: int) -> None:
    """One session whose announcement is refused once with the code."""
    before, pinned = len(told(world)), len(world.channel.pins)
    key = f"session {opened(world, f'{number}')} announcement"
    refuse(world, "chat.postMessage", code)
    await send(world)
    found = verdict("chat.postMessage", code)
    if is_told(found):
        said = told(world)[before:]
        assert len(said) == 1, (code, said)
        assert code in said[0]
        assert refusals.remedy("chat.postMessage", code) in said[0]
        assert row(world, key).error == code
        assert row(world, f"{key} pin").state in ("due", "held")
        assert len(world.channel.pins) == pinned
        retry(world, key)
        await send(world)
    announcement, pin = row(world, key), row(world, f"{key} pin")
    assert (announcement.state, pin.state) == ("sent", "sent"), code
    shown = [world.channel.messages[k] for k in world.channel.timeline]
    assert announcement.slack_ts == [m.ts for m in shown if not m.subtype][-1]
    assert len(world.channel.pins) == pinned + 1
    assert len(told(world)) == before + is_told(found)


async def test_notices_to_an_archived_channel_are_told_each_organizer_once_and_soon(
    sqlite_url: str,
) -> None:
    async with made(Database(sqlite_url)) as world:
        clock, workspace = FreeClock(SystemClock().now()), world.box.workspace
        notifier, sender = world.edge.notifier, world.edge.sender
        desk = workspace.add_channel("desk", world.people[0], members=[workspace.bot.user_id])
        workspace.archive(desk, world.people[0])
        sender.wall, notifier.organizers_channel = clock, desk.id
        notifier.organizers = (world.people[0], world.people[1])
        world.owe(f"session {world.session_id} handover to {desk.id}", "The figures.", desk.id)

        async def later(minutes: int, *notices: str) -> list[str]:
            before = len(told(world))
            clock.advance(timedelta(minutes=minutes))
            with world.database.unit_of_work() as uow:
                for notice in notices:
                    notifier.tell_organizers(uow, notice, notice, clock.now())
            await send(world)
            return told(world)[before:]

        first, trouble = await later(0, "A file has mistakes.")
        assert (first, "Nothing can be posted in" in trouble) == ("A file has mistakes.", True)
        for minutes in (2, 8, 30):
            assert await later(minutes, "A file has mistakes.") == []
        assert await later(0, "Another file has mistakes.") == []
        assert await later(2) == ["Another file has mistakes."]
        assert row(world, f"session {world.session_id} handover to {desk.id}").state == "due"


@pytest.mark.slow
async def test_no_measured_code_loses_an_announcement(world: World) -> None:
    for number, code in enumerate(MEASURED):
        await announced_after(world, code, number)


HANDFUL = ("missing_scope", "token_revoked", "ratelimited", "fatal_error", "ekm_access_denied")
CALLS = {
    "chat.update": ("message_not_found", "edit_window_closed", "is_inactive", "msg_too_long"),
    "chat.delete": ("message_not_found", "cant_delete_message"),
    "chat.postEphemeral": ("user_not_in_channel", "not_in_channel", "restricted_action"),
    "pins.add": ("already_pinned", "too_many_pins", "restricted_action", "not_pinnable"),
    "reactions.add": ("already_reacted", "too_many_reactions", "thread_locked", "is_archived"),
    "reactions.remove": ("no_reaction", "message_not_found", "no_access"),
    "conversations.open": ("user_disabled", "user_not_found"),
    "files.getUploadURLExternal": ("file_uploads_disabled", "storage_limit_reached"),
    "files.completeUploadExternal": ("not_in_channel", "posting_to_channel_denied"),
}
"""Other methods of rows, each with some of its codes."""


def queue(world: World, key: str, method: str) -> None:
    """A row that calls a method, alone in the channel."""
    place, person = world.channel.id, world.people[1]
    ts = world.ask("Is this a question?")
    rows = {
        "chat.postMessage": Outgoing(key, method, {"channel": place, "text": key}, place),
        "chat.update": Outgoing(key, method, {"channel": place, "ts": "", "text": key}, place),
        "chat.delete": Outgoing(key, method, {"channel": place, "ts": ""}, place),
        "chat.postEphemeral": Outgoing(
            key, method, {"channel": place, "user": person, "text": key}, place
        ),
        "pins.add": Outgoing(key, method, {"channel": place, "timestamp": ts}, place),
        "reactions.add": Outgoing(
            key, method, {"channel": place, "timestamp": ts, "name": "tada"}, place
        ),
        "reactions.remove": Outgoing(
            key, method, {"channel": place, "timestamp": ts, "name": "tada"}, place
        ),
        "conversations.open": uploads.outgoing(key, person, f"{key}.md", key, "", key),
        "files.getUploadURLExternal": uploads.outgoing(key, place, f"{key}.md", key, "", key),
        "files.completeUploadExternal": uploads.outgoing(key, place, f"{key}.md", key, "", key),
    }
    wanted = rows[method]
    with world.database.unit_of_work() as uow:
        if "ts" in wanted.payload:
            own = Outgoing(f"own {key}", "chat.postMessage", {"channel": place, "text": "x"}, place)
            uow.outbox.add(own, SystemClock().now())
            wanted = replace(wanted, payload={**wanted.payload, "ts": {"ts_of": own.key}})
        uow.outbox.add(wanted, SystemClock().now())


async def kept_after(world: World, method: str, code: str) -> None:
    """A row whose call is refused once with the code: what the table says comes true."""
    key, found, before = f"{method} {code}", verdict(method, code), len(told(world))
    queue(world, key, method)
    world.edge.sender._direct.clear()  # as after a start: conversations are opened anew
    refuse(world, method, code)
    await send(world)
    said = told(world)[before:]
    assert len(said) == is_told(found), (key, said)
    if is_told(found):
        assert code in said[0]
        assert refusals.remedy(method, code) in said[0]
        state = {Then.GIVE_UP: "failed", Then.WAIT_ALONE: "held"}.get(found.then, "due")
        assert (row(world, key).state, row(world, key).error) == (state, code)
        troubles = {c for c in world.troubles().values() if c == code}
        assert bool(troubles) == (found.then in (Then.WAIT_CHANNEL, Then.WAIT_APP)), key
        retry(world, key)
        await send(world)
        assert world.troubles() == {}
    assert row(world, key).state == "sent", key


@pytest.mark.slow
async def test_no_code_loses_a_message(slack_folder: Path, sqlite_url: str) -> None:
    codes = documented(slack_folder)["chat.postMessage"]
    assert set(MEASURED) <= set(codes)
    codes = sorted({*codes, *(c for m, c in FIELD if m == "chat.postMessage"), "not_in_the_table"})
    database = Database(sqlite_url)
    async with made(database) as world:
        for code in codes:
            await kept_after(world, "chat.postMessage", code)
        # Each once, in the channel, in the end.
        assert sorted(world.said()[1:]) == sorted(f"chat.postMessage {code}" for code in codes)
    database.close()


@pytest.mark.slow
@pytest.mark.parametrize("method", CALLS)
async def test_no_method_loses_what_it_does(sqlite_url: str, method: str) -> None:
    database = Database(sqlite_url)
    async with made(database) as world:
        world.edge.sender.contents = lambda name: name.encode()
        for code in (*CALLS[method], *HANDFUL, "not_in_the_table"):
            await kept_after(world, method, code)
    database.close()


@pytest.mark.slow
@pytest.mark.parametrize("code", ["restricted_action_thread_locked", "is_archived"])
async def test_who_asked_a_long_question_hears_that_a_later_part_is_delayed(
    world: World, code: str
) -> None:
    who = world.people[1]
    with world.database.unit_of_work() as uow:
        draft = Draft("t1", world.session_id, who, "Why is this so long? " * 900, "Reader 1")
        asking.submit(uow, world.edge.notifier, draft, SystemClock().now())
    await world.edge.sender.step()
    world.box.faults.calls.append(CallFault("chat.postMessage", "error", 1, error=code))
    await world.edge.sender.step()
    await world.edge.sender.drain(5)
    texts = [m.text for m in world.box.workspace.im(who).messages.values()]
    assert [text for text in texts if "Part of your long question" in text and code in text]
    assert len(texts) == 1

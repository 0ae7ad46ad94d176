"""Reconciliation with Slack's history: what no event told of is found, at a cost that depends on what is new."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.sessions import asking
from bot.sessions.asking import Draft
from bot.slack import reconcile
from bot.slack.api import history
from bot.slack.api.history import History
from bot.store.database import Database
from slackbox.faults import CallFault
from tests.slack.conftest import World, made


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests delete what they posted a moment ago."""
    monkeypatch.setattr(reconcile, "GRACE", timedelta(0))


async def test_everything_that_was_missed_is_repaired(world: World) -> None:
    first, second = world.ask("One?"), world.ask("Two?", 1)
    reply = world.ask("Answer", 2, thread=first)
    gone = world.ask("Never mind", 3)
    other = world.ask("Second answer", 3, thread=first)
    await world.edge.reconciler.whole(world.session_id)
    assert sorted(world.texts()) == sorted(
        ["One?", "Two?", "Answer", "Never mind", "Second answer"]
    )
    world.edit(second, "Two, really?")
    world.edit(reply, "A better answer")
    world.delete(gone)
    world.delete(other)
    world.box.workspace.react(world.channel, world.message(reply), world.people[4], "+1")
    world.ask("Late answer", 4, thread=second)
    report = await world.edge.reconciler.whole(world.session_id)
    assert world.texts() == ["One?", "Two, really?", "A better answer", "Late answer"]
    assert report.deleted == 2
    with world.database.reading() as uow:
        (reaction,) = uow.reactions.of_session(world.session_id)
    assert (reaction.ts, reaction.user) == (reply, world.people[4])
    again = await world.edge.reconciler.whole(world.session_id)
    assert (again.repaired, again.deleted) == (0, 0)


@pytest.mark.slow
async def test_a_deleted_root_keeps_its_replies_and_an_empty_thread_goes(world: World) -> None:
    root = world.ask("Root?")
    reply = world.ask("Reply", 1, thread=root)
    await world.edge.reconciler.whole(world.session_id)
    world.delete(root)
    await world.edge.reconciler.whole(world.session_id)
    assert world.texts() == ["Reply"]
    world.delete(reply)
    await world.edge.reconciler.whole(world.session_id)
    assert world.texts() == []


@pytest.mark.slow
async def test_a_question_deleted_while_nobody_heard_keeps_its_replies(world: World) -> None:
    root = world.ask("Root?")
    world.ask("Reply", 1, thread=root)
    world.delete(root)
    report = await world.edge.reconciler.whole(world.session_id)
    assert report.deleted == 1
    with world.database.reading() as uow:
        (thread,) = uow.messages.iter_threads(world.session_id)
    assert (thread.question.ts, thread.question.deleted) == (root, True)
    assert [reply.content["text"] for reply in thread.replies] == ["Reply"]
    again = await world.edge.reconciler.whole(world.session_id)
    assert again.deleted == 0


@pytest.mark.slow
async def test_a_question_asked_ahead_that_slack_dates_before_the_opening_is_found(
    world: World,
) -> None:
    """Two clocks: by Slack's the session opened before its start."""
    now = world.edge.context.clock.now()
    draft = Draft("token", world.session_id, world.people[1], "Asked ahead?", "Reader", "", False)
    with world.database.unit_of_work() as uow:
        asking.submit(uow, world.edge.notifier, draft, now)
    await world.edge.sender.drain()
    with world.database.unit_of_work() as uow:
        session = uow.sessions.get(world.session_id)
        assert session is not None
        session.collects_from = now + timedelta(minutes=1)
        uow.sessions.save(session)
    assert world.texts() == []
    await world.edge.reconciler.whole(world.session_id)
    (text,) = world.texts()
    assert "Asked ahead?" in text


@pytest.mark.slow
async def test_what_a_person_posts_through_an_app_is_found_when_its_writer_is_known(
    world: World,
) -> None:
    app = world.box.workspace.add_bot("Poster")
    theirs = world.box.workspace.post(world.channel, "Mine", user=world.people[1])
    theirs.bot_id, theirs.app_id = app.id, app.app_id
    world.box.workspace.post(world.channel, "Beep", bot=app)
    await world.edge.reconciler.whole(world.session_id)
    running = asyncio.create_task(world.edge.names.run())
    try:
        assert await world.edge.names.wait_idle()
    finally:
        running.cancel()
    await world.edge.reconciler.whole(world.session_id)
    assert world.texts() == ["Mine"]


@pytest.mark.slow
async def test_news_cost_one_call_however_long_the_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.edge.history, "pace", history.Pace(1_000_000, 1.0, 199))
    for number in range(240):  # more than one page
        root = world.ask(f"Question {number}?")
        if number % 20 == 0:
            world.ask("Answer", 1, thread=root)
    first = await world.edge.reconciler.news(world.session_id)
    assert first.repaired == 252
    with world.database.unit_of_work() as uow:  # time passes
        session = uow.sessions.get(world.session_id)
        assert session is not None
        session.reconciled_ts = f"{int(float(root)) + 200}.000000"
        uow.sessions.save(session)
    calls = world.edge.history.calls
    report = await world.edge.reconciler.news(world.session_id)
    assert world.edge.history.calls - calls == 1
    assert report.read < 240


@pytest.mark.slow
async def test_a_message_that_stands_after_all_comes_back(world: World) -> None:
    ts = world.ask("I am here")
    await world.edge.reconciler.whole(world.session_id)
    with world.database.unit_of_work() as uow:
        at = world.edge.context.clock.now() - timedelta(minutes=1)
        uow.messages.delete(world.channel.id, ts, world.session_id, at)
    assert world.texts() == []
    await world.edge.reconciler.whole(world.session_id)
    assert world.texts() == ["I am here"]


async def test_calls_that_fail_are_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ask("Found?")
    faults = world.box.faults.calls
    faults.append(CallFault("conversations.history", "ratelimited", retry_after=0))
    faults.append(CallFault("conversations.history", "http"))
    faults.append(CallFault("conversations.history", "lost_answer"))
    monkeypatch.setattr(history, "MAX_TRIES", 4)
    monkeypatch.setattr(history, "backoff", lambda tries: 0.0)
    await world.edge.reconciler.whole(world.session_id)
    assert world.texts() == ["Found?"]


@pytest.mark.slow
async def test_the_internal_regime_is_never_too_fast(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Slack counts is the sandbox's limit; half a second stands for a minute."""
    async with made(database) as world:
        for number in range(70):
            root = world.ask(f"Question {number}?")
            world.ask("Answer", 1, thread=root)
        world.box.limits.regime = "internal"
        monkeypatch.setattr("slackbox.limits.MINUTE", 0.5)
        monkeypatch.setattr(history, "INTERNAL", history.Pace(45, 0.55, 999))
        reader = History(world.edge.history.client, "internal")
        monkeypatch.setattr(world.edge.reconciler, "_history", reader)
        world.box.wire.clear()
        await world.edge.reconciler.whole(world.session_id)
        assert len(world.texts()) == 140
        refused = [e for e in world.box.wire.entries() if e.get("status") == 429]
        assert refused == []


@pytest.mark.slow
async def test_the_restricted_regime_is_learnt_and_kept_to(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with made(database) as world:
        for number in range(40):
            world.ask(f"Question {number}?")
        world.box.limits.regime = "restricted"
        monkeypatch.setattr("slackbox.limits.MINUTE", 0.5)
        monkeypatch.setattr(history, "RESTRICTED", history.Pace(1, 0.55, 15))
        reader = History(world.edge.history.client, "auto")
        monkeypatch.setattr(world.edge.reconciler, "_history", reader)
        assert not reader.restricted
        await world.edge.reconciler.news(world.session_id)
        assert len(world.texts()) == 40
        assert reader.restricted
        assert "MARGINALIA_RATE_REGIME" in caplog.text

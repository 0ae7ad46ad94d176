"""A question of any length, from the form to the archive: Slack splits nothing of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup import escape_mrkdwn
from bot.sessions.model import Submission
from bot.slack.blocks import asked, limits
from bot.store.database import Database
from slackbox.faults import CallFault, DeliveryFault
from slackbox.model import Message
from tests.scene import END, EVENT, START, Scene, scene
from tests.slack.member_driver import MemberDriver, open_session
from tests.waiting import PATIENCE, until

FULL = 3000
"""Characters that one input of the form takes; it has four."""

KINDS = {
    "words": "Why is this so long? " * 600,
    "entities only": "&" * 12_000,
    "emoji": "Why 😀 " * 2_000,
    "lines": ("A line of text.\n\n  An indented one.\n" * 400),
}


def inputs(text: str) -> list[str]:
    """The text as a person types it into the form's four inputs."""
    found, rest = [], text
    while rest and len(found) < 4:
        found.append(limits.head(rest, FULL))
        rest = rest[len(found[-1]) :]
    return found


async def send(hands: MemberDriver, texts: list[str], **values: object) -> None:
    await hands.ask()
    for number, text in enumerate(texts):
        hands.person.fill("text", text, f"question{number}")
        if number < len(texts) - 1:
            await hands.person.act("ask_more")
            await until(lambda n=number: f"question{n + 1}" in str(hands.form.content["blocks"]))
    for action, value in values.items():
        hands.person.fill(action, value)
    outcome = await hands.person.submit()
    assert outcome.acknowledged, outcome
    await hands.world.hear()


def posted(world: Scene) -> list[Message]:
    """The messages of the question, oldest first."""
    shown = world.channel.messages.values()
    found = [m for m in shown if m.username and m.deleted_at is None]
    return sorted(found, key=lambda m: m.ts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_a_form_filled_to_the_brim_is_one_question_in_the_archive(
    tmp_path: Path, kind: str
) -> None:
    texts = [part.strip() for part in inputs(KINDS[kind])]
    whole = escape_mrkdwn("\n".join(texts))
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        await send(ben, texts, anonymous=["anonymous"])
        first, *others = posted(world)
        assert all(m.root == first.key for m in others)
        assert all(m.username == "Anonymous" for m in others)
        for message in (first, *others):
            assert limits.units(message.text) <= limits.TEXT
            sections = [b["text"]["text"] for b in message.blocks or ()]
            assert all(0 < limits.units(s) <= limits.SECTION for s in sections)
            assert limits.units("".join(sections)) <= limits.QUESTION_TEXT
        with world.stage.bot.database.reading() as uow:
            session = uow.sessions.by_event(EVENT)
            assert session is not None
            (thread,) = uow.messages.iter_threads(session.id)
            counts = uow.messages.counts(session.id)
            stored = uow.messages.get(world.channel.id, first.ts)
            assert stored is not None
            assert uow.messages.whole(stored) == thread.question
        assert thread.question.content == {"text": whole}
        assert thread.replies == ()
        assert (counts.questions, counts.replies, counts.participants) == (1, 0, 1)
        world.say("ada", "Because.", first.ts)
        await world.to(END)
        live = world.archive()
        assert [(e.name, [r.text for r in e.replies]) for e in live] == [
            ("Anonymous", ["Because."])
        ]

        # The same from Slack's history alone, for a bot that heard of none of it.
        with world.stage.bot.database.unit_of_work() as uow:
            for ts in (first.ts, *(m.ts for m in others)):
                uow.messages.delete(world.channel.id, ts, session.id, START)
            world_now = world.stage.clock.now()
            for ts in (first.ts, *(m.ts for m in others)):
                assert uow.messages.revive(world.channel.id, ts, world_now)
        await asyncio.wait_for(world.stage.bot.edge.reconciler.whole(session.id), PATIENCE)
        with world.stage.bot.database.reading() as uow:
            (thread,) = uow.messages.iter_threads(session.id)
        assert thread.question.content == {"text": whole}
        assert [r.content["text"] for r in thread.replies] == ["Because."]


async def test_a_long_question_that_is_withdrawn_is_deleted_whole(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        await send(ben, inputs(KINDS["words"]))
        first, *others = posted(world)
        assert others
        await ben.home()
        await ben.clicks("mine_withdraw", f"mine {first.ts}")
        await world.hear()
        assert posted(world) == []


@given(st.text(st.sampled_from("ab& <>\n\t😀為`*_~"), max_size=200), st.integers(1, 90))
def test_the_messages_of_a_question_joined_are_the_question(seed: str, times: int) -> None:
    text = escape_mrkdwn((seed * times * 3).strip()) or "?"
    messages = asked.question(Submission("t", 1, "U1", text, START))
    if len(messages) == 1 and "blocks" not in messages[0]:
        assert messages[0]["text"] == text
        return
    joined = "".join(
        block["text"]["text"] + joint
        for message in messages
        for block, joint in zip(message["blocks"], message["joints"], strict=True)
    )
    assert joined == text
    for message in messages:
        assert limits.units(message["text"]) <= limits.TEXT
        assert len(message["blocks"]) <= limits.MESSAGE_BLOCKS
        for block in message["blocks"]:
            shown = block["text"]["text"]
            assert 0 < limits.units(shown) <= limits.SECTION
            assert shown.strip()


@pytest.mark.parametrize("restored", [False, True], ids=["events lost", "and a backup restored"])
async def test_posted_after_the_close_it_is_found_though_no_event_told_of_it(
    tmp_path: Path, restored: bool
) -> None:
    """All of its messages and the answer under it, even by a database older than the question."""
    text, copy = "Nobody knows me? " + "&" * 11_000, tmp_path / "copy.db"
    async with scene(tmp_path) as world:
        async with world.bot() as bot:
            await world.to(START)
            bot.database.backup(copy)
        async with world.bot() as bot:
            faults = world.stage.box.faults
            faults.calls.append(CallFault("chat.postMessage", "error", error="not_in_the_table"))
            await send(MemberDriver(world, "cleo"), inputs(text), anonymous=["anonymous"])
            await world.to(END)
            await world.to(END + timedelta(minutes=3))
            assert world.threads() == []
            faults.deliveries.append(DeliveryFault("drop", 99, "message"))
            with bot.database.unit_of_work() as uow:
                uow.outbox.retry(None, uow.outbox.now(bot.wall.now()))
            await bot.edge.sender.drain()
            first = await until(lambda: posted(world))
            assert len(first) > 1, "it is one message only"
            world.say("ada", "Now I know you.", thread=first[0].ts)
            world.say("ben", "Is it over?")
            await world.hear()
            faults.deliveries.clear()
        if restored:
            database = Database(f"sqlite:///{tmp_path / 'marginalia.db'}")
            database.restore(copy)
            database.close()
        async with world.bot() as bot:
            await bot.edge.reconciler.whole(1)
            await world.look()
            ((name, found, replies),) = world.threads()
            assert name == "Anonymous"
            assert found.count("&amp;") == 11_000
            assert [reply for reply in replies if reply[0] != "Anonymous"] == [
                ("Ada Author", "Now I know you.")
            ]
            assert world.notes("ben") == []

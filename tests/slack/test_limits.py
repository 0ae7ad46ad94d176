"""Whatever the data, Slack takes what we send. The sandbox refuses what Slack would refuse."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.model import Kind, Message, Reaction, ts_of
from bot.slack.blocks import kit, limits
from slackbox import blocks as slack
from tests.examples import examples
from tests.scene import BOOK, CHANNEL, END, START
from tests.slack.member_driver import MemberDriver, open_session, words
from tests.waiting import until

MANY = 1000
TITLE = "The Book <of> & \U0001f4da " + "very long words " * 40
LONG = "Why, *oh* <why> & \U0001f914 does question number {n} go on? " + "And on, & on. " * 40


@pytest.mark.slow
async def test_a_book_of_a_thousand_questions_with_long_titles(tmp_path: Path) -> None:
    book = BOOK.replace('"The Book"', f'"{TITLE.strip()}"', 1)
    async with open_session(tmp_path, book) as world:
        with world.stage.bot.database.unit_of_work() as uow:
            session = uow.sessions.all()[0]
            for n in range(MANY):
                author = world.id("ben" if n % 2 else "cleo")
                ts = ts_of(START + timedelta(seconds=10 + n))
                content = {"text": LONG.format(n=n)}
                uow.messages.put(
                    Message(
                        session.id, session.channel, ts, Kind.QUESTION, author, content,
                        posted_name="A name \U0001f600 " * 30,
                    )
                )  # fmt: skip
                uow.reactions.add(Reaction(session.channel, ts, "+1", world.id("ada")))
                uow.members.follow(session.channel, ts, world.id("ada"))
        ada, ben = MemberDriver(world, "ada"), MemberDriver(world, "ben")
        assert "Your queue" in await ada.home()
        assert "I follow" in ada.home_now()
        assert "My questions" in await ben.home()
        for hands, action, block in (
            (ada, "queue_next", None),
            (ada, "queue_next", None),
            (ada, "queue_previous", None),
            (ben, "mine_next", "pages mine mine"),
            (ada, "mine_next", "pages mine followed"),
        ):
            await hands.clicks(action, block)
            assert "Page 2 of " in hands.home_now() or "Page 3 of 67" in hands.home_now()
            assert "Privacy and messages" in hands.home_now(), "nothing at its end is cut off"
        note = await ada.answer(ada.person.command("/qa", "queue", CHANNEL))
        await ada.person.act("queue_next", channel=CHANNEL, ts=note.ts)
        await until(lambda: "Page 2 of 84" in words(note.blocks))
        assert "[queue_previous]" in words(note.blocks), "nothing at its end is cut off"
        for text in ("queue", "mine", "help", "privacy"):
            assert await ada.qa(text)
        form = await ben.opens(ben.person.command("/ask", LONG.format(n=7), CHANNEL))
        assert "[ask_mine_too]" in words(form.content["blocks"])
        await ben.submits()
        assert "on its way" in words(ben.form.content["blocks"])
        note = await ada.answer(ada.person.command("/qa", "queue", CHANNEL))
        block = next(b["block_id"] for b in note.blocks if b["type"] == "actions")
        await ada.opens(ada.person.act("queue_merge", channel=CHANNEL, ts=note.ts, block_id=block))
        assert len(await ada.person.suggest("pick_question", "")) == 100
        assert len(await ada.person.suggest("pick_question", "number 77")) == 100
        last = world.say("ben", LONG.format(n=MANY))
        await world.hear()
        world.say("ada", LONG.format(n=MANY), last)
        await world.hear()
        assert await until(ben.direct)
        await world.to(START + timedelta(hours=9, minutes=1))
        assert "waiting for an answer" in ada.direct()[-1].text
        await world.to(END)
        assert "is closed" in world.posted()[-1].text
        failed = world.stage.bot.database
        with failed.reading() as uow:
            assert uow.outbox.listed(("failed",)) == []


TEXTS = st.text(st.sampled_from("ab &<>\n\U0001f600*_"), max_size=40).map(lambda t: t * 100)


@given(TEXTS, TEXTS)
@examples(20)
def test_every_piece_fits_whatever_it_is_given(one: str, other: str) -> None:
    elements = [kit.button(one, f"a{n}", confirm=kit.confirm(one, other, one, other))
                for n in range(30)]  # fmt: skip
    options = [kit.option(one, str(n), other) for n in range(150)]
    pieces = [
        kit.header(one),
        kit.note(*[other] * 12),
        kit.divider(),
        kit.actions(*elements),
        kit.section(other, kit.select("s", options, one, "149")),
    ]
    inputs = [
        kit.field("f1", one, kit.text_input("t", True, one, other), hint=other),
        kit.box("f2", one, other, True, about=one),
        kit.choice("f3", one, {str(n): one for n in range(10)}, "2"),
        kit.field("f4", one, kit.lookup("l", other)),
    ]
    ids = iter(range(10_000))
    slack.message(limits.message_blocks(pieces * 9), lambda: f"b{next(ids)}", lambda address: True)
    view = kit.modal("m", one, [*pieces * 18], one, other)
    slack.view(view, "modal", lambda: f"b{next(ids)}", lambda address: True)
    form = kit.modal("m", one, inputs, one or "Send", other)
    slack.view(form, "modal", lambda: f"b{next(ids)}", lambda address: True)
    home = kit.home(pieces * 18)
    slack.view(home, "home", lambda: f"b{next(ids)}", lambda address: True)


@given(st.text(st.sampled_from("ab &;<>.?\n\U0001f600"), max_size=300), st.integers(10, 60))
def test_parts_lose_nothing_but_blanks(text: str, limit: int) -> None:
    parts = list(limits.parts(text, limit))
    assert all(limits.units(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())

"""Answered questions in Slack: shown before one asks, found by `/qa find`, and in the queue."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.services import knowledge
from slackbox.model import Message
from tests.scene import BOOK, CHANNEL, EVENT, START, Scene, scene
from tests.slack.member_driver import MemberDriver, asked, open_session, words
from tests.waiting import until

PAST = "20210308-the-old-book"
PAST_BOOK = """\
---
title: "The Old & Wise Book"
description: "Book of the Week. The Old Book by Greta Writer"
start: 2021-03-08 00:00:00
end: 2021-03-12 22:59:59
authors: [Greta Writer]
archive:
  - name: Zoe
    text: Which compiler passes should a beginner write first?
    replies:
      - name: Greta Writer
        text: "Constant folding, as all passes (inlining & more) build on it."
  - name: Zoe
    text: Do whales sing in kilohertz?
---

What it was about."""
LIKE = "Which compiler passes should beginners write first?"


def index(world: Scene) -> None:
    """What a running bot does within a minute."""
    bot = world.stage.bot
    files = knowledge.sources(bot.library, None, "UTC")
    knowledge.update(bot.database, files)


@asynccontextmanager
async def after_the_past(folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    """An open session, and an archive of another book from 2021 in the index."""
    files = {f"{EVENT}.md": BOOK, f"{PAST}.md": PAST_BOOK}
    async with scene(folder, files) as world:
        settings = {"organizers": (world.stage.organizer,), **settings}
        async with world.bot(**settings):
            await world.to(START)
            index(world)
            yield world


async def answered_here(world: Scene, question: str, answer: str) -> str:
    """A question of the open session that its author answered; gives its `ts`."""
    ts = world.say("cleo", question)
    world.say("ada", answer, ts)
    await world.hear()
    index(world)
    return ts


def replies(world: Scene, ts: str) -> list[Message]:
    """What the bot wrote in a thread."""
    bot = world.workspace.bot.user_id
    found = world.channel.messages.values()
    key = world.workspace.message(world.channel, ts).key
    return [m for m in found if m.root == key and m.user == bot]


class TestBeforeAsking:
    async def test_the_form_shows_what_authors_of_past_books_said(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.ask()
            await ben.submits(LIKE)
            seen = words(ben.form.content["blocks"])
            assert "Which compiler passes should a beginner write first?" in seen
            assert "> Constant folding, as all passes (inlining &amp; more) build on it." in seen
            assert "Greta Writer, _The Old &amp; Wise Book_ (2021)" in seen
            assert "whales" not in seen
            assert "compiler" not in str([m.text for m in world.channel.messages.values()])

    @pytest.mark.slow
    async def test_that_answers_it_ends_without_a_question_and_is_counted(
        self, tmp_path: Path
    ) -> None:
        async with after_the_past(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.opens(ben.person.command("/ask", LIKE, CHANNEL))
            await ben.person.act("ask_answered", block_id="answered 0")
            await until(lambda: "was not sent" in words(ben.form.content["blocks"]))
            assert "Constant folding" in words(ben.form.content["blocks"])
            await world.hear()
            assert not any(LIKE in m.text for m in world.channel.messages.values())
            log = await MemberDriver(world, world.stage.organizer).qa("log")
            assert "found their answer in “The Old &amp; Wise Book” and did not ask" in log
            assert ben.id not in log.split("found their answer")[0].splitlines()[-1]

    @pytest.mark.slow
    async def test_asking_goes_on_with_one_click(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.opens(ben.person.command("/ask", LIKE, CHANNEL))
            await ben.submits()
            assert asked(world, LIKE).username == "Ben"

    @pytest.mark.slow
    async def test_one_of_this_book_stands_once_with_its_answer_and_its_link(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ts = await answered_here(world, "Which parser generators do you like?", "None at all.")
            ben = MemberDriver(world, "ben")
            await ben.opens(
                ben.person.command("/ask", "Which parser generators do you like", CHANNEL)
            )
            seen = words(ben.form.content["blocks"])
            assert seen.count("Which parser generators do you like?") == 1
            assert "> None at all." in seen
            assert f"/p{ts.replace('.', '')}|open the message>" in seen
            assert "[ask_mine_too]" not in seen

    @pytest.mark.slow
    async def test_a_search_that_never_ends_keeps_no_question_back(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            ends = threading.Event()

            class Stuck:
                def search(self, *_arguments: object, **_more: object) -> list[object]:
                    ends.wait()
                    return []

            world.stage.bot.edge.handler_context.services.knowledge = Stuck()
            try:
                for number in range(3):
                    ben = MemberDriver(world, "ben")
                    await ben.ask()
                    outcome = await ben.submits(f"Number {number}: {LIKE}")
                    if "Ask mine anyway" in str(ben.form.content):
                        outcome = await ben.submits()
                    assert outcome.acknowledged, outcome
                    await until(lambda n=number: asked(world, f"Number {n}"))
            finally:
                ends.set()


class TestFind:
    @pytest.mark.slow
    async def test_it_is_only_for_who_asked_and_has_pages(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            for number in range(12):
                await answered_here(world, f"Are compilers of kind {number:02} slow?", "No & yes.")
            before = len(world.posted())
            ben = MemberDriver(world, "ben")
            note = await ben.answer(ben.person.command("/qa", "find compilers", CHANNEL))
            pages = [words(note.blocks)]
            while "[find_next]" in (last := words(note.blocks)):
                await ben.person.act("find_next", channel=CHANNEL, ts=note.ts)
                await until(lambda last=last: words(note.blocks) != last)
                pages.append(words(note.blocks))
            assert [page.count("\n> ") for page in pages] == [5, 5, 3]
            assert "> No &amp; yes." in pages[0]
            assert sum("Constant folding" in page for page in pages) == 1
            assert note.user == ben.id
            assert len(world.posted()) == before

    async def test_nothing_found_and_nothing_typed_are_said(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            assert "no answered question for “zebra &lt;x&gt;”" in await ben.qa("find zebra <x>")
            assert "Write what to look for" in await ben.qa("find")
            long = await ben.qa("find compiler " + "zebra " * 200)
            assert "Constant folding" in long


@pytest.mark.slow
class TestQueue:
    async def test_an_author_replies_with_an_earlier_answer_once(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            ts = world.say("ben", LIKE)
            other = world.say("ben", "Do zebras dance?")
            await world.hear()
            ada, ben = MemberDriver(world, "ada"), MemberDriver(world, "ben")
            seen = await ada.home()
            assert seen.count("Answered before: “Which compiler passes") == 1
            assert "> Constant folding" in seen, "what the author would reply with"
            await ada.clicks("queue_before", f"queue {ts}")
            assert "marked as answered elsewhere by" in ada.home_now()
            (reply,) = replies(world, ts)
            assert "Answered in *The Old &amp; Wise Book* (2021):" in reply.text
            assert "&gt; Constant folding" in reply.text
            assert len(ben.direct()) == 1, "who asked is told"
            assert "Constant folding" in words(ben.direct()[0].blocks)
            await ada.clicks("queue_undo", f"aside {ts}")
            await ada.clicks("queue_before", f"queue {ts}")
            assert len(replies(world, ts)) == 1
            assert len(ben.direct()) == 1
            assert replies(world, other) == []
            log = await MemberDriver(world, world.stage.organizer).qa("log")
            assert "with an answer from “The Old &amp; Wise Book”" in log

    async def test_an_open_home_shows_an_answer_once_it_is_in_the_index(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path, sweep_interval=0.2) as world:
            first = world.say("cleo", "Which parser generators do you like?")
            world.say("ben", "Which parser generators do you like best?")
            await world.hear()
            ada = MemberDriver(world, "ada")
            assert "Answered before" not in await ada.home()
            world.say("ada", "None at all.", first)
            await until(lambda: "1 is answered" in ada.home_now())
            await until(lambda: "Answered before" in ada.home_now())
            assert "> None at all." in ada.home_now()

    async def test_who_is_no_author_any_more_points_to_nothing(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            ts = world.say("ben", LIKE)
            await world.hear()
            organizer = MemberDriver(world, world.stage.organizer)
            cleo = MemberDriver(world, "cleo")
            world.workspace.join(world.channel, organizer.id)
            name = world.workspace.member(cleo.id).name
            await organizer.qa(f"author @{name}")
            note = await cleo.answer(cleo.person.command("/qa", "queue", CHANNEL))
            assert "Answered before:" in words(note.blocks)
            await organizer.qa(f"author @{name} remove")
            told = await cleo.answer(
                cleo.person.act("queue_before", channel=CHANNEL, ts=note.ts, block_id=f"queue {ts}")
            )
            assert "Only the authors of the book" in told.text
            await world.hear()
            assert replies(world, ts) == []

    async def test_the_command_shows_it_too(self, tmp_path: Path) -> None:
        async with after_the_past(tmp_path) as world:
            ts = world.say("ben", LIKE)
            await world.hear()
            ada = MemberDriver(world, "ada")
            note = await ada.answer(ada.person.command("/qa", "queue", CHANNEL))
            assert "Answered before:" in words(note.blocks)
            await ada.person.act(
                "queue_before", channel=CHANNEL, ts=note.ts, block_id=f"queue {ts}"
            )
            await until(lambda: "Nothing is waiting for you" in words(note.blocks))
            await world.hear()
            assert len(replies(world, ts)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("how", ["withdrawn", "hidden", "forgotten", "deleted", "edited"])
async def test_what_may_not_be_found_never_shows_in_slack(
    tmp_path: Path, how: str, database_url: str
) -> None:
    async with after_the_past(tmp_path, database_url=database_url) as world:
        question = "Which parser generators do you like?"
        ts = await answered_here(world, question, "None at all.")
        waiting = world.say("ben", question)
        await world.hear()
        ada, ben, cleo = (MemberDriver(world, who) for who in ("ada", "ben", "cleo"))
        assert "None at all." in await ben.qa("find parser generators")
        assert "Answered before" in await ada.home()
        if how == "withdrawn":
            await cleo.home()
            await cleo.clicks("mine_withdraw", f"mine {ts}")
        elif how == "hidden":
            await ada.shortcut("not_a_question", ts)
        elif how == "forgotten":
            await cleo.home()
            await cleo.opens(cleo.person.act("mine_stored", view="home", block_id="stored"))
            cleo.person.fill("mine_erase", "names", "mine_erase")
            assert (await cleo.person.submit()).acknowledged
        elif how == "deleted":
            world.delete(ts)
        else:
            world.edit("cleo", ts, "Do zebras dance?")
        await world.hear()
        for _again in range(2):
            assert "None at all." not in await ben.qa("find parser generators")
            await ada.home()
            # What was published before may stand there until the next is.
            await until(lambda: "Answered before" not in ada.home_now())
            if how == "forgotten":  # the question itself stays, without a name
                await ben.opens(ben.person.command("/ask", question, CHANNEL))
                assert "[ask_answered]" not in words(ben.form.content["blocks"])
            else:
                assert "on its way" in await ben.types("/ask", question)
            index(world)
        assert replies(world, waiting) == []


@pytest.mark.slow
async def test_each_can_be_switched_off(tmp_path: Path) -> None:
    off = {"suggest_answers": False, "find": False, "point_to_answers": False}
    async with after_the_past(tmp_path, **off) as world:
        ben, ada = MemberDriver(world, "ben"), MemberDriver(world, "ada")
        assert "turned the search off" in await ben.qa("find compiler")
        assert "/qa find" not in await ben.qa("help")
        assert "on its way" in await ben.types("/ask", LIKE)
        await world.hear()
        assert "Answered before" not in await ada.home()

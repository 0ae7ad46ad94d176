"""Asking: every way in, what is kept, what was asked already, and those without a name."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.errors import Refusal
from bot.sessions.model import Mute
from tests.scene import CHANNEL, END, EVENT, START, Scene, scene, text_of
from tests.slack.hands import Hands, asked, open_session, stored, until, words

LONG = "Why is this so long? " + "Because it says a lot & more. " * 95


async def test_the_command_asks_in_the_channel_by_the_askers_name(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        assert "on its way" in await ben.types("/ask", "Is <this> *bold* & right?")
        await world.hear()
        message = asked(world, "right?")
        assert message.username == "Ben"
        assert message.text == "Is &lt;this&gt; *bold* &amp; right?"
        world.say("ada", "It is.", message.ts)
        await world.to(END)
        assert world.threads() == [
            ("Ben", "Is &lt;this&gt; **bold** &amp; right?", [("Ada Author", "It is.")])
        ]


async def test_a_question_that_mentions_everybody_calls_nobody(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        everybody = "<!channel>, <!here|here> and <!subteam^S0123|@experts>"
        await ben.types("/ask", f"Hello {everybody}: why?")
        await world.hear()
        message = await until(lambda: asked(world, "why?"))
        assert message.text == "Hello @channel, @here and @experts: why?"


async def test_the_announcements_button_opens_the_form_that_says_what_is_open(
    tmp_path: Path,
) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        (announcement,) = world.posted()
        form = await ben.opens(ben.person.act("ask_open", channel=CHANNEL, ts=announcement.ts))
        assert "*The Book*: open in" in words(form.content["blocks"])
        assert f"<!date^{int(END.timestamp())}^" in words(form.content["blocks"])
        outcome = await ben.submits("From the button?")
        assert outcome.acknowledged
        assert "on its way" in words(ben.form.content["blocks"])
        await until(lambda: asked(world, "From the button?"))


async def test_a_long_question_is_one_question_whatever_slack_takes_at_once(
    tmp_path: Path,
) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        form = await ben.ask()
        for text in (LONG, LONG, LONG):
            last = sum(b["type"] == "input" and "question" in b["block_id"]
                       for b in form.content["blocks"]) - 1  # fmt: skip
            ben.person.fill("text", text, f"question{last}")
            await ben.person.act("ask_more")
            await until(lambda n=last: len(_inputs(ben)) == n + 2 or len(_inputs(ben)) == 4)
        outcome = await ben.submits()
        assert outcome.acknowledged, outcome
        await world.hear()
        message = asked(world, "Why is this so long?")
        assert text_of(message).count("Why is this so long?") == 3
        await world.to(END)
        ((name, text, replies),) = world.threads()
        assert (name, replies) == ("Ben", [])
        assert text.count("Because it says a lot &amp; more.") == 3 * 95


def _inputs(hands: Hands) -> list[str]:
    view = hands.form
    assert view is not None
    return [b["block_id"] for b in view.content["blocks"] if "question" in b.get("block_id", "")]


async def test_what_was_typed_stays_when_the_database_fails(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        await ben.ask()
        desk = world.stage.bot.edge.desk
        factory = desk.factory

        def broken() -> None:
            raise OSError("disk full")

        desk.factory = broken  # type: ignore[assignment]
        outcome = await ben.submits("Will it last?")
        assert "Nothing is lost" in outcome.errors["question0"]
        desk.factory = factory
        assert ben.form.state["question0"]["text"]["value"] == "Will it last?"
        assert (await ben.person.submit()).acknowledged
        await world.hear()
        assert asked(world, "Will it last?").username == "Ben"


async def test_sent_twice_it_is_asked_once(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        form = await ben.ask()
        content = form.content
        await ben.submits("Once only?")
        surfaces = world.stage.box.surfaces
        surfaces.close(ben.form)
        again = surfaces.open(surfaces.trigger(ben.id), content)
        assert again.content["private_metadata"] == content["private_metadata"]
        await ben.submits("Once only?")
        assert sum("Once only?" in m.text for m in world.channel.messages.values()) == 1


class TestAnonymously:
    async def test_nothing_anywhere_says_who_asked(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            await Hands(world, "cleo").types("/ask", "A named one?")
            ben = Hands(world, "ben")
            await ben.ask()
            await ben.submits("May I ask without a name?", anonymous=["anonymous"])
            message = asked(world, "without a name?")
            assert message.username == "Anonymous"
            assert ben.id not in str(message.metadata)
            world.say("ada", "You may.", message.ts)
            await world.hear()
            # The list of all members has everybody alike, whether or not they asked.
            tables = json.loads(stored(world))
            tables.pop("member_names")
            held = json.dumps(tables)
            assert world.id("cleo") in held
            assert ben.id not in held
            assert "Ben" not in held
            assert ben.direct() == []
            await world.to(END)
            assert ("Anonymous", "May I ask without a name?", [("Ada Author", "You may.")]) in (
                world.threads()
            )

    async def test_an_organizer_can_mute_the_key_and_that_holds_for_the_session(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ben = Hands(world, "ben")
            await ben.ask()
            await ben.submits("Rude?", anonymous=["anonymous"])
            with world.stage.bot.database.unit_of_work() as uow:
                message = uow.messages.get(world.channel.id, asked(world, "Rude?").ts)
                session = uow.sessions.by_event(EVENT)
                assert message is not None
                assert session is not None
                uow.mutes.add(
                    Mute(session.id, message.author, "UORGANIZER", world.stage.clock.now())
                )
            await ben.ask()
            outcome = await ben.submits("And again?", anonymous=["anonymous"])
            assert "paused" in outcome.errors["question0"]
            assert "paused" in await ben.types("/ask", "By name?")
            assert "on its way" in await Hands(world, "cleo").types("/ask", "Am I muted?")

    async def test_two_sessions_give_two_keys_and_a_closed_one_forgets_its_secret(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ben = Hands(world, "ben")
            await ben.ask()
            await ben.submits("Who am I?", anonymous=["anonymous"])
            assert "Who am I?" in await ben.home(), "while it is open one sees one's own"
            await world.to(END)
            with world.stage.bot.database.reading() as uow:
                session = uow.sessions.by_event(EVENT)
                assert session is not None
                assert uow.members.secret(session.id) == b""


class TestAhead:
    async def test_questions_wait_for_the_opening_and_come_one_by_one(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as world, world.bot(sent_ahead_interval=10):
            ben, cleo = Hands(world, "ben"), Hands(world, "cleo")
            assert "opens" in await ben.types("/ask", "Ben's first?")
            await cleo.ask()
            await cleo.submits("Cleo's, with no name?", anonymous=["anonymous"])
            assert "kept" in words(cleo.form.content["blocks"])
            await ben.types("/ask", "A thing Ben takes back?")
            assert _askers(world) == []
            assert "waits for the session to open" in await ben.home()
            with world.stage.bot.database.reading() as uow:
                last = uow.members.submissions_of([ben.id])[-1]
            await ben.clicks("mine_withdraw_waiting", f"waiting {last.token}")
            await world.to(START)
            assert _askers(world) == ["Ben"]
            await world.to(START + timedelta(seconds=10))
            await world.to(START + timedelta(seconds=40))
            assert _askers(world) == ["Ben", "Anonymous"]
            await world.to(END)
            assert [(t.name, t.text) for t in world.archive()] == [
                ("Ben", "Ben's first?"),
                ("Anonymous", "Cleo's, with no name?"),
            ]

    async def test_a_restart_between_forgets_none(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as world:
            async with world.bot():
                await Hands(world, "ben").types("/ask", "Still there?")
            async with world.bot():
                await world.to(START)
                assert asked(world, "Still there?").username == "Ben"


async def test_the_form_shows_what_was_asked_and_its_button_is_a_vote(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        first = world.say("cleo", "Which compiler passes should a beginner write first?")
        world.say("cleo", "How long did the chapter on parsing take you?")
        await world.hear()
        ben = Hands(world, "ben")
        await ben.ask()
        await ben.submits("What compiler passes should beginners write?")
        form = ben.form
        seen = words(form.content["blocks"])
        assert "Which compiler passes" in seen
        assert "chapter on parsing" not in seen
        assert form.state["question0"]["text"]["value"] == (
            "What compiler passes should beginners write?"
        )
        await ben.person.act("ask_mine_too", block_id=f"like {first}")
        await until(lambda: "vote counts" in words(ben.form.content["blocks"]))
        ada = Hands(world, "ada")
        assert "1 vote" in await ada.home()
        world.say("ada", "The simplest ones.", first)
        await world.hear()
        assert len(ben.direct()) == 1, "who votes so is told of the answer"
        assert not any("What compiler" in m.text for m in world.channel.messages.values())


async def test_asked_anyway_it_is_asked(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        world.say("cleo", "Which compiler passes should a beginner write first?")
        await world.hear()
        ben = Hands(world, "ben")
        form = await ben.opens(
            ben.person.command("/ask", "Which compiler passes should a beginner write?", CHANNEL)
        )
        assert form.content["submit"]["text"] == "Ask mine anyway"
        await ben.submits()
        assert asked(world, "beginner write?").username == "Ben"


async def test_with_no_session_there_is_one_line(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        await world.to(END)
        ben = Hands(world, "ben")
        assert "No session takes questions now" in await ben.types("/ask", "Too late?")
        assert "No session takes questions now" in await _first_direct(world, ben)


def _askers(world: Scene) -> list[str]:
    """By whose names the bot posted questions."""
    return [m.username for m in world.channel.messages.values() if m.username]


async def _first_direct(world: Scene, ben: Hands) -> str:
    await ben.person.shortcut("ask")
    return (await until(ben.direct))[0].text


async def test_a_form_that_is_sent_after_the_end_says_so_and_keeps_the_text(
    tmp_path: Path,
) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        await ben.ask()
        await world.to(END)
        outcome = await ben.submits("Just missed it?")
        assert "is over" in outcome.errors["question0"]


async def test_an_empty_question_is_not_sent(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = Hands(world, "ben")
        await ben.ask()
        outcome = await ben.submits("   ")
        assert "write your question" in outcome.errors["question0"]
        with pytest.raises(Refusal, match="3000"):
            await ben.person.submit({"text": "x" * 3001})

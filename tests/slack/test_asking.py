"""Asking: every way in, what is kept, what was asked already, and those without a name."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.languages.english import ENGLISH
from bot.sessions.model import Mute, State, moment
from bot.sessions.similar import Asked
from bot.slack.listeners.asking import support
from slackbox.errors import Refusal
from slackbox.faults import CallFault, DeliveryFault
from slackbox.model import Message
from tests.scene import CHANNEL, END, EVENT, START, Scene, scene, text_of
from tests.slack.member_driver import MemberDriver, asked, open_session, stored, words
from tests.waiting import until

LONG = "Why is this so long? " + "Because it says a lot & more. " * 95


async def test_the_command_asks_in_the_channel_by_the_askers_name(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
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


@pytest.mark.slow
async def test_a_question_that_mentions_everybody_calls_nobody(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        everybody = "<!channel>, <!here|here> and <!subteam^S0123|@experts>"
        await ben.types("/ask", f"Hello {everybody}: why?")
        await world.hear()
        message = await until(lambda: asked(world, "why?"))
        assert message.text == "Hello @channel, @here and @experts: why?"


@pytest.mark.slow
async def test_the_announcements_button_opens_the_form_that_says_what_is_open(
    tmp_path: Path,
) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        (announcement,) = world.posted()
        form = await ben.opens(ben.person.act("ask_open", channel=CHANNEL, ts=announcement.ts))
        assert "*The Book*: open in" in words(form.content["blocks"])
        assert f"<!date^{int(END.timestamp())}^" in words(form.content["blocks"])
        outcome = await ben.submits("From the button?")
        assert outcome.acknowledged
        assert "on its way" in words(ben.form.content["blocks"])
        await until(lambda: asked(world, "From the button?"))


@pytest.mark.slow
async def test_a_long_question_is_one_question_whatever_slack_takes_at_once(
    tmp_path: Path,
) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
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


async def _asks_ahead(hands: MemberDriver, text: str) -> str:
    """Asks with `/ask` before the session opens, and says yes to the form; gives what it said."""
    form = await hands.opens(hands.person.command("/ask", text, CHANNEL))
    await hands.submits()
    return words(form.content["blocks"])


def _inputs(hands: MemberDriver) -> list[str]:
    view = hands.form
    assert view is not None
    return [b["block_id"] for b in view.content["blocks"] if "question" in b.get("block_id", "")]


@pytest.mark.slow
async def test_what_was_typed_stays_when_the_database_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        await ben.ask()

        async def broken(*_given: object, **_named: object) -> None:
            raise OSError("disk full")

        with monkeypatch.context() as full:
            full.setattr(world.stage.bot.edge.handler_context.database, "write", broken)
            outcome = await ben.submits("Will it last?")
        assert "nothing is lost" in outcome.errors["question0"]
        assert ben.form.state["question0"]["text"]["value"] == "Will it last?"
        assert (await ben.person.submit()).acknowledged
        await world.hear()
        assert asked(world, "Will it last?").username == "Ben"


@pytest.mark.slow
async def test_sent_twice_it_is_asked_once(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
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
            await MemberDriver(world, "cleo").types("/ask", "A named one?")
            ben = MemberDriver(world, "ben")
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

    @pytest.mark.slow
    async def test_an_organizer_can_mute_the_key_and_that_holds_for_the_session(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
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
            assert "muted you" in outcome.errors["question0"]
            assert "muted you" in await ben.types("/ask", "By name?")
            assert "on its way" in await MemberDriver(world, "cleo").types("/ask", "Am I muted?")

    @pytest.mark.slow
    async def test_two_sessions_give_two_keys_and_a_closed_one_forgets_its_secret(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.ask()
            await ben.submits("Who am I?", anonymous=["anonymous"])
            assert "Who am I?" in await ben.home(), "while it is open one sees one's own"
            await ben.opens(ben.person.act("mine_stored", view="home", block_id="stored"))
            seen = words(ben.form.content["blocks"])
            assert "Who am I?" in seen
            assert "stored under a key instead of your name" in seen, "or it reads as identified"
            await ben.person.close(everything=True)
            await world.to(END)
            with world.stage.bot.database.reading() as uow:
                session = uow.sessions.by_event(EVENT)
                assert session is not None
                assert uow.members.secret(session.id) == b""


class TestAhead:
    async def test_questions_wait_for_the_opening_and_come_one_by_one(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as world, world.bot(sent_ahead_interval=10):
            ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
            await _asks_ahead(ben, "Ben's first?")
            await cleo.ask()
            await cleo.submits("Cleo's, with no name?", anonymous=["anonymous"])
            assert "saved" in words(cleo.form.content["blocks"])
            await _asks_ahead(ben, "A thing Ben takes back?")
            assert _askers(world) == []
            assert "waiting for the session to open" in await ben.home()
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

    async def test_who_clicks_while_the_session_opens_keeps_the_question(
        self, tmp_path: Path
    ) -> None:
        async with scene(tmp_path) as world, world.bot():
            ben = MemberDriver(world, "ben")
            await _asks_ahead(ben, "Just before the opening?")
            await ben.home()
            with world.stage.bot.database.reading() as uow:
                (waiting,) = uow.members.submissions_of([ben.id])
            faults, homes = world.stage.box.faults, world.stage.box.surfaces.homes
            faults.calls.append(CallFault("chat.postMessage", "http", 99))
            seen_before = dict(homes[ben.id].content)
            await world.to(START)
            assert _askers(world) == []
            faults.calls.clear()
            homes[ben.id].content = seen_before
            button = f"waiting {waiting.token}"
            await ben.person.act("mine_withdraw_waiting", view="home", block_id=button)
            assert "already been posted" in (await until(ben.direct))[0].text
            await world.to(START + timedelta(minutes=2))
            assert _askers(world) == ["Ben"]

    @pytest.mark.slow
    async def test_a_restart_between_forgets_none(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as world:
            async with world.bot():
                await _asks_ahead(MemberDriver(world, "ben"), "Still there?")
            async with world.bot():
                await world.to(START)
                assert asked(world, "Still there?").username == "Ben"


async def test_the_form_shows_what_was_asked_and_its_button_is_a_vote(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        first = world.say("cleo", "Which compiler passes should a beginner write first?")
        world.say("cleo", "How long did the chapter on parsing take you?")
        await world.hear()
        ben = MemberDriver(world, "ben")
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
        await until(lambda: "Your vote is counted" in words(ben.form.content["blocks"]))
        ada = MemberDriver(world, "ada")
        assert "1 vote" in await ada.home()
        world.say("ada", "The simplest ones.", first)
        await world.hear()
        assert len(ben.direct()) == 1, "who votes so is told of the answer"
        assert not any("What compiler" in m.text for m in world.channel.messages.values())


@pytest.mark.slow
async def test_asked_anyway_it_is_asked(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        world.say("cleo", "Which compiler passes should a beginner write first?")
        await world.hear()
        ben = MemberDriver(world, "ben")
        form = await ben.opens(
            ben.person.command("/ask", "Which compiler passes should a beginner write?", CHANNEL)
        )
        assert form.content["submit"]["text"] == "Ask mine anyway"
        await ben.submits()
        assert asked(world, "beginner write?").username == "Ben"


@pytest.mark.slow
class TestForWhichBook:
    NEXT = "20260119-the-next-book"

    async def _plan_next(self, world: Scene) -> None:
        text = (world.schedules / f"{EVENT}.md").read_text(encoding="utf-8")
        text = text.partition("---\narchive")[0].replace("The Book", "The Next Book")
        text = text.replace("2026-01-05", "2026-01-19").replace("2026-01-09", "2026-01-23")
        (world.schedules / f"{self.NEXT}.md").write_text(text, encoding="utf-8")
        while world.session(self.NEXT) is None:
            await asyncio.sleep(0.05)
            await world.look()

    async def test_just_after_a_close_the_next_book_is_named_before_anything_is_sent(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            await self._plan_next(world)
            await world.to(END)
            await world.to(END + timedelta(minutes=1))
            ben = MemberDriver(world, "ben")
            said = await _asks_nothing_yet(world, ben, "Did you enjoy the week?")
            assert "has not been sent yet" in said
            assert "*The Next Book*" in said
            assert "withdraw it on my Home tab" in said
            await ben.submits()
            assert "withdraw it on my Home tab" in words(ben.form.content["blocks"])
            with world.stage.bot.database.reading() as uow:
                (sent,) = uow.members.submissions_of([ben.id])
                session = uow.sessions.by_event(self.NEXT)
            assert session is not None
            assert (sent.session_id, sent.state) == (session.id, "waiting")

    async def test_in_the_channel_of_a_book_that_is_over_another_open_one_is_not_taken_for_granted(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            elsewhere = world.workspace.channel(CHANNEL).id
            ben = MemberDriver(world, "ben")
            with world.stage.bot.database.unit_of_work() as uow:
                session = uow.sessions.by_event(EVENT)
                assert session is not None
                session.channel = world.workspace.channel("general").id
                uow.sessions.save(session)
                past = replace(session.event, id="past", title="The Past Book")
                over = uow.sessions.add(past, elsewhere)
                over.state = State.CLOSED
                over.collects_until = over.closed_at = START
                uow.sessions.save(over)
            said = await _asks_nothing_yet(world, ben, "Which book is this for?")
            assert "Is it for *The Book*" in said

    async def test_a_form_that_outlived_its_session_shows_no_other_book(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.ask()
            ben.person.fill("text", "A long one…", "question0")
            await self._plan_next(world)
            await world.to(END)
            await world.to(END + timedelta(minutes=1))
            await ben.person.act("ask_more")
            await until(ben.direct)
            assert "The session is over" in ben.direct()[-1].text
            assert "The Next Book" not in words(ben.form.content["blocks"])


async def _asks_nothing_yet(world: Scene, hands: MemberDriver, text: str) -> str:
    """Types `/ask`; gives what the form shows, after a look that nothing was sent or kept."""
    form = await hands.opens(hands.person.command("/ask", text, CHANNEL))
    with world.stage.bot.database.reading() as uow:
        assert uow.members.submissions_of([hands.id]) == []
    assert form.state["question0"]["text"]["value"] == text
    return words(form.content["blocks"])


@pytest.mark.slow
class TestWhatIsPromised:
    """Nobody is promised a message that cannot come."""

    MESSAGE = "send you a direct message"

    @pytest.mark.parametrize("anonymous", [False, True])
    @pytest.mark.parametrize("quiet", [False, True])
    async def test_after_asking(self, tmp_path: Path, anonymous: bool, quiet: bool) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            if quiet:
                await ben.qa("quiet")
            before = len(ben.direct())
            await ben.ask()
            await ben.submits("Shall I hear of it?", anonymous=["anonymous"] if anonymous else [])
            said = words(ben.form.content["blocks"])
            world.say("ada", "You may.", asked(world, "hear of it").ts)
            await world.hear()
            is_told = len(ben.direct()) > before
            assert (self.MESSAGE in said) is is_told
            assert is_told is not (anonymous or quiet)
            assert ("without your name" in said) is anonymous
            assert ("`/qa quiet`" in said) is (quiet and not anonymous)

    @pytest.mark.parametrize("anonymous", [False, True])
    async def test_after_a_vote_and_an_anonymous_one_names_nobody(
        self, tmp_path: Path, anonymous: bool
    ) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("cleo", "Which compiler passes should a beginner write first?")
            await world.hear()
            ben = MemberDriver(world, "ben")
            await ben.ask()
            ticked = ["anonymous"] if anonymous else []
            await ben.submits("What compiler passes should beginners write?", anonymous=ticked)
            for _twice in range(2):
                await ben.person.act("ask_mine_too", block_id=f"like {question}")
                await until(lambda: "Your vote is counted" in words(ben.form.content["blocks"]))
                if _twice == 0:
                    await ben.ask()
                    await ben.submits("Which passes should beginners write?", anonymous=ticked)
            said = words(ben.form.content["blocks"])
            tables = json.loads(stored(world))
            assert len(tables["supports"]) == 1
            assert (ben.id in json.dumps([tables["supports"], tables["follows"]])) is not anonymous
            world.say("ada", "The simplest ones.", question)
            await world.hear()
            assert (self.MESSAGE in said) is bool(ben.direct())
            assert bool(ben.direct()) is not anonymous
            assert "1 vote" in await MemberDriver(world, "cleo").home()

    async def test_ahead_without_a_name(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as world, world.bot():
            cleo = MemberDriver(world, "cleo")
            await cleo.ask()
            await cleo.submits("Nobody knows me?", anonymous=["anonymous"])
            said = words(cleo.form.content["blocks"])
            assert "saved without your name" in said
            assert "withdraw" in said
            assert self.MESSAGE not in said
            assert "Nobody knows me?" in await cleo.home()


@pytest.mark.slow
class TestWhatIsOffered:
    @pytest.mark.parametrize("text", ["What is it about?", "???", "Hi, how are you all?", "🙂"])
    async def test_words_without_a_meaning_of_their_own_are_like_nothing(
        self, tmp_path: Path, text: str
    ) -> None:
        async with open_session(tmp_path) as world:
            world.say("cleo", "And how was that for you?")
            world.say("cleo", "Which compiler passes should a beginner write first?")
            await world.hear()
            assert "on its way" in await MemberDriver(world, "ben").types("/ask", text)

    @pytest.mark.parametrize("anonymous", [False, True])
    async def test_ones_own_question_is_not_offered(self, tmp_path: Path, anonymous: bool) -> None:
        async with open_session(tmp_path) as world:
            text = "Which compiler passes should a beginner write first?"
            ben = MemberDriver(world, "ben")
            await ben.ask()
            await ben.submits(text, anonymous=["anonymous"] if anonymous else [])
            await world.hear()
            assert "on its way" in await ben.types("/ask", text + " Please?")
            cleo = MemberDriver(world, "cleo")
            form = await cleo.opens(cleo.person.command("/ask", text, CHANNEL))
            # One or both of them, as the second may not have come back from Slack yet.
            said = words(form.content["blocks"])
            assert re.search("already asked (a question|questions) like yours", said)

    async def test_a_button_under_ones_own_question_neither_thanks_nor_follows(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("cleo", "Which compiler passes should a beginner write first?")
            await world.hear()
            ben = MemberDriver(world, "ben")
            await ben.ask()
            await ben.submits("What compiler passes should beginners write?")
            # An old form, whose question is one's own by now.
            database = world.stage.bot.database
            with database.unit_of_work() as uow:
                assert support(uow, f"{world.channel.id} {question}", world.id("cleo"))[1]
            with database.reading() as uow:
                assert uow.members.followed(world.id("cleo")) == []
                session = uow.sessions.by_event(EVENT)
                assert session is not None
                assert uow.members.supporters(session.id) == {}


@given(
    words=st.lists(st.sampled_from(sorted(ENGLISH.common)), max_size=12), other=st.text(max_size=60)
)
def test_what_shares_no_word_of_meaning_is_not_alike(words: list[str], other: str) -> None:
    found = Asked(
        [("common", " ".join(words)), ("other", other), ("full", "compiler passes")], ENGLISH
    )
    assert found.scores(" ".join(words)) == [("common", 0.0), ("other", 0.0), ("full", 0.0)]
    for name, score in found.scores(other):
        assert score == 0 or name == "other"


@pytest.mark.slow
async def test_with_no_session_there_is_one_line(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        await world.to(END)
        ben = MemberDriver(world, "ben")
        said = await ben.types("/ask", "Too <late>?")
        assert "No session is taking questions right now" in said
        assert said.endswith("Too &lt;late&gt;?"), "what was typed is not lost"
        assert "No session is taking questions right now" in await _first_direct(world, ben)


def _askers(world: Scene) -> list[str]:
    """By whose names the bot posted questions."""
    return [m.username for m in world.channel.messages.values() if m.username]


async def _first_direct(world: Scene, ben: MemberDriver) -> str:
    await ben.person.shortcut("ask")
    return (await until(ben.direct))[0].text


@pytest.mark.slow
async def test_a_form_that_is_sent_after_the_end_says_so_and_keeps_the_text(
    tmp_path: Path,
) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        await ben.ask()
        await world.to(END)
        outcome = await ben.submits("Just missed it?")
        assert "is over" in outcome.errors["question0"]


@pytest.mark.slow
async def test_an_empty_question_is_not_sent(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        await ben.ask()
        outcome = await ben.submits("   ")
        assert "write your question" in outcome.errors["question0"]
        with pytest.raises(Refusal, match="3000"):
            await ben.person.submit({"text": "x" * 3001})


@pytest.mark.slow
async def test_a_question_that_slack_took_after_the_end_is_found_in_the_history(
    tmp_path: Path,
) -> None:
    """It was asked in time, posted late, and the event of its message was lost."""
    async with open_session(tmp_path) as world:
        faults = world.stage.box.faults
        faults.calls.append(CallFault("chat.postMessage", "http", count=99))
        await MemberDriver(world, "ben").types("/ask", "Just in time?")
        # Slack takes it while the session is still open, however fast the bot closes it.
        async with world.stage.bot._ticking:
            world.stage.clock.move_to(END + timedelta(minutes=1))
            faults.deliveries.append(DeliveryFault("drop", 99, "message"))
            faults.calls.clear()
            message = await until(lambda: _found(world, "Just in time?"))
            assert moment(message.ts) > END
            await world.stage.bot.edge.sender.drain()
        faults.deliveries.clear()
        session = world.session()
        assert session is not None
        await world.stage.bot.edge.reconciler.whole(session.id)
        await world.look()
        assert world.threads() == [("Ben", "Just in time?", [])]


def _found(world: Scene, text: str) -> Message | None:
    return next((m for m in world.channel.messages.values() if m.text == text), None)

"""Authors who answer outside threads: linked when it is sure, asked when it is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest

from bot.library.archive import write_archive
from bot.library.formats import Entry
from bot.services import archiving
from bot.sessions import collect, linking
from bot.sessions.collect import Posted
from bot.sessions.model import State, ts_of
from bot.sessions.pairing import Likeness, Meaning
from bot.store.database import Database
from slackbox.errors import Refusal
from slackbox.model import Ephemeral, Message
from tests.cli.running import marginalia
from tests.scene import BOOK, CHANNEL, END, EVENT, Scene
from tests.slack.conftest import World, made
from tests.slack.member_driver import MemberDriver, open_session, shown, words
from tests.slack.organizer_driver import OrganizerDriver
from tests.slack.test_long_questions import inputs, posted, send
from tests.slack.test_moderating import moderate
from tests.waiting import until

FIRST = "Does the chapter on tokenizers cover byte-pair encoding for Turkish?"
SECOND = "Which graphics card do I need to fine-tune the models of the last chapter?"
SURE = "Hi Ben, yes, the chapter on tokenizers covers byte-pair encoding, with a Turkish corpus."
UNSURE = "It depends."
HEAD = "1. Begin with a small one, to see whether you need more."
REST = "2. Cleo, any graphics card with 8 GB will do to fine-tune the models of the last chapter."
TALK = "Good morning everyone, happy to be here this week and thank you all for the invitation!"


def notes(world: Scene, who: str = "ada") -> list[Ephemeral]:
    """The private notes with blocks."""
    return [e for e in world.workspace.ephemerals if e.user == world.id(who) and e.blocks]


def mark(world: Scene, ts: str) -> list[str]:
    """Who put a ✅ on a message."""
    message: Message = world.workspace.message(world.channel, ts)
    return list(message.reactions.get("white_check_mark", []))


async def click(world: Scene, note: Ephemeral, action: str, block: str | None = None) -> None:
    """Ada clicks in a note; what comes of it has arrived."""
    before = shown(note)
    world.stage.clock.advance(timedelta(seconds=1))
    ada = MemberDriver(world, "ada")
    outcome = await ada.person.act(action, channel=CHANNEL, ts=note.ts, block_id=block)
    assert outcome.acknowledged, outcome
    await until(lambda: shown(note) != before)
    await world.hear()


def under(world: Scene, ts: str) -> tuple[str | None, bool]:
    """The question that a message stands under in the store, and whether a person said so."""
    with world.stage.bot.database.reading() as uow:
        message = uow.messages.get(world.channel.id, ts)
        assert message is not None
        return message.question_ts, message.corrected


async def asked(world: Scene) -> tuple[str, str]:
    """Two questions, heard."""
    first, second = world.say("ben", FIRST), world.say("cleo", SECOND)
    await world.hear()
    return first, second


class TestSure:
    async def test_it_is_linked_quietly_and_everything_sees_the_answer(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            first, second = await asked(world)
            ada, ben = MemberDriver(world, "ada"), MemberDriver(world, "ben")
            said = len(world.posted())
            answer = world.say("ada", SURE)
            await world.hear()
            (note,) = notes(world)
            assert FIRST in shown(note)
            assert "[link_undo]" in shown(note)
            assert notes(world, "ben") == []
            assert notes(world, "cleo") == []
            assert mark(world, first) == [world.workspace.bot.user_id]
            assert mark(world, second) == []
            assert len(world.posted()) == said, "nothing is said in the channel"
            assert under(world, answer) == (first, False)
            queue = (await ada.home()).partition("Ask a question")[0]
            assert "tokenizers" not in queue
            assert "graphics card" in queue
            (told,) = await until(ben.direct)
            link = f"/archives/{world.channel.id}/p{answer.replace('.', '')}|"
            assert link in words(told.blocks), "it leads to where the answer was posted"
            await world.to(END)
            assert world.threads() == [
                ("Ben", FIRST, [("Ada Author", SURE)]),
                ("Cleo Reader", SECOND, []),
            ]
            assert "2 questions, 1 answer" in world.posted()[-1].text, world.posted()[-1].text

    async def test_who_is_named_an_author_later_has_answered_all_the_same(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            first = world.say("ben", FIRST)
            answer = world.say("cleo", SURE)
            await world.hear()
            assert under(world, answer) == (None, False)
            organizer = MemberDriver(world, world.stage.organizer)
            world.workspace.join(world.channel, organizer.id)
            assert "is now an author" in await organizer.qa(f"author <@{world.id('cleo')}>")
            await world.hear()
            assert under(world, answer) == (first, False)
            assert len(await until(MemberDriver(world, "ben").direct)) == 1

    async def test_nobody_is_told_of_what_is_no_answer_of_a_new_author(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
            ines = OrganizerDriver(world, world.stage.organizer)
            world.workspace.join(world.channel, ines.who)
            question = world.say("ben", FIRST)
            rude = world.say("cleo", "That is a rude answer.", question)
            await world.hear()
            await moderate(ines, rude, hide=["hide"], reason="Not kind")
            await send(cleo, inputs("Why is this so long? " * 500))
            long, _rest = posted(world)
            await ben.shortcut("follow", long.ts)
            await ines.qa(f"author <@{cleo.id}>")
            await world.hear()
            assert ben.direct() == [], words(ben.direct()[0].blocks)

    async def test_what_a_new_author_asked_and_was_answered_stays_a_question(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            first = world.say("ben", FIRST)
            own = world.say("cleo", SURE.replace("yes, the chapter", "does the chapter") + "?")
            world.say("ada", "It does.", own)
            answer = world.say("cleo", SURE)
            await world.hear()
            organizer = MemberDriver(world, world.stage.organizer)
            world.workspace.join(world.channel, organizer.id)
            await organizer.qa(f"author <@{world.id('cleo')}>")
            await world.hear()
            assert under(world, answer) == (first, False)
            assert under(world, own) == (None, False)
            assert len(MemberDriver(world, "ben").direct()) == 1

    async def test_who_is_an_author_already_is_not_told_of_again(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            ines = OrganizerDriver(world, world.stage.organizer)
            world.workspace.join(world.channel, ines.who)
            await ben.qa("quiet")
            world.say("ada", "Yes.", world.say("ben", FIRST))
            await world.hear()
            await ben.home()
            await ben.clicks("mine_quiet")
            await ines.qa(f"author <@{world.id('ada')}>")
            await world.hear()
            assert ben.direct() == []

    @pytest.mark.slow
    async def test_undo_takes_it_back_for_good(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first, _second = await asked(world)
            answer = world.say("ada", SURE)
            await world.hear()
            (note,) = notes(world)
            await click(world, note, "link_undo")
            assert "Undone" in shown(note)
            assert mark(world, first) == []
            assert under(world, answer) == (None, True)
            world.edit("ada", answer, SURE + " Do try it.")
            await world.hear()
            await _compared(world)
            assert under(world, answer) == (None, True)
            assert len(notes(world)) == 1, "and nobody asks again"
            await world.to(END)
            assert [name for name, _text, _replies in world.threads()] == [
                "Ben",
                "Cleo Reader",
                "Ada Author",
            ]

    @pytest.mark.slow
    async def test_neither_an_edit_nor_a_comparison_with_the_history_undoes_it(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            first, _second = await asked(world)
            answer = world.say("ada", SURE)
            await world.hear()
            world.edit("ada", answer, "Edited to say something else entirely.")
            await world.hear()
            await _compared(world)
            assert under(world, answer) == (first, False)
            assert mark(world, first) != []
            with world.stage.bot.database.reading() as uow:
                session = uow.sessions.all()[0]
                assert uow.reactions.of_session(session.id) == [], "the mark is no reader's"

    @pytest.mark.slow
    async def test_the_shortcut_corrects_it_and_the_mark_goes_along(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first, second = await asked(world)
            answer = world.say("ada", SURE)
            await world.hear()
            ada = MemberDriver(world, "ada")
            world.stage.clock.advance(timedelta(seconds=1))
            shortcut = ada.person.message_shortcut("answers", CHANNEL, answer)
            assert (await ada.places(shortcut, "graphics card")).acknowledged
            assert under(world, answer) == (second, True)
            assert (mark(world, first), len(mark(world, second))) == ([], 1)
            (note,) = [n for n in notes(world) if "link_undo" in str(n.blocks)]
            outcome = await ada.answer(ada.person.act("link_undo", channel=CHANNEL, ts=note.ts))
            assert "changed that in the meantime" in outcome.text
            assert under(world, answer) == (second, True), "the correction stands"

    @pytest.mark.slow
    async def test_the_mark_goes_with_the_answer(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first, _second = await asked(world)
            answer = world.say("ada", SURE)
            await world.hear()
            assert mark(world, first) != []
            world.stage.clock.advance(timedelta(seconds=1))
            world.delete(answer)
            await world.hear()
            assert mark(world, first) == []

    @pytest.mark.slow
    async def test_what_was_missed_is_linked_when_the_history_is_read(self, world: World) -> None:
        """The history tells the newest first: the answer comes before its question."""
        author = first_is_author(world)
        first = world.ask(FIRST, 1)
        world.ask(SECOND, 2)
        answer = world.ask(SURE.replace("Hi Ben", "Hi"), 0)
        await world.edge.reconciler.whole(world.session_id)
        await world.edge.reconciler.whole(world.session_id)
        await world.edge.linker.drain()
        await world.edge.sender.drain()
        with world.database.reading() as uow:
            message = uow.messages.get(world.channel.id, answer)
            assert message is not None
            assert (message.question_ts, message.corrected) == (first, False)
        assert "white_check_mark" in world.message(first).reactions
        assert [e.user for e in world.box.workspace.ephemerals] == [author]
        again = await world.edge.reconciler.whole(world.session_id)
        assert again.repaired == 0, "our own mark is no difference"


def first_is_author(world: World) -> str:
    """The first person is an author of the session from now on."""
    with world.database.unit_of_work() as uow:
        session = uow.sessions.all()[0]
        session.added_authors = frozenset({world.people[0]})
        uow.sessions.save(session)
    return world.people[0]


async def _compared_and_sent(world: World) -> None:
    await world.edge.reconciler.whole(world.session_id)
    await world.edge.linker.drain()
    await world.edge.sender.drain()


@pytest.mark.slow
class TestMarks:
    async def test_a_mark_of_which_a_restored_database_knows_nothing_goes(
        self, world: World
    ) -> None:
        first_is_author(world)
        first, second = world.ask(FIRST, 1), world.ask(SECOND, 2)
        bot = world.box.workspace.bot.user_id
        for ts in (first, second):
            world.box.workspace.react(world.channel, world.message(ts), bot, "white_check_mark")
        world.box.workspace.react(
            world.channel, world.message(second), world.people[3], "white_check_mark"
        )
        world.ask(SURE.replace("Hi Ben", "Hi"), 0)
        await _compared_and_sent(world)
        await _compared_and_sent(world)
        assert world.message(first).reactions == {"white_check_mark": [bot]}
        assert world.message(second).reactions == {"white_check_mark": [world.people[3]]}

    async def test_so_does_one_in_the_announcements_thread(self, world: World) -> None:
        first_is_author(world)
        with world.database.unit_of_work() as uow:
            session = uow.sessions.all()[0]
            session.announcement_ts = world.ask("The announcement", 3)
            uow.sessions.save(session)
        first = world.ask(FIRST, 1, session.announcement_ts)
        second = world.ask(SECOND, 2, session.announcement_ts)
        bot = world.box.workspace.bot.user_id
        world.box.workspace.react(world.channel, world.message(second), bot, "white_check_mark")
        world.ask(SURE.replace("Hi Ben", "Hi"), 0)
        await _compared_and_sent(world)
        await _compared_and_sent(world)
        assert world.message(first).reactions == {"white_check_mark": [bot]}
        assert world.message(second).reactions == {}

    async def test_a_mark_that_is_missing_comes_back(self, world: World) -> None:
        first_is_author(world)
        first = world.ask(FIRST, 1)
        world.ask(SECOND, 2)
        world.ask(SURE.replace("Hi Ben", "Hi"), 0)
        await _compared_and_sent(world)
        bot = world.box.workspace.bot.user_id
        world.box.workspace.unreact(world.channel, world.message(first), bot, "white_check_mark")
        await _compared_and_sent(world)
        assert world.message(first).reactions == {"white_check_mark": [bot]}

    async def test_an_emoji_that_also_acknowledges_stays(self, world: World) -> None:
        first_is_author(world)
        first = world.ask(FIRST, 1)
        world.edge.notifier.acknowledging = "white_check_mark"
        await _compared_and_sent(world)
        await _compared_and_sent(world)
        assert world.message(first).reactions == {
            "white_check_mark": [world.box.workspace.bot.user_id]
        }

    async def test_an_answer_that_goes_while_another_replica_links_it_leaves_no_mark(
        self, postgres_url: str
    ) -> None:
        database = Database(postgres_url)
        async with made(database) as world:
            first_is_author(world)
            first = world.ask(FIRST, 1)
            world.ask(SECOND, 2)
            answer = world.ask(SURE.replace("Hi Ben", "Hi"), 0)
            await world.edge.reconciler.whole(world.session_id)
            with database.unit_of_work() as uow:
                uow.messages.many(world.channel.id, [answer])  # as a batch of envelopes does
                await world.edge.linker.drain()
                at = world.edge.context.clock.now()
                notifier = world.edge.notifier
                assert linking.delete(uow, notifier, world.channel.id, answer, at, None)
            await world.edge.sender.drain()
            assert world.message(first).reactions == {}
        database.close()


class TestUnsure:
    async def test_the_author_is_asked_and_one_click_links_it(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first, second = await asked(world)
            ada, ben = MemberDriver(world, "ada"), MemberDriver(world, "ben")
            for text in ("Was it fun to write?", "Is there going to be a sequel?"):
                world.say("cleo", text)
            answer = world.say("ada", UNSURE)
            await world.hear()
            (note,) = notes(world)
            assert shown(note).count("[link_choose]") == 3
            assert mark(world, first) == mark(world, second) == []
            assert under(world, answer) == (None, False), "silence leaves it as it is"
            chosen = next(
                block["block_id"]
                for block in note.blocks or []
                if str(block.get("block_id")).startswith("link ")
            )
            question = chosen.split()[-1]
            await click(world, note, "link_choose", chosen)
            assert under(world, answer) == (question, True)
            assert mark(world, question) == [world.workspace.bot.user_id]
            assert "[link_undo]" in shown(note)
            asker = ben if question == first else MemberDriver(world, "cleo")
            assert await until(asker.direct)
            await click(world, note, "link_undo")
            assert under(world, answer) == (None, True)
            assert mark(world, question) == []
            assert ada.direct() == []

    @pytest.mark.slow
    async def test_none_of_these_stands(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            await asked(world)
            answer = world.say("ada", UNSURE)
            await world.hear()
            (note,) = notes(world)
            await click(world, note, "link_none")
            assert "stays where you posted it" in shown(note)
            assert "[link_" not in shown(note)
            assert under(world, answer) == (None, True)
            await world.to(END)
            assert ("Ada Author", UNSURE, []) in world.threads()

    @pytest.mark.slow
    async def test_long_and_hostile_texts_stay_within_slacks_limits(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            for number in range(3):
                world.say("ben", f"{number} <!channel> & *x* `" + "😀 why? " * 400)
            world.say("ada", "<b> {person} %s " + "😀" * 1500)
            await world.hear()
            for note in notes(world):
                assert "<!channel>" not in shown(note)
            assert len(notes(world)) == 1

    @pytest.mark.slow
    async def test_only_authors_may_click(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            await asked(world)
            world.say("ada", UNSURE)
            await world.hear()
            (note,) = notes(world)
            with pytest.raises(Refusal):
                await MemberDriver(world, "ben").person.act(
                    "link_none", channel=CHANNEL, ts=note.ts
                )


@pytest.mark.slow
class TestChains:
    async def test_what_comes_later_decides_about_what_came_before(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            _first, second = await asked(world)
            for text in ("Was it fun to write?", "Is there going to be a sequel?"):
                world.say("ben", text)
            head = world.say("ada", HEAD)
            await world.hear()
            assert under(world, head) == (None, False), "nothing tells what it answers"
            assert len(notes(world)) == 1
            world.stage.clock.advance(timedelta(seconds=40))
            rest = world.say("ada", REST)
            await world.hear()
            assert under(world, rest) == (second, False)
            assert under(world, head) == (second, False), "nor is it asked about any more"
            assert [shown(note).count("[link_undo]") for note in notes(world)] == [0, 1, 1]

    async def test_it_does_not_decide_about_what_a_person_said(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            _first, second = await asked(world)
            for text in ("Was it fun to write?", "Is there going to be a sequel?"):
                world.say("ben", text)
            head = world.say("ada", HEAD)
            await world.hear()
            (note,) = notes(world)
            await click(world, note, "link_none")
            rest = world.say("ada", REST)
            await world.hear()
            assert under(world, rest) == (second, False)
            assert under(world, head) == (None, True)

    async def test_mend_decides_the_same_of_the_archive(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            said = [("ben", FIRST), ("cleo", SECOND), ("ben", "Was it fun to write?")]
            said += [("ada", text) for text in (HEAD, REST, TALK)]
            posted = []
            for who, text in said:
                posted.append(world.say(who, text))
                world.stage.clock.advance(timedelta(seconds=40))
            await world.hear()
            questions = [under(world, ts)[0] for ts in posted[3:]]
            live = [question and 1 + posted.index(question) for question in questions]
            names = {"ben": "Ben", "cleo": "Cleo Reader", "ada": "Ada Author"}
        page = tmp_path / "20260302-page.md"
        page.write_text("---\ntitle: Page\nauthors: [adaauthor]\nstart: 2026-03-02\n---\n", "utf-8")
        write_archive(page, [Entry(names[who], text) for who, text in said])
        done = marginalia("mend", page, "--meaning", "off", "--json", cwd=tmp_path)
        proposals = json.loads(done.stdout)["proposals"]
        assert live == [2, 2, None]
        assert [one["question"] if one["moves"] else None for one in proposals] == live


@pytest.mark.slow
class TestLeftAlone:
    async def test_talk_gets_nothing(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first, second = await asked(world)
            talk = world.say("ada", TALK)
            await world.hear()
            assert notes(world) == []
            assert mark(world, first) == mark(world, second) == []
            assert under(world, talk) == (None, False)

    async def test_readers_and_threads_are_none_of_its_business(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first, _second = await asked(world)
            world.say("cleo", SURE)
            world.say("ada", "Yes, it does.", first)
            await world.hear()
            assert world.workspace.ephemerals == []
            assert mark(world, first) == []

    async def test_keep_as_a_setting(self, tmp_path: Path) -> None:
        async with open_session(tmp_path, unthreaded="keep") as world:
            await _kept(world)

    async def test_keep_in_the_event_has_the_last_word(self, tmp_path: Path) -> None:
        book = BOOK.replace("\n---\n\n", "\nunthreaded: keep\n---\n\n", 1)
        assert "unthreaded" in book
        async with open_session(tmp_path, book) as world:
            await _kept(world)

    async def test_attach_in_the_event_has_it_too(self, tmp_path: Path) -> None:
        book = BOOK.replace("\n---\n\n", "\nunthreaded: attach\n---\n\n", 1)
        async with open_session(tmp_path, book, unthreaded="keep") as world:
            first, _second = await asked(world)
            answer = world.say("ada", SURE)
            await world.hear()
            assert under(world, answer) == (first, False)


async def _kept(world: Scene) -> None:
    first, _second = await asked(world)
    answers = [world.say("ada", SURE), world.say("ada", UNSURE)]
    await world.hear()
    assert world.workspace.ephemerals == []
    assert mark(world, first) == []
    assert [under(world, ts) for ts in answers] == [(None, False)] * 2
    await world.to(END)
    assert [replies for _name, _text, replies in world.threads()] == [[]] * 4


async def _compared(world: Scene) -> None:
    """The store and Slack's history are compared, every message of the session."""
    session = world.session()
    assert session is not None
    await world.stage.bot.edge.reconciler.whole(session.id)
    await world.hear()


@pytest.mark.slow
class TestMeaning:
    """The same with the model of the extra `meaning`, on the real thing."""

    ASKED = "How do I look after a banneton that lives in a damp cellar?"
    SAID = (
        "To take care of a proofing basket in a moist basement, brush out the flour and dry it "
        "near a stove after each loaf."
    )

    @pytest.mark.usefixtures("model_installed")
    async def test_an_answer_in_other_words_is_linked(self, tmp_path: Path) -> None:
        async with open_session(tmp_path, meaning="on") as world:
            first = world.say("ben", self.ASKED)
            world.say("cleo", SECOND)
            await world.hear()
            answer = world.say("ada", self.SAID)
            await until(lambda: mark(world, first) == [world.workspace.bot.user_id])
            assert under(world, answer) == (first, False)
            await world.to(END)
            assert world.threads()[0] == ("Ben", self.ASKED, [("Ada Author", self.SAID)])

    async def test_by_words_alone_its_author_is_asked(self, tmp_path: Path) -> None:
        async with open_session(tmp_path, meaning="off") as world:
            world.say("ben", self.ASKED)
            world.say("cleo", SECOND)
            await world.hear()
            answer = world.say("ada", self.SAID)
            await world.hear()
            assert under(world, answer) == (None, False)
            assert len(notes(world)) == 1

    async def test_nothing_is_locked_and_nothing_doubled_while_it_is_thought_over(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            bot = world.stage.bot
            reader = Reader(bot.database)
            bot.edge.linker.meaning = reader
            first = world.say("ben", FIRST)
            world.say("cleo", SECOND)
            answer = world.say("ada", SURE)
            await world.hear()
            assert reader.read == [([FIRST, SECOND], [SURE])]
            assert under(world, answer) == (first, False)
            assert len(notes(world)) == 1
            with bot.database.reading() as uow:
                session = uow.sessions.by_event(EVENT)
                assert session is not None
                found = [m.ts for m in uow.messages.of_session(session.id)]
            assert len(found) == len(set(found)) == 3

    async def test_one_that_the_history_had_first_is_considered_too(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first, _ = await asked(world)
            bot = world.stage.bot
            with bot.database.unit_of_work() as uow:
                session = uow.sessions.by_event(EVENT)
                assert session is not None
                ts = ts_of(world.stage.clock.now() + timedelta(seconds=1))
                content = {"text": SURE}
                message = Posted(world.channel.id, ts, world.id("ada"), content)
                collect.receive(uow, bot.edge.notifier, message, world.stage.clock.now())
            answer = world.say("ada", SURE)
            assert answer == ts, "the same message, stored by a bot that then was killed"
            await world.hear()
            await until(lambda: under(world, answer) == (first, False))
            assert len(notes(world)) == 1

    async def test_where_a_model_fails_words_decide(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            bot = world.stage.bot
            bot.edge.linker.meaning = Confused()
            first = world.say("ben", FIRST)
            answer = world.say("ada", SURE)
            last = world.say("cleo", SECOND)
            await world.hear()
            await until(lambda: under(world, answer) == (first, False))
            with bot.database.reading() as uow:
                assert uow.messages.get(world.channel.id, last) is not None
                assert uow.inbox.depth() == 0


def _state(world: Scene) -> State | None:
    with world.stage.bot.database.reading() as uow:
        session = uow.sessions.by_event(EVENT)
        return session.state if session is not None else None


@pytest.mark.slow
class TestArchive:
    async def test_what_is_due_does_not_wait_for_the_model(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archiving, "MODEL_WAIT_SECONDS", 0.05)
        async with open_session(tmp_path) as world:
            await asked(world)
            world.say("ada", UNSURE)
            await world.hear()
            slow = Slow()
            world.stage.bot.archiving._meaning = slow
            await world.to(END)
            assert slow.asked.is_set()
            assert _state(world) is State.CLOSED
            assert world.threads() == []
            slow.go_on.set()
            assert len(await until(world.threads)) == 3


class Slow(Meaning):
    """A model that reads until it is told to go on."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        self.asked.set()
        assert self.go_on.wait(60)
        return None


class Reader(Meaning):
    """A model that finds everything alike, and writes into the database while it reads."""

    def __init__(self, database: Database):
        self._database = database
        self.read: list[tuple[Collection[str], Collection[str]]] = []

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        with self._database.unit_of_work() as uow:
            uow.labels.put("emoji", {"party": "tada"})
        self.read.append((questions, texts))
        return None


class Confused(Meaning):
    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        raise RuntimeError("confused")

"""Authors: the queue, the digest, corrections; and who is let in."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.services.boards import Texts, questions
from bot.sessions.collect import Posted
from bot.sessions.model import Action
from bot.sessions.winners import questions_of
from bot.slack.api.incoming import message_object
from bot.slack.blocks import paging
from bot.slack.listeners.interaction import HandlerContext, Interaction
from slackbox.errors import Refusal
from tests.scene import BOOK, CHANNEL, END, EVENT, START, Scene, scene, text_of
from tests.slack.member_driver import MemberDriver, open_session, words
from tests.waiting import until


def log(world: Scene) -> list[Action]:
    """What stands in the log, newest first."""
    with world.stage.bot.database.reading() as uow:
        return uow.actions.listed()


class TestQueue:
    async def test_by_votes_then_age_and_an_answer_takes_it_off_at_once(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            old = world.say("ben", "The oldest question?")
            voted = world.say("ben", "The voted question?")
            world.say("cleo", "The newest question?")
            await world.hear()
            world.react("cleo", voted, "+1")
            world.react("cleo", voted, "arrow_up")
            world.react("ada", voted, "+1::skin-tone-3")
            world.react("ben", voted, "+1")
            world.react("cleo", old, "tada")
            world.say("ada", "Good questions! Let me think about them until tomorrow.")
            await world.hear()
            ada = MemberDriver(world, "ada")
            seen = await ada.home()
            assert "You have not asked anything yet." in seen, "an author's post is no question"
            order = [seen.index(t) for t in ("The voted", "The oldest", "The newest")]
            assert order == sorted(order)
            assert "2 votes" in seen, "once a person, and not the asker's own"
            assert f"/archives/{world.channel.id}/p{voted.replace('.', '')}" in seen
            assert f"<!date^{old.partition('.')[0]}^" in seen
            world.say("ada", "Here is the answer.", voted)
            await until(lambda: "The voted" not in _queue(ada))
            assert "1 is answered" in ada.home_now()

    @pytest.mark.slow
    async def test_a_co_author_sees_what_the_other_took_and_set_aside(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            first = world.say("ben", "Who takes this?")
            second = world.say("ben", "Answered in the other channel?")
            await world.hear()
            organizer = MemberDriver(world, world.stage.organizer)
            assert "is now an author" in await _named(world, organizer, "cleo")
            ada, cleo = MemberDriver(world, "ada"), MemberDriver(world, "cleo")
            assert "Who takes this?" in await cleo.home()
            await ada.home()
            await ada.clicks("queue_take", f"queue {first}")
            await until(lambda: f"taken by <@{ada.id}>" in cleo.home_now())
            await ada.clicks("queue_elsewhere", f"queue {second}")
            await until(lambda: f"marked as answered elsewhere by <@{ada.id}>" in cleo.home_now())
            await cleo.clicks("queue_undo", f"aside {second}")
            await until(lambda: "[queue_skip]" in cleo.home_now())
            await until(lambda: "marked as answered elsewhere by" not in ada.home_now())
            await ada.clicks("queue_undo", f"queue {first}")
            assert "taken by" not in ada.home_now()

    @pytest.mark.slow
    async def test_the_command_shows_the_same_and_its_buttons_renew_it(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ts = world.say("ben", "Skip me?")
            await world.hear()
            ada = MemberDriver(world, "ada")
            note = await ada.answer(ada.person.command("/qa", "queue", CHANNEL))
            assert "Skip me?" in words(note.blocks)
            await ada.person.act("queue_skip", channel=CHANNEL, ts=note.ts, block_id=f"queue {ts}")
            await until(lambda: "Nothing is waiting for you" in words(note.blocks))
            assert "skipped by" in words(note.blocks)

    @pytest.mark.slow
    async def test_the_command_shows_the_last_session_until_another_begins(
        self, tmp_path: Path
    ) -> None:
        later = BOOK.replace("01-05", "01-12").replace("01-09", "01-16").replace("The B", "Next B")
        files = {f"{EVENT}.md": BOOK, "20260112-next.md": later}
        async with scene(tmp_path, files) as world, world.bot():
            ada = MemberDriver(world, "ada")
            assert "None of your sessions" in await ada.qa("queue")
            await world.to(START)
            world.say("ben", "Unanswered?")
            await world.to(END)
            assert "Unanswered?" in await ada.qa("queue")
            await world.to(START + timedelta(days=7))
            assert "Next Book" in await ada.qa("queue")

    @pytest.mark.slow
    async def test_a_long_queue_is_in_pages(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            asked = [f"Number {n:02}, please?" for n in range(40)]
            first = [world.say("ben", text) for text in asked]
            await world.hear()
            ada = MemberDriver(world, "ada")
            await ada.home()
            seen = [_questions(_queue(ada))]
            while "[queue_next]" in _queue(ada):
                await ada.clicks("queue_next")
                seen.append(_questions(_queue(ada)))
            assert [text for part in seen for text in part] == asked
            assert [len(part) for part in seen] == [15, 15, 10]
            assert "Page 3 of 3" in _queue(ada)
            # What is answered elsewhere leaves its page; the page stays where it was.
            await ada.clicks("queue_elsewhere", f"queue {first[39]}")
            assert _questions(_queue(ada))[:9] == asked[30:39]
            await ada.clicks("queue_previous")
            assert _questions(_queue(ada))[:15] == asked[15:30]
            note = await ada.answer(ada.person.command("/qa", "queue", CHANNEL))
            parts = [_questions(words(note.blocks))]
            while "[queue_next]" in (before := words(note.blocks)):
                await ada.person.act("queue_next", channel=CHANNEL, ts=note.ts)
                await until(lambda before=before: words(note.blocks) != before)
                parts.append(_questions(words(note.blocks)))
            assert [len(part) for part in parts] == [12 + 1, 12 + 1, 12 + 1, 3 + 1], "one is aside"
            last = f"queue {first[38]}"
            await ada.person.act("queue_skip", channel=CHANNEL, ts=note.ts, block_id=last)
            await until(lambda: "skipped by" in words(note.blocks))
            assert "Page 4 of 4" in words(note.blocks), "the page stays where it was"

    @pytest.mark.slow
    async def test_whatever_was_set_aside_can_be_put_back(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            asked = [world.say("ben", f"Number {n:02}, please?") for n in range(5)]
            await world.hear()
            ada = MemberDriver(world, "ada")
            await ada.home()
            for ts in asked:
                world.stage.clock.advance(timedelta(seconds=1))
                await ada.clicks("queue_skip", f"queue {ts}")
            assert "Number 00" not in _queue(ada)
            await ada.clicks("aside_next")
            await ada.clicks("queue_undo", f"aside {asked[0]}")
            assert f"queue {asked[0]}" in str(_home(ada))
            note = await ada.answer(ada.person.command("/qa", "queue", CHANNEL))
            await ada.person.act("aside_next", channel=CHANNEL, ts=note.ts)
            await until(lambda: "Number 01" in words(note.blocks))
            await ada.person.act(
                "queue_undo", channel=CHANNEL, ts=note.ts, block_id=f"aside {asked[1]}"
            )
            await until(lambda: "2 questions are waiting" in words(note.blocks))

    @pytest.mark.slow
    async def test_an_author_of_several_open_sessions_sees_all_of_the_home(
        self, tmp_path: Path
    ) -> None:
        books = {
            f"20260105-book-{n}.md": BOOK.replace("authors:", f"channel: room-{n}\nauthors:")
            for n in range(6)
        }
        async with scene(tmp_path, books) as world:
            rooms = [world.workspace.add_channel(f"room-{n}", world.id("ada")) for n in range(6)]
            async with world.bot():
                await world.to(START)
                ben = world.id("ben")
                for router in rooms:
                    world.workspace.join(router, ben)
                    for n in range(20):
                        world.stage.clock.advance(timedelta(seconds=1))
                        world.workspace.post(router, f"Question {n}?", user=ben)
                await world.hear()
                seen = await MemberDriver(world, "ada").home()
                assert seen.count("Your queue") == 4
                assert "2 more sessions" in seen
                assert "Privacy and messages" in seen, "nothing at its end is cut off"

    @pytest.mark.slow
    async def test_a_restart_forgets_nothing(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as world:
            ada = MemberDriver(world, "ada")
            async with world.bot():
                await world.to(START)
                ts = world.say("ben", "Kept?")
                await world.hear()
                await ada.home()
                await ada.clicks("queue_take", f"queue {ts}")
            world.stage.box.surfaces.homes.clear()
            async with world.bot():
                assert f"taken by <@{ada.id}>" in await until(ada.home_now)
                world.say("ada", "Yes.", ts)
                await until(lambda: "Kept?" not in _queue(ada))


def _queue(hands: MemberDriver) -> str:
    return hands.home_now().partition("Ask a question")[0]


def _home(hands: MemberDriver) -> Any:
    return hands.world.stage.box.surfaces.homes[hands.id].content["blocks"]


def _questions(text: str) -> list[str]:
    return re.findall(r"Number \d\d, please\?", text)


async def _known(world: Scene, person: str) -> None:
    """Waits until Slack has said who the person is."""

    def zone() -> bool:
        with world.stage.bot.database.reading() as uow:
            known = uow.people.get(person)
            return known is not None and known.tz is not None

    await world.look()
    await until(zone)


async def _named(world: Scene, organizer: MemberDriver, who: str) -> str:
    """An organizer names an author."""
    world.workspace.join(world.channel, organizer.id)
    name = world.workspace.member(world.id(who)).name
    return await organizer.qa(f"author @{name}")


class TestRights:
    async def test_others_get_a_polite_no_and_it_is_logged(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            ts = world.say("ben", "Mine?")
            await world.hear()
            cleo = MemberDriver(world, "cleo")
            assert "Only the authors of the book" in await cleo.qa("queue")
            assert "Only organizers" in await cleo.qa("author @ada")
            assert "Only the authors" in await cleo.shortcut("not_a_question", ts)
            refused = [a for a in await _logged(world, 3) if a.what == "refused"]
            assert [a.who for a in refused] == [cleo.id] * 3
            assert {a.details["what"] for a in refused} == {
                "/qa queue",
                "/qa author",
                "not_a_question",
            }
            shown = await MemberDriver(world, world.stage.organizer).qa("log")
            assert "was not allowed to use `Leave out of the archive`" in shown

    @pytest.mark.slow
    async def test_an_author_who_was_taken_away_is_let_in_no_more(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            organizer = MemberDriver(world, world.stage.organizer)
            await _named(world, organizer, "cleo")
            cleo = MemberDriver(world, "cleo")
            assert "queue" in await cleo.qa("queue")
            name = world.workspace.member(cleo.id).name
            assert "no longer" in await organizer.qa(f"author @{name} remove")
            assert "Only the authors of the book" in await cleo.qa("queue")

    @pytest.mark.slow
    async def test_help_lists_what_one_may_do(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            member = await MemberDriver(world, "cleo").qa("help")
            assert "/qa privacy" in member
            assert "*Follow the answers*" in member
            assert "/qa queue" not in member
            assert "*Moderate…*" in await MemberDriver(world, world.stage.organizer).qa("help")
            author = await MemberDriver(world, "ada").qa("")
            assert "/qa queue" in author
            assert "/qa author" not in author

    @pytest.mark.slow
    async def test_a_misspelt_command_is_answered_with_the_nearest(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            assert "Did you mean `/qa privacy`?" in await MemberDriver(world, "ben").qa("privcay")
            assert "Did you mean" not in await MemberDriver(world, "ben").qa("xyzzyx")


class TestDigest:
    async def test_it_comes_in_the_authors_morning_when_something_waits(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ada = MemberDriver(world, "ada")  # Europe/London, in winter UTC
            await world.to(START + timedelta(hours=9, minutes=1))
            assert ada.direct() == [], "nothing on days with nothing"
            asked = world.say("ben", "Did you sleep well?")
            world.say("cleo", "And this one?")
            await world.hear()
            world.react("cleo", asked, "+1")
            await world.to(START + timedelta(hours=10))
            assert ada.direct() == [], "nothing is told twice a day"
            await world.to(START + timedelta(days=1, hours=8, minutes=59))
            assert ada.direct() == []
            await world.to(START + timedelta(days=1, hours=9, minutes=1))
            (digest,) = ada.direct()
            assert "2 questions are waiting for an answer" in digest.text
            seen = words(digest.blocks)
            assert seen.index("Did you sleep well?") < seen.index("And this one?")
            await world.to(START + timedelta(days=1, hours=10, minutes=30))
            assert len(ada.direct()) == 1

    @pytest.mark.slow
    async def test_it_comes_in_the_zone_of_an_author_who_wrote_nothing_yet(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            organizer, cleo = (
                MemberDriver(world, world.stage.organizer),
                MemberDriver(world, "cleo"),
            )
            await _named(world, organizer, "cleo")  # Asia/Tokyo
            world.say("ben", "Good morning?")
            await world.hear()
            await world.to(START + timedelta(days=1, minutes=-1))
            await _known(world, cleo.id)
            assert cleo.direct() == []
            await world.to(START + timedelta(days=1, minutes=1))
            assert [m.text.startswith("Good morning!") for m in cleo.direct()] == [True]
            await world.to(START + timedelta(days=1, hours=9, minutes=1))
            assert len(cleo.direct()) == 1, "nothing comes in the morning of another zone"

    @pytest.mark.slow
    async def test_who_muted_messages_gets_none(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            ada = MemberDriver(world, "ada")
            await ada.qa("quiet")
            world.say("ben", "Good morning?")
            await world.hear()
            await world.to(START + timedelta(days=1, hours=9, minutes=1))
            assert ada.direct() == []


class TestCorrections:
    async def test_this_answers_makes_an_answer_of_a_message_and_is_undone(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("ben", "Where do I begin?")
            answer = world.say("ada", "At the first chapter.")
            await world.hear()
            ada, ben = MemberDriver(world, "ada"), MemberDriver(world, "ben")
            shortcut = ada.person.message_shortcut("answers", CHANNEL, answer)
            assert (await ada.places(shortcut, "begin")).acknowledged
            await until(ben.direct)
            world.edit("ada", answer, "At the first chapter, of course.")
            await world.hear()
            await world.to(START + timedelta(hours=1))
            assert await _threads(world) == [
                ("Ben", "Where do I begin?", [("Ada Author", "At the first chapter, of course.")])
            ]
            assert "Nothing is waiting" in await ada.home()
            form = await ada.opens(ada.person.message_shortcut("answers", CHANNEL, answer))
            assert "Where do I begin?" in words(form.content["blocks"])
            assert (await ada.person.submit()).acknowledged
            assert len(await _threads(world)) == 2
            assert [a.what for a in log(world)] == ["answers_undone", "answers"]
            assert question

    @pytest.mark.slow
    async def test_merged_questions_share_answers_and_votes_and_come_apart_again(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            first = world.say("ben", "Is there a second edition?")
            other = world.say("cleo", "When is the next edition?")
            world.say("ada", "Next year.", other)
            await world.hear()
            world.react("cleo", first, "+1")
            world.react("ada", other, "+1")
            await world.hear()
            ada = MemberDriver(world, "ada")
            shortcut = ada.person.message_shortcut("merge", CHANNEL, other)
            assert (await ada.places(shortcut, "second edition")).acknowledged
            world.say("ben", "Thank you!", first)
            await world.hear()
            assert await _threads(world) == [
                (
                    "Ben",
                    "Is there a second edition?",
                    [
                        ("Cleo Reader", "When is the next edition?"),
                        ("Ada Author", "Next year."),
                        ("Ben", "Thank you!"),
                    ],
                )
            ]
            await ada.opens(ada.person.message_shortcut("merge", CHANNEL, other))
            assert (await ada.person.submit()).acknowledged
            assert await _threads(world) == [
                ("Ben", "Is there a second edition?", [("Ben", "Thank you!")]),
                ("Cleo Reader", "When is the next edition?", [("Ada Author", "Next year.")]),
            ]

    @pytest.mark.slow
    async def test_not_a_question_leaves_the_thread_out_and_takes_it_in_again(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            hello = world.say("ben", "Hello everybody!")
            world.say("cleo", "Hello Ben!", hello)
            await world.hear()
            ada = MemberDriver(world, "ada")
            assert "Hello everybody!" in await ada.home()
            assert "are left out" in await ada.shortcut("not_a_question", hello)
            world.say("cleo", "Late hello.", hello)
            world.edit("ben", hello, "Hello all!")
            await world.hear()
            await until(lambda: "Hello" not in _queue(ada))
            assert await _threads(world) == []
            assert "in the archive again" in await ada.shortcut("not_a_question", hello)
            assert len((await _threads(world))[0][2]) == 2

    @pytest.mark.slow
    async def test_the_command_line_finds_them_in_the_archive_file_too(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            hello = world.say("ben", "Hello everybody!")
            world.say("cleo", "A real one?")
            await world.hear()
            await MemberDriver(world, "ada").shortcut("not_a_question", hello)
            await world.to(END)
            assert world.threads() == [("Cleo Reader", "A real one?", [])]
            assert "1 question," in world.posted()[-1].text

    @pytest.mark.slow
    async def test_what_is_no_message_of_a_session_is_said_so(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            (announcement,) = world.posted()
            ada = MemberDriver(world, "ada")
            said = await ada.shortcut("not_a_question", announcement.ts)
            assert "does not belong to a session" in said
            alone = world.say("ben", "Alone?")
            await world.hear()
            await ada.opens(ada.person.message_shortcut("merge", CHANNEL, alone))
            assert await ada.person.suggest("pick_question", "") == []
            with pytest.raises(Refusal, match="required"):
                await ada.person.submit()


async def _threads(world: Scene) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The archive as it would be now."""
    from bot.services import export

    with world.stage.bot.database.reading() as uow:
        session = uow.sessions.all()[0]
        return [
            (t.name, t.text, [(r.name, r.text) for r in t.replies])
            for t in export.entries(uow, session)
        ]


async def _logged(world: Scene, count: int) -> list[Action]:
    return await until(lambda: found if len(found := log(world)) >= count else None)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("C1 1767607200.000100 3", ("C1", "1767607200.000100", 3)),
        ("C1 1767607200.000100", ("C1", "1767607200.000100", 1)),
        ("", ("", "", 1)),
    ],
)
def test_a_button_from_before_there_were_pages_works_on(
    value: str, read: tuple[str, str, int]
) -> None:
    done = Interaction(cast(HandlerContext, None), {}, "U1", value=value)
    assert (*done.place, paging.turned(done.value)[1]) == read


class TestTalk:
    """What is no question stays where it is, and counts nowhere."""

    async def test_talk_is_in_no_queue_no_figure_and_no_list_but_in_the_archive(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            world.say("ben", "Hi all 👋")
            world.say("cleo", "thanks for doing this everyone!")
            asked = world.say("cleo", "Which chapter should I read first?")
            await world.hear()
            ada = MemberDriver(world, "ada")
            assert "1 question is waiting" in await ada.qa("queue")
            assert "not counted as a question" in await MemberDriver(world, "ben").home()
            ben = MemberDriver(world, "ben")
            assert "on its way" in await ben.types("/ask", "Hi all, thanks for doing this?")
            await world.hear()
            with world.stage.bot.database.reading() as uow:
                session = uow.sessions.by_event(EVENT)
                assert session is not None
                counts = uow.messages.counts(session.id, session.author_ids)
                board = questions(uow, session, (), lambda _c, _t: "", Texts())
                tickets = questions_of(uow.messages.iter_session(session.id))
            assert counts.questions == 2
            assert board[0].key == asked.replace(".", "-")
            assert len(board) == 2
            assert tickets == {world.id("cleo"): 1, ben.id: 1}
            await world.to(END)
            assert "2 questions" in text_of(world.posted()[-1])
            assert [name for name, _text, _replies in world.threads()] == [
                "Ben", "Cleo Reader", "Cleo Reader", "Ben",
            ]  # fmt: skip

    @pytest.mark.slow
    async def test_an_author_says_what_is_no_question_and_takes_it_back(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ts = world.say("ben", "My dog ate chapter 4")
            hello = world.say("cleo", "Hi all 👋")
            await world.hear()
            ada = MemberDriver(world, "ada")
            assert "1 question is waiting" in await ada.home()
            await ada.clicks("queue_talk", f"queue {ts}")
            assert "Nothing is waiting" in ada.home_now()
            assert "stays in the archive" in ada.home_now()
            await ada.clicks("queue_question", f"aside {hello}")
            assert "1 question is waiting" in ada.home_now()
            await ada.clicks("queue_question", f"aside {ts}")
            assert "2 questions are waiting" in ada.home_now()
            log = await MemberDriver(world, world.stage.organizer).qa("log")
            assert "marked <" in log
            assert "as talk" in log
            # What a person said stands, whatever the message becomes.
            world.edit("cleo", hello, "Hello everybody 👋")
            world.edit("ben", ts, "Thank you all!")
            await world.hear()
            assert "2 questions are waiting" in await ada.home()
            await world.to(END)
            assert len(world.threads()) == 2

    @pytest.mark.slow
    async def test_an_edit_can_make_a_question_of_a_greeting(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            ts = world.say("ben", "Hi Ada")
            await world.hear()
            ada = MemberDriver(world, "ada")
            assert "Nothing is waiting" in await ada.home()
            world.edit("ben", ts, "Hi Ada, which chapter should I read first?")
            await world.hear()
            assert "1 question is waiting" in await ada.home()

    @pytest.mark.slow
    async def test_whoever_asks_in_the_form_asks(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.types("/ask", "Hi all")
            assert "1 question is waiting" in await MemberDriver(world, "ada").home()

    @pytest.mark.slow
    async def test_the_language_is_the_events(self, tmp_path: Path) -> None:
        book = BOOK.replace("---\n\nWhat", "language: de\n---\n\nWhat")
        async with open_session(tmp_path, book) as world:
            world.say("ben", "Guten Morgen zusammen!")
            world.say("cleo", "¡Buenos días!")
            await world.hear()
            assert "1 question is waiting" in await MemberDriver(world, "ada").home()

    @pytest.mark.parametrize(
        ("more", "shown"),
        [({}, "Hi U0OTHER"), ({"files": [{"id": "F1"}]}, ""), ({"text": "Hi " * 1000}, "")],
    )
    def test_what_has_a_picture_or_is_long_is_not_looked_at_as_talk(
        self, more: dict[str, Any], shown: str
    ) -> None:
        message = {"type": "message", "user": "U0BEN", "ts": "1.0", "text": "Hi <@U0OTHER>", **more}
        posted = message_object(message, "C0BOOK")
        assert isinstance(posted, Posted)
        assert posted.shown == shown

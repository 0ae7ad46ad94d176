"""A session as people see it happen: opened, collected, closed, exported, restarted."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.library import library
from bot.library.library import Library
from bot.services import schedules
from bot.sessions.model import State
from bot.support import tasks
from slackbox.model import Upload
from tests.scene import BOOK, END, EVENT, START, Scene, scene, text_of
from tests.waiting import PATIENCE, until


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


class TestOpening:
    async def test_nothing_is_said_before_start(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START - timedelta(seconds=1))
            assert world.posted() == []

    async def test_the_announcement_says_all_that_a_reader_needs(self, world: Scene) -> None:
        async with world.bot(website="https://books.example"):
            await world.to(START)
            (announcement,) = world.posted()
        text = text_of(announcement)
        assert "The Book" in text
        assert f"<@{world.id('ada')}> and Nobody Known" in text
        assert "What _it_ is about." in text
        cover = "https://books.example/images/books/20260105-the-book/cover.jpg"
        [picture] = [b for b in announcement.blocks if b["type"] == "image"]
        assert picture["image_url"] == cover
        # Title and authors once each: the file's description says nothing else.
        assert text.count("The Book") == 1 + picture["alt_text"].count("The Book")
        assert "Ada Author" not in text
        assert "<https://book.example/?a=1&amp;b=2|Book's page>" in text
        assert f"<!date^{int(END.timestamp())}^" in text
        assert "How to ask" in text
        assert announcement.text, "without a text there is nothing to read aloud or to notify with"
        assert list(world.channel.pins) == [announcement.key]

    async def test_the_bot_joins_the_channel_by_itself(self, world: Scene) -> None:
        assert world.workspace.bot.user_id not in world.channel.members
        async with world.bot():
            await world.to(START)
        assert world.workspace.bot.user_id in world.channel.members

    @pytest.mark.slow
    async def test_a_bot_that_comes_late_opens_and_has_what_was_asked_meanwhile(
        self, world: Scene
    ) -> None:
        await world.stage.until(START + timedelta(hours=2))
        world.workspace.join(world.channel, world.workspace.bot.user_id)
        asked = world.say("ben", "Was this lost?")
        await world.stage.until(START + timedelta(hours=5))
        async with world.bot():
            assert len(world.posted()) == 1
            world.say("ada", "No.", asked)
            await world.to(END)
            assert world.threads() == [("Ben", "Was this lost?", [("Ada Author", "No.")])]

    @pytest.mark.slow
    async def test_a_channel_that_is_not_there_is_one_clear_notice(self, tmp_path: Path) -> None:
        file = BOOK.replace("authors:", "channel: nowhere\nauthors:")
        async with (
            scene(tmp_path, {f"{EVENT}.md": file}) as world,
            world.bot(organizers=world.stage.organizer),
        ):
            await world.to(START)
            for _ in range(3):
                await world.look()
            notices = [told for told in world.told() if "nowhere" in told]
            assert len(notices) == 1
            assert "create it, or invite the bot" in notices[0]
            world.workspace.add_channel("nowhere", world.stage.organizer)
            await world.look()
            assert len(world.posted("nowhere")) == 1, "the channel is there now"

    async def test_what_a_notice_repeats_of_a_file_is_data(self, tmp_path: Path) -> None:
        file = BOOK.replace("authors:", "channel: nowhere\nauthors:")
        file = file.replace('"The Book"', '"<!channel> & <@U1>"', 1)
        async with (
            scene(tmp_path, {f"{EVENT}.md": file}) as world,
            world.bot(organizers=world.stage.organizer),
        ):
            (told,) = world.told()
            assert "“&lt;!channel&gt; &amp; &lt;@U1&gt;”" in told


class TestCollecting:
    @pytest.mark.slow
    async def test_what_is_a_question_and_what_is_a_reply(self, world: Scene) -> None:
        async with world.bot(unthreaded="keep"):
            await world.to(START)
            (announcement,) = world.posted()
            first = world.say("ben", "In the channel?")
            second = world.say("cleo", "In the thread?", announcement.ts)
            world.say("ada", "Yes, Ben.", first)
            world.say("cleo", "Me too.", first)
            world.say("ada", "For everybody.", first, broadcast=True)
            world.say("ada", "Yes, Cleo.", announcement.ts)
            assert second
            await world.to(END)
            assert world.threads() == [
                (
                    "Ben",
                    "In the channel?",
                    [
                        ("Ada Author", "Yes, Ben."),
                        ("Cleo Reader", "Me too."),
                        ("Ada Author", "For everybody."),
                    ],
                ),
                ("Cleo Reader", "In the thread?", []),
                ("Ada Author", "Yes, Cleo.", []),
            ]

    @pytest.mark.slow
    async def test_a_sure_answer_outside_a_thread_stands_under_its_question(
        self, world: Scene
    ) -> None:
        async with world.bot():
            await world.to(START)
            world.say("ben", "Which parser do you use for the error messages?")
            world.say("cleo", "How long may a pass be?")
            world.say("ada", "@Ben a parser of our own, for the sake of the error messages.")
            await world.to(END)
            assert [(name, len(replies)) for name, _, replies in world.threads()] == [
                ("Ben", 1),
                ("Cleo Reader", 0),
            ]

    async def test_edits_and_deletions(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START)
            kept = world.say("ben", "Wat?")
            gone = world.say("ben", "wrong channel")
            reply = world.say("ada", "Wel", kept)
            slip = world.say("ada", "oops", kept)
            await world.hear()
            world.edit("ben", kept, "What?")
            world.edit("ada", reply, "Well: `that`.")
            world.delete(gone)
            world.delete(slip)
            await world.to(END)
            assert world.threads() == [("Ben", "What?", [("Ada Author", "Well: `that`.")])]

    @pytest.mark.slow
    async def test_answers_to_a_deleted_question_are_kept(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START)
            asked = world.say("ben", "Never mind?")
            world.say("ada", "A long and careful answer.", asked)
            await world.hear()
            world.delete(asked)
            await world.to(END)
            ((name, text, replies),) = world.threads()
            assert "Ben" not in name
            assert text == "This message was deleted."
            assert replies == [("Ada Author", "A long and careful answer.")]

    @pytest.mark.slow
    async def test_reactions_and_files(self, world: Scene) -> None:
        async with world.bot() as bot:
            await world.to(START)
            asked = world.say("ben", "See the picture?", files=[_picture(world)])
            world.react("cleo", asked, "+1")
            world.react("ada", asked, "eyes")
            await world.hear()
            session = world.session()
            assert session is not None
            with bot.database.reading() as uow:
                found = {(r.name, r.user) for r in uow.reactions.of_session(session.id)}
            assert found == {("+1", world.id("cleo")), ("eyes", world.id("ada"))}
            await world.to(END)
            ((_, text, _),) = world.threads()
            assert text.startswith("See the picture?")
            assert "diagram.png" in text
            assert "https://" in text

    @pytest.mark.slow
    async def test_what_is_no_question(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START)
            newcomer = world.workspace.add_person("Dora New")
            world.workspace.join(world.channel, newcomer.id)
            world.workspace.set_topic(world.channel, newcomer.id, "Ask!")
            other = world.workspace.add_bot("Standup")
            world.workspace.post(world.channel, "Time to stand up", bot=other)
            await world.to(END)
            assert world.threads() == []
            assert "0 questions" in text_of(world.posted()[-1])

    @pytest.mark.slow
    async def test_a_renamed_person_goes_by_the_latest_name(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START)
            world.say("ben", "Who am I?")
            await world.hear()
            world.workspace.change_person(world.id("ben"), display_name="Benedict")
            world.say("ben", "And now?")
            await world.to(END)
            assert [name for name, _, _ in world.threads()] == ["Benedict", "Benedict"]

    @pytest.mark.slow
    async def test_names_as_posted(self, tmp_path: Path) -> None:
        file = BOOK.replace("authors:", "names: as-posted\nauthors:")
        async with scene(tmp_path, {f"{EVENT}.md": file}) as world, world.bot():
            await world.to(START)
            world.say("ben", "Who am I?")
            await world.hear()
            world.workspace.change_person(world.id("ben"), display_name="Benedict")
            await world.hear()
            world.say("ben", "And now?")
            await world.to(END)
            assert [name for name, _, _ in world.threads()] == ["Ben", "Benedict"]


class TestClosing:
    @pytest.mark.slow
    async def test_the_close_counts_and_names_what_is_unanswered(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START)
            answered = world.say("ben", "Answered?")
            world.say("cleo", "And this & that <one>?")
            world.say("ada", "Yes.", answered)
            await world.to(END)
            announcement, close = world.posted()
        text = text_of(close)
        assert "2 questions, 1 answer, 3 participants" in text
        assert "And this &amp; that &lt;one&gt;?" in text
        assert "Answered?" not in text
        assert announcement.edited is not None or "session ended" in text_of(announcement)
        assert "How to ask" not in text_of(announcement)
        assert "session ended" in text_of(announcement)

    @pytest.mark.slow
    async def test_a_late_question_gets_a_private_note_once_a_person(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START)
            asked = world.say("ben", "In time?")
            await world.to(END + timedelta(minutes=1))
            world.say("cleo", "Too late?")
            world.say("cleo", "Really?")
            world.say("ben", "Me too?")
            await world.look()
            assert [len(world.notes(who)) for who in ("ada", "ben", "cleo")] == [0, 1, 1]
            assert "ended" in world.notes("cleo")[0]
            assert [text for _, text, _ in world.threads()] == ["In time?"]
            world.say("ada", "An answer after the end.", asked)
            await world.look()
            assert world.threads()[0][2] == [("Ada Author", "An answer after the end.")]
            assert world.notes("ada") == []

    async def test_the_file_gets_its_archive_and_nothing_else_changes(self, world: Scene) -> None:
        async with world.bot():
            await world.to(START)
            world.say("ben", "Anything?")
            await world.to(END)
        written = (world.schedules / f"{EVENT}.md").read_text(encoding="utf-8")
        block = "archive:\n- name: Ben\n  text: Anything?\n  replies: []\n"
        assert written == BOOK.replace("&b=2\n---", f"&b=2\n\n{block}\n---")

    @pytest.mark.slow
    async def test_the_archive_goes_to_archive_dir(self, world: Scene) -> None:
        target = world.folder / "website" / "_books"
        async with world.bot(archive_dir=target):
            await world.to(START)
            world.say("ben", "Anything?")
            await world.to(END)
        assert (world.schedules / f"{EVENT}.md").read_text(encoding="utf-8") == BOOK
        assert "- name: Ben" in (target / f"{EVENT}.md").read_text(encoding="utf-8")

    async def test_an_archive_folder_that_cannot_be_made_stops_nothing_else(
        self, world: Scene
    ) -> None:
        """It is told once; when the folder can be made the archive is there."""
        in_the_way = world.folder / "website"
        own = BOOK.replace("---\n\nWhat", 'reminders: ["1 hour after start"]\n---\n\nWhat')
        later = own.replace("05 00:00", "10 00:00").replace("09 22", "12 22")
        (world.schedules / "20260110-the-next.md").write_text(later.replace("The Book", "Next"))
        async with world.bot(archive_dir=in_the_way / "_books", organizers=world.stage.organizer):
            await world.to(START)
            shutil.rmtree(in_the_way)
            in_the_way.write_text("a file")
            world.say("ben", "Anything?")
            await world.to(END)
            await world.to(END + timedelta(minutes=1))
            (told,) = [text for text in world.told() if "website" in text]
            assert "\n" not in told
            start = START + timedelta(days=5)
            await world.to(start)
            assert "Next" in world.posted()[-1].text
            await world.to(start + timedelta(hours=1))
            assert len(world.posted()) == 4, "an announcement, a close, an announcement, a reminder"
            in_the_way.unlink()
            written = in_the_way / "_books" / f"{EVENT}.md"

            async def is_written() -> bool:
                await world.look()
                return written.exists()

            await until(is_written)
            assert "- name: Ben" in written.read_text(encoding="utf-8")


class TestRestarting:
    async def test_a_restart_in_the_middle_says_nothing_twice_and_loses_nothing(
        self, world: Scene
    ) -> None:
        async with world.bot():
            await world.to(START)
            first = world.say("ben", "Before?")
            doomed = world.say("ben", "Doomed?")
            await world.hear()
        world.say("cleo", "While away?")
        world.say("ada", "Answered while away.", first)
        world.edit("ben", first, "Before!")
        world.delete(doomed)
        world.react("cleo", first, "heart")
        world.stage.box.dispatcher.lost.clear()
        async with world.bot() as bot:
            assert len(world.posted()) == 1
            session = world.session()
            assert session is not None
            with bot.database.reading() as uow:
                assert [r.name for r in uow.reactions.of_session(session.id)] == ["heart"]
            await world.to(END)
            assert world.threads() == [
                ("Ben", "Before!", [("Ada Author", "Answered while away.")]),
                ("Cleo Reader", "While away?", []),
            ]
            assert len(world.posted()) == 2

    @pytest.mark.slow
    async def test_a_bot_that_was_down_at_the_end_closes_when_it_is_back(
        self, world: Scene
    ) -> None:
        async with world.bot():
            await world.to(START)
        await world.stage.until(END - timedelta(hours=1))
        world.say("ben", "The last one?")
        await world.stage.until(END + timedelta(hours=8))
        world.say("cleo", "Much too late?")
        async with world.bot():
            assert len(world.posted()) == 2
            assert world.threads() == [("Ben", "The last one?", [])]

    @pytest.mark.slow
    async def test_a_missed_session_is_collected_and_told_in_one_message(
        self, world: Scene
    ) -> None:
        world.workspace.join(world.channel, world.workspace.bot.user_id)
        await world.stage.until(START + timedelta(days=1))
        asked = world.say("ben", "Anybody here?")
        world.say("ada", "I am.", asked)
        await world.stage.until(END + timedelta(days=1))
        async with world.bot():
            (only,) = world.posted()
            assert "while Marginalia was offline" in text_of(only)
            assert world.threads() == [("Ben", "Anybody here?", [("Ada Author", "I am.")])]
            await world.look()
        async with world.bot():
            assert len(world.posted()) == 1

    async def test_a_book_that_is_long_over_is_left_alone(self, world: Scene) -> None:
        await world.stage.until(END + timedelta(days=30))
        async with world.bot():
            assert world.posted() == []
            assert world.session() is None


class TestFiles:
    async def until(self, world: Scene, holds: object) -> None:
        """Waits for the watcher, which looks at the disk in real time."""
        assert callable(holds)
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.05)
        await world.look()

    async def test_a_new_file_is_planned_and_a_removed_one_cancelled(self, world: Scene) -> None:
        async with world.bot():
            path = world.schedules / "deeper" / "20260112-another.md"
            path.parent.mkdir()
            path.write_text(
                BOOK.replace("The Book", "Another")
                .replace("01-05", "01-12")
                .replace("01-09", "01-16")
            )
            await self.until(world, lambda: world.session("20260112-another") is not None)
            path.unlink()
            await self.until(
                world, lambda: world.session("20260112-another").state is State.CANCELLED
            )
            await world.to(START)
            await world.to(START + timedelta(days=7))
            assert len(world.posted()) == 2
            assert not any("Another" in text_of(m) for m in world.posted())

    @pytest.mark.slow
    async def test_files_are_watched_on_after_a_reading_that_failed(
        self, world: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tasks, "BEGINS_AGAIN_SECONDS", 0.0)
        async with world.bot() as bot:
            readings = 0

            def load(*given: Any, **named: Any) -> Library:
                nonlocal readings
                readings += 1
                if readings == 1:
                    raise OSError("the network drive was away")
                return library.load(*given, **named)

            monkeypatch.setattr(schedules, "load", load)
            path = world.schedules / f"{EVENT}.md"
            path.write_text(BOOK.replace("The Book", "Another Book"))
            await self.until(world, lambda: bot.library.events[EVENT].title == "Another Book")
            assert readings > 1

    @pytest.mark.slow
    async def test_a_moved_start_and_end_move_the_session(self, world: Scene) -> None:
        async with world.bot():
            path = world.schedules / f"{EVENT}.md"
            path.write_text(BOOK.replace("05 00:00:00", "06 00:00:00").replace("09 22", "07 22"))
            moved = START + timedelta(days=1)
            await self.until(world, lambda: world.session().event.start == moved)
            await world.to(START + timedelta(hours=1))
            assert world.posted() == []
            await world.to(moved)
            assert len(world.posted()) == 1
            await world.to(END - timedelta(days=2))
            assert world.session().state is State.ARCHIVED

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "broken",
        [
            pytest.param(
                "<<<<<<< HEAD\nend: 2026-01-09 22:59:59\n=======\nend: 2026-01-08 22:00:00\n"
                ">>>>>>> other\n",
                id="merge markers",
            ),
            pytest.param("end: 2026-01-09 2", id="half saved"),
            pytest.param("end: <<<<<<< HEAD\n", id="a marker as a value"),
        ],
    )
    async def test_merge_markers_and_half_saved_files_are_told_in_one_line(
        self, world: Scene, broken: str
    ) -> None:
        async with world.bot(organizers=world.stage.organizer):
            await world.to(START)
            path = world.schedules / f"{EVENT}.md"
            path.write_text(BOOK.replace("end: 2026-01-09 22:59:59\n", broken))
            await self.until(world, lambda: world.stage.bot.library.broken == {EVENT})
            await world.hear()
            (told,) = [text for text in world.told() if f"{EVENT}.md:" in text]
            assert "\n" not in told
            world.say("ben", "Still open?")
            path.write_text(BOOK)
            await self.until(world, lambda: not world.stage.bot.library.broken)
            await world.to(END)
            assert [text for _name, text, _replies in world.threads()] == ["Still open?"]

    async def test_a_file_that_became_invalid_keeps_its_last_good_version(
        self, world: Scene
    ) -> None:
        async with world.bot(organizers=world.stage.organizer):
            path = world.schedules / f"{EVENT}.md"
            path.write_text(BOOK.replace("end: 2026-01-09", "end: 2026-01-01"))
            await self.until(world, lambda: world.stage.bot.library.broken == {EVENT})
            await world.hear()
            (told,) = [t for t in world.told() if "`end` is not after `start`" in t]
            assert f"{EVENT}.md:6:" in told
            await world.to(START)
            assert len(world.posted()) == 1
            path.write_text(BOOK)
            await self.until(world, lambda: not world.stage.bot.library.broken)
            await world.to(END)
            assert world.session().state is State.ARCHIVED


class TestRefusals:
    @pytest.mark.parametrize("token", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
    async def test_a_missing_token_is_named(self, world: Scene, token: str) -> None:
        with pytest.raises(UserError, match=token):
            async with world.bot(**{token: None}):
                pass

    @pytest.mark.parametrize(
        ("token", "value"),
        [("SLACK_BOT_TOKEN", "xoxb-1-2-wrong"), ("SLACK_APP_TOKEN", "xapp-1-wrong")],
    )
    async def test_a_refused_token_is_named_and_not_shown(
        self, world: Scene, token: str, value: str
    ) -> None:
        with pytest.raises(UserError, match=f"{token} was refused") as refused:
            async with world.bot(**{token: value}):
                pass
        assert value not in str(refused.value)
        assert "\n" not in str(refused.value)


def _picture(world: Scene) -> Upload:
    return world.workspace.upload(world.id("ben"), "diagram.png", b"png")

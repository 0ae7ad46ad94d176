"""What the workspace tells of itself: renamed channels, emoji, groups; an app that is removed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.sessions.model import State
from slackbox.faults import CallFault
from tests.scene import BOOK, END, EVENT, START, Scene, scene
from tests.waiting import PATIENCE, until

PAST = {"20250106-old.md": BOOK.replace("2026", "2025")}
FILES = {f"{EVENT}.md": BOOK}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, FILES) as made:
        yield made


def label(world: Scene, kind: str, key: str) -> str | None:
    with world.stage.bot.database.reading() as uow:
        return uow.labels.get(kind, key)


def move(world: Scene, end: str) -> None:
    """Somebody writes another end into the file."""
    path = world.schedules / f"{EVENT}.md"
    path.write_text(BOOK.replace("end: 2026-01-09", f"end: {end}"))


class TestLabels:
    async def test_names_of_channels_follow_what_slack_tells(self, world: Scene) -> None:
        async with world.bot():
            await world.look()
            made = world.workspace.add_channel("ml-talk", world.stage.organizer)
            await world.hear()
            assert label(world, "channel", made.id) == "ml-talk"
            world.workspace.rename_channel(made, world.stage.organizer, "ai-talk")
            await world.hear()
            assert label(world, "channel", made.id) == "ai-talk"

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["subteam_created", "subteam_updated"])
    async def test_names_of_groups_too(self, world: Scene, kind: str) -> None:
        async with world.bot():
            world.workspace.emit({"type": kind, "subteam": {"id": "S1", "handle": "authors"}})
            await world.hear()
            assert label(world, "usergroup", "S1") == "authors"

    @pytest.mark.slow
    async def test_and_aliases_of_emoji(self, world: Scene) -> None:
        def tell(**what: Any) -> None:
            world.workspace.emit({"type": "emoji_changed", **what})

        async with world.bot():
            tell(subtype="add", name="yes", value="alias:white_check_mark")
            tell(subtype="add", name="party", value="https://emoji.example/party.png")
            await world.hear()
            assert label(world, "emoji", "yes") == "white_check_mark"
            assert label(world, "emoji", "party") is None
            tell(subtype="rename", old_name="yes", new_name="yep", value="alias:white_check_mark")
            await world.hear()
            assert label(world, "emoji", "yep") == "white_check_mark"
            tell(subtype="remove", names=["yep"])
            await world.hear()
            assert label(world, "emoji", "yep") is None

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "event",
        [
            {"type": "channel_rename", "channel": "C1"},
            {"type": "subteam_updated", "subteam": {"id": 5}},
            {"type": "emoji_changed", "subtype": "add"},
            {"type": "team_join", "user": "U1"},
        ],
    )
    async def test_what_is_not_as_documented_is_parked(
        self, world: Scene, event: dict[str, Any]
    ) -> None:
        async with world.bot() as bot:
            world.workspace.emit(event)
            await world.hear()
            with bot.database.reading() as uow:
                assert uow.inbox.parked() == 1


class TestRenamedChannels:
    @pytest.mark.slow
    async def test_the_end_of_an_open_session_moves_after_its_channel_was_renamed(
        self, world: Scene
    ) -> None:
        async with world.bot():
            await world.to(START)
        world.workspace.rename_channel(world.channel, world.stage.organizer, "books")
        move(world, "2026-01-08")
        async with world.bot():
            session = world.session()
            assert session is not None
            assert session.event.end == END - timedelta(days=1)
            await world.to(END - timedelta(days=1))
            session = world.session()
            assert session is not None
            assert session.state is State.ARCHIVED

    @pytest.mark.slow
    async def test_a_session_to_come_opens_in_its_channel_whatever_it_is_called(
        self, world: Scene
    ) -> None:
        async with world.bot():
            await world.look()
        world.workspace.rename_channel(world.channel, world.stage.organizer, "books")
        async with world.bot(organizers=world.stage.organizer):
            await world.to(START)
            assert len(world.posted("books")) == 1
            (told,) = [t for t in world.told() if "was renamed" in t]
            assert "The channel #book-of-the-week was renamed to #books" in told

    async def test_a_new_channel_of_the_old_name_is_meant(self, world: Scene) -> None:
        async with world.bot():
            await world.look()
        world.workspace.rename_channel(world.channel, world.stage.organizer, "books")
        world.workspace.add_channel("book-of-the-week", world.stage.organizer)
        async with world.bot():
            await world.to(START)
            assert len(world.posted("book-of-the-week")) == 1
            assert world.posted("books") == []

    @pytest.mark.slow
    async def test_a_plan_changes_while_its_channel_is_archived(self, world: Scene) -> None:
        async with world.bot():
            await world.look()
        world.workspace.archive(world.channel, world.stage.organizer)
        move(world, "2026-01-08")
        async with world.bot(organizers=world.stage.organizer):
            session = world.session()
            assert session is not None
            assert session.event.end == END - timedelta(days=1)
            assert any("is archived, deleted, or private" in told for told in world.told())


@pytest.mark.slow
class TestTheOrganizersChannel:
    def desk(self, world: Scene) -> Any:
        bot = world.workspace.bot.user_id
        organizer = world.stage.organizer
        return world.workspace.add_channel("desk", organizer, is_private=True, members=[bot])

    def wrong(self, world: Scene) -> None:
        (world.schedules / "20260119-wrong.md").write_text(BOOK.replace("title:", "titel:"))

    async def test_renamed_it_is_the_organizers_still(self, world: Scene) -> None:
        desk = self.desk(world)
        async with world.bot(organizers_channel="desk"):
            await world.to(START)
        world.workspace.rename_channel(desk, world.stage.organizer, "office")
        self.wrong(world)
        async with world.bot(organizers_channel="desk"):
            said = [m.text for m in world.posted("office")]
            assert any("20260119-wrong" in text for text in said)
            assert any("was renamed to #office" in text for text in said)

    async def test_archived_it_keeps_the_bot_from_nothing(
        self, world: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        desk = self.desk(world)
        async with world.bot(organizers_channel="desk"):
            await world.to(START)
            world.say("ben", "Before?")
        world.workspace.archive(desk, world.stage.organizer)
        self.wrong(world)
        async with world.bot(organizers_channel="desk", organizers=world.stage.organizer):
            world.say("ben", "After?")
            for words in ("20260119-wrong", "is archived, deleted, or private"):
                await until(lambda words=words: any(words in told for told in world.told()), words)
            await world.to(END)
            assert [text for _name, text, _ in world.threads()] == ["Before?", "After?"]
        assert "MARGINALIA_ORGANIZERS_CHANNEL: the channel #desk is archived" in caplog.text

    async def test_archived_while_the_bot_runs_each_organizer_is_told_what_was_for_it(
        self, world: Scene
    ) -> None:
        desk = self.desk(world)
        async with world.bot(organizers_channel="desk", organizers=world.stage.organizer):
            await world.to(START)
            world.workspace.archive(desk, world.stage.organizer)
            self.wrong(world)
            for words in ("20260119-wrong", "Nothing can be posted in"):
                await until(lambda words=words: any(words in told for told in world.told()), words)

    async def test_one_that_never_was_there_is_told_and_keeps_the_bot_from_nothing(
        self, world: Scene
    ) -> None:
        async with world.bot(organizers_channel="desk", organizers=world.stage.organizer):
            await world.to(START)
            assert len(world.posted()) == 1
            assert any("there is no channel #desk" in told for told in world.told())


class TestRemoval:
    @pytest.mark.parametrize("event", ["app_uninstalled", "tokens_revoked"])
    async def test_the_bot_ends_in_one_line(self, world: Scene, event: str) -> None:
        fault = CallFault("auth.test", "error", count=100, error="account_inactive")
        async with world.bot() as bot:
            world.stage.box.faults.calls.append(fault)
            world.workspace.emit({"type": event})
            with pytest.raises(UserError, match="account_inactive") as ended:
                await asyncio.wait_for(bot.wait(), PATIENCE)
        assert "SLACK_BOT_TOKEN" in str(ended.value)
        assert "\n" not in str(ended.value)

    @pytest.mark.slow
    async def test_another_tokens_end_is_not_ours(self, world: Scene) -> None:
        async with world.bot() as bot:
            world.workspace.emit({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})
            await world.hear()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(bot.wait(), 0.3)


async def test_the_log_says_who_runs_on_what_and_what_happens(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    async with scene(tmp_path, {**FILES, **PAST}) as world:
        async with world.bot():
            await world.to(START)
            await world.to(END)
        lines = [record.getMessage() for record in caplog.records]
        place = world.folder / "marginalia.db"
        team, bot = world.workspace.team, world.workspace.bot.user_id
    assert (
        f"connected to the workspace Sandbox ({team}, https://sandbox.slack.com/) as marginalia "
        f"({bot}); the database is {place}"
    ) in lines
    next_ = "2026-01-05 00:00 to 2026-01-09 22:59 UTC in #book-of-the-week"
    assert f"1 event is planned; next: {EVENT}, {next_}" in lines
    assert sum(1 for line in lines if f"session 1 on {EVENT} is open in" in line) == 1
    assert lines.count(f"session 1 on {EVENT} is closed") == 1
    assert sum(1 for line in lines if "the archive of session 1 is in" in line) == 1


@pytest.mark.slow
async def test_channels_that_slack_does_not_tell_hold_up_no_session(
    world: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody installed the app again without a scope, in the middle of a session."""
    later = BOOK.replace("2026-01-05", "2026-02-05").replace("2026-01-09", "2026-02-09")
    async with world.bot():
        await world.to(START)
    (world.schedules / "20260205-later.md").write_text(later)
    for method in ("users.conversations", "conversations.list"):
        fault = CallFault(method, "error", count=1000, error="missing_scope")
        world.stage.box.faults.calls.append(fault)
    async with world.bot(organizers=world.stage.organizer):
        await world.to(END)
        session = world.session()
        assert session is not None
        assert session.state is State.ARCHIVED
        (told,) = [t for t in world.told() if "missing_scope" in t]
        assert ": missing_scope; the app lacks a permission" in told  # whichever came first
    assert "users.conversations: missing_scope; the app lacks a permission" in caplog.text
    assert "SlackApiError" not in caplog.text

"""The bot meets what few channels have: restrictions, other workspaces, huddles, deleted files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.slack import reconcile
from slackbox.model import OPEN, Posting
from tests.scene import BOOK, END, EVENT, START, Scene, scene, text_of
from tests.waiting import PATIENCE, until


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


# --- restrictions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("posting", "code"),
    [
        (Posting(is_read_only=True), "restricted_action_read_only_channel"),
        (Posting(is_thread_only=True), "restricted_action_thread_only_channel"),
        (Posting(restricted=True), "restricted_action"),
    ],
)
async def test_an_announcement_waits_until_the_bot_may_post_it(
    world: Scene, posting: Posting, code: str
) -> None:
    organizer = world.stage.organizer
    async with world.bot(organizers=organizer):
        world.workspace.restrict(world.channel, organizer, posting)
        await world.stage.until(START)
        await until(lambda: any(code in text for text in world.told()))
        assert world.posted() == []
        # Slack tells of the change, so nobody waits for the next attempt.
        world.workspace.restrict(world.channel, organizer, OPEN)
        await until(world.posted)
        (announcement,) = world.posted()
        assert "The Book" in text_of(announcement)
        assert len([text for text in world.told() if code in text]) == 1


@pytest.mark.slow
async def test_a_read_only_channel_in_which_the_bot_is_allowed_is_like_any_other(
    world: Scene,
) -> None:
    bot = world.workspace.bot.user_id
    posting = Posting(is_read_only=True, allowed=frozenset({bot}))
    async with world.bot(organizers=world.stage.organizer):
        world.workspace.restrict(world.channel, world.stage.organizer, posting)
        await world.to(START)
        assert len(world.posted()) == 1
        assert world.told() == []


# --- Slack Connect ---------------------------------------------------------------------------


async def test_people_of_another_workspace_ask_and_answer_under_their_names(
    tmp_path: Path,
) -> None:
    files = {
        f"{EVENT}.md": BOOK.replace("[Ada Author, Nobody Known]", "[noor]"),
        "people/noor.md": "---\nshort: noor\ntitle: Noor Aldine\nslack: U0NOOR0001\n---\n",
    }
    async with scene(tmp_path, files) as world:
        noor = world.workspace.add_person(
            "Noor Aldine", "noor", user="U0NOOR0001", workspace="Aldine Press"
        )
        omar = world.workspace.add_person("Omar Reader", "", workspace="Aldine Press")
        for member in (noor, omar):
            world.workspace.join(world.channel, member.id)
        world.stage.ids.update(noor=noor.id, omar=omar.id)
        async with world.bot() as bot:
            await world.to(START)
            asked = world.say("omar", f"Is it for me, <@{noor.id}>?")
            world.say("noor", "It is.", asked)
            await world.hear()
            assert await bot.edge.names.wait_idle()
            await world.to(END)
            assert "1 question, 1 answer" in text_of(world.posted()[-1])
            assert world.threads() == [("Omar Reader", "Is it for me, noor?", [("noor", "It is.")])]


@pytest.mark.slow
async def test_an_author_of_another_workspace_is_found_by_name_once_they_write(
    tmp_path: Path,
) -> None:
    file = BOOK.replace("[Ada Author, Nobody Known]", "[Noor Aldine]")
    async with scene(tmp_path, {f"{EVENT}.md": file}) as world:
        noor = world.workspace.add_person("Noor Aldine", "noor", workspace="Aldine Press")
        world.workspace.join(world.channel, noor.id)
        world.stage.ids["noor"] = noor.id
        async with world.bot() as bot:
            await world.to(START)
            asked = world.say("ben", "Is it for me?")
            world.say("noor", "It is.", asked)
            await world.hear()
            assert await bot.edge.names.wait_idle()
            await until(lambda: noor.id in (s.author_ids if (s := world.session()) else ()))
            await until(lambda: f"<@{noor.id}>" in text_of(world.posted()[0]))
            await world.to(END)
            assert "1 question, 1 answer" in text_of(world.posted()[-1])


# --- messages of other kinds -----------------------------------------------------------------


@pytest.mark.slow
async def test_a_huddle_is_no_question_and_what_is_said_in_it_no_answer(world: Scene) -> None:
    async with world.bot() as bot:
        await world.to(START)
        asked = world.say("ben", "Why?")
        huddle = world.workspace.start_huddle(world.channel, world.id("ben"))
        world.say("cleo", "Do you hear me?", huddle.ts)
        world.say("ada", "I do.", huddle.ts)
        await world.hear()
        world.workspace.end_huddle(world.channel, huddle)
        world.say("ada", "Because.", asked)
        await world.hear()
        session = world.session()
        assert session is not None
        report = await bot.edge.reconciler.whole(session.id)
        assert (report.repaired, report.deleted) == (0, 0)
        await world.to(END)
        assert "1 question, 1 answer, 2 participants" in text_of(world.posted()[-1])
        assert world.threads() == [("Ben", "Why?", [("Ada Author", "Because.")])]


@pytest.mark.slow
async def test_me_is_a_question_like_any_other(world: Scene) -> None:
    async with world.bot():
        await world.to(START)
        world.say("ben", "wonders *why*", subtype="me_message")
        await world.to(END)
        assert world.threads() == [("Ben", "wonders **why**", [])]


@pytest.mark.slow
async def test_a_file_that_was_deleted_is_not_in_the_archive(
    world: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "GRACE", timedelta(0))
    async with world.bot():
        await world.to(START)
        picture = world.workspace.upload(world.id("ben"), "diagram.png", b"png")
        world.say("ben", "See the picture?", files=[picture])
        await world.hear()
        world.workspace.delete_file(picture)
        await world.to(END)
        ((_, text, _),) = world.threads()
        assert text.startswith("See the picture?")
        assert "diagram.png" not in text
        assert "http" not in text


@pytest.mark.slow
async def test_what_the_bot_answers_in_the_channel_is_no_question(world: Scene) -> None:
    async with world.bot():
        await world.to(START)
        url = world.stage.box.surfaces.response_url(world.channel.id, world.id("ben"))
        token = url.partition("/response/")[2]
        world.stage.box.surfaces.respond(token, {"text": "42", "response_type": "in_channel"})
        await world.to(END)
        assert world.threads() == []


# --- sockets ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_nothing_is_missed_while_slack_renews_the_connection(
    world: Scene, reason: str
) -> None:
    async with world.bot():
        await world.to(START)
        dispatcher = world.stage.box.dispatcher
        old = set(dispatcher.sockets)
        dispatcher.ask_to_reconnect(reason, seconds=0.3)
        texts = []
        async with asyncio.timeout(PATIENCE):
            while not dispatcher.sockets or old & set(dispatcher.sockets):
                texts.append(f"Question {len(texts)}?")
                world.say("ben", texts[-1])
                await asyncio.sleep(0.02)
        await world.hear()
        assert not dispatcher.lost
        assert world.stored_texts() == texts

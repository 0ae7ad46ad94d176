"""The announcement: what it says once, and its picture; and questions that are acknowledged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.sessions.model import Author, Event, Session, State
from bot.settings import Settings
from bot.slack.blocks.announcement import announcement
from tests.scene import END, START, scene, text_of
from tests.slack.member_driver import MemberDriver, open_session, words

EVENT = Event(
    "20260105-the-book",
    "The Book",
    datetime(2026, 1, 5, tzinfo=UTC),
    datetime(2026, 1, 9, 23, tzinfo=UTC),
    description="Book of the Week. The Book by Ada Author",
    authors=(Author("ada", "Ada Author"), Author("Bo", "Bo Other", "U0B0")),
    cover="images/books/20260105-the-book/cover.jpg",
)
WEBSITE = "https://books.example/"


def said(
    website: str = WEBSITE, state: State = State.OPEN, **changed: object
) -> list[dict[str, Any]]:
    """The blocks of the announcement of a changed event."""
    event = replace(EVENT, **changed)
    return announcement(Session(1, event, "C0BOOK", state), website)[1]


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED])
def test_title_and_authors_are_said_once(state: State) -> None:
    seen = words([b for b in said(state=state) if b["type"] != "image"])
    assert seen.count("The Book") == 1
    assert seen.count("Ada Author") == 1
    assert seen.count("<@U0B0>") == 1


def test_a_description_that_says_more_is_shown_whole() -> None:
    text = "Ada Author on how The Book was written"
    assert text in words(said(description=text))


def test_a_title_that_the_heading_cuts_is_said_whole_below() -> None:
    title = "A very long title " * 12
    seen = words(said(title=title))
    assert f"*{title}*" in seen


@pytest.mark.parametrize(
    ("cover", "website", "shown"),
    [
        ("images/a b.jpg", WEBSITE, "https://books.example/images/a%20b.jpg"),
        ("/images/a.PNG", "https://books.example", "https://books.example/images/a.PNG"),
        ("https://other.example/a.gif?x=1", "", "https://other.example/a.gif?x=1"),
        ("https://other.example/cover", "", "https://other.example/cover"),
        ("images/a.jpg", "", None),
        ("images/a.webp", WEBSITE, None),
        ("images/" + "a" * 3000 + ".jpg", WEBSITE, None),
        (None, WEBSITE, None),
    ],
)
def test_the_cover_is_a_picture_where_slack_shows_it(
    cover: str | None, website: str, shown: str | None
) -> None:
    blocks = said(website, cover=cover)
    assert [b["image_url"] for b in blocks if b["type"] == "image"] == ([shown] if shown else [])


def test_a_path_is_never_shown_and_another_kind_of_picture_is_a_link() -> None:
    assert "images/" not in words(said(""))
    assert "<https://books.example/images/a.webp|Cover>" in words(said(cover="images/a.webp"))


@pytest.mark.slow
async def test_a_picture_that_slack_cannot_load_keeps_nothing_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as world, world.bot(website="https://books.example"):
        world.workspace.bad_pictures.add("https://books.example")
        await world.to(START)
        (posted,) = world.posted()
        assert "How to ask" in text_of(posted)


class TestAcknowledging:
    async def test_each_question_in_the_channel_gets_the_reaction(self, tmp_path: Path) -> None:
        async with open_session(tmp_path, acknowledge=":eyes:") as world:
            asked = world.say("ben", "Which chapter should I read first?")
            reply = world.say("cleo", "The first?", asked)
            talk = world.say("cleo", "Hi all!")
            own = world.say("ada", "What do you think?")
            await world.hear()
            await MemberDriver(world, "ben").types("/ask", "Will there be a second edition?")
            await world.hear()
            world.edit("ben", asked, "Which chapter should one read first?")
            await world.look()
            messages = world.channel.messages
            bot = world.workspace.bot.user_id
            marked = {m.ts for m in messages.values() if bot in (m.reactions.get("eyes") or ())}
            assert marked == {asked}
            assert not marked & {reply, talk, own}
            assert "1 vote" not in await MemberDriver(world, "ada").home()

    @pytest.mark.slow
    async def test_without_the_setting_nothing_is_marked(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            world.say("ben", "Which chapter should I read first?")
            await world.look()
            assert not any(m.reactions for m in world.channel.messages.values())

    def test_a_vote_is_refused_and_so_is_what_is_no_emoji(self) -> None:
        assert Settings(_env_file=None, acknowledge=" :eyes: ").acknowledge == "eyes"
        for wrong, what in (("+1", "would count as a vote"), ("👀 x", "not the name of an emoji")):
            with pytest.raises(UserError, match=what):
                Settings(_env_file=None, acknowledge=wrong)


@pytest.mark.parametrize("url", ["", "https://books.example/a/"])
async def test_the_closing_message_leads_to_the_books_page(tmp_path: Path, url: str) -> None:
    async with open_session(tmp_path, site_url=url) as world:
        await world.to(END)
        closing = world.posted()[-1]
        assert "is closed" in closing.text
        shown = words(closing.blocks)
        book = world.session().event.id
        page = f"<https://books.example/a/books/{book}.html|You can read"
        assert (page in shown) == bool(url), shown

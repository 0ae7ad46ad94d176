"""A book, its people, a sandbox, the real bot and a clock that stands: what most tests need.

A test acts as people do and looks where people look: at the channel, at private notes, at the
file on disk. Time passes only when the test says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.demo.script import Actor, Script
from bot.demo.stage import CHANNEL, Stage, staged
from bot.library import archive
from bot.library.formats import Entry
from bot.running.bot import Bot
from bot.sessions.model import Session
from slackbox.manifest import Manifest
from slackbox.model import Message
from tests.databases import fresh_sqlite
from tests.waiting import PATIENCE

START = datetime(2026, 1, 5, tzinfo=UTC)
END = datetime(2026, 1, 9, 22, 59, 59, tzinfo=UTC)
EVENT = "20260105-the-book"
BOOK = """\
---
title: "The Book"
description: "Book of the Week. The Book by Ada Author"
cover: "images/books/20260105-the-book/cover.jpg"
start: 2026-01-05 00:00:00
end: 2026-01-09 22:59:59
authors: [Ada Author, Nobody Known]
links:
  - text: Book's page
    link: https://book.example/?a=1&b=2
---

What *it* is about."""

PEOPLE = (
    Actor("ada", "Ada Author", "Ada Author", "Europe/London"),
    Actor("ben", "Ben", "Ben Reader", "Europe/Berlin"),
    Actor("cleo", "", "Cleo Reader", "Asia/Tokyo"),
)


class Scene:
    """One test's world. Times are aware UTC."""

    def __init__(self, stage: Stage, folder: Path):
        self.stage = stage
        self.folder = folder
        self.schedules = folder / "schedules"
        self.workspace = stage.box.workspace
        self.channel = stage.channel

    @asynccontextmanager
    async def bot(self, **settings: Any) -> AsyncIterator[Bot]:
        """The bot runs; it has done what was due at once."""
        async with self.stage.hosting(self.schedules, self.folder, **settings) as bot:
            await self.look()
            yield bot

    async def look(self) -> None:
        """The bot looks at what is due and does it; all that is on its way arrives."""
        await self.stage.settle()
        await self.stage.bot.tick()
        await self.stage.settle()
        await self.stage.bot.tick()

    async def to(self, at: datetime) -> None:
        """It becomes `at`."""
        await self.stage.until(at)
        await self.look()

    async def hear(self) -> None:
        """Everything on its way arrives, and is handled."""
        await self.stage.settle()

    # What people do

    def id(self, who: str) -> str:
        """A person's Slack member ID."""
        return self.stage.ids[who]

    def say(self, who: str, text: str, thread: str | None = None, **more: Any) -> str:
        """Posts, a moment later; gives the `ts`."""
        self.stage.clock.advance(timedelta(seconds=1))
        user = self.id(who)
        return self.workspace.post(self.channel, text, user=user, thread_ts=thread, **more).ts

    def edit(self, who: str, ts: str, text: str) -> None:
        """Edits a message of one's own."""
        self.stage.clock.advance(timedelta(seconds=1))
        message = self.workspace.message(self.channel, ts)
        self.workspace.edit(self.channel, message, editor=self.id(who), text=text)

    def delete(self, ts: str) -> None:
        """Deletes a message."""
        self.workspace.delete(self.channel, self.workspace.message(self.channel, ts))

    def react(self, who: str, ts: str, name: str) -> None:
        """Adds a reaction."""
        message = self.workspace.message(self.channel, ts)
        self.workspace.react(self.channel, message, self.id(who), name)

    # What people see

    def posted(self, channel: str = CHANNEL) -> list[Message]:
        """What the bot posted in a channel at top level, oldest first."""
        place = self.workspace.channel(channel)
        bot = self.workspace.bot.user_id
        return [m for k in place.timeline if (m := place.messages[k]).user == bot and not m.subtype]

    def announcements(self) -> list[Message]:
        """The bot's messages that open or close a session."""
        return self.posted()

    def notes(self, who: str) -> list[str]:
        """The private notes a person got in the channel."""
        return [e.text for e in self.workspace.ephemerals if e.user == self.id(who)]

    async def notes_after(self, count: int) -> list[str]:
        """The private notes beyond the first `count`, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while len(self.workspace.ephemerals) <= count:
                await asyncio.sleep(0.005)
        return [e.text for e in self.workspace.ephemerals[count:]]

    def told(self) -> list[str]:
        """What the organizer was told by direct message."""
        place = self.workspace.im(self.stage.organizer)
        return [m.text for m in place.messages.values() if m.user == self.workspace.bot.user_id]

    def session(self, event: str = EVENT) -> Session | None:
        """The event's session as it is stored."""
        with self.stage.bot.database.reading() as uow:
            return uow.sessions.by_event(event)

    def stored_texts(self, event: str = EVENT) -> list[str]:
        """The texts of all messages that the event's session holds, by `ts`."""
        with self.stage.bot.database.reading() as uow:
            session = uow.sessions.by_event(event)
            assert session is not None
            return [m.content.get("text", "") for m in uow.messages.of_session(session.id)]

    def archive(self, event: str = EVENT) -> list[Entry]:
        """The archive in the schedule file."""
        return archive.read(self.schedules / f"{event}.md")

    def threads(self, event: str = EVENT) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """The archive as names and texts alone."""
        return [
            (t.name, t.text, [(r.name, r.text) for r in t.replies]) for t in self.archive(event)
        ]


@asynccontextmanager
async def scene(
    folder: Path,
    files: Mapping[str, str] | None = None,
    start: datetime = START - timedelta(hours=1),
    people: Sequence[Actor] = PEOPLE,
    manifest: Path | Manifest | None = None,
) -> AsyncIterator[Scene]:
    """A world in `folder` with schedule files (the book, if none are given); no bot runs yet."""
    schedules = folder / "schedules"
    for name, text in (files if files is not None else {f"{EVENT}.md": BOOK}).items():
        path = schedules / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    database = folder / "marginalia.db"
    if not database.exists():
        fresh_sqlite(database)
    async with staged(Script(tuple(people)), start, manifest) as stage:
        yield Scene(stage, folder)
        # Slack ignores an argument that a method does not know, so nothing else would tell.
        assert not stage.box.api.ignored


def text_of(message: Message) -> str:
    """All that a message shows in its blocks, as it was sent."""
    parts: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("text", "alt_text", "image_url", "url") and isinstance(inner, str):
                    parts.append(inner)
                else:
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(message.blocks or [])
    return "\n".join(parts)

"""People in a scene who type, click and choose, and see what comes of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from slackbox.model import Ephemeral, Message
from slackbox.person import Outcome, Person
from slackbox.surfaces import View
from tests.scene import BOOK, CHANNEL, EVENT, START, Scene, scene
from tests.waiting import until


class MemberDriver:
    """One person of a scene."""

    def __init__(self, world: Scene, who: str):
        self.world = world
        self.id = world.id(who) if who in world.stage.ids else who
        self.person: Person = world.stage.box.person(self.id)

    # Commands and shortcuts

    async def types(self, command: str, text: str = "") -> str:
        """Types a command in the channel; gives the note that answers it."""
        return (await self.answer(self.person.command(command, text, CHANNEL))).text

    async def qa(self, text: str) -> str:
        """`/qa …`; all that the answer shows."""
        return shown(await self.answer(self.person.command("/qa", text, CHANNEL)))

    async def answer(self, doing: Any) -> Ephemeral:
        """Does something; gives the private note that comes of it."""
        before = len(self._notes())
        outcome: Outcome = await doing
        assert outcome.acknowledged, outcome
        return (await until(lambda: self._notes()[before:]))[0]

    async def opens(self, doing: Any) -> View:
        """Does something that opens a form; gives the form."""
        before = self.form
        outcome: Outcome = await doing
        assert outcome.acknowledged, outcome
        return await until(lambda: self.form if self.form is not before else None)

    async def ask(self) -> View:
        """Opens the form to ask with by the shortcut."""
        return await self.opens(self.person.shortcut("ask"))

    async def shortcut(self, name: str, ts: str) -> str:
        """Uses a shortcut on a message of the channel; gives the note that answers it."""
        doing = self.person.message_shortcut(name, CHANNEL, ts)
        return (await self.answer(doing)).text

    # Forms

    @property
    def form(self) -> View | None:
        """The form that is open."""
        return self.world.stage.box.surfaces.top(self.id)

    async def submits(self, *texts: str, **values: Any) -> Outcome:
        """Fills in the form to ask with and sends it."""
        for number, text in enumerate(texts):
            self.person.fill("text", text, f"question{number}")
        for action, value in values.items():
            self.person.fill(action, value)
        outcome = await self.person.submit()
        await self.world.hear()
        return outcome

    async def places(self, doing: Any, words: str) -> Outcome:
        """In the form of a correction chooses the first question that fits the words."""
        await self.opens(doing)
        options = await self.person.suggest("pick_question", words)
        outcome = await self.person.submit({"pick_question": options[0]["value"]})
        await self.world.hear()
        return outcome

    # The App Home

    async def home(self) -> str:
        """Opens the App Home; what it shows once it is published."""
        self.person.open_home()
        await self.world.hear()
        await self.world.stage.bot.edge.homes.refresh()
        # It may be on its way already.
        await until(lambda: self.world.stage.box.surfaces.homes.get(self.id))
        return self.home_now()

    def home_now(self) -> str:
        """What the App Home shows, without opening it again."""
        view = self.world.stage.box.surfaces.homes.get(self.id)
        return words(view.content["blocks"]) if view is not None else ""

    async def clicks(self, action: str, block: str | None = None, value: Any = None) -> None:
        """Clicks in the App Home, and sees it change."""
        before = self.home_now()
        outcome = await self.person.act(action, value, view="home", block_id=block)
        assert outcome.acknowledged
        await until(lambda: self.home_now() != before)
        await self.world.hear()

    # What is seen

    def _notes(self) -> list[Ephemeral]:
        return [e for e in self.world.workspace.ephemerals if e.user == self.id]

    def direct(self) -> list[Message]:
        """What the bot wrote to the person directly."""
        place = self.world.workspace.im(self.id)
        bot = self.world.workspace.bot.user_id
        return [m for m in place.messages.values() if m.user == bot]


def words(blocks: Any) -> str:
    """All texts in blocks, and the actions one can take."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                found.append(value["text"])
            if "action_id" in value:
                found.append(f"[{value['action_id']}]")
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(blocks)
    return "\n".join(found)


def shown(note: Ephemeral) -> str:
    """All that a note shows."""
    return note.text + "\n" + words(note.blocks or [])


def asked(world: Scene, text: str) -> Message:
    """The message in the channel that has this text."""
    for message in world.channel.messages.values():
        if text in message.text and message.deleted_at is None:
            return message
    raise AssertionError(f"nobody asked {text!r}")


def stored(world: Scene) -> str:
    """All that the database holds, as text."""
    from sqlalchemy import text as sql

    from bot.store.tables import metadata

    with world.stage.bot.database.engine.connect() as connection:
        rows = {
            name: [tuple(row) for row in connection.execute(sql(f'SELECT * FROM "{name}"'))]
            for name in metadata.tables
        }
    return json.dumps(rows, default=str)


@asynccontextmanager
async def open_session(folder: Path, book: str = BOOK, **settings: Any) -> AsyncIterator[Scene]:
    """A world whose session is open, with the bot in it; its organizer is one."""
    async with scene(folder, {f"{EVENT}.md": book}) as world:
        options = {"organizers": (world.stage.organizer,), **settings}
        async with world.bot(**options):
            await world.to(START)
            yield world

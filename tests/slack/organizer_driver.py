"""An organizer at work: types commands, fills in forms, looks at what comes of it."""

from __future__ import annotations

import json
from typing import Any

from slackbox.model import Json, Message
from slackbox.person import Outcome, Person
from tests.scene import CHANNEL, Scene, text_of
from tests.waiting import PATIENCE


class OrganizerDriver:
    """One person with the app in the channel of the book. `who` is a member ID."""

    def __init__(self, world: Scene, who: str):
        self.world = world
        self.who = who
        self.person: Person = world.stage.box.person(who)

    async def qa(self, text: str) -> str:
        """What the person reads who types `/qa text`, blocks and all."""
        before = len(self.world.workspace.ephemerals)
        outcome = await self.person.command("/qa", text, CHANNEL)
        assert outcome.acknowledged, outcome
        await self.world.notes_after(before)
        return self.notes(before)

    async def form(self, text: str) -> Json:
        """The form that `/qa text` opens."""
        outcome = await self.person.command("/qa", text, CHANNEL)
        assert outcome.acknowledged, outcome
        return await self.open_form()

    async def open_form(self) -> Json:
        """The form that is open, once it is."""
        import asyncio

        async with asyncio.timeout(PATIENCE):
            while (view := self.world.stage.box.surfaces.top(self.who)) is None:
                await asyncio.sleep(0.005)
        return view.content

    async def submit(self, **values: Any) -> Outcome:
        """Fills in the open form and submits it."""
        return await self.person.submit(values)

    def notes(self, since: int = 0) -> str:
        """What was said to the person alone in the channel."""
        found = self.world.workspace.ephemerals[since:]
        return "\n".join(
            f"{e.text}\n{json.dumps(e.blocks or [], ensure_ascii=False)}"
            for e in found
            if e.user == self.who
        )

    def direct(self, who: str | None = None) -> list[Message]:
        """What the bot wrote to the person (or another) by direct message."""
        place = self.world.workspace.im(who or self.who)
        bot = self.world.workspace.bot.user_id
        return [m for m in place.messages.values() if m.user == bot]

    def direct_text(self, who: str | None = None) -> str:
        """All of it, as text."""
        return "\n".join(f"{m.text}\n{text_of(m)}" for m in self.direct(who))

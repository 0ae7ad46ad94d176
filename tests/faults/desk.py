"""People who use the app in a fault run: what they do, and what they were told came of it.

What a person was told is done must be so at the end, and be done once. What nobody was told may
be done or not: the person would look, or ask again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from slackbox.client import Control
from slackbox.errors import Refusal
from slackbox.person import Outcome
from tests.faults.week import CHANNEL, Week

ORGANIZERS = "qa-team"
"""The channel in which the bot tells organizers."""
PATIENCE = 1.5
"""Seconds until a person who hears nothing does it again."""
TRIES = 5


@dataclass(slots=True)
class Told:
    """Something that one person did: `said` are the words of an answer that says it is done."""

    step: str
    who: str
    mark: str = ""
    said: tuple[str, ...] = ()
    ts: str = ""
    done: bool = False
    anonymous: bool = False


Step = Callable[[str], Awaitable[Told | None]]


@dataclass(slots=True)
class HandlerContext:
    """Readers and organizers; each does one thing, so that an answer is known by who got it."""

    control: Control
    week: Week
    random: Random
    event: str
    readers: list[str] = field(default_factory=list)
    organizers: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    muted: list[Told] = field(default_factory=list)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def enter(self) -> None:
        """Everybody joins; the organizers have their own channel."""
        self.readers = await self.week.join(*(f"Asker {n}" for n in range(10)))
        self.organizers = await self.week.join(*(f"Organizer {n}" for n in range(8)))
        await self.control.add_channel(ORGANIZERS, self.organizers[0], members=self.organizers[1:])

    async def do(self, name: str) -> Told | None:
        """Somebody does a step: one at a time, and nobody while the database is put back."""
        step, people = {
            "ask": (self._ask, self.readers),
            "ask with the form": (self._form, self.readers),
            "ask without a name": (self._without_name, self.readers),
            "vote": (self._vote, self.readers),
            "hide": (self._hide, self.organizers),
            "mute": (self._mute, self.organizers),
            "extend": (self._extend, self.organizers),
            "close": (self._close, self.organizers),
            "draw": (self._draw, self.organizers),
        }[name]
        async with self.busy:
            told = await step(people.pop())
        if told is not None:
            self.told.append(told)
        return told

    def of(self, *steps: str) -> list[Told]:
        """What was done by these steps."""
        return [told for told in self.told if told.step in steps]

    async def hear(self) -> None:
        """What came as a private note, however late."""
        notes = (await self.control.workspace())["ephemerals"]
        for told in self.told:
            heard = [n["text"] for n in notes if n["user"] == told.who]
            told.done |= any(word in text for word in told.said for text in heard)

    async def unheard(self) -> list[Told]:
        """What nobody was told yet."""
        await self.hear()
        return [told for told in self.told if not told.done]

    async def forget(self, unheard: list[Told]) -> None:
        """The database of which somebody was told late is gone: nobody counts on that any more."""
        await self.hear()
        for told in unheard:
            if told.done:
                told.done, told.said = False, ()

    # Steps

    async def _ask(self, who: str) -> Told:
        told = Told("ask", who, self.week.mark(), ("on its way", "opens"))
        await self._types(who, "/ask", f"{self._words()} {told.mark}", told.said)
        return told

    async def _form(self, who: str) -> Told:
        return await self._asks(Told("ask with the form", who, self.week.mark()))

    async def _without_name(self, who: str) -> Told:
        told = Told("ask without a name", who, self.week.mark(), anonymous=True)
        return await self._asks(told)

    async def _asks(self, told: Told) -> Told:
        person = self.control.person(told.who)
        text = f"{self._words()} {told.mark}"
        values: dict[str, Any] = {"text": text}
        if told.anonymous:
            values["anonymous"] = ["anonymous"]
        form = await self._opens(told.who, lambda: person.shortcut("ask"))
        await self._sends(told.who, form, values)
        return await self._sends_anyway(told, form, values)

    async def _sends_anyway(self, told: Told, form: str | None, values: dict[str, Any]) -> Told:
        """Sends a question again if the form first showed questions that were answered already.

        The question counts as taken when the form thanks for it.
        """
        if any(b["type"] == "input" for b in await self._blocks(told.who)):
            await self._sends(told.who, form, values)
        told.done = "Your question is" in str(await self._blocks(told.who))
        return told

    async def _vote(self, who: str) -> Told | None:
        """Asks what was asked already, and votes for that where the form shows it."""
        standing = self.week.standing()
        if not standing:
            return None
        person, mark = self.control.person(who), self.week.mark()
        asked = self.random.choice(standing).text.split()
        text = " ".join([*(word for word in asked if not word.startswith("mk")), mark])
        form = await self._opens(who, lambda: person.shortcut("ask"))
        await self._sends(who, form, {"text": text})
        like = next((b["block_id"] for b in await self._blocks(who) if _is_like(b)), None)
        if like is None:
            told = Told("ask with the form", who, mark)
            return await self._sends_anyway(told, form, {"text": text})
        told = Told("vote", who, ts=like.removeprefix("like "))
        for _ in range(TRIES):
            await self._try(lambda: person.act("ask_mine_too", block_id=like))
            end = asyncio.get_running_loop().time() + PATIENCE
            while not told.done and asyncio.get_running_loop().time() < end:
                told.done = "Your vote is counted" in str(await self._blocks(who))
                await asyncio.sleep(0.1)
            if told.done:
                break
        return told

    async def _hide(self, who: str) -> Told | None:
        standing = self.week.standing()
        if not standing:
            return None
        ts = self.random.choice(standing).ts
        channel = (await self.control.channel(CHANNEL))["id"]
        link = f"https://x.slack.com/archives/{channel}/p{ts.replace('.', '')}"
        told = Told("hide", who, said=("left out of the archive",), ts=ts)
        await self._types(who, "/qa", f"hide {link} unkind", told.said)
        return told

    async def _mute(self, who: str) -> Told:
        (rude,) = await self.week.join("Rude Reader")
        told = Told("mute", who, rude, ("is not collected",))
        told.done = await self._types(who, "/qa", f"mute <@{rude}> rude", told.said)
        await self.control.person(rude).post(CHANNEL, f"{self._words()} {self.week.mark()}")
        return told

    async def _extend(self, who: str) -> Told:
        """Types the same again after a while without an answer, as people do."""
        told = Told("extend", who, said=("is now", "was done once"))
        for _ in range(3):
            if await self._types(who, "/qa", "extend 1 hour", told.said):
                told.done = True
                break
        return told

    async def _close(self, who: str) -> Told:
        told = Told("close", who, said=("closes now",))
        told.done = await self._types(who, "/qa", "close now", told.said)
        return told

    async def _draw(self, who: str) -> Told:
        person = self.control.person(who)
        told = Told("draw", who)
        command = f"winners 2 {self.event}"
        form = await self._opens(who, lambda: person.command("/qa", command, CHANNEL))
        told.done = await self._sends(who, form, {})
        return told

    # Hands

    async def _types(self, who: str, command: str, text: str, said: tuple[str, ...] = ()) -> bool:
        """Types a command, and waits a while for an answer if one is wanted."""
        await self._try(lambda: self.control.person(who).command(command, text, CHANNEL))
        end = asyncio.get_running_loop().time() + PATIENCE
        while said and asyncio.get_running_loop().time() < end:
            seen = (await self.control.seen_by(who, 1))["channels"]
            notes = [note["text"] for channel in seen for note in channel["notes"]]
            if any(word in text for word in said for text in notes):
                return True
            await asyncio.sleep(0.1)
        return False

    async def _opens(self, who: str, ask: Callable[[], Awaitable[Outcome]]) -> str | None:
        """Opens a form, and gives its ID; tries again when none comes."""
        for _ in range(TRIES):
            await self._try(ask)
            end = asyncio.get_running_loop().time() + PATIENCE
            while asyncio.get_running_loop().time() < end:
                if (form := await self._form_of(who)) is not None:
                    return form
                await asyncio.sleep(0.1)
        return None

    async def _form_of(self, who: str) -> str | None:
        forms = (await self.control.seen_by(who, 1))["modal"]
        return str(forms[-1]["id"]) if forms else None

    async def _blocks(self, who: str) -> list[dict[str, Any]]:
        forms = (await self.control.seen_by(who, 1))["modal"]
        return forms[-1]["blocks"] if forms else []

    async def _sends(self, who: str, form: str | None, values: dict[str, Any]) -> bool:
        """Sends a form; as it says "send it again" when that is so, it is sent again.

        One that opened late, in place of this one, is another form and is left alone.
        """
        person = self.control.person(who)
        for _ in range(TRIES):
            if form is None or await self._form_of(who) != form:
                return False
            outcome = await self._try(lambda: person.submit(values))
            if outcome is not None and outcome.acknowledged and not outcome.errors:
                return True
            await asyncio.sleep(0.3)
        return False

    async def _try(self, doing: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
        try:
            return await doing()
        except Refusal:
            return None  # Slack did not let it through

    def _words(self) -> str:
        """Words that nobody used before, so that no question is like another."""
        letters = "abcdefghiklmnoprstuvw"
        words = ("".join(self.random.choices(letters, k=7)) for _ in range(6))
        return " ".join(words).capitalize() + "?"


def _is_like(block: dict[str, Any]) -> bool:
    """Whether it shows a question that was asked already."""
    return str(block.get("block_id")).startswith("like ")

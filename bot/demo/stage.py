"""The stage: a sandbox workspace, the bot in it, and a clock that the play moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from bot.app import Bot
from bot.clock.clocks import FreeClock
from bot.demo.script import Act, Actor, Script, mentions
from bot.sandbox.model import Channel
from bot.sandbox.server import Sandbox
from bot.settings import Settings
from bot.store.database import Database

CHANNEL = "book-of-the-week"
SETTLED_WITHIN = 60.0
"""Real seconds after which a bot that is still busy counts as stuck."""

RETRY_DELAYS = (0.0, 0.5, 2.0)
"""Real seconds before Slack tells again what nobody heard; a play has not the patience of Slack."""


@dataclass(slots=True)
class Stage:
    """The people of a play in the sandbox, and the bot that listens to them."""

    box: Sandbox
    bot: Bot
    clock: FreeClock
    ids: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def channel(self) -> Channel:
        """The channel of the play."""
        return self.box.workspace.channel(CHANNEL)

    def enter(self, people: tuple[Actor, ...]) -> None:
        """The people of the play join workspace and channel."""
        for actor in people:
            member = self.box.workspace.add_person(
                actor.real_name, actor.display_name, tz=actor.tz, quiet=True
            )
            self.ids[actor.key] = member.id
            self.box.workspace.join(self.channel, member.id)

    def do(self, act: Act) -> None:
        """One act, now."""
        workspace, channel, user = self.box.workspace, self.channel, self.ids[act.who]
        text = mentions(act.text, self.ids) if not act.blocks else act.text
        blocks = [dict(block) for block in act.blocks] or None
        to = self.labels.get(act.to or "")
        match act.verb:
            case "ask":
                message = workspace.post(channel, text, user=user, blocks=blocks)
            case "thread":
                root = self.announcement()
                message = workspace.post(channel, text, user=user, blocks=blocks, thread_ts=root)
            case "reply":
                message = workspace.post(
                    channel,
                    text,
                    user=user,
                    blocks=blocks,
                    thread_ts=to,
                    broadcast=act.broadcast,
                )
            case "edit":
                message = workspace.message(channel, to or "")
                workspace.edit(channel, message, editor=user, text=text)
            case "delete":
                message = workspace.message(channel, to or "")
                workspace.delete(channel, message)
            case _:
                message = workspace.message(channel, to or "")
                workspace.react(channel, message, user, act.emoji)
        if act.label:
            self.labels[act.label] = message.ts

    def announcement(self) -> str | None:
        """The `ts` of the bot's announcement, None before it is there."""
        with self.bot.database.reading() as uow:
            session = next(iter(uow.sessions.all()), None)
            return session.announcement_ts if session else None

    async def settle(self) -> None:
        """Waits until the bot has heard everything and said what it owes.

        Raises TimeoutError if that does not happen.
        """
        async with asyncio.timeout(SETTLED_WITHIN):
            await self._delivered()
            await self.bot.edge.worker.drain()
            await self.bot.edge.pump.drain()
            await self._delivered()
            await self.bot.edge.worker.drain()

    async def _delivered(self) -> None:
        """Returns when the bot has acknowledged all that it was told."""
        while self.box.dispatcher.pending:  # noqa: ASYNC110 - the sandbox has no event for it
            await asyncio.sleep(0.005)

    async def until(self, at: datetime) -> None:
        """The clock goes on to `at`: it is put there if it stands, waited for if it runs."""
        if at <= self.clock.now():
            return
        if self.clock.speed == 0:
            self.clock.move_to(at)
            return
        await asyncio.sleep((at - self.clock.now()).total_seconds() / self.clock.speed)


@asynccontextmanager
async def staged(
    schedules: Path, folder: Path, start: datetime, speed: float, manifest: Path, script: Script
) -> AsyncIterator[Stage]:
    """A sandbox with the script's people in it and the bot running on `schedules`.

    The database is put into `folder`. The clock starts at `start` (aware UTC) and, once the bot
    is ready, runs `speed` of its seconds in a real one; it stands still at 0.
    """
    clock = FreeClock(start)
    sandbox = Sandbox(
        manifest, time_source=lambda: clock.now().timestamp(), retry_delays=RETRY_DELAYS
    )
    async with sandbox as box:
        settings = Settings(
            _env_file=None,
            SLACK_BOT_TOKEN=SecretStr(box.bot_token),
            SLACK_APP_TOKEN=SecretStr(box.app_token),
            SLACK_SIGNING_SECRET=None,
            SLACK_API_URL=box.api_url,
            database_url=f"sqlite:///{folder / 'marginalia.db'}",
            schedules=schedules,
            archive_dir=None,
            channel=CHANNEL,
            organizers=(),
            organizers_channel=None,
            port=None,
            post_interval=0,
            sweep_interval=0.1,
        )
        database = Database(settings.database_url)
        database.upgrade()
        bot = Bot(settings, database, clock)
        stage = Stage(box, bot, clock)
        stage.enter(script.people)
        await bot.start()
        clock.run(speed)
        try:
            yield stage
        finally:
            await bot.stop()
            database.close()

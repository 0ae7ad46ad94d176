"""The stage: a sandbox workspace, the bot in it, and a clock that the play moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.demo.script import Act, Actor, Script, mentions
from bot.running.bot import Bot
from bot.running.clock import FreeClock
from bot.settings import Settings
from bot.slack.manifest import text
from bot.store.database import Database
from slackbox.manifest import Manifest, read
from slackbox.server import Sandbox

CHANNEL = "book-of-the-week"
SETTLE_TIMEOUT_SECONDS = 60.0
"""Real seconds after which a bot that is still busy counts as stuck."""

RETRY_DELAYS = (0.0, 0.5, 2.0)
"""Real seconds before Slack tells again what nobody heard; a play has not the patience of Slack."""


class Stage:
    """The people of a play in a sandbox of their own, with a clock that the play moves.

    `bot` is the bot that listens while `hosting` lasts.
    """

    bot: Bot

    def __init__(self, box: Sandbox, clock: FreeClock, people: tuple[Actor, ...]):
        self.box = box
        self.clock = clock
        self.ids: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        workspace = box.workspace
        self.organizer = workspace.add_person("Ines Kestrel", "Ines", quiet=True).id
        for actor in people:
            member = workspace.add_person(
                actor.real_name, actor.display_name, tz=actor.tz, quiet=True
            )
            self.ids[actor.key] = member.id
        everybody = self.ids.values()
        workspace.add_channel("general", self.organizer, members=everybody)
        self.channel = workspace.add_channel(CHANNEL, self.organizer, members=everybody)

    @asynccontextmanager
    async def hosting(self, schedules: Path, folder: Path, **changed: Any) -> AsyncIterator[Bot]:
        """The bot runs on `schedules`, its database in `folder`; `changed` are settings."""
        settings = Settings(
            **{
                "_env_file": None,
                "SLACK_BOT_TOKEN": self.box.bot_token,
                "SLACK_APP_TOKEN": self.box.app_token,
                "SLACK_SIGNING_SECRET": None,
                "SLACK_API_URL": self.box.api_url,
                "database_url": f"sqlite:///{folder / 'marginalia.db'}",
                "schedules": schedules,
                "archive_dir": None,
                "channel": CHANNEL,
                "organizers": (),
                "organizers_channel": None,
                "port": None,
                "unthreaded": "attach",
                "post_interval": 0,
                "sweep_interval": 0.1,
                **changed,
            }
        )
        database = Database(settings.database_url)
        database.upgrade()
        self.bot = Bot(settings, database, self.clock)
        try:
            await self.bot.start()
            try:
                yield self.bot
            finally:
                await self.bot.stop()
        finally:
            database.close()

    def do(self, act: Act) -> None:
        """One act, now."""
        workspace, channel, user = self.box.workspace, self.channel, self.ids[act.who]
        text = mentions(act.text, self.ids) if not act.blocks else act.text
        blocks = [dict(block) for block in act.blocks] or None
        to = self.labels.get(act.to or "")
        if act.verb in ("ask", "thread", "reply"):
            message = workspace.post(
                channel,
                text,
                user=user,
                blocks=blocks,
                thread_ts=self.announcement() if act.verb == "thread" else to,
                broadcast=act.broadcast,
            )
        else:
            message = workspace.message(channel, to or "")
        match act.verb:
            case "edit":
                workspace.edit(channel, message, editor=user, text=text)
            case "delete":
                workspace.delete(channel, message)
            case "react":
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
        async with asyncio.timeout(SETTLE_TIMEOUT_SECONDS):
            await self.box.settle()
            await self.bot.members.wait_idle()
            await self.bot.edge.worker.drain()
            await self.bot.edge.linker.drain()
            await self.bot.edge.sender.drain()
            await self.box.settle()
            await self.bot.edge.worker.drain()

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
    script: Script,
    start: datetime,
    manifest: Path | Manifest | None = None,
    control_port: int = 0,
) -> AsyncIterator[Stage]:
    """A sandbox with the script's people in it; its clock stands at `start` (aware UTC).

    The app that is installed there has Marginalia's own manifest, or another.
    """
    clock = FreeClock(start)
    sandbox = Sandbox(
        manifest or read(text()),
        control_port=control_port,
        time_source=lambda: clock.now().timestamp(),
        retry_delays=RETRY_DELAYS,
        furnished=False,
    )
    async with sandbox as box:
        yield Stage(box, clock, script.people)

"""A session in the sandbox, the bot's edge beside it, and no clock: tests move everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from bot.running.clock import SystemClock
from bot.sessions import lifecycle
from bot.sessions.model import Event, Session
from bot.slack.api.gateway import Gateway, plain_client, web_client
from bot.slack.edge import Edge
from bot.slack.listeners.interaction import Services
from bot.slack.notifier import SlackNotifier
from bot.slack.waiting import WaitsForSlack
from bot.store.database import Database
from bot.support.outage import Outage
from slackbox.model import Channel, Message
from slackbox.server import Sandbox

MANIFEST = Path(__file__).resolve().parents[2] / "slack-manifest.yaml"
CHANNEL = "book-of-the-week"


@dataclass(slots=True)
class World:
    """A sandbox, a database with one open session, and the edge between them."""

    box: Sandbox
    database: Database
    edge: Edge
    session_id: int
    people: list[str]
    outage: Outage

    @property
    def channel(self) -> Channel:
        return self.box.workspace.channel(CHANNEL)

    def session(self) -> Session:
        with self.database.reading() as uow:
            session = uow.sessions.get(self.session_id)
            assert session is not None
            return session

    def ask(self, text: str, who: int = 0, thread: str | None = None) -> str:
        return self.box.workspace.post(
            self.channel, text, user=self.people[who], thread_ts=thread
        ).ts

    def message(self, ts: str) -> Message:
        return self.box.workspace.message(self.channel, ts)

    def edit(self, ts: str, text: str) -> None:
        message = self.message(ts)
        self.box.workspace.edit(self.channel, message, editor=message.user or "", text=text)

    def delete(self, ts: str) -> None:
        self.box.workspace.delete(self.channel, self.message(ts))

    def texts(self) -> list[str]:
        """What the session holds, by `ts`."""
        with self.database.reading() as uow:
            return [m.content.get("text", "") for m in uow.messages.of_session(self.session_id)]

    def said(self) -> list[str]:
        """What the bot said in the channel, oldest first."""
        found = [self.channel.messages[key] for key in self.channel.timeline]
        return [m.text for m in found if m.user == self.box.workspace.bot.user_id and not m.subtype]

    def troubles(self) -> dict[str, str]:
        """The channels in which nothing can be posted, each with Slack's code."""
        with self.database.reading() as uow:
            return uow.outbox.troubles()

    def owe(self, key: str, text: str, channel: str | None = None) -> None:
        """Puts a message into the outbox."""
        place = channel or self.channel.id
        payload = {"channel": place, "text": text}
        from bot.sessions.ports import Outgoing

        with self.database.unit_of_work() as uow:
            row = Outgoing(key, "chat.postMessage", payload, place)
            uow.outbox.add(row, SystemClock().now())


Make = Callable[..., AbstractAsyncContextManager[World]]


@asynccontextmanager
async def made(database: Database, *, connect: bool = False, **box: Any) -> AsyncIterator[World]:
    """A world; with `connect` the edge runs and hears, without it only does what it is told."""
    regime = box.pop("regime", "none")
    manifest = box.pop("manifest", MANIFEST)
    clock = SystemClock()
    box = {"retry_delays": (0.0, 0.2, 0.4), "ack_timeout": 1.0, **box}
    async with Sandbox(manifest, **box) as sandbox:
        people = [sandbox.workspace.add_person(f"Reader {n}", quiet=True).id for n in range(5)]
        channel = sandbox.workspace.channel(CHANNEL)
        for person in people:
            sandbox.workspace.join(channel, person)
        outage = Outage(database.is_outage)
        edge = Edge(
            database,
            clock,
            clock,
            SlackNotifier(organizers=(people[0],)),
            mock.create_autospec(Services),
            Gateway(
                web_client(sandbox.bot_token, sandbox.api_url),
                plain_client(sandbox.bot_token, sandbox.api_url),
            ),
            0.0,
            outage,
            WaitsForSlack(outage),
            sandbox.signing_secret if not connect else None,
            regime,
        )
        await edge.identify()
        now = clock.now()
        with database.unit_of_work() as uow:
            event = Event("e", "The Book", now - timedelta(minutes=1), now + timedelta(hours=1))
            session = lifecycle.plan(uow, edge.notifier, event, channel.id, now, timedelta(days=7))
            assert session is not None
            lifecycle.open_session(uow, edge.notifier, session, now)
        await edge.sender.drain()
        if connect:
            edge.start()
            await edge.connect(sandbox.app_token)
        try:
            yield World(sandbox, database, edge, session.id, people, outage)
        finally:
            await edge.stop()


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """A world whose edge does only what it is told, on both databases."""
    async with made(database) as world:
        yield world

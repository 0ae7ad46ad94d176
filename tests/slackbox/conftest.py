"""A sandbox of its own for each test, and the real clients to drive it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.server import Sandbox
from tests.waiting import PATIENCE, until

MANIFEST = Path(__file__).with_name("manifest.yaml")
"""An app that asks for more than Marginalia does."""
CHANNEL = "book-of-the-week"


class Clock:
    """A time that moves when it is told to."""

    def __init__(self, now: float):
        self.now = now

    def __call__(self) -> float:
        return self.now


class Told:
    """A Bolt app that keeps all events it hears, in order."""

    def __init__(self, box: Sandbox):
        self.box = box
        self.client = client_of(box)
        self.app = AsyncApp(
            name="tests",  # else Bolt reads the source of all callers to find one
            client=self.client,
            signing_secret=box.signing_secret,
            ignoring_self_events_enabled=False,
        )
        self.bodies: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.app.event(re.compile(".*"))(self._heard)
        self._handlers: list[AsyncSocketModeHandler] = []

    async def _heard(self, body: dict[str, Any]) -> None:
        self.bodies.put_nowait(body)

    async def connect(self, times: int = 1) -> None:
        for _ in range(times):
            handler = AsyncSocketModeHandler(
                self.app, self.box.app_token, web_client=self.client, ping_interval=0.1
            )
            await handler.connect_async()
            self._handlers.append(handler)
        await until(lambda: len(self.box.dispatcher.sockets) == times)

    async def body(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.bodies.get(), PATIENCE)

    async def event(self) -> dict[str, Any]:
        event: dict[str, Any] = (await self.body())["event"]
        return event

    async def all(self) -> list[dict[str, Any]]:
        """What was heard by the time that all is acknowledged."""
        await asyncio.wait_for(self.box.settle(), PATIENCE)
        # Bolt acknowledges before its listeners have run.
        for _ in range(3):
            await asyncio.sleep(0.005)
        return [self.bodies.get_nowait()["event"] for _ in range(self.bodies.qsize())]

    async def close(self) -> None:
        for handler in self._handlers:
            await handler.close_async()


def client_of(box: Sandbox, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(token=token or box.bot_token, base_url=box.api_url)


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(MANIFEST, retry_delays=(0.01, 0.02, 0.03), ack_timeout=PATIENCE) as running:
        yield running


@pytest.fixture
def client(box: Sandbox) -> AsyncWebClient:
    return client_of(box)


@pytest.fixture
async def told(box: Sandbox) -> AsyncIterator[Told]:
    listener = Told(box)
    await listener.connect()
    yield listener
    await listener.close()


@pytest.fixture
def channel(box: Sandbox) -> str:
    return box.workspace.channel(CHANNEL).id


async def refusal(call: Any) -> dict[str, Any]:
    """What Slack says to a call that it refuses."""
    with pytest.raises(SlackApiError) as refused:
        await call
    data: dict[str, Any] = refused.value.response.data
    return data

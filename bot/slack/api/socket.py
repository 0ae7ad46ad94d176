"""The Socket Mode connection: Bolt's, kept alive more eagerly, and quieter about it."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.gateway import NO_ANSWER, reason_of

log = logging.getLogger(__name__)
library = logging.getLogger("slack_sdk.socket_mode.marginalia")

LOOK = 0.25
"""Seconds between two looks whether the connection stands."""
FRESH = 3.0
"""Seconds after which the address of a connection that does not come about is thrown away."""
LONGEST_WAIT = 10.0
QUIET = 60.0
"""Seconds in which the library's same complaint is not logged again."""


Receive = Callable[[object, Callable[[], AsyncBoltRequest]], Awaitable[BoltResponse]]
"""Takes what was delivered, and how to make Bolt's request of it; gives the acknowledgement."""


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler, which shows to `receive` what was delivered before Bolt looks into it."""

    receive: Receive

    async def handle(self, client: Any, req: SocketModeRequest) -> None:
        """One envelope."""
        start = time.time()
        response = await self.receive(
            req.payload,
            lambda: AsyncBoltRequest(
                mode="socket_mode", body=req.payload, headers=build_headers(req)
            ),
        )
        await send_async_response(client, req, response, start)


class Socket:
    """A connection that comes back. `connected` is called each time it stands anew."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        client: AsyncWebClient,
        connected: Callable[[], None],
        receive: Receive,
    ):
        if not library.filters:
            library.addFilter(_Once())
            library.setLevel(logging.WARNING)
        self._handler = _Handler(app, app_token, logger=library, web_client=client, ping_interval=5)
        self._handler.receive = receive
        self._client = self._handler.client
        self._client.message_listeners.append(self._heard)
        self._connected = connected
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Opens the connection. Raises SlackApiError for a token that is refused."""
        await self._client.connect_to_new_endpoint(force=True)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="socket")

    async def close(self) -> None:
        """Closes it for good."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self._handler.close_async()  # type: ignore[no-untyped-call]

    async def stands(self) -> bool:
        """Whether there is a connection."""
        return await self._client.is_connected()

    async def _heard(self, client: object, message: dict[str, Any], raw: str | None) -> None:
        if message.get("type") == "hello":
            self._connected()

    async def _watch(self) -> None:
        """Connects anew as soon as the connection is gone.

        The library looks every few seconds only, and tries the address of a connection that
        failed for ever, though Slack takes each just once.
        """
        failures, gone_at = 0, 0.0
        while True:
            await asyncio.sleep(LOOK)
            if await self.stands():
                failures, gone_at = 0, 0.0
                continue
            now = time.monotonic()
            if not gone_at:
                gone_at = now
                log.info("the connection to Slack was lost; connecting again")
            if self._client.connect_operation_lock.locked():
                if now - gone_at > FRESH:
                    gone_at = now
                    self._client.wss_uri = None
                continue
            try:
                await self._client.connect_to_new_endpoint()
            except NO_ANSWER as error:
                if failures == 0:
                    log.warning("no connection to Slack: %s; trying again", reason_of(error))
                await asyncio.sleep(min(LONGEST_WAIT, 0.25 * 2**failures))
                failures = min(failures + 1, 10)


_TICKET = re.compile(r"ticket=[^&'\"\s]+")


class _Once(logging.Filter):
    """Lets a complaint pass once a minute, without its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        record.exc_info = record.exc_text = None
        record.msg = _TICKET.sub("ticket=…", str(record.msg))
        now, kind = time.monotonic(), str(record.msg)[:40]
        if now - self._said.get(kind, -QUIET) < QUIET:
            return False
        self._said[kind] = now
        return True

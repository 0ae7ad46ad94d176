"""Slack's edge as a whole: Bolt receives, the inbox stores, the workers handle and send."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from hashlib import sha256

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from bot.sessions import collect
from bot.sessions.ports import Clock, Outgoing, UnitOfWork, UnitOfWorkFactory
from bot.slack.gateway import Gateway, web_client
from bot.slack.inbox import InboxWorker, InboxWriter
from bot.slack.listeners.context import Context
from bot.slack.outbox import Pump
from bot.slack.voice import SlackVoice, announced_session

log = logging.getLogger(__name__)


class Refused(Exception):
    """Slack does not accept a token. The text says which, in one line."""


class Edge:
    """The bot's side of one Slack workspace."""

    def __init__(
        self,
        factory: UnitOfWorkFactory,
        clock: Clock,
        wall: Clock,
        voice: SlackVoice,
        bot_token: str,
        api_url: str,
        post_interval: float,
        signing_secret: str | None = None,
    ):
        self.client = web_client(bot_token, api_url)
        self.gateway = Gateway(self.client)
        self.voice = voice
        self._factory = factory
        self._clock = clock
        self._wall = wall
        self._signing_secret = signing_secret
        self._socket: AsyncSocketModeHandler | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.context = Context(clock, voice, None, None)
        self.pump = Pump(factory, self.client, wall, voice, post_interval, self._on_sent)

    async def identify(self) -> None:
        """Asks Slack who we are and prepares Bolt. Raises Refused for a token it refuses."""
        try:
            me = await self.client.auth_test()
        except SlackApiError as error:
            raise Refused(
                f"SLACK_BOT_TOKEN was refused by Slack ({error.response.get('error')}); copy the "
                "bot token again from OAuth & Permissions in the app's settings at "
                "api.slack.com/apps"
            ) from None
        self.context = Context(self._clock, self.voice, me.get("bot_id"), me.get("user_id"))
        self.worker = InboxWorker(self._factory, self.context, self._wall, self._learn)
        self.writer = InboxWriter(self._factory, self._wall, self.worker.wake)
        self.app = self._bolt()

    def _bolt(self) -> AsyncApp:
        app = AsyncApp(
            client=self.client,
            signing_secret=self._signing_secret or "",
            request_verification_enabled=self._signing_secret is not None,
            # What we said ourselves is told apart by the listeners, which know our questions.
            ignoring_self_events_enabled=False,
        )
        app.use(self._store)
        return app

    async def _store(
        self, req: AsyncBoltRequest, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        """Events end here: stored, then acknowledged. What wants an answer goes on to Bolt."""
        body = req.body
        if body.get("type") != "event_callback":
            return await next()
        await self.writer.put(envelope_key(body), body)
        return BoltResponse(status=200, body="")

    async def connect(self, app_token: str) -> None:
        """Opens the Socket Mode connection. Raises Refused for a token that is refused."""
        try:
            # The client below would try a refused token for ever.
            await self.client.apps_connections_open(app_token=app_token)
        except SlackApiError as error:
            raise Refused(
                f"SLACK_APP_TOKEN was refused by Slack ({error.response.get('error')}); create an "
                "app-level token with connections:write under Basic Information in the app's "
                "settings at api.slack.com/apps"
            ) from None
        self._socket = AsyncSocketModeHandler(self.app, app_token, web_client=self.client)
        await self._socket.connect_async()  # type: ignore[no-untyped-call]

    def http_handler(self) -> AsyncSlackRequestHandler:
        """The handler of Slack's HTTP requests, for a Starlette route."""
        return AsyncSlackRequestHandler(self.app)

    def start(self) -> None:
        """Starts handling and sending."""
        self._tasks = [
            asyncio.create_task(self.worker.run(), name="inbox"),
            asyncio.create_task(self.pump.run(), name="outbox"),
        ]

    async def stop(self) -> None:
        """Closes the connection and ends the workers; what is not done stays stored."""
        if self._socket is not None:
            await self._socket.close_async()  # type: ignore[no-untyped-call]
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _learn(self, users: Collection[str]) -> None:
        people = await self.gateway.people(users)

        def write() -> None:
            with self._factory() as uow:
                for someone in people:
                    uow.people.put(someone)

        await asyncio.to_thread(write)

    def _on_sent(self, uow: UnitOfWork, outgoing: Outgoing, ts: str | None) -> None:
        session_id = announced_session(outgoing.key)
        if session_id is not None and ts is not None:
            collect.announced(uow, session_id, ts)


def envelope_key(body: dict[str, object]) -> str:
    """What makes an envelope known: its `event_id`, or a digest of one that has none."""
    event_id = body.get("event_id")
    if isinstance(event_id, str) and event_id:
        return event_id[:255]
    whole = json.dumps(body, sort_keys=True, default=str).encode()
    return f"sha256:{sha256(whole).hexdigest()}"

"""Slack's edge as a whole: Bolt receives, the inbox stores, the workers handle and send."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.request.internals import parse_body
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from bot.sessions import collect
from bot.sessions.pairing import Meaning
from bot.sessions.ports import Clock, Outgoing, UnitOfWork
from bot.slack.api import shape
from bot.slack.api.gateway import NO_ANSWER, Gateway, code_of, passing, reason_of
from bot.slack.api.history import History, Regime
from bot.slack.api.socket import Socket
from bot.slack.api.uploads import Contents, no_contents
from bot.slack.inbox import MAX_NESTING, InboxWorker, InboxWriter, nested
from bot.slack.linking import Linker
from bot.slack.listeners import ROUTERS, people
from bot.slack.listeners.context import Context
from bot.slack.listeners.home import Homes
from bot.slack.listeners.interaction import HandlerContext, HandlerSettings, Services
from bot.slack.listeners.interactions import Interactions
from bot.slack.names import Names
from bot.slack.notifier import SlackNotifier, announced_session, asked_token
from bot.slack.outbox import OutboxSender
from bot.slack.reconcile import Reconciler
from bot.slack.waiting import WaitsForSlack
from bot.support.outage import Outage
from bot.support.tasks import Tasks
from bot.support.transactions import Transactions

log = logging.getLogger(__name__)

REMOVALS = ("app_uninstalled", "tokens_revoked")
LONGEST_WAIT_SECONDS = 30.0
"""Seconds between two tries to reach Slack at the most."""

SIGNATURE_LIFETIME_SECONDS = 300
"""Seconds for which a signature is good: "verifying requests from Slack" says five minutes."""

T = TypeVar("T")


class Refused(Exception):
    """Slack does not accept a token. The text says which, in one line."""


class Edge:
    """The bot's side of one Slack workspace.

    `connected` is called whenever a new Socket Mode connection stands, `removed` when the app was
    uninstalled or its token revoked. `contents` makes the files that are queued. `meaning` compares
    what texts mean, to link authors' answers, which is done while `leads` says that this replica
    leads. `waits` is told what waits for Slack.
    """

    def __init__(
        self,
        database: Transactions,
        clock: Clock,
        wall: Clock,
        notifier: SlackNotifier,
        services: Services,
        gateway: Gateway,
        post_interval: float,
        outage: Outage,
        waits: WaitsForSlack,
        signing_secret: str | None = None,
        regime: Regime = "auto",
        connected: Callable[[], None] = lambda: None,
        contents: Contents = no_contents,
        handler_settings: HandlerSettings | None = None,
        meaning: Meaning | None = None,
        removed: Callable[[Refused], None] = lambda _: None,
        leads: Callable[[], bool] = lambda: True,
    ):
        settings = handler_settings or HandlerSettings()
        self.gateway = gateway
        self.client = gateway.client
        self.history = History(gateway.plain, regime)
        self.notifier = notifier
        self.outage = outage
        self.socket: Socket | None = None
        self._database = database
        self._signing_secret = signing_secret
        self._connected = connected
        self._removed = removed
        self._asking: asyncio.Task[None] | None = None
        self.workspace = self.bot_name = ""
        self._tasks = Tasks()
        self.context = Context(
            clock, notifier, None, None, settings.unthreaded, settings.apps_left_out
        )
        self.waits = waits
        self.names = Names(database, self.gateway, wall, clock, self.waits)
        self.handler_context = HandlerContext(
            database,
            clock,
            wall,
            notifier,
            self.gateway,
            self.client,
            settings,
            services,
        )
        self.homes = Homes(self.handler_context, ROUTERS, outage)
        self.handler_context.touched = self.homes.touch
        self.handler_context.show_home = self.homes.publish
        self.sender = OutboxSender(
            database,
            gateway.plain,
            self.history,
            wall,
            notifier,
            post_interval,
            self._on_sent,
            outage,
            contents,
        )
        self.writer = InboxWriter(database, wall, self._stored, outage)
        self.linker = Linker(
            database,
            self.context,
            wall,
            outage,
            meaning,
            leads,
        )
        self.worker = InboxWorker(
            database,
            self.context,
            wall,
            self.names,
            outage,
            self.writer,
            self.linker.wake,
        )
        self.reconciler = Reconciler(
            database,
            self.history,
            self.context,
            self.names,
            self.linker.wake,
            self.worker.caught_up,
        )

    async def identify(self) -> None:
        """Asks Slack who we are and prepares Bolt. Raises Refused for a token it refuses.

        While Slack cannot be reached it asks again.
        """
        try:
            me = await patiently(self.client.auth_test)
        except SlackApiError as error:
            raise Refused(
                f"SLACK_BOT_TOKEN was refused by Slack ({code_of(error)}); copy the "
                "bot token again from OAuth & Permissions in the app's settings at "
                "api.slack.com/apps"
            ) from None
        self.context.bot_id, self.context.bot_user_id = me.get("bot_id"), me.get("user_id")
        self.notifier.workspace_url = str(me.get("url") or "")
        self.workspace = f"{me.get('team')} ({me.get('team_id')}, {self.notifier.workspace_url})"
        self.bot_name = f"{me.get('user')} ({me.get('user_id')})"
        self.app = self._bolt()

    def _stored(self) -> None:
        self.worker.wake()

    def _bolt(self) -> AsyncApp:
        # Bolt finds the token in the environment and complains that the client has one already.
        logging.getLogger("slack_bolt.AsyncApp").addFilter(_not_unused)
        app = AsyncApp(
            name="marginalia",  # else Bolt reads the source of all callers to find one
            client=self.client,
            signing_secret=self._signing_secret or "",
            request_verification_enabled=False,  # `request` does, before it reads a word
            # What we said ourselves is told apart by the listeners, which know our questions.
            ignoring_self_events_enabled=False,
        )
        Interactions(self.handler_context, ROUTERS).register(app)
        return app

    async def request(self, body: bytes, headers: Mapping[str, str]) -> BoltResponse:
        """A request by HTTP that claims to come from Slack.

        Nothing of it is looked at before its signature: one that is wrong or older than five
        minutes is refused. <https://docs.slack.dev/authentication/verifying-requests-from-slack>
        """
        if not self._is_signed(body, headers):
            return BoltResponse(status=401, body="the signature is wrong or too old")
        try:
            text = body.decode("utf-8")
            parsed = parse_body(text, headers.get("content-type", "").partition(";")[0].strip())
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            log.warning("ignoring a request that Slack signed but that cannot be read")
            return BoltResponse(status=400, body="the body cannot be read")
        return await self.receive(
            parsed, lambda: AsyncBoltRequest(body=text, headers=dict(headers))
        )

    def may_be_signed(self, headers: Mapping[str, str]) -> bool:
        """Whether a request bears a signature of the last minutes; its body is not yet read."""
        stamp = headers.get("x-slack-request-timestamp", "")
        given = headers.get("x-slack-signature", "")
        return (
            self._signing_secret is not None
            and re.fullmatch(r"v0=[0-9a-f]{64}", given) is not None
            and re.fullmatch(r"[0-9]{1,12}", stamp) is not None
            and abs(time.time() - int(stamp)) <= SIGNATURE_LIFETIME_SECONDS
        )

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        if self._signing_secret is None or not self.may_be_signed(headers):
            return False
        try:
            return SignatureVerifier(self._signing_secret).is_valid_request(body, headers)
        except ValueError:
            return False  # a body that is no UTF-8

    async def receive(self, body: object, request: Callable[[], AsyncBoltRequest]) -> BoltResponse:
        """What Slack delivers, by Socket Mode or HTTP; gives the acknowledgement.

        Events end here: stored, then acknowledged; what could not be stored is not acknowledged,
        and Slack delivers it again. What people do goes on to Bolt, if it looks as documented;
        what does not is acknowledged, as Slack would deliver the very same again.
        """
        if isinstance(body, Mapping) and body.get("type") == "event_callback":
            return await self._store(body)
        found = "its nesting" if nested(body, MAX_NESTING) else shape.wrong(body)
        if found is not None:
            log.warning("ignoring a delivery that is not as Slack documents it: %s", found)
            return BoltResponse(status=200, body="")
        return await self.app.async_dispatch(request())

    async def _store(self, body: Mapping[str, Any]) -> BoltResponse:
        event = body.get("event")
        event = event if isinstance(event, Mapping) else {}
        kind = event.get("type")
        if kind in REMOVALS and (self._asking is None or self._asking.done()):
            # Does our token still work? An event may be old, or about another's.
            self._asking = self._tasks.start(self._ask(), "removed")
        if kind == "user_change" and await asyncio.to_thread(self._is_known, event):
            return BoltResponse(status=200, body="")
        try:
            await self.writer.put(envelope_key(body), body)
        except Exception as error:
            if not self.outage.met(error):
                log.exception("an envelope could not be stored")
            return BoltResponse(status=503, body="")
        return BoltResponse(status=200, body="")

    def _is_known(self, event: Mapping[str, Any]) -> bool:
        """Whether a `user_change` tells nothing that we keep: most are a changed status.

        In a huge workspace there are many each second; looking, which writes nothing, costs a fifth
        of storing and handling.
        """
        try:
            with self._database.reading() as uow:
                return not people.is_news(uow, people.member_in(event))
        except Exception as error:  # noqa: BLE001 - it is stored, and whoever handles it says so
            log.debug("a changed member is stored unseen: %s", type(error).__name__)
            return False

    async def _ask(self) -> None:
        try:
            await patiently(self.client.auth_test)
        except SlackApiError as error:
            self._removed(
                Refused(
                    "the app was uninstalled or its token was revoked: Slack refuses "
                    f"SLACK_BOT_TOKEN ({code_of(error)}); install the app again at "
                    "api.slack.com/apps, put its new token into SLACK_BOT_TOKEN and start the bot"
                )
            )
        else:
            log.info("another token of the app was revoked; the bot's token still works")

    async def connect(self, app_token: str) -> None:
        """Opens the Socket Mode connection. Raises Refused for a token that is refused.

        While Slack cannot be reached it tries again, also later when a connection breaks.
        """
        self.socket = Socket(self.app, app_token, self.client, self._connected, self.receive)
        try:
            await patiently(self.socket.open)
        except SlackApiError as error:
            raise Refused(
                f"SLACK_APP_TOKEN was refused by Slack ({code_of(error)}); create an "
                "app-level token with connections:write under Basic Information in the app's "
                "settings at api.slack.com/apps"
            ) from None

    def wake(self) -> None:
        """Something was written to the database: all who work on what is stored go on."""
        self.worker.wake()
        self.linker.wake()
        self.sender.wake()
        self.homes.wake()

    def start(self) -> None:
        """Starts handling and sending."""
        loop = asyncio.get_running_loop()
        self.handler_context.met = lambda people: loop.call_soon_threadsafe(
            self.names.enqueue, people
        )
        self._tasks.start(self.worker.run(), "inbox")
        self._tasks.start(self.linker.run(), "links")
        self._tasks.start(self.sender.run(), "outbox")
        self._tasks.start(self.names.run(), "names")
        self._tasks.start(self.homes.run(), "homes")

    async def stop(self) -> None:
        """Closes the connection and ends the workers; what is not done stays stored."""
        if self.socket is not None:
            await self.socket.close()
        await self._tasks.stop()

    def _on_sent(self, uow: UnitOfWork, outgoing: Outgoing, ts: str | None) -> None:
        session_id = announced_session(outgoing.key)
        if session_id is not None and ts is not None:
            collect.announced(uow, session_id, ts)
        token = asked_token(outgoing.key)
        if token is not None and ts is not None:
            uow.members.update_submission(token, "owed", ts)


def _not_unused(record: logging.LogRecord) -> bool:
    return "will be unused" not in str(record.msg)


async def patiently(what: Callable[[], Awaitable[T]]) -> T:
    """Does something with Slack until Slack can be reached; a refusal that stays is raised."""
    tries = 0
    while True:
        try:
            return await what()
        except NO_ANSWER as error:
            if not passing(error):
                raise
            if tries == 0:
                log.warning("%s; trying again", reason_of(error))
        await asyncio.sleep(min(LONGEST_WAIT_SECONDS, 0.5 * 2**tries))
        tries = min(tries + 1, 10)


def envelope_key(body: Mapping[str, object]) -> str:
    """What makes an envelope known: its `event_id`, or a digest of one that has none."""
    event_id = body.get("event_id")
    if isinstance(event_id, str) and event_id:
        return event_id[:255]
    whole = json.dumps(dict(body), sort_keys=True, default=str).encode()
    return f"sha256:{sha256(whole).hexdigest()}"

"""What the bot owes Slack: sent in order, at Slack's pace, and never twice.

A row is leased before it is sent. One that was tried before (the bot died, or Slack's answer was
lost) is first looked for in the channel's history by the key in its metadata. A channel in which
nothing can be said is left alone for a while and the organizers are told, once; what is owed
there waits, for a day, until somebody has mended it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientConnectorError, ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import UserError
from bot.outage import Outage
from bot.sessions.model import ts_of
from bot.sessions.pairing import Closing
from bot.sessions.ports import Clock, Outgoing, UnitOfWork, UnitOfWorkFactory
from bot.sessions.voice import Voice
from bot.slack import uploads
from bot.slack.gateway import code_of, retry_after, status_of
from bot.slack.history import History
from bot.texts import N_, _

log = logging.getLogger(__name__)

EVENT_TYPE = "marginalia"
"""The `event_type` of the metadata that carries a row's key."""
PATIENCE = 8.0
"""Seconds that sending a row may take; then its answer counts as lost."""
LEASE = timedelta(seconds=PATIENCE + 4)
LINES = 4
"""Rows, each for another channel, that are on their way at once."""
LONGEST_WAIT = 300.0
BLOCKED = timedelta(minutes=10)
"""How long a channel is left alone in which nothing can be said."""
KEEP = timedelta(days=1)
"""How long what is owed to such a channel waits."""
SKEW = timedelta(minutes=1)
"""How far our clock and Slack's may be apart."""
IDLE_POLL = 1.0

CHANNEL_TROUBLE = {
    "channel_not_found": N_("the channel does not exist or is private; invite the bot to it"),
    "not_in_channel": N_("the bot is not in the channel; type `/invite @Marginalia` there"),
    "is_archived": N_("the channel is archived; unarchive it or move the event to another"),
    "restricted_action": N_("posting in the channel is restricted; let the bot post there"),
}
PRIVATE = "chat.postEphemeral"
"""A note that one person sees. Nobody can look whether it was said, so what may have been is not
said again."""
ALREADY = {"already_pinned", "already_reacted", "no_pin", "no_reaction"}
FOR_LATER = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "ratelimited",
    "rate_limited",
    "team_added_to_org",
}
TOKEN_TROUBLE = {
    "account_inactive",
    "invalid_auth",
    "missing_scope",
    "not_authed",
    "token_expired",
    "token_revoked",
}
"""Nobody's message is lost because of a token that somebody must renew."""

OnSent = Callable[[UnitOfWork, Outgoing, str | None], None]


@dataclass(slots=True)
class Pump:
    """Sends the rows of the outbox. `wall` is the wall clock; `interval` in seconds.

    `client` must try nothing again by itself: what was sent may have been done.
    """

    factory: UnitOfWorkFactory
    reading: UnitOfWorkFactory
    client: AsyncWebClient
    history: History
    wall: Clock
    voice: Voice
    interval: float
    on_sent: OnSent
    outage: Outage
    contents: uploads.Contents
    _direct: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Sends for ever; ends when it is cancelled."""
        sending: set[asyncio.Task[None]] = set()
        try:
            while True:
                pause = 0.0
                try:
                    if not await self._start(sending):
                        pause = await asyncio.to_thread(self._pause)
                except Exception as error:
                    if not self.outage.met(error):
                        log.exception("the outbox cannot be read; trying again")
                    pause = IDLE_POLL
                if sending and (pause or len(sending) >= LINES):
                    done, _waiting = await asyncio.wait(
                        sending, timeout=pause or None, return_when=asyncio.FIRST_COMPLETED
                    )
                    sending -= done
                elif pause:
                    await asyncio.sleep(pause)
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _start(self, sending: set[asyncio.Task[None]]) -> bool:
        """Begins to send the next row; False if none may be sent now."""
        if not await asyncio.to_thread(self._ready):
            return False
        outgoing, payload = await asyncio.to_thread(self._claim)
        if outgoing is None:
            return False
        sending.add(asyncio.create_task(self._deliver(outgoing, payload)))
        return True

    async def drain(self, within: float = 30.0) -> None:
        """Sends until nothing is due; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while await asyncio.to_thread(self._depth):
                if not await self.step():
                    await asyncio.sleep(min(0.05, await asyncio.to_thread(self._pause)))

    async def step(self) -> bool:
        """Sends the next row; False if none may be sent now."""
        outgoing, payload = await asyncio.to_thread(self._claim)
        if outgoing is None:
            return False
        await self._deliver(outgoing, payload)
        return True

    async def _deliver(self, outgoing: Outgoing, payload: dict[str, Any] | None) -> None:
        try:
            await self._send_and_note(outgoing, payload)
        except Closing:
            return  # the lease runs out, and it is sent when the bot runs again
        except Exception as error:
            # The lease runs out, and what may have been sent is looked for before it is sent.
            if not self.outage.met(error):
                log.exception("%s: what became of it cannot be stored", outgoing.key)

    async def _send_and_note(self, outgoing: Outgoing, payload: dict[str, Any] | None) -> None:
        if payload is None:
            await asyncio.to_thread(self._give_up, outgoing, "what it refers to was never posted")
            return
        if outgoing.method == PRIVATE and outgoing.attempts > 1 and outgoing.error is None:
            await asyncio.to_thread(self._unsure, outgoing, "whoever sent it was killed")
            return
        try:
            async with asyncio.timeout(PATIENCE):
                ts = await self._said_already(outgoing, payload) if outgoing.attempts > 1 else None
                if ts is None:
                    ts = await self._send(outgoing, payload)
        except SlackApiError as error:
            await asyncio.to_thread(self._refused, outgoing, error)
        except UserError as error:
            await asyncio.to_thread(self._give_up, outgoing, str(error))
        except (ClientError, TimeoutError, OSError) as error:
            why = type(error).__name__
            if outgoing.method == PRIVATE and not isinstance(error, ClientConnectorError):
                await asyncio.to_thread(self._unsure, outgoing, why)
            else:
                await asyncio.to_thread(self._retry, outgoing, why, None)
        else:
            await asyncio.to_thread(self._sent, outgoing, ts)

    def _ready(self) -> bool:
        """Whether a row may be sent now; nobody is kept from writing by the question."""
        now = self.wall.now()
        with self.reading() as uow:
            due = uow.outbox.next_due(now, self.interval)
        return due is not None and due <= now

    def _claim(self) -> tuple[Outgoing | None, dict[str, Any] | None]:
        now = self.wall.now()
        with self.factory() as uow:
            outgoing = uow.outbox.claim(now, now + LEASE, self.interval)
            if outgoing is None:
                return None, None
            payload = dict(outgoing.payload)
            for name, value in payload.items():
                if isinstance(value, Mapping) and "ts_of" in value:
                    row = uow.outbox.get(str(value["ts_of"]))
                    if row is None or row.slack_ts is None:
                        return outgoing, None
                    payload[name] = row.slack_ts
            return outgoing, payload

    async def _send(self, outgoing: Outgoing, payload: dict[str, Any]) -> str | None:
        if outgoing.method == uploads.FILE:
            content = await asyncio.to_thread(self.contents, str(payload["content_of"]))
            place = await self._conversation(outgoing.channel)
            await uploads.send(self.client, place, payload, content)
            return None
        arguments = dict(payload)
        if outgoing.method == "chat.postMessage":
            metadata = arguments.get("metadata") or {"event_type": EVENT_TYPE}
            keyed = {**metadata.get("event_payload", {}), "key": outgoing.key}
            arguments["metadata"] = {**metadata, "event_payload": keyed}
        try:
            response = await self._call(outgoing.method, arguments)
        except SlackApiError as error:
            if code_of(error) in ALREADY:
                return None
            pictureless = without_pictures(arguments)
            if code_of(error) != "invalid_blocks" or pictureless == arguments:
                raise
            # Slack refuses the whole message when it cannot download a picture in it.
            log.warning("%s is sent without its picture: Slack could not load it", outgoing.key)
            response = await self._call(outgoing.method, pictureless)
        ts = response.get("ts")
        return ts if isinstance(ts, str) else None

    async def _call(self, method: str, arguments: dict[str, Any]) -> AsyncSlackResponse:
        return await self.client.api_call(method, json=arguments)

    async def _said_already(self, outgoing: Outgoing, payload: Mapping[str, Any]) -> str | None:
        """The `ts` of the row's message, if it stands in Slack since it was first tried."""
        if outgoing.method not in ("chat.postMessage", uploads.FILE):
            return None
        channel = await self._conversation(outgoing.channel)
        since = ts_of((outgoing.tried_at or self.wall.now()) - SKEW)
        thread_ts = payload.get("thread_ts")
        if isinstance(thread_ts, str):
            pages = self.history.replies(channel, thread_ts, oldest=since, wait=False)
        else:
            pages = self.history.channel(channel, since, None, wait=False)
        async for page in pages:
            for message in page:
                if outgoing.method == uploads.FILE and uploads.shared(message, payload):
                    log.info("%s was uploaded already", outgoing.key)
                    return str(message["ts"])
                metadata = message.get("metadata") or {}
                if (metadata.get("event_payload") or {}).get("key") == outgoing.key:
                    log.info("%s was said already", outgoing.key)
                    return str(message["ts"])
        return None

    async def _conversation(self, channel: str) -> str:
        """A channel's ID, also of the direct messages with a person who is given in its place."""
        if not channel.startswith(("U", "W")):
            return channel
        if channel not in self._direct:
            opened = await self.client.conversations_open(users=[channel])
            self._direct[channel] = str((opened.get("channel") or {}).get("id") or channel)
        return self._direct[channel]

    def _sent(self, outgoing: Outgoing, ts: str | None) -> None:
        with self.factory() as uow:
            uow.outbox.sent(outgoing.id, ts, self.wall.now())
            self.on_sent(uow, outgoing, ts)

    def _unsure(self, outgoing: Outgoing, why: str) -> None:
        """A private note of which nobody can tell whether it was said counts as said."""
        log.info("%s may have been said (%s); it is not said again", outgoing.key, why)
        self._sent(outgoing, None)

    def _refused(self, outgoing: Outgoing, error: SlackApiError) -> None:
        code = code_of(error)
        wait = retry_after(error)
        if wait is not None:
            self._retry(outgoing, code, wait)
        elif code in FOR_LATER or status_of(error) >= 500:
            self._retry(outgoing, code, None)
        elif code in TOKEN_TROUBLE:
            log.error("Slack refuses the bot's token (%s); %s waits", code, outgoing.key)
            self._retry(outgoing, code, LONGEST_WAIT)
        elif code in CHANNEL_TROUBLE:
            self._blocked(outgoing, code)
        else:
            self._give_up(outgoing, code)

    def _retry(self, outgoing: Outgoing, why: str, wait: float | None) -> None:
        now = self.wall.now()
        until = now + timedelta(seconds=wait if wait is not None else backoff(outgoing.attempts))
        log.info("%s will be sent again: %s", outgoing.key, why)
        with self.factory() as uow:
            uow.outbox.failed(outgoing.id, why, until)
            if wait is not None and outgoing.channel:
                uow.outbox.delay(outgoing.channel, until)

    def _blocked(self, outgoing: Outgoing, why: str) -> None:
        """Nothing can be said in the row's channel: one notice, and the row waits or is let go."""
        now = self.wall.now()
        too_old = outgoing.created_at is not None and outgoing.created_at + KEEP <= now
        is_notice = outgoing.key.startswith("notice ")
        if is_notice or too_old:
            # A notice that cannot be posted is not announced by another notice.
            self._give_up(outgoing, why)
        else:
            with self.factory() as uow:
                uow.outbox.failed(outgoing.id, why, now)
                channel_trouble(uow, self.voice, outgoing.channel, why, now)
            log.warning("%s waits: %s", outgoing.key, CHANNEL_TROUBLE[why])

    def _give_up(self, outgoing: Outgoing, why: str) -> None:
        log.error("%s was not sent: %s", outgoing.key, why)
        with self.factory() as uow:
            uow.outbox.failed(outgoing.id, why, None)

    def _pause(self) -> float:
        now = self.wall.now()
        with self.reading() as uow:
            due = uow.outbox.next_due(now, self.interval)
        if due is None:
            return 0.25
        return min(IDLE_POLL, max(0.01, (due - now).total_seconds()))

    def _depth(self) -> int:
        with self.reading() as uow:
            return uow.outbox.depth()


def channel_trouble(uow: UnitOfWork, voice: Voice, channel: str, why: str, now: datetime) -> None:
    """Leaves a channel alone for a while; the organizers are told when that is new.

    `why` is Slack's code.
    """
    if uow.outbox.block(channel, why, now + BLOCKED):
        reason = (
            _(CHANNEL_TROUBLE[why])
            if why in CHANNEL_TROUBLE
            else _("Slack says {code}; invite the bot to it", code=why)
        )
        voice.tell_organizers(
            uow,
            f"channel {channel} {why} {now.isoformat()}",
            _("Nothing can be posted in <#{channel}>: {reason}.", channel=channel, reason=reason),
            now,
        )


def backoff(attempts: int) -> float:
    """Seconds before the next try: 1, 2, 4 … up to five minutes."""
    return min(LONGEST_WAIT, 2.0 ** max(0, attempts - 1))


def without_pictures(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same message without image blocks and image accessories."""
    blocks = arguments.get("blocks")
    if not isinstance(blocks, list):
        return arguments
    kept = [
        {k: v for k, v in b.items() if k != "accessory" or v.get("type") != "image"}
        for b in blocks
        if b.get("type") != "image"
    ]
    return {**arguments, "blocks": kept}

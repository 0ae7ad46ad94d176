"""What the bot owes Slack: sent in order, at Slack's pace, and never twice.

A row is leased before it is sent. One that was leased before (the bot died, or Slack's answer
was lost) is first looked for in the channel's history by the key in its metadata.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.sessions.ports import Clock, Outgoing, UnitOfWork, UnitOfWorkFactory
from bot.sessions.voice import Voice

log = logging.getLogger(__name__)

EVENT_TYPE = "marginalia"
"""The `event_type` of the metadata that carries a row's key."""
LEASE = timedelta(seconds=60)
LONGEST_WAIT = 300.0
IDLE_POLL = 1.0

CHANNEL_TROUBLE = {
    "channel_not_found": "the channel does not exist or is private; invite the bot to it",
    "not_in_channel": "the bot is not in the channel; type `/invite @Marginalia` there",
    "is_archived": "the channel is archived; unarchive it or move the event to another",
    "restricted_action": "posting in the channel is restricted; let the bot post there",
}
ALREADY = {"already_pinned", "already_reacted", "no_pin", "no_reaction"}
FOR_LATER = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "ratelimited",
}

OnSent = Callable[[UnitOfWork, Outgoing, str | None], None]


@dataclass(frozen=True, slots=True)
class Pump:
    """Sends the rows of the outbox. `wall` is the wall clock; `interval` in seconds."""

    factory: UnitOfWorkFactory
    client: AsyncWebClient
    wall: Clock
    voice: Voice
    interval: float
    on_sent: OnSent

    async def run(self) -> None:
        """Sends for ever; ends when it is cancelled."""
        while True:
            try:
                if await self.step():
                    continue
                pause = await asyncio.to_thread(self._pause)
            except Exception:
                log.exception("the outbox cannot be read; trying again")
                pause = IDLE_POLL
            await asyncio.sleep(pause)

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
        if payload is None:
            await asyncio.to_thread(self._give_up, outgoing, "what it refers to was never posted")
            return True
        try:
            ts = await self._said_already(outgoing, payload) if outgoing.attempts > 1 else None
            if ts is None:
                ts = await self._send(outgoing, payload)
        except SlackApiError as error:
            await asyncio.to_thread(self._refused, outgoing, error)
        except (ClientError, TimeoutError, OSError) as error:
            await asyncio.to_thread(self._retry, outgoing, type(error).__name__, None)
        else:
            await asyncio.to_thread(self._sent, outgoing, ts)
        return True

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
        arguments = dict(payload)
        if outgoing.method == "chat.postMessage":
            metadata = arguments.setdefault(
                "metadata", {"event_type": EVENT_TYPE, "event_payload": {}}
            )
            metadata["event_payload"] = {**metadata["event_payload"], "key": outgoing.key}
        try:
            response = await self._call(outgoing.method, arguments)
        except SlackApiError as error:
            if _code(error) in ALREADY:
                return None
            pictureless = without_pictures(arguments)
            if _code(error) != "invalid_blocks" or pictureless == arguments:
                raise
            # Slack refuses the whole message when it cannot download a picture in it.
            log.warning("%s is sent without its picture: Slack could not load it", outgoing.key)
            response = await self._call(outgoing.method, pictureless)
        ts = response.get("ts")
        return ts if isinstance(ts, str) else None

    async def _call(self, method: str, arguments: dict[str, Any]) -> AsyncSlackResponse:
        return await self.client.api_call(method, json=arguments)

    async def _said_already(self, outgoing: Outgoing, payload: Mapping[str, Any]) -> str | None:
        if outgoing.method != "chat.postMessage" or not outgoing.channel.startswith(("C", "G")):
            return None
        arguments: dict[str, Any] = {
            "channel": outgoing.channel,
            "limit": 100,
            "include_all_metadata": True,
        }
        thread_ts = payload.get("thread_ts")
        if thread_ts:
            response = await self.client.conversations_replies(ts=thread_ts, **arguments)
        else:
            response = await self.client.conversations_history(**arguments)
        messages: list[dict[str, Any]] = response.get("messages") or []
        for message in messages:
            metadata = message.get("metadata") or {}
            if (metadata.get("event_payload") or {}).get("key") == outgoing.key:
                log.info("%s was said already", outgoing.key)
                return str(message["ts"])
        return None

    def _sent(self, outgoing: Outgoing, ts: str | None) -> None:
        with self.factory() as uow:
            uow.outbox.sent(outgoing.id, ts, self.wall.now())
            self.on_sent(uow, outgoing, ts)

    def _refused(self, outgoing: Outgoing, error: SlackApiError) -> None:
        code = _code(error)
        wait = _retry_after(error)
        if wait is not None:
            self._retry(outgoing, code, wait)
        elif code in FOR_LATER or error.response.status_code >= 500:
            self._retry(outgoing, code, None)
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

    def _give_up(self, outgoing: Outgoing, why: str) -> None:
        log.error("%s was not sent: %s", outgoing.key, why)
        now = self.wall.now()
        with self.factory() as uow:
            uow.outbox.failed(outgoing.id, why, None)
            if why in CHANNEL_TROUBLE:
                self._tell_trouble(uow, outgoing, why, now)

    def _tell_trouble(self, uow: UnitOfWork, outgoing: Outgoing, why: str, now: datetime) -> None:
        if outgoing.key.startswith("notice "):
            return  # a notice that cannot be posted is not announced by another notice
        self.voice.tell_organizers(
            uow,
            f"channel {outgoing.channel} {why} {now:%Y-%m-%d}",
            f"Nothing can be posted in <#{outgoing.channel}>: {CHANNEL_TROUBLE[why]}.",
            now,
        )

    def _pause(self) -> float:
        now = self.wall.now()
        with self.factory() as uow:
            due = uow.outbox.next_due(now, self.interval)
        if due is None:
            return 0.2
        return min(IDLE_POLL, max(0.01, (due - now).total_seconds()))

    def _depth(self) -> int:
        with self.factory() as uow:
            return uow.outbox.depth()


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


def _code(error: SlackApiError) -> str:
    return str(error.response.get("error") or "unknown_error")


def _retry_after(error: SlackApiError) -> float | None:
    if error.response.status_code != 429:
        return None
    headers = {str(k).lower(): v for k, v in dict(error.response.headers).items()}
    try:
        return float(headers.get("retry-after", 1))
    except (TypeError, ValueError):
        return 1.0

"""Finds what is queued for Slack where it stands there already.

Two things make a row of the outbox older than the channel. Slack's answer was lost, or the process
died before it was stored: the row was tried before. Or the database itself is older than the
channel, restored from a backup or made anew: then the row is new and its message is not. So a row
that was tried is looked for. Before this process first sends something to a place, it looks through
what was said there, and remembers that for all rows that follow. Messages are known by the key in
their metadata.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sessions.model import ts_of
from bot.sessions.ports import Clock, Outgoing, UnitOfWork
from bot.slack.api import uploads
from bot.slack.api.gateway import NO_ANSWER, reason_of, retry_after, slack_time
from bot.slack.api.history import History
from bot.slack.api.incoming import about
from bot.support.transactions import Transactions

log = logging.getLogger(__name__)

MARGIN = timedelta(minutes=1)
"""How much earlier a look begins than the row was tried: HTTP dates count in seconds, and an
answer takes a while."""
LOOK_BACK = timedelta(days=8)
"""How far back a place is looked through in which this database never said anything."""
LOOK_BACK_AT_LEAST = timedelta(days=1)
CLOCKS_COMPARED_EVERY_SECONDS = 60.0
CAREFUL_SECONDS = 600.0
"""For how long after a start direct messages are looked for, too: in that time a database that was
restored makes anew, from Slack's history, what it had made before."""
COMPARED = 3
"""Channels, those used last, by which the database is compared with Slack at a start."""


@dataclass(slots=True)
class SaidAlready:
    """Looks for messages in Slack's history. One for each running bot.

    `client` must try nothing again by itself, `wall` is the wall clock.
    """

    client: AsyncWebClient
    history: History
    database: Transactions
    wall: Clock
    _said: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    _is_older: bool = False
    _ahead: timedelta = timedelta(0)
    _ahead_until: float = 0.0
    _clock_began: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    async def compare(self) -> None:
        """Finds out at a start whether the database is older than what Slack holds.

        Then direct messages are looked for before the first is sent to a person for as long as
        this process runs, and else for a while. Where Slack does not answer, the database is taken
        to be older.
        """
        used = await self.database.read(lambda uow: uow.outbox.last_used())
        places = [(channel, at) for channel, at in used if not _is_direct(channel)][:COMPARED]
        self._is_older = not used
        if self.history.restricted:
            return
        for channel, sent_at in places:
            try:
                known = await self._keys(channel, None, await self._by_slack(sent_at))
            except NO_ANSWER as error:
                log.info("cannot compare the bot's messages in %s: %s", channel, reason_of(error))
                self._is_older = True
                continue
            if not await self.database.read(_were_sent, known):
                log.warning(
                    "Slack has messages of this bot that the database does not contain: it was "
                    "restored or is new. So the bot checks each channel before it posts "
                    "anything there"
                )
                self._is_older = True

    def must_look(self, outgoing: Outgoing, payload: Mapping[str, Any]) -> bool:
        """Whether a row is to be looked for before it is sent."""
        if outgoing.method not in ("chat.postMessage", uploads.FILE):
            return False
        thread_ts = _thread_of(payload)
        before = self._said.get((outgoing.channel, thread_ts or ""), ())
        return (
            outgoing.attempts > 1
            or self._is_first(outgoing.channel, thread_ts)
            or any(_is_it(message, outgoing, payload) for message in before)
        )

    async def find(self, outgoing: Outgoing, payload: Mapping[str, Any], place: str) -> str | None:
        """The `ts` of the row's message where it stands in Slack, else None.

        `place` is the conversation's ID. Raises SlackApiError where Slack refuses to show the
        history of a row that was tried before, or wants to be asked later.
        """
        thread_ts = _thread_of(payload)
        is_first = self._is_first(outgoing.channel, thread_ts)
        before = self._said.get((outgoing.channel, thread_ts or ""), [])
        if not is_first and outgoing.attempts == 1:
            return self._among(before, outgoing, payload)
        since = outgoing.tried_at
        if is_first:
            since = await self.database.read(self._look_from, outgoing.channel)
        try:
            found = await self._messages(place, thread_ts, await self._by_slack(since))
        except SlackApiError as error:
            if outgoing.attempts > 1 or retry_after(error) is not None:
                raise
            log.info("cannot read the bot's messages in %s: %s", place, reason_of(error))
            found = []
        if is_first:
            ours = [m for m in found if "key" in about(m) or m.get("files")]
            self._said[outgoing.channel, thread_ts or ""] = ours
        return self._among([*found, *before], outgoing, payload)

    def _among(
        self, messages: Sequence[dict[str, Any]], outgoing: Outgoing, payload: Mapping[str, Any]
    ) -> str | None:
        for message in messages:
            if _is_it(message, outgoing, payload):
                log.info("%s was already posted", outgoing.key)
                return str(message["ts"])
        return None

    def _is_first(self, channel: str, thread_ts: str | None) -> bool:
        """Whether this process says its first there, in a place that must be looked through.

        An app that is given 15 messages a minute of the history cannot look through everything.
        """
        if (channel, thread_ts or "") in self._said or self.history.restricted:
            return False
        is_new = time.monotonic() < self._began + CAREFUL_SECONDS
        return self._is_older or is_new or not _is_direct(channel)

    async def _messages(
        self, place: str, thread_ts: str | None, since: str
    ) -> list[dict[str, Any]]:
        if thread_ts is not None:
            pages = self.history.replies(place, thread_ts, oldest=since, wait=False)
        else:
            pages = self.history.channel(place, since, None, wait=False)
        return [message async for page in pages for message in page]

    async def _keys(self, place: str, thread_ts: str | None, since: str) -> list[str]:
        found = await self._messages(place, thread_ts, since)
        return [str(about(message)["key"]) for message in found if "key" in about(message)]

    async def _by_slack(self, at: datetime | None) -> str:
        """A `ts` somewhat before `at` (by the database's clock) as Slack's clock shows it."""
        now = await self.database.read(self._now)
        began = now.timestamp() - time.monotonic()
        was_set = abs(began - self._clock_began) > 1
        if was_set or time.monotonic() >= self._ahead_until:
            self._ahead = now - (await slack_time(self.client) or now)
            self._ahead_until = time.monotonic() + CLOCKS_COMPARED_EVERY_SECONDS
            self._clock_began = began
        return ts_of((at or now - LOOK_BACK) - self._ahead - MARGIN)

    def _now(self, uow: UnitOfWork) -> datetime:
        return uow.outbox.now(self.wall.now())

    def _look_from(self, uow: UnitOfWork, channel: str) -> datetime | None:
        """From when on a place is looked through: when something was last sent there, but a day
        ago at the latest. Another replica may have said something since the restored database."""
        sent_at = dict(uow.outbox.last_used()).get(channel)
        return sent_at and min(sent_at, self._now(uow) - LOOK_BACK_AT_LEAST)


def _were_sent(uow: UnitOfWork, keys: Iterable[str]) -> bool:
    """Whether all that Slack has was sent from this database."""
    rows = map(uow.outbox.get, keys)
    return all(row is not None and row.slack_ts is not None for row in rows)


def _is_it(message: Mapping[str, Any], outgoing: Outgoing, payload: Mapping[str, Any]) -> bool:
    if outgoing.method == uploads.FILE:
        return uploads.shared(message, payload)
    found, wanted = about(message), about(payload)
    if found.get("key") != outgoing.key:
        return False
    # Messages of earlier versions of this program do not say their event.
    return "event" not in found or found.get("event") == wanted.get("event")


def _thread_of(payload: Mapping[str, Any]) -> str | None:
    thread = payload.get("thread_ts")
    return thread if isinstance(thread, str) else None


def _is_direct(channel: str) -> bool:
    return channel.startswith(("U", "W", "D"))

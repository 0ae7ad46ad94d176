"""What Slack delivers: stored, acknowledged, then handled.

The writer puts all envelopes that arrive while one commit runs into the next, so that many are
stored by one commit and none is acknowledged before it is. The worker handles them in the
order of arrival; a handler that fails is tried again later and, after that, parked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError

from bot.sessions.ports import Clock, Envelope, UnitOfWork
from bot.slack.api.incoming import Malformed, place_of, users_in
from bot.slack.listeners import HANDLERS
from bot.slack.listeners.context import Context
from bot.slack.names import Names
from bot.support.outage import Outage
from bot.support.tasks import happens
from bot.support.transactions import Transactions

log = logging.getLogger(__name__)

RETRY_SECONDS = (1, 5, 30, 120, 600)
"""Seconds before each new try of a handler that failed; after the last it is parked."""
MAX_BATCH = 200
BATCH_WHILE_BUSY = 20
"""How many envelopes one commit handles at most, and while others come in. Those wait to be stored:
on SQLite for that commit, elsewhere for the processor."""
STEP_ASIDE_SECONDS = 0.05
"""Seconds for which handling waits, before each batch, for those that wait to be stored."""
QUIET_SECONDS = 0.5
"""Seconds without an envelope after which none is taken to be coming in."""
MAX_STORED_AT_ONCE = 500
"""Envelopes that one commit stores at the most."""
IDLE_POLL_SECONDS = 1.0
"""Seconds before a new try after handling failed as a whole."""
MAX_NESTING = 100
"""Levels that an envelope may be nested; Slack's have about ten."""
UNSTORABLE = "unstorable"


@dataclass(eq=False)
class InboxWriter:
    """Stores envelopes, many with one commit; `idle` while none wait to be stored."""

    _database: Transactions
    _clock: Clock
    _stored: Callable[[], None]
    _outage: Outage
    _waiting: list[tuple[str, Mapping[str, Any], asyncio.Future[None]]] = field(
        default_factory=list, init=False
    )
    _flushing: asyncio.Task[None] | None = field(default=None, init=False)
    _put_at: float = field(default=-QUIET_SECONDS, init=False)
    idle: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    received: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.idle.set()

    @property
    def busy(self) -> bool:
        """Whether envelopes have just come in."""
        return time.monotonic() - self._put_at < QUIET_SECONDS

    async def put(self, key: str, body: Mapping[str, Any]) -> None:
        """Returns when the envelope is committed; raises what the store raised.

        One that is nested deeper than anything of Slack's is stored as that and no more.
        """
        self.received += 1
        self._put_at = time.monotonic()
        if nested(body, MAX_NESTING):
            body = {UNSTORABLE: f"nested more than {MAX_NESTING} levels"}
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, body, future))
        self.idle.clear()
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        while self._waiting:
            batch = self._waiting[:MAX_STORED_AT_ONCE]
            del self._waiting[:MAX_STORED_AT_ONCE]
            rows = [(key, body) for key, body, _ in batch]
            try:
                errors = await asyncio.to_thread(self._write, rows)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear it
                errors = [error] * len(batch)
            for (_, _, future), failed in zip(batch, errors, strict=True):
                if future.done():
                    continue
                if failed is None:
                    future.set_result(None)
                else:
                    future.set_exception(failed)
            self._stored()
        self.idle.set()

    def _write(self, rows: list[tuple[str, Mapping[str, Any]]]) -> list[Exception | None]:
        """Stores all with one commit; if one of them cannot be, each with its own."""
        try:
            self._store(rows)
        except Exception as error:
            if self._outage.met(error):
                raise
            log.warning("storing requests one by one because of %s", type(error).__name__)
            return [self._write_alone(key, body) for key, body in rows]
        self._outage.over()
        return [None] * len(rows)

    def _write_alone(self, key: str, body: Mapping[str, Any]) -> Exception | None:
        try:
            self._store([(key, body)])
        except Exception as error:  # noqa: BLE001 - handed to the one who waits
            if self._outage.met(error) or not _is_of_the_envelope(error):
                return error  # not acknowledged: Slack delivers it again
            try:
                self._store([(key, {UNSTORABLE: f"{type(error).__name__}: {error}"[:1000]})])
            except Exception as second:  # noqa: BLE001 - handed to the one who waits
                self._outage.met(second)
                return second
        return None

    def _store(self, rows: list[tuple[str, Mapping[str, Any]]]) -> None:
        with self._database.unit_of_work() as uow:
            uow.inbox.add(rows, self._clock.now())


@dataclass(eq=False)
class InboxWorker:
    """Handles what is stored. `wall` is the wall clock: retries wait in real time.

    Slack waits until an envelope is stored (by `writer`), but nobody waits until it is handled. So in
    a flood handling lets storing go first, and catches up afterwards.
    """

    _database: Transactions
    _context: Context
    _wall: Clock
    _names: Names
    _outage: Outage
    _writer: InboxWriter
    _on_handled: Callable[[], None] = lambda: None
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _retry_at: datetime | None = field(default=None, init=False)
    handled: int = field(default=0, init=False)

    def wake(self) -> None:
        """Something was stored."""
        self._wake.set()

    async def run(self) -> None:
        """Handles for ever; ends when it is cancelled, or the program ends."""
        while True:
            self._wake.clear()
            try:
                await self._handle_due()
            except Exception as error:
                if not self._outage.met(error):
                    log.exception("requests from Slack cannot be handled; trying again")
                await asyncio.sleep(IDLE_POLL_SECONDS)
                self._wake.set()
            await happens(self._wake, self._until_retry())

    def _until_retry(self) -> float | None:
        """Seconds until something that failed is tried again; None where nothing is."""
        if self._retry_at is None:
            return None
        return max(0.0, (self._retry_at - self._wall.now()).total_seconds())

    async def caught_up(self, within: float) -> None:
        """Returns when what is being handled here is handled, or `within` seconds have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within), self._busy:
                pass

    async def drain(self) -> int:
        """Handles all that is due now, and learns who wrote it; gives how many envelopes."""
        total = await self._handle_due()
        await self._names.wait_idle()
        return total

    async def _handle_due(self) -> int:
        total = 0
        async with self._busy:
            if self._retry_at is not None and self._retry_at <= self._wall.now():
                self._retry_at = None
            while True:
                # The writer goes first, for a while.
                await happens(self._writer.idle, STEP_ASIDE_SECONDS)
                limit = BATCH_WHILE_BUSY if self._writer.busy else MAX_BATCH
                handled, unknown = await asyncio.to_thread(self._handle_batch, limit)
                self._names.enqueue(unknown)
                total += handled
                self.handled += handled
                if handled:
                    self._on_handled()
                if handled < limit:
                    return total

    def _handle_batch(self, limit: int = MAX_BATCH) -> tuple[int, set[str]]:
        """One transaction for the whole batch; if anything fails in it, one part for each.

        Gives how many envelopes there were, and the members in them whom nobody knows.
        """
        now = self._wall.now()
        try:
            with self._database.unit_of_work() as uow:
                envelopes = uow.inbox.claim(limit, now)
                unknown = self._prepare(uow, envelopes, together=True)
                for envelope in envelopes:
                    self._handle(uow, envelope)
                uow.inbox.done([e.id for e in envelopes], now)
        except Exception as error:
            if self._outage.met(error):
                raise
            log.debug("handling requests one by one because of %s", type(error).__name__)
        else:
            return len(envelopes), unknown
        with self._database.unit_of_work() as uow:
            envelopes = uow.inbox.claim(limit, now)
            unknown = self._prepare(uow, envelopes)
            for envelope in envelopes:
                self._handle_alone(uow, envelope)
        return len(envelopes), unknown

    def _prepare(
        self, uow: UnitOfWork, envelopes: list[Envelope], together: bool = False
    ) -> set[str]:
        """Reads with a few queries what the handlers will ask for, one envelope after another.

        What they write is written `together` where none of them may fail alone. Gives the members
        in them whom nobody knows.
        """
        users: set[str] = set()
        messages: dict[str, set[str]] = {}
        for envelope in envelopes:
            event = _event(envelope) or {}
            users |= users_in(event)
            place = place_of(event)
            if place is not None:
                messages.setdefault(place[0], set()).add(place[1])
        for channel, tss in messages.items():
            read = uow.messages.expect if together else uow.messages.many
            read(channel, tss)
        if not users:
            return set()
        found = uow.people.many(users)
        unnamed = {u for u in users if u not in found or found[u].name is None}
        return self._names.unseen(unnamed)

    def _handle_alone(self, uow: UnitOfWork, envelope: Envelope) -> None:
        now = self._wall.now()
        try:
            with uow.savepoint():
                self._handle(uow, envelope)
        except Malformed as error:
            # Trying again would not make it better.
            uow.inbox.failed(envelope.id, f"malformed: {error}", None)
            log.warning(
                "request %d from Slack is parked, because it is malformed: %s", envelope.id, error
            )
        except Exception as error:
            if self._outage.met(error):
                raise  # no fault of the envelope: it keeps its tries
            tries = envelope.attempts
            retry = (
                now + timedelta(seconds=RETRY_SECONDS[tries])
                if tries < len(RETRY_SECONDS)
                else None
            )
            if retry is not None:
                self._retry_at = min(retry, self._retry_at or retry)
            uow.inbox.failed(envelope.id, f"{type(error).__name__}: {error}", retry)
            log.exception(
                "request %d from Slack failed%s", envelope.id, "" if retry else " and is parked"
            )
        else:
            uow.inbox.done([envelope.id], now)

    def _handle(self, uow: UnitOfWork, envelope: Envelope) -> None:
        event = _event(envelope)
        if event is None:
            why = envelope.body.get(UNSTORABLE) if isinstance(envelope.body, Mapping) else None
            raise Malformed(str(why) if why else "event is missing or no object")
        kind = event.get("type")
        handler = HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is not None:
            handler(self._context, uow, event)


def _is_of_the_envelope(error: Exception) -> bool:
    """Whether an envelope could not be stored because of what is in it, and never will be."""
    return isinstance(error, DataError) or not isinstance(error, DBAPIError)


def nested(value: Any, levels: int) -> bool:
    """Whether JSON is nested deeper than so many levels. Does not recurse."""
    layer = [value]
    for _ in range(levels):
        below: list[Any] = []
        for item in layer:
            if isinstance(item, Mapping):
                below += [v for v in item.values() if isinstance(v, (Mapping, list))]
            elif isinstance(item, list):
                below += [v for v in item if isinstance(v, (Mapping, list))]
        if not below:
            return False
        layer = below
    return True


def _event(envelope: Envelope) -> Mapping[str, Any] | None:
    body = envelope.body
    event = body.get("event") if isinstance(body, Mapping) else None
    return event if isinstance(event, Mapping) else None

"""What Slack delivers: stored, acknowledged, then handled.

The writer puts all envelopes that arrive while one commit runs into the next, so that many are
stored by one commit and none is acknowledged before it is. The worker handles them in the
order of arrival; a handler that fails is tried again later and, after that, parked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from bot.sessions.ports import Clock, Envelope, UnitOfWork, UnitOfWorkFactory
from bot.slack.incoming import Malformed, users_in
from bot.slack.listeners import HANDLERS
from bot.slack.listeners.context import Context

log = logging.getLogger(__name__)

RETRIES = (1, 5, 30, 120, 600)
"""Seconds before each new try of a handler that failed; after the last it is parked."""
BATCH = 200
IDLE_POLL = 1.0
"""Seconds after which the worker looks for rows that another replica left behind."""

NameFetcher = Callable[[Collection[str]], Awaitable[None]]


class InboxWriter:
    """Stores envelopes, many with one commit."""

    def __init__(self, factory: UnitOfWorkFactory, clock: Clock, stored: Callable[[], None]):
        self._factory = factory
        self._clock = clock
        self._stored = stored
        self._waiting: list[tuple[str, Mapping[str, Any], asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def put(self, key: str, body: Mapping[str, Any]) -> None:
        """Returns when the envelope is committed; raises what the store raised."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, body, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, [(key, body) for key, body, _ in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear it
                for _, _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for _, _, future in batch:
                    if not future.done():
                        future.set_result(None)
                self._stored()

    def _write(self, rows: list[tuple[str, Mapping[str, Any]]]) -> None:
        with self._factory() as uow:
            uow.inbox.add(rows, self._clock.now())


class InboxWorker:
    """Handles what is stored. `wall` is the wall clock: retries wait in real time."""

    def __init__(
        self, factory: UnitOfWorkFactory, context: Context, wall: Clock, names: NameFetcher
    ):
        self._factory = factory
        self._context = context
        self._wall = wall
        self._names = names
        self._wake = asyncio.Event()
        self._busy = asyncio.Lock()

    def wake(self) -> None:
        """Something was stored."""
        self._wake.set()

    async def run(self) -> None:
        """Handles for ever; ends when it is cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.drain()
            except Exception:
                log.exception("the inbox cannot be read; trying again")
                await asyncio.sleep(IDLE_POLL)
            try:
                await asyncio.wait_for(self._wake.wait(), IDLE_POLL)
            except TimeoutError:
                continue

    async def drain(self) -> int:
        """Handles all that is due now; gives how many envelopes that were."""
        total = 0
        async with self._busy:
            while True:
                await self._learn_names()
                handled = await asyncio.to_thread(self._handle_batch)
                total += handled
                if handled < BATCH:
                    return total

    async def _learn_names(self) -> None:
        """Asks Slack for the people of the next batch whom we never met, before we need them."""
        unknown = await asyncio.to_thread(self._unknown)
        if unknown:
            await self._names(unknown)

    def _unknown(self) -> set[str]:
        with self._factory() as uow:
            users: set[str] = set()
            for envelope in uow.inbox.claim(BATCH, self._wall.now()):
                users |= users_in(_event(envelope) or {})
            return uow.people.unknown(users) if users else set()

    def _handle_batch(self) -> int:
        """One transaction for the whole batch; if anything fails in it, one part for each."""
        now = self._wall.now()
        try:
            with self._factory() as uow:
                envelopes = uow.inbox.claim(BATCH, now)
                for envelope in envelopes:
                    self._handle(uow, envelope)
                uow.inbox.done([e.id for e in envelopes], now)
                return len(envelopes)
        except Exception as error:  # noqa: BLE001 - found again, and reported, one by one below
            log.debug("handling envelopes one by one because of %s", type(error).__name__)
        with self._factory() as uow:
            envelopes = uow.inbox.claim(BATCH, now)
            for envelope in envelopes:
                self._handle_alone(uow, envelope)
            return len(envelopes)

    def _handle_alone(self, uow: UnitOfWork, envelope: Envelope) -> None:
        now = self._wall.now()
        try:
            with uow.savepoint():
                self._handle(uow, envelope)
        except Malformed as error:
            # Trying again would not make it better.
            uow.inbox.failed(envelope.id, f"malformed: {error}", None)
            log.warning("inbox %d is parked: malformed: %s", envelope.id, error)
        except Exception as error:
            tries = envelope.attempts
            retry = now + timedelta(seconds=RETRIES[tries]) if tries < len(RETRIES) else None
            uow.inbox.failed(envelope.id, f"{type(error).__name__}: {error}", retry)
            log.exception("inbox %d failed%s", envelope.id, "" if retry else " and is parked")
        else:
            uow.inbox.done([envelope.id], now)

    def _handle(self, uow: UnitOfWork, envelope: Envelope) -> None:
        event = _event(envelope)
        if event is None:
            raise Malformed("event is missing or no object")
        kind = event.get("type")
        handler = HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is not None:
            handler(self._context, uow, event)


def _event(envelope: Envelope) -> Mapping[str, Any] | None:
    body = envelope.body
    event = body.get("event") if isinstance(body, Mapping) else None
    return event if isinstance(event, Mapping) else None

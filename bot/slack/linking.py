"""Authors' messages outside threads, linked in the background after they are stored.

Which question a message answers can take seconds to say, and with a model longer; nothing in the
database is in use meanwhile, and nothing else waits. All that is queued of a session is decided in
one go, so that many answers cost little more than one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.markup import Names, plain
from bot.sessions import linking, pairing
from bot.sessions.model import Message, moment
from bot.sessions.ports import Clock, ConcurrentUpdate, QueuedLink, UnitOfWork
from bot.slack.listeners.context import Context
from bot.support.outage import Outage
from bot.support.tasks import happens
from bot.support.transactions import Transactions

log = logging.getLogger(__name__)

AFTER_TROUBLE_SECONDS = 2.0
"""How long to wait after a failure that is no message's own."""
RETRY_SECONDS = (0, 5, 30)
"""Seconds before each new try after a failure; after the last the message is left as it is."""
AT_ONCE = 10
"""Messages that one transaction links, so that nobody waits long to store an envelope."""


@dataclass(eq=False)
class Linker:
    """Links what is queued, on the one replica that leads.

    `reading` gives a unit of work that only reads; `wall` is the wall clock, by which failures are
    tried again; `meaning` compares what texts mean, None for words alone.
    """

    _database: Transactions
    _context: Context
    _wall: Clock
    _outage: Outage
    meaning: pairing.Meaning | None
    _leads: Callable[[], bool]
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _drained: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _retry_at: datetime | None = field(default=None, init=False)

    def wake(self) -> None:
        """Something may have been queued."""
        self._wake.set()

    async def run(self) -> None:
        """Links for ever; ends when it is cancelled, or the program ends."""
        led = False
        while True:
            self._wake.clear()
            try:
                leads = self._leads()
                if leads and not led:
                    # Whoever held messages back, to compare them with Slack's history, was killed.
                    await self._database.write(lambda uow: uow.links.release())
                led = leads
                if leads:
                    await self.drain()
            except pairing.ShuttingDown:
                return
            except Exception as error:
                if not self._outage.met(error):
                    log.exception("authors' answers could not be linked; trying again")
                await asyncio.sleep(AFTER_TROUBLE_SECONDS)
                self._wake.set()
            await happens(self._wake, self._until_retry())

    def _until_retry(self) -> float | None:
        """Seconds until something that failed is tried again; None where nothing is."""
        retry_at, self._retry_at = self._retry_at, None
        if retry_at is None:
            return None
        return max(0.0, (retry_at - self._wall.now()).total_seconds())

    async def drain(self) -> int:
        """Considers all that is due now; gives how many messages. Raises ShuttingDown."""
        total = 0
        async with self._busy:
            while count := await asyncio.to_thread(self._link_due):
                total += count
        self._drained.set()
        return total

    async def wait_idle(self, session_id: int) -> None:
        """Returns when nothing of a session is due to be linked; somebody must `run` meanwhile."""
        while session_id in await self._database.read(lambda uow: uow.links.due(self._wall.now())):
            self._drained.clear()
            self.wake()
            await self._drained.wait()

    def _link_due(self) -> int:
        with self._database.reading() as uow:
            due = uow.links.due(self._wall.now())
        for queued in due.values():
            self._link(queued)
        return sum(map(len, due.values()))

    def _link(self, queued: Sequence[QueuedLink]) -> None:
        """Links what is queued of one session; what fails is tried again later."""
        try:
            decisions = self._decide(queued)
        except pairing.ShuttingDown:
            raise
        except Exception as error:
            if self._outage.explains(error):
                raise
            log.exception("could not work out which questions authors answered")
            self._failed(queued)
            return
        queued = sorted(
            [*queued, *linking.earlier(queued, decisions)], key=lambda link: moment(link.ts)
        )
        for start in range(0, len(queued), AT_ONCE):
            self._conclude(queued[start : start + AT_ONCE], decisions)

    def _decide(self, queued: Sequence[QueuedLink]) -> dict[str, pairing.Decision]:
        with self._database.reading() as uow:
            session = uow.sessions.get(queued[0].session_id)
            if session is None:
                return {}
            found = linking.read(uow, session, queued[-1].ts, text(uow))
        wanted = {link.ts for link in queued}
        try:
            return linking.decide(found, wanted, self.meaning)
        except pairing.ShuttingDown:
            raise
        except Exception:
            if self.meaning is None:
                raise
            log.exception("texts could not be compared by meaning; comparing words only")
            return linking.decide(found, wanted)

    def _conclude(
        self, queued: Sequence[QueuedLink], decisions: dict[str, pairing.Decision]
    ) -> None:
        """One transaction for all; if anything fails in it, one for each."""
        try:
            self._conclude_together(queued, decisions)
        except Exception as error:
            if self._outage.explains(error):
                raise
            if len(queued) > 1:
                for link in queued:
                    self._conclude([link], decisions)
                return
            log.exception("the answer %s could not be linked", queued[0].ts)
            self._failed(queued)

    def _conclude_together(
        self, queued: Sequence[QueuedLink], decisions: dict[str, pairing.Decision]
    ) -> None:
        at, context = self._context.clock.now(), self._context
        again = []
        with self._database.unit_of_work() as uow:
            for link in queued:
                decision = decisions.get(link.ts)
                try:
                    with uow.savepoint():
                        linking.conclude(
                            uow, context.notifier, link, decision, at, context.unthreaded
                        )
                except ConcurrentUpdate:
                    again.append(link)
                    continue
                if decision is not None and not link.again:
                    log.info(
                        "the message %s: %s, with a confidence of %.2f",
                        link.ts,
                        decision.kind,
                        decision.confidence,
                    )
        self._failed(again)

    def _failed(self, queued: Sequence[QueuedLink]) -> None:
        now = self._wall.now()
        with self._database.unit_of_work() as uow:
            for link in queued:
                if link.again:  # a later look at its session considers it once more
                    continue
                if link.attempts < len(RETRY_SECONDS):
                    retry_at = now + timedelta(seconds=RETRY_SECONDS[link.attempts])
                    self._retry_at = min(retry_at, self._retry_at or retry_at)
                    uow.links.failed(link.channel, link.ts, retry_at)
                else:
                    uow.links.done(link.channel, link.ts)
                    log.error("the message %s is not linked to any question", link.ts)


class _StoredNames(Names):
    """`bot.markup.Names`: people by what the store calls them, other things by their labels."""

    def __init__(self, uow: UnitOfWork):
        self._uow = uow

    def user(self, id: str, /) -> str:
        person = self._uow.people.get(id)
        return (person.name or "") if person is not None else ""

    def channel(self, id: str, /) -> str:
        return self._uow.labels.get("channel", id) or ""

    def usergroup(self, id: str, /) -> str:
        return self._uow.labels.get("usergroup", id) or ""


def text(uow: UnitOfWork) -> Callable[[Message], str]:
    """What people read of a message, without markup."""
    names = _StoredNames(uow)
    return lambda message: plain(message.content, names)

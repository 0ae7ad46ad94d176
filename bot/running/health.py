"""How a running bot is, for those who watch over it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.exc import SQLAlchemyError

from bot.sessions.ports import Clock
from bot.store.database import Database
from bot.support.outage import Outage
from bot.support.tasks import Tasks

HEALTH_WITHIN_SECONDS = 4.0
"""How long the database may take to answer for `/readyz`; probes wait about five seconds."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a running bot is. `waits` says what Slack does not let the bot read, and why.

    `numbers` are those that are known, by the names of `bot.running.http.GAUGES`: none of the
    database while that does not answer, and none of the comparison with Slack's history where
    nothing is compared (another replica leads, or no session is watched).
    """

    received: int
    handled: int
    leads: bool
    connected: bool
    waits: tuple[str, ...]
    numbers: Mapping[str, float]
    database: bool = False

    @property
    def troubles(self) -> list[str]:
        """Why it is not ready to work, a line each."""
        found = []
        if not self.database:
            found.append("the database cannot be used")
        if not self.connected:
            found.append("there is no connection to Slack")
        return found


class HealthCheck:
    """Asks the database how the bot is; while it does not answer it is not asked twice."""

    def __init__(self, database: Database, wall: Clock, outage: Outage, tasks: Tasks):
        self._database = database
        self._wall = wall
        self._outage = outage
        self._tasks = tasks
        self._asking: asyncio.Task[dict[str, float]] | None = None

    async def complete(self, known: Health) -> Health:
        """Adds the numbers of the database, if it answers in time."""
        if self._asking is None or self._asking.done():
            self._asking = self._tasks.start(asyncio.to_thread(self._numbers), "health")
        answered, _ = await asyncio.wait({self._asking}, timeout=HEALTH_WITHIN_SECONDS)
        if not answered:
            return known
        try:
            numbers = {**known.numbers, **self._asking.result()}
        except SQLAlchemyError as error:
            self._outage.met(error)
            return known
        # A full disk can be read from: only writing tells.
        return replace(known, numbers=numbers, database=not self._outage.lasts)

    def _numbers(self) -> dict[str, float]:
        with self._database.reading() as uow:
            running, last = uow.member_names.running_listing(), uow.member_names.last_listing()
            listing = running or last
            now = self._wall.now()
            since = uow.inbox.waiting_since()
            counts = uow.outbox.counts()
            ages = {"lag": since or now}
            if last is not None and last.finished_at is not None:
                ages["members_age"] = last.finished_at
            return {
                "inbox": uow.inbox.depth(),
                "parked": uow.inbox.parked(),
                "outbox": uow.outbox.depth(),
                "held": counts.get("held", 0),
                "given_up": counts.get("failed", 0),
                "blocked": len(uow.outbox.troubles()),
                "answered_before": uow.actions.count("found"),
                "member_listing": running is not None,
                "members_listed": listing.members if listing is not None else 0,
                **{name: max(0.0, (now - at).total_seconds()) for name, at in ages.items()},
            }

"""How a running bot is, for those who watch over it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.sessions.ports import Clock
from bot.store.database import Database
from bot.support.outage import Outage
from bot.support.tasks import Tasks

HEALTH_WITHIN_SECONDS = 4.0
"""How long the database may take to answer for `/readyz`; probes wait about five seconds."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a running bot is. Numbers of the database are None while it does not answer.

    `member_listing` is whether all members of the workspace are being listed, `members_listed` how
    many were by that listing, or else by the last, and `members_age` how long ago the last ended.
    `held` are messages that wait for somebody to act while others go past them, `given_up` those
    that are tried again only when somebody asks for it, `answered_before` how often an earlier answer
    was enough for who wanted to ask (as far as the log of actions goes back), `waits` says what Slack
    does not let the bot read, and why.
    `lag` and the ages are in seconds; `reconcile_age` is None where nothing is compared (another
    replica leads, or no session is watched).
    """

    received: int
    handled: int
    leads: bool
    connected: bool
    database: bool
    inbox: int | None = None
    lag: float | None = None
    parked: int | None = None
    outbox: int | None = None
    blocked: int | None = None
    held: int | None = None
    given_up: int | None = None
    reconcile_age: float | None = None
    reconcile_waiting: int | None = None
    member_listing: bool | None = None
    members_listed: int | None = None
    members_age: float | None = None
    answered_before: int | None = None
    waits: tuple[str, ...] = ()

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
        self._asking: asyncio.Task[dict[str, Any]] | None = None

    async def complete(self, known: Health) -> Health:
        """Adds the numbers of the database, if it answers in time."""
        if self._asking is None or self._asking.done():
            self._asking = self._tasks.start(asyncio.to_thread(self._numbers), "health")
        answered, _ = await asyncio.wait({self._asking}, timeout=HEALTH_WITHIN_SECONDS)
        if not answered:
            return known
        try:
            return replace(known, **self._asking.result())
        except SQLAlchemyError as error:
            self._outage.met(error)
            return known

    def _numbers(self) -> dict[str, Any]:
        """What the database says of the bot's health, by the names of the fields of Health."""
        with self._database.reading() as uow:
            running, last = uow.member_names.running_listing(), uow.member_names.last_listing()
            listing = running or last
            listed_at = last.finished_at if last is not None else None
            since = uow.inbox.waiting_since()
            counts = uow.outbox.counts()
            lag = (self._wall.now() - since).total_seconds() if since is not None else 0.0
            return {
                # A full disk can be read from: only writing tells.
                "database": not self._outage.lasts,
                "inbox": uow.inbox.depth(),
                "lag": max(0.0, lag),
                "parked": uow.inbox.parked(),
                "outbox": uow.outbox.depth(),
                "held": counts.get("held", 0),
                "given_up": counts.get("failed", 0),
                "blocked": len(uow.outbox.troubles()),
                "answered_before": uow.actions.count("found"),
                "member_listing": running is not None,
                "members_listed": listing.members if listing is not None else 0,
                "members_age": (
                    max(0.0, (self._wall.now() - listed_at).total_seconds())
                    if listed_at is not None
                    else None
                ),
            }

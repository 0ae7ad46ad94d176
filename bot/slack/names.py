"""Who people are: asked for beside the handling of messages, which never waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.sessions.model import Person
from bot.sessions.ports import Clock, UnitOfWork
from bot.slack.api.gateway import NO_ANSWER, Gateway, passing
from bot.slack.waiting import WaitsForSlack
from bot.support.tasks import happens
from bot.support.transactions import Transactions
from bot.texts import _

log = logging.getLogger(__name__)

MAX_KNOWN_MEMBERS = 50_000
"""How many members are kept in mind as known."""
ASK_AGAIN_AFTER = timedelta(hours=1)
"""After which time a member whom Slack does not know is asked for again."""
PAUSE_SECONDS = 5.0
"""Seconds before the next question when Slack could not be asked."""


@dataclass(eq=False)
class Names:
    """Asks Slack for the people whom the store does not know by name, one at a time.

    What they wrote meanwhile gets their name when it is known.
    """

    _database: Transactions
    _gateway: Gateway
    _wall: Clock
    _clock: Clock
    _waits: WaitsForSlack
    _known: set[str] = field(default_factory=set, init=False)
    _unknown: dict[str, datetime] = field(default_factory=dict, init=False)
    _wanted: dict[str, None] = field(default_factory=dict, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _idle: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self._idle.set()

    def unseen(self, users: Iterable[str]) -> set[str]:
        """Those of `users` of whom we do not know whether the store knows them."""
        return {u for u in users if u not in self._known and u not in self._wanted}

    def lookup(self, uow: UnitOfWork, users: Iterable[str]) -> set[str]:
        """Those of `users` whom the store does not know; may be called from any thread."""
        asked = self.unseen(users)
        if not asked:
            return set()
        unknown = uow.people.unknown(asked)
        if len(self._known) > MAX_KNOWN_MEMBERS:
            self._known = set()
        self._known |= asked - unknown
        return unknown

    def enqueue(self, users: Iterable[str]) -> None:
        """Asks Slack for members, soon; called from the event loop."""
        now = self._wall.now()
        for user in users:
            tried = self._unknown.get(user)
            if user not in self._known and (tried is None or tried + ASK_AGAIN_AFTER < now):
                self._wanted[user] = None
        if self._wanted:
            self._idle.clear()
            self._wake.set()

    async def wait_idle(self, within: float = 10.0) -> bool:
        """Returns when all who were wanted are known, or `within` seconds have passed (False)."""
        return await happens(self._idle, within)

    async def run(self) -> None:
        """Asks for ever; ends when it is cancelled."""
        while True:
            if not self._wanted:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            user = next(iter(self._wanted))
            what = _("the names of members")
            try:
                found = await self._gateway.person(user)
                self._waits.worked(what)
                if found is None:
                    self._unknown[user] = self._wall.now()
                else:
                    await self._database.write(self._store, found)
                    self._known.add(user)
            except NO_ANSWER as error:
                await self._waits.cannot_read(what, error)
                if passing(error):
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                self._unknown[user] = self._wall.now()
            except Exception as error:  # noqa: BLE001 - the database; others say so
                log.debug("no name is stored for %s: %s", user, type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            self._wanted.pop(user, None)

    def _store(self, uow: UnitOfWork, found: Person) -> None:
        if found.name is not None:
            for session_id in uow.messages.named(found.slack_id, found.name):
                uow.sessions.touch(session_id, self._clock.now())
        uow.people.put(found)
        if not uow.member_names.is_current(found):
            uow.member_names.put([found])

"""Keeps the database small, and free of what was deleted."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from bot.sessions.ports import Clock
from bot.slack import erasing
from bot.store.database import Database

log = logging.getLogger(__name__)

PRUNE_EVERY = timedelta(hours=1)
WIPE_EVERY = timedelta(minutes=10)
"""How often PostgreSQL's tables are written anew at most, which keeps others waiting."""
KEEP_ENVELOPES = timedelta(days=7)
"""How long an envelope is known after it was handled; Slack repeats one for some minutes."""


class Upkeep:
    """Removes what is no longer needed. `retention` is for how many days a session's rows stay.

    `must_wipe` says that something was deleted that the database's files may still have.
    """

    def __init__(self, database: Database, wall: Clock, retention: float):
        self._database = database
        self._wall = wall
        self._retention = retention
        self._pruned_at: datetime | None = None
        self._wiped_at = datetime.min.replace(tzinfo=UTC)
        self.must_wipe = True  # a predecessor may have been killed before it did

    def wipe(self) -> None:
        """Removes what closed sessions forgot from the database's files, as soon as nobody reads."""
        if self.must_wipe and self._database.wipe():
            self.must_wipe = False
        if self._database.shared and self._wall.now() >= self._wiped_at + WIPE_EVERY:
            self._wiped_at = self._wall.now()
            self._wipe_whole()

    def _wipe_whole(self) -> None:
        """Writes PostgreSQL's tables anew if somebody was erased since that was last done."""
        with self._database.reading() as uow:
            is_owed = erasing.owes_wipe(uow)
        if is_owed and self._database.wipe(whole=True):
            with self._database.unit_of_work() as uow:
                erasing.wiped(uow)
            log.info("erased data was removed from the files of the database")

    def owe_wipe(self) -> None:
        self.must_wipe = True

    def prune(self) -> None:
        """Forgets, once an hour, envelopes that Slack will not repeat any more."""
        now = self._wall.now()
        if self._pruned_at is not None and now < self._pruned_at + PRUNE_EVERY:
            return
        self._pruned_at = now
        with self._database.unit_of_work() as uow:
            uow.inbox.prune(now - KEEP_ENVELOPES)
        count = self._database.prune(now - timedelta(days=self._retention))
        if count:
            log.info("deleted %d rows that are no longer needed", count)

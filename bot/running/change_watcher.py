"""Watches the database for changes, for all parts of the bot that wait for one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.store.database import Database
from bot.support.outage import Outage
from bot.support.tasks import happens

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often to ask whether another process changed the database."""
SHORTEST_PAUSE_SECONDS = 0.1
"""The pause between two wake-ups, however much is written."""
LONGEST_PAUSE_SECONDS = 30.0
"""The parts are woken after this time even if nothing changed: some things become due with time."""


class ChangeWatcher:
    """Wakes the parts that wait whenever this process or another one wrote something.

    `wake` are the functions to call. The database is asked every `poll_seconds`, with at most one
    statement; what this process itself writes is known without asking. `generation` counts the
    changes.
    """

    def __init__(
        self,
        database: Database,
        outage: Outage,
        wake: Sequence[Callable[[], None]],
        poll_seconds: float = POLL_SECONDS,
    ):
        self._database = database
        self._outage = outage
        self._wake = wake
        self._poll_seconds = min(POLL_SECONDS, poll_seconds)
        self._written = asyncio.Event()
        self.generation = 0

    async def run(self) -> None:
        """Asks for ever; ends when it is cancelled."""
        loop = asyncio.get_running_loop()
        self._database.committed = lambda: _tell(loop, self._written)
        woken = 0.0
        try:
            while True:
                is_written = await happens(self._written, self._poll_seconds)
                self._written.clear()
                try:
                    changed = await asyncio.to_thread(self._database.changes.any_since_last)
                except Exception as error:
                    if not self._outage.met(error):
                        log.exception("the database cannot be asked for changes; trying again")
                    changed = True
                now = time.monotonic()
                if changed or is_written:
                    self.generation += 1
                elif now < woken + LONGEST_PAUSE_SECONDS:
                    continue
                woken = now
                for wake in self._wake:
                    wake()
                await asyncio.sleep(min(SHORTEST_PAUSE_SECONDS, self._poll_seconds))
        finally:
            self._database.committed = lambda: None


def _tell(loop: asyncio.AbstractEventLoop, written: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(written.set)

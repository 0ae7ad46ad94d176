"""When things happen: APScheduler wakes, the database says what is due.

The scheduler keeps nothing: its jobs are in memory, one for the next moment that something is
planned and one that looks every few seconds, so that a moment missed (a machine that slept, a
leader that died) is found at the next look.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.sessions.ports import Clock

log = logging.getLogger(__name__)

NEXT = "next"


class Ticker:
    """Calls `tick` when something is due, and every `interval` seconds of the wall clock.

    `tick` does what is due and gives the moment (of `clock`) at which something will next be.
    """

    def __init__(
        self, clock: Clock, tick: Callable[[], Awaitable[datetime | None]], interval: float
    ):
        self._clock = clock
        self._tick = tick
        self._interval = interval
        self._looking: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    def start(self) -> None:
        """Starts looking, at once."""
        self._scheduler.add_job(
            self._look, IntervalTrigger(seconds=self._interval), next_run_time=datetime.now(UTC)
        )
        self._scheduler.start()

    async def stop(self) -> None:
        """Stops looking; a look that has begun comes to its end."""
        self._stopping = True
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        await asyncio.sleep(0)  # a look that was just scheduled sees that it is too late
        if self._looking:
            await asyncio.wait(self._looking)
        self._scheduler.shutdown(wait=False)

    async def _look(self) -> None:
        look = asyncio.current_task()
        if self._stopping or look is None:
            return
        self._looking.add(look)
        try:
            following = await self._tick()
        except Exception:
            log.exception("what was due failed; trying again")
            return
        finally:
            self._looking.discard(look)
        if following is not None and not self._stopping:
            self._scheduler.add_job(
                self._look,
                DateTrigger(self._clock.wall(following)),
                id=NEXT,
                replace_existing=True,
            )

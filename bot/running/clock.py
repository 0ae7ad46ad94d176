"""Clocks: the real one, and one whose time is told or runs fast."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present, aware UTC."""
        return datetime.now(UTC)

    def wall(self, at: datetime) -> datetime:
        """The same moment."""
        return at


class FreeClock:
    """A clock that shows any time and runs at any speed, 0 being a standstill.

    It can be put forward, never back. `speed` is how many of its seconds pass in a real one.
    """

    def __init__(self, start: datetime, speed: float = 0.0):
        self._origin = start.astimezone(UTC)
        self.speed = speed
        self._began = time.monotonic()

    def now(self) -> datetime:
        """What it shows, aware UTC."""
        passed = (time.monotonic() - self._began) * self.speed
        return self._origin + timedelta(seconds=passed)

    def wall(self, at: datetime) -> datetime:
        """When it will show `at` if nobody moves it; far off for a clock that stands still."""
        real = datetime.now(UTC)
        ahead = (at - self.now()).total_seconds()
        if ahead <= 0:
            return real
        return real + timedelta(seconds=ahead / self.speed if self.speed else 86_400)

    def run(self, speed: float) -> None:
        """Goes on from what it shows, at another speed."""
        self._origin, self._began = self.now(), time.monotonic()
        self.speed = speed

    def advance(self, by: timedelta) -> None:
        """Puts it forward."""
        self.move_to(self.now() + by)

    def move_to(self, at: datetime) -> None:
        """Puts it forward to a moment; ValueError for one that is past."""
        if at < self.now():
            raise ValueError("a clock is never put back")
        self._origin, self._began = at.astimezone(UTC), time.monotonic()

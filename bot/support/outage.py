"""A database that is gone or full: said once when it begins and once when it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

RECOVERED_AFTER_SECONDS = 1.0
"""Seconds without trouble after which it is over: a little may still fit on a full disk."""


class Outage:
    """Whether the database can be worked with, as those who work with it find out.

    `is_outage` tells an error of a database that is gone from any other. May be used from any
    thread.
    """

    def __init__(self, is_outage: Callable[[BaseException], bool]):
        self.explains = is_outage
        """Whether an error means an outage. For those who only read, and look again anyway."""
        self._since: float | None = None
        self._met_at = 0.0
        self._mutex = threading.Lock()

    @property
    def lasts(self) -> bool:
        """Whether there is one now."""
        return self._since is not None

    def met(self, error: BaseException) -> bool:
        """Somebody met an error: True, and one line in the log, if it means an outage."""
        if not self.explains(error):
            return False
        with self._mutex:
            self._met_at = time.monotonic()
            if self._since is None:
                self._since = self._met_at
                reason = " ".join(str(getattr(error, "orig", error)).split())
                log.error(
                    "the database cannot be used (%s). Until it can, nothing is acknowledged to Slack, which "
                    "will deliver it again",
                    reason,
                )
        return True

    def over(self) -> None:
        """Something new was stored; changes of what is there already fit on a full disk too."""
        if self._since is None or time.monotonic() < self._met_at + RECOVERED_AFTER_SECONDS:
            return
        with self._mutex:
            if self._since is not None:
                lasted = time.monotonic() - self._since
                self._since = None
                log.warning("the database can be used again after %.0f s", lasted)

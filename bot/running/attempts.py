"""Things that are due, each done by itself: what fails of one holds up no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.errors import UserError
from bot.sessions.pairing import ShuttingDown
from bot.sessions.ports import ConcurrentUpdate
from bot.slack.api.gateway import ONLY_OF_SLACK
from bot.texts import _

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 300.0
"""The pauses before what failed twice or more is tried again; each is twice as long as the last."""


class LeadLostError(Exception):
    """Another replica leads now: what was begun as leader must not go on."""


@dataclass(eq=False)
class Attempts:
    """Does due things, and tries again what failed, later each time.

    `is_outage` says which errors are the database's trouble; `waits_for_slack` is told of what waits for Slack, `tell` of every other failure, both by the
    key of the thing; `over` that a thing was done after it had failed. They are called once for
    each failure that is new.
    """

    _is_outage: Callable[[BaseException], bool]
    _waits_for_slack: Callable[[str, Exception], Awaitable[None]]
    _tell: Callable[[str, str], Awaitable[None]]
    _over: Callable[[str], None]
    _failed: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)
    _logged: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def waiting(self) -> bool:
        """Whether something failed that is to be tried again."""
        return bool(self._failed)

    async def run(self, key: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Does one thing unless it failed a short while ago; True if it was done.

        Raises LeadLostError, ShuttingDown, and what means that the database cannot be used.
        """
        tries, not_before = self._failed.get(key, (0, 0.0))
        if time.monotonic() < not_before:
            return False
        try:
            await work()
        except (LeadLostError, ShuttingDown):
            raise
        except ConcurrentUpdate as error:
            log.info("%s: somebody else was quicker: %s", key, error)
            return False
        except ONLY_OF_SLACK as error:
            self._fail(key, tries)
            await self._waits_for_slack(key, error)
            return False
        except Exception as error:
            if self._is_outage(error):
                raise
            self._fail(key, tries)
            what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            if self._logged.get(key) != what:
                self._logged[key] = what
                log.error("%s failed; trying again", key, exc_info=error)
            reason = str(error) if isinstance(error, UserError) else type(error).__name__
            await self._tell(
                key,
                _(
                    "Something that was due failed ({key}): {reason}. The bot will try again; "
                    "the log has the details.",
                    key=key,
                    reason=reason,
                ),
            )
            return False
        if key in self._failed:
            del self._failed[key]
            self._logged.pop(key, None)
            self._over(key)
        return True

    def _fail(self, key: str, tries: int) -> None:
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (tries - 1)) if tries else 0
        self._failed[key] = (tries + 1, time.monotonic() + pause)

"""Slack's rate limits: <https://docs.slack.dev/apis/web-api/rate-limits>.

Two regimes: `internal` is an app of the workspace's own, `restricted` one that is distributed
outside the Marketplace since May 2025, for which `conversations.history` and
`conversations.replies` take one call a minute and give 15 messages. `none` limits nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from math import ceil
from typing import Literal

from slackbox.errors import RateLimited

Regime = Literal["none", "internal", "restricted"]

MINUTE = 60.0
TIERS: Mapping[int, int] = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute that a tier allows at least; the sandbox allows no more."""
POST_BURST = 3
"""Messages a channel takes at once; after that, one a second ("short bursts are allowed")."""
SPECIAL = 600
"""Calls a minute for methods of a special tier, and messages a minute in the workspace."""
RESTRICTED = frozenset({"conversations.history", "conversations.replies"})
RESTRICTED_PAGE = 15


class Limits:
    """Counts calls, and refuses those that are too many."""

    def __init__(self, regime: Regime, monotonic: Callable[[], float]):
        self.regime: Regime = regime
        self._monotonic = monotonic
        self._calls: dict[str, deque[float]] = {}
        self._posts: dict[str, float] = {}

    def check(self, method: str, tier: int | None) -> None:
        """Counts a call. Raises RateLimited, with whole seconds to wait.

        `tier` is 1 to 4, or None for a special tier.
        """
        if self.regime == "none":
            return
        if self.regime == "restricted" and method in RESTRICTED:
            most = 1
        else:
            most = TIERS[tier] if tier is not None else SPECIAL
        self._window(method, most, self._monotonic())

    def check_post(self, channel: str) -> None:
        """Counts a message in a channel, one a second. Raises RateLimited."""
        if self.regime != "none":
            self._post(channel, self._monotonic())

    def page(self, method: str, limit: int | None, default: int) -> int:
        """How many messages a call gives: as asked, or 15 at the most where it is restricted."""
        if self.regime == "restricted" and method in RESTRICTED:
            return min(limit or RESTRICTED_PAGE, RESTRICTED_PAGE)
        return default if limit is None else limit

    def reset(self) -> None:
        """Forgets all calls."""
        self._calls.clear()
        self._posts.clear()

    def _window(self, method: str, most: int, now: float) -> None:
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        if len(calls) >= most:
            raise RateLimited(max(1, ceil(calls[0] + MINUTE - now)))
        calls.append(now)

    def _post(self, channel: str, now: float) -> None:
        # A bucket of POST_BURST that drains at one a second: the moment it will be empty.
        empty = max(self._posts.get(channel, 0.0), now)
        if empty - now > POST_BURST - 1:
            raise RateLimited(max(1, ceil(empty - now - (POST_BURST - 1))))
        self._posts[channel] = empty + 1.0

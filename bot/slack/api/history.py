"""Slack's history, read no faster than Slack allows.

Two regimes: an app of the workspace's own makes about 50 calls a minute of each method and is
given up to 999 messages a call; one that is distributed outside Slack's Marketplace since May
2025 makes one call a minute, and is given 15:
<https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps>. Which of
them we live in can be set, or is learnt from Slack's answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.gateway import NO_ANSWER, code_of, passing, retry_after

log = logging.getLogger(__name__)

Regime = Literal["auto", "internal", "restricted", "none"]
Page = list[dict[str, Any]]

HISTORY = "conversations.history"
REPLIES = "conversations.replies"
MAX_TRIES = 5
"""How often a call is made that fails for a reason that passes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `calls` of a method in `seconds`, for `messages` each."""

    calls: int
    seconds: float
    messages: int


INTERNAL = Pace(45, 60.0, 999)
"""Tier 3, "50+ per minute", less some for the calls that others make."""
RESTRICTED = Pace(1, 61.0, 15)
UNLIMITED = Pace(1_000_000, 1.0, 999)
RESTRICTED_RETRY_AFTER_SECONDS = 20.0
"""A `Retry-After` of so many seconds, after few calls, is that of the restricted regime."""


class History:
    """Reads channels and threads. `client` must try nothing again by itself.

    `wait` (of the methods) is whether a call waits its turn; without, it is made at once, and
    raises SlackApiError if that is too fast.
    """

    def __init__(self, client: AsyncWebClient, regime: Regime = "auto"):
        self.client = client
        self.calls = 0
        self._learns = regime == "auto"
        self.pace: Pace = {"restricted": RESTRICTED, "none": UNLIMITED}.get(regime, INTERNAL)
        self._made: dict[str, deque[float]] = {HISTORY: deque(), REPLIES: deque()}
        self._not_before = dict.fromkeys(self._made, 0.0)
        self._turn = {name: asyncio.Lock() for name in self._made}

    @property
    def restricted(self) -> bool:
        """Whether Slack gives 15 messages a minute."""
        return self.pace is RESTRICTED

    async def channel(
        self, channel: str, oldest: str, latest: str | None, wait: bool = True
    ) -> AsyncIterator[Page]:
        """What a channel shows from `oldest` to `latest` (`ts`, both included), page by page.

        With `latest` the newest page comes first. Raises SlackApiError where Slack refuses.
        <https://docs.slack.dev/reference/methods/conversations.history>
        """
        arguments = {"channel": channel, "oldest": oldest, "inclusive": "true"}
        if latest is not None:
            arguments["latest"] = latest
        async for page in self._pages(HISTORY, arguments, wait):
            yield page

    async def replies(
        self, channel: str, root: str, oldest: str | None = None, wait: bool = True
    ) -> AsyncIterator[Page]:
        """The messages of a thread, its root among them; nothing where the thread is gone.

        <https://docs.slack.dev/reference/methods/conversations.replies>
        """
        arguments = {"channel": channel, "ts": root}
        if oldest is not None:
            arguments |= {"oldest": oldest, "inclusive": "true"}
        try:
            async for page in self._pages(REPLIES, arguments, wait):
                yield page
        except SlackApiError as error:
            if code_of(error) != "thread_not_found":
                raise

    async def _pages(
        self, method: str, arguments: dict[str, str], wait: bool
    ) -> AsyncIterator[Page]:
        cursor = ""
        while True:
            asked = {**arguments, "include_all_metadata": "true", "cursor": cursor}
            answer = await self._call(method, asked, wait)
            messages = [m for m in answer.get("messages") or () if isinstance(m, dict)]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if cursor and len(messages) <= RESTRICTED.messages < self.pace.messages:
                self._learn("it gives 15 messages a call")
            yield messages
            if not cursor:
                return

    async def _call(self, method: str, arguments: dict[str, str], wait: bool) -> dict[str, Any]:
        tries = 0
        while True:
            async with self._turn[method]:
                if wait:
                    await self._wait(method)
                self._made[method].append(asyncio.get_running_loop().time())
            tries += 1
            self.calls += 1
            try:
                asked = {**arguments, "limit": str(self.pace.messages)}
                answer = await self.client.api_call(method, params=asked)
            except NO_ANSWER as error:
                seconds = retry_after(error)
                if seconds is not None:
                    self._slow_down(method, seconds)
                if not wait or not passing(error) or (seconds is None and tries >= MAX_TRIES):
                    raise
                await asyncio.sleep(seconds if seconds is not None else backoff(tries))
            else:
                return dict(answer.data) if isinstance(answer.data, dict) else {}

    async def _wait(self, method: str) -> None:
        """Returns when the next call may be made."""
        while True:
            now = asyncio.get_running_loop().time()
            made, pace = self._made[method], self.pace
            while made and made[0] <= now - pace.seconds:
                made.popleft()
            free = made[-pace.calls] + pace.seconds if len(made) >= pace.calls else now
            at = max(free, self._not_before[method])
            if at <= now:
                return
            await asyncio.sleep(at - now)

    def _slow_down(self, method: str, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        self._not_before[method] = max(self._not_before[method], now + seconds)
        lately = sum(1 for at in self._made[method] if at > now - INTERNAL.seconds)
        if seconds >= RESTRICTED_RETRY_AFTER_SECONDS and lately <= INTERNAL.calls // 2:
            self._learn(f"it wants {seconds:.0f} s between calls")

    def _learn(self, why: str) -> None:
        if self._learns and not self.restricted:
            self.pace = RESTRICTED
            log.warning(
                "Slack limits this app to one look a minute at 15 messages of its history (%s): "
                "messages that no event told of are found late. An app of the workspace's own is "
                "not limited so; set MARGINALIA_RATE_REGIME if this is wrong",
                why,
            )


def backoff(tries: int) -> float:
    """Seconds before a call that failed is made again: 1, 2, 4 …"""
    return 2.0 ** (tries - 1)

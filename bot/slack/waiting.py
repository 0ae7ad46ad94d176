"""What waits because Slack refuses or does not answer: told once, and shown until it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.slack.api.gateway import code_of, method_of, passing, reason_of
from bot.slack.api.refusals import Then, verdict
from bot.support.outage import Outage
from bot.texts import _

log = logging.getLogger(__name__)


@dataclass(slots=True)
class WaitsForSlack:
    """What cannot be done or read at present (`the names of members`), each with the reason.

    `tell` tells the organizers a text under a key, once until `over` is called with the key; it may
    block. They are told of refusals that somebody must mend. While Slack is down or busy nothing
    that is said would reach anybody, so only the log and `lines` say so.
    """

    outage: Outage
    tell: Callable[[str, str], None] = lambda key, text: None
    over: Callable[[str], None] = lambda key: None
    _reasons: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """What waits, with Slack's code and the remedy, a line each."""
        return [f"{what}: {why}" for what, why in sorted(self._reasons.items())]

    async def cannot_read(self, what: str, error: BaseException) -> None:
        """Notes that `what` could not be read."""
        text = _("Slack does not let me read {what}: {reason}.", what=what, reason=reason_of(error))
        await self.failed(what, error, text)

    async def failed(self, what: str, error: BaseException, text: str) -> None:
        """Notes that `what` could not be done; `text` is for the organizers."""
        why = reason_of(error)
        if self._reasons.get(what) == why:
            return
        code_and_remedy = why.partition(": ")[2]
        is_told = any(r.partition(": ")[2] == code_and_remedy for r in self._reasons.values())
        self._reasons[what] = why
        log.warning("%s: waiting for Slack: %s", what, why)
        if passing(error):
            return
        # One new installation mends all that lacks a scope; each channel is mended by itself.
        is_channels = verdict(method_of(error), code_of(error)).then is Then.WAIT_CHANNEL
        if is_told and not is_channels:
            return
        try:
            await asyncio.to_thread(self.tell, f"waits {what}", text)
        except Exception as failure:
            del self._reasons[what]  # so that it is told the next time
            if not self.outage.met(failure):
                raise

    def worked(self, what: str) -> None:
        """Notes that `what` is done."""
        if self._reasons.pop(what, None) is not None:
            log.info("%s: no longer waiting for Slack", what)
            self.over(f"waits {what}")

"""How the workspace says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refusal(Exception):
    """Slack's answer to what it does not do.

    `error` is Slack's code (`channel_not_found`); `messages` become `response_metadata.messages`,
    as for `invalid_blocks`; `more` is put beside `error` in the answer (`needed`, `provided`).
    """

    def __init__(self, error: str, messages: Sequence[str] = (), **more: Any):
        super().__init__(f"{error}: {'; '.join(messages)}" if messages else error)
        self.error = error
        self.messages = list(messages)
        self.more = more

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        answer: dict[str, Any] = {"ok": False, "error": self.error, **self.more}
        if self.messages:
            answer["response_metadata"] = {"messages": self.messages}
        return answer


class RateLimited(Refusal):
    """Too many calls: HTTP 429 with `Retry-After`, whole seconds.

    <https://docs.slack.dev/apis/web-api/rate-limits>
    """

    def __init__(self, retry_after: int):
        super().__init__("ratelimited")
        self.retry_after = retry_after


class ManifestError(ValueError):
    """The manifest is not one that Slack takes. The text says what is wrong, in one line."""

"""How the workspace says no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COMMON = frozenset(
    """
    invalid_arg_name invalid_array_arg invalid_post_type missing_post_type missing_scope
    not_allowed_token_type not_authed ratelimited unknown_method
    invalid_arguments invalid_auth invalid_json json_not_object
    """.split()
)
"""Codes that any method can answer; what only some answer stands with each method."""

_SPECS = "https://github.com/slackapi/slack-api-specs"
FIELD_SEEN: Mapping[tuple[str, str], str] = {
    ("*", "invalid_arguments"): "https://github.com/slackapi/java-slack-sdk/pull/302",
    ("*", "invalid_auth"): _SPECS,
    ("*", "invalid_json"): _SPECS,
    ("*", "json_not_object"): _SPECS,
    ("chat.postMessage", "cannot_dm_bot"): "https://github.com/HubSpot/slack-client/pull/90",
    (
        "chat.postMessage",
        "invalid_attachments",
    ): "https://github.com/slackapi/node-slack-sdk/pull/832",
    ("chat.postMessage", "thread_not_found"): "https://github.com/slackapi/bolt-js/issues/2307",
    ("conversations.open", "cannot_dm_bot"): "https://github.com/HubSpot/slack-client/pull/90",
    ("reactions.add", "not_in_channel"): "https://github.com/HubSpot/slack-client/pull/356",
    ("reactions.remove", "not_in_channel"): "https://github.com/HubSpot/slack-client/pull/356",
}
"""Codes that the page of a method (`*`: of every method) does not list, and where each was seen."""


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

"""What Slack does with a text that is too long for one message.

The documentation says that texts over 40,000 characters are cut
(<https://docs.slack.dev/changelog/2018-truncating-really-long-messages>). It only mentions that
"you may find long messages automatically broken into multiple messages"; that this begins at
about 4,000 characters is reported in <https://github.com/slackapi/java-slack-sdk/issues/704> and
<https://github.com/slack-ruby/slack-ruby-client/issues/259>.
"""

from __future__ import annotations

MAX_TEXT = 40_000
"""Characters of a message's text; Slack cuts off the rest."""
SPLIT_TEXT = 4_000
"""Characters of a text without blocks that one message holds; a longer one becomes several."""

TRUNCATED = "message_truncated"
TRUNCATED_MESSAGE = (
    "[WARN] Your message was truncated but still posted. "
    "The `text` field accepts up to 40,000 characters."
)


def units(text: str) -> int:
    """The length of a text in UTF-16 code units, the strictest reading of "characters"."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def head(text: str, limit: int) -> str:
    """As many characters from the beginning of `text` as fit into `limit` code units."""
    kept = text[:limit]
    while units(kept) > limit:
        kept = kept[: len(kept) - max(1, (units(kept) - limit) // 2)]
    return kept


def split(text: str, limit: int = SPLIT_TEXT) -> list[str]:
    """The texts of the messages that a text without blocks becomes, at least one.

    A part ends at the last line end within `limit` characters, else at the last blank, else in
    the middle of a word. Formatting that spans two parts is broken, as on Slack.
    """
    parts = []
    rest = text
    while units(rest) > limit:
        part = head(rest, limit)
        end = max(part.rfind("\n"), 0) or max(part.rfind(" "), 0) or len(part)
        parts.append(rest[:end])
        rest = rest[end:].lstrip(" \n")
    if rest or not parts:
        parts.append(rest)
    return parts

"""Slack's limits for what people see, and how to keep within them.

From <https://docs.slack.dev/reference/block-kit/blocks>.
"""

from __future__ import annotations

from datetime import datetime

HEADER = 150
"""Characters in a header block."""
SECTION = 3000
"""Characters in the text of a section block."""


def cut(text: str, limit: int) -> str:
    """The text, ended with `…` where it is longer than `limit` characters.

    Slack counts UTF-16 code units; counting so here keeps an emoji-laden text within bounds. A
    cut never leaves half an entity (`&am`) or half a `<…>` behind.
    """
    if _units(text) <= limit:
        return text
    kept = text
    while _units(kept) > limit - 1:
        kept = kept[: max(0, len(kept) - max(1, (_units(kept) - limit + 1) // 2))]
    for opener, closer in (("<", ">"), ("&", ";")):
        start = kept.rfind(opener)
        if start != -1 and closer not in kept[start:]:
            kept = kept[:start]
    return kept.rstrip() + "…"


def when(at: datetime) -> str:
    """A moment in the reader's own zone: <https://docs.slack.dev/messaging/formatting-message-text>."""
    fallback = at.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def _units(text: str) -> int:
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)

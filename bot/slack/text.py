"""Markdown and messages as the text of Block Kit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.markup import from_markdown, plain


def mrkdwn_of(markdown: str) -> str:
    """A book's Markdown as Slack's mrkdwn."""
    return str(from_markdown(markdown)["text"]) if markdown.strip() else ""


def excerpt(content: Mapping[str, Any], limit: int) -> str:
    """The beginning of what a message shows, on one line, in at most `limit` characters."""
    line = " ".join(plain(content).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"

"""Markdown and messages as the text of Block Kit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.markup import markdown_to_mrkdwn, plain


def mrkdwn_of(markdown: str) -> str:
    """A book's Markdown as Slack's mrkdwn."""
    return markdown_to_mrkdwn(markdown) if markdown.strip() else ""


def excerpt(content: Mapping[str, Any], limit: int) -> str:
    """The beginning of what a message shows, on one line, in at most `limit` characters."""
    line = " ".join(plain(content).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def permalink(workspace_url: str, channel: str, ts: str, thread_ts: str | None = None) -> str:
    """The address of a message, as `chat.getPermalink` would give it; '' without a workspace.

    <https://docs.slack.dev/reference/methods/chat.getPermalink>
    """
    if not workspace_url:
        return ""
    link = f"{workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
    if thread_ts is not None and thread_ts != ts:
        link += f"?thread_ts={thread_ts}&cid={channel}"
    return link


def linked(link: str, text: str) -> str:
    """Text (mrkdwn, escaped) that leads to an address, in mrkdwn; the text alone without one."""
    return f"<{link.replace('&', '&amp;')}|{text}>" if link else text

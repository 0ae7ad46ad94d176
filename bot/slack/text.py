"""Markdown and messages as the text of Block Kit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.markup import escape_mrkdwn, plain
from bot.sessions.model import Message
from bot.slack.blocks.limits import cut
from bot.texts import _

NAME = 80
"""Characters of a name, as many as Slack takes."""


_BROADCAST = re.compile(r"<!(channel|here|everyone|group)(?:\|[^<>]*)?>")
_USERGROUP = re.compile(r"<!subteam\^[A-Z0-9]+(?:\|@?([^<>]*))?>", re.ASCII)


def without_broadcasts(text: str) -> str:
    """The text (mrkdwn) with its mentions of everybody and of user groups as plain words.

    The bot posts the text, and may mention everybody where its writer may not:
    <https://docs.slack.dev/messaging/formatting-message-text#special-mentions>.

    >>> without_broadcasts("Hello <!channel>, and <!subteam^S012|@experts>")
    'Hello @channel, and @experts'
    """
    plainer = _BROADCAST.sub(r"@\1", text)
    return _USERGROUP.sub(lambda found: f"@{found[1] or 'group'}", plainer)


def excerpt(content: Mapping[str, Any], limit: int) -> str:
    """The beginning of what a message shows, on one line, in at most `limit` characters."""
    line = " ".join(plain(content).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def quoted(content: Mapping[str, Any], limit: int) -> str:
    """The `excerpt` of a message as mrkdwn, in which `&` is five characters: half as many more at
    the most.
    """
    return cut(escape_mrkdwn(excerpt(content, limit)), limit * 3 // 2)


def writer(message: Message) -> str:
    """The name under which a message was posted, as mrkdwn."""
    return cut(escape_mrkdwn(message.posted_name or _("Somebody")), NAME)


def address(workspace_url: str, message: Message) -> str:
    """The `permalink` of a message that is stored."""
    return permalink(workspace_url, message.channel, message.ts, message.thread_ts)


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

"""Files queued for Slack: rows of the outbox whose method is FILE.

A row says what the file is, not what is in it (`content_of` names that); it is made when it is
sent. Slack's upload takes three calls, which `files_upload_v2` of slack_sdk makes:
<https://docs.slack.dev/messaging/working-with-files#upload>.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import UserError
from bot.sessions.ports import Outgoing

FILE = "files.upload"
"""The method of such a row; no method of Slack's has the name any more."""

Contents = Callable[[str], bytes]
"""What a row's `content_of` names, as bytes. Raises UserError where it cannot be made now."""


def no_contents(name: str) -> bytes:
    """The contents of a bot that makes no files."""
    raise UserError(f"nobody makes {name}")


def outgoing(
    key: str,
    place: str,
    filename: str,
    title: str,
    comment: str,
    content_of: str,
    thread: Mapping[str, str] | None = None,
) -> Outgoing:
    """A file for a channel (`C…`) or a person (`U…`); `thread` is a payload's `{"ts_of": key}`.

    Of one file name and title there is one file in a place, whatever happens in between.
    """
    payload: dict[str, Any] = {
        "channel": place,
        "filename": filename,
        "title": title,
        "initial_comment": comment,
        "content_of": content_of,
    }
    if thread is not None:
        payload["thread_ts"] = dict(thread)
    return Outgoing(key, FILE, payload, place)


async def send(
    client: AsyncWebClient, place: str, payload: Mapping[str, Any], content: bytes
) -> None:
    """Uploads a file and shares it in a conversation. Raises SlackApiError."""
    thread_ts = payload.get("thread_ts")
    await client.files_upload_v2(
        channel=place,
        filename=str(payload["filename"]),
        title=str(payload["title"]),
        content=content or b"\n",  # Slack takes no empty file
        initial_comment=str(payload["initial_comment"]),
        thread_ts=str(thread_ts) if thread_ts else None,
    )


def shared(message: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Whether a message of the history is the one that shared the file."""
    wanted = (payload["filename"], payload["title"])
    return any(
        (file.get("name"), file.get("title")) == wanted for file in message.get("files") or ()
    )

"""Files that the bot owes: rows of the outbox whose method is FILE.

A row says what the file is, not what is in it (`content_of` names that); it is made when it is
sent. Slack's upload takes three calls, which `files_upload_v2` of slack_sdk makes:
<https://docs.slack.dev/messaging/working-with-files#upload>.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.sessions.ports import Outgoing

log = logging.getLogger(__name__)

FILE = "files.upload"
"""The method of such a row; no method of Slack's has the name any more."""

Contents = Callable[[str], bytes]
"""What a row's `content_of` names, as bytes. Raises UserError where it cannot be made now."""


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
    client: AsyncWebClient, payload: Mapping[str, Any], content: bytes, again: bool
) -> None:
    """Uploads and shares a file; `again` if an earlier try may have done so already.

    Raises SlackApiError.
    """
    place = str(payload["channel"])
    if place[:1] in {"U", "W"}:
        opened = await client.conversations_open(users=place)
        place = str((opened.get("channel") or {})["id"])
    thread_ts = payload.get("thread_ts")
    if again and await _is_there(client, place, payload, thread_ts):
        log.info("%s was uploaded already", payload["filename"])
        return
    await client.files_upload_v2(
        channel=place,
        filename=str(payload["filename"]),
        title=str(payload["title"]),
        content=content or b"\n",  # Slack takes no empty file
        initial_comment=str(payload["initial_comment"]),
        thread_ts=thread_ts,
    )


async def _is_there(
    client: AsyncWebClient, place: str, payload: Mapping[str, Any], thread_ts: str | None
) -> bool:
    if thread_ts:
        response = await client.conversations_replies(channel=place, ts=thread_ts, limit=200)
    else:
        response = await client.conversations_history(channel=place, limit=100)
    wanted = (payload["filename"], payload["title"])
    return any(
        (file.get("name"), file.get("title")) == wanted
        for message in response.get("messages") or ()
        for file in message.get("files") or ()
    )

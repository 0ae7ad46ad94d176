"""chat.*"""

from __future__ import annotations

import re
from typing import Any

from slackbox import blocks as block_kit
from slackbox import objects, richtext
from slackbox.errors import Refusal
from slackbox.lengths import MAX_TEXT, TRUNCATED, TRUNCATED_MESSAGE, split
from slackbox.methods.call import Call, method, methods
from slackbox.model import Channel, Json, Message

UPDATE_TEXT = 4_000
"""Bytes of text that `chat.update` takes, counted after escaping: "The text field cannot exceed
4,000 characters", <https://docs.slack.dev/reference/methods/chat.update>."""
MAX_METADATA = 8_000
"""Characters of a message's metadata as JSON."""
MAX_ATTACHMENTS = 100

_EVENT_TYPE = re.compile(r"[A-Za-z0-9_\-]{1,255}\Z")


def post_message(call: Call) -> Json:
    """Says something in a channel, a thread, or to a person.

    A long text without blocks becomes several messages; the answer is about the first of them.
    Attachments hang on the last, metadata and the thread are those of all.
    """
    ws = call.workspace
    if call.flag("as_user"):
        raise Refusal("as_user_not_supported")
    channel = _target(call)
    text, blocks, attachments = content(call, too_long="msg_blocks_too_long")
    username, icons = customised(call)
    metadata = _metadata(call)
    thread_ts = call.text("thread_ts") or None
    broadcast = call.flag("reply_broadcast")
    _may_post(call, channel)
    refusal = ws.posting_for(channel, call.me).refusal(reply=thread_ts is not None)
    if refusal is not None:
        raise Refusal(refusal)
    if thread_ts is not None:
        _known_thread(ws.message, channel, thread_ts)
    call.limits.check_post(channel.id)
    parts = [text] if blocks else split(text)
    message, *_ = [
        ws.post(
            channel,
            part,
            bot=ws.bot,
            blocks=blocks,
            attachments=attachments if number == len(parts) else None,
            thread_ts=thread_ts,
            broadcast=broadcast,
            metadata=metadata,
            username=username,
            icons=icons,
        )
        for number, part in enumerate(parts, start=1)
    ]
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": ws.render(channel, message, metadata=True),
    }


def _target(call: Call) -> Channel:
    """The channel, also by `#name`; or the direct messages of a person, by user ID."""
    ws = call.workspace
    given = call.required("channel")
    member = ws.members.get(given)
    if member is not None:
        if member.deleted or member.is_bot:
            raise Refusal("cannot_dm_bot" if member.is_bot else "channel_not_found")
        return ws.im(member.id)
    try:
        channel = ws.channel(given)
    except Refusal:
        raise Refusal("channel_not_found") from None
    if not call.sees(channel):
        raise Refusal("channel_not_found")
    return channel


def _may_post(call: Call, channel: Channel) -> None:
    if channel.is_archived:
        raise Refusal("is_archived")
    if call.me not in channel.members and (
        channel.is_private or "chat:write.public" not in call.workspace.manifest.scopes
    ):
        raise Refusal("not_in_channel")


def _known_thread(find: Any, channel: Channel, thread_ts: str) -> None:
    try:
        root = find(channel, thread_ts)
    except Refusal:
        raise Refusal("thread_not_found") from None
    if root.subtype is not None and root.subtype in NO_THREAD:
        raise Refusal("cannot_reply_to_message")


NO_THREAD = frozenset(
    {
        "channel_join", "channel_leave", "channel_topic", "channel_name", "channel_archive",
        "channel_unarchive", "group_join", "group_leave", "group_topic", "group_name",
        "group_archive", "group_unarchive",
    }
)  # fmt: skip
"""Notices of the workspace, which take no replies."""


def content(
    call: Call, too_long: str = "msg_too_long"
) -> tuple[str, list[Json] | None, list[Json] | None]:
    """Text, blocks and attachments of a message; what is not given is '' or None.

    A text over 40,000 characters is cut, and the answer gets Slack's warning of it. Raises
    Refusal `no_text`, `invalid_blocks`, `invalid_blocks_format`, `invalid_attachments`,
    `too_many_attachments`, `markdown_text_conflict`, and `too_long` for blocks with too much text.
    """
    text = richtext.tidy(call.text("text"))
    if call.flag("link_names") or call.text("parse") == "full":
        text = call.workspace.linked(text)
    blocks = call.structure("blocks", "invalid_blocks_format")
    attachments = call.structure("attachments", "invalid_attachments")
    markdown = call.text("markdown_text")
    if markdown:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        text, blocks = markdown, [{"type": "markdown", "text": markdown}]
    if blocks is not None:
        blocks = block_kit.message(blocks, call.workspace.block_id, call.workspace.loads, too_long)
    if isinstance(attachments, bool):
        attachments = None
    if attachments is not None:
        attachments = _attachments(attachments)
    if not text.strip() and not blocks and not attachments:
        raise Refusal("no_text")
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT]
        call.warn(TRUNCATED, TRUNCATED_MESSAGE)
    return text, blocks, attachments


def _attachments(given: Any) -> list[Json]:
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise Refusal("invalid_attachments")
    if len(given) > MAX_ATTACHMENTS:
        raise Refusal("too_many_attachments")
    return [{"id": i, **item} for i, item in enumerate(given, start=1)]


def customised(call: Call) -> tuple[str | None, Json | None]:
    """The name and the icons that a message is to have instead of the bot's.

    Raises Refusal `missing_scope` without `chat:write.customize`.
    """
    username = call.text("username") or None
    emoji, url = call.text("icon_emoji"), call.text("icon_url")
    if username or emoji or url:
        call.needs("chat:write.customize")
    icons: Json | None = None
    if emoji:
        name = emoji.strip(":")
        icons = {"emoji": f":{name}:", "image_64": f"{objects.EMOJI}/{name}.png"}
    elif url:
        icons = {f"image_{size}": url for size in (36, 48, 72)}
    if icons is not None and username is None:
        username = call.workspace.bot.name
    return username, icons


def _metadata(call: Call) -> Json | None:
    """A message's metadata: <https://docs.slack.dev/messaging/message-metadata>.

    "Metadata with an invalid `event_type` returns an `invalid_metadata_schema` warning and is
    ignored." What has `entities` alone (Work Objects) is taken, and nothing is shown of it.
    """
    given = call.structure("metadata", "invalid_metadata_format")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Refusal("invalid_metadata_format")
    if set(given) - {"event_type", "event_payload", "entities"}:
        raise Refusal("invalid_metadata_schema")
    if len(block_kit.compact(given)) > MAX_METADATA:
        raise Refusal("metadata_too_large")
    if set(given) == {"entities"}:
        return None
    event_type, payload = given.get("event_type"), given.get("event_payload")
    if not isinstance(event_type, str) or not isinstance(payload, dict):
        raise Refusal("invalid_metadata_schema")
    if not _EVENT_TYPE.match(event_type):
        call.warn("invalid_metadata_schema")
        return None
    return {"event_type": event_type, "event_payload": payload}


def update(call: Call) -> Json:
    """Changes one of the bot's messages."""
    ws = call.workspace
    if call.flag("as_user"):
        raise Refusal("as_user_not_supported")
    channel = call.channel()
    message = _own(call, channel, "cant_update_message", "is_inactive")
    gives_blocks = any(
        call.args.get(name) not in (None, "") for name in ("blocks", "markdown_text")
    )
    gives_text = "text" in call.args or "markdown_text" in call.args
    blocks_only_removed = call.structure("blocks", "invalid_blocks_format") == []
    if blocks_only_removed and not call.text("text"):
        raise Refusal("no_text")
    text, blocks, attachments = content(call)
    if len(text.encode()) > UPDATE_TEXT:
        raise Refusal("msg_too_long")
    metadata = _metadata(call)
    broadcast = call.flag("reply_broadcast") and not message.broadcast
    if broadcast and message.root is None:
        raise Refusal("cant_broadcast_message")
    files = _files(call)
    if files:
        message.files = files
    ws.edit(
        channel,
        message,
        editor=call.me,
        text=text if gives_text else None,
        blocks=blocks if gives_blocks and blocks else None,
        attachments=attachments,
        metadata=metadata,
        # "If blocks are used … the edited flag will not be displayed on the message."
        mark=not (gives_blocks and blocks),
    )
    if broadcast:
        ws.broadcast_reply(channel, message)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": ws.render(channel, message, metadata=True),
    }


def _files(call: Call) -> list[Json]:
    found = [call.workspace.files.get(file) for file in call.names("file_ids")]
    if any(file is None or file.deleted or file.user != call.me for file in found):
        raise Refusal("file_not_found")
    return [objects.file(file) for file in found if file is not None]


def delete(call: Call) -> Json:
    """Deletes one of the bot's messages."""
    channel = call.channel()
    message = _own(call, channel, "cant_delete_message", "cant_delete_message")
    call.workspace.delete(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def _own(call: Call, channel: Channel, error: str, archived: str) -> Message:
    """The bot's own message. Raises Refusal `error`, or `archived` in an archived channel."""
    message = call.message(channel)
    if message.tombstone:
        raise Refusal("message_not_found")
    if message.bot_id != call.workspace.bot.id:
        raise Refusal(error)
    if channel.is_archived:
        raise Refusal(archived)
    return message


def post_ephemeral(call: Call) -> Json:
    """Says something that one person sees."""
    ws = call.workspace
    channel = call.channel()
    user = call.required("user")
    text, blocks, attachments = content(call)
    customised(call)
    if channel.is_archived:
        raise Refusal("is_archived")
    if call.me not in channel.members:
        raise Refusal("not_in_channel")
    if ws.posting_for(channel, call.me).restricted:
        raise Refusal("restricted_action")
    member = ws.members.get(user)
    if member is None or member.deleted or user not in channel.members:
        raise Refusal("user_not_in_channel")
    parts = [text] if blocks else split(text)
    note, *_ = [
        ws.whisper(
            channel,
            user,
            part,
            blocks=blocks,
            attachments=attachments if number == len(parts) else None,
            thread_ts=call.text("thread_ts") or None,
        )
        for number, part in enumerate(parts, start=1)
    ]
    return {"message_ts": note.ts}


def get_permalink(call: Call) -> Json:
    """The address of a message."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    return {"channel": channel.id, "permalink": call.workspace.permalink(channel, message)}


_CONTENT = "text markdown_text blocks attachments metadata parse link_names as_user"
_LOOK = "username icon_emoji icon_url"

METHODS = methods(
    method(
        "chat.postMessage",
        post_message,
        tier=None,
        scopes=["chat:write"],
        args=f"channel {_CONTENT} {_LOOK} mrkdwn thread_ts reply_broadcast unfurl_links "
        "unfurl_media current_draft_last_updated_ts",
        errors="as_user_not_supported cannot_dm_bot cannot_reply_to_message channel_not_found "
        "invalid_attachments invalid_blocks invalid_blocks_format "
        "invalid_metadata_format invalid_metadata_schema is_archived "
        "markdown_text_conflict message_limit_exceeded metadata_too_large "
        "msg_blocks_too_long no_text not_in_channel restricted_action "
        "restricted_action_non_threadable_channel restricted_action_read_only_channel "
        "restricted_action_thread_locked restricted_action_thread_only_channel "
        "thread_not_found too_many_attachments",
    ),
    method(
        "chat.update",
        update,
        tier=3,
        scopes=["chat:write"],
        args=f"channel ts {_CONTENT} reply_broadcast file_ids unfurled_attachments",
        errors="as_user_not_supported cant_broadcast_message cant_update_message "
        "channel_not_found edit_window_closed file_not_found invalid_attachments "
        "invalid_blocks invalid_blocks_format invalid_metadata_format "
        "invalid_metadata_schema is_inactive markdown_text_conflict message_not_found "
        "metadata_too_large msg_too_long no_text too_many_attachments",
    ),
    method(
        "chat.delete",
        delete,
        tier=3,
        scopes=["chat:write"],
        args="channel ts as_user",
        errors="cant_delete_message channel_not_found message_not_found",
    ),
    method(
        "chat.postEphemeral",
        post_ephemeral,
        tier=4,
        scopes=["chat:write"],
        args=f"channel user {_CONTENT} {_LOOK} thread_ts",
        errors="cannot_reply_to_message channel_not_found invalid_attachments invalid_blocks "
        "invalid_blocks_format is_archived markdown_text_conflict "
        "message_limit_exceeded msg_too_long no_text not_in_channel restricted_action "
        "too_many_attachments user_not_in_channel",
    ),
    method(
        "chat.getPermalink",
        get_permalink,
        tier=None,
        args="channel message_ts",
        json=False,
        errors="channel_not_found message_not_found",
    ),
)

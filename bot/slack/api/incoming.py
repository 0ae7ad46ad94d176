"""Slack's events as the domain's words. What Slack sends is data that may be anything.

A field that is missing or of another type than documented raises Malformed; an event that is
none of our business gives None.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.markup import plain
from bot.sessions.collect import Posted
from bot.sessions.model import Person, Reaction

_TS = re.compile(r"\d{1,10}\.\d{1,6}\Z", re.ASCII)
_ID = re.compile(r"[A-Z0-9]{2,30}\Z", re.ASCII)

EVENT_TYPE = "marginalia"
"""The `event_type` of the metadata that carries the key of a message of the bot's."""
QUESTION_EVENT = "marginalia_question"
"""The same of a question that the bot posts for somebody."""

POSTED = {None, "file_share", "thread_broadcast", "me_message", "file_comment"}
"""The subtypes of a message that a person wrote: <https://docs.slack.dev/reference/events/message>.

All others (`channel_join`, `channel_topic`, `bot_message`, `pinned_item` …) are the workspace
talking about itself.
"""

SLACKBOT = "USLACKBOT"
"""Slack's own voice, which has a member ID and no bot's: reminders, custom responses."""

LONGEST_TALK = 1500
"""Characters beyond which a message is not looked at as talk."""

CONTENT = ("text", "blocks", "files", "attachments")


class Malformed(ValueError):
    """An event that does not look as Slack documents it. The text names the field."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that was deleted; `thread_ts` where Slack says it was a reply."""

    channel: str
    ts: str
    thread_ts: str | None = None


def message_event(
    event: Mapping[str, Any], bot_id: str | None, left_out: Collection[str] = ()
) -> Posted | Deleted | None:
    """A `message` event: something posted or edited, something deleted, or None.

    `bot_id` is our own, so that questions posted through the form are told from other bots';
    `left_out` as in `message_object`.
    """
    subtype = event.get("subtype")
    channel = string(event, "channel", _ID)
    if subtype == "message_changed":
        return message_object(mapping(event, "message"), channel, bot_id, left_out)
    if subtype == "message_deleted":
        previous = event.get("previous_message")
        thread = previous.get("thread_ts") if isinstance(previous, Mapping) else None
        return Deleted(channel, string(event, "deleted_ts", _TS), as_ts(thread))
    return message_object(event, channel, bot_id, left_out)


def message_object(
    message: Mapping[str, Any],
    channel: str,
    bot_id: str | None = None,
    left_out: Collection[str] = (),
) -> Posted | Deleted | None:
    """A message object, of an event, the history or an export; None if no person wrote it.

    What is left of a deleted message that has replies is a deletion. Slack marks what a person
    posts through an app (with a user token) with the app's `bot_id`, just as what the app's own
    bot posts: such a message is `through_app`, and who knows the members decides
    (`bot.sessions.collect`). `left_out` are IDs of apps or bots whose messages are nobody's.
    """
    asker = form_asker(message, bot_id)
    subtype = message.get("subtype")
    if subtype is not None and not isinstance(subtype, str):
        raise Malformed("subtype is no text")
    if subtype == "tombstone":
        return Deleted(channel, string(message, "ts", _TS))
    if asker is None and not _by_a_member(message, subtype, left_out):
        return None
    ts = string(message, "ts", _TS)
    said = _comment(message) if subtype == "file_comment" else _legacy_upload(message)
    author = asker or string(said, "user", _ID)
    content = _content(said) if asker is None else _question(message)
    thread_ts = message.get("thread_ts")
    if thread_ts is not None and as_ts(thread_ts) is None:
        raise Malformed("thread_ts is no message timestamp")
    return Posted(
        channel=channel,
        ts=ts,
        author=author,
        content=content,
        thread_ts=thread_ts if thread_ts != ts else None,
        edited_ts=edited_ts(message),
        broadcast=subtype == "thread_broadcast",
        form=asker is not None,
        shown=_shown(content) if asker is None else "",
        token=form_token(message) if asker is not None else "",
        event=_event(message) if asker is not None else "",
        part=_part(message) if asker is not None else 0,
        through_app=asker is None and bool(message.get("bot_id")),
        writer=_writer(message, author) if asker is None else None,
    )


def _shown(content: Mapping[str, Any]) -> str:
    """What a message shows; '' for one with files, or so long that it is no talk."""
    text = content.get("text")
    if content.get("files") or not isinstance(text, str) or len(text) > LONGEST_TALK:
        return ""
    return plain(content)


def _by_a_member(
    message: Mapping[str, Any], subtype: str | None, left_out: Collection[str]
) -> bool:
    """Whether a member wrote a message: not Slack, and no app that is to be left out."""
    if subtype not in POSTED or message.get("user") == SLACKBOT:
        return False
    senders = (message.get("bot_id"), message.get("app_id"))
    return not any(isinstance(sender, str) and sender in left_out for sender in senders)


def _comment(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What somebody wrote about a file: until 2018 that was a message of another kind.

    Its `text` is Slack's sentence about it.
    """
    comment = mapping(message, "comment")
    return {"user": comment.get("user"), "text": comment.get("comment")}


def _legacy_upload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message with a file, as it has been since 2018: the comment as text, the file in `files`.

    Before, `file` held the file with its `initial_comment`, and `text` Slack's sentence about it.
    """
    file = message.get("file")
    if (
        message.get("subtype") != "file_share"
        or "files" in message
        or not isinstance(file, Mapping)
    ):
        return message
    comment = file.get("initial_comment")
    text = comment.get("comment") if isinstance(comment, Mapping) else None
    return {**message, "text": text or "", "files": [file]}


def _writer(message: Mapping[str, Any], author: str) -> Person | None:
    """Who wrote a message, as far as it says that itself, as those of Slack Connect do."""
    profile = message.get("user_profile")
    found = person({"id": author, "profile": profile}) if isinstance(profile, Mapping) else None
    return found if found is not None and found.name else None


def about(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the metadata of a message says of it; nothing in most."""
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    return payload if isinstance(payload, Mapping) else {}


def _event_type(message: Mapping[str, Any]) -> object:
    metadata = message.get("metadata")
    return metadata.get("event_type") if isinstance(metadata, Mapping) else None


def our_key(message: Mapping[str, Any]) -> str | None:
    """The key of a message that the bot posted, as its metadata has it; None in others."""
    if not message.get("bot_id") or _event_type(message) not in (EVENT_TYPE, QUESTION_EVENT):
        return None
    key = about(message).get("key")
    return key if isinstance(key, str) else None


def form_asker(message: Mapping[str, Any], bot_id: str | None) -> str | None:
    """Whose question this is, if the bot itself posted it from the form."""
    ours = bot_id is not None and message.get("bot_id") == bot_id
    asker = about(message).get("asker")
    is_question = ours and _event_type(message) == QUESTION_EVENT
    return asker if is_question and isinstance(asker, str) and asker else None


def form_token(message: Mapping[str, Any]) -> str:
    """Which submission a question from the form is; '' where its message does not say."""
    key = about(message).get("key")
    kind, token, *_part = [*key.split(" "), ""] if isinstance(key, str) else ["", ""]
    return token if kind == "question" else ""


def _event(message: Mapping[str, Any]) -> str:
    """The ID of the event that a question from the form was sent to; '' where it is not said."""
    event = about(message).get("event")
    return event if isinstance(event, str) else ""


def _part(message: Mapping[str, Any]) -> int:
    """Which message of a long question it is: 2, 3 …; 0 for the first, or an only one."""
    number = about(message).get("part")
    return number if isinstance(number, int) else 0


def _question(message: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a question from the form; one that was parted into sections is one text."""
    content = _content(message)
    joints, blocks = about(message).get("joints"), content.get("blocks")
    if not isinstance(joints, list) or not isinstance(blocks, list) or len(joints) != len(blocks):
        return content
    text = ""
    for block, joint in zip(blocks, joints, strict=True):
        shown = block.get("text") if isinstance(block, Mapping) else None
        said = shown.get("text") if isinstance(shown, Mapping) else None
        if not isinstance(said, str) or not isinstance(joint, str):
            return content
        text += said + joint
    return {"text": text}


def as_ts(value: object) -> str | None:
    """A message timestamp; None for anything else."""
    return value if isinstance(value, str) and _TS.match(value) else None


def ts_in(message: Mapping[str, Any]) -> str | None:
    """A message object's `ts`, None where it has none that is one."""
    return as_ts(message.get("ts"))


def edited_ts(message: Mapping[str, Any]) -> str | None:
    """When a message was last edited, as a `ts`; None where it was not."""
    edited = message.get("edited")
    return as_ts(edited.get("ts")) if isinstance(edited, Mapping) else None


def reaction_event(event: Mapping[str, Any]) -> Reaction | None:
    """A `reaction_added` or `reaction_removed` event; None if it is not on a message."""
    item = mapping(event, "item")
    if item.get("type") != "message":
        return None
    return Reaction(
        channel=string(item, "channel", _ID),
        ts=string(item, "ts", _TS),
        name=string(event, "reaction"),
        user=string(event, "user", _ID),
    )


def reactions_of(message: Mapping[str, Any], channel: str) -> set[Reaction]:
    """The reactions a message object of the history carries; one that is malformed is left out."""
    found: set[Reaction] = set()
    ts = string(message, "ts", _TS)
    listed = message.get("reactions")
    for reaction in listed if isinstance(listed, list) else ():
        name = reaction.get("name") if isinstance(reaction, Mapping) else None
        users = reaction.get("users") if isinstance(reaction, Mapping) else None
        if not isinstance(name, str) or not name or not isinstance(users, list):
            continue
        found |= {
            Reaction(channel, ts, name, user)
            for user in users
            if isinstance(user, str) and _ID.match(user)
        }
    return found


def reactors_are_listed(message: Mapping[str, Any]) -> bool:
    """Whether a message object names everyone who reacted.

    "The users array may not always contain all users that have reacted … but count will":
    <https://docs.slack.dev/reference/methods/reactions.get>.
    """
    listed = message.get("reactions")
    return all(
        isinstance(reaction, Mapping)
        and isinstance(reaction.get("users"), list)
        and reaction.get("count", len(reaction["users"])) == len(reaction["users"])
        for reaction in (listed if isinstance(listed, list) else ())
    )


def person(user: Mapping[str, Any]) -> Person:
    """A user object: <https://docs.slack.dev/reference/objects/user-object>.

    The name a person goes by is the display name, else the real name (FORMAT.md, "The archive
    block"), else the name of the account, which may be all that is known of a member of another
    workspace.
    """
    profile = user.get("profile")
    fields = profile if isinstance(profile, Mapping) else {}
    real = _text(fields.get("real_name")) or _text(user.get("real_name"))
    return Person(
        slack_id=string(user, "id", _ID),
        name=(
            _text(fields.get("display_name"))
            or real
            or _text(user.get("name"))
            or _text(fields.get("name"))
        ),
        real_name=real,
        is_bot=user.get("is_bot") is True or user.get("id") == SLACKBOT,
        deleted=user.get("deleted") is True,
        tz=_text(user.get("tz")),
    )


def users_in(event: Mapping[str, Any]) -> set[str]:
    """The member IDs of those who wrote a message event or are mentioned in it."""
    found: set[str] = set()
    for holder in (event, event.get("message")):
        if not isinstance(holder, Mapping):
            continue
        user, text = holder.get("user"), holder.get("text")
        if isinstance(user, str) and _ID.match(user):
            found.add(user)
        if isinstance(text, str):
            found.update(re.findall(r"<@([A-Z0-9]{2,30})(?:\|[^>]*)?>", text))
    return found


def place_of(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """The channel and `ts` of the message that a message event is about, if it looks like one."""
    inner = event.get("message")
    ts = (inner.get("ts") if isinstance(inner, Mapping) else None) or event.get("ts")
    channel = event.get("channel")
    if event.get("type") == "message" and isinstance(channel, str) and isinstance(ts, str):
        return channel, ts
    return None


def _content(message: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key in CONTENT:
        value = message.get(key)
        if value is None or value == []:
            continue
        if not isinstance(value, str if key == "text" else list):
            raise Malformed(f"{key} is a {type(value).__name__}")
        content[key] = value
    return content


def mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object in an event. Raises Malformed where there is none."""
    value = holder.get(key)
    if not isinstance(value, Mapping):
        raise Malformed(f"{key} is missing or no object")
    return value


def string(holder: Mapping[str, Any], key: str, shape: re.Pattern[str] | None = None) -> str:
    """A text in an event, of a shape. Raises Malformed where there is none, or an empty one."""
    value = holder.get(key)
    if not isinstance(value, str) or not value or (shape is not None and not shape.match(value)):
        raise Malformed(f"{key} is missing or not as documented")
    return value


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None

"""The whole truth about a workspace, for tests that compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slackbox.ids import ts_of
from slackbox.model import Channel, Json, Message
from slackbox.workspace import Workspace

if TYPE_CHECKING:
    from slackbox.server import Sandbox


def seen_by(box: Sandbox, who: str, limit: int | None = None) -> Json:
    """The workspace as a person sees it: their channels, notes, modal, App Home.

    `limit` gives only so many of the newest messages of each channel; threads are whole, each
    under its first message as `replies`. Raises Refusal `user_not_found`.
    """
    it = box.workspace
    person = it.member(who)
    mine = [c for c in it.channels.values() if person.id in c.members]
    public = [
        {"id": c.id, "name": c.name, "members": len(c.members)}
        for c in it.channels.values()
        if c.type == "channel" and person.id not in c.members and not c.is_archived
    ]
    home = box.surfaces.homes.get(person.id)
    return {
        "me": it.user_object(person),
        "now": it.now,
        "bot_user": it.bot.user_id,
        "people": {
            member.id: {
                "name": member.name,
                "real_name": member.real_name,
                "display_name": member.display_name,
                "is_bot": member.is_bot,
                "is_admin": member.is_admin,
                "deleted": member.deleted,
                "tz": member.tz,
                "title": member.title,
            }
            for member in it.members.values()
        },
        "channels": [_seen_channel(box, one, person.id, limit) for one in mine],
        "other_channels": public,
        "modal": [
            {**box.surfaces.view_object(view), "errors": dict(view.errors)}
            for view in box.surfaces.modals.get(person.id, ())
        ],
        "home": box.surfaces.view_object(home) if home is not None else None,
        "commands": [
            {"command": c.command, "description": c.description, "usage_hint": c.usage_hint}
            for c in it.manifest.commands.values()
        ],
        "shortcuts": [
            {"name": s.name, "type": s.kind, "callback_id": s.callback_id}
            for s in it.manifest.shortcuts.values()
        ],
        "emoji": dict(it.emoji),
    }


def _seen_channel(box: Sandbox, one: Channel, person: str, limit: int | None) -> Json:
    it = box.workspace
    keys = one.timeline if limit is None else one.timeline[max(0, len(one.timeline) - limit) :]

    def seen(message: Message) -> Json:
        return {**it.render(one, message), "permalink": it.permalink(one, message)}

    messages = []
    for key in keys:
        message = one.messages[key]
        shown = seen(message)
        if message.replies:
            shown["replies"] = [seen(one.messages[reply]) for reply in message.replies]
        messages.append(shown)
    return {
        "id": one.id,
        "name": one.name,
        "is_private": one.is_private,
        "is_archived": one.is_archived,
        "is_im": one.is_im,
        "user": one.peer,
        "topic": one.topic["value"],
        "members": list(one.members),
        "messages": messages,
        "pins": [ts_of(key) for key in one.pins],
        "notes": [
            {"ts": note.ts, "text": note.text, "blocks": note.blocks, "thread_ts": note.thread_ts}
            for note in it.notes_for(person, one.id)
        ],
    }


def workspace(box: Sandbox) -> Json:
    """Everything: people, channels with their messages, notes, modals and App Homes."""
    it = box.workspace
    return {
        "team": it.team,
        "bot_user": it.bot.user_id,
        "bot_id": it.bot.id,
        "people": [it.user_object(member) for member in it.members.values()],
        "channels": [channel(it, one) for one in it.channels.values()],
        "ephemerals": [
            {
                "channel": note.channel,
                "ts": note.ts,
                "user": note.user,
                "text": note.text,
                "blocks": note.blocks,
                "thread_ts": note.thread_ts,
                "deleted": note.deleted,
            }
            for note in it.ephemerals
        ],
        "modals": {
            user: [box.surfaces.view_object(view) for view in stack]
            for user, stack in box.surfaces.modals.items()
        },
        "homes": {
            user: box.surfaces.view_object(view) for user, view in box.surfaces.homes.items()
        },
        "lost": list(box.dispatcher.lost),
    }


def channel(it: Workspace, one: Channel) -> Json:
    """A channel: all its messages by `ts`, and those that were deleted as they last were."""
    return {
        "id": one.id,
        "name": one.name,
        "is_private": one.is_private,
        "is_archived": one.is_archived,
        "is_im": one.is_im,
        "user": one.peer,
        "topic": one.topic["value"],
        "members": list(one.members),
        "messages": [
            it.render(one, one.messages[key], metadata=True) for key in sorted(one.messages)
        ],
        "deleted": [
            {
                **it.render(one, one.deleted[key], metadata=True),
                "deleted_at": one.deleted[key].deleted_at,
            }
            for key in sorted(one.deleted)
        ],
        "pins": [ts_of(key) for key in one.pins],
    }

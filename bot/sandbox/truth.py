"""The whole truth about a workspace, for tests that compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.ids import ts_of
from bot.sandbox.model import Channel, Json
from bot.sandbox.workspace import Workspace

if TYPE_CHECKING:
    from bot.sandbox.server import Sandbox


def workspace(box: Sandbox) -> Json:
    """Everything: people, channels with their messages, ephemeral notes."""
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

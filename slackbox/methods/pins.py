"""pins.*"""

from __future__ import annotations

from slackbox.errors import Refusal
from slackbox.methods.call import Call, method, methods
from slackbox.model import Json

PINNABLE = (None, "file_share", "thread_broadcast", "bot_message")
"""Subtypes of what can be pinned: what somebody said, and no notice of the workspace."""


def add(call: Call) -> Json:
    """Pins a message."""
    channel, message = call.item(outside="not_in_channel", archived="restricted_action")
    if message.subtype not in PINNABLE:
        raise Refusal("not_pinnable")
    call.workspace.pin(channel, message, call.me)
    return {}


def remove(call: Call) -> Json:
    """Takes a pin away."""
    channel, message = call.item(outside="channel_not_found", archived="restricted_action")
    call.workspace.unpin(channel, message, call.me)
    return {}


def list_(call: Call) -> Json:
    """The pinned messages of a channel."""
    channel = call.channel()
    if call.me not in channel.members:
        raise Refusal("channel_not_found")
    return {"items": call.workspace.pins_of(channel)}


METHODS = methods(
    method(
        "pins.add",
        add,
        tier=2,
        scopes=["pins:write"],
        args="channel timestamp",
        errors="already_pinned bad_timestamp channel_not_found message_not_found "
        "no_item_specified not_in_channel not_pinnable restricted_action too_many_pins",
    ),
    method(
        "pins.remove",
        remove,
        tier=2,
        scopes=["pins:write"],
        args="channel timestamp",
        errors="bad_timestamp channel_not_found message_not_found no_item_specified no_pin "
        "restricted_action",
    ),
    method(
        "pins.list",
        list_,
        tier=2,
        scopes=["pins:read"],
        args="channel",
        json=False,
        errors="channel_not_found",
    ),
)

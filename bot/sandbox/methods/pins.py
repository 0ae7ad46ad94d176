"""pins.*"""

from __future__ import annotations

from bot.sandbox.errors import Refusal
from bot.sandbox.methods.call import Call, method, methods
from bot.sandbox.model import Json

PINNABLE = (None, "file_share", "thread_broadcast", "bot_message")
"""Subtypes of what can be pinned: what somebody said, and no notice of the workspace."""


def add(call: Call) -> Json:
    """Pins a message."""
    channel, message = call.item(writes=True)
    if message.subtype not in PINNABLE:
        raise Refusal("not_pinnable")
    call.workspace.pin(channel, message, call.me)
    return {}


def remove(call: Call) -> Json:
    """Takes a pin away."""
    channel, message = call.item(writes=True)
    call.workspace.unpin(channel, message, call.me)
    return {}


def list_(call: Call) -> Json:
    """The pinned messages of a channel."""
    channel = call.channel()
    if call.me not in channel.members:
        raise Refusal("not_in_channel")
    return {"items": call.workspace.pins_of(channel)}


METHODS = methods(
    method("pins.add", add, tier=2, scopes=["pins:write"], args="channel timestamp"),
    method("pins.remove", remove, tier=2, scopes=["pins:write"], args="channel timestamp"),
    method("pins.list", list_, tier=2, scopes=["pins:read"], args="channel", json=False),
)

"""pins.*"""

from __future__ import annotations

from bot.sandbox.errors import Refusal
from bot.sandbox.methods.call import Call, method, methods
from bot.sandbox.model import Channel, Json, Message


def add(call: Call) -> Json:
    channel, message = _item(call)
    call.workspace.pin(channel, message, call.me)
    return {}


def remove(call: Call) -> Json:
    channel, message = _item(call)
    call.workspace.unpin(channel, message, call.me)
    return {}


def list_(call: Call) -> Json:
    channel = call.channel()
    if call.me not in channel.members:
        raise Refusal("not_in_channel")
    ws = call.workspace
    newest_first = reversed(list(channel.pins))
    return {"items": [ws.pin_item(channel, channel.messages[key]) for key in newest_first]}


def _item(call: Call) -> tuple[Channel, Message]:
    channel = call.channel()
    if not call.text("timestamp"):
        raise Refusal("no_item_specified")
    if call.me not in channel.members:
        raise Refusal("not_in_channel")
    if channel.is_archived:
        raise Refusal("is_archived")
    message = call.message(channel, "timestamp")
    if message.subtype not in (None, "file_share", "thread_broadcast", "bot_message"):
        raise Refusal("not_pinnable")
    return channel, message


METHODS = methods(
    method("pins.add", add, tier=2, scopes=["pins:write"], args="channel timestamp"),
    method("pins.remove", remove, tier=2, scopes=["pins:write"], args="channel timestamp"),
    method("pins.list", list_, tier=2, scopes=["pins:read"], args="channel", json=False),
)

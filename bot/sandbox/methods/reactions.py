"""reactions.*"""

from __future__ import annotations

from bot.sandbox import objects
from bot.sandbox.errors import Refusal
from bot.sandbox.methods.call import Call, method, methods
from bot.sandbox.model import Channel, Json, Message


def add(call: Call) -> Json:
    name = call.required("name")
    channel, message = _item(call)
    call.workspace.react(channel, message, call.me, name)
    return {}


def remove(call: Call) -> Json:
    name = call.required("name")
    channel, message = _item(call)
    call.workspace.unreact(channel, message, call.me, name)
    return {}


def get(call: Call) -> Json:
    channel, message = _item(call)
    ws = call.workspace
    shown = {**ws.render(channel, message), "permalink": ws.permalink(channel, message)}
    if message.reactions and not call.flag("full"):
        # Without `full` the list of who reacted may be cut; the sandbox cuts it at fifty.
        shown["reactions"] = [
            {**reaction, "users": reaction["users"][:50]} for reaction in objects.reactions(message)
        ]
    return {"type": "message", "channel": channel.id, "message": shown}


def _item(call: Call) -> tuple[Channel, Message]:
    if not call.text("channel") or not call.text("timestamp"):
        raise Refusal("no_item_specified")
    channel = call.channel()
    if call.me not in channel.members and call.method != "reactions.get":
        raise Refusal("not_in_channel")
    if channel.is_archived and call.method != "reactions.get":
        raise Refusal("is_archived")
    message = call.message(channel, "timestamp")
    if message.tombstone:
        raise Refusal("message_not_found")
    return channel, message


METHODS = methods(
    method("reactions.add", add, tier=3, scopes=["reactions:write"], args="channel name timestamp"),
    method(
        "reactions.remove",
        remove,
        tier=2,
        scopes=["reactions:write"],
        args="channel name timestamp file file_comment",
    ),
    method(
        "reactions.get",
        get,
        tier=3,
        scopes=["reactions:read"],
        args="channel timestamp full file file_comment",
        json=False,
    ),
)

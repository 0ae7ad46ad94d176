"""reactions.*"""

from __future__ import annotations

from bot.sandbox import objects
from bot.sandbox.methods.call import Call, method, methods
from bot.sandbox.model import Json


def add(call: Call) -> Json:
    """Reacts to a message."""
    name = call.required("name")
    channel, message = call.item(writes=True)
    call.workspace.react(channel, message, call.me, name)
    return {}


def remove(call: Call) -> Json:
    """Takes the bot's reaction away."""
    name = call.required("name")
    channel, message = call.item(writes=True)
    call.workspace.unreact(channel, message, call.me, name)
    return {}


def get(call: Call) -> Json:
    """A message with its reactions."""
    channel, message = call.item(writes=False)
    ws = call.workspace
    shown = {**ws.render(channel, message), "permalink": ws.permalink(channel, message)}
    if message.reactions and not call.flag("full"):
        # Without `full` the list of who reacted may be cut; the sandbox cuts it at fifty.
        shown["reactions"] = [
            {**reaction, "users": reaction["users"][:50]} for reaction in objects.reactions(message)
        ]
    return {"type": "message", "channel": channel.id, "message": shown}


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

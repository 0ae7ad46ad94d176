"""reactions.*"""

from __future__ import annotations

from slackbox import objects
from slackbox.methods.call import Call, method, methods
from slackbox.model import Json


def add(call: Call) -> Json:
    """Reacts to a message."""
    name = call.required("name")
    channel, message = call.item(outside="not_in_channel", archived="is_archived")
    call.workspace.react(channel, message, call.me, name)
    return {}


def remove(call: Call) -> Json:
    """Takes the bot's reaction away."""
    name = call.required("name")
    channel, message = call.item(outside="not_in_channel", archived="no_access")
    call.workspace.unreact(channel, message, call.me, name)
    return {}


def get(call: Call) -> Json:
    """A message with its reactions."""
    channel, message = call.item()
    ws = call.workspace
    shown = {**ws.render(channel, message), "permalink": ws.permalink(channel, message)}
    if message.reactions and not call.flag("full"):
        # Without `full` the list of who reacted may be cut; the sandbox cuts it at fifty.
        shown["reactions"] = [
            {**reaction, "users": reaction["users"][:50]} for reaction in objects.reactions(message)
        ]
    return {"type": "message", "channel": channel.id, "message": shown}


METHODS = methods(
    method(
        "reactions.add",
        add,
        tier=3,
        scopes=["reactions:write"],
        args="channel name timestamp",
        errors="already_reacted bad_timestamp channel_not_found invalid_name is_archived "
        "message_not_found no_item_specified not_in_channel not_reactable "
        "too_many_emoji",
    ),
    method(
        "reactions.remove",
        remove,
        tier=2,
        scopes=["reactions:write"],
        args="channel name timestamp file file_comment",
        errors="bad_timestamp channel_not_found invalid_name message_not_found no_access "
        "no_item_specified no_reaction not_in_channel",
    ),
    method(
        "reactions.get",
        get,
        tier=3,
        scopes=["reactions:read"],
        args="channel timestamp full file file_comment",
        json=False,
        errors="bad_timestamp channel_not_found message_not_found no_item_specified",
    ),
)

"""The Web API's methods, a file for each family.

What each takes, gives and refuses is from its page, `https://docs.slack.dev/reference/methods/…`.
"""

from __future__ import annotations

from slackbox.methods import chat, conversations, files, pins, reactions, team, users, views
from slackbox.methods.absent import is_absent
from slackbox.methods.call import Call, Method

METHODS: dict[str, Method] = {
    **team.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **users.METHODS,
    **reactions.METHODS,
    **pins.METHODS,
    **views.METHODS,
    **files.METHODS,
}
"""By name. `apps.connections.open` is among them, and gives a ticket to the socket."""

__all__ = ["METHODS", "Call", "Method", "is_absent"]

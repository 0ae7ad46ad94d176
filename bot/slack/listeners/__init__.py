"""One file for each kind of thing Slack sends.

Events are handled from the inbox, inside its transaction: a handler takes the context, the
unit of work and the event, and speaks to Slack only through the outbox. What a person does in
a form or with a command is answered at once: `router` says how a file declares what it answers
to, `interactions` gives it to Bolt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.sessions.ports import UnitOfWork
from bot.slack.listeners import (
    asking,
    channels,
    finding,
    home,
    labels,
    linking,
    messages,
    mine,
    moderating,
    people,
    placing,
    planning,
    queueing,
    reactions,
    winners,
)
from bot.slack.listeners.context import Context
from bot.slack.listeners.router import Router

Handler = Callable[[Context, UnitOfWork, Mapping[str, Any]], None]

HANDLERS: dict[str, Handler] = {
    **messages.HANDLERS,
    **reactions.HANDLERS,
    **people.HANDLERS,
    **channels.HANDLERS,
    **labels.HANDLERS,
    **home.HANDLERS,
}
"""By the event's `type`. An event of another type is stored, and then left alone."""

ROUTERS: tuple[Router, ...] = (
    asking.router,
    finding.router,
    linking.router,
    mine.router,
    moderating.router,
    placing.router,
    planning.router,
    queueing.router,
    winners.router,
)
"""The files that answer to commands, clicks, forms and shortcuts, alphabetical."""

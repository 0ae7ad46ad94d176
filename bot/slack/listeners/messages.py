"""Messages: posted, edited, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sessions import linking
from bot.sessions.ports import UnitOfWork
from bot.slack.api.incoming import Deleted, message_event
from bot.slack.listeners.channels import usable
from bot.slack.listeners.context import Context

POSTING_CHANGED = "channel_posting_permissions"
"""The subtype of the message that says that it was changed who may post in a channel."""


def message(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/message>."""
    if event.get("subtype") == POSTING_CHANGED:
        usable(context, uow, event)
        return
    what = message_event(event, context.bot_id, context.apps_left_out)
    now = context.clock.now()
    if isinstance(what, Deleted):
        linking.delete(uow, context.notifier, what.channel, what.ts, now, what.thread_ts)
    elif what is not None and what.author != context.bot_user_id:
        linking.receive(uow, context.notifier, what, now, context.unthreaded)


HANDLERS = {"message": message}

"""Reactions: added, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sessions import collect
from bot.sessions.ports import UnitOfWork
from bot.slack.api.incoming import as_ts, reaction_event
from bot.slack.listeners.context import Context


def reacted(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/reaction_added>, or the same with `_removed`."""
    added = event["type"] == "reaction_added"
    reaction = reaction_event(event)
    if reaction is not None and reaction.user != context.bot_user_id:
        collect.react(uow, reaction, added, as_ts(event.get("event_ts")))


HANDLERS = {"reaction_added": reacted, "reaction_removed": reacted}

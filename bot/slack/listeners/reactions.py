"""Reactions: added, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sessions import collect
from bot.sessions.ports import UnitOfWork
from bot.slack.api.incoming import as_ts, reaction_event
from bot.slack.listeners.context import Context


def added(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/reaction_added>."""
    _reacted(context, uow, event, added=True)


def removed(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/reaction_removed>."""
    _reacted(context, uow, event, added=False)


def _reacted(context: Context, uow: UnitOfWork, event: Mapping[str, Any], added: bool) -> None:
    reaction = reaction_event(event)
    if reaction is not None and reaction.user != context.bot_user_id:
        collect.react(uow, reaction, added, as_ts(event.get("event_ts")))


HANDLERS = {"reaction_added": added, "reaction_removed": removed}

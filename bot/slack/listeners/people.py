"""Members: renamed, deactivated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sessions.ports import UnitOfWork
from bot.slack.incoming import Malformed, person
from bot.slack.listeners.context import Context


def changed(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/user_change>: we keep only those we met."""
    user = event.get("user")
    if not isinstance(user, Mapping):
        raise Malformed("user is missing or no object")
    known = person(user)
    if uow.people.get(known.slack_id) is not None:
        uow.people.put(known)


HANDLERS = {"user_change": changed}

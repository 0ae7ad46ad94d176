"""Members: joined, renamed, deactivated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.sessions.model import FORGOTTEN, Person
from bot.sessions.ports import UnitOfWork
from bot.slack.api.incoming import mapping, person
from bot.slack.listeners.context import Context


def member_in(event: Mapping[str, Any]) -> Person:
    """The member an event is about. Raises Malformed where it does not say."""
    return person(mapping(event, "user"))


def is_news(uow: UnitOfWork, member: Person) -> bool:
    """Whether something that we keep of the member is not as we keep it."""
    known = uow.people.get(member.slack_id)
    if known is not None and known.privacy != FORGOTTEN:
        now = replace(
            known,
            name=member.name or known.name,
            real_name=member.real_name or known.real_name,
            is_bot=member.is_bot,
            deleted=member.deleted,
            tz=member.tz,
        )
        if now != known:
            return True
    return not uow.member_names.is_current(member)


def joined(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/team_join>: an author may be found by name now."""
    uow.member_names.put([member_in(event)])


def changed(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/user_change>: of those we met more is kept."""
    member = member_in(event)
    if uow.people.get(member.slack_id) is not None:
        uow.people.put(member)
    if not uow.member_names.is_current(member):
        uow.member_names.put([member])


HANDLERS = {"team_join": joined, "user_change": changed}

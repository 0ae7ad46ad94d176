"""What comes from Slack, taken in with all that follows from it for answers outside threads."""

from __future__ import annotations

from collections.abc import Callable

from bot.markup import to_markdown
from bot.sessions import collect, linking
from bot.sessions.collect import Posted
from bot.sessions.model import Message
from bot.sessions.ports import UnitOfWork
from bot.slack.listeners.context import Context


class _Names:
    """`bot.markup.Names`: people by what the store calls them, other things by their labels."""

    def __init__(self, uow: UnitOfWork):
        self._uow = uow

    def user(self, id: str, /) -> str:
        person = self._uow.people.get(id)
        return (person.name or "") if person is not None else ""

    def channel(self, id: str, /) -> str:
        return self._uow.labels.get("channel", id) or ""

    def usergroup(self, id: str, /) -> str:
        return self._uow.labels.get("usergroup", id) or ""


def receive(context: Context, uow: UnitOfWork, posted: Posted) -> bool:
    """Takes in a message or its edit (`collect.receive`); a new one is linked, or asked about."""
    known = uow.messages.get(posted.channel, posted.ts)
    changed = collect.receive(uow, context.voice, posted, context.clock.now())
    if changed and known is None:
        consider(context, uow, posted.channel, posted.ts)
    return changed


def consider(context: Context, uow: UnitOfWork, channel: str, ts: str) -> None:
    """`bot.sessions.linking.consider` for a message that is stored."""
    now = context.clock.now()
    linking.consider(uow, context.voice, channel, ts, now, text(uow), context.unthreaded)


def text(uow: UnitOfWork) -> Callable[[Message], str]:
    """What people read of a message, as the archive would have it."""
    names = _Names(uow)
    return lambda message: to_markdown(message.content, names)

"""What comes from Slack, taken in with all that follows from it for answers outside threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bot.markup import to_markdown
from bot.sessions import collect, linking
from bot.sessions.collect import Posted
from bot.sessions.model import Message
from bot.sessions.pairing import Unread
from bot.sessions.ports import UnitOfWork
from bot.slack.listeners.context import Context

T = TypeVar("T")


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
    """`bot.sessions.linking.consider` for a message that is stored.

    Raises Unread where the model has to read first what it compares: see `knowing`.
    """
    now = context.clock.now()
    meaning = context.model.at_once if context.model is not None else None
    linking.consider(uow, context.voice, channel, ts, now, text(uow), context.unthreaded, meaning)


def knowing(context: Context, work: Callable[[], T]) -> T:
    """Does work that begins and ends its own unit of work, and in which messages are considered.

    Where the model has not read what it needs, the work is undone, the model reads while nothing
    in the database is locked, and the work is done again. Raises Closing when the program ends.
    """
    while True:
        try:
            return work()
        except Unread as unread:
            if context.model is None:
                raise
            context.model.learn(unread.questions, unread.texts)


def text(uow: UnitOfWork) -> Callable[[Message], str]:
    """What people read of a message, as the archive would have it."""
    names = _Names(uow)
    return lambda message: to_markdown(message.content, names)

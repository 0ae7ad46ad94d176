"""What comes from Slack, taken in with all that follows from it for answers outside threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bot.markup import plain
from bot.sessions import collect, linking
from bot.sessions.collect import Posted
from bot.sessions.linking import Pending
from bot.sessions.model import Message
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
    """Takes in a message or its edit (`collect.receive`); a new one is linked, or asked about.

    New is also one that the comparison with Slack's history has stored meanwhile: it may have ended
    before it came to considering it, and to consider it twice does no harm.
    """
    known = uow.messages.get(posted.channel, posted.ts)
    changed = collect.receive(uow, context.voice, posted, context.clock.now())
    is_new = changed if known is None else posted.edited_ts is None
    if is_new:
        consider(context, uow, posted.channel, posted.ts)
    return changed


def consider(context: Context, uow: UnitOfWork, channel: str, ts: str) -> None:
    """`bot.sessions.linking.consider` for a message that is stored.

    Raises Pending where that has to be thought over first: see `thoughtfully`.
    """
    linking.consider(
        uow,
        context.voice,
        channel,
        ts,
        context.clock.now(),
        text(uow),
        context.judge,
        context.unthreaded,
    )


def thoughtfully(work: Callable[[], T]) -> T:
    """Does work that begins and ends its own unit of work, and in which messages are considered.

    Where something has to be thought over, the work is undone, it is thought over while nothing in
    the database is locked, and the work is done again. Raises Closing when the program ends.
    """
    while True:
        try:
            return work()
        except Pending as pending:
            pending.think()


def text(uow: UnitOfWork) -> Callable[[Message], str]:
    """What people read of a message, without markup."""
    names = _Names(uow)
    return lambda message: plain(message.content, names)

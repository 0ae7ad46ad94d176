"""Reactions: a set."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, delete, select

from bot.sessions.model import Reaction
from bot.store.repository import Repository
from bot.store.tables import messages, reactions


class Reactions(Repository):
    """`bot.sessions.ports.Reactions`."""

    def add(self, reaction: Reaction) -> bool:
        """True if it was not there."""
        statement = self._insert_new(reactions)
        return self._connection.execute(statement, _row(reaction)).rowcount > 0

    def remove(self, reaction: Reaction) -> bool:
        """True if it was there."""
        same = and_(*(reactions.c[name] == value for name, value in _row(reaction).items()))
        return self._connection.execute(delete(reactions).where(same)).rowcount > 0

    def replace(self, channel: str, ts: str, reactions: Collection[Reaction]) -> bool:
        """Makes them the whole set of the message; True if it differed."""
        wanted, present = set(reactions), set(self._of_message(channel, ts))
        if any((reaction.channel, reaction.ts) != (channel, ts) for reaction in wanted):
            raise ValueError(f"a reaction to another message than {ts}")
        for reaction in present - wanted:
            self.remove(reaction)
        for reaction in wanted - present:
            self.add(reaction)
        return wanted != present

    def of_session(self, session_id: int) -> list[Reaction]:
        """Those to messages of the session that are not deleted, in a fixed order."""
        query = (
            select(reactions)
            .join(messages, _to_message())
            .where(messages.c.session_id == session_id, messages.c.deleted_at.is_(None))
            .order_by(messages.c.ts_us, reactions.c.ts, reactions.c.name, reactions.c.member)
        )
        rows = self._connection.execute(query)
        return [Reaction(row.channel, row.ts, row.name, row.member) for row in rows]

    def _of_message(self, channel: str, ts: str) -> list[Reaction]:
        query = select(reactions).where(reactions.c.channel == channel, reactions.c.ts == ts)
        rows = self._connection.execute(query)
        return [Reaction(row.channel, row.ts, row.name, row.member) for row in rows]


def _to_message() -> ColumnElement[bool]:
    return and_(messages.c.channel == reactions.c.channel, messages.c.ts == reactions.c.ts)


def _row(reaction: Reaction) -> dict[str, str]:
    return {
        "channel": reaction.channel,
        "ts": reaction.ts,
        "name": reaction.name,
        "member": reaction.user,
    }

"""Reactions: a set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update

from bot.sessions.model import Reaction
from bot.store.forgotten import Forgotten
from bot.store.repository import Repository, WriteTurn, chunked, from_row, of_session, to_row
from bot.store.tables import messages, reactions
from bot.store.types import micros


class Reactions(Repository):
    """`bot.sessions.ports.Reactions`."""

    def __init__(self, connection: Connection, turn: WriteTurn, forgotten: Forgotten):
        super().__init__(connection, turn)
        self._forgotten = forgotten

    def add(self, reaction: Reaction, event_ts: str | None = None) -> bool:
        return self._set(reaction, True, event_ts)

    def remove(self, reaction: Reaction, event_ts: str | None = None) -> bool:
        return self._set(reaction, False, event_ts)

    def replace(
        self,
        channel: str,
        ts: str,
        reactions: Collection[Reaction],
        event_ts: str | None = None,
    ) -> bool:
        wanted = {self._ours(reaction) for reaction in reactions}
        present = self.of_messages(channel, [ts]).get(ts, set())
        if any((reaction.channel, reaction.ts) != (channel, ts) for reaction in wanted):
            raise ValueError(f"a reaction to another message than {ts}")
        changed = [self.remove(reaction, event_ts) for reaction in present - wanted]
        changed += [self.add(reaction, event_ts) for reaction in wanted - present]
        return any(changed)

    def of_session(self, session_id: int) -> list[Reaction]:
        query = (
            of_session(reactions, session_id)
            .where(messages.c.deleted_at.is_(None), reactions.c.present)
            .order_by(messages.c.ts_us, reactions.c.ts, reactions.c.name, reactions.c.member)
        )
        return [_reaction(row) for row in self._connection.execute(query)]

    def of_messages(self, channel: str, tss: Collection[str]) -> dict[str, set[Reaction]]:
        found: dict[str, set[Reaction]] = {}
        for part in chunked(tss):
            query = select(reactions).where(
                reactions.c.channel == channel, reactions.c.ts.in_(part), reactions.c.present
            )
            for row in self._connection.execute(query):
                found.setdefault(row.ts, set()).add(_reaction(row))
        return found

    def _ours(self, reaction: Reaction) -> Reaction:
        """The reaction as it is stored."""
        return replace(reaction, user=self._forgotten.alias(reaction.user))

    def _set(self, reaction: Reaction, present: bool, event_ts: str | None) -> bool:
        """Says whether it is there, unless something later is known; True if that changed.

        A reaction that was removed stays as a row, so that an older adding that comes late does
        not bring it back.
        """
        self._turn.take()
        reaction = self._ours(reaction)
        place = to_row(reactions, reaction, member=reaction.user)
        key = and_(*(reactions.c[name] == value for name, value in place.items()))
        event_us = micros(event_ts) if event_ts is not None else 0
        row = {**place, "event_us": event_us, "present": present}
        if self._changes(self._insert_new(reactions), row):
            return present
        known = self._connection.execute(select(reactions).where(key).with_for_update()).one()
        if event_ts is not None and event_us < known.event_us:
            return False
        values = {"event_us": max(event_us, known.event_us), "present": present}
        if known.present != present or known.event_us < event_us:
            self._connection.execute(update(reactions).where(key).values(**values))
        return bool(known.present) != present


def _reaction(row: Row[Any]) -> Reaction:
    return from_row(Reaction, row, user=row.member)

"""Whose questions a session does not take."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from bot.sessions.model import Mute
from bot.store.repository import Repository
from bot.store.tables import mutes


class Mutes(Repository):
    """`bot.sessions.ports.Mutes`. Who is muted is read once for all messages of a transaction."""

    def __init__(self, connection: Connection):
        super().__init__(connection)
        self._muted: dict[int, set[str]] = {}

    def forget(self) -> None:
        """What was read may have changed."""
        self._muted.clear()

    def add(self, mute: Mute) -> bool:
        """False if the subject was muted already."""
        self.forget()
        row = {
            "session_id": mute.session_id,
            "subject": mute.subject,
            "by": mute.by,
            "at": mute.at,
            "reason": mute.reason,
        }
        statement = self._insert(mutes).on_conflict_do_nothing()
        return self._connection.execute(statement, row).rowcount > 0

    def remove(self, session_id: int, subject: str) -> bool:
        """False if the subject was not muted."""
        self.forget()
        statement = delete(mutes).where(
            mutes.c.session_id == session_id, mutes.c.subject == subject
        )
        return self._connection.execute(statement).rowcount > 0

    def any(self, session_id: int, subjects: Collection[str]) -> bool:
        """Whether one of them is muted."""
        if session_id not in self._muted:
            query = select(mutes.c.subject).where(mutes.c.session_id == session_id)
            self._muted[session_id] = set(self._connection.execute(query).scalars())
        return not self._muted[session_id].isdisjoint(subjects)

    def of_session(self, session_id: int) -> list[Mute]:
        """By when they were muted."""
        query = select(mutes).where(mutes.c.session_id == session_id).order_by(mutes.c.at)
        return [
            Mute(row.session_id, row.subject, row.by, row.at, row.reason)
            for row in self._connection.execute(query)
        ]

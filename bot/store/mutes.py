"""Whose questions a session does not take."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select

from bot.sessions.model import Mute
from bot.store.repository import Repository
from bot.store.tables import mutes


class Mutes(Repository):
    """`bot.sessions.ports.Mutes`."""

    def add(self, mute: Mute) -> bool:
        """False if the subject was muted already."""
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
        statement = delete(mutes).where(
            mutes.c.session_id == session_id, mutes.c.subject == subject
        )
        return self._connection.execute(statement).rowcount > 0

    def any(self, session_id: int, subjects: Collection[str]) -> bool:
        """Whether one of them is muted."""
        query = select(mutes.c.subject).where(
            mutes.c.session_id == session_id, mutes.c.subject.in_(sorted(subjects))
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def of_session(self, session_id: int) -> list[Mute]:
        """By when they were muted."""
        query = select(mutes).where(mutes.c.session_id == session_id).order_by(mutes.c.at)
        return [
            Mute(row.session_id, row.subject, row.by, row.at, row.reason)
            for row in self._connection.execute(query)
        ]

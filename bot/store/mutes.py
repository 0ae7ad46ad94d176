"""Whose questions a session does not take."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from bot.sessions.model import Mute
from bot.store.repository import Repository
from bot.store.tables import mutes, past_mutes


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

    def remove(self, session_id: int, subject: str, at: datetime) -> bool:
        """False if the subject was not muted."""
        here = (mutes.c.session_id == session_id) & (mutes.c.subject == subject)
        since = self._connection.execute(select(mutes.c.at).where(here)).scalar_one_or_none()
        if since is None:
            return False
        row = {"session_id": session_id, "subject": subject, "at": since, "until": at}
        self._connection.execute(self._insert_new(past_mutes), row)
        return self._connection.execute(delete(mutes).where(here)).rowcount > 0

    def covers(self, session_id: int, subject: str, at: datetime) -> bool:
        """Also one that ended since."""
        now = select(mutes.c.subject).where(
            mutes.c.session_id == session_id, mutes.c.subject == subject, mutes.c.at <= at
        )
        before = select(past_mutes.c.subject).where(
            past_mutes.c.session_id == session_id,
            past_mutes.c.subject == subject,
            past_mutes.c.at <= at,
            past_mutes.c.until > at,
        )
        return self._connection.execute(now.union_all(before).limit(1)).first() is not None

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

"""Whose questions a session does not take."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from bot.sessions.model import Mute
from bot.store.repository import Repository, WriteTurn, from_row, to_row
from bot.store.tables import mutes, past_mutes


class Mutes(Repository):
    """`bot.sessions.ports.Mutes`. Who is muted is read once for all messages of a transaction."""

    def __init__(self, connection: Connection, turn: WriteTurn):
        super().__init__(connection, turn)
        self._muted: dict[int, dict[str, list[tuple[datetime, datetime | None]]]] = {}

    def forget(self) -> None:
        """What was read may have changed."""
        self._muted.clear()

    def add(self, mute: Mute) -> bool:
        self.forget()
        row = to_row(mutes, mute)
        return self._changes(self._insert_new(mutes), row)

    def remove(self, session_id: int, subject: str, at: datetime) -> bool:
        self.forget()
        here = (mutes.c.session_id == session_id) & (mutes.c.subject == subject)
        since = self._connection.execute(select(mutes.c.at).where(here)).scalar_one_or_none()
        if since is None:
            return False
        row = {"session_id": session_id, "subject": subject, "at": since, "until": at}
        self._connection.execute(self._insert_new(past_mutes), row)
        return self._connection.execute(delete(mutes).where(here)).rowcount > 0

    def covers(self, session_id: int, subject: str, at: datetime) -> bool:
        spans = self._spans(session_id).get(subject, ())
        return any(since <= at and (until is None or until > at) for since, until in spans)

    def any(self, session_id: int, subjects: Collection[str]) -> bool:
        spans = self._spans(session_id)
        return any(until is None for each in subjects for _, until in spans.get(each, ()))

    def _spans(self, session_id: int) -> dict[str, list[tuple[datetime, datetime | None]]]:
        """From when to when (None: still) each was muted."""
        if session_id not in self._muted:
            found = self._muted[session_id] = {}
            now = select(mutes.c.subject, mutes.c.at).where(mutes.c.session_id == session_id)
            for row in self._connection.execute(now):
                found.setdefault(row.subject, []).append((row.at, None))
            before = select(past_mutes).where(past_mutes.c.session_id == session_id)
            for row in self._connection.execute(before):
                found.setdefault(row.subject, []).append((row.at, row.until))
        return self._muted[session_id]

    def of_session(self, session_id: int) -> list[Mute]:
        query = select(mutes).where(mutes.c.session_id == session_id).order_by(mutes.c.at)
        return [from_row(Mute, row) for row in self._connection.execute(query)]

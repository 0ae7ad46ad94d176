"""The log of what people did: only ever added to."""

from __future__ import annotations

from sqlalchemy import func, insert, select

from bot.sessions.model import Action
from bot.store.repository import Repository, from_row, to_row
from bot.store.tables import actions


class Actions(Repository):
    """`bot.sessions.ports.Actions`."""

    def add(self, action: Action) -> None:
        self._connection.execute(insert(actions).values(to_row(actions, action)))

    def listed(self, session_id: int | None = None, limit: int = 100) -> list[Action]:
        query = select(actions).order_by(actions.c.id.desc()).limit(limit)
        if session_id is not None:
            query = query.where(actions.c.session_id == session_id)
        return [from_row(Action, row) for row in self._connection.execute(query)]

    def count(self, what: str) -> int:
        """How many there are of a kind."""
        query = select(func.count()).select_from(actions).where(actions.c.what == what)
        return self._connection.execute(query).scalar_one()

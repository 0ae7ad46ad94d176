"""The log of what people did: only ever added to."""

from __future__ import annotations

from sqlalchemy import insert, select

from bot.sessions.model import Action
from bot.store.repository import Repository
from bot.store.tables import actions


class Actions(Repository):
    """`bot.sessions.ports.Actions`."""

    def add(self, action: Action) -> None:
        """An entry."""
        self._connection.execute(
            insert(actions).values(
                at=action.at,
                who=action.who,
                what=action.what,
                session_id=action.session_id,
                event_id=action.event_id,
                details=action.details,
            )
        )

    def listed(self, session_id: int | None = None, limit: int = 100) -> list[Action]:
        """The latest, newest first."""
        query = select(actions).order_by(actions.c.id.desc()).limit(limit)
        if session_id is not None:
            query = query.where(actions.c.session_id == session_id)
        return [
            Action(row.at, row.who, row.what, row.session_id, row.event_id, row.details, id=row.id)
            for row in self._connection.execute(query)
        ]

"""Names of channels, user groups and emoji."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from bot.store.repository import Repository
from bot.store.tables import labels


class Labels(Repository):
    """`bot.sessions.ports.Labels`."""

    def get(self, kind: str, slack_id: str) -> str | None:
        """The name, None where it is not known."""
        query = select(labels.c.name).where(labels.c.kind == kind, labels.c.slack_id == slack_id)
        return self._connection.execute(query).scalar_one_or_none()

    def put(self, kind: str, names: Mapping[str, str]) -> None:
        """Inserts or updates; in the order of the IDs, so that two replicas never deadlock."""
        if not names:
            return
        statement = self._insert(labels)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "slack_id"], set_={"name": statement.excluded.name}
        )
        rows = [
            {"kind": kind, "slack_id": slack_id, "name": names[slack_id]}
            for slack_id in sorted(names)
        ]
        self._connection.execute(statement, rows)

"""Names of channels, user groups and emoji."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select, update

from bot.store.repository import Repository, chunked
from bot.store.tables import labels


class Labels(Repository):
    """`bot.sessions.ports.Labels`."""

    def get(self, kind: str, slack_id: str) -> str | None:
        query = select(labels.c.name).where(labels.c.kind == kind, labels.c.slack_id == slack_id)
        return self._connection.execute(query).scalar_one_or_none()

    def put(self, kind: str, names: Mapping[str, str]) -> None:
        if not names:
            return
        statement = self._insert(labels)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "slack_id"], set_={"name": statement.excluded.name}
        )
        rows = [
            {"kind": kind, "slack_id": slack_id, "name": names[slack_id]}
            for slack_id in sorted(names)  # in this order two replicas never deadlock
        ]
        self._connection.execute(statement, rows)

    def remove(self, kind: str, slack_ids: Collection[str]) -> None:
        for part in chunked(slack_ids):
            self._connection.execute(
                delete(labels).where(labels.c.kind == kind, labels.c.slack_id.in_(part))
            )

    def rename_alias(self, old: str, new: str) -> None:
        target = self.get("emoji", old)
        self.remove("emoji", [old])
        if target is not None:
            self.put("emoji", {new: target})
        self._connection.execute(
            update(labels).where(labels.c.kind == "emoji", labels.c.name == old).values(name=new)
        )

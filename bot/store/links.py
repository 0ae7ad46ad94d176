"""Authors' messages outside threads that are to be linked: a row each, kept when it is done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import literal_column, or_, select, update

from bot.sessions.ports import QueuedLink
from bot.store.repository import Repository, of_message
from bot.store.tables import links
from bot.store.types import micros

# Written out, not bound: SQLite takes a partial index only for a condition it can read.
_DUE = links.c.state == literal_column("'due'")
_OPEN = links.c.state != literal_column("'done'")


class Links(Repository):
    """`bot.sessions.ports.Links`."""

    def add(self, session_id: int, channel: str, ts: str, held: bool = False) -> bool:
        self._turn.take()
        row = {
            "channel": channel,
            "ts": ts,
            "ts_us": micros(ts),
            "session_id": session_id,
            "state": "held" if held else "due",
            "attempts": 0,
        }
        return self._changes(self._insert_new(links), row)

    def due(self, at: datetime) -> dict[int, list[QueuedLink]]:
        query = (
            select(links)
            .where(_DUE, _OPEN, or_(links.c.due_at.is_(None), links.c.due_at <= at))
            .order_by(links.c.session_id, links.c.ts_us)
        )
        found: dict[int, list[QueuedLink]] = {}
        for row in self._connection.execute(query):
            queued = QueuedLink(row.session_id, row.channel, row.ts, row.attempts)
            found.setdefault(row.session_id, []).append(queued)
        return found

    def sessions(self) -> set[int]:
        return self._values(select(links.c.session_id).where(_OPEN).distinct())

    def release(self, session_id: int | None = None) -> None:
        self._turn.take()
        statement = update(links).where(links.c.state == "held", _OPEN).values(state="due")
        if session_id is not None:
            statement = statement.where(links.c.session_id == session_id)
        self._connection.execute(statement)

    def done(self, channel: str, ts: str) -> bool:
        self._turn.take()
        return self._changes(
            update(links).where(of_message(links, channel, ts), _OPEN).values(state="done")
        )

    def failed(self, channel: str, ts: str, retry_at: datetime) -> None:
        self._turn.take()
        self._connection.execute(
            update(links)
            .where(of_message(links, channel, ts), _DUE)
            .values(attempts=links.c.attempts + 1, due_at=retry_at)
        )

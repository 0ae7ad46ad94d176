"""What an archive says instead of what somebody wrote."""

from __future__ import annotations

from sqlalchemy import delete, select

from bot.sessions.model import Edit
from bot.store import knowledge
from bot.store.repository import Repository, from_row, of_message, of_session
from bot.store.tables import edits


class Edits(Repository):
    """`bot.sessions.ports.Edits`."""

    def put(self, edit: Edit) -> None:
        self._turn.take()
        knowledge.drop(self._connection, edit.channel, [edit.ts])
        values = {"text": edit.text, "by": edit.by, "at": edit.at}
        self._upsert(edits, {"channel": edit.channel, "ts": edit.ts}, values)

    def remove(self, channel: str, ts: str) -> bool:
        self._turn.take()
        knowledge.drop(self._connection, channel, [ts])
        return self._changes(delete(edits).where(of_message(edits, channel, ts)))

    def get(self, channel: str, ts: str) -> Edit | None:
        query = select(edits).where(of_message(edits, channel, ts))
        row = self._connection.execute(query).one_or_none()
        return None if row is None else from_row(Edit, row)

    def texts(self, session_id: int) -> dict[tuple[str, str], str]:
        """What the archive of a session says, by channel and `ts` of the message."""
        rows = self._connection.execute(of_session(edits, session_id))
        return {(row.channel, row.ts): row.text for row in rows}

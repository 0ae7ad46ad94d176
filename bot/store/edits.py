"""What an archive says instead of what somebody wrote."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from bot.sessions.moderation import Edit
from bot.store import knowledge
from bot.store.repository import Repository, WriteTurn, from_row
from bot.store.tables import edits, messages


class Edits(Repository):
    """`bot.sessions.ports.Edits`."""

    def __init__(self, connection: Connection, turn: WriteTurn):
        super().__init__(connection)
        self._turn = turn

    def put(self, edit: Edit) -> None:
        self._turn.take()
        knowledge.drop(self._connection, edit.channel, [edit.ts])
        values = {"text": edit.text, "by": edit.by, "at": edit.at}
        self._upsert(edits, {"channel": edit.channel, "ts": edit.ts}, values)

    def remove(self, channel: str, ts: str) -> bool:
        self._turn.take()
        knowledge.drop(self._connection, channel, [ts])
        statement = delete(edits).where(edits.c.channel == channel, edits.c.ts == ts)
        return self._connection.execute(statement).rowcount > 0

    def get(self, channel: str, ts: str) -> Edit | None:
        query = select(edits).where(edits.c.channel == channel, edits.c.ts == ts)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else from_row(Edit, row)

    def texts(self, session_id: int) -> dict[tuple[str, str], str]:
        """What the archive of a session says, by channel and `ts` of the message."""
        query = (
            select(edits)
            .join(messages, (messages.c.channel == edits.c.channel) & (messages.c.ts == edits.c.ts))
            .where(messages.c.session_id == session_id)
        )
        rows = self._connection.execute(query)
        return {(row.channel, row.ts): row.text for row in rows}

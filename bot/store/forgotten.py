"""Those who asked to be forgotten: marks of names and member IDs, no name."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from bot.sessions.anonymity import key_of
from bot.sessions.forgetting import mark
from bot.store.repository import Repository, WriteTurn
from bot.store.tables import forgotten

_SALT = ""


class Forgotten(Repository):
    """`bot.sessions.ports.Forgotten`. The marks are read once for all messages of a transaction."""

    def __init__(self, connection: Connection, turn: WriteTurn):
        super().__init__(connection, turn)
        self._marks: set[str] | None = None
        self._salt: bytes | None = None

    def forget(self) -> None:
        """What was read may have changed."""
        self._marks = self._salt = None

    def salt(self) -> bytes:
        if self._salt is None:
            query = select(forgotten.c.member).where(forgotten.c.mark == _SALT)
            known = self._connection.execute(query).scalars().first()
            if known is None:
                known = secrets.token_hex(16)
                self._connection.execute(self._insert(forgotten).values(mark=_SALT, member=known))
            self._salt = bytes.fromhex(known)
        return self._salt

    def add(self, slack_id: str, names: Collection[str], keeps_id: bool = False) -> None:
        self.forget()
        salt = self.salt()
        # Earlier versions kept the ID of everybody.
        self._connection.execute(delete(forgotten).where(forgotten.c.member == slack_id))
        member = slack_id if keeps_id else key_of(salt, slack_id)
        marks = {mark(salt, name) for name in names} | {
            slack_id if keeps_id else mark(salt, slack_id)
        }
        rows = [{"mark": found, "member": member} for found in sorted(marks)]
        self._connection.execute(self._insert(forgotten).on_conflict_do_nothing(), rows)

    def alias(self, slack_id: str) -> str:
        marks = self.marks()
        if not marks:
            return slack_id
        salt = self.salt()
        return key_of(salt, slack_id) if mark(salt, slack_id) in marks else slack_id

    def ids(self) -> set[str]:
        return self._values(select(forgotten.c.member).where(forgotten.c.mark != _SALT))

    def marks(self) -> set[str]:
        if self._marks is None:
            query = select(forgotten.c.mark).where(forgotten.c.mark != _SALT)
            self._marks = set(self._connection.execute(query).scalars())
        return self._marks

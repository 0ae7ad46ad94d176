"""Those who asked to be forgotten: IDs and marks of names, no name."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Connection, select

from bot.store.repository import Repository
from bot.store.tables import forgotten

_SALT = ""


class Forgotten(Repository):
    """`bot.sessions.ports.Forgotten`. The marks are read once for all messages of a transaction."""

    def __init__(self, connection: Connection):
        super().__init__(connection)
        self._marks: set[str] | None = None

    def forget(self) -> None:
        """What was read may have changed."""
        self._marks = None

    def salt(self) -> bytes:
        """What marks are made with, the same for all; made when it is first asked for."""
        query = select(forgotten.c.member).where(forgotten.c.mark == _SALT)
        known = self._connection.execute(query).scalars().first()
        if known is None:
            known = secrets.token_hex(16)
            self._connection.execute(self._insert(forgotten).values(mark=_SALT, member=known))
        return bytes.fromhex(known)

    def add(self, slack_id: str, marks: Collection[str]) -> None:
        """The person, under the marks of each of its names."""
        self.forget()
        rows = [{"mark": mark, "member": slack_id} for mark in sorted({*marks, slack_id})]
        self._connection.execute(self._insert(forgotten).on_conflict_do_nothing(), rows)

    def ids(self) -> set[str]:
        """The persons."""
        query = select(forgotten.c.member).where(forgotten.c.mark != _SALT)
        return set(self._connection.execute(query).scalars())

    def marks(self) -> set[str]:
        """All marks."""
        if self._marks is None:
            query = select(forgotten.c.mark).where(forgotten.c.mark != _SALT)
            self._marks = set(self._connection.execute(query).scalars())
        return self._marks

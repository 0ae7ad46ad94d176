"""What the repositories share: a connection, and the two databases' `INSERT … ON CONFLICT`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Upsert = postgresql.Insert | sqlite.Insert
MANY = 500
"""How many values go into one query: databases limit the parameters of one."""


class Repository:
    """One aggregate's tables, in one transaction."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self._postgresql = connection.dialect.name == "postgresql"

    def _insert(self, table: Table) -> Upsert:
        statement = postgresql.insert(table) if self._postgresql else sqlite.insert(table)
        # How many rows were new is of interest; SQLAlchemy looks only when it is told to.
        return statement.execution_options(preserve_rowcount=True)


def chunked(values: Collection[str]) -> Iterator[list[str]]:
    """The values without repetitions, in an order, at most MANY at a time."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), MANY):
        yield wanted[start : start + MANY]

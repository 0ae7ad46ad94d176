"""What the repositories share: a connection, and the two databases' `INSERT … ON CONFLICT`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache

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
        """An INSERT that can be told what to do where the row is there already."""
        return _insert(self._postgresql, table)

    def _insert_new(self, table: Table) -> Upsert:
        """An INSERT that leaves a row alone that is there already; its `rowcount` says."""
        return _insert_new(self._postgresql, table)


def _insert(is_postgresql: bool, table: Table) -> Upsert:
    statement = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    # SQLAlchemy counts inserted rows only when it is told to.
    return statement.execution_options(preserve_rowcount=True)


@cache  # building it costs as much as running it
def _insert_new(is_postgresql: bool, table: Table) -> Upsert:
    return _insert(is_postgresql, table).on_conflict_do_nothing()


def chunked(values: Collection[str]) -> Iterator[list[str]]:
    """The values without repetitions, in an order, at most MANY at a time."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), MANY):
        yield wanted[start : start + MANY]

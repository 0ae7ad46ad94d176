"""What the repositories share: a connection, and the two databases' `INSERT … ON CONFLICT`."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Upsert = postgresql.Insert | sqlite.Insert


class Repository:
    """One aggregate's tables, in one transaction."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self._postgresql = connection.dialect.name == "postgresql"

    def _insert(self, table: Table) -> Upsert:
        statement = postgresql.insert(table) if self._postgresql else sqlite.insert(table)
        # How many rows were new is of interest; SQLAlchemy looks only when it is told to.
        return statement.execution_options(preserve_rowcount=True)

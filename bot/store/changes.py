"""Whether anybody changed the database, known without asking for rows.

SQLite counts the changes that other connections make (`PRAGMA data_version`,
<https://www.sqlite.org/pragma.html#pragma_data_version>). On PostgreSQL each unit of work that
changed something notifies all who listen, when it commits
(<https://www.postgresql.org/docs/current/sql-notify.html>).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast
from uuid import uuid4

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.store.engine import Postgresql, Sqlite

_VERSION = text("PRAGMA data_version")
_NOTIFY = "SELECT pg_notify('marginalia', %s)"
_LISTEN = "LISTEN marginalia"


class Kept:
    """What works with one connection that is kept, in no transaction. May be used from any thread."""

    def __init__(self, backend: Sqlite | Postgresql):
        self._backend = backend
        self._connection: Connection | None = None
        self._mutex = threading.Lock()

    def close(self) -> None:
        """Closes the connection that it keeps; the next call opens another."""
        with self._mutex:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


class SqliteChanges(Kept):
    """Notices that somebody wrote to the database, by the number that SQLite counts up."""

    _last: int | None = None

    def any_since_last(self) -> bool:
        """Says whether something may have been written since the last call; True at the first.

        One statement; what this process wrote counts as well. Raises SQLAlchemyError where the
        database cannot be used; the next call gives True.
        """
        backend = cast(Sqlite, self._backend)
        with self._mutex:
            before, self._last = self._last, None
            try:
                backend.refuse_replaced()
                if self._connection is None:
                    self._connection, before = backend.alone().connect(), None
                self._last = self._connection.execute(_VERSION).scalar_one()
            except SQLAlchemyError:
                self._drop()
                raise
            return self._last != before

    def announced(self, connection: Connection) -> AbstractContextManager[None]:
        """Lets others know that the transaction wrote which is committed within this block: SQLite
        does so by itself."""
        return nullcontext()


class PostgresqlChanges(Kept):
    """Notices that another process wrote, by notifications, which come by themselves: asking costs
    the server nothing."""

    def __init__(self, backend: Postgresql):
        super().__init__(backend)
        self._me = uuid4().hex

    def any_since_last(self) -> bool:
        """The same; no statement but at the first call, and what this process wrote does not count."""
        with self._mutex:
            try:
                is_new = self._connection is None
                if self._connection is None:
                    self._connection = self._backend.alone().connect()
                    self._connection.exec_driver_sql(_LISTEN)
                driver = cast(psycopg.Connection, self._connection.connection.driver_connection)
                senders = [notify.payload for notify in driver.notifies(timeout=0)]
            except psycopg.Error as error:
                self._drop()
                raise OperationalError(_LISTEN, None, error) from None
            except SQLAlchemyError:
                self._drop()
                raise
            return is_new or any(sender != self._me for sender in senders)

    @contextmanager
    def announced(self, connection: Connection) -> Iterator[None]:
        """The same: one more statement in the transaction, on its way together with the commit."""
        driver = cast(psycopg.Connection, connection.connection.driver_connection)
        try:
            with driver.pipeline():
                driver.execute(_NOTIFY, [self._me])
                yield
        except psycopg.Error as error:
            raise OperationalError(_NOTIFY, None, error) from None

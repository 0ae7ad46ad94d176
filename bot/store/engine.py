"""Connections to SQLite and PostgreSQL, and what the store expects of each.

SQLite: write-ahead log, foreign keys, and `BEGIN IMMEDIATE`: a unit of work holds the write
lock from its first statement, so that it never has to get it half-way, which fails when
somebody else wrote in between (<https://www.sqlite.org/lang_transaction.html>). One connection
writes and the others read; threads queue for it in this program instead of polling for the
lock. `synchronous=FULL`: what was acknowledged to Slack is on the disk, so it survives the
loss of power and not `kill -9` alone. One commit stores many envelopes, which pays for it.

PostgreSQL: psycopg; every connection is tried before it is used, so a server that was
restarted is noticed and forgotten.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, QueuePool

from bot.errors import UserError
from bot.texts import _

LOCK_TIMEOUT_SECONDS = 30.0
"""Seconds that anything waits for a lock or a connection."""
_FREEZE, _READING_FREEZE = "12s", "60s"
"""How long a replica may stand still inside a transaction before PostgreSQL ends it. One that
writes keeps others waiting."""


def parse(url: str) -> URL:
    """The URL of a database we can use; UserError, without the password, for any other."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text of the error may hold a piece of the password.
        raise UserError(
            _(
                "MARGINALIA_DATABASE_URL is not a database URL; write sqlite:///path/to/file.db "
                "or postgresql://user:password@host/name (with %-escapes for special characters)"
            )
        ) from None
    backend = parsed.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise UserError(
            _(
                "Marginalia cannot use a {backend} database; set MARGINALIA_DATABASE_URL to "
                "sqlite:///path/to/file.db or postgresql://user:password@host/name",
                backend=backend,
            )
        )
    if not parsed.database or parsed.database == ":memory:":
        raise UserError(
            _(
                "MARGINALIA_DATABASE_URL needs a file, such as sqlite:///path/to/file.db; a "
                "database in memory would lose every session"
            )
        )
    return parsed.set(drivername="sqlite+pysqlite")


def describe(url: URL) -> str:
    """The database's place, as people may read it: never a password, wherever it stood."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    port = f":{url.port}" if url.port else ""
    host = (url.host or _("this machine")) + port
    return _("{database} on {host}", database=url.database or "", host=host)


class Sqlite:
    """Engines over one file: one writes, the other reads."""

    def __init__(self, url: URL):
        self.path = Path(str(url.database))
        self._file: tuple[int, int] | None = None
        self._writing = threading.Lock()
        self._closed = 0
        self.writer = self._engine(url, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
        self.reading = self._engine(url, "BEGIN", query_only=True, pool_size=5, max_overflow=20)

    def _engine(self, url: URL, begin: str, query_only: bool = False, **pool: Any) -> Engine:
        engine = create_engine(
            url,
            creator=self._connect,
            poolclass=QueuePool,
            pool_timeout=LOCK_TIMEOUT_SECONDS,
            hide_parameters=True,
            **pool,
        )

        # SQLAlchemy's recipe for sqlite3: the driver begins nothing, we do
        # (https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#enabling-non-legacy-sqlite-transactional-modes-with-the-sqlite3-or-aiosqlite-driver).
        @event.listens_for(engine, "connect")
        def _connected(connection: Any, record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_size_limit = 67108864")
            # What is deleted is overwritten: https://www.sqlite.org/pragma.html#pragma_secure_delete
            connection.execute("PRAGMA secure_delete = ON")
            if query_only:
                connection.execute("PRAGMA query_only = ON")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            self.refuse_replaced()
            connection.exec_driver_sql(begin)

        return engine

    def _connect(self) -> sqlite3.Connection:
        """Opens a file that is there: one that vanished is an error, not a new, empty database."""
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            uri, uri=True, timeout=LOCK_TIMEOUT_SECONDS, check_same_thread=False
        )
        if self._file is None:
            self._file = _identity(self.path)
        return connection

    def alone(self) -> Engine:
        """An engine for one connection that is kept; each statement stands alone."""
        return create_engine(
            "sqlite+pysqlite://",
            creator=self._connect,
            poolclass=NullPool,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
        )

    def refuse_replaced(self) -> None:
        """Raises OperationalError where the open file is no longer the one at its path.

        SQLite would go on in the removed file, and everything stored there would be lost.
        """
        if self._file is not None and _identity(self.path) != self._file:
            gone = DatabaseFileGone(
                f"the file {self.path} was removed or replaced while Marginalia ran; stop "
                "Marginalia, put the file back or restore a backup, and start it again"
            )
            raise OperationalError("BEGIN", None, gone)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The turn to write, which one thread has at a time.

        Raises PoolTimeout for who waits longer than PATIENCE, or while the database is closed: the
        pool would not tell a waiting thread of that.
        """
        closed, end = self._closed, time.monotonic() + LOCK_TIMEOUT_SECONDS
        while not self._writing.acquire(timeout=0.1):
            if self._closed != closed or time.monotonic() > end:
                raise PoolTimeout(f"another thread kept the turn to write to {self.path}")
        try:
            yield
        finally:
            self._writing.release()

    def dispose(self) -> None:
        """Closes all connections."""
        self._closed += 1
        self.writer.dispose()
        self.reading.dispose()
        self._file = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path (device and inode), None for no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Postgresql:
    """One engine; what only reads sees one state of the database from beginning to end."""

    def __init__(self, url: URL):
        query: dict[str, str] = {
            "connect_timeout": "10",
            "keepalives_idle": "15",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            "tcp_user_timeout": "30000",
            "application_name": "marginalia",
        }
        self._url = url.set(query={**query, **dict(url.query)})
        self.writer = self._engine(_FREEZE)
        self.reading = self._engine(_READING_FREEZE).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def _engine(self, freeze: str) -> Engine:
        engine = create_engine(
            self._url,
            pool_pre_ping=True,
            hide_parameters=True,
            # A bot has two of these pools, and a server takes 100 connections by default: few
            # are kept open, and more are opened when they are needed.
            pool_size=3,
            max_overflow=12,
            pool_timeout=LOCK_TIMEOUT_SECONDS,
        )
        _on_connect(
            engine,
            "SET timezone = 'UTC'",
            f"SET idle_in_transaction_session_timeout = '{freeze}'",
            f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS:.0f}s'",
        )
        return engine

    def turn(self) -> AbstractContextManager[None]:
        """Nothing to wait for: the server orders who writes."""
        return nullcontext()

    def alone(self) -> Engine:
        """An engine for one connection that is kept; each statement stands alone.

        The server notices within half a minute that the machine of the connection is gone.
        """
        engine = create_engine(
            self._url, poolclass=NullPool, hide_parameters=True, isolation_level="AUTOCOMMIT"
        )
        _on_connect(
            engine,
            "SET statement_timeout = '5s'",
            "SET tcp_keepalives_idle = 10",
            "SET tcp_keepalives_interval = 5",
            "SET tcp_keepalives_count = 3",
        )
        return engine

    def dispose(self) -> None:
        """Closes all connections."""
        self.writer.dispose()
        self.reading.dispose()


_CLASSES = ("08", "28", "3D", "53", "57P", "58", "XX")
"""SQLSTATE classes of PostgreSQL: connection, refused sign-in, no such database, resources (a full
disk), shutdown, system error, corruption
(<https://www.postgresql.org/docs/current/errcodes-appendix.html>)."""
_CODES = (
    "25006",  # read_only_sql_transaction: a standby, or a server that was set to read only
    "25P03",  # idle_in_transaction_session_timeout: this process stood still
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "42501",  # insufficient_privilege
    "42703",  # undefined_column: a newer program changed the tables
    "42P01",  # undefined_table: somebody is restoring a dump
    "55P03",  # lock_not_available
    "57014",  # query_canceled
)
_SQLITE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
)
"""Primary result codes of a SQLite that cannot be used (<https://www.sqlite.org/rescode.html>)."""


class DatabaseFileGone(sqlite3.OperationalError):
    """The file of the database was removed or replaced while it was open."""


def is_outage(error: BaseException) -> bool:
    """Says whether the database is the trouble, and not what was asked of it.

    True for a database that is gone, full, locked, damaged, read-only or without its tables: what
    failed can be tried again as it was.
    """
    if isinstance(error, PoolTimeout | PendingRollbackError):
        # The second comes of a transaction whose connection broke.
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    if error.connection_invalidated or isinstance(cause, psycopg.InterfaceError):
        return True
    if isinstance(cause, psycopg.Error):
        code = cause.sqlstate
        if code is None:
            # No SQLSTATE: the server said nothing, the connection broke.
            return isinstance(cause, psycopg.OperationalError)
        return code.startswith(_CLASSES) or code in _CODES
    if isinstance(cause, DatabaseFileGone):
        return True
    if not isinstance(cause, sqlite3.Error):
        return False
    # The low byte is the primary code. A missing table has no code of its own.
    primary = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return primary in _SQLITE or "no such table" in str(cause)


WORK = "work"
"""The key in a connection's `info` under which is the unit of work that it serves."""
_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


def serve_work(engine: Engine) -> None:
    """Has a unit of work write the rows that wait before each statement, and notes in it that a
    statement changed rows.
    """

    @event.listens_for(engine, "before_execute")
    def _executing(connection: Connection, *_unused: object) -> None:
        if WORK in connection.info:
            connection.info[WORK].messages.flush()

    @event.listens_for(engine, "after_cursor_execute")
    def _executed(connection: Connection, cursor: Any, statement: str, *_unused: object) -> None:
        wrote = cursor.rowcount and statement.lstrip()[:6].upper().startswith(_WRITES)
        if wrote and WORK in connection.info:
            connection.info[WORK].wrote = True


def _on_connect(engine: Engine, *statements: str) -> None:
    def connected(connection: Any, record: object) -> None:
        before = connection.autocommit
        connection.autocommit = True
        for statement in statements:
            connection.execute(statement)
        connection.autocommit = before

    listener: Callable[[Any, object], None] = connected
    event.listen(engine, "connect", listener)

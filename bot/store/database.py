"""The database as one thing: opened by its URL, brought up to date, worked with, copied."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from bot.errors import UserError
from bot.store import engine, files, moving, pruning, schema
from bot.store.changes import PostgresqlChanges, SqliteChanges
from bot.store.leader import Elected, Leader
from bot.store.tables import labels, metadata, secrets
from bot.store.work import Work
from bot.support.remedies import remedy
from bot.support.transactions import TransactionsOf
from bot.texts import _

log = logging.getLogger(__name__)

_PROBE = "probe"


class Database(TransactionsOf[Work]):
    """A database of Marginalia, `sqlite:///file` or `postgresql://user:password@host/name`.

    Nothing is opened before it is needed. All methods may be called from any thread. Raises
    UserError for a URL that cannot be; its password is in no error and no log.
    """

    def __init__(self, url: str):
        parsed = engine.parse(url)
        self.place = engine.describe(parsed)
        self._here = threading.local()
        self._password = str(parsed.password or "")
        sqlite = parsed.get_backend_name() == "sqlite"
        self._reserved: int | None = None
        self._backend = engine.Sqlite(parsed) if sqlite else engine.Postgresql(parsed)
        engine.serve_work(self._backend.writer)
        self.committed: Callable[[], None] = lambda: None
        """Called, in the thread that wrote, after each unit of work that changed something."""
        self.changes = (
            SqliteChanges(self._backend)
            if isinstance(self._backend, engine.Sqlite)
            else PostgresqlChanges(self._backend)
        )

    def upgrade(self) -> None:
        """Makes the tables, or brings them to the version of this program.

        A SQLite file that is to be changed is copied first, beside itself (`files.keep_copy`).
        Raises UserError, one line, for a database that is newer than this program, that
        cannot be reached, or whose file cannot be written.
        """
        try:
            if isinstance(self._backend, engine.Sqlite):
                files.prepare(self._backend.path)
            with self._backend.writer.begin() as connection:
                self._refuse_encoding(connection)
                schema.upgrade(connection, self._keep_copy)
        except OSError as error:
            raise UserError(f"{self.place}: {error.strerror or error}; {self._remedy()}") from None
        except (DBAPIError, sqlite3.Error) as error:
            raise self._unusable(error) from None

    @contextmanager
    def explained(self) -> Iterator[None]:
        """While the block lasts a database that goes away is a UserError, one line: for commands
        that end then."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            if not self.is_outage(error):
                raise
            raise self._unusable(error) from None

    def _keep_copy(self, revision: str) -> None:
        """Keeps the database as it is before its tables are changed."""
        if isinstance(self._backend, engine.Sqlite):
            copy = files.keep_copy(self._backend.path, revision, datetime.now(UTC))
            log.info("the tables are brought up to date; before that they were copied to %s", copy)
        else:
            log.info("the tables are brought up to date, from version %s", revision)

    @contextmanager
    def unit_of_work(self) -> Iterator[Work]:
        """One transaction: leaving the block commits, an exception rolls back.

        Raises SQLAlchemyError where the database is gone or full; nothing is stored then.
        RuntimeError if this thread is inside another one: on SQLite it would wait for itself.
        """
        if getattr(self._here, "busy", False):
            raise RuntimeError("a unit of work inside another of the same thread")
        self._here.busy = isinstance(self._backend, engine.Sqlite)
        try:
            with (
                self._backend.turn(),
                self._backend.writer.connect() as connection,
                connection.begin() as transaction,
            ):
                work = connection.info[engine.WORK] = Work(connection)
                try:
                    yield work
                    work.messages.flush()
                    work.sessions.flush()
                finally:
                    del connection.info[engine.WORK]
                with self.changes.announced(connection) if work.wrote else nullcontext():
                    transaction.commit()
        finally:
            self._here.busy = False
        if work.wrote:
            self.committed()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """One transaction that only reads, and sees one state throughout.

        It waits for nobody and nobody waits for it. Writing in it raises SQLAlchemyError.
        """
        with self._backend.reading.begin() as connection:
            yield Work(connection)

    is_outage = staticmethod(engine.is_outage)

    def probe(self) -> None:
        """Writes something and takes it away again. Raises SQLAlchemyError if that cannot be."""
        with self.unit_of_work() as uow:
            uow.labels.put(_PROBE, {_PROBE: "x" * 4096})
        with self._backend.writer.begin() as connection:
            connection.execute(delete(labels).where(labels.c.kind == _PROBE))

    def prune(self, before: datetime) -> int:
        """Deletes what only sessions needed that were over before a date and time.

        Gives how many rows. A SQLite file that is then largely unused is written anew, which
        keeps others from writing meanwhile. Raises SQLAlchemyError.
        """
        count = pruning.prune(self._backend.writer, before)
        if isinstance(self._backend, engine.Sqlite):
            with self._backend.reading.connect() as connection:
                spare = pruning.has_room_to_spare(connection)
            if spare:
                files.rewrite(self._backend.path)
        return count

    def wipe(self, whole: bool = False) -> bool:
        """Removes what was deleted from the database's own files, too; False: try again later.

        SQLite overwrites what is deleted; its log still has it, and is emptied here. PostgreSQL
        keeps the old versions of a row until its table is written anew, which is done for the
        secrets of anonymous questions alone, or with `whole` for all tables and the samples that
        the server keeps of them. Neither reaches backups, and PostgreSQL's write-ahead log and
        replicas keep what they have for as long as they are set to. Raises SQLAlchemyError where
        the database cannot be used.
        """
        if isinstance(self._backend, engine.Sqlite):
            try:
                return files.empty_log(self._backend.path)
            except sqlite3.Error as error:
                log.debug("the log of the database could not be emptied: %s", error)
                return False
        tables = metadata.sorted_tables if whole else [secrets]
        statements = [f"VACUUM (FULL, ANALYZE) {table.name}" for table in tables]
        if whole:
            statements.append("VACUUM FULL pg_catalog.pg_statistic")
        alone = self._backend.alone()
        try:
            with alone.connect() as connection:
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("SET lock_timeout = '1s'"))
                if not _unseen(connection):
                    log.debug("somebody may still read what was deleted from the database")
                    return False
                for statement in statements:
                    connection.execute(text(statement))
        except OperationalError as error:
            log.debug("a table could not be written anew: %s", error.orig)
            return False
        finally:
            alone.dispose()
        return True

    def reserve(self) -> None:
        """Keeps a SQLite file for this process until `close`; nothing to do on PostgreSQL.

        Two running bots on one file would end each other's leases and say things twice. Raises
        UserError where another process has the file.
        """
        if not isinstance(self._backend, engine.Sqlite) or self._reserved is not None:
            return
        try:
            self._reserved = files.reserve(self._backend.path)
        except OSError as error:
            raise UserError(f"{self.place}: {error.strerror or error}") from None

    @property
    def shared(self) -> bool:
        """Whether other processes may work on the database (PostgreSQL)."""
        return isinstance(self._backend, engine.Postgresql)

    def ping(self) -> bool:
        """Whether the database answers and has its tables."""
        try:
            with self._backend.reading.begin() as connection:
                connection.execute(text("SELECT version_num FROM alembic_version"))
        except SQLAlchemyError as error:
            log.debug("the database does not answer: %s", type(error).__name__)
            return False
        return True

    def leader(self) -> Leader:
        """The lead of the replicas on this database; on SQLite we always have it."""
        if isinstance(self._backend, engine.Postgresql):
            return Elected(self._backend)
        return Leader()

    def backup(self, target: Path, overwrite: bool = False) -> None:
        """Copies a SQLite database into a file, also while it is written to.

        Raises UserError on PostgreSQL, if `target` exists and is not to be overwritten, or if
        it cannot be written.
        """
        if not isinstance(self._backend, engine.Sqlite):
            raise UserError(
                _(
                    "the database is PostgreSQL, which has its own tool: pg_dump --format=custom "
                    "--file=FILE DATABASE"
                )
            )
        files.backup(self._backend.path, target, overwrite)

    def restore(self, source: Path) -> None:
        """Puts a backup in the place of a SQLite database. Nothing may have it open.

        Raises UserError on PostgreSQL, and for a file that is damaged, no database of
        Marginalia, or newer than this program; nothing is changed then.
        """
        if not isinstance(self._backend, engine.Sqlite):
            raise UserError(
                _(
                    "the database is PostgreSQL, which has its own tool: pg_restore --clean "
                    "--if-exists --dbname=DATABASE FILE"
                )
            )
        self.close()
        files.restore(source, self._backend.path)

    def move(self, target: Database, tell: Callable[[str, int], None]) -> None:
        """Copies all that is stored into an empty database, whose tables are made.

        All of it or nothing. `tell` is called with each table's name and its rows. Raises
        UserError if a bot runs on one of the two, or the target holds something already.
        """
        if not isinstance(self._backend, engine.Sqlite):
            self.upgrade()
        elif not self._backend.path.is_file():
            raise UserError(
                _("{database}: there is no database yet, so nothing to move", database=self.place)
            )
        else:
            self.reserve()
            self.upgrade()
        target.upgrade()
        target.reserve()
        leaders = [database.leader() for database in (self, target)]
        try:
            for database, leader in zip((self, target), leaders, strict=True):
                if not leader.acquire():
                    raise UserError(
                        _(
                            "{database} is in use by a running Marginalia; stop it first",
                            database=database.place,
                        )
                    )
            with (
                self._backend.reading.begin() as source,
                target._backend.turn(),
                target._backend.writer.begin() as into,
            ):
                found = moving.filled(into)
                if found:
                    raise UserError(
                        _(
                            "{target} is not empty ({found}); name an empty database",
                            target=target.place,
                            found=", ".join(found),
                        )
                    )
                moving.copy(source, into, tell)
        except DBAPIError as error:
            raise UserError(_("nothing was copied: {error}", error=target._reason(error))) from None
        finally:
            for leader in leaders:
                leader.release()

    def close(self) -> None:
        """Closes all connections that are not in use; the next use opens new ones."""
        self.changes.close()
        self._backend.dispose()
        if self._reserved is not None:
            os.close(self._reserved)
            self._reserved = None

    @property
    def engine(self) -> Engine:
        """The engine that writes, for migrations and tests."""
        return self._backend.writer

    def _unusable(self, error: Exception) -> UserError:
        reason = self._reason(error)
        return UserError(
            _(
                "the database {database} cannot be used: {reason}; {remedy}",
                database=self.place,
                reason=reason,
                remedy=self._remedy(),
            )
        )

    def _remedy(self) -> str:
        if isinstance(self._backend, engine.Sqlite):
            path = self._backend.path
            there = [place for place in (path, *path.parents) if place.exists()]
            folder = next(place for place in there if place.is_dir())
            if not all(os.access(place, os.W_OK) for place in {there[0], folder}):
                return remedy(PermissionError(errno.EACCES, ""), folder)
        return _("check MARGINALIA_DATABASE_URL and the permissions of that place")

    def _reason(self, error: Exception) -> str:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = " ".join(str(cause).split())
        return reason.replace(self._password, "***") if self._password else reason

    def _refuse_encoding(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
            if encoding != "UTF8":
                raise UserError(
                    _(
                        "the database {database} stores text as {encoding}; create one with "
                        "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0",
                        database=self.place,
                        encoding=encoding,
                    )
                )


@contextmanager
def temporary() -> Iterator[Database]:
    """An empty database that is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="marginalia-") as folder,
        closing(Database(f"sqlite:///{Path(folder) / 'temporary.db'}")) as database,
    ):
        database.upgrade()
        yield database


def _unseen(connection: Connection) -> bool:
    """Whether no transaction can see any more what was deleted; waits two seconds for that.

    PostgreSQL copies rows that one may see into the new table. That may be a transaction of
    another database too, as long as it writes: our own snapshot counts those as going on.
    """
    now = connection.execute(text("SELECT pg_current_xact_id()::text")).scalar_one()
    query = text(
        "SELECT pg_snapshot_xmin(pg_current_snapshot()) > CAST(CAST(:now AS text) AS xid8) "
        "AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() "
        "AND age(backend_xmin) >= age(CAST(CAST(:now AS text) AS xid)))"
    )
    for _attempt in range(40):
        if connection.execute(query, {"now": now}).scalar_one():
            return True
        time.sleep(0.05)
    return False

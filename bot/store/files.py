"""Copies of a SQLite database: taken while it is in use, checked, and put in its place."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from glob import escape
from pathlib import Path
from uuid import uuid4

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from bot.errors import UserError
from bot.store import schema
from bot.support.remedies import not_written
from bot.texts import _

log = logging.getLogger(__name__)

KEPT = 3
"""How many copies from before an upgrade are kept."""


def prepare(path: Path) -> None:
    """Makes the folder and the file if they are missing, and switches the write-ahead log on.

    The log stays on; it lets others read while one writes. Raises OSError and sqlite3.Error
    where the file cannot be, or is no database.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=30.0)) as connection:
        switch = Retrying(
            # Unlike everything else this does not wait for others by itself.
            retry=retry_if_exception(_is_busy),
            stop=stop_after_delay(30.0),
            wait=wait_random(0.01, 0.1),
            reraise=True,
        )
        switch(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())


def reserve(path: Path) -> int:
    """Keeps a database for this process: gives a descriptor that holds the lock until it is closed.

    The system lets the lock go when the process ends, however it ends. Raises UserError where
    another process has it, OSError where the lock file beside the database cannot be written.
    """
    lock = path.with_name(f"{path.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except BlockingIOError:
        owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise UserError(
            _(
                "{path} is in use by another running Marginalia (process {process}); stop that "
                "one first, or name another file in MARGINALIA_DATABASE_URL",
                path=path,
                process=owner or "unknown",
            )
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def empty_log(path: Path) -> bool:
    """Moves the write-ahead log into the file and cuts it to nothing; False if somebody reads.

    What was overwritten in the database stands in its log until then
    (<https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>). Waits a quarter of a second at
    most. Raises sqlite3.Error.
    """
    with closing(_open(path, "rw", timeout=0.25)) as connection:
        blocked, _in_log, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not blocked


def rewrite(path: Path) -> None:
    """Writes a database anew without its unused pages, unless somebody keeps it busy.

    <https://www.sqlite.org/lang_vacuum.html>
    """
    try:
        with closing(_open(path, "rw", timeout=1.0)) as connection:
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        log.info("%s could not be shortened now: %s", path, error)


def backup(source: Path, target: Path, overwrite: bool) -> None:
    """Copies the database, also while others write to it. `target` is whole or not there.

    Raises UserError if there is no database, or the target exists or cannot be written.
    """
    if not source.is_file():
        raise UserError(
            _("{source}: there is no database yet, so nothing to back up", source=source)
        )
    if target.exists() and (not overwrite or target.is_dir() or target.samefile(source)):
        raise UserError(
            _("{target} already exists; name another file, or add --force", target=target)
        )
    _place(source, target)


def keep_copy(path: Path, revision: str, at: datetime) -> Path:
    """Copies a database beside itself before its tables change; gives the copy.

    It is called after the moment (UTC) and the version of the tables: `marginalia.db` becomes
    `marginalia.db.20261128-183000-0011.bak`. The newest KEPT of these copies are kept. Raises
    UserError where it cannot be written.
    """
    target = path.with_name(f"{path.name}.{at:%Y%m%d-%H%M%S}-{revision}.bak")
    _place(path, target)
    for old in sorted(path.parent.glob(f"{escape(path.name)}.*-*-*.bak"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return target


def restore(source: Path, target: Path) -> None:
    """Puts the copy `source` in the place of the database `target`.

    Raises UserError, and changes nothing, if the copy is damaged, not ours or newer than this
    program, or if the database is in use.
    """
    if not source.is_file():
        raise UserError(_("{source}: no such file; name a backup", source=source))
    if target.exists() and target.samefile(source):
        raise UserError(_("{source} is the database itself; name a backup", source=source))
    _check(source)
    try:
        held = reserve(target)
    except OSError as error:
        raise not_written(target, error) from None
    try:
        _let_go(target)
        _place(source, target)
    finally:
        os.close(held)


def _place(source: Path, target: Path) -> None:
    """Copies beside the target first, then takes its place in one step."""
    beside = target.with_name(f".{target.name}.{uuid4().hex}.tmp")
    try:
        with closing(_open(source)) as old, closing(sqlite3.connect(beside)) as new:
            beside.chmod(source.stat().st_mode & 0o777)
            old.backup(new)
            # One file that needs no log beside it.
            new.execute("PRAGMA journal_mode = DELETE").fetchone()
        _sync(beside)
        beside.replace(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise not_written(target, error) from None
    finally:
        beside.unlink(missing_ok=True)


def _check(path: Path) -> None:
    try:
        with closing(_open(path)) as connection:
            if connection.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
                raise UserError(_("{path} is not a Marginalia database; name a backup", path=path))
            damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if damage != "ok":
                what = " ".join(damage.split())
                raise UserError(
                    _("{path} is damaged ({what}); name another backup", path=path, what=what)
                )
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            schema.refuse_newer({row[0] for row in rows})
    except sqlite3.Error as error:
        raise UserError(
            _("{path} is not a readable database ({error}); name a backup", path=path, error=error)
        ) from None


def _let_go(path: Path) -> None:
    """Ends the database's log, so that nothing of it is applied to what takes its place.

    SQLite leaves the write-ahead log only if no other connection is open.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            raise UserError(
                _("{path} is in use; stop Marginalia, then restore the backup", path=path)
            ) from None
        raise not_written(path, error) from None
    except sqlite3.DatabaseError:
        # It is damaged, and nobody can have it open; its log is of no use either.
        for end in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + end).unlink(missing_ok=True)


def _is_busy(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _open(path: Path, mode: str = "ro", timeout: float = 30.0) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=timeout)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

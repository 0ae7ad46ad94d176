"""The tables' version: Alembic's migrations, found and run from code.

They are in `migrations/` of the repository, and inside this package in a wheel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.errors import UserError
from bot.support import resources
from bot.texts import _

APPLICATION_ID = 0x4D415247
"""`MARG`: what SQLite keeps in the header of the file to say whose it is
(<https://www.sqlite.org/pragma.html#pragma_application_id>)."""
_MIGRATING = 0x4D41524700000003
"""The advisory lock (PostgreSQL) of the replica that migrates."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, which needs no file; the connection is for its `env.py`."""
    found = Config()
    location = resources.folder("bot.store", "migrations")
    found.set_main_option("script_location", str(location).replace("%", "%%"))
    found.attributes["connection"] = connection
    return found


def known() -> set[str]:
    """All revisions this program knows."""
    return {script.revision for script in _scripts().walk_revisions()}


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def is_current(connection: Connection) -> bool:
    """Whether the database has the newest version; UserError if it has one not known here."""
    found = set(_revisions(connection))
    refuse_newer(found)
    return found == set(_scripts().get_heads())


def refuse_newer(revisions: set[str]) -> None:
    """Raises UserError if any of the revisions is not known."""
    newer = revisions - known()
    if newer:
        raise UserError(
            _(
                "the database was made by a newer Marginalia (this one does not know version "
                "{version} of its tables); update Marginalia, or use another database",
                version=", ".join(sorted(newer)),
            )
        )


def _revisions(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


def upgrade(connection: Connection, before: Callable[[str], None] = lambda revision: None) -> None:
    """Brings the tables to the newest version, in the transaction of the connection.

    `before` is called with the version that tables have which are about to be changed. A second
    replica waits for the first and finds nothing left to do.
    """
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        _refuse_foreign(connection)
    else:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
    if is_current(connection):
        return
    for revision in _revisions(connection)[:1]:
        before(revision)
    command.upgrade(config(connection), "head")
    if sqlite:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _refuse_foreign(connection: Connection) -> None:
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if owner != APPLICATION_ID and (owner or tables):
        raise UserError(
            _("the file is another program's database; set MARGINALIA_DATABASE_URL to another file")
        )

"""Databases for tests: a SQLite file, and a scratch database on a PostgreSQL server.

The server is `MARGINALIA_TEST_POSTGRES` (a URL; without it the one on this machine). Where none
answers, PostgreSQL's tests are skipped, saying so; with `CI=true` they fail. Every worker of
pytest-xdist has scratch databases of its own, made once and emptied after each test.
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_fixed

from bot.store.database import Database
from bot.store.tables import metadata
from tests.waiting import PATIENCE

SERVER = os.environ.get("MARGINALIA_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@cache
def _sqlite_template() -> bytes:
    """A file with the tables, to be copied: faster than to migrate for every test."""
    with tempfile.TemporaryDirectory(prefix="marginalia-template-") as folder:
        path = Path(folder) / "template.db"
        database = Database(f"sqlite:///{path}")
        database.upgrade()
        database.close()
        return path.read_bytes()


def fresh_sqlite(path: Path) -> str:
    """Writes a SQLite database with its tables, empty; gives its URL."""
    path.write_bytes(_sqlite_template())
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database with its tables, empty."""
    path = tmp_path / "data" / "marginalia.db"
    path.parent.mkdir()
    return fresh_sqlite(path)


@pytest.fixture(scope="session")
def postgres_scratch() -> Iterator[str]:
    """The URL of a database with its tables that this worker alone uses; dropped at the end."""
    with _scratch_or_skip() as url:
        yield _with_tables(url)


@pytest.fixture
def postgres_url(postgres_scratch: str) -> Iterator[str]:
    """A PostgreSQL database with its tables, empty."""
    with emptied(postgres_scratch):
        yield postgres_scratch


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with its tables, empty, once of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with its tables, empty, once of each kind."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_bare() -> Iterator[str]:
    """The URL of a second database of this worker, for those who make the tables themselves."""
    with _scratch_or_skip() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, once of each kind; the SQLite file is not there."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'not' / 'yet' / 'there.db'}"
    else:
        url: str = request.getfixturevalue("postgres_bare")
        yield url
        execute(url, _CUT_ALL, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


@contextmanager
def scratch() -> Iterator[str]:
    """The URL of a new database on the server; dropped at the end. OperationalError without one."""
    name = f"marginalia_test_{uuid.uuid4().hex[:12]}"
    execute(
        SERVER,
        f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0",
        # What is at stake is the death of who writes, not of the server.
        f"ALTER DATABASE {name} SET synchronous_commit = off",
    )
    try:
        yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        execute(SERVER, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def scratch_with_tables() -> Iterator[str]:
    """The same, with the tables."""
    with scratch() as url:
        yield _with_tables(url)


def _with_tables(url: str) -> str:
    database = Database(url)
    database.upgrade()
    database.close()
    return url


@contextmanager
def emptied(url: str) -> Iterator[None]:
    """Empties the tables of a PostgreSQL database afterwards; whoever is connected is cut off."""
    try:
        yield
    finally:
        execute(url, _CUT_ALL, _EMPTY)


@contextmanager
def _scratch_or_skip() -> Iterator[str]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(scratch())
        except OperationalError as error:
            reason = f"no PostgreSQL answers at MARGINALIA_TEST_POSTGRES: {error.orig}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield url


def cut(url: str) -> None:
    """PostgreSQL ends all connections to a database."""
    execute(url, _CUT_ALL)


def alter(url: str, change: str) -> None:
    """`ALTER DATABASE` with such a change; all connections are ended, so that it holds at once."""
    name = make_url(url).database
    cut_all = _CUT_ALL.replace("current_database()", f"'{name}'")
    execute(SERVER, f"ALTER DATABASE {name} {change}", cut_all)


_CUT_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# A test leaves few rows: to delete them takes a tenth of what TRUNCATE does, which makes new files.
_EMPTY = "; ".join(
    [
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),
        *(
            f"ALTER SEQUENCE {table.name}_{table.autoincrement_column.name}_seq RESTART"
            for table in metadata.sorted_tables
            if table.autoincrement_column is not None
        ),
    ]
)


# Tests beside this one may run several bots, each with many connections.
_IS_FULL = (
    "SELECT count(*) > current_setting('max_connections')::int - 30 FROM pg_stat_activity "
    "WHERE backend_type = 'client backend'"
)


@retry(
    retry=retry_if_exception_message(match="(?s).*too many clients already"),
    wait=wait_fixed(0.2),
    stop=stop_after_delay(PATIENCE),
    reraise=True,
)
def execute(url: str, *statements: str) -> None:
    """Executes statements, and waits until the server has connections to spare for what comes."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 30},
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
        end = time.monotonic() + PATIENCE
        while connection.scalar(text(_IS_FULL)) and time.monotonic() < end:
            time.sleep(0.2)

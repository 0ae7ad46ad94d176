"""Databases for tests: a SQLite file, and a scratch database on a PostgreSQL server.

The server is `MARGINALIA_TEST_POSTGRES` (a URL; without it the one on this machine). Where none
answers, PostgreSQL's tests are skipped, saying so; with `CI=true` they fail. Every worker of
pytest-xdist has a scratch database of its own, made once and emptied after each test.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from bot.store.database import Database

SERVER = os.environ.get("MARGINALIA_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="session")
def postgres_scratch() -> Iterator[str]:
    """The URL of an empty database that this worker alone uses; dropped at the end."""
    name = f"marginalia_test_{uuid.uuid4().hex[:12]}"
    try:
        _on_server(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    except OperationalError as error:
        reason = f"no PostgreSQL answers at MARGINALIA_TEST_POSTGRES: {error.orig}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield _server().set(database=name).render_as_string(hide_password=False)
    _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_scratch: str) -> Iterator[str]:
    """A PostgreSQL database without tables."""
    yield postgres_scratch
    _execute(
        make_url(postgres_scratch).set(drivername="postgresql+psycopg"),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public",
    )


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path / 'data' / 'marginalia.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, once of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with its tables, once of each kind."""
    database = Database(database_url)
    database.upgrade()
    yield database
    database.close()


def _server() -> URL:
    return make_url(SERVER).set(drivername="postgresql+psycopg")


def _on_server(statement: str) -> None:
    _execute(_server(), statement)


def _execute(url: URL, *statements: str) -> None:
    engine = create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))

"""The tables and their migrations."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from bot.errors import UserError
from bot.sessions.knowledge import Document
from bot.store import schema
from bot.store.database import Database
from bot.store.tables import metadata


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    """A database of this test alone, with its tables."""
    database = Database(bare_url)
    database.upgrade()
    yield database
    database.close()


def test_migrations_make_the_tables_of_the_models(database: Database) -> None:
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.slow
def test_a_column_that_no_migration_makes_is_noticed(bare: Database) -> None:
    with bare.engine.begin() as connection:
        connection.execute(text("ALTER TABLE people ADD COLUMN surprise TEXT"))
        context = MigrationContext.configure(connection)
        assert [step[0] for step in compare_metadata(context, metadata)] == ["remove_column"]


def test_every_migration_goes_down_and_up_again(bare: Database) -> None:
    revisions = [
        script.revision for script in ScriptDirectory.from_config(schema.config()).walk_revisions()
    ]
    for target in [*revisions[1:], "base"]:
        with bare.engine.begin() as connection:
            schema.command.downgrade(schema.config(connection), target)
    assert set(inspect(bare.engine).get_table_names()) == {"alembic_version"}
    bare.upgrade()
    assert set(metadata.tables) < set(inspect(bare.engine).get_table_names())


def test_the_words_of_the_index_keep_their_weights_but_those_too_long_go(bare: Database) -> None:
    words = text("SELECT word, weight, document FROM knowledge_words ORDER BY word")
    document = Document("book", "1", "Tea", 2026, "Why is tea green?", ("Leaves.",), "Ada")
    with bare.unit_of_work() as uow:
        uow.knowledge.replace("book", "1", [document])
    with bare.engine.begin() as connection:
        before = connection.execute(words).all()
        schema.command.downgrade(schema.config(connection), "0013")
        assert connection.execute(words).all() == before != []
        connection.execute(
            text("INSERT INTO knowledge_words (word, weight, document) VALUES (:word, 1, :id)"),
            {"word": "a" * 101, "id": before[0].document},
        )
    bare.upgrade()
    with bare.engine.begin() as connection:
        assert connection.execute(words).all() == before


def test_upgrading_again_changes_nothing(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.labels.put("channel", {"C1": "general"})
    database.upgrade()
    with database.reading() as uow:
        assert uow.labels.get("channel", "C1") == "general"


def test_a_newer_database_is_refused_in_one_line(bare: Database) -> None:
    with bare.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match=r"newer Marginalia \(.*version 9999 .*update Marginalia"):
        bare.upgrade()


def test_many_replicas_upgrade_at_once(bare_url: str) -> None:
    barrier = threading.Barrier(6)

    def start(_: int) -> bool:
        replica = Database(bare_url)
        barrier.wait()
        replica.upgrade()
        try:
            return replica.ping()
        finally:
            replica.close()

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(start, range(6)))


@pytest.mark.slow
def test_a_migration_that_fails_leaves_nothing(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(bare_url)
    upgrade = schema.command.upgrade

    def breaks(config: schema.Config, revision: str) -> None:
        upgrade(config, revision)
        config.attributes["connection"].execute(text("SELECT * FROM nowhere"))

    monkeypatch.setattr(schema.command, "upgrade", breaks)
    with pytest.raises(UserError, match="nowhere"):
        database.upgrade()
    assert inspect(database.engine).get_table_names() == []
    monkeypatch.undo()
    database.upgrade()
    assert database.ping()
    database.close()

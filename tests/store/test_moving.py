"""A database moves to another, whole; and it is copied before its tables change."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from sqlalchemy import insert, select, text
from typer.testing import CliRunner

from bot.cli.main import app
from bot.errors import UserError
from bot.store import files, schema
from bot.store.database import Database
from bot.store.tables import labels, leases, metadata
from tests.scene import END, START, scene
from tests.slack.member_driver import MemberDriver
from tests.store.builders import T0, anything, json_values, question, session, tries
from tests.test_erasing import lived


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All that is stored, but who leads."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table is not leases
        }


def move(monkeypatch: pytest.MonkeyPatch, source: str, target: str) -> tuple[int, str]:
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", source)
    done = CliRunner().invoke(app, ["move-database", target])
    return done.exit_code, done.output + str(done.exception or "")


class TestMoved:
    @pytest.mark.parametrize("back", [False, pytest.param(True, marks=pytest.mark.slow)])
    def test_every_row_arrives_and_new_ones_follow(
        self, sqlite_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch, back: bool
    ) -> None:
        """In both directions."""
        first, second = (postgres_url, sqlite_url) if back else (sqlite_url, postgres_url)
        source, target = Database(first), Database(second)
        number = lived(source, "UZELDA")
        with source.unit_of_work() as uow:
            uow.messages.put(question(number, "20.0", "\0 \ud800 \\0000 é 😀", author="\0"))
        before = rows(source)
        code, said = move(monkeypatch, first, second)
        assert code == 0, said
        assert rows(target) == before == rows(source)
        lines = dict(re.findall(r"(?m)^(\w+): (\d+)$", said))
        assert lines == {name: str(len(found)) for name, found in before.items()}
        with target.unit_of_work() as uow:
            assert session(uow, "20270101-another").id > number
            assert uow.inbox.add([("Ev3", {})], T0) == 1
        source.close()
        target.close()

    @pytest.mark.slow
    def test_any_text_arrives(self, sqlite_url: str, postgres_url: str) -> None:
        source, target = Database(sqlite_url), Database(postgres_url)

        @tries(source, sqlite=15)
        @given(anything, json_values)
        def check(name: str, value: object) -> None:
            with source.unit_of_work() as uow:
                uow.labels.put("emoji", {"x": name})
                uow.requests.drop("key")
                uow.requests.begin("key", T0)
                uow.requests.finish("key", value)
            source.move(target, lambda table, count: None)
            assert rows(target) == rows(source)
            with target.engine.begin() as connection:
                for table in reversed(metadata.sorted_tables):
                    connection.execute(table.delete())

        check()
        source.close()
        target.close()

    def test_what_is_not_empty_is_refused(
        self, sqlite_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = Database(postgres_url)
        with target.engine.begin() as connection:
            connection.execute(insert(labels).values(kind="x", slack_id="y", name="z"))
        code, said = move(monkeypatch, sqlite_url, postgres_url)
        assert (code, "is not empty (labels)" in said) == (1, True)
        assert "is the database that is in use now" in move(monkeypatch, sqlite_url, sqlite_url)[1]
        target.close()

    def test_a_running_bot_is_refused_on_either_side(
        self, sqlite_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, target = Database(sqlite_url), Database(postgres_url)
        source.reserve()
        assert "is in use by another running" in move(monkeypatch, sqlite_url, postgres_url)[1]
        source.close()
        leader = target.leader()
        assert leader.acquire()
        assert "in use by a running Marginalia" in move(monkeypatch, sqlite_url, postgres_url)[1]
        assert "in use by a running Marginalia" in move(monkeypatch, postgres_url, sqlite_url)[1]
        leader.release()
        assert move(monkeypatch, sqlite_url, postgres_url)[0] == 0
        target.close()

    def test_where_it_breaks_off_nothing_is_there(self, sqlite_url: str, postgres_url: str) -> None:
        source, target = Database(sqlite_url), Database(postgres_url)
        lived(source, "UZELDA")

        def breaks(table: str, count: int) -> None:
            if table == "submissions":
                raise RuntimeError("the power fails")

        with pytest.raises(RuntimeError):
            source.move(target, breaks)
        assert not any(rows(target).values())
        source.move(target, lambda table, count: None)
        assert rows(target) == rows(source)
        source.close()
        target.close()

    @pytest.mark.slow
    async def test_a_session_goes_on_where_it_was(
        self, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with scene(tmp_path) as world:
            async with world.bot():
                await world.to(START)
                first = world.say("ben", "Asked on SQLite?")
                world.react("cleo", first, "+1")
                await MemberDriver(world, "cleo").types("/ask", "Sent on SQLite?")
                await world.hear()
            world.say("ada", "Answered while nobody listens.", first)
            source = f"sqlite:///{tmp_path}/marginalia.db"
            code, said = await asyncio.to_thread(move, monkeypatch, source, postgres_url)
            assert code == 0, said
            async with world.bot(database_url=postgres_url):
                await world.look()
                second = world.say("ben", "Asked on PostgreSQL?")
                world.say("ada", "Answered there.", second)
                await world.hear()
                await world.to(END + timedelta(minutes=1))
                assert len(world.announcements()) == 2, "opened once, closed once"
                assert {(t[1], len(t[2])) for t in world.threads()} == {
                    ("Asked on SQLite?", 1),
                    ("Sent on SQLite?", 0),
                    ("Asked on PostgreSQL?", 1),
                }


class TestCopiedBeforeAnUpgrade:
    @pytest.fixture
    def old(self, sqlite_url: str) -> Database:
        """A database of the version before this one, with something in it."""
        database = Database(sqlite_url)
        with database.unit_of_work() as uow:
            uow.labels.put("channel", {"C1": "general"})
        with database.engine.begin() as connection:
            schema.command.downgrade(schema.config(connection), "-1")
        return database

    def test_the_copy_is_as_it_was(self, old: Database, caplog: pytest.LogCaptureFixture) -> None:
        with old.engine.connect() as connection:
            (before,) = connection.execute(text("SELECT version_num FROM alembic_version")).one()
        with caplog.at_level(logging.INFO):
            old.upgrade()
            old.upgrade()
        path = Path(old.place)
        (copy,) = path.parent.glob("*.bak")
        assert re.fullmatch(rf"{path.name}\.\d{{8}}-\d{{6}}-{before}\.bak", copy.name)
        assert caplog.text.count(str(copy)) == 1
        old.restore(copy)
        with old.engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).one() == (
                before,
            )
        old.upgrade()
        with old.reading() as uow:
            assert uow.labels.get("channel", "C1") == "general"
        old.close()

    def test_the_newest_three_are_kept(self, sqlite_url: str) -> None:
        path = Path(sqlite_url.removeprefix("sqlite:///"))
        for day in range(5):
            files.keep_copy(path, "0007", T0 + timedelta(days=day))
        assert [p.name.split(".")[2] for p in sorted(path.parent.glob("*.bak"))] == [
            "20260107-000000-0007",
            "20260108-000000-0007",
            "20260109-000000-0007",
        ]

    def test_without_room_for_it_nothing_is_changed(
        self, old: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(path: Path, revision: str, at: object) -> Path:
            raise UserError("no room")

        monkeypatch.setattr(files, "keep_copy", full)
        with pytest.raises(UserError, match="no room"):
            old.upgrade()
        with old.engine.connect() as connection:
            assert not schema.is_current(connection)
        old.close()

    def test_a_new_database_is_not_copied(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path}/new.db")
        database.upgrade()
        database.close()
        assert list(tmp_path.glob("*.bak")) == []

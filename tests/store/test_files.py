"""Copies of a SQLite database: `marginalia backup` and `marginalia restore`."""

from __future__ import annotations

import errno
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.cli.main import app
from bot.errors import UserError
from bot.store.database import Database
from bot.support.remedies import not_written
from tests.store.builders import T0


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def keys(database: Database) -> list[str]:
    with database.reading() as uow:
        return [e.key for e in uow.inbox.listed(("due",))]


def add(database: Database, key: str) -> None:
    with database.unit_of_work() as uow:
        uow.inbox.add([(key, {})], T0)


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


def beside(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


def test_a_backup_is_a_database_and_comes_back(database: Database, tmp_path: Path) -> None:
    add(database, "kept")
    copy = tmp_path / "copy.db"
    database.backup(copy)
    assert beside(copy) == ["copy.db", "data"]
    add(database, "after")
    assert keys(Database(f"sqlite:///{copy}")) == ["kept"]
    database.restore(copy)
    assert keys(database) == ["kept"]
    database.upgrade()
    add(database, "again")
    assert keys(database) == ["kept", "again"]
    database.close()
    assert keys(Database(f"sqlite:///{copy}")) == ["kept"]


def test_a_backup_is_whole_while_others_write(database: Database, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with database.unit_of_work() as uow:
                uow.inbox.add([(f"{number} one", {}), (f"{number} two", {})], T0)
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(3):
            database.backup(tmp_path / f"{number}.db")
    finally:
        stop.set()
        thread.join()
    for number in range(3):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("SELECT count(*) % 2 FROM inbox").fetchone() == (0,)
    database.close()


def test_a_backup_overwrites_only_when_told(database: Database, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    with pytest.raises(UserError, match="already exists"):
        database.backup(copy)
    assert copy.read_text() == "precious"
    database.backup(copy, overwrite=True)
    assert keys(Database(f"sqlite:///{copy}")) == []
    for target in (tmp_path, path_of(database.place)):
        with pytest.raises(UserError, match="already exists"):
            database.backup(target, overwrite=True)


def test_a_backup_needs_a_database_and_a_place(database: Database, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        database.backup(tmp_path / "no" / "folder.db")
    none = Database(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(UserError, match="there is no database yet"):
        none.backup(tmp_path / "copy.db")
    assert beside(tmp_path / "copy.db") == ["data"]


def test_a_restore_makes_a_database_where_none_is(database: Database, tmp_path: Path) -> None:
    add(database, "kept")
    copy = tmp_path / "copy.db"
    database.backup(copy)
    database.close()
    path_of(database.place).unlink()
    database.restore(copy)
    assert keys(database) == ["kept"]
    database.close()


def test_a_database_in_use_is_not_replaced(
    database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    database.backup(copy)
    add(database, "newer")
    other = Database(sqlite_url)
    with pytest.raises(UserError, match="is in use; stop Marginalia"):
        other.restore(copy)
    assert keys(database) == ["newer"]
    add(database, "still works")
    database.close()
    other.restore(copy)
    assert keys(database) == []
    database.close()


def test_the_log_of_the_old_database_is_not_applied_to_the_new(
    database: Database, tmp_path: Path
) -> None:
    """As a bot that was killed leaves it: with its write-ahead log beside it."""
    copy = tmp_path / "copy.db"
    database.backup(copy)
    path = path_of(database.place)
    for number in range(50):
        add(database, f"{number}")
    killed = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    assert len(killed) == 3
    database.close()
    for name, content in killed.items():
        (path.parent / name).write_bytes(content)
    database.restore(copy)
    assert keys(database) == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_a_damaged_database_can_be_replaced(database: Database, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    add(database, "kept")
    database.backup(copy)
    database.close()
    path = path_of(database.place)
    path.write_bytes(b"rubbish" * 1000)
    path.with_name(path.name + "-wal").write_bytes(b"rubbish")
    with pytest.raises(UserError, match="not a database"):
        database.upgrade()
    database.restore(copy)
    database.upgrade()
    assert keys(database) == ["kept"]
    database.close()


def damaged(copy: Path) -> str:
    content = bytearray(copy.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    copy.write_bytes(bytes(content))
    return "damaged|not a readable"


def truncated(copy: Path) -> str:
    copy.write_bytes(copy.read_bytes()[:20_000])
    return "damaged|not a readable"


def rubbish(copy: Path) -> str:
    copy.write_text("hello " * 1000)
    return "not a readable database"


def empty(copy: Path) -> str:
    copy.write_bytes(b"")
    return "not a Marginalia database"


def foreign(copy: Path) -> str:
    copy.unlink()
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    return "not a Marginalia database"


def newer(copy: Path) -> str:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    return "newer Marginalia"


def missing(copy: Path) -> str:
    copy.unlink()
    return "no such file"


def folder(copy: Path) -> str:
    copy.unlink()
    copy.mkdir()
    return "no such file"


@pytest.mark.parametrize(
    "spoil", [damaged, truncated, rubbish, empty, foreign, newer, missing, folder]
)
def test_a_bad_copy_is_refused_and_nothing_changes(
    database: Database, tmp_path: Path, spoil: object
) -> None:
    copy = tmp_path / "copy.db"
    with database.unit_of_work() as uow:
        uow.inbox.add([(f"{number}", {}) for number in range(300)], T0)
    database.backup(copy)
    assert callable(spoil)
    why = spoil(copy)
    add(database, "newest")
    with pytest.raises(UserError, match=why) as caught:
        database.restore(copy)
    assert "\n" not in str(caught.value)
    assert len(keys(database)) == 301
    database.close()


def test_the_database_is_no_backup_of_itself(database: Database) -> None:
    with pytest.raises(UserError, match="is the database itself"):
        database.restore(path_of(database.place))


def test_postgresql_has_its_own_tools(postgres_url: str, tmp_path: Path) -> None:
    database = Database(postgres_url)
    with pytest.raises(UserError, match="pg_dump"):
        database.backup(tmp_path / "copy.db")
    with pytest.raises(UserError, match="pg_restore"):
        database.restore(tmp_path / "copy.db")


def test_the_commands(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    database = Database(sqlite_url)
    add(database, "kept")
    database.close()
    made = runner.invoke(app, ["backup", "copy.db"])
    assert (made.exit_code, "copied to copy.db" in made.output) == (0, True)
    again = runner.invoke(app, ["backup", "copy.db"])
    assert isinstance(again.exception, UserError)
    assert runner.invoke(app, ["backup", "copy.db", "--force"]).exit_code == 0
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM inbox"))
    database.close()
    back = runner.invoke(app, ["restore", "copy.db"])
    assert (back.exit_code, "was replaced with copy.db" in back.output) == (0, True)
    assert keys(database) == ["kept"]
    database.close()


def test_a_full_disk_is_told_of_as_one_by_sqlite_too(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "small.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as full:
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    line = str(not_written(Path("var/marginalia.db"), full.value))
    assert "disk is full; free some space on the disk that holds var" in line


def test_the_root_of_all_folders_is_given_to_nobody() -> None:
    error = PermissionError(errno.EACCES, "Permission denied")
    line = str(not_written(Path("/marginalia.db"), error))
    assert line.endswith("permission denied; check the folder / or choose another")
    assert "chown -R" in str(not_written(Path("var/marginalia.db"), error))

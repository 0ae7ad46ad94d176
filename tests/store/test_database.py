"""The database as one thing: opened, refused, gone and back; who leads."""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from bot.errors import UserError
from bot.sessions.ports import UnitOfWork
from bot.store import engine
from bot.store.database import Database
from tests.store.builders import T0, question
from tests.waiting import PATIENCE

SECRET = "correct-horse-battery"


def cut_connections(url: str) -> None:
    """What a restart of the server does to those who are connected."""
    other = Database(url)
    with other.engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.close()


def add(uow: UnitOfWork, key: str = "a") -> int:
    return uow.inbox.add([(key, {})], T0)


def depth(database: Database) -> int:
    with database.reading() as uow:
        return uow.inbox.depth()


def test_leaving_commits_and_an_exception_rolls_back(database: Database) -> None:
    factory = database.unit_of_work
    with factory() as uow:
        add(uow)
    with suppress(ZeroDivisionError), factory() as uow:
        add(uow, "b")
        raise ZeroDivisionError
    assert depth(database) == 1


def test_a_unit_of_work_that_would_wait_for_itself_is_an_error(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.unit_of_work() as uow:
        add(uow)
        with (
            pytest.raises(RuntimeError, match="inside another of the same thread"),
            database.unit_of_work(),
        ):
            pass
        with database.reading() as reading:
            assert reading.inbox.depth() == 0
    with database.unit_of_work() as uow:
        assert uow.inbox.depth() == 1
    database.close()


def test_a_server_that_leaves_before_the_commit_is_an_outage(postgres_url: str) -> None:
    database = Database(postgres_url)

    def write() -> None:
        with database.unit_of_work() as uow:
            add(uow)
            cut_connections(postgres_url)

    with pytest.raises(SQLAlchemyError) as caught:
        write()
    assert database.is_outage(caught.value)
    assert depth(database) == 0
    with database.unit_of_work() as uow:
        add(uow)
    assert depth(database) == 1
    database.close()


def test_a_savepoint_undoes_its_part_alone(database: Database) -> None:
    with database.unit_of_work() as uow:
        add(uow, "a")
        for key in ("b", "c"):
            try:
                with uow.savepoint():
                    add(uow, key)
                    if key == "b":
                        raise ZeroDivisionError
            except ZeroDivisionError:
                assert uow.inbox.depth() == 1
        with pytest.raises(DBAPIError), uow.savepoint():
            uow.messages.delete("C1", "1.0", 99, T0)  # no such session
        add(uow, "d")
    with database.reading() as uow:
        assert [e.key for e in uow.inbox.listed(("due",))] == ["a", "c", "d"]


def test_reading_writes_nothing_and_sees_one_state(database: Database) -> None:
    with database.reading() as reading:
        assert reading.inbox.depth() == 0
        with database.unit_of_work() as uow:
            add(uow)
        assert reading.inbox.depth() == 0
    with database.reading() as reading:
        assert reading.inbox.depth() == 1
    with pytest.raises(DBAPIError), database.reading() as reading:
        add(reading, "b")
    assert depth(database) == 1
    with database.unit_of_work() as uow:
        add(uow, "c")
    assert depth(database) == 2


def test_an_error_of_the_database_shows_no_content(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.unit_of_work() as uow:
        uow.messages.put(question(99, "1700000000.000000", SECRET))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"{SECRET}",
        f"postgresql://bot:{SECRET}@ss@127.0.0.1:port/marginalia",
        f"postgresql://bot:{SECRET}@127.0.0.1:{SECRET}/marginalia",
        f"mysql://bot:{SECRET}@127.0.0.1/marginalia",
        "sqlite://",
        "sqlite:///:memory:",
        "",
    ],
)
def test_a_url_that_cannot_be_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UserError, match="MARGINALIA_DATABASE_URL") as caught:
        Database(url)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://bot:{SECRET}@127.0.0.1:1/marginalia",
        f"postgres://bot@127.0.0.1:1/marginalia?password={SECRET}",
        f"postgresql+psycopg://bot:{SECRET}@no-such-host.invalid/marginalia?nonsense={SECRET}",
    ],
)
def test_a_server_that_does_not_answer_is_one_line_without_the_password(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    database = Database(url)
    with pytest.raises(UserError, match=r"the database marginalia on .* cannot be used") as caught:
        database.upgrade()
    assert not database.ping()
    assert SECRET not in str(caught.value) + caplog.text + database.place + repr(database)
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)


def test_a_database_that_is_not_on_the_server_is_one_line(postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="nowhere_to_be_found")
    with pytest.raises(UserError, match='database "nowhere_to_be_found" does not exist'):
        Database(url.render_as_string(hide_password=False)).upgrade()


def test_a_server_that_keeps_other_text_than_utf8_is_refused(postgres_url: str) -> None:
    database = Database(postgres_url)
    name = "marginalia_latin"
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(
            text(
                f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' "
                "TEMPLATE template0"
            )
        )
        other = Database(make_url(postgres_url).set(database=name).render_as_string(False))
        try:
            with pytest.raises(UserError, match="stores text as LATIN1; create one with"):
                other.upgrade()
        finally:
            other.close()
            connection.execute(text(f"DROP DATABASE {name}"))
    database.close()


def test_a_file_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("not a folder, and no database either\n" * 100)
    folder = tmp_path / "folder.db"
    folder.mkdir()
    for path in (plain / "inside.db", folder, plain):
        with pytest.raises(UserError, match=str(path.name)) as caught:
            Database(f"sqlite:///{path}").upgrade()
        assert "\n" not in str(caught.value)
    assert plain.read_text().startswith("not a folder")


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(UserError, match="Permission denied"):
        Database(f"sqlite:///{tmp_path / 'a' / 'b.db'}").upgrade()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sessions (id INTEGER)")
    connection.close()
    with pytest.raises(UserError, match="another program's database"):
        Database(f"sqlite:///{path}").upgrade()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("sessions",)]
    connection.close()


def test_sqlite_is_set_up_as_it_should_be(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    expected = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30000}
    with database.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in expected
        }
    assert found == expected
    database.close()


def test_a_file_that_vanished_is_an_error_and_no_new_database(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.unlink()
    database = Database(sqlite_url)
    assert not database.ping()
    with pytest.raises(OperationalError, match="unable to open"), database.unit_of_work() as uow:
        add(uow)
    assert not path.exists()
    database.upgrade()
    assert database.ping()
    database.close()


def test_a_disk_that_is_full_stores_nothing_and_it_goes_on_after(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    body = {"text": "x" * 100_000}
    with pytest.raises(OperationalError, match="full") as full, database.unit_of_work() as uow:
        uow.inbox.add([("a", body)], T0)
    assert database.is_outage(full.value)
    assert depth(database) == 0
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    with database.unit_of_work() as uow:
        assert uow.inbox.add([("a", body)], T0) == 1
    assert depth(database) == 1
    database.close()


def test_a_server_that_restarted_is_connected_to_again(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.unit_of_work() as uow:
        add(uow)
    cut_connections(postgres_url)
    assert depth(database) == 1
    with suppress(SQLAlchemyError), database.unit_of_work() as uow:
        add(uow, "never committed")
        cut_connections(postgres_url)
        uow.inbox.depth()
        pytest.fail("the connection was not cut")
    with database.unit_of_work() as uow:
        add(uow, "b")
    with database.reading() as uow:
        assert [e.key for e in uow.inbox.listed(("due",))] == ["a", "b"]
    assert database.ping()
    database.close()


def test_an_outage_is_told_from_a_mistake(database: Database, database_url: str) -> None:
    with pytest.raises(DBAPIError) as mistake, database.unit_of_work() as uow:
        uow.messages.put(question(99, "1700000000.000000"))  # no such session
    assert not database.is_outage(mistake.value)
    assert not database.is_outage(ValueError("no"))
    if database.shared:
        outage: BaseException | None = None
        try:
            with database.unit_of_work() as uow:
                uow.inbox.depth()
                cut_connections(database_url)
                uow.inbox.depth()
        except SQLAlchemyError as error:
            outage = error
    else:
        database.close()
        Path(database.place).unlink()
        with pytest.raises(OperationalError) as gone, database.unit_of_work() as uow:
            uow.inbox.depth()
        outage = gone.value
    assert outage is not None
    assert database.is_outage(outage)


def _outage_of(database: Database, statement: str) -> BaseException:
    try:
        with database.unit_of_work() as uow:
            uow._connection.execute(text(statement))  # type: ignore[attr-defined]
            add(uow)
    except SQLAlchemyError as error:
        return error
    raise AssertionError("it was stored")


def test_a_database_that_may_only_be_read_is_an_outage(database: Database) -> None:
    if database.shared:
        error = _outage_of(database, "SET TRANSACTION READ ONLY")
    else:
        error = _outage_of(database, "PRAGMA query_only = ON")
    assert database.is_outage(error)


def test_tables_that_are_gone_are_an_outage(database: Database) -> None:
    assert database.is_outage(_outage_of(database, "DROP TABLE inbox"))
    assert depth(database) == 0  # the drop was undone with its transaction


def test_a_table_that_somebody_keeps_locked_is_an_outage(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_TIMEOUT_SECONDS", 1)
    database = Database(postgres_url)
    with database.unit_of_work() as uow:
        uow._connection.execute(text("LOCK TABLE inbox"))  # type: ignore[attr-defined]
        other = Database(postgres_url)
        with pytest.raises(SQLAlchemyError) as caught, other.unit_of_work() as waiting:
            add(waiting)
        other.close()
    assert database.is_outage(caught.value)
    database.close()


def test_a_damaged_file_is_an_outage(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8192)
    database = Database(sqlite_url)
    with pytest.raises(SQLAlchemyError) as caught, database.unit_of_work() as uow:
        add(uow)
    assert database.is_outage(caught.value)
    database.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_removed_while_it_is_open_stores_nothing_more(
    sqlite_url: str, replaced: bool
) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    database = Database(sqlite_url)
    with database.unit_of_work() as uow:
        add(uow)
    copy = path.with_name("copy.db")
    database.backup(copy)
    path.unlink()
    if replaced:
        copy.replace(path)
    with (
        pytest.raises(SQLAlchemyError, match="removed or replaced") as caught,
        database.unit_of_work() as uow,
    ):
        add(uow, "b")
    assert database.is_outage(caught.value)
    assert not database.ping()
    database.close()
    if replaced:
        assert depth(database) == 1


def test_two_running_bots_cannot_share_a_sqlite_file(sqlite_url: str, tmp_path: Path) -> None:
    one, two = Database(sqlite_url), Database(sqlite_url)
    one.reserve()
    one.reserve()
    with pytest.raises(UserError, match=r"in use by another running Marginalia \(process \d+\)"):
        two.reserve()
    one.backup(tmp_path / "backup.db")
    with pytest.raises(UserError, match="in use"):
        two.restore(tmp_path / "backup.db")
    one.close()
    two.reserve()
    two.close()
    two.restore(tmp_path / "backup.db")


def test_who_waits_to_write_is_let_go_when_the_database_is_closed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_TIMEOUT_SECONDS", 3600)  # it is not this that lets go
    database = Database(sqlite_url)
    failed: list[BaseException] = []
    waits = threading.Event()
    turn = database._backend._writing
    acquire = Mock(side_effect=lambda **within: waits.set() or turn.acquire(**within))

    def wait() -> None:
        try:
            with database.unit_of_work() as uow:
                add(uow, "b")
        except SQLAlchemyError as error:
            failed.append(error)

    with database.unit_of_work() as uow:
        add(uow)
        database._backend._writing = Mock(acquire=acquire, release=turn.release)
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert waits.wait(PATIENCE)
        database.close()
        waiting.join(PATIENCE)
        assert not waiting.is_alive()
    assert [database.is_outage(error) for error in failed] == [True]
    assert depth(database) == 1
    database.close()


def test_any_number_of_bots_share_a_server(postgres_url: str) -> None:
    one, two = Database(postgres_url), Database(postgres_url)
    one.reserve()
    two.reserve()
    one.close()
    two.close()


def test_an_empty_database_does_not_answer_yet(bare_url: str) -> None:
    database = Database(bare_url)
    assert not database.ping()
    database.upgrade()
    assert database.ping()
    database.close()


def test_one_replica_leads_until_it_gives_up_or_dies(postgres_url: str) -> None:
    one, two = Database(postgres_url), Database(postgres_url)
    first, second = one.leader(), two.leader()
    assert not first.holds()
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    assert (first.holds(), second.holds()) == (True, False)
    first.release()
    first.release()
    assert not first.holds()
    assert second.acquire()
    assert not first.acquire()
    cut_connections(postgres_url)
    assert not second.holds()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    for database in (one, two):
        database.close()


def test_a_leader_that_is_asked_again_after_it_was_cut_off_runs_anew(postgres_url: str) -> None:
    database = Database(postgres_url)
    leader = database.leader()
    assert leader.acquire()
    cut_connections(postgres_url)
    assert leader.acquire()
    assert leader.holds()
    leader.release()
    database.close()


def test_on_sqlite_one_always_leads(sqlite_url: str) -> None:
    leader = Database(sqlite_url).leader()
    assert leader.acquire()
    assert leader.holds()
    leader.release()
    assert leader.holds()

"""What is deleted is gone from the files of the database, too."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from bot.store.database import Database
from tests.store.builders import T0, question, session
from tests.waiting import until

ANSWER = "purple-elephant-4711"


def found_in_files(database: Database, table: str, needle: str) -> bool:
    """Whether a piece of text stands in the files of the database, those of its log included."""
    if not database.shared:
        folder = Path(database.place).parent
        return any(needle.encode() in path.read_bytes() for path in folder.iterdir())
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        query = text(
            "SELECT position(convert_to(:needle, 'UTF8') IN "
            "pg_read_binary_file(pg_relation_filepath(:table)))"
        )
        found: int = connection.execute(query, {"needle": needle, "table": table}).scalar_one()
        return found > 0


def test_the_secret_of_a_closed_session_is_in_no_file_of_the_database(database: Database) -> None:
    with database.unit_of_work() as uow:
        number = session(uow).id
        secret = uow.members.secret(number, make=True).hex()
    with database.unit_of_work() as uow:
        uow.members.drop_secret(number)
    assert found_in_files(database, "secrets", secret), "or else this test shows nothing"
    # Where somebody may still see it, also in another database of the server, it is tried again.
    asyncio.run(until(database.wipe, "the table is written anew"))
    assert not found_in_files(database, "secrets", secret)
    with database.unit_of_work() as uow:
        assert uow.members.secret(number, make=True) == b""


def test_while_somebody_reads_it_is_tried_again_later(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.unit_of_work() as uow:
        number = session(uow).id
        secret = uow.members.secret(number, make=True).hex()
    with database.reading() as reading:
        reading.inbox.depth()
        with database.unit_of_work() as uow:
            uow.members.drop_secret(number)
        assert not database.wipe()
    assert database.wipe()
    assert not found_in_files(database, "secrets", secret)
    database.close()


def test_a_text_that_was_deleted_is_in_no_file_of_sqlite(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.unit_of_work() as uow:
        number = session(uow).id
        uow.messages.put(question(number, "1700000000.000100", ANSWER * 500))
    with database.unit_of_work() as uow:
        uow.messages.delete("C1", "1700000000.000100", number, T0)
    database.wipe()
    assert not found_in_files(database, "messages", ANSWER)
    database.close()

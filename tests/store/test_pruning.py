"""What nothing needs any more is deleted, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.sessions.model import Action, Message, State, Submission
from bot.sessions.ports import Outgoing, UnitOfWork
from bot.store import pruning
from bot.store.database import Database
from tests.store.builders import T0, question, session

YEAR = timedelta(days=365)


def fill(uow: UnitOfWork, name: str, state: State, size: int = 1) -> int:
    """A session of a year ago with something of everything; gives its number."""
    made = session(uow, name)
    made.state = state
    uow.sessions.save(made)
    ts = f"17000000{made.id:02}.000100"
    uow.messages.put(question(made.id, ts))
    key = f"session {made.id} reminder half-way"
    for outgoing in (key, f"question {name}"):
        uow.outbox.add(Outgoing(outgoing, "chat.postMessage", {"text": "x" * size}, "C1"), T0)
        row = uow.outbox.claim(T0 + timedelta(days=1), T0 + timedelta(days=2), 0.0)
        assert row is not None
        uow.outbox.sent(row.id, "1.0", T0)
    uow.members.submit(Submission(name, made.id, "U1", "Why?", T0, "", "", "owed", "C1"))
    uow.actions.add(Action(T0, "U1", "moved", made.id, name))
    uow.requests.begin(f"form {name}", T0)
    return made.id


def messages(database: Database, number: int) -> list[Message]:
    with database.reading() as uow:
        return list(uow.messages.of_session(number))


def test_what_closed_sessions_needed_goes_and_what_people_said_stays(database: Database) -> None:
    with database.unit_of_work() as uow:
        over = fill(uow, "over", State.ARCHIVED)
        still = fill(uow, "still", State.OPEN)
    before = messages(database, over)
    assert database.prune(T0 - YEAR) == 0
    assert database.prune(T0 + YEAR) > 0
    assert messages(database, over) == before
    with database.reading() as uow:
        assert uow.outbox.keys("") == [f"session {still} reminder half-way"]
        assert uow.members.submission("over") is None
        assert uow.members.submission("still") is not None
        assert uow.actions.listed() == []
    assert database.prune(T0 + YEAR) == 0


def test_what_waits_for_slack_is_not_pruned(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.outbox.add(Outgoing("k", "chat.postMessage", {}, "C1"), T0)
    database.prune(T0 + YEAR)
    with database.reading() as uow:
        assert uow.outbox.keys("") == ["k"]


@pytest.mark.slow
def test_the_file_of_sqlite_shrinks(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.unit_of_work() as uow:
        for number in range(40):
            fill(uow, f"over {number}", State.ARCHIVED, size=300_000)
    database.wipe()
    path = Path(database.place)
    before = path.stat().st_size
    assert before > pruning.SPARE_PAGES * 4096
    database.prune(T0 + YEAR)
    database.wipe()
    assert path.stat().st_size < before / 10
    with database.reading() as uow:
        assert uow.outbox.depth() == 0
    database.close()

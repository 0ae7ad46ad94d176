"""Many threads, many processes, and a process that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.sessions import lifecycle
from bot.sessions.model import Author, State
from bot.sessions.ports import Outgoing
from bot.slack.notifier import SlackNotifier
from bot.store.database import Database
from tests.conftest import ROOT
from tests.store.builders import T0, later, question, session
from tests.waiting import until


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Runs it in so many threads that all start at one moment; gives what each gave."""
    barrier = threading.Barrier(count)

    def start(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def program(url: str, body: str) -> subprocess.Popen[str]:
    """Another process that has `database`."""
    head = (
        "import time\n"
        "from datetime import UTC, datetime\n"
        "from bot.sessions.model import Kind, Message\n"
        "from bot.store.database import Database\n"
        "T0 = datetime(2026, 1, 5, tzinfo=UTC)\n"
        f"database = Database({url!r})\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + body],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
def test_many_threads_write_and_read_at_once(database: Database) -> None:
    with database.unit_of_work() as uow:
        session_id = session(uow).id

    def work(number: int) -> int:
        for turn in range(10):
            with database.unit_of_work() as uow:
                # First a look, then a write: what SQLite refuses unless the lock was taken first.
                uow.people.unknown({"U1"})
                uow.messages.put(question(session_id, f"17{number:06}{turn:02}.000000"))
                uow.sessions.touch(session_id, later(turn))
            with database.reading() as uow:
                assert uow.messages.counts(session_id).questions > turn
        return 10

    assert sum(together(12, work)) == 120
    with database.reading() as uow:
        assert uow.messages.counts(session_id).questions == 120
        found = uow.sessions.get(session_id)
        assert found is not None
        assert found.content_changed_at is not None
        # Forward with every change, also with those that were noted for the same moment.
        assert later(9) < found.content_changed_at < later(9) + timedelta(microseconds=120)


@pytest.mark.slow
def test_other_processes_write_and_read_at_once(database: Database, database_url: str) -> None:
    with database.unit_of_work() as uow:
        session_id = session(uow).id
    body = (
        "for turn in range(20):\n"
        "    with database.unit_of_work() as uow:\n"
        "        uow.people.unknown({'U1'})\n"
        "        ts = f'18%s{turn:02}.000000'\n"
        f"        uow.messages.put(Message({session_id}, 'C1', ts, Kind.QUESTION, 'U1', {{}}))\n"
        "    with database.reading() as uow:\n"
        f"        list(uow.messages.iter_session({session_id}))\n"
    )
    others = [program(database_url, body % f"{n:06}") for n in range(2)]
    for turn in range(20):
        with database.unit_of_work() as uow:
            uow.messages.put(question(session_id, f"17000000{turn:02}.000000"))
    assert [other.wait(60) for other in others] == [0, 0]
    with database.reading() as uow:
        assert uow.messages.counts(session_id).questions == 60


def test_one_message_put_by_many_at_once_ends_in_its_newest_version(database: Database) -> None:
    with database.unit_of_work() as uow:
        session_id = session(uow).id

    def work(number: int) -> None:
        with database.unit_of_work() as uow:
            uow.messages.put(
                question(
                    session_id,
                    "1700000000.000000",
                    f"{number}",
                    edited_ts=f"17000000{number:02}.000000" if number else None,
                )
            )

    together(8, work)
    with database.reading() as uow:
        found = uow.messages.get("C1", "1700000000.000000")
        assert found is not None
        assert found.content == {"text": "7"}


def test_envelopes_delivered_twice_at_once_are_stored_once(database: Database) -> None:
    keys = [f"e{n}" for n in range(100)]

    def work(number: int) -> int:
        order = keys if number % 2 else keys[::-1]
        with database.unit_of_work() as uow:
            return uow.inbox.add([(key, {}) for key in order], T0)

    assert sum(together(6, work)) == 100


async def test_an_author_is_found_while_a_message_is_taken_in(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.unit_of_work() as uow:
        made = session(uow)
        made.state = State.OPEN
        uow.sessions.save(made)
        uow.messages.put(question(made.id, "1767600000.000100", author="U2"))
    named = replace(made.event, authors=(Author("Ada", "Ada", "U2"),))

    def find() -> None:
        with database.unit_of_work() as uow:
            lifecycle.plan(uow, SlackNotifier(), named, "C1", T0, timedelta(days=1))

    def waits() -> bool:
        query = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
        )
        with database.engine.connect() as connection:
            return bool(connection.execute(text(query)).scalar())

    with ThreadPoolExecutor(1) as pool:
        with database.unit_of_work() as uow:
            uow.messages.put(question(made.id, "1767600001.000100"))
            uow.messages.flush()
            uow.sessions.touch(made.id, T0)
            finding = pool.submit(find)
            await until(waits)
        finding.result()
    with database.reading() as uow:
        found = uow.sessions.get(made.id)
        assert found is not None
        assert found.author_ids == {"U2"}
        (queued,) = uow.links.due(T0)[made.id]
        assert queued.ts == "1767600000.000100"
    database.close()


def test_two_replicas_claim_different_envelopes(postgres_url: str) -> None:
    one, two = Database(postgres_url), Database(postgres_url)
    with one.unit_of_work() as uow:
        uow.inbox.add([(f"e{n}", {}) for n in range(10)], T0)
    with one.unit_of_work() as first, two.unit_of_work() as second:
        mine = first.inbox.claim(4, T0)
        theirs = second.inbox.claim(4, T0)
        assert [e.key for e in mine] == ["e0", "e1", "e2", "e3"]
        assert [e.key for e in theirs] == ["e4", "e5", "e6", "e7"]
        first.inbox.done([e.id for e in mine], T0)
    with one.unit_of_work() as uow:
        assert [e.key for e in uow.inbox.claim(99, T0)] == [f"e{n}" for n in range(4, 10)]
    one.close()
    two.close()


def test_replicas_empty_the_inbox_together(postgres_url: str) -> None:
    with Database(postgres_url).unit_of_work() as uow:
        uow.inbox.add([(f"e{n:03}", {}) for n in range(200)], T0)

    def work(_: int) -> list[str]:
        replica, handled = Database(postgres_url), []
        while True:
            with replica.unit_of_work() as uow:
                claimed = uow.inbox.claim(7, T0)
                uow.inbox.done([e.id for e in claimed], T0)
            handled += [e.key for e in claimed]
            if not claimed:
                replica.close()
                return handled

    handled = together(4, work)
    assert sorted(key for keys in handled for key in keys) == [f"e{n:03}" for n in range(200)]
    assert all(keys == sorted(keys) for keys in handled)


@pytest.mark.slow
def test_replicas_never_send_a_row_twice_nor_out_of_order(postgres_url: str) -> None:
    with Database(postgres_url).unit_of_work() as uow:
        for number in range(60):
            channel = f"C{number % 3}"
            uow.outbox.add(Outgoing(f"{number:02}", "chat.postMessage", {}, channel), T0)
    log: list[tuple[str, str]] = []
    writing = threading.Lock()

    def work(_: int) -> None:
        replica = Database(postgres_url)
        while True:
            with replica.unit_of_work() as uow:
                if uow.outbox.depth() == 0:
                    break
                row = uow.outbox.claim(T0, later(60), 0)
            if row is not None:
                with writing:
                    log.append((row.channel, row.key))
                with replica.unit_of_work() as uow:
                    uow.outbox.sent(row.id, None, T0)
        replica.close()

    together(4, work)
    assert len(log) == len(set(log)) == 60
    for name in ("C0", "C1", "C2"):
        keys = [key for channel, key in log if channel == name]
        assert keys == sorted(keys)


def test_what_was_committed_survives_a_kill(database: Database, database_url: str) -> None:
    body = (
        "with database.unit_of_work() as uow:\n"
        "    uow.inbox.add([('stored', {'text': 'hello'})], T0)\n"
        "unfinished = database.unit_of_work()\n"
        "unfinished.__enter__().inbox.add([('not committed', {})], T0)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = program(database_url, body)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with database.unit_of_work() as uow:
        assert [(e.key, e.body) for e in uow.inbox.claim(10, T0)] == [("stored", {"text": "hello"})]
        assert uow.inbox.add([("not committed", {})], T0) == 1


def test_the_lead_is_free_when_the_leader_is_killed(postgres_url: str) -> None:
    body = "assert database.leader().acquire()\nprint('leads', flush=True)\ntime.sleep(60)\n"
    process = program(
        postgres_url, body.replace("database.leader()", "(lead := database.leader())")
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "leads\n"
    database = Database(postgres_url)
    leader = database.leader()
    assert not leader.acquire()
    process.kill()
    process.wait()
    for _ in range(200):  # the server notices a moment later
        if leader.acquire():
            break
        threading.Event().wait(0.02)
    assert leader.holds()
    leader.release()
    database.close()


@pytest.mark.slow
def test_a_long_session_is_streamed_in_little_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.messages.CHUNK", 50)
    messages, length = 1_000, 5_000
    content = {"text": "x" * length}
    with database.unit_of_work() as uow:
        session_id = session(uow).id
        for number in range(messages):
            message = question(session_id, f"17{number:08}.000000", content=content)
            uow.messages.put(message)
    with database.reading() as uow:
        tracemalloc.start()
        assert sum(1 for _ in uow.messages.iter_threads(session_id)) == messages
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < messages * length / 4

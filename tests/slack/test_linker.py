"""Authors' answers are stored first and linked afterwards: nothing waits, nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.sessions import pairing
from bot.sessions.model import State
from bot.sessions.pairing import Likeness, Meaning, ShuttingDown
from bot.store.database import Database
from tests.scene import END, EVENT
from tests.slack.conftest import World, made
from tests.slack.member_driver import open_session
from tests.waiting import until

FIRST = "Does the chapter on tokenizers cover byte-pair encoding for Turkish?"
SECOND = "Which graphics card do I need to fine-tune the models of the last chapter?"
ANSWER = "Hi, yes, the chapter on tokenizers covers byte-pair encoding, with a Turkish corpus."


class Slow(Meaning):
    """A model that reads until it is told to go on; `error` is raised then."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.error = error

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        self.asked.set()
        assert self.go_on.wait(60)
        if self.error is not None:
            raise self.error
        return None


@pytest.fixture
async def live(database: Database) -> AsyncIterator[World]:
    """A running edge, with an author and two questions."""
    async with made(database, connect=True) as world:
        with database.unit_of_work() as uow:
            session = uow.sessions.get(world.session_id)
            assert session is not None
            session.added_authors = frozenset({world.people[0]})
            uow.sessions.save(session)
        yield world


def question_of(world: World, ts: str) -> str | None:
    with world.database.reading() as uow:
        message = uow.messages.get(world.channel.id, ts)
        return message.question_ts if message is not None else None


def waiting(world: World) -> set[int]:
    with world.database.reading() as uow:
        return uow.links.sessions()


@contextmanager
def pairings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Counts how often a session is worked out."""
    counted: list[int] = []
    pair = pairing.pair

    def counting(posts, *args, **more):  # type: ignore[no-untyped-def]
        counted.append(len(posts))
        return pair(posts, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(pairing, "pair", counting)
        yield counted


@pytest.mark.slow
async def test_nobody_waits_while_it_is_said_what_an_author_answers(live: World) -> None:
    slow = live.edge.linker.meaning = Slow()
    first = live.ask(FIRST, 1)
    live.ask(SECOND, 2)
    answer = live.ask(ANSWER, 0)
    await until(slow.asked.is_set)
    later = live.ask("And does it run on a laptop?", 3)
    await live.box.settle()
    await until(lambda: "And does it run on a laptop?" in live.texts())
    assert question_of(live, answer) is None
    live.delete(later)
    await until(lambda: "And does it run on a laptop?" not in live.texts())
    slow.go_on.set()
    await until(lambda: question_of(live, answer) == first)
    assert waiting(live) == set()


@pytest.mark.slow
async def test_a_burst_is_worked_out_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.unit_of_work() as uow:
        session = uow.sessions.get(world.session_id)
        assert session is not None
        session.added_authors = frozenset({world.people[0]})
        uow.sessions.save(session)
    asked = [world.ask(f"{FIRST} Mine is number {n}.", 1 + n % 4) for n in range(30)]
    answers = [world.ask(f"{ANSWER} For {n}.", 0) for n in range(20)]
    with pairings(monkeypatch) as counted:
        await world.edge.reconciler.whole(world.session_id)
        assert waiting(world) == {world.session_id}, "stored, and not linked yet"
        assert await world.edge.linker.drain() == len(answers)
    assert counted == [len(asked) + len(answers)]
    assert waiting(world) == set()


async def test_what_is_queued_survives_a_kill(database: Database) -> None:
    async with made(database) as world:
        with database.unit_of_work() as uow:
            session = uow.sessions.get(world.session_id)
            assert session is not None
            session.added_authors = frozenset({world.people[0]})
            uow.sessions.save(session)
        first = world.ask(FIRST, 1)
        answer = world.ask(ANSWER, 0)
        await world.edge.reconciler.whole(world.session_id)
        world.edge.linker.meaning = Slow(ShuttingDown())
        world.edge.linker.meaning.go_on.set()
        with pytest.raises(ShuttingDown):
            await world.edge.linker.drain()
        assert question_of(world, answer) is None
        world.edge.linker.meaning = None
        await world.edge.linker.drain()
        assert question_of(world, answer) == first


@pytest.mark.slow
async def test_what_a_killed_comparison_held_back_is_linked(live: World) -> None:
    await live.edge.stop()
    with live.database.unit_of_work() as uow:
        uow.links.add(live.session_id, live.channel.id, "1.000001", held=True)
    await live.edge.linker.drain()
    assert waiting(live) == {live.session_id}
    live.edge.start()
    await until(lambda: waiting(live) == set())


@pytest.mark.slow
async def test_a_person_has_the_last_word_meanwhile(live: World) -> None:
    slow = live.edge.linker.meaning = Slow()
    live.ask(FIRST, 1)
    second = live.ask(SECOND, 2)
    answer = live.ask(ANSWER, 0)
    await until(slow.asked.is_set)
    with live.database.unit_of_work() as uow:
        uow.messages.set_question(live.channel.id, answer, second, corrected=True)
    slow.go_on.set()
    await until(lambda: waiting(live) == set())
    assert question_of(live, answer) == second
    assert live.box.workspace.ephemerals == []


@pytest.mark.slow
async def test_it_is_decided_again_when_the_question_is_gone_meanwhile(live: World) -> None:
    slow = live.edge.linker.meaning = Slow()
    first = live.ask(FIRST, 1)
    live.ask(SECOND, 2)
    answer = live.ask(ANSWER, 0)
    await until(slow.asked.is_set)
    live.delete(first)
    await until(lambda: FIRST not in live.texts())
    slow.go_on.set()
    await until(lambda: waiting(live) == set())
    assert question_of(live, answer) != first


@pytest.mark.slow
async def test_what_always_fails_is_given_up(
    live: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(pairing, "pair", broken)
    monkeypatch.setattr("bot.slack.linking.RETRY_SECONDS", (0, 0))
    live.ask(FIRST, 1)
    answer = live.ask(ANSWER, 0)
    await until(lambda: "is not linked to any question" in caplog.text)
    await until(lambda: waiting(live) == set())
    assert question_of(live, answer) is None
    assert "And the next?" not in live.texts()
    live.ask("And the next?", 2)
    await until(lambda: "And the next?" in live.texts())


@pytest.mark.slow
async def test_an_archive_waits_for_what_is_to_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.hosting.CATCH_UP_SECONDS", 0.5)
    async with open_session(tmp_path) as world:
        bot = world.stage.bot
        slow = bot.edge.linker.meaning = Slow()
        world.say("ben", FIRST)
        world.say("ada", ANSWER.replace("Hi", "Hi Ben"))
        await asyncio.to_thread(slow.asked.wait, 20)
        await world.stage.until(END)
        for _ in range(3):
            await bot.tick()
        with bot.database.reading() as uow:
            session = uow.sessions.by_event(EVENT)
        assert session is not None
        assert (session.state, session.archived_at) == (State.CLOSED, None)
        assert world.threads() == []
        slow.go_on.set()
        (thread,) = await until(world.threads)
        assert [text for _name, text in thread[2]] == [ANSWER.replace("Hi", "Hi Ben")]

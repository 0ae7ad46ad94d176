"""What past sessions cost, and what a burst of an author's answers outside threads holds up.

`python -m tests.benchmarks.bench_rest` runs the bot at rest on SQLite with one open session and
prints the share of a processor core that it takes, the statements it sends a second and the seconds
of `/qa queue`, without past sessions and with 3,000 (`--past`) archived ones. Then an author answers
outside threads, 40 and 80 times (`--answers`) in a session of 400 questions (`--questions`), right
after the bot was started again, with the model that compares what texts mean and without: seconds
until all are linked, until a member's question that comes right after is stored as a question, and
the longest until an event was acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, event

from bot.sessions.model import Event, State
from bot.store.database import Database
from tests.scene import BOOK, EVENT, START, Scene, scene
from tests.slack.member_driver import MemberDriver

WORDS = (
    "tokenizer encoding graphics card model chapter corpus gradient batch dough oven flour rye "
    "starter banneton proof crust steam water salt training memory budget loss layer attention"
).split()
SWEEP_SECONDS = 5.0
"""The default of the setting; tests look far more often."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The share of a core, statements a second, and the seconds of `/qa queue`."""

    share: float
    statements: float
    queue: float


@dataclass(frozen=True, slots=True)
class Burst:
    """Seconds; `acknowledged` is the longest."""

    linked: float
    heard: float
    acknowledged: float


def seed(folder: Path, past: int) -> None:
    """A database with so many archived sessions, one each day until a month before the book begins."""
    database = Database(f"sqlite:///{folder / 'marginalia.db'}")
    database.upgrade()
    with database.unit_of_work() as uow:
        for day in range(past, 0, -1):
            start = START - timedelta(days=day + 30, hours=1)
            planned = Event(f"past-{day}", f"Book {day}", start, start + timedelta(hours=8))
            planned = replace(
                planned, description="About it. " * 20, body="What it is about. " * 40
            )
            session = uow.sessions.add(planned, "C0PAST")
            session.state = State.ARCHIVED
            session.opened_at = session.collects_from = start
            session.closed_at = session.collects_until = planned.end
            session.content_changed_at = planned.end
            session.archived_at = planned.end + timedelta(minutes=1)
            uow.sessions.save(session)
    database.close()


@asynccontextmanager
async def prepared(past: int) -> AsyncIterator[Scene]:
    """A world with past sessions; no bot runs yet."""
    with tempfile.TemporaryDirectory() as name:
        seed(Path(name), past)
        async with scene(Path(name), {f"{EVENT}.md": BOOK}) as world:
            yield world


@asynccontextmanager
async def running(world: Scene, meaning: bool = False) -> AsyncIterator[None]:
    """A bot whose session is open."""
    async with world.bot(
        organizers=(world.stage.organizer,),
        sweep_interval=SWEEP_SECONDS,
        meaning="on" if meaning else "off",
    ):
        await world.to(max(START, world.stage.clock.now()))
        yield


def counted(engines: list[Engine]) -> list[int]:
    """A list whose only number counts the statements from now on."""
    count = [0]

    def one(*_: object) -> None:
        count[0] += 1

    for engine in engines:
        event.listen(engine, "before_cursor_execute", one)
    return count


async def rest(past: int, seconds: float) -> Rest:
    """The bot does nothing for a while; an author looks at the App Home."""
    async with prepared(past) as world, running(world):
        database = world.stage.bot.database
        backend = database._backend
        ada = MemberDriver(world, "ada")
        await ada.home()
        began = time.perf_counter()
        await ada.qa("queue")
        queue = time.perf_counter() - began
        await asyncio.sleep(2.0)
        count = counted([backend.writer, backend.reading])
        cpu = time.process_time()
        await asyncio.sleep(seconds)
        share = (time.process_time() - cpu) / seconds
        return Rest(share, count[0] / seconds, queue)


async def burst(questions: int, answers: int, meaning: bool) -> Burst:
    """An author answers many questions at once, outside their threads, after a restart."""
    chance = random.Random(4)

    def words(count: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(count))

    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(prepared(0))
        async with running(world, meaning):
            for number in range(questions):
                who = ("ben", "cleo")[number % 2]
                world.say(who, f"How does the {words(3)} work, and why so long? ({number})")
            await world.hear()
        await stack.enter_async_context(running(world, meaning))
        dispatcher = world.stage.box.dispatcher
        sent: dict[str, float] = {}
        times: list[float] = []
        push, acknowledge = dispatcher._push, dispatcher.acknowledge

        def timed_push(delivery: object) -> None:
            push(delivery)  # type: ignore[arg-type]
            sent[delivery.envelopes[-1]] = time.perf_counter()  # type: ignore[attr-defined]

        def timed_acknowledge(envelope: str, payload: object) -> None:
            if envelope in sent:
                times.append(time.perf_counter() - sent.pop(envelope))
            acknowledge(envelope, payload)  # type: ignore[arg-type]

        dispatcher._push = timed_push  # type: ignore[method-assign]
        dispatcher.acknowledge = timed_acknowledge  # type: ignore[method-assign]
        tss = [
            world.say("ada", f"The {words(3)} works well with {words(2)}.") for _ in range(answers)
        ]
        question = world.say("ben", "Is there going to be a sequel?")
        began = time.perf_counter()
        heard = 0.0
        while True:
            await asyncio.sleep(0.05)
            with world.stage.bot.database.reading() as uow:
                if not heard and uow.messages.get(world.channel.id, question) is not None:
                    heard = time.perf_counter() - began
                stored = [uow.messages.get(world.channel.id, ts) for ts in tss]
                depth = uow.inbox.depth() or len(getattr(uow, "links", _Nothing()).sessions())
            if heard and not depth and all(stored):
                break
        return Burst(time.perf_counter() - began, heard, max(times))


class _Nothing:
    """A version before answers were queued."""

    @staticmethod
    def sessions() -> set[int]:
        return set()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--past", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--answers", type=int, nargs="*", default=[40, 80])
    given = parser.parse_args()
    console = Console()
    table = Table("past sessions", "share of a core", "statements a second", "/qa queue, s")
    for past in (0, given.past):
        found = asyncio.run(rest(past, given.seconds))
        table.add_row(
            str(past), f"{found.share:.1%}", f"{found.statements:.1f}", f"{found.queue:.2f}"
        )
    console.print(table)
    table = Table("answers", "model", "all linked, s", "a question after, s", "acknowledged, s")
    for answers, meaning in product(given.answers, (False, True)):
        done = asyncio.run(burst(given.questions, answers, meaning))
        table.add_row(
            str(answers),
            "on" if meaning else "off",
            f"{done.linked:.1f}",
            f"{done.heard:.1f}",
            f"{done.acknowledged:.2f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()

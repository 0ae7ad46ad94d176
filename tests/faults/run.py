"""A session during which everything breaks: `python -m tests.faults.run --seed 7`.

A seed decides what people do, what goes wrong and when. In the end the session must hold what the
sandbox's own history holds, message for message, each thing the bot says must stand once, and
nothing may be parked. `--seeds 100` runs many and prints a table.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from bot.sandbox.client import Control
from bot.sessions.model import ts_of
from bot.slack.reconcile import GRACE
from bot.store.database import Database
from tests.databases import scratch
from tests.faults import truth
from tests.faults.week import CHANNEL, Week
from tests.processes import Box, Command

EVENT = "20260105-the-book"
BOOK = """\
---
title: "The Book"
description: "Book of the Week. The Book by Ada Author"
start: {start:%Y-%m-%d %H:%M:%S}
end: {end:%Y-%m-%d %H:%M:%S}
authors: [Ada Author]
links: []
---
"""
SETTINGS = {
    "MARGINALIA_POST_INTERVAL": "0.1",
    "MARGINALIA_SWEEP_INTERVAL": "0.3",
    "MARGINALIA_RECONCILE_INTERVAL": "1",
    "MARGINALIA_RATE_REGIME": "none",
    "MARGINALIA_LOG_LEVEL": "INFO",
}
PATIENCE = 120.0
"""Seconds in which what is expected must have happened."""
BATCH = 12
"""Things that people do between two moments at which something may break."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed decides at the outset."""

    seed: int
    messages: int = 250
    people: int = 60
    faults: int = 8

    @property
    def postgresql(self) -> bool:
        return self.seed % 2 == 1

    @property
    def replicas(self) -> int:
        return 1 + (self.seed // 2) % 3 if self.postgresql else 1

    @property
    def command(self) -> str:
        return (
            f"python -m tests.faults.run --seed {self.seed} --messages {self.messages} "
            f"--people {self.people} --faults {self.faults}"
        )


@dataclass(slots=True)
class Result:
    """What came of a run."""

    plan: Plan
    problems: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    repaired: str = ""
    seconds: float = 0.0
    log: str = ""


class Run:
    """One session under faults, in a folder of its own."""

    def __init__(self, plan: Plan, box: Box, control: Control, folder: Path, url: str):
        self.plan = plan
        self.box = box
        self.control = control
        self.folder = folder
        self.url = url
        self.random = Random(f"faults {plan.seed}")
        self.result = Result(plan)
        self.bots: list[Command | None] = [None] * plan.replicas
        self.database = Database(url)
        self.week = Week(control, plan.seed, plan.people)
        self.start = datetime.now(UTC)
        self._acted = 0.0
        self._waking: set[asyncio.Task[None]] = set()

    async def play(self) -> Result:
        began = time.monotonic()
        try:
            await self._play()
        except Exception as error:  # noqa: BLE001 - a run that breaks has failed, and says how
            self.result.problems.append(f"{type(error).__name__}: {error}")
        finally:
            for task in self._waking:
                task.cancel()
            for bot in self.bots:
                if bot is not None:
                    bot.kill()
            self.database.close()
        self.result.seconds = time.monotonic() - began
        log = self.folder / "bots.log"
        self.result.log = log.read_text(errors="replace") if log.exists() else ""
        return self.result

    async def _play(self) -> None:
        await self.control.reset()
        await self.week.enter()
        self.write(self.start + timedelta(hours=1))
        self.database.upgrade()
        if self.random.random() < 0.5:
            await self.fail_a_call()
        for number in range(len(self.bots)):
            self.boot(number)
        await self.until(self._opened, "the session opens")
        batches = max(1, self.plan.messages * 2 // BATCH)
        at = sorted(self.random.choices(range(batches), k=self.plan.faults))
        for number in range(batches):
            await self.week.act(BATCH)
            for _ in range(at.count(number)):
                await self.something_breaks()
            if self.week.announcement is None:
                self.week.announcement = await self._announcement()
        await self.control.clear_faults()
        for number in range(len(self.bots)):
            self.boot(number)
        # Whole seconds in the file: at least two are left, for people and for the bot to notice.
        self.write(datetime.now(UTC) + timedelta(seconds=3))
        await self.week.act(BATCH)
        await self.until(self._closed, "the session closes and nothing waits")
        await self.week.act(BATCH)  # after the close: replies belong to it, questions do not
        self._acted = time.monotonic()
        if self.random.random() < 0.5:
            await self.kill_one()  # while people are told that it is over
            await asyncio.gather(*self._waking)
        await self.control.settle()
        await self.until(self._closed, "what came late is handled")
        await self.compare()

    # What breaks

    async def something_breaks(self) -> None:
        ways: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "kill": (3, self.kill_one),
            "kill all": (2, self.kill_all),
            "freeze": (1, self.freeze),
            "cut sockets": (3, self.cut),
            "refuse connections": (1, self.refuse),
            "disturb deliveries": (5, self.disturb),
            "fail calls": (4, self.fail_a_call),
        }
        if self.plan.postgresql:
            ways["cut the database"] = (3, self.cut_database)
            ways["kill the leader"] = (2, self.kill_leader)
        names = list(ways)
        (name,) = self.random.choices(names, weights=[ways[n][0] for n in names])
        self.result.faults[name] += 1
        await ways[name][1]()

    async def kill_one(self) -> None:
        """`kill -9`; it is started again a little later."""
        self.kill(self.random.randrange(len(self.bots)))

    async def kill_all(self) -> None:
        """Nobody is there for a while; what happens then, Slack gives up telling."""
        for number in range(len(self.bots)):
            self.kill(number, again=False)
        for _ in range(2):
            await self.week.act(BATCH)
        if self.random.random() < 0.5:
            await self.control.settle()
        for number in range(len(self.bots)):
            self.boot(number)

    async def kill_leader(self) -> None:
        leader = await asyncio.to_thread(self._leader)
        self.kill(leader if leader is not None else 0)

    async def freeze(self) -> None:
        """A process that stands still: its deliveries go to another, or come again."""
        bot = self.random.choice(self.bots)
        if bot is not None:
            bot.signal(signal.SIGSTOP)
            await asyncio.sleep(0.5)
            await self.week.act(BATCH)
            bot.signal(signal.SIGCONT)

    async def cut(self) -> None:
        await self.control.cut_sockets(gently=self.random.random() < 0.3)

    async def refuse(self) -> None:
        everything = self.random.random() < 0.5
        await self.control.refuse_connections(everything=everything, seconds=0.7)
        await self.week.act(BATCH)

    async def disturb(self) -> None:
        kind = self.random.choice(["drop", "lose", "repeat", "delay", "shuffle"])
        count = self.random.randrange(2, 12)
        await self.control.disturb_deliveries(kind, count, times=3, seconds=0.3)

    async def fail_a_call(self) -> None:
        method = self.random.choice(
            [
                "*",
                "chat.postMessage",
                "conversations.history",
                "conversations.replies",
                "users.info",
            ]
        )
        kind = self.random.choice(["http", "ratelimited", "error", "lost_answer", "slow"])
        await self.control.fail_calls(method, kind, self.random.randrange(1, 3), seconds=0.3)

    async def cut_database(self) -> None:
        """PostgreSQL ends all connections."""
        await asyncio.to_thread(
            _execute,
            self.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )

    # Bots

    def boot(self, number: int) -> None:
        """Starts a bot that is not running."""
        bot = self.bots[number]
        if bot is not None and bot.runs:
            return
        url = self.url
        if self.plan.postgresql:
            url = (
                make_url(url)
                .update_query_dict({"application_name": f"replica{number}"})
                .render_as_string(hide_password=False)
            )
        env = {
            **SETTINGS,
            **self.box.env,
            "MARGINALIA_DATABASE_URL": url,
            "MARGINALIA_SCHEDULES": str(self.folder / "schedules"),
        }
        log = self.folder / "bots.log"
        self.bots[number] = Command.start("run", env=env, folder=self.folder, log=log)

    def kill(self, number: int, again: bool = True) -> None:
        bot = self.bots[number]
        if bot is not None:
            bot.kill()
        if again:
            task = asyncio.create_task(self._boot_later(number))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)

    async def _boot_later(self, number: int) -> None:
        await asyncio.sleep(self.random.choice([0.0, 0.1, 0.4]))
        self.boot(number)

    def _leader(self) -> int | None:
        with create_engine(_driver(self.url), poolclass=NullPool).connect() as connection:
            name = connection.execute(
                text(
                    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
                    "WHERE locktype = 'advisory' AND granted AND objid = 2 "
                    "AND pg_locks.database = (SELECT oid FROM pg_database "
                    "WHERE datname = current_database())"
                )
            ).scalar()
        return int(str(name).removeprefix("replica")) if name else None

    # What is so

    def write(self, end: datetime) -> None:
        """The schedule file, with another end."""
        folder = self.folder / "schedules"
        folder.mkdir(exist_ok=True)
        path = folder / f"{EVENT}.md"
        beside = folder / ".beside"
        beside.write_text(BOOK.format(start=self.start - timedelta(seconds=1), end=end))
        beside.replace(path)

    async def _opened(self) -> bool:
        with self.database.reading() as uow:
            return any(s.opened_at for s in uow.sessions.all())

    async def _closed(self) -> bool:
        return await asyncio.to_thread(truth.closed, self.database)

    async def _announcement(self) -> str | None:
        with self.database.reading() as uow:
            (session,) = uow.sessions.all()
            return session.announcement_ts

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Waits until it holds. Raises TimeoutError, saying what did not happen."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self._true(holds):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"it did not happen that {what}: {self._waits()}") from None

    async def _true(self, holds: Callable[[], Awaitable[bool]]) -> bool:
        with suppress(Exception):  # the database may just have been cut
            return await holds()
        return False

    def _waits(self) -> str:
        with self.database.reading() as uow:
            return (
                f"states {[str(s.state) for s in uow.sessions.all()]}, "
                f"inbox {[(e.id, e.error) for e in uow.inbox.listed(('due', 'parked'))][:5]}, "
                f"outbox {[(o.key, o.attempts, o.error) for o in uow.outbox.listed(('due',))]}"
            )

    async def compare(self) -> None:
        """Stops the bots, compares once more with the history, and then with the truth."""
        for bot in self.bots:
            if bot is not None:
                bot.signal(signal.SIGTERM)
        for bot in self.bots:
            if bot is not None and await bot.ended() != 0:
                self.result.problems.append(f"a bot ended with {bot.process.exitcode}")
        # What is younger than GRACE is not missed yet.
        await asyncio.sleep(max(0.0, self._acted + GRACE.total_seconds() - time.monotonic()))
        log = self.folder / "reconcile.log"
        env = {
            **SETTINGS,
            **self.box.env,
            "MARGINALIA_DATABASE_URL": self.url,
            "MARGINALIA_SCHEDULES": str(self.folder / "schedules"),
        }
        command = Command.start("reconcile", EVENT, env=env, folder=self.folder, log=log)
        if await command.ended() != 0:
            self.result.problems.append(f"reconcile failed: {log.read_text()}")
        self.result.repaired = log.read_text().strip()
        await self._judge()

    async def _judge(self) -> None:
        problems = self.result.problems
        channel = await self.control.channel(CHANNEL)
        me = (await self.control.info())["bot_user"]
        with self.database.reading() as uow:
            (session,) = uow.sessions.all()
            parked, failed = uow.inbox.listed(), uow.outbox.listed()
        problems += [f"parked: {envelope.error}" for envelope in parked]
        problems += [f"not sent: {row.key} ({row.error})" for row in failed]
        keys = Counter(m["metadata"]["event_payload"].get("key") for m in truth.said(channel, me))
        wanted = {f"session {session.id} announcement": 1, f"session {session.id} close": 1}
        if keys != wanted:
            problems.append(f"the bot said {dict(keys)}, not {wanted}")
        if channel["pins"] != [session.announcement_ts]:
            problems.append(f"pinned is {channel['pins']}, not {session.announcement_ts}")
        content = truth.expected(
            channel,
            me,
            session.announcement_ts or "",
            ts_of(session.collects_from or self.start),
            ts_of(session.over_at),
        )
        self.result.messages = len(content)
        notes = Counter(n["user"] for n in (await self.control.workspace())["ephemerals"])
        problems += [f"{who} got {n} private notes" for who, n in notes.items() if n > 1]
        problems += truth.differences(content, truth.stored(self.database))


def run(plan: Plan, box: Box, server: str | None = None) -> Result:
    """Plays a plan to its end: on PostgreSQL in `server`, an empty database, or a new one."""

    async def play(folder: Path, url: str) -> Result:
        async with Control(box.control_url) as control:
            return await Run(plan, box, control, folder, url).play()

    with tempfile.TemporaryDirectory(prefix="marginalia-faults-") as name:
        folder = Path(name)
        if not plan.postgresql:
            return asyncio.run(play(folder, f"sqlite:///{folder / 'marginalia.db'}"))
        with nullcontext(server) if server else scratch() as url:
            return asyncio.run(play(folder, url))


def _driver(url: str) -> Any:
    return make_url(url).set(drivername="postgresql+psycopg")


def _execute(url: str, statement: str) -> None:
    engine = create_engine(_driver(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))


def main() -> int:
    """Runs seeds, prints a table and, for each that failed, the command that repeats it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="this seed alone")
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--faults", type=int, default=25)
    parser.add_argument("--log", action="store_true", help="print the bots' log of what failed")
    given = parser.parse_args()
    seeds = (
        [given.seed] if given.seed is not None else range(given.first, given.first + given.seeds)
    )
    box = Box.start()
    console = Console(width=110)
    failed: list[Result] = []
    table = Table("Database", "Runs", "Messages", "Failed", box=None)
    sums: dict[str, list[int]] = {}
    faults: Counter[str] = Counter()
    for seed in seeds:
        plan = Plan(seed, given.messages, given.people, given.faults)
        result = run(plan, box)
        where = f"PostgreSQL, {plan.replicas} replicas" if plan.postgresql else "SQLite"
        if plan.postgresql and plan.replicas == 1:
            where = "PostgreSQL, 1 replica"
        total = sums.setdefault(where, [0, 0, 0])
        total[0] += 1
        total[1] += result.messages
        total[2] += bool(result.problems)
        faults += result.faults
        mark = "FAILED" if result.problems else "ok"
        console.print(
            f"seed {seed}: {mark}, {where}, {result.messages} messages, "
            f"{sum(result.faults.values())} faults, {result.seconds:.1f} s"
        )
        if result.problems:
            failed.append(result)
            for line in result.problems[:10]:
                console.print(f"  {line}", markup=False)
            console.print(f"  repeat it with: {plan.command}")
        if given.log:
            print(result.log)
    box.stop()
    for where, (runs, messages, bad) in sorted(sums.items()):
        table.add_row(where, str(runs), str(messages), str(bad))
    console.print(table)
    console.print(", ".join(f"{name}: {count}" for name, count in sorted(faults.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

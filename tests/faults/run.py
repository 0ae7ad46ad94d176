"""A session during which everything breaks: `python -m tests.faults --seed 7`.

A seed decides what people do, what goes wrong and when. People ask in the channel, by command and
with the form, before the opening and without a name; authors answer in threads and outside of
them; organizers hide, mute, extend, close, draw winners and edit the file, which is in Git. In the
end the channel, the database, the file, the commits, the direct messages and the private notes are
compared with what people did and were told. `--seeds 100` runs many and prints a table by kind
of fault; `--kind` lets only some kinds happen.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import make_url

from bot.sessions.model import Session, moment, ts_of
from bot.sessions.ports import Outgoing
from bot.slack.reconcile import GRACE
from bot.store.database import Database
from slackbox.client import Control
from slackbox.model import Json
from tests.databases import fresh_sqlite
from tests.faults import kinds, pace, truth
from tests.faults.desk import ORGANIZERS, HandlerContext
from tests.faults.proxy import Proxy
from tests.faults.week import AUTHORS, CHANNEL, Week
from tests.processes import Box, Command

EVENT = "20260105-the-book"
END_LINE = re.compile(r"^end: (.*)$", re.MULTILINE)
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
    "MARGINALIA_RECONCILE_INTERVAL": "2",
    "MARGINALIA_RATE_REGIME": "none",
    "MARGINALIA_LOG_LEVEL": "INFO",
}
REMINDER = "1 hour before end"
PATIENCE = 150.0
"""Seconds in which what is expected must have happened."""
BATCH = 8
"""Things that people do in the channel between two moments at which something may break."""
MESSAGES, PEOPLE, FAULTS = 60, 12, 4
"""How many there are in a run that says nothing else."""
AHEAD, BEHIND = 75.0, 24.0
"""Seconds of a bot's life by which its clock may be wrong."""
TWICE = "a private note is said again when no answer came, as nobody can look whether it was seen"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed decides at the outset. `kinds` are those that may happen; all if none are given."""

    seed: int
    messages: int = MESSAGES
    people: int = PEOPLE
    faults: int = FAULTS
    kinds: tuple[str, ...] = ()
    deaths: tuple[pace.Death, ...] = ()
    """Where each bot is killed, one after another, each time after it was started again."""

    @property
    def postgresql(self) -> bool:
        return self.seed % 2 == 1

    @property
    def replicas(self) -> int:
        return 1 + (self.seed // 2) % 3 if self.postgresql else 1

    @property
    def command(self) -> str:
        kinds = "".join(f' --kind "{name}"' for name in self.kinds)
        return (
            f"python -m tests.faults --seed {self.seed} --messages {self.messages} "
            f"--people {self.people} --faults {self.faults}{kinds}"
        )


@dataclass(slots=True)
class Result:
    """What came of a run. `compared` counts the things that were compared at the end, `died`
    says at which steps bots were killed that were to be."""

    plan: Plan
    problems: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    died: list[str] = field(default_factory=list)
    twice: int = 0
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
        self.schedules = folder / "schedules"
        self.remote = folder / "remote.git"
        self.path = self.schedules / f"{EVENT}.md"
        self.random = Random(f"faults {plan.seed}")
        self.result = Result(plan)
        self.bots: list[Command | None] = [None] * plan.replicas
        self.offsets = self._offsets()
        self.disk = self._disk()
        self.database = Database(url)
        self.week = Week(control, plan.seed, plan.people)
        self.desk = HandlerContext(control, self.week, Random(f"desk {plan.seed}"), EVENT)
        self.proxy = Proxy(url)
        self.start_at = _whole(datetime.now(UTC) + timedelta(seconds=2))
        self.end_at = self.start_at + timedelta(hours=1, seconds=2)
        self.lines: list[str] = []
        self.is_down = False
        self._booted_at = [0.0] * plan.replicas
        self._retried_at = self._acted_at = 0.0
        self._tried: Counter[tuple[str, str]] = Counter()
        self._doomed: dict[int, tuple[pace.Death, ...]] = {}
        self._beside: set[asyncio.Task[Any]] = set()
        self._supervising: asyncio.Task[None] | None = None

    def _offsets(self) -> list[float]:
        """How far each bot's clock is ahead of the machine's, in seconds of the machine."""
        if self.plan.kinds and "clocks apart" not in self.plan.kinds:
            return [0.0] * self.plan.replicas
        if not self.plan.kinds and self.random.random() < 0.7:
            return [0.0] * self.plan.replicas
        self.result.faults["clocks apart"] += 1
        wrong = [self.random.uniform(-BEHIND, AHEAD) / pace.SPEED for _ in self.bots]
        return [0.0 if self.random.random() < 0.2 and len(wrong) > 1 else w for w in wrong]

    def _disk(self) -> float:
        """How many seconds the disk takes to force a file of the schedules."""
        may = "slow disk" in self.plan.kinds if self.plan.kinds else self.random.random() < 0.2
        if may:
            self.result.faults["slow disk"] += 1
        return 0.3 if may else 0.0

    async def play(self) -> Result:
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            if self.plan.postgresql:
                await stack.enter_async_context(self.proxy)
            try:
                await self._play()
            except Exception as error:  # noqa: BLE001 - a run that breaks has failed, and says how
                self.result.problems.append(f"{type(error).__name__}: {error}")
            finally:
                for task in (*self._beside, self._supervising):
                    if task is not None:
                        task.cancel()
                self._go_on()
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
        await self.desk.enter()
        await asyncio.to_thread(self._plan)
        self.boot_all(*self.plan.deaths)
        self._supervising = asyncio.create_task(self._supervise())
        await self.until(self._is_planned, "the session is planned")
        early = asyncio.gather(*(self.desk.do(step) for step in ("ask", "ask without a name")))
        await self.until(self._opened, "the session opens")
        await early
        await self._open_days()
        await self._last_day()
        await self._afterwards()
        await self.compare()

    # The scripted week

    def _plan(self) -> None:
        """The schedule file, in a repository with a remote."""
        self.schedules.mkdir()
        book = BOOK.format(start=self.start_at, end=self.end_at)
        book = book.replace("[Ada Author]", f"[{', '.join(AUTHORS)}]")
        members = "".join(
            f"  {name}: {user}\n" for name, user in zip(AUTHORS, self.week.authors, strict=True)
        )
        more = f'slack:\n{members}reminders: ["{REMINDER}"]\n---\n\nAbout it.\n'
        self.path.write_text(book.removesuffix("---\n") + more)
        truth.git(self.folder, "init", "-q", "--bare", str(self.remote))
        truth.git(self.folder, "init", "-q", "-b", "main", str(self.schedules))
        truth.git(self.schedules, "config", "user.name", "Person")
        truth.git(self.schedules, "config", "user.email", "person@example.com")
        truth.git(self.schedules, "add", ".")
        truth.git(self.schedules, "commit", "-qm", "All")

    async def _open_days(self) -> None:
        batches = max(2, self.plan.messages * 2 // BATCH)
        at = self.random.choices(range(batches), k=self.plan.faults)
        steps = ["ask", "ask with the form", "ask without a name", "hide", "mute", "extend"]
        self.random.shuffle(steps)
        steps.insert(self.desk.random.randrange(len(steps)), "vote")
        at_the_desk = asyncio.create_task(self._at_the_desk(steps))
        for number in range(batches):
            await self.act(1)
            for _ in range(at.count(number)):
                await self.something_breaks()
            if self.week.announcement is None:
                with suppress(Exception):  # the database may be away
                    session = await asyncio.to_thread(self._session)
                    self.week.announcement = session.announcement_ts
            if self.random.random() < 0.1:
                self.edit_line()
        await at_the_desk

    async def _at_the_desk(self, steps: list[str]) -> None:
        """The end is moved only when its reminder is out, which would be due again otherwise."""
        for step in steps:
            if step == "extend":
                await self.until(self._reminded, "the reminder is posted")
            await self.desk.do(step)

    async def _last_day(self) -> None:
        """The end comes, because somebody types it or writes it into the file."""
        self._check_end()
        if self.random.random() < 0.4:
            await self.desk.do("close")
        if not any(told.done for told in self.desk.of("close")):
            self._write_end()
        for _ in range(2):
            if self.random.random() < 0.6:
                await self.something_breaks()
            self.edit_line()
            await self.act(1)
        await self.until(self._closes, "the session closes")
        self.edit_line()
        await self.act(1)  # after the close: replies belong to it, questions do not

    async def _afterwards(self) -> None:
        if self.random.random() < 0.6:
            await self.something_breaks()
        drawing = asyncio.create_task(self.desk.do("draw"))
        for _ in range(10):
            self.edit_line()
            await asyncio.sleep(0.1)
        await drawing

    def _check_end(self) -> None:
        """The end is where the person was told that it is: one hour later, and never two."""
        moved = self._end_in_file() - self.end_at
        told = any(told.done for told in self.desk.of("extend"))
        if moved not in ({timedelta(hours=1)} if told else {timedelta(), timedelta(hours=1)}):
            self.result.problems.append(f"the end was moved by {moved}, and told: {told}")
        self.result.compared["changes"] += 1

    async def act(self, batches: int) -> None:
        """So many things happen in the channel."""
        for _ in range(batches):
            await self.week.act(BATCH)
        self._acted_at = time.monotonic()

    def edit_line(self) -> None:
        """A person adds a line to the file."""
        line = f"Line {len(self.lines)} of a person."
        self.lines.append(line)
        self.change(r"\n\Z", f"\n{line}\n")

    def change(self, pattern: str, into: str) -> None:
        """A person changes the file with an editor that sees when somebody else did meanwhile."""
        for _ in range(50):
            before = self.path.stat()
            found = self.path.read_text()
            beside = self.schedules / ".beside"
            beside.write_text(re.sub(pattern, into, found, count=1))
            if self.path.stat() == before:
                beside.replace(self.path)
                return
        raise AssertionError("the file keeps changing")

    # What breaks

    def seconds(self, least: float, most: float) -> float:
        """So many seconds of a bot's life, in seconds of the machine."""
        return self.random.uniform(least, most) / pace.SPEED

    def beside(self, work: Coroutine[Any, Any, Any]) -> None:
        """Something that goes on meanwhile; it is waited for before the end."""
        self._beside.add(asyncio.create_task(work))

    async def something_breaks(self) -> None:
        can = kinds.possible(self.plan.postgresql)
        wanted = [name for name in can if not self.plan.kinds or name in self.plan.kinds]
        if wanted:
            name = self.random.choice(wanted)
            self.result.faults[name] += 1
            await kinds.KINDS[name](self)

    async def nothing_breaks(self) -> None:
        """All that goes wrong for a while is over; every bot runs."""
        await asyncio.gather(*self._beside)
        self._beside.clear()
        await self.control.clear_faults()
        self.boot_all()

    # Bots

    def _go_on(self) -> None:
        """Nobody stands still any more, also who came so late to the step at which to stop that
        nobody waited for that."""
        for bot in self.bots:
            if bot is not None:
                bot.signal(signal.SIGCONT)

    def start(self, number: int, log: Path, death: pace.Death | None = None) -> Command:
        """A process of a bot."""
        url = self.url
        if self.plan.postgresql:
            named = {"application_name": f"replica{number}"}
            url = make_url(self.proxy.url).update_query_dict(named).render_as_string(False)
        before = partial(pace.live, self.offsets[number], death, self.disk)
        return Command.start("run", env=self.env(url), folder=self.folder, log=log, before=before)

    def env(self, url: str) -> dict[str, str]:
        """The settings of the run."""
        return {
            **SETTINGS,
            **self.box.env,
            "MARGINALIA_DATABASE_URL": url,
            "MARGINALIA_SCHEDULES": str(self.schedules),
            "MARGINALIA_ORGANIZERS": " ".join(self.desk.organizers),
            "MARGINALIA_ORGANIZERS_CHANNEL": ORGANIZERS,
            "MARGINALIA_SENT_AHEAD_INTERVAL": "0.2",
            "MARGINALIA_GIT_COMMIT": "1",
            "MARGINALIA_GIT_REMOTE": str(self.remote),
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    def boot(self, number: int, *deaths: pace.Death) -> None:
        """Starts a bot that is not running, until it dies the first of these deaths. The next
        start of it is for the second, and so on."""
        bot = self.bots[number]
        if not self.is_down and (bot is None or not bot.runs):
            if number in self._doomed:
                died, *others = self._doomed.pop(number)
                self.result.died.append(str(died))
                deaths = deaths or tuple(others)
                self.edit_line()  # so that what is committed twice has something in it
            self._booted_at[number] = time.monotonic()
            self.bots[number] = self.start(number, self.folder / "bots.log", *deaths[:1])
            if deaths and not deaths[0].stops:
                self._doomed[number] = deaths

    def boot_all(self, *deaths: pace.Death) -> None:
        for number in range(len(self.bots)):
            self.boot(number, *deaths)

    async def _supervise(self) -> None:
        """A bot that ended, because it could not start or was killed at a step, is started again,
        as a supervisor does."""
        while True:
            await asyncio.sleep(0.2)
            for number, bot in enumerate(self.bots):
                if number in self._doomed or (bot is not None and bot.process.exitcode == 2):
                    self.boot(number)

    def reserved(self) -> bool:
        """Whether the only bot has had the time to take its file."""
        return time.monotonic() > self._booted_at[0] + 2

    def kill(self, number: int, again: bool = True) -> None:
        """`kill -9`; it is started again a little later."""
        bot = self.bots[number]
        if bot is not None:
            bot.kill()
        if again:
            self.beside(self._boot_later(number, self.random.choice([0.0, 0.1, 0.4])))

    async def _boot_later(self, number: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.boot(number)

    # What is so

    def _session(self) -> Session:
        with self.database.reading() as uow:
            (session,) = uow.sessions.all()
        return session

    async def _is_planned(self) -> bool:
        return bool(await asyncio.to_thread(self._session))

    async def _opened(self) -> bool:
        """Whether people see the announcement."""
        return bool(self._announcements(await self.control.channel(CHANNEL)))

    def _announcements(self, channel: Json) -> list[str]:
        """The `ts` of the announcement."""
        return [m["ts"] for m in channel["messages"] if _key(m).endswith(" announcement")]

    async def _reminded(self) -> bool:
        return bool(self._reminders(await self.control.channel(CHANNEL)))

    def _reminders(self, channel: Json) -> list[str]:
        return [key for key in _keys(channel) if f" reminder {REMINDER}" in key]

    async def _closes(self) -> bool:
        """Where a command that was late moved the end again, it is written into the file again."""
        if (await asyncio.to_thread(self._session)).closed_at is not None:
            return True
        if self._end_in_file() > _now() + timedelta(seconds=3):
            self._write_end()
        return False

    def _end_in_file(self) -> datetime:
        (found,) = END_LINE.findall(self.path.read_text())
        return datetime.fromisoformat(found).replace(tzinfo=UTC)

    def _write_end(self) -> None:
        # Whole seconds in the file: at least one is left for people and for the bot to notice.
        self.change("end: .*", f"end: {_whole(_now() + timedelta(seconds=2)):%F %T}")

    async def _quiet(self) -> bool:
        """Nothing waits. What Slack refused is tried again, as organizers do who mended it."""
        return await asyncio.to_thread(self._is_quiet)

    def _is_quiet(self) -> bool:
        if truth.quiet(self.database) and not self._uncommitted() and self._is_pushed():
            return True
        if time.monotonic() > self._retried_at + 1:
            self._retried_at = time.monotonic()
            self._go_on()
            with self.database.unit_of_work() as uow:
                uow.outbox.retry(None, uow.outbox.now(_now()))
        return False

    def _uncommitted(self) -> int:
        with self.database.reading() as uow:
            return len(uow.commits.ready(self.schedules, _now() + timedelta(hours=1)))

    def _is_pushed(self) -> bool:
        head = truth.git(self.schedules, "rev-parse", "HEAD")
        return head == truth.git(self.remote, "rev-parse", "marginalia")

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Waits until it holds. Raises TimeoutError, saying what did not happen."""
        why = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        if await holds():
                            return
                        why = ""
                    except Exception as error:  # noqa: BLE001 - the database may just be away
                        why = f" ({type(error).__name__}: {error})"
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise TimeoutError(f"it did not happen that {what}{why}: {self._waits()}") from None

    def _waits(self) -> str:
        with self.database.reading() as uow:
            return (
                f"states {[str(s.state) for s in uow.sessions.all()]}, "
                f"stale {[s.id for s in uow.sessions.unarchived()]}, links {uow.links.sessions()}, "
                f"commits {self._uncommitted()}, "
                f"inbox {[(e.id, e.error) for e in uow.inbox.listed(('due', 'parked'))][:5]}, "
                f"outbox {[(o.key, o.attempts, o.error) for o in uow.outbox.listed(('due', 'held'))]}"
            )

    # The end

    async def compare(self) -> None:
        """Compares once more with the history, lets everything come to rest, and judges."""
        await self.nothing_breaks()
        await self.control.settle()
        await asyncio.sleep(self._acted_at + GRACE.total_seconds() - time.monotonic())
        log = self.folder / "reconcile.log"
        env = self.env(self.url)
        command = Command.start("reconcile", EVENT, env=env, folder=self.folder, log=log)
        if await command.ended(2 * PATIENCE) != 0:
            self.result.problems.append(f"reconcile failed: {log.read_text()[-300:]}")
        await self.until(self._quiet, "all is done and nothing waits")
        if self._supervising is not None:
            self._supervising.cancel()
        for bot in self.bots:
            if bot is not None:
                bot.signal(signal.SIGTERM)
        self._go_on()
        for number, bot in enumerate(self.bots):
            if bot is not None and await bot.ended() not in (
                0,
                -9 if number in self._doomed else 0,
            ):
                self.result.problems.append(f"a bot ended with {bot.process.exitcode}")
        await self.desk.hear()
        self._judge(await self.control.workspace())

    def _judge(self, workspace: Json) -> None:
        me = workspace["bot_user"]
        channels = {channel["name"]: channel for channel in workspace["channels"]}
        channel = channels[CHANNEL]
        direct = [c for c in workspace["channels"] if c["is_im"]]
        self._judge_content(channel, me)
        self._judge_said(channel, channels[ORGANIZERS], direct)
        self._judge_questions(channel, direct)
        self._judge_votes()
        self._judge_notes(workspace["ephemerals"])
        self._judge_moderation(channel, me)
        self._judge_file()
        with self.database.reading() as uow:
            parked, failed = uow.inbox.listed(), uow.outbox.listed()
        self._problems(f"parked: {envelope.error}" for envelope in parked)
        self._problems(f"not sent: {row.key} ({row.error})" for row in failed)

    def _problems(self, lines: Any) -> None:
        self.result.problems += lines

    def _judge_content(self, channel: Json, me: str) -> None:
        session, authors = self._session(), self.week.authors
        with self.database.reading() as uow:
            content = truth.expected(
                channel,
                me,
                session.announcement_ts or "",
                ts_of(min(self.start_at, *map(moment, self._announcements(channel)))),
                ts_of(session.over_at),
                authors,
                lambda user, ts: uow.mutes.covers(session.id, user, moment(ts)),
            )
        found = truth.stored(self.database, authors)
        # The end was moved to where it is now, by a command or in the file. What was asked after
        # it, and before the bot read that and closed, may have been collected.
        read_at = (session.closed_at or session.over_at) - timedelta(seconds=min(self.offsets))
        content, found = (
            {
                ts: entry
                for ts, entry in entries.items()
                if not session.over_at <= moment(_asked_at(ts, entry, session)) < read_at
            }
            for entries in (content, found)
        )
        self._problems(truth.differences(content, found))
        self.result.compared["messages"] += len(content)

    def _judge_said(self, channel: Json, organizers: Json, direct: list[Json]) -> None:
        """What carries a key stands once; so do files; and what was to be said was."""
        session = self._session()
        name = f"session {session.id}"
        drawn = any(told.done for told in self.desk.of("draw"))
        with self.database.reading() as uow:
            draws = uow.draws.of_session(session.id)
        if len(draws) > 1 or (drawn and not draws):
            self._problems([f"winners were drawn {len(draws)} times, and told: {drawn}"])
        wanted = {f"{name} announcement", f"{name} close", *self._reminders(channel)[:1]}
        private = set()
        for draw in draws:
            wanted.add(f"{name} draw {draw.number}")
            private |= {f"{name} draw {draw.number} to {winner}" for winner in draw.winners}
        if not self._reminders(channel):
            self._problems(["no reminder was posted"])
        keys = Counter(k for k in _keys(channel) if not k.startswith("question"))
        if keys != dict.fromkeys(wanted, 1):
            self._problems([f"the bot said {dict(keys)}, not {sorted(wanted)}"])
        if channel["pins"] != [session.announcement_ts]:
            self._problems([f"pinned is {channel['pins']}, not {session.announcement_ts}"])
        for place in (organizers, *direct):
            told = Counter(_keys(place))
            self._problems(f"{key} was said {n} times" for key, n in told.items() if n > 1)
            private -= told.keys()
            self.result.compared["direct messages"] += len(told)
        self._problems(f"{key} was not said" for key in private)
        handed = [k for k in _keys(organizers) if k.startswith(f"{name} handover")]
        if len(handed) != 1:
            self._problems([f"the session was handed over {len(handed)} times"])
        files = Counter(_files(channel) + _files(organizers))
        want = {f"{EVENT}.md": 1, **{f"{EVENT}-draw-{d.number}.json": 1 for d in draws}}
        if files != want:
            self._problems([f"the bot shared {dict(files)}, not {want}"])
        self.result.compared["said in channels"] += len(keys) + len(files)

    def _judge_questions(self, channel: Json, direct: list[Json]) -> None:
        """A question that was taken stands in the channel once, or was given back."""
        posted = truth.marks(m["text"] for m in channel["messages"] if truth.question_of(m))
        returned = truth.marks(
            str(m) for c in direct for m in c["messages"] if _key(m).startswith("returned")
        )
        for told in self.desk.of("ask", "ask with the form", "ask without a name"):
            found = posted[told.mark] + min(1, returned[told.mark])
            if found > 1 or (told.done and not found):
                self._problems([f"{told} stands {found} times"])
            self.result.compared["questions with the app"] += 1

    def _judge_votes(self) -> None:
        """Votes with the form's button: counted if the person was told so, and nobody else's."""
        session, told = self._session(), self.desk.of("vote")
        with self.database.reading() as uow:
            found = uow.members.supporters(session.id)
            messages = uow.messages.many(session.channel, [vote.ts for vote in told])
        found = {
            ts: users
            for ts, users in found.items()
            if ts not in messages or not messages[ts].deleted
        }
        wanted = [vote for vote in told if vote.ts in messages and not messages[vote.ts].deleted]
        self._problems(
            f"{vote} is not counted: {found}"
            for vote in wanted
            if vote.done and vote.who not in found.get(vote.ts, ())
        )
        voters = {(ts, user) for ts, users in found.items() for user in users}
        if not voters <= {(vote.ts, vote.who) for vote in told}:
            self._problems([f"votes are {voters}, and people voted {told}"])
        self.result.compared["votes with the form"] += len(told)

    def _judge_notes(self, notes: list[Json]) -> None:
        """Private notes that are rows of the outbox: each, and again only where it was tried again."""
        rows = self._notes("sent")
        said = Counter((n["user"], n["text"]) for n in notes)
        owed = Counter(_place(row) for row in rows)
        tried = Counter(self._tried)
        for row in rows:
            tried[_place(row)] += row.attempts
        for place, least in owed.items():
            if said[place] > least:
                self.result.twice += 1
            if not least <= said[place] <= tried[place]:
                self._problems(
                    [f"{place} was noted {said[place]} times, not {least} to {tried[place]}"]
                )
        self.result.compared["private notes"] += len(rows)

    def _notes(self, *states: str) -> list[Outgoing]:
        with self.database.reading() as uow:
            rows = uow.outbox.listed(states)
        return [row for row in rows if row.method == "chat.postEphemeral"]

    def count_tries(self, sign: int) -> None:
        """Counts how often private notes were tried, when the database is put back: with 1 before
        it, with -1 after it, so that what is left are the tries that it knows nothing of."""
        for row in self._notes("sent", "due", "held", "failed"):
            self._tried[_place(row)] += sign * row.attempts

    def _judge_moderation(self, channel: Json, me: str) -> None:
        asked = {told.ts: told.done for told in self.desk.of("hide")}
        hid = truth.hidden(self.database, asked)
        if not {ts for ts, done in asked.items() if done} <= hid <= asked.keys():
            self._problems([f"hidden is {hid}, not {asked}"])
        session = self._session()
        with self.database.reading() as uow:
            muted = {mute.subject for mute in uow.mutes.of_session(session.id)}
        wanted = {told.mark: told.done for told in self.desk.of("mute")}
        if not {who for who, done in wanted.items() if done} <= muted <= wanted.keys():
            self._problems([f"muted is {muted}, not {wanted}"])
        marked = {
            m["ts"]
            for m in channel["messages"]
            for r in m.get("reactions", ())
            if r["name"] == "white_check_mark" and me in r["users"]
        }
        answered = truth.marked_answered(self.database, self.week.authors)
        if marked != answered:
            with self.database.reading() as uow:
                rows = uow.outbox.listed(("sent", "due", "held", "failed", "dropped"))
                marks = [(r.key, r.state) for r in rows if r.method.startswith("reactions")]
                near = [
                    (m.ts, m.author in self.week.authors, m.thread_ts, m.question_ts, m.deleted)
                    for m in uow.messages.of_session(session.id)
                    if (marked ^ answered) & {m.ts, m.thread_ts, m.question_ts}
                ]
            self._problems([f"marked as answered are {marked}, not {answered}: {marks}, {near}"])
        self.result.compared["moderated and marked"] += len(asked) + len(wanted) + len(answered)

    def _judge_file(self) -> None:
        found, want = truth.archived(self.path), truth.shown(self.database)
        if found != want:
            with self.database.reading() as uow:
                known = "; the bot knows that" if uow.sessions.unarchived() else ""
            lacks, more = want - found, found - want
            self._problems([f"the archive lacks {lacks} and has too much: {more}{known}"])
        body = self.path.read_text()
        # What was saved at the very instant at which the bot put another save back.
        kept = "".join(path.read_text() for path in self.schedules.glob("*.kept"))
        self._problems(
            f"{line} stands {body.count(line)} times in the file"
            for line in self.lines
            if body.count(line) > 1 or line not in body + kept
        )
        subjects = truth.git(self.schedules, "log", "--format=%s").splitlines()
        # Changes that wait for Git together are one commit, of the first of them.
        moved = Counter(subject for subject in subjects if "end then" in subject)
        told = any(told.done for told in self.desk.of("extend", "close"))
        # A bot that was killed after it wrote the file and before it said what it changed there: the
        # change is in a commit of its own, or in the next one.
        unnamed = f"Change {EVENT}" in subjects or bool(self.result.died)
        if (told and not moved and not unnamed) or any(count > 1 for count in moved.values()):
            self._problems([f"changes were committed {dict(moved)} times, and told: {told}"])
        committed = truth.git(self.schedules, "show", f"HEAD:{EVENT}.md")
        if truth.marks([committed]) != truth.marks([body]):
            self._problems(["the last commit has another archive than the file"])
        if END_LINE.findall(committed) != END_LINE.findall(body):
            self._problems(["the last commit has another end than the file"])
        self.result.compared["lines, archived texts, commits"] += (
            len(self.lines) + want.total() + len(subjects)
        )


def _whole(at: datetime) -> datetime:
    """The next whole second, which is what a file holds."""
    return (at + timedelta(microseconds=999_999)).replace(microsecond=0)


def _now() -> datetime:
    return datetime.now(UTC)


def _asked_at(ts: str, entry: truth.Entry, session: Session) -> str:
    """When the question was asked that a message is or belongs to."""
    is_asked = entry.thread_ts in (None, session.announcement_ts)
    return ts if is_asked else str(entry.thread_ts)


def _place(note: Outgoing) -> tuple[str, str]:
    """Who sees a private note, and its text."""
    return str(note.payload["user"]), str(note.payload["text"])


def _key(message: Json) -> str:
    metadata = message.get("metadata") or {}
    return str((metadata.get("event_payload") or {}).get("key", ""))


def _keys(channel: Json) -> list[str]:
    """The keys of what the bot said in a place, oldest first."""
    return [key for message in channel["messages"] if (key := _key(message))]


def _files(channel: Json) -> list[str]:
    """The names of files that were shared in a place."""
    return [str(f["name"]) for m in channel["messages"] for f in m.get("files", ())]


def run(plan: Plan, box: Box, server: str | None = None) -> Result:
    """Plays a plan to its end: in a SQLite file, or in `server`, a PostgreSQL with empty tables."""

    async def play(folder: Path) -> Result:
        url = server if plan.postgresql else fresh_sqlite(folder / "marginalia.db")
        assert url is not None
        async with Control(box.control_url) as control:
            return await Run(plan, box, control, folder, url).play()

    with tempfile.TemporaryDirectory(prefix="marginalia-faults-") as name:
        return asyncio.run(play(Path(name)))

"""When sessions are compared with Slack's history: news first, everything after an absence, a little in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from bot.slack import reconcile, reconcile_scheduler
from bot.slack.api import history
from bot.slack.reconcile_scheduler import ReconcileScheduler
from bot.store.database import Database
from tests.slack.conftest import World, made
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests delete what they posted a moment ago."""
    monkeypatch.setattr(reconcile, "GRACE", timedelta(0))


class Walk:
    """A scheduler that runs beside the test. `leads` says whether it may work."""

    def __init__(self, world: World, interval: float):
        self.world = world
        self.leads = True
        self.asked = 0
        self.sessions = [world.session_id]
        self.road = ReconcileScheduler(
            world.edge.reconciler,
            world.edge.history,
            lambda: list(self.sessions),
            self._asked,
            interval,
            world.edge.context.clock.now,
            world.outage,
            world.edge.waits,
            lambda number: f"the history of {number}",
        )

    def _asked(self) -> bool:
        self.asked += 1
        return self.leads

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    await asyncio.sleep(0.005)
        except TimeoutError:
            pytest.fail(f"it did not happen that {what}")

    async def rested(self) -> None:
        """Nothing is left to compare but news, later."""
        await self.until(lambda: self.quiet, "everything is compared")

    async def time_passes(self) -> None:
        """It is time for the next look for news; and for what follows from it."""
        looks = {c.session_id: c.looks for c in self.road.courses.values()}
        for course in self.road.courses.values():
            course.news_at = 0.0
        self.road._wake.set()
        await self.until(
            lambda: all(c.looks > looks[c.session_id] for c in self.road.courses.values()),
            "there is a look for news",
        )
        await self.rested()

    @property
    def quiet(self) -> bool:
        courses = self.road.courses
        return set(courses) == set(self.sessions) and all(
            c.done_at and not c.roots_due and not c.sweep and not c.waiting
            for c in courses.values()
        )


@asynccontextmanager
async def walked(world: World, interval: float = 1000.0) -> AsyncIterator[Walk]:
    walk = Walk(world, interval)
    task = asyncio.create_task(walk.road.run())
    try:
        yield walk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.slow
async def test_after_an_absence_everything_is_compared(world: World) -> None:
    root = world.ask("One?")
    reply = world.ask("Answer", 1, thread=root)
    async with walked(world) as walk:
        await walk.rested()
        assert world.texts() == ["One?", "Answer"]
        # Nothing but its thread tells of an edited reply.
        world.edit(reply, "A better answer")
        other = world.ask("Two?")
        walk.road.unsure()
        await walk.rested()
        assert world.texts() == ["One?", "A better answer", "Two?"]
        world.delete(other)
        walk.road.unsure()
        await walk.rested()
        assert world.texts() == ["One?", "A better answer"]


async def test_in_between_threads_take_turns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old reply is edited, no event tells, and nothing is unsure: it is found all the same."""
    monkeypatch.setattr(reconcile_scheduler, "THREADS_PER_TURN", 2)
    monkeypatch.setattr(reconcile_scheduler, "ROOTS_EVERY", 2)
    roots = [world.ask(f"Question {number}?") for number in range(5)]
    replies = [world.ask("Answer", 1, thread=root) for root in roots]
    async with walked(world) as walk:
        await walk.rested()
        for reply in replies:
            world.edit(reply, "A better answer")
        better = []
        for _ in range(8):
            await walk.time_passes()
            better.append(world.texts().count("A better answer"))
        assert better[-1] == 5, "each had its turn"
        assert all(after - before <= 2 for before, after in pairwise([0, *better]))


@pytest.mark.slow
async def test_news_come_before_a_long_comparison(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack gives little: the threads take their time, and nobody waits for news meanwhile."""
    for number in range(30):
        root = world.ask(f"Question {number}?")
        world.ask("Answer", 1, thread=root)
    await world.edge.reconciler.whole(world.session_id)
    monkeypatch.setattr(history, "RESTRICTED", history.Pace(1, 0.05, 15))
    monkeypatch.setattr(world.edge.history, "pace", history.RESTRICTED)
    monkeypatch.setattr(reconcile_scheduler, "TELL_EVERY_SECONDS", 0.0)
    async with walked(world, interval=0.3) as walk:
        await walk.until(lambda: any(c.waiting for c in walk.road.courses.values()), "threads wait")
        world.ask("News?")
        await walk.until(lambda: "News?" in world.texts(), "the news are there")
        assert any(c.waiting for c in walk.road.courses.values()), "before the threads are done"


@pytest.mark.slow
async def test_who_is_slow_says_how_far_behind(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(4):
        root = world.ask(f"Question {number}?")
        world.ask("Answer", 1, thread=root)
    await world.edge.reconciler.whole(world.session_id)
    monkeypatch.setattr(reconcile_scheduler, "TELL_EVERY_SECONDS", 0.0)
    async with walked(world) as walk:
        await walk.rested()
    told = [r.getMessage() for r in caplog.records if "still to be compared" in r.getMessage()]
    assert f"session {world.session_id}: compared with Slack's history up to 20" in told[0]
    assert "threads are still to be compared" in told[0]


@pytest.mark.slow
async def test_only_who_leads_compares(world: World) -> None:
    world.ask("One?")
    async with walked(world) as walk:
        await walk.rested()
        walk.leads = False
        walk.road.unsure()
        await walk.until(lambda: not walk.road.courses, "it lets go")
        calls, asked = world.edge.history.calls, walk.asked
        world.ask("Two?")
        walk.road.unsure()
        await walk.until(lambda: walk.asked > asked, "it looks whether it leads")
        assert world.edge.history.calls == calls
        walk.leads = True
        walk.road.unsure()
        await walk.rested()
        assert world.texts() == ["One?", "Two?"]


@pytest.mark.slow
async def test_a_session_that_is_not_watched_any_more_is_let_go(world: World) -> None:
    async with walked(world) as walk:
        await walk.rested()
        walk.sessions.clear()
        walk.road.unsure()
        await walk.until(lambda: not walk.road.courses, "nothing is watched")


@pytest.mark.slow
async def test_trouble_with_one_channel_is_said_once_and_passes(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reconcile_scheduler, "AFTER_TROUBLE_SECONDS", 0.02)
    workspace = world.box.workspace
    world.ask("One?")
    workspace.leave(world.channel, workspace.bot.user_id)
    async with walked(world) as walk:
        await walk.until(lambda: world.edge.history.calls >= 3, "it is tried again")
        assert world.texts() == []
        workspace.join(world.channel, workspace.bot.user_id)
        await walk.rested()
        assert world.texts() == ["One?"]
    warned = [r.getMessage() for r in caplog.records if r.name == "bot.slack.waiting"]
    refused = [line for line in warned if "the history of" in line and "not_in_channel" in line]
    assert len(refused) == 1
    assert "not_in_channel" in refused[0]


@pytest.mark.slow
async def test_a_database_that_was_gone_is_no_traceback(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(postgres_url)
    async with made(database) as world, walked(world) as walk:
        await walk.rested()
        for number in range(5):
            world.ask(f"Question {number}?")
            other = Database(postgres_url)
            with other.engine.begin() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            other.close()
            walk.road.unsure()
            await asyncio.sleep(0)
        await walk.until(lambda: walk.quiet and len(world.texts()) == 5, "all is read in")
    database.close()
    assert not [r for r in caplog.records if r.exc_info]

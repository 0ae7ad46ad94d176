"""A bot at rest leaves the database alone, and notices at once what others write to it."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from bot.sessions.model import State
from bot.store.database import Database
from tests.scene import BOOK, EVENT, START, Scene, scene
from tests.slack.member_driver import MemberDriver
from tests.waiting import PATIENCE

REST_SECONDS = 8.0
MOST_STATEMENTS_PER_SECOND = 2.0


async def rested(world: Scene) -> None:
    """Returns when the bot has done all there was to do, and its App Homes are up to date."""
    await world.hear()
    generation = -1
    while generation != world.stage.bot.changes.generation:
        generation = world.stage.bot.changes.generation
        await asyncio.sleep(2.5)


@pytest.mark.slow
async def test_a_bot_at_rest_sends_two_statements_a_second_at_most(
    tmp_path: Path, database_url: str
) -> None:
    async with scene(tmp_path, {f"{EVENT}.md": BOOK}) as world:
        organizer = world.stage.organizer
        async with world.bot(
            organizers=(organizer,), sweep_interval=5.0, database_url=database_url
        ):
            await world.to(START)
            await MemberDriver(world, "ada").home()
            await rested(world)
            statements: list[str] = []

            def executed(*arguments: object) -> None:
                statements.append(str(arguments[2]))

            event.listen(Engine, "before_cursor_execute", executed)
            try:
                # On a busy machine something of the beginning may come late.
                for _ in range(3):
                    statements.clear()
                    await asyncio.sleep(REST_SECONDS)
                    if len(statements) <= MOST_STATEMENTS_PER_SECOND * REST_SECONDS:
                        break
            finally:
                event.remove(Engine, "before_cursor_execute", executed)
            assert len(statements) <= MOST_STATEMENTS_PER_SECOND * REST_SECONDS, statements


async def test_what_another_process_writes_is_done_soon(tmp_path: Path, database_url: str) -> None:
    async with (
        scene(tmp_path, {f"{EVENT}.md": BOOK}) as world,
        world.bot(sweep_interval=3600, database_url=database_url) as bot,
    ):
        await world.to(START)
        await rested(world)
        before = len(world.posted())
        other = Database(database_url)
        try:
            with other.unit_of_work() as uow:
                session = uow.sessions.all((State.OPEN,))[0]
                now = world.stage.clock.now()
                bot.edge.notifier.remind(uow, session, "from elsewhere", "Hello!", now)
        finally:
            other.close()
        async with asyncio.timeout(PATIENCE):
            while len(world.posted()) == before:
                await asyncio.sleep(0.05)
        assert world.posted()[-1].text == "Hello!"


@pytest.mark.slow
async def test_what_is_due_by_the_clock_is_done_at_rest(tmp_path: Path) -> None:
    async with scene(tmp_path, {f"{EVENT}.md": BOOK}) as world, world.bot(sweep_interval=0.1):
        await world.to(START - timedelta(hours=1))
        await rested(world)
        await world.stage.until(START)  # nobody but the clock says so
        async with asyncio.timeout(PATIENCE):
            while not world.announcements():
                await asyncio.sleep(0.05)


def test_a_database_knows_what_others_wrote(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)
    try:
        assert one.changes.any_since_last()
        assert not one.changes.any_since_last()
        with other.reading() as uow:
            uow.inbox.depth()
        with other.unit_of_work() as uow:
            uow.labels.put("channel", {})
        assert not one.changes.any_since_last()
        with other.unit_of_work() as uow:
            uow.labels.put("channel", {"C1": "general"})
        end = time.monotonic() + 20
        while not one.changes.any_since_last():  # PostgreSQL's notice takes a moment
            assert time.monotonic() < end
        assert not one.changes.any_since_last()
        one.changes.close()
        assert one.changes.any_since_last()
    finally:
        one.close()
        other.close()

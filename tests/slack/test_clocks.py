"""The bot's clock and Slack's differ: what belongs to a session is decided by Slack's alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sessions import collect
from bot.sessions.model import State, ts_of
from tests.scene import EVENT, START, Scene, scene
from tests.slack.organizer_driver import OrganizerDriver


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


def slack_is(world: Scene, ahead: timedelta) -> None:
    """Slack's clock is so far ahead of the bot's."""

    def now() -> float:
        return (world.stage.clock.now() + ahead).timestamp()

    world.workspace.stamps.time_source = now


async def test_what_is_asked_after_the_announcement_belongs_to_the_session(world: Scene) -> None:
    slack_is(world, timedelta(seconds=-75))
    async with world.bot():
        await world.to(START)
        root = world.posted()[0].ts
        world.say("ben", "After the announcement?")
        world.say("ben", "In its thread?", thread=root)
        await world.hear()
        assert world.stored_texts() == ["After the announcement?", "In its thread?"]


async def test_what_came_before_the_announcement_was_known_is_found(world: Scene) -> None:
    slack_is(world, timedelta(seconds=-75))
    async with world.bot() as bot:
        await world.to(START)
        root = world.posted()[0].ts
        with bot.database.unit_of_work() as uow:  # as it is until Slack's answer is stored
            session = uow.sessions.by_event(EVENT)
            assert session is not None
            session.collects_from, session.announcement_ts = START, None
            session.reconciled_ts = ts_of(START)
            uow.sessions.save(session)
        world.say("ben", "Before it was known?")
        await world.hear()
        assert world.stored_texts() == []
        with bot.database.unit_of_work() as uow:
            collect.announced(uow, session.id, root)
        await bot.edge.reconciler.news(session.id)
        assert world.stored_texts() == ["Before it was known?"]


@pytest.mark.parametrize("ahead", [timedelta(seconds=24), timedelta(seconds=-75)], ids=str)
async def test_closing_by_hand_ends_the_session_by_the_clock_of_slack(
    world: Scene, ahead: timedelta
) -> None:
    slack_is(world, ahead)
    organizer = world.stage.organizer
    async with world.bot(organizers=(organizer,)):
        await world.to(START + timedelta(minutes=5))
        asked = world.say("ben", "In time?")
        await world.hear()
        assert "closes now" in await OrganizerDriver(world, organizer).qa("close now")
        session = world.session()
        assert session is not None
        now = world.stage.clock.now() + ahead
        assert session.collects(asked)
        assert session.event.end - now <= timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ahead", "after"),
    [
        pytest.param(timedelta(minutes=-5), timedelta(minutes=2), id="before the planned start"),
        pytest.param(timedelta(minutes=-5), timedelta(minutes=10), id="Slack minutes behind"),
        pytest.param(timedelta(minutes=5), timedelta(minutes=10), id="Slack minutes ahead"),
    ],
)
async def test_closed_by_hand_the_archive_has_what_was_asked_in_time_by_the_clock_of_slack(
    world: Scene, ahead: timedelta, after: timedelta
) -> None:
    slack_is(world, ahead)
    organizer = world.stage.organizer
    async with world.bot(organizers=(organizer,)):
        await world.to(START + after)
        world.say("ben", "In time?")
        await world.hear()
        closed_at = world.stage.clock.now() + ahead
        assert "closes now" in await OrganizerDriver(world, organizer).qa("close now")
        world.stage.clock.advance(timedelta(seconds=1))
        world.say("cleo", "Too late?")
        await world.to(world.stage.clock.now() + max(ahead, timedelta(0)) + timedelta(seconds=5))
        session = world.session()
        assert session is not None
        assert closed_at <= session.over_at <= closed_at + timedelta(seconds=1)
        assert session.state is State.ARCHIVED
        assert [text for _name, text, _replies in world.threads()] == ["In time?"]
        assert len(world.notes("cleo")) == 1

"""The App Home where Slack refuses it: tried again, and not in a hurry."""

from __future__ import annotations

import time

import pytest

from bot.running.clock import SystemClock
from bot.slack.listeners import home
from slackbox.faults import CallFault
from tests.slack.conftest import World


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "pauses"),
    [("internal_error", [1, 2, 4, 8]), ("not_enabled", [60, 60, 60]), ("new_code", [60, 60])],
)
async def test_a_home_that_slack_refuses_is_left_alone_longer_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str, pauses: list[int]
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(home, "monotonic", lambda: now)
    with world.database.unit_of_work() as uow:
        uow.members.opened_home(world.people[1], SystemClock().now())
    homes, faults = world.edge.homes, world.box.faults.calls
    # The client itself asks again at once when Slack is in trouble, up to three times in all.
    faults.append(CallFault("views.publish", "error", 1000, error=code))
    assert await homes.refresh() == 0
    for pause in pauses:
        left = faults[0].count
        for part in (0.1, 0.5, 0.95):
            now_before = now
            now = now_before + pause * part
            homes.touch()
            assert await homes.refresh() == 0
            now = now_before
        assert faults[0].count == left, "not asked before the pause is over"
        now += pause
        assert await homes.refresh() == 0
        assert faults[0].count < left
    faults.clear()
    now += 3600
    assert await homes.refresh() == 1
    assert world.people[1] in world.box.surfaces.homes

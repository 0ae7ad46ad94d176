"""A bot that is killed right before a step, and once more right after it: each thing is done once
all the same."""

from __future__ import annotations

import pytest

from tests.faults.pace import STEPS, Death
from tests.faults.run import Plan, run
from tests.processes import Box

ONCE = (
    "bot.store.draws:Draws.add",
    "bot.slack.notifier:SlackNotifier.winners",
    "bot.store.draws:Draws.add > bot.slack.listeners.interaction:Interaction.say",
)
"""Steps that are not taken again after a kill right before them: what the request had already done
is found, and told."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "deaths",
    [
        *([Death(step, False), Death(step, True)] for step in STEPS if step not in ONCE),
        *([Death(step, after)] for step in ONCE for after in (False, True)),
    ],
    ids=lambda deaths: " and ".join(map(str, deaths)),
)
def test_what_a_kill_interrupts_is_done_once(deaths: list[Death], box: Box) -> None:
    """A bot that is killed twice is started again after each kill."""
    plan = Plan(0, messages=16, people=5, faults=0, kinds=("nothing else",), deaths=tuple(deaths))
    result = run(plan, box)
    assert result.died == list(map(str, deaths))
    assert not result.problems, result.log[-20_000:]

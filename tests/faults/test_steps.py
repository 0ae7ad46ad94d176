"""A bot that is killed right before or right after a step: each thing is done once all the same."""

from __future__ import annotations

import pytest

from tests.faults.pace import DEATHS, Death
from tests.faults.run import Plan, run
from tests.processes import Box


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_what_a_kill_interrupts_is_done_once(death: Death, box: Box) -> None:
    plan = Plan(0, messages=16, people=5, faults=0, kinds=("nothing else",), death=death)
    result = run(plan, box)
    assert str(death) in result.died
    assert not result.problems, result.log[-20_000:]

"""Seeded sessions during which everything breaks; `FAULT_SEEDS` says how many."""

from __future__ import annotations

import os

import pytest

from tests.faults.run import MESSAGES, Plan, run
from tests.processes import Box

SEEDS = int(os.environ.get("FAULT_SEEDS", "10"))
FAST = 3
"""Seeds that `make test` tries: on both databases, and with two replicas."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=[pytest.mark.slow] * (number >= FAST))
        for number, seed in enumerate([0, 1, 3, 2, *range(4, SEEDS)][:SEEDS])
    ],
)
def test_a_session_ends_as_if_nothing_had_happened(
    seed: int, box: Box, request: pytest.FixtureRequest
) -> None:
    plan = Plan(seed)
    server = request.getfixturevalue("postgres_url") if plan.postgresql else None
    result = run(plan, box, server)
    if result.problems:
        lines = "\n".join(result.problems[:10])
        pytest.fail(
            f"{lines}\nrepeat it with: {plan.command}\n{result.log[-20_000:]}", pytrace=False
        )
    assert result.compared["messages"] > MESSAGES / 2, "the run had no content"

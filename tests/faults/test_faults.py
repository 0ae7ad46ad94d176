"""Seeded sessions during which everything breaks; `FAULT_SEEDS` says how many."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.run import Plan, run
from tests.processes import Box

SEEDS = int(os.environ.get("FAULT_SEEDS", "20"))
FAST = 3
"""Seeds that `make test` tries: on both databases."""
MESSAGES, PEOPLE, FAULTS = 120, 30, 6


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """One sandbox in a process of its own; each run begins with an empty workspace."""
    box = Box.start()
    yield box
    box.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, marks=[pytest.mark.slow] * (seed >= FAST)) for seed in range(SEEDS)],
)
def test_a_session_ends_as_if_nothing_had_happened(
    seed: int, box: Box, request: pytest.FixtureRequest
) -> None:
    plan = Plan(seed, MESSAGES, PEOPLE, FAULTS)
    server = request.getfixturevalue("postgres_url") if plan.postgresql else None
    result = run(plan, box, server)
    assert result.messages > MESSAGES / 2, f"the run had no content: {result.problems}"
    if result.problems:
        lines = "\n".join(result.problems[:10])
        pytest.fail(
            f"{lines}\nrepeat it with: {plan.command}\n{result.log[-20_000:]}", pytrace=False
        )

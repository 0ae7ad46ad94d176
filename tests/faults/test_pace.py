"""The times that a fault run shortens are the program's."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.faults.pace import _SECONDS, STEPS, named


@pytest.mark.parametrize("module", sorted(_SECONDS))
def test_the_times_that_are_shortened_are_there(module: str) -> None:
    assert [t for t in _SECONDS[module] if not hasattr(import_module(module), t)] == []


@pytest.mark.parametrize("step", [name for step in STEPS for name in step.split(" > ")])
def test_the_steps_at_which_bots_are_killed_are_there(step: str) -> None:
    owner, name = named(step)
    assert callable(getattr(owner, name))

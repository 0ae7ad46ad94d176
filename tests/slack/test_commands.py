"""Commands: what there is, for whom, and what happens to a word that is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scene import CHANNEL, Scene, scene


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


async def qa(world: Scene, who: str, text: str) -> str:
    """What somebody reads who types `/qa text` in the channel."""
    person = world.stage.box.person(who)
    before = len(world.workspace.ephemerals)
    outcome = await person.command("/qa", text, CHANNEL)
    assert outcome.acknowledged
    notes = await world.notes_after(before)
    return "\n".join(notes)


async def test_a_word_that_is_no_command_is_answered_with_the_nearest(world: Scene) -> None:
    async with world.bot():
        assert "Did you mean `/qa help`?" in await qa(world, world.id("ben"), "hepl")

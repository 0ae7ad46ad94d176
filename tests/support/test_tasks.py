"""Tasks end, also those that do not hear it at first."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bot.support import tasks


async def test_a_task_that_swallows_it_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_SECONDS", 0.01)
    deaf = 2

    async def work() -> None:
        nonlocal deaf
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if deaf == 0:
                    raise
                deaf -= 1

    async def fail() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError("broken")

    begun = [asyncio.create_task(work()), asyncio.create_task(fail(), name="failing")]
    await asyncio.sleep(0)
    with caplog.at_level(logging.ERROR):
        await tasks.ended(begun)
    assert begun[0].cancelled()
    assert deaf == 0
    assert "failing ended" in caplog.text
    await tasks.ended([])

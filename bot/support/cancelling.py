"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

log = logging.getLogger(__name__)

CANCEL_AGAIN_SECONDS = 1.0
"""Seconds after which a task that goes on is cancelled once more."""


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and returns when all have ended.

    A task may swallow being cancelled: `asyncio.wait_for` does before Python 3.12, where its
    time runs out at that moment (<https://github.com/python/cpython/issues/86296>). It is then
    cancelled again. What a task ended with is logged, not raised.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        done, waiting = await asyncio.wait(waiting, timeout=CANCEL_AGAIN_SECONDS)
        for task in done:
            error = None if task.cancelled() else task.exception()
            if error is not None:
                log.error("%s ended", task.get_name(), exc_info=error)

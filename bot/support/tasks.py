"""Work in the background: begun, begun again when it fails, and ended for certain."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

CANCEL_AGAIN_SECONDS = 1.0
"""Seconds after which a task that goes on is cancelled once more."""
BEGINS_AGAIN_SECONDS = 2.0
"""How long what goes on all the time, and failed, is left alone."""


class Tasks:
    """The background work of one part of the bot: `stop` ends all of it.

    `met` says which errors are known about already, and need no line in the log.
    """

    def __init__(self, met: Callable[[BaseException], bool] = lambda error: False):
        self._met = met
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Begins something; an error that it ends with is logged."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Begins something that goes on for as long as the bot runs: what fails begins again."""
        self.start(self._again(work, name), name)

    async def stop(self) -> None:
        """Ends all that goes on still."""
        running, self._running = self._running, set()
        await ended(running)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task in self._running:
            self._running.discard(task)
            _log_error(task)

    async def _again(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        while True:
            try:
                await work()
                return
            except Exception as error:
                if not self._met(error):
                    log.exception("%s failed; starting it again", name)
            await asyncio.sleep(BEGINS_AGAIN_SECONDS)


def stopping() -> asyncio.Event:
    """What Ctrl-C and SIGTERM set from now on, in the place of ending the program."""
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    return stop


async def happens(event: asyncio.Event, within: float | None) -> bool:
    """Waits for an event; False where it did not happen within so many seconds."""
    try:
        await asyncio.wait_for(event.wait(), within)
    except TimeoutError:
        return False
    return True


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
            _log_error(task)


def _log_error(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("%s ended", task.get_name(), exc_info=error)

"""Commits and pushes, beside everything else: Git may take a minute, and may fail.

A change is put into a queue and committed in a thread; what was committed is pushed. What fails
is tried again, later each time, and the organizers get one line about it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserError
from bot.library.git import Author, Backoff, Repository
from bot.sessions.ports import Clock
from bot.texts import _

log = logging.getLogger(__name__)

LAST_WORDS = 15.0
"""Seconds that a commit under way is waited for when the bot stops."""


@dataclass(frozen=True, slots=True)
class _Change:
    paths: tuple[Path, ...]
    message: str
    author: Author


class Commits:
    """What is to be committed in one repository. `tell` is told of failures, by a key.

    Without a repository every change is simply forgotten: it stands on the disk.
    """

    def __init__(
        self, repository: Repository | None, clock: Clock, tell: Callable[[str, str], None]
    ):
        self._repository = repository
        self._clock = clock
        self._tell = tell
        self._queue: deque[_Change] = deque()
        self._commit_again, self._push_again = Backoff(), Backoff()
        self._waits = repository is not None
        self._task: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Raises UserError, one line, for a repository that cannot be used."""
        if self._repository is not None:
            self._repository.check()

    def add(self, paths: Sequence[Path], message: str, author: Author) -> None:
        """Commits files as they are, soon."""
        if self._repository is not None:
            self._queue.append(_Change(tuple(paths), message, author))
            self._commit_again.done()

    def look(self) -> None:
        """Begins what is due, unless it is under way."""
        if self._repository is None or not (self._queue or self._waits):
            return
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(self._repository), name="git")

    async def settle(self) -> None:
        """Returns when what is due now was tried."""
        self.look()
        if self._task is not None:
            await self._task

    async def stop(self) -> None:
        """Waits a little for what is under way; what is not pushed yet is pushed next time.

        What could not be committed so far is tried once more: nobody would know of it later.
        """
        if self._queue and (self._task is None or self._task.done()):
            self._commit_again.done()
            self.look()
        if self._task is not None and not self._task.done():
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, LAST_WORDS)
        for change in self._queue:
            log.warning("not committed: %s", change.message.partition("\n")[0])

    async def _work(self, repository: Repository) -> None:
        while self._queue and self._commit_again.due(self._clock.now()):
            change = self._queue[0]
            try:
                made = await asyncio.to_thread(
                    repository.commit, change.paths, change.message, change.author
                )
            except UserError as error:
                self._commit_again.failed(self._clock.now())
                self._say(
                    "commit",
                    _("A change of the schedules was not committed: {error}.", error=error),
                )
                break
            self._queue.popleft()
            self._commit_again.done()
            if made:
                log.info("committed: %s", change.message.partition("\n")[0])
                self._waits = True
                self._push_again.done()
        if self._waits and self._push_again.due(self._clock.now()):
            await self._push(repository)

    async def _push(self, repository: Repository) -> None:
        try:
            if await asyncio.to_thread(repository.waits):
                await asyncio.to_thread(repository.push)
                log.info("pushed to %s", repository.branch)
            self._waits = False
            self._push_again.done()
        except UserError as error:
            self._push_again.failed(self._clock.now())
            self._say(
                "push",
                _(
                    "Commits of the schedules are not pushed yet: {error}. Nothing is lost; it is "
                    "tried again.",
                    error=error,
                ),
            )

    def _say(self, what: str, text: str) -> None:
        log.warning("%s", text)
        try:
            self._tell(f"git {what}", text)
        except Exception:
            log.exception("the organizers were not told")

"""Commits and pushes, beside everything else: Git may take a minute, and may fail.

A commit is a row of the database from before its files are written until Git has it, so that a
kill at any step loses none and makes none twice: a commit says in its message when it was asked
for, and is looked for first. What was committed is pushed. What fails is tried
again, later each time, and the organizers get one line about it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import UserError
from bot.library.git import Author, Backoff, Repository
from bot.sessions.ports import Clock, QueuedCommit
from bot.store.database import Database
from bot.texts import _

log = logging.getLogger(__name__)

LAST_TRY_SECONDS = 15.0
"""How long a commit under way is waited for when the bot stops."""
WRITTEN_BY = timedelta(minutes=1)
"""After this time the files of a commit are written, or whoever wrote them was killed."""


@dataclass(eq=False)
class Commits:
    """What is to be committed in one repository. `tell` is told of failures, by a key.

    `clock` paces the tries, `wall` is the wall clock. Without a repository every change is simply
    forgotten: it is in the files.
    """

    _repository: Repository | None
    _database: Database
    _clock: Clock
    _wall: Clock
    _tell: Callable[[str, str], None]
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._commit_again, self._push_again = Backoff(), Backoff()
        self._waits = self._repository is not None

    def check(self) -> None:
        """Raises UserError, one line, for a repository that cannot be used."""
        if self._repository is not None:
            self._repository.check()

    def begin(
        self, paths: Sequence[Path], message: str, author: Author, beside: Sequence[Path] = ()
    ) -> int | None:
        """Stores that files are to be committed, before they are written; gives its number.

        Those `beside` are committed with them where they lie in the repository. Raises SQLAlchemyError where the database cannot be used: then nothing must be written.
        """
        if self._repository is None:
            return None
        more = [path for path in beside if self._repository.holds(path)]
        commit = QueuedCommit(
            tuple(path.absolute() for path in (*paths, *more)), message, author.name, author.email
        )
        with self._database.unit_of_work() as uow:
            return uow.commits.add(self._repository.folder, commit, self._wall.now())

    def written(self, number: int | None, message: str | None = None) -> None:
        """The files are written and can be committed, with another message where one is given."""
        if number is not None:
            with self._database.unit_of_work() as uow:
                uow.commits.make_ready(number, message)
            self._commit_again.done()

    def not_written(self, number: int | None) -> None:
        """Nothing was written, so nothing is committed."""
        if number is not None:
            with self._database.unit_of_work() as uow:
                uow.commits.remove(number)

    @property
    def waits(self) -> bool:
        """Whether something is under way, or failed and is to be tried again."""
        under_way = self._task is not None and not self._task.done()
        return self._waits or under_way or self._commit_again.tries > 0

    def poll(self) -> None:
        """Begins what is due, unless it is under way."""
        if self._repository is None:
            return
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(self._repository), name="git")

    async def wait_idle(self) -> None:
        """Returns when what is due now was tried."""
        self.poll()
        if self._task is not None:
            await self._task

    async def stop(self) -> None:
        """Tries once more what could not be committed so far, and waits a little for it.

        What is not committed or pushed then is so at the next start.
        """
        self._commit_again.done()
        self.poll()
        if self._task is not None and not self._task.done():
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, LAST_TRY_SECONDS)
        if self._repository is not None:
            with suppress(SQLAlchemyError):
                for change in await asyncio.to_thread(self._ready, self._repository):
                    log.warning(
                        "not committed yet: %s; trying again at the next start",
                        change.message.partition("\n")[0],
                    )

    def _ready(self, repository: Repository) -> Sequence[QueuedCommit]:
        with self._database.reading() as uow:
            return uow.commits.ready(repository.folder, self._wall.now() - WRITTEN_BY)

    async def _work(self, repository: Repository) -> None:
        try:
            while self._commit_again.due(self._clock.now()):
                changes = await asyncio.to_thread(self._ready, repository)
                for change in changes:
                    if not await self._commit(repository, change):
                        break
                if not changes:
                    break
        except SQLAlchemyError as error:
            log.warning("commits are waiting for the database: %s", type(error).__name__)
            return
        if self._waits and self._push_again.due(self._clock.now()):
            await self._push(repository)

    async def _commit(self, repository: Repository, change: QueuedCommit) -> bool:
        author = Author(change.author_name, change.author_email)
        try:
            made = await asyncio.to_thread(
                repository.commit, change.paths, change.message, author, change.at
            )
        except UserError as error:
            self._commit_again.failed(self._clock.now())
            self._say(
                "commit", _("A change to the schedules was not committed: {error}.", error=error)
            )
            return False
        await asyncio.to_thread(self.not_written, change.number)
        self._commit_again.done()
        if made:
            log.info("committed: %s", change.message.partition("\n")[0])
        self._waits = True
        self._push_again.done()
        return True

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
                    "Commits to the schedules are not pushed yet: {error}. Nothing is lost; the "
                    "bot will try again.",
                    error=error,
                ),
            )

    def _say(self, what: str, text: str) -> None:
        log.warning("%s", text)
        try:
            self._tell(f"git {what}", text)
        except Exception:
            log.exception("the organizers could not be told")

"""Keeps the index of answered questions up to date while the bot runs."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from bot.errors import UserError
from bot.library.library import Library
from bot.meaning import Model
from bot.services import knowledge
from bot.sessions.pairing import ShuttingDown
from bot.settings import Settings
from bot.store.database import Database

log = logging.getLogger(__name__)


class Indexing:
    """Brings the index up to date; with a `model` what texts mean is in it as well."""

    def __init__(self, settings: Settings, database: Database, model: Model | None):
        self._settings = settings
        self._database = database
        self._model = model
        self._unindexed: frozenset[str] = frozenset()
        self._made_of: object = None

    def update(self, library: Library, revision: int) -> None:
        """Takes in what changed: `revision` counts the changes of the files in `library`.

        Does nothing where no session and no archive changed. May take long.
        """
        made_of = revision, self._archives(), self._sessions()
        if made_of == self._made_of:
            return
        settings = self._settings
        files = knowledge.sources(library, settings.archive_dir, settings.timezone)
        problems: list[str] = []
        knowledge.update(self._database, files, settings.unthreaded, on_problem=problems.append)
        for problem in problems:
            if problem not in self._unindexed:
                log.warning("not in the index of answered questions: %s", problem)
        self._unindexed = frozenset(problems)
        self._made_of = made_of
        if self._model is not None and not self._model.is_broken:
            with suppress(ShuttingDown, UserError):  # the log says why; what is read stays
                knowledge.read_meanings(self._database, self._model)

    def _sessions(self) -> str:
        with self._database.reading() as uow:
            return uow.knowledge.pulse()

    def _archives(self) -> dict[Path, int]:
        """When each file changed in a folder of archives of its own."""
        folder, found = self._settings.archive_dir, {}
        for path in folder.rglob("*") if folder else ():
            with suppress(OSError):  # one that goes meanwhile is a change for the next time
                found[path] = path.stat().st_mtime_ns
        return found

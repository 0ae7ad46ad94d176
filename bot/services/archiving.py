"""Sessions that are over become archives: the file, the commit, and what organizers get of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.errors import UserError
from bot.library import archive
from bot.library.formats import Entry
from bot.library.git import Author
from bot.services import export
from bot.services.commits import Commits
from bot.services.keeping import Keeper
from bot.services.shared import Shared
from bot.sessions import lifecycle, pairing, winners
from bot.sessions.model import Session, State
from bot.store.work import Work
from bot.support.remedies import reason
from bot.texts import _

log = logging.getLogger(__name__)

Attempt = Callable[[str, Callable[[], Awaitable[object]]], Awaitable[bool]]
"""Does a due thing by its key, so that its failure holds up no other: `bot.running.attempts`."""

FETCH_EVERY = timedelta(minutes=10)
"""How often Slack is asked again for files that it did not give."""
KEEPS_TRYING = timedelta(days=7)
"""For how long after the end of a session."""
MODEL_WAIT_SECONDS = 2.0
"""Seconds that a look waits for the model to read a session; then it goes on beside."""


class Archiving:
    """Keeps the archives of sessions that are over up to date.

    `meaning` compares what texts mean; `readings` are what goes on beside the looks.
    """

    def __init__(self, shared: Shared, commits: Commits, meaning: pairing.Meaning | None):
        self._settings = shared.settings
        self._database = shared.database
        self._clock = shared.clock
        self._schedules = shared.schedules
        self._edge = shared.edge
        self._notices = shared.notices
        self._commits = commits
        self._meaning = meaning
        self.readings: dict[int, asyncio.Task[None]] = {}
        self.keeper = Keeper(shared.settings)
        self._fetched: dict[int, datetime] = {}

    @property
    def waits(self) -> bool:
        """Whether an archive waits for the model to read its session."""
        return bool(self.readings)

    async def poll(self, attempt: Attempt) -> None:
        """Writes the archives that are not what the store holds, each as an attempt by its key.

        Where a model still reads what was said, the archive waits for a later look.
        """
        for session in await self._database.read(_stale):
            await attempt(f"session {session.id} archive file", partial(self._write, session))
        for session in await self._database.read(self._unkept):
            await attempt(f"session {session.id} kept files", partial(self._keep, session))

    async def _write(self, session: Session) -> None:
        names = self._edge.names
        names.enqueue(await self._database.read(_nameless, session.id))
        await names.wait_idle()
        if await self._is_read(session):
            await asyncio.to_thread(self._archive, session)

    def _unkept(self, uow: Work) -> list[Session]:
        """Archived sessions with files that are to be kept and are not, and are due for a try."""
        if not self.keeper.is_on:
            return []
        now = self._clock.now()
        return [
            session
            for session in uow.sessions.begun_since(now - KEEPS_TRYING)
            if session.state is State.ARCHIVED
            and session.is_watched(now, KEEPS_TRYING)
            and self._fetched.get(session.id, now - FETCH_EVERY) <= now - FETCH_EVERY
            and self.keeper.missing(uow, session)
        ]

    async def _keep(self, session: Session) -> None:
        """Downloads what is missing, and has the archive written again with links to it."""
        now = self._fetched[session.id] = self._clock.now()
        missing = await self._database.read(self.keeper.missing, session)
        problems = await self.keeper.fetch(session, missing)
        key = f"session {session.id} kept files"
        if problems:
            more = _(" (and {count} more)", count=len(problems) - 1) if len(problems) > 1 else ""
            what = _(
                "A file from “{title}” was not saved: {problem}{more}. The bot will try again.",
                title=session.event.title,
                problem=problems[0],
                more=more,
            )
            self._notices.tell(key, what)
        else:
            self._notices.over(key)
        if len(problems) < len(missing):
            await self._database.write(lambda uow: uow.sessions.touch(session.id, now))

    async def _is_read(self, session: Session) -> bool:
        """Whether the model has read the session, as it may after a while, beside all that is due.
        Raises ShuttingDown when the program ends."""
        if self._meaning is None:
            return True
        task = self.readings.get(session.id)
        if task is None:
            reading = asyncio.to_thread(self._read, session)
            task = asyncio.create_task(reading, name="reading")
            self.readings[session.id] = task
        done, _ = await asyncio.wait({task}, timeout=MODEL_WAIT_SECONDS)
        if done:
            del self.readings[session.id]
            await task
        return bool(done)

    def _read(self, session: Session) -> None:
        """Lets the model read what the archive will ask it."""
        with self._database.reading() as uow:
            export.threads(uow, session, self._settings.unthreaded, self._meaning)

    def _entries(self, uow: Work, session: Session) -> Iterator[Entry]:
        kept = self.keeper.links(session)
        return export.entries(uow, session, self._settings.unthreaded, self._meaning, kept)

    def contents(self, name: str) -> bytes:
        """The content of a file that is queued for Slack: `archive 12`, or `draw 12 1` (session, number).

        Raises UserError for what there is not.
        """
        kind, session_id, *number = name.split()
        with self._database.reading() as uow:
            session = uow.sessions.get(int(session_id))
            if session is None:
                raise UserError(_("session {session_id} does not exist", session_id=session_id))
            if kind == "archive":
                source = export.source_of(self._schedules.library.paths, session)
                return archive.with_archive(source, self._entries(uow, session))
            for draw in uow.draws.of_session(session.id):
                if [str(draw.number)] == number:
                    return winners.record(draw, session.event.id).encode()
        raise UserError(_("{name} does not exist", name=name))

    def _archive(self, session: Session) -> None:
        at = self._clock.now()
        target = None
        commit = None
        try:
            source = export.source_of(self._schedules.library.paths, session)
            if self._settings.archive_dir is not None:
                target = folder_of(self._settings.archive_dir) / source.name
            with self._database.reading() as uow:
                kept_files = self.keeper.places(uow, session)
            commit = self._commits.begin(
                [target or source],
                f"Archive “{session.event.title}”",
                Author.of(""),
                kept_files,
            )
            with self._database.reading() as uow:
                now = uow.sessions.get(session.id)
                changed_at = now.content_changed_at if now is not None else None
                self.keeper.tidy(uow, session)
                archive.write_archive(source, self._entries(uow, session), target)
                summary = None
                if session.archived_at is None:  # organizers are told once a session
                    votes, unthreaded = self._settings.vote_reactions, self._settings.unthreaded
                    summary = export.summary(uow, session, votes, unthreaded, self._meaning)
            with self._database.unit_of_work() as uow:
                lifecycle.archived(uow, session.id, changed_at or at)
                if summary is not None:
                    self._edge.notifier.hand_over(uow, session, summary, at)
        except UserError as error:
            self._commits.not_written(commit)
            self._notices.tell(
                f"session {session.id} archive",
                _("The archive was not written: {error}.", error=error),
            )
        else:
            self._notices.over(f"session {session.id} archive")
            log.info("the archive of session %d is in %s", session.id, target or source)
            self._commits.written(commit)


def _nameless(uow: Work, session_id: int) -> set[str]:
    """Writers whose name nobody knows yet."""
    return uow.people.unknown(uow.messages.authors(session_id))


def _stale(uow: Work) -> list[Session]:
    """Sessions that are over and changed since they were last exported.

    While envelopes wait to be handled more may come, so the archive waits as well; and while
    answers of the session are still to be linked.
    """
    stale = uow.sessions.unarchived()
    if not stale or uow.inbox.depth():
        return []
    linking = uow.links.sessions()
    return [session for session in stale if session.id not in linking]


def folder_of(folder: Path) -> Path:
    """Makes the folder of archives if it is missing. Raises UserError if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            _(
                "MARGINALIA_ARCHIVE_DIR: {folder} cannot be created: {error}; correct the "
                "permissions or choose another folder",
                folder=folder,
                error=reason(error),
            )
        ) from None
    return folder

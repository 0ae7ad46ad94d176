"""The schedule files as organizers change them from Slack: `bot.sessions.planning.Plans`.

Composes the library, the store and Git. The file is changed first and is the truth; reading it
again makes the change the plan, as it would be if somebody had edited the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import UserError
from bot.library.git import Author
from bot.library.people import Members
from bot.library.writing import Writer
from bot.services.commits import Commits
from bot.services.schedules import Schedules
from bot.sessions.model import Event, Session, State
from bot.sessions.planning import Doer, Draft, Planned
from bot.sessions.ports import Clock, UnitOfWork
from bot.store.database import Database
from bot.texts import _

OVER = (State.CLOSED, State.ARCHIVED)


@dataclass(eq=False)
class Planner:
    """`bot.sessions.planning.Plans` over the files of one folder."""

    _schedules: Schedules
    _database: Database
    _commits: Commits
    _clock: Clock
    _members: Members
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def coming(self) -> tuple[Sequence[Planned], Sequence[str]]:
        library, now = self._schedules.as_it_is(), self._clock.now()
        with self._database.reading() as uow:
            states = uow.sessions.states()
        found = []
        for event in library.events.values():
            state = states.get(event.id)
            if event.end <= now and state is not State.OPEN:
                continue
            path = library.paths.get(event.id)
            problems = [f"{p.what}; {p.hint}" for p in library.problems if p.path == path]
            found.append(Planned(event, state, tuple(problems)))
        used = {library.paths[name] for name in library.events}
        return found, [str(p) for p in library.errors if p.path not in used]

    def timezone(self) -> str:
        return self._schedules.library.timezone

    def find(self, part: str) -> Event:
        return self._schedules.library.find(part)

    def entry(self, slack_id: str, name: str) -> tuple[str, bool]:
        """Gives the `short` of the page that has the member ID or the name, else the name."""
        pages = self._schedules.library.directory.pages.values()
        for page in pages:
            if page.slack_id == slack_id:
                return page.short, True
        for page in pages:
            if page.name.casefold() == name.casefold() and page.slack_id is None:
                return page.short, False
        return name, False

    async def create(self, draft: Draft, by: Doer) -> Event:
        async with self._writing:
            return await self._write(
                by, lambda writer: writer.create(draft)[1], lambda made: f"Plan “{made.title}”"
            )

    async def move(
        self, event_id: str, start: datetime | None, end: datetime | None, by: Doer
    ) -> Event:
        async with self._writing:
            session = await self._database.read(_not_over, event_id)
            if session is not None and session.state is State.OPEN and start is not None:
                raise UserError(
                    _(
                        "the session on “{title}” has begun; only its end can be moved: `/qa extend 2 "
                        "days` or `/qa close now`",
                        title=session.event.title,
                    )
                )
            return await self._move(event_id, start, end, by)

    async def close(self, event_id: str, end: datetime, by: Doer) -> Event:
        """As `Plans` says. Where the bot's clock is ahead of Slack's, the session opened before its
        planned start, and may end before it, too: then the start in the file becomes that of what
        it collects."""
        async with self._writing:
            session = await self._database.read(_not_over, event_id)
            start = None
            if session is not None and session.collects_from and end <= session.event.start:
                start = min(session.collects_from, end - timedelta(seconds=1))
            return await self._move(event_id, start, end, by)

    async def _move(
        self, event_id: str, start: datetime | None, end: datetime | None, by: Doer
    ) -> Event:
        def message(event: Event) -> str:
            what = f"Move “{event.title}”" if start else f"Let “{event.title}” end then"
            return f"{what}: {event.start:%F %T} to {event.end:%F %T} UTC"

        return await self._write(by, lambda writer: writer.move(event_id, start, end), message)

    async def cancel(self, event_id: str, by: Doer) -> Event:
        async with self._writing:
            event = await asyncio.to_thread(self.find, event_id)
            session = await self._database.read(lambda uow: uow.sessions.by_event(event.id))
            if session is not None and session.state is State.OPEN:
                raise UserError(
                    _(
                        "the session on “{title}” is open; end it with `/qa close now`",
                        title=event.title,
                    )
                )
            if session is not None and session.state in OVER:
                raise UserError(
                    _(
                        "the session on “{title}” is over; its file is its archive",
                        title=event.title,
                    )
                )
            return await self._write(
                by, lambda writer: writer.cancel(event.id), lambda made: f"Cancel “{made.title}”"
            )

    async def restore(self, part: str, by: Doer) -> Event:
        async with self._writing:
            return await self._write(
                by, lambda writer: writer.restore(part), lambda made: f"Restore “{made.title}”"
            )

    async def _write(
        self, by: Doer, work: Callable[[Writer], Event], message: Callable[[Event], str]
    ) -> Event:
        """Changes files and queues their commit; a kill in between loses neither."""
        made = await asyncio.to_thread(self._write_now, by, work, message)
        await self._schedules.changed()
        return made

    def _write_now(
        self, by: Doer, work: Callable[[Writer], Event], message: Callable[[Event], str]
    ) -> Event:
        author = Author.of(by.name, by.slack_id)
        commits: list[int | None] = []

        def before(paths: Sequence[Path]) -> None:
            commits.append(self._commits.begin(paths, f"Change {paths[-1].stem}", author))

        writer = Writer(self._schedules.library, self._clock.now(), self._members, before)
        try:
            made = work(writer)
        except UserError:
            for number in commits:
                self._commits.not_written(number)
            raise
        for number in commits:
            self._commits.written(number, message(made))
        return made


def _not_over(uow: UnitOfWork, event_id: str) -> Session | None:
    """An event's session, if it has one. Raises UserError where that is over."""
    session = uow.sessions.by_event(event_id)
    if session is not None and session.state in OVER:
        raise UserError(
            _("the session on “{title}” is over; plan a new one", title=session.event.title)
        )
    return session

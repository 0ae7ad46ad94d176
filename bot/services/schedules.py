"""The folder of schedule files: read when it changes, and made the plan of sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from bot.library.library import Changes, Library, diff, load
from bot.library.problem import Problem
from bot.library.watch import watch
from bot.services.channels import ChannelFinder
from bot.services.members import MemberDirectory
from bot.services.notices import Notices
from bot.sessions import lifecycle
from bot.sessions.model import Author, Event, Session, State
from bot.sessions.ports import Clock
from bot.settings import Settings
from bot.slack.api.gateway import NO_ANSWER, ChannelTrouble
from bot.slack.notifier import SlackNotifier
from bot.store.database import Database
from bot.support.tasks import Tasks
from bot.texts import _

log = logging.getLogger(__name__)

PLAN_WITHIN_SECONDS = 1.5
"""How long the answer to who changed a schedule file waits until the change is planned."""


@dataclass(eq=False)
class Schedules:
    """Keeps what the files plan: `library` is the last reading of the folder, `revision` counts
    those that found something new.

    `stop` is set when the bot ends, `follow` does what follows from a change, such as opening a
    session.
    """

    _settings: Settings
    _database: Database
    _clock: Clock
    _notifier: SlackNotifier
    _notices: Notices
    _members: MemberDirectory
    _channels: ChannelFinder
    _tasks: Tasks
    _stop: asyncio.Event
    _follow: Callable[[], Awaitable[object]]
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _unplanned: dict[str, Event] = field(default_factory=dict, init=False)
    _withdrawn: dict[str, None] = field(default_factory=dict, init=False)
    _problems: list[Problem] = field(default_factory=list, init=False)
    revision: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.library = Library(self._settings.schedules)

    def as_it_is(self) -> Library:
        """The folder as it is at this moment, for who asks; nothing follows from it. Blocks."""
        before = self.library
        authors = (author for event in before.events.values() for author in event.authors)
        return load(
            self._settings.schedules,
            default_channel=self._settings.channel,
            timezone=self._settings.timezone,
            now=self._clock.now(),
            previous=before,
            members=self._members.lookup({author.name for author in authors}),
        )

    @property
    def waits(self) -> bool:
        """Whether something of the files is not planned yet, or not told."""
        return bool(self._unplanned or self._withdrawn or self._problems)

    async def read(self) -> Changes:
        """Reads the folder; what is new in it is planned at the next tick.

        This alone replaces the library, so that nothing new is overlooked.
        """
        async with self._reading:
            before = self.library
            found = await asyncio.to_thread(self.as_it_is)
            changes = diff(before, found)
            self._take(found, changes)
            return changes

    async def watch(self) -> None:
        """Reads the folder whenever something in it changed, until the bot ends."""
        async for _changes in watch(lambda: self.library, self.read, self._stop):
            await self._follow()

    def plan_all_again(self) -> None:
        """Plans everything again, when the lead is ours: nothing is taken for sure.

        A file that was removed while nobody led is noticed here; an empty folder is more likely
        one that is not there yet. May block.
        """
        events, broken = self.library.events, self.library.broken
        self._unplanned.update(events)
        with self._database.reading() as uow:
            planned = uow.sessions.all((State.SCHEDULED,))
        if events or broken:
            gone = [s.event.id for s in planned if s.event.id not in {*events, *broken}]
            self._withdrawn.update(dict.fromkeys(gone))
        self._problems += [p for p in self.library.problems if p.is_error]

    async def changed(self) -> None:
        """We changed a file for somebody: it is planned before they are told that it is done.

        What follows from it is done beside. Where Slack is slow to say which channel is meant, the
        plan follows as well.
        """
        if self._stop.is_set():
            return  # it is read at the next start
        is_read = False
        with suppress(TimeoutError):
            async with asyncio.timeout(PLAN_WITHIN_SECONDS):
                await self.read()
                is_read = True
                await self._plan_changes()
        self._tasks.start(self._go_on(is_read), "reread")

    async def _go_on(self, is_read: bool) -> None:
        if not is_read:
            await self.read()
        await self._follow()

    def _take(self, found: Library, changes: Changes) -> None:
        """Makes a new reading of the folder ours; it is planned at the next tick."""
        self.library = found
        self.revision += bool(changes)
        self._withdrawn.update(dict.fromkeys(changes.removed))
        self._unplanned.update(changes.planned)
        for event_id in changes.planned:
            self._withdrawn.pop(event_id, None)
        self._problems += [p for p in changes.problems if p.is_error]
        for event_id in changes.mended:
            log.info("the schedule file %s is valid again", event_id)

    async def find_authors(self) -> None:
        """Takes over authors who are known in Slack by now; looks for those who are not."""
        library = self.library
        names = {
            author.name
            for event in library.events.values()
            if event.id not in library.broken
            for author in self._coming(event)
            if author.slack_id is None
        }
        found = await asyncio.to_thread(self._members.many, names) if names else {}
        if found:
            await self.read()
            log.info("found authors in Slack: %s", ", ".join(sorted(found.values())))
        self._members.want(not names <= set(found))

    def _coming(self, event: Event) -> tuple[Author, ...]:
        """The authors who matter still: also those of a session that is yet to be made up for."""
        return event.authors if event.end + self.catch_up_time > self._clock.now() else ()

    async def plan(self) -> None:
        """Plans what changed in the files, and tells what is wrong in them."""
        await self._plan_changes()
        while self._problems:
            problem = self._problems[0]
            await asyncio.to_thread(
                self._notices.tell,
                f"problem {problem}",
                _("There is a mistake in a schedule file: {problem}", problem=problem),
            )
            del self._problems[:1]

    async def _plan_changes(self) -> None:
        """Plans what changed, and tries again what could not be: its channel was not there."""
        while self._withdrawn:
            event_id = next(iter(self._withdrawn))
            await self._database.write(
                lifecycle.withdraw, self._notifier, event_id, self._clock.now()
            )
            if event_id not in self.library.events:  # it may have come back meanwhile
                self._unplanned.pop(event_id, None)
            self._withdrawn.pop(event_id, None)
        if self._unplanned:
            await self._plan_all()

    async def _plan_all(self) -> None:
        self._channels.look_again()
        sessions = await asyncio.to_thread(self._sessions_of, list(self._unplanned))
        failure = None
        for event_id in list(self._unplanned):
            try:
                await self._plan(event_id, sessions.get(event_id))
            except NO_ANSWER as error:
                failure = error  # what is due of other sessions does not wait for it
        if failure is None:
            self._notices.over("planning")
        else:
            await self._notices.held_up("planning", failure)

    async def _plan(self, event_id: str, session: Session | None) -> None:
        """Makes the event's file the plan of its session; it stays to be done until it is."""
        event = self.library.events.get(event_id, self._unplanned[event_id])
        is_past = lifecycle.is_past(event, self._clock.now(), self.catch_up_time)
        channel: str | None = None
        if session is not None and session.state not in (State.SCHEDULED, State.CANCELLED):
            channel = session.channel  # by its ID, whatever it is called by now
        elif not is_past or session is not None:
            channel = await self._channel_of(event)
            if channel is None:
                if session is not None and session.event.channel == event.channel:
                    # The rest of the plan holds while the channel is not found.
                    await self._plan_in(event, session.channel)
                return
        if channel is not None:
            await self._plan_in(event, channel)
        if self.library.events.get(event_id, event) == event:
            self._unplanned.pop(event_id, None)

    async def _channel_of(self, event: Event) -> str | None:
        """The ID of the event's channel, None where it cannot be said (now)."""
        try:
            channel = await self._channels.find(event.channel or self._settings.channel)
        except ChannelTrouble as error:
            if event.end > self._clock.now():
                await asyncio.to_thread(
                    self._notices.tell,
                    f"event {event.id} channel",
                    _("“{title}”: {error}.", title=event.title, error=error),
                )
            return None
        if channel is not None:
            self._notices.over(f"event {event.id} channel")
        return channel

    def _sessions_of(self, event_ids: list[str]) -> dict[str, Session]:
        with self._database.reading() as uow:
            found = [uow.sessions.by_event(event_id) for event_id in event_ids]
        return {session.event.id: session for session in found if session is not None}

    async def _plan_in(self, event: Event, channel: str) -> None:
        now, catch_up = self._clock.now(), self.catch_up_time
        await self._database.write(lifecycle.plan, self._notifier, event, channel, now, catch_up)

    @property
    def catch_up_time(self) -> timedelta:
        """How long after its end a session nobody ran is still made up for."""
        return timedelta(days=self._settings.catch_up_days)

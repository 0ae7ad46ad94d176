"""The workspace's members by name, to find the authors whom a file names without a Slack ID.

Names are kept in the database. They come from Slack's events and answers, and from a listing of
all members, which goes on beside everything else: page by page, no faster than Slack allows, and
after a restart from where it was.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from bot.sessions.member_names import MemberListing
from bot.sessions.ports import Clock
from bot.slack.api.gateway import NO_ANSWER, PAGE, Gateway, code_of, passing, reason_of, retry_after
from bot.store.database import Database
from bot.support.outage import Outage
from bot.support.tasks import happens
from bot.texts import _

log = logging.getLogger(__name__)

PAGES_PER_MINUTE = 18
"""Pages asked for in a minute: Slack allows 20 ("tier 2")."""
MINUTE_SECONDS = 60.0
SMALLEST_PAGE = 200
LONGEST_PAUSE_SECONDS = 300.0
REFUSED_PAUSE_SECONDS = 600.0
"""Seconds before members are asked for again after a refusal that does not pass by itself."""
PROGRESS_EVERY_SECONDS = 30.0
"""Seconds between two lines in the log on how far a listing is."""
LIST_AGAIN_AFTER = timedelta(minutes=10)
AGAIN_PER_PAGE = timedelta(minutes=4)
LONGEST_AGAIN = timedelta(hours=12)
ABANDONED = timedelta(hours=12)
"""After which time a listing that was interrupted starts over: its cursor may be too old."""

Find = Callable[[str], str | None]


@dataclass(eq=False)
class MemberDirectory:
    """Finds members by name, and lists all of them while a name is looked for.

    `leads` says whether this replica leads: only that one lists. `tell` tells the organizers, by a
    key, and `over` that what a key was about is over.
    """

    _database: Database
    _gateway: Gateway
    _wall: Clock
    _outage: Outage
    _leads: Callable[[], bool]
    _tell: Callable[[str, str], None]
    _over: Callable[[str], None]
    _is_wanted: bool = field(default=False, init=False)
    _is_pausing: bool = field(default=False, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _idle: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _calls: deque[float] = field(default_factory=deque, init=False)
    _page: int = field(default=PAGE, init=False)
    _found: dict[str, str | None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._idle.set()

    def forget(self) -> None:
        """Something was written to the database: names may belong to others now.

        Whoever calls this once must call it each time; what was looked up is kept in between.
        """
        self._found = {}

    def find(self, name: str) -> str | None:
        """The member ID of the one who goes by a name; None for nobody or several."""
        return self.lookup()(name)

    def many(self, names: Collection[str]) -> dict[str, str]:
        """The same for many names: those that are found, with their member IDs."""
        with self._database.reading() as uow:
            return uow.member_names.many(names)

    def lookup(self, names: Collection[str] = ()) -> Find:
        """A function that finds members by name, for one reading of the schedule files.

        `names` are looked up with one query. While the database cannot be used nobody is found.
        """
        kept = self._found
        found: dict[str, str | None] = {} if kept is None else kept
        is_gone = False

        def ask(wanted: Collection[str]) -> None:
            nonlocal is_gone
            known: dict[str, str] = {}
            if not is_gone:
                try:
                    known = self.many(wanted)
                except SQLAlchemyError as error:
                    if not self._outage.explains(error):
                        raise
                    is_gone = True
                    self._found = None if kept is None else {}
            found.update({name: known.get(name) for name in wanted})

        def find(name: str) -> str | None:
            if name not in found:
                ask([name])
            return found[name]

        if missing := set(names) - found.keys():
            ask(missing)
        return find

    def want(self, is_wanted: bool) -> None:
        """Says whether somebody whom a file names is not known; called from the event loop.

        All members are then listed, unless that was done lately.
        """
        self._is_wanted = is_wanted
        if is_wanted:
            if not self._is_pausing:
                self._idle.clear()
            self._wake.set()

    async def wait_idle(self, within: float = 10.0) -> bool:
        """Returns when no listing goes on, or after `within` seconds (False)."""
        return await happens(self._idle, within)

    async def run(self) -> None:
        """Lists members whenever that is due; ends when it is cancelled."""
        while True:
            if not self._wake.is_set():
                self._idle.set()
            await self._wake.wait()
            self._wake.clear()
            try:
                listing = await asyncio.to_thread(self._due)
                if listing is not None:
                    await self._list(listing)
            except Exception as error:
                if not self._outage.met(error):
                    log.exception("the members could not be listed; trying again")
                await self._sleep(REFUSED_PAUSE_SECONDS / 10)

    def _due(self) -> MemberListing | None:
        """The listing that is to go on, or to begin; None if none is due."""
        if not (self._is_wanted and self._leads()):
            return None
        now = self._wall.now()
        with self._database.reading() as uow:
            running, last = uow.member_names.running_listing(), uow.member_names.last_listing()
        if running is not None and now < running.began_at + ABANDONED:
            log.info("listing members continues after %d of them", running.members)
            return running
        if last is not None and last.finished_at is not None:
            again = min(LONGEST_AGAIN, max(LIST_AGAIN_AFTER, AGAIN_PER_PAGE * last.pages))
            if now < last.finished_at + again:
                return None
        with self._database.unit_of_work() as uow:
            log.info("listing all members, to find authors whose Slack ID is not known")
            return uow.member_names.begin_listing(now)

    async def _list(self, listing: MemberListing) -> None:
        """Reads page after page until the end, or until nobody wants to know any more."""
        failures, told_at = 0, time.monotonic()
        current: MemberListing | None = listing
        while current is not None and current.finished_at is None:
            if not (self._is_wanted and self._leads()):
                return
            await self._turn()
            try:
                persons, cursor = await self._gateway.members(current.cursor, self._page)
            except NO_ANSWER as error:
                failures += 1
                restarted = await self._failed(error, failures)
                current = restarted or current
                continue
            failures = 0
            current = await self._database.write(
                lambda uow, *page: uow.member_names.add_page(*page, self._wall.now()),
                current,
                persons,
                cursor,
            )
            if current is not None and time.monotonic() - told_at >= PROGRESS_EVERY_SECONDS:
                told_at = time.monotonic()
                log.info("%d members listed so far", current.members)
        if current is not None:
            seconds = (self._wall.now() - current.began_at).total_seconds()
            log.info("all %d members were listed in %.0f s", current.members, seconds)
            await asyncio.to_thread(self._over, "members")

    async def _failed(self, error: Exception, failures: int) -> MemberListing | None:
        """Waits as long as a failure asks for; gives a listing that starts over, if it must."""
        why = reason_of(error)
        seconds = retry_after(error)
        if seconds is not None:
            log.info("Slack limits how fast members can be listed; continuing in %.0f s", seconds)
            await asyncio.sleep(seconds)
            return None
        if code_of(error) == "invalid_cursor":
            log.warning("listing members starts again, because Slack no longer accepts its cursor")
            if failures > 1:
                await self._sleep(REFUSED_PAUSE_SECONDS)
            return await self._database.write(
                lambda uow: uow.member_names.begin_listing(self._wall.now())
            )
        if not passing(error):
            log.error("members cannot be listed: %s", why)
            await asyncio.to_thread(
                self._tell,
                "members",
                _(
                    "The bot cannot list the members of the workspace, so it cannot find authors "
                    "whose Slack ID is not in the schedule file: {reason}. You can also add "
                    "their IDs to the files.",
                    reason=why,
                ),
            )
            await self._sleep(REFUSED_PAUSE_SECONDS)
            return None
        if failures == 1:
            log.warning("members cannot be listed now: %s; trying again", why)
        else:
            # A page of a thousand members is large: where it never comes, smaller ones may.
            self._page = max(SMALLEST_PAGE, self._page // 2)
        await self._sleep(min(LONGEST_PAUSE_SECONDS, 2.0**failures))
        return None

    async def _sleep(self, seconds: float) -> None:
        """A pause in which nobody who waits for names need wait."""
        self._is_pausing = True
        self._idle.set()
        await asyncio.sleep(seconds)
        self._is_pausing = False

    async def _turn(self) -> None:
        """Returns when the next page may be asked for."""
        now = time.monotonic()
        while self._calls and self._calls[0] <= now - MINUTE_SECONDS:
            self._calls.popleft()
        if len(self._calls) >= PAGES_PER_MINUTE:
            await asyncio.sleep(self._calls[0] + MINUTE_SECONDS - now)
            self._calls.popleft()
        self._calls.append(time.monotonic())

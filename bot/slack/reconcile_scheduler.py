"""When sessions are compared with Slack's history: at once after an absence, a little every few minutes.

After an absence (a start, a new connection) nothing is sure: news first, then all that the
channel shows, then every thread, the liveliest first. Between absences there are news every few
minutes and a few threads in turn. One look at a time, the most urgent first, so that a long
comparison keeps no session from its news.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.sessions.pairing import ShuttingDown
from bot.slack.api.gateway import NO_ANSWER
from bot.slack.api.history import History
from bot.slack.reconcile import Reconciler, Report
from bot.slack.waiting import WaitsForSlack
from bot.support.outage import Outage
from bot.support.tasks import happens

log = logging.getLogger(__name__)

THREADS_PER_TURN = 5
"""Threads that are compared in turn after each look for news; one where Slack gives little."""
ROOTS_EVERY = 4
"""After how many looks for news all that the channel shows is looked at."""
RESTRICTED_ROOTS_EVERY = 20
AFTER_TROUBLE_SECONDS = 60.0
"""Seconds after which a session is looked at again with which something went wrong."""
TELL_EVERY_SECONDS = 300.0
"""Seconds between two lines in the log on how far a long comparison is."""


@dataclass(slots=True)
class SessionProgress:
    """Where the comparison of one session is.

    `news_at` is when it is next looked for news (monotonic seconds), `done_at` when that was
    last done. `what` says what is read. `waiting` are threads to compare, `turn` all of them in the order they take turns.
    """

    session_id: int
    news_at: float = 0.0
    looks: int = 0
    roots_due: bool = True
    sweep: bool = True
    waiting: dict[str, None] = field(default_factory=dict)
    turn: list[str] = field(default_factory=list)
    done_at: datetime | None = None
    in_trouble: bool = False
    what: str = ""
    told_at: float = 0.0
    since: float = field(default_factory=time.monotonic)
    found: Report = field(default_factory=Report)


@dataclass(eq=False)
class ReconcileScheduler:
    """Keeps sessions in agreement with Slack's history, on the one replica that leads.

    `sessions` gives the sessions to look after, `leads` whether it is us who look; `interval` is
    in seconds between two looks for news. `what` says what is read for a session, in words.
    """

    _reconciler: Reconciler
    _history: History
    _sessions: Callable[[], list[int]]
    _leads: Callable[[], bool]
    _interval: float
    _now: Callable[[], datetime]
    _outage: Outage
    _waits: WaitsForSlack
    _what: Callable[[int], str]
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _sessions_changed: bool = field(default=True, init=False)
    courses: dict[int, SessionProgress] = field(default_factory=dict, init=False)

    def wake(self) -> None:
        """Sessions may have begun or ended."""
        self._sessions_changed = True
        self._wake.set()

    def unsure(self) -> None:
        """Something may have been missed: everything is compared again, news first."""
        for course in self.courses.values():
            course.news_at = 0.0
            course.roots_due = course.sweep = True
        self._sessions_changed = True
        self._wake.set()

    async def run(self) -> None:
        """Looks for ever; ends when it is cancelled, or the program ends."""
        while True:
            self._wake.clear()
            pause = 1.0
            try:
                if self._leads():
                    await self._attend()
                    pause = await self._step()
                else:
                    self.courses.clear()
                    self._sessions_changed = True
            except ShuttingDown:
                return
            except Exception as error:
                self._sessions_changed = True
                if not self._outage.met(error):
                    log.exception(
                        "sessions could not be compared with Slack's history; trying again"
                    )
            if pause > 0:
                await happens(self._wake, pause)

    async def _attend(self) -> None:
        if not self._sessions_changed:
            return
        self._sessions_changed = False
        ids = await asyncio.to_thread(self._sessions)
        for session_id in ids:
            if session_id not in self.courses:
                what = await asyncio.to_thread(self._what, session_id)
                self.courses[session_id] = SessionProgress(session_id, what=what)
        for session_id in set(self.courses) - set(ids):
            self._waits.worked(self.courses.pop(session_id).what)

    async def _step(self) -> float:
        """One look, the most urgent; gives the seconds until there is another to do."""
        now = time.monotonic()
        urgent = [c for c in self.courses.values() if c.news_at <= now]
        if urgent:
            await self._look(min(urgent, key=lambda c: c.news_at), self._news)
            return 0.0
        for look, due in (
            (self._roots, [c for c in self.courses.values() if c.roots_due and not c.in_trouble]),
            (self._thread, [c for c in self.courses.values() if c.waiting and not c.in_trouble]),
        ):
            if due:
                await self._look(min(due, key=lambda c: c.told_at), look)
                return 0.0
        following = min((c.news_at for c in self.courses.values()), default=now + 1.0)
        return min(1.0, max(0.01, following - now))

    async def _look(
        self, course: SessionProgress, look: Callable[[SessionProgress], Awaitable[Report]]
    ) -> None:
        try:
            report = await look(course)
        except NO_ANSWER as error:
            course.in_trouble = True
            course.news_at = time.monotonic() + AFTER_TROUBLE_SECONDS
            await self._waits.cannot_read(course.what, error)
            return
        course.in_trouble = False
        self._waits.worked(course.what)
        course.found.add(report)
        if report.repaired or report.deleted:
            log.info("session %d compared with Slack's history: %s", course.session_id, report)
        self._tell(course)

    async def _news(self, course: SessionProgress) -> Report:
        course.news_at = time.monotonic() + self._interval
        try:
            report = await self._reconciler.news(course.session_id)
        except BaseException:
            course.news_at = time.monotonic() + 1.0
            raise
        course.done_at = self._now()
        course.looks += 1
        every = RESTRICTED_ROOTS_EVERY if self._history.restricted else ROOTS_EVERY
        if course.looks % every == 0:
            course.roots_due = True
        for _ in range(1 if self._history.restricted else THREADS_PER_TURN):
            if course.turn and not course.sweep:
                course.waiting[course.turn.pop()] = None
        return report

    async def _roots(self, course: SessionProgress) -> Report:
        report, threads = await self._reconciler.roots(course.session_id)
        course.roots_due = False
        if course.sweep:
            course.sweep = False
            course.since, course.found = time.monotonic(), Report()
            course.waiting |= dict.fromkeys(threads)
            course.turn = []
        elif not course.turn:
            course.turn = threads
        return report

    async def _thread(self, course: SessionProgress) -> Report:
        root = next(iter(course.waiting))
        report = await self._reconciler.thread(course.session_id, root)
        course.waiting.pop(root, None)
        return report

    def _tell(self, course: SessionProgress) -> None:
        """Says, now and then, how far behind a long comparison is."""
        now = time.monotonic()
        left = len(course.waiting)
        if not left or now - max(course.told_at, course.since) < TELL_EVERY_SECONDS:
            return
        course.told_at = now
        pace = self._history.pace
        log.warning(
            "session %d: compared with Slack's history up to %s; %d threads are still to "
            "be compared, about %.0f min at Slack's pace",
            course.session_id,
            course.done_at.isoformat(timespec="seconds") if course.done_at else "nowhere yet",
            left,
            left * pace.seconds / pace.calls / 60,
        )

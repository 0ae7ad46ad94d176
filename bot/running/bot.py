"""The composition root: store + library + clock + slack edge = one running bot.

What happens is decided by the domain; here it is only brought together: files that change
become plans, moments that come become openings and closings, sessions that changed become
archives.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot import meaning, texts
from bot.errors import UserError
from bot.library.git import Repository
from bot.library.library import Library
from bot.running.attempts import Attempts, LeadLostError
from bot.running.change_watcher import ChangeWatcher
from bot.running.clock import SystemClock
from bot.running.health import Health, HealthCheck
from bot.running.ticker import Ticker
from bot.services import export
from bot.services.archiving import Archiving, folder_of
from bot.services.channels import ChannelFinder
from bot.services.commits import Commits
from bot.services.hosting import Hosting
from bot.services.indexing import Indexing
from bot.services.keeping import Keeper
from bot.services.knowledge import Knowledge
from bot.services.labels import Labels
from bot.services.members import MemberDirectory
from bot.services.notices import Notices
from bot.services.organizers import OrganizersChannel
from bot.services.planning import Planner
from bot.services.reminders import Reminding
from bot.services.schedules import Schedules
from bot.services.shared import Shared
from bot.services.upkeep import Upkeep
from bot.sessions import lifecycle
from bot.sessions.model import State
from bot.sessions.pairing import ShuttingDown
from bot.sessions.ports import Clock
from bot.settings import Settings
from bot.slack.api.gateway import Gateway, plain_client, web_client
from bot.slack.api.history import Pace
from bot.slack.edge import Edge, Refused
from bot.slack.listeners.interaction import HandlerSettings, Services
from bot.slack.notifier import SlackNotifier
from bot.slack.reconcile import Progress, Report
from bot.slack.reconcile_scheduler import ReconcileScheduler
from bot.store.database import Database
from bot.support.outage import Outage
from bot.support.tasks import Tasks, ended
from bot.texts import _
from bot.web.site.published import Published

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
"""How often a replica renews the lead, or asks whether it is free."""
LONGEST_IDLE_SECONDS = 60.0
"""A tick comes after this time even if nothing changed and nothing is planned."""
LONGEST_TICK = timedelta(minutes=2)
"""A tick that takes longer hangs; its replica lets the lead run out."""
INDEX_AFTER_CHECKS = 12
"""After how many checks of what is due the index of answered questions is brought up to date."""
MODEL_THREADS = 1
"""Processor cores that comparing what texts mean may take; the others are for those who wait."""


class Bot:
    """One running bot. `clock` is the time its sessions live in; posts and retries wait in real
    time whatever it shows.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock | None = None):
        self.settings = settings
        self.database = database
        self.clock = clock or SystemClock()
        self.wall = SystemClock()
        self.outage = Outage(database.is_outage)
        self.leads = False
        self._stop = asyncio.Event()
        self._ended: UserError | None = None
        self._tasks = Tasks(self.outage.met)
        self._ticking = asyncio.Lock()
        self._ticking_since: float | None = None
        self._leader = database.leader()
        self._attended: list[int] = []
        self._following: datetime | None = None
        self._idle_since: float | None = None
        self._idle_state = (0, 0)
        self._ticker = Ticker(self.clock, self._look, settings.sweep_interval)
        self._health = HealthCheck(database, self.wall, self.outage, self._tasks)
        self._upkeep = Upkeep(database, self.wall, settings.retention)
        self.model = meaning.load(settings.meaning, MODEL_THREADS)
        self._indexing = Indexing(settings, database, self.model)
        published = Published(settings.site_folder, settings.site_url)
        notifier = SlackNotifier(
            settings.website,
            settings.organizers,
            None,
            acknowledging=settings.acknowledge,
            site_url=settings.site_url,
        )
        self._knowledge = Knowledge(self.model, slack=notifier.link, page=published.page)
        token, url = _secret(settings.slack_bot_token), settings.slack_api_url
        gateway = Gateway(web_client(token, url), plain_client(token, url))
        notices = Notices(database, self.clock, self.wall, notifier, self.outage)
        self._attempts = Attempts(
            self.outage.explains,
            notices.held_up,
            lambda key, text: asyncio.to_thread(notices.tell, key, text),
            notices.over,
        )
        self.members = MemberDirectory(
            database,
            gateway,
            self.wall,
            self.outage,
            lambda: self.leads,
            notices.tell,
            notices.over,
        )
        self.channels = ChannelFinder(database, gateway, notices.renamed)
        self._organizers = OrganizersChannel(
            settings.organizers_channel, self.channels, gateway, notifier, notices, self.outage
        )
        self._labels = Labels(
            database, gateway, self.channels, notifier, notices.waits, self.outage
        )
        self.schedules = Schedules(
            settings,
            database,
            self.clock,
            notifier,
            notices,
            self.members,
            self.channels,
            self._tasks,
            self._stop,
            self._follow,
        )
        self.commits = Commits(repository(settings), database, self.clock, self.wall, notices.tell)
        # Archives that lie elsewhere may lie in another repository.
        self.archive_commits = self.commits
        if settings.archive_dir is not None:
            folder = settings.archive_dir
            self.archive_commits = Commits(
                repository(settings, folder), database, self.clock, self.wall, notices.tell
            )
        self.edge = Edge(
            database,
            self.clock,
            self.wall,
            notifier,
            Services(
                Planner(
                    self.schedules,
                    database,
                    self.commits,
                    self.clock,
                    self.members.find,
                ),
                export.text_of,
                self._upkeep.owe_wipe,
                self._knowledge,
            ),
            gateway,
            settings.post_interval,
            self.outage,
            notices.waits,
            _secret(settings.slack_signing_secret) or None,
            settings.rate_regime,
            self._connected,
            self._contents,
            HandlerSettings(
                organizers=frozenset(settings.organizers),
                votes=settings.vote_reactions,
                winners_weeks=settings.winners_weeks,
                unthreaded=settings.unthreaded,
                apps_left_out=frozenset(settings.apps_left_out),
                suggest_answers=settings.suggest_answers,
                find=settings.find,
                point_to_answers=settings.point_to_answers,
            ),
            self.model,
            self._end,
            lambda: self.leads,
        )
        self.scheduler = ReconcileScheduler(
            self.edge.reconciler,
            self.edge.history,
            self._watched,
            lambda: self.leads,
            settings.reconcile_interval,
            self.clock.now,
            self.outage,
            notices.waits,
            self._history_of,
        )
        shared = Shared(settings, database, self.clock, self.schedules, self.edge, notices)
        self.hosting = Hosting(shared, self._upkeep.owe_wipe, self.scheduler.unsure)
        self.archiving = Archiving(shared, self.archive_commits, self.model)
        self.reminding = Reminding(shared)
        self.changes = ChangeWatcher(
            database,
            self.outage,
            (self.members.forget, self.edge.wake, self.scheduler.wake),
            settings.sweep_interval,
        )

    @property
    def library(self) -> Library:
        """What the schedule files plan, as they were last read."""
        return self.schedules.library

    async def start(self) -> None:
        """Connects and begins. Raises UserError, one line, for what a person must mend first.

        While Slack cannot be reached it waits. Envelopes are taken from the first moment on;
        what else there is to do at a start is done beside.
        """
        self.settings.require_slack()
        texts.use(self.settings.language)
        if self.settings.archive_dir is not None:
            folder_of(self.settings.archive_dir)
        await asyncio.to_thread(self.commits.check)
        await asyncio.to_thread(self.archive_commits.check)
        self.database.reserve()
        if not self.database.shared:
            with self.database.unit_of_work() as uow:
                uow.outbox.release(uow.outbox.now(self.wall.now()))
        log.info(
            "answers are compared with questions by %s",
            "meaning and words" if self.model else "words only",
        )
        edge = self.edge
        try:
            await edge.identify()
            await asyncio.to_thread(self._labels.remember_address)
            await self._organizers.remember()
            await self.schedules.read()
            edge.start()
            if self.settings.port is None:
                await edge.connect(_secret(self.settings.slack_app_token))
        except Refused as error:
            await edge.stop()
            raise UserError(str(error)) from None
        except BaseException:
            await edge.stop()
            raise
        tasks = self._tasks
        tasks.start(self.changes.run(), "changes")
        tasks.start(self.scheduler.run(), "reconcile")
        tasks.start(self.members.run(), "members")
        tasks.keep(self.schedules.watch, "watch")
        tasks.keep(self._organizers.find, "organizers")
        tasks.keep(self._labels.learn, "labels")
        tasks.keep(self._keep_index, "index")
        if self.database.shared:
            tasks.start(self._keep_lead(), "lead")
        self._log_start()
        self._ticker.start()

    async def stop(self) -> None:
        """Ends; what is not done stays stored."""
        self._stop.set()
        if self.model is not None:
            self.model.close()
        await self._ticker.stop()
        await self._tasks.stop()
        await ended(self.archiving.readings.values())
        for commits in {self.commits, self.archive_commits}:  # mostly the same
            await commits.stop()
        async with self._ticking:
            await self.channels.stop()
            await self.edge.stop()
        self.leads = False
        self._leader.release()

    async def wait(self) -> None:
        """Returns when `stop` is called. Raises UserError, one line, when the bot cannot go on."""
        await self._stop.wait()
        if self._ended is not None:
            raise self._ended

    def _end(self, error: Refused) -> None:
        """Slack does not accept us any more: whoever waits for the bot's end hears why."""
        self._ended = UserError(str(error))
        self._stop.set()

    def _log_start(self) -> None:
        """Says in the log who runs here, on what, and what comes next."""
        edge, now = self.edge, self.clock.now()
        log.info(
            "connected to the workspace %s as %s; the database is %s",
            edge.workspace,
            edge.bot_name,
            self.database.place,
        )
        coming = [e for e in self.library.events.values() if e.end > now]
        if not coming:
            log.info("no events are planned in %s", self.settings.schedules)
            return
        first = min(coming, key=lambda e: (e.start, e.id))
        log.info(
            "%d %s planned; %s: %s, %s to %s in #%s",
            len(coming),
            "event is" if len(coming) == 1 else "events are",
            "open now" if first.start <= now else "next",
            first.id,
            f"{first.start:%F %H:%M}",
            f"{first.end:%F %H:%M} UTC",
            (first.channel or self.settings.channel).lstrip("#"),
        )

    async def health(self) -> Health:
        """How it is, asked of the database now."""
        edge = self.edge
        courses = list(self.scheduler.courses.values())
        done = [c.done_at for c in courses]
        numbers: dict[str, float] = {}
        if self.leads:
            numbers["reconcile_waiting"] = sum(len(c.waiting) for c in courses)
        if self.leads and done and all(done):
            ago = self.clock.now() - min(d for d in done if d)
            numbers["reconcile_age"] = max(0.0, ago.total_seconds())
        known = Health(
            received=edge.writer.received,
            handled=edge.worker.handled,
            leads=self.leads,
            connected=edge.socket is None or await edge.socket.stands(),
            waits=tuple(edge.waits.lines),
            numbers=numbers,
        )
        return await self._health.complete(known)

    # What is due

    async def tick(self) -> datetime | None:
        """Does what is due, on the one replica that leads; gives the next planned moment."""
        async with self._ticking:
            self._ticking_since = time.monotonic()
            try:
                return await self._do_all_due()
            finally:
                self._ticking_since = None

    async def _keep_lead(self) -> None:
        """Renews the lead while this process is well, and takes it over where it is free.

        It must not depend on the ticks, which may wait for Slack; but when a tick hangs the lead
        is left to run out.
        """
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            since = self._ticking_since
            if since is not None and time.monotonic() > since + LONGEST_TICK.total_seconds():
                continue
            try:
                held = await asyncio.to_thread(self._leader.acquire)
            except SQLAlchemyError as error:
                self.outage.met(error)
                held = False
            if not held:
                self.leads = False
            elif not self.leads and not self._ticking.locked():
                self._tasks.start(self._look(), "tick")

    async def _must_lead(self) -> None:
        """Raises LeadLostError unless the lead is ours: asked before each thing done once."""
        if not await asyncio.to_thread(self._leader.holds):
            self.leads = False
            raise LeadLostError("another replica leads now")

    async def _do_all_due(self) -> datetime | None:
        if not await asyncio.to_thread(self._leader.acquire):
            self.leads = False
            return None
        if not self.leads:
            self.leads = True
            await asyncio.to_thread(self._take_over)
        await self._attempt("organizers", self._organizers.wait)
        await self._attempt("authors", self.schedules.find_authors)
        await self._attempt("plans", self.schedules.plan)
        for due in await asyncio.to_thread(self.hosting.due):
            await self._attempt(
                f"session {due.session_id} {due.step}", partial(self.hosting.do, due)
            )
        # Their mornings are in their own zones, which Slack says.
        self.edge.names.enqueue(await asyncio.to_thread(self.hosting.unknown_authors))
        self._attended = await asyncio.to_thread(self.hosting.to_attend)
        for session_id in self._attended:
            attend = partial(asyncio.to_thread, self.hosting.attend, session_id)
            await self._attempt(f"session {session_id} questions and digests", attend)
        await self.reminding.poll(self._attempt)
        await self.archiving.poll(self._attempt)
        await self._must_lead()
        self.commits.poll()
        self.archive_commits.poll()
        await self._attempt("wiping", partial(asyncio.to_thread, self._upkeep.wipe))
        await self._attempt("pruning", partial(asyncio.to_thread, self._upkeep.prune))
        return await asyncio.to_thread(self._next)

    async def _attempt(self, key: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Does one due thing, if this replica still leads; its failure holds up no other."""
        await self._must_lead()
        return await self._attempts.run(key, work)

    async def _look(self) -> datetime | None:
        """A tick whose failures are told once and tried again at the next."""
        if self._is_idle():
            return self._following
        state, self._idle_since = self._state(), None
        try:
            if self.outage.lasts:
                await asyncio.to_thread(self.database.probe)
                self.outage.over()
            following = await self.tick()
        except LeadLostError as error:
            log.info("%s", error)
        except ShuttingDown:
            return None
        except Exception as error:
            if not self.outage.met(error):
                raise
        else:
            if self._has_nothing_left():
                self._idle_state, self._idle_since = state, time.monotonic()
            self._following = following
            return following
        return None

    def _is_idle(self) -> bool:
        """Whether a tick would do nothing, as nothing changed since the last one and nothing is due.

        After a minute there is one anyway: some things become due by the clock of another time zone.
        """
        return (
            self._idle_since is not None
            and self._idle_state == self._state()
            and time.monotonic() < self._idle_since + LONGEST_IDLE_SECONDS
            and (self._following is None or self.clock.now() < self._following)
            and not self.outage.lasts
            and self._has_nothing_left()
        )

    def _state(self) -> tuple[int, int]:
        """Changes when the database or the schedule files do."""
        return self.changes.generation, self.schedules.revision

    def _has_nothing_left(self) -> bool:
        """Whether nothing of a tick is to be done again at the next."""
        return (
            self.leads
            and not self.schedules.waits
            and not self._upkeep.must_wipe
            and not self._attended
            and not self._attempts.waiting
            and not self.archiving.waits
            and not self.commits.waits
            and not self.archive_commits.waits
        )

    def _take_over(self) -> None:
        """The lead is ours now: everything is planned again."""
        self.schedules.plan_all_again()
        self.scheduler.unsure()
        if self.database.shared:
            log.info("this replica is the leader")

    def _next(self) -> datetime | None:
        with self.database.reading() as uow:
            waiting = uow.sessions.all((State.SCHEDULED, State.OPEN))
        moments = (
            lifecycle.next_moment(waiting),
            self.reminding.next_moment(waiting),
        )
        return min((moment for moment in moments if moment), default=None)

    # Reconciliation

    def _connected(self) -> None:
        """A new connection stands; what happened before it did may have been missed."""
        self.scheduler.unsure()

    def _contents(self, name: str) -> bytes:
        return self.archiving.contents(name)

    def _history_of(self, session_id: int) -> str:
        with self.database.reading() as uow:
            session = uow.sessions.get(session_id)
        title = session.event.title if session is not None else str(session_id)
        return _("the history of “{title}”", title=title)

    def _watched(self) -> list[int]:
        """Sessions that are compared with Slack's history."""
        now, catch_up = self.clock.now(), self.schedules.catch_up_time
        with self.database.reading() as uow:
            found = uow.sessions.begun_since(now - catch_up)
        return [s.id for s in found if s.is_watched(now, catch_up)]

    async def reread(self) -> None:
        """Reads the folder now, without waiting for notices, and does what follows from it."""
        await self.schedules.read()
        await self._follow()

    async def _follow(self) -> None:
        """Does what follows from a change of the files."""
        self._idle_since = None
        await self._look()

    async def _keep_index(self) -> None:
        """Brings the index of answered questions up to date after what changed."""
        await self.database.read(self._knowledge.load)
        pause = INDEX_AFTER_CHECKS * self.settings.sweep_interval
        before: tuple[int, int] | None = None
        while True:
            now = self._state()
            if self.leads and before != now:
                await asyncio.to_thread(self._indexing.update, self.library, now[1])
                self.edge.homes.touch()  # queues show what was answered before
                before = now
            await asyncio.sleep(pause)


async def reconcile(
    settings: Settings,
    database: Database,
    session_id: int,
    tell: Callable[[Progress, Pace], None],
) -> Report:
    """Compares one session with Slack's history, every thread of it, beside a bot that may run.

    `tell` hears how far it is, and how fast Slack lets it go on.
    Raises UserError for a token that Slack refuses, SlackApiError where it shows no history.
    """
    texts.use(settings.language)
    edge = Bot(settings, database).edge
    try:
        await edge.identify()
    except Refused as error:
        raise UserError(str(error)) from None
    names = asyncio.create_task(edge.names.run(), name="names")
    try:
        edge.reconciler.tell = lambda progress: tell(progress, edge.history.pace)
        report = await edge.reconciler.whole(session_id)
        await edge.linker.drain()
        await edge.names.wait_idle()
        return report
    finally:
        names.cancel()


def repository(settings: Settings, folder: Path | None = None) -> Repository | None:
    """The Git repository that a folder (the schedules) is committed to, None where it is not."""
    if not settings.git_commit:
        return None
    beside = settings.files_dir if Keeper(settings).is_on else None
    return Repository(
        folder or settings.schedules, settings.git_remote, settings.git_branch, beside
    )


def _secret(value: Any) -> str:
    return str(value.get_secret_value()) if value is not None else ""

"""The composition root: store + library + clock + slack edge = one running bot.

What happens is decided by the domain; here it is only brought together: files that change
become plans, moments that come become openings and closings, sessions that changed become
archives.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from sqlalchemy.exc import SQLAlchemyError

from bot import meaning, texts
from bot.errors import UserError
from bot.library.git import Repository
from bot.library.library import Changes, Library, diff, load
from bot.library.problem import Problem
from bot.library.watch import watch
from bot.running.attempts import Attempts, LeadLostError
from bot.running.change_watcher import ChangeWatcher
from bot.running.clock import SystemClock
from bot.running.health import Health
from bot.running.ticker import Ticker
from bot.services import export, knowledge
from bot.services.archiving import Archiving, folder_of
from bot.services.channels import ChannelFinder
from bot.services.commits import Commits
from bot.services.keeping import Keeper
from bot.services.knowledge import Knowledge
from bot.services.members import MemberDirectory
from bot.services.planning import Planner
from bot.services.reminders import Reminding
from bot.sessions import asking, digests, lifecycle
from bot.sessions.lifecycle import Due, Step
from bot.sessions.model import Author, Event, Session, State
from bot.sessions.pairing import ShuttingDown
from bot.sessions.ports import Clock
from bot.settings import Settings
from bot.slack import erasing
from bot.slack.api.gateway import ChannelTrouble, reason_of
from bot.slack.api.history import Pace
from bot.slack.edge import Edge, Refused
from bot.slack.listeners.interaction import HandlerSettings, Services
from bot.slack.notifier import SlackNotifier
from bot.slack.outbox import channel_trouble
from bot.slack.reconcile import Progress, Report
from bot.slack.reconcile_scheduler import ReconcileScheduler
from bot.slack.waiting import WaitsForSlack
from bot.store.database import Database
from bot.support.cancelling import ended
from bot.support.outage import Outage
from bot.texts import _

log = logging.getLogger(__name__)

T = TypeVar("T")

CATCH_UP_SECONDS = 20.0
"""Seconds that a session's close waits for the comparison with Slack's history."""
PRUNE_EVERY = timedelta(hours=1)
WIPE_EVERY = timedelta(minutes=10)
"""How often PostgreSQL's tables are written anew at most, which keeps others waiting."""
KEEP_ENVELOPES = timedelta(days=7)
"""How long an envelope is known after it was handled; Slack repeats one for some minutes."""
READ_LABELS_AGAIN_SECONDS, LONGEST_LABELS_AGAIN = 30.0, 600.0
"""Seconds before names are asked for again that could not be read: at first, and at most."""
PLAN_WITHIN_SECONDS = 1.5
"""How long the answer to who changed a schedule file waits until the change is planned."""
HEARTBEAT_SECONDS = 2.0
"""How often a replica renews the lead, or asks whether it is free."""
HEALTH_WITHIN_SECONDS = 4.0
"""How long the database may take to answer for `/readyz`; probes wait about five seconds."""
LONGEST_IDLE_SECONDS = 60.0
"""A tick comes after this time even if nothing changed and nothing is planned."""
LONGEST_TICK = timedelta(minutes=2)
"""A tick that takes longer hangs; its replica lets the lead run out."""
BEGINS_AGAIN_SECONDS = 2.0
"""How long what goes on all the time, and failed, is left alone."""
ORGANIZERS_AGAIN = 60.0
"""Seconds until the organizers' channel is looked for again that cannot be used."""
ORGANIZERS_WAIT_SECONDS = 5.0
"""Seconds for which what is due waits at a start until the organizers' channel is found."""
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
        self.library = Library(settings.schedules)
        self.leads = False
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._ticking = asyncio.Lock()
        self._ticking_since: float | None = None
        self._reading = asyncio.Lock()
        self._beside: set[asyncio.Task[Any]] = set()
        self._leader = database.leader()
        self._unplanned: dict[str, Event] = {}
        self._withdrawn: dict[str, None] = {}
        self._problems: list[Problem] = []
        self._told: dict[str, str] = {}
        self._pruned_at: datetime | None = None
        self._asking: asyncio.Task[dict[str, Any]] | None = None
        self._attended: list[int] = []
        self._following: datetime | None = None
        self._idle_since: float | None = None
        self._idle_generation = 0
        self._unindexed: frozenset[str] = frozenset()
        self._must_wipe = True  # a predecessor may have been killed before it did
        self._wiped_at = datetime.min.replace(tzinfo=UTC)
        self._attempts = Attempts(
            self.outage.explains,
            self._held_up,
            lambda key, text: asyncio.to_thread(self._tell, key, text),
            self._over,
        )
        self._ticker = Ticker(self.clock, self._look, settings.sweep_interval)
        self.members = MemberDirectory(
            database,
            lambda: self.edge.gateway,
            self.wall,
            self.outage,
            lambda: self.leads,
            self._tell,
            self._over,
        )
        self.channels = ChannelFinder(database, lambda: self.edge.gateway, self._renamed)
        self._organizers_found = asyncio.Event()
        self._ended: UserError | None = None
        self.model = meaning.load(settings.meaning, MODEL_THREADS)
        self.commits = Commits(repository(settings), database, self.clock, self.wall, self._tell)
        self.plans = Planner(
            lambda: self._load(self.library),
            self._changed,
            database,
            self.commits,
            self.clock,
            settings.channel,
            self.members.find,
        )
        # Archives that lie elsewhere may lie in another repository.
        self.archive_commits = self.commits
        if settings.archive_dir is not None:
            folder = settings.archive_dir
            self.archive_commits = Commits(
                repository(settings, folder), database, self.clock, self.wall, self._tell
            )
        self.archiving = Archiving(
            settings,
            database,
            self.clock,
            lambda: self.library,
            lambda: self.edge,
            self.archive_commits,
            self.model,
            self._tell,
            self._over,
        )
        self.reminding = Reminding(
            settings,
            database,
            self.clock,
            lambda: self.library,
            lambda: self.edge,
            self._tell,
            self._channel_trouble,
        )

    async def start(self) -> None:
        """Connects and begins. Raises UserError, one line, for what a person must mend first.

        While Slack cannot be reached it waits. Envelopes are taken from the first moment on;
        what else there is to do at a start is done beside.
        """
        self.settings.require_slack()
        if self.settings.archive_dir is not None:
            folder_of(self.settings.archive_dir)
        await asyncio.to_thread(self.commits.check)
        await asyncio.to_thread(self.archive_commits.check)
        self.database.reserve()
        if not self.database.shared:
            with self.database.unit_of_work() as uow:
                uow.outbox.release()
        log.info(
            "answers are compared with questions by %s",
            "meaning and words" if self.model else "words only",
        )
        self.edge = edge = self._edge()
        try:
            await edge.identify()
            await asyncio.to_thread(self._remember_workspace)
            await self._remember_organizers()
            await self._read_again()
            edge.start()
            self.scheduler = self._reconcile_scheduler()
            if self.settings.port is None:
                await edge.connect(_secret(self.settings.slack_app_token))
        except Refused as error:
            await edge.stop()
            raise UserError(str(error)) from None
        except BaseException:
            await edge.stop()
            raise
        self.changes = ChangeWatcher(
            self.database,
            self.outage,
            (self.members.forget, edge.wake, self.scheduler.wake),
            self.settings.sweep_interval,
        )
        self._tasks = [
            self._task(self.changes.run(), "changes"),
            self._task(self._lasting(self._watch, "watch"), "watch"),
            self._task(self.scheduler.run(), "reconcile"),
            self._task(self._lasting(self._find_organizers, "organizers"), "organizers"),
            self._task(self._lasting(self._learn, "labels"), "labels"),
            self._task(self._lasting(self._keep_index, "index"), "index"),
            self._task(self.members.run(), "members"),
        ]
        if self.database.shared:
            self._tasks.append(self._task(self._keep_lead(), "lead"))
        self._log_start()
        self._ticker.start()

    async def stop(self) -> None:
        """Ends; what is not done stays stored."""
        self._stop.set()
        if self.model is not None:
            self.model.close()
        await self._ticker.stop()
        asking = [self._asking] if self._asking is not None else []
        await ended([*self._tasks, *self._beside, *asking, *self.archiving.readings.values()])
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
        age = None
        if self.leads and done and all(done):
            age = max(0.0, (self.clock.now() - min(d for d in done if d)).total_seconds())
        known = Health(
            received=edge.writer.received,
            handled=edge.worker.handled,
            leads=self.leads,
            connected=edge.socket is None or await edge.socket.stands(),
            database=False,
            reconcile_age=age,
            reconcile_waiting=sum(len(c.waiting) for c in courses) if self.leads else None,
            waits=tuple(edge.waits.lines),
        )
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(asyncio.to_thread(self._numbers), name="health")
        answered, _ = await asyncio.wait({self._asking}, timeout=HEALTH_WITHIN_SECONDS)
        if not answered:
            return known
        try:
            return replace(known, **self._asking.result())
        except SQLAlchemyError as error:
            self.outage.met(error)
            return known

    def _numbers(self) -> dict[str, Any]:
        """What the database says of the bot's health, by the names of the fields of Health."""
        with self.database.reading() as uow:
            running, last = uow.member_names.running_listing(), uow.member_names.last_listing()
            listing = running or last
            listed_at = last.finished_at if last is not None else None
            since = uow.inbox.waiting_since()
            counts = uow.outbox.counts()
            lag = (self.wall.now() - since).total_seconds() if since is not None else 0.0
            return {
                # A full disk can be read from: only writing tells.
                "database": not self.outage.lasts,
                "inbox": uow.inbox.depth(),
                "lag": max(0.0, lag),
                "parked": uow.inbox.parked(),
                "outbox": uow.outbox.depth(),
                "held": counts.get("held", 0),
                "given_up": counts.get("failed", 0),
                "blocked": len(uow.outbox.troubles()),
                "member_listing": running is not None,
                "members_listed": listing.members if listing is not None else 0,
                "members_age": (
                    max(0.0, (self.wall.now() - listed_at).total_seconds())
                    if listed_at is not None
                    else None
                ),
            }

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
                beside = self._task(self._look(), "tick")
                self._beside.add(beside)
                beside.add_done_callback(self._beside.discard)

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
        await self._attempt("organizers", self._wait_for_organizers)
        await self._attempt("authors", self._find_authors)
        await self._attempt("plans", self._plan_again)
        for due in await asyncio.to_thread(self._due):
            await self._attempt(f"session {due.session_id} {due.step}", partial(self._do, due))
        # Their mornings are in their own zones, which Slack says.
        self.edge.names.enqueue(await asyncio.to_thread(self._unknown_authors))
        self._attended = await asyncio.to_thread(self._to_attend)
        for session_id in self._attended:
            attend = partial(asyncio.to_thread, self._attend, session_id)
            await self._attempt(f"session {session_id} questions and digests", attend)
        await self.reminding.poll(self._attempt)
        await self.archiving.poll(self._attempt)
        await self._must_lead()
        self.commits.poll()
        self.archive_commits.poll()
        await self._attempt("wiping", partial(asyncio.to_thread, self._wipe))
        await self._attempt("pruning", partial(asyncio.to_thread, self._prune))
        return await asyncio.to_thread(self._next)

    async def _attempt(self, key: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Does one due thing, if this replica still leads; its failure holds up no other."""
        await self._must_lead()
        return await self._attempts.run(key, work)

    async def _look(self) -> datetime | None:
        """A tick whose failures are told once and tried again at the next."""
        if self._is_idle():
            return self._following
        generation, self._idle_since = self.changes.generation, None
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
                self._idle_generation, self._idle_since = generation, time.monotonic()
            self._following = following
            return following
        return None

    def _is_idle(self) -> bool:
        """Whether a tick would do nothing, as nothing changed since the last one and nothing is due.

        After a minute there is one anyway: some things become due by the clock of another time zone.
        """
        return (
            self._idle_since is not None
            and self._idle_generation == self.changes.generation
            and time.monotonic() < self._idle_since + LONGEST_IDLE_SECONDS
            and (self._following is None or self.clock.now() < self._following)
            and not self.outage.lasts
            and self._has_nothing_left()
        )

    def _has_nothing_left(self) -> bool:
        """Whether nothing of a tick is to be done again at the next."""
        return (
            self.leads
            and not self._unplanned
            and not self._withdrawn
            and not self._problems
            and not self._must_wipe
            and not self._attended
            and not self._attempts.waiting
            and not self.archiving.waits
            and not self.commits.waits
            and not self.archive_commits.waits
        )

    async def _held_up(self, key: str, error: Exception) -> None:
        """Something that is due waits for Slack."""
        why = reason_of(error)
        text = _("The bot is waiting because Slack refuses its requests: {reason}.", reason=why)
        await self.edge.waits.failed(key, error, text)

    def _take_over(self) -> None:
        """The lead is ours now: everything is planned again, and nothing is taken for sure.

        A file that was removed while nobody led is noticed here; an empty folder is more likely
        one that is not there yet.
        """
        events, broken = self.library.events, self.library.broken
        self._unplanned.update(events)
        with self.database.reading() as uow:
            planned = uow.sessions.all((State.SCHEDULED,))
        if events or broken:
            gone = [s.event.id for s in planned if s.event.id not in {*events, *broken}]
            self._withdrawn.update(dict.fromkeys(gone))
        self._problems += [p for p in self.library.problems if p.is_error]
        self.scheduler.unsure()
        if self.database.shared:
            log.info("this replica is the leader")

    def _wipe(self) -> None:
        """Removes what closed sessions forgot from the database's files, as soon as nobody reads."""
        if self._must_wipe and self.database.wipe():
            self._must_wipe = False
        if self.database.shared and self.wall.now() >= self._wiped_at + WIPE_EVERY:
            self._wiped_at = self.wall.now()
            self._wipe_whole()

    def _wipe_whole(self) -> None:
        """Writes PostgreSQL's tables anew if somebody was erased since that was last done."""
        with self.database.reading() as uow:
            is_owed = erasing.owes_wipe(uow)
        if is_owed and self.database.wipe(whole=True):
            with self.database.unit_of_work() as uow:
                erasing.wiped(uow)
            log.info("erased data was removed from the files of the database")

    def _owe_wipe(self) -> None:
        self._must_wipe = True

    def _prune(self) -> None:
        """Forgets, once an hour, envelopes that Slack will not repeat any more."""
        now = self.wall.now()
        if self._pruned_at is not None and now < self._pruned_at + PRUNE_EVERY:
            return
        self._pruned_at = now
        with self.database.unit_of_work() as uow:
            uow.inbox.prune(now - KEEP_ENVELOPES)
        count = self.database.prune(now - timedelta(days=self.settings.retention))
        if count:
            log.info("deleted %d rows that are no longer needed", count)

    def _unknown_authors(self) -> set[str]:
        """Authors of open sessions of whom nothing is known: they wrote nothing yet."""
        with self.database.reading() as uow:
            authors = {a for s in uow.sessions.all((State.OPEN,)) for a in s.author_ids}
            return uow.people.unknown(authors) if authors else set()

    def _to_attend(self) -> list[int]:
        """Open sessions with questions that were sent ahead, or with a digest that is due."""
        now = self.clock.now()
        with self.database.reading() as uow:
            return [
                s.id
                for s in uow.sessions.all((State.OPEN,))
                if uow.members.submissions(s.id, "waiting")
                or digests.due(uow, s.id, now, self.settings.digest_hour)
            ]

    def _attend(self, session_id: int) -> None:
        """Posts questions that were sent ahead, and sends the authors' digests."""
        now = self.clock.now()
        apart = timedelta(seconds=self.settings.sent_ahead_interval)
        with self.database.unit_of_work() as uow:
            session = uow.sessions.get(session_id)
            if session is None:
                return
            asking.release(uow, self.edge.notifier, session, now, apart)
            digests.send(
                uow,
                self.edge.notifier,
                session,
                now,
                self.settings.digest_hour,
                self.settings.vote_reactions,
            )

    def _due(self) -> list[Due]:
        with self.database.reading() as uow:
            waiting = uow.sessions.all((State.SCHEDULED, State.OPEN))
            return lifecycle.due(waiting, self.clock.now())

    def _next(self) -> datetime | None:
        with self.database.reading() as uow:
            waiting = uow.sessions.all((State.SCHEDULED, State.OPEN))
        moments = (
            lifecycle.next_moment(waiting),
            self.reminding.next_moment(waiting),
        )
        return min((moment for moment in moments if moment), default=None)

    async def _do(self, due: Due) -> None:
        session = await asyncio.to_thread(self._session, due.session_id)
        if session is None:
            return
        try:
            if due.step is Step.OPEN:
                await self.edge.gateway.join(session.channel)
                await asyncio.to_thread(self._open, due.session_id)
                return
            if due.step is Step.MISSED:
                await self.edge.gateway.join(session.channel)
                await asyncio.to_thread(self._adopt, due.session_id)
        except ChannelTrouble as error:
            await asyncio.to_thread(self._channel_trouble, session, error)
            if due.step is not Step.CLOSE:
                return
        await self._catch_up(due.session_id)
        await asyncio.to_thread(self._close, due.session_id)

    def _channel_trouble(self, session: Session, error: ChannelTrouble) -> None:
        """One notice for a channel, whoever meets its trouble first."""
        if error.code:
            with self.database.unit_of_work() as uow:
                channel_trouble(uow, self.edge.notifier, error.channel, error.code, self.wall.now())
        else:
            self._tell(
                f"session {session.id} trouble",
                _("“{title}”: {error}.", title=session.event.title, error=error),
            )

    def _session(self, session_id: int) -> Session | None:
        with self.database.reading() as uow:
            return uow.sessions.get(session_id)

    def _open(self, session_id: int) -> None:
        with self.database.unit_of_work() as uow:
            session = uow.sessions.get(session_id)
            is_open = session is not None and lifecycle.open_session(
                uow, self.edge.notifier, session, self.clock.now()
            )
        if session is not None and is_open:
            log.info(
                "session %d on %s is open in %s", session.id, session.event.id, session.channel
            )

    def _adopt(self, session_id: int) -> None:
        with self.database.unit_of_work() as uow:
            session = uow.sessions.get(session_id)
            if session is not None:
                lifecycle.adopt_missed(uow, session, self.clock.now())
        if session is not None:
            log.info(
                "session %d on %s was missed; collecting its messages from Slack's history",
                session.id,
                session.event.id,
            )

    def _close(self, session_id: int) -> None:
        with self.database.unit_of_work() as uow:
            session = uow.sessions.get(session_id)
            is_closed = session is not None and lifecycle.close_session(
                uow, self.edge.notifier, session, self.clock.now()
            )
        if session is not None and is_closed:
            log.info("session %d on %s is closed", session.id, session.event.id)
        self._must_wipe = True

    # Reconciliation

    async def reconcile(self, session_id: int, tell: Callable[[Progress, Pace], None]) -> Report:
        """Compares one session with Slack's history without being started. Raises Refused."""
        self.edge = self._edge()
        await self.edge.identify()
        names = asyncio.create_task(self.edge.names.run(), name="names")
        try:
            history = self.edge.history
            report = await self.edge.reconciler.whole(
                session_id, lambda progress: tell(progress, history.pace)
            )
            await self.edge.linker.drain()
            await self.edge.names.wait_idle()
            return report
        finally:
            names.cancel()

    def _connected(self) -> None:
        """A new connection stands; what happened before it did may have been missed."""
        self.scheduler.unsure()

    def _reconcile_scheduler(self) -> ReconcileScheduler:
        return ReconcileScheduler(
            self.edge.reconciler,
            self.edge.history,
            self._watched,
            lambda: self.leads,
            self.settings.reconcile_interval,
            self.clock.now,
            self.outage,
            self.edge.waits,
            self._history_of,
        )

    def _history_of(self, session_id: int) -> str:
        session = self._session(session_id)
        title = session.event.title if session is not None else str(session_id)
        return _("the history of “{title}”", title=title)

    def _watched(self) -> list[int]:
        """Sessions that are compared with Slack's history."""
        now, catch_up = self.clock.now(), self._catch_up_time
        with self.database.reading() as uow:
            found = uow.sessions.begun_since(now - catch_up)
        return [s.id for s in found if s.is_watched(now, catch_up)]

    async def _catch_up(self, session_id: int) -> None:
        """Takes in what was missed before a session closes, so far as that is quick.

        What takes longer is compared after the close; the archive is then written again.
        """
        reconciler = self.edge.reconciler
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                report = await reconciler.news(session_id)
                if not self.edge.history.restricted:
                    report.add((await reconciler.roots(session_id))[0])
                await self.edge.linker.wait_idle(session_id)
        except (SlackApiError, ClientError, TimeoutError) as error:
            log.warning(
                "session %d was closed before it could be compared with Slack's history: %s",
                session_id,
                reason_of(error),
            )
        else:
            log.info("session %d compared with Slack's history: %s", session_id, report)
        self.scheduler.unsure()

    # Files

    def _load(self, previous: Library | None) -> Library:
        authors = (a for e in (previous.events.values() if previous else ()) for a in e.authors)
        with self.members.lookup({author.name for author in authors}) as find:
            return load(
                self.settings.schedules,
                default_channel=self.settings.channel,
                timezone=self.settings.timezone,
                now=self.clock.now(),
                previous=previous,
                members=find,
            )

    async def reread(self) -> None:
        """Reads the folder now, without waiting for notices, and does what follows from it."""
        await self._read_again()
        await self._look()

    async def _read_again(self) -> None:
        """Reads the folder; what is new in it is planned at the next tick.

        This alone replaces the library, so that nothing new is overlooked.
        """
        async with self._reading:
            before = self.library
            found = await asyncio.to_thread(self._load, before)
            self._idle_since = None
            self._take(found, diff(before, found))

    async def _changed(self) -> None:
        """We changed a file for somebody: it is planned before they are told that it is done.

        What follows from it is done beside. Where Slack is slow to say which channel is meant, the
        plan follows as well.
        """
        if self._stop.is_set():
            return  # it is read at the next start
        following: Coroutine[Any, Any, object]
        try:
            async with asyncio.timeout(PLAN_WITHIN_SECONDS):
                await self._read_again()
                await self._plan_changes()
        except TimeoutError:
            following = self.reread()
        else:
            following = self._look()
        task = self._task(following, "reread")
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _watch(self) -> None:
        async for _found, _changes in watch(self.library, self._load, self._stop):
            await self.reread()

    def _take(self, found: Library, changes: Changes) -> None:
        """Makes a new reading of the folder ours; it is planned at the next tick."""
        self.library = found
        self._withdrawn.update(dict.fromkeys(event.id for event in changes.removed))
        for event_id in {e.id for e in changes.added} | {e.id for _old, e in changes.changed}:
            if event_id in found.events:
                self._unplanned[event_id] = found.events[event_id]
                self._withdrawn.pop(event_id, None)
        self._problems += [p for p in changes.problems if p.is_error]
        for event_id in changes.mended:
            log.info("the schedule file %s is valid again", event_id)

    async def _find_authors(self) -> None:
        """Takes over authors who are known in Slack by now; looks for those who are not."""
        library = self.library
        names = {
            author.name
            for event in library.events.values()
            if event.id not in library.broken
            for author in self._coming(event)
            if author.slack_id is None
        }
        found = await asyncio.to_thread(self.members.many, names) if names else {}
        if found:
            await self._read_again()
            log.info("found authors in Slack: %s", ", ".join(sorted(found.values())))
        self.members.want(not names <= set(found))

    def _coming(self, event: Event) -> tuple[Author, ...]:
        """The authors who matter still: also those of a session that is yet to be made up for."""
        return event.authors if event.end + self._catch_up_time > self.clock.now() else ()

    async def _plan_again(self) -> None:
        """Plans what changed in the files, and tells what is wrong in them."""
        await self._plan_changes()
        while self._problems:
            problem = self._problems[0]
            await asyncio.to_thread(
                self._tell,
                f"problem {problem}",
                _("There is a mistake in a schedule file: {problem}", problem=problem),
            )
            del self._problems[:1]

    async def _plan_changes(self) -> None:
        """Plans what changed, and tries again what could not be: its channel was not there."""
        while self._withdrawn:
            event_id = next(iter(self._withdrawn))
            await asyncio.to_thread(self._withdraw, event_id)
            if event_id not in self.library.events:  # it may have come back meanwhile
                self._unplanned.pop(event_id, None)
            self._withdrawn.pop(event_id, None)
        if self._unplanned:
            await self._plan_all()

    async def _plan_all(self) -> None:
        self.channels.look_again()
        sessions = await asyncio.to_thread(self._sessions_of, list(self._unplanned))
        failure = None
        for event_id in list(self._unplanned):
            try:
                await self._plan(event_id, sessions.get(event_id))
            except (SlackApiError, ClientError, TimeoutError, OSError) as error:
                failure = error  # what is due of other sessions does not wait for it
        if failure is None:
            self._over("planning")
        else:
            await self._held_up("planning", failure)

    async def _plan(self, event_id: str, session: Session | None) -> None:
        """Makes the event's file the plan of its session; it stays to be done until it is."""
        event = self.library.events.get(event_id, self._unplanned[event_id])
        is_past = lifecycle.is_past(event, self.clock.now(), self._catch_up_time)
        channel: str | None = None
        if session is not None and session.state not in (State.SCHEDULED, State.CANCELLED):
            channel = session.channel  # by its ID, whatever it is called by now
        elif not is_past or session is not None:
            channel = await self._channel_of(event)
            if channel is None:
                if session is not None and session.event.channel == event.channel:
                    # The rest of the plan holds while the channel is not found.
                    await asyncio.to_thread(self._plan_in, event, session.channel)
                return
        if channel is not None:
            await asyncio.to_thread(self._plan_in, event, channel)
        if self.library.events.get(event_id, event) == event:
            self._unplanned.pop(event_id, None)

    async def _channel_of(self, event: Event) -> str | None:
        """The ID of the event's channel, None where it cannot be said (now)."""
        try:
            channel = await self.channels.find(event.channel or self.settings.channel)
        except ChannelTrouble as error:
            if event.end > self.clock.now():
                await asyncio.to_thread(
                    self._tell,
                    f"event {event.id} channel",
                    _("“{title}”: {error}.", title=event.title, error=error),
                )
            return None
        if channel is not None:
            self._over(f"event {event.id} channel")
        return channel

    def _sessions_of(self, event_ids: list[str]) -> dict[str, Session]:
        with self.database.reading() as uow:
            found = [uow.sessions.by_event(event_id) for event_id in event_ids]
        return {session.event.id: session for session in found if session is not None}

    def _renamed(self, name: str, now: str) -> None:
        """A channel is called otherwise than the settings or a file say."""
        self._tell(
            f"channel {name} renamed",
            _(
                "The channel #{name} was renamed to #{now}. The bot keeps using it; change the "
                "name in MARGINALIA_CHANNEL, MARGINALIA_ORGANIZERS_CHANNEL or the schedule files "
                "that mention it.",
                name=name,
                now=now,
            ),
        )

    def _plan_in(self, event: Event, channel: str) -> None:
        with self.database.unit_of_work() as uow:
            now, catch_up = self.clock.now(), self._catch_up_time
            lifecycle.plan(uow, self.edge.notifier, event, channel, now, catch_up)

    @property
    def _catch_up_time(self) -> timedelta:
        """How long after its end a session nobody ran is still made up for."""
        return timedelta(days=self.settings.catch_up_days)

    def _withdraw(self, event_id: str) -> None:
        with self.database.unit_of_work() as uow:
            lifecycle.withdraw(uow, self.edge.notifier, event_id, self.clock.now())

    # Slack

    def _edge(self) -> Edge:
        settings = self.settings
        texts.use(settings.language)
        secret = settings.slack_signing_secret
        notifier = SlackNotifier(
            settings.website, settings.organizers, None, acknowledging=settings.acknowledge
        )
        knowledge = Knowledge(self.model, slack=notifier.link)
        return Edge(
            self.database.unit_of_work,
            self.database.reading,
            self.clock,
            self.wall,
            notifier,
            Services(self.plans, export.text_of, self._owe_wipe, knowledge),
            _secret(settings.slack_bot_token),
            settings.slack_api_url,
            settings.post_interval,
            self.outage,
            secret.get_secret_value() if secret else None,
            settings.rate_regime,
            self._connected,
            self.archiving.contents,
            HandlerSettings(
                organizers=frozenset(settings.organizers),
                votes=settings.vote_reactions,
                digest_hour=settings.digest_hour,
                channel=settings.channel,
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
            WaitsForSlack(self.outage, self._tell, self._over),
        )

    def _remember_workspace(self) -> None:
        """Keeps the address of the workspace, so that `marginalia site` can link to messages."""
        url = self.edge.notifier.workspace_url
        with self.database.unit_of_work() as uow:
            if url and uow.labels.get("workspace", "url") != url:
                uow.labels.put("workspace", {"url": url})

    async def _remember_organizers(self) -> None:
        """Takes the channel that was the organizers' when it was last found, until it is again."""
        name = self.settings.organizers_channel
        if name is not None:
            found = await asyncio.to_thread(self.channels.led_to, name)
            self.edge.notifier.organizers_channel = found

    async def _find_organizers(self) -> None:
        """Finds and joins the organizers' channel; while that fails each organizer is written to.

        A channel that cannot be used never keeps the bot from its sessions.
        """
        key, name = "organizers channel", self.settings.organizers_channel
        while name is not None:
            notifier, trouble = self.edge.notifier, ""
            try:
                channel = await self.channels.find(name)
                if channel is None:  # a huge workspace, whose channels are still being listed
                    await self.channels.list_all()
                    continue
                await self.edge.gateway.join(channel)
                notifier.organizers_channel = channel
            except ChannelTrouble as error:
                notifier.organizers_channel, trouble = None, str(error)
            except (SlackApiError, ClientError, TimeoutError, OSError) as error:
                trouble = reason_of(error)
            except SQLAlchemyError as error:
                if not self.outage.met(error):
                    raise
                trouble = "the database cannot be used"
            self._organizers_found.set()
            if not trouble:
                self._over(key)
                return
            if self._told.get(key) != trouble:
                self._told[key] = trouble
                log.error("MARGINALIA_ORGANIZERS_CHANNEL: %s", trouble)
                if notifier.organizers_channel is None and not self.outage.lasts:
                    text = _("The organizers' channel cannot be used: {reason}.", reason=trouble)
                    await asyncio.to_thread(self._tell, f"{key} trouble", text)
            await asyncio.sleep(ORGANIZERS_AGAIN)
            self.channels.look_again()

    async def _wait_for_organizers(self) -> None:
        """Once after a start: notices wait, for a little, until it is known where they go."""
        wanted = self.settings.organizers_channel is not None
        if wanted and self.edge.notifier.organizers_channel is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._organizers_found.wait(), ORGANIZERS_WAIT_SECONDS)
            self._organizers_found.set()

    async def _learn(self) -> None:
        """Learns the names of what is no person, when Slack and the database let us."""
        gateway, waits, pause = self.edge.gateway, self.edge.waits, READ_LABELS_AGAIN_SECONDS
        reads: dict[str, Callable[[], Awaitable[None]]] = {
            _("the names of channels"): self.channels.list_all,
            _("the names of user groups"): partial(self._label, "usergroup", gateway.usergroups),
            _("the emoji of the workspace"): partial(self._label, "emoji", gateway.emoji),
            _("the address of the workspace"): partial(self._label, "workspace", self._address),
        }
        while reads:
            for what, read in list(reads.items()):
                try:
                    await read()
                except SQLAlchemyError as error:
                    if not self.outage.met(error):
                        raise
                except (SlackApiError, ClientError, TimeoutError, OSError) as error:
                    await waits.cannot_read(what, error)
                else:
                    waits.worked(what)
                    del reads[what]
            if reads:
                await asyncio.sleep(pause)
                pause = min(LONGEST_LABELS_AGAIN, 2 * pause)

    async def _address(self) -> dict[str, str]:
        """The workspace's address, from which `marginalia log` makes links."""
        return {"url": self.edge.notifier.workspace_url}

    async def _label(self, kind: str, read: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        names = await read()

        def write() -> None:
            with self.database.unit_of_work() as uow:
                uow.labels.put(kind, names)

        await asyncio.to_thread(write)

    def _tell(self, key: str, text: str) -> None:
        """A notice to the organizers, once for each text until what it is about has changed."""
        if self._told.get(key) == text:
            return
        with self.database.unit_of_work() as uow:
            now = self.clock.now()
            self.edge.notifier.tell_organizers(uow, f"{key} {now:%Y-%m-%d} {text}", text, now)
        self._told[key] = text

    def _over(self, key: str) -> None:
        """What a notice was about is over; when it comes again it is told again."""
        self._told.pop(key, None)
        self.edge.waits.worked(key)

    async def _keep_index(self) -> None:
        """Brings the index of answered questions up to date whenever something changed."""
        pause = INDEX_AFTER_CHECKS * self.settings.sweep_interval
        generation, library = -1, None
        while True:
            now = self.changes.generation, self.library
            if self.leads and (generation != now[0] or library is not now[1]):
                await asyncio.to_thread(self._index, now[1])
                generation, library = now
            await asyncio.sleep(pause)

    def _index(self, library: Library) -> None:
        settings = self.settings
        files = knowledge.sources(library, settings.archive_dir, settings.timezone)
        problems: list[str] = []
        knowledge.update(self.database, files, settings.unthreaded, on_problem=problems.append)
        for problem in problems:
            if problem not in self._unindexed:
                log.warning("not in the index of answered questions: %s", problem)
        self._unindexed = frozenset(problems)
        if self.model is not None and not self.model.is_broken:
            with suppress(ShuttingDown, UserError):  # the log says why; what is read stays
                knowledge.read_meanings(self.database, self.model)

    async def _lasting(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Does something that goes on for as long as the bot runs: what fails begins again."""
        while True:
            try:
                await work()
                return
            except Exception as error:
                if not self.outage.met(error):
                    log.exception("%s failed; starting it again", name)
            await asyncio.sleep(BEGINS_AGAIN_SECONDS)

    def _task(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=name)

        def ended(done: asyncio.Task[T]) -> None:
            if not done.cancelled() and done.exception() is not None:
                log.error("%s ended", name, exc_info=done.exception())

        task.add_done_callback(ended)
        return task


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
    bot = Bot(settings, database)
    try:
        return await bot.reconcile(session_id, tell)
    except Refused as error:
        raise UserError(str(error)) from None


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

"""Reconciliation with Slack's history: what stands in Slack's history, brought to agree with the store.

Events that Slack could deliver to nobody are gone; the history is not. Three looks, each of
which may run beside live events and may be repeated:

- **news**: what the channel shows since the last moment the two are known to agree, and the
  threads there of which Slack counts other replies than the store. Its cost depends on what is
  new.
- **roots**: all that the channel shows of the session, a page of up to 999 messages a call: edits,
  deletions and reactions there, and threads of which Slack counts other replies.
- **thread**: one thread, for edits, deletions and reactions of its replies, which nothing but the
  thread itself tells of.

`Reconciler.whole` does all three; `bot.slack.reconcile_scheduler` spreads them over time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.sessions import collect, linking
from bot.sessions.collect import Posted
from bot.sessions.model import Message, Reaction, Session, moment, ts_of
from bot.sessions.ports import ConcurrentUpdate, UnitOfWork
from bot.slack.api.history import History, Page
from bot.slack.api.incoming import (
    Deleted,
    Malformed,
    form_asker,
    message_object,
    reactions_of,
    reactors_are_listed,
    ts_in,
    users_in,
)
from bot.slack.listeners.context import Context
from bot.slack.names import Names
from bot.slack.notifier import ANSWERED
from bot.support.transactions import Transactions

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)
"""How much of what was compared already is compared again: clocks and Slack's stores differ."""
GRACE = timedelta(seconds=2)
"""A message younger than this may stand in one of Slack's stores and not yet in another."""
INSTANT = timedelta(microseconds=1)
LATE_QUESTIONS_FOR = timedelta(days=1)
"""How long after the end the bot may post what was asked in time, without the database knowing:
it was restored to before the question."""
WRITTEN_AT_ONCE = 100
"""Messages that one transaction repairs, so that nobody waits long to store an envelope."""
LONGEST_WAIT_SECONDS = 10.0
"""How long a page of the history waits for what was delivered to be handled."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison of everything is.

    `back_to` is the `ts` down to which the channel was read, newest first, None when all of it
    was; `threads` are still to be compared, one call each at least.
    """

    back_to: str | None = None
    threads: int = 0


@dataclass(slots=True)
class Report:
    """What a look found: messages that were missing or newer, and messages that are gone."""

    read: int = 0
    repaired: int = 0
    deleted: int = 0
    calls: int = 0
    skipped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.read} messages read, {self.repaired} repaired, {self.deleted} deleted"
        return text + (f", {len(self.skipped)} not understood" if self.skipped else "")

    def add(self, other: Report) -> None:
        """Takes another look's numbers in."""
        self.read += other.read
        self.repaired += other.repaired
        self.deleted += other.deleted
        self.calls += other.calls
        self.skipped += other.skipped


@dataclass(frozen=True, slots=True)
class _Item:
    """A message of the history as it would be stored, and who reacted to it."""

    posted: Posted
    reactions: set[Reaction]
    complete: bool


@dataclass(eq=False)
class Reconciler:
    """Compares sessions with Slack's history.

    All looks raise SlackApiError where Slack refuses (the bot is not in the channel, …), and
    what the store raises.
    """

    _database: Transactions
    _history: History
    _context: Context
    _names: Names
    _queued: Callable[[], None]
    _caught_up: Callable[[float], Awaitable[None]]
    tell: Callable[[Progress], None] = lambda progress: None
    """Hears how far a comparison is."""
    _holds: set[int] = field(default_factory=set, init=False)
    _counted: dict[tuple[str, str], tuple[object, object]] = field(default_factory=dict, init=False)

    async def whole(self, session_id: int) -> Report:
        """Everything about a session, however long that takes."""
        report = await self.news(session_id)
        found, waiting = await self.roots(session_id)
        report.add(found)
        for number, root in enumerate(waiting):
            self.tell(Progress(threads=len(waiting) - number))
            report.add(await self.thread(session_id, root))
        return report

    async def news(self, session_id: int) -> Report:
        """What the channel shows since the last moment the two are known to agree."""
        report = Report()
        session = await self._database.read(lambda uow: uow.sessions.get(session_id))
        if session is None or session.collects_from is None:
            return report
        began = self._context.clock.now()
        since = session.collects_from
        if session.reconciled_ts is not None:
            since = max(since, moment(session.reconciled_ts) - OVERLAP)
        await self._channel(session, ts_of(since), report)
        try:
            await self._database.write(_agree, session_id, ts_of(began))
        except ConcurrentUpdate:
            log.debug("session %d changed in the meantime; comparing it again", session_id)
        return report

    async def roots(self, session_id: int) -> tuple[Report, list[str]]:
        """All that the channel shows of the session.

        Gives its threads too (the `ts` of their roots), those that were active last first;
        those of which Slack counts other replies than the store are compared at once.
        """
        report = Report()
        session = await self._database.read(lambda uow: uow.sessions.get(session_id))
        if session is None or session.collects_from is None:
            return report, []
        marks: dict[str, bool] = {}
        oldest = await self._database.read(_earliest, session)
        suspicious = await self._channel(session, oldest, report, marks)
        await asyncio.to_thread(self._mark, session_id, marks)
        threads = await self._database.read(self._threads, session)
        return report, [root for root in threads if root not in suspicious]

    async def thread(self, session_id: int, root: str) -> Report:
        """One thread, from its root to its last reply."""
        marks: dict[str, bool] = {}
        report = await self._thread(session_id, root, marks)
        await self._release(session_id)
        if marks:
            await asyncio.to_thread(self._mark, session_id, marks)
        return report

    async def _thread(
        self, session_id: int, root: str, marks: dict[str, bool] | None = None
    ) -> Report:
        """Compares a thread; `marks` is told, as by `_channel`, of the announcement's, whose
        messages are questions."""
        report = Report()
        session = await self._database.read(lambda uow: uow.sessions.get(session_id))
        if session is None:
            return report
        began = self._context.clock.now()
        known = await self._database.read(lambda uow: uow.messages.replies(session.channel, root))
        seen: set[str] = set()
        first: Mapping[str, Any] = {}
        async for page in self._history.replies(session.channel, root):
            report.calls += 1
            seen |= await self._take(session, page, report, began)
            if marks is not None and root == session.announcement_ts:
                marks |= self._marked(page)
            first = first or next((m for m in page if m.get("ts") == root), {})
        await self._delete(session, known - seen, began, report, root)
        self._counted[session.channel, root] = _count(first)
        return report

    # One look at the channel

    async def _channel(
        self,
        session: Session,
        oldest: str,
        report: Report,
        marks: dict[str, bool] | None = None,
    ) -> list[str]:
        """Compares what the channel shows from `oldest` on, and suspicious threads; gives these.

        `marks` is told of each message whether the bot marked it as answered, where Slack says so.
        """
        began = self._context.clock.now()
        latest = await self._database.read(_latest, session)
        known = await self._database.read(
            lambda uow: uow.messages.standing(session.id, oldest, latest)
        )
        seen: set[str] = set()
        suspicious: list[str] = []
        until = ts_of(max(moment(latest), session.over_at + LATE_QUESTIONS_FOR))
        async for shown in self._history.channel(session.channel, oldest, until):
            report.calls += 1
            page = [m for m in shown if self._may_belong(m, latest)]
            seen |= await self._take(session, page, report, began)
            suspicious += await self._database.read(self._suspicious, session, page)
            if marks is not None:
                marks |= self._marked(page)
            read = [ts for ts in map(ts_in, shown) if ts is not None]
            if read:
                self.tell(Progress(min(read, key=moment), len(suspicious)))
        await self._delete(session, known - seen, began, report, None)
        for root in suspicious:
            report.add(await self._thread(session.id, root))
        await self._release(session.id)
        return suspicious

    def _may_belong(self, message: Mapping[str, Any], latest: str) -> bool:
        """Whether a message of the channel may be the session's: after its end, only a question
        that the bot posted for somebody."""
        ts = ts_in(message)
        if ts is None or moment(ts) < moment(latest):
            return True
        return form_asker(message, self._context.bot_id) is not None

    async def _take(
        self, session: Session, page: Page, report: Report, began: datetime
    ) -> set[str]:
        """Stores what is missing or newer of a page; gives the `ts` that stand in it."""
        report.read += len(page)
        items: list[_Item] = []
        seen: set[str] = set()
        gone: list[str] = []
        for message in page:
            ts = message.get("ts")
            if isinstance(ts, str):
                seen.add(ts)
            try:
                posted = message_object(
                    message,
                    session.channel,
                    self._context.bot_id,
                    self._context.apps_left_out,
                )
                if isinstance(posted, Deleted):
                    seen.discard(posted.ts)
                    gone.append(posted.ts)
                    continue
                if posted is None or posted.author == self._context.bot_user_id:
                    continue
                reactions = reactions_of(message, session.channel)
                # Our own mark is no vote; the listener of reactions leaves it out too.
                reactions = {r for r in reactions if r.user != self._context.bot_user_id}
            except Malformed as error:
                # One message that cannot be read keeps no other from being.
                report.skipped.append(str(error))
                continue
            items.append(_Item(posted, reactions, reactors_are_listed(message)))
        wanted = {user for message in page for user in users_in(message)}
        # What was delivered and waits to be handled is not missing.
        await self._caught_up(LONGEST_WAIT_SECONDS)
        differing, unknown = await self._database.read(self._differing, session, items, wanted)
        self._names.enqueue(unknown)
        for part in _parts(differing):
            self._holds.add(session.id)
            report.repaired += await self._database.write(self._repair, part, began)
        if gone:
            gone = await self._database.read(_not_deleted, session, gone)
        if gone:
            report.deleted += await self._database.write(self._deleted, session, gone, None)
        return seen

    def _differing(
        self, uow: UnitOfWork, session: Session, items: list[_Item], users: set[str]
    ) -> tuple[list[_Item], set[str]]:
        """Those of which the store has something else, and the members nobody knows."""
        tss = [item.posted.ts for item in items]
        stored = uow.messages.many(session.channel, tss)
        reactions = uow.reactions.of_messages(session.channel, tss)
        unknown = self._names.lookup(uow, users)
        uow.people.many({item.posted.author for item in items})
        items = [item for item in items if collect.is_from_person(uow, item.posted)]
        differing = []
        for item in items:
            message = stored.get(item.posted.ts)
            ours = reactions.get(item.posted.ts, set())
            same = ours == item.reactions or (not item.complete and ours >= item.reactions)
            if message is None or not _same(message, item.posted) or not same:
                differing.append(item)
        return differing, unknown

    def _repair(self, uow: UnitOfWork, items: list[_Item], began: datetime) -> int:
        count = 0
        notifier, at = self._context.notifier, self._context.clock.now()
        seen_at = ts_of(began - GRACE)
        channel, tss = items[0].posted.channel, [item.posted.ts for item in items]
        roots = {root for item in items if (root := item.posted.thread_ts) is not None}
        # Read together, as what is asked for one by one takes most of the time.
        stored = uow.messages.many(channel, {*tss, *roots})
        reactions = uow.reactions.of_messages(channel, tss)
        uow.people.many({item.posted.author for item in items})
        for item in items:
            posted = item.posted
            before = stored.get(posted.ts)
            if before is not None and before.deleted:
                uow.messages.revive(channel, posted.ts, began - GRACE)
            changed = linking.receive(
                uow, notifier, posted, at, self._context.unthreaded, from_history=True
            )
            differ = item.reactions != reactions.get(posted.ts, set())
            if differ and uow.messages.get(channel, posted.ts) is not None:
                changed |= _react(uow, item, seen_at)
            count += changed
        return count

    def _marked(self, page: Page) -> dict[str, bool]:
        """Of the messages of a page, whether our mark is on them; those left out of which Slack
        does not say it."""
        ours, found = self._context.bot_user_id, {}
        for message in page:
            ts = ts_in(message)
            if ts is None:
                continue
            listed = message.get("reactions")
            is_on = any(
                isinstance(reaction, Mapping)
                and reaction.get("name") == ANSWERED
                and ours in (reaction.get("users") or ())
                for reaction in (listed if isinstance(listed, list) else ())
            )
            if is_on or reactors_are_listed(message):
                found[ts] = is_on
        return found

    def _mark(self, session_id: int, marks: Mapping[str, bool]) -> None:
        """Puts a mark where one is missing, and takes away what stands for no answer."""
        with self._database.reading() as uow:
            session = uow.sessions.get(session_id)
            if session is None or not linking.wrongly_marked(uow, session, marks):
                return
        at = self._context.clock.now()
        with self._database.unit_of_work() as uow:
            for ts, is_to in linking.wrongly_marked(uow, session, marks).items():
                self._context.notifier.mark(uow, session.channel, ts, is_to, at)

    async def _release(self, session_id: int) -> None:
        """Lets authors' messages be linked, now that what was asked before them is stored."""
        if session_id not in self._holds:
            return
        await self._database.write(lambda uow: uow.links.release(session_id))
        self._holds.discard(session_id)
        self._queued()

    async def _delete(
        self,
        session: Session,
        missing: Iterable[str],
        began: datetime,
        report: Report,
        root: str | None,
    ) -> None:
        """Marks as deleted what the store had before the look and the history has not."""
        gone = sorted(ts for ts in missing if moment(ts) < began - GRACE)
        if gone:
            report.deleted += await self._database.write(self._deleted, session, gone, root)

    def _deleted(self, uow: UnitOfWork, session: Session, gone: list[str], root: str | None) -> int:
        notifier, at = self._context.notifier, self._context.clock.now()
        return sum(linking.delete(uow, notifier, session.channel, ts, at, root) for ts in gone)

    # The store

    def _threads(self, uow: UnitOfWork, session: Session) -> list[str]:
        """The roots of the session's threads, the one that was active last first."""
        found = uow.messages.roots(session.id)
        if session.announcement_ts is not None:
            found.add(session.announcement_ts)

        def active(root: str) -> str:
            return str(self._counted.get((session.channel, root), (0, root))[1] or root)

        return sorted(found, key=active, reverse=True)

    def _suspicious(self, uow: UnitOfWork, session: Session, page: Page) -> list[str]:
        """The threads of a page of which Slack counts other replies than the store has."""
        counted = {
            str(message["ts"]): _count(message)
            for message in page
            if message.get("reply_count") and message.get("thread_ts") in (None, message.get("ts"))
        }
        sizes = uow.messages.thread_sizes(session.channel, counted)
        suspicious = []
        for root, count in counted.items():
            if sizes.get(root, 0) == count[0]:
                self._counted[session.channel, root] = count
            elif self._counted.get((session.channel, root)) != count:
                # What bots say in a thread counts in Slack and not with us: after it was read
                # once it is suspicious when Slack counts otherwise than then.
                suspicious.append(root)
        return suspicious


def _react(uow: UnitOfWork, item: _Item, seen_at: str) -> bool:
    posted = item.posted
    if item.complete:
        return uow.reactions.replace(posted.channel, posted.ts, item.reactions, seen_at)
    return sum(uow.reactions.add(reaction, seen_at) for reaction in item.reactions) > 0


def _not_deleted(uow: UnitOfWork, session: Session, tss: list[str]) -> list[str]:
    """Those of some messages that the store does not know as deleted."""
    stored = uow.messages.many(session.channel, tss)
    return [ts for ts in tss if ts not in stored or not stored[ts].deleted]


def _agree(uow: UnitOfWork, session_id: int, ts: str) -> None:
    """Notes up to when the store agrees with Slack's history."""
    session = uow.sessions.get(session_id)
    if session is not None and (session.reconciled_ts or "") < ts:
        session.reconciled_ts = ts
        uow.sessions.save(session)


def _earliest(uow: UnitOfWork, session: Session) -> str:
    """Where the session begins in the channel: by Slack's clock it may have opened before its
    start, and so may stand there what was asked ahead."""
    posted = [moment(s.ts) for s in uow.members.submissions(session.id) if s.ts]
    return ts_of(min([session.collects_from or session.over_at, *posted]))


def _latest(uow: UnitOfWork, session: Session) -> str:
    """Where the session ends in the channel: Slack may have taken a question that was asked
    in time after the end."""
    posted = [moment(s.ts) for s in uow.members.submissions(session.id) if s.ts]
    return ts_of(max([session.over_at, *(at + INSTANT for at in posted)]))


def _same(message: Message, posted: Posted) -> bool:
    return (
        not message.deleted
        and message.content == posted.content
        and message.edited_ts == posted.edited_ts
        and message.broadcast == posted.broadcast
        and message.thread_ts == posted.thread_ts
    )


def _count(root: Mapping[str, Any]) -> tuple[object, object]:
    """How many replies Slack counts in a thread, and the `ts` of the last."""
    return root.get("reply_count") or 0, root.get("latest_reply")


def _parts(items: list[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), WRITTEN_AT_ONCE):
        yield items[start : start + WRITTEN_AT_ONCE]

"""Past sessions out of Slack exports: the same collecting as live, silently.

Composes Slack's edge (which knows exports) with store and domain. Importing twice changes
nothing the second time. Several exports of one channel, made at different times, give the same
whatever their order: of each message and each person the copy in the newest export counts, and
a message that any of them has is there, unless one of them says that it was deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.errors import UserError
from bot.sessions import collect
from bot.sessions.collect import Posted
from bot.sessions.linking import delete
from bot.sessions.model import Event, Kind, Person, Session, State, moment
from bot.sessions.notifier import Notifier
from bot.sessions.ports import UnitOfWork
from bot.slack.api.dump import Channel, Dump, Part
from bot.slack.api.incoming import (
    Deleted,
    Malformed,
    edited_ts,
    message_object,
    our_key,
    reactions_of,
    ts_in,
)
from bot.slack.notifier import announced_session
from bot.store.database import Database
from bot.texts import _

OnDay = Callable[[int, int], None]
"""Told after each part of the channel: how many are done, of how many."""
Lookup = Callable[[str], Person | None]
"""Asks Slack for a member by ID; None where it says nothing."""
COPIED = "copied"
"""The kind of the labels that say how old the stored copy of a message or a person is: the `ts`
of the newest message in its export."""


@dataclass(slots=True)
class Tally:
    """What came of an import. `sessions` has the numbers of each event's session.

    `outside` and `notices` are the `ts` of messages that are left out; `first` and `last` are
    those of the channel's oldest and newest message. `damaged` says that something of an export
    could not be read.
    """

    sessions: dict[str, Counter[str]] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    notices: set[str] = field(default_factory=set)
    unknown_people: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    first: str = ""
    last: str = ""
    damaged: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no session has a message."""
        return not any(sum(count.values()) for count in self.sessions.values())


@dataclass(frozen=True, slots=True)
class _Source:
    """The channel in one export. `at` is the `ts` of its newest message."""

    dump: Dump
    channel: Channel
    parts: Sequence[Part]
    oldest: str
    at: str


def importing(
    database: Database,
    dumps: Sequence[Dump],
    channel: str,
    events: Sequence[Event],
    at: datetime,
    on_day: OnDay = lambda done, of: None,
    lookup: Lookup = lambda user: None,
    left_out: Collection[str] = (),
) -> Tally:
    """Reads the channel (its name or ID) of exports into the sessions of `events`.

    `at` is the present (aware UTC), `left_out` are IDs of apps whose messages are nobody's. Raises UserError for a channel that an export does not have
    or has no messages of, or an event whose session is in another channel.
    """
    sources = sorted((_source(dump, channel) for dump in dumps), key=lambda s: _age(s.at))
    tally = Tally(
        first=min((s.oldest for s in sources if s.oldest), key=moment, default=""),
        last=sources[-1].at,
    )
    with database.unit_of_work() as uow:
        channel_id = _channel_id(uow, sources, events)
        sessions = [_session(uow, event, channel_id, at) for event in events]
    parts = sum(len(source.parts) for source in sources)
    done = 0
    for source in sources:
        importer = _Importer(source, channel_id, at, tally, lookup, left_out)
        with database.unit_of_work() as uow:
            importer.meet_everyone(uow)
        for part in source.parts:
            messages = part.read()
            with database.unit_of_work() as uow:
                for message in messages:
                    importer.take(uow, message, part.label)
            done += 1
            on_day(done, parts)
        tally.problems += source.dump.problems
        tally.damaged |= source.dump.damaged
    with database.unit_of_work() as uow:
        for session in sessions:
            _count(uow, session, at, tally)
    return tally


def _source(dump: Dump, wanted: str) -> _Source:
    channel = dump.find(wanted)
    parts = dump.parts(channel)
    stamps = [
        stamp
        for part in parts
        for message in part.read()
        for stamp in (ts_in(message), edited_ts(message))
        if stamp is not None
    ]
    return _Source(
        dump,
        channel,
        parts,
        min(stamps, key=moment, default=""),
        max(stamps, key=moment, default=""),
    )


def _age(ts: str) -> datetime:
    return moment(ts or "0.0")


def _channel_id(uow: UnitOfWork, sources: Sequence[_Source], events: Sequence[Event]) -> str:
    """The channel's ID: the exports' or, where they do not say it, that of the events' sessions.

    One that nobody knows gets an ID of ours, made from its name, which no channel of Slack has.
    """
    found = sorted({s.channel.id for s in sources if s.channel.id})
    if len(found) > 1:
        raise UserError(
            _("the exports are from different channels: {found}", found=", ".join(found))
        )
    if found:
        return found[0]
    stored = {s.channel for e in events if (s := uow.sessions.by_event(e.id)) is not None}
    if len(stored) == 1:
        return stored.pop()
    name = sources[0].channel.name
    return "C0" + sha256(name.encode()).hexdigest()[:9].upper()


def _session(uow: UnitOfWork, event: Event, channel_id: str, at: datetime) -> Session:
    """The event's session, made closed if there is none; it exports, but not by itself."""
    session = uow.sessions.by_event(event.id)
    if session is None:
        session = uow.sessions.add(event, channel_id)
        session.state = State.ARCHIVED
        session.opened_at = session.collects_from = event.start
        session.closed_at = session.collects_until = event.end
        session.archived_at = at
        uow.sessions.save(session)
    elif session.channel != channel_id:
        raise UserError(
            _(
                "the session of `{event}` is in channel {channel}, but the export is from "
                "{channel_id}; name the right channel, or the right event with --event",
                event=event.id,
                channel=session.channel,
                channel_id=channel_id,
            )
        )
    return session


@dataclass(eq=False)
class _Importer:
    """Takes one export into the store."""

    _source: _Source
    _channel: str
    _at: datetime
    _tally: Tally
    _lookup: Lookup
    _left_out: Collection[str]
    _met: set[str] = field(default_factory=set, init=False)

    def meet_everyone(self, uow: UnitOfWork) -> None:
        """Stores the members and the names of the channels that the export lists."""
        for someone in self._source.dump.people():
            known = uow.people.get(someone.slack_id)
            if known is None or known.name is None or self._is_newer(uow, someone.slack_id):
                uow.people.put(someone)
                self._note(uow, someone.slack_id)
        listed = (*self._source.dump.channels, self._source.channel)
        names = {c.id: c.name for c in listed if c.id and c.name != c.id}
        known_names = {i for i in names if uow.labels.get("channel", i) is not None}
        for slack_id, name in names.items():
            if slack_id not in known_names or self._is_newer(uow, f"#{slack_id}"):
                uow.labels.put("channel", {slack_id: name})
                self._note(uow, f"#{slack_id}")

    def take(self, uow: UnitOfWork, message: Mapping[str, Any], label: str) -> None:
        """Stores a message that belongs to a session; the others are counted."""
        try:
            key = our_key(message)
            if key is not None and announced_session(key) is not None:
                self._announced(uow, message)
            bot_id = message.get("bot_id") if key is not None else None
            posted = message_object(message, self._channel, bot_id, self._left_out)
            if isinstance(posted, Deleted):
                delete(uow, Notifier(), posted.channel, posted.ts, self._at, posted.thread_ts)
                return
            if posted is not None:
                self._meet(uow, posted)
            if posted is None or not collect.is_from_person(uow, posted):
                self._tally.notices.add(ts_in(message) or "")
                return
            key = f"{posted.channel}:{posted.ts}"
            known = uow.messages.get(posted.channel, posted.ts)
            newer = known is None or self._is_newer(uow, key, known.session_id)
            if newer or known is None or known.edited_ts != posted.edited_ts:
                collect.receive(uow, Notifier(), posted, self._at)
            if uow.messages.get(posted.channel, posted.ts) is None:
                self._tally.outside.add(posted.ts)
                return
            if newer:
                reactions = reactions_of(message, posted.channel)
                uow.reactions.replace(posted.channel, posted.ts, reactions)
                self._note(uow, key)
        except Malformed as error:
            self._tally.problems.append(
                _("{file}: a message is left out: {error}", file=label, error=error)
            )

    def _announced(self, uow: UnitOfWork, message: Mapping[str, Any]) -> None:
        """Notes where a bot of ours announced a session: what is in its thread are questions."""
        ts = ts_in(message) or ""
        for session in uow.sessions.in_channel(self._channel):
            if ts and session.announcement_ts is None and session.collects(ts):
                collect.announced(uow, session.id, ts)
                return

    def _is_newer(self, uow: UnitOfWork, key: str, session_id: int | None = None) -> bool:
        """Whether this export's copy is at least as new as what is stored.

        What has no mark was told live; of a message it is known until when that was compared
        with Slack's history.
        """
        copied = uow.labels.get(COPIED, key)
        if copied is None and session_id is not None:
            session = uow.sessions.get(session_id)
            copied = session.reconciled_ts or "" if session is not None else ""
        return copied is not None and _age(self._source.at) >= _age(copied)

    def _note(self, uow: UnitOfWork, key: str) -> None:
        uow.labels.put(COPIED, {key: self._source.at})

    def _meet(self, uow: UnitOfWork, posted: Posted) -> None:
        """Somebody whom no list of members has: the message may say the name, or Slack."""
        author = posted.author
        if author in self._met or posted.form:
            return
        known = uow.people.get(author)
        named = (known is not None and known.name is not None) or posted.writer is not None
        if not named:
            found = self._lookup(author)
            if found is None or not found.name:
                if not posted.through_app:
                    self._tally.unknown_people.add(author)
                return
            uow.people.put(found)
        self._tally.unknown_people.discard(author)
        self._met.add(author)


def _count(uow: UnitOfWork, session: Session, at: datetime, tally: Tally) -> None:
    questions: set[str] = set()
    replies: list[str | None] = []
    for message in uow.messages.iter_session(session.id):
        if message.kind is Kind.QUESTION:
            questions.add(message.ts)
        elif message.kind is not Kind.PART:
            replies.append(message.question_ts)
    for ts in {ts for ts in replies if ts is not None} - questions:
        # In the archive a question that was deleted still stands above its replies.
        if uow.messages.get(session.channel, ts) is not None:
            questions.add(ts)
    orphans = sum(question not in questions for question in replies)
    tally.sessions[session.event.id] = Counter(
        questions=len(questions), replies=len(replies) - orphans, orphans=orphans
    )
    now = uow.sessions.get(session.id)
    if now is not None and now.state is State.ARCHIVED:
        now.archived_at = at
        uow.sessions.save(now)

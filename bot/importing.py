"""Past sessions out of a Slack export: the same collecting as live, silently.

Composes Slack's edge (which knows exports) with store and domain. Importing twice changes
nothing the second time, because collecting is idempotent.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.sessions import collect
from bot.sessions.model import Event, Kind, Person, Session, State
from bot.sessions.ports import UnitOfWork
from bot.sessions.voice import Silence
from bot.slack.dump import Dump
from bot.slack.incoming import Malformed, message_object, person, reactions_of
from bot.store.database import Database

OnDay = Callable[[int, int], None]
"""Told after each day: how many are done, of how many."""


@dataclass(slots=True)
class Tally:
    """What came of an import. `sessions` has the numbers of each event's session."""

    sessions: dict[str, Counter[str]] = field(default_factory=dict)
    outside: int = 0
    notices: int = 0
    unknown_people: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def importing(
    database: Database,
    dump: Dump,
    channel: str,
    events: Sequence[Event],
    at: datetime,
    on_day: OnDay = lambda done, of: None,
) -> Tally:
    """Reads the channel (its name) of an export into the sessions of `events`.

    `at` is the present (aware UTC). Raises UserError for a channel that the export has not, or
    an event that already lives in another channel.
    """
    channel_id = dump.channels().get(channel.removeprefix("#"))
    if channel_id is None:
        names = ", ".join(sorted(dump.channels())[:10]) or "none"
        raise UserError(f"{dump.path}: has no channel `{channel}`; there are: {names}")
    tally = Tally()
    days = dump.days(channel.removeprefix("#"))
    with database.unit_of_work() as uow:
        sessions = [_session(uow, event, channel_id, at) for event in events]
        for someone in dump.people():
            uow.people.put(someone)
        uow.labels.put("channel", {i: name for name, i in dump.channels().items()})
    for number, day in enumerate(days, 1):
        messages = dump.day(day)
        with database.unit_of_work() as uow:
            for message in messages:
                _take(uow, message, channel_id, at, tally, day)
        on_day(number, len(days))
    with database.unit_of_work() as uow:
        for session in sessions:
            _count(uow, session, at, tally)
    tally.problems += dump.problems
    return tally


def rehearse(
    dump: Dump, channel: str, events: Sequence[Event], at: datetime, on_day: OnDay
) -> Tally:
    """What `importing` into an empty database would give; nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="marginalia-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'rehearsal.db'}")
        try:
            database.upgrade()
            return importing(database, dump, channel, events, at, on_day)
        finally:
            database.close()


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
            f"the session of `{event.id}` is in the channel {session.channel}, the export's is "
            f"{channel_id}; name the right channel, or the right event with --event"
        )
    return session


def _take(
    uow: UnitOfWork,
    message: Mapping[str, Any],
    channel_id: str,
    at: datetime,
    tally: Tally,
    day: str,
) -> None:
    try:
        posted = message_object(message, channel_id)
        if posted is None:
            tally.notices += 1
            return
        _meet(uow, message, posted.author, tally)
        collect.receive(uow, Silence(), posted, at)
        if uow.messages.get(channel_id, posted.ts) is None:
            tally.outside += 1
            return
        reactions = reactions_of(message, channel_id)
        uow.reactions.replace(channel_id, posted.ts, reactions)
    except Malformed as error:
        tally.problems.append(f"{day}: a message is left out: {error}")


def _meet(uow: UnitOfWork, message: Mapping[str, Any], author: str, tally: Tally) -> None:
    """Somebody whom `users.json` does not have: the message itself may say the name."""
    known = uow.people.get(author)
    if known is not None and known.name:
        return
    profile = message.get("user_profile")
    found = person({"id": author, "profile": profile}) if isinstance(profile, Mapping) else None
    if found is None or not found.name:
        tally.unknown_people.add(author)
        found = Person(author, deleted=True)
    uow.people.put(found)


def _count(uow: UnitOfWork, session: Session, at: datetime, tally: Tally) -> None:
    count: Counter[str] = Counter()
    questions: set[str] = set()
    replies: list[str | None] = []
    for message in uow.messages.iter_session(session.id):
        if message.kind is Kind.QUESTION:
            questions.add(message.ts)
        else:
            replies.append(message.question_ts)
    count["questions"] = len(questions)
    count["orphans"] = sum(question not in questions for question in replies)
    count["replies"] = len(replies) - count["orphans"]
    tally.sessions[session.event.id] = count
    now = uow.sessions.get(session.id)
    if now is not None and now.state is State.ARCHIVED:
        now.archived_at = at
        uow.sessions.save(now)

"""The authors' mornings: what waits for them, told once a day in their own zone.

Whether a digest is due follows from what is stored and the time. It tells of questions asked
before its hour, so that looking again in the same hour finds nothing new to tell.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from bot.sessions.model import Session, State
from bot.sessions.notifier import Digest, Notifier
from bot.sessions.ports import UnitOfWork
from bot.sessions.queue import queue
from bot.sessions.times import zone_of

LATE = timedelta(hours=2)
"""How long after its hour a digest that was missed is still sent."""
TOP = 5
"""How many questions it shows."""


def due(uow: UnitOfWork, session: Session, at: datetime, hour: int) -> dict[str, datetime]:
    """The authors (member IDs) of an open session whose morning it is, and when that began."""
    if session.state is not State.OPEN:
        return {}
    mornings = {person: _morning(uow, person, at, hour) for person in sorted(session.author_ids)}
    return {person: morning for person, morning in mornings.items() if morning}


def send(
    uow: UnitOfWork,
    notifier: Notifier,
    session: Session,
    at: datetime,
    hour: int,
    votes: Collection[str],
) -> int:
    """Owes the digest to each author whose morning it is, if anything waits; gives how many.

    None is sent to one who muted messages.
    """
    mornings = due(uow, session, at, hour)
    if not mornings:
        return 0
    found = queue(uow, session, votes)
    count = 0
    for person, morning in mornings.items():
        known = uow.people.get(person)
        if known is not None and known.quiet:
            continue
        waiting = [w for w in found.waiting if w.question.at < morning]
        if not waiting:
            continue
        yesterday = morning - timedelta(days=1)
        digest = Digest(
            day=morning.date(),
            new=sum(w.question.at >= yesterday for w in waiting),
            unanswered=len(waiting),
            top=tuple((w.question, w.votes) for w in waiting[:TOP]),
        )
        notifier.digest(uow, session, person, digest, at)
        count += 1
    return count


def _morning(uow: UnitOfWork, person: str, at: datetime, hour: int) -> datetime | None:
    """The hour of the digest on this day in the person's zone, if it is not long past."""
    known = uow.people.get(person)
    here = at.astimezone((known and known.tz and zone_of(known.tz)) or UTC)
    morning = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    return morning if morning <= here < morning + LATE else None

"""What may happen to a session, and when: plan, open, close, cancel.

Every function takes the unit of work it writes to and the present (`at`, aware UTC). Nothing
is remembered between calls: what is due follows from the sessions that are stored, so a
firing that was missed is found the next time somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.sessions import asking, linking, queue
from bot.sessions.handover import handover
from bot.sessions.model import Event, Handled, Session, State
from bot.sessions.notifier import Notifier
from bot.sessions.ports import UnitOfWork
from bot.texts import _


class Step(StrEnum):
    """What is due for a session."""

    OPEN = "open"
    CLOSE = "close"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Due:
    """A session and the step that is due for it."""

    session_id: int
    step: Step


def plan(
    uow: UnitOfWork,
    notifier: Notifier,
    event: Event,
    channel: str,
    at: datetime,
    catch_up: timedelta,
) -> Session | None:
    """Takes a new or changed event over into its session; gives the session.

    A book that ended longer than `catch_up` ago, or whose file has an archive already, gets no
    session: it happened without us. None is given for such a book. Moving `start` or `end`
    moves the session; after the opening a changed `start` changes nothing, after the close
    nothing does but the names and texts. A cancelled event that is back is planned again.
    """
    session = uow.sessions.by_event(event.id)
    if session is None:
        if is_past(event, at, catch_up):
            return None
        return uow.sessions.add(event, channel)
    event = _still_known(event, session.event)
    if session.event == event and session.channel == channel and session.state != State.CANCELLED:
        return session
    before, authors = session.event, session.author_ids
    if session.state is State.CANCELLED and session.opened_at is None:
        session.state = State.SCHEDULED
        asking.restore(uow, session)
    if session.state is State.SCHEDULED:
        session.channel = channel
    session.event = event
    linking.appoint(uow, notifier, session, session.author_ids - authors, at)
    uow.sessions.save(session)
    if session.state is State.OPEN and before != event:
        notifier.reannounce(uow, session, at)
    return session


def is_past(event: Event, at: datetime, catch_up: timedelta) -> bool:
    """Whether a book that has no session gets none any more: it happened without us."""
    return event.end <= at and (event.archived or event.end + catch_up <= at)


def _still_known(event: Event, before: Event) -> Event:
    """The event with the members behind its authors as they were known before, where they are
    not known now: Slack may not have answered, or somebody has a namesake since."""
    known = {author.entry: author.slack_id for author in before.authors}
    authors = tuple(
        author if author.slack_id else replace(author, slack_id=known.get(author.entry))
        for author in event.authors
    )
    return event if authors == event.authors else replace(event, authors=authors)


def withdraw(uow: UnitOfWork, notifier: Notifier, event_id: str, at: datetime) -> Session | None:
    """The event's file is gone: a session that has not opened is cancelled, and questions that
    were sent ahead go back to their askers.

    One that is open goes on by its last good version, and the organizers are told. Gives the
    session if there is one.
    """
    session = uow.sessions.by_event(event_id)
    if session is None:
        return None
    if session.state is State.SCHEDULED:
        session.state = State.CANCELLED
        uow.sessions.save(session)
        asking.cancel(uow, notifier, session, at)
    elif session.state is State.OPEN:
        notifier.tell_organizers(
            uow,
            f"session {session.id} file gone {at.isoformat()}",
            _(
                "The schedule file of “{title}” was removed while its session is open. The "
                "session continues as planned; put the file back to get its archive.",
                title=session.event.title,
            ),
            at,
        )
    return session


def due(sessions: Iterable[Session], at: datetime) -> list[Due]:
    """What is due at this moment, closings first, so that one channel's books do not overlap."""
    steps: list[Due] = []
    for session in sessions:
        if session.state is State.OPEN and session.event.end <= at:
            steps.append(Due(session.id, Step.CLOSE))
        elif session.state is State.SCHEDULED and session.event.end <= at:
            steps.append(Due(session.id, Step.MISSED))
    for session in sessions:
        if session.state is State.SCHEDULED and session.event.start <= at < session.event.end:
            steps.append(Due(session.id, Step.OPEN))
    return steps


def next_moment(sessions: Iterable[Session]) -> datetime | None:
    """When something will next be due, None if nothing is planned."""
    moments = [s.event.start for s in sessions if s.state is State.SCHEDULED]
    moments += [s.event.end for s in sessions if s.state is State.OPEN]
    return min(moments, default=None)


def open_session(uow: UnitOfWork, notifier: Notifier, session: Session, at: datetime) -> bool:
    """Opens a scheduled session and owes its announcement; False if it may not open.

    One open session per channel: while another is open in the channel this one waits, and the
    organizers are told. What was posted since the planned start counts, so that a bot that
    comes late loses nothing.
    """
    if session.state is not State.SCHEDULED:
        return False
    for other in uow.sessions.all((State.OPEN,)):
        if other.id != session.id and other.channel == session.channel:
            notifier.tell_organizers(
                uow,
                f"session {session.id} waits for {other.id}",
                _(
                    "“{title}” cannot open because “{other}” is still open in the same channel. It "
                    "will open when “{other}” closes; to open it earlier, move one of them.",
                    title=session.event.title,
                    other=other.event.title,
                ),
                at,
            )
            return False
    session.state = State.OPEN
    session.opened_at = at
    session.collects_from = min(session.event.start, at)
    uow.sessions.save(session)
    notifier.announce(uow, session, at)
    return True


def adopt_missed(uow: UnitOfWork, _notifier: Notifier, session: Session, at: datetime) -> bool:
    """Opens, without a word, a session whose whole time passed while nobody looked.

    What its channel's history holds can then be collected before `close_session` ends it.
    """
    session.state = State.OPEN
    session.opened_at = at
    session.collects_from = session.event.start
    session.collects_until = session.event.end
    uow.sessions.save(session)
    return True


def close_session(uow: UnitOfWork, notifier: Notifier, session: Session, at: datetime) -> bool:
    """Closes an open session and owes the closing message; False if it was not open.

    By schedule it ends at its planned `end`, also when the bot is late; closed by hand before
    that, it ends now.
    """
    if session.state is not State.OPEN:
        return False
    session.state = State.CLOSED
    session.closed_at = at
    session.collects_until = min(session.event.end, at)
    uow.sessions.save(session)
    asking.close(uow, notifier, session, at)
    uow.members.drop_secret(session.id)
    numbers = handover(
        session,
        uow.messages.iter_threads(session.id),
        voted={},
        named=(),
        elsewhere=queue.handled(uow, session, Handled.ELSEWHERE),
        skipped=queue.handled(uow, session, Handled.SKIPPED),
    )
    if uow.outbox.get(f"session {session.id} announcement") is None:
        notifier.missed(uow, session, numbers, at)
    else:
        notifier.close(uow, session, numbers, at)
    return True


def archived(uow: UnitOfWork, session_id: int, changed_at: datetime) -> None:
    """Notes that the session's archive was written with its content as of `changed_at`.

    That is the session's `content_changed_at` when the content was read, so what changed since
    is known by no clock; the present, where nothing was ever said in the session.
    """
    session = uow.sessions.get(session_id)
    if session is not None and session.state in (State.CLOSED, State.ARCHIVED):
        session.state = State.ARCHIVED
        session.archived_at = changed_at
        if session.content_changed_at is None:
            session.content_changed_at = changed_at
        uow.sessions.save(session)

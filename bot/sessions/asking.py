"""Questions that are sent through the form or with a command.

They are posted into the channel as messages of their own; the message that comes back from Slack
is what counts, as with every question. What is sent before the session opens waits for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.sessions.anonymity import ANONYMOUS, key_of
from bot.sessions.model import Session, State, Submission
from bot.sessions.notifier import Notifier
from bot.sessions.ports import UnitOfWork

NOT_POSTED = ("waiting", "delayed", "returned")
"""The states of questions that do not stand in the channel, and that their askers can take back."""


class Why(StrEnum):
    """Why a question is not taken."""

    OVER = "over"
    MUTED = "muted"
    GONE = "gone"


class NotTaken(Exception):
    """A question that is not taken; nothing was stored."""

    def __init__(self, why: Why):
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as it was typed: `text` is mrkdwn, `name` and `icon` (a URL) are the asker's.

    `token` names it: sent twice it is taken once.
    """

    token: str
    session_id: int
    person: str
    text: str
    name: str = ""
    icon: str = ""
    anonymous: bool = False


def open_for_questions(uow: UnitOfWork, at: datetime) -> list[Session]:
    """Sessions that take questions: those that are open, then those to come, by start."""
    found = [s for s in uow.sessions.all((State.OPEN, State.SCHEDULED)) if at < s.event.end]
    return sorted(found, key=lambda s: (s.state is not State.OPEN, s.event.start, s.id))


def keys_of(uow: UnitOfWork, session: Session, person: str, make: bool = False) -> set[str]:
    """What stands for a person in a session: the member ID, the key while it can be made, and the
    key of one who was forgotten.
    """
    secret = uow.members.secret(session.id, make)
    own = {person, uow.forgotten.alias(person)}
    return {*own, key_of(secret, person)} if secret else own


def submit(uow: UnitOfWork, notifier: Notifier, draft: Draft, at: datetime) -> Submission:
    """Takes a question; posts it if its session is open. Raises NotTaken.

    What an anonymous asker is called, and who that is, is not stored.
    """
    known = uow.members.submission(draft.token)
    if known is not None:
        return known
    session = uow.sessions.get(draft.session_id)
    if session is None or session.state is State.CANCELLED:
        raise NotTaken(Why.GONE)
    if session.state not in (State.OPEN, State.SCHEDULED) or session.event.end <= at:
        raise NotTaken(Why.OVER)
    if uow.mutes.any(session.id, keys_of(uow, session, draft.person, make=True)):
        raise NotTaken(Why.MUTED)
    asker, name, icon = uow.forgotten.alias(draft.person), draft.name, draft.icon
    if asker != draft.person:
        name, icon = ANONYMOUS, ""
    if draft.anonymous:
        asker = key_of(uow.members.secret(session.id), draft.person)
        name, icon = ANONYMOUS, ""
    submission = Submission(
        token=draft.token,
        session_id=session.id,
        asker=asker,
        text=draft.text,
        at=at,
        name=name,
        icon=icon,
        channel=session.channel,
    )
    uow.members.submit(submission)
    if session.state is State.OPEN:
        _post(uow, notifier, session, submission, at)
    return uow.members.submission(draft.token) or submission


def release(
    uow: UnitOfWork, notifier: Notifier, session: Session, at: datetime, interval: timedelta
) -> int:
    """Posts those questions sent ahead whose turn has come; gives how many.

    The first is posted at the opening, the others one after `interval`, so that the channel is
    not flooded; what was missed meanwhile is made up for.
    """
    if session.state is not State.OPEN or session.opened_at is None:
        return 0
    waiting = uow.members.submissions(session.id, "waiting")
    if not waiting:
        return 0
    opened = session.opened_at
    taken = ("owed", "delayed", "returned")
    done = sum(s.at < opened and s.state in taken for s in uow.members.submissions(session.id))
    due = (at - opened) // interval + 1 if interval > timedelta(0) else len(waiting) + done
    muted = {s.token for s in waiting if uow.mutes.any(session.id, {s.asker})}
    for token in muted:
        uow.members.update_submission(token, "withdrawn")
    turn = [s for s in waiting if s.token not in muted][: max(0, due - done)]
    for submission in turn:
        _post(uow, notifier, session, submission, at)
    return len(turn)


def close(uow: UnitOfWork, notifier: Notifier, session: Session, at: datetime) -> None:
    """What happens at the close of a session to questions that are not posted.

    They go back to their askers. Those of people without a name cannot: they are posted late, as
    soon as they can be.
    """
    for submission in uow.members.submissions(session.id):
        if submission.state not in ("waiting", "delayed"):
            continue
        waits = submission.state == "waiting"
        if waits and uow.mutes.any(session.id, {submission.asker}):
            uow.members.update_submission(submission.token, "withdrawn")
        elif not notifier.hand_back(uow, submission.token, at) and waits:
            _post(uow, notifier, session, submission, at)


def cancel(uow: UnitOfWork, notifier: Notifier, session: Session, at: datetime) -> None:
    """What happens to questions that were sent ahead when their session is cancelled.

    They go back to their askers. Those of people without a name are shown in the App Home alone.
    """
    for submission in uow.members.submissions(session.id, "waiting"):
        if not notifier.hand_back(uow, submission.token, at):
            uow.members.update_submission(submission.token, "returned")


def restore(uow: UnitOfWork, session: Session) -> None:
    """The session is planned again: questions that `cancel` gave back wait for it to open."""
    for submission in uow.members.submissions(session.id, "returned"):
        uow.members.update_submission(submission.token, "waiting")


def _post(
    uow: UnitOfWork, notifier: Notifier, session: Session, submission: Submission, at: datetime
) -> None:
    uow.members.update_submission(submission.token, "owed")
    notifier.ask(uow, session, submission, at)

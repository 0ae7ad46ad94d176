"""What a message is in its session: a question, a reply, or none of our business.

The functions take what the edge read from an envelope, in any order and any number of times,
and bring the store to the same end: a message is known by its channel and `ts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.sessions import languages
from bot.sessions.anonymity import ANONYMOUS, is_anonymous
from bot.sessions.forgetting import scrubber
from bot.sessions.model import Kind, Message, Person, Reaction, Session, State, Talk, moment
from bot.sessions.notifier import Notifier
from bot.sessions.ports import UnitOfWork
from bot.sessions.talk import is_talk

LATE_NOTE_FOR = timedelta(days=7)
"""How long after a close a message in the channel is still taken for a late question."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as somebody posted or edited it in Slack.

    `thread_ts` is None at top level (and for the root of a thread). `edited_ts` is None for a
    message that was never edited. `shown` is what it shows, where that is text alone and short
    enough to be talk. `form` says that the bot posted it for somebody, `token` which
    submission it is, `event` the ID of the event that it was sent to, `part` which message of it
    (2, 3 …; 0 for the first). `through_app` says that an app posted it, for a person or for its
    own bot; `writer` is what the message itself says about its writer.
    """

    channel: str
    ts: str
    author: str
    content: Mapping[str, Any]
    thread_ts: str | None = None
    edited_ts: str | None = None
    broadcast: bool = False
    form: bool = False
    shown: str = ""
    token: str = ""
    event: str = ""
    part: int = 0
    through_app: bool = False
    writer: Person | None = None


def is_from_person(uow: UnitOfWork, posted: Posted) -> bool:
    """Whether a person wrote a message.

    Bots are not persons. What was posted through an app may be a bot's, so it counts when its
    author is known; until then it is left to the comparison with Slack's history, or the next
    import.
    """
    if posted.form:
        return True
    author = uow.people.get(posted.author)
    named = author is not None and author.name is not None
    if posted.through_app and not named and posted.writer is None:
        return False
    return author is None or not author.is_bot


def receive(uow: UnitOfWork, notifier: Notifier, posted: Posted, at: datetime) -> bool:
    """Takes in a message or its edit; True if the store changed.

    Top-level messages and messages in the announcement thread are questions while the session
    collects; a reply belongs to the session of its question whenever it is given. A question
    that comes after the end is not stored; each person who asks one gets once the note that the
    session is over. Messages that no person wrote are ignored.
    """
    if not is_from_person(uow, posted):
        return False
    _meet(uow, posted)
    sessions = _candidate_sessions(uow, posted.channel, posted.thread_ts or posted.ts)
    writer = posted.author
    scrub = scrubber(uow)
    if scrub is not None:
        # Anyone an organizers' file names as an author counts as one.
        is_author = any(writer in session.author_ids for session in sessions)
        posted = replace(
            posted,
            author=writer if is_author else scrub.person(writer),
            content=scrub.content(posted.content),
        )
    message = _placed(uow, sessions, posted)
    if message is None:
        if not posted.form:
            _late(uow, notifier, sessions, replace(posted, author=writer), at)
        return False
    if _muted(uow, message):
        session = uow.sessions.get(message.session_id)
        # The note is about now: anyone who was unmuted since gets none.
        still = uow.mutes.any(message.session_id, {message.author})
        if session is not None and still and not is_anonymous(posted.author):
            notifier.muted(uow, session, posted.author, at)
        return False
    known = uow.messages.get(message.channel, message.ts)
    changed = uow.messages.put(message)
    if changed and is_anonymous(message.author):
        uow.people.put(Person(message.author, ANONYMOUS))
    if changed:
        uow.sessions.touch(message.session_id, at)
    if changed and known is None and message.kind is Kind.REPLY:
        tell_of_answer(uow, notifier, message, at)
    if changed and known is None and _was_asked(uow, message):
        notifier.acknowledge(uow, message.channel, message.ts, at)
    return changed


def _was_asked(uow: UnitOfWork, message: Message) -> bool:
    """Whether somebody asks it in the channel, while the session is open."""
    if message.kind is not Kind.QUESTION or message.origin == "form" or message.is_talk:
        return False
    session = uow.sessions.get(message.session_id)
    is_open = session is not None and session.state is State.OPEN
    return session is not None and is_open and message.author not in session.author_ids


def _meet(uow: UnitOfWork, posted: Posted) -> None:
    """Takes the name that a message says of its writer, where none is known."""
    if posted.writer is None:
        return
    known = uow.people.get(posted.author)
    if known is None or known.name is None:
        uow.people.put(posted.writer)


def _muted(uow: UnitOfWork, message: Message) -> bool:
    """Whether it is a new message, posted while its writer was muted.

    That stands when the mute has ended: Slack's history, read again, brings nothing back.
    """
    if not uow.mutes.covers(message.session_id, message.author, message.at):
        return False
    return uow.messages.get(message.channel, message.ts) is None


def tell_of_answer(uow: UnitOfWork, notifier: Notifier, answer: Message, at: datetime) -> None:
    """Tells the asker and who follows the question, if `answer` is an author's and not hidden.

    It skips people who turned such notes off, who asked anonymously (we do not know who they are),
    or who wrote the answer. Calling it again for the same answer tells nobody twice.
    """
    session = uow.sessions.get(answer.session_id)
    if session is None or answer.author not in session.author_ids or answer.question_ts is None:
        return
    if answer.hidden:
        return
    question = uow.messages.get(answer.channel, answer.question_ts)
    while question is not None and question.question_ts is not None:
        question = uow.messages.get(question.channel, question.question_ts)
    if question is None or question.deleted or question.hidden:
        return
    merged = uow.messages.get(answer.channel, answer.question_ts)
    people = waiting_for(uow, session, question, *([merged] if merged is not None else ()))
    if people:
        notifier.answered(uow, session, question, answer, people, at)


def waiting_for(uow: UnitOfWork, session: Session, *questions: Message) -> list[str]:
    """Who asked or follows one of the questions and wants to be told of an answer, as member IDs.

    Nobody who muted that, who asked anonymously, or who is an author of the session.
    """
    wanted: set[str] = set()
    for question in questions:
        wanted |= {question.author, *uow.members.followers(question.channel, question.ts)}
    wanted = {p for p in wanted if p and not is_anonymous(p) and p not in session.author_ids}
    quiet = {p.slack_id for p in uow.people.many(wanted).values() if p.quiet}
    return sorted(wanted - quiet)


def delete(uow: UnitOfWork, channel: str, ts: str, at: datetime, thread_ts: str | None) -> bool:
    """Takes in a deletion; True if the store changed.

    The deletion of a message that was never seen leaves a tombstone in the session it would
    have belonged to, so that the message, when it comes late, does not come back to life.
    """
    known = uow.messages.get(channel, ts)
    if known is not None:
        session_id: int | None = known.session_id
    else:
        root = thread_ts or ts
        owner = _of_thread(uow, _candidate_sessions(uow, channel, root), channel, root)
        session_id = owner.id if owner else None
    if session_id is None:
        return False
    changed = uow.messages.delete(channel, ts, session_id, at)
    if changed:
        uow.sessions.touch(session_id, at)
    return changed


def react(uow: UnitOfWork, reaction: Reaction, added: bool, event_ts: str | None = None) -> bool:
    """Takes in a reaction added to or removed from any message of a channel of ours.

    `event_ts` is when that happened, so that the order in which it is told does not matter.
    """
    if not _candidate_sessions(uow, reaction.channel, reaction.ts):
        return False
    change = uow.reactions.add if added else uow.reactions.remove
    return change(reaction, event_ts)


def announced(uow: UnitOfWork, session_id: int, ts: str) -> None:
    """Notes where the announcement stands, once Slack has said so.

    What was posted into its thread before we knew is a question, not a reply. Where our clock is
    ahead of Slack's, it stands before the planned start: what is asked from then on belongs to the
    session, and what was not collected meanwhile is looked for in the channel's history.
    """
    session = uow.sessions.get(session_id)
    if session is None or session.announcement_ts == ts:
        return
    for message in uow.messages.of_session(session_id):
        if message.thread_ts == ts and message.kind is Kind.REPLY:
            uow.messages.set_question(message.channel, message.ts, None)
    session.announcement_ts = ts
    if session.collects_from is not None and moment(ts) < session.collects_from:
        session.collects_from = moment(ts)
        session.reconciled_ts = None
    uow.sessions.save(session)


def _candidate_sessions(uow: UnitOfWork, channel: str, ts: str) -> list[Session]:
    """A channel's sessions that a message may belong to, or may be too late for."""
    since = moment(ts) - LATE_NOTE_FOR
    # The same for all messages of a day, so that a batch of them reads the sessions once.
    return uow.sessions.in_channel(
        channel, since.replace(hour=0, minute=0, second=0, microsecond=0)
    )


def _owner(sessions: list[Session], root: str) -> Session | None:
    return next((s for s in sessions if s.announcement_ts == root or s.collects(root)), None)


def _asked_in(uow: UnitOfWork, sessions: list[Session], posted: Posted) -> Session | None:
    """The session that a question was sent to, even if Slack took it only after the end.

    A restored database may know nothing of the question; then its message says which event it is.
    """
    submission = uow.members.submission(posted.token) if posted.token else None
    if submission is not None:
        return uow.sessions.get(submission.session_id)
    return next((s for s in sessions if posted.event and s.event.id == posted.event), None)


def _of_thread(uow: UnitOfWork, sessions: list[Session], channel: str, root: str) -> Session | None:
    """The session that a thread belongs to: that of its question, where that is known."""
    question = uow.messages.get(channel, root)
    if question is not None and question.origin == "form":
        return uow.sessions.get(question.session_id)
    return _owner(sessions, root)


def _placed(uow: UnitOfWork, sessions: list[Session], posted: Posted) -> Message | None:
    known = uow.messages.get(posted.channel, posted.ts)
    if known is not None:
        # An edit never moves a message: it stays the question or reply that it was.
        return _message(uow, known.session_id, posted, known.kind, known.question_ts, known.origin)
    thread = posted.thread_ts if posted.thread_ts != posted.ts else None
    if thread is None:
        owner = _asked_in(uow, sessions, posted) or _owner(sessions, posted.ts)
        if owner is None:
            return None
        origin = "form" if posted.form else "channel"
        return _message(uow, owner.id, posted, Kind.QUESTION, None, origin)
    owner = _of_thread(uow, sessions, posted.channel, thread)
    if owner is None:
        return None
    if posted.part:
        posted = replace(posted, content={**posted.content, "part": posted.part})
        return _message(uow, owner.id, posted, Kind.PART, thread, "form")
    if thread == owner.announcement_ts:
        if not owner.collects(posted.ts):
            return None
        return _message(uow, owner.id, posted, Kind.QUESTION, None, "announcement")
    return _message(uow, owner.id, posted, Kind.REPLY, thread, "channel")


def _message(
    uow: UnitOfWork,
    session_id: int,
    posted: Posted,
    kind: Kind,
    question_ts: str | None,
    origin: str,
) -> Message:
    person = uow.people.get(posted.author)
    asks = kind is not Kind.QUESTION or origin == "form"
    return Message(
        session_id=session_id,
        channel=posted.channel,
        ts=posted.ts,
        kind=kind,
        author=posted.author,
        content=posted.content,
        posted_name=ANONYMOUS if is_anonymous(posted.author) else (person.name if person else None),
        thread_ts=posted.thread_ts if posted.thread_ts != posted.ts else None,
        question_ts=question_ts,
        edited_ts=posted.edited_ts,
        broadcast=posted.broadcast,
        origin=origin,
        talk=Talk.NO if asks else _talk(uow, session_id, posted),
    )


def _talk(uow: UnitOfWork, session_id: int, posted: Posted) -> Talk:
    """Whether what a reader posted at top level is talk. Authors ask nothing anyway."""
    session = uow.sessions.get(session_id) if posted.shown else None
    if session is None or posted.author in session.author_ids:
        return Talk.NO
    names = [author.name for author in session.event.authors]
    found = is_talk(posted.shown, languages.of_event(session.event), names)
    return Talk.YES if found else Talk.NO


def _late(
    uow: UnitOfWork, notifier: Notifier, sessions: list[Session], posted: Posted, at: datetime
) -> None:
    """Sends the note for a message that came after the end of the channel's last session.

    The notifier sends a person one such note per session, and only to them.
    """
    at_post = moment(posted.ts)
    if any(s.state is State.OPEN and at_post < s.over_at for s in sessions):
        return
    root = posted.thread_ts or posted.ts
    for session in sessions:
        if session.state not in (State.OPEN, State.CLOSED, State.ARCHIVED):
            continue
        to_the_session = root in {posted.ts, session.announcement_ts}
        if to_the_session and session.over_at <= at_post < session.over_at + LATE_NOTE_FOR:
            notifier.late(uow, session, posted.author, at)
        return

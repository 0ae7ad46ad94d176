"""What waits for an author, and what people do with questions: vote, take, skip, correct."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.sessions.model import (
    Handled,
    Handling,
    Hidden,
    Kind,
    Message,
    Session,
    Talk,
    Thread,
)
from bot.sessions.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question in the queue; `handling` is what an author said of it."""

    question: Message
    votes: int
    handling: Handling | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """A session's questions for its authors: `waiting` by votes, then age; `aside` is what an
    author skipped or answered elsewhere, and what is talk, latest first; `answered` counts the
    others.
    """

    waiting: tuple[Waiting, ...]
    aside: tuple[Waiting, ...]
    answered: int


class Impossible(ValueError):
    """A correction that cannot be; the text is a short code."""


def voters(uow: UnitOfWork, session: Session, names: Collection[str]) -> dict[str, set[str]]:
    """Who voted for each question, by `ts`: with one of the reactions `names`, or in the form.

    A person counts once, whatever the reaction and its skin tone (`+1::skin-tone-3`); the asker's
    own does not count.
    """
    found = uow.members.supporters(session.id)
    for reaction in uow.reactions.of_session(session.id):
        if reaction.name.partition("::")[0] in names:
            found.setdefault(reaction.ts, set()).add(reaction.user)
    return found


def votes(thread: Thread, voted: Mapping[str, Collection[str]], authors: Collection[str]) -> int:
    """The votes of a question and of those merged with it, without its own asker's."""
    question = thread.question
    people = set(voted.get(question.ts, ()))
    for reply in thread.replies:
        if reply.corrected and reply.thread_ts != question.ts and reply.author not in authors:
            people |= set(voted.get(reply.ts, ()))
    return len(people - {thread.question.author})


def answered(thread: Thread, authors: Collection[str]) -> bool:
    """Whether an author replied."""
    return any(reply.author in authors for reply in thread.replies)


def queue(uow: UnitOfWork, session: Session, names: Collection[str]) -> Queue:
    """The queue of a session; `names` are the reactions that are votes."""
    voted = voters(uow, session, names)
    handlings = uow.members.handlings(session.id)
    authors = session.author_ids
    waiting: list[Waiting] = []
    aside: list[Waiting] = []
    done = 0
    for thread in uow.messages.iter_threads(session.id):
        question = thread.question
        if question.deleted or question.author in authors:
            continue
        entry = Waiting(question, votes(thread, voted, authors), handlings.get(question.ts))
        if question.is_talk:
            aside.append(entry)
        elif answered(thread, authors):
            done += 1
        elif entry.handling is None or entry.handling.how is Handled.TAKEN:
            waiting.append(entry)
        else:
            aside.append(entry)
    waiting.sort(key=lambda w: (-w.votes, w.question.at))
    aside.sort(key=lambda w: w.handling.at if w.handling else w.question.at, reverse=True)
    return Queue(tuple(waiting), tuple(aside), done)


def handled(uow: UnitOfWork, session: Session, how: Handled) -> set[str]:
    """The `ts` of the questions of which an author said that."""
    handlings = uow.members.handlings(session.id)
    return {ts for ts, handling in handlings.items() if handling.how is how}


def handle(uow: UnitOfWork, question: Message, how: Handled | None, by: str, at: datetime) -> bool:
    """An author's word on a question, or (None) its end; False if that changes nothing."""
    if how is None:
        return uow.members.unhandle(question.channel, question.ts)
    set_talk(uow, question, False, at)
    uow.members.handle(Handling(question.channel, question.ts, how, by, at))
    return True


def set_talk(uow: UnitOfWork, message: Message, talk: bool, at: datetime) -> bool:
    """An author says that a message is talk, or (False) that it is a question; False if nothing
    changes. The archive is the same either way.
    """
    if message.is_talk is talk:
        return False
    wanted = Talk.YES if talk else Talk.NEVER
    changed = uow.messages.set_talk(message.channel, message.ts, wanted)
    if changed:
        uow.sessions.touch(message.session_id, at)
    return changed


def put_under(uow: UnitOfWork, message: Message, question: Message, at: datetime) -> None:
    """A person says that a message belongs to a question: as its answer, or as the same question.

    What stands under the message goes along, and comes back with it. Raises Impossible.
    """
    if message.session_id != question.session_id:
        raise Impossible("other session")
    if question.deleted or question.hidden or question.kind is not Kind.QUESTION:
        raise Impossible("no question")
    if message.ts == question.ts:
        raise Impossible("itself")
    uow.messages.set_question(message.channel, message.ts, question.ts, corrected=True)
    uow.sessions.touch(message.session_id, at)


def put_back(uow: UnitOfWork, message: Message, session: Session, at: datetime) -> None:
    """The message goes back to where it was posted: to its thread's question, or on its own."""
    home = message.thread_ts if message.thread_ts != session.announcement_ts else None
    uow.messages.set_question(message.channel, message.ts, home, corrected=True)
    uow.sessions.touch(session.id, at)


def set_hidden(uow: UnitOfWork, message: Message, why: Hidden, hidden: bool, at: datetime) -> bool:
    """Leaves a message out, with its thread, or takes it in again; False if nothing changes."""
    changed = uow.messages.set_hidden(message.channel, message.ts, why, hidden)
    if changed:
        uow.sessions.touch(message.session_id, at)
    return changed


def moved(message: Message, session: Session) -> bool:
    """Whether the message was put elsewhere than where it was posted: by a person
    (`corrected`), or by the bot (`bot.sessions.linking`).
    """
    home = message.thread_ts if message.thread_ts != session.announcement_ts else None
    return message.question_ts != home


def questions(uow: UnitOfWork, session: Session) -> Iterable[Message]:
    """The questions that stand, those of authors and talk left out, oldest first."""
    for thread in uow.messages.iter_threads(session.id):
        question = thread.question
        stands = not question.deleted and not question.is_talk
        if stands and question.author not in session.author_ids:
            yield question

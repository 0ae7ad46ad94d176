"""An author's answer outside a thread, put under its question soon after it comes.

The message is stored and queued in one transaction (`receive`); `read`, `decide` and `conclude`
then link it, in the background (`bot.slack.linking`). A sure one is linked quietly, of an unsure one the author is asked, talk is left alone. What the
bot links is a move that no person made (`Message.corrected` is false): anybody who may correct
it has the last word, and a correction is never linked over. With `unthreaded: keep` nothing is
linked and nobody is asked, so that the archive is what it would be without this module.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from bot.sessions import collect, pairing
from bot.sessions import queue as queues
from bot.sessions.collect import Posted
from bot.sessions.handover import Doubt
from bot.sessions.model import Kind, Message, Session, State, Thread, moment
from bot.sessions.notifier import Notifier
from bot.sessions.ports import ConcurrentUpdate, QueuedLink, UnitOfWork

ATTACH, KEEP = "attach", "keep"
"""What `unthreaded` may say: FORMAT.md, "The front matter"."""

Text = Callable[[Message], str]
"""What people read of a message, mentions as names."""


class Linkable(NamedTuple):
    """What `decide` reads of a session: its posts, and what people said of them.

    `known` are the posts that a person said are no answers.
    """

    posts: Sequence[pairing.Post]
    known: Mapping[str, str | None]


def receive(
    uow: UnitOfWork,
    notifier: Notifier,
    posted: Posted,
    at: datetime,
    unthreaded: str = ATTACH,
    from_history: bool = False,
) -> bool:
    """Takes in a message or its edit (`collect.receive`) and queues it for linking where it is an
    author's outside a thread; True if the store changed.

    `unthreaded` is the setting; the event's own has the last word. Slack's history tells the newest
    first, so what comes `from_history` is held until its questions are there too: call
    `uow.links.release` then.
    """
    changed = collect.receive(uow, notifier, posted, at)
    message = uow.messages.get(posted.channel, posted.ts)
    session = uow.sessions.get(message.session_id) if message is not None else None
    if (
        message is not None
        and session is not None
        and session.state is State.OPEN
        and _is_adrift(message, session, unthreaded)
    ):
        uow.links.add(session.id, message.channel, message.ts, held=from_history)
    return changed


def appoint(
    uow: UnitOfWork, notifier: Notifier, session: Session, people: Collection[str], at: datetime
) -> None:
    """Does for `people` (member IDs), who are known as authors of an open session from now on, what
    was not done when they wrote: it queues what they posted outside threads, and tells those who
    asked of answers in threads.

    `session` has them already. Save it afterwards: its row is locked last (see `WriteTurn`).
    """
    if session.state is not State.OPEN or not people:
        return
    theirs = [m for m in uow.messages.of_session(session.id) if m.author in people]
    for message in theirs:
        if _is_adrift(message, session, ATTACH):
            uow.links.add(session.id, message.channel, message.ts)
    for message in theirs:
        if message.kind is Kind.REPLY:
            collect.tell_of_answer(uow, notifier, message, at)


def attaches(session: Session, unthreaded: str) -> bool:
    """Whether a session's answers outside threads are linked; `unthreaded` is the setting."""
    return bool(session.event.options.get("unthreaded", unthreaded) == ATTACH)


def read(uow: UnitOfWork, session: Session, upto: str, text: Text) -> Linkable:
    """What is needed to decide about messages of a session, up to the one posted at `upto`.

    What the bot linked of the messages that its author posted in a row with that one counts as not
    linked yet: a wrong link must not make the rest of an answer sure.
    """
    threads = [t for t in uow.messages.iter_threads(session.id) if not t.question.deleted]
    threads = _apart(threads, session, within=_chain(threads, session, upto))
    every = [m for thread in threads for m in (thread.question, *thread.replies)]
    names = {m.author: m.posted_name or "" for m in every}
    people = uow.people.many({author for author in names if author})
    names |= {who: person.name for who, person in people.items() if person.name}
    posts = pairing.from_threads(threads, session.author_ids, text, lambda who: names[who])
    last = moment(upto)
    posts = [post for post in posts if post.at is None or post.at <= last]
    # Who moved a message to where it stands knew better.
    return Linkable(posts, {t.question.ts: None for t in threads if t.question.corrected})


def decide(
    found: Linkable, wanted: Collection[str], meaning: pairing.Meaning | None = None
) -> dict[str, pairing.Decision]:
    """The decisions about messages (`ts`) of a session, all worked out in one go.

    It also gives decisions about those that their authors posted in a row before them to the same
    question, and none about those that are no longer at top level. This can take seconds: the
    database must not be in use meanwhile. Raises ShuttingDown, and whatever else `meaning` raises.
    """
    decisions = pairing.pair(found.posts, found.known, meaning=meaning).decisions
    chosen = set(wanted)
    who = {post.id: post.person for post in found.posts}
    for after, before in itertools.pairwise(reversed(decisions)):
        in_a_row = who[before.post] == who[after.post] and before.question == after.question
        if after.post in chosen and after.question is not None and in_a_row:
            chosen.add(before.post)
    return {d.post: d for d in decisions if d.post in chosen and d.by_author}


def earlier(queued: Sequence[QueuedLink], decisions: Collection[str]) -> list[QueuedLink]:
    """The messages among decisions that were considered before, with what queued ones now say."""
    channel, session_id = queued[0].channel, queued[0].session_id
    new = {link.ts for link in queued}
    return [QueuedLink(session_id, channel, ts, again=True) for ts in decisions if ts not in new]


def conclude(
    uow: UnitOfWork,
    notifier: Notifier,
    queued: QueuedLink,
    decision: pairing.Decision | None,
    at: datetime,
    unthreaded: str = ATTACH,
) -> None:
    """Does what was decided about a queued message, if it is still to be done.

    A sure answer is linked; of an unsure one its author is asked, but only once; talk is left
    alone, and so is a message that a person has put somewhere meanwhile, or that another author has
    answered: whoever wrote it was no author then, and asked. `decision` is None where there was
    nothing to decide. Raises ConcurrentUpdate if its question is gone since: undo this, and
    decide again.
    """
    channel, ts = queued.channel, queued.ts
    if not queued.again and not uow.links.done(channel, ts):
        return
    message = uow.messages.hold(channel, ts)
    session = uow.sessions.get(queued.session_id)
    if message is None or session is None or decision is None:
        return
    if not _is_adrift(message, session, unthreaded):
        return
    others = session.author_ids - {message.author}
    if any(reply.author in others for reply in uow.messages.under(channel, ts)):
        return
    candidates = [decision.question or "", *(c.question for c in decision.candidates)]
    questions = {
        key: found
        for key, found in uow.messages.many(channel, set(candidates) - {""}).items()
        if found.kind is Kind.QUESTION and not found.deleted and not found.hidden
    }
    if pairing.sure(decision):
        question = questions.get(decision.question or "")
        if question is None:
            raise ConcurrentUpdate(f"the question that {ts} answers is gone")
        link(uow, notifier, session, message, question, at)
    elif decision.kind is not pairing.Kind.TALK and not queued.again:
        found = [questions[c.question] for c in decision.candidates if c.question in questions]
        asked = [q for q in found if q.author not in session.author_ids and not q.is_talk]
        if asked:
            notifier.offer(uow, session, message, asked, at)


def link(
    uow: UnitOfWork,
    notifier: Notifier,
    session: Session,
    message: Message,
    question: Message,
    at: datetime,
) -> None:
    """The bot puts an answer under its question; the author can undo it.

    It is stored as any answer is, so queue, figures and archive see it; an edit or a comparison
    with Slack's history does not move it.
    """
    uow.messages.set_question(message.channel, message.ts, question.ts)
    uow.sessions.touch(session.id, at)
    after = uow.messages.get(message.channel, message.ts)
    if after is None or after.question_ts != question.ts:
        return  # a person said meanwhile where it belongs
    settle(uow, notifier, session, message, at)
    notifier.linked(uow, session, question, after, at)
    collect.tell_of_answer(uow, notifier, after, at)


def choose(
    uow: UnitOfWork,
    notifier: Notifier,
    session: Session,
    message: Message,
    question: Message,
    at: datetime,
    tells: bool = True,
) -> None:
    """A person says which question the message answers, or is merged with; who waits for an answer
    is told if that `tells` of one. Raises `bot.sessions.queue.Impossible`, or ValueError where the
    question stands under the message.
    """
    message = uow.messages.hold(message.channel, message.ts) or message
    queues.put_under(uow, message, question, at)
    settle(uow, notifier, session, message, at)
    after = uow.messages.get(message.channel, message.ts)
    if after is not None and tells:
        collect.tell_of_answer(uow, notifier, after, at)


def undo(
    uow: UnitOfWork,
    notifier: Notifier,
    session: Session,
    message: Message,
    question_ts: str | None,
    at: datetime,
) -> bool:
    """A person says that the message does not answer this question, or (None) that it answers
    none: it goes back to where it was posted, and stays there.

    False, and nothing changes, if it stands under another question by now.
    """
    message = uow.messages.hold(message.channel, message.ts) or message
    if message.question_ts != question_ts:
        return False
    put_back(uow, notifier, session, message, at)
    return True


def put_back(
    uow: UnitOfWork, notifier: Notifier, session: Session, message: Message, at: datetime
) -> None:
    """A person says that a message belongs where it was posted, whatever it stands under now."""
    message = uow.messages.hold(message.channel, message.ts) or message
    queues.put_back(uow, message, session, at)
    settle(uow, notifier, session, message, at)


def delete(
    uow: UnitOfWork, notifier: Notifier, channel: str, ts: str, at: datetime, thread_ts: str | None
) -> bool:
    """Takes in a deletion (`collect.delete`), and the mark that a linked answer had made."""
    before = uow.messages.hold(channel, ts)
    changed = collect.delete(uow, channel, ts, at, thread_ts)
    session = uow.sessions.get(before.session_id) if before is not None else None
    if changed and before is not None and session is not None:
        settle(uow, notifier, session, before, at)
    return changed


def settle(
    uow: UnitOfWork, notifier: Notifier, session: Session, before: Message, at: datetime
) -> None:
    """Brings the marks on questions up to date after a message was moved or deleted.

    `before` is the message as it was, read with `uow.messages.hold`: the bot may link it on another
    replica at the same moment. A question is marked while an author's answer that was
    posted outside its thread stands under it.
    """
    after = uow.messages.get(before.channel, before.ts)
    old = before.question_ts
    new = after.question_ts if after is not None and not after.deleted else None
    if before.author not in session.author_ids or old == new:
        return
    marked = {
        question_ts
        for question_ts in (old, new)
        if question_ts is not None
        and any(
            message.author in session.author_ids and queues.moved(message, session)
            for message in uow.messages.under(before.channel, question_ts)
        )
    }
    if old is not None and old not in marked and queues.moved(before, session):
        notifier.mark(uow, before.channel, old, False, at)
    if new is not None and new in marked:
        notifier.mark(uow, before.channel, new, True, at)


def wrongly_marked(uow: UnitOfWork, session: Session, shown: Mapping[str, bool]) -> dict[str, bool]:
    """The questions whose mark in Slack is not as `settle` says, and whether they are to have one.

    `shown` says of messages in the session's channel (`ts`) whether the bot's mark is on them. A
    database that was restored knows nothing of what was marked or linked since. Nothing is wrong
    while messages of the session are still to be linked, or a mark is on its way.
    """
    if session.id in uow.links.sessions():
        return {}
    messages = uow.messages.of_session(session.id)
    answered = {
        message.question_ts
        for message in messages
        if message.author in session.author_ids and queues.moved(message, session)
    }
    known = {message.ts for message in messages}
    wrong = {ts: ts in answered for ts, is_on in shown.items() if is_on != (ts in answered)}
    waiting = {
        row.payload.get("timestamp")
        for row in uow.outbox.listed(("due", "held", "failed", "dropped"))
        if row.channel == session.channel and row.method.startswith("reactions.")
    }
    return {ts: is_to for ts, is_to in wrong.items() if ts in known and ts not in waiting}


def doubts(
    threads: Sequence[Thread],
    archived: Sequence[Thread],
    session: Session,
    text: Text,
    name: Callable[[str], str],
    meaning: pairing.Meaning | None = None,
) -> list[Doubt]:
    """The authors' messages outside threads of which it is not sure what they answer, by time.

    `threads` are the session's as they are stored, `archived` as its archive has them; `name` gives
    a person's name, `meaning` is as in `pairing.pair`. Whatever the bot linked is judged once more,
    by all that was said since. What a person said is sure, and so is talk.
    """
    apart = _apart(threads, session)
    authors = session.author_ids
    posts = pairing.from_threads(apart, authors, text, name)
    by_person = {t.question.ts for t in apart if t.question.corrected}
    decisions = pairing.pair(posts, dict.fromkeys(by_person), meaning=meaning).decisions
    judged = {decision.post: decision for decision in decisions if decision.by_author}
    under = {reply.ts: thread.question for thread in archived for reply in thread.replies}
    found = []
    for thread in apart:
        message = thread.question
        decision = judged.get(message.ts)
        if decision is None or message.ts in by_person or message.origin == "form":
            continue
        question = under.get(message.ts)
        if decision.kind is pairing.Kind.TALK and question is None:
            continue
        # One that is sure by now and was not put there is for the organizers to look at, too.
        agreed = question is not None and question.ts == decision.question
        if not agreed or not pairing.sure(decision):
            found.append(Doubt(message, question))
    return found


def _chain(threads: Sequence[Thread], session: Session, upto: str) -> set[str]:
    """The messages (`ts`) that the bot linked and whose author posted them in a row up to one."""
    every = {m.ts: m for thread in threads for m in (thread.question, *thread.replies)}
    last = every.get(upto)
    if last is None:
        return set()
    linked = [m for m in every.values() if m.author == last.author and _by_bot(m, session)]
    found: set[str] = set()
    for message in sorted(linked, key=lambda m: m.at, reverse=True):
        if message.at > last.at:
            continue
        if last.at - message.at > pairing.TURN:
            break
        found.add(message.ts)
        last = message
    return found


def _by_bot(message: Message, session: Session) -> bool:
    """Whether the bot linked it, and nobody said since where it belongs."""
    return (
        message.author in session.author_ids
        and message.kind is not Kind.QUESTION
        and queues.moved(message, session)
        and not message.corrected
    )


def _apart(
    threads: Sequence[Thread], session: Session, within: Collection[str] | None = None
) -> list[Thread]:
    """The threads with what the bot linked back where it was posted, by time.

    All of it, or only the messages `within` (`ts`).
    """
    found: list[Thread] = []
    for thread in threads:
        linked = {
            reply.ts
            for reply in thread.replies
            if _by_bot(reply, session) and (within is None or reply.ts in within)
        }
        # What was said below such a message came along with it, and goes back with it.
        below = {r.ts: r.thread_ts for r in thread.replies if r.thread_ts in linked}
        rest = tuple(r for r in thread.replies if r.ts not in linked and r.ts not in below)
        found.append(replace(thread, replies=rest))
        found += [
            Thread(reply, tuple(r for r in thread.replies if below.get(r.ts) == reply.ts))
            for reply in thread.replies
            if reply.ts in linked
        ]
    return sorted(found, key=lambda thread: thread.question.at)


def _is_adrift(message: Message, session: Session, unthreaded: str) -> bool:
    """Whether it is an author's, outside a thread, to be linked, and nobody said yet to what."""
    return (
        session.state is not State.CANCELLED
        and attaches(session, unthreaded)
        and message.author in session.author_ids
        and message.kind is Kind.QUESTION
        and message.origin != "form"
        and not message.deleted
        and not message.hidden
        and not message.corrected
    )

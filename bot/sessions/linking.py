"""An author's answer outside a thread, put under its question at the moment it comes.

A sure one is linked quietly, of an unsure one the author is asked, talk is left alone. What the
bot links is a move that no person made (`Message.corrected` is false): anybody who may correct
it has the last word, and a correction is never linked over. With `unthreaded: keep` nothing is
linked and nobody is asked, so that the archive is what it would be without this module.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from bot.sessions import collect, pairing
from bot.sessions import queue as queues
from bot.sessions.handover import Doubt
from bot.sessions.model import Kind, Message, Session, State, Thread
from bot.sessions.ports import UnitOfWork
from bot.sessions.voice import Voice

ATTACH, KEEP = "attach", "keep"
"""What `unthreaded` may say: FORMAT.md, "The front matter"."""

Text = Callable[[Message], str]
"""What people read of a message, mentions as names."""


class Pending(Exception):
    """Something has to be thought over first: `think` does it, without a lock of the database."""

    def __init__(self, think: Callable[[], None]):
        super().__init__("it has to be thought over first")
        self.think = think


class Judge:
    """Says which question a message belongs to, by `pairing.likeliest`.

    On a long session, or where a model has to read, that takes seconds, and who asks holds a lock.
    So it never works anything out: it raises Pending, and knows the answer when it is asked the
    same again. If the session has changed each time it is asked, it decides at last by words alone.
    """

    _KEPT, _TRIES = 1_000, 3

    def __init__(self, meaning: pairing.Meaning | None = None):
        self._meaning = meaning
        self._found: OrderedDict[bytes, pairing.Decision | Exception] = OrderedDict()
        self._tries: OrderedDict[str, int] = OrderedDict()

    def likeliest(
        self, posts: Sequence[pairing.Post], ts: str, known: Mapping[str, str | None]
    ) -> pairing.Decision:
        """The decision about the post `ts`. Raises Pending, or as `pairing.likeliest` does."""
        asked = repr((pairing.so_far(posts, ts), ts, sorted(known.items())))
        key = blake2b(asked.encode(), digest_size=16).digest()

        def think() -> None:
            self._tries[ts] = self._tries.get(ts, 0) + 1
            meaning = self._meaning if self._tries[ts] <= self._TRIES else None
            self._found[key] = self._thought(posts, ts, known, meaning)
            for kept in (self._found, self._tries):
                while len(kept) > self._KEPT:
                    kept.popitem(last=False)

        if key not in self._found:
            if self._tries.get(ts, 0) < self._TRIES:
                raise Pending(think)
            think()
        found = self._found[key]
        if isinstance(found, Exception):
            del self._found[key]  # who tries again may be luckier
            raise found
        return found

    @staticmethod
    def _thought(
        posts: Sequence[pairing.Post],
        ts: str,
        known: Mapping[str, str | None],
        meaning: pairing.Meaning | None,
    ) -> pairing.Decision | Exception:
        try:
            return pairing.likeliest(posts, ts, known, meaning)
        except pairing.Closing:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised where the message is handled
            return error


def consider(
    uow: UnitOfWork,
    voice: Voice,
    channel: str,
    ts: str,
    at: datetime,
    text: Text,
    judge: Judge,
    unthreaded: str = ATTACH,
) -> pairing.Decision | None:
    """Links a message that an author has just posted outside a thread, or asks about it.

    `unthreaded` is the setting; the event's own has the last word. Raises Pending as
    `judge` does: then nothing must be kept of what was done. Gives the decision, None where
    there was nothing to decide: it is no author's, stands under a question already, was put where
    it is by a person or asked through the form, its session is not open, or it is to be kept.
    Doing it again changes nothing and tells nobody twice.
    """
    message = uow.messages.get(channel, ts)
    session = uow.sessions.get(message.session_id) if message is not None else None
    if message is None or session is None or not _adrift(message, session):
        return None
    if session.event.options.get("unthreaded", unthreaded) != ATTACH:
        return None
    threads = [t for t in uow.messages.iter_threads(session.id) if not t.question.deleted]
    questions = {thread.question.ts: thread.question for thread in threads}
    if ts not in questions:
        return None
    decision = _decided(uow, session, threads, ts, text, judge)
    question = questions.get(decision.question or "")
    if question is not None and pairing.sure(decision):
        link(uow, voice, session, message, question, at)
    elif decision.kind is not pairing.Kind.TALK:
        found = [questions[c.question] for c in decision.candidates if c.question in questions]
        asked = [q for q in found if q.author not in session.author_ids]
        if asked:
            voice.offer(uow, session, message, asked, at)
    return decision


def link(
    uow: UnitOfWork,
    voice: Voice,
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
    settle(uow, voice, session, message, at)
    voice.linked(uow, session, question, after, at)
    collect.tell_of_answer(uow, voice, after, at)


def choose(
    uow: UnitOfWork,
    voice: Voice,
    session: Session,
    message: Message,
    question: Message,
    at: datetime,
) -> None:
    """A person says which question the message answers. Raises `bot.sessions.queue.Impossible`,
    or ValueError where the question stands under the message.
    """
    queues.put_under(uow, message, question, at)
    settle(uow, voice, session, message, at)
    after = uow.messages.get(message.channel, message.ts)
    if after is not None:
        collect.tell_of_answer(uow, voice, after, at)


def undo(
    uow: UnitOfWork,
    voice: Voice,
    session: Session,
    message: Message,
    question_ts: str | None,
    at: datetime,
) -> bool:
    """A person says that the message does not answer this question, or (None) that it answers
    none: it goes back to where it was posted, and stays there.

    False, and nothing changes, if it stands under another question by now.
    """
    if message.question_ts != question_ts:
        return False
    queues.put_back(uow, message, session, at)
    settle(uow, voice, session, message, at)
    return True


def delete(
    uow: UnitOfWork, voice: Voice, channel: str, ts: str, at: datetime, thread_ts: str | None
) -> bool:
    """Takes in a deletion (`collect.delete`), and the mark that a linked answer had made."""
    before = uow.messages.get(channel, ts)
    changed = collect.delete(uow, channel, ts, at, thread_ts)
    session = uow.sessions.get(before.session_id) if before is not None else None
    if changed and before is not None and session is not None:
        settle(uow, voice, session, before, at)
    return changed


def settle(uow: UnitOfWork, voice: Voice, session: Session, before: Message, at: datetime) -> None:
    """Brings the marks on questions up to date after a message was moved or deleted.

    `before` is the message as it was. A question is marked while an author's answer that was
    posted outside its thread stands under it.
    """
    after = uow.messages.get(before.channel, before.ts)
    old = before.question_ts
    new = after.question_ts if after is not None and not after.deleted else None
    if before.author not in session.author_ids or old == new:
        return
    marked = {
        message.question_ts
        for message in uow.messages.iter_session(session.id)
        if message.author in session.author_ids and queues.moved(message, session)
    }
    if old is not None and old not in marked and queues.moved(before, session):
        voice.mark(uow, before.channel, old, False, at)
    if new is not None and new in marked:
        voice.mark(uow, before.channel, new, True, at)


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
        agreed = question is None or question.ts == decision.question
        if decision.kind is pairing.Kind.TALK and question is None:
            continue
        if not agreed or not pairing.sure(decision):
            found.append(Doubt(message, question))
    return found


def _apart(threads: Sequence[Thread], session: Session) -> list[Thread]:
    """The threads with all that the bot linked back where it was posted, by time."""
    found: list[Thread] = []
    for thread in threads:
        linked = {
            reply.ts
            for reply in thread.replies
            if reply.author in session.author_ids
            and queues.moved(reply, session)
            and not reply.corrected
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


def _adrift(message: Message, session: Session) -> bool:
    """Whether it is an author's, outside a thread, and nobody said yet where it belongs."""
    return (
        session.state is State.OPEN
        and message.author in session.author_ids
        and message.kind is Kind.QUESTION
        and message.origin != "form"
        and not message.deleted
        and not message.hidden
        and not message.corrected
    )


def _decided(
    uow: UnitOfWork,
    session: Session,
    threads: Sequence[Thread],
    ts: str,
    text: Text,
    judge: Judge,
) -> pairing.Decision:
    every = [m for thread in threads for m in (thread.question, *thread.replies)]
    names = {m.author: m.posted_name or "" for m in every}
    people = uow.people.many({author for author in names if author})
    names |= {who: person.name for who, person in people.items() if person.name}
    posts = pairing.from_threads(threads, session.author_ids, text, lambda who: names[who])
    # Who moved a message to where it stands knew better.
    known = {t.question.ts: None for t in threads if t.question.corrected}
    return judge.likeliest(posts, ts, known)

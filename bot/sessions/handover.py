"""What organizers get when a session is over: its figures, and what needs a look."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from bot.sessions.model import Kind, Message, Session, Thread
from bot.sessions.queue import votes
from bot.sessions.winners import is_member

MOST_VOTED = 3
"""How many of the most voted questions are named."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """An author's message outside a thread of which it is not sure what it answers.

    `question` is what the archive has it under; None where it stands on its own.
    """

    message: Message
    question: Message | None


@dataclass(frozen=True, slots=True)
class Handover:
    """A session in figures. `answered` counts questions with a reply by an author, and those
    that an author marked as answered elsewhere: of these there are `elsewhere`. `answers` counts the
    authors' replies.

    `first_answer` is the median time from a question to the first reply by an author, None
    without answers. `most_voted` are questions with their votes, most first. `nameless` are the
    member IDs of writers whose name Slack does not say; `unsure` are authors' messages whose
    question was found by a rule that may be wrong, or was not found.
    """

    questions: int
    answered: int
    participants: int
    first_answer: timedelta | None
    most_voted: tuple[tuple[Message, int], ...]
    unanswered: tuple[Message, ...]
    nameless: tuple[str, ...]
    unsure: tuple[Doubt, ...] = ()
    elsewhere: int = 0
    answers: int = 0

    @property
    def share(self) -> int:
        """The answered share in percent, rounded; 0 without questions."""
        return round(100 * self.answered / self.questions) if self.questions else 0


def handover(
    session: Session,
    threads: Iterable[Thread],
    voted: Mapping[str, Collection[str]],
    named: Collection[str],
    elsewhere: Collection[str] = (),
    unsure: Iterable[Doubt] = (),
    skipped: Collection[str] = (),
) -> Handover:
    """The figures of a session.

    `threads` are as the archive has them, `voted` says who voted for a question, by `ts` (nobody
    does for their own), `named` the member IDs of people whose name is known, `elsewhere` the
    `ts` of questions that were answered elsewhere, `skipped` of those that an author said need no
    answer, which are not listed as unanswered. What is hidden from the archive, and the
    thread of a question that is, counts nowhere; who talks takes part, and asks and answers nothing.
    """
    authors = session.author_ids
    people: set[str] = set()
    given = 0
    asked: list[tuple[Message, Message | None, int]] = []
    for thread in threads:
        question = thread.question
        if question.hidden:
            continue
        replies = [reply for reply in thread.replies if not (reply.hidden or reply.deleted)]
        people |= {reply.author for reply in replies}
        if not question.is_talk:
            given += sum(r.author in authors and r.kind is Kind.REPLY for r in replies)
        if question.deleted:
            continue
        people.add(question.author)
        if question.author not in authors and not question.is_talk:
            answers = [reply for reply in replies if reply.author in authors]
            first = min(answers, key=lambda answer: answer.at, default=None)
            asked.append((question, first, votes(thread, voted, authors)))
    asked.sort(key=lambda entry: entry[0].at)
    waits = [(first.at - q.at).total_seconds() for q, first, _votes in asked if first]
    ranked = sorted(((q, n) for q, _first, n in asked if n), key=lambda p: (-p[1], p[0].at))
    aside = {*elsewhere, *skipped}
    other = [q for q, first, _votes in asked if first is None and q.ts in elsewhere]
    return Handover(
        questions=len(asked),
        answered=len(waits) + len(other),
        participants=len(people),
        first_answer=timedelta(seconds=median(waits)) if waits else None,
        most_voted=tuple(ranked[:MOST_VOTED]),
        unanswered=tuple(q for q, first, _votes in asked if not first and q.ts not in aside),
        nameless=tuple(sorted(who for who in people if who not in named and is_member(who))),
        unsure=tuple(unsure),
        elsewhere=len(other),
        answers=given,
    )

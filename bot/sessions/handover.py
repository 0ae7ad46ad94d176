"""What organizers get when a session is over: its figures, and what needs a look."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from bot.sessions.model import Kind, Message, Session
from bot.sessions.winners import is_member

MOST_VOTED = 3
"""How many of the most voted questions are named."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A session in figures. `answered` counts questions with a reply by an author.

    `first_answer` is the median time from a question to the first reply by an author, None
    without answers. `most_voted` are questions with their votes, most first. `nameless` are the
    member IDs of writers whose name Slack does not say; `unsure` are messages whose question
    was found by a rule that may be wrong.
    """

    questions: int
    answered: int
    participants: int
    first_answer: timedelta | None
    most_voted: tuple[tuple[Message, int], ...]
    unanswered: tuple[Message, ...]
    nameless: tuple[str, ...]
    unsure: tuple[Message, ...] = ()

    @property
    def share(self) -> int:
        """The answered share in percent, rounded; 0 without questions."""
        return round(100 * self.answered / self.questions) if self.questions else 0


def handover(
    session: Session,
    messages: Iterable[Message],
    voted: Mapping[str, Collection[str]],
    named: Collection[str],
    unsure: Collection[tuple[str, str]] = (),
) -> Handover:
    """The figures of a session.

    `voted` says who voted for a question, by `ts` (nobody does for their own), `named` the member IDs of people whose
    name is known, `unsure` messages (channel, `ts`) that were linked without certainty. What is
    hidden from the archive is counted nowhere.
    """
    authors = session.author_ids
    questions: dict[str, Message] = {}
    first: dict[str, Message] = {}
    people: set[str] = set()
    doubtful = []
    for message in sorted(messages, key=lambda m: m.at):
        if message.deleted or message.hidden:
            continue
        people.add(message.author)
        if (message.channel, message.ts) in unsure:
            doubtful.append(message)
        if message.kind is Kind.QUESTION and message.author not in authors:
            questions[message.ts] = message
        elif message.kind is Kind.REPLY and message.author in authors and message.question_ts:
            first.setdefault(message.question_ts, message)
    waits = [
        (first[ts].at - question.at).total_seconds()
        for ts, question in questions.items()
        if ts in first
    ]
    ranked = sorted(
        ((q, len(set(voted.get(q.ts, ())) - {q.author})) for q in questions.values()),
        key=lambda pair: (-pair[1], pair[0].at),
    )
    return Handover(
        questions=len(questions),
        answered=sum(1 for ts in questions if ts in first),
        participants=len(people),
        first_answer=timedelta(seconds=median(waits)) if waits else None,
        most_voted=tuple((q, n) for q, n in ranked[:MOST_VOTED] if n),
        unanswered=tuple(q for ts, q in questions.items() if ts not in first),
        nameless=tuple(sorted(who for who in people if who not in named and is_member(who))),
        unsure=tuple(doubtful),
    )

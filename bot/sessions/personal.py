"""What is stored of a person, for the person to see and to take along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sessions import asking
from bot.sessions.model import Kind, Message, Person, Session, State, Submission
from bot.sessions.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Written:
    """What a person wrote: messages by `ts`, and what was sent through the form, oldest first."""

    messages: tuple[Message, ...] = ()
    submissions: tuple[Submission, ...] = ()

    def texts(self) -> list[str]:
        """Their texts, as they are stored (mrkdwn)."""
        return [
            *(str(message.content.get("text") or "") for message in self.messages),
            *(submission.text for submission in self.submissions),
        ]


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a person. `rows` are what belongs to it or was done by it, by table.

    `sessions` are those in which it wrote, voted or follows something, by their start; `named_in`
    those whose schedule file names it as an author.
    """

    slack_id: str
    person: Person | None
    written: Written
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    sessions: tuple[Session, ...]
    named_in: tuple[Session, ...]

    @property
    def questions(self) -> list[Message]:
        """The questions, by `ts`."""
        return [m for m in self.written.messages if m.kind is Kind.QUESTION]

    @property
    def replies(self) -> list[Message]:
        """Answers, other replies, and later parts of long questions, by `ts`."""
        return [m for m in self.written.messages if m.kind is not Kind.QUESTION]

    @property
    def unposted(self) -> list[Submission]:
        """Questions that are not in the channel."""
        return [s for s in self.written.submissions if s.ts is None]

    @property
    def votes(self) -> list[Mapping[str, Any]]:
        """Reactions that stand, and votes that were given in a form."""
        given = [row for row in self.rows.get("reactions", ()) if row["present"]]
        return [*given, *self.rows.get("supports", ())]


def ids_of(uow: UnitOfWork, slack_id: str) -> set[str]:
    """All that stands for a person: the member ID, and its keys as far as they can be made."""
    found = {slack_id, uow.forgotten.alias(slack_id)}
    for session in uow.sessions.all((State.OPEN, State.SCHEDULED, State.CANCELLED)):
        found |= asking.keys_of(uow, session, slack_id)
    return found


def written(uow: UnitOfWork, slack_id: str) -> Written:
    """What a person wrote, anonymously too as long as that can be told."""
    ids = ids_of(uow, slack_id)
    messages = [m for key in sorted(ids) for m in uow.messages.of_author(key)]
    messages.sort(key=lambda m: (m.at, m.channel))
    return Written(tuple(messages), tuple(uow.members.submissions_of(ids)))


def stored(uow: UnitOfWork, slack_id: str) -> Stored:
    """All that is stored of a person (a member ID)."""
    ids = ids_of(uow, slack_id)
    own = written(uow, slack_id)
    rows = uow.personal.rows(ids)
    places = {(m.channel, m.ts): m for m in own.messages}
    for name in ("reactions", "supports", "follows"):
        for row in rows[name]:
            found = uow.messages.get(row["channel"], row["ts"])
            if found is not None:
                places[found.channel, found.ts] = found
    numbers = {m.session_id for m in places.values()} | {s.session_id for s in own.submissions}
    sessions = sorted(uow.sessions.all(), key=lambda s: (s.event.start, s.id))
    return Stored(
        slack_id,
        uow.people.get(slack_id),
        own,
        rows,
        tuple(s for s in sessions if s.id in numbers),
        tuple(s for s in sessions if slack_id in s.author_ids),
    )

"""What the bot says, as the domain asks for it. `bot.slack.notifier` says it in Slack's words.

Each method writes into the unit of work it is given, under a key that names the utterance for
ever: asking for the same twice owes it once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.sessions.handover import Handover
from bot.sessions.model import Message, Session, Submission
from bot.sessions.ports import UnitOfWork
from bot.sessions.winners import Draw


@dataclass(frozen=True, slots=True)
class Digest:
    """What waits for an author on a morning: `new` questions since the last one, all that are
    `unanswered`, and of those the `top`, by votes then age, each with its votes. `day` is the
    day in the author's zone.
    """

    day: date
    new: int
    unanswered: int
    top: tuple[tuple[Message, int], ...]


class Notifier:
    """What the bot can say about a session. This one says nothing, for reading in the past."""

    def announce(self, uow: UnitOfWork, session: Session, at: datetime) -> None:
        """The announcement, which is then pinned."""

    def reannounce(self, uow: UnitOfWork, session: Session, at: datetime) -> None:
        """The announcement again, edited, because the event changed."""

    def close(self, uow: UnitOfWork, session: Session, figures: Handover, at: datetime) -> None:
        """The closing message, and the announcement edited to say closed."""

    def missed(self, uow: UnitOfWork, session: Session, figures: Handover, at: datetime) -> None:
        """One message for a session that began and ended while the bot was away."""

    def late(self, uow: UnitOfWork, session: Session, user: str, at: datetime) -> None:
        """The private note, once a person, that the session is over."""

    def muted(self, uow: UnitOfWork, session: Session, user: str, at: datetime) -> None:
        """The private note, once a person, that what they write is not collected."""

    def tell_organizers(self, uow: UnitOfWork, key: str, text: str, at: datetime) -> None:
        """A notice to the organizers, once for each `key`."""

    def remind(self, uow: UnitOfWork, session: Session, key: str, text: str, at: datetime) -> None:
        """A reminder (mrkdwn) in the channel of the session, once for each `key`."""

    def hand_over(
        self, uow: UnitOfWork, session: Session, handover: Handover, at: datetime
    ) -> None:
        """The figures and the archive to the organizers, once a session."""

    def winners(
        self, uow: UnitOfWork, session: Session, draw: Draw, note: str, at: datetime
    ) -> None:
        """Announces winners, publishes how they were drawn, and writes to each of them.

        `note` (mrkdwn) is what the winners are asked for.
        """

    def ask(self, uow: UnitOfWork, session: Session, submission: Submission, at: datetime) -> None:
        """A question sent through the form, in the channel, by its asker's name."""

    def hand_back(self, uow: UnitOfWork, token: str, at: datetime, code: str | None = None) -> bool:
        """Gives a question that is not posted back to its asker, by direct message; it is not
        posted any more. `code` is why Slack refused it, None where the session is over.

        False where that cannot be: it is being posted, or nobody knows who asked.
        """
        return False

    def answered(
        self,
        uow: UnitOfWork,
        session: Session,
        question: Message,
        answer: Message,
        people: Collection[str],
        at: datetime,
    ) -> None:
        """A direct message to each of `people` that an author answered the question."""

    def digest(
        self, uow: UnitOfWork, session: Session, author: str, digest: Digest, at: datetime
    ) -> None:
        """What waits for an author, by direct message, once for each `digest.day`."""

    def mark(self, uow: UnitOfWork, channel: str, ts: str, answered: bool, at: datetime) -> None:
        """A mark on a question, for all to see, that it is answered outside its thread; or
        (False) its end.
        """

    def acknowledge(self, uow: UnitOfWork, channel: str, ts: str, at: datetime) -> None:
        """A mark on a question in the channel, for all to see, that it was taken in; none where the
        settings want none.
        """

    def linked(
        self, uow: UnitOfWork, session: Session, question: Message, answer: Message, at: datetime
    ) -> None:
        """The private note to an author that a message was put under a question, and how to
        undo that.
        """

    def offer(
        self,
        uow: UnitOfWork,
        session: Session,
        answer: Message,
        questions: Sequence[Message],
        at: datetime,
    ) -> None:
        """The private note that asks an author which of `questions`, likeliest first, a message
        answers.
        """

"""The words of the project as types. Pure data: no Slack client, no SQL, no files, no clock.

Every moment is an aware UTC `datetime`. A `ts` is Slack's message timestamp, a string such as
`1700000000.000100`: the message's identity within its channel and the moment it was posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What a session is in: `scheduled -> open -> closed -> archived`, or `cancelled`."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a message is in its session."""

    QUESTION = "question"
    REPLY = "reply"
    PART = "part"
    """What did not fit into the message of a long question that the bot posted for somebody."""


class Who(StrEnum):
    """Whose a thing is to do. An organizer may do all that authors may."""

    MEMBER = "member"
    AUTHOR = "author"
    ORGANIZER = "organizer"


class Hidden(StrEnum):
    """Why a message is left out of archives, figures and queues; there may be several reasons."""

    NO_QUESTION = "no_question"
    WITHDRAWN = "withdrawn"
    MODERATED = "moderated"


class Talk(StrEnum):
    """Whether a message at top level is talk, which is in the archive and counts nowhere."""

    NO = ""
    YES = "talk"
    """By its words (`bot.sessions.talk`), or because an author said so."""
    NEVER = "question"
    """An author said that it is a question, whatever its words are."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the book, as `links` of the schedule file has it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Author:
    """An author of the event: the entry as written, the name people read, the Slack member ID."""

    entry: str
    name: str
    slack_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What a schedule file plans.

    `id` is the file's name without `.md`, or the `slug` of a record; `file` is the file's name,
    where it is known; `start` and `end` are aware UTC; `channel` is a name
    (without `#`) or a channel ID as written, None for the default channel of the settings;
    `body` is the Markdown below the front matter; `options` are keys of ours that a later
    layer reads (reminders …), JSON-compatible. `archived` says that the file has an archive
    block; neither is part of the plan, so events that differ in them alone are equal.
    """

    id: str
    title: str
    start: datetime
    end: datetime
    description: str = ""
    authors: tuple[Author, ...] = ()
    links: tuple[Link, ...] = ()
    cover: str | None = None
    image: str | None = None
    channel: str | None = None
    timezone: str = "UTC"
    body: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    archived: bool = field(default=False, compare=False)
    file: str = field(default="", compare=False)

    @property
    def file_name(self) -> str:
        """The name of the event's file."""
        return self.file or f"{self.id}.md"

    @property
    def author_ids(self) -> frozenset[str]:
        """Slack member IDs of the authors who are known in Slack."""
        return frozenset(a.slack_id for a in self.authors if a.slack_id)


@dataclass(slots=True)
class Session:
    """An event as it happens in Slack. `event` is the last good version of its file.

    `channel` is the Slack channel ID. Messages whose `ts` lies between `collects_from` and
    `over_at` belong to it; `collects_until` is None until it is closed. `content_changed_at` is when
    its messages last changed and moves forward with each change, `archived_at` is what it was when
    they were last exported, `reconciled_ts` the last message up to which the store and Slack's
    history are known to agree.
    """

    id: int
    event: Event
    channel: str
    state: State = State.SCHEDULED
    collects_from: datetime | None = None
    collects_until: datetime | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    announcement_ts: str | None = None
    reconciled_ts: str | None = None
    content_changed_at: datetime | None = None
    archived_at: datetime | None = None
    added_authors: frozenset[str] = frozenset()

    @property
    def author_ids(self) -> frozenset[str]:
        """Slack member IDs of all authors: the file's, and those an organizer added."""
        return self.event.author_ids | self.added_authors

    @property
    def over_at(self) -> datetime:
        """When new questions stop counting: the time it was closed, else its `end`."""
        return self.collects_until or self.event.end

    def collects(self, ts: str) -> bool:
        """Whether a top-level message posted at `ts` belongs to this session."""
        if self.state is State.CANCELLED or self.collects_from is None:
            return False
        return self.collects_from <= moment(ts) < self.over_at

    def is_watched(self, now: datetime, catch_up: timedelta) -> bool:
        """Whether it is compared with Slack's history: it is open, or was over less than
        `catch_up` ago. Replies come to a session that is over, too, and are as easily missed.
        """
        if self.state in (State.CLOSED, State.ARCHIVED):
            return self.collects_until is not None and self.collects_until > now - catch_up
        return self.state is State.OPEN


FORGOTTEN = "forgotten"
"""The privacy of a person who is anonymous for good, whatever is learnt of them later."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in Slack. `name` is the display name, else the real name, else None (not known)."""

    slack_id: str
    name: str | None = None
    real_name: str | None = None
    is_bot: bool = False
    deleted: bool = False
    tz: str | None = None
    privacy: str = "full"  # full | first_name | left_out | forgotten
    quiet: bool = False  # no direct messages about questions


@dataclass(frozen=True, slots=True)
class Message:
    """A question or a reply.

    `content` is what Slack's message object says of it (`text`, `blocks`, `files`,
    `attachments`), never interpreted here. `thread_ts` is the root of its thread in Slack
    (None at top level), `question_ts` the question it belongs to (None for a question).
    `edited_ts` is the `ts` of the last edit known. `origin` says where it came from:
    `channel`, `announcement` (its thread) or `form`. `hidden` are the reasons for which it is
    left out of archives; with a question its whole thread is. `corrected` says that a person
    put it where it is, which nothing automatic changes. `talk` says of what stands at top level
    whether it is a question at all.
    """

    session_id: int
    channel: str
    ts: str
    kind: Kind
    author: str
    content: Mapping[str, Any]
    posted_name: str | None = None
    thread_ts: str | None = None
    question_ts: str | None = None
    edited_ts: str | None = None
    deleted: bool = False
    broadcast: bool = False
    origin: str = "channel"
    hidden: frozenset[Hidden] = frozenset()
    corrected: bool = False
    talk: Talk = Talk.NO

    @property
    def is_talk(self) -> bool:
        """Whether it is no question, but talk."""
        return self.talk is Talk.YES

    @property
    def at(self) -> datetime:
        """When it was posted, aware UTC."""
        return moment(self.ts)


@dataclass(frozen=True, slots=True)
class Reaction:
    """One person's reaction to one message; `name` is Slack's emoji name without colons."""

    channel: str
    ts: str
    name: str
    user: str


@dataclass(frozen=True, slots=True)
class Action:
    """An entry of the log: who did what, when (aware UTC).

    `who` is a member ID ('' where it is not said, as for what is anonymous), `what` a short
    word (`mute`, `not_a_question`, `refused`), `session_id` whose session it is about (None:
    none), `event_id` whose event; `details` are JSON-compatible.
    """

    at: datetime
    who: str
    what: str
    session_id: int | None = None
    event_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class Mute:
    """Somebody whose questions are not taken in a session.

    `subject` is a member ID, or the key of one who asks anonymously (`bot.sessions.anonymity`).
    """

    session_id: int
    subject: str
    by: str
    at: datetime
    reason: str = ""


class Handled(StrEnum):
    """What an author said of a question in the queue."""

    TAKEN = "taken"
    ELSEWHERE = "elsewhere"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Handling:
    """An author's word on a question: it is taken, answered elsewhere, or skipped."""

    channel: str
    ts: str
    how: Handled
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Edit:
    """What the archive says (Markdown) instead of a message; the message stays as it was."""

    channel: str
    ts: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """A question sent through the form or `/ask`.

    `token` names it; `asker` is a member ID, or the key of one who asks anonymously; `text` is
    mrkdwn. `state` is `waiting` (for its session to open), `owed` (queued for the channel, or
    posted), `delayed` (queued, and Slack does not take it yet), `returned` (to the asker, because
    Slack did not take it) or `withdrawn`. `ts` is its message, once that is posted.
    """

    token: str
    session_id: int
    asker: str
    text: str
    at: datetime
    name: str = ""
    icon: str = ""
    state: str = "waiting"
    channel: str = ""
    ts: str | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A question and its replies in the order they were given, as an archive lists them."""

    question: Message
    replies: tuple[Message, ...] = ()


def moment(ts: str) -> datetime:
    """The moment of a Slack `ts`, aware UTC, to the microsecond.

    >>> moment("1700000000.000100").isoformat()
    '2023-11-14T22:13:20.000100+00:00'
    """
    seconds, _, micros = ts.partition(".")
    base = datetime.fromtimestamp(int(seconds), UTC)
    return base + timedelta(microseconds=int((micros + "000000")[:6]))


def ts_of(at: datetime) -> str:
    """The Slack `ts` of an aware moment: seconds and six digits of microseconds.

    >>> ts_of(datetime(2023, 11, 14, 22, 13, 20, 100, tzinfo=UTC))
    '1700000000.000100'
    """
    whole = at.astimezone(UTC)
    seconds = int(whole.replace(microsecond=0).timestamp())
    return f"{seconds}.{whole.microsecond:06d}"

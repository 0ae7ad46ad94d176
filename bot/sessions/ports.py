"""What the domain needs from outside, as protocols: a clock and a unit of work over a store.

`bot.store` implements them with SQLAlchemy; `bot.slack` is handed what gives units of work
(`bot.support.transactions`) and never sees a table. One unit of work is one transaction: leaving
the `with` block commits, an exception rolls back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot.sessions.knowledge import Document, Meanings
from bot.sessions.model import (
    Action,
    Edit,
    Event,
    Handling,
    Hidden,
    Message,
    Mute,
    Person,
    Reaction,
    Session,
    State,
    Submission,
    Talk,
    Thread,
)
from bot.sessions.winners import Draw

if TYPE_CHECKING:
    from bot.sessions.forgetting import Scrubber


class Clock(Protocol):
    """Where the domain's time comes from. A test or the demo hands in one of its own."""

    def now(self) -> datetime:
        """The present, aware UTC."""

    def wall(self, at: datetime) -> datetime:
        """The wall-clock moment (aware UTC) at which this clock will show `at`."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What Slack delivered: a row of the inbox. `key` is its `event_id`."""

    id: int
    key: str
    body: Mapping[str, Any]
    received_at: datetime
    attempts: int = 0
    error: str | None = None
    state: str = "due"  # due | parked | done


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message queued for Slack, or another call that changes something: a row of the outbox.

    `key` names it for ever (`session 12 announcement`); `method` is a Web API method
    (`chat.postMessage`); `payload` its arguments; `channel` orders and paces the rows ('' where
    a method has none). `state` is `due`; `held` (it waits, and others of its channel go past it);
    `failed` (it is tried again only when somebody asks for it); `sent` or `dropped`. `error` says
    how the last try ended, mostly Slack's code. `slack_ts` is the `ts` Slack gave it, `sent_at`
    when. `tried_at` is when it was first claimed: from then on it may stand in Slack.
    `not_before` is when it is tried next.
    """

    key: str
    method: str
    payload: Mapping[str, Any]
    channel: str = ""
    id: int = 0
    attempts: int = 0
    error: str | None = None
    state: str = "due"  # due | held | failed | sent | dropped
    slack_ts: str | None = None
    sent_at: datetime | None = None
    created_at: datetime | None = field(default=None, compare=False)
    tried_at: datetime | None = field(default=None, compare=False)
    not_before: datetime | None = field(default=None, compare=False)


class ConcurrentUpdate(Exception):
    """Somebody else changed it since it was read: roll back, read again, decide again."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of a session without what was deleted.

    `questions` are those of people who are no authors of the event, `answered` those of them
    to which an author replied, or of which one said that they are answered elsewhere;
    `participants` wrote anything.
    """

    questions: int
    answered: int
    replies: int
    participants: int


class Sessions(Protocol):
    """Sessions and the last good version of their events.

    In one unit of work a session is one object, whoever reads it.
    """

    def get(self, session_id: int) -> Session | None: ...
    def by_event(self, event_id: str) -> Session | None: ...
    def all(self, states: Collection[State] | None = None) -> list[Session]:
        """All sessions, or those in `states`, ordered by the start of the event."""

    def in_channel(self, channel: str, since: datetime | None = None) -> list[Session]:
        """Sessions of a Slack channel ID that are not cancelled, latest start first.

        With `since` those may be left out that were over before: past ones cost nothing then.
        """

    def begun_since(self, since: datetime) -> list[Session]:
        """Sessions that are open, or were over after `since`, by the start of the event."""

    def last(self, states: Collection[State], channel: str | None = None) -> Session | None:
        """The session in `states` that starts last, in a channel or (None) anywhere."""

    def of_author(self, slack_id: str) -> list[Session]:
        """Sessions of an author that are not cancelled, ordered by the start of the event."""

    def states(self) -> dict[str, State]:
        """The state of every session, by the id of its event; no session is loaded."""

    def add(self, event: Event, channel: str) -> Session:
        """A new session, `scheduled`; its id is set. Raises ValueError if the event has one."""

    def save(self, session: Session) -> None:
        """Writes a session that exists, so that every field of it is stored.

        Raises LookupError if there is none, ConcurrentUpdate if its state is no longer the one that
        was read in this unit of work.
        """

    def touch(self, session_id: int, at: datetime) -> None:
        """Notes that the session's content changed at `at` (never moves it back)."""


class Messages(Protocol):
    """Questions and replies, each known by `(channel, ts)`."""

    def get(self, channel: str, ts: str) -> Message | None:
        """A message; a deleted one is marked so."""

    def hold(self, channel: str, ts: str) -> Message | None:
        """The message as it is now, and as it stays until this transaction changes it or ends.

        `get` may give what another replica changes at this moment.
        """

    def put(self, message: Message) -> bool:
        """Inserts or updates, atomically, whatever came first; True if anything changed.

        An older edit never overwrites a newer one, a deleted message stays deleted, a name
        that is known stays. The content that an edit replaces is not kept.
        """

    def delete(self, channel: str, ts: str, session_id: int, at: datetime) -> bool:
        """Marks as deleted; a message not seen yet leaves a tombstone that `put` respects. True if
        it was not deleted before.

        Only the place of a deleted message is kept: author and content are erased, as the
        person who deleted it wanted.
        """

    def revive(self, channel: str, ts: str, before: datetime) -> bool:
        """Forgets that a message was deleted, if it was so before `before`: it stands after all.

        True if there was something to forget; the message is then unknown until it is `put`.
        """

    def of_session(self, session_id: int) -> list[Message]:
        """Questions and replies that are not deleted, by `ts`."""

    def iter_session(self, session_id: int) -> Iterable[Message]:
        """The same, streamed in chunks for long sessions."""

    def iter_threads(self, session_id: int) -> Iterable[Thread]:
        """Questions by `ts`, each with its replies by `ts`; streamed. Deleted ones are left out,
        and a question that was posted as several messages is one.

        Replies whose question was deleted come as a thread whose `question` is the tombstone, a
        message without content, at the question's place. Replies to what was never a question
        (a bot's message) are left out.
        """

    def whole(self, message: Message) -> Message:
        """A long question with the messages that continue it (`Kind.PART`) as one text; any other
        message as it is.
        """

    def set_talk(self, channel: str, ts: str, talk: Talk) -> bool:
        """Says whether it is talk; False if nothing changes, or it is unknown or deleted."""

    def set_question(
        self, channel: str, ts: str, question_ts: str | None, corrected: bool = False
    ) -> None:
        """Moves a message under a question, or (None) makes it a question of its own; nothing if it
        is unknown or deleted.

        Replies it had go with it and come back with it. Once a person has said where a message
        belongs (`corrected`), only a person moves it. Raises ValueError if it would stand
        under itself.
        """

    def set_hidden(self, channel: str, ts: str, why: Hidden, hidden: bool) -> bool:
        """Adds or takes away a reason to leave a message out; True if it changed anything, which it
        does not where the message is unknown or deleted.
        """

    def anonymise(self, slack_id: str) -> None:
        """Takes the posted name from what a person wrote."""

    def erase(self, channel: str, ts: str, at: datetime) -> None:
        """Deletes a message for good, at `at`: nothing that Slack's history says brings it back."""

    def of_author(self, slack_id: str) -> list[Message]:
        """What a person wrote in all sessions and did not delete, by `ts`."""

    def mentioning(self, slack_id: str) -> set[int]:
        """The sessions in which a person wrote or is mentioned (its ID is in a content)."""

    def many(self, channel: str, tss: Collection[str]) -> dict[str, Message]:
        """Those of `tss` that are known, deleted ones (marked so) among them, by `ts`.

        `get` needs not ask the database for them any more in this unit of work.
        """

    def expect(self, channel: str, tss: Collection[str]) -> None:
        """Says of which messages `put` will hear, so that new ones can be written many at once.

        They are written before the next statement, or at the end; both raise ConcurrentUpdate
        where another replica wrote one of them meanwhile.
        """

    def standing(self, session_id: int, oldest: str, latest: str) -> set[str]:
        """The `ts`, from `oldest` to `latest`, of what a channel shows: no replies, but those
        that were sent to the channel too.
        """

    def replies(self, channel: str, thread_ts: str) -> set[str]:
        """The `ts` of the messages in a thread that are not deleted, without its root."""

    def under(self, channel: str, question_ts: str) -> list[Message]:
        """The messages right under a question that are not deleted, by `ts`."""

    def thread_sizes(self, channel: str, roots: Collection[str]) -> dict[str, int]:
        """How many messages `replies` gives, for those of `roots` that have any."""

    def roots(self, session_id: int) -> set[str]:
        """The `ts` of all threads in which messages of the session stand."""

    def named(self, slack_id: str, name: str) -> set[int]:
        """Notes the name of a writer whom nobody knew by name; gives the sessions it touched."""


class People(Protocol):
    """Persons, each known by the Slack member ID."""

    def get(self, slack_id: str) -> Person | None: ...
    def many(self, slack_ids: Collection[str]) -> dict[str, Person]:
        """Those that are known; `get` needs not ask the database for them any more."""

    def unknown(self, slack_ids: Collection[str]) -> set[str]:
        """Those of `slack_ids` of whom no row or no name is there."""

    def put(self, person: Person) -> None:
        """Inserts or updates all but `privacy` and `quiet`; None replaces no known name."""

    def set_privacy(self, slack_id: str, privacy: str) -> None:
        """Sets how the person appears in archives, also of one not met yet."""

    def anonymise(self, slack_id: str) -> None:
        """Takes the person's names away for good; `put` and `set_privacy` change nothing then."""

    def set_quiet(self, slack_id: str, quiet: bool) -> None:
        """Sets whether the person gets no direct messages, also of one not met yet."""


class MemberNames(Protocol):
    """The workspace's members by name, to find the authors whom a file names without an ID.

    Kept of each is the Slack member ID and the folded names, nothing of bots, deactivated accounts
    and those who were forgotten. Nobody is found before all members have been listed once: until
    then a namesake may be unknown.
    """

    def is_current(self, person: Person) -> bool:
        """Whether `put` of this person would change nothing; only reads."""

    def put(self, persons: Collection[Person]) -> None:
        """Replaces what is known of each by what they are called now."""

    def remove(self, slack_id: str) -> None:
        """Forgets a member's names."""


class Reactions(Protocol):
    """Reactions, in a set: adding twice is adding once; a message need not be known yet.

    `event_ts` is when it happened, as Slack says it: what is older than the last that is known of
    the same reaction changes nothing, so that adding and removing may come in any order. Without
    one it is the latest.
    """

    def add(self, reaction: Reaction, event_ts: str | None = None) -> bool:
        """True if it was not there."""

    def remove(self, reaction: Reaction, event_ts: str | None = None) -> bool:
        """True if it was there."""

    def replace(
        self,
        channel: str,
        ts: str,
        reactions: Collection[Reaction],
        event_ts: str | None = None,
    ) -> bool:
        """Makes `reactions` the whole set of the message; True if it differed."""

    def of_session(self, session_id: int) -> list[Reaction]:
        """Those to messages of the session that are not deleted, in a fixed order."""

    def of_messages(self, channel: str, tss: Collection[str]) -> dict[str, set[Reaction]]:
        """Those to the messages `tss`, by `ts`; nothing for a message that has none."""


class Inbox(Protocol):
    """Envelopes, stored before they are acknowledged, handled after."""

    def add(self, envelopes: Sequence[tuple[str, Mapping[str, Any]]], at: datetime) -> int:
        """Stores `(key, body)` pairs in one go; those whose key is known are skipped.

        Gives how many were new.
        """

    def claim(self, limit: int, at: datetime) -> list[Envelope]:
        """Locks due rows in order of arrival for this transaction, skipping locked ones.

        PostgreSQL: `FOR UPDATE SKIP LOCKED`. SQLite: one process, nothing to lock.
        """

    def done(self, ids: Sequence[int], at: datetime) -> None:
        """Handled: the body is dropped, the key stays to recognise a repetition."""

    def failed(self, envelope_id: int, error: str, retry_at: datetime | None) -> None:
        """Counts an attempt; due again at `retry_at`, or parked when None."""


class Outbox(Protocol):
    """What the bot says, stored before it is sent; a key is queued once."""

    def add(self, outgoing: Outgoing, at: datetime) -> bool:
        """Stores it; False if the key is there already (nothing changes then)."""

    def get(self, key: str) -> Outgoing | None: ...
    def keys(self, start: str) -> list[str]:
        """The keys of all rows that begin so, sorted."""

    def now(self, local: datetime) -> datetime:
        """The time by which leases count: the database server's where several processes share
        one, else `local`."""

    def holds(self, outgoing: Outgoing, at: datetime) -> bool:
        """Whether the lease that `claim` gave lasts, and is not another's by now."""

    def last_used(self) -> list[tuple[str, datetime]]:
        """The channels to which something was sent, and when last, latest first."""

    def claim(self, at: datetime, lease_until: datetime, interval: float) -> Outgoing | None:
        """The next row to send, leased until then; `attempts` counts its claims, this one too.

        A row is eligible when it is due, not leased, its `not_before` is past, no older unsent
        row of its channel is there, and (unless the channel is '') the channel's last row was
        sent at least `interval` seconds ago. PostgreSQL: `FOR UPDATE SKIP LOCKED`.
        """

    def sent(self, outgoing_id: int, slack_ts: str | None, at: datetime) -> None:
        """Sent, as `slack_ts`; its channel is paced from `at` on."""

    def failed(self, outgoing_id: int, error: str, retry_at: datetime | None) -> None:
        """Ends the lease; to be tried at `retry_at`, or given up (`failed`) when None."""

    def unanswered(self, outgoing_id: int, error: str, at: datetime, retry_at: datetime) -> None:
        """The same where it is not known whether Slack did it: the lease ends at `at`, the present,
        and is not forgotten, so that `drop` knows.
        """

    def hold(self, outgoing_id: int, error: str, retry_at: datetime) -> None:
        """Ends the lease; the row is `held` and due again at `retry_at`. Until then the other rows
        of its channel do not wait for it.
        """

    def hold_for(self, outgoing_id: int, key: str, retry_at: datetime) -> None:
        """The same for a row that refers to the row `key`; due as soon as that one is sent."""

    def drop(self, outgoing_id: int, at: datetime | None = None) -> list[Outgoing]:
        """Drops a row that is not sent, and those that refer to it: they are never sent.

        Gives them as they were, the row first; nothing if it is sent, was dropped or is not there,
        if it is being sent at `at`, or (without `at`) if it may have been sent.
        """

    def queued(self, channel: str) -> list[Outgoing]:
        """The rows of a channel that are `due`, oldest first."""

    def delay(self, channel: str, until: datetime) -> None:
        """No row of the channel is sent before `until` (Slack's `Retry-After`), nor before what was
        said earlier.
        """

    def block(self, channel: str, why: str, until: datetime) -> bool:
        """The same, because of a trouble that people must mend; False if there was one already.

        `why` is Slack's code. The trouble is over when something is sent there, or with `unblock`.
        """

    def unblock(self, channel: str) -> bool:
        """Ends the trouble of a channel; False if there was none."""

    def troubles(self) -> dict[str, str]:
        """The channels that are in trouble, and why."""

    def next_due(self, at: datetime, interval: float) -> datetime | None:
        """When `claim` will next find something, not before `at`; None if nothing waits."""

    def listed(self, states: Collection[str] = ("failed",)) -> list[Outgoing]:
        """Rows in `states`, oldest first."""

    def erase(self, person: str, keys: Collection[str], texts: bool) -> None:
        """Takes a person out of the outbox: what waits to be sent to `person` (a member ID) is
        removed; the rows `keys` (questions of the person's) lose name and picture, or with
        `texts` all that they say, and are not sent any more. What they said is removed from those
        that were sent.
        """


class Labels(Protocol):
    """Names of what is no person, by Slack ID: `kind` is `channel`, `usergroup` or `emoji`.

    An `emoji` is known by its name; its label is the name it is an alias of. The kind `copied` is
    of imports: from what moment the stored copy of a message or a person is. The kind `workspace`
    has one label, `url`: the workspace's address.
    """

    def get(self, kind: str, slack_id: str) -> str | None: ...
    def put(self, kind: str, names: Mapping[str, str]) -> None:
        """Inserts or updates the names of `names` (ID to name)."""

    def remove(self, kind: str, slack_ids: Collection[str]) -> None:
        """Takes the names of `slack_ids` away."""

    def rename_alias(self, old: str, new: str) -> None:
        """The emoji `old` is called `new`: it, and the aliases that lead to it."""


class Edits(Protocol):
    """What archives say instead of what was written."""

    def put(self, edit: Edit) -> None:
        """Sets the text of a message in archives; it replaces an earlier one."""

    def remove(self, channel: str, ts: str) -> bool:
        """The message's own text again; False if nothing else was set."""

    def get(self, channel: str, ts: str) -> Edit | None: ...


class Draws(Protocol):
    """Draws of winners, which are never changed."""

    def add(self, draw: Draw) -> None:
        """Stores it. Its number must be free; two draws at once cannot have the same."""

    def next_number(self, session_id: int) -> int:
        """The number of the session's next draw; the first is 1."""

    def of_session(self, session_id: int) -> list[Draw]:
        """By number."""

    def winners_since(self, since: datetime, besides: int) -> set[str]:
        """Member IDs of those who won since then in sessions other than `besides`."""


class Actions(Protocol):
    """The log of what people did."""

    def add(self, action: Action) -> None: ...
    def listed(self, session_id: int | None = None, limit: int = 100) -> list[Action]:
        """The latest, newest first; of one session, or (None) of all."""


class Mutes(Protocol):
    """Whose questions a session does not take."""

    def add(self, mute: Mute) -> bool:
        """False if the subject was muted in the session already."""

    def remove(self, session_id: int, subject: str, at: datetime) -> bool:
        """Ends a mute at `at`; False if the subject was not muted in the session."""

    def covers(self, session_id: int, subject: str, at: datetime) -> bool:
        """Whether the subject was muted at a moment, even if it is no more."""

    def any(self, session_id: int, subjects: Collection[str]) -> bool:
        """Whether one of the subjects is muted in the session."""

    def of_session(self, session_id: int) -> list[Mute]:
        """By when they were muted."""


class Forgotten(Protocol):
    """Those who asked to be forgotten, known by marks of their names and member IDs
    (`bot.sessions.forgetting`); the names themselves are nowhere, and the IDs of authors alone.
    """

    def salt(self) -> bytes:
        """What the marks are made with; made when it is first asked for, if it may be written."""

    def add(self, slack_id: str, names: Collection[str], keeps_id: bool = False) -> None:
        """Marks a person by its names and its ID; with `keeps_id` the ID itself is stored."""

    def alias(self, slack_id: str) -> str:
        """The key that stands for a person who was forgotten; the ID itself for all others."""

    def ids(self) -> set[str]:
        """The persons: keys, and the IDs of those who kept theirs."""

    def marks(self) -> set[str]: ...


class Personal(Protocol):
    """What is stored of one person, in whatever table it stands."""

    def rows(self, ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """What is stored as a person's, or as done by it, under its ID or keys: rows by table."""

    def rewrite(
        self, slack_id: str, names: Collection[str], scrub: Scrubber, quotes: Collection[str]
    ) -> set[int]:
        """Takes a forgotten person out of all tables: the ID becomes its key, `names` and what
        `scrub` knows become anonymous. The beginnings of `quotes` (texts that were erased) are
        cut out of what the bot itself stored, not out of what others wrote. What was delivered or
        sent, and held something of it, is emptied. Gives the sessions whose messages changed.
        """


class Members(Protocol):
    """What members and authors do with questions beside writing."""

    def secret(self, session_id: int, make: bool = False) -> bytes:
        """The session's secret; empty if there is none yet (unless one is to be made), or if it
        was dropped.
        """

    def drop_secret(self, session_id: int) -> None:
        """Forgets the session's secret for good: keys made with it lead to nobody any more."""

    def submit(self, submission: Submission) -> bool:
        """Stores it; False if its token is known (nothing changes then)."""

    def submission(self, token: str) -> Submission | None: ...
    def submissions(self, session_id: int, state: str | None = None) -> list[Submission]:
        """Those of a session, oldest first; in one state, or all."""

    def submissions_of(self, askers: Collection[str]) -> list[Submission]:
        """Those of a person (by member ID and keys), oldest first."""

    def anonymise(self, slack_id: str) -> None:
        """Takes name and picture from what a person sent, and what it follows and looks at."""

    def erase(self, tokens: Collection[str]) -> None:
        """Takes the texts from submissions; those that are not posted are withdrawn."""

    def update_submission(self, token: str, state: str, ts: str | None = None) -> None:
        """Its state, and its message once there is one."""

    def handle(self, handling: Handling) -> None:
        """An author's word on a question; it replaces an earlier one."""

    def unhandle(self, channel: str, ts: str) -> bool:
        """Takes it back; False if there was none."""

    def handlings(self, session_id: int) -> dict[str, Handling]:
        """By the `ts` of the question."""

    def follow(self, channel: str, ts: str, person: str) -> bool:
        """False if the person follows the question already."""

    def unfollow(self, channel: str, ts: str, person: str) -> bool:
        """False if the person did not follow it."""

    def followers(self, channel: str, ts: str) -> set[str]: ...
    def followed(self, person: str) -> list[tuple[str, str]]:
        """The questions a person follows, as `(channel, ts)`, oldest first."""

    def support(self, channel: str, ts: str, person: str) -> bool:
        """A vote given in a form instead of by a reaction; False if it was given already."""

    def supporters(self, session_id: int) -> dict[str, set[str]]:
        """Who voted so, by the `ts` of the question."""

    def opened_home(self, person: str, at: datetime) -> None:
        """Notes that somebody looks at the App Home."""

    def turn(self, person: str, part: str, number: int) -> None:
        """Notes which page of a list (`part` names it) somebody looks at in the App Home."""

    def pages(self, person: str) -> dict[str, int]:
        """Those pages, by the list they are of."""

    def pulse(self) -> str:
        """Changes whenever something did that is kept here, or a reaction."""

    def viewers(self, since: datetime) -> list[str]:
        """Who opened the App Home since, latest first."""


class Requests(Protocol):
    """What people asked for that must be done once, however often the request comes.

    A form that is sent again has the same key, and finds what came of it the first time.
    """

    def begin(self, key: str, at: datetime, within: timedelta | None = None) -> bool:
        """Notes a request; False if it was noted before (and, with `within`, not longer ago).

        Where another transaction has just noted the same, it waits for how that ends.
        """

    def finish(self, key: str, result: Any) -> None:
        """Stores what came of it, as JSON."""

    def result(self, key: str) -> Any:
        """What came of it; None where nothing is stored."""

    def drop(self, key: str) -> None:
        """It was not done: the same request is a new one."""


@dataclass(frozen=True, slots=True)
class QueuedCommit:
    """A commit to be made of files as they are; `number` is the row's, stored at `at`."""

    paths: tuple[Path, ...]
    message: str
    author_name: str
    author_email: str
    number: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueuedLink:
    """An author's message outside threads that is still to be linked to its question.

    `attempts` counts how often that failed; `again` says that it was considered before, and that
    a later message continues it.
    """

    session_id: int
    channel: str
    ts: str
    attempts: int = 0
    again: bool = False


class Links(Protocol):
    """Authors' messages outside threads that are to be linked to their questions.

    A row is stored together with its message, so that a kill loses none; it stays when it is done,
    so that no message is considered twice.
    """

    def add(self, session_id: int, channel: str, ts: str, held: bool = False) -> bool:
        """Queues a message; False if it is queued, or was considered before.

        One that is `held` is not due before it is released.
        """

    def release(self, session_id: int | None = None) -> None:
        """Makes what is held due: of one session, or (None) of all."""

    def due(self, at: datetime) -> dict[int, list[QueuedLink]]:
        """What can be linked at a date and time, by session, oldest message first."""

    def sessions(self) -> set[int]:
        """The sessions with messages that are still to be linked."""

    def done(self, channel: str, ts: str) -> bool:
        """Ends a row: the message was considered. False if it was before, by anybody."""

    def failed(self, channel: str, ts: str, retry_at: datetime) -> None:
        """Counts an attempt; the message is due again at `retry_at`."""


class Knowledge(Protocol):
    """The index of answered questions. A document has a number, which is never used again.

    What a message is part of that is hidden, deleted, moved or edited, or whose writer is
    forgotten, is taken out in the transaction that does it, and its event counts as made of ''.
    """

    def take_turn(self) -> None:
        """Waits until nobody else changes messages, to the end of this transaction."""

    def pulse(self) -> str:
        """Changes when what the documents of an event are made of may have."""

    def made_of(self) -> dict[str, str]:
        """What the documents of each event were made of, by the event's id."""

    def replace(self, event_id: str, made_of: str, documents: Collection[Document]) -> int:
        """Makes these the documents of an event; gives how many were new or changed."""

    def remove(self, event_id: str) -> None:
        """Takes an event out."""

    def clear(self) -> None:
        """Takes everything out."""

    def count(self) -> int:
        """How many documents there are."""

    def having(self, words: Collection[str], most: int) -> dict[str, int]:
        """How many documents have each of some stems, counted up to `most`."""

    def heaviest(self, word: str, limit: int) -> list[tuple[int, float]]:
        """The documents in which a stem counts most, and how much; the latest first of those alike."""

    def weights_of(
        self, documents: Collection[int], words: Collection[str]
    ) -> dict[int, dict[str, float]]:
        """How much each of some stems counts in each of some documents that have it."""

    def get(self, documents: Collection[int]) -> dict[int, Document]:
        """Documents by their numbers, without the messages they are made of."""

    def all(self) -> list[Document]:
        """All documents, without the messages they are made of."""

    def of_event(self, event_id: str) -> set[int]:
        """The numbers of an event's documents."""

    def unread(self, limit: int, after: int = 0) -> dict[int, Document]:
        """The first documents after a number of which no vectors are stored, by their numbers."""

    def put_meanings(self, found: Mapping[int, Meanings]) -> None:
        """Stores the vectors of documents that have none; of those that are gone, nothing."""

    def meanings_after(self, id: int) -> Iterator[tuple[int, int, bytes, bytes]]:
        """The vectors stored after a number: theirs, the document's, question and whole."""

    def count_meanings(self) -> int:
        """How many documents have vectors."""

    def sentences(self, documents: Collection[int]) -> dict[int, bytes]:
        """The vectors of the sentences of some documents' questions."""


class UnitOfWork(ABC):
    """One transaction over the repositories; `bot.store` has some more that only use cases need."""

    sessions: Sessions
    messages: Messages
    people: People
    member_names: MemberNames
    reactions: Reactions
    labels: Labels
    actions: Actions
    mutes: Mutes
    members: Members
    forgotten: Forgotten
    personal: Personal
    inbox: Inbox
    outbox: Outbox
    edits: Edits
    draws: Draws
    requests: Requests
    links: Links
    knowledge: Knowledge

    @abstractmethod
    def savepoint(self) -> AbstractContextManager[None]:
        """A part that can fail alone: an exception in it undoes only what it wrote."""

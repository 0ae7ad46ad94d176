"""Questions and replies: the same end, in whatever order posts, edits and deletions arrive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Text,
    Tuple,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from bot.sessions.model import Handled, Hidden, Kind, Message, Talk, Thread
from bot.sessions.ports import ConcurrentUpdate, Counts
from bot.store import knowledge
from bot.store.repository import (
    Repository,
    WriteTurn,
    chunked,
    from_row,
    insert_into,
    of_message,
    to_row,
)
from bot.store.tables import handlings, messages
from bot.store.types import micros

CHUNK = 200
"""How many messages are read at a time."""
ERASED = "erased"
"""The origin of what a person erased."""

_ONE = select(messages).where(
    messages.c.channel == bindparam("of_channel"), messages.c.ts == bindparam("of_ts")
)
_INSERT = {
    postgresql: insert_into(messages, postgresql).on_conflict_do_nothing()
    for postgresql in (False, True)
}
"""Made once: SQLAlchemy takes longer to make a statement than SQLite to do what it says."""
_ROOT = select(messages.c.root_ts).where(
    messages.c.channel == bindparam("of_channel"), messages.c.ts == bindparam("of_ts")
)
_LOCKED = _ONE.with_for_update()
_STANDS: ColumnElement[bool] = messages.c.deleted_at.is_(None)
_BY_TS = (messages.c.ts_us, messages.c.ts, messages.c.channel)
_BY_ROOT = (messages.c.root_us, messages.c.root_ts, messages.c.channel, *_BY_TS[:2])


class Messages(Repository):
    """`bot.sessions.ports.Messages`.

    A message is its newest version, told by the `ts` of its edit, whatever came first. Of two
    contents of one version (Slack adds the preview of a link without an edit) the one that came
    last is kept.
    """

    def __init__(self, connection: Connection, turn: WriteTurn):
        super().__init__(connection, turn)
        self._read: dict[tuple[str, str], Message | None] = {}
        self._absent: set[tuple[str, str]] = set()
        self._new: list[dict[str, Any]] = []

    def forget(self) -> None:
        """What was read may be untrue."""
        self._read.clear()
        self._absent.clear()

    def flush(self) -> None:
        """Writes the new messages that wait. Raises ConcurrentUpdate if another has one already."""
        if not self._new:
            return
        rows, self._new = sorted(self._new, key=lambda row: (row["channel"], row["ts"])), []
        self._turn.take()
        if self._connection.execute(_INSERT[self._postgresql], rows).rowcount != len(rows):
            raise ConcurrentUpdate("another replica was delivered the same messages")

    def get(self, channel: str, ts: str) -> Message | None:
        if (channel, ts) in self._read:
            return self._read[channel, ts]
        row = self._connection.execute(_ONE, {"of_channel": channel, "of_ts": ts}).one_or_none()
        return None if row is None else _message(row)

    def hold(self, channel: str, ts: str) -> Message | None:
        self._turn.take()
        self._read.pop((channel, ts), None)
        return self.get(channel, ts)

    def put(self, message: Message) -> bool:
        place = message.channel, message.ts
        if place in self._absent and message.question_ts is None:
            self._absent.discard(place)
            self._new.append(_row(message))
            self._read[place] = message
            return True
        self._turn.take()
        self._read.pop(place, None)
        if self._put_new(message):
            return True
        key = {"of_channel": message.channel, "of_ts": message.ts}
        row = self._connection.execute(_LOCKED, key).one()
        if row.deleted_at is not None:
            return False
        changed: dict[str, Any] = {}
        if row.posted_name is None and message.posted_name is not None:
            changed["posted_name"] = message.posted_name
        if row.thread_ts is None and message.thread_ts is not None:
            changed["thread_ts"] = message.thread_ts
        stored, given = _version(row.edited_ts), _version(message.edited_ts)
        if given >= stored:
            if given > stored:
                changed["edited_ts"] = message.edited_ts
            if row.content != message.content:
                changed["content"] = message.content
                if row.talk not in (str(message.talk), str(Talk.NEVER)):
                    changed["talk"] = str(message.talk)
            if row.broadcast != message.broadcast:
                changed["broadcast"] = message.broadcast
        if changed:
            self._update(message.channel, message.ts, changed)
        return bool(changed)

    def delete(self, channel: str, ts: str, session_id: int, at: datetime) -> bool:
        self._turn.take()
        self._read.pop((channel, ts), None)
        row = _row(
            Message(session_id, channel, ts, Kind.QUESTION, "", {}, deleted=True), deleted_at=at
        )
        place = {"session_id", "channel", "ts", "ts_us", "root_ts", "root_us", "hidden"}
        statement = (
            self._insert(messages)
            .values(row)
            .on_conflict_do_update(
                index_elements=["channel", "ts"],
                set_={name: value for name, value in row.items() if name not in place},
                where=_STANDS,
            )
        )
        if self._connection.execute(statement).rowcount == 0:
            return False
        knowledge.drop(self._connection, channel, [ts])
        return True

    def revive(self, channel: str, ts: str, before: datetime) -> bool:
        self._turn.take()
        self.forget()
        is_so = (messages.c.deleted_at < before) & (messages.c.origin != ERASED)
        return self._changes(delete(messages).where(of_message(messages, channel, ts), is_so))

    def of_session(self, session_id: int) -> list[Message]:
        return list(self.iter_session(session_id))

    def iter_session(self, session_id: int) -> Iterator[Message]:
        return map(_message, self._chunks(session_id, _BY_TS, deleted=False))

    def iter_threads(self, session_id: int) -> Iterator[Thread]:
        rows = self._chunks(session_id, _BY_ROOT, _shown(), deleted=True)
        for root, group in groupby(rows, lambda row: (row.channel, row.root_ts)):
            question = None
            replies = []
            parts: dict[str, list[Message]] = {}
            for row in group:
                if (row.channel, row.ts) == root:
                    question = _message(row)
                elif row.deleted_at is None and row.kind == str(Kind.PART):
                    parts.setdefault(row.question_ts, []).append(_message(row))
                elif row.deleted_at is None:
                    replies.append(_message(row))
            if question is not None and parts:
                question = whole(question, parts.get(question.ts, ()))
                replies = [whole(reply, parts.get(reply.ts, ())) for reply in replies]
            if question is not None and (replies or not question.deleted):
                yield Thread(question, tuple(replies))

    def whole(self, message: Message) -> Message:
        below = self.under(message.channel, message.ts)
        return whole(message, [part for part in below if part.kind is Kind.PART])

    def set_hidden(self, channel: str, ts: str, why: Hidden, hidden: bool) -> bool:
        self._turn.take()
        self._read.pop((channel, ts), None)
        key = {"of_channel": channel, "of_ts": ts}
        row = self._connection.execute(_LOCKED, key).one_or_none()
        if row is None or row.deleted_at is not None:
            return False
        before = set(row.hidden.split())
        after = before | {str(why)} if hidden else before - {str(why)}
        if after != before:
            self._update(channel, ts, {"hidden": " ".join(sorted(after))})
        return after != before

    def set_talk(self, channel: str, ts: str, talk: Talk) -> bool:
        self._turn.take()
        self._read.pop((channel, ts), None)
        is_other = (messages.c.talk != str(talk)) & _STANDS
        return bool(self._update(channel, ts, {"talk": str(talk)}, is_other))

    def set_question(
        self, channel: str, ts: str, question_ts: str | None, corrected: bool = False
    ) -> None:
        self._turn.take()
        self.forget()
        root = ts if question_ts is None else self._root(channel, question_ts)
        if question_ts is not None and ts in {question_ts, root}:
            raise ValueError(f"{ts} cannot be a reply to itself")
        kind = Kind.QUESTION if question_ts is None else Kind.REPLY
        values: dict[str, Any] = {"kind": str(kind), "question_ts": question_ts}
        where = [_STANDS]
        if corrected:
            values["corrected"] = True
        else:
            where.append(~messages.c.corrected)
        if not self._update(channel, ts, values, *where):
            return
        below = {ts}
        moved = below
        while moved:
            query = select(messages.c.ts).where(
                messages.c.channel == channel, messages.c.question_ts.in_(moved)
            )
            moved = set(self._connection.execute(query).scalars()) - below
            below |= moved
        knowledge.drop(self._connection, channel, below)
        self._connection.execute(
            update(messages)
            .where(messages.c.channel == channel, messages.c.ts.in_(below))
            .values(root_ts=root, root_us=micros(root))
        )

    def anonymise(self, slack_id: str) -> None:
        self._turn.take()
        self.forget()
        for message in self.of_author(slack_id):
            knowledge.drop(self._connection, message.channel, [message.ts])
        self._connection.execute(
            update(messages).where(messages.c.author == slack_id).values(posted_name=None)
        )

    def erase(self, channel: str, ts: str, at: datetime) -> None:
        known = self.get(channel, ts)
        if known is None:
            return
        self.delete(channel, ts, known.session_id, at)
        self._update(channel, ts, {"origin": ERASED})

    def of_author(self, slack_id: str) -> list[Message]:
        return self._standing(messages.c.author == slack_id)

    def mentioning(self, slack_id: str) -> set[int]:
        is_named = cast(messages.c.content, Text).contains(slack_id, autoescape=True)
        query = select(messages.c.session_id).where((messages.c.author == slack_id) | is_named)
        return self._values(query.distinct())

    def counts(self, session_id: int, authors: Collection[str] = ()) -> Counts:
        """Counted by the database, no message is loaded. `authors` are Slack member IDs."""
        # A reply in the thread of something that is no question (a huddle, another bot's message)
        # is kept, because a question can come after its replies, and counts nowhere.
        root = messages.alias("root")
        has_root = exists().where(
            root.c.channel == messages.c.channel, root.c.ts == messages.c.root_ts
        )
        present = (
            (messages.c.session_id == session_id)
            & _STANDS
            & (messages.c.hidden == "")
            & ((messages.c.kind == str(Kind.QUESTION)) | has_root)
        )
        by_author = messages.c.author.in_(sorted(authors))
        is_question = (
            (messages.c.kind == str(Kind.QUESTION))
            & ~by_author
            & (messages.c.talk != str(Talk.YES))
        )
        reply = messages.alias("reply")
        is_answered = exists().where(
            reply.c.channel == messages.c.channel,
            reply.c.question_ts == messages.c.ts,
            reply.c.deleted_at.is_(None),
            reply.c.hidden == "",
            reply.c.author.in_(sorted(authors)),
        )
        is_elsewhere = exists().where(
            handlings.c.channel == messages.c.channel,
            handlings.c.ts == messages.c.ts,
            handlings.c.how == str(Handled.ELSEWHERE),
        )
        query = select(
            func.count(case((is_question, 1))),
            func.count(case((is_question & (is_answered | is_elsewhere), 1))),
            func.count(case((messages.c.kind == str(Kind.REPLY), 1))),
            func.count(messages.c.author.distinct()),
        ).where(present)
        return Counts(*self._connection.execute(query).one())

    def latest_ts(self, session_id: int) -> str | None:
        """The `ts` of the last message that is known of, deleted or not."""
        query = (
            select(messages.c.ts)
            .where(messages.c.session_id == session_id)
            .order_by(messages.c.ts_us.desc(), messages.c.ts.desc())
            .limit(1)
        )
        return self._connection.execute(query).scalar_one_or_none()

    def many(self, channel: str, tss: Collection[str]) -> dict[str, Message]:
        found = {}
        for part in chunked(tss):
            query = select(messages).where(messages.c.channel == channel, messages.c.ts.in_(part))
            for row in self._connection.execute(query):
                found[row.ts] = _message(row)
        self._read.update({(channel, ts): found.get(ts) for ts in tss})
        return found

    def expect(self, channel: str, tss: Collection[str]) -> None:
        found = self.many(channel, tss)
        self._absent |= {(channel, ts) for ts in tss if ts not in found}

    def standing(self, session_id: int, oldest: str, latest: str) -> set[str]:
        query = select(messages.c.ts).where(
            messages.c.session_id == session_id,
            messages.c.ts_us.between(micros(oldest), micros(latest)),
            or_(messages.c.thread_ts.is_(None), messages.c.broadcast),
        )
        return self._values(query.where(_STANDS))

    def replies(self, channel: str, thread_ts: str) -> set[str]:
        in_thread = (messages.c.channel == channel) & (messages.c.thread_ts == thread_ts)
        return self._values(select(messages.c.ts).where(in_thread, _STANDS))

    def under(self, channel: str, question_ts: str) -> list[Message]:
        return self._standing(messages.c.channel == channel, messages.c.question_ts == question_ts)

    def thread_sizes(self, channel: str, roots: Collection[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in chunked(roots):
            query = (
                select(messages.c.thread_ts, func.count())
                .where(messages.c.channel == channel, messages.c.thread_ts.in_(part), _STANDS)
                .group_by(messages.c.thread_ts)
            )
            found.update((root, count) for root, count in self._connection.execute(query))
        return found

    def roots(self, session_id: int) -> set[str]:
        here = (messages.c.session_id == session_id) & messages.c.thread_ts.is_not(None)
        return self._values(select(messages.c.thread_ts).where(here, _STANDS).distinct())

    def authors(self, session_id: int) -> set[str]:
        """Who wrote the messages of a session."""
        here = messages.c.session_id == session_id
        return self._values(select(messages.c.author).where(here, _STANDS).distinct())

    def named(self, slack_id: str, name: str) -> set[int]:
        self._turn.take()
        self.forget()
        statement = (
            update(messages)
            .where(messages.c.author == slack_id, messages.c.posted_name.is_(None), _STANDS)
            .values(posted_name=name)
            .returning(messages.c.session_id)
        )
        return self._values(statement)

    def _standing(self, *conditions: ColumnElement[bool]) -> list[Message]:
        """Messages that are not deleted, by `ts`."""
        query = select(messages).where(*conditions, _STANDS).order_by(*_BY_TS)
        return [_message(row) for row in self._connection.execute(query)]

    def _put_new(self, message: Message) -> bool:
        row = _row(message)
        if message.question_ts is not None:
            root = self._root(message.channel, message.question_ts)
            row |= {"root_ts": root, "root_us": micros(root)}
        return self._changes(_INSERT[self._postgresql], row)

    def _root(self, channel: str, ts: str) -> str:
        """The question that a message stands under in the end; itself if it is not known."""
        key = {"of_channel": channel, "of_ts": ts}
        return self._connection.execute(_ROOT, key).scalar_one_or_none() or ts

    def _update(
        self, channel: str, ts: str, values: Mapping[str, Any], *where: ColumnElement[bool]
    ) -> int:
        knowledge.drop(self._connection, channel, [ts])
        statement = update(messages).where(of_message(messages, channel, ts), *where)
        return self._connection.execute(statement.values(**values)).rowcount

    def _chunks(
        self,
        session_id: int,
        order: tuple[Column[Any], ...],
        *where: ColumnElement[bool],
        deleted: bool,
    ) -> Iterator[Row[Any]]:
        """Rows of a session in `order`, which names each row, from where the last chunk ended."""
        query = (
            select(messages)
            .where(messages.c.session_id == session_id, *where)
            .order_by(*order)
            .limit(CHUNK)
        )
        if not deleted:
            query = query.where(_STANDS)
        last: Tuple | None = None
        while True:
            page = query if last is None else query.where(tuple_(*order) > last)
            rows = self._connection.execute(page).all()
            yield from rows
            if len(rows) < CHUNK:
                return
            last = tuple_(*(literal(getattr(rows[-1], c.key), c.type) for c in order))


def whole(message: Message, parts: Collection[Message]) -> Message:
    """A long question with the messages that continue it, as one text."""
    if not parts or message.deleted:
        return message
    ordered = sorted(parts, key=lambda part: int(part.content.get("part") or 0))
    texts = [str(m.content.get("text") or "") for m in (message, *ordered)]
    return replace(message, content={**message.content, "text": "".join(texts)})


def _shown() -> ColumnElement[bool]:
    """Neither the message is hidden, nor its question, nor the one that stands under."""
    above = messages.alias("above")
    return (messages.c.hidden == "") & ~exists().where(
        above.c.channel == messages.c.channel,
        above.c.ts.in_([messages.c.root_ts, messages.c.question_ts]),
        above.c.hidden != "",
    )


def _version(edited_ts: str | None) -> int:
    return 0 if edited_ts is None else micros(edited_ts)


def _row(message: Message, deleted_at: datetime | None = None) -> dict[str, Any]:
    root = message.question_ts or message.ts
    return to_row(
        messages,
        message,
        ts_us=micros(message.ts),
        root_ts=root,
        root_us=micros(root),
        deleted_at=deleted_at,
        hidden=" ".join(sorted(message.hidden)),
    )


def _message(row: Row[Any]) -> Message:
    return from_row(
        Message,
        row,
        kind=Kind(row.kind),
        deleted=row.deleted_at is not None,
        hidden=frozenset(map(Hidden, row.hidden.split())),
        talk=Talk(row.talk),
    )

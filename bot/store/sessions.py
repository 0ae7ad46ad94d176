"""Sessions. Those read in a unit of work are kept for it, as every message asks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    cast,
    or_,
    select,
    text,
    update,
)

from bot.sessions.model import Event, Session, State
from bot.sessions.ports import ConcurrentUpdate
from bot.store import events
from bot.store.repository import Repository, WriteTurn, from_row, to_row
from bot.store.tables import sessions

_ALL = select(sessions)
_OPEN = str(State.OPEN)
_BEGUN = [_OPEN, str(State.CLOSED), str(State.ARCHIVED)]
# Written as in the index: SQLite takes a partial index only for a condition it can read.
_UNARCHIVED = text("(archived_at IS NULL OR content_changed_at > archived_at)")
_INSTANT = timedelta(microseconds=1)


@dataclass(slots=True)
class _Kept:
    """What this transaction has read: each session once, and what its row held."""

    sessions: dict[int, Session] = field(default_factory=dict)
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    channels: dict[str, tuple[datetime | None, list[Session]]] = field(default_factory=dict)


class Sessions(Repository):
    """`bot.sessions.ports.Sessions`.

    A session is the same object wherever it is read in one transaction. `save` writes the
    fields that differ from what was read, so that two replicas that change different fields
    do not undo one another, and raises Changed if another gave the session another state.
    """

    def __init__(self, connection: Connection, turn: WriteTurn):
        super().__init__(connection, turn)
        self._kept = _Kept()
        self._touched: dict[int, datetime] = {}

    def get(self, session_id: int) -> Session | None:
        known = self._kept.sessions.get(session_id)
        return known or self._one(sessions.c.id == session_id)

    def by_event(self, event_id: str) -> Session | None:
        return self._one(sessions.c.event_id == event_id)

    def all(self, states: Collection[State] | None = None) -> list[Session]:
        query = _ALL.order_by(sessions.c.starts_at, sessions.c.id)
        if states is not None:
            query = query.where(sessions.c.state.in_([str(state) for state in states]))
        return self._read(self._connection.execute(query))

    def in_channel(self, channel: str, since: datetime | None = None) -> list[Session]:
        known = self._kept.channels.get(channel)
        if known is None or (known[0] is not None and (since is None or since < known[0])):
            query = _ALL.where(
                sessions.c.channel == channel, sessions.c.state != str(State.CANCELLED)
            ).order_by(sessions.c.starts_at.desc(), sessions.c.id.desc())
            if since is not None:
                is_over = sessions.c.collects_until
                query = query.where(or_(is_over.is_(None), is_over > since))
            found = self._read(self._connection.execute(query))
            known = self._kept.channels[channel] = since, found
        return list(known[1])

    def begun_since(self, since: datetime) -> list[Session]:
        query = _ALL.where(
            sessions.c.state.in_(_BEGUN),
            or_(sessions.c.state == _OPEN, sessions.c.collects_until > since),
        ).order_by(sessions.c.starts_at, sessions.c.id)
        return self._read(self._connection.execute(query))

    def last(self, states: Collection[State], channel: str | None = None) -> Session | None:
        query = _ALL.where(sessions.c.state.in_([str(state) for state in states]))
        if channel is not None:
            query = query.where(sessions.c.channel == channel)
        query = query.order_by(sessions.c.starts_at.desc(), sessions.c.id.desc()).limit(1)
        found = self._read(self._connection.execute(query))
        return found[0] if found else None

    def of_author(self, slack_id: str) -> list[Session]:
        query = _ALL.where(
            sessions.c.state != str(State.CANCELLED),
            or_(
                sessions.c.event.contains(slack_id, autoescape=True),
                cast(sessions.c.added_authors, Text).contains(slack_id, autoescape=True),
            ),
        ).order_by(sessions.c.starts_at, sessions.c.id)
        found = self._read(self._connection.execute(query))
        return [session for session in found if slack_id in session.author_ids]

    def unarchived(self) -> list[Session]:
        """Sessions that are over and changed since they were last exported, by start."""
        query = _ALL.where(
            sessions.c.state.in_([str(State.CLOSED), str(State.ARCHIVED)]), _UNARCHIVED
        ).order_by(sessions.c.starts_at, sessions.c.id)
        return self._read(self._connection.execute(query))

    def states(self) -> dict[str, State]:
        rows = self._connection.execute(select(sessions.c.event_id, sessions.c.state))
        return {row.event_id: State(row.state) for row in rows}

    def add(self, event: Event, channel: str) -> Session:
        session = Session(id=0, event=event, channel=channel)
        row = _row(session)
        statement = (
            self._insert(sessions)
            .values(row)
            .on_conflict_do_nothing(index_elements=["event_id"])
            .returning(sessions.c.id)
        )
        session_id = self._connection.execute(statement).scalar_one_or_none()
        if session_id is None:
            raise ValueError(f"the event {event.id} has a session already")
        session.id = session_id
        self._keep(session, row)
        self._kept.channels.clear()
        return session

    def save(self, session: Session) -> None:
        row = _row(session)
        before = self._kept.rows.get(session.id)
        where = sessions.c.id == session.id
        changed = row
        if before is not None:
            changed = {name: value for name, value in row.items() if value != before[name]}
            where &= sessions.c.state == before["state"]
            if changed.get("content_changed_at") == self._touched.get(session.id):
                changed.pop("content_changed_at", None)  # `flush` writes it, never backwards
        if changed:
            result = self._connection.execute(update(sessions).where(where).values(changed))
            if result.rowcount == 0:
                if before is None:
                    raise LookupError(f"there is no session {session.id}")
                raise ConcurrentUpdate(f"session {session.id} is no longer {before['state']}")
        self._keep(session, row)
        self._kept.channels.clear()

    def touch(self, session_id: int, at: datetime) -> None:
        """Notes a change of the content; written when the transaction ends, once a session.

        The session's `content_changed_at` moves forward each time, at the least by an instant, so
        that no change is taken for an earlier one where the clocks of replicas differ.
        """
        self._touched[session_id] = max(at, self._touched.get(session_id, at))
        session = self._kept.sessions.get(session_id)
        if session is not None:
            self._show_touch(session)

    def flush(self) -> None:
        """Writes what was touched: last, so that replicas hold the row for a moment only."""
        for session_id, at in sorted(self._touched.items()):
            this = sessions.c.id == session_id
            query = select(sessions.c.content_changed_at).where(this).with_for_update()
            known = self._connection.execute(query).scalar_one_or_none()
            moved = at if known is None or known < at else known + _INSTANT
            self._connection.execute(update(sessions).where(this).values(content_changed_at=moved))
        self._touched.clear()

    def touched(self) -> dict[int, datetime]:
        """What `flush` would write: to go back to when a savepoint is undone."""
        return dict(self._touched)

    def forget(self, touched: dict[int, datetime]) -> None:
        """A savepoint was undone: what was read since, and before, may be untrue."""
        self._touched = touched
        self._kept = _Kept()

    def _one(self, where: ColumnElement[bool]) -> Session | None:
        found = self._read(self._connection.execute(_ALL.where(where)))
        return found[0] if found else None

    def _read(self, rows: Iterable[Row[Any]]) -> list[Session]:
        found = []
        for row in rows:
            session = self._kept.sessions.get(row.id)
            if session is None:
                session = _session(row)
                self._keep(session, dict(row._mapping))
                self._show_touch(session)
            found.append(session)
        return found

    def _show_touch(self, session: Session) -> None:
        at, known = self._touched.get(session.id), session.content_changed_at
        if at is not None and (known is None or known < at):
            session.content_changed_at = at

    def _keep(self, session: Session, row: dict[str, Any]) -> None:
        self._kept.sessions[session.id] = session
        self._kept.rows[session.id] = row


def _row(session: Session) -> dict[str, Any]:
    return to_row(
        sessions,
        session,
        event_id=session.event.id,
        event=events.to_text(session.event),
        starts_at=session.event.start,
        state=str(session.state),
        added_authors=sorted(session.added_authors),
    )


def _session(row: Row[Any]) -> Session:
    event, added = events.from_text(row.event), frozenset(row.added_authors)
    return from_row(Session, row, event=event, state=State(row.state), added_authors=added)

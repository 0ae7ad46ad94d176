"""Envelopes: stored in one go, claimed in order, emptied when they are handled."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Row,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from bot.sessions.ports import Envelope
from bot.store.repository import Repository, from_row
from bot.store.tables import inbox

# Written out, not bound: SQLite takes a partial index only for a condition it can read.
_DUE = inbox.c.state == literal_column("'due'")
_PARKED = inbox.c.state == literal_column("'parked'")
_DONE = inbox.c.state == literal_column("'done'")
_OPEN = inbox.c.state != literal_column("'done'")

_CLAIM = (
    select(inbox)
    .where(_DUE, _OPEN, or_(inbox.c.due_at.is_(None), inbox.c.due_at <= bindparam("at")))
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_EMPTY = {"state": "done", "body": None, "error": None}
_ADDING = 0x4D41524700000001
"""The advisory lock (PostgreSQL) of those who add: ids are given in the order of commits, and
two replicas that were delivered the same envelopes do not wait for each other in a ring."""


class Inbox(Repository):
    """`bot.sessions.ports.Inbox`."""

    def add(self, envelopes: Sequence[tuple[str, Mapping[str, Any]]], at: datetime) -> int:
        if not envelopes:
            return 0
        if self._postgresql:
            self._connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADDING})
        new = {"received_at": at, "attempts": 0, "state": "due"}
        rows = [{"key": key, "body": body, **new} for key, body in envelopes]
        return self._connection.execute(self._insert_new(inbox), rows).rowcount

    def claim(self, limit: int, at: datetime) -> list[Envelope]:
        rows = self._connection.execute(_CLAIM, {"limit": limit, "at": at})
        return [_envelope(row) for row in rows]

    def done(self, ids: Sequence[int], at: datetime) -> None:
        if ids:
            self._connection.execute(
                update(inbox).where(inbox.c.id.in_(ids)).values(_EMPTY | {"handled_at": at})
            )

    def failed(self, envelope_id: int, error: str, retry_at: datetime | None) -> None:
        values: dict[str, Any] = {"error": error, "attempts": inbox.c.attempts + 1}
        values |= {"state": "parked"} if retry_at is None else {"due_at": retry_at}
        self._connection.execute(update(inbox).where(inbox.c.id == envelope_id).values(values))

    def listed(self, states: Collection[str] = ("parked",)) -> list[Envelope]:
        """Rows in `states`, by arrival."""
        query = select(inbox).where(inbox.c.state.in_(list(states))).order_by(inbox.c.id)
        if "done" not in states:
            query = query.where(_OPEN)
        return [_envelope(row) for row in self._connection.execute(query)]

    def retry(self, envelope_id: int, at: datetime) -> bool:
        """Makes a parked envelope due again, with all its tries; False if it is not parked."""
        return self._settle(envelope_id, {"state": "due", "due_at": at, "attempts": 0})

    def drop(self, envelope_id: int) -> bool:
        """Marks a parked envelope done without handling it; False if it is not parked."""
        return self._settle(envelope_id, _EMPTY)

    def depth(self) -> int:
        """How many are due."""
        query = select(func.count()).select_from(inbox).where(_DUE, _OPEN)
        return self._connection.execute(query).scalar_one()

    def waiting_since(self) -> datetime | None:
        """When the oldest envelope that is due was received; None if none waits."""
        query = select(inbox.c.received_at).where(_DUE, _OPEN).order_by(inbox.c.id).limit(1)
        return self._connection.execute(query).scalar_one_or_none()

    def parked(self) -> int:
        """How many are parked."""
        query = select(func.count()).select_from(inbox).where(_PARKED, _OPEN)
        return self._connection.execute(query).scalar_one()

    def prune(self, before: datetime) -> int:
        """Deletes done rows received before `before`; gives how many."""
        statement = delete(inbox).where(_DONE, inbox.c.received_at < before)
        return self._connection.execute(statement).rowcount

    def _settle(self, envelope_id: int, values: Mapping[str, Any]) -> bool:
        return self._changes(
            update(inbox).where(inbox.c.id == envelope_id, _PARKED).values(**values)
        )


def _envelope(row: Row[Any]) -> Envelope:
    return from_row(Envelope, row, body=row.body or {})

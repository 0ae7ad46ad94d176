"""Messages queued for Slack: one row at a time, in order and at a pace for each channel."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Subquery,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from bot.sessions.anonymity import ANONYMOUS
from bot.sessions.ports import Outgoing
from bot.store.repository import Repository, chunked, from_row, to_row
from bot.store.tables import outbox, paces

# Written out, not bound: SQLite takes a partial index only for a condition it can read.
_DUE = outbox.c.state == literal_column("'due'")
_HELD = outbox.c.state == literal_column("'held'")
_OPEN = outbox.c.state != literal_column("'sent'")
_REFERS = "waits for "
"""How the `error` of a row begins that refers to another row; that row's key follows."""


def _heads() -> Subquery:
    """The oldest unsent row of each channel, found by leaping through the index.

    The cost depends on how many channels wait, not on how many rows.
    """
    channels = select(func.min(outbox.c.channel).label("channel")).where(_DUE)
    found = channels.cte("channels", recursive=True)
    following = (
        select(func.min(outbox.c.channel))
        .where(_DUE, outbox.c.channel > found.c.channel)
        .scalar_subquery()
    )
    found = found.union_all(select(following).where(found.c.channel.is_not(None)))
    oldest = select(func.min(outbox.c.id)).where(_DUE, outbox.c.channel == found.c.channel)
    return (
        select(found.c.channel, oldest.scalar_subquery().label("id"))
        .where(found.c.channel.is_not(None))
        .subquery("heads")
    )


_HEADS = _heads()
_WAITING = (
    select(outbox, paces.c.sent_at.label("paced_at"), paces.c.blocked_until)
    .join(_HEADS, outbox.c.id == _HEADS.c.id)
    .outerjoin(paces, paces.c.channel == outbox.c.channel)
)
CLOCK_SET_BACK = timedelta(minutes=2)
"""A lease that ends later than this, or a message sent later than now by as much, is from before
the clock was set back: no lease is that long."""


def _past(column: ColumnElement[Any], at: Any, at_most: Any = None) -> ColumnElement[bool]:
    """A time that is over, was never set, or lies further ahead than it can."""
    over = or_(column.is_(None), column <= at)
    return over if at_most is None else or_(over, column > at_most)


_CLAIM = (
    _WAITING.where(
        _DUE,
        _past(outbox.c.not_before, bindparam("at")),
        _past(outbox.c.leased_until, bindparam("at"), bindparam("at_most")),
        _past(paces.c.blocked_until, bindparam("at")),
        _past(paces.c.sent_at, bindparam("sent_before"), bindparam("at_most")),
    )
    .order_by(outbox.c.id)
    .limit(1)
    .with_for_update(of=outbox, skip_locked=True)
)


_NEXT_HELD = select(func.min(outbox.c.not_before)).where(_HELD, _OPEN)


class Outbox(Repository):
    """`bot.sessions.ports.Outbox`. When a channel was last sent to is kept apart, in `paces`."""

    def add(self, outgoing: Outgoing, at: datetime) -> bool:
        row = to_row(outbox, outgoing, created_at=at)
        return self._changes(self._insert_new(outbox), row)

    def get(self, key: str) -> Outgoing | None:
        row = self._connection.execute(select(outbox).where(outbox.c.key == key)).one_or_none()
        return None if row is None else _outgoing(row)

    def keys(self, start: str) -> list[str]:
        query = select(outbox.c.key).where(outbox.c.key.startswith(start, autoescape=True))
        return sorted(self._connection.execute(query).scalars())

    def now(self, local: datetime) -> datetime:
        if not self._postgresql:
            return local
        now: datetime = self._connection.execute(select(func.clock_timestamp())).scalar_one()
        return now

    def holds(self, outgoing: Outgoing, at: datetime) -> bool:
        query = select(outbox.c.id).where(
            outbox.c.id == outgoing.id,
            outbox.c.attempts == outgoing.attempts,
            outbox.c.leased_until > at,
        )
        return self._connection.execute(query).one_or_none() is not None

    def last_used(self) -> list[tuple[str, datetime]]:
        query = (
            select(paces.c.channel, paces.c.sent_at)
            .where(paces.c.sent_at.is_not(None))
            .order_by(paces.c.sent_at.desc())
        )
        return [(row.channel, row.sent_at) for row in self._connection.execute(query)]

    def claim(self, at: datetime, lease_until: datetime, interval: float) -> Outgoing | None:
        self._connection.execute(
            update(outbox)
            .where(_HELD, _OPEN, outbox.c.not_before <= at)
            .values(state="due", not_before=None)
        )
        sent_before = at - timedelta(seconds=interval)
        values = {"at": at, "sent_before": sent_before, "at_most": at + CLOCK_SET_BACK}
        row = self._connection.execute(_CLAIM, values).one_or_none()
        if row is None:
            return None
        attempts, tried_at = row.attempts + 1, row.tried_at or at
        self._set(row.id, leased_until=lease_until, attempts=attempts, tried_at=tried_at)
        return _outgoing(row, attempts)

    def sent(self, outgoing_id: int, slack_ts: str | None, at: datetime) -> None:
        self._set(
            outgoing_id,
            state="sent",
            slack_ts=slack_ts,
            sent_at=at,
            error=None,
            not_before=None,
            leased_until=None,
        )
        query = select(outbox.c.channel, outbox.c.key).where(outbox.c.id == outgoing_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return
        self._connection.execute(
            update(outbox)
            .where(_HELD, _OPEN, outbox.c.error == _REFERS + row.key)
            .values(state="due", not_before=None, error=None)
        )
        if row.channel:
            self._pace(row.channel, "sent_at", at)
            self.unblock(row.channel)

    def failed(self, outgoing_id: int, error: str, retry_at: datetime | None) -> None:
        again = {"state": "failed"} if retry_at is None else {"not_before": retry_at}
        self._set(outgoing_id, error=error, leased_until=None, **again)

    def unanswered(self, outgoing_id: int, error: str, at: datetime, retry_at: datetime) -> None:
        self._set(outgoing_id, error=error, leased_until=at, not_before=retry_at)

    def hold(self, outgoing_id: int, error: str, retry_at: datetime) -> None:
        self._set(outgoing_id, error=error, leased_until=None, state="held", not_before=retry_at)

    def hold_for(self, outgoing_id: int, key: str, retry_at: datetime) -> None:
        self.hold(outgoing_id, _REFERS + key, retry_at)

    def retry(self, outgoing_id: int | None, at: datetime) -> int:
        """Makes a row that is not sent due at once, and ends the trouble of its channel; with None
        all that are due or held. A row that is being sent stays as it is. Gives how many.
        """
        wanted = [_OPEN, outbox.c.state.in_(["due", "held", "failed"])]
        if outgoing_id is None:
            # Rows that were given up are tried again only when they are asked for by number.
            wanted[1] = outbox.c.state.in_(["due", "held"])
        else:
            wanted.append(outbox.c.id == outgoing_id)
        rows = self._connection.execute(select(outbox.c.id, outbox.c.channel).where(*wanted)).all()
        for part in chunked([row.id for row in rows]):
            self._connection.execute(
                update(outbox)
                .where(
                    outbox.c.id.in_(part),
                    or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= at),
                )
                .values(state="due", not_before=None)
            )
        for channel in {row.channel for row in rows}:
            self.unblock(channel)
        return len(rows)

    def drop(self, outgoing_id: int, at: datetime | None = None) -> list[Outgoing]:
        is_free = outbox.c.leased_until.is_(None)
        query = select(outbox).where(
            outbox.c.id == outgoing_id,
            _OPEN,
            outbox.c.state.in_(["due", "held", "failed"]),
            is_free if at is None else or_(is_free, outbox.c.leased_until <= at),
        )
        row = self._connection.execute(query.with_for_update()).one_or_none()
        if row is None:
            return []
        self._set(row.id, state="dropped", leased_until=None, not_before=None)
        dropped = [_outgoing(row)]
        below = select(outbox.c.id).where(_HELD, _OPEN, outbox.c.error == _REFERS + row.key)
        for following in self._connection.execute(below).scalars().all():
            dropped += self.drop(following, at)
        return dropped

    def queued(self, channel: str) -> list[Outgoing]:
        query = select(outbox).where(_DUE, outbox.c.channel == channel).order_by(outbox.c.id)
        return [_outgoing(row) for row in self._connection.execute(query)]

    def delay(self, channel: str, until: datetime) -> None:
        self._pace(channel, "blocked_until", until)

    def block(self, channel: str, why: str, until: datetime) -> bool:
        self._pace(channel, "blocked_until", until)
        return self._changes(
            update(paces)
            .where(paces.c.channel == channel, paces.c.trouble.is_(None))
            .values(trouble=why)
        )

    def unblock(self, channel: str) -> bool:
        return self._changes(
            update(paces)
            .where(paces.c.channel == channel, paces.c.trouble.is_not(None))
            .values(trouble=None, blocked_until=None)
        )

    def troubles(self) -> dict[str, str]:
        query = select(paces.c.channel, paces.c.trouble).where(paces.c.trouble.is_not(None))
        return {row.channel: row.trouble for row in self._connection.execute(query)}

    def blocked_until(self) -> dict[str, datetime]:
        """The channels in which nothing is sent before a moment (which may be past)."""
        query = select(paces).where(paces.c.blocked_until.is_not(None))
        return {row.channel: row.blocked_until for row in self._connection.execute(query)}

    def release(self, at: datetime) -> int:
        """Ends all leases at `at`, the present; for the one process of a database, whose predecessor
        died. Gives how many.
        """
        statement = update(outbox).where(_DUE, outbox.c.leased_until > at)
        return self._connection.execute(statement.values(leased_until=at)).rowcount

    def depth(self) -> int:
        """How many are `due`."""
        query = select(func.count()).select_from(outbox).where(_DUE)
        return self._connection.execute(query).scalar_one()

    def counts(self) -> dict[str, int]:
        """How many rows are `due`, `held`, `failed` (given up) or `dropped`; zeros are left out."""
        query = select(outbox.c.state, func.count()).where(_OPEN).group_by(outbox.c.state)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def next_due(self, at: datetime, interval: float) -> datetime | None:
        at_most = at + CLOCK_SET_BACK
        moments = [
            max(
                at,
                row.not_before or at,
                row.leased_until if row.leased_until and row.leased_until <= at_most else at,
                row.blocked_until or at,
                row.paced_at + timedelta(seconds=interval)
                if row.paced_at and row.paced_at <= at_most
                else at,
            )
            for row in self._connection.execute(_WAITING)
        ]
        held = self._connection.execute(_NEXT_HELD).scalar_one_or_none()
        if held is not None:
            moments.append(max(at, held))
        return min(moments, default=None)

    def listed(self, states: Collection[str] = ("failed",)) -> list[Outgoing]:
        query = select(outbox).where(outbox.c.state.in_(list(states))).order_by(outbox.c.id)
        if "sent" not in states:
            query = query.where(_OPEN)
        return [_outgoing(row) for row in self._connection.execute(query)]

    def erase(self, person: str, keys: Collection[str], texts: bool) -> None:
        self._connection.execute(delete(outbox).where(outbox.c.channel == person, _OPEN))
        for key in keys:
            row = self.get(key)
            if row is None:
                continue
            payload: dict[str, Any] = {}
            state = row.state
            if state not in ("sent", "dropped") and not texts:
                shown = {k: v for k, v in row.payload.items() if k != "icon_url"}
                payload = {**shown, "username": ANONYMOUS}
            elif state != "sent":
                state = "dropped"
            self._set(row.id, payload=payload, state=state)

    def _set(self, outgoing_id: int, **values: Any) -> None:
        self._connection.execute(update(outbox).where(outbox.c.id == outgoing_id).values(**values))

    def _pace(self, channel: str, name: str, at: datetime) -> None:
        """Moves a time of the channel forward; back only where the clock was set back."""
        column = paces.c[name]
        is_past = _past(column, at, at + CLOCK_SET_BACK if name == "sent_at" else None)
        self._upsert(paces, {"channel": channel}, {name: at}, where=is_past)


def _outgoing(row: Row[Any], attempts: int | None = None) -> Outgoing:
    return from_row(Outgoing, row, attempts=row.attempts if attempts is None else attempts)

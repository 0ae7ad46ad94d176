"""What the repositories share: a connection, the two databases' `INSERT … ON CONFLICT`, and rows as
dataclasses: fields and columns have the same names, and others are said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Executable, Row, Select, Table, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult

from bot.store.tables import messages

T = TypeVar("T")
V = TypeVar("V", int, str)
Upsert = postgresql.Insert | sqlite.Insert
MANY = 500
"""How many values go into one query: databases limit the parameters of one."""
_WRITING = 0x4D41524700000004


class WriteTurn:
    """The turn of a transaction to write messages and reactions.

    Two replicas that write the same messages in different orders would wait for each other in a
    ring; on PostgreSQL they write one after the other, each from its first message to the end of
    its transaction. Whoever locks something else as well does so after, not before.
    """

    def __init__(self, connection: Connection):
        self._connection = connection
        self._needed = connection.dialect.name == "postgresql"
        self._taken = False

    def take(self) -> None:
        """Waits until it is our turn."""
        if self._needed and not self._taken:
            self._connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})
            self._taken = True

    def undone(self) -> None:
        """A savepoint was undone, and what was locked since it with it."""
        self._taken = False


class Repository:
    """One aggregate's tables, in one transaction."""

    def __init__(self, connection: Connection, turn: WriteTurn):
        self._connection = connection
        self._turn = turn
        self._postgresql = connection.dialect.name == "postgresql"

    def _changes(self, statement: Executable, row: Mapping[str, Any] | None = None) -> bool:
        """Whether a statement changes any row."""
        result: CursorResult[Any] = self._connection.execute(statement, row)
        return result.rowcount > 0

    def _values(self, statement: Executable) -> set[Any]:
        """The values of the one column that a statement gives."""
        return set(self._connection.execute(statement).scalars())

    def _insert(self, table: Table) -> Upsert:
        """An INSERT that can be told what to do where the row is there already."""
        return insert_into(table, self._postgresql)

    def _insert_new(self, table: Table) -> Upsert:
        """An INSERT that leaves a row alone that is there already; its `rowcount` says."""
        return _insert_new(self._postgresql, table)

    def _upsert(
        self,
        table: Table,
        key: dict[str, Any],
        values: dict[str, Any],
        new: Mapping[str, Any] = {},
        where: ColumnElement[bool] | None = None,
    ) -> None:
        """Inserts a row, or gives the one with this key these values, if it is as `where` says;
        `new` are further values of a new one."""
        statement = self._insert(table).values({**new, **key, **values})
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=list(key), set_=values, where=where)
        )


def of_message(table: Table, channel: str, ts: str) -> ColumnElement[bool]:
    """What is kept of a message in a table."""
    return (table.c.channel == channel) & (table.c.ts == ts)


def to_message(table: Table) -> ColumnElement[bool]:
    """The message of which a table keeps something."""
    return (messages.c.channel == table.c.channel) & (messages.c.ts == table.c.ts)


def of_session(table: Table, session_id: int) -> Select[Any]:
    """What a table keeps of a session's messages."""
    joined = select(table).join(messages, to_message(table))
    return joined.where(messages.c.session_id == session_id)


def insert_into(table: Table, on_postgresql: bool) -> Upsert:
    """The two databases' `INSERT`, which takes `ON CONFLICT`."""
    statement = postgresql.insert(table) if on_postgresql else sqlite.insert(table)
    # How many rows were new is of interest; SQLAlchemy looks only when it is told to.
    return statement.execution_options(preserve_rowcount=True)


@cache  # building it costs as much as running it
def _insert_new(is_postgresql: bool, table: Table) -> Upsert:
    return insert_into(table, is_postgresql).on_conflict_do_nothing()


@cache
def _names(kind: Any, table: Table | None = None) -> tuple[str, ...]:
    """The fields of a dataclass, or those of them that are columns; the database numbers rows."""
    names = [field.name for field in fields(kind)]
    return tuple(n for n in names if table is None or (n in table.c and n != "id"))


def to_row(table: Table, thing: Any, /, **other: Any) -> dict[str, Any]:
    """A dataclass as a row; `other` are the columns that are called or written otherwise."""
    kind: Any = type(thing)
    return {name: getattr(thing, name) for name in _names(kind, table)} | other


def from_row(kind: Callable[..., T], row: Row[Any], /, **other: Any) -> T:
    """A row as a dataclass; `other` are the fields that are called or written otherwise."""
    return kind(**{name: getattr(row, name) for name in _names(kind) if name not in other}, **other)


def chunked(values: Collection[V]) -> Iterator[list[V]]:
    """The values without repetitions, in an order, at most MANY at a time."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), MANY):
        yield wanted[start : start + MANY]

"""What is stored of one person, in whatever table it stands: found, and taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Table,
    Text,
    and_,
    delete,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.sessions.anonymity import ANONYMOUS
from bot.sessions.forgetting import Scrubber
from bot.store import knowledge, tables
from bot.store.repository import Repository, WriteTurn
from bot.store.types import Anything, Json

OWN: Mapping[Table, tuple[str, ...]] = {
    tables.people: ("slack_id",),
    tables.member_names: ("member",),
    tables.messages: ("author",),
    tables.submissions: ("asker",),
    tables.reactions: ("member",),
    tables.supports: ("member",),
    tables.follows: ("member",),
    tables.handlings: ("by",),
    tables.edits: ("by",),
    tables.mutes: ("subject", "by"),
    tables.past_mutes: ("subject",),
    tables.actions: ("who",),
    tables.viewers: ("member",),
    tables.pages: ("member",),
}
"""The tables that keep something by who it is of or who did it, and the columns that say so."""

_NOBODYS = {
    tables.sessions,
    tables.secrets,
    tables.leases,
    tables.member_listings,
    tables.forgotten,
    *knowledge.TABLES,
}
"""Tables that are left as they are. Sessions are what the organizers' files say, and from the
index of answered questions whatever names the person is taken out."""
_WRITTEN = {tables.messages, tables.submissions, tables.edits}
"""Tables of what people wrote themselves, where a quotation is its writer's own."""
_SHORTEST_QUOTE, _LONGEST_QUOTE = 12, 60


class Personal(Repository):
    """`bot.sessions.ports.Personal`. `unread` is told that what was read may be untrue."""

    def __init__(self, connection: Connection, turn: WriteTurn, unread: Callable[[], None]):
        super().__init__(connection, turn)
        self._unread = unread

    def rows(self, ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        found = {}
        for table, names in OWN.items():
            query = select(table).where(or_(*(table.c[name].in_(sorted(ids)) for name in names)))
            query = query.order_by(*table.primary_key.columns)
            found[table.name] = [dict(row._mapping) for row in self._connection.execute(query)]
        return found

    def rewrite(
        self, slack_id: str, names: Collection[str], scrub: Scrubber, quotes: Collection[str]
    ) -> set[int]:
        self._turn.take()
        self._unread()
        change = _Change(slack_id, names, scrub, quotes)
        touched: set[int] = set()
        for table in tables.metadata.sorted_tables:
            if table in _NOBODYS:
                continue
            columns = [c for c in table.columns if isinstance(c.type, Text | Anything | Json)]
            if not columns:
                continue
            for row in self._likely(table, columns, change.is_likely):
                values = self._changed(table, columns, row, change)
                if values:
                    self._replace(table, row, values)
                    if table is tables.messages:
                        touched.add(row.session_id)
                        knowledge.drop(self._connection, row.channel, [row.ts])
        knowledge.drop_likely(self._connection, change.is_likely)
        return touched

    def _likely(
        self, table: Table, columns: Collection[Column[Any]], is_likely: Callable[[str], bool]
    ) -> list[Row[Any]]:
        """The rows that may have to change, found by what is stored, before it is read."""
        keys = list(table.primary_key.columns)
        stored = [type_coerce(c, Text).label(f"stored_{c.name}") for c in columns]
        query = select(*keys, *stored).execution_options(yield_per=500)
        found = []
        for row in self._connection.execute(query):
            whole = row[len(keys) :]
            if any(value is not None and is_likely(value) for value in whole):
                found.append(row[: len(keys)])
        rows = []
        for values in found:
            same = and_(*(key == value for key, value in zip(keys, values, strict=True)))
            rows.append(self._connection.execute(select(table).where(same)).one())
        return rows

    def _changed(
        self, table: Table, columns: Collection[Column[Any]], row: Row[Any], change: _Change
    ) -> dict[str, Any]:
        values = {}
        known = row._mapping
        for column in columns:
            old = known[column.name]
            new = change.of(old, mentions=table is not tables.outbox, quotes=table not in _WRITTEN)
            if new != old:
                values[column.name] = new
        # What was delivered and handled, or was sent, nobody reads again.
        if values and table is tables.inbox and row.state == "done":
            return {**values, "body": None, "error": None}
        if values and table is tables.outbox and row.state in ("sent", "dropped"):
            return {**values, "payload": {}}
        return values

    def _replace(self, table: Table, row: Row[Any], values: Mapping[str, Any]) -> None:
        known = row._mapping
        same = and_(*(key == known[key.name] for key in table.primary_key.columns))
        try:
            with self._connection.begin_nested():
                self._connection.execute(update(table).where(same).values(**values))
        except IntegrityError:
            # It is there in its new form: the person took part again after being forgotten.
            self._connection.execute(delete(table).where(same))


class _Change:
    """What is done with each value that is stored."""

    def __init__(
        self, slack_id: str, names: Collection[str], scrub: Scrubber, quotes: Collection[str]
    ):
        self._scrub = scrub
        self._alias = scrub.person(slack_id)
        self._id = re.compile(rf"(?<![A-Z0-9]){re.escape(slack_id)}(?![A-Z0-9])")
        self._mention = re.compile(rf"<@{re.escape(slack_id)}(?:\|[^>]*)?>")
        heads = {head for text in quotes if len(head := _head(text)) >= _SHORTEST_QUOTE}
        found = sorted((re.escape(head) for head in heads), key=len, reverse=True)
        self._quote = re.compile(rf"(?:{'|'.join(found)})[^\n]*") if found else None
        words = [word[0] for name in names if (word := re.search(r"\w+", name))]
        likely = [re.escape(text.casefold()) for text in {slack_id, *words, *heads}]
        self._likely = re.compile("|".join(likely))

    def is_likely(self, stored: str) -> bool:
        """Whether something in a value, as it is stored, may have to change."""
        return self._likely.search(stored.casefold()) is not None

    def of(self, value: Any, mentions: bool, quotes: bool) -> Any:
        """The value without the person. Without `mentions` these become plain words."""
        if isinstance(value, str):
            if not mentions:
                value = self._mention.sub(ANONYMOUS, value)
            # The ID first: its mark is one of those that the texts are compared with.
            value = self._scrub.text(self._id.sub(self._alias, value))
            return self._quote.sub("…", value) if quotes and self._quote else value
        if isinstance(value, Mapping):
            return {
                self._id.sub(self._alias, key): self.of(inner, mentions, quotes)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.of(inner, mentions, quotes) for inner in value]
        return value


def _head(text: str) -> str:
    """The beginning of a text, as far as it is stored as it is in JSON too."""
    plain = re.match(r'[^"\\\n\t\r<>&\0]*', text.strip())
    return plain[0][:_LONGEST_QUOTE].rstrip() if plain else ""

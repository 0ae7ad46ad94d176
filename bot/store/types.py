"""Column types: text that may be anything, JSON, moments. The same on both databases.

PostgreSQL's `text` and `jsonb` refuse NUL, and no driver encodes half a surrogate pair; both
come from outside, in names as in messages. Plain text is therefore escaped, and JSON is kept
as text in which those two are written as JSON's own escapes. `jsonb` could not keep NUL, and a
binary column could not be read in `psql`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator

_UNSAFE = re.compile("[\\\\\0\ud800-\udfff]")
_ESCAPED = re.compile(r"\\([0-9a-f]{4})")
_SURROGATE = re.compile("[\ud800-\udfff]")

Number = BigInteger().with_variant(Integer, "sqlite")
"""A primary key that counts by itself: SQLite does that for `INTEGER` alone."""


class Anything(TypeDecorator[str]):
    """Text of any code points. Backslash, NUL and surrogates are stored as `\\` and four digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\\" not in value and "\0" not in value):
            return value
        return _UNSAFE.sub(lambda found: f"\\{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or "\\" not in value:
            return value
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class Json(TypeDecorator[Any]):
    """JSON as text. None is SQL's NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Moment(TypeDecorator[datetime]):
    """An aware moment, UTC: `timestamptz` on PostgreSQL, ISO text that sorts on SQLite.

    Raises ValueError for a naive one.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone: {value.isoformat()}")
        whole = value.astimezone(UTC)
        return whole.replace(tzinfo=None) if dialect.name == "sqlite" else whole

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def dumps(value: Any) -> str:
    """JSON, short, with lone surrogates as escapes.

    A surrogate pair in two halves comes back as the character it stands for, as in all JSON.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def micros(ts: str) -> int:
    """A Slack `ts` as a number of microseconds: `ts` sort by it, whatever their length.

    >>> micros("1700000000.000100") - micros("1700000000.0")
    100
    """
    seconds, _, rest = ts.partition(".")
    return int(seconds) * 1_000_000 + int((rest + "000000")[:6])


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no JSON")

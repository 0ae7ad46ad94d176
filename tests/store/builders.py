"""Sessions, messages and texts for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from bot.sessions.model import Author, Event, Kind, Link, Message, Session
from bot.sessions.ports import UnitOfWork
from bot.store.database import Database
from tests.examples import examples

T0 = datetime(2026, 1, 5, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def event(name: str = "20260105-a-book", **fields: Any) -> Event:
    fields = {"title": "A Book", "start": T0, "end": T0 + timedelta(days=5), **fields}
    return Event(name, **fields)


def session(uow: UnitOfWork, name: str = "20260105-a-book", channel: str = "C1") -> Session:
    """The session of an event, made if it is not there."""
    return uow.sessions.by_event(name) or uow.sessions.add(event(name), channel)


def question(session_id: int, ts: str, text: str = "Why?", **fields: Any) -> Message:
    fields = {"channel": "C1", "author": "U1", "content": {"text": text}, **fields}
    return Message(session_id=session_id, ts=ts, kind=Kind.QUESTION, **fields)


def reply(session_id: int, ts: str, to: str, text: str = "So.", **fields: Any) -> Message:
    fields = {"channel": "C1", "author": "U2", "content": {"text": text}, **fields}
    return Message(
        session_id=session_id, ts=ts, kind=Kind.REPLY, thread_ts=to, question_ts=to, **fields
    )


def tries(database: Database, sqlite: int = 30, postgresql: int = 10) -> settings:
    """Hypothesis's settings for a property of a database; the database lasts for all tries."""
    return examples(sqlite if database.engine.dialect.name == "sqlite" else postgresql)


# Any text at all: NUL, lone surrogates, what looks like an escape. Two halves of a pair that
# stand together are one character in JSON, so they are joined here as well.
anything = (
    st.lists(
        st.characters()
        | st.sampled_from(["\0", "\\", "\\0000", "\ud800", "\udc00", "é", "😀", "'", '"', "%"]),
        max_size=12,
    )
    .map("".join)
    .map(lambda text: text.encode("utf-16-le", "surrogatepass"))
    .map(lambda units: units.decode("utf-16-le", "surrogatepass"))
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)

moments = st.datetimes(timezones=st.just(UTC))

authors = st.builds(Author, anything, anything, st.none() | anything)
links = st.builds(Link, anything, anything)
events = st.builds(
    Event,
    id=anything,
    title=anything,
    start=moments,
    end=moments,
    description=anything,
    authors=st.lists(authors, max_size=3).map(tuple),
    links=st.lists(links, max_size=3).map(tuple),
    cover=st.none() | anything,
    image=st.none() | anything,
    channel=st.none() | anything,
    timezone=st.sampled_from(["UTC", "Europe/Berlin"]),
    body=anything,
    options=st.dictionaries(anything, json_values, max_size=3),
    archived=st.booleans(),
)

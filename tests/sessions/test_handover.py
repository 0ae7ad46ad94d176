"""A session in figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sessions.handover import handover
from bot.sessions.model import (
    Author,
    Event,
    Hidden,
    Kind,
    Message,
    Session,
    ts_of,
)

START = datetime(2026, 1, 5, tzinfo=UTC)
SESSION = Session(1, Event("e", "T", START, START, authors=(Author("a", "A", "UA"),)), "C1")


def message(hours: float, author: str, to: float | None = None, **more: Any) -> Message:
    kind = Kind.QUESTION if to is None else Kind.REPLY
    question = None if to is None else ts_of(START + timedelta(hours=to))
    ts = ts_of(START + timedelta(hours=hours))
    return Message(1, "C1", ts, kind, author, {}, question_ts=question, **more)


def test_figures() -> None:
    messages = [
        message(1, "U1"),
        message(2, "U2"),
        message(3, "U3"),
        message(4, "UA", to=1),
        message(5, "U1", to=2),
        message(6, "UA", to=1),
        message(12, "UA", to=2),
        message(13, "U4", hidden=frozenset({Hidden.MODERATED})),
        message(14, "U5", deleted=True),
        message(15, "UA"),
    ]
    found = handover(
        SESSION, messages, {messages[1].ts: {"U1", "U2", "U3", "U9"}}, {"U1", "U2", "UA"}
    )
    assert (found.questions, found.answered, found.participants) == (3, 2, 4)
    assert found.share == 67
    assert found.first_answer == timedelta(hours=6.5)  # the median of 3 and 10 hours
    assert found.most_voted == ((messages[1], 3),)
    assert found.unanswered == (messages[2],)
    assert found.nameless == ("U3",)


def test_nothing_was_asked() -> None:
    found = handover(SESSION, [], {}, set())
    assert (found.questions, found.share, found.first_answer) == (0, 0, None)

"""A session in figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sessions.handover import Doubt, handover
from bot.sessions.model import (
    Author,
    Event,
    Hidden,
    Kind,
    Message,
    Session,
    Thread,
    ts_of,
)

START = datetime(2026, 1, 5, tzinfo=UTC)
SESSION = Session(1, Event("e", "T", START, START, authors=(Author("a", "A", "UA"),)), "C1")


def message(hours: float, author: str, **more: Any) -> Message:
    ts = ts_of(START + timedelta(hours=hours))
    return Message(1, "C1", ts, more.pop("kind", Kind.QUESTION), author, {}, **more)


def thread(question: Message, *replies: Message) -> Thread:
    under = (replace(reply, kind=Kind.REPLY, question_ts=question.ts) for reply in replies)
    return Thread(question, tuple(under))


def test_figures() -> None:
    first, second, third, fourth = (message(n, f"U{n}") for n in (1, 2, 3, 4))
    same = message(3.5, "U6", corrected=True)
    hidden = frozenset({Hidden.MODERATED})
    threads = [
        thread(first, message(4, "UA"), message(6, "UA")),
        thread(second, same, message(5, "U1"), message(12, "UA"), message(3, "UA", hidden=hidden)),
        thread(third),
        thread(fourth, message(5, "U1")),
        thread(message(13, "U4", hidden=hidden), message(14, "U7"), message(15, "UA")),
        thread(message(14, "U5", deleted=True), message(16, "U8")),
        thread(message(15, "UA"), message(16, "U1")),
    ]
    voted = {second.ts: {"U1", "U2", "U3", "U9"}, same.ts: {"U4", "U3"}, first.ts: {"U1"}}
    named = {"U1", "U2", "UA", "U6", "U8"}
    doubt = Doubt(fourth, None)
    found = handover(SESSION, threads, voted, named, {fourth.ts}, [doubt])
    assert (found.questions, found.answered, found.elsewhere) == (4, 3, 1)
    assert found.participants == 7, "nobody of a thread that is left out"
    assert found.answers == 3, "none of what is hidden"
    assert found.share == 75
    assert found.first_answer == timedelta(hours=6.5)  # the median of 3 and 10 hours
    assert found.most_voted == ((second, 4),), "with the votes of what was merged with it"
    assert found.unanswered == (third,)
    assert found.nameless == ("U3", "U4")
    assert found.unsure == (doubt,)


def test_nothing_was_asked() -> None:
    found = handover(SESSION, [], {}, set())
    assert (found.questions, found.share, found.first_answer) == (0, 0, None)

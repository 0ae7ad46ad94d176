"""What organizers see of a book of a thousand questions with long names and texts is within
Slack's limits: the sandbox refuses what Slack would.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.handover import Doubt, Handover
from bot.sessions.logbook import Entry
from bot.sessions.model import Action, Author, Event, Kind, Message, Session, State, ts_of
from bot.sessions.planning import Planned
from bot.sessions.winners import Draw, Left, Ticket, Weights
from bot.slack.blocks import handing, limits, moderating, planning, winning
from slackbox import blocks as slack

NOW = datetime(2026, 1, 5, tzinfo=UTC)
LONG = "📚 <&> *_`|" * 300
COUNT = 1000
EVENT = Event(
    "20260105-" + "x" * 200,
    LONG,
    NOW,
    NOW + timedelta(days=4),
    authors=tuple(Author(LONG[:200], LONG[:200]) for _ in range(30)),
)
SESSION = Session(1, EVENT, "C0123", State.CLOSED, announcement_ts="1700000000.000100")
MESSAGES = tuple(
    Message(
        1,
        "C0123",
        ts_of(NOW + timedelta(minutes=n)),
        Kind.QUESTION,
        f"U{n:08d}",
        {"text": LONG},
        posted_name=LONG[:80],
    )
    for n in range(COUNT)
)
IDS = iter(range(1_000_000))


def message(content: tuple[str, list[dict[str, Any]]]) -> None:
    text, blocks = content
    assert text.strip()
    assert len(text) <= 40_000
    slack.message(blocks, lambda: f"b{next(IDS)}", lambda _address: True)
    characters = sum(len(str(b.get("text", ""))) for b in blocks)
    assert characters < 13_200, characters


def view(made: dict[str, Any]) -> None:
    slack.view(made, "modal", lambda: f"b{next(IDS)}", lambda _address: True)


def link(channel: str, ts: str) -> str:
    return f"https://example.slack.com/archives/{channel}/p{ts}"


def test_the_handover() -> None:
    everything = Handover(
        COUNT,
        0,
        COUNT,
        timedelta(days=3),
        tuple((m, 10_000) for m in MESSAGES[:3]),
        MESSAGES,
        tuple(m.author for m in MESSAGES),
        tuple(Doubt(m, MESSAGES[n - 1] if n % 2 else None) for n, m in enumerate(MESSAGES)),
        COUNT,
    )
    message(handing.handover(SESSION, everything, link))
    message(handing.handover(SESSION, Handover(0, 0, 0, None, (), (), ()), link))
    assert len(handing.file_title(SESSION)) <= 255


@pytest.mark.parametrize("number", [0, COUNT])
def test_winners(number: int) -> None:
    asked = [(m.author, 3) for m in MESSAGES[:number]]
    everyone = frozenset(m.author for m in MESSAGES[:number])
    view(
        winning.form(
            SESSION, asked, Left(everyone, everyone, everyone, muted=everyone), 10**9, "{}"
        )
    )
    draw = Draw(
        1,
        2,
        "ab" * 16,
        winning.MAX_WINNERS,
        Weights.PERSON,
        tuple(Ticket(m.author, m.author) for m in MESSAGES),
        tuple(m.author for m in MESSAGES[: winning.MAX_WINNERS]),
    )
    message(winning.announcement(SESSION, draw, COUNT))
    message(winning.congratulation(SESSION, LONG))


@pytest.mark.parametrize("number", [0, COUNT])
def test_the_log(number: int) -> None:
    details = {"reason": LONG, "what": LONG, "subject": "U2", "people": ["U2"] * 10}
    found = [
        Entry(Action(NOW, "U1", what, 1, EVENT.id, details), MESSAGES[0], MESSAGES[1])
        for what in [*moderating.WORDS, "something new"]
    ] * (number // 10)
    message(moderating.log(found, "https://example.slack.com/"))


@pytest.mark.parametrize("text", ["", LONG[:2999], LONG * 2, (LONG * 30)[:40_000], LONG * 60])
def test_the_form_of_a_message(text: str) -> None:
    parts, between = moderating.parted(text)
    metadata = json.dumps({"channel": "C" * 20, "ts": "1700000000.000100", "between": between})
    made = moderating.form(MESSAGES[0], LONG, parts, True, LONG, True, metadata)
    view(made)
    inputs = [b for b in made["blocks"] if b["type"] == "input"]
    assert len(inputs) == 3 + len(parts), "no part is cut off"
    assert bool(parts) == (len(text) <= 40_000), "whatever one message holds can be edited"
    view(moderating.form(MESSAGES[0], "", parts, False, "", False, metadata))


@given(st.text(st.sampled_from("ab \n\t\U0001f600"), max_size=200), st.integers(2, 40))
def test_pieces_joined_are_the_text(text: str, limit: int) -> None:
    found = limits.pieces(text, limit)
    assert all(limits.units(part) <= limit for part, _behind in found)
    assert "".join(part + behind for part, behind in found) == text


@pytest.mark.parametrize("number", [0, 100])
def test_the_schedule(number: int) -> None:
    planned = [Planned(EVENT, State.SCHEDULED, (LONG,) * 20)] * number
    message(planning.schedule(planned, [LONG] * number))
    view(planning.new_form(NOW.date(), title=LONG[:300]))

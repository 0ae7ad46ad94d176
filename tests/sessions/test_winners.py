"""Draws: repeatable by anyone, fair, and without those who take no part."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.sessions import winners
from bot.sessions.model import Author, Event, Kind, Message, Person, Session
from bot.sessions.winners import Draw, Ticket, Weights

NOW = datetime(2026, 1, 9, tzinfo=UTC)
PEOPLE = st.dictionaries(
    st.integers(1, 400).map(lambda n: f"U{n:04d}"), st.integers(1, 5), min_size=1, max_size=25
)
SEEDS = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(PEOPLE, SEEDS, st.sampled_from(Weights), st.integers(0, 40))
def test_a_record_gives_the_same_winners_again(
    asked: dict[str, int], seed: str, weights: Weights, count: int
) -> None:
    drawn_from = winners.tickets(asked, weights)
    drawn = winners.draw(seed, drawn_from, count)
    assert len(drawn) == len(set(drawn)) == min(count, len(asked))
    assert set(drawn) <= set(asked)
    made = Draw(1, 1, seed, count, weights, drawn_from, drawn)
    again = winners.repeat(winners.record(made, "20260105-a-book"))
    assert again.agrees
    assert again.again == drawn
    # The order of a list says nothing, and more winners begin with the same ones.
    assert winners.draw(seed, drawn_from[::-1], count) == drawn
    assert winners.draw(seed, drawn_from, count + 1)[: len(drawn)] == drawn


@given(PEOPLE, SEEDS)
def test_the_documented_way_gives_the_first_winner(asked: dict[str, int], seed: str) -> None:
    """What a person does with `sha256sum` and `sort`, written out."""
    drawn_from = winners.tickets(asked, Weights.QUESTION)
    lines = sorted(
        (hashlib.sha256(f"{seed}\n{t.text}".encode()).hexdigest(), t.text) for t in drawn_from
    )
    assert winners.draw(seed, drawn_from, 1) == (lines[0][1].partition("#")[0],)


def test_every_ticket_has_the_same_chance() -> None:
    asked = {"U1": 1, "U2": 1, "U3": 4}
    rounds = 3000
    for weights, shares in (
        (Weights.PERSON, {"U1": 1 / 3, "U2": 1 / 3, "U3": 1 / 3}),
        (Weights.QUESTION, {"U1": 1 / 6, "U2": 1 / 6, "U3": 4 / 6}),
    ):
        drawn_from = winners.tickets(asked, weights)
        first = Counter(
            winners.draw(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest(), drawn_from, 1)[0]
            for n in range(rounds)
        )
        for person, share in shares.items():
            # Six standard deviations; the seeds are fixed, so this holds always or never.
            assert abs(first[person] / rounds - share) < 6 * (share * (1 - share) / rounds) ** 0.5


def test_who_takes_no_part() -> None:
    event = Event("e", "T", NOW, NOW, authors=(Author("a", "A", "U1"),))
    session = Session(1, event, "C1")
    people = {
        "U3": Person("U3", "Bot", is_bot=True),
        "U4": Person("U4", "Gone", deleted=True),
        "U5": Person("U5", "Private", privacy="left_out"),
        "U6": Person("U6", "Former"),
        "U7": Person("U7", "Reader", privacy="first_name"),
    }
    left = winners.left_out(session, [f"U{n}" for n in range(1, 9)], people, ["U2", "U99"], ["U6"])
    assert left.everyone == {f"U{n}" for n in range(1, 7)}
    assert (left.authors, left.organizers, left.former) == ({"U1"}, {"U2"}, {"U6"})


def test_who_asked() -> None:
    def message(ts: str, author: str, kind: Kind = Kind.QUESTION, deleted: bool = False) -> Message:
        return Message(1, "C1", ts, kind, author, {}, deleted=deleted)

    asked = winners.questions_of(
        [
            message("1.1", "U1"),
            message("1.2", "U1"),
            message("1.3", "U2", Kind.REPLY),
            message("1.4", "U3", deleted=True),
            message("1.5", "anonymous:12ab"),
        ]
    )
    assert asked == {"U1": 2}
    assert [t.text for t in winners.tickets(asked, Weights.QUESTION)] == ["U1#1", "U1#2"]
    assert winners.tickets(asked, Weights.PERSON) == (Ticket("U1", "U1"),)


def record(**changed: object) -> str:
    whole = {
        "format": winners.FORMAT,
        "event": "e",
        "draw": 1,
        "weights": "person",
        "count": 1,
        "seed": "ab" * 16,
        "tickets": ["U1", "U2"],
        "winners": ["U1"],
    }
    return json.dumps({**whole, **changed})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("not json", "not the record"),
        ("[]", "not the record"),
        (record(format="other"), "`format`"),
        (record(seed="short"), "seed"),
        (record(tickets=["U1", "U1"]), "twice"),
        (record(tickets=[1]), "lists of texts"),
        (record(count=True), "`count`"),
        (record(winners=None), "`winners`"),
    ],
)
def test_what_is_no_record(text: str, part: str) -> None:
    with pytest.raises(UserError, match=part):
        winners.repeat(text)


def test_a_changed_record_is_noticed() -> None:
    drawn = winners.draw("ab" * 16, [Ticket("U1", "U1"), Ticket("U2", "U2")], 1)
    other = ["U1"] if drawn == ("U2",) else ["U2"]
    assert winners.repeat(record(winners=list(drawn))).agrees
    assert not winners.repeat(record(winners=other)).agrees

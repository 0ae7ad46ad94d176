"""A draw that anybody can repeat.

The published record is a seed and a list of tickets, each a line of text. The digest of a
ticket is SHA-256 of the seed, a line feed and the ticket, in UTF-8. The tickets are put in the
order of their digests, and the winners are the persons of the first tickets, each person once.
`printf '%s\\n%s' SEED TICKET | sha256sum` gives the same digest without this program. Every
order of the tickets is as likely as any other as long as the seed was not chosen for them,
so the seed is drawn when the list stands, and every draw is kept with its number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from bot.errors import UserError
from bot.sessions.model import FORGOTTEN, Kind, Message, Person, Session

FORMAT = "marginalia draw 1"
"""What the first key of a record says; another algorithm would get another number."""
SEED_BYTES = 16
_SEED = re.compile(r"[0-9a-f]{16,128}")


class Weights(StrEnum):
    """How many tickets a person has: one, or one a question."""

    PERSON = "person"
    QUESTION = "question"


class Way(StrEnum):
    """How the winners were found."""

    DRAWN = "drawn"
    PICKED = "picked"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One chance of one person (a Slack member ID)."""

    text: str
    person: str


@dataclass(frozen=True, slots=True)
class Draw:
    """Winners of a session and how they were found. `number` counts the draws of the session.

    For winners who were picked, `seed` is '' and the tickets say among whom.
    """

    session_id: int
    number: int
    seed: str
    count: int
    weights: Weights
    tickets: tuple[Ticket, ...]
    winners: tuple[str, ...]
    way: Way = Way.DRAWN
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """Who asked and is not in the draw, by the reason."""

    authors: frozenset[str] = frozenset()
    organizers: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()

    @property
    def everyone(self) -> frozenset[str]:
        """All of them."""
        known = self.authors | self.organizers | self.bots | self.former
        return known | self.private | self.muted


HIDING = ("left_out", FORGOTTEN)
"""Who appears so in archives is not drawn in public."""


def left_out(
    session: Session,
    askers: Collection[str],
    people: Mapping[str, Person],
    organizers: Collection[str],
    former: Collection[str],
    muted: Collection[str] = (),
) -> Left:
    """Who of `askers` takes no part: authors, organizers, bots (and accounts that are gone),
    former winners, people who want to be left out of what is published, and those who are muted.
    """
    asked = frozenset(askers)
    bots = {who for who in asked if who in people and (people[who].is_bot or people[who].deleted)}
    private = {who for who in asked if who in people and people[who].privacy in HIDING}
    return Left(
        authors=asked & session.author_ids,
        organizers=asked & frozenset(organizers),
        bots=frozenset(bots),
        former=asked & frozenset(former),
        private=frozenset(private),
        muted=asked & frozenset(muted),
    )


def questions_of(messages: Iterable[Message]) -> dict[str, int]:
    """How many questions each known member asked; those without a member (anonymous) have none."""
    counts: dict[str, int] = {}
    for message in messages:
        asks = message.kind is Kind.QUESTION and not message.is_talk
        if asks and not message.deleted and is_member(message.author):
            counts[message.author] = counts.get(message.author, 0) + 1
    return counts


def is_member(author: str) -> bool:
    """Whether the writer of a message is a Slack member: `U…` or `W…`."""
    return author[:1] in {"U", "W"} and author.isalnum()


def tickets(questions: Mapping[str, int], weights: Weights) -> tuple[Ticket, ...]:
    """The tickets of those who asked, sorted by their text so that the list has one form.

    `questions` says how many each person asked. A person's only ticket is the member ID; by
    question they are `U0123#1`, `U0123#2` …
    """
    found: list[Ticket] = []
    for person, count in questions.items():
        if count < 1:
            continue
        if weights is Weights.PERSON:
            found.append(Ticket(person, person))
        else:
            found += [Ticket(f"{person}#{number + 1}", person) for number in range(count)]
    return tuple(sorted(found, key=lambda ticket: ticket.text))


def digest(seed: str, ticket: str) -> str:
    """Where a ticket falls: hexadecimal, to be compared as text."""
    return sha256(f"{seed}\n{ticket}".encode()).hexdigest()


def draw(seed: str, drawn_from: Sequence[Ticket], count: int) -> tuple[str, ...]:
    """The winners (member IDs) in their order; fewer than `count` if there are fewer persons.

    >>> draw("00" * 16, [Ticket("U1", "U1"), Ticket("U2", "U2"), Ticket("U3", "U3")], 2)
    ('U3', 'U2')
    """
    ordered = sorted(drawn_from, key=lambda ticket: digest(seed, ticket.text))
    return tuple(dict.fromkeys(ticket.person for ticket in ordered))[: max(0, count)]


def record(draw_: Draw, event_id: str) -> str:
    """The published record of a draw: JSON with all that is needed to repeat it."""
    whole = {
        "format": FORMAT,
        "event": event_id,
        "draw": draw_.number,
        "weights": str(draw_.weights),
        "count": draw_.count,
        "seed": draw_.seed,
        "tickets": [ticket.text for ticket in draw_.tickets],
        "winners": list(draw_.winners),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Repeated:
    """A record, and what its draw gives when it is done again."""

    event: str
    number: int
    tickets: int
    recorded: tuple[str, ...]
    again: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the winners are those that the seed and the tickets give."""
        return self.recorded == self.again


def repeat(text: str, seed: str | None = None) -> Repeated:
    """Draws again from a record, with its own seed or another.

    Raises UserError, one line, for what is no record, or one whose list of tickets holds a
    ticket twice.
    """
    try:
        whole: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(
            "this is not the record of a draw; give the file that was published"
        ) from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise UserError(f"this is not the record of a draw; its `format` must be `{FORMAT}`")
    used = seed if seed is not None else _field(whole, "seed", str)
    if not _SEED.fullmatch(used):
        raise UserError("the seed must be 16 to 128 hexadecimal digits in lowercase letters")
    texts = _field(whole, "tickets", list)
    winners = _field(whole, "winners", list)
    if not all(isinstance(item, str) for item in (*texts, *winners)):
        raise UserError("the record's `tickets` and `winners` must be lists of texts")
    if len(set(texts)) != len(texts):
        raise UserError("the record is not valid: a ticket stands twice in its list")
    again = draw(used, [Ticket(t, t.partition("#")[0]) for t in texts], _field(whole, "count", int))
    event, number = _field(whole, "event", str), _field(whole, "draw", int)
    return Repeated(event, number, len(texts), tuple(winners), again)


def _field(whole: Mapping[str, Any], name: str, kind: type) -> Any:
    value = whole.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UserError(f"the record is not valid: `{name}` is missing or not as documented")
    return value

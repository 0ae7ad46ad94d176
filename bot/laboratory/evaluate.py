"""How good the pairing is, on sessions whose answers were torn out of their threads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from bot.laboratory.detach import DetachedAnswer
from bot.sessions.pairing.meaning import Meaning
from bot.sessions.pairing.names import Directory
from bot.sessions.pairing.pair import linked, pair
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.weights import TABLE

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)
BASELINES = ("latest_open", "named")
"""The latest question nobody answered; the latest question of the person whom the text names
(where it names none, the latest that nobody answered)."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What was guessed of one torn answer: its best question, how sure, whether it is linked by
    itself (from `level` on), whether it is right, and whether each baseline is (in the order of
    BASELINES)."""

    post: str
    confidence: float
    is_linked: bool
    right: bool
    baselines: tuple[bool, ...]
    level: float


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, and the interval in which the true share lies with 95 % (Wilson)."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval at 95 % (Wilson, JASA 22, 1927); 0 to 1 of nothing."""
        return wilson(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Level:
    """What linking from a level of confidence on would give."""

    level: float
    precision: Share
    recall: Share
    coverage: Share


@dataclass(frozen=True, slots=True)
class Report:
    """The guesses summed up. `precision` and `coverage` are of what is linked by itself."""

    answers: int
    precision: Share
    coverage: Share
    accuracy: Share
    baselines: Mapping[str, Share]
    levels: tuple[Level, ...]


def guesses(
    detached: DetachedAnswer, table: Mapping[str, float] = TABLE, meaning: Meaning | None = None
) -> list[Guess]:
    """Pairs a torn session; one guess for each torn answer."""
    pairing = pair(detached.posts, table=table, meaning=meaning)
    links = linked(pairing)
    simple = _baselines(detached)
    found = []
    for decision in pairing.decisions:
        true = detached.truth.get(decision.post)
        if true is None:
            continue
        best = decision.candidates[0] if decision.candidates else None
        found.append(
            Guess(
                decision.post,
                best.confidence if best else 0.0,
                decision.post in links,
                best is not None and best.question == true,
                simple[decision.post],
                decision.level,
            )
        )
    return found


def report(found: Sequence[Guess]) -> Report:
    """Sums guesses up, of one session or of many."""
    return Report(
        len(found),
        _right(guess for guess in found if guess.is_linked),
        Share(sum(guess.is_linked for guess in found), len(found)),
        _right(found),
        {
            name: Share(sum(guess.baselines[at] for guess in found), len(found))
            for at, name in enumerate(BASELINES)
        },
        tuple(_level(found, level) for level in LEVELS),
    )


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The interval in which the true share lies with 95 %, by Wilson's score.

    >>> [round(bound, 3) for bound in wilson(8, 8)]
    [0.676, 1.0]
    """
    if not whole:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.975)
    share = part / whole
    middle = share + z * z / (2 * whole)
    spread = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    under = 1 + z * z / whole
    return max(0.0, (middle - spread) / under), min(1.0, (middle + spread) / under)


def _right(found: Iterable[Guess]) -> Share:
    rights = [guess.right for guess in found]
    return Share(sum(rights), len(rights))


def _level(found: Sequence[Guess], level: float) -> Level:
    sure = [guess for guess in found if guess.confidence >= level]
    precision = _right(sure)
    return Level(level, precision, Share(precision.part, len(found)), Share(len(sure), len(found)))


def _baselines(detached: DetachedAnswer) -> dict[str, tuple[bool, ...]]:
    top = [post for post in detached.posts if post.thread is None]
    people = Directory({post.person: post.name for post in detached.posts if not post.is_author})
    answered = {post.thread for post in detached.posts if post.is_author and post.thread}
    found: dict[str, tuple[bool, ...]] = {}
    asked: list[Post] = []
    for post in top:
        if not post.is_author:
            asked.append(post)
        elif post.id in detached.truth:
            waiting = [question for question in asked if question.id not in answered]
            latest = (waiting or asked or [post])[-1]
            answered.add(latest.id)
            named = people.find(post.text, post.mentions).how
            theirs = [question for question in asked if question.person in named]
            of_named = theirs[-1] if theirs else latest
            true = detached.truth[post.id]
            found[post.id] = (latest.id == true, of_named.id == true)
    return found

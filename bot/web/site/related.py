"""Which questions about other books are like a question: by the stems that the index of answered
questions knows (`bot.sessions.knowledge`). Rather none is shown than one that has nothing to do with it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from bot.sessions import knowledge

SHOWN = 4
"""How many are shown at most."""
LIKE = 0.2
"""How alike two questions must be: the cosine of their stems, each as heavy as it is rare."""
TELLING, SHARED = 0.5, 2
"""What share of the rarest stem's weight a stem must have to say what a question is about, and how
many such stems two questions must share: words such as "end" and "write" bring nothing together."""
MOST = 2000
"""A stem that more questions have says nothing."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A question with its own page, for lists: the file within the site, what it asks, its book."""

    page: str
    words: str
    book: str
    title: str


class Related:
    """All questions of a site, to look for related ones in; `add` each, then ask `to`."""

    def __init__(self) -> None:
        self._asked: list[Listed] = []
        self._having: dict[str, list[int]] = defaultdict(list)
        self._stems: list[list[str]] = []
        self._numbers: dict[str, int] = {}

    def add(self, asked: Listed, words: str) -> None:
        """Adds a question with its whole text."""
        number = len(self._asked)
        self._asked.append(asked)
        self._numbers[asked.page] = number
        self._stems.append(knowledge.asked(words))
        for stem in self._stems[-1]:
            self._having[stem].append(number)

    def to(self, page: str, book: str) -> list[Listed]:
        """The questions of other books most like the one of a page, best first."""
        number = self._numbers[page]
        telling = TELLING * knowledge.rarity(len(self._asked), 1)
        weights = {
            stem: self._weight(stem)
            for stem in self._stems[number]
            if len(self._having[stem]) <= MOST
        }
        shared = Counter(
            other
            for stem, weight in weights.items()
            if weight >= telling
            for other in self._having[stem]
            if self._asked[other].book != book
        )
        own = self._length(number)
        found = {
            other: sum(weights.get(stem, 0) ** 2 for stem in self._stems[other])
            / own
            / self._length(other)
            for other, stems in shared.items()
            if stems >= SHARED
        }
        best = sorted(found, key=lambda other: (-found[other], other))
        return [self._asked[other] for other in best if found[other] >= LIKE][:SHOWN]

    def _weight(self, stem: str) -> float:
        return knowledge.rarity(len(self._asked), len(self._having[stem]))

    def _length(self, number: int) -> float:
        return math.hypot(*(self._weight(stem) for stem in self._stems[number]))

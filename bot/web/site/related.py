"""Which questions about other books are like a question: words alone, ranked as the index of
answered questions ranks them (`bot.sessions.knowledge`)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from bot.sessions import knowledge
from bot.sessions.knowledge import Document

SHOWN = 4
"""How many are shown at most."""
LIKE = 0.32
"""What share of the most that a question could score another must reach to be shown."""
RAREST = 16
"""By how many of its stems, the rarest, a question is compared."""
MOST = 2000
"""A stem that more questions have says nothing."""
COMMON = 2
"""How many stems two questions must share."""


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
        self._having: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._stems: dict[str, list[str]] = {}

    def add(self, asked: Listed, document: Document) -> None:
        """Adds a question; `document` is what it is found by."""
        number = len(self._asked)
        self._asked.append(asked)
        self._stems[asked.page] = knowledge.asked(document.question)
        for stem, weight in knowledge.weights(document).items():
            self._having[stem].append((number, weight))

    def to(self, page: str, book: str) -> list[Listed]:
        """The questions of other books most like the one of a page, best first."""
        rarity = {
            stem: knowledge.rarity(len(self._asked), len(self._having[stem]))
            for stem in self._stems[page]
        }
        rarest = sorted(rarity, key=lambda stem: (-rarity[stem], stem))[:RAREST]
        scores: dict[int, float] = defaultdict(float)
        shared: dict[int, int] = defaultdict(int)
        for stem in rarest:
            having = self._having[stem]
            if len(having) > MOST:
                continue
            for number, weight in having:
                if self._asked[number].book != book:
                    scores[number] += weight * rarity[stem]
                    shared[number] += 1
        least = LIKE * knowledge.HIGHEST * sum(rarity[stem] for stem in rarest)
        found = [
            number
            for number, score in scores.items()
            if score >= least and shared[number] >= COMMON
        ]
        found.sort(key=lambda number: (-scores[number], number))
        return [self._asked[number] for number in found[:SHOWN]]

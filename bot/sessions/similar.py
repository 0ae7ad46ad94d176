"""Questions that look alike, so that nobody has to ask, or answer, twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from math import log

from rapidfuzz import fuzz

from bot.sessions.languages import Language

MAX_SHOWN = 3
"""How many are shown at most."""
MIN_SIMILARITY = 0.4
"""How alike (0 to 1) two questions must be to be shown as such. `scripts/similar.py` measures it."""
MIN_WORD_SIMILARITY = 85
"""How alike (0 to 100) two words must be to count as one misspelt."""

_WORD = re.compile(r"[^\W_]+")


def words(text: str, language: Language) -> list[str]:
    """The stems of the words that carry meaning, in lower case."""
    stem = language.stemmer()
    found = _WORD.findall(text.casefold())
    return [stem(word) for word in found if word not in language.common and len(word) > 1]


class Asked:
    """The questions asked so far, to look in."""

    def __init__(self, questions: Iterable[tuple[str, str]], language: Language):
        """`questions` are pairs of a name and a text."""
        self._language = language
        self._questions = [(name, Counter(words(text, language))) for name, text in questions]
        known: Counter[str] = Counter()
        for _name, bag in self._questions:
            known.update(bag.keys())
        self._rarity = {w: log(1 + len(self._questions) / n) for w, n in known.items()}
        self._vocabulary = list(known)

    def like(self, text: str) -> list[str]:
        """The names of those most like `text`, best first."""
        scored = [(score, name) for name, score in self.scores(text) if score >= MIN_SIMILARITY]
        scored.sort(key=lambda pair: -pair[0])
        return [name for _score, name in scored[:MAX_SHOWN]]

    def scores(self, text: str) -> list[tuple[str, float]]:
        """How alike each question is, 0 to 1: the share of what both say, rare words weighing more.

        Without a word of meaning in common, two texts are not alike at all.
        A short question within a long one counts as alike, so that a preamble hides nothing.
        """
        asked = Counter(self._known(word) for word in words(text, self._language))
        return [(name, self._score(asked, bag)) for name, bag in self._questions]

    def _score(self, one: Counter[str], other: Counter[str]) -> float:
        common = one.keys() & other.keys()
        if not common or len(common) < min(2, len(one), len(other)):
            return 0.0
        shared = self._weight(common)
        mine, theirs = self._weight(one), self._weight(other)
        whole = 2 * shared / (mine + theirs)
        part = shared / min(mine, theirs) if len(common) >= 3 else 0.0
        return max(whole, 0.85 * part)

    def _weight(self, bag: Iterable[str]) -> float:
        rarest = log(1 + max(1, len(self._questions)))
        return sum(self._rarity.get(word, rarest) for word in set(bag))

    def _known(self, word: str) -> str:
        """The word as it is known, if this is a misspelling of it."""
        if word in self._rarity or len(word) < 5:
            return word
        best, score = word, float(MIN_WORD_SIMILARITY)
        for known in self._vocabulary:
            if abs(len(known) - len(word)) <= 2 and known[0] == word[0]:
                ratio = fuzz.ratio(word, known)
                if ratio > score:
                    best, score = known, ratio
        return best

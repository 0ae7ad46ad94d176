"""Who of the names in an archive is an author of the book.

An archive has Slack's display names (FORMAT.md, "The archive block"), a schedule the names of the
authors' pages. They are often not the same letters: `Savas Yıldırım` is Savaş Yıldırım, and
`Joseph Reis` is Joe Reis.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Letters that no decomposition takes apart.
_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss"}
)
_WORD = re.compile(r"\w+")
_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_TITLES = frozenset({"dr", "prof", "professor", "phd", "mr", "mrs", "ms", "jr", "sr", "author"})
_SAME_FIRST_LETTERS = 2


def words(name: str) -> tuple[str, ...]:
    """The words of a name without case, accents, titles and what stands in brackets.

    >>> words("Dr. Savaş Yıldırım (he/him)")
    ('savas', 'yildirim')
    """
    plain = unicodedata.normalize("NFKD", _IN_BRACKETS.sub(" ", name).casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c)).translate(_LETTERS)
    return tuple(word for word in _WORD.findall(letters) if word not in _TITLES)


class Authorship:
    """Tells the authors of one book by name."""

    def __init__(self, authors: Iterable[str]) -> None:
        self._authors = [found for found in map(words, authors) if found]
        self._known: dict[str, bool] = {}

    def has(self, name: str) -> bool:
        """Whether the name is an author's.

        It is where the words are the same in any order (`Housley Matt`), where the last word is
        the same and the first ones begin with the same two letters or one is an initial
        (`Joe`/`Joseph`, `J. Reis`), and where it is an author's first or last name alone and no
        other author has it.
        """
        if name not in self._known:
            given = words(name)
            self._known[name] = bool(given) and any(
                self._same(given, author) for author in self._authors
            )
        return self._known[name]

    def _same(self, given: tuple[str, ...], author: tuple[str, ...]) -> bool:
        if sorted(given) == sorted(author) or "".join(given) == "".join(author):
            return True
        if len(given) == 1:
            alone = sum(given[0] in (each[0], each[-1]) for each in self._authors)
            return alone == 1 and given[0] in (author[0], author[-1])
        if len(author) == 1 or given[-1] != author[-1]:
            return False
        first, other = sorted((given[0], author[0]), key=len)
        length = min(len(first), _SAME_FIRST_LETTERS)
        return first[:length] == other[:length]

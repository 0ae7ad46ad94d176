"""What is known of one language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import snowballstemmer

Stem = Callable[[str], str]
_NEVER = re.compile(r"(?!)")


def words(text: str) -> frozenset[str]:
    """A list of words, separated by blanks, as a set."""
    return frozenset(text.split())


def snowball(language: str) -> Callable[[], Stem]:
    """What makes a stemmer by the name that a language has in the Snowball library."""

    def make() -> Stem:
        stem: Stem = snowballstemmer.stemmer(language).stemWord
        return stem

    return make


def phrases(*patterns: str) -> re.Pattern[str]:
    """What finds any of the patterns, as whole words, in lower-case text."""
    return re.compile("|".join(rf"\b(?:{pattern})(?!\w)" for pattern in patterns))


@dataclass(frozen=True, slots=True)
class Language:
    """One language. All words and patterns are for text in lower case.

    `code` is its ISO 639-1 code, `stemmer` makes what gives the stem of a word, which is for one
    thread. `common` are words that say nothing of a subject. For `bot.sessions.talk`: `chat` are the words that talk is made of, `marks` the phrases that
    make a sentence talk, `pleasantries` the questions and requests that ask nothing, `asks` the
    phrases by which somebody asks without a question mark, `starts` those that ask at the beginning
    of a sentence alone.
    """

    code: str
    stemmer: Callable[[], Stem] = lambda: str
    common: frozenset[str] = frozenset()
    chat: frozenset[str] = frozenset()
    marks: re.Pattern[str] = _NEVER
    pleasantries: re.Pattern[str] = _NEVER
    asks: re.Pattern[str] = _NEVER
    starts: re.Pattern[str] = _NEVER

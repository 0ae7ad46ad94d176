"""Who is named in a text: by the whole name, the first name, a nick, also misspelt.

Slack's mentions come out as plain names in the archive, so the text itself must be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from rapidfuzz import fuzz

from bot.sessions.pairing.words import plain, visible

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]|\n")
_TITLES = frozenset("dr prof mr mrs ms sir professor".split())
_GREETINGS = frozenset(
    "hi hello hey hallo hola howdy dear thanks thank you thx good morning afternoon evening great "
    "welcome yes no sorry sure for and your question questions of the course ok okay well".split()
)
_COMMON = frozenset(
    "will mark art may state the of data book great best good new an a i me my max sun rose grace "
    "hope faith joy penny bill rob drew jack pat sue chase dean frank grant guy hunter iris jean "
    "june april august king lance lane long miles nick page pearl ray rich young till anyone ml ai "
    "ds de all team admin user bot guest".split()
)
_BEFORE_OTHERS = frozenset("to by from with of about than like as via".split())
"""Words after which a name is spoken of, not to: `see my answer to …`."""
_NEAR = 84.0
"""From which similarity (rapidfuzz's ratio, 0 to 100) a word in a salutation is a misspelt name."""


class Named(IntEnum):
    """How a text names somebody, the surest last."""

    NOT = 0
    INSIDE = 1
    """The whole name or a mention, in the middle."""
    SHORT = 2
    """Spoken to by a part of the name, or misspelt."""
    WHOLE = 3
    """Spoken to by the whole name or a mention: at the beginning, at the end, after a greeting."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The persons a text names, and how; `said` is the form that stands there."""

    how: Mapping[str, Named]
    said: Mapping[str, str]

    @property
    def addressed(self) -> frozenset[str]:
        """Those who are spoken to."""
        return frozenset(p for p, how in self.how.items() if how >= Named.SHORT)


@lru_cache(maxsize=4096)
def forms(name: str) -> tuple[tuple[str, ...], ...]:
    """The forms of a name, whole first, as tuples of plain words: the name, then single words.

    >>> forms("Dr Abdulrahman Baqais")
    (('dr', 'abdulrahman', 'baqais'), ('abdulrahman', 'baqais'), ('abdulrahman',), ('baqais',))
    """
    words = tuple(w for w in (plain(t) for t in _TOKEN.findall(name)) if w[0].isalnum())
    if not words:
        return ()
    found = [words]
    bare = tuple(w for w in words if w not in _TITLES)
    if bare and bare != words:
        found.append(bare)
    if len(bare) > 1:
        found += [(w,) for w in dict.fromkeys((bare[0], bare[-1])) if len(w) > 2]
    return tuple(found)


def find(  # noqa: PLR0912 - each way of being named is a branch
    text: str, people: Mapping[str, str], mentions: Iterable[str] = ()
) -> Naming:
    """Which of `people` (key to name) a text names.

    A whole name counts everywhere; a part of one, or a misspelt one, only where people are
    spoken to: in the first words, after a greeting, in the last words, set off by commas.
    """
    original = _TOKEN.findall(visible(text))
    tokens = [plain(token) for token in original]
    places = _vocative(tokens)
    how: dict[str, Named] = {}
    said: dict[str, str] = {}
    known: set[int] = set()

    def note(person: str, kind: Named, form: str) -> None:
        if kind > how.get(person, Named.NOT):
            how[person] = kind
            said[person] = form

    for person in mentions:
        if person in people:
            note(person, Named.INSIDE, people[person])
    where: dict[str, list[int]] = {}
    for at, token in enumerate(tokens):
        where.setdefault(token, []).append(at)
    wanted = [
        (form, person, number == 0 or len(form) > 1)
        for person, name in people.items()
        for number, form in enumerate(forms(name))
        if form[0] in where
    ]
    wanted.sort(key=lambda entry: -len(entry[0]))
    length = 0
    longer: set[int] = set()
    for form, person, whole in wanted:
        if len(form) != length:
            length, longer = len(form), set(known)
        for at in where[form[0]]:
            taken = range(at, at + len(form))
            if at in longer or not _stands(tokens, form, at):
                continue
            spoken_to = any(place in places for place in taken)
            if at and tokens[at - 1] in _BEFORE_OTHERS:
                spoken_to = False
            if len(form) == 1 and not _is_name(original[at], form[0], whole, spoken_to):
                continue
            known.update(taken)
            shown = " ".join(original[at : at + len(form)])
            if whole and spoken_to:
                note(person, Named.WHOLE, shown)
            elif whole and (len(form) > 1 or len(form[0]) > 3):
                note(person, Named.INSIDE, shown)
            elif spoken_to:
                note(person, Named.SHORT, shown)
    for person, shown in _misspelt(original, tokens, places - known, people):
        note(person, Named.SHORT, shown)
    return Naming(how, said)


def _is_name(shown: str, word: str, whole: bool, spoken_to: bool) -> bool:
    """Whether a single word is meant as a name and not as the word it also is."""
    if word in _COMMON:
        return spoken_to and shown[:1].isupper()
    return whole or spoken_to


def _stands(tokens: list[str], form: tuple[str, ...], at: int) -> bool:
    """Whether the words of a name follow one another there; a hyphen or dot between is no matter."""
    for word in form[1:]:
        at += 1
        if at < len(tokens) and tokens[at] in "-.'’":
            at += 1
        if at >= len(tokens) or tokens[at] != word:
            return False
    return True


def _vocative(tokens: list[str]) -> set[int]:
    """The places of a text where people are spoken to."""
    places: set[int] = set()
    words = [at for at, token in enumerate(tokens) if token[:1].isalnum()]
    start = 0
    while start < len(words) and start < 7 and tokens[words[start]] in _GREETINGS:
        start += 1
    places.update(words[start : start + 3])
    places.update(words[:2])
    places.update(words[-3:])
    for at, word in enumerate(tokens[:-1]):
        if word in ("hi", "hello", "hey", "thanks", "dear", "@") or (
            word == "you" and at and tokens[at - 1] == "thank"
        ):
            places.update(range(at + 1, at + 4))
        if word in ("and", "&") and at - 1 in places:
            places.update(range(at + 1, at + 3))
        if word == "," and at + 2 < len(tokens) and tokens[at + 2] in ",.!?\n:":
            places.add(at + 1)
    return {place for place in places if place < len(tokens)}


def _misspelt(
    original: list[str], tokens: list[str], places: set[int], people: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Persons whose name is nearly a capitalised word where somebody is spoken to."""
    found = []
    for at in sorted(places):
        word = tokens[at]
        if len(word) < 3 or word in _COMMON or not original[at][:1].isupper() or word in _GREETINGS:
            continue
        best = 0.0
        near: list[str] = []
        for person, name in people.items():
            for form in forms(name):
                if len(form) > 1 or len(form[0]) < 4 or form[0] in _COMMON:
                    continue
                score = _alike(word, form[0])
                if score >= _NEAR and score >= best:
                    near = [person] if score > best else [*near, person]
                    best = score
        found += [(person, original[at]) for person in near]
    return found


def _alike(word: str, name: str) -> float:
    """How surely a word is a name misspelt (letters swapped, a letter off) or cut short, 0 to 100."""
    if name.startswith(word) or sorted(word) == sorted(name):
        return 90.0
    return fuzz.ratio(word, name) if len(word) > 3 else 0.0

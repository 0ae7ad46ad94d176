"""Who is named in a text: by the whole name, the first name, a nick, also misspelt.

Slack's mentions come out as plain names in the archive, so the text itself must be read.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from rapidfuzz import fuzz, process

from bot.sessions.pairing.words import plain

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
_ASKED = frozenset("question questions point comment asked asks wondered".split())
"""Words before which a name is one of who asked: `on Ines question`, `as pekka asked`."""
_SWAPPED = 90.0
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

    def without(self, sentences: str) -> Naming:
        """The same without those whom these sentences name."""
        if not sentences:
            return self
        whole = unicodedata.normalize("NFC", sentences)
        how = {p: kind for p, kind in self.how.items() if self.said[p] not in whole}
        return Naming(how, {person: self.said[person] for person in how})


@lru_cache(maxsize=4096)
def forms(name: str) -> tuple[tuple[str, ...], ...]:
    """The forms of a name, whole first, as tuples of plain words: the name, then single words.

    >>> forms("Dr Abdulrahman Baqais")
    (('dr', 'abdulrahman', 'baqais'), ('abdulrahman', 'baqais'), ('abdulrahman',), ('baqais',))
    """
    words = tuple(w for w in map(plain, _tokens(name)) if w[:1].isalnum())
    if not words:
        return ()
    found = [words]
    bare = tuple(w for w in words if w not in _TITLES)
    if bare and bare != words:
        found.append(bare)
    if len(bare) > 1:
        found += [(w,) for w in dict.fromkeys((bare[0], bare[-1], *bare)) if len(w) > 2]
    return tuple(found)


def _tokens(text: str) -> list[str]:
    """Words, marks and line ends; an accent may be a character of its own after its letter."""
    return _TOKEN.findall(unicodedata.normalize("NFC", text))


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of a person's name: its plain words, and whether it is more than one part of it."""

    number: int
    words: tuple[str, ...]
    person: str
    whole: bool


class Directory:
    """People by the words of their names, so that many texts can be looked through.

    `people` are keys and names.
    """

    def __init__(self, people: Mapping[str, str]):
        self._people = people
        self._forms: dict[str, list[_Form]] = {}
        self._single: dict[str, list[_Form]] = {}
        number = itertools.count()
        for person, name in people.items():
            for place, words in enumerate(forms(name)):
                form = _Form(next(number), words, person, place == 0 or len(words) > 1)
                self._forms.setdefault(words[0], []).append(form)
                if len(words) == 1 and len(words[0]) >= 4 and words[0] not in _COMMON:
                    self._single.setdefault(words[0], []).append(form)
        self._words = list(self._single)
        self._sorted: dict[str, list[str]] = {}
        for word in self._words:
            self._sorted.setdefault("".join(sorted(word)), []).append(word)
        self._near: dict[str, list[tuple[_Form, float]]] = {}

    def find(self, text: str, mentions: Iterable[str] = (), without: str | None = None) -> Naming:
        """Which of the people a text names, but for `without`.

        A whole name counts everywhere; a part of one, or a misspelt one, only where people are
        spoken to: in the first words, after a greeting, in the last words, set off by commas.
        """
        original = _tokens(text)
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
            if person in self._people and person != without:
                note(person, Named.INSIDE, self._people[person])
        where: dict[str, list[int]] = {}
        for at, token in enumerate(tokens):
            where.setdefault(token, []).append(at)
        wanted = [
            form for token in where for form in self._forms.get(token, ()) if form.person != without
        ]
        wanted.sort(key=lambda form: (-len(form.words), form.number))
        length = 0
        longer: set[int] = set()
        for form in wanted:
            if len(form.words) != length:
                length, longer = len(form.words), set(known)
            for at in where[form.words[0]]:
                if at in longer or not _stands(tokens, form.words, at):
                    continue
                kind = _how(original, tokens, places, form, at)
                if kind is None:
                    continue
                taken = range(at, at + length)
                known.update(taken)
                note(form.person, kind, " ".join(original[at : at + length]))
        for person, shown in self._misspelt(original, tokens, places - known, without):
            note(person, Named.SHORT, shown)
        return Naming(how, said)

    def _misspelt(
        self, original: list[str], tokens: list[str], places: set[int], without: str | None
    ) -> list[tuple[str, str]]:
        """People whose name is nearly a capitalised word where somebody is spoken to."""
        found = []
        for at in sorted(places):
            word = tokens[at]
            if len(word) < 3 or word in _COMMON or word in _GREETINGS or word in self._forms:
                continue
            if not original[at][:1].isupper():
                continue
            near = [(form, alike) for form, alike in self._like(word) if form.person != without]
            best = max((alike for _, alike in near), default=0.0)
            found += [(form.person, original[at]) for form, alike in near if alike == best]
        return found

    def _like(self, word: str) -> list[tuple[_Form, float]]:
        """The single names that a word nearly is, and how nearly, 0 to 100: one cut short or with
        its letters swapped, or one with some letters off."""
        if word not in self._near:
            alike = dict.fromkeys(self._sorted.get("".join(sorted(word)), ()), _SWAPPED)
            alike |= dict.fromkeys((w for w in self._words if w.startswith(word)), _SWAPPED)
            if len(word) > 3:
                for other, score, _ in process.extract_iter(
                    word, self._words, scorer=fuzz.ratio, processor=None, score_cutoff=_NEAR
                ):
                    alike.setdefault(other, score)
            near = [(form, score) for other, score in alike.items() for form in self._single[other]]
            near.sort(key=lambda entry: entry[0].number)
            self._near[word] = near
        return self._near[word]


def _how(
    original: list[str], tokens: list[str], places: set[int], form: _Form, at: int
) -> Named | None:
    """How a form that stands at a place names its person; None where it is no name there, and
    Named.NOT where it is one, but of nobody who is meant."""
    spoken_to = any(place in places for place in range(at, at + len(form.words)))
    if at and tokens[at - 1] in _BEFORE_OTHERS:
        spoken_to = False
    word = form.words[0]
    if len(form.words) == 1 and not _is_name(original[at], word, form.whole, spoken_to):
        return Named.INSIDE if _is_mentioned(original, tokens, form, at) else None
    if form.whole and spoken_to:
        return Named.WHOLE
    if form.whole and (len(form.words) > 1 or len(word) > 3):
        return Named.INSIDE
    return Named.SHORT if spoken_to else Named.NOT


def _is_mentioned(original: list[str], tokens: list[str], form: _Form, at: int) -> bool:
    """Whether a part of a name stands alone in the middle of a sentence, as a name does: with a
    capital letter, and not as a part of somebody else's whole name."""
    word = form.words[0]
    if len(word) < 4 or word in _COMMON or not original[at][:1].isupper():
        return False
    beside = [original[i] for i in (at - 1, at + 1) if 0 <= i < len(original)]
    if at and tokens[at - 1] in ".!?:\n":
        beside = beside[1:]
    return not any(other[:1].isupper() for other in beside)


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
        if word in _ASKED:
            places.update(() if "to" in tokens[max(0, at - 4) : at] else (at - 2, at - 1))
        if word == "," and at + 2 < len(tokens) and tokens[at + 2] in ",.!?\n:":
            places.add(at + 1)
    return {place for place in places if 0 <= place < len(tokens)}

"""What a message says that belongs to no question: general marks of talk.

Each mark is a pattern of how people speak to a channel and not to one person. None of them is
about the subject of a book. One mark alone is weak; a long message with one is weaker still, since
answers also give thanks and links (`signals.talk`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from bot.sessions.pairing import signs
from bot.sessions.pairing.words import plain

_GREETED = re.compile(
    r"\b(?:hi|hello|hey|dear|thanks|thank you|welcome),? ((?-i:@?[A-Z][\w'-]+)(?:(?:,? and |, ?| & |/| )"
    r"(?-i:@?[A-Z][\w'-]+)){0,5})",
    re.I,
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_SPEECH = re.compile(r"[\"“][^\"“”\n]*[\"”]")

_MARKS = {
    "speaks to everyone": signs.EVERYONE,
    "speaks of answering": signs.LATER,
    "says that they are there": signs.PRESENT,
    "thanks the host": signs.HOST,
    "says farewell": signs.FAREWELL,
    "advertises": signs.OFFER,
    "says that they are away": signs.AWAY,
    "says that it is an aside": signs.ASIDE,
    "is a courtesy": signs.COURTESY,
    "speaks of the day": signs.TODAY,
    "speaks of the session": signs.SESSION,
    "speaks of other places": signs.OUTSIDE,
}


def marks(text: str) -> frozenset[str]:
    """The marks of talk in a visible text, by the names of signals."""
    text = text.replace("’", "'")
    found = {name for name, pattern in _MARKS.items() if pattern.search(text)}
    if _asks_readers(text):
        found.add("asks the readers")
    return frozenset(found)


def _asks_readers(text: str) -> bool:
    """Whether it ends in a question to those who read, and not whether an answer was clear."""
    text = _SPEECH.sub("", text)
    if signs.TELL.search(text):
        return True
    sentences = [one.strip() for one in _SENTENCE.findall(text) if one.strip(" .!?")]
    questions = [
        one for one in sentences[-2:] if one.endswith("?") and not signs.CHECKS.search(one)
    ]
    posed = signs.POSED.search(text) is not None
    return any(posed or signs.TO_READERS.search(one) for one in questions)


def to_all(text: str) -> str:
    """The sentences that speak to everyone or thank a host: who is named there is not answered."""
    return " ".join(
        one
        for one in _SENTENCE.findall(text)
        if signs.EVERYONE.search(one) or signs.HOST.search(one)
    )


def greeted(texts: Iterable[str]) -> set[str]:
    """The names, as plain words, of whom askers greet: `Hi Odile and Teun`."""
    return {
        plain(word)
        for text in texts
        for found in _GREETED.findall(text)
        for word in re.findall(r"[^\W_]+", found)
        if len(word) > 2
    }


def of_people(names: Collection[str]) -> re.Pattern[str]:
    """What finds that somebody of these names is spoken of: `Teun is ill`, `Teun and I`."""
    if not names:
        return re.compile(r"\bmy co-?author\b")
    known = "|".join(sorted(map(re.escape, names)))
    return re.compile(
        rf"\b(?:{known})(?: \w+)? (?:is|was|will|has|had|can|can't|could|couldn't|isn't|won't|would"
        rf"|sends|says|said|and (?:i|me|myself))\b|\b(?:and|with) (?:{known})\b|\bmy co-?author\b",
        re.I,
    )

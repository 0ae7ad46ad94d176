"""Tells talk from questions: greetings, thanks, chat between members, announcements.

Talk stays in the archive as it is; it is not counted and waits for no answer. Only what is surely
talk is called that: a real question that nobody sees does more harm than a greeting in the queue.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from bot.sessions.languages import Language
from bot.sessions.languages.english import ENGLISH

FEW = 3
"""Words of a subject that a sentence of talk may have, however short it is."""
SHARE = 0.3
"""The share of such words that a longer one may have."""
LONGEST = 120
"""Words of a message beyond which it is taken for a question, whatever is in it."""

_ADDRESS = re.compile(r"https?://\S+|\bwww\.\S+")
_MENTION = re.compile(r"@\S+|\b[UWC](?=[A-Z]*\d)[A-Z0-9]{6,}\b")
_ASKED_NOTHING = re.compile(r"[¿\s]*\0[\s?]*")
_EMOJI = re.compile(r":[a-z0-9_+'-]+:(?::skin-tone-\d:)?")
_SENTENCE = re.compile(r"[^.!?…\n]+(?:[.!?…]+|\n|$)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LISTED = re.compile(r"^\s*(?:[•◦▪*-]|\d{1,2}[.)])\s", re.MULTILINE)
_SURELY_ASKS = ("?", "¿", "？", "```")


def is_talk(text: str, language: Language, names: Iterable[str] = ()) -> bool:
    """Whether a message is surely talk and asks nothing.

    `text` is what it shows, `language` the event's; English is understood besides, as people mix
    it in everywhere. `names` are of people, whose mention says nothing. What is unsure is a
    question.
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").replace("\0", " ")
    shown = _without_names(plain, names)
    lower = _EMOJI.sub(" ", _MENTION.sub(" ", shown).casefold())
    if not _WORD.search(lower):
        return bool(text.strip()) and not any(mark in lower for mark in _SURELY_ASKS)
    if _ADDRESS.search(lower) or _LISTED.search(lower) or len(_WORD.findall(lower)) > LONGEST:
        return False
    known = tuple(dict.fromkeys((language, ENGLISH)))
    for one in known:
        lower = one.pleasantries.sub("\0", lower)
    is_polite = "\0" in lower
    lower = _ASKED_NOTHING.sub(" ", lower)
    if any(mark in lower for mark in _SURELY_ASKS):
        return False
    sentences = [sentence for sentence in _SENTENCE.findall(lower) if _WORD.search(sentence)]
    if any(_asks(sentence, known) for sentence in sentences):
        return False
    talk = [_is_talk(sentence, known) for sentence in sentences]
    if None in talk:
        return False
    return any(talk) or is_polite


def _asks(sentence: str, known: Collection[Language]) -> bool:
    """Whether a sentence asks by its words."""
    bare = sentence.lstrip(" ,;:-–—")
    return any(one.asks.search(sentence) or one.starts.match(bare) for one in known)


def _is_talk(sentence: str, known: Collection[Language]) -> bool | None:
    """True for talk, None for what is none, False for what says nothing either way."""
    found = _WORD.findall(sentence)
    says = [word for word in found if not any(w in one.chat or w in one.common
            for one in known for w in (word, word.partition("'")[0]))]  # fmt: skip
    if any(one.marks.search(sentence) for one in known):
        return True if len(says) <= max(FEW, SHARE * len(found)) else None
    if not says:
        return any(word in one.chat for one in known for word in found)
    return None


def _without_names(text: str, names: Iterable[str]) -> str:
    for name in sorted({n for n in names if n.strip()}, key=len, reverse=True):
        text = re.sub(rf"@?(?<!\w){re.escape(name)}(?!\w)", " ", text, flags=re.IGNORECASE)
    return text

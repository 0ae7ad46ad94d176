"""What the index of answered questions holds, and how it ranks them. Pure: no SQL, no files.

Words are ranked by BM25F (Robertson, Zaragoza: "The Probabilistic Relevance Framework: BM25 and
Beyond", 2009): what a text says often counts less each further time, rare words count more, and
words of the question more than those of its answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from bot.sessions.pairing import words

VERSION = "1"
"""Goes up when what is stored of the same text changes: all is then indexed anew."""
QUOTED = 300
"""How many characters of the authors' words a hit quotes, unless told otherwise."""
_K1, _B = 1.2, 0.6
HIGHEST = _K1 + 1
"""The most that a stem may count in a document."""
_FIELDS = {"question": (2.0, 25.0), "answers": (1.0, 60.0), "about": (0.5, 5.0)}
"""How much a word of each part of a document counts, and how many words are usual in that part.
The usual length is fixed, so that a document's weights do not depend on the others."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answered question: one thread of a session or of an archive, as visible text.

    `place` names the thread within its event: the `ts` of the question in Slack, or its position
    in the archive, counted from 1. `channel` and `ts` are '' where its message in Slack is not
    known. `author` is the name of the author who answered first, `answers` are the texts of the
    authors alone. `messages` are the `ts` of all messages whose text is in it.
    """

    event_id: str
    place: str
    title: str
    year: int
    question: str
    answers: tuple[str, ...]
    author: str
    channel: str = ""
    ts: str = ""
    messages: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes whenever what is stored of the document does."""
        parts = (VERSION, self.title, str(self.year), self.author, self.channel, self.ts)
        every = "\0".join((*parts, self.question, *self.answers, "", *self.messages))
        return blake2b(every.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Hit:
    """A question that was answered, found by a search.

    `quote` are the author's own words, cut at a word and then ending in `…`. `event_id` and
    `place` are as in `Document`; `channel` and `ts` name its message in Slack, '' where that is
    not known; `slack` and `page` are the addresses there and on the site, '' where not known.
    `score` runs from 0 to 1; `shown` says whether it is good enough to be suggested to somebody
    who asks, unasked.
    """

    event_id: str
    place: str
    title: str
    year: int
    question: str
    quote: str
    author: str
    channel: str
    ts: str
    score: float
    shown: bool
    slack: str = ""
    page: str = ""

    @property
    def key(self) -> str:
        """Names the question among all: `EVENT/PLACE`. `search` takes it in `exclude`."""
        return f"{self.event_id}/{self.place}"


def weights(document: Document) -> dict[str, float]:
    """How much each stem of a document counts in it, before its rarity."""
    texts = {
        "question": document.question,
        "answers": "\n".join(document.answers),
        "about": f"{document.title} {document.author}",
    }
    found: dict[str, float] = {}
    for name, text in texts.items():
        boost, usual = _FIELDS[name]
        stems = words.stems(text)
        norm = 1 - _B + _B * len(stems) / usual
        for stem, count in Counter(stems).items():
            found[stem] = found.get(stem, 0.0) + boost * count / norm
    return {stem: weight * HIGHEST / (_K1 + weight) for stem, weight in found.items()}


def asked(text: str) -> list[str]:
    """The stems that a search looks for, each once."""
    return list(dict.fromkeys(words.stems(text)))


def rarity(documents: int, having: int) -> float:
    """How much a stem counts that `having` of the documents have (BM25's inverse frequency)."""
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))


def fused(rankings: Sequence[Sequence[int]], shares: Sequence[float], flat: float) -> list[int]:
    """Several rankings as one, by the reciprocals of the ranks (Cormack et al., SIGIR 2009).

    `shares` say how much each ranking counts, `flat` how little its first ranks differ.
    """
    scores: dict[int, float] = {}
    for ranking, share in zip(rankings, shares, strict=True):
        for rank, name in enumerate(ranking):
            scores[name] = scores.get(name, 0.0) + share / (flat + rank)
    return sorted(scores, key=lambda name: (-scores[name], name))


def cut(text: str, most: int = QUOTED) -> str:
    """A text on one line, cut after a word where it is longer than `most` characters."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    kept = line[: most - 1]
    if " " in kept and line[most - 1] != " ":
        kept = kept.rpartition(" ")[0]
    return f"{kept.rstrip(' ,;:–—-')}…"

"""What the index of answered questions holds, and how it ranks them. Pure: no SQL, no files.

Words are ranked by BM25F (Robertson, Zaragoza: "The Probabilistic Relevance Framework: BM25 and
Beyond", 2009): what a text says often counts less each further time, rare words count more, and
words of the question more than those of its answers.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from bot.sessions.model import Message
from bot.sessions.pairing import words

if TYPE_CHECKING:
    from bot.sessions.ports import UnitOfWork

VERSION = "2"
"""Goes up when what is stored of the same text changes: all is then indexed anew."""
PUBLIC = "public"
"""The kind of labels that name the channels that are known to be public."""
QUOTED = 300
"""How many characters of the authors' words a hit quotes."""
_LONGEST = 100
"""How many letters a stem has at most. Longer ones are data that somebody pasted, for which nobody
searches; an index of PostgreSQL takes no more than some 2,700 bytes."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SAYS, _SENTENCES = 4, 12
"""How many words a sentence has at least, and how many sentences of a question are compared."""
_LIKE = """
    write writing wrote written writer author
    book text volume title
    chapter section part
    read reader reading
    buy purchase order shop
    big large huge great
    small tiny little
    new recent modern latest
    old legacy ancient
    boss manager lead leader
    customer client user consumer
    show display present
    build create make construct develop
    fix repair mend solve solution
    change modify adapt adjust edit
    choose pick select choice
    begin first
    end finish complete
    need require necessary must
    use apply usage application
    easy simple straightforward
    worth useful valuable benefit advantage
    bad poor harmful drawback disadvantage
    problem trouble obstacle
    idea concept notion
    true truth correct right
    keep maintain retain
    remove delete drop discard
    improve better enhance optimise optimize
    check verify validate validation
    data dataset datasets records corpus corpora
    table tables tabular spreadsheet rows columns
    money pay paid fee
    person people individual
    kid child children pupil pupils school student students
    country countries nation
    rule rules law legal regulation
    similar alike equivalent
    enough sufficient suffice
    often frequently usually
    automate automatic automation automated
    neural network networks net nets nn
    ai llm llms gpt chatgpt
    tune tuning finetune finetuning
    retrieve retrieval rag search
    memory ram
    bug bugs defect fault faults failure failures fail
    ship release launch
    trust reliable reliability believe
    """
"""More words that stand for one another in questions, a line each: everyday English, and the words
of books about software and data. `bot.sessions.pairing.words` has those of questions and answers."""
_KIN = {
    words.stem(word): words.stem(line.split()[0])
    for line in reversed(_LIKE.strip().splitlines())
    for word in line.split()
}
_K1, _B = 2.0, 0.75
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
class Meanings:
    """What the texts of a document mean, as vectors of 16-bit floats (little-endian): of the
    question, of the question with its answers, and of the question's sentences one after the
    other."""

    question: bytes
    whole: bytes
    sentences: bytes


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
        """Names the question among all: `EVENT/PLACE`."""
        return f"{self.event_id}/{self.place}"


class Knowledge(Protocol):
    """Searches the index of answered questions, in a transaction that the caller has."""

    def search(
        self,
        uow: UnitOfWork,
        text: str,
        limit: int = 3,
        *,
        asked_in: str = "",
    ) -> list[Hit]:
        """The answered questions that fit a plain text best, best first.

        What was said in a private channel is given where it is archived, and in that channel
        (`asked_in`).
        """

    def hit(self, uow: UnitOfWork, key: str) -> Hit | None:
        """The question that a hit's `key` names, None where it is not in the index (any more)."""

    def best(self, uow: UnitOfWork) -> Callable[[Message], Hit | None]:
        """What gives the best answered question for a message, None where none is good enough."""


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
        stems = _stems(text)
        norm = 1 - _B + _B * len(stems) / usual
        for stem, count in Counter(stems).items():
            found[stem] = found.get(stem, 0.0) + boost * count / norm
    return {stem: weight * HIGHEST / (_K1 + weight) for stem, weight in found.items()}


def asked(text: str) -> list[str]:
    """The stems that a search looks for, each once."""
    return list(dict.fromkeys(_stems(text)))


def sentences(text: str) -> list[str]:
    """The sentences of a question that say enough to be compared alone; none where it is one."""
    found = [part.strip() for part in _SENTENCE.split(text)]
    long = [part for part in found if len(part.split()) >= _SAYS]
    return long[:_SENTENCES] if len(found) > 1 else []


def likeness(text: str, question: str) -> float:
    """The share of content words that a text has in common with a question, or with the sentence
    of it that is most like it: 0 to 1, and 0 where it is a single word."""
    mine = set(_stems(text))
    best = 0.0
    for part in (question, *sentences(question)):
        theirs = set(_stems(part))
        if len(mine & theirs) > 1:
            best = max(best, 2 * len(mine & theirs) / (len(mine) + len(theirs)))
    return best


def rarity(documents: int, having: int) -> float:
    """How much a stem counts that `having` of the documents have (BM25's inverse frequency)."""
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))


def fused(rankings: Iterable[Sequence[int]], flat: float) -> list[int]:
    """Several rankings as one, by the reciprocals of the ranks (Cormack et al., SIGIR 2009).

    Each counts as much as the others; `flat` says how little the first ranks of one differ.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking):
            scores[name] = scores.get(name, 0.0) + 1 / (flat + rank)
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


def _stems(text: str) -> list[str]:
    return [_KIN.get(stem, stem) for stem in words.stems(text) if len(stem) <= _LONGEST]

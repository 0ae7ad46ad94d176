"""How well the index of answered questions finds them, on questions made by hand."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.library.library import load
from bot.library.problem import shown
from bot.meaning import Model
from bot.services import knowledge
from bot.services.knowledge import Knowledge, Source
from bot.store.database import Database, temporary
from bot.support.remedies import not_read

DEPTHS = (1, 3, 5)
LOOKED = 50
"""How far a ranking is looked at: what comes later counts as not found."""
NOTHING = "-"
"""Stands for a file where nothing answers a question."""
_WORD = re.compile(r"[^\W_]+")
_K1, _B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Query:
    """A question, and the places (file, entry) that answer it; none where nothing does."""

    text: str
    wanted: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Measure:
    """`hit`: the share of queries with an answer among the first 1, 3 and 5; `mrr`: the mean of
    1/rank of the first right one, 0 where none is found."""

    hit: Mapping[int, float]
    mrr: float


def read(path: Path, files: Collection[str]) -> list[Query]:
    """Reads queries: on each line `file⇥entry⇥text`, and perhaps `⇥file:entry;file:entry`.

    Where `file` is `-` and `entry` is 0, nothing answers the text. `files` are the names of
    the archives. Raises UserError, one line, for a file or line that is not so.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise not_read(path, error) from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_query(line, files))
            except ValueError as error:
                raise UserError(f"{shown(path)}, line {number}: {error}") from None
    if not found:
        raise UserError(f"{shown(path)}: has no questions")
    return found


def _query(line: str, files: Collection[str]) -> Query:
    fields = line.split("\t")
    if len(fields) not in (3, 4) or not fields[2].strip():
        raise ValueError("write FILE, ENTRY and TEXT with tabs between them, then perhaps others")
    wanted = [(fields[0], fields[1])]
    if len(fields) == 4 and fields[3].strip():
        pairs = [place.strip().rpartition(":") for place in fields[3].split(";")]
        wanted += [(file or entry, entry) for file, _colon, entry in pairs]
    if wanted == [(NOTHING, "0")]:
        return Query(fields[2], frozenset())
    for file, entry in wanted:
        if file not in files:
            raise ValueError(f"the file {file} is not among the archives")
        if not entry.isdecimal() or int(entry) < 1:
            raise ValueError(f"{entry or 'nothing'} is no entry; the first is 1")
    return Query(fields[2], frozenset((file, str(int(entry))) for file, entry in wanted))


def measure(queries: Iterable[Query], rankings: Iterable[Sequence[tuple[str, str]]]) -> Measure:
    """Measures rankings of places, best first, one for each query that has an answer."""
    ranks = []
    for query, ranking in zip(queries, rankings, strict=True):
        right = (rank for rank, place in enumerate(ranking, 1) if place in query.wanted)
        ranks.append(next(right, math.inf))
    whole = len(ranks) or 1
    return Measure(
        {depth: sum(rank <= depth for rank in ranks) / whole for depth in DEPTHS},
        sum(1 / rank for rank in ranks) / whole,
    )


class Baseline:
    """Plain BM25 over the words of questions and answers (Robertson and Walker, SIGIR 1994)."""

    def __init__(self, texts: Mapping[tuple[str, str], str]):
        self._bags = {place: Counter(_words(text)) for place, text in texts.items()}
        self._having: Counter[str] = Counter()
        for bag in self._bags.values():
            self._having.update(bag.keys())
        self._usual = sum(map(Counter.total, self._bags.values())) / (len(self._bags) or 1)

    def ranking(self, text: str) -> list[tuple[str, str]]:
        """All places that have a word of a text, best first."""
        scores = {place: self._score(set(_words(text)), bag) for place, bag in self._bags.items()}
        found = [place for place, score in scores.items() if score > 0]
        return sorted(found, key=lambda place: (-scores[place], place))

    def _score(self, words: Collection[str], bag: Counter[str]) -> float:
        norm = _K1 * (1 - _B + _B * bag.total() / (self._usual or 1))
        return sum(
            self._rarity(word) * bag[word] * (_K1 + 1) / (bag[word] + norm)
            for word in sorted(words)
            if word in bag
        )

    def _rarity(self, word: str) -> float:
        having = self._having[word]
        return math.log(1 + (len(self._bags) - having + 0.5) / (having + 0.5))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


@dataclass(frozen=True, slots=True)
class Report:
    """`false` is the share of the queries that nothing answers for which a hit would be shown."""

    queries: int
    found: Measure
    false: float
    baseline: Measure

    def as_data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "queries": self.queries,
            **_data(self.found),
            "false": round(self.false, 4),
            "baseline": _data(self.baseline),
        }


def _data(measure: Measure) -> dict[str, Any]:
    hit = {str(depth): round(share, 4) for depth, share in measure.hit.items()}
    return {"hit": hit, "mrr": round(measure.mrr, 4)}


def evaluate(questions: Path, archives: Sequence[Path], model: Model | None = None) -> Report:
    """Indexes archives (files and folders), searches them, and measures what is found.

    Raises UserError, one line, for a file that cannot be read or understood.
    """
    sources = _sources(archives)
    files = {event.id: path.name for event, path in sources}
    with temporary() as database:
        problems: list[str] = []
        knowledge.update(database, sources, on_problem=problems.append)
        if problems:
            raise UserError(problems[0])
        if model is not None:
            knowledge.read_meanings(database, model)
        return _measured(questions, database, files, Knowledge(model=model))


def _measured(
    questions: Path, database: Database, files: Mapping[str, str], index: Knowledge
) -> Report:
    queries = read(questions, files.values())
    answered = [query for query in queries if query.wanted]
    unanswered = [query for query in queries if not query.wanted]
    with database.reading() as uow:
        documents = uow.knowledge.all()
        texts = {
            (files[each.event_id], each.place): "\n".join((each.question, *each.answers))
            for each in documents
        }
        baseline = Baseline(texts)

        def ranking(query: Query) -> list[tuple[str, str]]:
            hits = index.search(uow, query.text, limit=LOOKED)
            return [(files[hit.event_id], hit.place) for hit in hits]

        found = measure(answered, map(ranking, answered))
        false = [any(hit.shown for hit in index.search(uow, query.text)) for query in unanswered]
    return Report(
        len(queries),
        found,
        sum(false) / (len(false) or 1),
        measure(answered, [baseline.ranking(query.text)[:LOOKED] for query in answered]),
    )


def _sources(archives: Sequence[Path]) -> list[Source]:
    found: dict[str, Source] = {}
    for path in archives:
        if not path.exists():
            raise UserError(f"{shown(path)}: is not there; name an archive, or a folder of them")
        library = load(path if path.is_dir() else path.parent)
        events = [
            (event, library.paths[name])
            for name, event in library.events.items()
            if event.archived and (path.is_dir() or library.paths[name].samefile(path))
        ]
        if not events:
            raise UserError(f"{shown(path)}: has no archive")
        for event, file in events:
            holder = found.setdefault(file.name, (event, file))
            if not holder[1].samefile(file):
                raise UserError(f"{shown(file)}: has the name of {shown(holder[1])}")
    return list(found.values())

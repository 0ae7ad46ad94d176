"""What the index of answered questions costs: to make, and to search.

`python -m tests.benchmarks.bench_knowledge` makes the index of 50,000 and of 100,000 threads
(`--threads`) of generated texts, whose words are as frequent as words are (Zipf), on SQLite and, with
`--postgresql URL`, in that database, which is emptied. It prints the seconds that it takes, and the
median and the 95th percentile of 200 searches (`--searches`), by words and with vectors: by the clock,
and the processor time of this process, which says more on a busy machine (what PostgreSQL's server
takes is not in it). The vectors are random; what the model takes to read a search is measured by
itself where it is installed.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from bot import meaning
from bot.meaning import Model, packed
from bot.services.knowledge import Knowledge
from bot.sessions.knowledge import Document, Meanings
from bot.store.database import Database

WORDS, LENGTH = 30_000, 384
"""How many words there are, and how many numbers a vector has."""
THREADS_OF_AN_EVENT = 50


class Writer:
    """Writes texts and vectors by chance."""

    def __init__(self) -> None:
        self.random = random.Random(19)
        syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
        made = itertools.product(syllables, repeat=3)
        self.words = ["".join(word) for word in itertools.islice(made, WORDS)]
        self.random.shuffle(self.words)
        self.weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(WORDS)))

    def text(self, words: int) -> str:
        return " ".join(self.random.choices(self.words, cum_weights=self.weights, k=words))

    def vector(self) -> array[float]:
        numbers = [self.random.gauss(0, 1) for _ in range(LENGTH)]
        length = math.hypot(*numbers)
        return array("f", (number / length for number in numbers))

    def documents(self, event: int) -> list[Document]:
        return [
            Document(
                f"event-{event}",
                str(place),
                self.text(3),
                2020 + event % 7,
                self.text(self.random.randint(8, 50)),
                (self.text(self.random.randint(20, 150)),),
                "Ada Author",
            )
            for place in range(THREADS_OF_AN_EVENT)
        ]


class RandomModel:
    """Reads every text as a vector by chance, at once."""

    is_broken = False

    def __init__(self, writer: Writer):
        self._writer = writer

    def apart(self, texts: Sequence[str], asked: bool) -> list[array[float]]:
        return [self._writer.vector() for _text in texts]


def fill(database: Database, writer: Writer, threads: int) -> float:
    """Indexes texts; gives the seconds that took, without making them."""
    spent = 0.0
    for event in range(threads // THREADS_OF_AN_EVENT):
        documents = writer.documents(event)
        began = time.perf_counter()
        with database.unit_of_work() as uow:
            uow.knowledge.replace(f"event-{event}", "bench", documents)
        spent += time.perf_counter() - began
    return spent


def add_vectors(database: Database, writer: Writer) -> None:
    pool = [packed([writer.vector()]) for _ in range(2_000)]
    while True:
        with database.unit_of_work() as uow:
            found = uow.knowledge.unread(1_000)
            uow.knowledge.put_meanings(
                {
                    name: Meanings(
                        writer.random.choice(pool),
                        writer.random.choice(pool),
                        b"".join(writer.random.choices(pool, k=writer.random.randint(0, 4))),
                    )
                    for name in found
                }
            )
        if not found:
            return


@dataclass
class Spent:
    """The milliseconds of searches: by the clock, and of this process's processor time."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{shown(self.clock)} ({shown(self.processor)})"


def search(database: Database, knowledge: Knowledge, writer: Writer, times: int) -> Spent:
    """What searches take, each in a transaction of its own, once the vectors are in memory."""
    with database.reading() as uow:
        knowledge.load(uow)
    found = Spent()
    for _ in range(times):
        text = writer.text(writer.random.randint(5, 30))
        began, used = time.perf_counter(), time.process_time()
        with database.reading() as uow:
            knowledge.search(uow, text)
        found.clock.append((time.perf_counter() - began) * 1000)
        found.processor.append((time.process_time() - used) * 1000)
    return found


def read_a_search(writer: Writer) -> list[float]:
    """The milliseconds in which the model reads a search; nothing where there is none."""
    model = meaning.load("auto", 2)
    if model is None:
        return []
    model.apart(["first"], asked=True)
    found = []
    for _ in range(30):
        text = writer.text(20)
        began = time.perf_counter()
        model.apart([text], asked=True)
        found.append((time.perf_counter() - began) * 1000)
    model.close()
    return found


def shown(milliseconds: Sequence[float]) -> str:
    if not milliseconds:
        return "–"
    p95 = statistics.quantiles(milliseconds, n=20)[-1]
    return f"{statistics.median(milliseconds):.0f} / {p95:.0f} ms"


@contextmanager
def sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="marginalia-bench-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        yield from opened(database)


@contextmanager
def postgresql(url: str) -> Iterator[Database]:
    yield from opened(Database(url))


def opened(database: Database) -> Iterator[Database]:
    database.upgrade()
    with database.unit_of_work() as uow:
        uow.knowledge.clear()
    try:
        yield database
    finally:
        database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[50_000, 100_000])
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--postgresql", metavar="URL")
    given = parser.parse_args()
    table = Table(
        "database", "threads", "made in", "by words, p50 / p95 (processor)", "with vectors"
    )
    databases: dict[str, Callable[[], Any]] = {"SQLite": sqlite}
    if given.postgresql:
        databases["PostgreSQL"] = lambda: postgresql(given.postgresql)
    for (name, make), threads in itertools.product(databases.items(), given.threads):
        writer = Writer()
        with make() as database:
            seconds = fill(database, writer, threads)
            by_words = search(database, Knowledge(), writer, given.searches)
            add_vectors(database, writer)
            model = cast(Model, RandomModel(writer))
            near = search(database, Knowledge(model), writer, given.searches)
        row = (name, f"{threads:,}", f"{seconds:.0f} s", str(by_words), str(near))
        table.add_row(*row)
        print(*row, flush=True)
    Console().print(table)
    print("the model reads a search in", shown(read_a_search(Writer())))


if __name__ == "__main__":
    main()

"""What the library costs, as ratios to floors measured in the same run.

`python -m tests.benchmarks.bench_library` prints three tables: writing archives against
`yaml.dump` of the same threads, the memory that takes, and loading and checking schedules
against parsing their YAML alone. `--quick` leaves the largest sizes out.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import re
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from bot.library import archive
from bot.library.document import Document
from bot.library.formats import Entry
from bot.library.library import Library, check, load
from bot.sessions import lifecycle
from bot.sessions.model import State
from bot.slack.notifier import SlackNotifier
from bot.store.database import Database

WORDS = re.findall(
    r"\S+",
    """
    the a model data question chapter how would you of to in is that which token pipeline
    transformer attention batch training and for with from scratch really understand because
    it's can't layer-norm GPU fine-tuning embedding vector answer: thanks! (see above) 42 e.g.
    """,
)
WIDE = ["čas", "für", "модель", "données", "🙂", "–", "“quoted”", "模型"]


def message(rng: random.Random) -> str:
    """A message as people write it: some words, some lines, now and then a link or an emoji."""
    words = rng.choices(WORDS, k=min(400, 5 + int(rng.expovariate(1 / 45))))
    kind = rng.random()
    if kind < 0.3:
        for _ in range(1 + len(words) // 40):
            words.insert(rng.randrange(len(words)), rng.choice(WIDE))
    if kind > 0.9:
        words.append("[https://example.com/a_b?c=d](https://example.com/a_b?c=d)")
    text = " ".join(words)
    return text.replace(" the ", "\n\n", 2) if 0.2 < kind < 0.5 else text


def threads(messages: int, seed: int = 7) -> Iterator[Entry]:
    """Threads of so many messages in all: a question with none to four replies."""
    rng = random.Random(seed)
    left = messages
    while left > 0:
        count = min(left - 1, rng.randrange(5))
        replies = tuple(
            Entry(f"Author {rng.randrange(3)}", message(rng)) for _ in range(max(0, count))
        )
        yield Entry(f"Reader {rng.randrange(500)}", message(rng), replies)
        left -= 1 + len(replies)


def all_threads(messages: int) -> list[Entry]:
    return list(threads(messages))


def as_data(entries: list[Entry]) -> dict[str, Any]:
    return {
        "archive": [
            {
                "name": entry.name,
                "text": entry.text,
                "replies": [{"name": reply.name, "text": reply.text} for reply in entry.replies],
            }
            for entry in entries
        ]
    }


def seconds(work: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[float, Any]:
    """The seconds of CPU that a call takes, and what it gives."""
    gc.collect()
    start = time.process_time()
    found = work(*args, **kwargs)
    return time.process_time() - start, found


def peak(work: Callable[..., Any], *args: Any) -> int:
    """The most memory that was held at one time beyond what was held before, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = work(*args)
        found = tracemalloc.get_traced_memory()[1]
        del kept
    finally:
        tracemalloc.stop()
    return found


def writing(sizes: list[int], folder: Path) -> Table:
    table = Table(title="Writing an archive, against yaml.dump of the same threads")
    for column in ("messages", "bytes", "yaml.dump", "dump", "ratio", "write_archive", "ratio"):
        table.add_column(column, justify="right")
    for size in sizes:
        entries = list(threads(size))
        data = as_data(entries)
        floor, expected = seconds(yaml.dump, data, sort_keys=False)
        ours, written = seconds(archive.dump, entries)
        if written != expected:
            raise SystemExit("the bytes differ from those of yaml.dump")
        path = folder / f"{size}.md"
        path.write_text("---\ntitle: A\n---\n")
        whole, _ = seconds(archive.write_archive, path, entries)
        table.add_row(
            f"{size:,}",
            f"{len(written):,}",
            f"{floor:.2f} s",
            f"{ours:.3f} s",
            f"{ours / floor:.4f}",
            f"{whole:.3f} s",
            f"{whole / floor:.4f}",
        )
    return table


def memory(sizes: list[int], folder: Path) -> Table:
    table = Table(title="Memory of an export (tracemalloc), against the threads themselves")
    for column in ("messages", "threads", "from a list", "ratio", "as a stream", "written again"):
        table.add_column(column, justify="right")
    mib = 2**20
    for size in sizes:
        path = folder / f"m{size}.md"
        path.write_text("---\ntitle: A\n---\n")
        threads_size = peak(all_threads, size)
        entries = list(threads(size))
        listed = peak(archive.write_archive, path, entries)
        del entries
        path.write_text("---\ntitle: A\n---\n")
        streamed = peak(archive.write_archive, path, threads(size))
        again = peak(archive.write_archive, path, threads(size, 8))
        table.add_row(
            f"{size:,}",
            f"{threads_size / mib:.1f} MiB",
            f"{listed / mib:.1f} MiB",
            f"{listed / threads_size:.2f}",
            f"{streamed / mib:.1f} MiB",
            f"{again / mib:.1f} MiB",
        )
    return table


def schedule(number: int) -> str:
    start = datetime(2020, 1, 6, tzinfo=UTC) + timedelta(days=number * 7 % 300_000)
    return (
        f'---\ntitle: "Book {number}"\n'
        f'description: "Book of the Week. Book {number} by Ada and Bob"\n'
        f'cover: "images/books/{number}/cover.jpg"\nimage: "images/books/{number}/preview.jpg"\n'
        f"start: {start:%Y-%m-%d %H:%M:%S}\n"
        f"end: {start + timedelta(days=4, hours=22):%Y-%m-%d %H:%M:%S}\n"
        "authors: [ada, Konrad Banachewicz]\nlinks: \n"
        "  - text: Book's page\n    link: https://www.example.com/books/the-book\n"
        "  - text: Code\n    link: https://code.example.com/the-book\n"
        f"channel: channel-{number % 7}\n---\n\nWhat book {number} is about.\n"
    )


def parse_all(fronts: list[str], loader: Any) -> None:
    for front in fronts:
        yaml.load(front, loader)


def arm(library: Library, path: Path, now: datetime) -> None:
    """What a bot does with a library it has just loaded: sessions, and when the next is due."""
    path.unlink(missing_ok=True)
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    with database.unit_of_work() as uow:
        for event in library.events.values():
            lifecycle.plan(
                uow, SlackNotifier(), event, event.channel or "C1", now, timedelta(days=7)
            )
    with database.reading() as uow:
        if lifecycle.next_moment(uow.sessions.all((State.SCHEDULED, State.OPEN))) is None:
            raise SystemExit("nothing is armed")
    database.close()


def loading(sizes: list[int], folder: Path) -> Table:
    table = Table(title="Loading, checking and arming schedules, against parsing their YAML alone")
    for column in (
        *("events", "yaml.safe_load", "libyaml", "load", "ratio", "to libyaml"),
        *("check", "ratio", "arm", "ratio", "load again", "per event"),
    ):
        table.add_column(column, justify="right")
    for size in sizes:
        root = folder / f"s{size}"
        texts = [schedule(number) for number in range(size)]
        for number, text in enumerate(texts):
            path = root / f"{number // 1000:03}" / f"{number:06}-book.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            os.utime(path, (1_700_000_000, 1_700_000_000))
        fronts = [Document.of(text).front for text in texts]
        pure, _ = seconds(parse_all, fronts, yaml.SafeLoader)
        native, _ = seconds(parse_all, fronts, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        now = datetime(2026, 1, 1, tzinfo=UTC)
        first, loaded = seconds(load, root, now=now)
        again, _ = seconds(load, root, now=now, previous=loaded)
        checked, _ = seconds(check, [root], now=now)
        if len(loaded.events) != size or loaded.errors:
            raise SystemExit(f"not all of {size} events were loaded")
        all_ahead = now - timedelta(days=5_000)
        armed, _ = seconds(arm, loaded, root / "marginalia.db", all_ahead)
        table.add_row(
            f"{size:,}",
            f"{pure:.2f} s",
            f"{native:.2f} s",
            f"{first:.2f} s",
            f"{first / pure:.2f}",
            f"{first / native:.2f}",
            f"{checked:.2f} s",
            f"{checked / pure:.2f}",
            f"{armed:.2f} s",
            f"{armed / pure:.2f}",
            f"{again:.2f} s",
            f"{first / size * 1e6:.0f} µs",
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave the largest sizes out")
    quick = parser.parse_args().quick
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = [1_000, 10_000] if quick else [1_000, 10_000, 100_000]
        console.print(loading([1_000] if quick else [1_000, 10_000], folder))
        console.print(memory(sizes, folder))
        console.print(writing(sizes, folder))


if __name__ == "__main__":
    main()

"""What a site costs: over more and more sessions, and what a reader's browser gets of it.

`python -m tests.benchmarks.bench_site` writes sites of 100, 300 and 1,000 generated sessions and
prints a table: time and memory for a session stay the same where the whole grows linearly.
`--quick` makes a tenth of that.
"""

from __future__ import annotations

import argparse
import gzip
import random
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.library import archive
from bot.web.site import books, folder, pages
from tests.benchmarks.bench_library import threads

SESSIONS = (100, 300, 1_000)
MESSAGES = 60
"""In a session: about what an archive of the website has."""


def shelve(root: Path, sessions: int) -> None:
    """Writes so many schedule files with their archives, one a week."""
    root.mkdir()
    monday = date(2005, 1, 3)
    rng = random.Random(sessions)
    for number in range(sessions):
        start = monday + timedelta(weeks=number)
        end = start + timedelta(days=4)
        path = root / f"{start:%Y%m%d}-book-{number}.md"
        path.write_text(
            f'---\ntitle: "Book {number}"\ndescription: "Book of the Week. Book {number}"\n'
            f"start: {start} 00:00:00\nend: {end} 22:59:59\nauthors: [Author 0, Author 1]\n"
            f"links:\n  - text: Book's page\n    link: https://example.org/{number}\n\n"
            + archive.dump(threads(MESSAGES, seed=number))
            + "\n---\n\n"
            + "A book about many things. " * rng.randrange(5, 40)
        )


def write(root: Path, output: Path) -> pages.Summary:
    """The site, as the command writes it."""
    planned, _ = books.find([root])
    return folder.publish(output, lambda made: pages.build(planned, made, pages.Site()))


def measured(root: Path, output: Path) -> tuple[float, int, int]:
    """CPU seconds, peak memory in KiB, and messages, of one site made in a process of its own."""
    start = time.process_time()
    summary = write(root, output)
    took = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return took, peak, summary.total("questions") + summary.total("replies")


def row(sessions: int, root: Path) -> tuple[float, list[str]]:
    """The time for one session, and the cells of the table."""
    schedules, output = root / "schedules", root / "site"
    shelve(schedules, sessions)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        took, peak, messages = pool.submit(measured, schedules, output).result()
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    search = sum(len(gzip.compress(path.read_bytes())) for path in output.glob("search/*.js"))
    index = len(gzip.compress((output / "index.html").read_bytes()))
    kib = 1024
    return took / sessions, [
        f"{sessions:,}",
        f"{messages:,}",
        f"{took:.1f} s",
        f"{1000 * took / sessions:.1f} ms",
        f"{size / kib / sessions:.0f} KiB",
        f"{peak / kib:.0f} MiB",
        f"{index / kib:.0f} KiB",
        f"{search / kib / sessions:.1f} KiB",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    table = Table(title=f"A site of sessions with {MESSAGES} messages each")
    for column in (
        *("sessions", "messages", "CPU", "a session", "on disk, each"),
        *("peak memory", "index, gzip", "search, gzip, each"),
        "against the first",
    ):
        table.add_column(column, justify="right")
    first = 0.0
    for sessions in SESSIONS:
        with tempfile.TemporaryDirectory() as name:
            each, cells = row(sessions // 10 if quick else sessions, Path(name))
        first = first or each
        table.add_row(*cells, f"{each / first:.2f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()

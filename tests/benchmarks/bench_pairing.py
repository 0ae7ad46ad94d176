"""What it costs to find the question of one answer that came outside a thread.

`python -m tests.benchmarks.bench_pairing` does it in sessions of growing length, against finding
the word stems of the same texts alone, in one run; and by what texts mean, where the extra
`meaning` is installed, the first time, when the model reads them, and again.
"""

from __future__ import annotations

import time
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from bot.meaning import Model, missing
from bot.sessions.pairing import Meaning, Post, likeliest, words
from tests.benchmarks.bench_library import seconds
from tests.pairing.generator import AUTHOR, STYLES, session

SIZES = (300, 1_000, 3_000)
ANSWER = "That depends on the flour you have, and on how warm your kitchen is."


def posts(size: int) -> list[Post]:
    """A session of about `size` messages, and an author's answer outside a thread at its end."""
    found: list[Post] = []
    number = 0
    while len(found) < size:
        for post in session(number, STYLES["chatty"]):
            more = "" if post.is_author else f" {number % 20}"
            found.append(
                replace(
                    post,
                    id=f"{number} {post.id}",
                    person=post.person + more,
                    name=post.name + more,
                    thread=None if post.thread is None else f"{number} {post.thread}",
                )
            )
        number += 1
    return [*found, Post("answer", AUTHOR, AUTHOR, True, ANSWER)]


def stems(lines: list[Post]) -> None:
    """The floor: what any comparison of words begins with."""
    words.stem.cache_clear()
    for line in lines:
        words.stems(line.text)


def by_words(lines: list[Post]) -> None:
    """All of it."""
    words.stem.cache_clear()
    likeliest(lines, "answer")


def by_meaning(lines: list[Post], model: Meaning) -> float:
    """The seconds that pass with the model, which reads in a process of its own."""
    start = time.perf_counter()
    likeliest(lines, "answer", None, model)
    return time.perf_counter() - start


def main() -> None:
    """Prints the table."""
    table = Table(title="The question of one answer, against the word stems of the session alone")
    for column in ("messages", "people", "stems", "by words", "ratio", "model reads", "again"):
        table.add_column(column, justify="right")
    for size in SIZES:
        lines = posts(size)
        floor, _ = seconds(stems, lines)
        plain, _ = seconds(by_words, lines)
        cells = ["-", "-"]
        if missing() is None:
            model: Meaning = Model()
            cells = [f"{by_meaning(lines, model):.2f} s" for _ in "12"]
        table.add_row(
            f"{len(lines):,}",
            f"{len({line.person for line in lines})}",
            f"{floor:.3f} s",
            f"{plain:.2f} s",
            f"{plain / floor:.1f}",
            *cells,
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

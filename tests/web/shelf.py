"""A shelf of schedule files to make sites of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from bot.library.formats import Entry

THREADS = (
    Entry(
        "Wendy",
        "Why *this* book?\n\nAnd for whom?",
        (Entry("Ana Lima", "For **you**.\n- one\n- two"),),
    ),
    Entry(
        "",
        "نعم <script>alert(1)</script> שלום",
        (Entry("Max", "See `a<b>` at [x](https://e.example/?a=1&b=2)"),),
    ),
    Entry("Ana Lima", "Thank you all, see you!"),
    Entry(
        "Max",
        "C++ 猫 and a_very_long_word_"
        + "without_an_end_" * 12
        + "\n```\ncode of one long line "
        + "x" * 200
        + "\n```",
    ),
)


def write(
    folder: Path,
    name: str,
    threads: Sequence[Entry] | None = THREADS,
    *,
    title: str = "On Reading",
    authors: Sequence[str] = ("Ana Lima",),
    body: str = "A book.",
    day: str = "2024-10-14",
    **keys: object,
) -> Path:
    """Writes a schedule file, with an archive unless `threads` is None; gives its path."""
    front: dict[str, object] = {
        "title": title,
        "start": f"{day} 00:00:00",
        "end": f"{day} 23:59:59",
        "authors": list(authors),
        **keys,
    }
    if threads is not None:
        front["archive"] = [
            {
                "name": thread.name,
                "text": thread.text,
                "replies": [{"name": each.name, "text": each.text} for each in thread.replies],
            }
            for thread in threads
        ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(f"---\n{yaml.dump(front, sort_keys=False)}---\n{body}\n", "utf-8")
    return path


BODY = """The *first* paragraph.

# A heading

| What | How many |
|------|---------:|
| pages | 300 |

> Quoted, and [linked](https://book.example/).

1. one
2. two

<!-- nobody reads this -->
"""


def fill(folder: Path) -> None:
    """Three years of books: an archive with everything in it, an empty one, a plan, long names."""
    links = [
        {"text": "Book's page", "link": "https://book.example/"},
        {"text": "Write to her", "link": "mailto:ana@book.example"},
    ]
    write(folder, "20230102-first", THREADS[:1], title="The First Book", day="2023-01-02")
    write(folder, "20241014-on-reading", body=BODY, links=links, description="All about reading.")
    write(
        folder,
        "20241104-many-words",
        tuple(Entry(f"Reader {n}", f"Question number {n}?") for n in range(1, 9)),
        title='Unabgeschlossenheitserfahrungen & Other Words of Extraordinary Lengths: A "Study"',
        authors=["Ana Lima", "Đorđe Šarić", "山田太郎", "A. N. Other", "Somebody Else"],
        day="2024-11-04",
    )
    write(folder, "20250303-plan", None, title="תכנון & <b>plans</b>", day="2025-03-03")
    write(folder, "20250401-quiet", (), title="Quiet", day="2025-04-01", timezone="Europe/Berlin")

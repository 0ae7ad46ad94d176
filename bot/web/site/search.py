"""What the browser searches: all texts, in one script a year.

Scripts and not JSON, so that searching works on pages opened from a disk too, where a browser
lets a page load scripts and nothing else. The browser builds the index, year by year, latest
first, when somebody begins to search.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from bot.web.site.books import Book, Thread

if TYPE_CHECKING:
    from bot.web.site.pages import Entry

# In a string of JSON these are characters; in a script of old they ended the line.
_LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})


class Shards:
    """Writes the scripts. Books come in the order of their start; one year is open at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._years: list[int] = []
        self._file: IO[str] | None = None

    @property
    def names(self) -> list[str]:
        """The scripts' addresses within the site, latest year first."""
        return [f"search/{year}.js" for year in reversed(self._years)]

    def add(self, book: Book, entry: Entry) -> None:
        """Adds what was said about a book; a book nobody asked about is found by its title."""
        year = entry.start.year
        if self._file is None or self._years[-1] != year:
            self._close()
            self._years.append(year)
            path = self._folder / f"{year}.js"
            self._file = path.open("w", encoding="utf-8", newline="\n")
            self._file.write("(self.marginalia = self.marginalia || []).push([\n")
        row = {
            "title": book.event.title,
            "authors": entry.authors,
            "href": entry.href,
            "about": book.about.text,
            "threads": [_row(thread) for thread in book.threads],
        }
        written = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        self._file.write(written.encode("utf-8", "replace").decode().translate(_LINE_ENDS) + ",\n")

    def _close(self) -> None:
        if self._file is not None:
            self._file.write("]);\n")
            self._file.close()
            self._file = None

    def __enter__(self) -> Shards:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()


def _row(thread: Thread) -> list[Any]:
    """`[number, name, text, [[name, text, by an author], …]]`, short for there are many."""
    replies = [[reply.name, reply.shown.text, int(reply.by_author)] for reply in thread.replies]
    return [thread.number, thread.question.name, thread.question.shown.text, replies]

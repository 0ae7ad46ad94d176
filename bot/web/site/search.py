"""What the browser searches: all texts, in one script a year.

Scripts and not JSON, so that searching works on pages opened from a disk too, where a browser
lets a page load scripts and nothing else. The browser builds the index, year by year, latest
first, when somebody begins to search.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.texts import _
from bot.web.site.books import Book, Planned, Thread

if TYPE_CHECKING:
    from bot.web.site.pages import Entry

# In a string of JSON these are characters; in a script of old they ended the line.
_LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})


def names(planned: Sequence[Planned]) -> list[str]:
    """The scripts' addresses within the site, latest year first."""
    years = {each.event.start.astimezone(ZoneInfo(each.event.timezone)).year for each in planned}
    return [f"search/{year}.js" for year in sorted(years, reverse=True)]


def texts() -> str:
    """What the script says while somebody searches, as JSON."""
    return json.dumps(
        {
            "nothing": _("Nothing found"),
            "one": _("1 result"),
            "many": _("{count} results", count="{count}"),
            "first": _("{results}, the first {count} shown", results="{results}", count="{count}"),
            "reading": _(
                "{results} so far; {loaded} of {all} years read",
                results="{results}",
                loaded="{loaded}",
                all="{all}",
            ),
            "failed": _(
                "The texts of {file} could not be loaded; reload the page to try again.",
                file="{file}",
            ),
            "question": _("question {number}", number="{number}"),
            "author": _("author"),
            "shown": _("{count} of {all} questions shown", count="{count}", all="{all}"),
        }
    )


class Shards:
    """Writes the scripts. Books come in the order of their start; one year is open at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begun: set[int] = set()
        self._year = 0
        self._file: IO[str] | None = None

    def add(self, book: Book, entry: Entry) -> None:
        """Adds what was said about a book; a book nobody asked about is found by its title."""
        year = entry.start.year
        if self._file is None or self._year != year:
            self._close()
            # Around New Year the zones of books can go back to the year before.
            mode = "a" if year in self._begun else "w"
            self._begun.add(year)
            self._year = year
            self._file = (self._folder / f"{year}.js").open(mode, encoding="utf-8", newline="\n")
            self._file.write("(self.marginalia = self.marginalia || []).push([\n")
        row = {
            "title": book.event.title,
            "authors": [author.name for author in book.event.authors],
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
    """`[place, number, name, text, [[name, text, by an author], …], file]`, short for there are many.

    The number is 0 for what is no question, and the file of its own page ''.
    """
    replies = [[reply.name, reply.shown.text, int(reply.by_author)] for reply in thread.replies]
    asked = thread.question
    file = thread.page.rpartition("/")[2]
    return [asked.place, thread.number, asked.name, asked.shown.text, replies, file]

"""What the browser searches: all texts, in one script a year.

Scripts and not JSON, so that searching works on pages opened from a disk too, where a browser
lets a page load scripts and nothing else. The browser builds the index, year by year, latest
first, when somebody begins to search.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
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
            "many": _("{count} results"),
            "first": _("{results}, the first {count} shown"),
            "reading": _("{results} so far; {loaded} of {all} years read"),
            "failed": _("The texts of {file} could not be loaded; reload the page to try again."),
            "question": _("question {number}"),
            "author": _("author"),
            "shown": _("{count} of {all} questions shown"),
        }
    )


def add(folder: Path, book: Book, entry: Entry) -> None:
    """Adds what was said about a book to the script of its year; a book nobody asked about is found
    by its title."""
    row = {
        "title": book.event.title,
        "authors": [author.name for author in book.event.authors],
        "href": entry.href,
        "about": book.about.text,
        "threads": [_row(thread) for thread in book.threads],
    }
    written = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    safe = written.encode("utf-8", "replace").decode().translate(_LINE_ENDS)
    with (folder / f"{entry.start.year}.js").open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"(self.marginalia = self.marginalia || []).push({safe});\n")


def _row(thread: Thread) -> list[Any]:
    """`[place, number, name, text, [[name, text, by an author], …], file]`, short for there are many.

    The number is 0 for what is no question, and the file of its own page ''.
    """
    replies = [[reply.name, reply.shown.text, int(reply.by_author)] for reply in thread.replies]
    asked = thread.question
    file = thread.page.rpartition("/")[2]
    return [asked.place, thread.number, asked.name, asked.shown.text, replies, file]

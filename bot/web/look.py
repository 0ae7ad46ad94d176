"""The one look of our pages: templates that escape whatever they are given, and static files."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.web import text

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
"""`look.css`, the scripts, and `vendor/` with what others wrote."""

LOCALE = "en"


@cache
def environment() -> Environment:
    """The templates in `templates/`: autoescape for every name, an unknown variable is an error."""
    made = Environment(
        loader=PackageLoader("bot.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        finalize=_clean,
    )
    made.globals["days"] = days
    made.filters["count"] = count
    made.filters["excerpt"] = text.excerpt
    return made


def _clean(value: object) -> object:
    """A text without what no page may hold, whichever file it came from."""
    return text.clean(value) if isinstance(value, str) else value


def day(at: date) -> str:
    """`14 October 2024`."""
    return f"{at.day} {format_date(at, 'MMMM y', locale=LOCALE)}"


def days(start: date, end: date) -> str:
    """Two days as one text: `14–18 October 2024`, `30 December 2024 – 3 January 2025`."""
    if isinstance(start, datetime):
        start = start.date()
    if isinstance(end, datetime):
        end = end.date()
    if start == end:
        return day(start)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{day(end)}"
    if start.year == end.year:
        return f"{start.day} {format_date(start, 'MMMM', locale=LOCALE)} – {day(end)}"
    return f"{day(start)} – {day(end)}"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 question`, `1,204 questions`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"

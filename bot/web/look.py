"""The one look of our pages: templates that escape whatever they are given, and static files."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_skeleton
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.texts import SOURCE, _, language, n_
from bot.web import text

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
"""`look.css`, the scripts, and `vendor/` with what others wrote."""


@cache
def environment() -> Environment:
    """The templates in `templates/`: autoescape for every name, an unknown variable is an error.

    Their texts are of the catalogue, in the language in use (`bot.texts`).
    """
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
    made.globals |= {"_": _, "n_": n_, "days": days, "language": language}
    made.filters |= {"excerpt": text.excerpt, "href": text.href}
    return made


def render(template: str, **values: Any) -> str:
    """What a template makes of values."""
    return environment().get_template(template).render(values)


def locale() -> str:
    """The locale of dates and spans of time: that of the language in use, for English with the
    day before the month."""
    return "en_GB" if language() == SOURCE else language()


def _clean(value: object) -> object:
    """A text without what no page may hold, whichever file it came from."""
    return text.clean(value) if isinstance(value, str) else value


def days(start: date, end: date) -> str:
    """Two days as one text: `14–18 October 2024`, `30 December 2024 – 3 January 2025`."""
    until = format_date(end, "long", locale=locale())
    if start == end:
        return until
    if (start.year, start.month) == (end.year, end.month):
        return f"{format_skeleton('d', start, locale=locale())}–{until}"
    if start.year == end.year:
        return f"{format_skeleton('MMMMd', start, locale=locale())} – {until}"
    return f"{format_date(start, 'long', locale=locale())} – {until}"

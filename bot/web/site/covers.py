"""The cover of a book: its picture if the file is there, else one set in type."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from bot.sessions.model import Event
from bot.web import look

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"})
"""Pictures that a page shows; an SVG of somebody else's could carry a script."""

MAX_BYTES = 8 * 1024 * 1024
PARENTS = 2
"""How far above the folder of schedules the website's root is looked for."""

# Book cloth: ground and blocking.
CLOTHS = (
    ("#5b2a27", "#e9c9a1"),
    ("#22382f", "#d9c79a"),
    ("#243349", "#d8c8a6"),
    ("#4a3a52", "#e2cbb0"),
    ("#6b4a1f", "#f1dfb8"),
    ("#2f4a50", "#e0d3ae"),
    ("#3c3a35", "#d9b98a"),
    ("#5a2f44", "#ecd0b5"),
)


SIZES = ((34, 13, 4), (28, 16, 5), (23, 19, 6), (19, 24, 8))
"""Of the letters of a title on a cover, as `typeset` takes them."""


def cloth(event_id: str) -> tuple[str, str, int]:
    """The colours of a book, ground and blocking, and the number of its ornament."""
    digest = hashlib.sha256(event_id.encode("utf-8", "replace")).digest()
    return *CLOTHS[digest[0] % len(CLOTHS)], digest[1] % 3


def file_of(event: Event, root: Path) -> Path | None:
    """The file that `cover` names, below the folder of schedules or one of the two above it.

    None where it is not there, leads out of that folder, is no picture or is too large.
    """
    cover = (event.cover or "").lstrip("/")
    if not cover or "\0" in cover or Path(cover).suffix.lower() not in SUFFIXES:
        return None
    whole = root.resolve()
    for folder in (whole, *list(whole.parents)[:PARENTS]):
        try:
            path = (folder / cover).resolve()
            if path.is_relative_to(folder) and path.is_file():
                return path if 0 < path.stat().st_size <= MAX_BYTES else None
        except (OSError, RuntimeError, ValueError):
            continue
    return None


def drawn(event: Event) -> str:
    """A cover set in type (SVG); the cloth follows from the event's id."""
    ground, blocking, ornament = cloth(event.id)
    title, size = typeset(event.title, SIZES)
    names = [author.name for author in event.authors]
    authors = [*names[:3], f"and {len(names) - 3} more"] if len(names) > 4 else names
    return look.render(
        "site/cover.svg",
        title=title,
        size=size,
        authors=[fit(name, 24) for name in authors],
        ground=ground,
        blocking=blocking,
        ornament=ornament,
        event=event,
    )


def typeset(text: str, sizes: Sequence[tuple[int, int, int]]) -> tuple[list[str], int]:
    """A text in lines, and the size of its letters: the first of `sizes` at which it fits.

    `sizes` are sizes, each with how many letters a line has and how many lines there are. A text
    that fits at none is cut.
    """
    for size, measure, most in sizes:
        lines = _lines(text.split(), measure)
        if len(lines) <= most and all(_width(line) <= measure for line in lines):
            return lines, size
    size, measure, most = sizes[-1]
    return _lines([fit(word, measure) for word in text.split()], measure)[:most], size


def _lines(words: Sequence[str], measure: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and _width(f"{lines[-1]} {word}") <= measure:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def fit(text: str, measure: int) -> str:
    """A text cut to so many letters of middling width."""
    if _width(text) <= measure:
        return text
    kept = text[: measure - 1]
    while _width(kept) >= measure:
        kept = kept[:-1]
    return f"{kept}…"


def _width(text: str) -> int:
    """How many letters of middling width the text is as wide as."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

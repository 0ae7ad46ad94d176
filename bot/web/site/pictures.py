"""The pictures that links to pages show elsewhere (<https://ogp.me/>), drawn like the covers.

Each is a PNG whose name follows from what it shows, so that a site that is built again draws only
what is new. The letters are of a font that ships with us, the same on every machine.
"""

from __future__ import annotations

import hashlib
import shutil
import unicodedata
from pathlib import Path

import resvg_py

from bot.web import look
from bot.web.site import covers

FOLDER = "pictures"
WIDTH, HEIGHT = 600, 315
"""The least at which a link is shown with a large picture."""
SIZES = ((34, 27, 3), (28, 33, 4), (24, 39, 5), (20, 46, 6))
"""Of the letters, as `covers.typeset` takes them."""
BELOW = 52
"""How many letters the line at the bottom has."""
_FONTS = look.STATIC / "vendor" / "source-serif-4"
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")
_SYMBOLS = 0x2500
"""From here on the font has few."""


class Pictures:
    """Draws into a folder; takes what is drawn already from the folder of the site `before`."""

    def __init__(self, folder: Path, before: Path | None = None):
        self._folder = folder / FOLDER
        self._before = None if before is None else before / FOLDER

    def draw(self, cloth: str, words: str, below: str = "") -> str:
        """Draws words and a line below them, on the cloth of a book's id; gives the path.

        Words of a script that the font has not are left out: then there are those below alone.
        """
        ground, blocking, ornament = covers.cloth(cloth)
        shown = [each for text in (words, below) if (each := _shown(text))]
        lines, size = covers.typeset(shown[0] if shown else "…", SIZES)
        svg = look.render(
            "site/picture.svg",
            width=WIDTH,
            height=HEIGHT,
            ground=ground,
            blocking=blocking,
            ornament=ornament,
            lines=lines,
            size=size,
            below=covers.fit(shown[1], BELOW) if len(shown) > 1 else "",
        )
        drawn = f"{resvg_py.__version__} {svg}".encode("utf-8", "replace")
        name = f"{hashlib.sha256(drawn).hexdigest()[:16]}.png"
        target = self._folder / name
        if not target.exists():
            self._folder.mkdir(exist_ok=True)
            if self._before is not None and (self._before / name).is_file():
                shutil.copyfile(self._before / name, target)
            else:
                target.write_bytes(_png(svg))
        return f"{FOLDER}/{name}"


def _png(svg: str) -> bytes:
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        skip_system_fonts=True,
        font_files=[str(_FONTS / name) for name in ("regular.ttf", "italic.ttf")],
    )


def _shown(text: str) -> str:
    """What the font has of a text, '' where it lacks a letter."""
    whole = unicodedata.normalize("NFC", text)
    if any(c.isalpha() and not unicodedata.name(c, "").startswith(_SCRIPTS) for c in whole):
        return ""
    kept = (c for c in whole if unicodedata.category(c)[0] in "LNPZ" or c in "+<=>|~$€£^`")
    return " ".join("".join(c for c in kept if ord(c) < _SYMBOLS).split())

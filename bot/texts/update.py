"""Gathers the texts of the program into the template, and brings every language up to date.

`make texts` runs it: `python -m bot.texts.update`.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.texts import FOLDER, TEMPLATE

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
KEYWORDS = {"_": None, "N_": None, "n_": (1, 2)}


def gathered(root: Path = ROOT) -> Catalog:
    """The texts in the program's code. Where a text stands is said by file, not by line."""
    catalogue = Catalog(project="Marginalia", charset="utf-8")
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**.yaml.jinja", "jinja2")]
    found = extract_from_dir(
        root, methods, {"**.html": OPTIONS}, keywords=KEYWORDS, comment_tags=("TR:",)
    )
    for name, _line, text, comments, context in sorted(found, key=lambda f: (f[0], f[1])):
        catalogue.add(text, None, [(f"bot/{name}", 0)], auto_comments=comments, context=context)
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """The catalogue as a file, without what changes from day to day."""
    out = BytesIO()
    write_po(out, catalogue, omit_header=True, include_lineno=False, width=100)
    return out.getvalue()


def main() -> None:
    """Writes the template and updates every language; translations that fit no more are kept.

    What was never translated is not kept, nor the day of the update, which would only stand in
    the way of two changes at once.
    """
    template = gathered()
    TEMPLATE.write_bytes(written(template))
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem, domain="marginalia")
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        for key, message in list(catalogue.obsolete.items()):
            if not message.string or not any(message.string):
                del catalogue.obsolete[key]
        with path.open("wb") as out:
            write_po(out, catalogue, width=100, include_lineno=False, include_previous=True)


if __name__ == "__main__":
    main()

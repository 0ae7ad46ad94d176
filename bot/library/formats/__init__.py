"""The formats that schedules and archives are written in; a file's name says its format."""

from __future__ import annotations

from pathlib import Path

from bot.library import files, values
from bot.library.document import Document
from bot.library.formats.base import Entry, Format, clean
from bot.library.formats.markdown import Markdown
from bot.library.formats.record import LEGACY_PATH, SLUG, SUMMARY, Record

__all__ = ["DEFAULT", "FORMATS", "Entry", "Format", "clean", "convert", "named", "of", "read"]

DEFAULT = Markdown()
FORMATS: tuple[Format, ...] = (DEFAULT, Record())


def of(path: Path) -> Format:
    """The format of a file, by its name; the default for a name that says none."""
    return next((each for each in FORMATS if path.name.endswith(each.suffix)), DEFAULT)


def read(path: Path) -> tuple[Document, files.Stamp]:
    """The document in a file, and the file's stamp. Raises FileError."""
    data, stamp = files.read(path)
    return of(path).document(data), stamp


def named(name: str) -> bool:
    """Whether a file of this name may be a schedule."""
    return any(each.names(name) for each in FORMATS)


def convert(document: Document, event_id: str, to: Format) -> bytes:
    """A document as a file of another format, without loss but for comments and quoting.

    Raises FileError for what is no YAML.
    """
    fields = {
        name: values.plain(field.value, dates=True)
        for name, field in document.fields(most=values.MAX_ARCHIVE_VALUES).items()
    }
    body = document.body.strip()
    if fields.get(SLUG) == event_id:
        del fields[SLUG]
    if fields.get(LEGACY_PATH) == f"/books/{event_id}.html":
        del fields[LEGACY_PATH]
    if isinstance(fields.get(SUMMARY), str) and str(fields[SUMMARY]).strip() == body:
        del fields[SUMMARY]
    return to.write(event_id, fields, body)

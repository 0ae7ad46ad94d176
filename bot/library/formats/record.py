"""The records that the website reads since August 2026: one YAML mapping for each book.

FORMAT.md, "The second format: records". Byte for byte what PyYAML's pure-Python
`safe_dump(record, allow_unicode=True, sort_keys=False, width=100)` writes; a change of one key
replaces that key's lines and no others, so what was edited by hand stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from bot.library import values
from bot.library.document import ARCHIVE, BOM, Document, dumped
from bot.library.formats.base import Entry, Format, clean

SLUG, LEGACY_PATH, SUMMARY = "slug", "legacy_path", "summary"
_HEAD_BYTES = 4096
_NAMED = re.compile(r"(?:\d\d-\d\d-\d\d|\d{8})-.+\.yaml\Z", re.ASCII)
_BY_DATE = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(?=.)", re.ASCII)
_DATED_ID = re.compile(r"\d{8}-(?=.)", re.ASCII)
_SLUG_LINE = re.compile(rb"^(?:\xef\xbb\xbf)?slug:[ ]+(['\"]?)(\w[\w.-]*)\1[ ]*\r?$", re.MULTILINE)


def is_slug(text: str) -> bool:
    """Whether a text can name an event, and so a folder: word characters, dots and hyphens."""
    return re.fullmatch(r"\w[\w.-]*", text) is not None


@dataclass(frozen=True, slots=True)
class RecordDocument(Document):
    """A record's file. All of it is YAML; the description of the book is its `summary`."""

    first_line: ClassVar[int] = 1

    @classmethod
    def of(cls, text: str) -> RecordDocument:
        """The record in a text. Raises FileError for a NUL."""
        cls.refuse(text)
        return cls(text, int(text.startswith(BOM)), len(text), len(text))

    @property
    def body(self) -> str:
        """The description of the book, in Markdown; empty where there is none."""
        found = self.fields(skip=(ARCHIVE,)).get(SUMMARY)
        return found.value.raw if found is not None and found.value.kind == "scalar" else ""

    def end_of_keys(self, keys: Mapping[str, values.Field]) -> int:
        """Where a new key goes: before the summary, and before an archive that is not one."""
        last = [keys[key].start for key in (ARCHIVE, SUMMARY) if key in keys]
        return min(last, default=len(self.front))

    def around(self, key: str) -> tuple[str, str]:
        """As `Document.around`; a key that is missing goes before the summary."""
        keys = values.read(self.front, self.first_line, skip=(key,))
        if key in keys:
            return Document.around(self, key)
        at = self.front_start + (keys[SUMMARY].start if SUMMARY in keys else len(self.front))
        before = self.text[:at]
        ended = not before or before.endswith("\n")
        return before if ended else before + self.newline, self.text[at:]


class Record(Format):
    """`yyyy/yy-mm-dd-slug.yaml`."""

    name = "record"
    suffix = ".yaml"

    def names(self, file_name: str) -> bool:
        """YAML files whose names begin with a date; others may be anything."""
        return _NAMED.match(file_name) is not None

    def event_id(self, path: Path) -> str:
        """The `slug`; of a file without one what its name says."""
        with suppress(OSError), path.open("rb") as file:
            slug = _SLUG_LINE.search(file.read(_HEAD_BYTES))
            if slug is not None:
                return slug[2].decode("utf-8", "replace")
        return _BY_DATE.sub(r"20\1\2\3-", path.name.removesuffix(self.suffix), count=1)

    def path(self, event_id: str, start: datetime) -> PurePosixPath:
        """The date of `start` in the place of the one in the event's ID, in a folder by year."""
        words = _DATED_ID.sub("", event_id, count=1)
        return PurePosixPath(f"{start:%Y}") / f"{start:%y-%m-%d}-{words}{self.suffix}"

    def document(self, data: bytes) -> Document:
        """The record."""
        return RecordDocument.parse(data)

    def thread(self, thread: Entry) -> bytes:
        """A thread as it stands in the whole record."""
        return _dumped([_plain(thread)])

    def write(self, event_id: str, fields: Mapping[str, Any], body: str) -> bytes:
        """The keys in their order, between those that name the record and the summary."""
        own = {SLUG: event_id, LEGACY_PATH: f"/books/{event_id}.html"}
        return _dumped({**own, **fields, SUMMARY: body.strip()})


def _plain(entry: Entry) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": clean(entry.name), "text": clean(entry.text)}
    return {
        **plain,
        "replies": [{"name": clean(r.name), "text": clean(r.text)} for r in entry.replies],
    }


def _dumped(data: object) -> bytes:
    return dumped(data, width=100).encode("utf-8")

"""The format of FORMAT.md, and the default: Markdown with the keys as YAML front matter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from bot.library import scalars
from bot.library.document import ARCHIVE, Document, dumped
from bot.library.formats.base import Entry, Format, clean


class Markdown(Format):
    """`YYYYMMDD-slug.md`."""

    name = "markdown"
    suffix = ".md"

    def names(self, file_name: str) -> bool:
        """Every Markdown file."""
        return file_name.endswith(self.suffix)

    def event_id(self, path: Path) -> str:
        """The file's name without `.md`."""
        return path.name.removesuffix(self.suffix)

    def path(self, event_id: str, start: datetime) -> PurePosixPath:
        """A file called after the event."""
        return PurePosixPath(event_id + self.suffix)

    def document(self, data: bytes) -> Document:
        """Front matter and body."""
        return Document.parse(data)

    def thread(self, thread: Entry) -> bytes:
        """What `yaml.dump({"archive": […]}, sort_keys=False)` writes of it: ASCII."""
        write = scalars.write
        parts = [
            f"- name: {write(clean(thread.name), 8, 4)}\n"
            f"  text: {write(clean(thread.text), 8, 4)}\n"
        ]
        if thread.replies:
            parts.append("  replies:\n")
            parts += [
                f"  - name: {write(clean(reply.name), 10, 6)}\n"
                f"    text: {write(clean(reply.text), 10, 6)}\n"
                for reply in thread.replies
            ]
        else:
            parts.append("  replies: []\n")
        return "".join(parts).encode("ascii")

    def write(self, event_id: str, fields: Mapping[str, Any], body: str) -> bytes:
        """Each key on one line where it fits; the archive as it is always written."""
        front = {key: value for key, value in fields.items() if key != ARCHIVE}
        lines = dumped(front) if front else ""
        text = f"---\n{lines}---\n" + (f"\n{body}\n" if body else "")
        document = Document.of(text)
        if fields.get(ARCHIVE) is None:
            return document.data
        block = b"".join(self.block(map(_entry, fields[ARCHIVE])))
        return document.with_block(ARCHIVE, block.decode("ascii")).data


def _entry(thread: Mapping[str, Any]) -> Entry:
    replies = tuple(_entry(reply) for reply in thread.get("replies") or ())
    return Entry(str(thread.get("name", "")), str(thread.get("text", "")), replies)

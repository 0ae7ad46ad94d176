"""What a format of schedule files is. A new one is a class of this kind, in a file of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from bot.library.document import Document


@dataclass(frozen=True, slots=True)
class Entry:
    """A question or a reply as the page shows it: a name, a text in Markdown, and its replies
    (of a question; a reply has none)."""

    name: str
    text: str
    replies: Sequence[Entry] = ()


class Format(ABC):
    """How an event's schedule and archive stand in a file."""

    name: ClassVar[str]
    """What `marginalia convert --to` calls it."""
    suffix: ClassVar[str]
    """How the names of its files end."""

    @abstractmethod
    def names(self, file_name: str) -> bool:
        """Whether a file of that name may be one of this format."""

    @abstractmethod
    def event_id(self, path: Path) -> str:
        """The ID of the event in a file, which need not be there."""

    @abstractmethod
    def path(self, event_id: str, start: datetime) -> PurePosixPath:
        """Where the file of an event belongs, in the folder of schedules. `start` is local."""

    @abstractmethod
    def document(self, data: bytes) -> Document:
        """The document in the bytes of a file. Raises FileError, with the line."""

    def block(self, threads: Iterable[Entry]) -> Iterator[bytes]:
        """The `archive` of the threads, as `Document.around` takes it, in pieces."""
        number = 0
        for number, thread in enumerate(threads, 1):
            if number == 1:
                yield b"archive:\n"
            yield self.thread(thread)
        if not number:
            yield b"archive: []\n"

    @abstractmethod
    def thread(self, thread: Entry) -> bytes:
        """One thread of an archive as it stands in the block."""

    @abstractmethod
    def write(self, event_id: str, fields: Mapping[str, Any], body: str) -> bytes:
        """A new file with these keys, as YAML reads them, in this order, and the book's description.

        `archive` may be one of the keys.
        """


def clean(text: str) -> str:
    """The text without lone surrogates: a pair becomes its character, a lone one U+FFFD.

    JSON can carry them; UTF-8 and the YAML reader of the website cannot, not even escaped.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text

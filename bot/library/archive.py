"""Threads <-> the archive block of a file.

FORMAT.md, "The archive block". Written as a stream, so that a session of any length takes no
more memory than its longest thread.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from bot.errors import UserError
from bot.library import files, formats, values
from bot.library.document import ARCHIVE, Document
from bot.library.formats import Entry
from bot.library.problem import FileError, quoted, shown, told
from bot.library.values import Value
from bot.support.remedies import not_written, reason, remedy
from bot.texts import _

_SPOOLED_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_ATTEMPTS = 5


def dump(threads: Iterable[Entry]) -> str:
    """The block as Markdown files have it: what `yaml.dump({"archive": […]}, sort_keys=False)`
    writes for the threads."""
    return b"".join(formats.DEFAULT.block(threads)).decode("ascii")


def parse(document: Document) -> list[Entry]:
    """The threads in a document; none where there is no archive. Raises FileError for another shape."""
    field = document.fields(most=values.MAX_ARCHIVE_VALUES).get(ARCHIVE)
    if field is None or field.value.is_null:
        return []
    return [
        Entry(
            _text(thread, "name"),
            _text(thread, "text"),
            tuple(
                Entry(_text(reply, "name"), _text(reply, "text"))
                for reply in _items(thread.data.get("replies"), "replies")
            ),
        )
        for thread in _items(field.value, ARCHIVE)
    ]


def read(path: Path) -> list[Entry]:
    """The threads in a file. Raises UserError, one line, for a file that cannot be read."""
    with told(path):
        return parse(formats.read(path)[0])


def write_archive(path: Path, threads: Iterable[Entry], output: Path | None = None) -> bool:
    """Adds or replaces the archive block of the file at `path`, or writes all that to `output`.

    Gives whether the target changed. Atomic: a crash leaves the old file or the new one. Where
    the file changes while this runs, the change is kept and the block put into what is there
    then. Permissions stay; where `path` is a symbolic link, the file it leads to is written.
    Raises UserError, one line, for a file that cannot be read, understood or written.
    """
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as block:
        try:
            for chunk in formats.of(path).block(threads):
                block.write(chunk)
        except OSError as error:
            raise UserError(
                _(
                    "{path}: the archive cannot be prepared in the temporary folder: {error}; "
                    "{remedy}",
                    path=shown(path),
                    error=reason(error),
                    remedy=remedy(error, Path(os.environ.get("TMPDIR", "/tmp"))),  # noqa: S108
                )
            ) from None
        try:
            target = (output or path).resolve()
            for _attempt in range(_ATTEMPTS):
                whole, stamp, newline = _around(path)
                if _holds(target, whole, block, newline):
                    return False
                if _put(path, stamp, target, whole, block, newline):
                    return True
        except FileError as error:
            raise UserError(str(error.at(path))) from None
        except (OSError, RuntimeError) as error:
            raise not_written(output or path, error) from None
    raise UserError(
        _("{path}: keeps changing while its archive is being written; try again", path=shown(path))
    )


def with_archive(path: Path, threads: Iterable[Entry]) -> bytes:
    """The file's bytes with its archive block added or replaced; nothing is written.

    Raises UserError, one line, for a file that cannot be read or understood.
    """
    with told(path):
        (before, after), _stamp, newline = _around(path)
    return before + b"".join(formats.of(path).block(threads)).replace(b"\n", newline) + after


def _around(path: Path) -> tuple[tuple[bytes, bytes], files.Stamp, bytes]:
    """What stands before and after the block in the file, the file's stamp, and its line ends."""
    document, stamp = formats.read(path)
    before, after = document.around(ARCHIVE)
    return (before.encode(), after.encode()), stamp, document.newline.encode()


def _put(
    path: Path,
    stamp: files.Stamp,
    target: Path,
    around: tuple[bytes, bytes],
    block: IO[bytes],
    newline: bytes,
) -> bool:
    """Writes the target; False, and nothing written, if `path` is no longer as it was read."""

    def chunks() -> Iterator[bytes]:
        yield around[0]
        yield from _chunks(block, newline)
        yield around[1]
        if not same and files.Stamp.of(path.stat()) != stamp:
            raise files.ChangedMeanwhileError

    try:
        same = target == path.resolve()
        like = (target if target.exists() else path).stat()
        files.replace(target, chunks(), like, stamp if same else None)
    except files.ChangedMeanwhileError:
        return False
    return True


def _chunks(block: IO[bytes], newline: bytes) -> Iterator[bytes]:
    block.seek(0)
    while chunk := block.read(_CHUNK_BYTES):
        yield chunk.replace(b"\n", newline)


def _holds(target: Path, around: tuple[bytes, bytes], block: IO[bytes], newline: bytes) -> bool:
    """Whether the target is already, to the byte, what would be written."""
    block.seek(0, os.SEEK_END)
    least = len(around[0]) + block.tell() + len(around[1])
    try:
        with target.open("rb") as file:
            if os.fstat(file.fileno()).st_size < least:
                return False
            pieces = chain(around[:1], _chunks(block, newline), around[1:])
            return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
    except FileNotFoundError:
        return False


def _items(value: Value | None, name: str) -> list[Value]:
    if value is None or value.is_null:
        return []
    if value.kind != "list":
        raise FileError(
            value.line, _("`{name}` is not a list", name=name), _("write `- name: …` and `text: …`")
        )
    items: list[Value] = value.data
    for item in items:
        if item.kind != "mapping":
            raise FileError(
                item.line,
                _("an entry of `{name}` has no keys", name=name),
                _("write `- name: …` and `text: …`"),
            )
    return items


def _text(entry: Value, key: str) -> str:
    value = entry.data.get(key)
    if value is None:
        raise FileError(
            entry.line, _("an entry has no `{key}`", key=key), _("add `{key}: …`", key=key)
        )
    if value.kind != "scalar":
        raise FileError(
            value.line,
            _("`{key}` is not text: {kind}", key=key, kind=quoted(value.kind)),
            _("write text"),
        )
    if value.data is None:
        return ""
    text: str = value.raw
    return text

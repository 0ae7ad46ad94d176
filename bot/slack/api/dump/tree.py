"""The files of an export, in a folder or a zip, by the names that they have in Slack.

A zip that Slack wrote holds UTF-8 names without the flag that says so; Windows writes
backslashes; macOS takes letters apart; unpacking with the wrong encoding garbles them. All of
these are read as the same name.
"""

from __future__ import annotations

import bz2
import lzma
import os
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import UserError
from bot.support.remedies import reason
from bot.texts import N_, _

MEMBER_BYTES = 512 * 1024 * 1024
"""The most that one file of an export may hold; a larger one is no day of a channel."""
ENDINGS = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".sqlite", ".db")
_NOT_OURS = frozenset({"__MACOSX", "__uploads", "__avatars", "attachments"})
"""Folders with the files that people uploaded, or that a system made."""
_METHODS = {
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
    zipfile.ZIP_BZIP2,
    zipfile.ZIP_LZMA,
}
_LOCAL = b"PK\x03\x04"
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
_DEFLATE64 = 9
_GIVE = N_("give the folder or zip that Slack or slackdump made")


class UnreadableError(Exception):
    """A file that cannot be read. The text says why, in a few words."""


@dataclass(frozen=True, slots=True)
class _OnDisk:
    path: Path

    def read(self) -> bytes:
        try:
            if self.path.stat().st_size > MEMBER_BYTES:
                raise UnreadableError(_("it is too large"))
            return self.path.read_bytes()
        except OSError as error:
            raise UnreadableError(reason(error)) from None


@dataclass(frozen=True, slots=True)
class _InZip:
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def read(self) -> bytes:
        if self.info.file_size > MEMBER_BYTES:
            raise UnreadableError(_("it is too large"))
        if self.info.flag_bits & _ENCRYPTED:
            raise UnreadableError(_("it is encrypted; unpack the zip with its password"))
        if self.info.compress_type not in _METHODS:
            raise _unknown_method(self.info.compress_type)
        try:
            with self.archive.open(self.info) as member:
                return member.read(MEMBER_BYTES)
        except (
            *(OSError, ValueError, EOFError, RuntimeError, NotImplementedError),
            *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
        ) as error:
            raise UnreadableError(_("it is damaged: {error}", error=_words(error))) from None


@dataclass(frozen=True, slots=True)
class _Salvaged:
    """A member of a zip whose directory is missing: where its bytes begin, and what is known."""

    path: Path
    start: int
    size: int | None
    method: int
    encrypted: bool
    crc: int | None

    def read(self) -> bytes:
        if self.encrypted:
            raise UnreadableError(_("it is encrypted; unpack the zip with its password"))
        with self.path.open("rb") as file:
            file.seek(self.start)
            packed = file.read(MEMBER_BYTES if self.size is None else min(self.size, MEMBER_BYTES))
        try:
            match self.method:
                case zipfile.ZIP_STORED:
                    data = packed
                case zipfile.ZIP_DEFLATED:
                    inflater = zlib.decompressobj(-15)
                    data = inflater.decompress(packed, MEMBER_BYTES)
                    if not inflater.eof:
                        raise UnreadableError(_("it is cut off"))
                case zipfile.ZIP_BZIP2:
                    data = bz2.decompress(packed)
                case _:
                    raise _unknown_method(self.method)
        except (zlib.error, OSError, ValueError) as error:
            raise UnreadableError(_("it is damaged: {error}", error=_words(error))) from None
        if (self.size is not None and len(packed) < self.size) or (
            self.crc is not None and zlib.crc32(data) != self.crc
        ):
            raise UnreadableError(_("it is cut off"))
        return data


Member = _OnDisk | _InZip | _Salvaged
"""A file of an export. `read` gives all of it, or raises UnreadableError."""


@dataclass(slots=True)
class Tree:
    """The files of an export by name: folders divided by `/`, letters in Unicode's form NFC.

    `problems` is what is wrong with the whole, a line each.
    """

    path: Path
    members: Mapping[str, Member]
    problems: list[str] = field(default_factory=list)
    archive: zipfile.ZipFile | None = None
    is_database: bool = False

    @classmethod
    def open(cls, path: Path) -> Tree:
        """Opens a folder, a zip, or one file. Raises UserError, one line, for what is neither."""
        try:
            if path.is_dir():
                return cls(path, dict(_on_disk(path)))
            with path.open("rb") as file:
                start = file.read(16)
        except OSError as error:
            raise UserError(
                _(
                    "{path}: cannot be read as a Slack export ({error}); {remedy}",
                    path=path,
                    error=reason(error),
                    remedy=_(_GIVE),
                )
            ) from None
        if start[:2] != b"PK":
            if is_sqlite(start) or path.name.endswith(ENDINGS):
                alone: dict[str, Member] = {canonical(path.name): _OnDisk(path)}
                return cls(path, alone, is_database=is_sqlite(start))
            raise UserError(
                _(
                    "{path}: cannot be read as a Slack export (it is neither a folder nor a zip); "
                    "{remedy}",
                    path=path,
                    remedy=_(_GIVE),
                )
            )
        try:
            archive = zipfile.ZipFile(path)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
            members = {name: member for name, member in _salvaged(path) if _wanted(name)}
            if not members:
                raise UserError(
                    _(
                        "{path}: the zip is damaged, and nothing in it can be read; download it "
                        "again",
                        path=path,
                    )
                ) from None
            lost = _("the zip is cut off or damaged; what can be read is read, the end is lost")
            return cls(path, members, [f"{path.name}: {lost}"])
        found: dict[str, Member] = {
            name: _InZip(archive, info)
            for info in archive.infolist()
            if _wanted(name := canonical(info.filename))
        }
        return cls(path, found, archive=archive)

    def close(self) -> None:
        """Closes the zip."""
        if self.archive is not None:
            self.archive.close()


def canonical(name: str) -> str:
    """A file's name as it is meant.

    >>> [canonical(name) for name in ("a\\\\b.json", "bu\\u0308cher", "bÃ¼cher")]
    ['a/b.json', 'bücher', 'bücher']
    """
    name = name.replace("\\", "/")
    for encoding in ("cp437", "latin-1", "cp1252"):
        with suppress(UnicodeError):
            name = name.encode(encoding).decode("utf-8")
            break
    # What no name of UTF-8 can be would be no text to show either.
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", name)


def is_sqlite(start: bytes) -> bool:
    """Whether a file that begins so is a SQLite database."""
    return start.startswith(b"SQLite format 3")


def _wanted(name: str) -> bool:
    *folders, last = name.split("/")
    return last.endswith(ENDINGS) and not last.startswith(".") and _NOT_OURS.isdisjoint(folders)


def _on_disk(root: Path) -> Iterator[tuple[str, Member]]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder) / name
            shown = canonical(path.relative_to(root).as_posix())
            if _wanted(shown) and path.is_file():
                yield shown, _OnDisk(path)


def _salvaged(path: Path) -> Iterator[tuple[str, Member]]:
    """The members of a zip without its directory, from the header that stands before each.

    <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.7.
    """
    data = path.read_bytes() if path.stat().st_size <= 4 * MEMBER_BYTES else b""
    at = data.find(_LOCAL)
    while 0 <= at <= len(data) - 30:
        _, flags, method, _, _, crc, packed, _, names, extra = struct.unpack_from(
            "<HHHHHIIIHH", data, at + 4
        )
        start = at + 30 + names + extra
        raw = data[at + 30 : at + 30 + names]
        follows = bool(flags & _SIZES_FOLLOW) or packed == 0xFFFFFFFF
        end = data.find(_LOCAL, start) if follows else start + packed
        name = canonical(raw.decode("utf-8", "surrogateescape"))
        yield (
            name,
            _Salvaged(
                path,
                start,
                (None if method != zipfile.ZIP_STORED else None if end < 0 else end - start)
                if follows
                else packed,
                method,
                bool(flags & _ENCRYPTED),
                None if flags & _SIZES_FOLLOW else crc,
            ),
        )
        at = data.find(_LOCAL, end) if end >= 0 else -1


def _unknown_method(method: int) -> UnreadableError:
    name = (
        _("Deflate64, as Windows packs what is over 2 GB")
        if method == _DEFLATE64
        else _("method {number}", number=method)
    )
    return UnreadableError(
        _("it is compressed with {name}; unpack the zip and give the folder", name=name)
    )


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

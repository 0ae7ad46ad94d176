"""Files read with limits and written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bot.library.problem import FileError
from bot.texts import _

MAX_BYTES = 64 * 1024 * 1024
"""More than an archive of 100,000 long messages takes; a file above is refused unread."""


SETTLING_NS = 2_000_000_000
"""Longer than a tick of any file system's clock (FAT's is two seconds)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another without reading it.

    `settled` is False for a file that was changed just before: until the system's clock for
    files ticks on, another change of the same length would give the same stamp.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int
    settled: bool = field(default=True, compare=False)

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp in what `stat` says."""
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            abs(time.time_ns() - status.st_mtime_ns) > SETTLING_NS,
        )


def unchanged(path: Path, since: Stamp) -> bool:
    """Whether the file is for certain what it was when it had that stamp."""
    try:
        return since.settled and Stamp.of(path.stat()) == since
    except OSError:
        return False


def read(path: Path, limit: int = MAX_BYTES) -> tuple[bytes, Stamp]:
    """The bytes of a regular file and its stamp.

    Raises FileError for what is no regular file, is longer than `limit` bytes or cannot be read.
    """
    try:
        # O_NONBLOCK: opening a named pipe would otherwise wait for a writer for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileError(
            1, _("cannot be read: {error}", error=reason(error)), _("correct the file or remove it")
        ) from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileError(1, _("is not a regular file"), _("put a Markdown file in its place"))
        if status.st_size > limit:
            raise _too_long(limit)
        try:
            # One byte more shows a file that grows; more would be set aside in memory at once.
            data = file.read(status.st_size + 1)
        except OSError as error:
            raise FileError(
                1, _("cannot be read: {error}", error=reason(error)), _("correct the file")
            ) from None
    if len(data) > limit:
        raise _too_long(limit)
    return data, Stamp.of(status)


def _too_long(limit: int) -> FileError:
    return FileError(
        1, _("is larger than {limit} MiB", limit=limit // 2**20), _("shorten or remove it")
    )


class ChangedMeanwhileError(Exception):
    """A file was changed by somebody else while it was to be replaced; the change stands."""


def replace(
    target: Path,
    chunks: Iterable[bytes],
    like: os.stat_result | None = None,
    seen: Stamp | None = None,
) -> None:
    """Writes a file so that a crash at any time leaves the old one or the new one.

    The bytes go to a file of their own in the same folder (its name begins with a dot), are
    forced to the disk and take the place in one step. `like` gives the permissions and, where
    that is allowed, the owner; a new file gets what the process usually gives. `seen` is the
    stamp of the target when it was read: where somebody changed it since, their change stays and
    ChangedMeanwhileError is raised. Raises OSError.
    """
    if seen is None:
        _replace(target, chunks, like, lambda: None)
        return
    handle = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as before:

        def check() -> None:
            if Stamp.of(target.stat()) != seen:
                raise ChangedMeanwhileError

        _replace(target, chunks, like, check)
        # An editor that had the old file open may have written into it until it lost its place.
        status = os.fstat(before.fileno())
        if (status.st_size, status.st_mtime_ns) != (seen.size, seen.modified_ns):
            _replace(target, [before.read()], status, lambda: None)
            raise ChangedMeanwhileError


def _replace(
    target: Path,
    chunks: Iterable[bytes],
    like: os.stat_result | None,
    check: Callable[[], None],
) -> None:
    """Writes a file in one step; `check` is called last and may raise, which leaves the old one."""
    handle, name = tempfile.mkstemp(
        prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent
    )
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            if like is None:
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            else:
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
            file.flush()
            os.fsync(file.fileno())
        check()
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Forces a renaming in a folder to the disk, where the file system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def reason(error: OSError) -> str:
    """What the system says, in small letters: `permission denied`."""
    return (error.strerror or str(error)).lower()

"""Files read with limits and written whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from itertools import count
from pathlib import Path

from bot.library.problem import FileError
from bot.support.remedies import reason
from bot.texts import _

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024
"""More than an archive of 100,000 long messages takes; a file above is refused unread."""


# Linux's system call, which Python does not have (man 2 renameat2).
_renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
_HERE = -100
_RENAME_EXCHANGE = 2

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
        raise _not_read(error) from None
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
            raise _not_read(error) from None
    if len(data) > limit:
        raise _too_long(limit)
    return data, Stamp.of(status)


def _not_read(error: OSError) -> FileError:
    what = _("cannot be read: {error}", error=reason(error))
    return FileError(1, what, _("correct the file or remove it"))


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
    handle, name = tempfile.mkstemp(
        prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent
    )
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            if like is None:
                os.fchmod(file.fileno(), 0o666 & ~umask())
            else:
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
            file.flush()
            os.fsync(file.fileno())
        if seen is None:
            beside.replace(target)
        elif Stamp.of(target.stat()) != seen or not _take_place(beside, target, seen):
            raise ChangedMeanwhileError
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _take_place(beside: Path, target: Path, seen: Stamp) -> bool:
    """Puts `beside` in the target's place if the target is still what was seen.

    Between a look at the target and the renaming, somebody may save it. So the two files are
    exchanged, and what came out is looked at: if it is not what was seen, it goes back.
    """
    given = ours = Stamp.of(beside.stat())
    if not exchange(beside, target) or _same(beside, seen):
        return True
    while True:
        put = Stamp.of(beside.stat())
        exchange(beside, target)
        if _same(beside, given):
            if given is not ours:
                _keep(beside, target)
            return False
        # Somebody saved the target once more; what came out now is theirs.
        given = put


def _keep(beside: Path, target: Path) -> None:
    """Keeps what somebody saved before somebody saved the target again, perhaps without it."""
    names = (target.with_name(f"{target.name}.{number}.kept") for number in count(1))
    kept = next(path for path in names if not path.exists())
    beside.rename(kept)
    log.warning(
        "%s was saved twice while the bot replaced it; it is as it was saved last, and the version"
        " before is kept in %s",
        target,
        kept,
    )


def _same(path: Path, stamp: Stamp) -> bool:
    """Whether the file has this stamp, apart from the time at which it was renamed."""
    return replaced(Stamp.of(path.stat()), changed_ns=stamp.changed_ns) == stamp


def exchange(one: Path, other: Path) -> bool:
    """Exchanges two files of one folder: in one step where the system and the disk can do that.

    Elsewhere `other` gets the content of `one` in one step, and what `other` was before becomes `one`.
    Gives False, and `one` is gone, where not even that can be done. Raises OSError.
    """
    if _renameat2 and not _renameat2(_HERE, bytes(one), _HERE, bytes(other), _RENAME_EXCHANGE):
        return True
    spare = one.with_suffix(".old")
    try:
        os.link(other, spare)
    except FileNotFoundError:
        raise
    except OSError:  # FAT has no links
        one.replace(other)
        return False
    try:
        one.replace(other)
        spare.replace(one)
    finally:
        spare.unlink(missing_ok=True)
    return True


def umask() -> int:
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

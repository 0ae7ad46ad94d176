"""An error of the file system in words: what it is, and what to do about it."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
from pathlib import Path

from bot.errors import UserError, printable
from bot.texts import _


def reason(error: BaseException) -> str:
    """What the system says, in small letters: `permission denied`."""
    if isinstance(error, UnicodeDecodeError):
        return _("is not UTF-8")
    return (getattr(error, "strerror", None) or str(error)).lower()


def not_read(path: Path, error: BaseException) -> UserError:
    """The line about a file that cannot be read."""
    text = _("{path}: cannot be read: {error}", path=printable(str(path)), error=reason(error))
    return UserError(text)


def not_written(path: Path, error: BaseException, chosen: bool = False) -> UserError:
    """The line about a file that cannot be written, with what to do.

    Where the person who runs a command has `chosen` the path, it may be in a system folder, whose
    owner must not change.
    """
    return UserError(
        _(
            "{path}: cannot be written: {error}; {remedy}",
            path=printable(str(path)),
            error=reason(error),
            remedy=_elsewhere(path.parent) if chosen else remedy(error, path.parent),
        )
    )


def remedy(error: BaseException, folder: Path) -> str:
    """What to do about an error of writing into a folder; for wrong permissions it is a command."""
    code = error.errno if isinstance(error, OSError) else None
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        code = errno.ENOSPC
    is_root = not folder.absolute().name
    if code in (errno.EACCES, errno.EPERM) and not is_root:
        owner = f"{os.geteuid()}:{os.getegid()}"
        return _(
            "give the folder to the user who runs the bot: `{command}`",
            command=f"sudo chown -R {owner} {shlex.quote(str(folder))}",
        )
    if code in (errno.ENOSPC, errno.EDQUOT):
        return _("free some space on the disk that holds {folder}", folder=folder)
    if code == errno.EROFS:
        return _("{folder} is mounted read-only; mount it writable", folder=folder)
    if code == errno.ENOENT:
        return _("create the folder {folder}", folder=folder)
    return _elsewhere(folder)


def _elsewhere(folder: Path) -> str:
    return _("check the folder {folder} or choose another", folder=folder)

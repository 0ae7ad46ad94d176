"""What to do about an error of the file system."""

from __future__ import annotations

import errno
import os
import shlex
from pathlib import Path

from bot.texts import _


def remedy(error: BaseException, folder: Path) -> str:
    """What to do about an error of writing into a folder; for wrong permissions it is a command."""
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.EACCES, errno.EPERM):
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
    return _("check the folder {folder} or choose another", folder=folder)

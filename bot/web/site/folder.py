"""Puts a site into its folder: whole or not at all, and nothing of anybody else's is lost."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from bot.errors import UserError
from bot.library.files import umask
from bot.library.problem import shown
from bot.support.remedies import not_written
from bot.texts import _

MARKER = ".marginalia-site.json"
"""Says that a folder is ours, and which of its files are."""

Written = TypeVar("Written")


def publish(output: Path, write: Callable[[Path], Written]) -> Written:
    """Makes `output` what `write` puts into the empty folder it is given; gives what that gives.

    The new folder takes the place of the old one when it is complete. Files in the old one that
    are not ours stay (`CNAME`, `.git`); pages of ours that are no more are gone. Raises UserError
    for a folder that is not empty and was not made here, and for one that cannot be written.
    """
    try:
        target = output.resolve()
        before = target.with_name(f".{target.name}.before")
        if not target.exists() and (before / MARKER).is_file():
            before.rename(target)  # a crash came between two steps
        known = _ours(target, output)
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    except (OSError, RuntimeError) as error:
        raise not_written(output, error, chosen=True) from None
    try:
        written = write(made)
        _mark(made)
        if target.is_dir():
            _keep(target, known, made)
            made.chmod(target.stat().st_mode & 0o7777)
        else:
            made.chmod(0o777 & ~umask())
        _swap(target, made, before)
    except OSError as error:
        raise not_written(output, error, chosen=True) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return written


def files(output: Path) -> list[str]:
    """The paths of the site's own files in a folder that `publish` made."""
    return sorted(_ours(output.resolve(), output) - {MARKER})


def _ours(target: Path, output: Path) -> frozenset[str]:
    """The files in the folder that are ours. Raises UserError if it is somebody else's."""
    if not target.exists():
        return frozenset()
    if not target.is_dir():
        raise UserError(_("{output}: is not a folder; give another --output", output=shown(output)))
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        return frozenset(json.loads((target / MARKER).read_text("utf-8"))["files"])
    if any(target.iterdir()):
        raise UserError(
            _(
                "{output}: is not empty and was not made by `marginalia site`; empty it or give "
                "another --output",
                output=shown(output),
            )
        )
    return frozenset()


def _mark(folder: Path) -> None:
    files = sorted(path.relative_to(folder).as_posix() for path in _files(folder))
    marker = {"made by": "marginalia site", "files": [*files, MARKER]}
    # ASCII, for the name of a schedule may be any bytes.
    (folder / MARKER).write_text(json.dumps(marker, indent=0) + "\n", "ascii")


def _keep(old: Path, ours: frozenset[str], new: Path) -> None:
    """Puts what is not ours into the new folder too: as links, so that nothing is moved yet."""
    for path in _files(old):
        name = path.relative_to(old)
        if name.as_posix() in ours:
            continue
        there = new / name
        if os.path.lexists(there):
            raise UserError(
                _("{path}: is in the way of a page; move it elsewhere", path=shown(path))
            )
        try:
            there.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UserError(
                _("{path}: is in the way of a page; move it elsewhere", path=shown(path))
            ) from None
        try:
            os.link(path, there, follow_symlinks=False)
        except OSError:
            shutil.copy2(path, there, follow_symlinks=False)


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        here = Path(root)
        yield from (here / name for name in names)
        yield from (here / name for name in folders if (here / name).is_symlink())


def _swap(target: Path, made: Path, before: Path) -> None:
    if (before / MARKER).is_file():
        shutil.rmtree(before)
    if not target.exists():
        made.rename(target)
        return
    target.rename(before)
    try:
        made.rename(target)
    except OSError:
        before.rename(target)
        raise
    shutil.rmtree(before, ignore_errors=True)

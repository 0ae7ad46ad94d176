"""What is wrong with a file, as people read it: `file:line: what is wrong; what to do`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.errors import UserError, printable
from bot.texts import _


class Severity(StrEnum):
    """An error keeps an event from being used as written; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in one line of one file, and what to do about it."""

    path: Path
    line: int
    what: str
    hint: str
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        """Makes the texts safe for a terminal, whatever was quoted in them."""
        object.__setattr__(self, "what", printable(self.what))
        object.__setattr__(self, "hint", printable(self.hint))

    @property
    def is_error(self) -> bool:
        """Whether it is more than a warning."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        mark = "" if self.is_error else _("warning") + ": "
        return f"{shown(self.path)}:{self.line}: {mark}{self.what}; {self.hint}"


class FileError(Exception):
    """Why one file cannot be read or written, with the line in the file's own numbering.

    It stays inside the library: `at` makes a Problem of it.
    """

    def __init__(self, line: int, what: str, hint: str) -> None:
        super().__init__(f"{line}: {what}; {hint}")
        self.line = line
        self.what = what
        self.hint = hint

    def at(self, path: Path) -> Problem:
        """The same as a problem of the file at `path`."""
        return Problem(path, self.line, self.what, self.hint)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """A FileError in the block becomes a UserError, one line, which names the file at `path`."""
    try:
        yield
    except FileError as error:
        raise UserError(str(error.at(path))) from None


class BrokenYamlError(FileError):
    """YAML that cannot be read, or is not a mapping of keys."""


def shown(path: Path | str) -> str:
    """A path that any terminal can print: undecodable bytes and control characters replaced."""
    return printable(os.fsencode(path).decode("utf-8", "replace"))


def quoted(text: object, limit: int = 60) -> str:
    """What somebody wrote, short and on one line, to stand inside a problem.

    >>> quoted("a\\nb")
    '`a b`'
    """
    line = "".join(c if c.isprintable() else " " for c in str(text)[: limit + 1])
    return f"`{line[:limit]}…`" if len(line) > limit else f"`{line}`"

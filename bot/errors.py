"""The one kind of error that people see as a line, and not as a traceback."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with U+FFFD for each character that a terminal would not show but act on.

    >>> printable("a\\x1b[31mb")
    'a\ufffd[31mb'
    """
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


class UserError(Exception):
    """Something a person can mend. The text says what is wrong and what to do, in one line.

    The command line prints it and exits with 2.
    """

"""The one kind of error that people see as a line, and not as a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something a person can mend. The text says what is wrong and what to do, in one line.

    The command line prints it and exits with 2.
    """

"""How the bot logs: one line an event to standard error, never a secret, and no flood."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

_TOKENS = re.compile(r"\bx(?:ox[a-z]|app)-[\w-]+", re.ASCII)
_DIGITS = re.compile(r"\d+")
_PASSWORDS = re.compile(r"(://[^:/\s@]+:)[^@\s/]+(?=@)")


SAME_LINES = 20
"""Lines that are the same but for their numbers, and are written in `SAME_SECONDS`."""
SAME_SECONDS = 60.0
KINDS_OF_LINES = 1_000
"""Kinds of lines that are counted at once."""


class Redacting(logging.Formatter):
    """Hides what looks like a Slack token or a password in an address, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line without secrets."""
        return redacted(super().format(record))


class Counted(logging.Filter):
    """Lets a line through so many times a minute; after that it is counted, and the count told.

    Lines count as the same if they differ in their numbers alone; those of a traceback count, too,
    so that few tracebacks are written. The count is written with the next line of any kind after
    the minute.
    """

    def __init__(self, write: logging.Handler, now: Callable[[], float] = time.monotonic):
        super().__init__()
        self._write = write
        self._now = now
        self._seen: dict[tuple[str, int, str], tuple[float, int, int]] = {}
        self._ends = float("inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        # A handler takes its lock after its filters; threads log at the same time.
        self._write.acquire()
        try:
            return self._lets_through(record)
        finally:
            self._write.release()

    def _lets_through(self, record: logging.LogRecord) -> bool:
        now = self._now()
        if now >= self._ends:
            self._tell(now)
        key = (record.name, record.levelno, _DIGITS.sub("#", record.getMessage())[:200])
        if key not in self._seen and len(self._seen) >= KINDS_OF_LINES:
            self._tell(float("inf"))
        since, lines, left = self._seen.get(key, (now, 0, 0))
        written = lines < SAME_LINES
        if written:
            lines += 1 + self._write.format(record).count("\n")
        self._seen[key] = (since, lines, left + (not written))
        self._ends = min(self._ends, since + SAME_SECONDS)
        return written

    def _tell(self, now: float) -> None:
        """Writes how often lines came that were not written, and counts afresh."""
        over = {k: v for k, v in self._seen.items() if v[0] + SAME_SECONDS <= now}
        self._seen = {k: v for k, v in self._seen.items() if k not in over}
        self._ends = min((v[0] + SAME_SECONDS for v in self._seen.values()), default=float("inf"))
        for (name, level, text), (_since, _lines, left) in over.items():
            if left:
                more = f"{left} more lines like this one: {text}"
                self._write.emit(logging.LogRecord(name, level, "", 0, more, (), None))


def redacted(text: str) -> str:
    """The text with tokens and passwords replaced.

    >>> redacted("xoxb-1-2 postgresql://me:secret@host/db")
    'xox… postgresql://me:…@host/db'
    """
    return _PASSWORDS.sub(r"\1…", _TOKENS.sub("xox…", text))


def configure(level: str) -> None:
    """Logs to standard error, from `level` up (a name such as `INFO`)."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Counted(handler))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Bolt and the scheduler tell of every connection and look; that is for debugging them.
    quieter = logging.DEBUG if level == "DEBUG" else logging.WARNING
    # What Slack sends is logged by its clients when they are debugged, forms of people who ask
    # anonymously among it: never.
    for name in ("slack_bolt", "slack_sdk"):
        logging.getLogger(name).setLevel(max(quieter, logging.INFO))
    for name in ("watchfiles", "alembic", "aiohttp"):
        logging.getLogger(name).setLevel(quieter)
    # A look that lasts longer than the pause between two is no matter for a warning.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    # It warns of each pipeline whose connection is lost; the error that follows says so.
    logging.getLogger("psycopg").setLevel(logging.ERROR)

"""How the bot logs: one line an event to standard error, and never a secret."""

from __future__ import annotations

import logging
import re

_TOKENS = re.compile(r"\bx(?:ox[a-z]|app)-[\w-]+", re.ASCII)
_PASSWORDS = re.compile(r"(://[^:/\s@]+:)[^@\s/]+(?=@)")


class Redacting(logging.Formatter):
    """Hides what looks like a Slack token or a password in an address, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line without secrets."""
        return redacted(super().format(record))


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

"""What went over the wire, both ways, for tests and for people who look on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from slackbox.model import Json

LENGTH = 5_000


class Wire:
    """The last so many entries. Tokens never come out of it.

    Bodies are kept as they were handed over and redacted when they are read, so that a busy wire
    costs little; whoever hands one over does not change it afterwards.
    """

    def __init__(self, now: Callable[[], float], secrets: Iterable[str], length: int = LENGTH):
        self._now = now
        self._secrets = tuple(secrets)
        self._entries: deque[Json] = deque(maxlen=length)
        self._count = 0

    def add(self, kind: str, **what: Any) -> None:
        """Notes an entry: `request`, `answer`, `delivery`, `acknowledgement`, `socket`."""
        self._count += 1
        self._entries.append({"number": self._count, "at": self._now(), "kind": kind, **what})

    def entries(self, after: int = 0) -> list[Json]:
        """Entries later than number `after`, oldest first."""
        return [self._redacted(entry) for entry in self._entries if entry["number"] > after]

    def clear(self) -> None:
        """Forgets all entries; numbers go on."""
        self._entries.clear()

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._redacted(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._redacted(item) for item in value]
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, "[redacted]")
        return value

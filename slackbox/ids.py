"""Names as Slack gives them: IDs by a seed, and timestamps that never repeat."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_TS = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?\Z", re.ASCII)

MICRO = 1_000_000


class Ids:
    """IDs that look as Slack's; the same seed gives the same ones in the same order."""

    def __init__(self, seed: int):
        self._random = Random(seed)  # noqa: S311 - a test's numbers, no secrets
        self._given: set[str] = set()

    def make(self, prefix: str, length: int = 11) -> str:
        """A new ID: `prefix`, then capitals and digits, `length` characters in all."""
        while True:
            made = prefix + "".join(self._random.choices(_ALPHABET, k=length - len(prefix)))
            if made not in self._given:
                self._given.add(made)
                return made

    def passing(self, prefix: str, length: int = 11) -> str:
        """An ID of something that is not kept: an event, a delivery. Not remembered as given."""
        return prefix + "".join(self._random.choices(_ALPHABET, k=length - len(prefix)))

    def secret(self, length: int) -> str:
        """Lowercase hexadecimal digits, for tokens and tickets of the sandbox."""
        return f"{self._random.getrandbits(4 * length):0{length}x}"

    def number(self, digits: int) -> str:
        """A number with just that many digits."""
        return str(self._random.randrange(10 ** (digits - 1), 10**digits))

    def uuid(self) -> str:
        """A random UUID, as clients and envelopes have one."""
        h = self.secret(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


class Stamps:
    """Slack's `ts`: unique and increasing in the workspace, even when time stands still."""

    def __init__(self, time_source: Callable[[], float]):
        self.time_source = time_source
        self._last = 0
        self._used: set[int] = set()

    def now(self) -> float:
        """The wall time, in seconds since 1970 (UTC)."""
        return self.time_source()

    def next(self) -> int:
        """The present as a key no message has, later than every one given before."""
        key = max(round(self.time_source() * MICRO), self._last + 1)
        while key in self._used:
            key += 1
        self._last = key
        self._used.add(key)
        return key

    def at(self, moment: float) -> int:
        """A free key at a given moment, or just after; for a past that is played again."""
        key = round(moment * MICRO)
        while key in self._used:
            key += 1
        self._used.add(key)
        return key

    def exactly(self, ts: str) -> int | None:
        """The key of a given `ts`; None if a message has it."""
        key = key_of(ts)
        if key is None or key in self._used:
            return None
        self._used.add(key)
        return key


def key_of(ts: str) -> int | None:
    """A `ts` as whole microseconds, which sort; None if it is no timestamp."""
    found = _TS.match(ts)
    if found is None:
        return None
    return int(found[1]) * MICRO + int((found[2] or "0").ljust(6, "0"))


def ts_of(key: int) -> str:
    """Microseconds as a `ts`."""
    return f"{key // MICRO}.{key % MICRO:06d}"

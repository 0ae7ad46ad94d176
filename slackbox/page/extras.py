"""What whoever composes a sandbox adds to its page: a clock to move, papers to read, a tour."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

Step = Callable[[], Awaitable[str | None]]
"""Moves the clock and gives what to say about it, if anything; raises Refusal where that cannot be."""

Paper = Callable[[], str | None]
"""A text to read, None while there is none."""


@dataclass(frozen=True)
class Extras:
    """All of it by name, in the order in which the page shows it."""

    clock: Mapping[str, Step] = field(default_factory=dict)
    papers: Callable[[], Mapping[str, Paper]] = dict
    links: Callable[[], Mapping[str, str]] = dict
    """Gives the addresses of other pages of this machine."""
    tour: Sequence[str] = ()
    """What a newcomer does, a sentence each."""
    me: str | None = None
    """Who one is at first: an ID or a name."""
    channel: str | None = None
    """Where one is at first."""

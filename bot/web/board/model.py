"""What a board shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as everybody may see it; `text` is Markdown."""

    name: str
    text: str
    by_author: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question as everybody may see it.

    `key` names it on the page; `text` is Markdown; `answered_by` are the names of the authors who
    replied, `replies` are in the order they were given; `link` leads to it in Slack ('' where that
    is not known).
    """

    key: str
    name: str
    text: str
    at: datetime
    votes: int
    replies: tuple[Reply, ...]
    answered_by: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """A session and its questions, by time. `start` and `end` are aware UTC.

    A session that is not open either has not begun or, with `is_over`, has ended.
    """

    title: str
    authors: tuple[str, ...]
    start: datetime
    end: datetime
    is_open: bool
    is_over: bool
    link: str
    questions: Sequence[Question]

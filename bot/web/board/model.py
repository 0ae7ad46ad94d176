"""What a board shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A question as everybody may see it.

    `key` names it on the page; `text` is Markdown; `answered_by` are the names of the authors who
    replied, `replies` counts all replies; `link` leads to it in Slack ('' where that is not known).
    """

    key: str
    name: str
    text: str
    at: datetime
    votes: int
    replies: int
    answered_by: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """A session and its questions, by time. `start` and `end` are aware UTC."""

    title: str
    authors: tuple[str, ...]
    start: datetime
    end: datetime
    is_open: bool
    link: str
    questions: Sequence[Question]

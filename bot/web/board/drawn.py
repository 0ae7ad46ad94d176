"""A board as HTML: each question once, and again only when it changed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from babel.dates import format_skeleton

from bot.texts import N_, _, n_
from bot.web import look, text
from bot.web.board.model import Board, Question

ORDERS = {"votes": N_("by votes"), "time": N_("newest first")}
"""How questions can be ordered, and what that is called."""
KEPT_TEXTS = 20_000
"""Texts whose HTML is kept: those of some long sessions."""


@dataclass(frozen=True, slots=True)
class Item:
    """A question as HTML, with what it is sorted by."""

    html: str
    votes: int
    at: float
    answered: bool


@dataclass(eq=False)
class Drawn:
    """A board at one moment. `version` is the same for the same board, on every replica."""

    board: Board
    items: Mapping[str, Item]
    version: str
    _pages: dict[tuple[str, str, bool], bytes] = field(default_factory=dict)

    @property
    def head(self) -> dict[str, Any]:
        """What the page says beside the questions."""
        answered = sum(item.answered for item in self.items.values())
        return {
            "questions": len(self.items),
            "answered": answered,
            "open": self.board.is_open,
            "state": state(self.board),
            "counts": counts(len(self.items), answered),
        }

    def page(self, address: str, order: str, packed: bool) -> bytes:
        """The page at its public `address`, in an order of ORDERS; `packed` by gzip."""
        key = (address, order, packed)
        if key not in self._pages:
            if packed:
                self._pages[key] = gzip.compress(self.page(address, order, False), 6, mtime=0)
            else:
                self._pages[key] = self._page(address, order).encode()
        return self._pages[key]

    def _page(self, address: str, order: str) -> str:
        ordered = sorted(self.items.items(), key=lambda pair: _place(pair[1], order))
        return look.render(
            "board/board.html",
            root="../",
            board=self.board,
            head=self.head,
            items=ordered,
            order=order,
            orders={name: _(words) for name, words in ORDERS.items()},
            texts=texts(),
            version=self.version,
            address=address,
            shown_address=address.partition("://")[2],
        )


def draw(board: Board) -> Drawn:
    """Draws a board; texts that were drawn lately are not drawn again."""
    items = {question.key: _item(question) for question in board.questions}
    digest = blake2b(digest_size=12)
    about = [board.title, board.authors, state(board), board.link]
    digest.update(json.dumps(about).encode())
    for key, item in items.items():
        digest.update(f"\0{key}\0{item.html}\0{item.votes}".encode("utf-8", "surrogatepass"))
    return Drawn(board, items, digest.hexdigest())


def _place(item: Item, order: str) -> tuple[float, float]:
    """Most votes first, and of as many the one asked first; or the latest first."""
    return (-item.votes, item.at) if order == "votes" else (-item.at, 0.0)


def state(board: Board) -> str:
    """Whether the session is open, as a sentence."""
    if board.is_open:
        return _("The session is open.")
    return _("The session is over.") if board.is_over else _("The session has not begun yet.")


def counts(questions: int, answered: int) -> str:
    """`12 questions, 5 answered`."""
    asked = n_("{count} question", "{count} questions", questions)
    return f"{asked}, {n_('{count} answered', '{count} answered', answered)}"


def texts() -> str:
    """What the page's script says, as JSON."""
    return json.dumps(
        {
            "live": _("live"),
            "trying": _("connection lost, trying again"),
            "lost": _("no longer live; reload the page"),
            "down": _("This board was taken down."),
            "one": _("New question by {name}."),
            "many": _("{count} new questions."),
            "place": _("{number} of {all}"),
        }
    )


def change(before: Drawn, after: Drawn) -> dict[str, Any]:
    """What a page that shows `before` must be told to show `after`."""
    return {
        "put": [item.html for key, item in after.items.items() if before.items.get(key) != item],
        "gone": [key for key in before.items if key not in after.items],
        **after.head,
    }


def whole(drawn: Drawn) -> dict[str, Any]:
    """All of it, for a page of which nobody knows what it shows."""
    return {"all": [item.html for item in drawn.items.values()], **drawn.head}


def _item(question: Question) -> Item:
    at = question.at.timestamp()
    return Item(_html(question), question.votes, at, bool(question.answered_by))


@lru_cache(KEPT_TEXTS)
def _html(question: Question) -> str:
    at = question.at
    return look.render(
        "board/question.html",
        question=question,
        shown=_message(question.text),
        replies=[(reply, _message(reply.text)) for reply in question.replies],
        seconds=at.timestamp(),
        shown_at=f"{format_skeleton('MMMd', at, locale=look.locale())}, {at:%H:%M} UTC",
    )


@lru_cache(KEPT_TEXTS)
def _message(markdown: str) -> text.Shown:
    return text.message(markdown)

"""Long lists in pages, for Slack takes 50 blocks of a message and 100 of a view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.slack.blocks.kit import Block, actions, button, note
from bot.texts import _

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list: `number` of `count`, from 1 on."""

    items: Sequence[T]
    number: int
    count: int


def page(items: Sequence[T], number: int, size: int) -> Page[T]:
    """The page of a list with this number; the last one where there are not as many any more."""
    count = max(1, -(-len(items) // size))
    number = min(max(1, number), count)
    return Page(items[(number - 1) * size : number * size], number, count)


def turning(shown: Page[T], action: str, value: str) -> list[Block]:
    """The buttons to the pages before and after it; nothing for a list of one page.

    The actions are `{action}_previous` and `{action}_next`; what they carry is `value` and the
    number of the page, with a blank between.
    """
    if shown.count == 1:
        return []
    buttons = []
    if shown.number > 1:
        target = f"{value} {shown.number - 1}"
        buttons.append(button(_("‹ Previous"), f"{action}_previous", target))
    if shown.number < shown.count:
        buttons.append(button(_("Next ›"), f"{action}_next", f"{value} {shown.number + 1}"))
    return [
        note(_("Page {number} of {count}", number=shown.number, count=shown.count)),
        actions(*buttons, block_id=f"pages {action} {value}"),
    ]


def turned(value: str) -> tuple[str, int]:
    """What such a button carries; the first page where that is no number."""
    rest, _blank, number = value.rpartition(" ")
    # Nothing that a person sends is taken for a number of any length.
    return rest, int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1

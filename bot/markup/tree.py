"""The tree between Slack's message and Markdown: blocks of inline pieces, nothing nested deeper.

It is flat on purpose. Slack's rich text has no nesting but the indent of a list item, and a run
of text carries its marks with it; so the tree has just that, and two messages that look the same
in Slack are one tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, dataclass_transform

# The marks on a run of text, added up. Plain numbers: an enum.IntFlag costs more than the parsing.
BOLD = 1
ITALIC = 2
STRIKE = 4
CODE = 8

_Node = TypeVar("_Node")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def node(cls: type[_Node]) -> type[_Node]:
    """A dataclass that the type checker holds frozen; one that Python froze is slow to make."""
    return dataclass(slots=True)(cls)


@node
class Text:
    """A run of text as it shows, `\\n` for a line break."""

    text: str
    style: int = 0


@node
class Link:
    """A link; `label` is what shows, '' where that is the address itself."""

    url: str
    label: str = ""
    style: int = 0


@node
class Mention:
    """Someone or something named by its Slack ID; `kind` is `user`, `channel` or `usergroup`.

    `label` is the name that the message itself carries (`<#C1|general>`): a fallback, and not a
    part of what the message says.
    """

    kind: str
    id: str
    label: str = field(default="", compare=False)
    style: int = 0


@node
class Emoji:
    """An emoji by its short name, tone `2` to `6`, two joined by `-`, or ''.

    `unicode` is Slack's own field (`1f44b-1f3fc`), for a name that our table does not have.
    """

    name: str
    tone: str = ""
    unicode: str = field(default="", compare=False)
    style: int = 0


Inline = Text | Link | Mention | Emoji
Inlines = tuple[Inline, ...]


@node
class Paragraph:
    """Lines of text; an empty line among them shows as one.

    `inside` says that it stands in the last item of the list before it, below a heading there.
    """

    content: Inlines
    inside: bool = False


@node
class Heading:
    """A heading; `inside` says that it stands in the last item of the list before it."""

    content: Inlines
    level: int = 3
    quoted: bool = False
    inside: bool = False


@node
class Table:
    """Rows with the same number of cells; the first is the head, where there are others."""

    rows: tuple[tuple[Inlines, ...], ...]
    quoted: bool = False


@node
class Quote:
    content: Inlines


@node
class Code:
    """A preformatted block; what is in it shows as it is. It may stand in a quote."""

    content: Inlines
    quoted: bool = False


@node
class Item:
    """An item of a list: how deep it stands, and its number (None is a bullet)."""

    content: Inlines
    indent: int = 0
    number: int | None = None


@node
class List:
    """Items that follow one another, of whatever depth and kind. It may stand in a quote."""

    items: tuple[Item, ...]
    quoted: bool = False


@node
class Divider:
    """A line across."""


Block = Paragraph | Heading | Table | Quote | Code | List | Divider
Tree = tuple[Block, ...]


def quoted(block: Block) -> bool:
    """Whether a block stands in a quote, or is one."""
    return isinstance(block, Quote) or (
        isinstance(block, Heading | Table | Code | List) and block.quoted
    )


def inside(block: Block) -> bool:
    """Whether a block stands in the last item of the list before it."""
    return isinstance(block, Paragraph | Heading) and block.inside


def contents(block: Block) -> Sequence[Inlines]:
    """What stands in a block: its text, each item of a list, each cell of a table."""
    match block:
        case List():
            return [item.content for item in block.items]
        case Table():
            return [cell for row in block.rows for cell in row]
        case Divider():
            return []
        case _:
            return [block.content]


def changed(block: Block, change: Callable[[Inlines], Inlines]) -> Block:
    """A block whose text, items or cells are what `change` makes of each."""
    match block:
        case List():
            items = tuple(replace(item, content=change(item.content)) for item in block.items)
            return replace(block, items=items)
        case Table():
            return replace(block, rows=tuple(tuple(map(change, row)) for row in block.rows))
        case Divider():
            return block
        case _:
            return replace(block, content=change(block.content))


def in_quote(block: Block) -> Block:
    """A block as it stands in a quote."""
    match block:
        case Paragraph():
            return Quote(block.content)
        case Heading():
            return replace(block, quoted=True, inside=False)
        case Table() | List() | Code():
            return replace(block, quoted=True)
        case _:
            return block


def joined(lines: Iterable[Inlines]) -> Inlines:
    """Lines as inline pieces, with a line break between each two."""
    found: list[Inline] = []
    for number, line in enumerate(lines):
        if number:
            found.append(Text("\n"))
        found.extend(line)
    return tuple(found)


def inlines(tree: Tree) -> Iterator[Inline]:
    """Every inline piece of a tree, in order."""
    for block in tree:
        for content in contents(block):
            yield from content

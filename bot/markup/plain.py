"""The tree as the text a reader sees."""

from __future__ import annotations

from bot.markup import names as naming
from bot.markup.names import Names
from bot.markup.normal import level_mark
from bot.markup.tree import Divider, Emoji, Inlines, Link, List, Mention, Quote, Text, Tree


def visible(tree: Tree, names: Names) -> str:
    """The visible text of a tree, line by line."""
    lines: list[str] = []
    for block in tree:
        match block:
            case Divider():
                lines.append("———")
            case List():
                for item in block.items:
                    mark = level_mark(item.indent, item.number)
                    lines.append("    " * item.indent + mark + _inlines(item.content, names))
            case Quote():
                lines.extend(f"> {line}" for line in _inlines(block.content, names).split("\n"))
            case _:
                lines.append(_inlines(block.content, names))
    return "\n".join(lines)


def _inlines(pieces: Inlines, names: Names) -> str:
    parts: list[str] = []
    for piece in pieces:
        match piece:
            case Text():
                parts.append(piece.text)
            case Link():
                parts.append(piece.label or piece.url)
            case Mention():
                parts.append(naming.mention(piece, names))
            case Emoji():
                parts.append(naming.emoji(piece, names))
    return "".join(parts)

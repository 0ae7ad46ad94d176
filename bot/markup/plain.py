"""The tree as the text a reader sees."""

from __future__ import annotations

from bot.markup import names as naming
from bot.markup.names import Names
from bot.markup.normal import level_mark
from bot.markup.tree import Divider, Emoji, Inlines, Link, List, Mention, Table, Text, Tree, quoted


def visible(tree: Tree, names: Names) -> str:
    """The visible text of a tree, line by line."""
    lines: list[str] = []
    for block in tree:
        start = len(lines)
        match block:
            case Divider():
                lines.append("———")
            case List():
                for item in block.items:
                    mark = level_mark(item.indent, item.number)
                    lines.append("    " * item.indent + mark + _inlines(item.content, names))
            case Table():
                for row in block.rows:
                    cells = (" ".join(_inlines(cell, names).split("\n")) for cell in row)
                    lines.append(" | ".join(cells))
            case _:
                lines.extend(_inlines(block.content, names).split("\n"))
        if quoted(block):
            lines[start:] = [f"> {line}" for line in lines[start:]]
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

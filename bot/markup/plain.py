"""The tree as the text a reader sees."""

from __future__ import annotations

from bot.markup.names import Names, shown
from bot.markup.normal import level_mark
from bot.markup.tree import Divider, List, Table, Tree, quoted


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
                    lines.append("    " * item.indent + mark + shown(item.content, names))
            case Table():
                for row in block.rows:
                    cells = (" ".join(shown(cell, names).split("\n")) for cell in row)
                    lines.append(" | ".join(cells))
            case _:
                lines.extend(shown(block.content, names).split("\n"))
        if quoted(block):
            lines[start:] = [f"> {line}" for line in lines[start:]]
    return "\n".join(lines)

"""The tree as a message to Slack: mrkdwn for `text`, and a `rich_text` block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.markup import emoji
from bot.markup.inline import extent
from bot.markup.markdown import write
from bot.markup.mrkdwn import escape
from bot.markup.names import NoNames
from bot.markup.normal import level_mark, merged, restyled
from bot.markup.tree import (
    BOLD,
    CODE,
    ITALIC,
    STRIKE,
    Block,
    Code,
    Divider,
    Emoji,
    Heading,
    Inline,
    Inlines,
    Item,
    Link,
    List,
    Mention,
    Paragraph,
    Quote,
    Table,
    Text,
    Tree,
    changed,
    inside,
)

# What Slack takes: https://docs.slack.dev/reference/block-kit/blocks
HEADER, HEADER_LEVELS = 150, 4
ROWS, COLUMNS = 100, 20

_STYLES = {"bold": BOLD, "italic": ITALIC, "strike": STRIKE, "code": CODE}
_DELIMITERS = ((BOLD, "*"), (ITALIC, "_"), (STRIKE, "~"))
_TOKENS = {"user": "<@{}>", "channel": "<#{}>", "usergroup": "<!subteam^{}>"}
_IDS = {"user": "user_id", "channel": "channel_id", "usergroup": "usergroup_id"}


def message(tree: Tree) -> dict[str, Any]:
    """The `text` and `blocks` that `chat.postMessage` takes for a tree.

    There are no blocks where there is nothing to say: Slack refuses an empty one.
    """
    if all(map(_has_block, tree)):
        blocks = list(_rich_text(tree))
    else:
        blocks = [{"type": "markdown", "text": write(tree, NoNames())}]
    return {"text": mrkdwn(tree), "blocks": blocks}


def _has_block(block: Block) -> bool:
    """Whether Slack has a block of its own for what stands here; its `markdown` block says more."""
    if inside(block):
        return False
    match block:
        case Heading():
            plain = all(isinstance(piece, Text | Emoji) for piece in block.content)
            short = sum(map(len, map(_mrkdwn_plain, block.content))) <= HEADER
            return plain and short and block.level <= HEADER_LEVELS and not block.quoted
        case Table():
            return len(block.rows) <= ROWS and len(block.rows[0]) <= COLUMNS and not block.quoted
        case _:
            return True


def mrkdwn(tree: Tree) -> str:
    """The tree as mrkdwn, as Slack itself writes the `text` of what was written in its editor."""
    return "\n".join(_mrkdwn_block(block) for block in tree)


def _mrkdwn_block(block: Block) -> str:
    match block:
        case Paragraph():
            return _mrkdwn_inlines(block.content)
        case Heading():
            return _mrkdwn_inlines(
                tuple(restyled(piece, piece.style | BOLD) for piece in block.content)
            )
        case Table():
            return "\n".join(" | ".join(map(_mrkdwn_cell, row)) for row in block.rows)
        case Quote():
            lines = _mrkdwn_inlines(block.content).split("\n")
            return "\n".join(f"&gt; {line}".rstrip() for line in lines)
        case Code():
            return "```" + "".join(_mrkdwn_plain(piece) for piece in block.content) + "```"
        case List():
            return "\n".join(
                "    " * item.indent
                + level_mark(item.indent, item.number)
                + _mrkdwn_inlines(item.content)
                for item in block.items
            )
        case Divider():
            return "———"


def _mrkdwn_inlines(pieces: Inlines) -> str:
    """Marks around each run: what two runs share is closed and opened again between them."""
    parts: list[str] = []
    open_marks: list[int] = []
    delimiter = dict(_DELIMITERS)
    for index, piece in enumerate(pieces):
        while any(not piece.style & mark for mark in open_marks):
            parts.append(delimiter[open_marks.pop()])
        missing = [mark for mark in delimiter if piece.style & mark and mark not in open_marks]
        missing.sort(key=lambda mark: -extent(pieces, index, mark))
        for mark in missing:
            parts.append(delimiter[mark])
            open_marks.append(mark)
        shown = _mrkdwn_plain(piece)
        parts.append(f"`{shown}`" if piece.style & CODE else shown)
    parts.extend(delimiter[mark] for mark in reversed(open_marks))
    return "".join(parts)


def _mrkdwn_cell(content: Inlines) -> str:
    return _mrkdwn_inlines(content).replace("\n", " ")


def _mrkdwn_plain(piece: Inline) -> str:
    match piece:
        case Text():
            return escape(piece.text)
        case Link():
            url = escape(piece.url).replace("|", "%7C")
            label = escape(piece.label).replace("|", "\u2758")
            return f"<{url}|{label}>" if label else f"<{url}>"
        case Mention():
            return _TOKENS[piece.kind].format(piece.id)
        case Emoji():
            return f":{piece.name}:" + (f":skin-tone-{piece.tone}:" if piece.tone else "")


def _rich_text(tree: Tree) -> Iterator[dict[str, Any]]:
    """Blocks for a tree: what has none of its own is in one `rich_text` between those."""
    elements: list[dict[str, Any]] = []
    for index, block in enumerate(tree):
        if isinstance(block, Divider | Heading | Table):
            if elements:
                yield {"type": "rich_text", "elements": elements}
                elements = []
            yield _alone(block)
        else:
            last = index + 1 == len(tree) or isinstance(tree[index + 1], Divider | Heading | Table)
            elements.extend(_rich_elements(block, last=last))
    if elements:
        yield {"type": "rich_text", "elements": elements}


def _alone(block: Divider | Heading | Table) -> dict[str, Any]:
    match block:
        case Divider():
            return {"type": "divider"}
        case Heading():
            text = "".join(map(_mrkdwn_plain, block.content))
            return {
                "type": "header",
                "text": {"type": "plain_text", "text": text, "emoji": True},
                "level": block.level,
            }
        case Table():
            return {"type": "table", "rows": [list(map(_cell, row)) for row in block.rows]}


def _cell(content: Inlines) -> dict[str, Any]:
    if all(isinstance(piece, Text) and not piece.style for piece in content):
        text = "".join(piece.text for piece in content if isinstance(piece, Text))
        return {"type": "raw_text", "text": text or " "}  # an empty one is refused
    section = {"type": "rich_text_section", "elements": _rich_inlines(content)}
    return {"type": "rich_text", "elements": [section]}


def _rich_elements(block: Block, *, last: bool) -> Iterator[dict[str, Any]]:
    match block:
        case Paragraph():
            # The line break before what follows is the section's own, as Slack's editor has it.
            content = block.content if last else (*block.content, Text("\n"))
            yield {"type": "rich_text_section", "elements": _rich_inlines(content)}
        case Quote():
            yield {"type": "rich_text_quote", "elements": _rich_inlines(block.content)}
        case Code():
            elements = _rich_inlines(block.content)
            border = int(block.quoted)
            yield {"type": "rich_text_preformatted", "border": border, "elements": elements}
        case List():
            yield from _rich_lists(block.items, int(block.quoted))


def _rich_lists(items: Sequence[Item], border: int) -> Iterator[dict[str, Any]]:
    """A `rich_text_list` for each run of items of one depth and kind whose numbers go on."""
    current: dict[str, Any] | None = None
    number: int | None = None
    for item in items:
        style = "bullet" if item.number is None else "ordered"
        goes_on = item.number is None or (number is not None and item.number == number + 1)
        if current and current["style"] == style and current["indent"] == item.indent and goes_on:
            current["elements"].append(_section(item))
        else:
            if current:
                yield current
            current = {
                "type": "rich_text_list",
                "style": style,
                "indent": item.indent,
                "border": border,
                "elements": [_section(item)],
            }
            if item.number is not None and item.number > 1:
                current["offset"] = item.number - 1
        number = item.number
    if current:
        yield current


def _section(item: Item) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": _rich_inlines(item.content)}


def _rich_inlines(pieces: Inlines) -> list[dict[str, Any]]:
    return [_rich_inline(piece) for piece in merged(pieces)]


def _rich_inline(piece: Inline) -> dict[str, Any]:
    element: dict[str, Any]
    match piece:
        case Text():
            element = {"type": "text", "text": piece.text}
        case Link():
            element = {"type": "link", "url": piece.url}
            if piece.label:
                element["text"] = piece.label
        case Mention():
            element = {"type": piece.kind, _IDS[piece.kind]: piece.id}
        case Emoji():
            name = f"{piece.name}::skin-tone-{piece.tone}" if "-" in piece.tone else piece.name
            element = {"type": "emoji", "name": name}
            if piece.tone and "-" not in piece.tone:
                element["skin_tone"] = int(piece.tone)
            characters = emoji.standard(piece.name, piece.tone)
            code_points = emoji.to_unicode(characters) if characters else piece.unicode
            if code_points:
                element["unicode"] = code_points
    style = {name: True for name, mark in _STYLES.items() if piece.style & mark}
    if style:
        element["style"] = style
    return element


def announce(tree: Tree) -> str:
    """The tree as mrkdwn to be read by Slack alone, where a literal mark must not become one.

    mrkdwn has no escape for `*`, `_`, `~` and the backtick: a zero-width space beside one that
    would mark something keeps it from doing so.
    """
    return mrkdwn(
        tuple(
            block if isinstance(block, Code) else changed(block, _neutral_inlines) for block in tree
        )
    )


_RISKY = re.compile(r"(?<!\w)[*_~`](?=\S)|:(?=[a-z0-9_+'-]+:)")


def _neutral_inlines(pieces: Inlines) -> Inlines:
    return tuple(
        Text(_RISKY.sub("\\g<0>\u200b", piece.text), piece.style)
        if isinstance(piece, Text) and not piece.style & CODE
        else piece
        for piece in pieces
    )

"""One form for what shows the same: merged runs, marks only on what can be seen marked.

Slack lets a bold run end in a space, span lines, or be cut in two; mrkdwn can say none of this,
and no reader sees it. Both roads into the tree end here, so they end in the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from bot.markup.tree import (
    CODE,
    Block,
    Code,
    Heading,
    Inline,
    Inlines,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Table,
    Text,
    Tree,
    joined,
)

# What JSON can carry and no page can show: controls, half a surrogate pair, noncharacters. What
# ends a line for Unicode is here too, but the line feed. As the inside of a set of characters.
UNSHOWABLE_SET = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U0001fffe-\U0010ffff"
)
# The last range is wider, so that the set is quick to look up in; what is in it is rare.
SUSPECT = re.compile(f"[{UNSHOWABLE_SET}]")
_UNSHOWABLE = re.compile(
    "[\u2028\u2029\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

# How Slack writes a list in `text`: four spaces for each level, then the mark of that level.
_ITEM = re.compile(r"((?:    )*)(?:([•◦▪])\ufe0e? |([0-9]{1,9}|[a-z]{1,12})\. )")
_BULLETS = "•◦▪"
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


# What a browser takes out of an address before it looks at it:
# https://url.spec.whatwg.org/#concept-basic-url-parser
_DROPPED = re.compile(r"[\t\n]")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# Schemes that run or carry a document of their own; a reader sees the words, and no link.
_SCRIPTS = frozenset(
    "about blob data file filesystem jar javascript livescript mhtml mocha vbscript view-source "
    "ws wss".split()
)


def level_mark(indent: int, number: int | None) -> str:
    """What Slack puts before an item in `text`: `• `, `1. `, `a. `, `i. ` and so on by depth."""
    level = indent % 3
    if number is None:
        return _BULLETS[level] + ("\ufe0e " if level == 2 else " ")
    return (str, _letters, _roman)[level](number) + ". "


def _letters(number: int) -> str:
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _roman(number: int) -> str:
    numerals = ""
    for value, numeral in _ROMAN:
        while number >= value:
            number -= value
            numerals += numeral
    return numerals


def restyled(piece: Inline, style: int) -> Inline:
    """A piece with other marks."""
    if piece.style == style:
        return piece
    return Text(piece.text, style) if isinstance(piece, Text) else replace(piece, style=style)


def clean(text: str) -> str:
    """`text` without what cannot be shown; a half of a surrogate pair shows as U+FFFD."""
    if (
        text.replace("\n", " ").isprintable()
        or SUSPECT.search(text) is None
        or _UNSHOWABLE.search(text) is None
    ):
        return text
    # A pair in two halves is one character; a half alone is none.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _UNSHOWABLE.sub("", _BREAKS.sub("\n", text))


def tree(blocks: Iterable[Block]) -> Tree:
    """The one form of a message's blocks."""
    whole: list[Block] = []
    for block in _normal(blocks):
        last = whole[-1] if whole else None
        if (
            isinstance(block, Paragraph)
            and isinstance(last, Paragraph)
            and block.inside == last.inside
        ):
            whole[-1] = Paragraph(_joined(last.content, block.content), last.inside)
        elif isinstance(block, Quote) and isinstance(last, Quote):
            whole[-1] = Quote(_joined(last.content, block.content))
        elif isinstance(block, List) and isinstance(last, List) and block.quoted == last.quoted:
            whole[-1] = List(last.items + block.items, last.quoted)
        else:
            whole.append(block)
    while whole and isinstance(first := whole[0], Paragraph):
        content = _trimmed(first.content, start=True)
        if content:
            whole[0] = Paragraph(content)
            break
        del whole[0]
    while whole and isinstance(last := whole[-1], Paragraph):
        content = _trimmed(last.content, end=True)
        if content:
            whole[-1] = Paragraph(content, last.inside)
            break
        del whole[-1]
    if whole and isinstance(block := whole[-1], List) and block.items:
        final = block.items[-1]
        final = Item(_trimmed(final.content, end=True), final.indent, final.number)
        whole[-1] = List((*block.items[:-1], final), block.quoted)
    return tuple(whole)


def content(pieces: Inlines) -> Inlines:
    """Inline pieces in their one form."""
    for piece in pieces:
        if piece.style:
            return merged(_unmarked(pieces))
    return merged(pieces)


def _normal(blocks: Iterable[Block]) -> Iterator[Block]:
    """Each block in its one form, lists that follow one another as one."""
    lists: list[List] = []
    for block in blocks:
        if isinstance(block, List):
            if lists and lists[0].quoted != block.quoted:
                yield _list(lists)
                lists = []
            lists.append(block)
            continue
        if lists:
            yield _list(lists)
            lists = []
        if isinstance(block, Paragraph):
            inner = content(block.content)
            if _may_list(inner) and not block.inside:
                yield from _listed(inner)
            else:
                yield Paragraph(inner, block.inside)
        else:
            yield from _one(block)
    if lists:
        yield _list(lists)


def _one(block: Block) -> Iterator[Block]:
    match block:
        case Quote():
            inner = _trimmed(content(block.content), start=True, end=True)
            if inner:
                yield Quote(inner)
        case Code():
            inner = _preformatted(block.content)
            if inner:
                yield Code(inner, block.quoted)
        case Heading():
            inner = _trimmed(content(block.content), start=True, end=True)
            if inner:
                yield replace(block, content=inner)
        case Table():
            rows = [
                tuple(_trimmed(content(cell), start=True, end=True) for cell in row)
                for row in block.rows
                if row
            ]
            width = max(map(len, rows), default=0)
            if any(map(any, rows)):
                yield replace(block, rows=tuple(row + ((),) * (width - len(row)) for row in rows))
        case _:
            yield block


def _list(lists: list[List]) -> List:
    items = [
        Item(_item_trimmed(content(item.content)), item.indent, item.number)
        for block in lists
        for item in block.items
    ]
    return _whole(items, quoted=lists[0].quoted)


def _whole(items: Iterable[Item], *, quoted: bool = False) -> List:
    """Lists that follow one another, by the depths that they have by themselves.

    None of them hangs under what stands before, not even where nothing is left between.
    """
    found, above = [], list[int]()
    for item in items:
        while above and above[-1] >= item.indent:
            above.pop()
        found.append(Item(item.content, len(above), item.number))
        above.append(item.indent)
    return List(tuple(found), quoted)


def _preformatted(pieces: Inlines) -> Inlines:
    """What a code block shows: no marks, no links, no empty lines at its start and end."""
    known = list(
        merged(
            Text(piece.label or piece.url) if isinstance(piece, Link) else restyled(piece, 0)
            for piece in pieces
        )
    )
    if known and isinstance(known[0], Text):
        known[0] = Text(known[0].text.lstrip("\n"))
    if known and isinstance(known[-1], Text):
        known[-1] = Text(known[-1].text.rstrip("\n"))
    return merged(known)


def merged(pieces: Iterable[Inline]) -> Inlines:
    """Inline pieces, runs of text with the same marks as one."""
    out: list[Inline] = []
    last: Text | None = None  # what stands at the end, if it is text
    for piece in pieces:
        if not isinstance(piece, Text):
            last = None
            out.append(piece)
        elif piece.text:
            if last is not None and last.style == piece.style:
                last = out[-1] = Text(last.text + piece.text, piece.style)
            else:
                last = piece
                out.append(piece)
    return tuple(out)


def _unmarked(pieces: Inlines) -> Iterator[Inline]:
    """Takes the marks off line breaks and off the spaces at a run's ends.

    A space between two marked runs keeps the marks that both have; in code it goes with the code.
    """
    parts = list(_parts(pieces))
    for index, (piece, space) in enumerate(parts):
        if space and isinstance(piece, Text) and piece.text != "\n":
            before, behind = _around(parts, index, -1), _around(parts, index, 1)
            if piece.style & CODE and (before | behind) & CODE:
                yield Text(piece.text, behind if behind & CODE else before)
            else:
                yield Text(piece.text, before & behind & ~CODE)
        else:
            yield piece


def _parts(pieces: Inlines) -> Iterator[tuple[Inline, bool]]:
    """The pieces, marked text apart from the space around it; and whether each is only space."""
    for piece in pieces:
        if not isinstance(piece, Text):
            yield piece, False
        elif not piece.style and not piece.text.isspace():
            if piece.text:
                yield piece, False
        else:
            for number, line in enumerate(piece.text.split("\n")):
                if number:
                    yield Text("\n"), True
                yield from _edged(line, piece.style)


def _edged(line: str, style: int) -> Iterator[tuple[Inline, bool]]:
    core = line.strip()
    if style & CODE and core:
        yield Text(line, style), False
        return
    start = line.index(core) if core else len(line)
    if start:
        yield Text(line[:start], style & CODE), True
    if core:
        yield Text(core, style), False
    if after := line[start + len(core) :]:
        yield Text(after), True


def _around(parts: list[tuple[Inline, bool]], index: int, step: int) -> int:
    index += step
    while 0 <= index < len(parts):
        piece, space = parts[index]
        if not space:
            return piece.style
        if isinstance(piece, Text) and piece.text == "\n":
            return 0
        index += step
    return 0


def _joined(first: Inlines, second: Inlines) -> Inlines:
    return merged((*first, Text("\n"), *second))


def _trimmed(pieces: Inlines, *, start: bool = False, end: bool = False) -> Inlines:
    """Without the empty lines at the start, and without any space at the end."""
    while start and pieces and isinstance(first := pieces[0], Text) and not first.style & CODE:
        text = first.text
        if not text[0].isspace():
            break
        # Spaces before the first word show; the lines before it do not.
        kept = text[text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1 :]
        if kept and (len(pieces) > 1 or not kept.isspace()):
            pieces = (Text(kept, first.style), *pieces[1:])
            break
        pieces = pieces[1:]
    while end and pieces and isinstance(last := pieces[-1], Text) and not last.style & CODE:
        text = last.text
        if not text[-1].isspace():
            break
        if stripped := text.rstrip():
            pieces = (*pieces[:-1], Text(stripped, last.style))
            break
        pieces = pieces[:-1]
    return pieces


def _item_trimmed(content: Inlines) -> Inlines:
    """An item without blanks around it, but with the spaces behind its last word."""
    last = content[-1] if content else None
    if isinstance(last, Text) and last.text[-1] == " " and not last.style & CODE:
        words = last.text.rstrip(" ")
        if words and not words[-1].isspace():
            return _trimmed(content, start=True)
    return _trimmed(content, start=True, end=True)


def _may_list(content: Inlines) -> bool:
    """Whether a line of these pieces may look like Slack's own item of a list."""
    for piece in content:
        if isinstance(piece, Text) and ("• " in piece.text or "1. " in piece.text):
            return True
    return False


def _listed(content: Inlines) -> Iterator[Block]:
    """Makes lists of the lines that look like Slack's own.

    `text` has a list only in this way (`• item`), so a message read from it and the same message
    read from its blocks agree; a reader sees the same either way. A numbered list is one that
    counts from 1 and gets to 2: a lone `1.` is a line that somebody wrote.
    """
    kept: list[Inlines] = []
    lines = lines_of(content)
    items = [_item(line) for line in lines]
    index = 0
    while index < len(lines):
        run = _run(items, index)
        if not run:
            kept.append(lines[index])
            index += 1
            continue
        if kept:
            yield Paragraph(merged(joined(kept)))
            kept = []
        yield _whole(run)
        index += len(run)
    if kept:
        yield Paragraph(merged(joined(kept)))


def _run(items: list[Item | None], start: int) -> list[Item]:
    """The items from `start` on that make a list, or none."""
    run: list[Item] = []
    counts: dict[int, int] = {}
    for item in items[start:]:
        if item is None or (not run and item.indent):
            break
        for deeper in [level for level in counts if level > item.indent]:
            del counts[deeper]
        if item.number is None:
            counts.pop(item.indent, None)
        else:
            if item.number != counts.get(item.indent, 0) + 1:
                break
            counts[item.indent] = item.number
        run.append(item)
    # Numbers that never get to 2 are not a list, nor is what hangs under them.
    tops = [index for index, item in enumerate(run) if not item.indent]
    while tops and run[tops[-1]].number == 1:
        del run[tops.pop() :]
    if tops and run[0].number == 1 and run[tops[1]].number != 2:
        return []
    return run


def _item(line: Inlines) -> Item | None:
    if not line or not isinstance(line[0], Text) or line[0].style:
        return None
    found = _ITEM.match(line[0].text)
    if not found:
        return None
    indent = len(found[1]) // 4
    number: int | None = None
    if found[2]:
        if found[2] != _BULLETS[indent % 3]:
            return None
    else:
        known = _numbers(indent % 3)
        if found[3] not in known:
            return None
        number = known[found[3]]
    rest = (Text(line[0].text[found.end() :]), *line[1:])
    return Item(_item_trimmed(merged(rest)), indent, number)


@cache
def _numbers(level: int) -> Mapping[str, int]:
    """The marks of a numbered list at a level, as far as lists go."""
    return {level_mark(level, number).removesuffix(". "): number for number in range(1, 1000)}


def lines_of(pieces: Inlines) -> list[Inlines]:
    """Inline pieces, line by line."""
    lines: list[list[Inline]] = [[]]
    for piece in pieces:
        if isinstance(piece, Text) and "\n" in piece.text:
            first, *rest = piece.text.split("\n")
            if first:
                lines[-1].append(Text(first, piece.style))
            for each in rest:
                lines.append([Text(each, piece.style)] if each else [])
        else:
            lines[-1].append(piece)
    return [tuple(line) for line in lines]


def scripted(scheme: str) -> bool:
    """Whether an address of this scheme runs, or carries a document of its own."""
    return scheme.lower() in _SCRIPTS


def link(url: str, label: str, style: int) -> Inline:
    """A link in its one form: no label where it only says the address again.

    Text alone where the address is none that a page may link to (a script, a path).
    """
    url = _DROPPED.sub("", clean(url)).strip()
    label = clean(label).replace("\n", " ").strip()
    scheme = SCHEME.match(url)
    if scheme is None or scripted(scheme[1]):
        return Text(label or url, style)
    return Link(url, "" if label == url else label, style)

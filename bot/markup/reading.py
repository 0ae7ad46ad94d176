"""Markdown to the tree: an archive's text, a book's description, an app's `markdown` block.

markdown-it-py does the reading (CommonMark, strikethrough and tables). What Slack has no word for
is kept as what it says: an image as a link, HTML as the text in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, hr, lheading
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.tree import SyntaxTreeNode

from bot.markup import emoji, normal
from bot.markup.elements import closed_fences, elements, headless
from bot.markup.names import NoNames, shown
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
    List,
    Paragraph,
    Table,
    Text,
    Tree,
    in_quote,
    joined,
)

_MARKS = {"strong": BOLD, "em": ITALIC, "s": STRIKE}
_BREAK = re.compile(r"<br\s*/?>\n?", re.I)
_HTML = re.compile(r"<!--.*?-->|<[^>]*>", re.S)
_FROM_ONE = re.compile(r"^( {0,3}1)(?=\)[ \t])", re.M)
_LINE = re.compile(r"([^\r\n]*)(\r?\n|\r|\Z)")
_IN_ITEM = re.compile(r"^#{1,6}[ \t]", re.M)
_HEADING = re.compile(r"#{1,6}[ \t]+[^ \t#]")
_MARKER = re.compile(r" {0,3}(?:[-+*]|[0-9]+\.)[ \t]+(?=\S)")
_CLOSING = {'"': "\N{RIGHT DOUBLE QUOTATION MARK}", "'": "\N{RIGHT SINGLE QUOTATION MARK}"}
_CLOSED = re.compile(r"\A[\"'](?=--)")
_DASHES = re.compile(r"(?<!-)(--)(-?)(?!-)")


@cache
def _parser(*, html: bool = True) -> MarkdownIt:
    """Reads the Markdown that archives are written in: CommonMark, strikethrough and tables."""
    found = MarkdownIt("commonmark", {"html": html}).enable(["strikethrough", "table"])
    found.use(elements).use(headless).use(closed_fences)
    found.core.ruler.before("text_join", "dashes", _dashes)
    found.core.ruler.before("inline", "line_ends", _line_ends)
    found.inline.ruler.at("newline", _newline)
    blocks = ["paragraph", "reference", "blockquote", "list"]
    found.block.ruler.at("hr", _rule, {"alt": blocks})
    found.block.ruler.at("lheading", _underlined)
    return found


def _rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line across; none where the website has put a `<br />` behind it."""
    return start not in state.env.get("broken", ()) and hr(state, start, end, silent)


def _underlined(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A heading by the line below it, which on the website ends in a `<br />` and is text."""
    return "broken" not in state.env and lheading(state, start, end, silent)


def _line_ends(state: StateCore) -> None:
    """Gives a paragraph the spaces at its end back."""
    lines = state.src.split("\n")
    for token in state.tokens:
        if token.type == "inline" and token.map:
            last = lines[token.map[1] - 1]
            token.content += last[len(last.rstrip(" ")) :]


def _newline(state: StateInline, silent: bool) -> bool:
    """The end of a line, whose last spaces are text: here every line's end is a break."""
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.push("softbreak", "br", 0)
    state.pos += 1
    while state.pos < state.posMax and state.src[state.pos] in " \t":
        state.pos += 1
    return True


def _dashes(state: StateCore) -> None:
    """Makes dashes of hyphens, as the website does; neither in links nor where one is escaped."""
    for token in state.tokens:
        links = 0
        for child in token.children or ():
            links += child.nesting if child.type in ("link_open", "link_close") else 0
            if child.type == "text" and not links:
                # The website has a quotation mark before hyphens, behind a link, close.
                text = _CLOSED.sub(lambda found: _CLOSING[found[0]], child.content)
                child.content = _DASHES.sub(
                    lambda found: "\N{EM DASH}" if found[2] else "\N{EN DASH}", text
                )


def read(
    markdown: str,
    flow: bool = False,
    *,
    html: bool = True,
    as_typed: bool = False,
    website: bool = False,
) -> Tree:
    """The tree of a Markdown text; where `html` is false, a tag in it is text.

    In an archive's text a line break is one (the website makes it a `<br />`). With `flow` it is
    a space, as Markdown has it: the text of a book's page, that its writer wrapped.
    A list begins at 1, as the website counts, or with `as_typed` where its writer began.
    With `website`, tables and headings are where the website's kramdown sees some.
    """
    # The website's renderer has no list of `1)`: that is a line which somebody wrote so.
    text = _FROM_ONE.sub(r"\1\\", normal.clean(markdown))
    if website and _IN_ITEM.search(text):
        text = _headings_inside(text)
    tokens = _parser(html=html).parse(text, _website(markdown) if website else {})
    for token in tokens if flow else ():
        for child in token.children or ():
            if child.type == "softbreak":
                child.type, child.content = "text", " "
    for token in () if as_typed else tokens:
        if token.type == "ordered_list_open" and token.markup == ".":
            token.attrs.pop("start", None)  # as the website counts every list
    root = SyntaxTreeNode(tokens)
    return normal.tree(_blocks(root.children))


def _website(markdown: str) -> dict[str, frozenset[int]]:
    """Which lines a `<br />` ends on the website, and which are empty there: those with neither."""
    lines = _LINE.findall(markdown)
    return {
        "broken": frozenset(i for i, (_, end) in enumerate(lines) if end.endswith("\n")),
        "headless": frozenset(
            i for i, (text, end) in enumerate(lines) if end == "\r" and not text.strip()
        ),
    }


def _headings_inside(text: str) -> str:
    """A text whose headings stand in the item above them, as kramdown takes those right below."""
    lines = []
    column = 0  # where the content of the item that is open begins
    indent = ""
    for line in text.split("\n"):
        if not line.strip():
            column, indent = 0, ""
        elif marker := _MARKER.match(line):
            column, indent = marker.end(), ""
        elif column and _HEADING.match(line):
            indent = " " * column
        lines.append(indent + line)
    return "\n".join(lines)


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> Iterator[Block]:
    """Blocks in order, with the empty lines between them: Slack shows those."""
    end: int | None = None
    apart = 0  # how many empty lines only end what stands before them
    for node in nodes:
        if end is not None and node.map:
            needed = 1 if node.type in ("heading", "table", "hr") else apart
            for _ in range(node.map[0] - end - needed):
                yield Paragraph(())
        yield from _block(node)
        end = node.map[1] if node.map else end
        apart = 1 if node.type in ("blockquote", "bullet_list", "ordered_list", "table") else 0


def _block(node: SyntaxTreeNode) -> Iterator[Block]:
    match node.type:
        case "paragraph":
            yield Paragraph(_inlines(node))
        case "heading":
            yield Heading(_inlines(node), int(node.tag[1:]))
        case "table":
            rows = (row for part in node.children for row in part.children)
            yield Table(tuple(tuple(map(_inlines, row.children)) for row in rows))
        case "fence" | "code_block":
            yield Code((Text(node.content.removesuffix("\n")),))
        case "hr":
            yield Divider()
        case "blockquote":
            yield from map(in_quote, _blocks(node.children))
        case "bullet_list" | "ordered_list":
            yield from _list(node, 0)
        case "html_block":
            text = unescape(_HTML.sub("", _BREAK.sub("\n", node.content))).strip()
            if text:
                yield Paragraph((Text(text),))


def _list(node: SyntaxTreeNode, indent: int) -> Iterator[Block]:
    number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    for each in node.children:
        content: list[Inlines] = []
        begun = below = False
        end: int | None = None
        for child in each.children:
            if child.type == "paragraph" and not begun:
                if end is not None and child.map:
                    content.extend(() for _ in range(child.map[0] - end))
                content.append(_inlines(child))
                end = child.map[1] if child.map else None
                continue
            if not begun:
                yield List((Item(joined(content), indent, number),))
                begun = True
            below = below or child.type == "heading"
            if child.type in ("bullet_list", "ordered_list"):
                yield from _list(child, indent + 1)
            elif below:
                yield from map(_inside, _block(child))
            else:  # Slack's items hold text alone: what else is in one stands between two lists
                yield from _block(child)
        if not begun:
            yield List((Item(joined(content), indent, number),))
        if number is not None:
            number += 1


def _inside(block: Block) -> Block:
    return replace(block, inside=True) if isinstance(block, Paragraph | Heading) else block


def _inlines(node: SyntaxTreeNode) -> Inlines:
    return tuple(
        piece
        for inline in node.children
        if inline.type == "inline"
        for piece in _pieces(inline.children, 0)
    )


def _pieces(nodes: Iterable[SyntaxTreeNode], style: int) -> Iterator[Inline]:
    broken = False  # whether an element ended the line, behind which a space is none
    for node in nodes:
        begins, broken = broken, node.type == "html_inline"
        match node.type:
            case "text":
                yield from _text(node.content.lstrip(" ") if begins else node.content, style)
            case "softbreak" | "hardbreak":
                yield Text("\n", style)
            case "code_inline":
                yield Text(node.content, style | CODE)
            case "link":
                yield _link(node, style)
            case "image":
                yield normal.link(str(node.attrs.get("src", "")), node.content, style)
            case "html_inline":
                if _BREAK.fullmatch(node.content):
                    yield Text("\n", style)
            case "em" if style & ITALIC:  # the website has no italic inside italic
                mark = Text(node.markup, style)
                yield from (mark, *_pieces(node.children, style), mark)
            case "strong" | "em" | "s":
                yield from _pieces(node.children, style | _MARKS[node.type])


def _link(node: SyntaxTreeNode, style: int) -> Inline:
    url = str(node.attrs.get("href", ""))
    inner = list(_pieces(node.children, style))
    label = shown(inner, NoNames())
    if url == label or url == _parser().normalizeLink(label):
        url = label  # as it was written, not as a browser asks for it
    # A link has one style; what is marked in a part of its label is not marked in Slack.
    shared = inner[0].style if inner else style
    for piece in inner:
        shared &= piece.style
    return normal.link(url, label, shared)


def _text(text: str, style: int) -> Iterator[Inline]:
    at = 0
    for start, end, name, tone in emoji.find(text):
        if start > at:
            yield Text(text[at:start], style)
        yield Emoji(name, tone, emoji.to_unicode(text[start:end]), style)
        at = end
    if at < len(text):
        yield Text(text[at:], style)

"""The second line of defence: what was written is read again before anybody is shown it.

`inline` and `markdown` are to write Markdown that no parser takes for more than the message says.
Should they fail, what was written must not reach a page: here it is parsed, with strikes and
tables and every `<br />` of the website, and compared with the message, piece by piece. What
kramdown does other than CommonMark is held by `tame`, from the grammar of what may be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from bot.markup.elements import elements
from bot.markup.names import Names, piece_shown, shown
from bot.markup.normal import SCHEME, clean, scripted
from bot.markup.tree import (
    BOLD,
    CODE,
    ITALIC,
    STRIKE,
    Code,
    Divider,
    Heading,
    Inlines,
    Link,
    List,
    Table,
    Tree,
    quoted,
)

Seen = tuple[str, int, str]
"""Characters without spaces, the marks on them and the address that they link; or a block's name."""

# What would act if the code that it stands in were none.
_ACTS = re.compile(r"\]\(|\{[:{%]|\$\$")
_TAG = re.compile(r"<[A-Za-z/!?:_]")
_FENCED = re.compile(r"(?:^|(?<=[\r\n]))[> ]*(~{3,}|`{3,})\r(?:[^\n]*?\r)??[> ]*\1(?=[\r\n]|\Z)")
_PRE = re.compile(r"<pre><code>[^<`]*</code></pre>")
_SPAN = re.compile(r"`([^`\r\n]+)`")
_ELEMENT = re.compile(r"<code>[^<>`|~]*</code>|</?(?:em|strong|del)>|<br />")
_LIVE = re.compile(r"<|&(?!(?:amp|lt|gt|nbsp|#[0-9]+);)|(?<!\\)\{:|\{\{|\{%|\$\$")
# What kramdown could make something of, wherever it stands; a lone `<br />` is a line's end.
_ACTIVE = re.compile(
    r"<(?!br\s*/?>)(?=[A-Za-z/!?:_])|\{[:{%]|\$\$.*\$\$|\]\(\s*(?!https?:|mailto:)|\]:|!\[|script:",
    re.I | re.S,
)
_DESTINATION = re.compile(r"\](?:\(|:)\s*<?([^\s>)]*)")
_PATH = re.compile(r"(?:[/#?.]|[\w-]+(?![\w-]*[:&\\]))")
_BREAK = re.compile(r"\r?\n")
_SPACE = re.compile(r"\s+")
_SETEXT = re.compile(r"[=-][ \t]*(?:[\r\n]|\Z)")
_LINE_END = "<br />\n"
_STYLES = {"strong": BOLD, "em": ITALIC, "s": STRIKE}


def needed(written: str) -> bool:
    """Whether a text holds anything that would act if it were not taken as it is meant.

    That is what stands in code, and our own elements; everything else is escaped as it is.
    """
    if "<" in written and _TAG.search(written):
        return True
    # A block of code between backticks holds nothing that might be markup.
    fence = written.find("~~~")
    if fence >= 0 and _ACTS.search(written, fence, written.rfind("~~~")):
        return True
    return "`" in written and any(map(_ACTS.search, _SPAN.findall(written)))


def holds(written: str, tree: Tree, names: Names) -> bool:
    """Whether a text says what the message says, and nothing else, to CommonMark and kramdown."""
    return tame(written) and _read(written) == _joined(_said(tree, names))


def tame(written: str) -> bool:
    """Whether kramdown can take nothing in a text for a tag, an attribute list, math or Liquid.

    It looks for code, strikes and tables in an order of its own, and in a table's lines for code
    alone. With the backticks of a text paired line by line, and neither backticks nor `~~` in what
    they enclose, every order finds the same code; outside of it nothing is left that could act.
    """
    text = _FENCED.sub("", _PRE.sub("", written))
    spans = _SPAN.findall(text)
    if any("~~" in span for span in spans):
        return False
    text = _SPAN.sub("", text)
    if text.count("`") > (0 if spans or len(text) < len(written) else 1):
        return False
    return _LIVE.search(_ELEMENT.sub("", text)) is None


def dead(written: str) -> bool:
    """Whether nothing in a text, whoever wrote it, could act on the website."""
    if not tame(written):
        return _ACTIVE.search(written) is None
    text = _SPAN.sub("", _FENCED.sub("", written))
    return all(
        ((scheme := SCHEME.match(address)) and not scripted(scheme[1])) or _PATH.match(address)
        for address in _DESTINATION.findall(text)
    )


@cache
def _parser(setext: bool = True) -> MarkdownIt:
    found = MarkdownIt("commonmark").enable(["strikethrough", "table"]).use(elements)
    found.inline.ruler.before("text", "line_end", _line_end)
    return found if setext else found.disable("lheading")


def _line_end(state: StateInline, silent: bool) -> bool:
    """Takes the end of a line for the space that it is: `_joined` drops both."""
    found = state.src.startswith(_LINE_END, state.pos)
    if found:
        state.pos += len(_LINE_END)
    return found


def _read(written: str) -> list[Seen] | None:
    """What a text shows; None where it has what no message has."""
    found: list[Seen] = []
    text = _BREAK.sub(_LINE_END, written)
    # To look for the headings that a line below makes doubles the time of a long paragraph.
    for token in _parser(_SETEXT.search(text) is not None).parse(text):
        match token.type:
            case "inline":
                inner = _inline(token.children or ())
                if inner is None:
                    return None
                found += inner
            case kind if kind in _BEGINS:
                if token.attrs:
                    return None
                found.append((_BEGINS[kind] or token.tag, -1, ""))
            case "fence" | "code_block":
                if token.info:
                    return None
                found.append((token.content.removesuffix("\n"), CODE, "block"))
            case "html_block" if not token.content.replace("<br />", "").strip():
                pass  # of an empty item
            case kind if kind not in _PLAIN:
                return None
    return _joined(found)


# What each of these is called in what is compared; the level of a heading is in its tag.
_BEGINS = {
    "list_item_open": "item",
    "blockquote_open": "quote",
    "hr": "rule",
    "heading_open": "",
    "table_open": "table",
    "tr_open": "tr",
    "th_open": "td",
    "td_open": "td",
}
_PLAIN = frozenset(
    f"{kind}_{end}"
    for kind in (
        *("paragraph", "bullet_list", "ordered_list", "list_item", "blockquote"),
        *("heading", "table", "thead", "tbody", "tr", "th", "td"),
    )
    for end in ("open", "close")
)


def _inline(tokens: Sequence[Token]) -> list[Seen] | None:
    found: list[Seen] = []
    style, url = 0, ""
    for token in tokens:
        name, _, end = token.type.partition("_")
        match token.type:
            case "text":
                found.append((token.content, style, url))
            case "code_inline":
                found.append((token.content, style | CODE, url))
            case "link_open":
                url = _address(str(token.attrs.get("href", "")))
                if token.attrs.keys() != {"href"}:
                    return None
            case "link_close":
                url = ""
            case "softbreak":
                pass
            case "html_inline" if token.content == "<br />":
                pass
            case _ if name in _STYLES and end in ("open", "close"):
                style = style | _STYLES[name] if end == "open" else style & ~_STYLES[name]
            case _:
                return None
    return found


def _said(tree: Tree, names: Names) -> Iterator[Seen]:
    """What a message shows."""
    within = False
    for block in tree:
        if quoted(block) and not within:
            yield "quote", -1, ""
        within = quoted(block)
        if isinstance(block, Table):
            yield from _table(block, names)
            continue
        match block:
            case List():
                for item in block.items:
                    yield "item", -1, ""
                    yield from _pieces(item.content, names)
            case Code():
                yield clean(shown(block.content, names)).strip("\n"), CODE, "block"
            case Divider():
                yield "rule", -1, ""
            case Heading():
                yield f"h{block.level}", -1, ""
                yield from _pieces(block.content, names)
            case _:
                yield from _pieces(block.content, names)


def _table(block: Table, names: Names) -> Iterator[Seen]:
    """A table; one row alone is a line with bars for CommonMark."""
    alone = len(block.rows) == 1
    if not alone:
        yield "table", -1, ""
    for row in block.rows:
        if not alone:
            yield "tr", -1, ""
        for cell in row:
            yield ("|", 0, "") if alone else ("td", -1, "")
            yield from _pieces(cell, names)
    if alone:
        yield "|", 0, ""


def _pieces(content: Inlines, names: Names) -> Iterator[Seen]:
    for piece in content:
        url = _address(piece.url) if isinstance(piece, Link) else ""
        yield piece_shown(piece, names), piece.style, url


def _address(url: str) -> str:
    """An address, whatever of it is percent-encoded."""
    return unquote(_parser().normalizeLink(unquote(url)))


def _joined(pieces: Iterator[Seen] | list[Seen]) -> list[Seen]:
    """Characters with the same marks as one, and no space, which says nothing here."""
    found: list[Seen] = []
    for text, style, url in pieces:
        shown = _SPACE.sub("", text)
        if not shown:
            continue
        if found and style >= 0 and url != "block" and found[-1][1:] == (style, url):
            found[-1] = (found[-1][0] + shown, style, url)
        else:
            found.append((shown, style, url))
    return found

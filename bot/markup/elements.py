"""What the Markdown of a message may hold beyond CommonMark, for markdown-it.

Where a mark's delimiters would not be taken for one, `inline` writes `<em>`, `<strong>`, `<del>` or
`<code>`, and a block of code that Liquid would look into is `<pre><code>`. With this plugin they
are the tokens that the usual forms give, so whoever reads Markdown knows one form; and a parser
that is to know no other HTML can have all of it off.
"""

from __future__ import annotations

import re
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, fence
from markdown_it.rules_inline import StateInline

_OPENING = re.compile(r"<(em|strong|del|code)>")
_TOKENS = {"em": "em", "strong": "strong", "del": "s"}
_ALT: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
_FENCE = re.compile("`{3,}|~{3,}")
_PRE, _PRE_END = "<pre><code>", "</code></pre>"


def elements(parser: MarkdownIt) -> None:
    """Teaches a parser the elements."""
    parser.inline.ruler.before("autolink", "element", _inline)
    parser.block.ruler.before("fence", "element", _block, _ALT)


def headless(parser: MarkdownIt) -> None:
    """Teaches a parser kramdown's tables without a head: lines in all of which a `|` stands.

    The environment of a parse names the lines that are empty for the website as `headless`, or has
    True where the parser sees them itself; without it no table is looked for.
    """
    parser.block.ruler.before("paragraph", "headless", _headless)


def closed_fences(parser: MarkdownIt) -> None:
    """Teaches a parser that a block of code has an end: without one kramdown has no block, but text."""
    parser.block.ruler.at("fence", _closed_fence, _ALT)


_CELL = re.compile(r"((?:\\.|`[^`]*`|[^|\\])*+)\|")
_BREAK = re.compile(r"\s*(?:<br\s*/?>)?\s*\Z")


def _headless(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    known = state.env.get("headless")
    if silent or known is None or state.sCount[start] - state.blkIndent > 3:
        return False
    empty = state.isEmpty if known is True else known.__contains__
    if start and not empty(start - 1) and not state.level:
        return False
    rows: list[list[str]] = []
    line = start
    while line < end and not empty(line):
        text = _BREAK.sub("", state.getLines(line, line + 1, state.blkIndent, False).lstrip())
        cells: list[str] = []
        at = 0
        while bar := _CELL.match(text, at):
            cells.append(bar[1].strip())
            at = bar.end()
        if not cells:
            return False
        cells.append(text[at:].strip())
        rows.append(cells[0 if cells[0] else 1 : None if cells[-1] else -1])
        line += 1
    state.push("table_open", "table", 1).map = [start, line]
    state.push("tbody_open", "tbody", 1)
    for number, row in enumerate(rows, start):
        state.push("tr_open", "tr", 1)
        for cell in row:
            state.push("td_open", "td", 1)
            inline = state.push("inline", "", 0)
            inline.content, inline.map, inline.children = cell, [number, number + 1], []
            state.push("td_close", "td", -1)
        state.push("tr_close", "tr", -1)
    state.push("tbody_close", "tbody", -1)
    state.push("table_close", "table", -1)
    state.line = line
    return True


def _closed_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    opening = _FENCE.match(state.src, state.bMarks[start] + state.tShift[start])
    if opening is None:
        return False
    # A fence that nothing ends is not looked for again from every line that begins like one.
    key, size = f"unclosed {opening[0][0]} {end} {state.blkIndent}", len(opening[0])
    if state.env.get(key, size + 1) <= size:
        return False
    for line in range(start + 1, end):
        first, last = state.bMarks[line] + state.tShift[line], state.eMarks[line]
        if first < last and state.sCount[line] < state.blkIndent:
            break
        closing = _FENCE.match(state.src, first)
        if (
            closing
            and closing[0].startswith(opening[0])
            and not state.src[closing.end() : last].strip()
        ):
            return fence(state, start, end, silent)
    state.env[key] = min(size, state.env.get(key, size))
    return False


def _inline(state: StateInline, silent: bool) -> bool:
    opening = _OPENING.match(state.src, state.pos)
    if opening is None:
        return False
    closing = f"</{opening[1]}>"
    start, most = opening.end(), state.posMax
    end = state.src.find(closing, start, most)
    if end < 0:
        return False
    if opening[1] == "code":
        content = state.src[start:end]
        if "<" in content or "`" in content:
            return False
        if not silent:
            token = state.push("code_inline", "code", 0)
            token.markup, token.content = "`", unescape(content)
    elif not silent:
        kind = _TOKENS[opening[1]]
        state.push(f"{kind}_open", kind, 1)
        state.pos, state.posMax = start, end
        state.md.inline.tokenize(state)
        state.posMax = most
        state.push(f"{kind}_close", kind, -1)
    state.pos = end + len(closing)
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if not state.src.startswith(_PRE, state.bMarks[start] + state.tShift[start]):
        return False
    lines: list[str] = []
    for number in range(start, end):
        if number > start and state.sCount[number] < state.blkIndent:
            return False
        line = state.getLines(number, number + 1, state.blkIndent, False)
        if line.endswith(_PRE_END):
            break
        lines.append(line)
    else:
        return False
    if not silent:
        content = "\n".join([*lines, line.removesuffix(_PRE_END)])
        token = state.push("code_block", "code", 0)
        token.content = unescape(content.lstrip(" ").removeprefix(_PRE))
        token.map = [start, number + 1]
    state.line = number + 1
    return True

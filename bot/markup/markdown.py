"""The tree as Markdown, for a page that shows it through `newline_to_br | markdownify`.

Three readers must see the same: a CommonMark parser, the website's kramdown after Liquid has put
`<br />` before every line feed, and a person with the file in an editor. Two facts shape it:

* Markdown ends a line at a carriage return too, and Liquid's filter looks only for line feeds.
  Where the website's `<br />` would be shown (in a code block) or would glue what must be apart
  (a list or quote and the text after it), the line ends in a carriage return.
* An escape stands only where the character would be taken for markup by one of the two parsers.
  kramdown's own markup (tables, math, attribute lists, definition lists, dashes) counts.

`inline` writes what is in a line. `proof` reads again what was written, where it holds anything
that could run: what does not read as the message says is written without any markup.
`docs/fidelity.md` shows every construct, and what cannot be said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from bot.markup import inline, proof
from bot.markup.inline import MARKED, Escapes, Run
from bot.markup.names import Names, piece_shown, shown
from bot.markup.normal import clean
from bot.markup.plain import visible
from bot.markup.tree import (
    BOLD,
    CODE,
    ITALIC,
    STRIKE,
    Block,
    Code,
    Divider,
    Heading,
    Inlines,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Table,
    Text,
    Tree,
    contents,
    quoted,
)

# Ends a line for Markdown, and not for Liquid's newline_to_br.
CR = "\r"
# An empty line that stays empty on the page. Never before a line feed: the two would be one.
APART = "\n" + CR

# An empty line would part the backticks for kramdown without GFM, which takes them for a span's.
_MARKUP = re.compile(r"[^\w\s.,;()'\"/=+%?@-]|^\s*(?:[-+=]|[0-9]+\.)|^(?: {4}|\t)|^[^\S\n]*$", re.M)
_LINE = re.compile(r"([\r\n])(?![\r\n]|\Z)")
_EMPTY_LINE = re.compile(r"([\r\n])(?=[\r\n]|\Z)")
_TILDES = re.compile("~+")
_STRUCTURES = frozenset({Heading, Table})
_HEADING_END = re.compile(r"(?:\\?#)+(?=\s*\Z)")
_RULE = re.compile(r"(?:\\?[-+=:]|\s)+")
_RULED = re.compile(r"\\?([-+=:])")
_IN_BLOCK = re.compile(r"[&<>`{$]")


def write(tree: Tree, names: Names) -> str:
    """The Markdown of a tree."""
    written = _Writer(names, tree).write()
    needed = proof.needed(written) or any(type(block) in _STRUCTURES for block in tree)
    if needed and not proof.holds(written, tree, names):
        return "\n".join(map(inline.literal, visible(tree, names).split("\n")))
    return written


@dataclass(slots=True)
class _Level:
    """A list that is open: its depth in Slack, where its content begins, and its numbers."""

    indent: int
    column: int
    number: int | None
    delimiter: str
    content: int


@dataclass(slots=True)
class _Writer:
    names: Names
    tree: Tree
    out: list[str] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    paired: Escapes | None = None
    fenced: bool = False  # whether the last quote ends in code

    def write(self) -> str:
        if not any(map(quoted, self.tree)):
            self.blocks(self.tree, None)
            return "".join(self.out)
        before: type | None = None
        for within, group in groupby(self.tree, quoted):
            blocks = tuple(group)
            if within:
                # Code in it has to be code for kramdown without GFM, too.
                joined = before is Paragraph and not any(isinstance(b, Code) for b in blocks)
                self.separate(before, "\n" if joined else APART)
                if before is Code:
                    self.out.append(CR)
                self.out.append(self.quote(blocks))
                self.fenced = isinstance(blocks[-1], Code)
                before = Quote
            else:
                before = self.blocks(blocks, before)
        return "".join(self.out)

    def quote(self, blocks: Tree) -> str:
        """Blocks in a quote, written by themselves."""
        inner = tuple(
            Paragraph(block.content) if isinstance(block, Quote) else block for block in blocks
        )
        writer = _Writer(self.names, self.tree)
        writer.blocks(inner, None)
        written = _LINE.sub(r"\1> ", "".join(writer.out))
        return "> " + _EMPTY_LINE.sub(r"\1>", written)

    def blocks(self, blocks: Iterable[Block], before: type | None) -> type | None:
        for block in blocks:
            match block:
                case Paragraph() if not (block.inside and self.levels):
                    lines = self.lines(block.content)
                    if before is not Paragraph:
                        # Their end shows as a gap, and a blank line here would not survive.
                        while lines and not lines[0]:
                            del lines[0]
                        if not lines:
                            continue
                    self.separate(before, APART)
                    self.out.append("\n".join(lines))
                case Code():
                    code = self.code(block)
                    # Only between tildes is it code for kramdown without GFM, and there only apart.
                    plain = before is Paragraph and code[0] == "`"
                    self.separate(before, "\n" if plain else APART)
                    if before is Code:
                        self.out.append(CR)
                    self.out.append(code)
                case List():
                    self.items(block, before)
                case Divider():
                    self.separate(before, APART)
                    self.out.append("---")
                case Paragraph() | Heading() if block.inside and self.levels:
                    self.inside(block, before)
                case Heading() | Table():
                    self.separate(before, APART)
                    if before in (Code, Divider):
                        self.out.append(CR)  # kramdown wants an empty line before a table
                    self.out.append(
                        self.table(block) if isinstance(block, Table) else self.heading(block)
                    )
            before = type(block)
        return before

    def heading(self, block: Heading) -> str:
        text = self.one_line(block.content)
        # kramdown takes `{#` at its end for an ID; number signs there end a heading for both.
        text = _HEADING_END.sub(lambda found: "&#35;" * found[0].count("#"), text)
        return "#" * block.level + " " + text.replace("{#", "&#123;#")

    def table(self, block: Table) -> str:
        """A table; kramdown alone has one without a head, which one row is."""
        rows = [" | ".join(map(self.cell, row)) for row in block.rows]
        lines = [f"| {row} |" for row in rows]
        if len(lines) > 1:
            lines.insert(1, "|" + "---|" * len(block.rows[0]))
        return CR.join(lines)

    def cell(self, content: Inlines) -> str:
        text = self.one_line(content, cell=True)
        if _RULE.fullmatch(text):  # a line of such cells is none of cells for kramdown
            return _RULED.sub(lambda found: f"&#{ord(found[1])};", text)
        return text.replace("\\|", "&#124;").replace("|", "&#124;")

    def one_line(self, content: Inlines, *, cell: bool = False) -> str:
        runs = self.runs(content, cell=cell)
        # The space keeps a delimiter behind it from closing what one before it could open.
        return "<br /> ".join(inline.lines(runs, self.message))

    def inside(self, block: Paragraph | Heading, before: type | None) -> None:
        """A block of the item before: further in, where it belongs to the item for both."""
        indent = " " * self.levels[-1].content
        if before is not None:
            self.out.append(CR if before is Heading else "\n")
        if isinstance(block, Heading):
            self.out.append(indent + self.heading(block))
        else:
            lines = self.lines(block.content)
            self.out.append("\n".join(indent + line if line else line for line in lines))

    def separate(self, before: type | None, separator: str, *, keep: bool = False) -> None:
        if before is None:
            return
        if before in (Code, Divider):
            separator = CR  # a fence and a rule end by themselves, and a <br /> would undo them
        elif before in (Heading, Table) or (before is Quote and self.fenced):
            separator = CR + CR
        self.out.append(separator)
        if not keep:
            self.levels.clear()

    def code(self, block: Code) -> str:
        """Code between backticks, or tildes where it holds what might be markup.

        kramdown without GFM knows tildes alone. In either every character stands for itself; where
        two of them could begin something for Liquid, the block is the HTML element, with entities
        for what might act.
        """
        text = clean(shown(block.content, self.names)).strip("\n")
        if "{{" in text or "{%" in text:
            text = _IN_BLOCK.sub(inline.entity, text).replace("\n", CR)
            return f"<pre><code>{text}{CR}</code></pre>"
        fence = "```"
        if _MARKUP.search(text):
            fence = "~" * max(3, 1 + max(map(len, _TILDES.findall(text)), default=0))
        return CR.join((fence, *text.split("\n"), fence))

    # Lists

    def items(self, block: List, before: type | None) -> None:
        places = [self.level(item) for item in block.items]
        empty = False
        for index, (item, (level, fresh)) in enumerate(zip(block.items, places, strict=True)):
            lines = self.lines(item.content, item=True) or [""]
            # What begins a list inside a paragraph: an item with text, and number 1.
            begins = bool(lines[0]) and item.number in (None, 1)
            if index == 0:
                separator = "\n" if before is Paragraph and begins else APART
                self.separate(before, separator, keep=True)
            elif block.items[index - 1].indent >= item.indent:
                # A list after one of another kind on its level is nested in it by kramdown.
                self.out.append(APART if fresh else "\n")
            elif empty:
                self.out.append(CR)  # an empty line ends an item that has not begun
            else:
                self.out.append("\n" if begins else APART)
            empty = not any(lines)
            mark = "-" if item.number is None else f"{item.number}{level.delimiter}"
            self.out.append(" " * level.column + f"{mark} {lines[0]}")
            # Its lines go on without an indent, as people write them, as far as they are one text.
            indent = " " * level.content
            for number, line in enumerate(lines[1:], 1):
                lazy = all(lines[:number])
                self.out.append(f"\n{'' if lazy else indent}{line}" if line else "\n")

    def level(self, item: Item) -> tuple[_Level, bool]:
        """The list that `item` stands in, and whether it begins there."""
        before: _Level | None = None  # the list that stood last where this one stands
        while self.levels and self.levels[-1].indent >= item.indent:
            before = self.levels.pop()
        column = self.levels[-1].content if self.levels else 0
        # kramdown counts every list from 1, and has none of `5)`: there it is a line that says so.
        delimiter = "." if item.number in (None, 1) else ")"
        fresh = True
        if before is not None:
            if item.number is None or before.number is None:
                fresh = item.number != before.number
            elif item.number == before.number + 1:
                fresh = False
            elif delimiter == before.delimiter:
                delimiter = ")" if delimiter == "." else "."
            if not fresh:
                delimiter = before.delimiter
        mark = 1 if item.number is None else len(str(item.number)) + 1
        level = _Level(item.indent, column, item.number, delimiter, column + mark + 1)
        self.levels.append(level)
        return level, fresh

    # Lines

    def lines(self, content: Inlines, *, item: bool = False) -> list[str]:
        """Inline pieces as lines of Markdown, without what a block puts before them."""
        return inline.lines(self.runs(content), self.message, item=item)

    def runs(self, content: Inlines, *, cell: bool = False) -> list[Run]:
        """What is written: literal text of one style, code and links, in order."""
        found: list[Run] = []
        last: Run | None = None
        codes = False
        for piece in content:
            if isinstance(piece, Link):
                found.append(Run(self.link(piece, cell=cell), piece.style & ~CODE, raw=True))
                last = None
                continue
            text = piece.text if isinstance(piece, Text) else piece_shown(piece, self.names)
            if not text:
                continue
            code, style = piece.style & CODE != 0, piece.style & ~CODE
            if last is not None and last.style == style and last.code == code:
                last.text += text
            else:
                last = Run(text, style, code)
                found.append(last)
                codes = codes or code
        for run in found if codes else ():
            if run.code and not run.text.isspace():
                run.text, run.raw = inline.code(run.text, cell=cell), True
        return found

    def link(self, piece: Link, *, cell: bool) -> str:
        label, url = piece.label or piece.url, inline.destination(piece.url)
        if piece.style & CODE and not label.isspace():
            return f"[{inline.code(label, linked=True, cell=cell)}]({url})"
        return f"[{inline.label(label, self.message)}]({url})"

    def message(self) -> Escapes:
        """What needs an escape in any block.

        kramdown may take a delimiter of one for another's: without GFM nothing but an empty line
        ends a paragraph, and a list from 5 is one of its lines.
        """
        if self.paired is None:
            style = 0
            parts: list[str] = []
            for block in self.tree:
                if isinstance(block, Code):
                    style |= CODE
                    continue
                for content in contents(block):
                    for piece in content:
                        style |= piece.style
                        # What is written for a mark or a link is neither space nor letter.
                        if piece.style or isinstance(piece, Link):
                            parts.append(MARKED)
                        if not piece.style & CODE:
                            parts.append(piece_shown(piece, self.names))
                        if isinstance(piece, Link):
                            parts += (MARKED, inline.destination(piece.url))
                        if piece.style or isinstance(piece, Link):
                            parts.append(MARKED)
                    parts.append("\n")
            text = "".join(parts)
            self.paired = Escapes(
                star="*" in text and (bool(style & BOLD) or inline.pairs(text, "*")),
                under="_" in text and (bool(style & ITALIC) or inline.pairs(text, "_")),
                tilde=bool(style & STRIKE) or "~~" in text,
                tick=bool(style & CODE) or text.count("`") > 1,
            )
        return self.paired

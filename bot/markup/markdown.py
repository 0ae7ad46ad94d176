"""The tree as Markdown, for a page that shows it through `newline_to_br | markdownify`.

Three readers must see the same: a CommonMark parser, the website's kramdown after Liquid has put
`<br />` before every line feed, and a person with the file in an editor. Two facts shape it:

* Markdown ends a line at a carriage return too, and Liquid's filter looks only for line feeds.
  Where the website's `<br />` would be shown (in a code block) or would glue what must be apart
  (a list or quote and the text after it), the line ends in a carriage return.
* An escape stands only where the character would be taken for markup by one of the two parsers.
  kramdown's own markup (tables, math, attribute lists, definition lists, dashes) counts.

`docs/fidelity.md` shows every construct, and what cannot be said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote as _percent

from bot.markup import names as naming
from bot.markup.names import Names
from bot.markup.normal import clean, lines_of
from bot.markup.tree import (
    BOLD,
    CODE,
    ITALIC,
    STRIKE,
    Code,
    Divider,
    Emoji,
    Inline,
    Inlines,
    Item,
    Link,
    List,
    Mention,
    Paragraph,
    Quote,
    Text,
    Tree,
)

# Ends a line for Markdown, and not for Liquid's newline_to_br.
CR = "\r"
# An empty line that stays empty on the page. Never before a line feed: the two would be one.
APART = "\n" + CR

_DELIMITERS = {BOLD: "**", ITALIC: "_", STRIKE: "~~"}

# What may need an escape anywhere in a line; a text without any of it, and without a line that
# begins like a block, is its own Markdown.
_HOT = re.compile(r"[\\`*_~\[\]{}|$&<>]|--|(?:^|\n)[\s#+=:^0-9-]|\s(?:\n|$)")

# Begins with the set of their first characters, so that all others are skipped at once.
_ESCAPES = re.compile(
    r"[&<>\\\]*_~`{$|-](?:(?P<html>(?<=[&<>]))"
    r"|(?P<backslash>(?<=\\)(?=[!-/:-@\[-`{-~]|\Z))"
    r"|(?P<bracket>(?<=\])(?=\())"
    r"|(?P<star>(?<=\*)\**)|(?P<under>(?<=_)_*)|(?P<tilde>(?<=~)~*)|(?P<tick>(?<=`)`*)"
    r"|(?P<liquid>(?<=\{)(?=%))|(?P<brace>(?<=\{\{)|(?<=\{)(?=:))"
    r"|(?P<math>(?<=\$)\$)|(?P<dash>(?<=--))|(?P<pipe>(?<=\|)))"
)
HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

# A line that begins a block: an escape before its first character, or before its delimiter.
_BLOCK_START = re.compile(
    r"(?=#{1,6}(?:\s|$))"  # a heading
    r"|(?=[-+*](?:[\s|]|$))"  # a list; for kramdown the bar is as good as a space
    r"|(?=[=-]+\s*$)"  # the underline of a heading
    r"|(?=([*_-])(?:\s*\1){2,}\s*$)"  # a rule
    r"|(?=:[\s|])"  # kramdown: a definition
    r"|(?=\*\[)"  # kramdown: an abbreviation
    # A link's definition, its end on this line or another; a footnote's. `](` will be escaped.
    r"|(?=\[(?:[^\]]|\](?=\())*(?:\]:|\Z))"
    r"|(?=~~~|```)"  # a fence
)
_TIED = re.compile(r"(?<=~)(?=~)")
_END = re.compile(r"\A[^\W_]|[^\W_]\Z")
_RUN = re.compile(r"\*+|_+|~+|`+")
_NUMBERED = re.compile(r"(\d+)([.)])(?=[\s|]|$)")
_TASK = re.compile(r"\[(?=[ xX]\]\s)")  # kramdown: a check box, at the start of a list's item

_URL_ESCAPES = re.compile(r"[\s\x00-\x1f\x7f<>\"\\|`{}\[\]^]|~~")
_URL_PARENS = re.compile(r"[()]")


def write(tree: Tree, names: Names) -> str:
    """The Markdown of a tree."""
    return _Writer(names).write(tree)


@dataclass(slots=True)
class _Level:
    """A list that is open: its depth in Slack, where its content begins, and its numbers."""

    indent: int
    column: int
    number: int | None
    delimiter: str
    content: int


@dataclass(slots=True)
class _Piece:
    """A part of a line: literal text, or (`raw`) Markdown already, with the marks on it.

    A strike ends before one that is `apart`, and begins again.
    """

    text: str
    style: int
    raw: bool = False
    apart: bool = False


@dataclass(slots=True)
class _Writer:
    names: Names
    out: list[str] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    content: Inlines = ()  # what is being written

    def write(self, tree: Tree) -> str:
        before: type | None = None
        for block in tree:
            match block:
                case Paragraph():
                    lines = self.lines(block.content)
                    if before is None or before in (List, Quote, Code, Divider):
                        # Their end shows as a gap, and a blank line here would not survive.
                        while lines and not lines[0]:
                            del lines[0]
                        if not lines:
                            continue
                    self.separate(before, APART)
                    self.out.append("\n".join(lines))
                case Quote():
                    self.separate(before, "\n" if before is Paragraph else APART)
                    quoted = (f"> {line}" if line else ">" for line in self.lines(block.content))
                    self.out.append("\n".join(quoted))
                case Code():
                    self.separate(before, "\n" if before is Paragraph else APART)
                    self.out.append(self.code(block))
                case List():
                    self.items(block, before)
                case Divider():
                    self.separate(before, APART)
                    self.out.append("---")
            before = type(block)
        return "".join(self.out)

    def separate(self, before: type | None, separator: str, *, keep: bool = False) -> None:
        if before in (Code, Divider):
            separator = CR  # a fence and a rule end by themselves, and a <br /> would undo them
        if before is not None:
            self.out.append(separator)
        if not keep:
            self.levels.clear()

    def code(self, block: Code) -> str:
        text = clean("".join(self.shown(piece) for piece in block.content)).strip("\n")
        fence = "`" * max(3, _longest_run(text) + 1)
        return CR.join((fence, *text.split("\n"), fence))

    def shown(self, piece: Inline) -> str:
        match piece:
            case Text():
                return piece.text
            case Link():
                return piece.label or piece.url
            case Mention():
                return clean(naming.mention(piece, self.names))
            case Emoji():
                return naming.emoji(piece, self.names)

    # Lists

    def items(self, block: List, before: type | None) -> None:
        places = [self.level(item) for item in block.items]
        # Items that are none for kramdown are one paragraph.
        whole = any(level.delimiter == ")" for level, _ in places)
        escapes = self.escapes(block.items) if whole else None
        empty = False
        for index, (item, (level, fresh)) in enumerate(zip(block.items, places, strict=True)):
            lines = self.lines(item.content, item=True, escapes=escapes) or [""]
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
            indent = " " * level.content
            self.out.extend(f"\n{indent}{line}" if line else "\n" for line in lines[1:])

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

    def escapes(self, items: Sequence[Item]) -> _Escapes:
        """What needs an escape in any of the items, if they are read as one."""
        found: list[list[_Piece]] = []
        for item in items:
            self.content = item.content
            found += map(self.pieces, lines_of(item.content))
        return _Escapes.of(found)

    # Lines

    def lines(
        self, content: Inlines, *, item: bool = False, escapes: _Escapes | None = None
    ) -> list[str]:
        """Inline pieces as lines of Markdown, without what a block puts before them."""
        if len(content) == 1:
            only = content[0]
            if isinstance(only, Text) and not only.style and _HOT.search(only.text) is None:
                return only.text.split("\n")
        self.content = content
        lines = [self.pieces(line) for line in lines_of(content)]
        escapes = escapes or _Escapes.of(lines)
        written: list[str] = []
        opens = True  # a block begins here for kramdown: it may be a table
        for line in lines:
            written.append(_line(line, escapes, opens=opens, item=item and not written))
            opens = not written[-1]
        return written

    def pieces(self, line: Inlines) -> list[_Piece]:
        """A line's pieces as they are written; what stands side by side in code is one span."""
        found: list[_Piece] = []
        code = ""
        for index, piece in enumerate(line):
            if isinstance(piece, Link):
                found += self.link(piece)
            elif not piece.style & CODE:
                found.append(_Piece(self.shown(piece), piece.style))
            else:
                code += self.shown(piece)
                after = line[index + 1] if index + 1 < len(line) else None
                if after and after.style == piece.style and not isinstance(after, Link):
                    continue
                found += _code_pieces(code, piece.style & ~CODE)
                code = ""
        return _indented(_trimmed(found))

    def link(self, piece: Link) -> list[_Piece]:
        label, url = piece.label or piece.url, _url(piece.url)
        if piece.style & CODE:
            if "]:" in label:
                url = f" {url} "  # so that no line can be the definition of a link
            return [
                replace(code, text=f"[{code.text}]({url})", raw=True)
                for code in _code_pieces(label, piece.style & ~CODE)
            ]
        # A backtick pairs up with one outside the label, and for kramdown so does each mark,
        # with those in the address too.
        around, style = f"{label}]({url})", 0
        if "*" in label or "_" in label or "~" in label:
            for each in self.content:
                style |= each.style
                if isinstance(each, Text | Link):
                    around += "\ufffc" + self.shown(each)
        escapes = replace(_Escapes.of([[_Piece(around, style)]]), tick=True)
        label = _label(_escape(label, escapes, pipes=True))
        return [_Piece(f"[{label}]({url})", piece.style, raw=True)]


@dataclass(frozen=True, slots=True)
class _Escapes:
    """Which of the paired characters could pair up in a block, and so need an escape in it."""

    star: bool = False
    under: bool = False
    tilde: bool = False
    tick: bool = False

    @classmethod
    def of(cls, lines: Sequence[Sequence[_Piece]]) -> _Escapes:
        style = 0
        code = False
        parts: list[str] = []
        for line in lines:
            parts.append("\n")
            for piece in line:
                if piece.style or piece.raw:
                    style |= piece.style
                    code = code or (piece.raw and "`" in piece.text)
                    # Whatever is written for the marks, or the link, is neither space nor letter.
                    parts.append("\ufffc" if piece.raw else f"\ufffc{piece.text}\ufffc")
                elif len(line) == 1:
                    parts.append(piece.text)
                else:
                    # Its first and last character may have to be entities.
                    parts.append(_END.sub("\ufffc", piece.text))
        text = "".join(parts)
        return cls(
            "*" in text and (bool(style & BOLD) or _pairs(text, "*")),
            "_" in text and (bool(style & ITALIC) or _pairs(text, "_")),
            bool(style & STRIKE and "~" in text) or text.count("~~") > 1,
            "`" in text and (code or len(re.findall("`+", text)) > 1 or "```" in text),
        )


def _pairs(text: str, mark: str) -> bool:
    """Whether a run of `mark` could open emphasis and a later one close it, for either parser.

    Wider than CommonMark's flanking rules, for kramdown's: `*` opens before anything but a space
    and closes after anything but one; `_` also not inside a word.
    """
    opened = False
    for run in re.finditer(re.escape(mark) + "+", text):
        before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        # At a line's end stands the `<` of the website's `<br />`.
        opens = after == "\n" or (bool(after) and not after.isspace())
        closes = bool(before) and not before.isspace()
        if mark == "_":
            opens = opens and not before.isalpha()
            closes = closes and not after.isalnum()
        if (opened and closes) or len(run[0]) > 2:
            return True
        opened = opened or opens
    return False


def _line(pieces: Sequence[_Piece], escapes: _Escapes, *, opens: bool, item: bool) -> str:
    out: list[str] = []
    stack: list[int] = []
    encode = False  # the next character must not be a word's, for a mark that closed before it
    for index, piece in enumerate(pieces):
        text = piece.text
        if not piece.raw:
            text = _escape(text, escapes, pipes=opens, strike=bool(piece.style & STRIKE))
            if not index and not piece.style:
                text = _block_start(text, item=item)
            following = pieces[index + 1] if index + 1 < len(pieces) else None
            if following and following.raw and text.endswith("!") and following.text[0] == "[":
                text = text[:-1] + "\\!"
        closing = ""
        while any(not piece.style & mark for mark in stack) or (piece.apart and STRIKE in stack):
            closing += _DELIMITERS[stack.pop()]
        if closing:
            encode = _close(out, closing, text if piece.style & ~sum(stack) == 0 else "*")
        missing = [mark for mark in _DELIMITERS if piece.style & mark and mark not in stack]
        if missing and text[0].isspace():  # no mark opens before a space
            out.append(text[: len(text) - len(text.lstrip())])
            text = text.lstrip()
            encode = False
            if not text:
                continue
        if missing:
            missing.sort(key=lambda mark: -_extent(pieces, index, mark))
            opening = "".join(_DELIMITERS[mark] for mark in missing)
            _open(out, opening, text)
            stack.extend(missing)
        elif encode:
            text = _entity(text[0]) + text[1:]
        encode = False
        out.append(text)
    while stack:
        out.append(_DELIMITERS[stack.pop()])
    return "".join(out)


def _trimmed(pieces: Sequence[_Piece]) -> list[_Piece]:
    """A line's pieces, without empty ones, equal ones joined, and no space at the end."""
    known: list[_Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        last = known[-1] if known else None
        if last and not last.raw and not piece.raw and last.style == piece.style:
            known[-1] = _Piece(last.text + piece.text, last.style)
        else:
            known.append(piece)
    while known and not known[-1].raw:
        text = known[-1].text.rstrip()
        if text:
            known[-1] = _Piece(text, known[-1].style)
            break
        known.pop()
    return known


def _indented(pieces: list[_Piece]) -> list[_Piece]:
    """A line whose first spaces show: as no-break spaces, which no reader takes for code."""
    if pieces and not pieces[0].raw and pieces[0].text[0].isspace():
        text = pieces[0].text.lstrip()
        spaces = pieces[0].text[: len(pieces[0].text) - len(text)].expandtabs(4)
        rest = [_Piece(text, pieces[0].style)] if text else []
        pieces[:1] = [_Piece("&nbsp;" * len(spaces), 0, raw=True), *rest]
    return pieces


def _extent(pieces: Sequence[_Piece], start: int, mark: int) -> int:
    end = start
    while end < len(pieces) and pieces[end].style & mark:
        end += 1
    return end


def _open(out: list[str], delimiters: str, inside: str) -> None:
    """Writes opening marks; the character before them becomes an entity if it would undo them."""
    if out and ("_" in delimiters or not _plain(inside[0], delimiters)):
        _divide(out, len(out) - 1)
    out.append(delimiters)


def _divide(out: list[str], index: int) -> None:
    """Makes sure that a part ends in what is no letter, and so may stand before a mark."""
    before = out[index]
    if _divides(before[-1]):
        return
    head = before[:-1]
    if head.endswith("\\"):  # a backslash that stood before a letter, and would escape the `&`
        head += "\\"
    out[index] = head + _entity(before[-1])
    if len(before) == 1 and index > 1 and not out[index - 1].strip("*_~"):
        _divide(out, index - 2)  # a mark stands before it, and now before no letter


def _close(out: list[str], delimiters: str, outside: str) -> bool:
    """Writes closing marks; True if the character after them must become an entity."""
    inside = out[-1][-1]
    out.append(delimiters)
    return not _divides(outside[0]) and ("_" in delimiters or not _plain(inside, delimiters))


def _divides(character: str) -> bool:
    """Whether it is space or punctuation, for CommonMark and for kramdown alike."""
    return character.isspace() or (
        not character.isalnum()
        if character.isascii()
        else unicodedata.category(character).startswith("P")
    )


def _plain(character: str, delimiters: str) -> bool:
    return len(delimiters) < 3 and character.isalnum()


def _entity(character: str) -> str:
    return f"&#{ord(character)};"


def _escape(text: str, escapes: _Escapes, *, pipes: bool, strike: bool = False) -> str:
    """Literal text as Markdown, but for what a line's start needs."""

    def escaped(match: re.Match[str]) -> str:  # noqa: PLR0912 - a branch for each escape
        found = match[0]
        match match.lastgroup:
            case "html":
                return HTML[found]
            case "star":
                if not escapes.star or _spaced(match):
                    return found
            case "under":
                if not escapes.under or _in_word(match):
                    return found
            case "tilde":
                if strike:
                    return "&#126;" * len(found)
                inside = match.start() > 0 and match.end() < len(match.string)
                if not escapes.tilde or (len(found) == 1 and inside):
                    return found
            case "tick":
                if not escapes.tick:
                    return found
            case "liquid":
                return "&#123;"
            case "pipe":
                if not pipes:
                    return found
        return "".join("\\" + each for each in found)

    return _ESCAPES.sub(escaped, text)


def _spaced(match: re.Match[str]) -> bool:
    """Whether a run stands between spaces, and so marks nothing."""
    text = match.string
    if len(match[0]) > 2:
        return False
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before.isspace() and after.isspace()


def _in_word(match: re.Match[str]) -> bool:
    """Whether a run stands inside a word, none of whose letters there may become an entity."""
    text = match.string
    if match.start() < 2 or match.end() > len(text) - 2:
        return False
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before.isalpha() and after.isalnum()


def _block_start(text: str, *, item: bool) -> str:
    """The start of a line, escaped where it would begin a block."""
    if _BLOCK_START.match(text):
        run = _RUN.match(text)
        end = run.end() if run else 1  # what is left of a run might be a mark by itself
        return "".join("\\" + each for each in text[:end]) + text[end:]
    if text == "^":  # kramdown: the end of a block
        return "&#94;"
    if item and _TASK.match(text):
        return "\\" + text
    return _NUMBERED.sub(r"\1\\\2", text, count=1) if _NUMBERED.match(text) else text


def _label(escaped: str) -> str:
    """A link's label: brackets stay where they balance, as in a shortened address (`[…]`)."""
    if escaped[0] == "^":  # a footnote for kramdown
        escaped = "&#94;" + escaped[1:]
    if "[" not in escaped and "]" not in escaped:
        return escaped
    depth = 0
    for found in re.finditer(r"\\.|[\[\]]", escaped):
        depth += {"[": 1, "]": -1}.get(found[0], 0)
        if depth < 0 or found[0] == "\\]":
            depth = -1
            break
    if depth or "[^" in escaped:
        escaped = re.sub(
            r"\\.|[\[\]]", lambda each: each[0] if len(each[0]) > 1 else "\\" + each[0], escaped
        )
    return escaped.replace("]:", "]\\:")  # a link's definition, for kramdown even so


def _url(url: str) -> str:
    """An address as a link's destination."""
    url = _URL_ESCAPES.sub(_percented, url)
    depth = 0
    for paren in _URL_PARENS.findall(url):
        depth += 1 if paren == "(" else -1
        if depth < 0:
            break
    if depth:
        url = url.replace("(", "%28").replace(")", "%29")
    return url.replace("&", "&amp;")


def _percented(match: re.Match[str]) -> str:
    return "%7E%7E" if match[0] == "~~" else _percent(match[0], safe="")


def _code_span(text: str) -> str:
    run = _longest_run(text)
    if text[0] in " \t`" or text[-1] in " `":
        # Two at least: kramdown takes the padding off only then.
        fence = "`" * max(2, run + 1)
        return f"{fence} {text} {fence}"
    fence = "`" * (run + 1)
    return fence + text + fence


def _code_pieces(code: str, style: int) -> list[_Piece]:
    """Code as spans: one, but as many as it takes for struck code to have no `~~` in a span.

    kramdown looks for the end of a strike in code too, and would take what follows for markup.
    """
    if not code or code.isspace():
        return [_Piece(code, style)]
    parts = _TIED.split(code) if style & STRIKE else [code]
    return [
        _Piece(_code_span(part), style, raw=True, apart=number > 0)
        for number, part in enumerate(parts)
    ]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)

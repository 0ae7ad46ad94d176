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
from dataclasses import dataclass, field
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
_CR = "\r"
# An empty line that stays empty on the page. Never before a line feed: the two would be one.
_APART = "\n" + _CR

_DELIMITERS = {BOLD: "**", ITALIC: "_", STRIKE: "~~"}

# What may need an escape anywhere in a line; a text without any of it, and without a line that
# begins like a block, is its own Markdown.
_HOT = re.compile(r"[\\`*_~\[\]{}|$&<>]|--|(?:^|\n)[ \t\n#+=:^0-9-]|[ \t](?:\n|$)|\u00a0")

_ESCAPES = re.compile(
    r"(?P<html>[&<>])"
    r"|(?P<backslash>\\(?=[!-/:-@\[-`{-~]|\Z))"
    r"|(?P<bracket>\](?=\())"
    r"|(?P<star>\*+)|(?P<under>_+)|(?P<tilde>~~+)|(?P<tick>`+)"
    r"|(?P<liquid>\{(?=%))|(?P<brace>(?<=\{)\{|\{(?=:))"
    r"|(?P<math>\$\$)|(?P<dash>(?<=-)-)|(?P<pipe>\|)"
)
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

# A line that begins a block: an escape before its first character, or before its delimiter.
_BLOCK_START = re.compile(
    r"(?=#{1,6}(?:\s|$))"  # a heading
    r"|(?=[-+*](?:\s|$))"  # a list
    r"|(?=[=-]+\s*$)"  # the underline of a heading
    r"|(?=([*_-])(?:\s*\1){2,}\s*$)"  # a rule
    r"|(?=:\s)"  # kramdown: a definition
    r"|(?=\*\[)"  # kramdown: an abbreviation
    r"|(?=\[[^\]]*\]:)"  # a link's definition; a footnote's
    r"|(?=~~~|```)"  # a fence
)
_NUMBERED = re.compile(r"(\d+)([.)])(?=\s|$)")
_TASK = re.compile(r"\[(?=[ xX]\]\s)")  # kramdown: a check box, at the start of a list's item

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Schemes that run or carry a document of their own; a reader sees the words, and no link.
_SCRIPTS = frozenset(
    [
        "about",
        "blob",
        "data",
        "file",
        "filesystem",
        "jar",
        "javascript",
        "livescript",
        "mhtml",
        "mocha",
        "vbscript",
        "view-source",
        "ws",
        "wss",
    ]
)
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
    """A part of a line: literal text, or (`raw`) Markdown already, with the marks on it."""

    text: str
    style: int
    raw: bool = False


@dataclass(slots=True)
class _Writer:
    names: Names
    out: list[str] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)

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
                    self.separate(before, _APART)
                    self.out.append("\n".join(lines))
                case Quote():
                    self.separate(before, "\n" if before is Paragraph else _APART)
                    quoted = (f"> {line}" if line else ">" for line in self.lines(block.content))
                    self.out.append("\n".join(quoted))
                case Code():
                    self.separate(before, "\n" if before is Paragraph else _APART)
                    self.out.append(self.code(block))
                case List():
                    self.items(block, before)
                case Divider():
                    self.separate(before, _APART)
                    self.out.append("---")
            before = type(block)
        return "".join(self.out)

    def separate(self, before: type | None, separator: str, *, keep: bool = False) -> None:
        if before in (Code, Divider):
            separator = _CR  # a fence and a rule end by themselves, and a <br /> would undo them
        if before is not None:
            self.out.append(separator)
        if not keep:
            self.levels.clear()

    def code(self, block: Code) -> str:
        text = clean("".join(self.shown(piece) for piece in block.content)).strip("\n")
        fence = "`" * max(3, _longest_run(text) + 1)
        return _CR.join((fence, *text.split("\n"), fence))

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
        for index, item in enumerate(block.items):
            level, fresh = self.level(item)
            lines = self.lines(item.content, item=True) or [""]
            first = index == 0
            if not first or before is not None:
                # What begins a list inside a paragraph: an item with text, and number 1. A list
                # that follows one of another kind on its level is nested in it by kramdown.
                begins = bool(lines[0]) and item.number in (None, 1)
                same_depth = not first and block.items[index - 1].indent >= item.indent
                joined = not fresh or (begins and not same_depth)
                if first and before is not Paragraph:
                    joined = False
                self.separate(before if first else None, "\n" if joined else _APART, keep=True)
                if not first:
                    self.out.append("\n" if joined else _APART)
            mark = "-" if item.number is None else f"{item.number}{level.delimiter}"
            self.out.append(" " * level.column + f"{mark} {lines[0]}")
            indent = " " * level.content
            self.out.extend(f"\n{indent}{line}" if line else "\n" for line in lines[1:])

    def level(self, item: Item) -> tuple[_Level, bool]:
        """The list that `item` stands in, and whether it begins there."""
        while self.levels and self.levels[-1].indent > item.indent:
            self.levels.pop()
        top = self.levels[-1] if self.levels else None
        delimiter = "." if item.number in (None, 1) else ")"
        column = 0
        if top is not None and top.indent == item.indent:
            column = top.column
            follows = top.number is not None and item.number == top.number + 1
            if (item.number is None and top.number is None) or follows:
                top.number = item.number
                if item.number is not None:
                    top.content = column + len(str(item.number)) + 2
                return top, False
            if item.number is not None and top.number is not None and delimiter == top.delimiter:
                delimiter = ")" if delimiter == "." else "."
            self.levels.pop()
        elif top is not None:
            column = top.content
        width = 2 if item.number is None else len(str(item.number)) + 2
        fresh = _Level(item.indent, column, item.number, delimiter, column + width)
        self.levels.append(fresh)
        return fresh, True

    # Lines

    def lines(self, content: Inlines, *, item: bool = False) -> list[str]:
        """Inline pieces as lines of Markdown, without what a block puts before them."""
        if len(content) == 1:
            only = content[0]
            if isinstance(only, Text) and not only.style and _HOT.search(only.text) is None:
                return only.text.split("\n")
        lines = [[self.piece(each) for each in line] for line in lines_of(content)]
        escapes = _Escapes.of([piece for line in lines for piece in line])
        written: list[str] = []
        opens = True  # a block begins here for kramdown: it may be a table
        for line in lines:
            written.append(_line(line, escapes, opens=opens, item=item and not written))
            opens = not written[-1]
        return written

    def piece(self, piece: Inline) -> _Piece:
        style = piece.style & ~CODE
        if isinstance(piece, Link):
            return self.link(piece)
        text = self.shown(piece)
        if piece.style & CODE and not text.isspace():
            return _Piece(_code_span(text), style, raw=True)
        return _Piece(text, style)

    def link(self, piece: Link) -> _Piece:
        label = piece.label or piece.url
        style = piece.style & ~CODE
        url = _url(piece.url)
        if piece.style & CODE:
            label = _code_span(label)
        elif url:
            escapes = _Escapes.of([_Piece(label, 0)])
            label = _label(_escape(label, escapes, pipes=True))
        if url:
            return _Piece(f"[{label}]({url})", style, raw=True)
        return _Piece(label, style, raw=bool(piece.style & CODE))


@dataclass(frozen=True, slots=True)
class _Escapes:
    """Which of the paired characters could pair up in a block, and so need an escape in it."""

    star: bool = False
    under: bool = False
    tilde: bool = False
    tick: bool = False

    @classmethod
    def of(cls, pieces: Sequence[_Piece]) -> _Escapes:
        style = 0
        code = False
        parts = []
        for piece in pieces:
            style |= piece.style
            code = code or (piece.raw and "`" in piece.text)
            parts.append(piece.text if not piece.raw else "\ufffc")
        text = "".join(parts)
        return cls(
            "*" in text and (bool(style & BOLD) or _pairs(text, "*")),
            "_" in text and (bool(style & ITALIC) or _pairs(text, "_")),
            "~~" in text and (bool(style & STRIKE) or text.count("~~") > 1),
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
        opens = bool(after) and not after.isspace()
        closes = bool(before) and not before.isspace()
        if mark == "_":
            opens = opens and not before.isalpha()
            closes = closes and not after.isalnum()
        if opened and closes:
            return True
        if opens and len(run[0]) > 2:
            return True
        opened = opened or opens
    return False


def _line(pieces: Sequence[_Piece], escapes: _Escapes, *, opens: bool, item: bool) -> str:
    known = _trimmed(pieces)
    if not known:
        return ""
    out: list[str] = []
    stack: list[int] = []
    encode = False  # the next character must not be a word's, for a mark that closed before it
    for index, piece in enumerate(known):
        text = piece.text
        if not piece.raw:
            text = _escape(text, escapes, pipes=opens, strike=bool(piece.style & STRIKE))
            if not index and not piece.style:
                text = _block_start(text, item=item)
            following = known[index + 1] if index + 1 < len(known) else None
            if following and following.raw and text.endswith("!") and following.text[0] == "[":
                text = text[:-1] + "\\!"
        closing = ""
        while any(not piece.style & mark for mark in stack):
            closing += _DELIMITERS[stack.pop()]
        if closing:
            encode = _close(out, closing, text if piece.style & ~sum(stack) == 0 else "*")
        missing = [mark for mark in _DELIMITERS if piece.style & mark and mark not in stack]
        if missing:
            missing.sort(key=lambda mark: -_extent(known, index, mark))
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


def _extent(pieces: Sequence[_Piece], start: int, mark: int) -> int:
    end = start
    while end < len(pieces) and pieces[end].style & mark:
        end += 1
    return end


def _open(out: list[str], delimiters: str, inside: str) -> None:
    """Writes opening marks; the character before them becomes an entity if it would undo them."""
    if out:
        before = out[-1][-1]
        if not _divides(before) and ("_" in delimiters or not _plain(inside[0], delimiters)):
            out[-1] = out[-1][:-1] + _entity(before)
    out.append(delimiters)


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

    def escaped(match: re.Match[str]) -> str:
        found = match[0]
        match match.lastgroup:
            case "html":
                return _HTML[found]
            case "star":
                if not escapes.star or _spaced(match):
                    return found
            case "under":
                if not escapes.under or _in_word(match):
                    return found
            case "tilde":
                if strike or not escapes.tilde:
                    return found if not strike else "&#126;" * len(found)
            case "tick":
                if not escapes.tick:
                    return found
            case "liquid":
                return "&#123;"
            case "pipe":
                if not pipes:
                    return found
        return "".join("\\" + each for each in found)

    text = _ESCAPES.sub(escaped, text)
    if strike and "~" in text:
        text = text.replace("\\~", "~").replace("~", "&#126;")
    return text


def _spaced(match: re.Match[str]) -> bool:
    text = match.string
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before.isspace() and after.isspace()


def _in_word(match: re.Match[str]) -> bool:
    text = match.string
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before.isalpha() and after.isalnum()


def _block_start(text: str, *, item: bool) -> str:
    """The start of a line, escaped where it would begin a block; spaces that show kept."""
    stripped = text.lstrip()
    if len(stripped) < len(text):
        spaces = text[: len(text) - len(stripped)].expandtabs(4)
        return "&nbsp;" * len(spaces) + stripped
    if _BLOCK_START.match(text):
        return "\\" + text
    if text == "^":  # kramdown: the end of a block
        return "&#94;"
    if item and _TASK.match(text):
        return "\\" + text
    return _NUMBERED.sub(r"\1\\\2", text, count=1) if _NUMBERED.match(text) else text


def _label(escaped: str) -> str:
    """A link's label: brackets stay where they balance, as in a shortened address (`[…]`)."""
    if "[" not in escaped and "]" not in escaped:
        return escaped
    depth = 0
    for found in re.finditer(r"\\.|[\[\]]", escaped):
        depth += {"[": 1, "]": -1}.get(found[0], 0)
        if depth < 0 or found[0] == "\\]":
            depth = -1
            break
    if depth == 0:
        return escaped
    return re.sub(
        r"\\.|[\[\]]", lambda each: each[0] if len(each[0]) > 1 else "\\" + each[0], escaped
    )


def _url(url: str) -> str:
    """An address as a link's destination; '' for one that must not be a link."""
    scheme = _SCHEME.match(url)
    if scheme is None or scheme[0][:-1].lower() in _SCRIPTS:
        return ""
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
    if text[0] in " `" or text[-1] in " `":
        # Two at least: kramdown takes the padding off only then.
        fence = "`" * max(2, run + 1)
        return f"{fence} {text} {fence}"
    fence = "`" * (run + 1)
    return fence + text + fence


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)

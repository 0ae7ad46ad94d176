"""Inline pieces as lines of Markdown that show the same characters with the same marks.

CommonMark and kramdown disagree about delimiters that stand beside letters, about code that holds
a delimiter, and about which pair comes first. So each construct has two forms. The usual one
(`**b**`, `_i_`, `~~s~~`, `` `c` ``) is written only where both parsers take it for the same by
their own grammar, whatever else stands in the text; everywhere else the construct is the HTML
element that it stands for, with what is in it in entities (`pre-<em>trained</em>`). Three rules
keep the usual forms apart:

* A backtick in the Markdown is a delimiter of a code span, which opens and closes on one line and
  holds no backtick; a literal one is an entity, but where it is the only one of the message.
* `~~` is a delimiter of a strike; in code, and literally where the message has another, it is not
  written as it is.
* A literal character is escaped where either parser could pair it with another of its kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote as _percent

from bot.markup.tree import BOLD, ITALIC, STRIKE, Inline

HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

# Without any of it, and without two hyphens or three dots, a text needs no escape, but perhaps at
# the start of a line.
_HOT = re.compile(r"[\\`*_~\[\]{}|$&<>]")

# Begins with the set of their first characters, so that all others are skipped at once.
_ESCAPES = re.compile(
    r"[&<>\\\]*_~`{$-](?:(?P<html>(?<=[&<>]))"
    r"|(?P<backslash>(?<=\\)(?=[!-/:-@\[-`{-~\n]|\Z))"
    r"|(?P<bracket>(?<=\])(?=\())"
    r"|(?P<star>(?<=\*)\**)|(?P<under>(?<=_)_*)|(?P<tilde>(?<=~)~*)|(?P<tick>(?<=`)`*)"
    r"|(?P<liquid>(?<=\{)(?=%))|(?P<brace>(?<=\{\{)|(?<=\{)(?=:))"
    r"|(?P<math>(?<=\$)\$+)|(?P<dash>(?<=--)))"
)
_BLANK = " \t\n"  # what is space for Ruby's `\s`, too
_INDENT = re.compile(r"^[^\S\n]+", re.M)
# Spaces at the end of a line stay, as whoever typed them has them; other blanks there might be
# taken for something.
_LINE_END = re.compile(r" *[^\S\n ][^\S\n]*(?=\n|\Z)")
# The first characters of what `_BLOCK_START`, `_NUMBERED` and `_TASK` find, and a space.
_MAY_BEGIN = re.compile(r"[#+*=_:^\[~`|\d\s-]")
_DOTS = re.compile(r"\.{3,}")

# A line that begins a block: an escape before its first character, or before its delimiter.
_BLOCK_START = re.compile(
    r"(?=#)"  # a heading; for kramdown without GFM with no space behind it, too
    r"|(?=[-+*](?:[\s|]|$))"  # a list; for kramdown the bar is as good as a space
    r"|(?=[=-]+\s*$)"  # the underline of a heading
    r"|(?=[|:-][\s|:-]*$)(?=[^-]*-)"  # what stands under the head of a table
    r"|(?=([*_-])(?:\s*\1){2,}\s*$)"  # a rule
    r"|(?=:[\s|])"  # kramdown: a definition
    r"|(?=\*\[)"  # kramdown: an abbreviation
    # A link's definition, its end on this line or another; a footnote's. `](` will be escaped.
    r"|(?=\[(?:[^\]]|\](?=\())*(?:\]:|\Z))"
    r"|(?=~~~|```)"  # a fence
)
_RUN = re.compile(r"\*+|_+|~+|`+|#+")
_NUMBERED = re.compile(r"(\d+)([.)])(?=[\s|]|$)")
_TASK = re.compile(r"\[(?=[ xX]\]\s)")  # kramdown: a check box, at the start of a list's item

_CLOSING = re.compile(r"</(?:em|strong|del|code)>")
_IN_CODE = re.compile(r"[&<>*_~`|\[\]{}\\$]")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_URL_ESCAPES = re.compile(r"[\s\x00-\x1f\x7f<>\"\\|`{}\[\]^]|~~|\$\$")
_ORDINARY_URL = re.compile(r"[A-Za-z0-9:/.?=#%+,;@_-]*")
_PAIRS = {"~~": "%7E%7E", "$$": "%24%24"}
_URL_PARENS = re.compile(r"[()]")

# In the text that pairs are looked for in: a mark or a link, which is neither space nor letter.
MARKED = "\ufffc"

_DELIMITERS = {BOLD: "**", ITALIC: "_", STRIKE: "~~"}
_ELEMENTS = {BOLD: "strong", ITALIC: "em", STRIKE: "del"}


@dataclass(slots=True)
class Run:
    """Literal text, or (`raw`) Markdown already, with the marks on it."""

    text: str
    style: int
    code: bool = False
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Escapes:
    """Which of the paired characters could pair up, and so need an escape."""

    star: bool = False
    under: bool = False
    tilde: bool = False
    tick: bool = False


Known = Callable[[], Escapes]
"""Asked only when it matters: to know it takes a look at the whole message."""


def hot(text: str) -> bool:
    """Whether something in a text may need an escape, wherever it stands."""
    return _HOT.search(text) is not None or "--" in text or "..." in text


def lines(runs: Sequence[Run], escapes: Known, *, item: bool = False) -> list[str]:
    """The Markdown of runs, line by line, without what a block puts before them.

    `item` says that they are an item of a list. What the runs hold is not theirs any more.
    """
    written: list[str] = []
    line: list[Run] = []
    for index, run in enumerate(runs):
        if run.raw:
            line.append(run)
            continue
        text = _ended(run.text, runs[index + 1] if index + 1 < len(runs) else None)
        if hot(text):
            text = escape(text, escapes)
        if "\n" not in text:
            if text:
                run.text = text
                line.append(run)
            continue
        first, *others = text.split("\n")
        if first:
            line.append(Run(first, run.style))
        last = others.pop()
        written.append(_written(line, written, item))
        for each in others:
            if each and (run.style or _MAY_BEGIN.match(each) or "|" in each):
                written.append(_written([Run(each, run.style)], written, item))
            else:
                written.append("" if each.isspace() else each)
        line = [Run(last, run.style)] if last else []
    written.append(_written(line, written, item))
    return written


def _ended(text: str, following: Run | None) -> str:
    """Literal text without blanks at the ends of lines, but spaces."""
    if "\t" in text or not text.isascii():
        if following is None or (following.text[0] == "\n" and not following.raw):
            return _LINE_END.sub("", text)
        return _LINE_END.sub("", text + "x")[:-1]
    return text


def _written(line: list[Run], above: Sequence[str], item: bool) -> str:
    # A block begins behind an empty line for kramdown: it may be a table.
    opens, item = not (above and above[-1]), item and not above
    if len(line) == 1 and not (only := line[0]).raw and not only.style:
        return _plain(only.text, opens=opens, item=item)
    return _line(_shown(line), opens=opens, item=item)


def _plain(text: str, *, opens: bool, item: bool) -> str:
    """A line of text without marks."""
    if not text or text.isspace():
        return ""
    if opens and "|" in text:
        text = text.replace("|", "\\|")
    return _indented(text) if text[0].isspace() else _block_start(text, item=item)


def pairs(text: str, mark: str) -> bool:
    """Whether a run of `mark` could open emphasis and a later one close it, for either parser.

    Wider than CommonMark's flanking rules, for kramdown's: `*` opens before anything but a space
    and closes after anything but one; `_` also not inside a word.
    """
    opened = False
    # As it is written: without spaces at a line's end, and with no-break spaces at its start.
    text = _INDENT.sub(MARKED, _LINE_END.sub("", text))
    for run in re.finditer(re.escape(mark) + "+", text):
        before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        # At a line's end stands the `<` of the website's `<br />`.
        opens = after == "\n" or (bool(after) and after not in _BLANK)
        closes = bool(before) and before not in _BLANK
        if mark == "_":
            opens = opens and not before.isalpha()
            closes = closes and not _letter(after)
        if (opened and closes) or len(run[0]) > 2:
            return True
        opened = opened or opens
    return False


def code(text: str, *, linked: bool = False, cell: bool = False) -> str:
    """Code on one line; `linked` where it is the label of a link, `cell` in a table."""
    if (
        "`" in text
        or "~~" in text
        or "{{" in text
        or "{%" in text
        or text[0].isspace()
        or text[-1].isspace()
        or (linked and "]" in text)
        or (cell and "|" in text)
        or ("</" in text and _CLOSING.search(text))
    ):
        return f"<code>{_IN_CODE.sub(entity, text)}</code>"
    return f"`{text}`"


def literal(text: str) -> str:
    """A line in which nothing is left that any parser could take for markup."""
    shown = text.lstrip()
    spaces = len(text[: len(text) - len(shown)].expandtabs(4))
    return "&nbsp;" * spaces + _PUNCTUATION.sub(entity, shown.rstrip())


def label(text: str, escapes: Known) -> str:
    """A link's label: brackets stay where they balance, as in a shortened address (`[…]`)."""
    if not hot(text) and text[0] != "^":
        return text
    escaped = escape(text, escapes).replace("|", "\\|")
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


def destination(url: str) -> str:
    """An address as a link's destination."""
    if _ORDINARY_URL.fullmatch(url):
        return url
    url = _URL_ESCAPES.sub(_percented, url)
    depth = 0
    for paren in _URL_PARENS.findall(url):
        depth += 1 if paren == "(" else -1
        if depth < 0:
            break
    if depth:
        url = url.replace("(", "%28").replace(")", "%29")
    return url.replace("&", "&amp;")


def escape(text: str, escapes: Known) -> str:
    """Literal text as Markdown, but for what a line's start needs."""

    def escaped(match: re.Match[str]) -> str:
        found = match[0]
        match match.lastgroup:
            case "html":
                return HTML[found]
            case "star":
                if _spaced(match) or not escapes().star:
                    return found
            case "under":
                if _in_word(match) or not escapes().under:
                    return found
            case "tilde":
                return "&#126;" * len(found) if escapes().tilde else found
            case "tick":
                return "&#96;" * len(found) if escapes().tick else found
            case "liquid":
                return "&#123;"
        return "".join("\\" + each for each in found)

    text = _ESCAPES.sub(escaped, text)
    return _DOTS.sub(_dots, text) if "..." in text else text


def _indented(text: str) -> str:
    """A line whose first spaces show: as no-break spaces, which no reader takes for code."""
    shown = text.lstrip()
    return "&nbsp;" * len(text[: len(text) - len(shown)].expandtabs(4)) + shown


def _shown(line: list[Run]) -> list[Run]:
    """The runs of a line without spaces at its end, those at its start as they show."""
    if all(run.text.isspace() for run in line if not run.raw) and not any(run.raw for run in line):
        return []
    if line and not line[0].raw and line[0].text[0].isspace():
        text = line[0].text.lstrip()
        rest = [Run(text, line[0].style)] if text else []
        spaces = line[0].text[: len(line[0].text) - len(text)]
        line[:1] = [Run(_indented(spaces), 0, raw=True), *rest]
    return line


def _line(line: Sequence[Run], *, opens: bool, item: bool) -> str:
    texts: list[str] = []
    styled = text_before = False
    for run in line:
        text = run.text
        if text_before and text[0] == "[" and texts[-1][-1] == "!":
            texts[-1] = texts[-1][:-1] + "\\!"
        styled = styled or run.style != 0
        text_before = not run.raw
        texts.append(text.replace("|", "\\|") if opens and text_before and "|" in text else text)
    if line and not line[0].raw and not line[0].style:
        texts[0] = _block_start(texts[0], item=item)
    return _marked(line, texts) if styled else "".join(texts)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A mark that is open: the run before which it ends, and what closes it."""

    mark: int
    end: int
    closing: str


def _marked(line: Sequence[Run], texts: Sequence[str]) -> str:
    """A line's texts with their marks around them."""
    out: list[str] = []
    stack: list[_Mark] = []
    known = 0  # the marks in the stack
    for index, run in enumerate(line):
        while stack and stack[-1].end <= index:
            out.append(stack[-1].closing)
            known &= ~stack.pop().mark
        missing = [mark for mark in _DELIMITERS if run.style & ~known & mark]
        if missing:
            if len(missing) > 1:
                missing.sort(key=lambda mark: -extent(line, index, mark))
            for mark in missing:
                outer = stack[-1].end if stack else len(line) + 1
                end = min(extent(line, index, mark), outer)
                known |= mark
                # What stands on each side of the two delimiters; any delimiter is as good as `*`.
                before = out[-1][-1] if out else " "
                first = "*" if run.style & ~known else texts[index][0]
                last = "*" if line[end - 1].style & ~known else texts[end - 1][-1]
                if end == outer:
                    after = "*"
                elif end == len(line):
                    after = " "
                else:
                    after = "*" if line[end].style & ~known else texts[end][0]
                if _usual(mark, before, first, last, after):
                    out.append(_DELIMITERS[mark])
                    stack.append(_Mark(mark, end, _DELIMITERS[mark]))
                else:
                    out.append(f"<{_ELEMENTS[mark]}>")
                    stack.append(_Mark(mark, end, f"</{_ELEMENTS[mark]}>"))
        out.append(texts[index])
    out.extend(mark.closing for mark in reversed(stack))
    return "".join(out)


def _usual(mark: int, before: str, first: str, last: str, after: str) -> bool:
    """Whether both parsers take delimiters between these characters for a mark's.

    CommonMark's rules of left- and right-flanking runs
    (https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run), narrowed to characters of
    which all its versions think the same; and kramdown's `_` never opens behind a letter and a
    hyphen.
    """
    if mark == ITALIC:
        return (
            _divides(before)
            and before != "-"
            and _divides(after)
            and not first.isspace()
            and not last.isspace()
        )
    return (first.isalnum() or (_divides(before) and not first.isspace())) and (
        last.isalnum() or (_divides(after) and not last.isspace())
    )


def _divides(character: str) -> bool:
    """Whether it is space or punctuation, for CommonMark and for kramdown alike."""
    return character.isspace() or (
        not character.isalnum()
        if character.isascii()
        else unicodedata.category(character).startswith("P")
    )


def extent(pieces: Sequence[Run | Inline], start: int, mark: int) -> int:
    """Where a mark ends that is on the piece at `start`."""
    end = start
    while end < len(pieces) and pieces[end].style & mark:
        end += 1
    return end


def entity(match: re.Match[str]) -> str:
    """The character that a pattern found, as an entity."""
    return HTML.get(match[0]) or f"&#{ord(match[0])};"


def _dots(match: re.Match[str]) -> str:
    """Three dots, which kramdown makes one character of; not in a path, nor between digits."""
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    if "/" in (before, after) or (before.isdigit() and after.isdigit()):
        return "\\." * len(match[0])
    return match[0]


def _spaced(match: re.Match[str]) -> bool:
    """Whether a run stands between spaces, and so marks nothing."""
    text = match.string
    if len(match[0]) > 2:
        return False
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    # At a line's end stands the `<` of the website's `<br />`, and at its start no-break spaces.
    if not (before and after and before in _BLANK and after in " \t"):
        return False
    return not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].isspace()


def _in_word(match: re.Match[str]) -> bool:
    """Whether a run stands inside a word, and so marks nothing."""
    text = match.string
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return len(match[0]) < 3 and before.isalpha() and _letter(after)


def _letter(character: str) -> bool:
    """Whether no `_` before it can close emphasis: a letter or a digit for Ruby as for Python."""
    return character.isalpha() or character.isdecimal()


def _block_start(text: str, *, item: bool) -> str:
    """The start of a line, escaped where it would begin a block."""
    if not _MAY_BEGIN.match(text):
        return text
    if _BLOCK_START.match(text):
        run = _RUN.match(text)
        end = run.end() if run else 1  # what is left of a run might be a mark by itself
        return "".join("\\" + each for each in text[:end]) + text[end:]
    if text == "^":  # kramdown: the end of a block
        return "&#94;"
    if item and _TASK.match(text):
        return "\\" + text
    if numbered := _NUMBERED.match(text):
        return f"{numbered[1]}\\{numbered[2]}{text[numbered.end() :]}"
    return text


def _percented(match: re.Match[str]) -> str:
    return _PAIRS.get(match[0]) or _percent(match[0], safe="")

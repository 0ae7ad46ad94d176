"""What Slack shows: a message object, read as Slack's documentation describes it.

A second reading of `rich_text` and mrkdwn, written for the tests alone and to be plain rather than
quick: a scanner that goes character by character, where `bot.markup` has regular expressions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.markup.seen import Line, Reader, canonical, item_mark, link_mark, text_of

USERS = {"U1": "Ada Lovelace", "U2": "snake_case *Bob*", "U3": "<b>Eve</b> & {{ co }}"}
CHANNELS = {"C1": "general", "C2": "book_of_the_week"}
GROUPS = {"S1": "ml-ops", "S2": "all_readers"}
BROADCASTS = ("here", "channel", "everyone")
# By hand, from Slack's own emoji picker: name and tone, characters.
EMOJI = {
    ("slightly_smiling_face", ""): "\U0001f642",
    ("+1", ""): "\U0001f44d",
    ("thumbsup", "4"): "\U0001f44d\U0001f3fd",
    ("a", ""): "\U0001f170\ufe0f",
    ("b", ""): "\U0001f171\ufe0f",
    ("m", ""): "\u24c2\ufe0f",
    ("o", ""): "\u2b55",
    ("v", ""): "\u270c\ufe0f",
    ("x", ""): "\u274c",
    ("wave", ""): "\U0001f44b",
    ("wave", "2"): "\U0001f44b\U0001f3fb",
    ("woman-shrugging", "3"): "\U0001f937\U0001f3fc\u200d\u2640\ufe0f",
    ("flag-de", ""): "\U0001f1e9\U0001f1ea",
    ("de", ""): "\U0001f1e9\U0001f1ea",
    ("keycap_star", ""): "*\ufe0f\u20e3",
    (
        "people_holding_hands",
        "2-6",
    ): "\U0001f9d1\U0001f3fb\u200d\U0001f91d\u200d\U0001f9d1\U0001f3ff",
    ("partyparrot", ""): ":partyparrot:",
    ("data-talks_club", ""): ":data-talks_club:",
    ("ship-it", ""): "\U0001f680",  # an alias of the workspace
}
SCRIPTS = ("javascript", "vbscript", "data", "file")


class Names:
    """The workspace of the tests."""

    def user(self, id: str) -> str:
        return USERS.get(id, "")

    def channel(self, id: str) -> str:
        return CHANNELS.get(id, "")

    def usergroup(self, id: str) -> str:
        return GROUPS.get(id, "")

    def emoji(self, name: str) -> str | None:
        return "alias:rocket" if name == "ship-it" else None


def shows(message: Mapping[str, Any], *, gaps: bool) -> list[Line]:
    """What a reader in Slack sees of a message: `rich_text`, `header`, `table`; else its text."""
    reader = Reader()
    if message.get("blocks"):
        for block in message["blocks"]:
            match block["type"]:
                case "rich_text":
                    _rich_text(block, reader)
                case "header":
                    inner = Reader(kind=f"heading {block.get('level', 3)}")
                    inner.put(readable(block["text"]["text"]))
                    _whole(inner, reader)
                case "table":
                    _table(block["rows"], reader)
            reader.kind = "text"
    else:
        _mrkdwn(message["text"], reader)
    reader.end_if_begun()
    return canonical(reader.lines, gaps=gaps)


def _whole(inner: Reader, reader: Reader) -> None:
    inner.end()
    reader.end_if_begun()
    reader.lines += _stripped(inner.lines)


def _table(rows: list[list[dict[str, Any]]], reader: Reader) -> None:
    for number, row in enumerate((row for row in rows if row), 1):
        for column, cell in enumerate(row, 1):
            inner = Reader(kind=f"cell {number}.{column}")
            if cell["type"] == "raw_text":
                inner.put(readable(cell["text"]))
            else:
                _run(cell["elements"][0]["elements"], inner)
            _whole(inner, reader)


def readable(text: str) -> str:
    """Text without what no page can show: controls, noncharacters; half a surrogate pair is U+FFFD."""
    text = "\n".join((text + "\0").replace("\r\n", "\n").splitlines())
    text = "".join(
        each
        for each in text
        if each in "\t\n"
        or not (
            unicodedata.category(each) == "Cc"
            or ord(each) & 0xFFFE == 0xFFFE
            or "\ufdd0" <= each <= "\ufdef"
        )
    )
    return re.sub(
        "([\ud800-\udbff][\udc00-\udfff])|[\ud800-\udfff]",
        lambda each: each[0].encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        text,
    )


# rich_text


def _rich_text(block: Mapping[str, Any], reader: Reader) -> None:
    depths: list[int] = []  # the indents of the lists that are open
    codes = sum(kind.startswith("code") for kind in dict.fromkeys(kind for kind, _ in reader.lines))
    elements = block["elements"]
    numbers: dict[int, int] = {}  # of the lists that may go on, by their indent
    for index, element in enumerate(elements):
        kind = element["type"]
        if kind == "rich_text_list":
            reader.kind = "text"
            number = element.get("offset", 0)
            nested = any(indent > element["indent"] for indent in numbers)
            if nested and not number:
                number = numbers.get(element["indent"], 0)
            numbers = {k: v for k, v in numbers.items() if k <= element["indent"]}
            ordered = element["style"] == "ordered"
            numbers[element["indent"]] = (number + len(element["elements"])) * ordered
            for item in element["elements"]:
                number += 1
                while depths and depths[-1] > element["indent"]:
                    depths.pop()
                if not depths or depths[-1] < element["indent"]:
                    depths.append(element["indent"])
                inner = Reader()
                _run(item["elements"], inner)
                inner.end()
                reader.put(item_mark(len(depths) - 1, number if ordered else None))
                first, *rest = _stripped(inner.lines) or [("text", ())]
                for character, marks in first[1]:
                    reader.put(character, marks)
                reader.end()
                reader.lines += [("more", line) for _, line in rest]
            continue
        depths = []
        numbers = {}
        match kind:
            case "rich_text_section":
                reader.kind = "text"
                _run(element["elements"], reader, last=index + 1 == len(elements))
                reader.end_if_begun()
            case "rich_text_quote":
                inner = Reader(kind="quote")
                _run(element["elements"], inner)
                inner.end()
                reader.lines += _stripped(inner.lines)
            case "rich_text_preformatted":
                inner = Reader(kind=f"code {codes + 1}")
                _run(element["elements"], inner)
                inner.end()
                lines = _stripped(inner.lines)
                reader.lines += lines
                codes += bool(lines)  # an empty one is not there


def _stripped(lines: list[Line]) -> list[Line]:
    """The lines of a quote or a code block, without empty ones at its start and end."""
    code = lines[0][0].startswith("code")

    def empty(line: Line) -> bool:
        return not (line[1] if code else text_of(line).strip())

    while lines and empty(lines[0]):
        del lines[0]
    while lines and empty(lines[-1]):
        del lines[-1]
    return lines


def _run(elements: Iterable[Mapping[str, Any]], reader: Reader, *, last: bool = False) -> None:
    for element in elements:
        marks = {name for name, on in element.get("style", {}).items() if on}
        match element["type"]:
            case "text":
                reader.put(readable(element["text"]), marks)
            case "link":
                _link(element["url"], element.get("text", ""), marks, reader)
            case "user":
                reader.put(USERS[element["user_id"]], marks)
            case "channel":
                reader.put("#" + CHANNELS[element["channel_id"]], marks)
            case "usergroup":
                reader.put("@" + GROUPS[element["usergroup_id"]], marks)
            case "broadcast":
                reader.put("@" + element["range"], marks)
            case "color":
                reader.put(element["value"], marks)
            case "date":
                if "url" in element:
                    _link(element["url"], element["fallback"], marks, reader)
                else:
                    reader.put(element["fallback"], marks)
            case "emoji":
                name, _, tone = element["name"].partition("::skin-tone-")
                tone = tone or str(element.get("skin_tone", ""))
                reader.put(EMOJI[name, tone], marks)
            case kind:
                raise AssertionError(kind)


def _link(url: str, label: str, marks: set[str], reader: Reader) -> None:
    url = readable(url).strip()
    label = " ".join(readable(label or url).split("\n")).strip() or url
    scheme = url.partition(":")[0].lower()
    if reader.kind.startswith("code") or scheme in SCRIPTS:
        reader.put(label, marks)
    else:
        reader.put(label, {*marks, link_mark(url)})


# mrkdwn


@dataclass
class _Atom:
    """One thing in a line of mrkdwn: what it shows, and whether it may be a mark."""

    shows: str
    marks: frozenset[str] = frozenset()
    literal: bool = False  # a character that was written as it is


def _mrkdwn(text: str, reader: Reader) -> None:
    text = readable(text)
    codes = 0
    rest = False
    kind = "text"
    line: list[_Atom] = []
    begun = True  # of the line

    def end(*, force: bool) -> None:
        nonlocal line
        reader.kind = kind
        _marked(line, frozenset(), reader)
        if force:
            reader.end()
        else:
            reader.end_if_begun()
        line = []

    at = 0
    after_code = False
    while at <= len(text):
        if begun:
            begun = False
            mark = re.compile("[ \t]*((?:&gt;){3}|>>>|&gt;|>) ?").match(text, at)
            if mark and not rest:
                kind = "quote"
                rest = mark[1] in (">>>", "&gt;&gt;&gt;")
            elif not rest:
                kind = "text"
            if mark:
                at = mark.end()
        if at == len(text):
            end(force=bool(line) or not after_code)
            break
        character = text[at]
        if character == "\n":
            end(force=bool(line) or not after_code)
            after_code = False
            begun = True
            at += 1
            continue
        if text.startswith("```", at) and (close := text.find("```", at + 4)) > 0:
            while text[close + 3 : close + 4] == "`":
                close += 1
            end(force=False)
            inner = Reader(kind=f"code {codes + 1}")
            inner.put("".join(_code(text[at + 3 : close])))
            inner.end()
            lines = _stripped(inner.lines)
            reader.lines += lines
            codes += bool(lines)
            after_code = True
            at = close + 3
            continue
        found = _atom(text, at)
        line.append(found[0])
        at = found[1]


_NAME = re.compile(r":([a-z0-9_+'-]+):(?!//)")
_TONE = re.compile(r":skin-tone-([2-6](?:-[2-6])?):")
_BARE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s<>|`]*")
_ENTITY = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


def _word(character: str) -> bool:
    return character.isalnum()


def _atom(text: str, at: int) -> tuple[_Atom, int]:
    before = text[at - 1 : at]
    match text[at]:
        case "`":
            close = text.find("`", at + 1)
            code = text[at + 1 : close]
            alone = before != "`" and close > 0 and text[close + 1 : close + 2] != "`"
            if alone and code and "\n" not in code:
                return _Atom("".join(_code(code)), frozenset({"code"})), close + 1
        case "<":
            close = text.find(">", at)
            inner = text[at + 1 : close]
            if close > 0 and inner and not set(inner) & {"<", "\n"}:
                return _angle(inner), close + 1
        case "&":
            for entity, character in _ENTITY.items():
                if text.startswith(entity, at):
                    return _Atom(character, literal=True), at + len(entity)
        case ":":
            name = _NAME.match(text, at)
            if name:
                tone = _TONE.match(text, name.end())
                end = (tone or name).end()
                known = EMOJI.get((name[1], tone[1] if tone else ""))
                inside = _word(before) and _word(text[end : end + 1])
                if known and not (inside and len(name[1]) < 3):  # `a:b:c`
                    return _Atom(known), end
                beside = _word(before) or _word(text[end : end + 1])
                if not (known or beside or name[1].isdigit() or name[1].strip("_") != name[1]):
                    return _Atom(text[at:end]), end  # a picture of the workspace's own, maybe
        case letter if letter.isalpha() and not (_word(before) or before == "_"):
            bare = _BARE.match(text, at)
            if bare:
                return _Atom(_decoded(bare[0])), bare.end()
    return _Atom(text[at], literal=True), at + 1


def _decoded(text: str) -> str:
    return re.sub("&(?:amp|lt|gt);", lambda each: _ENTITY[each[0]], text)


def _code(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        close = text.find(">", at)
        inner = text[at + 1 : close]
        if text[at] == "<" and close > 0 and inner and not set(inner) & {"<", "\n"}:
            yield _angle(inner).shows
            at = close + 1
            continue
        for entity, character in _ENTITY.items():
            if text.startswith(entity, at):
                yield character
                at += len(entity)
                break
        else:
            yield text[at]
            at += 1


def _angle(inner: str) -> _Atom:
    body, _, label = inner.partition("|")
    match body[0:1]:
        case "@":
            return _Atom(USERS.get(body[1:]) or _decoded(label).removeprefix("@") or body[1:])
        case "#":
            name = CHANNELS.get(body[1:]) or _decoded(label).removeprefix("#") or body[1:]
            return _Atom("#" + name)
        case "!":
            if body.startswith("!subteam^"):
                name = GROUPS.get(body[9:]) or _decoded(label).removeprefix("@") or body[9:]
                return _Atom("@" + name)
            if body.startswith("!date^"):
                link = "^".join(body.split("^")[3:])
                marks = frozenset({link_mark(_decoded(link))} if link else ())
                return _Atom(_decoded(label), marks)
            return _Atom("@" + body[1:])
    scheme = re.match("([A-Za-z][A-Za-z0-9+.-]*):", body)
    if not scheme and not label:
        return _Atom(f"<{_decoded(inner)}>")
    url = _decoded(body)
    label = re.sub(_NAME.pattern, lambda each: EMOJI.get((each[1], ""), each[0]), _decoded(label))
    known = scheme and scheme[1].lower() not in SCRIPTS
    return _Atom(label.strip() or url, frozenset({link_mark(url)} if known else ()))


_MARKS = {"*": "bold", "_": "italic", "~": "strike"}


def _marked(line: list[_Atom], marks: frozenset[str], reader: Reader) -> None:
    """A line's atoms with the marks that its `*`, `_` and `~` make."""
    at = 0
    while at < len(line):
        close = _closing(line, at)
        if close:
            inner = {*marks, _MARKS[line[at].shows]}
            _marked(line[at + 1 : close], frozenset(inner), reader)
            at = close + 1
        else:
            reader.put(line[at].shows, marks | line[at].marks)
            at += 1


def _closing(line: list[_Atom], at: int) -> int:
    """Where the mark that opens at `at` is closed; 0 where none opens."""
    mark = line[at].shows
    if mark not in _MARKS or not line[at].literal:
        return 0
    if at and (_plain(line[at - 1], mark) or at + 1 == len(line) or _is(line[at - 1], "\\")):
        return 0
    if at + 1 == len(line) or _is(line[at + 1], mark) or _space(line[at + 1]):
        return 0
    for index in range(at + 2, len(line)):
        if not _is(line[index], mark):
            continue
        before, after = line[index - 1], line[index + 1] if index + 1 < len(line) else None
        closes = not (_is(before, mark) or _space(before))
        if closes and not (after and (_plain(after, mark) or _keeps(after, mark))):
            return index
        if mark != "_":
            return 0
    return 0


def _keeps(atom: _Atom, mark: str) -> bool:
    """Whether no mark closes before `atom`: tried with a star in Slack, character by character."""
    return atom.literal and atom.shows in ("`@&(|\\<>_" if mark == "*" else "`@&(|\\<>")


def _is(atom: _Atom, mark: str) -> bool:
    return atom.literal and atom.shows == mark


def _space(atom: _Atom) -> bool:
    return atom.literal and atom.shows.isspace()


def _plain(atom: _Atom, mark: str) -> bool:
    """Whether a mark beside `atom` is inside a word, or doubled."""
    return atom.literal and (_word(atom.shows) or atom.shows == mark)

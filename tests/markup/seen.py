"""What a reader sees, as lines of marked characters: the measure that Slack and page share.

Nothing here comes from `bot.markup`. A line is its kind (`text`, `more` for a list item's lines
after its first, `quote`, a code block, a rule, a heading or a cell by its number) and its characters, each with the marks on it (`bold`, `italic`, `strike`, `code`, or the address
of a link). What no reader can see is no part of it: marks on a space, spaces at a line's end, how
many spaces stand between two words, and how an address is percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

Char = tuple[str, frozenset[str]]
Line = tuple[str, tuple[Char, ...]]

# What Slack writes before an item where a list is only text, and so where a page has one.
_ITEM = re.compile(r" *(?:[•◦▪]\ufe0e?|[0-9]+\.|[a-z]+\.)(?: |$)")
_TEXTS = ("text", "more", "quote")
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")


def item_mark(depth: int, number: int | None) -> str:
    """`• `, `1. `, and what stands there on the deeper levels, behind four spaces for each."""
    if number is None:
        mark = ("•", "◦", "▪\ufe0e")[depth % 3]
    elif depth % 3 == 0:
        mark = f"{number}."
    elif depth % 3 == 1:
        first, last = divmod(number - 1, 26)
        mark = (chr(96 + first) if first else "") + chr(97 + last) + "."
    else:
        tens, ones = divmod(number, 10)
        mark = "x" * tens + _ROMAN[ones] + "."
    return "    " * depth + mark + " "


@dataclass
class Reader:
    """Collects what is seen, character by character, in the order in which it is read."""

    lines: list[Line] = field(default_factory=list)
    kind: str = "text"
    _line: list[Char] = field(default_factory=list)

    def put(self, text: str, marks: Iterable[str] = ()) -> None:
        known = frozenset(marks)
        for character in text:
            if character == "\n":
                self.end()
            else:
                self._line.append((character, known))

    def end(self) -> None:
        """Ends the line, be it empty."""
        self.lines.append((self.kind, tuple(self._line)))
        self._line = []

    def end_if_begun(self) -> None:
        if self._line:
            self.end()


def link_mark(url: str) -> str:
    """The mark of a link's label."""
    return "link:" + unquote(url, errors="replace")


def canonical(lines: Iterable[Line], *, gaps: bool) -> list[Line]:
    """Lines as they are compared; with `gaps`, empty lines inside a text or a quote count.

    Beside a list, a code block, a rule, or where a quote begins or ends, there is a gap anyway.
    """
    known = [_line(line) for line in lines]
    while known and _empty(known[0]):
        del known[0]
    while known and _empty(known[-1]):
        del known[-1]
    return list(_without_gaps(known, gaps))


def _without_gaps(lines: list[Line], gaps: bool) -> Iterator[Line]:
    before: Line | None = None
    gap: list[Line] = []
    for line in lines:
        if _empty(line):
            gap.append(line)
            continue
        if gaps and before and not _item(before) and not _item(line):
            # An empty quote is not there; between two quotes, there is a gap anyway.
            gap = [each for each in gap if each[0] == "text" or line[0] != "text"]
            if {before[0], *(kind for kind, _ in gap)} == {line[0]}:
                yield from gap
        yield line
        before, gap = line, []


def _text(kind: str) -> bool:
    return kind in _TEXTS or kind.startswith(("heading", "cell"))


def _empty(line: Line) -> bool:
    return _text(line[0]) and not line[1]


def _item(line: Line) -> bool:
    return line[0] == "text" and _ITEM.match(text_of(line)) is not None


def text_of(line: Line) -> str:
    return "".join(character for character, _ in line[1])


def _line(line: Line) -> Line:
    kind, characters = line
    if not _text(kind):
        return kind, tuple((character, frozenset()) for character, _ in characters)
    found: list[Char] = []
    begun = False
    for character, marks in _without_blank_code(characters):
        if "code" in marks:
            found.append((character, frozenset({"code"}) if character.isspace() else marks))
        elif character.isspace():
            # Spaces before the first word show; between words, one is as good as many.
            if not begun:
                width = 4 - len(found) % 4 if character == "\t" else 1
                found += [(" ", frozenset())] * width
            elif found[-1] != (" ", frozenset()):
                found.append((" ", frozenset()))
            continue
        else:
            found.append((character, marks))
        begun = True
    while found and found[-1] == (" ", frozenset()):
        found.pop()
    return kind, tuple(found)


def _without_blank_code(characters: tuple[Char, ...]) -> Iterator[Char]:
    """Spaces that are marked as code, and nothing but spaces, are spaces."""
    index = 0
    while index < len(characters):
        end = index + 1
        if "code" in characters[index][1]:
            while end < len(characters) and _one_code(characters[index][1], characters[end][1]):
                end += 1
            if all(character.isspace() for character, _ in characters[index:end]):
                yield from ((character, frozenset()) for character, _ in characters[index:end])
                index = end
                continue
        yield from characters[index:end]
        index = end


def _one_code(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether two characters in code stand in one run: both in one link, or in none."""
    return "code" in second and not any(mark.startswith("link:") for mark in first ^ second)


def shown(lines: Iterable[Line]) -> str:
    """Lines as a text, for the message of a failed test."""
    return "\n".join(f"{kind}: {text_of((kind, line))!r}" for kind, line in lines)

"""Slack's mrkdwn (the `text` of a message) to the tree.

https://docs.slack.dev/messaging/formatting-message-text says what it is: `*bold*`, `_italic_`,
`~strike~`, code in backticks, `<...>` for links, mentions and dates, `&amp; &lt; &gt;` for the
three characters it takes itself, `:name:` for emoji, a quote after `&gt;` at a line's start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import escape as _html_escape
from string import ascii_letters, digits

from bot.markup import emoji, normal
from bot.markup.names import NoNames, shown
from bot.markup.tree import (
    BOLD,
    CODE,
    ITALIC,
    STRIKE,
    Block,
    Code,
    Emoji,
    Inline,
    Inlines,
    Link,
    Mention,
    Paragraph,
    Quote,
    Text,
    contents,
    joined,
)

# A piece set apart stands in the text as one character of this plane while the marks are read.
_FIRST, _LAST = 0x100000, 0x10FFFF
_HELD = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")

# Code comes first: nothing in it is anything else. Then `<...>`, an entity, an emoji.
# An address that stands bare holds no emoji (`http://a:80:90`); it is found by what follows its
# scheme. The pattern begins with the set of first characters, so that all others are skipped.
_TOKEN = re.compile(
    f"[`<&>:{chr(_FIRST)}-{chr(_LAST)}](?:"
    r"(?<=`)``(?P<block>.+?)```(?!`)"
    r"|(?<=`)(?<!``)(?P<code>[^`\n]+)`(?!`)"
    r"|(?<=<)(?P<angle>[^<>\n]+)>"
    r"|(?P<quote>(?:(?<=^&)gt;(?:&gt;&gt;)?|(?<=^>)(?:>>)?) ?)"
    r"|(?<=&)(?P<entity>amp|lt|gt);"
    r"|(?<=:)(?P<bare>//[^\s<>|`]*)"
    r"|(?<=:)(?P<emoji>[a-z0-9_+'-]+):(?!//)(?::skin-tone-(?P<tone>[2-6](?:-[2-6])?):)?"
    f"|(?P<held>(?<=[{chr(_FIRST)}-{chr(_LAST)}])))",
    re.S | re.M,
)
_IN_SCHEME = ascii_letters + digits + "+.-"
_SCHEME_START = re.compile(r"\b[a-zA-Z]")
_ENTITY = {"amp": "&", "lt": "<", "gt": ">"}
_ENTITIES = re.compile(r"&(amp|lt|gt);")
_ANGLE = re.compile(r"<([^<>\n]+)>")
_EMOJI = re.compile(r":(?P<emoji>[a-z0-9_+'-]+):(?!//)(?::skin-tone-(?P<tone>[2-6](?:-[2-6])?):)?")

# A mark opens where no word and no backslash ends (`¯\\_(ツ)_/¯`), and hugs what it marks; two of a
# kind side by side (`**kwargs`) are no marks. It closes where no word begins, nor one of the
# characters before which Slack shows a star as it is; they were tried one by one for
# https://github.com/pocka/slack-message-parser/issues/34.
_OPENING = re.compile(
    r"[*_~](?<![^\W_].)(?<!\\.)"
    r"(?:(?<=\*)(?<!\*\*)(?![\s*])|(?<=_)(?<!__)(?![\s_])|(?<=~)(?<!~~)(?![\s~]))"
)
_NOT_AFTER = {
    "*": r"[^\W_]|[*_`@&(|\\<>]",
    "_": r"[^\W_]|[_`@&(|\\<>]",
    "~": r"[^\W_]|[~`@&(|\\<>]",
}
_CLOSING = {
    mark: re.compile(rf"{re.escape(mark)}(?<![\s{mark}].)(?!{after})")
    for mark, after in _NOT_AFTER.items()
}
_BROADCASTS = frozenset({"here", "channel", "everyone", "group"})
_INDENTED = re.compile(r"^[ \t]+(?=&gt;|>)", re.M)
_STYLES = {"*": BOLD, "_": ITALIC, "~": STRIKE}

# These two mark a quoted line, and a quote of all that follows.
_QUOTE, _QUOTE_REST = chr(_LAST - 1), chr(_LAST)


def escape(text: str) -> str:
    """`text` with the three characters that mrkdwn takes as its own written as entities.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return _html_escape(text, quote=False)


def unescape(text: str) -> str:
    """The reverse, in one pass: `&amp;lt;` is `&lt;`, not `<`."""
    if "&" not in text:
        return text
    return _ENTITIES.sub(lambda match: _ENTITY[match[1]], text)


def parse(text: str) -> Iterator[Block]:
    """The blocks of a message's mrkdwn, not yet in their one form."""
    text = normal.clean(text)
    if (" " in text[:1] or "\n " in text or "\t" in text) and ("&gt;" in text or ">" in text):
        text = _INDENTED.sub("", text)  # spaces before a quote's mark do not show
    held: list[Inlines] = []
    blocks: dict[str, Code] = {}
    text, quotes = _hold(text, held, blocks)
    if not (blocks or quotes):
        yield Paragraph(tuple(_marked(text, held)))
        return
    marks = re.compile(f"([{''.join(blocks)}])") if blocks else None
    lines: list[Inlines] = []
    quoted: list[Inlines] = []
    rest = False

    def flush() -> Iterator[Block]:
        if lines:
            yield Paragraph(joined(lines))
            lines.clear()
        if quoted:
            yield Quote(joined(quoted))
            quoted.clear()

    for whole_line in text.split("\n"):
        quote = rest or whole_line.startswith((_QUOTE, _QUOTE_REST))
        rest = rest or whole_line.startswith(_QUOTE_REST)
        line = whole_line.lstrip(_QUOTE + _QUOTE_REST)
        if bool(quoted) != quote:
            yield from flush()
        kept = quoted if quote else lines
        if marks is None:
            kept.append(tuple(_pieces(line, held, 0)))
            continue
        # A code block stands on lines of its own, wherever in a line it was written.
        first, *others = marks.split(line)
        if first or not others:
            kept.append(tuple(_pieces(first, held, 0)))
        for mark, after in zip(others[::2], others[1::2], strict=True):
            yield from flush()
            yield blocks[mark]
            if after:
                kept.append(tuple(_pieces(after, held, 0)))
    yield from flush()


def inline(text: str) -> Inlines:
    """mrkdwn as inline pieces alone: line breaks stay, a quote's mark is dropped."""
    return joined(
        tuple(
            Text(piece.text, CODE) if isinstance(block, Code) and isinstance(piece, Text) else piece
            for content in contents(block)
            for piece in content
        )
        for block in parse(text)
    )


def plain(text: str, *, with_emoji: bool = True) -> Inlines:
    """A `plain_text` object: no marks, only entities and, unless switched off, emoji."""
    found: list[Inline] = []
    text = normal.clean(text)
    at = start = 0
    while with_emoji and (match := _EMOJI.search(text, start)):
        piece = _emoji(match, text)
        if piece is None:
            start = match.start() + 1
            continue
        found += [Text(unescape(text[at : match.start()])), piece]
        at = start = match.end()
    found.append(Text(unescape(text[at:])))
    return tuple(found)


def _hold(text: str, held: list[Inlines], blocks: dict[str, Code]) -> tuple[str, bool]:
    """Replaces what is set apart by one character each, and entities by what they stand for.

    Says, too, whether a line is quoted.
    Text that has more to set apart than there are characters for it stays as it is from there on:
    no message of Slack's is that long.
    """
    parts: list[str] = []
    quoted = False

    def put(pieces: Inlines) -> None:
        parts.append(chr(_FIRST + len(held)))
        held.append(pieces)

    at = start = 0
    while len(held) < _LAST - _FIRST - 1 and (match := _TOKEN.search(text, start)):
        kind = match.lastgroup
        if kind in ("emoji", "tone"):
            found = _emoji(match, text)
            if found is None:  # an address may begin in it, or its second colon open one that is
                start = match.start() + 1
                continue
            parts.append(text[at : match.start()])
            put((found,))
        elif kind == "bare":
            begins = start + len(text[start : match.start()].rstrip(_IN_SCHEME))
            scheme = _SCHEME_START.search(text, begins, match.start())
            if scheme is None:
                start = match.start() + 1
                continue
            parts.append(text[at : scheme.start()])
            put((Text(unescape(text[scheme.start() : match.end()])),))
        else:
            parts.append(text[at : match.start()])
            match kind:
                case "entity":
                    parts.append(_ENTITY[match["entity"]])
                case "angle":
                    put(_angle(match["angle"]))
                case "code":
                    put(_code(match["code"], CODE))
                case "block":
                    blocks[chr(_FIRST + len(held))] = Code(_code(match["block"], 0))
                    put(())
                case "quote":
                    whole = unescape(match[0]).startswith(">>>")
                    parts.append(_QUOTE_REST if whole else _QUOTE)
                    quoted = True
                case _:  # a character of the plane that the pieces are held in
                    put((Text(match[0]),))
        at = start = match.end()
    parts.append(text[at:])
    return "".join(parts), quoted


def _marked(text: str, held: list[Inlines]) -> Iterator[Inline]:
    """Reads the marks of lines without a quote or a block of code."""
    if _OPENING.search(text) is None:
        yield from _released(text, held, 0)
        return
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Text("\n")
        yield from _pieces(line, held, 0)


def _pieces(text: str, held: list[Inlines], style: int) -> Iterator[Inline]:
    """Reads the marks of one line, and puts back what was set apart."""
    at = start = 0
    unclosed = ""  # the marks that nothing in the rest of the line closes
    while opening := _OPENING.search(text, start):
        start = opening.end()
        mark = opening[0]
        if mark in unclosed:
            continue
        if mark == "_":
            closing = _CLOSING[mark].search(text, start + 1)
            if closing is None:
                unclosed += mark
                continue
        else:  # another of its kind is in no bold text
            end = text.find(mark, start)
            if end < 0:
                unclosed += mark
                continue
            closing = _CLOSING[mark].match(text, end)
            if closing is None:
                continue
        yield from _released(text[at : opening.start()], held, style)
        yield from _pieces(text[start : closing.start()], held, style | _STYLES[mark])
        at = start = closing.end()
    yield from _released(text[at:], held, style)


def _released(text: str, held: list[Inlines], style: int) -> Iterator[Inline]:
    at = 0
    if held:
        for match in _HELD.finditer(text):
            if match.start() > at:
                yield Text(text[at : match.start()], style)
            at = match.end()
            index = ord(match[0]) - _FIRST
            if index >= len(held):  # the mark of a quote, where no line starts
                continue
            for piece in held[index]:
                yield normal.restyled(piece, piece.style | style)
    if at < len(text):
        yield Text(text[at:], style)


def _emoji(match: re.Match[str], text: str) -> Emoji | None:
    """The emoji a `:name:` is; None for what only looks like one, as in `10:30:45`.

    A name that is not a standard one may be the workspace's own, if it stands by itself and is
    not what two marks enclose.
    """
    name, tone = match["emoji"], match["tone"] or ""
    word_before = text[match.start() - 1 : match.start()].isalnum()
    word_after = text[match.end() : match.end() + 1].isalnum()
    if emoji.standard(name) is None:
        if word_before or word_after or name.isdigit() or name[0] == "_" or name[-1] == "_":
            return None
    elif (word_before or word_after) and (
        name.isdigit() or (len(name) < 3 and word_before and word_after)
    ):
        return None
    return Emoji(name, tone)


def _angle(inner: str) -> Inlines:
    """What stands between `<` and `>`."""
    body, _, escaped = inner.partition("|")
    label = unescape(escaped)
    if body.startswith("@"):
        return (Mention("user", body[1:], label.removeprefix("@")),)
    if body.startswith("#"):
        return (Mention("channel", body[1:], label.removeprefix("#")),)
    if body.startswith("!subteam^"):
        return (Mention("usergroup", body.removeprefix("!subteam^"), label.removeprefix("@")),)
    if body.startswith("!date^"):
        return (date(unescape(body).split("^"), label),)
    if body.startswith("!"):
        name = body[1:].partition("^")[0]
        return (Text(label if label and name not in _BROADCASTS else "@" + name),)
    if not label and not normal.SCHEME.match(body):
        return (Text(f"<{unescape(inner)}>"),)  # Slack writes no such thing; somebody did
    return (normal.link(unescape(body), shown(plain(escaped), NoNames()), 0),)


def date(parts: list[str], fallback: str) -> Inline:
    """`!date^timestamp^format[^link]`: the fallback, else the time in UTC."""
    if not fallback and len(parts) > 1:
        try:
            moment = datetime.fromtimestamp(int(parts[1]), UTC)
            fallback = moment.strftime("%Y-%m-%d %H:%M UTC")
        except (ValueError, OverflowError, OSError):
            fallback = parts[1]
    if len(parts) > 3 and parts[3]:
        return normal.link("^".join(parts[3:]), fallback, 0)
    return Text(fallback)


def _code(text: str, style: int) -> Inlines:
    """What code shows: Slack links addresses in it too, a reader sees only what they say."""
    found: list[Inline] = []
    at = 0
    for match in _ANGLE.finditer(text):
        found.append(Text(unescape(text[at : match.start()]), style))
        at = match.end()
        for piece in _angle(match[1]):
            if isinstance(piece, Link):
                found.append(Text(piece.label or piece.url, style))
            else:
                found.append(replace(piece, style=style))
    found.append(Text(unescape(text[at:]), style))
    return tuple(piece for piece in found if not isinstance(piece, Text) or piece.text)

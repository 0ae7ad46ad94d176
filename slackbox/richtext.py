"""mrkdwn to rich_text, as Slack's own client and servers make it.

People's messages carry a `rich_text` block; so do a bot's messages that have only text.
<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>,
<https://docs.slack.dev/messaging/formatting-message-text>
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Element = dict[str, Any]

_ANGLE = re.compile(
    r"<(?:@[UWB][A-Z0-9]+(?:\|[^<>]*)?"
    r"|#C[A-Z0-9]+(?:\|[^<>]*)?"
    r"|![a-z][^<>]*"
    r"|(?:https?://|mailto:|tel:|ftp://)[^<>\s|]+(?:\|[^<>]*)?)>"
)
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_URL = re.compile(r"https?://[^\s<>|]+")
_EMOJI = re.compile(r":([a-z0-9_+'-]+)(?:::(skin-tone-[2-6]))?:")
_QUIET = re.compile(r"[^`<:*_~]+")
_STYLES = {"*": "bold", "_": "italic", "~": "strike"}
_ITEM = re.compile(r"( {0,16})(•|◦|▪︎|\d+\.) (.*)", re.DOTALL)


def tidy(text: str) -> str:
    """What a person typed or a bot sent, as Slack stores it: escaped, bare addresses as links.

    What is already escaped, a mention or a link stays as it is. Code is escaped, but its
    addresses are no links.
    """
    out: list[str] = []
    for kind, piece in _fenced(text):
        if kind == "text":
            for code, part in _split_code(piece):
                out.append(_escape(part, links=not code))
        else:
            out.append(_escape(piece, links=False))
    return "".join(out)


def rich_text(text: str, block_id: str) -> Element:
    """A message's text as one rich_text block."""
    elements: list[Element] = []
    for kind, piece in _fenced(text):
        if kind == "code":
            code = unescape(piece[3:-3]).removeprefix("\n")
            elements.append(
                {
                    "type": "rich_text_preformatted",
                    "elements": [{"type": "text", "text": code.removesuffix("\n")}],
                    "border": 0,
                }
            )
        else:
            elements.extend(_flow(piece, bool(elements)))
    return {"type": "rich_text", "block_id": block_id, "elements": elements}


def unescape(text: str) -> str:
    """`&amp;`, `&lt;`, `&gt;` as the characters they stand for."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _escape(text: str, links: bool) -> str:
    out: list[str] = []
    position = 0
    for found in _ANGLE.finditer(text):
        out.append(_plain(text[position : found.start()], links))
        out.append(found[0])
        position = found.end()
    out.append(_plain(text[position:], links))
    return "".join(out)


def _plain(text: str, links: bool) -> str:
    out: list[str] = []
    position = 0
    if links:
        for found in _URL.finditer(text):
            url = found[0].rstrip(".,;:!?'\")]*_~`")
            out.append(_entities(text[position : found.start()]))
            out.append(f"<{_entities(url)}>")
            position = found.start() + len(url)
    out.append(_entities(text[position:]))
    return "".join(out)


def _entities(text: str) -> str:
    out: list[str] = []
    position = 0
    for found in _ENTITY.finditer(text):
        out.append(text[position : found.start()].replace("&", "&amp;"))
        out.append(found[0])
        position = found.end()
    out.append(text[position:].replace("&", "&amp;"))
    return "".join(out).replace("<", "&lt;").replace(">", "&gt;")


def _fenced(text: str) -> Iterator[tuple[str, str]]:
    """The text and its ```fenced``` code, in order."""
    position = 0
    while True:
        start = text.find("```", position)
        end = text.find("```", start + 3) if start != -1 else -1
        if end == -1 or not text[start + 3 : end].strip():
            if text[position:]:
                yield "text", text[position:]
            return
        if text[position:start]:
            yield "text", text[position:start]
        yield "code", text[start : end + 3]
        position = end + 3


def _split_code(text: str) -> Iterator[tuple[bool, str]]:
    """The text and its `inline code`, in order."""
    position = 0
    for found in re.finditer(r"`[^`\n]+`", text):
        if found.start() > position:
            yield False, text[position : found.start()]
        yield True, found[0]
        position = found.end()
    if position < len(text):
        yield False, text[position:]


def _flow(text: str, after: bool) -> Iterator[Element]:
    """Sections, quotes and lists of a text without fenced code."""
    if after:
        text = text.removeprefix("\n")
    run: list[str] = []
    kind = "section"

    def flush() -> Iterator[Element]:
        if not run:
            return
        if kind == "section":
            body = inline("\n".join(run))
            if body:
                yield {"type": "rich_text_section", "elements": body}
        elif kind == "quote":
            yield {"type": "rich_text_quote", "elements": inline("\n".join(run))}
        else:
            style, indent, first = kind.split()
            found = {
                "type": "rich_text_list",
                "style": style,
                "indent": int(indent),
                "border": 0,
                "elements": [{"type": "rich_text_section", "elements": inline(r)} for r in run],
            }
            yield found | ({"offset": int(first) - 1} if int(first) > 1 else {})
        run.clear()

    lines = text.split("\n")
    for line in lines:
        item = _ITEM.match(line)
        if line.startswith("&gt;"):
            now, content = "quote", line[4:].removeprefix(" ")
        elif item is not None:
            ordered, content = item[2].endswith("."), item[3]
            begins = f"{'ordered' if ordered else 'bullet'} {min(8, len(item[1]) // 4)} "
            # A number that does not follow the one before begins a list of its own.
            number = int(item[2][:-1][:9]) - len(run) if ordered else 1
            follows = kind == f"{begins}{number}"
            now = kind if follows else f"{begins}{number + len(run) if ordered else 1}"
        else:
            now, content = "section", line
        if now != kind:
            before = kind
            yield from flush()
            kind = now
            if before != "section" and now == "section" and not content and line is lines[-1]:
                continue
        run.append(content)
    yield from flush()


def inline(text: str) -> list[Element]:
    """The elements of a line of text, or of several."""
    out: list[Element] = []
    _inline(text, {}, out)
    return out


def _inline(text: str, style: dict[str, bool], out: list[Element]) -> None:
    position = 0
    plain: list[str] = []

    def flush() -> None:
        if plain:
            _add_text(unescape("".join(plain)), style, out)
            plain.clear()

    while position < len(text):
        quiet = _QUIET.match(text, position)
        if quiet is not None:
            plain.append(quiet[0])
            position = quiet.end()
            continue
        character = text[position]
        if character == "`":
            end = text.find("`", position + 1)
            inner = text[position + 1 : end] if end != -1 else ""
            if inner and "\n" not in inner:
                flush()
                _code(inner, style, out)
                position = end + 1
                continue
        elif character == "<":
            angle = _ANGLE.match(text, position)
            if angle is not None:
                flush()
                out.append(_styled(_reference(angle[0][1:-1]), style))
                position = angle.end()
                continue
        elif character == ":":
            emoji = _EMOJI.match(text, position)
            if emoji is not None and not emoji[1].isdigit():
                flush()
                element: Element = {"type": "emoji", "name": emoji[1]}
                if emoji[2]:
                    element["skin_tone"] = int(emoji[2][-1])
                out.append(_styled(element, style))
                position = emoji.end()
                continue
        elif character in _STYLES and _STYLES[character] not in style:
            end = _closing(text, position)
            if end != -1:
                flush()
                _inline(text[position + 1 : end], {**style, _STYLES[character]: True}, out)
                position = end + 1
                continue
        plain.append(character)
        position += 1
    flush()


def _closing(text: str, start: int) -> int:
    """Where the style that opens at `start` closes; -1 if it is only a character."""
    mark = text[start]
    if start and (text[start - 1].isalnum() or text[start - 1] == mark):
        return -1
    if start + 1 >= len(text) or text[start + 1] in f" \n{mark}":
        return -1
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == "\n":
            return -1
        if character == "<":
            angle = _ANGLE.match(text, position)
            if angle is not None:
                position = angle.end()
                continue
        if character == "`":
            end = text.find("`", position + 1)
            if end != -1 and "\n" not in text[position:end]:
                position = end + 1
                continue
        if (
            character == mark
            and not text[position - 1].isspace()
            and not (position + 1 < len(text) and text[position + 1].isalnum())
        ):
            return position
        position += 1
    return -1


def _code(inner: str, style: dict[str, bool], out: list[Element]) -> None:
    position = 0
    code = {**style, "code": True}
    for angle in _ANGLE.finditer(inner):
        if angle.start() > position:
            _add_text(unescape(inner[position : angle.start()]), code, out)
        out.append(_styled(_reference(angle[0][1:-1]), code))
        position = angle.end()
    if position < len(inner):
        _add_text(unescape(inner[position:]), code, out)


def _add_text(text: str, style: dict[str, bool], out: list[Element]) -> None:
    if out and out[-1]["type"] == "text" and out[-1].get("style", {}) == style:
        out[-1]["text"] += text
    else:
        out.append(_styled({"type": "text", "text": text}, style))


def _styled(element: Element, style: dict[str, bool]) -> Element:
    if style:
        element["style"] = dict(style)
    return element


def _reference(inside: str) -> Element:
    head, _, label = inside.partition("|")
    if head[0] == "@":
        return {"type": "user", "user_id": head[1:]}
    if head[0] == "#":
        return {"type": "channel", "channel_id": head[1:]}
    if head[0] == "!":
        return _special(head[1:], label)
    element: Element = {"type": "link", "url": unescape(head)}
    if label:
        element["text"] = unescape(label)
    return element


def _special(command: str, label: str) -> Element:
    if command in ("here", "channel", "everyone"):
        return {"type": "broadcast", "range": command}
    if command.startswith("subteam^"):
        return {"type": "usergroup", "usergroup_id": command.removeprefix("subteam^")}
    if command.startswith("date^"):
        parts = command.split("^")
        element: Element = {
            "type": "date",
            "timestamp": int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0,
            "format": parts[2] if len(parts) > 2 else "",
        }
        if len(parts) > 3:
            element["url"] = unescape("^".join(parts[3:]))
        if label:
            element["fallback"] = unescape(label)
        return element
    return {"type": "text", "text": unescape(label or f"<!{command}>")}

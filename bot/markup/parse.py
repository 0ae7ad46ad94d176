"""Slack's message object to the tree, from its blocks or, where there are none, its text.

The blocks are described at https://docs.slack.dev/reference/block-kit/blocks. What people write
in Slack is one `rich_text` block; the other kinds come from apps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.markup import mrkdwn, normal
from bot.markup.emoji import split_tone
from bot.markup.mrkdwn import unescape
from bot.markup.reading import read
from bot.markup.tree import (
    BOLD,
    CODE,
    ITALIC,
    STRIKE,
    Block,
    Code,
    Divider,
    Emoji,
    Heading,
    Inline,
    Inlines,
    Item,
    Link,
    List,
    Mention,
    Paragraph,
    Quote,
    Table,
    Text,
    Tree,
    changed,
    contents,
    in_quote,
    inlines,
)

HEADING = 3
"""The level of a header that names none: those above are the page's own."""

SNIPPET = 4_000
"""How many characters of a snippet are shown; the rest is where its title leads."""

_LABELS = re.compile(r"<(?:[@#]|!subteam\^)([A-Z0-9]+)\|[@#]?([^<>|\n]+)>")
_STYLES = {"bold": BOLD, "italic": ITALIC, "strike": STRIKE, "code": CODE}


def parse(message: Mapping[str, Any]) -> Tree:
    """What a message says, as Slack shows it: its body, then its attachments, then its files."""
    body = normal.tree(_labelled(_body(message), _str(message.get("text"))))
    if not (message.get("attachments") or message.get("files")):
        return body
    return normal.tree([*body, *_attachments(message, body), *_files(message)])


def _labelled(blocks: Iterable[Block], text: str) -> Iterable[Block]:
    """Blocks whose mentions have the labels that the message's text gives them.

    An element of a block has an ID alone; the text says how it was called when it was written
    (`<#C1|general>`), which is all there is for a channel that the names do not know.
    """
    labels = {id: unescape(label) for id, label in _LABELS.findall(text)} if "|" in text else {}
    if not labels:
        return blocks

    def labelled(content: Inlines) -> Inlines:
        return tuple(
            replace(piece, label=labels.get(piece.id, ""))
            if isinstance(piece, Mention) and not piece.label
            else piece
            for piece in content
        )

    return (changed(block, labelled) for block in blocks)


def _body(message: Mapping[str, Any]) -> Iterable[Block]:
    found: list[Block] = []
    if blocks := message.get("blocks"):
        for block in _dicts(blocks):
            found.extend(_block(block))
    return found or mrkdwn.parse(_str(message.get("text")))


def _block(block: Mapping[str, Any]) -> Iterable[Block]:
    reader = _BLOCKS.get(_str(block.get("type")))
    return reader(block) if reader is not None else ()


def _rich_text(block: Mapping[str, Any]) -> Iterator[Block]:
    elements = _dicts(block.get("elements"))
    counts: dict[int, int] = {}  # for each depth of the list that goes on, its last number
    for index, element in enumerate(elements):
        kind = element.get("type")
        if kind == "rich_text_list":
            yield _list(element, counts)
            continue
        counts.clear()
        content = _elements(element.get("elements"))
        if kind == "rich_text_section":
            # The line break before a list, quote or code block belongs to the section.
            if content:
                if index + 1 < len(elements):
                    content = _without_last_break(content)
                yield Paragraph(content)
        elif kind == "rich_text_quote":
            yield Quote(content)
        elif kind == "rich_text_preformatted":
            yield Code(content, _bordered(element))


def _without_last_break(content: Inlines) -> Inlines:
    last = content[-1] if content else None
    if isinstance(last, Text) and last.text.endswith("\n"):
        return (*content[:-1], Text(last.text[:-1], last.style))
    return content


def _bordered(element: Mapping[str, Any]) -> bool:
    """Whether Slack shows the bar of a quote beside a list or code."""
    return element.get("border") == 1


def _list(element: Mapping[str, Any], counts: dict[int, int]) -> List:
    """A list; behind a deeper one, the numbers of the list that stood there go on."""
    ordered = element.get("style") == "ordered"
    indent, number = _int(element.get("indent")), _int(element.get("offset"))
    deeper = [depth for depth in counts if depth > indent]
    if deeper and not number:
        number = counts.get(indent, 0)
    for depth in deeper:
        del counts[depth]
    items = []
    for each in _dicts(element.get("elements")):
        number += 1
        items.append(Item(_elements(each.get("elements")), indent, number if ordered else None))
    counts[indent] = number if ordered else 0
    return List(tuple(items), _bordered(element))


def _elements(elements: object) -> Inlines:
    found: list[Inline] = []
    for element in _dicts(elements):
        marks, kind = element.get("style"), element.get("type")
        style = _style(marks) if marks else 0
        if kind == "text":  # most are
            if text := _clean(element.get("text")):
                found.append(Text(text, style))
            continue
        piece = _ELEMENTS.get(_str(kind), _newer)(element, style)
        if not isinstance(piece, Text) or piece.text:
            found.append(piece)
    return tuple(found)


def _style(marks: object) -> int:
    style = 0
    if isinstance(marks, Mapping):
        for name, on in marks.items():
            if on:
                style |= _STYLES.get(name, 0)
    return style


def _newer(element: Mapping[str, Any], style: int) -> Inline:
    """A kind that is newer than the table: what it says, if it says it."""
    return Text(_clean(element.get("text")) or _clean(element.get("fallback")), style)


def _emoji(element: Mapping[str, Any], style: int) -> Inline:
    name, tone = split_tone(_clean(element.get("name")))
    tone = tone or str(element.get("skin_tone") or "")
    return Emoji(name, tone, _str(element.get("unicode")), style)


def _date(element: Mapping[str, Any], style: int) -> Inline:
    parts = ["!date", str(element.get("timestamp", "")), "", _str(element.get("url"))]
    return normal.restyled(mrkdwn.date(parts, _clean(element.get("fallback"))), style)


_ELEMENTS: Mapping[str, Callable[[Mapping[str, Any], int], Inline]] = {
    "link": lambda each, style: normal.link(_str(each.get("url")), _str(each.get("text")), style),
    "user": lambda each, style: Mention("user", _str(each.get("user_id")), style=style),
    "channel": lambda each, style: Mention("channel", _str(each.get("channel_id")), style=style),
    "usergroup": lambda each, style: Mention(
        "usergroup", _str(each.get("usergroup_id")), style=style
    ),
    "team": lambda each, style: Text("@" + _clean(each.get("team_id")), style),
    "broadcast": lambda each, style: Text("@" + _clean(each.get("range")), style),
    "color": lambda each, style: Text(_clean(each.get("value")), style),
    "emoji": _emoji,
    "date": _date,
}


def _section(block: Mapping[str, Any]) -> Iterator[Block]:
    yield from _object(block.get("text"))
    for field in _dicts(block.get("fields")):
        yield from _object(field)
    accessory = block.get("accessory")
    if isinstance(accessory, Mapping):
        yield from _control(accessory)


def _header(block: Mapping[str, Any]) -> Iterator[Block]:
    text, level = block.get("text"), _int(block.get("level"))
    if isinstance(text, Mapping):
        yield Heading(_object_inline(text), level if 1 <= level <= 6 else HEADING)


def _context(block: Mapping[str, Any]) -> Iterator[Block]:
    """A context is one line: its texts side by side, images by their alternative text."""
    line: list[Inline] = []
    for element in _dicts(block.get("elements")):
        if line:
            line.append(Text(" "))
        if element.get("type") == "image":
            line.append(_image_link(element))
        else:
            line.extend(_object_inline(element))
    if line:
        yield Paragraph(tuple(line))


def _image_link(block: Mapping[str, Any]) -> Inline:
    slack_file = block.get("slack_file")
    url = _str(block.get("image_url"))
    if not url and isinstance(slack_file, Mapping):
        url = _str(slack_file.get("url"))
    return normal.link(url, _title(block.get("title")) or _str(block.get("alt_text")), 0)


def _video(block: Mapping[str, Any]) -> Iterator[Block]:
    url = _str(block.get("title_url")) or _str(block.get("video_url"))
    label = _title(block.get("title")) or _str(block.get("alt_text"))
    yield Paragraph((normal.link(url, label, 0),))


def _actions(block: Mapping[str, Any]) -> Iterator[Block]:
    for element in _dicts(block.get("elements")):
        yield from _control(element)


def _control(element: Mapping[str, Any]) -> Iterator[Block]:
    """A button shows its text, and links where it leads; an image shows itself."""
    if element.get("type") == "image":
        yield Paragraph((_image_link(element),))
    elif label := _title(element.get("text")):
        yield Paragraph((normal.link(_str(element.get("url")), label, 0),))


def _file_block(block: Mapping[str, Any]) -> Iterator[Block]:
    file = block.get("file")
    if isinstance(file, Mapping):
        yield from _file(file)


def _table(block: Mapping[str, Any]) -> Iterator[Block]:
    """A `table` or a `data_table`, whose caption stands above it."""
    if caption := _clean(block.get("caption")):
        yield Paragraph((Text(caption),))
    rows = block.get("rows")
    if isinstance(rows, list | tuple):
        yield Table(tuple(tuple(map(_cell, _dicts(row))) for row in rows))


def _cell(cell: Mapping[str, Any]) -> Inlines:
    if cell.get("type") != "rich_text":
        number = cell.get("value")
        return (Text(_clean(cell.get("text")) or ("" if number is None else _clean(str(number)))),)
    found: list[Inline] = []
    for part in normal.tree(_rich_text(cell)):
        for index, content in enumerate(contents(part)):
            if found:
                found.append(Text("\n"))
            if isinstance(part, List):
                item = part.items[index]
                found.append(Text(normal.level_mark(item.indent, item.number)))
            found.extend(content)
    return tuple(found)


_BLOCKS: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Block]]] = {
    "rich_text": _rich_text,
    "section": _section,
    "header": _header,
    "context": _context,
    "divider": lambda _: (Divider(),),
    "image": lambda block: (Paragraph((_image_link(block),)),),
    "video": _video,
    "actions": _actions,
    "markdown": lambda block: read(_str(block.get("text"))),
    "file": _file_block,
    "table": _table,
    "data_table": _table,
}


def _object(text: object) -> Iterator[Block]:
    """A text object: `mrkdwn` or `plain_text`."""
    if not isinstance(text, Mapping):
        return
    if text.get("type") == "mrkdwn":
        yield from mrkdwn.parse(_str(text.get("text")))
    else:
        yield Paragraph(_object_inline(text))


def _object_inline(text: Mapping[str, Any]) -> Inlines:
    if text.get("type") == "mrkdwn":
        return mrkdwn.inline(_str(text.get("text")))
    return mrkdwn.plain(_str(text.get("text")), with_emoji=text.get("emoji") is not False)


def _title(text: object) -> str:
    """A title: a text object in blocks, a string in attachments."""
    if isinstance(text, str):
        return mrkdwn.unescape(text)
    if isinstance(text, Mapping):
        return mrkdwn.unescape(_str(text.get("text")))
    return ""


def _attachments(message: Mapping[str, Any], body: Tree) -> Iterator[Block]:
    """What attachments say; the preview of a link in the text says nothing new, of another its title."""
    linked = {_address(piece.url) for piece in inlines(body) if isinstance(piece, Link)}
    for attachment in _dicts(message.get("attachments")):
        if attachment.get("is_share") or attachment.get("is_msg_unfurl"):
            yield from _forwarded(attachment)
            continue
        url = _first(attachment, "title_link", "from_url", "original_url", "image_url")
        sources = {_address(_str(attachment.get(key))) for key in ("from_url", "original_url")}
        if linked & sources or _address(url) in linked:
            continue
        blocks = [each for block in _dicts(attachment.get("blocks")) for each in _block(block)]
        if blocks:
            yield from blocks
            continue
        preview = attachment.get("from_url") or attachment.get("original_url")
        said = [] if preview else list(_said(attachment))
        if before := _str(attachment.get("pretext")):
            yield from mrkdwn.parse(before)
        title = _title(_first(attachment, "title", "author_name", "service_name"))
        if url:
            linked.add(_address(url))
            yield Paragraph((normal.link(url, title, 0),))
        elif title:
            yield Paragraph((Text(normal.clean(title)),))
        elif not (said or before):
            yield from mrkdwn.parse(_first(attachment, "text", "fallback"))
        yield from said


def _said(attachment: Mapping[str, Any]) -> Iterator[Block]:
    """What an attachment says below its title, if it is not the preview of a link."""
    if text := _str(attachment.get("text")):
        yield from mrkdwn.parse(text)
    for field in _dicts(attachment.get("fields")):
        if title := _title(field.get("title")):
            yield Paragraph((Text(normal.clean(title), BOLD),))
        if value := _str(field.get("value")):
            yield from mrkdwn.parse(value)


def _forwarded(attachment: Mapping[str, Any]) -> Iterator[Block]:
    """A message of elsewhere as a quote: who wrote it, what it says, its files."""
    author = _title(_first(attachment, "author_name", "author_subname"))
    url = _first(attachment, "from_url", "original_url", "title_link")
    if author or url:
        yield Quote((normal.link(url, author, 0),))
    said = [
        block
        for each in _dicts(attachment.get("message_blocks"))
        if isinstance(inner := each.get("message"), Mapping)
        for block in _body({"blocks": inner.get("blocks")})
    ]
    said = said or list(_body({**attachment, "blocks": attachment.get("blocks")}))
    if not said and not attachment.get("files"):
        said = list(mrkdwn.parse(_first(attachment, "fallback", "title")))
    yield from map(in_quote, (*said, *_files(attachment)))


def _files(message: Mapping[str, Any]) -> Iterator[Block]:
    for file in _dicts(message.get("files")):
        yield from _file(file)


def _file(file: Mapping[str, Any]) -> Iterator[Block]:
    if file.get("mode") in ("tombstone", "hidden_by_limit"):
        return  # deleted, or beyond what a free workspace keeps: nothing to link
    title = _title(_first(file, "title", "name"))
    url = _first(file, "permalink", "permalink_public", "url_private", "external_url")
    if url or title:
        yield Paragraph((normal.link(url, title, 0),))
    if file.get("mode") == "snippet" and (text := _clean(file.get("preview"))):
        if len(text) > SNIPPET or file.get("preview_is_truncated"):
            text = text[:SNIPPET].rstrip() + "\n…"
        yield Code((Text(text),))


def _first(source: Mapping[str, Any], *keys: str) -> str:
    return next((found for key in keys if (found := _str(source.get(key)))), "")


def _address(url: str) -> str:
    return url.rstrip("/") or "-"


def _dicts(value: object) -> Sequence[Mapping[str, Any]]:
    """The mappings in a list; Slack's lists hold no others, but a dump may be anything."""
    if not isinstance(value, list | tuple):
        return ()
    # `dict` first: whether a class is a Mapping takes long to find out.
    return [each for each in value if isinstance(each, (dict, Mapping))]


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


def _clean(value: object) -> str:
    return normal.clean(_str(value))


def _int(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**9 else 0

"""Slack's limits for what people see, and how to keep within them.

From <https://docs.slack.dev/reference/block-kit> (a page for each block, element and object) and
<https://docs.slack.dev/surfaces/modals>.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from bot.texts import _

HEADER = 150
"""Characters in a header block."""
SECTION = 3000
"""Characters in the text of a section block."""
BUTTON = 75
"""Characters on a button."""
BUTTON_VALUE = 2000
OPTION = 75
"""Characters in the text of an option, and of its description."""
OPTION_VALUE = 150
OPTIONS = 100
"""Options of a select menu."""
ACTIONS = 25
"""Elements of an actions block."""
CONTEXT = 10
"""Elements of a context block."""
LABEL = 2000
"""Characters in the label and in the hint of an input block."""
PLACEHOLDER = 150
TITLE = 24
"""Characters in the title of a modal and on its buttons."""
INPUT = 3000
"""Characters that a plain text input takes."""
BLOCK_ID = 255
CONFIRM_TEXT = 300
CONFIRM_TITLE = 100
CONFIRM_BUTTON = 30
METADATA = 3000
"""Characters in a view's `private_metadata`."""
PLACE = "opened_in"
"""The name in a form's metadata of the channel in which it was opened."""
RESPOND = "respond_at"
"""The name in it of the address at which Slack takes an answer there, for 30 minutes:
<https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>."""
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 12_000
"""Characters in all blocks of a message. Slack says no number; it refuses some more than these
(`msg_blocks_too_long`)."""
VIEW_BYTES = 200_000
"""The JSON of a view; Slack refuses 250 kB (`view_too_large`)."""
QUESTION_TEXT = 10_000
"""Characters of a question in the blocks of one message: MESSAGE_TEXT less some, because messages
with less than that were refused, too: <https://github.com/slackapi/bolt-js/issues/2867>."""
TEXT = 4_000
"""Characters in the `text` of a message without blocks. Slack splits a longer one into several
messages: <https://github.com/slackapi/java-slack-sdk/issues/704>."""

FALLBACK = 300
"""Characters of the `text` of a message whose blocks say all: notifications show it."""

_BLANKS = re.compile(r"\s{1,20}")


def cut(text: str, limit: int) -> str:
    """The text, ended with `…` where it is longer than `limit` characters.

    Slack counts UTF-16 code units; counting so here keeps an emoji-laden text within bounds. A
    cut never leaves half an entity (`&am`) or half a `<…>` behind.
    """
    if units(text) <= limit:
        return text
    kept = head(text, limit - 1)
    for opener, closer in (("<", ">"), ("&", ";")):
        start = kept.rfind(opener)
        if start != -1 and closer not in kept[start:]:
            kept = kept[:start]
    return kept.rstrip() + "…"


def head(text: str, limit: int) -> str:
    """As many characters from the beginning as are at most `limit` code units."""
    kept = text[:limit]
    while units(kept) > limit:
        kept = kept[: len(kept) - max(1, (units(kept) - limit) // 2)]
    return kept


def parts(text: str, limit: int) -> list[str]:
    """The `pieces` of a text without the blanks between them; none is blank."""
    return [part.strip() for part, _behind in pieces(text, limit) if part.strip()]


def pieces(text: str, limit: int) -> list[tuple[str, str]]:
    """The whole text in parts of at most `limit` characters, each with what stood behind it.

    Joined again they are the text, to the letter. Where there is a line's end or a blank in the
    second half of a part it ends there, and the blanks are no part of any: whoever trims what
    is in an input loses nothing. No part ends within an entity (`&am`).
    """
    found: list[tuple[str, str]] = []
    rest = text
    while units(rest) > limit:
        part = head(rest, limit)
        ends = list(_BLANKS.finditer(rest, len(part) // 2, len(part) + 1))
        ends = [match for match in ends if match.start() <= len(part)]
        lines = [match for match in ends if "\n" in match[0]]
        if ends:
            end = (lines or ends)[-1]
            found.append((rest[: end.start()], end[0]))
            rest = rest[end.end() :]
        else:
            entity = part.rfind("&", len(part) - 5)
            if entity > 0 and ";" not in part[entity:]:
                part = part[:entity]
            found.append((part, ""))
            rest = rest[len(part) :]
    found.append((rest, ""))
    return found


def placed(view: Mapping[str, Any], channel: str | None, respond: object) -> dict[str, Any]:
    """A view whose metadata says where it was opened: the channel, and the address that Slack gave
    to answer there (`response_url`; anything but a text for none).

    The view as it is where that is nowhere, or where its metadata is no JSON object or is full.
    """
    try:
        kept = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return dict(view)
    if channel is None or not isinstance(kept, dict):
        return dict(view)
    place = {PLACE: channel, **({RESPOND: respond} if isinstance(respond, str) else {})}
    metadata = json.dumps({**kept, **place}, ensure_ascii=False)
    return {**view, "private_metadata": metadata} if units(metadata) <= METADATA else dict(view)


def groups(text: str) -> list[list[tuple[str, str]]]:
    """The `pieces` of a long text as the sections of one message after the other.

    Each fits into a section, and those of one message into a message; none is blank.
    """
    messages: list[list[tuple[str, str]]] = [[]]
    room = QUESTION_TEXT
    for part, behind in pieces(text, SECTION):
        if not part.strip():
            if messages[-1]:
                last, blanks = messages[-1][-1]
                messages[-1][-1] = (last, blanks + part + behind)
            continue
        if messages[-1] and units(part) > room:
            messages.append([])
            room = QUESTION_TEXT
        messages[-1].append((part, behind))
        room -= units(part)
    return messages


def message_blocks(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many blocks, from the first on, as a message takes."""
    return _fitting(blocks[:MESSAGE_BLOCKS], MESSAGE_TEXT, _length)


def view_blocks(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many blocks, from the first on, as a view takes."""
    return _fitting(blocks[:VIEW_BLOCKS], VIEW_BYTES, _bytes)


def _fitting(
    blocks: Sequence[dict[str, Any]], room: int, size: Callable[[dict[str, Any]], int]
) -> list[dict[str, Any]]:
    sizes = accumulate(map(size, blocks))
    return [block for block, all_so_far in zip(blocks, sizes, strict=True) if all_so_far <= room]


def when(at: datetime) -> str:
    """A moment in the reader's own zone: <https://docs.slack.dev/messaging/formatting-message-text>."""
    fallback = at.strftime("%Y-%m-%d %H:%M UTC")
    # TR: Slack puts the day and the time in; `{date_short_pretty}` and `{time}` stay as they are.
    shown = _("{date_short_pretty} at {time}")
    return f"<!date^{int(at.timestamp())}^{shown}|{fallback}>"


def units(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def _bytes(block: dict[str, Any]) -> int:
    return len(json.dumps(block, ensure_ascii=False).encode())


def _length(block: Any) -> int:
    if isinstance(block, dict):
        own = units(block["text"]) if isinstance(block.get("text"), str) else 0
        return own + sum(_length(v) for v in block.values() if isinstance(v, (dict, list)))
    return sum(_length(item) for item in block) if isinstance(block, list) else 0

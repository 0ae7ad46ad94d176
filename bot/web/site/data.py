"""All questions and answers as one JSON Lines file, and what its lines are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from bot.web import text
from bot.web.site.books import Book, Said

NAME = "questions.jsonl"
SCHEMA_NAME = "schema.json"

_SAID: dict[str, Any] = {
    "name": {"type": "string", "description": "The Slack display name of who wrote it."},
    "text": {"type": "string", "description": "What was written, in Markdown, as archived."},
    "plain": {"type": "string", "description": "The same as a reader sees it, without markup."},
    "by_author": {
        "type": "boolean",
        "description": "Whether an author of the book wrote it, judged by the name.",
    },
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A question and its replies",
    "description": "Books are in the order of their start dates, and the questions of a book in "
    "the order in which they were asked.",
    "type": "object",
    "properties": {
        "id": {
            "type": "string",
            "description": "event#qN: the event, and the place among its threads from 1.",
        },
        "url": {
            "type": "string",
            "description": "The question's own page, an address that lasts; relative to the site's "
            "root where the site was made without an address of its own.",
        },
        "event": {"type": "string", "description": "The event: its schedule file without .md."},
        "title": {"type": "string", "description": "The title of the book."},
        "authors": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The authors of the book.",
        },
        "start": {
            "type": "string",
            "format": "date-time",
            "description": "When the session was planned to open, UTC.",
        },
        "end": {
            "type": "string",
            "format": "date-time",
            "description": "When it was planned to close, UTC.",
        },
        **_SAID,
        "talk": {
            "type": "boolean",
            "description": "Whether it is a greeting, thanks or chat, which is not counted.",
        },
        "answered": {"type": "boolean", "description": "Whether an author replied."},
        "replies": {
            "type": "array",
            "description": "The replies in the order they were given.",
            "items": {
                "type": "object",
                "properties": _SAID,
                "required": list(_SAID),
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
SCHEMA["required"] = list(SCHEMA["properties"])

EXAMPLE = """import json

with open("questions.jsonl", encoding="utf-8") as lines:
    questions = [json.loads(line) for line in lines]

asked = [q for q in questions if not q["by_author"] and not q["talk"]]
open_ones = [q for q in asked if not q["answered"]]
"""


def lines(book: Book, url: Callable[[str], str]) -> Iterator[str]:
    """The lines of a book, each with its line feed; `url` gives the address of a path in the site."""
    event = book.event
    common = {
        "event": text.clean(event.id),
        "title": text.clean(event.title),
        "authors": [text.clean(author.name) for author in event.authors],
        "start": moment(event.start),
        "end": moment(event.end),
    }
    for thread in book.threads:
        row = {
            "id": f"{common['event']}#{thread.anchor}",
            "url": url(text.href(thread.page or f"books/{event.id}.html#{thread.anchor}")),
            **common,
            **_row(thread.question),
            "talk": thread.is_talk,
            "answered": thread.is_answered,
            "replies": [_row(reply) for reply in thread.replies],
        }
        yield json.dumps(row, ensure_ascii=False) + "\n"


def moment(at: datetime) -> str:
    """An aware UTC moment as RFC 3339 has it: `2024-10-14T00:00:00Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(said: Said) -> dict[str, Any]:
    return {
        "name": said.name,
        "text": text.clean(said.markdown),
        "plain": said.shown.text,
        "by_author": said.by_author,
    }

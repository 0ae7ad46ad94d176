"""An event as JSON text and back, without loss: what a session keeps of its schedule file."""

from __future__ import annotations

import json
from dataclasses import astuple, fields
from datetime import UTC, datetime
from functools import lru_cache

from bot.sessions.model import Author, Event, Link
from bot.store.types import dumps


def to_text(event: Event) -> str:
    """The JSON. Moments are ISO 8601 in UTC."""
    written = {
        "start": event.start.astimezone(UTC).isoformat(),
        "end": event.end.astimezone(UTC).isoformat(),
        "authors": [astuple(author) for author in event.authors],
        "links": [astuple(link) for link in event.links],
    }
    return dumps({field.name: getattr(event, field.name) for field in fields(Event)} | written)


@lru_cache(maxsize=1024)  # the sessions of a channel are looked through for every message
def from_text(text: str) -> Event:
    """The event of that JSON."""
    data = json.loads(text)
    read = {
        "start": datetime.fromisoformat(data["start"]),
        "end": datetime.fromisoformat(data["end"]),
        "authors": tuple(Author(*author) for author in data["authors"]),
        "links": tuple(Link(*link) for link in data["links"]),
    }
    return Event(**data | read)

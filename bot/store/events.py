"""An event as JSON text and back, without loss: what a session keeps of its schedule file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache

from bot.sessions.model import Author, Event, Link
from bot.store.types import dumps


def to_text(event: Event) -> str:
    """The JSON. Moments are ISO 8601 in UTC."""
    return dumps(
        {
            "id": event.id,
            "title": event.title,
            "start": event.start.astimezone(UTC).isoformat(),
            "end": event.end.astimezone(UTC).isoformat(),
            "description": event.description,
            "authors": [[a.entry, a.name, a.slack_id] for a in event.authors],
            "links": [[link.text, link.url] for link in event.links],
            "cover": event.cover,
            "image": event.image,
            "channel": event.channel,
            "timezone": event.timezone,
            "body": event.body,
            "options": event.options,
            "archived": event.archived,
            "file": event.file,
        }
    )


@lru_cache(maxsize=1024)  # the sessions of a channel are looked through for every message
def from_text(text: str) -> Event:
    """The event of that JSON."""
    data = json.loads(text)
    return Event(
        id=data["id"],
        title=data["title"],
        start=datetime.fromisoformat(data["start"]),
        end=datetime.fromisoformat(data["end"]),
        description=data["description"],
        authors=tuple(Author(*author) for author in data["authors"]),
        links=tuple(Link(*link) for link in data["links"]),
        cover=data["cover"],
        image=data["image"],
        channel=data["channel"],
        timezone=data["timezone"],
        body=data["body"],
        options=data["options"],
        archived=data["archived"],
        file=data.get("file", ""),
    )

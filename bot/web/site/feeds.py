"""What is new, for feed readers: Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bot.web import look, text
from bot.web.site.books import Book
from bot.web.site.data import moment

if TYPE_CHECKING:
    from bot.web.site.pages import Site

NAMES = {"atom": "feed.xml", "json": "feed.json"}
MAX_BOOKS = 30
"""How many books a feed has, the latest."""

_NAMESPACE = uuid.UUID("6f6d1c52-9a2b-5c1e-8d0e-1f6c8f0b7a11")
_NEVER = "1970-01-01T00:00:00Z"


def item(book: Book, url: str, site: Site) -> dict[str, Any]:
    """A book as JSON Feed has it; it is modified at its end once there is an archive."""
    event = book.event
    return {
        "id": uuid.uuid5(_NAMESPACE, event.id.encode("utf-8", "replace").decode()).urn,
        "url": url,
        "title": text.clean(event.title),
        "summary": text.clean(event.description) or text.excerpt(book.about.text, 200),
        "content_html": look.render("site/entry.html", book=book, url=url, site=site),
        "date_published": moment(event.start),
        "date_modified": moment(event.end if book.threads else event.start),
        "authors": [{"name": text.clean(author.name)} for author in event.authors],
    }


def files(recent: Iterable[dict[str, Any]], title: str, base_url: str) -> dict[str, bytes]:
    """The feeds by the names of their files; `recent` are their items, the latest last.

    Without `base_url` addresses are relative, and the id of the Atom feed is made of the title.
    """
    items = list(recent)[::-1]
    atom = look.render(
        "site/feed.xml",
        name=NAMES["atom"],
        id=base_url or uuid.uuid5(_NAMESPACE, f"feed {title}").urn,
        title=title,
        base_url=base_url,
        updated=max((each["date_modified"] for each in items), default=_NEVER),
        items=items,
    )
    feed: dict[str, Any] = {"version": "https://jsonfeed.org/version/1.1", "title": title}
    if base_url:
        feed |= {"home_page_url": base_url, "feed_url": base_url + NAMES["json"]}
    feed |= {"language": "en", "items": items}
    return {
        NAMES["atom"]: atom.encode(),
        NAMES["json"]: (json.dumps(feed, indent=1, ensure_ascii=False) + "\n").encode(),
    }

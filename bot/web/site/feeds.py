"""What is new, for feed readers: Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from bot.web import look, text
from bot.web.site.books import Book
from bot.web.site.data import moment

if TYPE_CHECKING:
    from bot.web.site.pages import Site

ATOM = "feed.xml"
JSON = "feed.json"
MAX_BOOKS = 30
"""How many books a feed has, the latest."""

_NAMESPACE = uuid.UUID("6f6d1c52-9a2b-5c1e-8d0e-1f6c8f0b7a11")
_ATOM = "http://www.w3.org/2005/Atom"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_NEVER = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Item:
    """A book in a feed. Moments are RFC 3339; `updated` is the end once there is an archive."""

    id: str
    title: str
    url: str
    published: str
    updated: str
    authors: tuple[str, ...]
    summary: str
    html: str


def remember(items: list[Item], book: Book, url: str, site: Site) -> None:
    """Adds a book at the end and forgets the first ones when there are more than MOST."""
    event = book.event
    html = look.environment().get_template("site/entry.html").render(book=book, url=url, site=site)
    items.append(
        Item(
            id=uuid.uuid5(_NAMESPACE, event.id.encode("utf-8", "replace").decode()).urn,
            title=text.clean(event.title),
            url=url,
            published=moment(event.start),
            updated=moment(event.end if book.threads else event.start),
            authors=tuple(text.clean(author.name) for author in event.authors),
            summary=text.clean(event.description) or text.excerpt(book.about.text, 200),
            html=html,
        )
    )
    del items[:-MAX_BOOKS]


def atom(items: list[Item], title: str, base_url: str) -> bytes:
    """The Atom feed, latest first. Its id is the base address, or made of the title without one."""
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, f"{_XML}lang": "en"})
    if base_url:
        feed.set(f"{_XML}base", base_url)
    _add(feed, "title", title)
    _add(feed, "id", base_url or uuid.uuid5(_NAMESPACE, f"feed {title}").urn)
    _add(feed, "updated", max((item.updated for item in items), default=_NEVER))
    _add(feed, "link", rel="alternate", type="text/html", href=base_url or "index.html")
    if base_url:
        _add(feed, "link", rel="self", type="application/atom+xml", href=base_url + ATOM)
    _add(_add(feed, "author"), "name", title)
    for item in reversed(items):
        entry = _add(feed, "entry")
        _add(entry, "title", item.title)
        _add(entry, "id", item.id)
        _add(entry, "link", rel="alternate", type="text/html", href=item.url)
        _add(entry, "published", item.published)
        _add(entry, "updated", item.updated)
        for name in item.authors:
            _add(_add(entry, "author"), "name", name)
        _add(entry, "summary", item.summary)
        _add(entry, "content", item.html, type="html")
    written: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def json_feed(items: list[Item], title: str, base_url: str) -> bytes:
    """The JSON Feed, latest first; addresses are relative where there is no base."""
    feed: dict[str, Any] = {"version": "https://jsonfeed.org/version/1.1", "title": title}
    if base_url:
        feed |= {"home_page_url": base_url, "feed_url": base_url + JSON}
    feed["language"] = "en"
    feed["items"] = [
        {
            "id": item.id,
            "url": item.url,
            "title": item.title,
            "summary": item.summary,
            "content_html": item.html,
            "date_published": item.published,
            "date_modified": item.updated,
            "authors": [{"name": name} for name in item.authors],
        }
        for item in reversed(items)
    ]
    return (json.dumps(feed, indent=1, ensure_ascii=False) + "\n").encode()


def _add(
    parent: ElementTree.Element, name: str, words: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = words
    return element

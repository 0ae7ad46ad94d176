"""What a page says to search engines: JSON-LD in the vocabulary of schema.org.

<https://developers.google.com/search/docs/appearance/structured-data/qapage> and
<https://schema.org/QAPage>. Everything in it is shown on the page, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bot.texts import _
from bot.web import text
from bot.web.site import addresses
from bot.web.site.books import Book, Said, Thread
from bot.web.site.data import moment

if TYPE_CHECKING:
    from bot.web.site.pages import Entry

Url = Callable[[str], str]
"""Gives the address of a path within the site."""

# In a script these are characters, and none of them can end it.
_ESCAPED = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def question(
    book: Book, thread: Thread, authors: Mapping[str, str], index: tuple[str, str], url: Url
) -> Markup:
    """A question's own page.

    The first reply of an author of the book is the accepted answer; what the asker replied is
    none. `authors` are the paths of the authors' pages, `index` the site's title and its first
    page.
    """
    page = text.href(thread.page)
    asked = thread.question
    answers = [
        (reply.by_author, _answer(reply, f"{url(page)}#r{number}", authors, url))
        for number, reply in enumerate(thread.replies, 1)
        if reply.shown.text.strip() and (not asked.name or reply.name != asked.name)
    ]
    accepted = next((answer for by_author, answer in answers if by_author), None)
    suggested = [answer for _by, answer in answers if answer is not accepted]
    about: dict[str, Any] = {
        "@type": "Question",
        "name": addresses.headline(asked.shown.text) or "…",
        "text": asked.shown.text,
        "url": url(page),
        "answerCount": len(answers),
        "author": _person(asked, authors, url),
        "about": {"@type": "Book", "name": _named(book.event.title)},
        **_posted(asked),
    }
    if accepted:
        about["acceptedAnswer"] = accepted
    if suggested:
        about["suggestedAnswer"] = suggested
    book_page = text.href(f"books/{book.event.id}.html")
    trail = _trail(
        [
            (_named(index[0]), index[1]),
            (_named(book.event.title), book_page),
            (about["name"], page),
        ],
        url,
    )
    return _script({"@type": "QAPage", "url": url(page), "mainEntity": about}, trail)


def book(entry: Entry, about: str, index: tuple[str, str], url: Url) -> Markup:
    """A book's page; `about` describes the book."""
    event = entry.event
    title = _named(event.title)
    described: dict[str, Any] = {
        "@type": "Book",
        "name": title,
        "url": url(entry.href),
        "image": url(entry.cover),
        "author": [
            {"@type": "Person", "name": text.clean(name), "url": url(href)}
            for name, href in entry.authors
            if text.clean(name).strip()
        ],
    }
    if about:
        described["description"] = text.clean(about)
    return _script(described, _trail([(_named(index[0]), index[1]), (title, entry.href)], url))


def index(title: str, entries: Sequence[Entry], url: Url) -> Markup:
    """The list of books."""
    listed = [
        {
            "@type": "ListItem",
            "position": number,
            "url": url(entry.href),
            "name": _named(entry.event.title),
        }
        for number, entry in enumerate(entries, 1)
    ]
    return _script(
        {
            "@type": "CollectionPage",
            "name": _named(title),
            "url": url("index.html"),
            "mainEntity": {
                "@type": "ItemList",
                "numberOfItems": len(listed),
                "itemListElement": listed,
            },
        }
    )


def _named(title: str) -> str:
    return text.clean(title).strip() or "…"


def _answer(reply: Said, at: str, authors: Mapping[str, str], url: Url) -> dict[str, Any]:
    return {
        "@type": "Answer",
        "text": reply.shown.text,
        "url": at,
        "author": _person(reply, authors, url),
        **_posted(reply),
    }


def _person(said: Said, authors: Mapping[str, str], url: Url) -> dict[str, Any]:
    person = {"@type": "Person", "name": said.name.strip() or _("Somebody")}
    if said.author in authors:
        person["url"] = url(authors[said.author])
    return person


def _posted(said: Said) -> dict[str, str]:
    return {"datePublished": moment(said.at)} if said.at else {}


def _trail(steps: Sequence[tuple[str, str]], url: Url) -> dict[str, Any]:
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": url(path)}
            for number, (name, path) in enumerate(steps, 1)
        ],
    }


def _script(*things: Mapping[str, Any]) -> Markup:
    """The content of a script element; nothing in it ends the element."""
    written = json.dumps(
        {"@context": "https://schema.org", "@graph": list(things)},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    safe = written.encode("utf-8", "replace").decode().translate(_ESCAPED)
    return Markup(safe)  # noqa: S704 (escaped above)

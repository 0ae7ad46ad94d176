"""The whole site: what is written where.

`build` writes every file into an empty folder, book by book. The same schedules give the same
bytes.
"""

from __future__ import annotations

import itertools
import json
import pickle
import re
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from bot.errors import UserError
from bot.sessions.model import Event
from bot.texts import _
from bot.web import figures, look, text
from bot.web.figures import Asked, Counted, Figure, Given
from bot.web.site import (
    addresses,
    books,
    covers,
    data,
    feeds,
    former,
    pictures,
    search,
    sitemap,
    structured,
)
from bot.web.site.addresses import Ledger, State
from bot.web.site.books import Book, Planned, Posted, Thread
from bot.web.site.pictures import Pictures
from bot.web.site.related import Listed, Related

ASSETS = ("look.css", "icon.svg", "site.js", "vendor/minisearch/minisearch.js")
LICENCES = ("vendor/minisearch/LICENSE.txt",)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the database has of an event: its questions with their moments, None where those are
    not known, and its messages."""

    times: Sequence[Asked] | None = None
    posted: Sequence[Posted] = ()


Known = Callable[[Event], Recorded]
"""Gives what the database has of an event."""

TITLE = "Book of the Week"
FORMER = "site/former.html"
"""The template of the pages of addresses that have no question now."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages say of themselves.

    `base_url` is the address the site will have, empty where that is not known (every link is
    relative then); `website` what relative links in a book's description lead to.
    """

    title: str = TITLE
    base_url: str = ""
    website: str = ""
    pictures: bool = True
    """Whether there are pictures for links from elsewhere, which need `base_url`."""

    def __post_init__(self) -> None:
        """Raises UserError for an address that is none."""
        object.__setattr__(self, "title", text.clean(self.title))
        if self.base_url:
            parts = urlsplit(self.base_url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
                raise UserError(
                    _(
                        "{base_url} is not the address of a site; write it like "
                        "https://example.org/books/",
                        base_url=repr(self.base_url),
                    )
                )
            object.__setattr__(self, "base_url", self.base_url.rstrip("/") + "/")

    def url(self, path: str) -> str:
        """The address of a page of the site, relative to its root where there is no base."""
        return self.base_url + path


Link = tuple[str, str]
"""The words of a link, and where it leads within the site."""


@dataclass(slots=True)
class Entry:
    """A book in the list of books."""

    event: Event
    start: date
    end: date
    cover: str
    href: str
    questions: int = 0
    answered: int = 0
    silent: int = 0
    replies: int = 0
    authors: Sequence[Link] = ()
    """The authors' names and the addresses of their pages."""


@dataclass(slots=True)
class Author:
    """An author with a page: the books, and the questions that they answered in each."""

    name: str
    href: str
    books: list[tuple[Entry, Sequence[Link]]] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """How many questions they answered."""
        return sum(len(questions) for _entry, questions in self.books)


@dataclass(slots=True)
class Summary:
    """What was written."""

    entries: list[Entry] = field(default_factory=list)
    unsure: list[tuple[Path, int]] = field(default_factory=list)
    """Files in which posts by authors may answer a question without standing under it, and how
    many such posts there are."""
    pages: list[str] = field(default_factory=list)
    """The addresses of the pages within the site, without those of what is not there now."""

    @property
    def at(self) -> datetime:
        """When the last of what is written began: the end of the latest book with questions."""
        ends = [entry.event.end for entry in self.entries if entry.questions]
        return max(ends or [entry.event.end for entry in self.entries])

    def total(self, what: str) -> int:
        """The sum of a number of the entries (`questions`) over all books."""
        return sum(getattr(entry, what) for entry in self.entries)


def page_of(event: Event) -> str:
    """The address of a book's page within the site, as a link has it."""
    return f"books/{quote(event.id, errors='replace')}.html"


def build(
    planned: Sequence[Planned],
    folder: Path,
    site: Site,
    known: Known = lambda event: Recorded(),
    ledger: Ledger | None = None,
    before: Path | None = None,
) -> Summary:
    """Writes the site into `folder`, which is empty.

    `planned` is not empty and in the order of the events' start; `known` gives what the database
    has of an event; `ledger` are the addresses of the site before, brought up to date here, and
    `before` is its folder, whose pictures are not drawn again. Raises UserError for an archive that
    cannot be read and OSError for a folder that cannot be written.
    """
    for name in ("assets", "authors", "books", "covers", "figures", "search"):
        (folder / name).mkdir()
    for name in (*ASSETS, *LICENCES):
        target = folder / "assets" / Path(name).name
        shutil.copyfile(look.STATIC / name, target)
    (folder / "assets" / "LICENSE.txt").rename(folder / "assets" / "minisearch.LICENSE.txt")
    ledger = Ledger() if ledger is None else ledger
    writer = _Writer(folder, site, search.names(planned), Pictures(folder, before))
    with (
        (folder / data.NAME).open("w", encoding="utf-8", newline="\n") as rows,
        tempfile.TemporaryFile() as spool,  # so that memory holds one book at a time
    ):
        for at, each in enumerate(planned):
            recorded = known(each.event)
            book = ledger.place(books.read(each, site.website, recorded.posted))
            previous = planned[at - 1] if at else None
            following = planned[at + 1] if at + 1 < len(planned) else None
            entry = writer.book(book, recorded.times, previous, following)
            pickle.dump((book, entry), spool)
            search.add(folder / "search", book, entry)
            rows.writelines(data.lines(book, site.url))
            writer.recent.append(feeds.item(book, site.url(entry.href), site))
            if book.unsure:
                writer.summary.unsure.append((each.path, book.unsure))
        spool.seek(0)
        for _each in planned:
            writer.questions(*pickle.load(spool))  # noqa: S301 (what was written above)
    ledger.finish()
    writer.former(ledger)
    writer.index()
    writer.write_authors()
    writer.data()
    files = feeds.files(writer.recent, site.title, site.base_url)
    files |= sitemap.files(writer.summary.pages, site.base_url)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    schema = json.dumps(data.SCHEMA, indent=2, ensure_ascii=False)
    (folder / data.SCHEMA_NAME).write_text(schema + "\n", "utf-8")
    (folder / addresses.NAME).write_text(ledger.text(), "ascii", newline="\n")
    return writer.summary


@dataclass(slots=True)
class _Writer:
    folder: Path
    site: Site
    shards: Sequence[str]
    pictures: Pictures
    summary: Summary = field(default_factory=Summary)
    authors: dict[str, Author] = field(default_factory=dict)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=feeds.MAX_BOOKS))
    related: Related = field(default_factory=Related)

    def book(
        self,
        book: Book,
        times: Sequence[Asked] | None,
        before: Planned | None,
        after: Planned | None,
    ) -> Entry:
        """Writes a book's page and its pictures; `times` are its questions with their moments."""
        event = book.event
        zone = ZoneInfo(event.timezone)
        entry = Entry(
            event=event,
            start=event.start.astimezone(zone).date(),
            end=event.end.astimezone(zone).date(),
            cover=self.cover(book),
            href=page_of(event),
            questions=book.questions,
            answered=book.answered,
            silent=book.silent,
            replies=book.replies,
            authors=[(author.name, self.author(author.name).href) for author in event.authors],
        )
        self.summary.entries.append(entry)
        self.remember_answers(book, entry)
        timed = times if book.threads else None
        asked = [
            Asked([Given(reply.by_author) for reply in thread.replies])
            for thread in book.threads
            if thread.is_question
        ]
        described = event.description or text.excerpt(book.about.text, 200)
        links = [(link.text, url) for link in event.links if (url := text.safe_link(link.url))]
        self.page(
            f"books/{event.id}.html",
            "site/book.html",
            book=book,
            entry=entry,
            links=links,
            pictures=list(self.figures(event.id, figures.of_session(asked, timed, zone))),
            contents=[
                (thread, text.excerpt(thread.question.shown.text, 110))
                for thread in book.threads
                if thread.is_question
            ],
            answering=list(
                dict.fromkeys(name for thread in book.threads for name in thread.answered_by)
            ),
            before=before and (before.event.title, page_of(before.event)),
            after=after and (after.event.title, page_of(after.event)),
            picture=self.picture(
                event.id, event.title, ", ".join(name for name, _href in entry.authors)
            ),
            described=described,
            structured=structured.book(entry, described, self.home, self.site.url),
        )
        for thread in book.threads:
            if thread.page:
                self.related.add(self.asked(book, thread), thread.question.shown.text)
        return entry

    @property
    def home(self) -> Link:
        """The list of books."""
        return self.site.title, "index.html"

    def asked(self, book: Book, thread: Thread) -> Listed:
        """A question for a list of them."""
        words = addresses.headline(thread.question.shown.text)
        return Listed(thread.page, words, book.event.id, book.event.title)

    def questions(self, book: Book, entry: Entry) -> None:
        """Writes a page for each question."""
        event = book.event
        asked = [thread for thread in book.threads if thread.page]
        if asked:
            (self.folder / "books" / event.id / "q").mkdir(parents=True)
        hrefs = dict(entry.authors)
        for at, thread in enumerate(asked):
            words = thread.question.shown.text
            answer = next((reply for reply in thread.replies if reply.by_author), None)
            self.page(
                thread.page,
                "site/question.html",
                book=book,
                entry=entry,
                thread=thread,
                headline=addresses.headline(words),
                described=text.excerpt(answer.shown.text if answer else words, 200),
                related=self.related.to(thread.page, event.id),
                before=self.asked(book, asked[at - 1]) if at else None,
                after=self.asked(book, asked[at + 1]) if at + 1 < len(asked) else None,
                picture=self.picture(event.id, addresses.headline(words), event.title),
                structured=structured.question(book, thread, hrefs, self.home, self.site.url),
            )

    def former(self, ledger: Ledger) -> None:
        """Writes a page for each address that has no question now."""
        books = {each.event.id: (each.event.title, each.href) for each in self.summary.entries}
        for kind, some in (
            ("moved", ledger.of(State.MOVED)),
            ("gone", ledger.of(State.GONE)),
            ("absent", (each for each in ledger.of(State.HERE) if each.book in ledger.absent)),
        ):
            for each in some:
                self.former_page(each.at, kind, each.to, books.get(each.book))
        files = former.files(ledger, self.site.base_url)
        if files:
            self.former_page(former.WITHDRAWN, "gone")
        for name, content in files.items():
            (self.folder / name).write_bytes(content.encode("utf-8", "surrogateescape"))

    def former_page(self, at: str, kind: str, to: str = "", book: Link | None = None) -> None:
        """Writes what an address without a question shows."""
        (self.folder / at).parent.mkdir(parents=True, exist_ok=True)
        self.page(
            at,
            FORMER,
            kind=kind,
            to=to,
            book=book,
            canonical=to and self.site.base_url and self.site.url(text.href(to)),
        )

    def author(self, name: str) -> Author:
        """The page of an author, the same for each book with that name."""
        if name not in self.authors:
            slug = re.sub(r"\W+", "-", text.clean(name).casefold()).strip("-") or "author"
            taken = {author.href for author in self.authors.values()}
            numbered = (slug if at == 1 else f"{slug}-{at}" for at in itertools.count(1))
            hrefs = (f"authors/{quote(each, errors='replace')}.html" for each in numbered)
            self.authors[name] = Author(name, next(href for href in hrefs if href not in taken))
        return self.authors[name]

    def remember_answers(self, book: Book, entry: Entry) -> None:
        """Notes for the authors' pages what they answered in a book."""
        for name in dict.fromkeys(author.name for author in book.event.authors):
            questions = [
                (
                    text.excerpt(thread.question.shown.text, 140) or "…",
                    text.href(thread.page),
                )
                for thread in book.threads
                if thread.is_question and text.clean(name) in thread.answered_by
            ]
            self.author(name).books.append((entry, questions))

    def cover(self, book: Book) -> str:
        """Puts the cover in its place and gives its address within the site."""
        if book.cover is not None:
            name = book.event.id + book.cover.suffix.lower()
            shutil.copyfile(book.cover, self.folder / "covers" / name)
        else:
            name = f"{book.event.id}.svg"
            (self.folder / "covers" / name).write_text(covers.drawn(book.event), "utf-8")
        return "covers/" + quote(name, errors="replace")

    def picture(self, cloth: str, words: str, below: str = "") -> str:
        """The address of the picture that a link to a page shows elsewhere; '' for none."""
        if not self.site.base_url or not self.site.pictures:
            return ""
        return self.site.url(self.pictures.draw(cloth, words, below))

    def figures(self, name: str, drawn: Sequence[Figure]) -> Iterator[tuple[Figure, str]]:
        """Writes pictures and gives each with its address within the site."""
        if drawn:
            (self.folder / "figures" / name).mkdir()
        for figure in drawn:
            (self.folder / "figures" / name / f"{figure.name}.svg").write_bytes(figure.svg)
            yield figure, f"figures/{quote(name, errors='replace')}/{figure.name}.svg"

    def index(self) -> None:
        """Writes the list of books, the latest first."""
        entries = self.summary.entries
        counted = [Counted(each.event.title, each.questions, each.answered) for each in entries]
        answered, silent = self.summary.total("answered"), self.summary.total("silent")
        others = self.summary.total("questions") - answered - silent
        drawn = (figures.book_by_book(counted[::-1]), figures.share(answered, others, silent))
        pictures = [(each, f"assets/{each.name}.svg") for each in drawn if each is not None]
        for figure, name in pictures:
            (self.folder / name).write_bytes(figure.svg)
        self.page(
            "index.html",
            "site/index.html",
            summary=self.summary,
            entries=entries[::-1],
            pictures=pictures,
            canonical=self.site.base_url,
            picture=self.picture("", self.site.title),
            structured=structured.index(self.site.title, entries[::-1], self.site.url),
        )

    def write_authors(self) -> None:
        """Writes a page for each author, and the list of them by name."""
        authors = sorted(self.authors.values(), key=lambda author: author.name.casefold())
        for author in authors:
            author.books.reverse()
            self.page(unquote(author.href), "site/author.html", author=author)
        self.page("authors.html", "site/authors.html", authors=authors)

    def data(self) -> None:
        """Writes the page for those who build on the archive."""
        names = {"rows": data.NAME, "schema": data.SCHEMA_NAME}
        self.page(
            "data.html", "site/data.html", schema=data.SCHEMA, names=names, example=data.EXAMPLE
        )

    def page(self, path: str, template: str, **values: Any) -> None:
        """Writes one page; its address is `canonical`, unless another is."""
        at = quote(path, errors="replace")
        values |= {
            "root": "../" * path.count("/"),
            "canonical": values.get("canonical", self.site.base_url and self.site.url(at)),
            "site": self.site,
            "feeds": feeds.NAMES,
            "shards": self.shards,
            "picture_size": (pictures.WIDTH, pictures.HEIGHT),
            "texts": search.texts(),
        }
        html = look.render(template, **values)
        (self.folder / path).write_text(html, "utf-8", newline="\n")
        if template != FORMER:
            self.summary.pages.append(at)

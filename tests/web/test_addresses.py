"""Every address that a question ever had answers as it should, whatever happened to the question."""

from __future__ import annotations

import json
import os
import random
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from justhtml import JustHTML

from bot.library.formats import Entry
from bot.sessions.knowledge import Hit
from bot.sessions.model import Event
from bot.web import text
from bot.web.site import addresses, books, folder, pages
from bot.web.site.addresses import State
from bot.web.site.books import Book, Posted, Said, Thread
from bot.web.site.pages import Recorded
from bot.web.site.published import Published
from tests.web import shelf
from tests.web.conftest import Command

STEPS = int(os.environ.get("MARGINALIA_ADDRESS_STEPS", "100"))
"""How many changes are made. After each the ledger is asked; after each `PAGES`-th the pages are."""
PAGES = 50
BOOKS = ("20230102-first", "20240108-second", "20250106-third")
AUTHOR = "Ana Lima"
WORDS = [
    a + b + c for a in "bdfgklmnprst" for b in ("a", "ei", "o", "u") for c in ("ra", "sen", "l")
]


@dataclass(eq=False)
class Asked:
    """A question as the test knows it; `under` is the question that it was merged with."""

    number: int
    book: str
    name: str
    text: str
    replies: list[Entry] = field(default_factory=list)
    under: Asked | None = None
    dropped: bool = False
    gone: bool = False

    @property
    def here(self) -> bool:
        return not self.gone and self.under is None


class Shelf:
    """Books to change at random, and what each address has to answer."""

    def __init__(self, root: Path, seed: int, *, stored: bool) -> None:
        self.root, self.stored = root, stored
        self.random = random.Random(seed)
        self.asked: list[Asked] = []
        self.addresses: dict[str, Asked] = {}
        for _ in range(15):
            self.ask()
            self.answer()

    def words(self, least: int = 9, most: int = 16) -> str:
        some = [self.random.choice(WORDS) for _ in range(self.random.randint(least, most))]
        return " ".join(some).capitalize() + "?"

    def some(self, *, replied: bool = False) -> Asked:
        fitting = [each for each in self.asked if each.here and (each.replies or not replied)]
        return self.random.choice(fitting)

    def ask(self) -> None:
        name = f"Reader {self.random.randint(1, 9)}"
        book = self.random.choice(BOOKS)
        self.asked.append(Asked(len(self.asked), book, name, self.words()))

    def answer(self) -> None:
        name = self.random.choice((AUTHOR, AUTHOR, "Max"))
        self.some().replies.append(Entry(name, self.words(8, 20)))

    def edit(self) -> None:
        one = self.some()
        words = one.text.split()
        for _ in range(len(words) // 4):
            words[self.random.randrange(len(words))] = self.random.choice(WORDS)
        one.text = " ".join(words)

    def rewrite(self) -> None:
        self.some(replied=not self.stored).text = self.words()

    def rename(self) -> None:
        self.some().name = f"Reader {self.random.randint(10, 99)}"

    def merge(self) -> None:
        """The question becomes a reply to another one, and so do its replies."""
        one, other = self.some(), self.some()
        if one is not other and one.book == other.book:
            one.under = other
            other.replies += [Entry(one.name, one.text), *one.replies]

    def drop(self) -> None:
        """Its replies are put under another question, and its own text goes."""
        one, other = self.some(replied=True), self.some()
        if one is not other and one.book == other.book:
            one.under, one.dropped = other, True
            other.replies += one.replies

    def part(self) -> None:
        """What was merged is a question again."""
        merged = [
            each
            for each in self.asked
            if each.under is not None
            and each.under.here
            and not each.dropped
            and Entry(each.name, each.text) in each.under.replies
        ]
        if merged:
            one = self.random.choice(merged)
            assert one.under is not None
            one.under.replies.remove(Entry(one.name, one.text))
            for reply in one.replies:
                one.under.replies.remove(reply)
            one.book, one.under = one.under.book, None

    def withdraw(self) -> None:
        if len([each for each in self.asked if each.here]) > 8:
            self.some().gone = True

    def restore(self) -> None:
        gone = [each for each in self.asked if each.gone]
        if gone:
            self.random.choice(gone).gone = False

    def move(self) -> None:
        self.some().book = self.random.choice(BOOKS)

    def change(self) -> None:
        """One thing happens."""
        kinds = (self.ask, self.answer, self.answer, self.edit, self.edit, self.rewrite)
        rarer = (self.rename, self.merge, self.drop, self.part, self.withdraw, self.restore)
        self.random.choice((*kinds, *rarer, self.move))()

    def posted(self, event: Event) -> Recorded:
        """What a database would have of a book's questions."""
        if not self.stored:
            return Recorded()
        at = datetime(2025, 1, 6, tzinfo=UTC)
        return Recorded(
            None,
            [
                Posted(each.name, each.text, self.message(each), "", at)
                for each in self.asked
                if not each.gone and not each.dropped
            ],
        )

    def message(self, asked: Asked) -> str:
        return f"C1/{asked.number}.000100" if self.stored and not asked.dropped else ""

    def build(self) -> Path:
        """Makes the site anew."""
        site = self.root / "site"
        site.mkdir(exist_ok=True)
        folder.publish(
            site,
            lambda made: pages.build(
                self.planned, made, pages.Site(), self.posted, addresses.read(self.ledger)
            ),
        )
        return site

    @property
    def ledger(self) -> Path:
        return self.root / "site" / addresses.NAME

    def here(self, book: str) -> list[Asked]:
        return [each for each in self.asked if each.here and each.book == book]

    def write(self) -> None:
        """Writes the archives."""
        for book in BOOKS:
            threads = [Entry(each.name, each.text, tuple(each.replies)) for each in self.here(book)]
            shelf.write(self.root / "schedules", book, threads, title=book, day=self._day(book))
        self.planned, _ = books.find([self.root / "schedules"])

    def book(self, event: Event) -> Book:
        """A book as the site reads it."""
        messages = {(each.name, each.text): self.message(each) for each in self.asked}

        def said(entry: Entry, place: int = 0) -> Said:
            author = AUTHOR if entry.name == AUTHOR else ""
            message = messages.get((entry.name, entry.text), "")
            return Said(entry.name, entry.text, text.message(entry.text), author, place, message)

        return Book(
            event,
            tuple(
                Thread(at, said(Entry(each.name, each.text), at), tuple(map(said, each.replies)))
                for at, each in enumerate(self.here(event.id), 1)
            ),
            text.description("", ""),
            None,
        )

    def check(self) -> None:
        """Asks the ledger for every address that there ever was."""
        ledger = addresses.read(self.ledger)
        placed = [(each.event.id, ledger.place(self.book(each.event))) for each in self.planned]
        ledger.finish()
        self.ledger.write_text(ledger.text(), "ascii")
        standing: dict[str, tuple[Asked, str]] = {}
        for event, book in placed:
            for each, thread in zip(self.here(event), book.threads, strict=True):
                assert self.addresses.setdefault(thread.page, each) is each, "used twice"
                standing[thread.page] = each, each.text
                for number, reply in enumerate(each.replies, 1):
                    standing[f"{thread.page}#r{number}"] = each, reply.text
        assert self.addresses.keys() == ledger.addresses.keys()
        for at, each in self.addresses.items():
            address, (host, chain) = ledger.addresses[at], self.stands(each)
            if host.gone:
                assert address.state is State.GONE, at
            elif address.state is State.HERE:
                assert standing[at][0] is each, at
            else:
                found, said = standing[address.to]
                assert (address.state, found) == (State.MOVED, host), at
                assert "#" not in address.to or said in chain, at

    def stands(self, asked: Asked) -> tuple[Asked, list[str]]:
        """The question under which a question stands now, and the texts on the way there."""
        chain = [asked.text]
        while asked.under is not None:
            asked = asked.under
            chain.append(asked.text)
        return asked, chain

    def check_pages(self) -> None:
        """Asks every address that there ever was for its page."""
        site = self.build()
        lines = (site / "questions.jsonl").read_text("utf-8").splitlines()
        texts = {row["url"]: row["text"] for row in map(json.loads, lines)}
        here = [each for book in BOOKS for each in self.here(book)]
        assert list(texts.values()) == [each.text for each in here]
        for address, each in self.addresses.items():
            page = _parsed(site / unquote(address))
            host, chain = self.stands(each)
            if host.gone:
                assert page.query("h1")[0].to_text() == "This question was withdrawn", address
                continue
            fragment = ""
            if refresh := page.query("meta[http-equiv=refresh]"):
                to = refresh[0].attrs["content"].removeprefix("0; url=../../../")
                to, _hash, fragment = to.partition("#")
                page = _parsed(site / unquote(to))
            else:
                assert each.here, address
            assert page.query(".asked")[0].to_text().strip() == host.text, address
            if fragment:
                [reply] = page.query(f"[id='{fragment}'] .said")
                assert reply.to_text().strip() in chain

    def _day(self, book: str) -> str:
        return f"{book[:4]}-{book[4:6]}-{book[6:8]}"


def _parsed(path: Path) -> JustHTML:
    return JustHTML(path.read_text("utf-8"), strict=True, sanitize=False)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("seed", "stored"), [(1, False), (2, False), (3, True)])
def test_every_address_answers_after_any_changes(tmp_path: Path, seed: int, stored: bool) -> None:
    one = Shelf(tmp_path, seed, stored=stored)
    one.write()
    one.build()
    for step in range(STEPS):
        one.check()
        if step % PAGES == 0:
            one.write()
            one.check_pages()
        one.change()
    assert len(one.addresses) >= 15


EVENT = "20241014-on-reading"
ASKED = (
    Entry(
        "Wendy", "Why a book on *melting* glaciers?", (Entry("Ana Lima", "It was in the attic."),)
    ),
    Entry("Max", "Do you read on paper?", (Entry("Max", "Or not"), Entry("Zoe", "I do."))),
    Entry("Kim", "Which <b>one</b> comes next?"),
)


def _pages(site: Path) -> list[str]:
    rows = (site / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(row)["url"] for row in rows]


def test_a_question_has_a_page_of_its_own(marginalia: Command, tmp_path: Path) -> None:
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    other = (
        Entry("Pat", "Which glaciers are melting fastest?"),
        Entry("Lee", "Something else, nothing"),
    )
    shelf.write(tmp_path / "schedules", "20250106-other", other, title="Other", day="2025-01-06")
    assert marginalia("site", "--base-url", "https://books.example/") == 0
    site = tmp_path / "var/site"
    address = _pages(site)[0].removeprefix("https://books.example/")
    assert address.startswith(f"books/{EVENT}/q/why-a-book-on-melting-glaciers-")
    page = _parsed(site / address)
    assert page.query("h1")[0].to_text() == "Why a book on melting glaciers?"
    assert page.query("link[rel=canonical]")[0].attrs["href"] == f"https://books.example/{address}"
    assert page.query("meta[name=description]")[0].attrs["content"] == "It was in the attic."
    assert page.query("#r1 .said")[0].to_text().strip() == "It was in the attic."
    [like] = page.query(".related a")
    assert like.to_text() == "Which glaciers are melting fastest?"
    assert (site / address).parent.joinpath(like.attrs["href"]).is_file()


def test_the_site_says_of_an_edited_a_merged_and_a_withdrawn_question_what_happened(
    marginalia: Command, tmp_path: Path
) -> None:
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    marginalia("site")
    site = tmp_path / "var/site"
    first, second, third = _pages(site)
    edited = Entry(
        "Wendy",
        "Why a whole book on melting glaciers?",
        (*ASKED[0].replies, Entry("Max", "Do you read on paper?"), *ASKED[1].replies),
    )
    shelf.write(tmp_path / "schedules", EVENT, (edited,))
    marginalia("site")
    assert _pages(site) == [first]
    moved, gone = _parsed(site / second), _parsed(site / third)
    [refresh] = moved.query("meta[http-equiv=refresh]")
    assert refresh.attrs["content"] == f"0; url=../../../{first}#r2"
    assert gone.query("h1")[0].to_text() == "This question was withdrawn"
    assert gone.query("#page a")[0].attrs["href"] == f"../../../books/{EVENT}.html"
    for page in (moved, gone):
        assert page.query("meta[name=robots]")[0].attrs["content"] == "noindex"
    ledger = json.loads((site / "addresses.json").read_text("ascii"))["addresses"]
    [row] = [each for each in ledger if each["at"] == third]
    assert set(row) == {"at", "state", "mark"}, "no word of what was withdrawn is kept"
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    marginalia("site")
    assert _pages(site) == [first, second, third]


def test_a_build_of_a_part_withdraws_nothing(marginalia: Command, tmp_path: Path) -> None:
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    marginalia("site")
    shelf.write(
        tmp_path / "schedules", EVENT, (replace(ASKED[0], replies=()), replace(ASKED[1], name="Li"))
    )
    other = shelf.write(tmp_path / "schedules", "20250106-other", ASKED[2:], day="2025-01-06")
    marginalia("site")
    site = tmp_path / "var/site"
    before = (site / "addresses.json").read_bytes()
    addresses = [row["at"] for row in json.loads(before)["addresses"]]
    assert len(addresses) == 4
    pages = {at: (site / at).read_text("utf-8") for at in addresses}
    marginalia("site", str(other))
    assert (site / "addresses.json").read_bytes() == before
    headings = [_parsed(site / at).query("h1")[0].to_text() for at in addresses]
    assert headings == [
        *["This book is not here now"] * 2,
        "This question has moved",
        ASKED[2].text,
    ]
    marginalia("site")
    assert pages == {at: (site / at).read_text("utf-8") for at in addresses}


@pytest.mark.parametrize("base", ["", "https://books.example/a b/"])
def test_servers_are_told_what_moved_and_what_is_gone(
    marginalia: Command, tmp_path: Path, base: str
) -> None:
    options = ("--base-url", base) if base else ()
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    marginalia("site", *options)
    site = tmp_path / "var/site"
    assert not (site / "former").exists()
    first, second, third = [page.removeprefix(base) for page in _pages(site)]
    merged = Entry(
        "Wendy", ASKED[0].text, (*ASKED[0].replies, Entry("Max", ASKED[1].text), *ASKED[1].replies)
    )
    shelf.write(tmp_path / "schedules", EVENT, (merged,))
    marginalia("site", *options)
    root = "/a%20b" if base else ""
    assert (site / "former/_redirects").read_text().splitlines() == [
        f"{root}/{second} {root}/{first}#r2 301!",
        f"{root}/{third} {root}/former/books/q/withdrawn.html 410!",
    ]
    decoded = unquote(root)
    assert (site / "former/nginx.conf").read_text().splitlines() == [
        f'error_page 410 "{decoded}/former/books/q/withdrawn.html";',
        f'location = "{decoded}/{second}" {{ return 301 "{root}/{first}#r2"; }}',
        f'location = "{decoded}/{third}" {{ return 410; }}',
    ]
    page = _parsed(site / "former/books/q/withdrawn.html")
    assert page.query("h1")[0].to_text() == "This question was withdrawn"
    for link in page.query("link[rel=stylesheet]"):
        assert (site / third).parent.joinpath(link.attrs["href"]).is_file(), "it is shown there"


def test_a_question_written_anew_in_its_place_keeps_its_address(
    marginalia: Command, tmp_path: Path
) -> None:
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    marginalia("site")
    before = _pages(tmp_path / "var/site")
    shelf.write(tmp_path / "schedules", EVENT, (*ASKED[:2], Entry("Kim", "Is there a sequel?")))
    marginalia("site")
    assert _pages(tmp_path / "var/site") == before


@pytest.mark.parametrize(
    "ledger", ["", "[]", '{"addresses": [{"at": "../x", "state": "here"}]}', '{"addresses": [1]}']
)
def test_a_broken_ledger_is_one_line_and_the_site_stays(
    marginalia: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str], ledger: str
) -> None:
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    marginalia("site")
    path = tmp_path / "var/site/addresses.json"
    path.write_text(ledger)
    capsys.readouterr()
    assert marginalia("site") == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "addresses.json: is not a list of addresses" in printed.err
    assert path.read_text() == ledger


def test_search_engines_are_told_every_page_but_those_of_what_is_gone(
    marginalia: Command, tmp_path: Path
) -> None:
    shelf.write(tmp_path / "schedules", EVENT, ASKED)
    marginalia("site", "--base-url", "https://books.example/a")
    shelf.write(tmp_path / "schedules", EVENT, ASKED[:2])
    marginalia("site", "--base-url", "https://books.example/a")
    site = tmp_path / "var/site"
    sitemap = ElementTree.fromstring((site / "sitemap.xml").read_bytes())
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert sitemap.tag == f"{space}urlset"
    assert {each.tag for each in sitemap} == {f"{space}url"}
    listed = [each.findtext(f"{space}loc") for each in sitemap]
    pages = {each.relative_to(site).as_posix() for each in site.rglob("*.html")}
    gone = {each for each in pages if "withdrawn" in (site / each).read_text("utf-8")}
    assert len(gone) == 2, "its page, and the one that servers show for all of them"
    assert sorted(map(str, listed)) == sorted(f"https://books.example/a/{p}" for p in pages - gone)
    assert (site / "robots.txt").read_text() == (
        "User-agent: *\nAllow: /\nSitemap: https://books.example/a/sitemap.xml\n"
    )
    marginalia("site")
    assert not (site / "sitemap.xml").exists(), "a sitemap has whole addresses"


@pytest.mark.parametrize("stored", [False, True])
def test_an_earlier_answer_in_slack_leads_to_its_page(
    marginalia: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    """Known by the message in Slack, or by the words where the site was built without a database."""
    shelf.write(tmp_path / "schedules", "20241014-on-reading")
    monkeypatch.setenv("MARGINALIA_SITE_URL", "https://books.example/a/")
    assert marginalia("site") == 0
    [canonical] = re.findall(
        'rel="canonical" href="(.*?)"', next(tmp_path.glob("var/site/books/*/q/why-*")).read_text()
    )
    assert canonical.startswith(
        "https://books.example/a/books/20241014-on-reading/q/why-this-book-"
    )
    ledger = tmp_path / "var" / "site" / "addresses.json"
    if stored:
        ledger.write_text(ledger.read_text().replace('"mark"', '"message": "C1/1.2", "mark"', 1))
    hit = Hit(
        "20241014-on-reading",
        "1",
        "On Reading",
        2024,
        "Other words?" if stored else "Why this book?\n\nAnd for whom?",
        "For you.",
        "Ana Lima",
        "C1" if stored else "",
        "1.2" if stored else "",
        1.0,
        True,
    )
    published = Published(ledger.parent, "https://books.example/a")
    assert published.page(hit) == canonical
    assert published.page(replace(hit, event_id="another")) == ""
    assert Published(ledger.parent, "").page(hit) == ""
    ledger.unlink()
    assert published.page(hit) == "", "the site is not there now"
    ledger.write_text("broken")
    assert published.page(hit) == ""

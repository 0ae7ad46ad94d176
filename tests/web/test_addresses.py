"""Every address that a question ever had answers as it should, whatever happened to the question."""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from justhtml import JustHTML

from bot.library.archive import Entry
from bot.sessions.model import Event
from bot.web.site import addresses, books, folder, pages
from bot.web.site.books import Posted
from bot.web.site.pages import Recorded
from tests.web import shelf
from tests.web.conftest import Command

STEPS = int(os.environ.get("MARGINALIA_ADDRESS_STEPS", "20"))
"""How many changes are made, with two builds for five of them; 1,000 take some minutes. Until
2026-11-28 each landing made 60."""
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
                Posted(each.name, each.text, f"C1/{each.number}.000100", "", at)
                for each in self.asked
                if not each.gone and not each.dropped
            ],
        )

    def build(self) -> Path:
        """Makes the site anew, and notes the addresses of the questions on it."""
        site = self.root / "site"
        for book in BOOKS:
            threads = [
                Entry(each.name, each.text, tuple(each.replies))
                for each in self.asked
                if each.here and each.book == book
            ]
            shelf.write(self.root / "schedules", book, threads, title=book, day=self._day(book))
        planned, _ = books.find([self.root / "schedules"])
        folder.publish(
            site,
            lambda made: pages.build(
                planned, made, pages.Site(), self.posted, addresses.read(site / addresses.NAME)
            ),
        )
        lines = (site / "questions.jsonl").read_text("utf-8").splitlines()
        rows = iter([json.loads(line) for line in lines])
        for book in BOOKS:
            for each in self.asked:
                if each.here and each.book == book:
                    row = next(rows)
                    assert row["text"] == each.text
                    self.addresses.setdefault(row["url"], each)
                    assert self.addresses[row["url"]] is each, "no address is used twice"
        return site

    def _day(self, book: str) -> str:
        return f"{book[:4]}-{book[4:6]}-{book[6:8]}"

    def check(self) -> None:
        """Asks every address that there ever was."""
        site = self.build()
        for address, each in self.addresses.items():
            page = _parsed(site / unquote(address))
            host, chain = each, [each.text]
            while host.under is not None:
                host = host.under
                chain.append(host.text)
            if each.gone or host.gone:
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


def _parsed(path: Path) -> JustHTML:
    return JustHTML(path.read_text("utf-8"), strict=True, sanitize=False)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("seed", "stored"), [(1, False), (2, False), (3, True)])
def test_every_address_answers_after_any_changes(tmp_path: Path, seed: int, stored: bool) -> None:
    one = Shelf(tmp_path, seed, stored=stored)
    one.check()
    for _ in range(STEPS):
        one.change()
        one.check()
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
    [gone] = [each for each in pages if "withdrawn" in (site / each).read_text("utf-8")]
    assert sorted(map(str, listed)) == sorted(
        f"https://books.example/a/{p}" for p in pages - {gone}
    )
    assert (site / "robots.txt").read_text() == (
        "User-agent: *\nAllow: /\nSitemap: https://books.example/a/sitemap.xml\n"
    )
    marginalia("site")
    assert not (site / "sitemap.xml").exists(), "a sitemap has whole addresses"

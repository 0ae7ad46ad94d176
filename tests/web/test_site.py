"""`marginalia site`, through the command and the files it leaves."""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from justhtml import JustHTML

from bot.errors import UserError
from bot.library.formats import Entry
from bot.sessions.model import Author, Event, Kind, Message, ts_of
from bot.store.database import Database
from bot.web.site import books, covers, pages
from tests.examples import examples
from tests.web import shelf, structured

ATOM = "{http://www.w3.org/2005/Atom}"
LD = "application/ld+json"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"

Command = Callable[..., int]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def html_files(site: Path) -> Iterator[Path]:
    yield from sorted(site.rglob("*.html"))


def parsed(path: Path) -> JustHTML:
    """A page; anything that is no valid HTML in it is an exception."""
    return JustHTML(path.read_text("utf-8"), strict=True, sanitize=False)


def check(site: Path) -> None:
    """What must be true of every page of every site."""
    known = {path: parsed(path) for path in html_files(site)}
    anchors = {
        path: [each.attrs["id"] for each in page.query("[id]")] for path, page in known.items()
    }
    for path, page in known.items():
        assert len(anchors[path]) == len(set(anchors[path]))
        assert len(page.query("h1")) == 1
        assert all("alt" in each.attrs for each in page.query("img"))
        scripts = [each for each in page.query("script") if each.attrs.get("type") != LD]
        for data in page.query(f"script[type='{LD}']"):
            structured.VALIDATOR.validate(json.loads(data.to_text()))
        assert {each.attrs.get("src", "").rpartition("/")[2] for each in scripts} == {
            *("minisearch.js", "site.js"),
        }
        assert page.query("style") == []
        assert page.query("[style]") == []
        [policy] = page.query("meta[http-equiv='Content-Security-Policy']")
        assert policy.attrs["content"].startswith("default-src 'none'; ")
        assert "unsafe" not in policy.attrs["content"]
        for element in page.query("[src], link[href]"):
            target = element.attrs.get("src") or element.attrs["href"]
            if element.attrs.get("rel") != "canonical":
                assert not urlsplit(target).netloc
                assert (path.parent / unquote(target)).is_file(), target
        for link in page.query("a"):
            parts = urlsplit(link.attrs["href"])
            if parts.scheme:
                assert parts.scheme in {"http", "https", "mailto", "tel"}
                assert link.attrs["rel"] == "nofollow noopener"
                continue
            assert not parts.netloc
            target = path.parent / unquote(parts.path) if parts.path else path
            assert target.is_file(), link.attrs["href"]
            if parts.fragment:
                assert parts.fragment in anchors[Path(os.path.normpath(target))]
    for picture in site.rglob("*.svg"):
        ElementTree.fromstring(picture.read_bytes())
    schema = json.loads((site / "schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    validator.check_schema(schema)
    for line in (site / "questions.jsonl").read_text("utf-8").split("\n")[:-1]:
        validator.validate(json.loads(line))
    ElementTree.fromstring((site / "feed.xml").read_bytes())
    json.loads((site / "feed.json").read_text("utf-8"))


def rows(site: Path) -> list[dict[str, object]]:
    lines = (site / "questions.jsonl").read_text("utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def test_a_site_of_every_kind_of_book(
    marginalia: Command, schedules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert marginalia("site", "--title", "Books & <Readers>") == 0
    assert capsys.readouterr().out == "var/site/index.html: 5 books, 12 questions, 3 replies\n"
    site = tmp_path / "var" / "site"
    check(site)
    index = parsed(site / "index.html")
    assert index.query("h1")[0].to_text() == "Books & <Readers>"
    assert [each.to_text() for each in index.query("h2")] == ["2025", "2024", "2023", "In figures"]
    titles = [each.to_text() for each in index.query(".book .name")]
    assert titles[0] == "Quiet"
    assert titles[1] == "תכנון & <b>plans</b>"
    assert titles[-1] == "The First Book"


def test_a_book_with_its_questions(marginalia: Command, schedules: Path, tmp_path: Path) -> None:
    marginalia("site", "--output", "out")
    page = parsed(tmp_path / "out" / "books" / "20241014-on-reading.html")
    assert page.query("h1")[0].to_text() == "On Reading"
    assert page.query(".frontispiece .when")[0].to_text() == "14 October 2024"
    assert [each.attrs["href"] for each in page.query(".links a")] == [
        *("https://book.example/", "mailto:ana@book.example"),
    ]
    numbers = [" ".join(each.to_text().split()) for each in page.query(".numbers div")]
    assert numbers == ["questions 3", "answered 1", "replies 2"]
    assert len(page.query(".about table")) == 1
    assert "nobody reads this" not in page.to_html()
    threads = page.query("article.thread")
    assert [each.attrs["id"] for each in threads] == ["q1", "q2", "q3", "q4"]
    assert [each.attrs["class"] for each in threads] == [
        "thread",
        "thread",
        "thread author",
        "thread",
    ]
    names = [each.to_text() for each in page.query("article.thread h3 bdi")]
    assert names == ["Wendy", "Somebody", "Ana Lima", "Max"]
    assert [each.attrs["class"] for each in page.query(".reply")] == ["reply author", "reply"]
    assert "<script>alert(1)</script>" in threads[1].to_text()
    assert threads[3].query("pre")[0].to_text().startswith("code of one long line")
    assert len(threads[3].query(".silent")) == 1


def test_the_samples_of_the_website(
    marginalia: Command, samples: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = samples[0].parent
    assert marginalia("site", folder, "--output", tmp_path / "site") == 0
    site = tmp_path / "site"
    check(site)
    assert len(list((site / "books").glob("*.html"))) == len(samples)
    found = rows(site)
    assert {row["event"] for row in found} == {
        path.stem for path in samples if "archive:" in path.read_text("utf-8")
    }
    # Each archive has an author who answers under a name that is spelt as the page or nearly so.
    assert {row["event"] for row in found if row["answered"]} == {row["event"] for row in found}
    page = parsed(site / "books" / "20211011-mastering-transformers.html")
    assert page.query(".authors")[0].to_text() == "by Savaş Yıldırım and Meysam Asgari-Chenaghlu"


def test_talk_is_shown_and_not_counted(marginalia: Command, tmp_path: Path) -> None:
    threads = (
        Entry("Max", "Hi all 👋"),
        Entry("Wendy", "Why this book?", (Entry("Ana Lima", "For you."),)),
        Entry("Zoe", "Thanks for doing this everyone!", (Entry("Ana Lima", "My pleasure!"),)),
    )
    shelf.write(tmp_path, "20241014-on-reading", threads)
    assert marginalia("site", tmp_path, "--output", tmp_path / "site") == 0
    check(tmp_path / "site")
    page = parsed(tmp_path / "site/books/20241014-on-reading.html")
    numbers = [" ".join(each.to_text().split()) for each in page.query(".numbers div")]
    assert numbers == ["question 1", "answered 1", "reply 1"]
    shown = [each.attrs["class"] for each in page.query("article.thread")]
    assert shown == ["thread talk", "thread", "thread talk"]
    assert "My pleasure!" in page.to_text()
    assert page.query(".silent") == []
    assert len(page.query(".own a")) == 1
    alt = {Path(each.attrs["src"]).stem: each.attrs["alt"] for each in page.query(".plates img")}
    assert alt["answered"] == "1 question: 1 answered (100 % answered)."
    assert [row["talk"] for row in rows(tmp_path / "site")] == [True, False, True]


@pytest.mark.parametrize("is_talk", [True, False])
def test_the_database_has_the_last_word_on_talk(tmp_path: Path, is_talk: bool) -> None:
    text = "Good morning!" if not is_talk else "I like the drawing on page 12"
    at = datetime(2024, 10, 14, 9, tzinfo=UTC)
    posted = [books.Posted("Max", text, "C1/1728896400.000000", "", at, is_talk)]
    shelf.write(tmp_path, "20241014-on-reading", (Entry("Max", text),))
    [planned], _problems = books.find([tmp_path])
    [thread] = books.read(planned, posted=posted).threads
    assert thread.is_question is not is_talk
    assert books.read(planned).threads[0].is_question is is_talk


ADRIFT = (
    Entry("Wendy", "Why does the index chapter come before the one on margins?"),
    Entry("Ana Lima", "Hi Wendy, since margins need the index chapter to be understood first."),
    Entry("Max", "Do you read on paper?", (Entry("Zoe", "I do"), Entry("Ana Lima", "Always."))),
    Entry("Kim", "Which book comes next?"),
)


def test_a_sure_answer_stands_under_its_question_and_keeps_its_address(
    marginalia: Command, tmp_path: Path
) -> None:
    path = shelf.write(tmp_path / "schedules", "20241014-on-reading", ADRIFT)
    before = path.read_bytes()
    assert marginalia("site") == 0
    check(tmp_path / "var/site")
    page = parsed(tmp_path / "var/site/books/20241014-on-reading.html")
    first, second, third = page.query("article.thread")
    assert [each.attrs["id"] for each in (first, second, third)] == ["q1", "q3", "q4"]
    assert [each.attrs["id"] for each in first.query(".reply")] == ["q2"]
    assert "since margins need" in first.query(".reply")[0].to_text()
    assert page.to_html().count("No reply in the archive.") == 1
    assert len(third.query(".silent")) == 1
    numbers = [" ".join(each.to_text().split()) for each in page.query(".numbers div")]
    assert numbers == ["questions 3", "answered 2", "replies 3"]
    assert [json.loads(each.attrs["data-answered"]) for each in (first, second, third)] == [
        *(["Ana Lima"], ["Ana Lima"], []),
    ]
    [share, *_] = page.query(".plates img")
    assert share.attrs["alt"] == "3 questions: 2 answered, 1 without a reply (67 % answered)."
    assert [row["answered"] for row in rows(tmp_path / "var/site")] == [True, True, False]
    assert path.read_bytes() == before, "the file itself is left as it is"


def test_what_may_be_an_answer_is_pointed_to(
    marginalia: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = (
        Entry("Wendy", "How long did the chapter on glossaries take you to write?"),
        Entry("Kim", "Where did you find the pictures of the old glossaries?"),
        Entry("Max", "Do you read on paper?"),
        Entry("Ana Lima", "A year for the glossaries, more or less. In an attic."),
    )
    shelf.write(tmp_path / "schedules", "20241014-on-reading", threads)
    assert marginalia("site") == 0
    assert "1 post by an author outside threads may answer a question" in capsys.readouterr().err
    page = parsed(tmp_path / "var/site/books/20241014-on-reading.html")
    [pointed] = page.query(".silent a")
    assert pointed.attrs["href"] == "#q4"
    assert page.query("#q4")[0].attrs["class"] == "thread author"


def test_every_author_has_a_page(marginalia: Command, tmp_path: Path) -> None:
    folder = tmp_path / "schedules"
    shelf.write(folder, "20230102-first", ADRIFT, title="First", day="2023-01-02")
    shelf.write(folder, "20241014-second", None, title="Second", authors=["Ana Lima", "Đ / Š"])
    shelf.write(folder, "20250303-third", None, title="Third", authors=["đ-š"], day="2025-03-03")
    assert marginalia("site") == 0
    site = tmp_path / "var/site"
    check(site)
    assert sorted(path.name for path in (site / "authors").iterdir()) == [
        *("ana-lima.html", "đ-š-2.html", "đ-š.html"),
    ]
    page = parsed(site / "authors/ana-lima.html")
    assert [each.to_text() for each in page.query("h2")] == ["Second", "First"]
    assert [each.attrs["href"][:-14] for each in page.query(".answered a")] == [
        "../books/20230102-first/q/why-does-the-index-chapter-come-before-the-one",
        "../books/20230102-first/q/do-you-read-on-paper",
    ]
    assert page.query(".lead")[0].to_text() == "2 books, 2 questions answered"
    listed = parsed(site / "authors.html").query(".people .name")
    assert [each.to_text() for each in listed] == ["Ana Lima", "Đ / Š", "đ-š"]
    by = parsed(site / "books/20241014-second.html").query(".authors a")
    assert [unquote(each.attrs["href"]) for each in by] == [
        *("../authors/ana-lima.html", "../authors/đ-š.html"),
    ]


def test_neighbours_are_named_by_their_titles(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    marginalia("site")
    page = parsed(tmp_path / "var/site/books/20241014-on-reading.html")
    before, after = page.query(".neighbours a")
    assert " ".join(before.to_text().split()) == "Previous book The First Book"
    assert " ".join(after.to_text().split()).startswith("Next book Unabgeschlossenheit")


def test_the_same_schedules_give_the_same_bytes(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    marginalia("site", "--output", "one")
    marginalia("site", "--output", "two")
    marginalia("site", "--output", "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_only_the_paths_given(
    marginalia: Command, schedules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, quiet = schedules / "20230102-first.md", schedules / "20250401-quiet.md"
    assert marginalia("site", quiet, first, first) == 0
    assert sorted(path.stem for path in (tmp_path / "var/site/books").glob("*.html")) == [
        *("20230102-first", "20250401-quiet"),
    ]
    page = parsed(tmp_path / "var/site/books/20230102-first.html")
    assert [each.attrs["href"] for each in page.query(".neighbours a")] == [
        "../books/20250401-quiet.html"
    ]


def test_the_dates_are_those_of_the_events_zone(marginalia: Command, tmp_path: Path) -> None:
    shelf.write(
        tmp_path / "schedules", "20241231-turn", day="2024-12-31", timezone="Pacific/Auckland"
    )
    marginalia("site")
    page = parsed(tmp_path / "var/site/books/20241231-turn.html")
    assert page.query(".when")[0].to_text() == "31 December 2024"
    [row, *_] = rows(tmp_path / "var/site")
    assert (row["start"], row["end"]) == ("2024-12-30T11:00:00Z", "2024-12-31T10:59:59Z")


def test_lines_of_data(marginalia: Command, schedules: Path, tmp_path: Path) -> None:
    marginalia("site", "--base-url", "https://books.example/archive")
    found = rows(tmp_path / "var/site")
    assert [row["id"] for row in found][:3] == [
        *("20230102-first#q1", "20241014-on-reading#q1", "20241014-on-reading#q2"),
    ]
    assert found[1] == {
        "id": "20241014-on-reading#q1",
        "url": "https://books.example/archive/books/20241014-on-reading/q/"
        "why-this-book-vkaxf7ff.html",
        "event": "20241014-on-reading",
        "title": "On Reading",
        "authors": ["Ana Lima"],
        "start": "2024-10-14T00:00:00Z",
        "end": "2024-10-14T23:59:59Z",
        "name": "Wendy",
        "text": "Why *this* book?\n\nAnd for whom?",
        "plain": "Why this book?\nAnd for whom?",
        "by_author": False,
        "talk": False,
        "answered": True,
        "replies": [
            {
                "name": "Ana Lima",
                "text": "For **you**.\n- one\n- two",
                "plain": "For you.\none\ntwo",
                "by_author": True,
            }
        ],
    }
    assert found[3]["by_author"] is True


@pytest.mark.parametrize("base", ["", "https://books.example/archive/"])
def test_feeds(marginalia: Command, schedules: Path, tmp_path: Path, base: str) -> None:
    marginalia("site", *(["--base-url", base] if base else []), "--title", "Ours")
    site = tmp_path / "var/site"
    feed = ElementTree.fromstring((site / "feed.xml").read_bytes())
    for part in (feed, *feed.iter(f"{ATOM}entry")):  # RFC 4287, 4.1.1 and 4.1.2
        for name in ("id", "title", "updated"):
            [found] = part.findall(f"{ATOM}{name}")
            assert found.text
        assert part.findall(f"{ATOM}author/{ATOM}name") or feed.findall(f"{ATOM}author")
    entries = list(feed.iter(f"{ATOM}entry"))
    assert [each.findtext(f"{ATOM}title") for each in entries][-1] == "The First Book"
    ids = [each.findtext(f"{ATOM}id") for each in entries]
    assert len(set(ids)) == len(ids) == 5
    assert all((each or "").startswith("urn:uuid:") for each in ids)
    links = [each.find(f"{ATOM}link").get("href") for each in entries]  # type: ignore[union-attr]
    assert links[-1] == f"{base}books/20230102-first.html"
    assert feed.findtext(f"{ATOM}updated") == "2025-03-31T22:00:00Z"

    data = json.loads((site / "feed.json").read_text("utf-8"))
    assert data["version"] == "https://jsonfeed.org/version/1.1"
    assert data["title"] == "Ours"
    assert data.get("feed_url") == (f"{base}feed.json" if base else None)
    assert [item["url"] for item in data["items"]] == links
    assert [item["id"] for item in data["items"]] == ids
    on_reading = next(item for item in data["items"] if item["title"] == "On Reading")
    assert on_reading["date_modified"] == "2024-10-14T23:59:59Z"
    content = JustHTML(on_reading["content_html"], fragment=True, strict=True, sanitize=False)
    assert len(content.query("ol > li > a[href*='/q/']")) == 3
    assert content.query("script") == []


def test_a_base_address_is_said_where_it_helps(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    marginalia("site", "--base-url", "https://books.example/a")
    page = parsed(tmp_path / "var/site/books/20250401-quiet.html")
    [canonical] = page.query("link[rel=canonical]")
    assert canonical.attrs["href"] == "https://books.example/a/books/20250401-quiet.html"


@pytest.mark.parametrize("cover", ["images/on-reading.png", "/images/on-reading.png"])
def test_a_cover_that_is_there_is_shown(marginalia: Command, tmp_path: Path, cover: str) -> None:
    shelf.write(tmp_path / "site/_books", "20241014-on-reading", cover=cover)
    picture = tmp_path / "site/images/on-reading.png"
    picture.parent.mkdir()
    picture.write_bytes(PNG)
    marginalia("site", "site/_books")
    assert (tmp_path / "var/site/covers/20241014-on-reading.png").read_bytes() == PNG
    page = parsed(tmp_path / "var/site/books/20241014-on-reading.html")
    assert page.query(".cover")[0].attrs["src"] == "../covers/20241014-on-reading.png"


@pytest.mark.parametrize(
    "cover",
    [
        "images/none.png",
        "../../secret.png",
        "/etc/passwd",
        "images/it.svg",
        "images/folder.png",
        "",
    ],
)
def test_another_is_set_in_type(marginalia: Command, tmp_path: Path, cover: str) -> None:
    root = tmp_path / "a/b/c/d/schedules"
    shelf.write(root, "20241014-on-reading", cover=cover)
    for name in ("a/b/secret.png", "a/b/c/d/schedules/images/it.svg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PNG)
    (root / "images/folder.png").mkdir()
    marginalia("site", root)
    assert [path.name for path in (tmp_path / "var/site/covers").iterdir()] == [
        "20241014-on-reading.svg"
    ]
    svg = ElementTree.fromstring(
        (tmp_path / "var/site/covers/20241014-on-reading.svg").read_bytes()
    )
    assert "Ana Lima" in "".join(svg.itertext())


# The database


def stored(url: str) -> None:
    """A session of `20241014-on-reading`: two questions, one answered after an hour."""
    database = Database(url)
    start = datetime(2024, 10, 14, tzinfo=UTC)
    authors = (Author("Ana Lima", "Ana Lima", "U00ANA"),)
    event = Event(
        "20241014-on-reading", "On Reading", start, start + timedelta(days=1), "", authors
    )
    with database.unit_of_work() as uow:
        uow.labels.put("workspace", {"url": "https://books.slack.com/"})
        session = uow.sessions.add(event, "C1")
        asked, other = (ts_of(start + timedelta(hours=hour)) for hour in (9, 15))
        answer = ts_of(start + timedelta(hours=10))
        for ts, author, question in (
            (asked, "U1", None),
            (other, "U2", None),
            (answer, "U00ANA", asked),
        ):
            kind = Kind.REPLY if question else Kind.QUESTION
            says = "Why _this_ book?\n\nAnd for whom?" if ts == asked else "?"
            uow.messages.put(
                Message(session.id, "C1", ts, kind, author, {"text": says}, question_ts=question)
            )
    database.close()


def test_what_the_database_knows_of_times_is_drawn(
    marginalia: Command,
    schedules: Path,
    tmp_path: Path,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored(sqlite_url)
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", sqlite_url)
    assert marginalia("site") == 0
    site = tmp_path / "var/site"
    check(site)
    page = parsed(site / "books/20241014-on-reading.html")
    pictures = {
        Path(each.attrs["src"]).stem: each.attrs["alt"] for each in page.query(".plates img")
    }
    assert pictures == {
        "answered": "3 questions: 1 answered, 1 with replies by others only, 1 without a reply "
        "(33 % answered).",
        "replies": "2 replies to 3 questions, 1 by authors; the question with the most has 1.",
        "days": "2 questions and 1 answer; the most at 14 October: 2 questions and 1 answer.",
        "hours": "2 questions and 1 answer; the most at 09:00: 1 question and 0 answers.",
        "waits": "Of 1 answered question, half had their first answer within 60 minutes; "
        "the longest wait was 60 minutes.",
    }
    [linked] = [
        each
        for path in (site / "books/20241014-on-reading/q").iterdir()
        for each in parsed(path).query(".asked + .own a")
    ]
    assert linked.attrs["href"] == "https://books.slack.com/archives/C1/p1728896400000000"
    other = parsed(site / "books/20241104-many-words.html")
    assert [Path(each.attrs["src"]).stem for each in other.query(".plates img")] == ["answered"]


def test_no_database_is_made_and_one_that_does_not_answer_is_named(
    marginalia: Command,
    schedules: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert marginalia("site") == 0
    assert capsys.readouterr().err == ""
    assert not (tmp_path / "var/marginalia.db").exists()
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/books")
    assert marginalia("site") == 0
    error = capsys.readouterr().err
    assert error == "books on 127.0.0.1:1: does not answer; the charts show no times\n"


# The folder


def test_pages_that_are_no_more_go_and_what_is_not_ours_stays(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    site = tmp_path / "var/site"
    marginalia("site")
    (site / "CNAME").write_text("books.example")
    (site / ".git/objects").mkdir(parents=True)
    (site / ".git/objects/ab").write_text("blob")
    (site / "books/mine.html").write_text("mine")
    (site / "link").symlink_to("CNAME")
    site.chmod(0o750)
    (schedules / "20230102-first.md").unlink()
    marginalia("site")
    assert not (site / "books/20230102-first.html").exists()
    assert not (site / "search/2023.js").exists()
    assert (site / "CNAME").read_text() == "books.example"
    assert (site / ".git/objects/ab").read_text() == "blob"
    assert (site / "books/mine.html").read_text() == "mine"
    assert (site / "link").readlink() == Path("CNAME")
    assert site.stat().st_mode & 0o777 == 0o750
    marginalia("site")
    assert (site / "CNAME").read_text() == "books.example"
    assert [path.name for path in site.parent.iterdir()] == ["site"]


def test_a_folder_of_somebody_else_is_left_alone(
    marginalia: Command, schedules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/letter.txt").write_text("dear")
    assert marginalia("site", "--output", "out") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "is not empty and was not made by `marginalia site`" in error
    assert tree(tmp_path / "out") == {"letter.txt": b"dear"}


def test_an_empty_folder_and_a_link_to_one_will_do(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    assert marginalia("site", "--output", "out") == 0
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real/index.html").is_file()


def test_what_stands_where_a_page_goes_is_not_lost(
    marginalia: Command, schedules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marginalia("site", schedules / "20230102-first.md")
    before = tree(tmp_path / "var/site")
    (tmp_path / "var/site/books/20250401-quiet.html").write_text("mine")
    assert marginalia("site") == 2
    assert "20250401-quiet.html: is in the way of a page" in capsys.readouterr().err
    after = tree(tmp_path / "var/site")
    assert after.pop("books/20250401-quiet.html") == b"mine"
    assert after == before


def test_a_failure_leaves_the_old_site_and_no_rubbish(
    marginalia: Command, schedules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marginalia("site")
    before = tree(tmp_path / "var/site")
    broken = schedules / "20241014-on-reading.md"
    broken.write_text(
        broken.read_text("utf-8").replace("archive:\n- name: Wendy", "archive:\n- nom: Wendy")
    )
    assert marginalia("site") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "20241014-on-reading.md:" in error
    assert "an entry has no `name`" in error
    assert tree(tmp_path / "var/site") == before
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["site"]


def test_a_crash_between_two_steps_is_mended(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    marginalia("site")
    site = tmp_path / "var/site"
    (site / "CNAME").write_text("books.example")
    site.rename(tmp_path / "var/.site.before")
    assert marginalia("site") == 0
    assert (site / "CNAME").read_text() == "books.example"
    assert [path.name for path in site.parent.iterdir()] == ["site"]


# What a person can get wrong


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere: does not exist"),
        (["schedules/_note.md"], "not a schedule file"),
        (["empty"], "there is no event to show"),
        (["--base-url", "books.example"], "is not the address of a site"),
        (["--base-url", "javascript:alert(1)"], "is not the address of a site"),
        (["--output", "schedules/20250401-quiet.md"], "is not a folder"),
        (["--output", "schedules/20250401-quiet.md/site"], "quiet.md/site: cannot be written: "),
        (["schedules", "other"], "has the same ID as"),
    ],
)
def test_a_mistake_is_one_line(
    marginalia: Command,
    schedules: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    (tmp_path / "empty").mkdir()
    (schedules / "_note.md").write_text("a note")
    shelf.write(tmp_path / "other", "20250401-quiet")
    assert marginalia("site", *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert words in printed.err
    assert not (tmp_path / "var").exists()


def test_a_file_that_cannot_be_used_is_named_and_stops_no_other(
    marginalia: Command, schedules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (schedules / "20250505-bad.md").write_text("---\ntitle: Bad\n---\n")
    assert marginalia("site") == 2
    printed = capsys.readouterr()
    assert "5 books" in printed.out
    assert "20250505-bad.md:1: the key `start` is missing" in printed.err
    check(tmp_path / "var/site")


# Whatever is in the files

_words = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *(
                    "<script>alert(1)</script>",
                    "{{ 7 * 7 }}",
                    "{% raw %}",
                    "</title>",
                    "<!--",
                    "]]>",
                ),
                *(
                    "'",
                    '"',
                    "&amp;",
                    "&",
                    "\x00",
                    "\x1b",
                    "\u2028",
                    "\ud83d",
                    "\uffff",
                    "\u202e",
                    "\r",
                ),
                *("javascript:x", "https://e.example/", " ", "a", "-->", "<h1>", "```", "\n", "é"),
            ]
        ),
        max_size=6,
    ).map("".join),
)
_entries = st.builds(Entry, _words, _words, st.lists(st.builds(Entry, _words, _words), max_size=2))


@examples(20)
@given(
    title=_words.filter(lambda each: each.strip(" \n\r\t\x00\x1b")),
    author=_words.filter(str.strip),
    link=_words,
    body=_words,
    threads=st.lists(_entries, max_size=3),
)
def test_whatever_the_files_say_the_pages_are_valid_and_have_no_script_of_theirs(
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    author: str,
    link: str,
    body: str,
    threads: list[Entry],
) -> None:
    folder = tmp_path_factory.mktemp("site")
    links = [{"text": link, "link": f"https://e.example/{link}"}]
    body = body.encode("utf-8", "replace").decode().replace("\0", "")
    shelf.write(
        folder / "schedules",
        "20241014-on-reading",
        threads,
        title=title,
        authors=[author],
        links=links,
        description=body,
        body=body,
    )
    try:
        planned, _ = books.find([folder / "schedules"])
    except UserError:  # what is no title, no name or no link is no event
        reject()
    (folder / "site").mkdir()
    pages.build(planned, folder / "site", pages.Site(title=title))
    check(folder / "site")
    for path in (folder / "site/books").rglob("*.html"):
        page = path.read_text("utf-8")
        script = r'<script(?! src=| type="application/ld\+json">\{)'
        assert not re.search(rf"{script}|<h1(?! dir)|<[^>]*onerror=", page)


def test_links_from_elsewhere_show_a_picture(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    """Open Graph on the index, books and questions, with whole addresses; each picture is there."""
    base = "https://books.example/a/"
    assert marginalia("site", "--base-url", base) == 0
    site = tmp_path / "var" / "site"
    shown = [site / "index.html", *site.glob("books/*.html"), *site.glob("books/*/q/*.html")]
    drawn = set()
    for path in shown:
        page = parsed(path)
        said = {
            each.attrs["property"]: each.attrs["content"] for each in page.query("meta[property]")
        }
        [canonical] = page.query("link[rel=canonical]")
        [described] = page.query("meta[name=description]")
        assert said["og:url"] == canonical.attrs["href"]
        assert said["og:url"].startswith(base)
        assert said["og:title"]
        assert said["og:description"] == described.attrs["content"]
        assert said["og:site_name"] == "Book of the Week"
        picture = site / said["og:image"].removeprefix(base)
        drawn.add(picture)
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", content[16:24]) == (600, 315)
        assert (said["og:image:width"], said["og:image:height"]) == ("600", "315")
    assert drawn == set(site.glob("pictures/*"))
    assert len(drawn) > 5
    assert all("og:image" not in path.read_text() for path in site.glob("authors/*.html"))


def test_pictures_are_drawn_once(marginalia: Command, schedules: Path, tmp_path: Path) -> None:
    site = tmp_path / "var" / "site"
    assert marginalia("site") == 0
    assert not (site / "pictures").exists()
    assert "og:image" not in (site / "index.html").read_text()
    assert marginalia("site", "--base-url", "https://books.example/") == 0
    first, *_others = sorted(site.glob("pictures/*"))
    first.write_bytes(b"drawn before")
    assert marginalia("site", "--base-url", "https://books.example/") == 0
    assert first.read_bytes() == b"drawn before"
    assert marginalia("site", "--base-url", "https://books.example/", "--no-pictures") == 0
    assert not (site / "pictures").exists()
    assert "og:image" not in (site / "index.html").read_text()


def test_a_title_without_end_is_cut_at_once() -> None:
    for letter, kept in (("x", 23), ("本", 11)):
        lines, size = covers.typeset(letter * 1_000_000, covers.SIZES)
        assert (lines, size) == ([letter * kept + "…"], 19)

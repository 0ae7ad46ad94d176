"""Markdown files and records: each read, written and turned into the other without loss."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.demo import play
from bot.library import archive, event, formats
from bot.library.formats import Entry
from bot.library.library import load
from bot.library.problem import FileError
from bot.library.writing import Writer
from bot.sessions.planning import Draft
from tests.cli.running import marginalia
from tests.library.checking import check

MARKDOWN, RECORD = formats.FORMATS
NOW = datetime(2024, 1, 1, tzinfo=UTC)
THREADS = [
    Entry("Ben", "Why? 🙂\nAnd: how?", (Entry("Ada Author", "So «long» that it is folded. " * 9),)),
    Entry("Çem", "# no heading", ()),
]
BOOK = """\
---
title: "The Book: a Tale"   # quoted, and with a comment
description: Book of the Week. The Book by Ada Author
start: 2024-04-15 00:00:00
end: 2024-04-19 22:59:58
authors: [Ada Author]
links:
- text: Book's page
  link: https://book.example/
custom: {kept: [1, 2.5, yes, null, 2024-01-01]}
---

What *it* is about — all of it.

- and more"""


def record(**changed: Any) -> dict[str, Any]:
    """A record whose keys are in an order of their own."""
    found: dict[str, Any] = {
        "slug": "20240415-the-book",
        "legacy_path": "/books/20240415-the-book.html",
        "authors": ["Ada Author"],
        "description": "Book of the Week. The Book by Ada Author",
        "end": datetime.fromisoformat("2024-04-19 22:59:58"),
        "links": [{"link": "https://book.example/", "text": "Book's page"}],
        "start": datetime.fromisoformat("2024-04-15 00:00:00"),
        "title": "The Book: a Tale",
    }
    return {**found, **changed, "summary": "What *it* is about — all of it.\n\n- and more"}


def dumped(data: object) -> bytes:
    text: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)
    return text.encode()


def placed(folder: Path, data: bytes, name: str = "24-04-15-the-book.yaml") -> Path:
    path = folder / "2024" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_record_is_an_event_like_any_other(tmp_path: Path) -> None:
    path = placed(tmp_path, dumped(record()))
    (tmp_path / "settings.yaml").write_text("no: schedule")
    library = load(tmp_path, now=NOW)
    (planned,) = library.events.values()
    assert library.paths == {"20240415-the-book": path}
    assert planned.id == "20240415-the-book"
    assert planned.file_name == path.name
    assert planned.title == "The Book: a Tale"
    assert planned.start == datetime(2024, 4, 15, tzinfo=UTC)
    assert planned.body == "What *it* is about — all of it.\n\n- and more"
    assert library.find("the-book") == library.find("20240415-the-book.yaml") == planned
    assert check([tmp_path]) == check([tmp_path], now=planned.start)
    path.write_bytes(dumped(record(title=7)))
    (problem,) = check([path], now=planned.start)
    assert (problem.line, problem.is_error) == (11, True)


def test_an_id_is_the_slug_or_what_the_name_says(tmp_path: Path) -> None:
    assert event.event_id(Path("24-04-15-a-book.yaml")) == "20240415-a-book"
    assert event.event_id(Path("20211011-a-book.yaml")) == "20211011-a-book"
    assert event.event_id(Path("20211011-a-book.md")) == "20211011-a-book"
    path = placed(tmp_path, dumped(record(slug="20240408-other-week")))
    assert event.event_id(path) == "20240408-other-week"
    assert list(load(tmp_path).events) == ["20240408-other-week"]


def test_an_archive_of_a_record_is_what_yaml_writes(tmp_path: Path) -> None:
    path = placed(tmp_path, dumped(record()))
    plain = [
        {
            "name": t.name,
            "text": t.text,
            "replies": [{"name": r.name, "text": r.text} for r in t.replies],
        }
        for t in THREADS
    ]
    assert archive.write_archive(path, THREADS)
    assert path.read_bytes() == dumped(record(archive=plain))
    assert archive.read(path) == THREADS
    assert not archive.write_archive(path, THREADS), "it was up to date"
    assert archive.with_archive(path, []) == dumped(record(archive=[]))
    by_hand = path.read_bytes().replace(b"title: 'The Book: a Tale'", b'title: "The Book" # mine')
    path.write_bytes(by_hand)
    archive.write_archive(path, THREADS[:1])
    archive.write_archive(path, THREADS)
    assert path.read_bytes() == by_hand, "what is not the archive stays, byte for byte"


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=200) | st.text(
    "ab :#-'\"\n\t\\ é🙂", max_size=120
)
ENTRIES = st.builds(Entry, TEXTS, TEXTS)
PAGES = st.lists(
    st.builds(Entry, TEXTS, TEXTS, st.lists(ENTRIES, max_size=3).map(tuple)), max_size=4
)


@given(PAGES)
@example([Entry("", "\x85")])
def test_the_archive_alone_is_the_same_bytes_as_in_the_whole_record(threads: list[Entry]) -> None:
    whole = {"archive": [formats.record._plain(t) for t in threads]}
    written = b"".join(RECORD.block(threads))
    assert yaml.safe_load(written) == whole
    entries = [entry for thread in threads for entry in (thread, *thread.replies)]
    if not any("\x85" in entry.name + entry.text for entry in entries):  # PyYAML loses it
        assert written == dumped(whole)


@given(PAGES, st.text(max_size=100), TEXTS)
@example([], "Two\x85lines", "")
def test_a_page_comes_back_from_the_other_format(
    threads: list[Entry], title: str, body: str
) -> None:
    fields = {
        "title": title,
        "start": datetime.fromisoformat("2024-04-15 00:00:00"),
        "links": [],
        "x": {"y": [True, None]},
    }
    fields["archive"] = yaml.safe_load(b"".join(RECORD.block(threads)))["archive"]
    try:
        page = MARKDOWN.document(MARKDOWN.write("20240415-b", fields, body.strip()))
    except FileError:
        return  # NUL, or CR LF in the front matter: no file has them
    as_record = formats.convert(page, "20240415-b", RECORD)
    back = formats.convert(RECORD.document(as_record), "20240415-b", MARKDOWN)
    assert archive.parse(MARKDOWN.document(back)) == archive.parse(page)
    assert formats.convert(MARKDOWN.document(back), "20240415-b", RECORD) == as_record
    read = yaml.safe_load(as_record)
    assert list(read) == ["slug", "legacy_path", *fields, "summary"]
    assert read["title"] == title
    assert read["x"] == {"y": [True, None]}


def test_keys_of_a_record_that_say_something_else_are_kept() -> None:
    odd = record(legacy_path="/books/elsewhere.html", slug="20240415-the-book")
    back = formats.convert(RECORD.document(dumped(odd)), "20240415-the-book", MARKDOWN)
    assert b"legacy_path: /books/elsewhere.html\n" in back
    again = formats.convert(MARKDOWN.document(back), "20240415-the-book", RECORD)
    assert yaml.safe_load(again) == odd


def test_the_samples_come_back(samples: list[Path]) -> None:
    for sample in samples:
        page = MARKDOWN.document(sample.read_bytes())
        schedule = event.parse(page, sample)
        as_record = formats.convert(page, schedule.id, RECORD)
        front = yaml.safe_load(page.front)
        read = yaml.safe_load(as_record)
        assert read == {
            "slug": schedule.id,
            "legacy_path": f"/books/{schedule.id}.html",
            **front,
            "summary": page.body.strip(),
        }
        assert list(read)[2:-1] == list(front)
        back = MARKDOWN.document(formats.convert(RECORD.document(as_record), schedule.id, MARKDOWN))
        assert yaml.safe_load(back.front) == front
        assert back.body.strip() == page.body.strip()
        assert as_record == dumped(read)


DRAFT = Draft(
    title="Next Book",
    start=datetime(2024, 5, 7, 9, tzinfo=UTC),
    end=datetime(2024, 5, 10, 20, tzinfo=UTC),
    authors=("Ada Author",),
    body="About.",
)


def test_organizers_write_records_where_records_are(tmp_path: Path) -> None:
    placed(tmp_path, dumped(record()))
    path, planned = Writer(load(tmp_path), NOW).create(DRAFT)
    assert path == tmp_path / "2024" / "24-05-07-next-book.yaml"
    assert planned.id == "20240506-next-book", "the Monday of the week"
    read = yaml.safe_load(path.read_bytes())
    assert list(read)[:3] == ["slug", "legacy_path", "title"]
    assert (read["slug"], read["summary"]) == ("20240506-next-book", "About.")
    assert path.read_bytes() == dumped(read)

    before = path.read_bytes()
    event_now = Writer(load(tmp_path), NOW).move(
        planned.id, datetime(2024, 5, 8, 9, tzinfo=UTC), None
    )
    assert event_now.start == datetime(2024, 5, 8, 9, tzinfo=UTC)
    assert path.read_bytes() == before.replace(b"2024-05-07 09:00:00", b"2024-05-08 09:00:00")

    Writer(load(tmp_path), NOW).cancel(planned.id)
    assert not path.exists()
    assert path.with_name("_24-05-07-next-book.yaml").exists()
    assert planned.id not in load(tmp_path).events
    for part in ("next-book", "20240506-next"):
        assert Writer(load(tmp_path), NOW).restore(part).id == planned.id
        assert path.exists()
        Writer(load(tmp_path), NOW).cancel(planned.id)


def test_organizers_write_markdown_where_nothing_is(tmp_path: Path) -> None:
    path, _planned = Writer(load(tmp_path), NOW).create(DRAFT)
    assert path == tmp_path / "20240506-next-book.md"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["markdown", "record"])
async def test_a_replay_writes_the_format_that_it_read(form: str, tmp_path: Path) -> None:
    page = tmp_path / "20240415-the-book.md"
    page.write_text(BOOK)
    if form == "record":
        page = placed(tmp_path, dumped(record()))
    threads = [Entry("Ben", "Why? 🙂", (Entry("Ada Author", "So."),))]
    archive.write_archive(page, threads)
    result = await play.replay(page, tmp_path / f"out{page.suffix}", tmp_path / "play")
    assert result.after == tuple(threads)
    assert (tmp_path / f"out{page.suffix}").read_bytes() == page.read_bytes()


@pytest.mark.slow
def test_convert_writes_both_ways(tmp_path: Path) -> None:
    source = tmp_path / "schedules" / "20240415-the-book.md"
    source.parent.mkdir()
    source.write_text(BOOK)
    archive.write_archive(source, THREADS)
    (tmp_path / "schedules" / "_template.md").write_text("no event")

    def run(*arguments: str) -> tuple[int, str]:
        done = marginalia("convert", *arguments, cwd=tmp_path)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    code, _out = run("schedules", "--to", "record", "--output", "records")
    made = tmp_path / "records" / "2024" / "24-04-15-the-book.yaml"
    assert code == 0
    assert archive.read(made) == THREADS
    assert yaml.safe_load(made.read_bytes())["custom"] == {
        "kept": [1, 2.5, True, None, date(2024, 1, 1)]
    }
    assert run("schedules", "--to", "record", "--output", "records")[0] == 0, "again"
    code, _out = run("records", "--to", "markdown", "--output", "back")
    back = tmp_path / "back" / "20240415-the-book.md"
    assert code == 0
    assert archive.read(back) == THREADS
    assert b"\n\nWhat *it* is about" in back.read_bytes()
    made.write_text("changed")
    code, out = run(str(source), "--to", "record", "--output", "records")
    assert (code, "already exists" in out) == (2, True)
    assert run("schedules", "--to", "hugo", "--output", "x")[0] == 2
    source.write_text(BOOK.replace("start: 2024-04-15 00:00:00", "start: soon"))
    code, out = run(str(source), "--to", "record", "--output", "x")
    assert (code, "`start` is not a valid date" in out) == (2, True)

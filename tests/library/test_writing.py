"""Schedule files that are written for organizers: as a person would, and never a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.library.document import Document
from bot.library.library import load
from bot.library.writing import Writer, id_of, slug, text_of
from bot.sessions.model import Link
from bot.sessions.planning import Draft, Unfit
from tests.library.checking import check

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOOK = Draft(
    title="The Patient Compiler",
    start=datetime(2026, 1, 12, tzinfo=UTC),
    end=datetime(2026, 1, 16, 22, 59, 59, tzinfo=UTC),
    authors=("odalysfenwright", "Bram Tessaly"),
    links=(Link("Book's page", "https://example.com/"),),
    body="What it is *about*.\n",
)


def writer(root: Path, before: Callable[[Sequence[Path]], None] = lambda paths: None) -> Writer:
    library = load(root, default_channel="books", now=NOW)
    return Writer(library, NOW, before=before)


def test_a_move_to_where_it_is_already_writes_and_commits_nothing(tmp_path: Path) -> None:
    """Somebody repeats a command whose answer was lost: the file says so already."""
    path, event = writer(tmp_path).create(BOOK)
    written, begun = path.stat(), list[Sequence[Path]]()
    moved = writer(tmp_path, begun.append).move(event.id, None, BOOK.end)
    assert (moved.end, path.stat().st_ino, begun) == (BOOK.end, written.st_ino, [])
    writer(tmp_path, begun.append).move(event.id, None, BOOK.end + timedelta(days=1))
    assert begun == [[path]]


def test_a_file_as_a_person_writes_it(tmp_path: Path) -> None:
    path, event = writer(tmp_path).create(BOOK)
    assert path == tmp_path / "20260112-the-patient-compiler.md"
    assert path.read_text() == (
        "---\n"
        'title: "The Patient Compiler"\n'
        'description: "Book of the Week. The Patient Compiler by odalysfenwright and Bram Tessaly"\n'
        'cover: "images/books/20260112-the-patient-compiler/cover.jpg"\n'
        'image: "images/books/20260112-the-patient-compiler/preview.jpg"\n'
        "start: 2026-01-12 00:00:00\n"
        "end: 2026-01-16 22:59:59\n"
        "authors:\n"
        "- odalysfenwright\n"
        "- Bram Tessaly\n"
        "links:\n"
        "- text: Book's page\n"
        "  link: https://example.com/\n"
        "---\n"
        "\n"
        "What it is *about*.\n"
    )
    assert load(tmp_path).events[event.id] == event
    assert [p for p in check([tmp_path], default_channel="books", now=NOW) if p.is_error] == []
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_keys_stand_as_in_the_template(tmp_path: Path) -> None:
    full = replace(
        BOOK, channel="books", timezone="Europe/Berlin", slack={"Bram Tessaly": "U0123ABCD"}
    )
    ours = list(Document.of(text_of(full)).fields())
    template = (Path(__file__).parents[2] / "schedules" / "_template.md").read_text()
    for key in ("channel", "timezone", "slack"):
        template = template.replace(f"\n# {key}:", f"\n{key}:")
    template = template.replace("\n#   B. Writer: U", "\n  B. Writer: U")
    theirs = list(Document.of(template).fields())
    assert ours == [key for key in theirs if key in ours]
    assert set(ours) >= {"title", "description", "cover", "image", "start", "end", "authors"}
    path, event = writer(tmp_path).create(full)
    assert "start: 2026-01-12 01:00:00\n" in path.read_text()
    assert event.start == BOOK.start
    assert event.author_ids == {"U0123ABCD"}


ODD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=80
)


@given(ODD, ODD, ODD, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
def test_any_words_come_back_as_they_are(title: str, author: str, link: str, body: str) -> None:
    draft = replace(
        BOOK,
        title=title,
        authors=(author,),
        links=(Link(link, "https://example.com/"),),
        body=body,
    )
    name = id_of(draft)
    assert name.startswith("20260112-")
    assert "/" not in name
    assert len(name.encode()) < 252
    fields = Document.of(text_of(draft)).fields()
    assert fields["title"].value.data == " ".join(title.split())
    assert [item.data for item in fields["authors"].value.data] in (
        [" ".join(author.split())],
        [fields["authors"].value.data[0].data],
    )
    assert fields["authors"].value.data[0].raw == " ".join(author.split())
    assert fields["links"].value.data[0].data["text"].raw == " ".join(link.split())


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Deep Learning with Structured Data", "deep-learning-with-structured-data"),
        ("C++ & C#: What's New?", "c-c-whats-new"),
        ("Über Bücher", "uber-bucher"),
        ("Мастер и Маргарита", "мастер-и-маргарита"),
        ("../../etc/passwd", "etc-passwd"),
        ("?!", "book"),
        ("word " * 30, "word-word-word-word-word-word-word-word-word-word-word-word"),
        ("x" * 100, "x" * 60),
    ],
)
def test_slugs(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_the_name_has_the_monday_of_the_start_where_the_event_is() -> None:
    late = replace(BOOK, start=datetime(2026, 1, 11, 23, 30, tzinfo=UTC), timezone="Europe/Berlin")
    assert id_of(late).startswith("20260112-")
    thursday = replace(BOOK, start=datetime(2026, 1, 15, 9, tzinfo=UTC))
    assert id_of(thursday).startswith("20260112-")


@pytest.mark.parametrize(
    ("change", "key", "part"),
    [
        ({"title": " "}, "title", "empty"),
        ({"end": BOOK.start}, "end", "not after"),
        ({"timezone": "Mars/Olympus"}, "timezone", "unknown"),
        ({"channel": "Not A Channel"}, "channel", "not the name of a Slack channel"),
        ({"links": (Link("x", "javascript:alert(1)"),)}, "links", "not a web address"),
    ],
)
def test_nothing_wrong_is_written(
    tmp_path: Path, change: dict[str, object], key: str, part: str
) -> None:
    with pytest.raises(Unfit, match=part) as refused:
        writer(tmp_path).create(replace(BOOK, **change))  # type: ignore[arg-type]
    assert key in refused.value.fields
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path, _ = writer(tmp_path).create(BOOK)
    before = path.read_bytes()
    elsewhere = replace(BOOK, channel="other", body="Another")
    with pytest.raises(Unfit, match="already"):
        writer(tmp_path).create(elsewhere)
    # A file that came since the folder was read, also as a link that leads nowhere.
    empty = Writer(load(tmp_path / "none"), NOW)
    empty.library = replace(empty.library, root=tmp_path)
    with pytest.raises(Unfit, match="already"):
        empty.create(elsewhere)
    assert path.read_bytes() == before
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Unfit, match="already"):
        empty.create(BOOK)


def test_an_overlap_is_refused(tmp_path: Path) -> None:
    writer(tmp_path).create(BOOK)
    with pytest.raises(Unfit, match="overlaps"):
        writer(tmp_path).create(replace(BOOK, title="Another"))
    writer(tmp_path).create(replace(BOOK, title="Another", channel="elsewhere"))


def test_moving_changes_two_values_and_no_other_byte(tmp_path: Path) -> None:
    path = tmp_path / "20260112-x.md"
    path.write_text(
        "---\n# by hand\ntitle: X\nend:   '2026-01-16 23:59:59' # night\nauthors: [a]\n"
        "start: 2026-01-12 00:00:00\ntimezone: Europe/Berlin\narchive: []\n---\nBody"
    )
    week = timedelta(days=7)
    start, end = (
        datetime(2026, 1, 18, 23, tzinfo=UTC),
        datetime(2026, 1, 23, 22, 59, 59, tzinfo=UTC),
    )
    event = writer(tmp_path).move("20260112-x", start, end)
    assert (event.start, event.end) == (start, end)
    assert path.read_text() == (
        "---\n# by hand\ntitle: X\nend:   '2026-01-23 23:59:59' # night\nauthors: [a]\n"
        "start: 2026-01-19 00:00:00\ntimezone: Europe/Berlin\narchive: []\n---\nBody"
    )
    with pytest.raises(Unfit, match="not after"):
        writer(tmp_path).move("20260112-x", None, start - week)
    with pytest.raises(UserError, match="no schedule file"):
        writer(tmp_path).move("other", start, end)


def test_a_conflict_that_was_there_may_be_made_smaller(tmp_path: Path) -> None:
    for name, day in (("a", 5), ("b", 8)):
        (tmp_path / f"{name}.md").write_text(
            f"---\ntitle: {name}\nstart: 2026-01-0{day} 00:00:00\nend: 2026-01-10 00:00:00\n"
            "authors: [x]\n---\n"
        )
    event = writer(tmp_path).move("b", None, datetime(2026, 1, 9, tzinfo=UTC))
    assert event.end.day == 9
    writer(tmp_path).move("b", datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    with pytest.raises(Unfit, match="overlaps"):
        writer(tmp_path).move("a", None, datetime(2026, 1, 11, tzinfo=UTC))


def test_what_others_have_among_themselves_keeps_none_from_moving(tmp_path: Path) -> None:
    for name, day in (("a", 5), ("b", 6), ("c", 7)):
        (tmp_path / f"{name}.md").write_text(
            f"---\ntitle: {name}\nstart: 2026-01-0{day} 00:00:00\nend: 2026-01-{20 - day} 00:00:00\n"
            "authors: [x]\n---\n"
        )
    start, end = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 5, tzinfo=UTC)
    assert writer(tmp_path).move("a", start, end).start == start


def test_cancelled_and_back(tmp_path: Path) -> None:
    path, event = writer(tmp_path).create(BOOK)
    before = path.read_bytes()
    assert writer(tmp_path).cancel(event.id) == event
    new = path.with_name(f"_{path.name}")
    assert (path.exists(), new.read_bytes()) == (False, before)
    assert load(tmp_path).events == {}
    with pytest.raises(Unfit, match="already"):
        writer(tmp_path).create(BOOK)
    with pytest.raises(UserError, match="no cancelled event"):
        writer(tmp_path).restore("something")
    assert writer(tmp_path).restore("patient") == event
    assert path.read_bytes() == before
    assert not new.exists()

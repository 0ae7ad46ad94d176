"""Folders of schedules: what is read, what is said, what is kept, what changed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.library import archive, library, people
from bot.library.formats import Entry
from bot.library.library import Library, diff, load
from bot.library.problem import Problem
from tests.conftest import ROOT
from tests.library.checking import check

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def text(title: str = "A", day: int = 5, **keys: object) -> str:
    """A good schedule of the week that begins on that day of January 2026."""
    begin = datetime(2026, 1, 1) + timedelta(days=day - 1)  # noqa: DTZ001 - as the file has it
    merged: dict[str, object] = {
        "title": title,
        "start": begin,
        "end": begin + timedelta(days=4, hours=22),
        "authors": "[]",
        **keys,
    }
    front = "".join(f"{key}: {value}\n" for key, value in merged.items())
    return f"---\n{front}---\n"


def put(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def said(problems: list[Problem] | tuple[Problem, ...], root: Path) -> list[str]:
    """The errors as printed, paths relative to the root."""
    return [str(p).replace(f"{root}/", "") for p in problems if p.is_error]


def test_the_samples_have_no_errors(format_folder: Path) -> None:
    folder = format_folder / "samples"
    for now in (datetime(2020, 1, 1, tzinfo=UTC), NOW):
        problems = check([folder], default_channel="books", now=now)
        assert [p for p in problems if p.is_error] == []
    assert {p.what[-18:] for p in problems} == {"and has no archive"}
    loaded = load(folder, now=NOW)
    assert len(loaded.events) == 7
    event = loaded.find("mastering-transformers")
    assert [author.name for author in event.authors] == [
        "Savaş Yıldırım",
        "Meysam Asgari-Chenaghlu",
    ]
    assert event.end == datetime(2021, 10, 15, 22, 59, 58, tzinfo=UTC)


def test_our_own_example_and_template_have_none(tmp_path: Path) -> None:
    schedules = ROOT / "schedules"
    ours = [schedules, ROOT / "bot" / "demo" / "schedules"]
    assert check(ours, now=NOW) != []
    assert all("is not linked to a Slack member" in p.what for p in check(ours, now=NOW))
    template = (schedules / "_template.md").read_text()
    filled = template.replace("YYYY-MM-DD", "2026-01-05")
    path = put(tmp_path / "20260105-filled.md", filled)
    assert {p.what.split(":")[0] for p in check([path], now=NOW)} == {
        "`title` is still a placeholder",
        "`cover` is still a placeholder",
        "`image` is still a placeholder",
        "`authors` is still a placeholder",
        "`link` is still a placeholder",
        "the description is still a placeholder",
        "the author `aauthor` is not linked to a Slack member",
        "the author `B. Writer` is not linked to a Slack member",
    }
    everything = filled.replace("\n# channel:", "\nchannel:").replace(
        "\n# timezone:", "\ntimezone:"
    )
    everything = everything.replace("\n# unthreaded:", "\nunthreaded:")
    everything = everything.replace("\n# language:", "\nlanguage:")
    everything = everything.replace("\n# names:", "\nnames:")
    everything = everything.replace("\n# slack:\n#  ", "\nslack:\n ")
    put(path, everything)
    assert [p for p in check([path], now=NOW) if p.is_error] == []
    [event] = load(tmp_path).events.values()
    assert event.timezone == "Europe/Berlin"
    assert event.options == {"language": "en", "unthreaded": "attach", "names": "latest"}
    assert event.author_ids == {"U0123ABCD"}


def test_templates_hidden_names_people_and_other_files_are_no_events(tmp_path: Path) -> None:
    put(tmp_path / "a.md", text())
    put(tmp_path / "2026" / "spring" / "b.md", text(day=12))
    for name in ("_t.md", ".b.md", "_old/c.md", ".git/d.md", "people/e.md", "x/templates/f.md"):
        put(tmp_path / name, "no front matter")
    put(tmp_path / "notes.txt", "no front matter")
    loaded = load(tmp_path)
    assert list(loaded.events) == ["a", "b"]
    assert loaded.errors == tuple(p for p in loaded.errors if "people" in str(p.path))
    assert check([tmp_path / name for name in ("a.md", "_t.md", ".b.md")]) == check(
        [tmp_path / "a.md"]
    )


def test_a_bad_file_stops_no_other(tmp_path: Path) -> None:
    put(tmp_path / "good.md", text())
    (tmp_path / "binary.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "latin1.md").write_bytes("---\ntitle: Bücher\n---\n".encode("latin-1"))
    put(tmp_path / "none.md", "# a note")
    put(tmp_path / "yaml.md", "---\ntitle: A: b\n---\n")
    with (tmp_path / "huge.md").open("wb") as file:
        file.truncate(100_000_000)
    (tmp_path / "loop.md").symlink_to("loop.md")
    (tmp_path / "dangling.md").symlink_to("nowhere.md")
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "round").symlink_to(tmp_path)
    loaded = load(tmp_path, now=NOW)
    assert list(loaded.events) == ["good"]
    assert said(loaded.errors, tmp_path) == [
        "binary.md:1: is a binary file; remove it, or save it as UTF-8 text",
        "dangling.md:1: is a symbolic link to a file that does not exist; correct or remove it",
        "huge.md:1: is larger than 64 MiB; shorten or remove it",
        "latin1.md:2: is not UTF-8; save the file as UTF-8",
        "loop.md:1: is a symbolic link to a file that does not exist; correct or remove it",
        "none.md:1: no front matter; begin the file with a line `---`, "
        "or its name with `_` if it plans no event",
        "pipe.md:1: is not a regular file; put a Markdown file in its place",
        'yaml.md:2: a value that contains a colon needs quotes; write `title: "A: b"`',
    ]
    assert [p.path.name for p in loaded.problems if "not followed" in p.what] == ["round"]
    assert said(check([tmp_path]), tmp_path) == said(loaded.errors, tmp_path)
    for name in ("pipe.md", "loop.md", "missing.md", "binary.md", "huge.md"):
        assert len(said(check([tmp_path / name]), tmp_path)) == 1


def test_a_file_or_folder_outside_is_not_read(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "secret.md", text())
    root = tmp_path / "schedules"
    put(root / "2026" / "b.md", text())
    (root / "a.md").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    (root / "inside.md").symlink_to("2026/.c.md")
    put(root / "2026" / ".c.md", text(day=12))
    loaded = load(root)
    assert sorted(loaded.events) == ["b", "inside"]
    assert said(loaded.errors, root) == [
        "a.md:1: is a symbolic link to a file outside the folder; copy the file here",
        "folder:1: is a symbolic link to a folder and is not followed; move the folder here",
    ]


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "a\0b"):
        [problem] = check([path])
        assert "cannot be read" in problem.what
    assert "no such file" in load(tmp_path / "none").problems[0].what


def test_a_name_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/b\xfcch.md"
    Path(os.fsdecode(raw)).write_text(text())
    [problem] = [p for p in check([tmp_path]) if p.is_error]
    assert "name of the file is not UTF-8" in problem.what
    assert str(problem).encode("utf-8")


def test_one_id_in_two_folders(tmp_path: Path) -> None:
    put(tmp_path / "a" / "book.md", text())
    put(tmp_path / "b" / "book.md", text(day=12))
    loaded = load(tmp_path)
    assert said(loaded.errors, tmp_path) == [
        "b/book.md:1: a/book.md has the same name: `book`; rename one of them"
    ]
    assert loaded.paths["book"] == tmp_path / "a" / "book.md"
    # A second file of that name that sorts before does not take the event over.
    put(tmp_path / "0" / "book.md", text(day=19))
    again = load(tmp_path, previous=loaded)
    assert again.events == loaded.events
    assert len(again.errors) == 2


def test_two_events_at_one_time_in_one_channel(tmp_path: Path) -> None:
    put(tmp_path / "a.md", text(day=5))
    put(tmp_path / "b.md", text(day=8, channel="'#books'"))
    put(tmp_path / "c.md", text(day=8, channel="other"))
    [line] = said(check([tmp_path], default_channel="books"), tmp_path)
    assert line == (
        "b.md:3: `b` overlaps `a` in channel `books`; move one of them, or give it another `channel`"
    )
    assert said(check([tmp_path], default_channel="more"), tmp_path) == []
    assert said(check([tmp_path / "a.md", tmp_path / "b.md"], default_channel="books"), tmp_path)


def test_events_that_touch_do_not_overlap(tmp_path: Path) -> None:
    put(tmp_path / "a.md", text(start="2026-01-05 00:00:00", end="2026-01-06 00:00:00"))
    put(tmp_path / "b.md", text(start="2026-01-06 00:00:00", end="2026-01-07 00:00:00"))
    assert said(check([tmp_path]), tmp_path) == []


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(1, 20)), max_size=12),
)
def test_every_event_that_overlaps_an_earlier_one_is_said(spans: list[tuple[int, int]]) -> None:
    reading = library._Reading("", None, None, None, "UTC")
    base = datetime(2026, 1, 1, tzinfo=UTC)
    from bot.sessions.model import Event

    for number, (start, hours) in enumerate(spans):
        begin = base + timedelta(hours=start)
        name = f"e{number:02}"
        reading.events[name] = Event(name, "A", begin, begin + timedelta(hours=hours))
        reading.paths[name] = Path(f"{name}.md")
    reading.overlaps()
    expected = set()
    ordered = sorted(reading.events.values(), key=lambda e: (e.start, e.id))
    for index, later in enumerate(ordered):
        if any(earlier.end > later.start for earlier in ordered[:index]):
            expected.add(f"{later.id}.md")
    assert {str(problem.path) for problem in reading.problems} == expected


def test_authors_are_found_by_the_event_the_page_and_the_workspace(tmp_path: Path) -> None:
    put(tmp_path / "people" / "ada.md", "---\nshort: ada\ntitle: Ada L.\nslack: U0000000A\n---\n")
    put(tmp_path / "people" / "bob.md", "---\nshort: bob\ntitle: Bob B.\nslack: U0000000B\n---\n")
    put(tmp_path / "people" / "eve.md", "---\nshort: eve\ntitle: Eve E.\n---\n")
    path = put(
        tmp_path / "a.md",
        text(authors="[ada, bob, eve, Dan D., Who]", slack="{bob: U0000000X}"),
    )
    members = {"Eve E.": "U0000000E", "Dan D.": "U0000000D"}
    [event] = load(tmp_path, now=NOW, members=members.get).events.values()
    assert [(a.entry, a.name, a.slack_id) for a in event.authors] == [
        ("ada", "Ada L.", "U0000000A"),
        ("bob", "Bob B.", "U0000000X"),
        ("eve", "Eve E.", "U0000000E"),
        ("Dan D.", "Dan D.", "U0000000D"),
        ("Who", "Who", None),
    ]
    [warning] = check([path], now=NOW, members=members.get)
    assert str(warning) == (
        f"{path}:5: warning: the author `Who` is not linked to a Slack member; "
        "add `slack: U…` to their page in `people/`, or `Who: U…` below `slack:` here"
    )
    assert [p.what[-18:] for p in check([path], now=event.end, members=members.get)] == [
        "and has no archive"
    ]


def test_pages_with_mistakes_are_problems(tmp_path: Path) -> None:
    folder = tmp_path / "people"
    put(folder / "a.md", "---\nshort: a\ntitle: A\n---\n")
    put(folder / "b.md", "---\nshort: a\ntitle: B\nslack: somebody\n---\n")
    put(folder / "c.md", "---\ntitle: [C]\n---\n")
    put(folder / "d.md", "no page")
    loaded = load(tmp_path)
    assert [str(p).replace(f"{folder}/", "") for p in loaded.problems] == [
        "b.md:1: a.md has the same `short`: `a`; give one of them another `short`",
        "b.md:4: `somebody` is not a Slack member ID; "
        "copy it from the member's profile in Slack; it begins with U or W",
        "c.md:1: warning: the page has no `short`; add `short: …`",
        "c.md:2: warning: the page has no `title`; add `title: …`",
        "d.md:1: no front matter; begin the file with a line `---`, "
        "or its name with `_` if it plans no event",
    ]
    assert people.load(folder).author("c").name == "c"
    assert check([folder]) == list(loaded.problems)


@pytest.fixture
def three(tmp_path: Path) -> Library:
    put(tmp_path / "20260105-one-book.md", text("One"))
    put(tmp_path / "20260112-two-book.md", text("Two", day=12))
    put(tmp_path / "more" / "20260119-three-book.md", text("Three", day=19))
    return load(tmp_path)


@pytest.mark.parametrize(
    "part", ["20260112-two-book", "20260112-two-book.md", "two", "TWO", "20260112"]
)
def test_an_event_is_found_by_an_unambiguous_part(three: Library, part: str) -> None:
    assert three.find(part).title == "Two"


def test_an_event_is_found_by_its_path(three: Library) -> None:
    assert three.find(str(three.root / "more" / "20260119-three-book.md")).title == "Three"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("book", "“book” matches several events: `20260105-one-book`, `20260112-two-book`, `2026"),
        ("tow", "No event matches “tow”. Events: `20260112-two-book`"),
        ("", "No event matches “”. Events: `20260105-one-book`"),
        ("../../etc/passwd", "No event matches “../../etc/passwd”. Events: "),
    ],
)
def test_any_other_part_names_candidates(three: Library, part: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        three.find(part)
    assert str(caught.value).startswith(said)


def test_changes_of_the_files_are_changes_of_the_library(three: Library) -> None:
    root = three.root
    put(root / "20260112-two-book.md", text("Two, moved", day=13))
    (root / "20260105-one-book.md").unlink()
    put(root / "20260126-four-book.md", text("Four", day=26))
    now = load(root, previous=three)
    changes = diff(three, now)
    assert {name: e.title for name, e in changes.planned.items()} == {
        "20260112-two-book": "Two, moved",
        "20260126-four-book": "Four",
    }
    assert changes.removed == ("20260105-one-book",)
    assert not diff(now, load(root, previous=now))


def test_only_changed_files_are_read_again(three: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in three.paths.values():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    before = load(three.root, previous=three)
    changed = put(three.root / "20260112-two-book.md", text("Changed", day=12))
    read: list[Path] = []
    original = library.files.read

    def counting(path: Path, *args: int) -> object:
        read.append(path)
        return original(path, *args)

    monkeypatch.setattr(library.files, "read", counting)
    now = load(three.root, previous=before)
    assert read == [changed]
    assert now.find("two").title == "Changed"


def test_two_changes_within_a_tick_of_the_clock_are_both_seen(three: Library) -> None:
    path = put(three.root / "20260112-two-book.md", text("Abc", day=12))
    status = path.stat()
    first = load(three.root, previous=three)
    with path.open("r+") as file:  # the same inode, length and time
        file.write(text("Xyz", day=12))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load(three.root, previous=first).find("two").title == "Xyz"


@pytest.mark.parametrize("bad", ["no front matter", "---\ntitle: [\n---\n", "---\ntitle: A\n---\n"])
def test_a_file_that_became_invalid_keeps_its_last_good_version(three: Library, bad: str) -> None:
    path = three.root / "20260112-two-book.md"
    good = path.read_text()
    put(path, bad)
    broken = load(three.root, previous=three)
    changes = diff(three, broken)
    assert broken.find("two").title == "Two"
    assert broken.broken == {"20260112-two-book"}
    assert (changes.planned, changes.removed) == ({}, ())
    assert {problem.path for problem in changes.problems} == {path}
    still = load(three.root, previous=broken)
    assert not diff(broken, still)
    assert still.find("two").title == "Two"
    put(path, good.replace("Two", "Mended"))
    mended = load(three.root, previous=still)
    assert diff(still, mended).mended == ("20260112-two-book",)
    assert mended.find("two").title == "Mended"


def test_a_file_that_was_never_good_is_broken_and_not_removed(tmp_path: Path) -> None:
    put(tmp_path / "a.md", "nothing")
    loaded = load(tmp_path)
    assert loaded.broken == {"a"}
    with pytest.raises(
        UserError, match=r"the event `a` cannot be used: .*a\.md:1: no front matter"
    ):
        loaded.find("a")
    assert loaded.events == {}


def test_a_folder_that_cannot_be_listed_removes_nothing(three: Library) -> None:
    root = three.root
    root.rename(root.with_name("away"))
    gone = load(root, previous=three)
    assert list(gone.events) == list(three.events)
    assert gone.broken == set(three.events)
    assert diff(three, gone).removed == ()
    root.with_name("away").rename(root)
    back = load(root, previous=gone)
    assert not back.broken
    assert set(diff(gone, back).mended) == set(three.events)


def test_an_archive_that_we_write_is_no_change(three: Library) -> None:
    path = three.paths["20260112-two-book"]
    assert archive.write_archive(path, [Entry("A", "a?", (Entry("B", "b."),))])
    now = load(three.root, previous=three)
    assert now.find("two").archived
    assert not diff(three, now)


def test_a_page_that_changed_changes_the_authors(tmp_path: Path) -> None:
    page = put(tmp_path / "people" / "ada.md", "---\nshort: ada\ntitle: Ada\n---\n")
    put(tmp_path / "a.md", text(authors="[ada]"))
    before = load(tmp_path, now=NOW)
    put(page, "---\nshort: ada\ntitle: Ada L.\nslack: U0000000A\n---\n")
    now = load(tmp_path, now=NOW, previous=before)
    [event] = diff(before, now).planned.values()
    assert event.author_ids == {"U0000000A"}
    assert now.problems == ()

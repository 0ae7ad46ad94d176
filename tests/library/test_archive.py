"""The archive block: the bytes of PyYAML, the samples, and writing that leaves the rest alone."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.library import archive, files, formats
from bot.library.document import Document
from bot.library.formats import Entry
from bot.library.library import load

ROOT = Path(__file__).parents[2]
EXACT = ("20211011", "20220815", "20241017")

# Words and signs that make the emitter choose another style, or break a line elsewhere.
PIECES = [
    *("a", "word", "Transformers", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    *(" ", "  ", "\n", "\n\n", "\t", "\r", "\r\n"),
    *(
        "'",
        '"',
        "\\",
        ": ",
        ":",
        " #",
        "#",
        "- ",
        "-",
        "? ",
        "?",
        ",",
        "[",
        "]",
        "{",
        "}",
        "&",
        "*",
    ),
    *("!", "|", ">", "%", "@", "`", "---", "...", "=", "~", "<<", "yes", "null", "1", "_", "1e3"),
    *("é", "ю", "語", "🙂", "\U0010ffff", "\x00", "\x07", "\x1b", "\x7f", "\x85", "\xa0", "\u2028"),
    *("\u2029", "\ufeff", "\ufffe", "\u200b", "\u202e"),
]
AMBIGUOUS = [
    *(
        "",
        " ",
        "yes",
        "No",
        "on",
        "OFF",
        "true",
        "~",
        "null",
        "Null",
        "=",
        "<<",
        "!",
        "&",
        "*",
        "-",
    ),
    *("1", "-1", "+1", "1_000", "0x1F", "0b1", "017", "1.5", ".5", "1e3", "1.5e+3", ".inf", ".NaN"),
    *(
        "190:20:30",
        "1:20.5",
        "2021-01-01",
        "2021-1-1 1:00:00",
        "2021-01-01T00:00:00Z",
        "...",
        "---",
    ),
    *(
        "--- a",
        "...b",
        "-",
        "?",
        ":",
        "a:",
        "a: b",
        "a #b",
        "#a",
        " a",
        "a ",
        "a\n",
        "\na",
        "\n",
        "a\n b",
    ),
    *(
        "a \nb",
        "it's",
        "''",
        '"',
        "@me",
        "`code`",
        "%TAG",
        "[x](y)",
        "{{ x }}",
        "{% x %}",
        "| a",
        "> a",
    ),
]

texts = st.one_of(
    st.sampled_from(AMBIGUOUS),
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).flatmap(
        lambda few: st.lists(st.sampled_from([*few, " ", "word"]), max_size=80).map("".join)
    ),
    st.text(alphabet=st.characters(codec="ascii"), min_size=60, max_size=300),
)
replies = st.builds(Entry, texts, texts)
threads = st.lists(
    st.builds(Entry, texts, texts, st.lists(replies, max_size=3).map(tuple)), max_size=3
)


def as_data(entries: list[Entry]) -> dict[str, Any]:
    return {
        "archive": [
            {
                "name": thread.name,
                "text": thread.text,
                "replies": [{"name": reply.name, "text": reply.text} for reply in thread.replies],
            }
            for thread in entries
        ]
    }


def file_with(block: str) -> Document:
    return Document.of(f"---\ntitle: A\n\n{block}\n---\nbody")


@given(threads)
@example([])
@example([Entry(text, text, (Entry(text, text),)) for text in AMBIGUOUS])
@example([Entry("a", "x" * 100 + " " + "y" * 200), Entry("a", "é" * 100), Entry("b", "é " * 100)])
def test_dump_writes_the_bytes_of_pyyaml(entries: list[Entry]) -> None:
    assert archive.dump(entries) == yaml.dump(as_data(entries), sort_keys=False)


@given(threads)
def test_what_is_dumped_is_parsed_again(entries: list[Entry]) -> None:
    assert archive.parse(file_with(archive.dump(entries))) == entries


@pytest.mark.slow
@given(st.text(alphabet=st.characters(categories=["Cs", "L", "Zs"]), max_size=40))
def test_a_lone_surrogate_becomes_a_replacement_character(text: str) -> None:
    [entry] = archive.parse(file_with(archive.dump([Entry("a", text)])))
    pairs_joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert entry.text == pairs_joined
    assert re.search("[\ud800-\udfff]", entry.text) is None


def test_a_surrogate_pair_is_its_character() -> None:
    assert formats.clean("a\ud83d\ude42b\ud83d") == "a🙂b\ufffd"


def test_the_samples_have_the_threads_that_pyyaml_reads(samples: list[Path]) -> None:
    for path in samples:
        document = Document.parse(path.read_bytes())
        expected = yaml.safe_load(document.front).get("archive") or []
        assert as_data(archive.parse(document))["archive"] == expected


def test_writing_a_samples_own_threads_back_changes_nothing_outside(
    samples: list[Path], tmp_path: Path
) -> None:
    with_archive = 0
    for path in samples:
        data = path.read_bytes()
        copy = tmp_path / path.name
        copy.write_bytes(data)
        entries = archive.read(path)
        if not entries:
            continue
        with_archive += 1
        changed = archive.write_archive(copy, entries)
        written = copy.read_bytes()
        if path.name.startswith(EXACT):
            assert written == data
            assert not changed
        block = archive.dump(entries).encode()
        start = data.index(b"\narchive:\n") + 1
        end = re.compile(rb"\n*^---$", re.MULTILINE).search(data, start)
        assert end is not None
        assert written == data[:start] + block.removesuffix(b"\n") + data[end.start() :]
        assert archive.read(copy) == entries
    assert with_archive == 5


def test_a_sample_without_archive_gets_one_with_a_blank_line_on_both_sides(
    samples: list[Path], tmp_path: Path
) -> None:
    entries = [Entry("A", "a question", (Entry("B", "an answer"),))]
    for path in samples:
        data = path.read_bytes()
        if b"\narchive:" in data:
            continue
        copy = tmp_path / path.name
        copy.write_bytes(data)
        assert archive.write_archive(copy, entries)
        front, body = data[4:].split(b"\n---\n", 1)
        block = archive.dump(entries).encode()
        assert copy.read_bytes() == b"---\n" + front + b"\n\n" + block + b"\n---\n" + body


def test_an_archive_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    assert archive.write_archive(path, [Entry("A", "a")])
    before = path.stat()
    assert not archive.write_archive(path, [Entry("A", "a")])
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_output_leaves_the_schedule_alone(tmp_path: Path) -> None:
    path, output = tmp_path / "a.md", tmp_path / "out" / "a.md"
    output.parent.mkdir()
    path.write_text("---\ntitle: A\n---\nbody")
    assert archive.write_archive(path, [Entry("A", "a")], output)
    assert path.read_text() == "---\ntitle: A\n---\nbody"
    assert output.read_text() == (
        "---\ntitle: A\n\narchive:\n- name: A\n  text: a\n  replies: []\n\n---\nbody"
    )


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    path.chmod(0o640)
    archive.write_archive(path, [Entry("A", "a")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [child.name for child in tmp_path.iterdir()] == ["a.md"]


def test_a_symbolic_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    real.write_text("---\ntitle: A\n---\n")
    link.symlink_to(real.name)
    archive.write_archive(link, [Entry("A", "a")])
    assert link.is_symlink()
    assert "archive:" in real.read_text()


def test_an_organizers_change_while_threads_are_read_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")

    def threads_while_somebody_saves() -> Any:
        yield Entry("A", "a")
        path.write_text("---\ntitle: B, mended\n---\nnew body")

    archive.write_archive(path, threads_while_somebody_saves())
    assert path.read_text().startswith("---\ntitle: B, mended\n\narchive:\n")
    assert path.read_text().endswith("\n---\nnew body")


def test_a_change_between_reading_and_replacing_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    around = Document.around
    calls = 0

    def read_and_then_somebody_saves(self: Document, key: str) -> tuple[str, str]:
        nonlocal calls
        calls += 1
        found = around(self, key)
        if calls == 1:
            path.write_text("---\ntitle: Saved meanwhile\n---\n")
        return found

    monkeypatch.setattr(Document, "around", read_and_then_somebody_saves)
    assert archive.write_archive(path, [Entry("A", "a")])
    assert calls == 2
    assert "Saved meanwhile" in path.read_text()
    assert [child.name for child in tmp_path.iterdir()] == ["a.md"]


@pytest.mark.parametrize("in_place", [False, True])
def test_an_edit_saved_while_the_archive_is_forced_to_the_disk_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_place: bool
) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    fsync, edits = os.fsync, ["---\ntitle: Saved meanwhile\n---\n"]

    def slow(handle: int) -> None:
        fsync(handle)
        if edits:
            other = path if in_place else tmp_path / "saved.md"
            other.write_text(edits.pop())
            other.replace(path)

    monkeypatch.setattr(os, "fsync", slow)
    assert archive.write_archive(path, [Entry("A", "a")])
    assert "Saved meanwhile" in path.read_text()
    assert archive.read(path) == [Entry("A", "a")]
    assert [child.name for child in tmp_path.iterdir()] == ["a.md"]


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("in_place", [False, True])
def test_an_edit_saved_right_before_the_archive_takes_its_place_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_place: bool, exchanges: bool
) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    exchange, edits = files.exchange, ["---\ntitle: Saved at the last instant\n---\n"]
    if not exchanges:
        monkeypatch.setattr(files, "_renameat2", None)

    def late(one: Path, other: Path) -> bool:
        if edits:
            saved = path if in_place else tmp_path / "saved.md"
            saved.write_text(edits.pop())
            saved.replace(path)
        return exchange(one, other)

    monkeypatch.setattr(files, "exchange", late)
    assert archive.write_archive(path, [Entry("A", "a")])
    assert "Saved at the last instant" in path.read_text()
    assert archive.read(path) == [Entry("A", "a")]
    assert [child.name for child in tmp_path.iterdir()] == ["a.md"]


def test_an_archive_is_written_on_a_disk_that_can_only_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(one: Path, other: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    monkeypatch.setattr(files, "_renameat2", None)
    monkeypatch.setattr(os, "link", refuse)
    assert archive.write_archive(path, [Entry("A", "a")])
    assert archive.read(path) == [Entry("A", "a")]
    assert [child.name for child in tmp_path.iterdir()] == ["a.md"]


def test_no_line_is_lost_while_the_bot_and_an_editor_save_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    # While the bot puts an edit back that it displaced, the file is for an instant what it was
    # before that edit. An editor that saves at that very instant is not what is tested here.
    editor = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "path, beside = Path(sys.argv[1]), Path(sys.argv[1] + '.beside')\n"
        "for number in range(1, 501):\n"
        "    time.sleep(0.001)\n"
        "    until = time.monotonic() + 30\n"
        "    while True:\n"
        "        text = path.read_text()\n"
        "        beside.write_text(text + f'Line {number}.\\n')\n"
        "        if text.count('Line') == number - 1 and path.read_text() == text:\n"
        "            beside.replace(path)\n"
        "            break\n"
        "        if time.monotonic() > until:\n"
        "            sys.exit(f'Line {number - 1} is lost')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", editor, str(path)])
    while process.poll() is None:
        data, seen = files.read(path)
        with contextlib.suppress(files.ChangedMeanwhileError):
            files.replace(path, [data], path.stat(), seen)
    assert process.returncode == 0
    lines = path.read_text().splitlines()[3:]
    assert lines == [f"Line {number}." for number in range(1, 501)]


def test_what_is_saved_while_the_bot_puts_another_save_back_leaves_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, editor = tmp_path / "a.md", tmp_path / "editor"
    path.write_text("as it was read\n")
    saves = iter(["the first save\n", "the second save, of a file without the first\n"])
    exchange = files.exchange

    def save_and_exchange(one: Path, other: Path) -> bool:
        if save := next(saves, ""):
            editor.write_text(save)
            editor.replace(path)
        return exchange(one, other)

    monkeypatch.setattr(files, "exchange", save_and_exchange)
    data, seen = files.read(path)
    with pytest.raises(files.ChangedMeanwhileError):
        files.replace(path, [data, b"and an archive\n"], path.stat(), seen)
    kept = tmp_path / "a.md.1.kept"
    assert path.read_text() == "the second save, of a file without the first\n"
    assert kept.read_text() == "the first save\n"
    assert sorted(tmp_path.iterdir()) == [path, kept]
    assert str(kept) in caplog.text


def test_a_failing_disk_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"a\.md: cannot be written: no space left on device; "):
        archive.write_archive(path, [Entry("A", "a")])
    assert path.read_text() == "---\ntitle: A\n---\n"
    assert [child.name for child in tmp_path.iterdir()] == ["a.md"]


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from bot.library import archive, formats\n"
        "os.fsync = lambda handle: os._exit(9)\n"
        "archive.write_archive(Path(sys.argv[1]), [formats.Entry('A', 'a')])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False, cwd=ROOT)
    assert done.returncode == 9
    assert path.read_text() == "---\ntitle: A\n---\n"
    # What the crash left is no event, and the next export is not disturbed by it.
    assert list(load(tmp_path).paths.values()) == []
    assert load(tmp_path).broken == {"a"}
    assert archive.write_archive(path, [Entry("A", "a")])
    assert archive.read(path) == [Entry("A", "a")]


@pytest.mark.slow
def test_a_long_session_is_written_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    count = 0

    def a_long_session() -> Iterator[Entry]:
        nonlocal count
        for number in range(15_000):
            count += 1
            yield Entry(f"Reader {number}", "word " * 150, (Entry("B", "é" * 50),))

    tracemalloc.start()
    try:
        archive.write_archive(path, a_long_session())
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 15_000
    # The block is spooled to the disk beyond 4 MiB; some is held twice while it moves there.
    assert held < 10 * 2**20
    assert path.stat().st_size > 15 * 2**20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no front matter", r":1: no front matter; "),
        ("---\ntitle: A\ntitle: B\n---\n", r":3: the key `title` appears twice; "),
        ("---\ntitle: 'A\n---\n", r":2: the quote is not closed; "),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.md"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        archive.write_archive(path, [Entry("A", "a")])
    assert "\n" not in str(caught.value)
    assert path.read_text() == text


def test_a_missing_file_or_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: no such file"):
        archive.write_archive(tmp_path / "none.md", [])
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    with pytest.raises(UserError, match="cannot be written: no such file"):
        archive.write_archive(path, [], tmp_path / "none" / "a.md")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("archive: soon\n", "4: `archive` is not a list"),
        ("archive:\n- just text\n", "5: an entry of `archive` has no keys"),
        ("archive:\n- name: A\n", "5: an entry has no `text`"),
        ("archive:\n- name: A\n  text: [a]\n", "6: `text` is not text"),
        ("archive:\n- name: A\n  text: a\n  replies: a\n", "7: `replies` is not a list"),
    ],
)
def test_an_archive_of_another_shape_is_said_with_its_line(
    tmp_path: Path, block: str, message: str
) -> None:
    path = tmp_path / "a.md"
    path.write_text(file_with(block).text)
    with pytest.raises(UserError, match=re.escape(message)):
        archive.read(path)


def test_a_text_edited_by_hand_is_read_as_it_stands() -> None:
    block = "archive:\n- name: 1984\n  text: ~\n- name: on\n  text: 2021-01-01\n  replies:\n"
    assert archive.parse(file_with(block)) == [Entry("1984", ""), Entry("on", "2021-01-01")]


def test_an_archive_of_many_messages_is_read_back(tmp_path: Path) -> None:
    """What is not to be many in a schedule is many in a long session."""
    path = tmp_path / "20260101-long.md"
    path.write_text("---\ntitle: Long\n---\n")
    replies = tuple(Entry("Ada", str(number)) for number in range(40))
    threads = [Entry("Zoë", str(number), replies) for number in range(450)]
    archive.write_archive(path, threads)
    assert archive.read(path) == threads

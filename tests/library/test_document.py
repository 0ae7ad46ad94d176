"""Front matter and body: every byte kept, one key changed at a time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.library.document import Document
from bot.library.problem import FileError

BLOCK = "archive:\n- name: A\n  text: a\n  replies: []\n"

lines = st.sampled_from(
    [
        "title: The Title",
        'title: "The: Title"  # said by the publisher',
        "description: goes on\n  over two lines",
        "description: |\n  kept\n\n  as it is",
        "description: >-\n  folded\n  text\n\n\n",
        "authors: [a, 'b c']",
        "authors:\n- a\n\n# between\n- b",
        "authors: [a,\n  b]",
        "links: ",
        "links: \n  - text: T\n    link: https://x",
        "'quoted key': 1",
        "empty:",
        "start: 2021-01-18 00:00:00",
        "unknown: {a: 1, b: [2]}",
        "# a comment",
        "",
        "   ",
    ]
)


def fronts() -> st.SearchStrategy[list[str]]:
    return st.lists(lines, max_size=8, unique_by=lambda line: line.split(":")[0])


bodies = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


def text_of(front: list[str], body: str) -> str:
    return "---\n" + "".join(line + "\n" for line in front) + "---" + ("\n" + body if body else "")


@given(fronts(), bodies)
def test_every_byte_is_kept(front: list[str], body: str) -> None:
    data = text_of(front, body).encode()
    document = Document.parse(data)
    assert document.data == data
    assert document.body == body
    assert document.front == "".join(line + "\n" for line in front)


@given(fronts(), fronts(), bodies)
def test_replacing_the_archive_touches_nothing_else(
    before: list[str], after: list[str], body: str
) -> None:
    names = {line.split(":")[0] for line in before}
    after = [line for line in after if line.split(":")[0] not in names or ":" not in line]
    old = "archive:\n- name: Old\n  text: |\n    old\n  replies:\n  - name: x\n    text: 'y\n\n      z'"
    document = Document.of(text_of([*before, old, *after], body))
    assert document.with_block("archive", BLOCK).text == text_of(
        [*before, BLOCK.removesuffix("\n"), *after], body
    )


@given(fronts(), bodies)
def test_adding_the_archive_touches_nothing_else(front: list[str], body: str) -> None:
    document = Document.of(text_of(front, body))
    changed = document.with_block("archive", BLOCK)
    assert changed.body == body
    assert changed.front.startswith(document.front)
    added = changed.front.removeprefix(document.front)
    blank_before = not document.front.strip() or document.front.endswith(("\n\n", " \n"))
    ends_blank = document.front.rpartition("\n")[0].rpartition("\n")[2].strip() == ""
    expected = BLOCK if document.front and ends_blank and blank_before else "\n" + BLOCK
    assert added == expected + "\n"
    again = changed.with_block("archive", BLOCK)
    assert again == changed


@pytest.mark.parametrize(
    "old",
    [
        "archive:",
        "archive: ",
        "archive: []",
        "archive: ~  # nothing yet",
        "archive:  # nothing yet",
        '"archive": []',
        "archive: [{name: a,\ntext: b}]",
    ],
)
def test_an_archive_of_any_style_is_replaced(old: str) -> None:
    document = Document.of(f"---\ntitle: A\n{old}\n# kept\nlinks: \n---\n")
    assert (
        document.with_block("archive", BLOCK).text
        == f"---\ntitle: A\n{BLOCK}# kept\nlinks: \n---\n"
    )


def test_what_looks_like_an_archive_inside_a_text_is_not_one() -> None:
    text = '---\ntitle: "A\narchive:\n- b"\ndescription: |\n  archive:\n  - a\n---\narchive:\n'
    changed = Document.of(text).with_block("archive", BLOCK)
    assert yaml.safe_load(changed.front)["title"] == "A archive: - b"
    assert changed.text == text.replace("---\narchive", f"\n{BLOCK}\n---\narchive")


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("end: 2021-01-22 22:59:59", "end: 2021-01-23 10:00:00"),
        ("end:   2021-01-22 22:59:59   # Friday", "end:   2021-01-23 10:00:00   # Friday"),
        ("end: '2021-01-22 22:59:59'", "end: '2021-01-23 10:00:00'"),
        ('end: "2021-01-22 22:59:59" # x', 'end: "2021-01-23 10:00:00" # x'),
        ("end:", "end: 2021-01-23 10:00:00"),
        ("end: ", "end: 2021-01-23 10:00:00 "),
        ("end: # soon", "end: 2021-01-23 10:00:00 # soon"),
        ("'end': 2021-01-22", "'end': 2021-01-23 10:00:00"),
    ],
)
def test_a_moment_is_set_in_its_place(line: str, changed: str) -> None:
    text = "---\ntitle:   A # b\n\n{}\nlinks: \n\n" + BLOCK + "\n---\nbody"
    moment = datetime(2021, 1, 23, 10, tzinfo=UTC)
    document = Document.of(text.format(line)).with_value("end", moment)
    assert document.text == text.format(changed)


def test_a_missing_key_is_added_after_the_last_one() -> None:
    text = "---\ntitle: A\n{}\n" + BLOCK + "\n---\nbody"
    document = Document.of(text.format("")).with_value("channel", "books")
    assert document.text == text.format("channel: books\n")
    assert Document.of("---\ntitle: A\n---\n").with_value("channel", "b").front == (
        "title: A\nchannel: b\n"
    )


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=120))
def test_any_text_can_be_set(text: str) -> None:
    for old in ("", "plain", "'single'", '"double"', "two\n  lines", "|\n  block"):
        document = Document.of(f"---\na: 1\ntitle: {old}\nb: 2\n---\n").with_value("title", text)
        assert yaml.safe_load(document.front) == {"a": 1, "title": text, "b": 2}


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"", 1, "no front matter"),
        (b"# Title\n\n---\n", 1, "no front matter"),
        (b"\n---\ntitle: A\n---\n", 1, "an empty line"),
        (b"----\n", 1, "is `----`, not"),
        (b"---\ntitle: A\n", 2, "no closing line"),
        (b"---", 1, "no closing line"),
        (b"---\ntitle: A\n--- x\n", 3, "does not close"),
        (b"---\rtitle: A\r---\r", 1, "CR only"),
        (b"---\ntitle: A\rstart: b\n---\n", 2, "CR only"),
        ("---\ntitle: A\n---\n".encode("utf-16"), 1, "UTF-16"),
        (b"---\ntitle: A\n---\n\xff", 4, "is not UTF-8"),
        (b"---\ntitle: \xe4\n---\n", 2, "is not UTF-8"),
        (b"---\ntitle: A\n---\na\0b", 4, "NUL"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", 1, "binary"),
    ],
)
def test_what_is_no_document_is_said_with_its_line(data: bytes, line: int, what: str) -> None:
    with pytest.raises(FileError) as caught:
        Document.parse(data)
    assert caught.value.line == line
    assert what in caught.value.what


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for candidate in (data, b"---\n" + data + b"\n---\n"):
        line = 1
        try:
            document = Document.parse(candidate)
            assert document.data == candidate
            document.fields()
        except FileError as error:
            line = error.line
        assert 1 <= line <= candidate.count(b"\n") + 1

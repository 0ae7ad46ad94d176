"""The mistakes that organizers make in schedule files, and the help that each of them gets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.library import archive, event, formats, library
from bot.library.formats import DEFAULT, Entry
from bot.library.problem import Problem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = """\
---
title: The Book
start: 2099-01-05 00:00:00
end: 2099-01-09 22:59:59
authors:
- Ada Author
description: Book of the Week
slack:
  Ada Author: U0123ABCD
---

About it.
"""
TITLE = "title: The Book"
START = "start: 2099-01-05 00:00:00"
END = "end: 2099-01-09 22:59:59"
AUTHOR = "- Ada Author\n"
DESCRIPTION = "description: Book of the Week"
THREADS = [Entry("Ann", "Why?\nAnd how?", (Entry("Ada", "So."),))]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder that has one cover."""
    (tmp_path / "images/books/the-book").mkdir(parents=True)
    (tmp_path / "images/books/the-book/cover.png").touch()
    return tmp_path


def problems(path: Path) -> list[Problem]:
    return list(library.check([path], now=NOW).problems)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            TITLE,
            "title: 'It's a book'",
            (
                "2: an apostrophe ends the single quotes early; write it twice: `title: 'It''s a book'`",
            ),
        ),
        (
            TITLE,
            "title: 'The Readers' Guide'",
            (
                "2: an apostrophe ends the single quotes early; write it twice: `title: 'The Readers'' Guide'`",
            ),
        ),
        (TITLE, 'title: "The Book', ('2: the quote is not closed; write `title: "The Book"`',)),
        (TITLE, "title: 'The Book", ("2: the quote is not closed; write `title: 'The Book'`",)),
        (
            DESCRIPTION,
            'description: "Book of the Week',
            ('7: the quote is not closed; write `description: "Book of the Week"`',),
        ),
        (
            TITLE,
            'title: "The "Best" Book"',
            (
                "2: a quote inside the text ends the quotes early; use single quotes around the value: `title: 'The \"Best\" Book'`",
            ),
        ),
        (
            TITLE,
            'title: "The" Book',
            (
                "2: there is text after the closing quote; put the whole value in quotes: `title: '\"The\" Book'`",
            ),
        ),
        (
            TITLE,
            'title: "C:\\path"',
            (
                "2: a `\\` inside double quotes has a special meaning; use single quotes: `title: 'C:\\path'`",
            ),
        ),
        (
            TITLE,
            "title: “The Book: A Guide”",
            (
                '2: YAML does not accept typographic quotes (“); write straight quotes: `title: "The Book: A Guide"`',
            ),
        ),
        (
            TITLE,
            "title: “The Book”",
            (
                "2: warning: the typographic quotes are part of `title`: `“The Book”`; delete them, or write straight quotes",
            ),
        ),
        (
            TITLE,
            'title: The Book"',
            (
                '2: warning: `title` ends with a quotation mark but does not begin with one: `The Book"`; delete it, or add one at the beginning',
            ),
        ),
        (
            "authors:\n- Ada Author\n",
            "authors: ['Ada Author', 'Bob O'Neil']\n",
            (
                "5: an apostrophe ends the single quotes early; write it twice: `authors: ['Ada Author', 'Bob O''Neil']`",
            ),
        ),
        (
            "authors:\n- Ada Author\n",
            "authors: [Ada Author\n",
            ("5: the list is not closed; write `authors: [Ada Author]`",),
        ),
        (
            TITLE,
            "title: Deep Learning: A Guide",
            (
                '2: a value that contains a colon needs quotes; write `title: "Deep Learning: A Guide"`',
            ),
        ),
        (
            TITLE,
            "title: [Draft] The Book",
            ('2: a value that begins with `[` needs quotes; write `title: "[Draft] The Book"`',),
        ),
        (
            TITLE,
            "title: {x} The Book",
            ('2: a value that begins with `{` needs quotes; write `title: "{x} The Book"`',),
        ),
        (
            TITLE,
            "title: `The` Book",
            ('2: a value that begins with a backtick needs quotes; write `title: "`The` Book"`',),
        ),
        (
            TITLE,
            "title: @home",
            ('2: a value that begins with `@` needs quotes; write `title: "@home"`',),
        ),
        (
            TITLE,
            "title: %100",
            ('2: a value that begins with `%` needs quotes; write `title: "%100"`',),
        ),
        (
            TITLE,
            "title: *Important* book",
            ('2: a value that begins with `*` needs quotes; write `title: "*Important* book"`',),
        ),
        (
            TITLE,
            "title: | The Book",
            ('2: a value that begins with `|` needs quotes; write `title: "| The Book"`',),
        ),
        (
            TITLE,
            "title: &Co",
            ('2: a value that begins with `&` needs quotes; write `title: "&Co"`',),
        ),
        (
            TITLE,
            "title: !Important",
            ('2: a value that begins with `!` needs quotes; write `title: "!Important"`',),
        ),
        (
            TITLE,
            "title: #1 Bestseller",
            ("2: `title` is empty: a `#` begins a comment; put the value in quotes",),
        ),
        (
            TITLE,
            "title: C # in Depth",
            (
                "2: warning: `title` ends before `# in Depth`, which is a comment; put the whole value in quotes if this belongs to it",
            ),
        ),
        (
            TITLE,
            "title: 1984",
            (
                '2: `title` must be text, but `1984` is a number in YAML; put it in quotes: `"1984"`',
            ),
        ),
        (
            TITLE,
            "title: Yes",
            (
                '2: `title` must be text, but `Yes` is a yes/no value in YAML; put it in quotes: `"Yes"`',
            ),
        ),
        (
            TITLE,
            "title: R &amp; D",
            ("2: warning: `title` has an HTML entity: `R &amp; D`; write the character itself",),
        ),
        (TITLE, "title:", ('2: `title` is empty; write `title: "The Title"`',)),
        (
            TITLE,
            "title:The Book",
            ("2: there is no space after the colon of `title`; write `title: The Book`",),
        ),
        (
            DESCRIPTION,
            "description:Book of the Week",
            (
                "7: there is no space after the colon of `description`; write `description: Book of the Week`",
            ),
        ),
        (
            TITLE,
            "title = The Book",
            ("2: `title` is followed by `=` instead of a colon; write `title: The Book`",),
        ),
        (
            TITLE,
            "title： The Book",
            ("2: `title` is followed by `：` instead of a colon; write `title: The Book`",),
        ),
        (TITLE, "title The Book", ("2: there is no colon after `title`; write `title: The Book`",)),
        (
            TITLE,
            "title:\xa0The Book",
            (
                "2: the line contains a non-breaking space (U+00A0); replace it with an ordinary space: `title: The Book`",
            ),
        ),
        (
            TITLE,
            "\u200btitle: The Book",
            (
                "2: the key `title` contains a character that cannot be seen; delete the key and type it again",
            ),
        ),
        (TITLE, "Title: The Book", ("2: the key `Title` is unknown; write `title`",)),
        (TITLE, "tittle: The Book", ("2: the key `tittle` is unknown; write `title`",)),
        (
            TITLE,
            " title: The Book",
            ("2: the key `title` is indented; delete the spaces before it",),
        ),
        (
            END,
            " end: 2099-01-09 22:59:59",
            ("4: the key `end` is indented; delete the spaces before it",),
        ),
        (
            END,
            "\tend: 2099-01-09 22:59:59",
            (
                "4: the line is indented with a tab; use spaces, or no indent before a key: `end: 2099-01-09 22:59:59`",
            ),
        ),
        (
            TITLE,
            "title: The Book\n  subtitle: More",
            (
                "3: the line is indented differently from the lines around it; do not indent it: `subtitle: More`",
            ),
        ),
        (
            TITLE,
            "title: The Book\nsome words",
            (
                "3: the line `some words` has no key; write `key: value`, delete the line, or indent it where it continues the line above",
            ),
        ),
        (
            TITLE,
            "<<<<<<< HEAD\ntitle: One\n=======\ntitle: The Book\n>>>>>>> other",
            (
                "2: a merge conflict of Git is not resolved; keep one version, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`",
            ),
        ),
        (
            TITLE,
            "title: The Book\ntitle: The Book",
            ("3: the key `title` appears twice; keep one of them",),
        ),
        (
            START,
            "start:2099-01-05 00:00:00",
            (
                "3: there is no space after the colon of `start`; write `start: 2099-01-05 00:00:00`",
            ),
        ),
        (
            START,
            "start: 2099-01-05\xa000:00:00",
            (
                "3: `start` contains a typographic quote or a special space: `2099-01-05 00:00:00`; write `start: 2099-01-05 00:00:00`",
            ),
        ),
        (
            START,
            "start: “2099-01-05 00:00:00”",
            (
                "3: `start` contains a typographic quote or a special space: `“2099-01-05 00:00:00”`; write `start: 2099-01-05 00:00:00`",
            ),
        ),
        (
            START,
            "start: YYYY-MM-DD 00:00:00",
            ("3: `start` is still the placeholder `YYYY-MM-DD 00:00:00`; write the date",),
        ),
        (
            START,
            "start: 2099-02-30 00:00:00",
            ("3: `start` is not a valid date: `2099-02-30 00:00:00`; write `YYYY-MM-DD HH:MM:SS`",),
        ),
        (
            START,
            "start: 05.01.2099",
            ("3: `start` is not a valid date: `05.01.2099`; write `start: 2099-01-05`",),
        ),
        (
            START,
            "start: 2099/01/05 10:00",
            (
                "3: `start` is not a valid date: `2099/01/05 10:00`; write `start: 2099-01-05 10:00`",
            ),
        ),
        (
            START,
            "start: 5/1/2099",
            ("3: `start` is not a valid date: `5/1/2099`; write `YYYY-MM-DD HH:MM:SS`",),
        ),
        (
            START,
            "start: next monday",
            ("3: `start` is not a valid date: `next monday`; write `YYYY-MM-DD HH:MM:SS`",),
        ),
        (
            END,
            "end: 2099-01-09 24:00:00",
            (
                "4: `end` is not a valid date: `2099-01-09 24:00:00`; write `23:59:59`, or `00:00:00` of the next day",
            ),
        ),
        (
            END,
            "end: 2099-01-09",
            (
                "4: warning: `end` has no time of day, so 23:59:59 is used; write `YYYY-MM-DD HH:MM:SS`",
            ),
        ),
        (END, "end: 2099-01-01 00:00:00", ("4: `end` is not after `start`; correct one of them",)),
        (
            END,
            "end: 2099-01-05 00:10:00",
            (
                "4: warning: the session lasts only 10 minutes; correct `start` or `end` if you did not mean that",
            ),
        ),
        (
            END,
            "end: 2099-03-05 00:00:00",
            (
                "4: warning: the session lasts 59 days; correct `start` or `end` if you did not mean that",
            ),
        ),
        (
            "start: 2099-01-05 00:00:00\nend: 2099-01-09 22:59:59",
            "start: 2025-01-05 00:00:00\nend: 2025-01-09 22:59:59",
            (
                "3: warning: `start` is far from the date in the name of the file; correct `start`, or rename the file",
                "4: warning: the session ended on 2025-01-09 and has no archive; correct the year or the dates, or run `marginalia export`",
            ),
        ),
        (
            "start: 2099-01-05 00:00:00\nend: 2099-01-09 22:59:59",
            "start: 2099-08-05 00:00:00\nend: 2099-08-09 22:59:59",
            (
                "3: warning: `start` is far from the date in the name of the file; correct `start`, or rename the file",
            ),
        ),
        (
            "start: 2099-01-05 00:00:00\nend: 2099-01-09 22:59:59",
            "start: 2099-01-05T00:00:00Z\nend: 2099-01-09T22:59:59Z\ntimezone: Europe/Berlin",
            (
                "3: warning: `start` has its own offset, so `timezone` does not apply to it; delete one of the two",
                "4: warning: `end` has its own offset, so `timezone` does not apply to it; delete one of the two",
            ),
        ),
        (
            START,
            "start: 2099-01-05T00:00:00+01:00",
            (
                "3: warning: only one of `start` and `end` has an offset; write both with it, or delete it and add `timezone`",
            ),
        ),
        (
            END,
            "end: 2099-01-09 22:59:59\ntimezone: Berlin",
            ("5: the time zone `Berlin` is unknown; write an IANA name such as `Europe/Berlin`",),
        ),
        (
            "authors:\n- Ada Author\n",
            "authors: Ada Author\n",
            (
                "5: `authors` must be a list; write each author on a line of its own below `authors:`, as `- Ada Author`",
                "8: warning: `Ada Author` in `slack` is not listed in `authors`; write the name exactly as in `authors`",
            ),
        ),
        (
            "authors:\n- Ada Author\n",
            "authors: - Ada Author\n",
            (
                "5: the first list item is on the same line as `authors:`; write it on the next line: `- Ada Author`",
            ),
        ),
        (AUTHOR, "-Ada Author\n", ("6: there is no space after the `-`; write `- Ada Author`",)),
        (
            AUTHOR,
            "– Ada Author\n",
            ("6: the list item begins with `–` instead of `-`; write `- Ada Author`",),
        ),
        (
            AUTHOR,
            "* Ada Author\n",
            ("6: the list item begins with `*` instead of `-`; write `- Ada Author`",),
        ),
        (
            AUTHOR,
            "-\xa0Ada Author\n",
            (
                "6: the line contains a non-breaking space (U+00A0); replace it with an ordinary space: `- Ada Author`",
            ),
        ),
        (AUTHOR, "- @ada\n", ('6: a value that begins with `@` needs quotes; write `- "@ada"`',)),
        (
            "authors:\n",
            "author:\n",
            (
                "5: the key `author` is unknown; write `authors`",
                "9: warning: `Ada Author` in `slack` is not listed in `authors`; write the name exactly as in `authors`",
            ),
        ),
        (
            "authors:\n- Ada Author\ndescription: Book of the Week\nslack:\n  Ada Author: U0123ABCD\n",
            "authors:\n- Ada Author, Bob Writer\ndescription: Book of the Week\nslack:\n  Ada Author, Bob Writer: U0123ABCD\n",
            (
                "6: warning: `Ada Author, Bob Writer` looks like several authors; write each on a line of its own, as `- name`",
            ),
        ),
        (
            "authors:\n- Ada Author\ndescription: Book of the Week\nslack:\n  Ada Author: U0123ABCD\n",
            "authors:\n- U0123ABCDE\ndescription: Book of the Week\nslack:\n  U0123ABCDE: U0123ABCDE\n",
            (
                "6: warning: `U0123ABCDE` is a member ID, not a name; write the name here, and `name: U0123ABCDE` below `slack:`",
            ),
        ),
        (
            "slack:\n  Ada Author: U0123ABCD\n",
            "",
            (
                "6: warning: the author `Ada Author` is not linked to a Slack member; add `slack: U…` to their page in `people/`, or `Ada Author: U…` below `slack:` here",
            ),
        ),
        (
            "U0123ABCD",
            "@ada",
            ('9: a value that begins with `@` needs quotes; write `Ada Author: "@ada"`',),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\nchannel: #books",
            (
                "8: `channel` is empty: a `#` begins a comment; write the name without `#`, or delete the key",
            ),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\nchannel: Book Club",
            (
                "8: `Book Club` is not the name of a Slack channel; write the name (lowercase letters, digits, `-`, `_`) or the ID",
            ),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\nlinks:\n- text: Page\n  url: https://a.b",
            ("9: a link has no `link`; write `link` instead of `url`",),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\nlinks:\n- text: Page\n  link: www.books.org",
            (
                "10: warning: the link `www.books.org` is not a web address; begin it with `https://`",
            ),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\nlinks:\n- text: Page\n   link: https://a.b",
            (
                "10: the line is indented differently from the lines around it; indent it by 2 spaces: `  link: https://a.b`",
            ),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\nreminders:\n- someday",
            (
                "9: I don't understand the reminder “someday”; write `3 days before start`, `1 day after start`, `half-way`, `last day at 10:00` or `1 hour before end`",
            ),
        ),
        (TITLE, "title: TODO", ("2: warning: `title` is still a placeholder: `TODO`; fill it in",)),
        (
            TITLE,
            'title: "The Title"',
            ("2: warning: `title` is still a placeholder: `The Title`; fill it in",),
        ),
        (
            DESCRIPTION,
            'description: Book of the Week\ncover: "images/books/YYYYMMDD-some-words/cover.jpg"',
            (
                "8: warning: `cover` is still a placeholder: `images/books/YYYYMMDD-some-words/cover.jpg`; fill it in",
            ),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\ncover: images/books/the-book/cover.jpg",
            (
                "8: warning: there is no file `images/books/the-book/cover.jpg` for `cover`; write `images/books/the-book/cover.png`",
            ),
        ),
        (
            DESCRIPTION,
            "description: Book of the Week\ncover: images\\books\\cover.jpg",
            ("8: warning: `cover` has a backslash: `images\\books\\cover.jpg`; write `/`",),
        ),
        (
            "About it.",
            "What the book is about, in Markdown.",
            (
                "12: warning: the description is still a placeholder: `What the book is about, in Markdown.`; fill it in",
            ),
        ),
        (
            "About it.",
            "<<<<<<< HEAD\nA\n=======\nB\n>>>>>>> b",
            (
                "12: warning: a merge conflict of Git is not resolved; keep one version, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`",
                "16: warning: a merge conflict of Git is not resolved; keep one version, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`",
            ),
        ),
        (
            "---\ntitle",
            "title",
            (
                "1: there is no line `---` above the keys; write `---` as the first line, and once more after the last key",
            ),
        ),
        (
            "---\ntitle",
            "\n---\ntitle",
            ("1: there is an empty line or a space before `---`; begin the file with `---`",),
        ),
        (
            "---\ntitle",
            "—\ntitle",
            ("1: the first line is `—`, not `---`; write three hyphens and nothing else",),
        ),
        (
            "---\ntitle",
            "```yaml\ntitle",
            (
                "1: the file begins with a code block; write `---` instead of the line with backticks, above and below the keys",
            ),
        ),
        (
            "---\ntitle",
            "+++\ntitle",
            ("1: the front matter is TOML (`+++`); write YAML between two lines `---`",),
        ),
        (
            "---\n\nAbout",
            "----\n\nAbout",
            (
                "10: the line `----` does not close the front matter; write three hyphens (`---`) at the start of the line and nothing else",
            ),
        ),
        (
            "---\n\nAbout",
            "\n\nAbout",
            ("12: the front matter has no closing line `---`; write it after the last key",),
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    repository: Path, right: str, wrong: str, said: tuple[str, ...]
) -> None:
    path = repository / "20990105-book.md"
    assert right in GOOD
    path.write_text(GOOD.replace(right, wrong, 1), encoding="utf-8")
    assert [str(problem) for problem in problems(path)] == [f"{path}:{line}" for line in said]


def test_a_file_without_a_mistake_has_no_problem(repository: Path) -> None:
    path = repository / "20990105-book.md"
    for line in (
        "cover: images/books/the-book/cover.png",
        "title: 'It''s \"quoted\" # here' # a comment",
        "description: C#, F#, and more#tags",
        "links:\n- text: A\n  link: https://a.b # there",
    ):
        key = line.partition(":")[0]
        lines = [old for old in GOOD.splitlines() if not old.startswith(f"{key}:")]
        path.write_text("\n".join([lines[0], *line.split("\n"), *lines[1:], ""]))
        assert problems(path) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("20990105-book.txt", "does not end with `.md`; rename it to `20990105-book.md`"),
        ("20990105-book.MD", "does not end with `.md`; rename it to `20990105-book.md`"),
        ("book.markdown", "does not end with `.md`; rename it to `book.md`"),
        ("20990105-book.md.txt", "does not end with `.md`; rename it to `20990105-book.md`"),
        ("2099-01-05-book.yaml", "not that of a record; name it `yy-mm-dd-some-words.yaml`"),
        ("99-01-05-book.yml", "not that of a record; name it `yy-mm-dd-some-words.yaml`"),
    ],
)
def test_a_schedule_that_is_ignored_for_its_name_is_told(
    tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / name).write_text(GOOD)
    (found,) = problems(tmp_path)
    assert (found.path.name, found.is_error) == (name, False)
    assert said in str(found)
    assert said in str(problems(tmp_path / name)[0])


def test_files_that_are_no_schedules_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "20990105-book.md").write_text(GOOD)
    (tmp_path / "20990105-book.jpg").write_bytes(b"title: a\nstart: b")
    (tmp_path / "notes.txt").write_text("title: only this")
    (tmp_path / "config.yaml").write_text("name: x\n")
    (tmp_path / "_20990112-next.txt").write_text(GOOD)
    checked = library.check([tmp_path], now=NOW)
    assert (checked.problems, checked.files) == ((), 1)


def test_a_file_with_an_archive_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "20250105-book.md"
    path.write_text(GOOD.replace("2099", "2025").replace("The Book", "TODO"))
    assert len(problems(path)) == 2
    archive.write_archive(path, THREADS)
    assert problems(path) == []


@pytest.mark.parametrize("form", ["md", "yaml"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_an_archive_keeps_the_line_ends_of_its_file(
    tmp_path: Path, form: str, newline: str, mark: bytes
) -> None:
    path = tmp_path / ("20990105-book.md" if form == "md" else "99-01-05-book.yaml")
    text = GOOD if form == "md" else GOOD.partition("---\n\n")[0].removeprefix("---\n")
    data = mark + text.replace("\n", newline).encode()
    path.write_bytes(data)
    assert problems(path) == []
    assert archive.write_archive(path, THREADS)
    assert not archive.write_archive(path, THREADS)
    written = path.read_bytes()
    assert written.startswith(mark)
    assert written.count(b"\n") == written.count(newline.encode())
    assert archive.read(path) == THREADS
    ends = newline.encode()
    without = formats.read(path)[0].with_block("archive", "").data
    assert [line for line in without.split(ends) if line] == [
        line for line in data.split(ends) if line
    ]
    path.write_bytes(archive.with_archive(path, THREADS))
    assert path.read_bytes() == written


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_changed_time_keeps_the_line_ends_of_its_file(newline: str) -> None:
    data = b"\xef\xbb\xbf" + GOOD.replace("\n", newline).encode()
    document = DEFAULT.document(data)
    moved = document.with_value("end", datetime(2099, 1, 10, 20, 0))  # noqa: DTZ001 - local
    assert moved.data == data.replace(b"2099-01-09 22:59:59", b"2099-01-10 20:00:00")
    added = document.with_value("channel", "books")
    assert f"{newline}channel: books{newline}" in added.text


def test_a_file_without_a_zone_has_that_of_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "20990105-book.md"
    document = DEFAULT.document(GOOD.encode())
    planned = event.parse(document, path, "Europe/Berlin").event
    assert planned is not None
    assert planned.start == datetime(2099, 1, 4, 23, 0, tzinfo=UTC)
    own = GOOD.replace("slack:", "timezone: UTC\nslack:")
    planned = event.parse(DEFAULT.document(own.encode()), path, "Europe/Berlin").event
    assert planned is not None
    assert planned.start == datetime(2099, 1, 5, tzinfo=UTC)

"""A schedule file as an event: what is read, and how each mistake is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.library import event, values
from bot.library.document import Document
from bot.library.event import Schedule
from bot.library.problem import Problem
from bot.sessions.model import Link

PATH = Path("schedules/20260105-a-book.md")
GOOD = {
    "title": "A Book",
    "start": "2026-01-05 00:00:00",
    "end": "2026-01-09 22:59:59",
    "authors": "[ada]",
}


def parse(front: str, body: str = "") -> Schedule:
    return event.parse(Document.of(f"---\n{dedent(front).strip()}\n---\n{body}"), PATH)


def with_keys(**keys: str | None) -> Schedule:
    """The good event with keys replaced or added (None: left out); each stands on one line."""
    merged = {**GOOD, **keys}
    return parse("\n".join(f"{key}: {value}" for key, value in merged.items() if value is not None))


def only(schedule: Schedule) -> Problem:
    assert len(schedule.problems) == 1, [str(problem) for problem in schedule.problems]
    return schedule.problems[0]


def test_all_keys_are_read() -> None:
    schedule = parse(
        """
        authors:
        - ada
        - Konrad B.
        cover: images/cover.jpg
        description: Book of the Week. A Book by
          Ada
        end: 2026-01-09 22:59:59
        image: images/preview.jpg
        links:
        - link: https://example.com/
          text: Book's page
        start: 2026-01-05 08:00:00
        title: A Book
        channel: "#books"
        timezone: Europe/Berlin
        slack:
          Konrad B.: U0123ABCD
        unthreaded: keep
        names: as-posted
        reminders: [2 days before start, 1 hour before end]
        something: else
        """,
        "\nThe *body*.\n",
    )
    assert schedule.problems == ()
    planned = schedule.event
    assert planned is not None
    assert planned.id == "20260105-a-book"
    assert planned.title == "A Book"
    assert planned.description == "Book of the Week. A Book by Ada"
    assert planned.start == datetime(2026, 1, 5, 7, tzinfo=UTC)
    assert planned.end == datetime(2026, 1, 9, 21, 59, 59, tzinfo=UTC)
    assert planned.links == (Link("Book's page", "https://example.com/"),)
    assert (planned.cover, planned.image) == ("images/cover.jpg", "images/preview.jpg")
    assert (planned.channel, planned.timezone) == ("books", "Europe/Berlin")
    assert planned.body == "The *body*."
    assert planned.options == {
        "unthreaded": "keep",
        "names": "as-posted",
        "reminders": ["2 days before start", "1 hour before end"],
    }
    assert not planned.archived
    assert [(entry.text, entry.line) for entry in schedule.entries] == [
        ("ada", 3),
        ("Konrad B.", 4),
    ]
    assert schedule.slack == {"Konrad B.": "U0123ABCD"}


def test_an_archive_is_no_part_of_the_plan() -> None:
    plain = with_keys().event
    archived = with_keys(archive="[{name: A, text: a, replies: []}]").event
    assert plain is not None
    assert archived is not None
    assert archived.archived
    assert not plain.archived
    assert plain == archived


@pytest.mark.parametrize("key", ["title", "start", "end", "authors"])
def test_a_missing_key(key: str) -> None:
    schedule = with_keys(**{key: None})
    assert schedule.event is None
    assert str(only(schedule)).startswith(f"{PATH}:1: the key `{key}` is missing; add `{key}:")


MISTAKES = [
    ("title", "[a]", "2: `title` must be text, but is a list"),
    ("title", "1984", "2: `title` must be text, but `1984` is a number in YAML; put it in quotes"),
    ("title", "yes", "2: `title` must be text, but `yes` is a yes/no value"),
    ("title", "2026-01-05", "2: `title` must be text, but `2026-01-05` is a date"),
    ("title", "", "2: `title` is empty"),
    ("title", "'  '", "2: `title` is empty"),
    ("description", "{a: 1}", "6: `description` must be text, but is a mapping"),
    ("cover", "[a]", "6: `cover` must be text"),
    ("start", "soon", "3: `start` is not a valid date: `soon`; write `YYYY"),
    ("start", "", "3: `start` is empty"),
    ("start", "20260105", "3: `start` is not a valid date: `20260105`"),
    ("start", "[2026-01-05]", "3: `start` must be one date"),
    ("start", "2026-02-30 00:00:00", "3: `start` is not a valid date: `2026-02-30 00:00:00`"),
    ("start", "2026-01-05 25:00:00", "3: `start` is not a valid date"),
    ("start", "0001-01-01 00:00:00", "3: the year of `start` is 1"),
    ("end", "9999-12-31 23:59:59", "4: the year of `end` is 9999"),
    ("end", "2026-01-05 00:00:00", "4: `end` is not after `start`"),
    ("end", "2026-01-04 00:00:00", "4: `end` is not after `start`"),
    ("authors", "ada", "5: `authors` must be a list; write each author on a line of its own"),
    ("authors", "", "5: `authors` must be a list"),
    ("authors", "{a: b}", "5: `authors` must be a list"),
    ("authors", "[1]", "5: an item of `authors` must be text, but `1` is a number"),
    ("authors", "[[a]]", "5: an item of `authors` must be text, but is a list"),
    ("authors", "['']", "5: an item of `authors` is empty"),
    ("links", "https://x", "6: `links` must be a list"),
    ("links", "[https://x]", "6: an item of `links` has no `text` and `link`"),
    ("links", "[{text: a}]", "6: a link has no `link`"),
    ("links", "[{link: 'https://x'}]", "6: a link has no `text`"),
    ("links", "[{link: 'https://x', text: ''}]", "6: `text` of a link is empty"),
    ("links", "[{link: 1, text: a}]", "6: `link` of a link must be text"),
    (
        "links",
        "[{link: 'javascript:alert(1)', text: a}]",
        "6: the link `javascript:alert(1)` is not",
    ),
    ("channel", "#books", "6: `channel` is empty: a `#` begins a comment"),
    ("channel", "My Books", "6: `My Books` is not the name of a Slack channel"),
    ("channel", "[a]", "6: `channel` must be text"),
    (
        "timezone",
        "Europe/Berln",
        "6: the time zone `Europe/Berln` is unknown; write an IANA name",
    ),
    ("timezone", "../../etc/passwd", "6: the time zone `../../etc/passwd` is unknown"),
    ("timezone", "Europe", "6: the time zone `Europe` is unknown"),
    ("timezone", "[UTC]", "6: `timezone` must be text"),
    ("slack", "U0123ABCD", "6: `slack` must give a member ID for each author"),
    ("slack", "{ada: ada}", "6: `ada` is not a Slack member ID"),
    ("slack", "{ada: [U0123ABCD]}", "6: `` is not a Slack member ID"),
    ("unthreaded", "maybe", "6: `unthreaded` is `maybe`; write `keep` or `attach`"),
    ("names", "[a]", "6: `names` must be text"),
    ("archive", "soon", "6: `archive` must be a list of threads"),
]


@pytest.mark.parametrize(("key", "value", "said"), MISTAKES)
def test_a_mistyped_key_is_one_line_that_says_what_to_do(key: str, value: str, said: str) -> None:
    schedule = with_keys(**{key: value})
    assert schedule.event is None
    problem = only(schedule)
    assert problem.is_error
    assert str(problem).startswith(f"{PATH}:{said}")
    assert re.search(r"; \S.*\Z", str(problem))


WARNINGS = [
    ("start", "2026-01-05", "3: warning: `start` has no time of day, so 00:00:00 is used"),
    ("end", "2026-01-09", "4: warning: `end` has no time of day, so 23:59:59 is used"),
    ("end", "'2026-01-09'", "4: warning: `end` has no time of day, so 23:59:59 is used"),
    ("end", "2026-03-09 00:00:00", "4: warning: the session lasts 63 days"),
    ("authors", "[]", "5: warning: `authors` is empty"),
    ("authors", "[a, a]", "5: warning: `a` is listed twice"),
    ("chanel", "books", "6: warning: the key `chanel` is unknown; write `channel` if"),
    ("Cover", "a.jpg", "6: warning: the key `Cover` is unknown; write `cover` if"),
    ("slack", "{bob: U0123ABCD}", "6: warning: `bob` in `slack` is not listed in `authors`"),
    ("links", "[{text: a, link: example.com}]", "6: warning: the link `example.com` is not a web"),
]


@pytest.mark.parametrize(("key", "value", "said"), WARNINGS)
def test_what_is_only_doubtful_is_a_warning(key: str, value: str, said: str) -> None:
    schedule = with_keys(**{key: value})
    assert schedule.event is not None
    assert str(only(schedule)).startswith(f"{PATH}:{said}")


@pytest.mark.parametrize("key", ["layout", "tags", "subtitle", "isbn", "price"])
def test_an_unknown_key_is_the_organizers(key: str) -> None:
    assert with_keys(**{key: "x"}).problems == ()


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-01-05 08:30:00", 8),
        ("2026-01-05T08:30:00", 8),
        ("'2026-01-05 08:30:00'", 8),
        ("2026-01-05 08:30", 8),
        ("2026-1-5 8:30:00", 8),
        ("2026-01-05 08:30:00Z", 8),
        ("2026-01-05T08:30:00+02:00", 6),
    ],
)
def test_moments_are_utc_unless_they_say_otherwise(written: str, hour: int) -> None:
    schedule = with_keys(start=written)
    assert schedule.problems == ()
    assert schedule.event is not None
    assert schedule.event.start == datetime(2026, 1, 5, hour, 30, tzinfo=UTC)


def test_a_local_time_that_the_clocks_skip_is_taken_as_the_offset_before_and_said() -> None:
    schedule = with_keys(
        start="2026-03-29 02:30:00", end="2026-04-03 00:00:00", timezone="Europe/Berlin"
    )
    assert schedule.event is not None
    assert schedule.event.start == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert "3: warning: `start` does not exist in Europe/Berlin" in str(only(schedule))


def test_a_local_time_that_comes_twice_is_the_first_and_said() -> None:
    schedule = with_keys(
        start="2026-10-25 02:30:00", end="2026-10-30 00:00:00", timezone="Europe/Berlin"
    )
    assert schedule.event is not None
    assert schedule.event.start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert "3: warning: `start` occurs twice in Europe/Berlin" in str(only(schedule))


def test_a_moment_is_written_as_local_time() -> None:
    at = datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert event.written(at, "Europe/Berlin") == datetime(2026, 7, 2)  # noqa: DTZ001 - local
    assert event.written(at, "UTC") == datetime(2026, 7, 1, 22)  # noqa: DTZ001 - local


BROKEN = [
    ("title: A: b", 2, "contains a colon"),
    ("a: 1\ntitle: 'A", 3, "the quote is not closed"),
    ("a: 1\n\tb: 2", 3, "indented with a tab"),
    ("a:\n\tb: 2", 3, "with a tab"),
    ("title: @a", 2, "begins with `@`"),
    ("authors: [a, b", 2, "the list is not closed"),
    ("- a\n- b", 2, "not a list of keys"),
    ("just text", 2, "has no key"),
    ("{title: A}", 2, "do not begin at the start of the line"),
    ("  title: A", 2, "is indented"),
    ("title: A\ntitle: B", 3, "the key `title` appears twice"),
    ("links:\n- text: a\n  text: b", 4, "the key `text` appears twice"),
    ("title: A\n...", 3, "ends the YAML too early"),
    ("? [a]\n: b", 2, "a key is not text"),
    ("title: !!python/object/apply:os.system [ls]", 2, "YAML tags are not allowed"),
    ("title: !Book A", 2, "begins with `!`"),
    ("title: &a A\nb: *a", 2, "begins with `&`"),
    ("archive:\n- &a [x]\n- *a", 3, "anchors"),
    ("a: " + "[" * 100 + "]" * 100, 2, "nested too deeply"),
    ("archive: " + "[" * 100_000, 2, "nest"),
    ("a: [" + "x," * 60_000 + "]", 2, "too many values"),
    ("title: A\nb: \x07", 3, "does not allow the character U+0007"),
    ("title: A\x85\nlinks: B: c", 3, "that contains a colon"),
]


@pytest.mark.parametrize(("front", "line", "what"), BROKEN, ids=[what for _, _, what in BROKEN])
def test_broken_yaml_is_said_with_the_line_of_the_file(front: str, line: int, what: str) -> None:
    schedule = event.parse(Document.of(f"---\n{front}\n---\n"), PATH)
    problem = only(schedule)
    assert schedule.event is None
    assert what in problem.what
    assert problem.line == line
    assert "\n" not in str(problem)


@pytest.mark.parametrize(("front", "line", "what"), BROKEN, ids=[what for _, _, what in BROKEN])
def test_without_libyaml_the_same_is_refused(
    front: str, line: int, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "_Loader", yaml.SafeLoader)
    schedule = event.parse(Document.of(f"---\n{front}\n---\n"), PATH)
    assert schedule.event is None
    assert only(schedule).line in (line, line - 1, line + 1)  # PyYAML and libyaml differ by one


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    schedule = event.parse(Document.of("---\na0: &a0 [x]\n" + "\n".join(levels) + "\n---\n"), PATH)
    assert "anchors" in only(schedule).what


def test_many_problems_of_one_file_are_all_said() -> None:
    schedule = parse("titel: A\nstart: soon\nend: later\nauthors: ada\nchannel: A B")
    assert [problem.line for problem in schedule.problems if problem.is_error] == [2, 3, 4, 5, 6]


keys = st.sampled_from([*event.KEYS, "titel", "x"])
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.dates()
    | st.datetimes()
    | st.sampled_from(["UTC", "Europe/Berlin", "#a", "U0123ABCD", "keep", "https://["]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "link", "a"]) | st.text(max_size=3), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(keys, anything, max_size=8))
def test_whatever_the_values_are_there_is_an_event_or_an_error(values: dict[str, object]) -> None:
    front = yaml.safe_dump(values, sort_keys=False)
    schedule = event.parse(Document.of(f"---\n{front}---\n"), PATH)
    errors = [problem for problem in schedule.problems if problem.is_error]
    assert (schedule.event is None) == bool(errors)
    for problem in schedule.problems:
        assert str(problem).isprintable()
        assert 1 <= problem.line <= front.count("\n") + 1

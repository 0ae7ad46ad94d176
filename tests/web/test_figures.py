"""Pictures of numbers: what they say, and that any browser may show them under any policy."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.model import Hidden, Kind, Message, Talk, Thread, ts_of
from bot.web import figures
from bot.web.figures import Asked, Counted, Figure, Given
from tests.examples import examples

START = datetime(2024, 10, 14, 22, 30, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


TIMED = [
    Asked([Given(True, at(0.05)), Given(False, at(5))], at(0)),
    Asked([Given(False, at(2)), Given(True, at(31))], at(1)),
    Asked([Given(False, at(30))], at(25)),
    Asked([], at(50)),
]


def root(figure: Figure) -> ElementTree.Element:
    return ElementTree.fromstring(figure.svg)


def bars(figure: Figure, role: str) -> list[float]:
    """The heights of the bars that mean `role`, in order, as shares of the tallest."""
    groups = [each for each in root(figure).iter(f"{SVG}g") if each.get("class") == role]
    heights = [
        float(rect.get("height", 0)) for group in groups for rect in group.iter(f"{SVG}rect")
    ]
    return [round(height, 1) for height in heights]


def widths(figure: Figure, role: str) -> list[float]:
    """How wide the bars that mean `role` are, in order."""
    groups = [each for each in root(figure).iter(f"{SVG}g") if each.get("class") == role]
    return [float(rect.get("width", 0)) for group in groups for rect in group.iter(f"{SVG}rect")]


def test_a_session_with_times_has_all_figures() -> None:
    names = [figure.name for figure in figures.of_session(TIMED, TIMED, UTC)]
    assert names == ["answered", "replies", "days", "hours", "waits"]


def test_without_times_only_what_can_be_counted_is_drawn() -> None:
    counted = [Asked([Given(True)]), Asked()]
    assert [figure.name for figure in figures.of_session(counted, None, UTC)] == [
        *("answered", "replies"),
    ]
    assert figures.of_session([], None, UTC) == []
    assert [figure.name for figure in figures.of_session([Asked()], None, UTC)] == ["answered"]


def test_the_share_answered_counts_authors_alone() -> None:
    figure = figures.share_answered(TIMED)
    assert figure
    assert figure.summary == (
        "4 questions: 2 answered, 1 with replies by others only, 1 without a reply (50 % answered)."
    )
    assert "50 %" in [text.text for text in root(figure).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("answered", "shown"), [(0, "0 %"), (1, "1 %"), (999, "99 %"), (1000, "100 %")]
)
def test_a_share_is_all_or_nothing_only_where_it_is(answered: int, shown: str) -> None:
    figure = figures.share(answered, 0, 1000 - answered)
    assert figure
    assert f"({shown} answered)" in figure.summary


def test_days_and_hours_are_those_of_the_events_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")  # two hours ahead: the session began after midnight there
    days, hours = figures.by_day(TIMED, berlin), figures.by_hour(TIMED, berlin)
    assert days
    assert hours
    labels = [text.text for text in root(days).iter(f"{SVG}text")]
    assert [each for each in labels if each and each[0].isalpha()] == [
        *("Tue 15", "Wed 16", "Thu 17"),
        *("questions", "answers by authors"),
    ]
    assert hours.title == "Questions and answers by hour (CEST)"
    assert (
        days.summary
        == "4 questions and 2 answers; the most at 15 October: 2 questions and 1 answer."
    )
    assert hours.summary.endswith("the most at 00:00: 1 question and 1 answer.")


def test_bars_are_as_tall_as_what_they_count() -> None:
    figure = figures.by_day(TIMED, UTC)
    assert figure
    questions = bars(figure, "question")
    tallest = max(questions)
    assert [round(each / tallest * 2) for each in questions] == [2, 1, 0, 1]  # 14 to 17 October


def test_a_wait_is_that_for_the_first_reply_of_an_author() -> None:
    figure = figures.first_answer(TIMED)
    assert figure
    assert figure.summary == (
        "Of 2 answered questions, half had their first answer within 30 hours; "
        "the longest wait was 30 hours."
    )
    heights = bars(figure, "answered")
    assert [bool(height) for height in heights] == [True, *[False] * 5, True, False]


def test_many_questions_are_put_together() -> None:
    figure = figures.replies([Asked([Given(True)])] * 450)
    assert figure
    assert figure.title == "Replies to each group of 5 questions"
    assert len(bars(figure, "answered")) == 90


def test_books_are_named_by_their_titles_and_counted_as_on_their_pages() -> None:
    figure = figures.book_by_book([Counted("On Reading", 4, 1), Counted("Quiet", 0, 0)])
    assert figure
    texts = [text.text for text in root(figure).iter(f"{SVG}text")]
    assert texts == ["On Reading", "1 / 4", "answered", "not answered"]
    assert figure.summary == "1 book: 4 questions, 1 answered."
    [answered], [waiting] = (widths(figure, role) for role in ("answered", "none"))
    assert waiting == 3 * answered


def test_of_many_books_those_with_the_most_questions_are_drawn() -> None:
    figure = figures.book_by_book([Counted(f"Book {n}", n, 0) for n in range(1, 1001)])
    assert figure
    assert figure.title == "The 20 books with the most questions"
    assert len(widths(figure, "none")) == 20
    assert "Book 1000" in figure.svg.decode()


@given(st.integers(0, 10**9))
def test_an_axis_has_whole_marks_each_once(most: int) -> None:
    marks = figures.ticks(most)
    assert marks == sorted(set(marks))
    assert 2 <= len(marks) <= 6
    assert marks[0] == 0
    assert marks[-2] < max(most, 1) <= marks[-1]


def test_the_marks_stand_where_the_bars_end() -> None:
    figure = figures.replies([Asked([Given(True)] * 11), Asked([Given(True)] * 5)])
    assert figure
    eleven, five = bars(figure, "answered")
    assert [text.text for text in root(figure).iter(f"{SVG}text")][:4] == ["0", "5", "10", "15"]
    lines = [path.get("d", "").split()[1].split("H")[0] for path in root(figure).iter(f"{SVG}path")]
    heights = [float(lines[0]) - float(line) for line in lines]
    assert five == pytest.approx(heights[1], abs=0.1)
    assert eleven == pytest.approx(heights[1] * 11 / 5, abs=0.1)


def test_what_is_hidden_is_not_counted() -> None:
    question = Message(1, "C1", ts_of(at(0)), Kind.QUESTION, "U1", {})
    reply = Message(
        1, "C1", ts_of(at(1)), Kind.REPLY, "U9", {}, hidden=frozenset([Hidden.MODERATED])
    )
    gone = Message(
        1, "C1", ts_of(at(2)), Kind.QUESTION, "U2", {}, hidden=frozenset([Hidden.WITHDRAWN])
    )
    talk = Message(1, "C1", ts_of(at(3)), Kind.QUESTION, "U3", {}, talk=Talk.YES)
    threads = [Thread(question, (reply,)), Thread(gone), Thread(talk)]
    assert figures.asked(threads, {"U9"}) == [Asked([], at(0))]


def test_times_come_from_the_messages_of_a_session() -> None:
    def message(hours: float, author: str, kind: Kind) -> Message:
        return Message(1, "C1", ts_of(at(hours)), kind, author, {})

    threads = [
        Thread(message(0, "U1", Kind.QUESTION), (message(1, "U9", Kind.REPLY),)),
        Thread(message(2, "U9", Kind.QUESTION)),
    ]
    assert figures.asked(threads, {"U9"}) == [Asked([Given(True, at(1))], at(0))]


_moments = st.none() | st.floats(-100, 1000).map(at)
_given = st.builds(Given, st.booleans(), _moments)
_asked = st.builds(Asked, st.lists(_given, max_size=4), _moments)


@examples(15)
@given(questions=st.lists(_asked, max_size=12))
def test_every_figure_is_a_picture_that_says_what_it_shows(questions: list[Asked]) -> None:
    drawn = figures.of_session(questions, questions, UTC)
    assert drawn == figures.of_session(questions, questions, UTC)
    for figure in drawn:
        svg = root(figure)
        assert svg.get("role") == "img"
        [title, desc] = [svg.find(f"{SVG}{tag}") for tag in ("title", "desc")]
        assert title is not None
        assert desc is not None
        assert svg.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        assert (title.text, desc.text) == (figure.title, figure.summary)
        for element in svg.iter():
            assert element.tag.removeprefix(SVG) in {
                *("svg", "title", "desc", "style", "g", "rect", "path", "text"),
            }
            assert not {name for name in element.attrib if name.startswith("on") or name == "style"}
        assert not re.search(rb"(href|url\(|@import|nan|inf)", figure.svg)

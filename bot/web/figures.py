"""Numbers as pictures: SVG drawn on the server, to be shown with `<img>`.

Pure: given when questions were asked and replied to, they give a picture and the sentence that
says the same. Each is readable on light and dark paper, has a title and a description, and no
script. The drawing is pygal's; what pygal adds for pointing devices is taken out again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from xml.etree import ElementTree

import pygal
from pygal.style import Style

from bot.sessions.model import Thread

WIDTH, HEIGHT = 420, 250
MOST_BARS = 100
"""More would be hairlines; what is counted is then put together."""

_SVG = "http://www.w3.org/2000/svg"

# The same paper, ink and accents as in look.css. Three to one at least against either paper.
_LOOK = """
svg { background: none; font-family: "Iowan Old Style", "Palatino Linotype", Palatino, P052, Georgia, serif; }
text { fill: #5f584c; font-size: 13px; stroke: none; }
.axis.x text { text-anchor: middle; }
.axis.x text[transform] { text-anchor: start; }
.axis.y text { text-anchor: end; }
.middle { text-anchor: middle; }
.large { font-size: 40px; fill: #24211c; }
.line { stroke: #d9d0bf; fill: none; }
.axis.x .guides .line { stroke: none; }
.background { fill: none; stroke: none; }
.answer { fill: #8a2f22; }
.question { fill: #b0863f; }
.other { fill: #857f73; }
.none { fill: #d3cabb; }
@media (prefers-color-scheme: dark) {
  text { fill: #aca391; }
  .large { fill: #e8e2d6; }
  .line { stroke: #3a362d; }
  .answer { fill: #e08d74; }
  .question { fill: #b48a4e; }
  .other { fill: #8b857a; }
  .none { fill: #49443a; }
}
"""


@dataclass(frozen=True, slots=True)
class Given:
    """A reply: whether an author gave it (an answer), and when (aware UTC; None: not known)."""

    by_author: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its replies in order, and when it was asked (aware UTC; None: not known)."""

    replies: Sequence[Given] = ()
    at: datetime | None = None

    @property
    def answered(self) -> bool:
        """Whether an author replied."""
        return any(reply.by_author for reply in self.replies)


@dataclass(frozen=True, slots=True)
class Counted:
    """One session of several: its short name on the axis, its questions and the replies to them."""

    label: str
    questions: int
    replies: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture. `name` is a word for its file, `summary` says in a sentence what it shows."""

    name: str
    title: str
    summary: str
    svg: bytes
    width: int = WIDTH
    height: int = HEIGHT


def asked(threads: Iterable[Thread], authors: Collection[str]) -> list[Asked]:
    """The questions of a session of which the times are known.

    `authors` are Slack member IDs; what an author began is no question.
    """
    return [
        Asked(
            [Given(reply.author in authors, reply.at) for reply in thread.replies],
            thread.question.at,
        )
        for thread in threads
        if thread.question.author not in authors
    ]


def of_session(questions: Sequence[Asked], zone: tzinfo) -> list[Figure]:
    """Every figure that can be drawn of a session; `zone` is that of the days and hours."""
    drawn = (
        by_day(questions, zone),
        by_hour(questions, zone),
        first_answer(questions),
        share_answered(questions),
        replies(questions),
    )
    return [figure for figure in drawn if figure is not None]


def share_answered(questions: Sequence[Asked]) -> Figure | None:
    """The share of questions that an author replied to; None where nobody asked."""
    answered = sum(question.answered for question in questions)
    silent = sum(not question.replies for question in questions)
    return share(answered, len(questions) - answered - silent, silent)


def share(answered: int, others: int, silent: int) -> Figure | None:
    """The same of counts: answered by an author, replied to by others alone, without a reply."""
    total = answered + others + silent
    if not total:
        return None
    percent = f"{_percent(answered, total)} %"
    parts = (
        ("answered by an author", answered),
        ("replied to by others", others),
        ("no reply", silent),
    )
    chart = _chart(pygal.Pie, inner_radius=0.72, legend_at_bottom_columns=1)
    for label, value in parts:
        chart.add(f"{label}: {value:,}", value)
    listed = ", ".join(f"{value:,} {label}" for label, value in parts if value)
    return _figure(
        chart,
        "answered",
        "Share answered",
        f"Of {_count(total, 'question')}: {listed} ({percent} answered).",
        ("answer", "other", "none"),
        middle=percent,
    )


def replies(questions: Sequence[Asked]) -> Figure | None:
    """How many replies the questions got, authors' and others', in the order of asking."""
    total = sum(len(question.replies) for question in questions)
    if not total:
        return None
    size = math.ceil(len(questions) / MOST_BARS)
    groups = [questions[at : at + size] for at in range(0, len(questions), size)]
    chart = _chart(pygal.StackedBar)
    chart.x_labels = _few([str(1 + number * size) for number in range(len(groups))])
    chart.add("by an author", [_replies(group, by_author=True) for group in groups])
    chart.add("by others", [_replies(group, by_author=False) for group in groups])
    most = max(len(question.replies) for question in questions)
    each = "each question" if size == 1 else f"every {size} questions"
    return _figure(
        chart,
        "replies",
        f"Replies to {each}",
        f"{_count(total, 'reply', 'replies')} to {_count(len(questions), 'question')} in the order "
        f"of asking, {_replies(questions, by_author=True)} by an author; the most to one question: "
        f"{most}.",
        ("answer", "other"),
    )


def by_day(questions: Sequence[Asked], zone: tzinfo) -> Figure | None:
    """Questions and answers (authors' replies) on each day; None where no time is known."""
    asked_at, answered_at = _times(questions, zone)
    if not asked_at:
        return None
    first = min(at.date() for at in asked_at)
    last = max(at.date() for at in (*asked_at, *answered_at))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if len(days) > MOST_BARS:  # an answer long after; the session itself is what is shown
        days = days[:MOST_BARS]
    labels = [
        f"{day:%a} {day.day}" if len(days) <= 8 else f"{day.day}.{day.month}." for day in days
    ]
    return _bars(
        "days",
        "Questions and answers by day",
        labels,
        Counter(at.date() for at in asked_at),
        Counter(at.date() for at in answered_at),
        days,
        lambda day: f"{day.day} {day:%B}",
    )


def by_hour(questions: Sequence[Asked], zone: tzinfo) -> Figure | None:
    """Questions and answers (authors' replies) by the hour of the day, all days together."""
    asked_at, answered_at = _times(questions, zone)
    if not asked_at:
        return None
    return _bars(
        "hours",
        f"Questions and answers by hour ({asked_at[0].tzname()})",
        [str(hour) for hour in range(24)],
        Counter(at.hour for at in asked_at),
        Counter(at.hour for at in answered_at),
        range(24),
        lambda hour: f"{hour:02}:00",
    )


_WAITS = (
    ("5 min", timedelta(minutes=5)),
    ("15 min", timedelta(minutes=15)),
    ("1 h", timedelta(hours=1)),
    ("4 h", timedelta(hours=4)),
    ("12 h", timedelta(hours=12)),
    ("1 d", timedelta(days=1)),
    ("2 d", timedelta(days=2)),
)


def first_answer(questions: Sequence[Asked]) -> Figure | None:
    """How long questions waited for an author's first reply; None where no time is known."""
    waits = sorted(wait for question in questions if (wait := _wait(question)) is not None)
    if not waits:
        return None
    counts = Counter(
        next((label for label, limit in _WAITS if wait <= limit), "more") for wait in waits
    )
    labels = [label for label, _ in _WAITS] + ["more"]
    chart = _chart(pygal.Bar, show_legend=False)
    chart.x_labels = labels
    chart.add("questions", [counts[label] for label in labels])
    middle = waits[len(waits) // 2]
    return _figure(
        chart,
        "waits",
        "Time to the first answer: up to",
        f"Of {_count(len(waits), 'answered question')}, half had an author's first reply within "
        f"{_span(middle)}; the longest wait was {_span(waits[-1])}.",
        ("answer",),
    )


def book_by_book(sessions: Sequence[Counted]) -> Figure | None:
    """Questions and replies of each session, in order; None where there are none."""
    counted = [session for session in sessions if session.questions or session.replies]
    if not counted:
        return None
    size = math.ceil(len(counted) / MOST_BARS)
    groups = [counted[at : at + size] for at in range(0, len(counted), size)]
    chart = _chart(pygal.StackedBar)
    chart.x_labels = _few([group[0].label for group in groups], most=6)
    questions = [sum(session.questions for session in group) for group in groups]
    answers = [sum(session.replies for session in group) for group in groups]
    chart.add("questions", questions)
    chart.add("replies", answers)
    books = _count(len(counted), "book")
    each = "Book by book" if size == 1 else f"Books, {size} by {size}"
    return _figure(
        chart,
        "books",
        f"{each}: questions and replies",
        f"{books} with {_count(sum(questions), 'question')} and "
        f"{_count(sum(answers), 'reply', 'replies')}, oldest first.",
        ("question", "other"),
    )


def _times(questions: Sequence[Asked], zone: tzinfo) -> tuple[list[datetime], list[datetime]]:
    asked_at = [question.at.astimezone(zone) for question in questions if question.at]
    answered_at = [
        reply.at.astimezone(zone)
        for question in questions
        for reply in question.replies
        if reply.by_author and reply.at
    ]
    return asked_at, answered_at


def _wait(question: Asked) -> timedelta | None:
    given = [reply.at for reply in question.replies if reply.by_author and reply.at]
    return max(min(given) - question.at, timedelta()) if question.at and given else None


def _bars(
    name: str,
    title: str,
    labels: Sequence[str],
    questions: Counter[Any],
    answers: Counter[Any],
    keys: Sequence[Any],
    spoken: Callable[[Any], str],
) -> Figure:
    chart = _chart(pygal.StackedBar)
    chart.x_labels = _few(labels)
    chart.add("questions", [questions[key] for key in keys])
    chart.add("answers", [answers[key] for key in keys])
    total = [questions[key] + answers[key] for key in keys]
    most = keys[total.index(max(total))]
    return _figure(
        chart,
        name,
        title,
        f"{_count(sum(questions.values()), 'question')} and {_count(sum(answers.values()), 'answer')}; "
        f"the most at {spoken(most)}: {questions[most]} and {answers[most]}.",
        ("question", "answer"),
    )


def _replies(questions: Sequence[Asked], *, by_author: bool) -> int:
    return sum(reply.by_author is by_author for question in questions for reply in question.replies)


def _percent(part: int, whole: int) -> int:
    """Rounded, but never to all or nothing where it is not."""
    exact = 100 * part / whole
    return min(99, max(1, round(exact))) if 0 < part < whole else round(exact)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _span(wait: timedelta) -> str:
    minutes = wait.total_seconds() / 60
    for name, length in (("day", 24 * 60), ("hour", 60)):
        if minutes >= 2 * length:
            return f"{round(minutes / length)} {name}s"
    return _count(max(1, round(minutes)), "minute")


def _chart(kind: Callable[..., Any], **options: Any) -> Any:
    return kind(
        **{
            "width": WIDTH,
            "height": HEIGHT,
            "css": [],
            "js": [],
            "style": _STYLE,
            "show_legend": True,
            "legend_at_bottom": True,
            "legend_box_size": 10,
            "truncate_legend": -1,
            "truncate_label": -1,
            "margin": 6,
            "spacing": 8,
            "max_scale": 5,
            "min_scale": 2,
            "include_x_axis": True,
            "value_formatter": lambda value: f"{value:,.0f}",
            **options,
        }
    )


_CLASSES = frozenset({"axis", "x", "y", "guides", "line", "background", "plot"})
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
)


def _few(labels: Sequence[str], most: int = 8) -> list[str]:
    """The labels of an axis, empty where there would be too many."""
    step = math.ceil(len(labels) / most)
    return [label if at % step == 0 else "" for at, label in enumerate(labels)]


def _figure(
    chart: Any, name: str, title: str, summary: str, roles: Sequence[str], *, middle: str = ""
) -> Figure:
    """The picture of a chart whose series mean `roles` in turn (classes of the style)."""
    # Read back, since pygal's tree is lxml's where that is installed.
    root = ElementTree.fromstring(chart.render())  # noqa: S314 (made here)
    _strip(root, roles)
    root.tag = "svg"
    root.attrib = {"xmlns": _SVG, "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    root.set("role", "img")
    root.set("aria-labelledby", "title desc")
    for at, (tag, text) in enumerate((("title", title), ("desc", summary), ("style", _LOOK))):
        element = ElementTree.Element(tag)
        if tag != "style":
            element.set("id", tag)
        element.text = text
        root.insert(at, element)
    if middle:
        _write_in_the_middle(root, middle)
    svg = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return Figure(name, title, summary, svg)


def _strip(element: ElementTree.Element, roles: Sequence[str]) -> None:
    """Takes out scripts, styles, tooltips and what they would show, and groups left empty."""
    for child in list(element):
        _strip(child, roles)
        child.tag = tag = child.tag.removeprefix(f"{{{_SVG}}}")
        classes = child.attrib.pop("class", "").split()
        empty = tag in ("g", "defs", "text") and not len(child) and not (child.text or "").strip()
        if empty or tag in ("script", "style", "title", "desc") or "tooltip" in classes:
            element.remove(child)
        child.attrib.pop("id", None)
        known = [
            roles[int(name.removeprefix("color-"))] if name.startswith("color-") else name
            for name in classes
            if name in _CLASSES or name.startswith("color-")
        ]
        if known:
            child.set("class", " ".join(known))


def _write_in_the_middle(root: ElementTree.Element, words: str) -> None:
    """Writes into the hole of a ring."""
    plot = next(each for each in root.iter("g") if each.get("class") == "plot")
    box = plot.find("rect")
    if box is not None:
        x, y = float(box.get("width", 0)) / 2, float(box.get("height", 0)) / 2
        where = {"x": f"{x:g}", "y": f"{y + 12:g}", "class": "middle large"}
        ElementTree.SubElement(plot, "text", where).text = words

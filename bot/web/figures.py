"""Charts as SVG, drawn on the server and shown with `<img>`.

Pure: given when questions were asked and replied to, each function gives a chart and a sentence
that says the same. A chart is readable on light and dark paper, has a title and a description, and
no script. What is drawn where is decided here; `templates/figure.svg` is the picture.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from babel.dates import format_skeleton, format_timedelta

from bot.sessions.model import Thread
from bot.texts import _, n_
from bot.web import look, text

WIDTH, HEIGHT = 420, 250
"""The size of a chart in its own units."""
MAX_BARS = 100
"""More bars would be hairlines: questions are then counted in groups."""
MAX_BOOKS = 20
"""How many books the chart of books has at most."""

_LEFT, _TOP, _BOTTOM = 40, 12, 190
_ROW = 44
_LETTER = 7.0
"""How wide a letter is on average, to place what comes after words."""

Bar = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Given:
    """A reply: whether an author gave it, and when (aware UTC; None: not known)."""

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
    """One book of several: its title, how many questions it has, how many of them are answered."""

    title: str
    questions: int
    answered: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart. `name` is a word for its file, `summary` says in a sentence what it shows."""

    name: str
    title: str
    summary: str
    svg: bytes
    width: int = WIDTH
    height: int = HEIGHT


def asked(threads: Iterable[Thread], authors: Collection[str]) -> list[Asked]:
    """The questions of a session with their times, without what is hidden.

    `authors` are Slack member IDs; what an author began is not a question, nor is talk.
    """
    return [
        Asked(
            [
                Given(reply.author in authors, reply.at)
                for reply in thread.replies
                if not reply.hidden
            ],
            thread.question.at,
        )
        for thread in threads
        if thread.question.author not in authors
        and not thread.question.hidden
        and not thread.question.is_talk
    ]


def of_session(
    questions: Sequence[Asked], timed: Sequence[Asked] | None, zone: tzinfo
) -> list[Figure]:
    """Every chart of a session.

    `questions` are those that its page shows; `timed` the same with times, where those are known;
    `zone` is that of days and hours.
    """
    drawn = [share_answered(questions), replies(questions)]
    if timed is not None:
        drawn += [by_day(timed, zone), by_hour(timed, zone), first_answer(timed)]
    return [figure for figure in drawn if figure is not None]


def share_answered(questions: Sequence[Asked]) -> Figure | None:
    """The share of questions that an author replied to; None where nobody asked."""
    answered = sum(question.answered for question in questions)
    silent = sum(not question.replies for question in questions)
    return share(answered, len(questions) - answered - silent, silent)


def share(answered: int, others: int, silent: int) -> Figure | None:
    """The same of counts: answered by an author, replied to by others only, without a reply."""
    total = answered + others + silent
    if not total:
        return None
    percent = f"{_percent(answered, total)} %"
    parts = [
        ("answered", n_("{count} answered", "{count} answered", answered), answered),
        (
            "other",
            n_(
                "{count} with replies by others only", "{count} with replies by others only", others
            ),
            others,
        ),
        ("none", n_("{count} without a reply", "{count} without a reply", silent), silent),
    ]
    series, keys, texts, at = [], [], [("middle large", WIDTH / 2, 70.0, percent)], 0.0
    for row, (role, words, value) in enumerate(part for part in parts if part[2]):
        across = WIDTH * value / total
        series.append((role, [_bar(at, 95, across, 32)]))
        keys.append((role, 4.0, 160.0 + 26 * row))
        texts.append(("start", 24.0, 160.0 + 26 * row, words))
        at += across
    return _figure(
        "answered",
        _("Answered questions"),
        _(
            "{questions}: {parts} ({percent} answered).",
            questions=n_("{count} question", "{count} questions", total),
            parts=", ".join(words for _role, words, value in parts if value),
            percent=percent,
        ),
        series=series,
        keys=keys,
        texts=texts,
    )


def replies(questions: Sequence[Asked]) -> Figure | None:
    """How many replies the questions got, by authors and by others, in the order of asking."""
    total = sum(len(question.replies) for question in questions)
    if not total:
        return None
    size = math.ceil(len(questions) / MAX_BARS)
    groups = [questions[at : at + size] for at in range(0, len(questions), size)]
    return _bars(
        "replies",
        _("Replies to each question")
        if size == 1
        else _("Replies to each group of {count} questions", count=size),
        _(
            "{replies} to {questions}, {authors} by authors; the question with the most has "
            "{most}.",
            replies=n_("{count} reply", "{count} replies", total),
            questions=n_("{count} question", "{count} questions", len(questions)),
            authors=_replies(questions, by_author=True),
            most=max(len(question.replies) for question in questions),
        ),
        [str(1 + number * size) for number in range(len(groups))],
        (
            ("answered", _("by authors"), [_replies(group, by_author=True) for group in groups]),
            ("other", _("by others"), [_replies(group, by_author=False) for group in groups]),
        ),
    )


def by_day(questions: Sequence[Asked], zone: tzinfo) -> Figure | None:
    """Questions and authors' replies on each day; None where no time is known."""
    asked_at, answered_at = _times(questions, zone)
    if not asked_at:
        return None
    first = min(at.date() for at in asked_at)
    last = max(at.date() for at in (*asked_at, *answered_at))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    days = days[:MAX_BARS]  # an answer long afterwards; the session itself is what is shown
    skeleton = "Ed" if len(days) <= 7 else "Md"
    return _questions_and_answers(
        "days",
        _("Questions and answers by day"),
        [_date(day, skeleton) for day in days],
        Counter(at.date() for at in asked_at),
        Counter(at.date() for at in answered_at),
        days,
        lambda day: _date(day, "MMMMd"),
    )


def by_hour(questions: Sequence[Asked], zone: tzinfo) -> Figure | None:
    """Questions and authors' replies by the hour of the day, all days together."""
    asked_at, answered_at = _times(questions, zone)
    if not asked_at:
        return None
    return _questions_and_answers(
        "hours",
        _("Questions and answers by hour ({zone})", zone=asked_at[0].tzname()),
        [str(hour) for hour in range(24)],
        Counter(at.hour for at in asked_at),
        Counter(at.hour for at in answered_at),
        range(24),
        lambda hour: f"{hour:02}:00",
    )


_WAITS = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(days=1),
    timedelta(days=2),
)


def first_answer(questions: Sequence[Asked]) -> Figure | None:
    """How long questions waited for an author's first reply; None where no time is known."""
    waits = sorted(wait for question in questions if (wait := _wait(question)) is not None)
    if not waits:
        return None
    counts = Counter(
        next((at for at, limit in enumerate(_WAITS) if wait <= limit), len(_WAITS))
        for wait in waits
    )
    labels = [format_timedelta(limit, format="narrow", locale=look.locale()) for limit in _WAITS]
    return _bars(
        "waits",
        _("Time to the first answer: up to …"),
        _(
            "Of {questions}, half had their first answer within {half}; the longest wait was "
            "{longest}.",
            questions=n_("{count} answered question", "{count} answered questions", len(waits)),
            half=_span(waits[len(waits) // 2]),
            longest=_span(waits[-1]),
        ),
        [*labels, _("more")],
        (("answered", _("answered questions"), [counts[at] for at in range(len(_WAITS) + 1)]),),
    )


def book_by_book(books: Sequence[Counted]) -> Figure | None:
    """How many questions each book has and how many are answered, a bar for each title.

    Of more than MAX_BOOKS books those with the most questions; None where nobody asked.
    """
    counted = [book for book in books if book.questions]
    if not counted:
        return None
    most = sorted(counted, key=lambda book: -book.questions)[:MAX_BOOKS]
    shown = [book for book in counted if book in most][:MAX_BOOKS]
    longest = max(book.questions for book in shown)
    series: dict[str, list[Bar]] = {"answered": [], "none": []}
    texts = []
    for row, book in enumerate(shown):
        top = 6 + row * _ROW
        across = WIDTH * book.answered / longest
        series["answered"].append(_bar(0, top + 20, across, 14))
        rest = WIDTH * (book.questions - book.answered) / longest
        series["none"].append(_bar(across, top + 20, rest, 14))
        numbers = f"{book.answered:,} / {book.questions:,}"
        texts.append(("start", 0.0, top + 14.0, text.excerpt(book.title, 46)))
        texts.append(("end", float(WIDTH), top + 14.0, numbers))
    height = 6 + len(shown) * _ROW + 26
    keys, words = _legend((("answered", _("answered")), ("none", _("not answered"))), height - 8, 0)
    questions, answered = (
        sum(book.questions for book in counted),
        sum(book.answered for book in counted),
    )
    return _figure(
        "books",
        _("Questions by book")
        if len(shown) == len(counted)
        else _("The {count} books with the most questions", count=len(shown)),
        _(
            "{books}: {questions}, {answered}.",
            books=n_("{count} book", "{count} books", len(counted)),
            questions=n_("{count} question", "{count} questions", questions),
            answered=n_("{count} answered", "{count} answered", answered),
        ),
        series=list(series.items()),
        keys=keys,
        texts=[*texts, *words],
        height=height,
    )


def ticks(most: int) -> list[int]:
    """The marks of an axis up to `most` or just above it: whole numbers, at most six.

    >>> ticks(3), ticks(11), ticks(144)
    ([0, 1, 2, 3], [0, 5, 10, 15], [0, 50, 100, 150])
    """
    steps = (base * 10**power for power in range(12) for base in (1, 2, 5))
    most = max(most, 1)
    step = next(step for step in steps if most <= 5 * step)
    return list(range(0, step * math.ceil(most / step) + 1, step))


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


def _questions_and_answers(
    name: str,
    title: str,
    labels: Sequence[str],
    questions: Counter[Any],
    answers: Counter[Any],
    keys: Sequence[Any],
    spoken: Callable[[Any], str],
) -> Figure:
    total = [questions[key] + answers[key] for key in keys]
    most = keys[total.index(max(total))]

    def counted(asked: int, given: int) -> str:
        return _(
            "{questions} and {answers}",
            questions=n_("{count} question", "{count} questions", asked),
            answers=n_("{count} answer", "{count} answers", given),
        )

    return _bars(
        name,
        title,
        _(
            "{all}; the most at {when}: {most}.",
            all=counted(sum(questions.values()), sum(answers.values())),
            when=spoken(most),
            most=counted(questions[most], answers[most]),
        ),
        labels,
        (
            ("question", _("questions"), [questions[key] for key in keys]),
            ("answered", _("answers by authors"), [answers[key] for key in keys]),
        ),
    )


def _replies(questions: Sequence[Asked], *, by_author: bool) -> int:
    return sum(reply.by_author is by_author for question in questions for reply in question.replies)


def _percent(part: int, whole: int) -> int:
    """Rounded, but never to all or nothing where it is not."""
    exact = 100 * part / whole
    return min(99, max(1, round(exact))) if 0 < part < whole else round(exact)


def _date(day: Any, skeleton: str) -> str:
    return str(format_skeleton(skeleton, day, locale=look.locale()))


def _span(wait: timedelta) -> str:
    return str(format_timedelta(max(wait, timedelta(minutes=1)), threshold=2, locale=look.locale()))


def _bar(x: float, y: float, across: float, down: float) -> Bar:
    return round(x, 2), round(y, 2), round(across, 2), round(down, 2)


def _bars(
    name: str,
    title: str,
    summary: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, str, Sequence[int]]],
) -> Figure:
    """A chart of upright bars: each of `series` is a role, its words and a number for each label,
    the next one standing on the one before."""
    totals = [
        sum(values) for values in zip(*(values for _role, _words, values in series), strict=True)
    ]
    marks = ticks(max(totals))
    unit = (_BOTTOM - _TOP) / marks[-1]
    slot = (WIDTH - _LEFT) / len(labels)
    tops = [float(_BOTTOM)] * len(labels)
    drawn = []
    for role, _words, values in series:
        bars = []
        for at, value in enumerate(values):
            tops[at] -= value * unit
            bars.append(_bar(_LEFT + (at + 0.1) * slot, tops[at], 0.8 * slot, value * unit))
        drawn.append((role, bars))
    texts = [
        ("end", _LEFT - 6.0, round(_BOTTOM - mark * unit + 5, 2), f"{mark:,}") for mark in marks
    ]
    width = max(len(label) for label in labels) * _LETTER + 6
    every = max(1, math.ceil(width / slot))
    texts += [
        ("middle", round(_LEFT + (at + 0.5) * slot, 2), _BOTTOM + 18.0, label)
        for at, label in enumerate(labels)
        if at % every == 0
    ]
    keys, words = _legend([(role, words) for role, words, _values in series], HEIGHT - 10, _LEFT)
    return _figure(
        name,
        title,
        summary,
        lines=[round(_BOTTOM - mark * unit, 2) for mark in marks],
        series=drawn,
        keys=keys,
        texts=[*texts, *words],
    )


Text = tuple[str, float, float, str]
Key = tuple[str, float, float]


def _legend(
    entries: Sequence[tuple[str, str]], y: float, left: float
) -> tuple[list[Key], list[Text]]:
    keys: list[Key] = []
    words: list[Text] = []
    x = left
    for role, said in entries:
        keys.append((role, x, y))
        words.append(("start", x + 18, y, said))
        x += 18 + len(said) * _LETTER + 24
    return keys, words


def _figure(
    name: str,
    title: str,
    summary: str,
    *,
    series: Sequence[tuple[str, Sequence[Bar]]],
    keys: Sequence[Key],
    texts: Sequence[Text],
    lines: Sequence[float] = (),
    height: int = HEIGHT,
) -> Figure:
    svg = look.render(
        "figure.svg",
        width=WIDTH,
        height=height,
        left=_LEFT,
        title=title,
        summary=summary,
        series=series,
        keys=keys,
        texts=texts,
        lines=lines,
    )
    return Figure(name, title, summary, svg.encode(), height=height)

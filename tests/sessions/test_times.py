"""Moments and durations as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.sessions.times import Span, moments, span

NOW = datetime(2026, 1, 7, 10, 20, 30, 400, tzinfo=UTC)  # a Wednesday
NIGHT = time(22, 59, 59)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-01-12", "UTC", "2026-01-12T22:59:59"),
        ("2026-1-2 9:05", "UTC", "2026-01-02T09:05:00"),
        ("2026-01-12T18:00:01", "UTC", "2026-01-12T18:00:01"),
        ("2026-01-12 18:00", "Europe/Berlin", "2026-01-12T17:00:00"),
        ("2026-01-12 18:00 UTC", "Europe/Berlin", "2026-01-12T18:00:00"),
        ("2026-07-12 18:00 Europe/Berlin", "UTC", "2026-07-12T16:00:00"),
        ("now", "Europe/Berlin", "2026-01-07T10:20:30"),
        ("today 12:00", "UTC", "2026-01-07T12:00:00"),
        ("tomorrow", "UTC", "2026-01-08T22:59:59"),
        ("Monday 9:30", "UTC", "2026-01-12T09:30:00"),
        ("wed 9:30", "UTC", "2026-01-14T09:30:00"),
        ("18:00", "Asia/Tokyo", "2026-01-07T09:00:00"),
        ("10am", "UTC", "2026-01-07T10:00:00"),
        ("10 PM", "Europe/Berlin", "2026-01-07T21:00:00"),
        ("12:30 p.m.", "UTC", "2026-01-07T12:30:00"),
        ("today 12am", "UTC", "2026-01-07T00:00:00"),
        ("tomorrow 9:30", "Europe/Berlin", "2026-01-08T08:30:00"),
        ("tomorrow at 10am", "UTC", "2026-01-08T10:00:00"),
        ("tomorrow noon", "UTC", "2026-01-08T12:00:00"),
        ("next monday", "UTC", "2026-01-12T22:59:59"),
        ("next Tue 10am", "America/New_York", "2026-01-13T15:00:00"),
        ("Next Wednesday 9:30", "UTC", "2026-01-14T09:30:00"),
        ("nächsten Montag um 9:30 Uhr", "Europe/Berlin", "2026-01-12T08:30:00"),
        ("morgen 9:30", "Europe/Berlin", "2026-01-08T08:30:00"),
        ("lunes", "UTC", "2026-01-12T22:59:59"),
        ("mañana a las 9:30", "Europe/Madrid", "2026-01-08T08:30:00"),
        ("próximo martes 18:00", "UTC", "2026-01-13T18:00:00"),
    ],
)
def test_moments(text: str, zone: str, expected: str) -> None:
    assert moments(text, NOW, zone, NIGHT, NIGHT) == (at(expected), None)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "I don't understand"),
        ("soon", "I don't understand"),
        ("12/01/2026", "more than one date"),
        ("2026-02-30", "is not a valid date"),
        ("monday 25:00", "is not a valid time"),
        ("monday 9:00 Mars/Olympus", "time zone"),
        ("2026-03-29 02:30 Europe/Berlin", "does not exist"),
        ("2026-01-12 18:00 19:00 20:00", "I don't understand"),
        ("yesterday", "I don't understand “yesterday” as a date; write `2026"),
        ("next week", "I don't understand"),
        ("next friday", "“next friday” could mean 2026-01-09 or 2026-01-16; write the date"),
        ("01/02/2026", "“01/02/2026” could mean more than one date"),
        ("1.2. 9:00", "could mean more than one date"),
        ("monday 10", "I'm not sure what time “10” means; write `10:00` or `10pm`"),
        ("monday 18", "I'm not sure what time “18” means; write `18:00`"),
        ("monday 13pm", "is not a valid time"),
        ("monday 0am", "is not a valid time"),
        ("monday midnight", "the start or the end of the day"),
    ],
)
def test_what_is_no_moment(text: str, part: str) -> None:
    with pytest.raises(UserError, match=part):
        moments(text, NOW, "UTC", NIGHT, NIGHT)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-01-12", "2026-01-12T00:00", None),
        ("2026-01-12 09:00 2026-01-16 22:00", "2026-01-12T09:00", "2026-01-16T22:00"),
        ("monday to friday", "2026-01-12T00:00", "2026-01-16T22:59:59"),
        ("2026-01-12 9:00 - 17:00", "2026-01-12T09:00", "2026-01-12T17:00"),
        ("now until tomorrow 18:00", "2026-01-07T10:20:30", "2026-01-08T18:00"),
        ("next monday 10am to friday 6 pm", "2026-01-12T10:00", "2026-01-16T18:00"),
        ("tomorrow 10am - 5pm", "2026-01-08T10:00", "2026-01-08T17:00"),
        ("montag bis freitag", "2026-01-12T00:00", "2026-01-16T22:59:59"),
    ],
)
def test_a_start_and_perhaps_an_end(text: str, start: str, end: str | None) -> None:
    found = moments(text, NOW, "UTC", time(0), NIGHT)
    assert found == (at(start), at(end) if end else None)


def test_durations() -> None:
    assert span("2 days") == Span(2, 0)
    assert span("1 week, 2 days and 90 min") == Span(9, 90)
    assert span("36h") == Span(0, 36 * 60)
    for wrong in ("", "2", "two days", "2 fortnights", "0 days", "-2 days", "2 days later"):
        with pytest.raises(UserError, match="as a duration"):
            span(wrong)
    with pytest.raises(UserError, match="longer than a year"):
        span("99999 days")


def test_a_day_later_is_the_same_time_of_day() -> None:
    before = at("2026-03-28T08:00")  # 9:00 in Berlin, the day before the clocks go forward
    assert Span(1, 0).after(before, "Europe/Berlin") == at("2026-03-29T07:00")
    assert Span(0, 24 * 60).after(before, "Europe/Berlin") == at("2026-03-29T08:00")


@given(st.text(max_size=60))
def test_any_text_is_a_moment_or_one_clear_line(text: str) -> None:
    said = ""
    try:
        assert moments(text, NOW, "UTC", time(0), NIGHT)[0].tzinfo is UTC
    except UserError as error:
        said = str(error)
    assert "\n" not in said


@given(st.integers(0, 30), st.integers(0, 5000))
def test_before_undoes_after(days: int, minutes: int) -> None:
    there = Span(days, minutes).after(NOW, "UTC")
    assert there - NOW == timedelta(days=days, minutes=minutes)
    assert Span(days, minutes).before(there, "UTC") == NOW

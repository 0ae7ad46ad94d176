"""When reminders are due, and when they are not any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import UserError
from bot.sessions import reminders
from bot.sessions.model import Event, Session, State

START = datetime(2026, 1, 12, tzinfo=UTC)
END = datetime(2026, 1, 16, 22, 59, 59, tzinfo=UTC)
ALL = reminders.parse(["3 days before start at 10:00", "half-way", "last day", "1 hour before end"])


def session(state: State = State.SCHEDULED, **changed: Any) -> Session:
    event = Event("e", "T", changed.pop("start", START), changed.pop("end", END), **changed)
    return Session(1, event, "C1", state)


def names(state: State, at: datetime, **changed: Any) -> list[str]:
    return [r.template for r in reminders.due(session(state, **changed), ALL, at)]


def test_each_at_its_moment() -> None:
    moments = {r.template: r.due(session()) for r in ALL}
    assert moments == {
        "teaser": datetime(2026, 1, 9, 10, tzinfo=UTC),
        "half-way": START + (END - START) / 2,
        "last-day": datetime(2026, 1, 16, 9, tzinfo=UTC),
        "ending": END - timedelta(hours=1),
    }
    berlin = session(timezone="Europe/Berlin")
    assert ALL[0].due(berlin) == datetime(2026, 1, 9, 9, tzinfo=UTC)
    for name, moment in moments.items():
        state = State.SCHEDULED if name == "teaser" else State.OPEN
        other = State.OPEN if name == "teaser" else State.SCHEDULED
        assert names(state, moment) == [name]
        assert names(other, moment) == []
        assert names(State.CLOSED, moment) == names(State.CANCELLED, moment) == []
        assert names(state, moment - timedelta(seconds=1)) == []


def test_a_reminder_that_is_too_late_is_not_sent() -> None:
    ending = END - timedelta(hours=1)
    assert names(State.OPEN, ending + timedelta(minutes=29)) == ["ending"]
    assert names(State.OPEN, ending + timedelta(minutes=31)) == []
    teaser = datetime(2026, 1, 9, 10, tzinfo=UTC)
    assert names(State.SCHEDULED, teaser + timedelta(hours=11)) == ["teaser"]
    assert names(State.SCHEDULED, teaser + timedelta(hours=13)) == []


def test_a_short_session_has_no_last_hour_to_speak_of() -> None:
    short = {"start": START, "end": START + timedelta(minutes=50)}
    every_minute = [START + timedelta(minutes=n) for n in range(-600, 50)]
    said = {name for at in every_minute for name in names(State.OPEN, at, **short)}
    assert said == {"half-way"}
    assert {n for at in every_minute for n in names(State.SCHEDULED, at, **short)} == set()


def test_an_event_has_its_own_or_none() -> None:
    own = session(options={"reminders": ["2 hours before end"]})
    assert [r.text for r in reminders.of(own, ALL)] == ["2 hours before end"]
    assert reminders.of(session(options={"reminders": "off"}), ALL) == ()
    assert reminders.of(session(), ALL) == ALL
    assert reminders.of(session(options={"reminders": ["nonsense"]}), ALL) == ()


def test_the_key_follows_the_moment() -> None:
    moved = session(start=START + timedelta(days=7), end=END + timedelta(days=7))
    assert reminders.key(session(), ALL[0]) != reminders.key(moved, ALL[0])
    assert len({reminders.key(session(), r) for r in ALL}) == len(ALL)


@pytest.mark.parametrize(
    ("template", "moved", "again"),
    [
        ("teaser", timedelta(minutes=20), False),
        ("teaser", timedelta(days=1), True),
        ("half-way", -timedelta(hours=2), False),
        ("ending", timedelta(minutes=20), False),
        ("ending", -timedelta(minutes=20), False),
        ("ending", timedelta(hours=2), True),
        ("ending", timedelta(0), False),
    ],
)
def test_a_move_by_little_repeats_nothing(template: str, moved: timedelta, again: bool) -> None:
    (reminder,) = (r for r in ALL if r.template == template)
    keys = [reminders.key(session(), reminder)]
    later = session(start=START + moved, end=END + moved)
    assert reminders.posted(later, reminder, keys) is not again
    assert all(key.startswith(reminders.keys_of(later, reminder)) for key in keys)
    assert not reminders.posted(later, reminder, [])


def test_a_reminder_is_not_taken_for_one_whose_text_goes_on() -> None:
    longer, short = reminders.parse(["last day at 9:00", "last day"])
    assert longer.due(session()) == short.due(session())
    keys = [reminders.key(session(), longer)]
    assert not reminders.posted(session(), short, keys)
    assert reminders.posted(session(), longer, keys)


def test_the_next_moment() -> None:
    before = START - timedelta(days=10)
    assert reminders.next_moment([session()], ALL, before) == ALL[0].due(session())
    assert reminders.next_moment([session()], ALL, END) is None
    assert reminders.next_moment([session(State.CLOSED)], ALL, before) is None


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (7, "must be a list"),
        ({"when": "half-way"}, "must be a list"),
        (["sometime"], "don't understand"),
        (["3 fortnights before end"], "don't understand"),
        (["last day at 26:00"], "is not a valid time"),
        ([{"when": "half-way", "template": "../x"}], "name of a file"),
        ([{"when": "half-way", "text": "x"}], "nothing else"),
        ([3], "is not text"),
    ],
)
def test_what_is_not_understood(raw: Any, part: str) -> None:
    with pytest.raises(UserError, match=part):
        reminders.parse(raw)


def test_as_a_setting() -> None:
    found = reminders.parse("1 day before start; half-way; half-way")
    assert [r.template for r in found] == ["teaser", "half-way"]


def test_after_the_start_it_says_that_the_session_is_open_and_not_that_half_of_it_is_over() -> None:
    (found,) = reminders.parse("1 day after start at 10:00")
    assert (found.template, found.due(session())) == ("open", datetime(2026, 1, 13, 10, tzinfo=UTC))
    assert reminders.parse("off") == reminders.parse("") == reminders.parse(None) == ()

"""Moments and durations as people type them into a command.

A small, strict grammar: what is not understood is an error that shows what would be, never a
guess. Moments are local to a zone (the event's) unless one is written behind them.

- a day: `2026-01-12`, `today`, `tomorrow`, `monday` (the next one after today), `next monday`
- with a time: `2026-01-12 18:00`, `monday 9:30`, `tomorrow at 10am`; a time alone is today's; `now`
- with a zone: `2026-01-12 18:00 Europe/Berlin`, `… UTC`
- a duration: `2 days`, `36 hours`, `1 week 2 days`, `90 min`, `2d 4h`

The words for days may be English, Spanish or German. What can be read in two ways is an error, too.
The library dateparser (1.5) understands more, but guesses: it takes `01/02/2026`, `may` and `5` for
days. It reads no start and end out of one text, which `moments` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.errors import UserError
from bot.texts import N_, _

MOMENTS = N_("`2026-01-12 18:00`, `monday 9:30`, `tomorrow 10am` or `now`")
DURATIONS = N_("`2 days`, `36 hours` or `1 week`")
LONGEST = timedelta(days=366)

_DATE = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")
_TIME = re.compile(r"(\d\d?):(\d\d)(?::(\d\d))?")
_HALF_DAY = re.compile(r"(\d\d?)(?::(\d\d)(?::(\d\d))?)?([ap])m")
_WRITTEN_HALF = re.compile(r"(?<=\d)\s*([ap])\.?m\b\.?", re.IGNORECASE)
_NEXT = re.compile(r"\b(?:next|nächste[nrms]?|próxim[oa])\s+(?=\w)", re.IGNORECASE)
_AT = frozenset({"at", "on", "um", "uhr", "am", "a", "las", "el"})
_BETWEEN = frozenset({"to", "until", "-", "–", "till", "bis", "hasta"})
_UNCLEAR_DAY = re.compile(r"\d\d?[./]\d\d?(?:[./](?:\d\d)?\d\d)?\.?")
_HOUR = re.compile(r"\d\d?")
_TIME_OF_DAY = re.compile(r"\d:\d\d|\d\s*[ap]\.?m\b|\bnoon\b|\bmidnight\b", re.IGNORECASE)
_PART = re.compile(r"(\d{1,5})\s*([a-z]+)")
_DAYS = (
    ("monday", "lunes", "montag"),
    ("tuesday", "martes", "dienstag"),
    ("wednesday", "miércoles", "mittwoch"),
    ("thursday", "jueves", "donnerstag"),
    ("friday", "viernes", "freitag"),
    ("saturday", "sábado", "samstag", "sonnabend"),
    ("sunday", "domingo", "sonntag"),
)
_NOW = frozenset({"now", "ahora", "jetzt"})
_NEAR = {
    **dict.fromkeys(("today", "hoy", "heute"), 0),
    **dict.fromkeys(("tomorrow", "mañana", "morgen"), 1),
}
_UTC = frozenset({"utc", "gmt"})
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hours"),
    **dict.fromkeys(("d", "day", "days"), "days"),
    **dict.fromkeys(("w", "week", "weeks"), "weeks"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A duration: days are days of the calendar, hours are hours of the clock."""

    days: int = 0
    minutes: int = 0

    def after(self, at: datetime, zone: str) -> datetime:
        """The moment (aware UTC) that much later; a day later is the same time of day there."""
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=self.days)
        return _utc(local, ZoneInfo(zone)) + timedelta(minutes=self.minutes)

    def before(self, at: datetime, zone: str) -> datetime:
        """The moment that much earlier."""
        return Span(-self.days, -self.minutes).after(at, zone)


def span(text: str) -> Span:
    """A duration. Raises UserError, one line, for what is none, or is longer than a year."""
    found = span_or_none(text)
    if found is None:
        raise UserError(
            _(
                "I don't understand “{value}” as a duration; write {durations}",
                value=_short(text),
                durations=_(DURATIONS),
            )
        )
    if timedelta(days=found.days, minutes=found.minutes) > LONGEST:
        raise UserError(
            _("“{value}” is longer than a year; write a shorter time", value=_short(text))
        )
    return found


def span_or_none(text: str) -> Span | None:
    """A duration, None for what is none."""
    rest = text.casefold().replace(",", " ").replace(" and ", " ").strip()
    totals = dict.fromkeys(("weeks", "days", "hours", "minutes"), 0)
    at = 0
    while at < len(rest):
        part = _PART.match(rest, at)
        unit = _UNITS.get(part[2]) if part else None
        if part is None or unit is None:
            return None
        totals[unit] += int(part[1])
        at = part.end()
        at += len(rest[at:]) - len(rest[at:].lstrip())
    found = Span(totals["weeks"] * 7 + totals["days"], totals["hours"] * 60 + totals["minutes"])
    return found if found.days or found.minutes else None


def has_time_of_day(text: str) -> bool:
    """Whether a text says a time of day, and not days alone.

    >>> has_time_of_day("monday 9:30"), has_time_of_day("10am"), has_time_of_day("2026-01-12")
    (True, True, False)
    """
    return _TIME_OF_DAY.search(text) is not None


def moments(
    text: str, now: datetime, zone: str, start_time: time, end_time: time
) -> tuple[datetime, datetime | None]:
    """One moment, or two (a start and an end), perhaps with `to` or `-` between them.

    Moments are aware UTC, to the second. `start_time` and `end_time` complete days without a time;
    an end that is a time alone is on the day of the start. Raises UserError, one line, for what is
    none, or does not exist there.
    """
    words = [word for word in _words(text) if word.casefold() not in _BETWEEN]
    for cut in range(len(words), 0, -1):
        start = _moment(words[:cut], now, zone, start_time)
        if start is None:
            continue
        if cut == len(words):
            return start, None
        # Of a week that begins on Monday, `friday` is its own; `tomorrow` is tomorrow.
        from_now = words[cut].casefold() in _NOW | _NEAR.keys()
        base = now if from_now else start
        end = _moment(words[cut:], base, zone, end_time)
        if end is not None:
            return start, end
    raise UserError(
        _(
            "I don't understand “{value}” as a date; write {moments}, and the new end if "
            "that changes too",
            value=_short(text),
            moments=_(MOMENTS),
        )
    )


def _moment(words: list[str], now: datetime, zone: str, day_time: time) -> datetime | None:
    if not words:
        return None
    words = [part for word in words for part in _apart(word)]
    named = _zone(words[-1]) if len(words) > 1 else None
    where = named or ZoneInfo(zone)
    if named:
        words = words[:-1]
    today = now.astimezone(where).date()
    if len(words) == 1 and words[0].casefold() in _NOW:
        return now.replace(microsecond=0)
    day = _day(words[0], today)
    if day is not None:
        words = words[1:]
    elif len(words) == 1:
        day = today
        if not _TIME.fullmatch(words[0]) and not _HALF_DAY.fullmatch(words[0]):
            return None
    if day is None or len(words) > 1:
        return None
    of_day = clock(words[0]) if words else day_time
    if of_day is None:
        return None
    local = datetime.combine(day, of_day)
    found = _utc(local, where)
    if found.astimezone(where).replace(tzinfo=None) != local:
        raise UserError(
            _(
                "{local} does not exist in {key} because the clocks go forward then; write "
                "another time",
                local=f"{local:%Y-%m-%d %H:%M}",
                key=where.key,
            )
        )
    return found


def _words(text: str) -> list[str]:
    """The words of what was typed: `10 am` and `next monday` are one each, `at` is none."""
    joined = _NEXT.sub("next_", _WRITTEN_HALF.sub(lambda half: f"{half[1].lower()}m", text))
    return [word for word in joined.split() if word.casefold() not in _AT]


def _apart(word: str) -> list[str]:
    """`2026-01-12T18:00` is two words."""
    day, mark, of_day = word.partition("T")
    return [day, of_day] if mark and _DATE.fullmatch(day) and of_day else [word]


def _day(word: str, today: date) -> date | None:
    folded = word.casefold()
    if folded in _NEAR:
        return today + timedelta(days=_NEAR[folded])
    named = _weekday(folded.removeprefix("next_"))
    if named is not None:
        coming = today + timedelta(days=(named - today.weekday() - 1) % 7 + 1)
        if folded.startswith("next_") and named > today.weekday():
            # In the same week some mean this one, and some the one after it.
            raise UserError(
                _(
                    "“{value}” could mean {first} or {second}; write the date",
                    value=word.replace("_", " "),
                    first=coming.isoformat(),
                    second=(coming + timedelta(days=7)).isoformat(),
                )
            )
        return coming
    if _UNCLEAR_DAY.fullmatch(word):
        raise UserError(
            _(
                "“{value}” could mean more than one date; write it like `2026-01-12`",
                value=word,
            )
        )
    match = _DATE.fullmatch(word)
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        raise UserError(
            _("{word} is not a valid date; write it like `2026-01-12`", word=word)
        ) from None


def _weekday(word: str) -> int | None:
    """The day of the week, 0 for Monday, by its name or the beginning of it."""
    if len(word) < 3:
        return None
    names = ((number, name) for number, names in enumerate(_DAYS) for name in names)
    return next((number for number, name in names if name.startswith(word)), None)


def clock(word: str) -> time | None:
    """A time of day such as `18:00` or `10am`; None for what is none.

    Raises UserError, one line, for one that is unclear or does not exist.
    """
    if _HOUR.fullmatch(word) and int(word) <= 24:
        raise UserError(
            _(
                "I'm not sure what time “{value}” means; write `{value}:00` or `{value}pm`",
                value=word,
            )
            if 1 <= int(word) <= 12
            else _("I'm not sure what time “{value}” means; write `{value}:00`", value=word)
        )
    if word.casefold() == "midnight":
        raise UserError(
            _("“midnight” could mean the start or the end of the day; write `0:00` or `23:59`")
        )
    half = _HALF_DAY.fullmatch(word.casefold())
    match = half or _TIME.fullmatch("12:00" if word.casefold() == "noon" else word)
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if half is not None:
        # 12am is the first hour of the day, 12pm the first of its second half.
        hour = hour % 12 + (12 if half[4] == "p" else 0) if 1 <= hour <= 12 else 24
    try:
        return time(hour, minute, second)
    except ValueError:
        raise UserError(_("{word} is not a valid time; write it like `18:00`", word=word)) from None


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name, None where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def zone(name: str) -> ZoneInfo:
    """The time zone that somebody names. Raises UserError, one line, where there is none."""
    found = zone_of("UTC" if name.casefold() in _UTC else name)
    if found is None:
        raise UserError(
            _(
                "the time zone “{name}” is unknown; write an IANA name such as `Europe/Berlin`",
                name=_short(name),
            )
        )
    return found


def _zone(word: str) -> ZoneInfo | None:
    return zone(word) if "/" in word or word.casefold() in _UTC else None


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:60]}…" if len(line) > 60 else line

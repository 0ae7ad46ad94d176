"""Reminders: when they are due, and until when they still make sense.

What a person writes as `reminders` of an event (or as the setting for all events) is a list;
each entry says when, and may name its template:

    reminders:
    - 3 days before start
    - 1 day after start
    - half-way
    - last day at 10:00
    - when: 1 hour before end
      template: ending

Nothing is remembered about a reminder but the message that was posted: what is due follows
from the session, the present and the outbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.errors import UserError
from bot.sessions.model import Session, State
from bot.sessions.times import Span, clock, span_or_none
from bot.texts import N_, _

TEASER, OPEN, HALFWAY, LAST_DAY, ENDING = "teaser", "open", "half-way", "last-day", "ending"
TEMPLATES = (TEASER, OPEN, HALFWAY, LAST_DAY, ENDING)
"""Templates that are there without a file of their name."""
MORNING = time(9, 0)
"""The time of day, in the event's zone, of a reminder for a day."""
LATEST = timedelta(hours=12)
"""A reminder that is later than this is no longer sent, however much time is left."""

NOTHING = Span()

_MOMENT = "%Y-%m-%dT%H:%M"
_TEMPLATE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_AT = r"(?:\s+at\s+(\d\d?:\d\d|\d\d?(?::\d\d)?\s*[ap]m|noon))?"
_SPAN = re.compile(rf"(.+?)\s+(before start|after start|before end){_AT}")
_LAST_DAY = re.compile(rf"last[ -]day{_AT}")
_EXAMPLES = N_(
    "`3 days before start`, `1 day after start`, `half-way`, `last day at 10:00` or "
    "`1 hour before end`"
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder. `anchor` is `start`, `end`, `half-way` or `last day`; `offset` is the span
    before it (negative: after), `at` a time of day in the event's zone.
    """

    text: str
    template: str
    anchor: str
    offset: Span = NOTHING
    at: time | None = None

    def due(self, session: Session) -> datetime:
        """When it is to be posted, aware UTC."""
        event = session.event
        zone = ZoneInfo(event.timezone)
        if self.anchor == "half-way":
            return event.start + (event.end - event.start) / 2
        base = event.start if self.anchor == "start" else event.end
        moment = self.offset.before(base, event.timezone)
        if self.at is not None:
            local = moment.astimezone(zone)
            moment = datetime.combine(local.date(), self.at, zone).astimezone(UTC)
        return moment

    def sensible_until(self, session: Session) -> datetime:
        """Until when it may be posted late: at most half of the time that was left then."""
        return self.due(session) + self._room(session)

    def repeats(self, session: Session, moment: datetime) -> bool:
        """Whether one that was posted for `moment`, before the event was moved, says as much."""
        return abs(self.due(session) - moment) < self._room(session)

    def _room(self, session: Session) -> timedelta:
        ahead = session.event.start if self.before_start(session) else session.event.end
        return min(LATEST, max(timedelta(), ahead - self.due(session)) / 2)

    def before_start(self, session: Session) -> bool:
        """Whether it speaks of what is still to come."""
        return self.due(session) < session.event.start


def parse(raw: Any) -> tuple[Reminder, ...]:
    """What an event's `reminders` holds, each entry once. None, `off` and [] are none at all.

    Raises UserError, one line, for what is not understood.
    """
    if raw is None or raw is False or (isinstance(raw, str) and raw.strip().casefold() == "off"):
        return ()
    if isinstance(raw, str):
        raw = [part for part in re.split(r"[;\n]", raw) if part.strip()]
    if not isinstance(raw, Sequence):
        raise UserError(
            _("`reminders` must be a list; write entries such as {examples}", examples=_(_EXAMPLES))
        )
    found = [entry(item) for item in raw]
    return tuple({reminder.text: reminder for reminder in found}.values())


def entry(raw: Any) -> Reminder:
    """One entry: a text, or a mapping of `when` and `template`. Raises UserError as `parse`."""
    template: str | None = None
    when = raw
    if isinstance(raw, dict):
        unknown = set(raw) - {"when", "template"}
        if unknown or not isinstance(raw.get("when"), str):
            raise UserError(
                _(
                    "an entry in `reminders` needs `when`, may have `template`, and takes nothing "
                    "else"
                )
            )
        when, template = raw["when"], raw.get("template")
        if template is not None and not (
            isinstance(template, str) and _TEMPLATE.fullmatch(template)
        ):
            raise UserError(
                _(
                    "the `template` of a reminder must be the name of a file in `templates/`, "
                    "without `.txt` (lowercase letters, digits, `-` and `_`)"
                )
            )
    if not isinstance(when, str):
        raise UserError(
            _("an entry in `reminders` is not text; write {examples}", examples=_(_EXAMPLES))
        )
    text = " ".join(when.casefold().split())
    found = _entry(text)
    if found is None:
        raise UserError(
            _(
                "I don't understand the reminder “{value}”; write {examples}",
                value=text[:60],
                examples=_(_EXAMPLES),
            )
        )
    return Reminder(text, template or found.template, found.anchor, found.offset, found.at)


def _entry(text: str) -> Reminder | None:
    if text in {"half-way", "halfway", "half way"}:
        return Reminder(text, HALFWAY, "half-way")
    last = _LAST_DAY.fullmatch(text)
    if last:
        return Reminder(text, LAST_DAY, "last day", at=_time(last[1]) if last[1] else MORNING)
    match = _SPAN.fullmatch(text)
    span = span_or_none(match[1]) if match else None
    if match is None or span is None:
        return None
    at = _time(match[3]) if match[3] else None
    if match[2] == "before end":
        return Reminder(text, ENDING, "end", span, at)
    if match[2] == "after start":
        return Reminder(text, OPEN, "start", Span(-span.days, -span.minutes), at)
    return Reminder(text, TEASER, "start", span, at)


def _time(text: str) -> time | None:
    return clock("".join(text.split()))


def of(session: Session, defaults: tuple[Reminder, ...]) -> tuple[Reminder, ...]:
    """The reminders of a session: its event's own, else the defaults.

    What the file says was checked when it was read; an event stored by another version whose
    entries are not understood any more has none.
    """
    if "reminders" not in session.event.options:
        return defaults
    try:
        return parse(session.event.options["reminders"])
    except UserError:
        return ()


def key(session: Session, reminder: Reminder) -> str:
    """The permanent key of its message."""
    return f"{keys_of(session, reminder)}{reminder.due(session):{_MOMENT}}"


def keys_of(session: Session, reminder: Reminder) -> str:
    """How the keys of its messages begin, for whatever moment they were."""
    return f"session {session.id} reminder {reminder.text} "


def posted(session: Session, reminder: Reminder, keys: Iterable[str]) -> bool:
    """Whether it was posted, by the keys that begin as `keys_of` says.

    An event that moves is reminded of again, but not when it moves by so little that the earlier
    message would still have made sense at the new moment.
    """
    start = keys_of(session, reminder)
    for found in keys:
        try:
            moment = datetime.strptime(found.removeprefix(start), _MOMENT).replace(tzinfo=UTC)
        except ValueError:
            continue  # of another reminder, whose text begins with this one's
        if found == key(session, reminder) or reminder.repeats(session, moment):
            return True
    return False


def due(session: Session, defaults: tuple[Reminder, ...], at: datetime) -> list[Reminder]:
    """Those to be posted now unless they were already: due, not too late, in their state.

    Before the start they are for a session that is scheduled, afterwards for one that is open.
    """
    found = []
    for reminder in of(session, defaults):
        wanted = State.SCHEDULED if reminder.before_start(session) else State.OPEN
        if session.state is not wanted or not _has_room(session, reminder):
            continue
        if reminder.due(session) <= at < reminder.sensible_until(session):
            found.append(reminder)
    return found


def next_moment(
    sessions: Iterable[Session], defaults: tuple[Reminder, ...], at: datetime
) -> datetime | None:
    """When the next reminder will be due, None if none is to come."""
    moments = [
        reminder.due(session)
        for session in sessions
        if session.state in (State.SCHEDULED, State.OPEN)
        for reminder in of(session, defaults)
        if reminder.due(session) > at and _has_room(session, reminder)
    ]
    return min(moments, default=None)


def _has_room(session: Session, reminder: Reminder) -> bool:
    """Whether it falls into the session, or before it if it is a teaser.

    An hour before the end of a half-hour session is outside it, for example.
    """
    moment = reminder.due(session)
    if reminder.anchor == "start" and reminder.offset.days + reminder.offset.minutes > 0:
        return moment < session.event.start
    return session.event.start <= moment < session.event.end

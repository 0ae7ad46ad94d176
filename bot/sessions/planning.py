"""What organizers plan: a book to come, and changes of the files that plan it.

The files are the truth about events. What an organizer does in Slack changes the file, just
as a person with an editor would, and the change of the file becomes the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.errors import UserError
from bot.sessions.model import Event, Link, State


@dataclass(frozen=True, slots=True)
class Draft:
    """A schedule file that is to be written.

    `start` and `end` are aware; `timezone` is the IANA name in whose times the file says them.
    `authors` are entries as the file has them (a page's `short`, or a plain name), `slack` the
    Slack member IDs of entries that have no page. Empty texts are left out or, for
    `description` and `cover`, get what the other files say.
    """

    title: str
    start: datetime
    end: datetime
    authors: tuple[str, ...]
    description: str = ""
    links: tuple[Link, ...] = ()
    cover: str = ""
    channel: str = ""
    timezone: str = "UTC"
    slack: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class Unfit(UserError):
    """A draft or a change that the check refuses. `fields` has one line for each key of the
    file that is wrong ('' for what no key says); the text is the first of them.
    """

    def __init__(self, fields: Mapping[str, str]):
        super().__init__(next(iter(fields.values()), "the schedule is not valid"))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Doer:
    """Who changes something: the Slack member ID and the name, for the log and for commits."""

    slack_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A line of the schedule: an event, its session's state, and what is wrong with its file."""

    event: Event
    state: State | None
    problems: tuple[str, ...] = ()


class Plans(Protocol):
    """The schedule files, as organizers use them. Every method may take seconds.

    All raise UserError, one line, for what cannot be done; nothing is changed then.
    """

    def coming(self) -> tuple[Sequence[Planned], Sequence[str]]:
        """Events that are not over, by start; what is wrong with files that plan nothing now."""

    def timezone(self) -> str:
        """The zone of files that name none, an IANA name."""

    def find(self, part: str) -> Event:
        """An event by its file's id or an unambiguous part of it."""

    def entry(self, slack_id: str, name: str) -> tuple[str, bool]:
        """What `authors` would say for a Slack member, and whether a page says the member."""

    async def create(self, draft: Draft, by: Doer) -> Event:
        """Writes a new file. Raises Unfit for what the check refuses."""

    async def move(
        self, event_id: str, start: datetime | None, end: datetime | None, by: Doer
    ) -> Event:
        """Writes `start`, `end` or both into the file of an event."""

    async def close(self, event_id: str, end: datetime, by: Doer) -> Event:
        """Ends an open session at a moment by Slack's clock."""

    async def cancel(self, event_id: str, by: Doer) -> Event:
        """Takes an event that has not begun out of the plan; its file stays, renamed."""

    async def restore(self, part: str, by: Doer) -> Event:
        """Puts an event that was cancelled back."""

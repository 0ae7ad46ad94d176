"""The directory of people: `people/*.md`, a page for each author of the website.

A page's `short` is what `authors` may name, its `title` the name that people read; `slack`, a
key of ours, is the Slack member ID.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.library import files
from bot.library.document import Document
from bot.library.event import Entry, Schedule, event_id, member_id
from bot.library.problem import FileError, Problem, Severity, quoted
from bot.sessions.model import Author
from bot.support.remedies import reason
from bot.texts import _

FOLDER = "people"
HANDLES = ("github", "twitter", "linkedin")
PAGE_BYTES = 1024 * 1024

Members = Callable[[str], str | None]
"""Slack members by name: gives the member ID, None where the name is unknown or not unique."""


@dataclass(frozen=True, slots=True)
class Page:
    """One person: the page's file, `short`, the name, the Slack member ID if the page says it,
    and the names they have elsewhere (GitHub and such), for who goes by one of them in Slack."""

    path: Path
    short: str
    name: str
    slack_id: str | None = None
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A page's file as it was when it was last read."""

    stamp: files.Stamp
    page: Page | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """All pages by `short`, and what is wrong with them."""

    pages: Mapping[str, Page] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    folder: Path | None = None
    files: Mapping[Path, Read] = field(default_factory=dict, repr=False)

    def author(
        self, entry: str, slack: Mapping[str, str] | None = None, members: Members | None = None
    ) -> Author:
        """The author an entry of `authors` names.

        The member ID is that of the event's own `slack` mapping, else that of the page, else
        what `members` has for the name, else None.
        """
        page = self.pages.get(entry)
        name = page.name if page else entry
        slack_id = (slack or {}).get(entry) or (page.slack_id if page else None)
        return Author(entry, name, slack_id or (members(name) if members else None))

    def authors(self, schedule: Schedule, members: Members | None) -> tuple[Author, ...]:
        """Those whom a file names."""
        entries = (entry.text for entry in schedule.entries)
        return tuple(self.author(entry, schedule.slack, members) for entry in entries)


def folder_for(root: Path) -> Path | None:
    """The folder of people for a folder of schedules: inside it or beside it; None if neither."""
    for candidate in (root / FOLDER, root.absolute().parent / FOLDER):
        if candidate.is_dir():
            return candidate
    return None


def load(folder: Path | None, previous: Directory = Directory()) -> Directory:
    """Reads the pages of a folder, those that `previous` has only when they changed.

    What cannot be read is a problem and stops no other.
    """
    if folder is None:
        return Directory()
    pages: dict[str, Page] = {}
    problems: list[Problem] = []
    done: dict[Path, Read] = {}
    try:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix == ".md" and path.name[0] not in "._"
        )
    except OSError as error:
        what = _("cannot be read: {error}", error=reason(error))
        return Directory({}, (Problem(folder, 1, what, _("correct the folder")),), folder)
    for path in paths:
        known = previous.files.get(path)
        if known is None or not files.unchanged(path, known.stamp):
            try:
                known = _read(path)
            except FileError as error:
                problems.append(error.at(path))
                continue
        done[path] = known
        problems += known.problems
        page = known.page
        if page is None:
            continue
        if page.short in pages:
            problems.append(
                Problem(
                    path,
                    1,
                    _(
                        "{name} has the same `short`: {short}",
                        short=quoted(page.short),
                        name=pages[page.short].path.name,
                    ),
                    _("give one of them another `short`"),
                )
            )
            continue
        pages[page.short] = page
    return Directory(pages, tuple(problems), folder, done)


def _read(path: Path) -> Read:
    data, stamp = files.read(path, PAGE_BYTES)
    try:
        fields = Document.parse(data).fields()
    except FileError as error:
        return Read(stamp, None, (error.at(path),))
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for key in ("short", "title"):
        found = fields.get(key)
        if found and isinstance(found.value.data, str) and found.value.data.strip():
            texts[key] = found.value.data.strip()
        else:
            problems.append(
                Problem(
                    path,
                    found.line if found else 1,
                    _("the page has no `{key}`", key=key),
                    _("add `{key}: …`", key=key),
                    Severity.WARNING,
                )
            )
    short = texts.get("short", event_id(path))
    slack = fields.get("slack")
    slack_id = None
    if slack is not None and slack.value.data is not None:
        slack_id = member_id(slack.value, problems, path)
    handles = tuple(
        fields[key].value.data.strip()
        for key in HANDLES
        if key in fields and isinstance(fields[key].value.data, str)
    )
    page = Page(path, short, texts.get("title", short), slack_id, handles)
    return Read(stamp, page, tuple(problems))


def unresolved(entry: Entry, path: Path) -> Problem:
    """The warning about an author of whom no Slack member is known."""
    return Problem(
        path,
        entry.line,
        _("the author {value} is not linked to a Slack member", value=quoted(entry.text)),
        _(
            "add `slack: U…` to their page in `{folder}/`, or `{value}: U…` below `slack:` here",
            folder=FOLDER,
            value=entry.text,
        ),
        Severity.WARNING,
    )

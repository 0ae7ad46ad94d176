"""What the pages are made of: each event with the threads of its archive.

Read one by one, so that a site takes no more memory than its longest session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserError
from bot.library import archive
from bot.library.library import Library, load
from bot.library.problem import Problem, shown
from bot.sessions.model import Event
from bot.web import text
from bot.web.site import covers
from bot.web.site.authorship import Authorship
from bot.web.text import Shown


@dataclass(frozen=True, slots=True)
class Planned:
    """An event that gets a page: its file, and the folder of schedules it was found in."""

    event: Event
    path: Path
    root: Path


@dataclass(frozen=True, slots=True)
class Said:
    """A reply. `markdown` is its text as the archive has it, `shown` as a page shows it."""

    name: str
    markdown: str
    shown: Shown
    by_author: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A question and its replies. `number` counts from 1 in the order of asking; a thread begun
    by an author is no question (an answer outside a thread, or a word of welcome)."""

    number: int
    question: Said
    replies: tuple[Said, ...]

    @property
    def anchor(self) -> str:
        """The fragment of its address."""
        return f"q{self.number}"

    @property
    def is_question(self) -> bool:
        """Whether a reader began it."""
        return not self.question.by_author

    @property
    def is_answered(self) -> bool:
        """Whether an author replied."""
        return any(reply.by_author for reply in self.replies)


@dataclass(frozen=True, slots=True)
class Book:
    """An event with what was said in it. `cover` is the picture's file if it is there."""

    event: Event
    threads: tuple[Thread, ...]
    about: Shown
    cover: Path | None

    @property
    def questions(self) -> int:
        """How many questions readers asked."""
        return sum(thread.is_question for thread in self.threads)

    @property
    def answered(self) -> int:
        """How many of them an author replied to."""
        return sum(thread.is_question and thread.is_answered for thread in self.threads)

    @property
    def silent(self) -> int:
        """How many of them have no reply at all."""
        return sum(thread.is_question and not thread.replies for thread in self.threads)

    @property
    def replies(self) -> int:
        """How many replies there are, whoever gave them."""
        return sum(len(thread.replies) for thread in self.threads)


def find(paths: Sequence[Path]) -> tuple[list[Planned], list[Problem]]:
    """The events in folders and files, oldest first, and what keeps files from being used.

    Raises UserError for a path that is not there, a file that is no event, one id twice, and
    where there is no event at all.
    """
    libraries: dict[Path, Library] = {}
    found: dict[str, Planned] = {}
    problems: list[Problem] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{shown(path)}: is not there; give a folder of schedules or a file")
        root = path if path.is_dir() else path.parent
        if root not in libraries:
            libraries[root] = load(root)
        library = libraries[root]
        for planned in _of(library, path):
            holder = found.setdefault(planned.event.id, planned)
            if not holder.path.samefile(planned.path):
                raise UserError(
                    f"{shown(planned.path)}: has the id of {shown(holder.path)}; rename one of them"
                )
        problems += _errors(library, path)
    if not found:
        why = problems[0] if problems else "add a file to the folder of schedules"
        raise UserError(f"there is no event to show: {why}")
    events = sorted(found.values(), key=lambda each: (each.event.start, each.event.id))
    return events, list(dict.fromkeys(problems))


def _of(library: Library, path: Path) -> Iterator[Planned]:
    events = [
        Planned(event, library.paths[name], library.root) for name, event in library.events.items()
    ]
    if path.is_dir():
        yield from events
        return
    own = [each for each in events if each.path.samefile(path)]
    if not own and not _errors(library, path):
        raise UserError(f"{shown(path)}: is no event; its name must end in .md, not begin with `_`")
    yield from own


def _errors(library: Library, path: Path) -> list[Problem]:
    """Problems of files that have no event now; others (overlaps) keep no page from being made."""
    used = set(library.paths.values())
    return [
        problem
        for problem in library.errors
        if problem.path not in used
        and (path.is_dir() or (problem.path.exists() and problem.path.samefile(path)))
    ]


def read(planned: Planned, website: str = "") -> Book:
    """The book of an event; `website` is what its relative links lead to.

    Raises UserError, one line, for an archive that cannot be read.
    """
    event = planned.event
    entries = archive.read(planned.path) if event.archived else []
    authorship = Authorship(author.name for author in event.authors)
    return Book(
        event=event,
        threads=tuple(_threads(entries, authorship)),
        about=text.description(event.body, website),
        cover=covers.file_of(event, planned.root),
    )


def _threads(entries: Iterable[archive.Entry], authorship: Authorship) -> Iterator[Thread]:
    for number, entry in enumerate(entries, start=1):
        replies = tuple(_said(reply, authorship) for reply in entry.replies)
        yield Thread(number, _said(entry, authorship), replies)


def _said(entry: archive.Entry, authorship: Authorship) -> Said:
    name = " ".join(text.clean(entry.name).split())
    return Said(name, entry.text, text.message(entry.text), authorship.has(name))

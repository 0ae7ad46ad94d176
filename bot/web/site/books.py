"""What the pages are made of: each event with the threads of its archive.

Read one by one, so that a site takes no more memory than its longest session.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.errors import UserError
from bot.library import formats, mending
from bot.library.library import Library, load
from bot.library.problem import Problem, shown
from bot.markup import from_markdown, plain
from bot.sessions import languages, pairing
from bot.sessions.model import Event
from bot.sessions.pairing import Kind
from bot.sessions.talk import is_talk
from bot.texts import _
from bot.web import text
from bot.web.site import covers
from bot.web.text import Shown


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that an archive has, as the database knows it; see `Said` and `Thread`."""

    name: str
    markdown: str
    message: str
    link: str
    at: datetime
    is_talk: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """An event that gets a page: its file, and the folder of schedules it was found in."""

    event: Event
    path: Path
    root: Path


@dataclass(frozen=True, slots=True)
class Said:
    """A question or a reply. `markdown` is its text as the archive has it, `shown` as a page shows
    it. `author` is the author of the book who wrote it, '' for anybody else. `place` counts the
    archive's entries outside threads from 1; it is 0 for what was posted in a thread. `message` is
    `CHANNEL/TS` in Slack, `link` its address there and `at` when it was posted (UTC), where the
    database knows them.
    """

    name: str
    markdown: str
    shown: Shown
    author: str = ""
    place: int = 0
    message: str = ""
    link: str = ""
    at: datetime | None = None

    @property
    def by_author(self) -> bool:
        """Whether an author of the book wrote it."""
        return bool(self.author)

    @property
    def anchor(self) -> str:
        """The fragment of its address; '' for what was posted in a thread."""
        return f"q{self.place}" if self.place else ""


@dataclass(frozen=True, slots=True)
class Thread:
    """A question and its replies, or what an author posted that answers no question for certain.

    `number` counts the questions from 1 and is 0 for what is no question. `see` is the anchor of
    another thread that may have the answer to a question without a reply, '' for none. `page` is
    the file of the question's own page within the site, '' for what is no question. `is_talk` is set
    for a reader's greeting, thanks or chat, which is shown and not counted.
    """

    number: int
    question: Said
    replies: tuple[Said, ...]
    see: str = ""
    page: str = ""
    is_talk: bool = False

    @property
    def anchor(self) -> str:
        """The fragment of its address."""
        return self.question.anchor

    @property
    def is_question(self) -> bool:
        """Whether a reader asked something with it."""
        return not self.question.by_author and not self.is_talk

    @property
    def is_answered(self) -> bool:
        """Whether an author replied."""
        return any(reply.by_author for reply in self.replies)

    @property
    def answered_by(self) -> tuple[str, ...]:
        """The authors who replied, each once."""
        return tuple(dict.fromkeys(reply.author for reply in self.replies if reply.author))


@dataclass(frozen=True, slots=True)
class Book:
    """An event with what was said in it.

    `cover` is the picture's file if it is there. `unsure` counts what authors posted outside
    threads and may answer a question: `marginalia mend` offers it.
    """

    event: Event
    threads: tuple[Thread, ...]
    about: Shown
    cover: Path | None
    unsure: int = 0

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
        """How many replies the questions have, whoever gave them."""
        return sum(len(thread.replies) for thread in self.threads if thread.is_question)


def find(paths: Sequence[Path], timezone: str = "UTC") -> tuple[list[Planned], list[Problem]]:
    """The events in folders and files, oldest first, and what keeps files from being used.

    `timezone` is the IANA name of the zone of files that name none.

    Raises UserError for a path that is not there, a file that is no event, one id twice, and
    where there is no event at all.
    """
    libraries: dict[Path, Library] = {}
    found: dict[str, Planned] = {}
    problems: list[Problem] = []
    for path in paths:
        if not path.exists():
            raise UserError(
                _("{path}: does not exist; give a folder of schedules or a file", path=shown(path))
            )
        root = path if path.is_dir() else path.parent
        if root not in libraries:
            libraries[root] = load(root, timezone=timezone)
        library = libraries[root]
        for planned in _of(library, path):
            holder = found.setdefault(planned.event.id, planned)
            if not holder.path.samefile(planned.path):
                raise UserError(
                    _(
                        "{path}: has the same ID as {other}; rename one of them",
                        path=shown(planned.path),
                        other=shown(holder.path),
                    )
                )
        problems += _errors(library, path)
    if not found:
        why = problems[0] if problems else _("add a file to the folder of schedules")
        raise UserError(_("there is no event to show: {why}", why=why))
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
        raise UserError(
            _(
                "{path}: not a schedule file; its name must end with `.md` and not begin with `_`",
                path=shown(path),
            )
        )
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


def read(planned: Planned, website: str = "", posted: Iterable[Posted] = ()) -> Book:
    """The book of an event; `website` is what its relative links lead to, `posted` what the
    database has of it.

    Raises UserError, one line, for an archive that cannot be read.
    """
    event = planned.event
    page = mending.read(planned.path) if event.archived else None
    threads, unsure = _threads(page, event, _Messages(posted)) if page else ((), 0)
    return Book(
        event=event,
        threads=threads,
        about=text.description(event.body, website),
        cover=covers.file_of(event, planned.root),
        unsure=unsure,
    )


class _Messages:
    """The messages that entries of an archive were, each once: by name and visible text, else by text."""

    def __init__(self, posted: Iterable[Posted]) -> None:
        self._known: dict[tuple[str, str], deque[Posted]] = defaultdict(deque)
        self._taken: set[str] = set()
        self.posted: dict[str, Posted] = {}
        for each in posted:
            self.posted[each.message] = each
            shown = text.message(each.markdown).text
            self._known[each.name, shown].append(each)
            self._known["", shown].append(each)

    def of(self, name: str, shown: str) -> Posted | None:
        """The message of an entry, None where the database has none."""
        for key in ((name, shown), ("", shown)):
            for each in self._known.get(key, ()):
                if each.message not in self._taken:
                    self._taken.add(each.message)
                    return each
        return None


def _threads(
    page: mending.Page, event: Event, messages: _Messages
) -> tuple[tuple[Thread, ...], int]:
    """The threads with the authors' sure answers under their questions, and how many posts by
    authors are left of which it is not sure whether they answer one."""
    # Whoever is only taken for an author, since nobody has an author's name, is not called one.
    known = frozenset[str]() if page.guessed else page.authors
    page = mending.Page(page.path, page.entries, known)
    posts = page.posts()
    adrift = any(entry.name in known or not entry.replies for entry in page.entries)
    found = pairing.pair(posts) if known and adrift else pairing.Pairing(())
    links = page.moves(found)
    said = {
        post: _said(entry, "" if "." in post else post, known, event, messages)
        for post, entry in mending.flat(page.entries)
    }
    unsure = {
        decision.post: decision.candidates[0].question
        for decision in found.decisions
        if decision.by_author
        and decision.kind is not Kind.TALK
        and decision.post not in links
        and decision.candidates
    }
    see = {question: f"q{post}" for post, question in unsure.items()}
    see |= {each.question: f"q{each.by.partition('.')[0]}" for each in found.covered}
    threads: list[Thread] = []
    names = {entry.name for _post, entry in mending.flat(page.entries)}
    number = 0
    for root, replies in pairing.move(posts, links):
        talk = not said[root].by_author and _is_talk(said[root], event, names, messages)
        asked = not said[root].by_author and not talk
        number += asked
        threads.append(
            Thread(
                number if asked else 0,
                said[root],
                tuple(said[reply] for reply in replies),
                "" if replies or not asked else see.get(root, ""),
                is_talk=talk,
            )
        )
    return tuple(threads), len(unsure)


def _is_talk(said: Said, event: Event, names: Collection[str], messages: _Messages) -> bool:
    """Whether a reader's entry is talk: as the database says, where it has the message."""
    posted = messages.posted.get(said.message)
    if posted is not None:
        return posted.is_talk
    return is_talk(plain(from_markdown(said.markdown)), languages.of_event(event), names)


def _said(
    entry: formats.Entry, place: str, known: frozenset[str], event: Event, messages: _Messages
) -> Said:
    name = " ".join(text.clean(entry.name).split())
    author = _author(entry.name, event) if entry.name in known else ""
    said = Said(name, entry.text, text.message(entry.text), author, int(place or 0))
    posted = messages.of(entry.name, said.shown.text)
    if posted is None:
        return said
    return replace(said, message=posted.message, link=posted.link, at=posted.at)


def _author(name: str, event: Event) -> str:
    """Which author of a book goes by a name."""
    names = [author.name for author in event.authors]
    likeness = {each: mending.likeness(name, each) for each in names}
    best = max(names, key=lambda each: likeness[each], default=name)
    return text.clean(best if likeness.get(best) or len(names) == 1 else name)

"""Schedule files written and changed for organizers, just as a person would.

Nothing is written that `marginalia check` would refuse; a change that would make something
wrong is refused, one that leaves wrong what was wrong is not. A cancelled event's file gets `_`
before its name, which is how FORMAT.md's files are set aside: it plans nothing, the website
leaves it out, and renaming it back plans it again.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import UserError
from bot.library import event, files, formats
from bot.library.document import Document, one_line
from bot.library.event import written
from bot.library.library import NOT_EVENTS, Library, check_change
from bot.library.people import Members
from bot.library.problem import FileError, Problem, shown, told
from bot.sessions import times
from bot.sessions.model import Event
from bot.sessions.planning import Draft, Unfit
from bot.support.remedies import not_written, reason
from bot.texts import _, listed

MAX_SLUG_LENGTH = 60
"""Characters of a slug at the most; a longer title is cut between words."""
CANCELLED = "_"
IMAGES = "images/books"
"""Where the website has its covers."""

_APOSTROPHES = re.compile(r"['’‘ʼ`]")
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
_NOT_WORD = re.compile(r"[\W_]+")
_SAFE_NAME = re.compile(r"[\w-]+\.(?:md|yaml)")


def slug(title: str) -> str:
    """The words of a title for a file's name: `mastering-transformers`.

    Accents are dropped; a title in another script keeps its letters.

    >>> slug("Production‑Ready Data Science")
    'production-ready-data-science'
    """
    bare = _APOSTROPHES.sub("", title.casefold())
    plain = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    words = _NOT_ASCII_WORD.sub("-", plain).strip("-")
    if not words:
        words = _NOT_WORD.sub("-", unicodedata.normalize("NFC", bare)).strip("-")
    while len(words) > MAX_SLUG_LENGTH or len(words.encode()) > 3 * MAX_SLUG_LENGTH:
        shorter = words.rpartition("-")[0]
        words = shorter or words[:MAX_SLUG_LENGTH]
        if not shorter:
            break
    return words or "book"


def id_of(draft: Draft) -> str:
    """`YYYYMMDD-slug`: the Monday of the week in which the session starts, in its zone."""
    day = draft.start.astimezone(_zone(draft.timezone)).date()
    monday = day - timedelta(days=day.weekday())
    return f"{monday:%Y%m%d}-{slug(draft.title)}"


def _fits(part: str, path: Path) -> bool:
    """Whether a cancelled file is meant: its name, or its event's ID, has the part in it."""
    wanted = part.removesuffix(formats.of(Path(part)).suffix).casefold()
    return any(wanted in name.casefold() for name in (path.stem[1:], event.event_id(path)))


def text_of(draft: Draft, default_zone: str = event.UTC_NAME) -> str:
    """The whole file: the keys in the order of `schedules/_template.md`, quoted as there.

    `default_zone` is the zone that a file need not name.
    """
    base = id_of(draft)
    description = draft.description or _description(draft)
    lines = [
        "---",
        f"title: {_quoted(draft.title)}",
        f"description: {_quoted(description)}",
        f"cover: {_quoted(draft.cover or f'{IMAGES}/{base}/cover.jpg')}",
        f"image: {_quoted(f'{IMAGES}/{base}/preview.jpg')}",
        f"start: {_moment(draft.start, draft.timezone)}",
        f"end: {_moment(draft.end, draft.timezone)}",
        "authors:" if draft.authors else "authors: []",
        *(f"- {_plain(author)}" for author in draft.authors),
    ]
    if draft.links:
        lines.append("links:")
        for link in draft.links:
            lines += [f"- text: {_plain(link.text)}", f"  link: {_plain(link.url)}"]
    if draft.channel:
        lines.append(f"channel: {_plain(draft.channel)}")
    if draft.timezone != default_zone:
        lines.append(f"timezone: {_plain(draft.timezone)}")
    if draft.slack:
        lines.append("slack:")
        lines += [f"  {_plain(entry)}: {_plain(member)}" for entry, member in draft.slack.items()]
    body = draft.body.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "\n".join([*lines, "---", *(["", body] if body else [])]) + "\n"


@dataclass(slots=True)
class Writer:
    """Writes into the files of a folder. The library it is given is the folder as it is now.

    `now` and `members` are what `load` was given; `before` is called with the paths of what is
    about to be written or renamed. All methods raise UserError, one line; Unfit where the check
    refuses what would be written.
    """

    library: Library
    now: datetime
    members: Members | None = None
    before: Callable[[Sequence[Path]], None] = lambda paths: None

    def create(self, draft: Draft) -> tuple[Path, Event]:
        """Writes a new file into the folder; gives it and its event.

        Never overwrites a file, and never takes the name of one that was cancelled or stands
        in another folder.
        """
        if not draft.title.strip():
            raise Unfit({"title": _("`title` is empty; write the title of the book")})
        _zone(draft.timezone)
        path = self._place(draft)
        name = path.name
        if not _SAFE_NAME.fullmatch(name) or name.startswith(("_", ".")):
            raise Unfit(
                {"title": _("this title cannot be made into a file name; choose another title")}
            )
        holder = self.library.paths.get(event.event_id(path))
        taken = [
            p for p in (path, holder, path.with_name(CANCELLED + name)) if p and os.path.lexists(p)
        ]
        if taken:
            raise Unfit(
                {
                    "title": _(
                        "the file {name} already exists; choose another title or week, or edit "
                        "that file",
                        name=shown(taken[0].name),
                    )
                }
            )
        written = Document.of(text_of(draft, self.library.timezone))
        form = formats.of(path)
        if form is not formats.DEFAULT:
            written = form.document(formats.convert(written, id_of(draft), form))
        document, planned = self._checked(path, written.text, ())
        self.before([path])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(path, document.data)
        except FileExistsError:
            raise Unfit(
                {
                    "title": _(
                        "the file {name} already exists; choose another title", name=shown(name)
                    )
                }
            ) from None
        except OSError as error:
            raise not_written(path, error) from None
        return path, planned

    def _place(self, draft: Draft) -> Path:
        """Where a new file goes: it has the format of the folder's latest, Markdown by default."""
        latest = next(reversed([*self.library.events]), None)
        form = formats.of(self.library.paths[latest]) if latest is not None else formats.DEFAULT
        start = draft.start.astimezone(_zone(draft.timezone))
        return self.library.root / form.path(id_of(draft), start)

    def move(self, event_id: str, start: datetime | None, end: datetime | None) -> Event:
        """Writes moments (aware) into a file, in its own zone; every other byte stays.

        Nothing is written, and `before` is not called, where the file has them already.
        """
        planned = self._event(event_id)
        path = self.library.paths[event_id]
        with told(path):
            before, stamp = formats.read(path)
            after = before
            for key, moment in (("start", start), ("end", end)):
                if moment is not None:
                    local = written(moment.replace(microsecond=0), planned.timezone)
                    after = after.with_value(key, local)
        known = tuple(check_change(self.library, path, before, self.now, self.members)[1])
        document, changed = self._checked(path, after.text, known)
        if document == before:
            return changed
        self.before([path])
        try:
            files.replace(path, [document.data], path.stat(), stamp)
        except files.ChangedMeanwhileError:
            raise UserError(
                _("{path}: was changed just now; try again", path=shown(path))
            ) from None
        except OSError as error:
            raise not_written(path, error) from None
        return changed

    def cancel(self, event_id: str) -> Event:
        """Renames a file so that it plans nothing."""
        planned = self._event(event_id)
        path = self.library.paths[event_id]
        self._rename(path, path.with_name(CANCELLED + path.name))
        return planned

    def restore(self, part: str) -> Event:
        """Renames a cancelled file back."""
        found = sorted(
            path
            for path in self.library.root.rglob(f"{CANCELLED}*")
            if formats.named(path.name.removeprefix(CANCELLED))
            and not NOT_EVENTS & set(path.relative_to(self.library.root).parts)
            and _fits(part, path)
            and path.stem != "_template"
        )
        if len(found) != 1:
            names = ", ".join(f"`{shown(path.stem[1:])}`" for path in found[:10])
            raise UserError(
                _(
                    "“{part}” matches several cancelled events: {names}; write more of the name",
                    part=part[:60],
                    names=names,
                )
                if found
                else _(
                    "no cancelled event matches “{part}”; write its ID or part of it",
                    part=part[:60],
                )
            )
        path = found[0]
        back = path.with_name(path.name.removeprefix(CANCELLED))
        with told(path):
            text = formats.read(path)[0].text
        _document, planned = self._checked(back, text, ())
        self._rename(path, back)
        return planned

    def _rename(self, path: Path, target: Path) -> None:
        """Gives a file a name that is free."""
        self.before([path, target])
        try:
            _link(path, target)
            path.unlink(missing_ok=True)
        except FileExistsError:
            raise UserError(
                _(
                    "the file {name} already exists; rename or remove it first",
                    name=shown(target.name),
                )
            ) from None
        except OSError as error:
            raise UserError(
                _(
                    "{path}: cannot be renamed: {error}; correct the permissions of the folder",
                    path=shown(path),
                    error=reason(error),
                )
            ) from None

    def _event(self, event_id: str) -> Event:
        planned = self.library.events.get(event_id)
        if planned is None:
            raise UserError(
                _(
                    "there is no schedule file {event_id}.md; put it back first",
                    event_id=shown(event_id),
                )
            )
        if event_id in self.library.broken:
            path = self.library.paths[event_id]
            problems = [p for p in self.library.errors if p.path == path]
            why = f": {problems[0]}" if problems else ""
            raise UserError(
                _("{name} cannot be read at the moment{why}", name=shown(path.name), why=why)
            )
        return planned

    def _checked(self, path: Path, text: str, known: tuple[Problem, ...]) -> tuple[Document, Event]:
        """The document and its event; raises Unfit for errors that were not there before."""
        try:
            document = formats.of(path).document(text.encode("utf-8"))
        except FileError as error:
            raise Unfit({"": f"{error.what}; {error.hint}"}) from None
        schedule, problems = check_change(self.library, path, document, self.now, self.members)
        before = {(p.what, p.path) for p in known}
        errors = [p for p in problems if p.is_error and (p.what, p.path) not in before]
        if errors or schedule.event is None:
            raise Unfit(
                _by_key(schedule, errors)
                or {"": _("the file has mistakes; run `marginalia check`")}
            )
        authors = self.library.directory.authors(schedule, self.members)
        return document, replace(schedule.event, authors=authors)


def _by_key(schedule: event.Schedule, errors: Iterable[Problem]) -> dict[str, str]:
    """Problems as one line for each key they stand at."""
    found: dict[str, str] = {}
    for problem in errors:
        key = schedule.key_at(problem.line) if problem.path == schedule.path else None
        found.setdefault(key or "", f"{problem.what}; {problem.hint}")
    return found


def _description(draft: Draft) -> str:
    if not draft.authors:
        return _("Book of the Week. {title}", title=draft.title)
    authors = listed(draft.authors)
    return _("Book of the Week. {title} by {authors}", title=draft.title, authors=authors)


def _quoted(text: str) -> str:
    """A text in double quotes, on one line, its characters as they are."""
    return one_line(" ".join(text.split()), '"')


def _plain(text: str) -> str:
    """A text without quotes where YAML takes it for one, on one line."""
    return one_line(" ".join(text.split()))


def _moment(at: datetime, timezone: str) -> str:
    return one_line(written(at, timezone))


def _zone(name: str) -> ZoneInfo:
    try:
        return times.zone(name)
    except UserError as error:
        raise Unfit({"timezone": str(error)}) from None


def _write_new(path: Path, data: bytes) -> None:
    """Writes a file that must not exist, whole or not at all. Raises FileExistsError, OSError."""
    temporary = path.with_name(f".{path.name}.new")
    files.replace(temporary, [data])
    try:
        _link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _link(path: Path, target: Path) -> None:
    """Gives a file a second name, which fails where that is taken: renaming would not.

    Where the file system has no links, the first name is given up at once.
    """
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        path.rename(target)

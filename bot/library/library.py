"""All events of a folder: read, checked against one another, found by id, compared.

One bad file never stops the others. Reading again reads only what changed, and a file that
became invalid keeps its last good version.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from rapidfuzz import fuzz, process

from bot.errors import UserError
from bot.library import advice, event, files, formats, people, templates
from bot.library.document import Document
from bot.library.event import Schedule
from bot.library.people import Directory, Members
from bot.library.problem import FileError, Problem, Severity, quoted, shown
from bot.library.templates import Templates
from bot.sessions import reminders
from bot.sessions.model import Event
from bot.support.remedies import reason
from bot.texts import _

NOT_EVENTS = frozenset({people.FOLDER, templates.FOLDER})


@dataclass(frozen=True, slots=True)
class Read:
    """One file as it was when it was last read."""

    stamp: files.Stamp
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Library:
    """What a folder of schedules plans.

    `events` by id, ordered by start; `paths` of their files. `broken` are the ids of files that
    are there but cannot be used now: an event among `events` that is in `broken` is the last
    good version of its file, and an id of `broken` that is not among `events` never had one.
    `timezone` and `default_channel` are those of files which name none.
    """

    root: Path
    events: Mapping[str, Event] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    broken: frozenset[str] = frozenset()
    files: Mapping[Path, Read] = field(default_factory=dict, repr=False)
    directory: Directory = field(default_factory=Directory, repr=False)
    templates: Templates = field(default_factory=Templates, repr=False)
    timezone: str = event.UTC_NAME
    default_channel: str = ""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are more than warnings."""
        return tuple(problem for problem in self.problems if problem.is_error)

    def find(self, part: str) -> Event:
        """The event with this id, or the one whose id (or path) has this part in it.

        Raises UserError, naming candidates, for a part that fits none or several.
        """
        wanted = part.removesuffix(formats.of(Path(part)).suffix)
        if wanted in self.events:
            return self.events[wanted]
        by_path = [
            name for name, path in self.paths.items() if part in (str(path), str(path.absolute()))
        ]
        if len(by_path) == 1:
            return self.events[by_path[0]]
        found = [name for name in self.events if wanted.casefold() in name.casefold()]
        if wanted and len(found) == 1:
            return self.events[found[0]]
        for problem in self.errors:
            if not found and event.event_id(problem.path) == wanted:
                raise UserError(
                    _(
                        "the event {part} cannot be used: {problem}",
                        part=quoted(part),
                        problem=problem,
                    )
                )
        if not self.events:
            raise UserError(
                _(
                    "No event matches “{part}”: {root} contains no schedule files; add one",
                    part=part[:60],
                    root=shown(self.root),
                )
            )
        if wanted and found:
            raise UserError(
                _(
                    "“{part}” matches several events: {found}; write more of the name",
                    part=part[:60],
                    found=_list(found),
                )
            )
        near = [
            name
            for name, _score, _index in process.extract(
                wanted, list(self.events), scorer=fuzz.WRatio, limit=3, score_cutoff=50
            )
        ] or list(self.events)
        raise UserError(
            _("No event matches “{part}”. Events: {near}", part=part[:60], near=_list(near))
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What one reading of the folder has that the one before had not.

    `planned` are new and changed events, by id. `removed` and `mended` are the ids of events that are
    gone, and of those that are valid again. `problems` are the new ones, of which there is one for
    each file that became invalid; its last good version stays in force.
    """

    planned: Mapping[str, Event]
    removed: tuple[str, ...]
    mended: tuple[str, ...]
    problems: tuple[Problem, ...]

    def __bool__(self) -> bool:
        return any((self.planned, self.removed, self.mended, self.problems))


def diff(before: Library, now: Library) -> Changes:
    """What changed from one reading to the next; an archive that was written is no change."""
    old, old_problems = before.events, set(before.problems)
    return Changes(
        {name: event for name, event in now.events.items() if old.get(name) != event},
        tuple(name for name in old if name not in now.events and name not in now.broken),
        tuple(sorted(name for name in before.broken - now.broken if name in now.events)),
        tuple(p for p in now.problems if p not in old_problems),
    )


def load(
    root: Path,
    *,
    default_channel: str = "",
    now: datetime | None = None,
    previous: Library | None = None,
    members: Members | None = None,
    timezone: str = event.UTC_NAME,
) -> Library:
    """Reads every event below `root`.

    `default_channel` is that of events which name none, `now` (aware) decides which events are
    over (None: none is), `previous` spares the reading of unchanged files and keeps the last
    good version of those that became invalid, `members` resolves authors by name, `timezone` is the
    IANA name of the zone of files that name none. Never raises for what is in the folder.
    """
    scan = Scan(root)
    known = previous or Library(root)
    # Of two files with one id the one that had it first keeps it.
    paths = sorted(scan.paths(), key=lambda path: known.paths.get(event.event_id(path)) != path)
    directory = people.load(people.folder_for(root), known.directory)
    reading = _Reading(default_channel, now, known, members, timezone)
    reading.problems += scan.problems
    reading.problems += directory.problems
    texts = templates.load(root / templates.FOLDER)
    reading.problems += texts.problems
    for path in paths:
        reading.take(path, directory)
    reading.named_templates(texts)
    reading.keep_unlisted(scan.unlisted)
    reading.overlaps()
    return reading.library(root, directory, texts)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the problems by file and line, and how many schedule files it read."""

    problems: tuple[Problem, ...]
    files: int


def check(
    paths: Sequence[Path],
    *,
    default_channel: str = "",
    now: datetime | None = None,
    members: Members | None = None,
    timezone: str = event.UTC_NAME,
) -> Checked:
    """Every problem of files and folders, as `marginalia check` prints them.

    A folder is read as `load` reads it, files given one by one have the same names skipped (a
    shell's `schedules/*` names them all). Problems between files (overlaps, one id twice) are
    found over all paths together. Where `now` is given, what was hardly meant is a warning too.
    """
    nothing = Library(Path())
    reading = _Reading(default_channel, now, nothing, members, timezone, advises=True)
    known: dict[Path | None, Directory] = {}
    texts: dict[Path, Templates] = {}
    seen: set[Path] = set()
    for given in paths:
        whole, is_folder = given.absolute(), given.is_dir()
        root = given if is_folder else whole.parent
        if templates.FOLDER in (whole.name, whole.parent.name):
            place, only = (given, None) if is_folder else (given.parent, given.name)
            reading.problems += templates.load(place, only).problems
            continue
        scan, folder = Scan(given), people.folder_for(root)
        found: list[Path] = []
        if is_folder and whole.name == people.FOLDER:
            folder = given
        elif not whole.name.startswith(("_", ".")):
            found = list(scan.paths()) if is_folder or not os.path.lexists(given) else [given]
        if folder not in known:
            known[folder] = people.load(folder)
            reading.problems += known[folder].problems
        if root not in texts:
            texts[root] = templates.load(root / templates.FOLDER)
            reading.problems += texts[root].problems if is_folder else ()
        reading.problems += scan.problems
        reading.ignored(scan.ignored if is_folder else ())
        for path in found:
            real = path.resolve() if not path.is_symlink() else path.absolute()
            if real in seen:
                continue
            seen.add(real)
            if is_folder or formats.named(path.name):
                reading.take(path, known[folder])
            else:
                reading.ignored([path])
        reading.named_templates(texts[root])
    reading.overlaps()
    return Checked(tuple(reading.sorted_problems()), len(seen))


def check_change(
    library: Library, path: Path, document: Document, now: datetime, members: Members | None
) -> tuple[Schedule, list[Problem]]:
    """What a file would say if it held `document`, and what would be wrong with it then.

    The same as `check` says of the folder once the file is written; nothing is written. The
    problems are those of this file, and overlaps of its event that another file is told.
    """
    schedule = event.parse(document, path, library.timezone)

    def problems(*changed: tuple[Path, Schedule]) -> list[Problem]:
        reading = _Reading(library.default_channel, now, library, members, library.timezone)
        others = ((other, read.schedule) for other, read in library.files.items() if other != path)
        for each, planned in (*others, *changed):
            reading.plan(each, planned, library.directory)
        reading.overlaps()
        return reading.sorted_problems()

    known = set(problems())
    found = problems((path, schedule))
    return schedule, [p for p in found if p.path == path or p not in known]


class Scan:
    """Finds the files of a folder that may plan an event, and what keeps it from looking.

    Names that begin with `_` or `.` and the folders `people` and `templates` are skipped.
    Symbolic links to folders are not followed (they loop, or give a file twice), links to files
    only where the file is inside the root. `unlisted` are folders that could not be read,
    `ignored` files whose names end otherwise.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.unlisted: list[Path] = []
        self.ignored: list[Path] = []

    def paths(self) -> Iterator[Path]:
        """The files, folder by folder, by name."""
        waiting = [self.root]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except (OSError, ValueError) as error:
                self.unlisted.append(folder)
                self.problem(
                    folder,
                    _("cannot be read: {error}", error=reason(error)),
                    _("correct the path or its permissions"),
                )
                continue
            folders = []
            for entry in entries:
                if entry.name[0] in "._":
                    continue
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in NOT_EVENTS:
                        folders.append(path)
                elif self.wanted(entry, path):
                    yield path
                elif entry.is_file(follow_symlinks=False):
                    self.ignored.append(path)
            waiting += reversed(folders)

    def wanted(self, entry: os.DirEntry[str], path: Path) -> bool:
        """Whether a name that is no folder is a file to read; a link may be a problem."""
        named = formats.named(entry.name)
        if not entry.is_symlink():
            return named
        try:
            real = path.resolve(strict=True)
            inside = real.is_relative_to(self.root.resolve())
            is_folder = real.is_dir()
        except (OSError, RuntimeError):
            # Python 3.11 and 3.12 raise RuntimeError for a loop, later ones OSError.
            if named:
                self.problem(
                    path,
                    _("is a symbolic link to a file that does not exist"),
                    _("correct or remove it"),
                )
            return False
        if is_folder:
            if entry.name not in NOT_EVENTS:
                self.problem(
                    path,
                    _("is a symbolic link to a folder and is not followed"),
                    _("move the folder here"),
                    Severity.WARNING if inside else Severity.ERROR,
                )
            return False
        if named and not inside:
            self.problem(
                path, _("is a symbolic link to a file outside the folder"), _("copy the file here")
            )
            return False
        return named

    def problem(
        self, path: Path, what: str, hint: str, severity: Severity = Severity.ERROR
    ) -> None:
        self.problems.append(Problem(path, 1, what, hint, severity))


@dataclass(slots=True)
class _Reading:
    """One pass over files, and what they are together."""

    default_channel: str
    now: datetime | None
    previous: Library
    members: Members | None
    timezone: str
    advises: bool = False
    """Whether files are also searched for what is hardly meant."""
    files: dict[Path, Read] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    holders: dict[str, Path] = field(default_factory=dict)

    def take(self, path: Path, directory: Directory) -> None:
        """Reads a file, or takes it as it was read before."""
        name = event.event_id(path)
        try:
            read = self.read(path, self.previous.files.get(path))
        except FileError as error:
            self.problems.append(error.at(path))
            self.became_invalid(name, path)
            return
        self.files[path] = read
        self.plan(path, read.schedule, directory)

    def read(self, path: Path, known: Read | None) -> Read:
        """The file as it is now; raises FileError where that cannot be said."""
        if known is not None and files.unchanged(path, known.stamp):
            return known
        data, stamp = files.read(path)
        try:
            document = formats.of(path).document(data)
        except FileError as error:
            return Read(stamp, Schedule(path, None, (error.at(path),)))
        schedule = event.parse(document, path, self.timezone)
        if self.advises and self.now is not None:
            self.problems += advice.on(schedule, document, self.now)
        return Read(stamp, schedule)

    def plan(self, path: Path, schedule: Schedule, directory: Directory) -> None:
        """Takes what a file says, or would say."""
        name = event.event_id(path)
        self.problems += schedule.problems
        holder = self.holders.setdefault(name, path)
        if holder != path:
            what = _(
                "{holder} has the same name: {name}",
                name=quoted(name),
                holder=shown(holder),
            )
            self.problems.append(Problem(path, 1, what, _("rename one of them")))
            return
        if schedule.event is None:
            self.became_invalid(name, path)
            return
        authors = directory.authors(schedule, self.members)
        planned = replace(schedule.event, authors=authors)
        self.events[name] = planned
        self.paths[name] = path
        self.schedules[name] = schedule
        if self.now is None or self.now < planned.end:
            self.problems += [
                people.unresolved(entry, path)
                for entry, author in zip(schedule.entries, authors, strict=True)
                if author.slack_id is None
            ]

    def ignored(self, paths: Iterable[Path]) -> None:
        """Files that look like schedules, and whose names keep them from being read."""
        self.problems += [found for path in paths if (found := advice.on_ignored(path))]

    def became_invalid(self, name: str, path: Path) -> None:
        """Keeps the last good version of a file that cannot be used now."""
        if self.holders.setdefault(name, path) != path:
            return
        self.broken.add(name)
        if self.previous.paths.get(name) == path:
            self.events[name] = self.previous.events[name]
            self.paths[name] = path

    def keep_unlisted(self, folders: Iterable[Path]) -> None:
        """Events of folders that cannot be listed now are not taken for removed."""
        for folder in folders:
            for name, path in self.previous.paths.items():
                if path.is_relative_to(folder):
                    self.became_invalid(name, path)

    def named_templates(self, texts: Templates) -> None:
        """Reminders whose template is neither ours nor a file."""
        for name, planned in self.events.items():
            schedule = self.schedules.get(name)
            if schedule is None or "reminders" not in planned.options:
                continue
            for template in sorted(
                {r.template for r in reminders.parse(planned.options["reminders"])}
            ):
                if template not in texts.names:
                    self.problems.append(
                        texts.missing(template, self.paths[name], schedule.fields["reminders"].line)
                    )

    def overlaps(self) -> None:
        """Two events at one time in one channel: a problem of the later one, naming both."""
        channels: dict[str, list[Event]] = {}
        for planned in self.events.values():
            channel = (planned.channel or self.default_channel).removeprefix("#").casefold()
            channels.setdefault(channel, []).append(planned)
        for channel, events in channels.items():
            events.sort(key=lambda planned: (planned.start, planned.id))
            latest = events[0]
            for planned in events[1:]:
                if planned.start < latest.end:
                    self.overlap(channel, latest, planned)
                latest = max(latest, planned, key=lambda one: one.end)

    def overlap(self, channel: str, first: Event, second: Event) -> None:
        schedule = self.schedules.get(second.id)
        start = schedule.fields.get("start") if schedule else None
        over = first.archived and second.archived
        where = _("channel `{channel}`", channel=channel) if channel else _("the default channel")
        self.problems.append(
            Problem(
                self.paths[second.id],
                start.line if start else 1,
                _(
                    "{second} overlaps {first} in {where}",
                    second=quoted(second.id),
                    first=quoted(first.id),
                    where=where,
                ),
                _("move one of them, or give it another `channel`"),
                Severity.WARNING if over else Severity.ERROR,
            )
        )

    def sorted_problems(self) -> list[Problem]:
        """By file and line, each once."""
        return sorted(dict.fromkeys(self.problems), key=lambda p: (str(p.path), p.line))

    def library(self, root: Path, directory: Directory, texts: Templates) -> Library:
        events = dict(sorted(self.events.items(), key=lambda item: (item[1].start, item[0])))
        return Library(
            root,
            events,
            self.paths,
            tuple(self.sorted_problems()),
            frozenset(self.broken),
            self.files,
            directory,
            texts,
            self.timezone,
            self.default_channel,
        )


def _list(names: Sequence[str], limit: int = 10) -> str:
    more = _(" and {count} more", count=len(names) - limit) if len(names) > limit else ""
    return ", ".join(quoted(name, 100) for name in names[:limit]) + more

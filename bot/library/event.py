"""A schedule file as an event: its keys parsed and checked, each problem with its line.

The keys are those of FORMAT.md, "Front matter". `title`, `start`, `end` and `authors` must be
there; `unthreaded`, `names` and `reminders` are options of ours that later layers read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from rapidfuzz import fuzz, process

from bot.errors import UserError
from bot.library import formats, slips, values
from bot.library.document import Document
from bot.library.formats.record import SLUG, RecordDocument, is_slug
from bot.library.problem import FileError, Problem, Severity, quoted
from bot.library.values import Field, Value
from bot.sessions import reminders
from bot.sessions.model import Event, Link
from bot.sessions.times import zone_of
from bot.texts import _

UTC_NAME = "UTC"
"""The zone of schedule files unless they, or a setting, say another."""
REQUIRED = ("title", "start", "end", "authors")
KEYS = (
    *REQUIRED,
    *("description", "cover", "image", "links", "archive"),
    *("channel", "timezone", "slack", "language", "unthreaded", "names", "reminders"),
)
OTHER_NAMES = {"text": ("title", "name", "label"), "link": ("url", "href", "address")}
"""What people write instead of the keys of a link."""
LANGUAGES = ("en", "es", "de")
CHOICES = {
    "language": LANGUAGES,
    "unthreaded": ("keep", "attach"),
    "names": ("latest", "as-posted"),
}
LONGEST = timedelta(days=28)
FIRST_YEAR, LAST_YEAR = 1990, 2999

_MOMENT = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d)(?::(\d\d))?)?")
_SLASHES = re.compile(
    r"(?P<year>\d{4})[/.](?P<month>\d\d?)[/.](?P<day>\d\d?)(?P<time>\s+\d\d?:\d\d(?::\d\d)?)?"
)
_DOTS = re.compile(
    r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})(?P<time>\s+\d\d?:\d\d(?::\d\d)?)?"
)
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{7,}")
_CHANNEL_NAME = re.compile(r"[\w-]{1,80}")
_MEMBER_ID = re.compile(r"[UW][A-Z0-9]{6,}")
_BLANK = re.compile(r"\s")
_SCHEMES = frozenset({"http", "https", "mailto"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of `authors` as written, and its line."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """What one file says, before people and other files are looked at.

    `event` has no authors yet (they need the directory of people); it is None where the file
    has an error. `fields` are the keys at the top, none of a file with broken YAML. `id` and `begins` (local, as the
    file writes it) are the event's also where the file has errors; None where `start` is wrong.
    """

    path: Path
    event: Event | None
    problems: tuple[Problem, ...]
    entries: tuple[Entry, ...] = ()
    slack: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)
    id: str = ""
    begins: datetime | None = None

    def key_at(self, line: int) -> str | None:
        """The key at the top whose value stands in a line of the file; None above the first."""
        above = [(found.line, key) for key, found in self.fields.items() if found.line <= line]
        return max(above)[1] if above else None


def parse(document: Document, path: Path, timezone: str = UTC_NAME) -> Schedule:
    """The schedule in a document; problems, never an exception.

    `timezone` is the IANA name of the zone of files that name none.
    """
    try:
        fields = document.fields(skip=("archive",))
    except FileError as error:
        return Schedule(path, None, (error.at(path),))
    return _Parser(path, document, fields, timezone).schedule()


def event_id(path: Path) -> str:
    """The file's id: its name without `.md`, or the `slug` of a record."""
    return formats.of(path).event_id(path)


@dataclass(slots=True)
class _Parser:
    path: Path
    document: Document
    fields: dict[str, Field]
    timezone: str
    problems: list[Problem] = field(default_factory=list)
    meant: set[str] = field(default_factory=set)
    """Required keys that are there under a misspelt name."""

    def error(self, line: int, what: str, hint: str) -> None:
        self.problems.append(Problem(self.path, line, what, hint))

    def warning(self, line: int, what: str, hint: str) -> None:
        self.problems.append(Problem(self.path, line, what, hint, Severity.WARNING))

    def schedule(self) -> Schedule:
        self.unknown_keys()
        identity = self.identity()
        if any("\udc80" <= c <= "\udcff" for c in identity):
            self.error(1, _("the name of the file is not UTF-8"), _("rename it"))
        for key in REQUIRED:
            if key not in self.fields and key not in self.meant:
                self.error(
                    1,
                    _("the key `{key}` is missing", key=key),
                    _("add {example}", example=_example(key)),
                )
        title = self.text("title", required=True)
        zone_name, zone = self.zone()
        start = self.moment("start", zone, time(0, 0))
        end = self.moment("end", zone, time(23, 59, 59))
        self.order(start, end)
        entries = self.authors()
        slack = self.slack(entries)
        links = self.links()
        description = self.text("description")
        cover, image = self.text("cover"), self.text("image")
        channel = self.channel()
        options = self.options()
        archive = self.archive()
        event = None
        if not any(p.is_error for p in self.problems) and title and start and end:
            event = Event(
                id=identity,
                title=title,
                start=start,
                end=end,
                description=description or "",
                links=links,
                cover=cover or None,
                image=image or None,
                channel=channel,
                timezone=zone_name,
                body=self.document.body.replace("\r\n", "\n").strip(),
                options=options,
                archived=archive,
                file=self.path.name,
            )
        begins = written(start, zone_name) if start is not None else None
        return Schedule(
            self.path, event, tuple(self.problems), entries, slack, self.fields, identity, begins
        )

    def identity(self) -> str:
        """The event's ID; a record's is its `slug`, where it is one."""
        found = self.fields.get(SLUG) if isinstance(self.document, RecordDocument) else None
        slug = found.value.data if found is not None else None
        return slug if isinstance(slug, str) and is_slug(slug) else event_id(self.path)

    def unknown_keys(self) -> None:
        for name, found in self.fields.items():
            if name in KEYS:
                continue
            if (plain := slips.without_odd_characters(name)) in KEYS:
                self.meant.add(plain)
                self.error(
                    found.line,
                    _("the key `{key}` contains a character that cannot be seen", key=plain),
                    _("delete the key and type it again"),
                )
                continue
            near = process.extractOne(
                name, KEYS, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=80
            )
            if not near or near[0] in self.fields:
                continue
            what = _("the key {name} is unknown", name=quoted(name))
            if near[0] in REQUIRED:
                self.meant.add(near[0])
                self.error(found.line, what, _("write `{name}`", name=near[0]))
            else:
                self.warning(found.line, what, _("write `{near}` if you meant that", near=near[0]))

    def text(self, key: str, required: bool = False) -> str | None:
        """The text of a key, without blanks around it; None where there is none."""
        found = self.fields.get(key)
        if found is None:
            return None
        if found.value.is_null and not required:
            return None
        text = self.words(found.value, f"`{key}`")
        if required and text == "":
            cut = self.document.comment_after(found.value.end)
            self.error(
                found.line,
                _("`{key}` is empty: a `#` begins a comment", key=key)
                if cut
                else _("`{key}` is empty", key=key),
                _("put the value in quotes")
                if cut
                else _("write {example}", example=_example(key)),
            )
        return text

    def words(self, value: Value, name: str) -> str | None:
        """A value that must be text; None, and a problem, where it is something else."""
        if isinstance(value.data, str):
            return value.data.strip()
        if value.is_null:
            return ""
        what = {"list": _("a list"), "mapping": _("a mapping")}.get(value.kind, _kind(value.data))
        if value.kind == "scalar":
            self.error(
                value.line,
                _(
                    "{name} must be text, but {raw} is {what} in YAML",
                    name=name,
                    raw=quoted(value.raw),
                    what=what,
                ),
                _('put it in quotes: `"{raw}"`', raw=value.raw),
            )
        else:
            self.error(
                value.line,
                _("{name} must be text, but is {what}", name=name, what=what),
                _("write plain text"),
            )
        return None

    def zone(self) -> tuple[str, ZoneInfo | None]:
        """The name and the zone of `timezone`; the zone is None where it is not known."""
        name = self.text("timezone")
        if not name:
            return self.timezone, zone_of(self.timezone)
        zone = zone_of(name)
        if zone is None:
            near = process.extractOne(
                name, _zone_names(), scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=70
            )
            example = near[0] if near else "Europe/Berlin"
            self.error(
                self.fields["timezone"].line,
                _("the time zone {name} is unknown", name=quoted(name)),
                _("write an IANA name such as `{example}`", example=example),
            )
        return name, zone

    def moment(self, key: str, zone: ZoneInfo | None, day_time: time) -> datetime | None:
        """`start` or `end`, aware UTC; `day_time` completes a date without a time."""
        found = self.fields.get(key)
        if found is None:
            return None
        value, line = found.value, found.line
        given = _given(value, day_time)
        if given is None:
            self.error(line, *_not_a_date(key, value))
            return None
        if not FIRST_YEAR <= given.year <= LAST_YEAR:
            self.error(
                line,
                _("the year of `{key}` is {year}", key=key, year=given.year),
                _(
                    "write a year between {first} and {last}",
                    first=FIRST_YEAR,
                    last=LAST_YEAR,
                ),
            )
            return None
        if not isinstance(value.data, datetime) and ":" not in value.raw:
            self.warning(
                line,
                _(
                    "`{key}` has no time of day, so {time} is used",
                    key=key,
                    time=day_time.isoformat(),
                ),
                _("write `YYYY-MM-DD HH:MM:SS`"),
            )
        if given.tzinfo is not None:
            return given.astimezone(UTC)
        if zone is None:
            return None
        return self.in_zone(key, line, given, zone)

    def in_zone(self, key: str, line: int, given: datetime, zone: ZoneInfo) -> datetime:
        """A local time as UTC. One that the clocks skip or repeat is taken with the offset that
        held before the change, and said."""
        first = given.replace(tzinfo=zone, fold=0)
        second = given.replace(tzinfo=zone, fold=1)
        moment = first.astimezone(UTC)
        if first.utcoffset() != second.utcoffset():
            back = moment.astimezone(zone).replace(tzinfo=None)
            what = (
                _("`{key}` occurs twice in {zone} because the clocks go back, so the first is used")
                if back == given
                else _(
                    "`{key}` does not exist in {zone} because the clocks go forward, so {back} is "
                    "used"
                )
            )
            what = what.format(key=key, zone=zone.key, back=back)
            self.warning(line, what, _("choose another time"))
        return moment

    def order(self, start: datetime | None, end: datetime | None) -> None:
        if start is None or end is None:
            return
        line = self.fields["end"].line
        if end <= start:
            self.error(line, _("`end` is not after `start`"), _("correct one of them"))
        elif end - start > LONGEST:
            self.warning(
                line,
                _("the session lasts {days} days", days=(end - start).days),
                _("correct `start` or `end` if you did not mean that"),
            )

    def authors(self) -> tuple[Entry, ...]:
        found = self.fields.get("authors")
        if found is None:
            return ()
        if found.value.kind != "list":
            name = found.value.raw if isinstance(found.value.data, str) else _("name")
            name = name.strip().removeprefix("-").strip()
            self.error(
                found.line,
                _("`authors` must be a list"),
                _(
                    "write each author on a line of its own below `authors:`, as `- {name}`",
                    name=name,
                ),
            )
            return ()
        entries: list[Entry] = []
        for item in found.value.data:
            text = self.words(item, _("an item of `authors`"))
            if text == "":
                self.error(
                    item.line,
                    _("an item of `authors` is empty"),
                    _("write a name or delete the item"),
                )
            elif text and any(entry.text == text for entry in entries):
                self.warning(
                    item.line,
                    _("{value} is listed twice in `authors`", value=quoted(text)),
                    _("keep one"),
                )
            elif text:
                entries.append(Entry(text, item.line))
        if not found.value.data:
            self.warning(
                found.line,
                _("`authors` is empty"),
                _("add the authors: only their replies are answers"),
            )
        return tuple(entries)

    def of_kind(self, key: str, kind: str, what: str, hint: str) -> Value | None:
        """The value of a key that must be a list or a mapping, None where there is none; what is
        something else is an error."""
        found = self.fields.get(key)
        if found is None or found.value.is_null:
            return None
        if found.value.kind != kind:
            self.error(found.line, what, hint)
            return None
        return found.value

    def slack(self, entries: tuple[Entry, ...]) -> dict[str, str]:
        found = self.of_kind(
            "slack",
            "mapping",
            _("`slack` must give a member ID for each author"),
            _("write `author: U0123ABCD` on a line of its own below `slack:`"),
        )
        ids: dict[str, str] = {}
        for name, value in found.data.items() if found else ():
            ids[name] = member_id(value, self.problems, self.path) or ""
            if not any(entry.text == name for entry in entries):
                self.warning(
                    value.line,
                    _("{name} in `slack` is not listed in `authors`", name=quoted(name)),
                    _("write the name exactly as in `authors`"),
                )
        return {name: member for name, member in ids.items() if member}

    def links(self) -> tuple[Link, ...]:
        found = self.of_kind(
            "links",
            "list",
            _("`links` must be a list"),
            _("write `- text: …` and `link: …` below `links:`"),
        )
        links = [self.link(item) for item in found.data] if found else []
        return tuple(link for link in links if link)

    def link(self, item: Value) -> Link | None:
        if item.kind != "mapping":
            self.error(
                item.line,
                _("an item of `links` has no `text` and `link`"),
                _("write `- text: …`, and `  link: …` on the next line"),
            )
            return None
        parts: dict[str, str] = {}
        for key in ("text", "link"):
            value = item.data.get(key)
            if value is None:
                other = next((name for name in OTHER_NAMES[key] if name in item.data), None)
                hint = (
                    _("write `{key}` instead of `{other}`", key=key, other=other)
                    if other
                    else _("add `{key}: …`", key=key)
                )
                self.error(item.line, _("a link has no `{key}`", key=key), hint)
                continue
            text = self.words(value, _("`{key}` of a link", key=key))
            if text == "":
                self.error(
                    value.line,
                    _("`{key}` of a link is empty", key=key),
                    _("write `{key}: …`", key=key),
                )
            elif text:
                parts[key] = text
        if len(parts) < 2:
            return None
        self.address(parts["link"], item.data["link"].line)
        return Link(parts["text"], parts["link"])

    def address(self, url: str, line: int) -> None:
        try:
            scheme = urlsplit(url).scheme
        except ValueError:
            scheme = ""
        what = _("the link {url} is not a web address", url=quoted(url))
        if scheme and scheme not in _SCHEMES:
            self.error(line, what, _("begin it with `https://`"))
        elif _BLANK.search(url):
            self.warning(line, what, _("begin it with `https://`, and write `%20` for a space"))
        elif not scheme:
            self.warning(line, what, _("begin it with `https://`"))

    def channel(self) -> str | None:
        found = self.fields.get("channel")
        if found is None:
            return None
        if found.value.is_null:
            self.error(
                found.line,
                _("`{key}` is empty: a `#` begins a comment", key="channel"),
                _("write the name without `#`, or delete the key"),
            )
            return None
        text = self.words(found.value, "`channel`")
        if text is None:
            return None
        name = text.removeprefix("#")
        if _CHANNEL_ID.fullmatch(name) or (_CHANNEL_NAME.fullmatch(name) and name == name.lower()):
            return name
        self.error(
            found.line,
            _("{value} is not the name of a Slack channel", value=quoted(text)),
            _("write the name (lowercase letters, digits, `-`, `_`) or the ID"),
        )
        return None

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for key, choices in CHOICES.items():
            choice = self.text(key)
            if choice is None:
                continue
            if choice not in choices:
                self.error(
                    self.fields[key].line,
                    _("`{key}` is {choice}", key=key, choice=quoted(choice)),
                    _("write {example}", example=" or ".join(f"`{c}`" for c in choices)),
                )
            options[key] = choice
        found = self.fields.get("reminders")
        if found is not None and found.value.data is not None:
            options["reminders"] = self.reminders(found)
        return options

    def reminders(self, found: Field) -> Any:
        """What `reminders` says, each entry checked at its own line."""
        raw = values.plain(found.value)
        items = zip(found.value.data, raw, strict=True) if found.value.kind == "list" else ()
        try:
            for item, plain in items:
                line = item.line
                reminders.entry(plain)
            line = found.line
            reminders.parse(raw)
        except UserError as error:
            what, _mark, hint = str(error).partition("; ")
            self.error(line, what, hint or _("correct it"))
        return raw

    def archive(self) -> bool:
        self.of_kind(
            "archive",
            "list",
            _("`archive` must be a list of threads"),
            _("delete it and run `marginalia export` again"),
        )
        return "archive" in self.fields and not self.fields["archive"].value.is_null


def member_id(value: Value, problems: list[Problem], path: Path) -> str | None:
    """A Slack member ID; None, and a problem, where the value is none."""
    if isinstance(value.data, str) and _MEMBER_ID.fullmatch(value.data.strip()):
        return value.data.strip()
    what = _("{raw} is not a Slack member ID", raw=quoted(value.raw))
    hint = _("copy it from the member's profile in Slack; it begins with U or W")
    problems.append(Problem(path, value.line, what, hint))
    return None


def written(at: datetime, timezone: str) -> datetime:
    """A moment as a schedule in that zone writes it: local there, without a zone."""
    return at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def _example(key: str) -> str:
    return {
        "title": '`title: "The Title"`',
        "start": "`start: YYYY-MM-DD HH:MM:SS`",
        "end": "`end: YYYY-MM-DD HH:MM:SS`",
        "authors": _("`authors:` with one `- name` per line"),
    }[key]


def _kind(data: object) -> str:
    if isinstance(data, bool):
        return _("a yes/no value")
    return _("a date") if isinstance(data, date) else _("a number")


def _not_a_date(key: str, value: Value) -> tuple[str, str]:
    """What is wrong with a text that is no date, and what to write."""
    raw = value.raw
    form = _("write `YYYY-MM-DD HH:MM:SS`")
    if value.kind != "scalar":
        return _("`{key}` must be one date", key=key), form
    if not raw.strip():
        return _("`{key}` is empty", key=key), form
    if "YYYY" in raw or "TODO" in raw:
        return _("`{key}` is still the placeholder {raw}", key=key, raw=quoted(raw)), _(
            "write the date"
        )
    plain = slips.without_odd_characters(raw)
    if plain != raw and _given(replace(value, data=plain, raw=plain), time()) is not None:
        return _(
            "`{key}` contains a typographic quote or a special space: {raw}",
            key=key,
            raw=quoted(raw),
        ), _("write `{key}: {plain}`", key=key, plain=plain)
    better = _reordered(plain)
    if better is not None and _given(replace(value, data=better, raw=better), time()) is not None:
        form = _("write `{key}: {plain}`", key=key, plain=better)
    elif "24:00" in raw:
        form = _("write `23:59:59`, or `00:00:00` of the next day")
    return _("`{key}` is not a valid date: {raw}", key=key, raw=quoted(raw)), form


def _reordered(text: str) -> str | None:
    """A date in the order of another country, as `YYYY-MM-DD HH:MM:SS`; None for other texts.

    `05.01.2026` is the fifth of January; which month `5/1/2026` is nobody can say.
    """
    found = _SLASHES.fullmatch(text) or _DOTS.fullmatch(text)
    if found is None:
        return None
    rest = (found["time"] or "").strip()
    return f"{found['year']}-{int(found['month']):02}-{int(found['day']):02} {rest}".strip()


def _given(value: Value, day_time: time) -> datetime | None:
    """What is written as a moment, quoted or not; naive unless a zone was written with it."""
    data = value.data
    if isinstance(data, datetime):
        return data
    if isinstance(data, date):
        return datetime.combine(data, day_time)
    match = _MOMENT.fullmatch(data.strip()) if isinstance(data, str) else None
    if match is None:
        return None
    year, month, day, *clock = (int(part) if part else None for part in match.groups())
    try:
        whole = date(year or 0, month or 0, day or 0)
        if clock[0] is None:
            return datetime.combine(whole, day_time)
        return datetime.combine(whole, time(clock[0], clock[1] or 0, clock[2] or 0))
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))

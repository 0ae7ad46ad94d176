"""What a schedule file says that can be read, but is hardly what its writer meant.

`marginalia check` adds these warnings to the problems; the running bot does without them. A file
with an archive is finished, and is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.library.document import Document
from bot.library.event import Schedule
from bot.library.problem import Problem, Severity, quoted
from bot.library.values import Field, Value
from bot.texts import _

SHORTEST = timedelta(minutes=30)
"""A session that lasts less is taken for a slip."""
FAR = timedelta(days=60)
"""A file's name whose date is further from `start` is taken for a slip."""
EXAMPLES = frozenset(
    {"The Title", "A. Author", "B. Writer", "aauthor", "What the book is about, in Markdown."}
)
"""What `schedules/_template.md` says until somebody fills it in."""

_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|TBA|FIXME|XXX)\b|YYYY|\byyyymmdd\b|some-words|\bexample\.(?:com|org|net)\b"
    r"|lorem ipsum",
)
_TYPOGRAPHIC = re.compile(r"^([“”„«»‘’‚‛‹›]).*|.*([“”«»])$", re.DOTALL)
_STRAY_QUOTE = re.compile(r"^[^\"']*[\"']$")
_MEMBER_ID = re.compile(r"[UW][A-Z0-9]{8,}")
_SEVERAL = re.compile(r",|;| & | and | - |\n")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d+);")
_DATE_IN_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)-")
_KEY_LINES = re.compile(rb"^(?:\xef\xbb\xbf)?(title|start|end|authors)[ ]*:", re.MULTILINE)
_DATED = re.compile(r"(?:\d{8}|\d{2}(?:\d{2})?-\d{2}-\d{2})[-_ .]")
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg"})
_HEAD_BYTES = 4096


def on(schedule: Schedule, document: Document, now: datetime) -> list[Problem]:
    """Warnings about a file, in order; none for one with an archive or with broken YAML."""
    fields = schedule.fields
    archived = schedule.event is not None and schedule.event.archived
    if not fields or archived or "archive" in fields:
        return []
    return list(_Adviser(schedule, document, fields, now).warnings())


def on_ignored(path: Path) -> Problem | None:
    """The warning about a file whose name says nothing to us, where it looks like a schedule."""
    if path.suffix.casefold() in _PICTURES:
        return None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    looks = len({found[1] for found in _KEY_LINES.finditer(head)}) > 1
    if not looks and _DATED.match(path.name) is None:
        return None
    better = path.with_suffix("") if path.suffix.casefold() in (".txt", ".bak") else path
    name = better.name if better.suffix == ".md" else f"{better.stem}.md"
    if path.suffix in (".yaml", ".yml"):
        what = _("the file is ignored because its name is not that of a record")
        hint = _("name it `yy-mm-dd-some-words.yaml`")
    else:
        what = _("the file is ignored because its name does not end with `.md`")
        hint = _("rename it to `{name}`", name=name)
    return Problem(path, 1, what, hint, Severity.WARNING)


@dataclass(frozen=True, slots=True)
class _Adviser:
    schedule: Schedule
    document: Document
    fields: Mapping[str, Field]
    now: datetime

    def warning(self, line: int, what: str, hint: str) -> Problem:
        return Problem(self.schedule.path, line, what, hint, Severity.WARNING)

    def warnings(self) -> Iterator[Problem]:
        for name, value in self.texts():
            yield from self.on_text(name, value)
        yield from self.on_authors()
        yield from self.on_times()
        yield from self.on_pictures()
        yield from self.on_body()

    def texts(self) -> Iterator[tuple[str, Value]]:
        """The texts that people read, and the key of each."""
        for key in ("title", "description", "cover", "image"):
            if key in self.fields and isinstance(self.fields[key].value.data, str):
                yield key, self.fields[key].value
        for key in ("authors", "links"):
            found = self.fields.get(key)
            for item in found.value.data if found and isinstance(found.value.data, list) else ():
                parts = item.data if isinstance(item.data, dict) else {key: item}
                yield from (
                    (name, part) for name, part in parts.items() if isinstance(part.data, str)
                )

    def on_text(self, key: str, value: Value) -> Iterator[Problem]:
        text = value.data.strip()
        comment = "" if value.style else self.document.comment_after(value.end)
        if key in ("link", "cover", "image"):
            comment = ""  # no `#` with a blank before it belongs to these
        if comment:
            yield self.warning(
                value.line,
                _(
                    "`{key}` ends before {comment}, which is a comment",
                    key=key,
                    comment=quoted(comment),
                ),
                _("put the whole value in quotes if this belongs to it"),
            )
        if _PLACEHOLDER.search(text) or text in EXAMPLES:
            yield self.warning(
                value.line,
                _("`{key}` is still a placeholder: {text}", key=key, text=quoted(text)),
                _("fill it in"),
            )
        elif _TYPOGRAPHIC.match(text):
            yield self.warning(
                value.line,
                _("the typographic quotes are part of `{key}`: {text}", key=key, text=quoted(text)),
                _("delete them, or write straight quotes"),
            )
        elif not value.style and _STRAY_QUOTE.match(text):
            yield self.warning(
                value.line,
                _(
                    "`{key}` ends with a quotation mark but does not begin with one: {text}",
                    key=key,
                    text=quoted(text),
                ),
                _("delete it, or add one at the beginning"),
            )
        if key in ("title", "authors") and _ENTITY.search(text):
            yield self.warning(
                value.line,
                _("`{key}` has an HTML entity: {text}", key=key, text=quoted(text)),
                _("write the character itself"),
            )

    def on_authors(self) -> Iterator[Problem]:
        for entry in self.schedule.entries:
            if _MEMBER_ID.fullmatch(entry.text):
                yield self.warning(
                    entry.line,
                    _("{value} is a member ID, not a name", value=quoted(entry.text)),
                    _("write the name here, and `name: {value}` below `slack:`", value=entry.text),
                )
            elif _SEVERAL.search(entry.text):
                yield self.warning(
                    entry.line,
                    _("{value} looks like several authors", value=quoted(entry.text)),
                    _("write each on a line of its own, as `- name`"),
                )

    def on_times(self) -> Iterator[Problem]:
        yield from self.on_offsets()
        event = self.schedule.event
        if event is None:
            return
        line = self.fields["end"].line
        if event.end <= self.now:
            yield self.warning(
                line,
                _("the session ended on {day} and has no archive", day=f"{event.end:%Y-%m-%d}"),
                _("correct the year or the dates, or run `marginalia export`"),
            )
        elif event.end - event.start < SHORTEST:
            minutes = int((event.end - event.start).total_seconds() // 60)
            yield self.warning(
                line,
                _("the session lasts only {minutes} minutes", minutes=minutes),
                _("correct `start` or `end` if you did not mean that"),
            )
        planned = _date_in(self.schedule.id)
        if planned is not None and abs(planned - event.start.date()) > FAR:
            yield self.warning(
                self.fields["start"].line,
                _("`start` is far from the date in the name of the file"),
                _("correct `start`, or rename the file"),
            )

    def on_offsets(self) -> Iterator[Problem]:
        """`Z` or `+02:00` behind a time, where other times have none."""
        own = {
            key: isinstance(self.fields[key].value.data, datetime)
            and self.fields[key].value.data.tzinfo is not None
            for key in ("start", "end")
            if key in self.fields
        }
        for key in (key for key, has in own.items() if has):
            if "timezone" in self.fields:
                yield self.warning(
                    self.fields[key].line,
                    _("`{key}` has its own offset, so `timezone` does not apply to it", key=key),
                    _("delete one of the two"),
                )
            elif not all(own.values()):
                yield self.warning(
                    self.fields[key].line,
                    _("only one of `start` and `end` has an offset"),
                    _("write both with it, or delete it and add `timezone`"),
                )

    def on_pictures(self) -> Iterator[Problem]:
        for key in ("cover", "image"):
            found = self.fields.get(key)
            text = found.value.data if found else None
            if not found or not isinstance(text, str) or _PLACEHOLDER.search(text):
                continue
            problem = self.on_picture(key, found.value.line, text.strip())
            if problem:
                yield problem

    def on_picture(self, key: str, line: int, text: str) -> Problem | None:
        if not text or "://" in text:
            return None
        if "\\" in text:
            return self.warning(
                line,
                _("`{key}` has a backslash: {text}", key=key, text=quoted(text)),
                _("write `/`"),
            )
        for root in self.schedule.path.absolute().parents:
            folder = root / text.lstrip("/").partition("/")[0]
            if "/" in text.lstrip("/") and folder.is_dir():
                place = root / text.lstrip("/")
                return None if place.is_file() else self.no_picture(key, line, text, place)
            if (root / ".git").exists():
                return None
        return None

    def no_picture(self, key: str, line: int, text: str, place: Path) -> Problem:
        """The warning about a picture that is not there, with the file that may be meant."""
        like = place.parent.glob(f"{place.stem}.*") if place.parent.is_dir() else iter(())
        near = next((other.name for other in sorted(like) if other.name != place.name), None)
        hint = (
            _("write `{name}`", name=text.rpartition("/")[0] + "/" + near)
            if near
            else _("add the file or correct the path")
        )
        return self.warning(
            line, _("there is no file {text} for `{key}`", text=quoted(text), key=key), hint
        )

    def on_body(self) -> Iterator[Problem]:
        body = self.document.body
        line = self.document.text.count("\n", 0, self.document.body_start) + 1
        for number, text in enumerate(body.splitlines()):
            if text.startswith(("<<<<<<< ", ">>>>>>> ")):
                yield self.warning(
                    line + number,
                    _("a merge conflict of Git is not resolved"),
                    _("keep one version, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`"),
                )
            elif text.strip() in EXAMPLES or re.match(r"\s*(?:TODO|TBD|FIXME)\b", text):
                yield self.warning(
                    line + number,
                    _("the description is still a placeholder: {text}", text=quoted(text.strip())),
                    _("fill it in"),
                )


def _date_in(name: str) -> date | None:
    """The date with which an event's id begins; None where there is none."""
    found = _DATE_IN_NAME.match(name)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None

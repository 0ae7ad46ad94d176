"""YAML read with care: every value with its line and place, and nothing that YAML can hide.

Built on PyYAML's events (libyaml's where it is there: the same events, ten times faster), not
on its constructor: tags, anchors and aliases are refused before anything is made of them, so
neither a `!!python/…` tag nor a "billion laughs" has an effect; duplicate keys, deep nesting
and a flood of values are refused as well.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from bot.library import slips
from bot.library.problem import BrokenYamlError, FileError, quoted
from bot.texts import _

MAX_DEPTH = 16
MAX_VALUES = 50_000
MAX_ARCHIVE_VALUES = 2_000_000
"""The same with an archive: some half a million messages; what a file may hold is limited anyway."""
_LONG = 1024 * 1024

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE
_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")
_RESOLVER: Any = Resolver()
_STR = "tag:yaml.org,2002:str"
_CONSTRUCTOR = SafeConstructor()
_CONSTRUCTORS = {
    f"tag:yaml.org,2002:{kind}": getattr(_CONSTRUCTOR, f"construct_yaml_{kind}")
    for kind in ("bool", "float", "int", "null", "timestamp")
}

Scalar = str | int | float | bool | date | datetime | None


@dataclass(slots=True)
class Value:
    """A value of the YAML and where it stands.

    `data` is a scalar, a list of values, or a mapping of names to values; None for what was
    skipped. `kind` is `scalar`, `list` or `mapping`. `line` is in the file's numbering, `start`
    and `end` are offsets in the YAML text (`end` after the last character of the content,
    without blank lines and comments that follow). `raw` is the text of a scalar before YAML
    made a number or a date of it, `style` its quotes (`'`, `"`, `|`, `>` or '').
    """

    data: Any
    kind: str
    line: int
    start: int
    end: int
    raw: str = ""
    style: str = ""

    @property
    def is_null(self) -> bool:
        """Whether nothing is written, or `null`."""
        return self.kind == "scalar" and self.data is None


@dataclass(slots=True)
class Field:
    """A key at the top, where it begins, and its value."""

    name: str
    line: int
    start: int
    value: Value


def read(
    text: str, first_line: int = 1, skip: Collection[str] = (), most: int = MAX_VALUES
) -> dict[str, Field]:
    """The keys at the top of a YAML mapping, in order.

    `first_line` is the number of the text's first line in its file. The values of the keys in
    `skip` are checked and measured, but not kept; of others there may be `most`. Raises FileError
    for what is not a block mapping at the start of the line, or is refused.
    """

    def tried(other: str) -> FileError | None:
        try:
            _Reader(other, first_line, skip, most).fields()
        except FileError as error:
            return error
        return None

    try:
        return _Reader(text, first_line, skip, most).fields()
    except BrokenYamlError as error:
        raise slips.find(text, first_line, error, tried) from None


def plain(value: Value, dates: bool = False) -> Any:
    """The value without lines and places, as `yaml.safe_load` gives it; dates become text, unless
    they are to stay `dates`."""
    if isinstance(value.data, list):
        return [plain(item, dates) for item in value.data]
    if isinstance(value.data, dict):
        return {name: plain(item, dates) for name, item in value.data.items()}
    return value.raw if isinstance(value.data, date) and not dates else value.data


class _Pieces:
    """A long text handed out in pieces, so that libyaml makes no second copy of all of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def read(self, size: int = 65_536) -> str:
        piece = self.text[self.at : self.at + size]
        self.at += len(piece)
        return piece


class _Reader:
    def __init__(self, text: str, first_line: int, skip: Collection[str], most: int) -> None:
        self.text = text
        self.most = most
        self.first_line = first_line
        self.skip = skip
        self.count = 0
        self.depth = 0
        self.breaks: list[int] | None = None
        if _OTHER_BREAKS.search(text):
            # YAML counts NEL, LS and PS as ends of lines; editors do not.
            self.breaks = [match.start() for match in re.finditer("\n", text)]

    def line(self, mark: Any) -> int:
        """The line of a YAML mark, in the file's numbering."""
        if self.breaks is not None:
            return self.first_line + bisect_left(self.breaks, mark.index)
        return self.first_line + int(mark.line)

    def fault(self, mark: Any, what: str, hint: str) -> FileError:
        return FileError(self.line(mark), what, hint)

    def fields(self) -> dict[str, Field]:
        bad = _UNPRINTABLE.search(self.text)
        if bad:
            raise FileError(
                self.first_line + self.text.count("\n", 0, bad.start()),
                _("YAML does not allow the character U+{group}", group=f"{ord(bad.group()):04X}"),
                _("delete it"),
            )
        try:
            source = self.text if len(self.text) < _LONG else _Pieces(self.text)
            return self.top(iter(yaml.parse(source, Loader=_Loader)))
        except yaml.MarkedYAMLError as error:
            raise self.broken(error) from None
        except yaml.YAMLError as error:
            raise BrokenYamlError(
                self.first_line, _("broken YAML: {error}", error=error), _("correct it")
            ) from None

    def broken(self, error: yaml.MarkedYAMLError) -> FileError:
        mark = error.problem_mark or error.context_mark
        line = self.line(mark) if mark else self.first_line
        what = _("broken YAML: {error}", error=error.problem or error.context)
        if error.problem and error.context:
            what += f" {error.context}"
            if error.context_mark and self.line(error.context_mark) != line:
                what += _(" that begins on line {line}", line=self.line(error.context_mark))
        hint = _("correct it")
        if "mapping values are not allowed" in what:
            hint = _("put a value that contains a colon in quotes")
        elif "tab character" in what:
            hint = _("indent with spaces")
        elif "cannot start any token" in what:
            hint = _("indent with spaces, and put a text that begins with this character in quotes")
        elif "quoted scalar" in what:
            hint = _("close the quotes")
        elif "expected <block end>" in what or "could not find expected ':'" in what:
            hint = _("look at the indentation and the quotes of this line and the one above")
        kind = FileError if "nesting depth" in what else BrokenYamlError
        return kind(line, " ".join(what.split()), hint)

    def top(self, events: Iterator[Any]) -> dict[str, Field]:
        next(events)  # the start of the stream
        if isinstance(next(events), yaml.StreamEndEvent):
            return {}
        root = next(events)
        mark: Any = root.start_mark
        self.refuse(root)
        if isinstance(root, yaml.ScalarEvent) and not root.value and not root.style:
            fields: dict[str, Field] = {}
        elif not isinstance(root, yaml.MappingStartEvent):
            raise BrokenYamlError(
                self.line(mark),
                _("the front matter is not a list of keys"),
                _("write one `key: value` per line"),
            )
        elif root.flow_style or mark.column:
            raise BrokenYamlError(
                self.line(mark),
                _("the keys of the front matter do not begin at the start of the line"),
                _("write one `key: value` per line, without braces or indentation"),
            )
        else:
            fields = self.root_fields(events)
        end = next(events)
        if end.explicit:
            raise self.fault(
                end.start_mark, _("the line `...` ends the YAML too early"), _("delete that line")
            )
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self.fault(
                after.start_mark,
                _("there is more than one YAML document"),
                _("keep one between the two lines `---`"),
            )
        return fields

    def root_fields(self, events: Iterator[Any]) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        for key in events:
            if isinstance(key, yaml.MappingEndEvent):
                break
            name = self.key(key, fields)
            first = next(events)
            value = self.skipped(first, events) if name in self.skip else self.value(first, events)
            value.end = max(value.end, key.end_mark.index + 1)
            fields[name] = Field(name, self.line(key.start_mark), key.start_mark.index, value)
        return fields

    def refuse(self, event: Any) -> None:
        """Refuses what can hide something; where it is most likely a text, as a slip."""
        is_alias = isinstance(event, yaml.AliasEvent)
        is_text = is_alias or isinstance(event, yaml.ScalarEvent)
        if is_alias or getattr(event, "anchor", None):
            raise (BrokenYamlError if is_text else FileError)(
                self.line(event.start_mark),
                _("YAML anchors (`&`) and aliases (`*`) are not allowed here"),
                _("write out the value, or put a text that begins with `&` or `*` in quotes"),
            )
        tag = getattr(event, "tag", None)
        if tag:
            is_text = is_text and tag.startswith("!")
            raise (BrokenYamlError if is_text else FileError)(
                self.line(event.start_mark),
                _("YAML tags are not allowed here: {tag}", tag=quoted(tag)),
                _("delete the tag, or put a text that begins with `!` in quotes"),
            )

    def key(self, event: Any, known: Collection[str]) -> str:
        self.refuse(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self.fault(event.start_mark, _("a key is not text"), _("write `key: value`"))
        name: str = event.value
        if name in known:
            raise self.fault(
                event.start_mark,
                _("the key {name} appears twice", name=quoted(name)),
                _("keep one of them"),
            )
        return name

    def value(self, event: Any, events: Iterator[Any]) -> Value:
        self.refuse(event)
        self.count += 1
        if self.count > self.most:
            raise self.fault(
                event.start_mark, _("there are too many values"), _("shorten the front matter")
            )
        mark = event.start_mark
        if isinstance(event, yaml.ScalarEvent):
            return Value(
                _scalar(event),
                "scalar",
                self.line(mark),
                mark.index,
                self.scalar_end(event),
                event.value,
                event.style or "",
            )
        self.deeper(mark)
        value: Value
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Value] = []
            value = Value(items, "list", self.line(mark), mark.index, mark.index + 1)
            for inner in events:
                if isinstance(inner, yaml.SequenceEndEvent):
                    self.close(value, event, inner)
                    break
                items.append(self.value(inner, events))
                value.end = max(value.end, items[-1].end)
        else:
            mapping: dict[str, Value] = {}
            value = Value(mapping, "mapping", self.line(mark), mark.index, mark.index + 1)
            for inner in events:
                if isinstance(inner, yaml.MappingEndEvent):
                    self.close(value, event, inner)
                    break
                name = self.key(inner, mapping)
                mapping[name] = self.value(next(events), events)
                value.end = max(value.end, inner.end_mark.index + 1, mapping[name].end)
        self.depth -= 1
        return value

    def skipped(self, event: Any, events: Iterator[Any]) -> Value:
        """Goes past a value, refusing the same, and says only what kind it is and how far it goes."""
        self.refuse(event)
        mark = event.start_mark
        if isinstance(event, yaml.ScalarEvent):
            return self.value(event, events)
        kind = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
        value = Value(None, kind, self.line(mark), mark.index, mark.index + 1)
        open_events = [event]
        self.deeper(mark)
        while open_events:
            inner = next(events)
            if isinstance(inner, yaml.ScalarEvent):
                self.refuse(inner)
                value.end = max(value.end, self.scalar_end(inner))
            elif isinstance(inner, yaml.CollectionStartEvent):
                self.refuse(inner)
                self.deeper(inner.start_mark)
                open_events.append(inner)
            elif isinstance(inner, yaml.CollectionEndEvent):
                self.close(value, open_events.pop(), inner)
                self.depth -= 1
            else:
                self.refuse(inner)
        return value

    def deeper(self, mark: Any) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault(
                mark,
                _("the values are nested too deeply"),
                _("nest at most {max_depth} levels", max_depth=MAX_DEPTH),
            )

    def close(self, value: Value, start: Any, end: Any) -> None:
        """A collection in brackets ends with its bracket; one in lines with its last content."""
        if start.flow_style:
            value.end = max(value.end, end.end_mark.index)

    def scalar_end(self, event: Any) -> int:
        start: int = event.start_mark.index
        end: int = event.end_mark.index
        if event.style in ("|", ">"):
            # YAML's mark lies behind the blank lines and comments that follow the text.
            return start + len(self.text[start:end].rstrip())
        return end


def _scalar(event: Any) -> Scalar:
    raw: str = event.value
    if event.style:
        return raw
    tag = _RESOLVER.resolve(yaml.ScalarNode, raw, (True, False))
    make = _CONSTRUCTORS.get(tag)
    if make is None:
        return raw
    try:
        made: Scalar = make(yaml.ScalarNode(tag, raw))
    except (ValueError, OverflowError):
        return raw  # 2021-02-30, or a number of thousands of digits: the text says more
    return made

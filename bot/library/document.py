"""A schedule file as text: front matter and body, with every byte kept.

The only code that knows `---`. FORMAT.md: "Between a line `---` and the next line `---`; then
the description of the book in Markdown. UTF-8, LF." A change of one key replaces that key's
bytes and no others. A byte order mark and CR LF line ends, which Windows editors write, are
accepted; what is added has the line ends that the file has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

import yaml

from bot.library import slips, values
from bot.library.problem import FileError
from bot.library.values import Field
from bot.texts import _

BOM = "\ufeff"
"""The byte order mark, as it reads in a text."""
_OPENING = re.compile(rf"{BOM}?---[ \t]*(?:\r?\n|\Z)")
_CLOSING = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_BLANK_END = re.compile(r"(?:\A|\n)[ \t]*\r?\n\Z")
_TRAILING_BLANKS = re.compile(r"(?:(?<=\n)|\A)(?:[ \t]*\r?\n)+\Z")
_COMMENT = re.compile(r"[ \t]+#")
_LONE_CR = re.compile(r"\r(?!\n)")

FIRST_LINE = 2
"""The number of the first line of the front matter in its file."""
ARCHIVE = "archive"
"""The key of an archive."""


@dataclass(frozen=True, slots=True)
class Document:
    """The whole text of a file and where its parts begin and end (offsets in `text`)."""

    text: str
    front_start: int
    front_end: int
    body_start: int
    first_line: ClassVar[int] = FIRST_LINE

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The document in the bytes of a file.

        Raises FileError, with the line, for what is not UTF-8, has a NUL, or a CR without LF in
        the front matter, or has no front matter between two lines `---`.
        """
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise FileError(1, _("is saved as UTF-16"), _("save the file as UTF-8")) from None
            if b"\0" in data[: error.start + 1024]:
                raise FileError(
                    1, _("is a binary file"), _("remove it, or save it as UTF-8 text")
                ) from None
            line = data.count(b"\n", 0, error.start) + 1
            raise FileError(line, _("is not UTF-8"), _("save the file as UTF-8")) from None
        return cls.of(text)

    @classmethod
    def of(cls, text: str) -> Self:
        """The document in a text; raises FileError as `parse` does."""
        cls.refuse(text)
        opening = _OPENING.match(text)
        if opening is None:
            raise slips.no_opening(text)
        closing = _CLOSING.search(text, opening.end())
        if closing is None:
            raise slips.no_closing(text, opening.end())
        body = min(closing.end() + 1, len(text))
        return cls(text, opening.end(), closing.start(), body)

    @staticmethod
    def refuse(text: str) -> None:
        """Raises FileError for what no file may hold: a NUL, or a CR alone in the YAML."""
        nul = text.find("\0")
        if nul >= 0:
            line = text.count("\n", 0, nul) + 1
            raise FileError(
                line, _("contains a NUL character"), _("delete it, or save the file as UTF-8 text")
            )
        if text.removeprefix(BOM).startswith(("---\r", "---\n")):
            _refuse_carriage_returns(text)

    @property
    def front(self) -> str:
        """The YAML between the two lines; empty, or ending with a newline."""
        return self.text[self.front_start : self.front_end]

    @property
    def newline(self) -> str:
        """How the lines of the file end: a LF, or CR LF where the first of the YAML does."""
        end = self.text.find("\n", max(self.front_start - 1, 0))
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    @property
    def body(self) -> str:
        """Everything after the closing line."""
        return self.text[self.body_start :]

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("utf-8")

    def fields(self, skip: Collection[str] = (), most: int = values.MAX_VALUES) -> dict[str, Field]:
        """The keys of the front matter with lines of the file (`values.read`).

        Raises FileError for broken YAML, and for more than `most` values.
        """
        return values.read(self.front, self.first_line, skip, most)

    def comment_after(self, end: int) -> str:
        """The comment (` #`) behind a value that ends at an offset in the YAML; '' for none."""
        rest = self.front[end:].partition("\n")[0].rstrip()
        return rest.strip() if _COMMENT.match(rest) else ""

    def around(self, key: str) -> tuple[str, str]:
        """The text before and after the lines of the key `key`, where a new block shall go.

        The block is the key's line and the lines of its value; blank lines and comments after
        it are not part of it. Where the key is missing, its place is the end of the front
        matter, with one blank line before it and one after (FORMAT.md, "The archive block").
        """
        front = self.front
        field = values.read(front, self.first_line, skip=(key,)).get(key)
        if field is None:
            before = front if not front or _BLANK_END.search(front) else front + self.newline
            start = self.text[: self.front_start] + (before or self.newline)
            return start, self.newline + self.text[self.front_end :]
        begin = front.rfind("\n", 0, field.start) + 1
        if front[begin : field.start].strip("\"'"):
            raise FileError(
                field.line,
                _("the key `{key}` does not begin its line", key=key),
                _("write `key: value`"),
            )
        newline = front.find("\n", field.value.end)
        end = len(front) if newline < 0 else newline + 1
        return self.text[: self.front_start + begin], self.text[self.front_start + end :]

    def end_of_keys(self, keys: Mapping[str, Field]) -> int:
        """Where a new key goes in the YAML: after the last, before an archive."""
        archive = keys.get(ARCHIVE)
        return len(self.front) if archive is None else self.front.rfind("\n", 0, archive.start) + 1

    def with_block(self, key: str, block: str) -> Self:
        """The document with `block` (whole lines, ended by LF) added or in place of the key `key`.

        The block gets the file's line ends; nothing else is touched. Raises FileError for broken
        YAML.
        """
        before, after = self.around(key)
        return self.of(before + block.replace("\n", self.newline) + after)

    def with_value(self, key: str, value: str | datetime) -> Self:
        """The document with one text or moment (written as it is, without zone) at the key.

        Quotes stay as they were, a comment on the line stays; a missing key gets a line of its
        own after the last key, before an archive. Raises FileError for broken YAML, or a key whose
        value is a list or a mapping.
        """
        front = self.front
        fields = self.fields(skip=("archive",))
        field = fields.get(key)
        if field is None:
            line = f"{key}: {one_line(value, '')}{self.newline}"
            cut = self.end_of_keys(fields)
            blanks = _TRAILING_BLANKS.search(front[:cut])
            at = blanks.start() if blanks else cut
            return self._with_front(front[:at] + line + front[at:])
        old = field.value
        if old.kind != "scalar":
            raise FileError(
                field.line, _("`{key}` has several values", key=key), _("write one value")
            )
        written = one_line(value, old.style)
        if old.start == old.end or not front[old.start : old.end].strip():
            at = front.index(":", field.start + len(key)) + 1
            return self._with_front(f"{front[:at]} {written}{front[at:]}")
        return self._with_front(front[: old.start] + written + front[old.end :])

    def _with_front(self, front: str) -> Self:
        return self.of(self.text[: self.front_start] + front + self.text[self.front_end :])


def one_line(value: str | datetime, style: str = "") -> str:
    """A value as a person would write it on one line, with the quotes that were there."""
    quotes = style if style in ("'", '"') else ""
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=None).isoformat(" ", "seconds")
        return f"{quotes}{moment}{quotes}"
    text = dumped(value, default_style=quotes or None, line_break="\n")
    text = text.removesuffix("...\n").removesuffix("\n")
    if "\n" in text:
        text = dumped(value, default_style='"').removesuffix("\n")
    return text


class _Dumper(yaml.SafeDumper):
    pass


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML leaves U+0085 as it is, and reads it as the end of a line.
    style = '"' if "\x85" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def dumped(value: object, width: int = 2**31, **options: Any) -> str:
    """What `yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=width)` writes, but for
    texts that it could not read again.

    `options` are more of its arguments.
    """
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=width, **options
    )
    return text


def _refuse_carriage_returns(text: str) -> None:
    """A CR without LF in the front matter would be a line break to YAML alone."""
    closing = text.find("\n---", 3)
    end = text.find("\n", closing + 1) if closing >= 0 else -1
    found = _LONE_CR.search(text, 0, len(text) if end < 0 else end + 1)
    if found:
        raise FileError(
            text.count("\n", 0, found.start()) + 1,
            _("a line ends with CR only"),
            _("save the file with LF (Unix) or CR LF (Windows) line ends"),
        )

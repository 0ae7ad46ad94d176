"""What somebody meant who made a common slip in YAML: the line, what is wrong, what to write.

YAML's own messages name the place where reading stopped, often lines after the slip, in words
of its grammar. Here each line is tried with the correction that a person would make; a
correction is offered only where the file can then be read, or read further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from bot.library.problem import FileError, quoted
from bot.texts import _, n_

MAX_CHARS = 65_536
"""A longer front matter than a person writes; nothing is tried in it."""
MAX_TRIES = 400
"""How many corrections are tried at most."""

TOP_KEYS = frozenset(
    {
        *("title", "description", "cover", "image", "start", "end", "authors", "links", "archive"),
        *("channel", "timezone", "slack", "unthreaded", "names", "reminders"),
        *("slug", "legacy_path", "summary", "short"),
    }
)
KEYS = TOP_KEYS | {"text", "link", "when", "template", "name"}

_BLANKS = {
    "\u00a0": " ",
    "\u2007": " ",
    "\u202f": " ",
    "\u3000": " ",
    "\u2009": " ",
    "\u200b": "",
    "\u200c": "",
    "\u2060": "",
    "\ufeff": "",
}
_ODD_BLANK = re.compile(f"[{''.join(_BLANKS)}]")
_TYPOGRAPHIC = "“”„‟«»‘’‚‛‹›"
_OPEN_TYPOGRAPHIC = re.compile(rf"^([{_TYPOGRAPHIC}])(.*?)[{_TYPOGRAPHIC}]?$")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?:\s|$)")
_LINE = re.compile(
    r"^(?P<lead>\s*(?:-\s+)?)(?:(?P<key>[\w-]+(?: [\w.-]+)*)(?P<colon>\s*:\s+))?(?P<value>.*)$"
)
_NO_SPACE = re.compile(r"^(\s*(?:-\s+)?)([\w-]+)\s*:(?!\s|//)(.+)$")
_OTHER_COLON = re.compile(r"^(\s*(?:-\s+)?)([\w-]+)\s*(=|：|﹕|∶|;)\s*(.*)$")
_NO_COLON = re.compile(r"^(\s*(?:-\s+)?)([\w-]+)\s+(\S.*)$")
_NO_DASH_SPACE = re.compile(r"^(\s*)-([^\s\-].*)$")
_OTHER_DASH = re.compile(r"^(\s*)([–—−•·*+])\s+(\S.*)$")
_INLINE_ITEM = re.compile(r"^([\w-]+):\s+-\s+(\S.*)$")
_TRAILING_COMMENT = re.compile(r"\s+#.*$")
_SPECIAL = "@`%&*!|>[]{}-?,#:"
_DASHES = re.compile(r"^\s*(?:[-–—−‐‑_*=]{2,}|[–—−])\s*$")


@dataclass(frozen=True, slots=True)
class _Slip:
    """A correction: the line becomes `text` (None: nothing can be tried).

    `hint` says what to do, where that is more than to write the line so.
    """

    text: str | None
    what: str
    hint: str = ""


def find(
    text: str, first_line: int, error: FileError, tried: Callable[[str], FileError | None]
) -> FileError:
    """The slip behind an error in YAML, with its line, or the error itself.

    `tried` reads a text and gives the error that it still has.
    """
    if len(text) > MAX_CHARS:
        return error
    lines = text.replace("\r\n", "\n").split("\n")
    until = min(len(lines), error.line - first_line + 2)
    tries = 0
    for at, slip in chain(
        ((n, slip) for n in range(until) for slip in _slips(lines[n])),
        ((n, slip) for n in reversed(range(until)) for slip in _indents(lines, n)),
        ((n, slip) for n in range(until) for slip in _strays(lines[n])),
    ):
        if slip.text is not None:
            tries += 1
            if tries > MAX_TRIES:
                break
            left = tried("\n".join([*lines[:at], slip.text, *lines[at + 1 :]]))
            if left is not None and left.line <= max(error.line, first_line + at):
                continue
        hint = slip.hint or _("write {line}", line=_shown(slip.text or ""))
        return FileError(first_line + at, slip.what, hint)
    return error


def without_odd_characters(text: str) -> str:
    """The text with ordinary spaces, without typographic quotes and invisible characters."""
    spaced = _ODD_BLANK.sub(lambda match: _BLANKS[match.group()], text)
    return "".join(c for c in spaced if c not in _TYPOGRAPHIC).strip()


def no_opening(text: str) -> FileError:
    """Why a text does not begin with a line `---`."""
    lines = text.removeprefix("\ufeff").splitlines() or [""]
    number = next((n for n, line in enumerate(lines) if line.strip()), 0)
    first = lines[number].strip()
    if first == "---":
        what, line = _("there is an empty line or a space before `---`"), 1
        hint = _("begin the file with `---`")
    elif first == "+++":
        what, line = _("the front matter is TOML (`+++`)"), number + 1
        hint = _("write YAML between two lines `---`")
    elif _DASHES.match(first) or first.startswith("---"):
        what = _("the first line is {line}, not `---`", line=quoted(first))
        line, hint = number + 1, _("write three hyphens and nothing else")
    elif first.startswith("```"):
        what, line = _("the file begins with a code block"), number + 1
        hint = _("write `---` instead of the line with backticks, above and below the keys")
    elif re.match(r"\w+:(?:\s|$)", first):
        what, line = _("there is no line `---` above the keys"), number + 1
        hint = _("write `---` as the first line, and once more after the last key")
    else:
        what, line = _("no front matter"), 1
        hint = _("begin the file with a line `---`, or its name with `_` if it plans no event")
    return FileError(line, what, hint)


def no_closing(text: str, start: int) -> FileError:
    """Why no line `---` ends the front matter that begins at `start`."""
    before = text.count("\n", 0, start)
    for number, line in enumerate(text[start:].split("\n")):
        if _DASHES.match(line) or line.strip() in ("...", "+++") or line.strip().startswith("---"):
            return FileError(
                before + number + 1,
                _("the line {line} does not close the front matter", line=quoted(line.strip())),
                _("write three hyphens (`---`) at the start of the line and nothing else"),
            )
    last = text.count("\n") + (not text.endswith("\n"))
    return FileError(
        last,
        _("the front matter has no closing line `---`"),
        _("write it after the last key"),
    )


def _slips(line: str) -> Iterator[_Slip]:
    """The slips that a line may have, the surest first."""
    if _CONFLICT.match(line):
        yield _Slip(
            None,
            _("a merge conflict of Git is not resolved"),
            _("keep one version, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`"),
        )
    if not line.strip() or line.lstrip().startswith("#"):
        return
    yield from _blanks(line)
    yield from _keys(line)
    yield from _items(line)
    yield from _quotes(line)
    yield from _plain(line)


def _blanks(line: str) -> Iterator[_Slip]:
    found = _ODD_BLANK.search(line)
    if found:
        code = f"U+{ord(found.group()):04X}"
        better = _ODD_BLANK.sub(lambda match: _BLANKS[match.group()], line)
        visible = _BLANKS[found.group()] == " "
        yield _Slip(
            better,
            _("the line contains a non-breaking space ({code})", code=code)
            if visible
            else _("the line contains an invisible character ({code})", code=code),
            _("replace it with an ordinary space: {line}", line=_shown(better))
            if visible
            else _("delete it: {line}", line=_shown(better)),
        )


def _keys(line: str) -> Iterator[_Slip]:
    for pattern in (_NO_SPACE, _OTHER_COLON, _NO_COLON):
        found = pattern.match(line)
        if found is None or found[2].casefold() not in KEYS:
            continue
        lead, key, value = found[1], found[2], found[found.re.groups]
        better = f"{lead}{key}: {value.strip()}"
        if pattern is _NO_SPACE:
            what = _("there is no space after the colon of `{key}`", key=key)
        elif pattern is _OTHER_COLON:
            what = _("`{key}` is followed by `{sign}` instead of a colon", sign=found[3], key=key)
        else:
            what = _("there is no colon after `{key}`", key=key)
        yield _Slip(better, what)


def _items(line: str) -> Iterator[_Slip]:
    found = _NO_DASH_SPACE.match(line)
    if found:
        better = f"{found[1]}- {found[2]}"
        yield _Slip(better, _("there is no space after the `-`"))
    found = _OTHER_DASH.match(line)
    if found:
        better = f"{found[1]}- {found[3]}"
        yield _Slip(better, _("the list item begins with `{sign}` instead of `-`", sign=found[2]))
    found = _INLINE_ITEM.match(line)
    if found:
        yield _Slip(
            f"{found[1]}:\n- {found[2]}",
            _("the first list item is on the same line as `{key}:`", key=found[1]),
            _("write it on the next line: {line}", line=_shown(f"- {found[2]}")),
        )


def _quotes(line: str) -> Iterator[_Slip]:
    found = _LINE.match(line)
    if found is None or not found["value"]:
        return
    head, value = line[: found.start("value")], found["value"].rstrip()
    typographic = _OPEN_TYPOGRAPHIC.match(value)
    if typographic:
        better = head + _double(typographic[2])
        yield _Slip(
            better,
            _("YAML does not accept typographic quotes ({sign})", sign=typographic[1]),
            _("write straight quotes: {line}", line=_shown(better)),
        )
    if value.startswith("[") and "]" not in value:
        yield _Slip(f"{head}{value}]", _("the list is not closed"))
    if value.startswith("["):
        better = head + re.sub(r"(?<=\w)'(?=\w)", "''", value)
        if better != line:
            yield _Slip(
                better,
                _("an apostrophe ends the single quotes early"),
                _("write it twice: {line}", line=_shown(better)),
            )
    sign = value[0]
    if sign not in "'\"":
        return
    yield from _closed(head, value, sign)


def _closed(head: str, value: str, sign: str) -> Iterator[_Slip]:
    """What may be wrong with a value in quotes."""
    ends = len(value) > 1 and value.endswith(sign)
    inner = value[1:-1] if ends else value[1:]
    if ends and sign == "'" and "'" in inner.replace("''", ""):
        better = head + _single(inner.replace("''", "'"))
        yield _Slip(
            better,
            _("an apostrophe ends the single quotes early"),
            _("write it twice: {line}", line=_shown(better)),
        )
    if ends and sign == '"' and '"' in inner.replace('\\"', ""):
        better = head + _single(inner.replace('\\"', '"'))
        yield _Slip(
            better,
            _("a quote inside the text ends the quotes early"),
            _("use single quotes around the value: {line}", line=_shown(better)),
        )
    if ends and sign == '"' and "\\" in inner:
        better = head + _single(inner)
        yield _Slip(
            better,
            _("a `\\` inside double quotes has a special meaning"),
            _("use single quotes: {line}", line=_shown(better)),
        )
    if not ends:
        bare = _TRAILING_COMMENT.sub("", inner) if sign not in inner else inner
        if sign == "'" and "'" in bare:
            fixed = _double(bare.replace("''", "'").rstrip("'"))
        else:
            fixed = f"{sign}{bare}{sign}"
        better = head + fixed
        yield _Slip(better, _("the quote is not closed"))
        if sign in inner:
            better = head + (_single(value) if sign == '"' else _double(value))
            yield _Slip(
                better,
                _("there is text after the closing quote"),
                _("put the whole value in quotes: {line}", line=_shown(better)),
            )


def _strays(line: str) -> Iterator[_Slip]:
    """A line that is no part of the front matter."""
    if not line.strip() or ":" in line or line.lstrip().startswith(("-", "#")):
        return
    yield _Slip(
        f"# {line}",
        _("the line {line} has no key", line=quoted(line.strip())),
        _("write `key: value`, delete the line, or indent it where it continues the line above"),
    )


def _indents(lines: list[str], number: int) -> Iterator[_Slip]:
    line = lines[number]
    if not line.strip() or line.lstrip().startswith("#"):
        return
    stripped = line.lstrip()
    indent = line[: len(line) - len(stripped)]
    for better in (stripped, indent.replace("\t", "  ") + stripped) if "\t" in indent else ():
        yield _Slip(
            better,
            _("the line is indented with a tab"),
            _("use spaces, or no indent before a key: {line}", line=quoted(better, 100)),
        )
    if line != stripped and _key_of(stripped):
        yield _Slip(
            stripped,
            _("the key `{key}` is indented", key=_key_of(stripped)),
            _("delete the spaces before it"),
        )
    for column in _columns(lines, number):
        better = " " * column + stripped
        yield _Slip(
            better,
            _("the line is indented differently from the lines around it"),
            _spaces(column, better),
        )


def _columns(lines: list[str], number: int) -> list[int]:
    """Where the line may have been meant to begin, as the lines around it do.

    A line that is no list item may belong to the item above it.
    """
    before = [line for line in lines[:number] if line.strip()][-2:]
    near = before + [line for line in lines[number + 1 :] if line.strip()][:1]
    indents = [len(line) - len(line.lstrip()) for line in near]
    inside = [
        indent + 2
        for line, indent in zip(near, indents, strict=True)
        if line.lstrip().startswith("- ") and not lines[number].lstrip().startswith("-")
    ]
    own = len(lines[number]) - len(lines[number].lstrip())
    return [column for column in dict.fromkeys(inside + sorted(indents)) if column != own]


def _plain(line: str) -> Iterator[_Slip]:
    """A value that needs quotes."""
    found = _LINE.match(line)
    if found is None or not found["value"].strip() or found["value"][0] in "'\"":
        return
    head, value = line[: found.start("value")], found["value"].rstrip()
    better = head + _double(value)
    if value[0] in _SPECIAL:
        sign = _("a backtick") if value[0] == "`" else quoted(value[0])
        what = _("a value that begins with {sign} needs quotes", sign=sign)
    elif ": " in value or value.endswith(":"):
        what = _("a value that contains a colon needs quotes")
    else:
        return
    yield _Slip(better, what)


def _key_of(line: str) -> str:
    """The key of the top level with which a line begins; '' where it begins with none."""
    key, colon, _rest = line.partition(":")
    return key if colon and key in TOP_KEYS else ""


def _spaces(count: int, line: str) -> str:
    """How far to indent a line."""
    if not count:
        return _("do not indent it: {line}", line=quoted(line, 100))
    return n_(
        "indent it by {count} space: {line}",
        "indent it by {count} spaces: {line}",
        count,
        line=quoted(line, 100),
    )


def _double(text: str) -> str:
    """The text in double quotes, or in single ones where it has double ones or a backslash."""
    return _single(text) if '"' in text or "\\" in text else f'"{text}"'


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _shown(line: str) -> str:
    return quoted(line.strip(), 100)

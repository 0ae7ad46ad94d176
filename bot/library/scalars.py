"""Texts as PyYAML's pure-Python emitter writes them, byte for byte, many times faster.

FORMAT.md: an archive is "byte for byte what PyYAML's pure-Python `yaml.dump(…)` writes: width
80, non-ASCII escaped in double-quoted scalars". That emitter looks at every character in
Python; here regular expressions look at whole runs. What it does is retold below, from
`yaml/emitter.py` (`analyze_scalar`, `choose_scalar_style`, `write_plain`,
`write_single_quoted`, `write_double_quoted`) of PyYAML 6.0; tests compare the two on generated
and hostile text. YAML's own rules about which plain text is a number, a date or a truth value
are not retold: PyYAML's resolver is asked.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.emitter import Emitter
from yaml.resolver import Resolver

WIDTH = 80

# Only in double quotes: what is not printable ASCII, and blanks beside a line break.
_DOUBLE = re.compile(r"[^\n -~]| \n|\n ")
# Not plain: a line break, blanks at the ends, indicators at the start, `: ` and ` #`.
_QUOTED = re.compile(
    r"\n|\A[ #,\[\]{}&*!|>'\"%@`]|\A(?:---|\.\.\.)|\A[?-](?: |\Z)|:(?: |\Z)|[ ]\#|[ ]\Z"
)
_RESOLVER: Any = Resolver()
_AMBIGUOUS = frozenset(first for first in Resolver.yaml_implicit_resolvers if first)
_STR = "tag:yaml.org,2002:str"
_BREAKS = re.compile(r"\n+")
# A run of harmless characters, a blank, or one character that is written as an escape.
_TOKENS = re.compile(r"[!#-\[\]-~]+| |[^!#-\[\]-~ ]")


def write(text: str, column: int, indent: int) -> str:
    """The text as a value of a block mapping, without the blank after the colon.

    `column` is where the value begins (the colon's column and two); `indent` is that of the
    lines it is continued on. The text holds no lone surrogate.
    """
    if _DOUBLE.search(text):
        return _double(text, column + 1, indent)
    if not text or _QUOTED.search(text) or not _is_text(text):
        return _single(text, column + 1, indent)
    return _folded(text, column, indent)


def _is_text(text: str) -> bool:
    """Whether YAML takes the plain text for a text, not for a number, a date, `yes`, …"""
    if text[0] not in _AMBIGUOUS:
        return True
    return bool(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _STR)


def _folded(text: str, column: int, indent: int) -> str:
    """One line of text, broken at each single blank beyond the width."""
    start = 0
    end = len(text)
    at = WIDTH + 1 - column
    if end <= at:
        return text
    lines = []
    while (at := text.find(" ", at)) >= 0:
        if at + 1 < end and text[at + 1] != " " and text[at - 1] != " ":
            lines.append(text[start:at])
            start = at + 1
            at = start + WIDTH + 1 - indent
        else:
            at += 1
    lines.append(text[start:])
    return ("\n" + " " * indent).join(lines)


def _single(text: str, column: int, indent: int) -> str:
    """In single quotes: a quote is doubled, a run of n line breaks written as n + 1."""
    text = text.replace("'", "''")
    if "\n" not in text:
        return f"'{_folded(text, column, indent)}'"
    margin = " " * indent
    parts = []
    start = 0
    for breaks in _BREAKS.finditer(text):
        parts.append(_folded(text[start : breaks.start()], column, indent))
        parts.append("\n" * (breaks.end() - breaks.start() + 1) + margin)
        start, column = breaks.end(), indent
    parts.append(_folded(text[start:], column, indent))
    return f"'{''.join(parts)}'"


class _Escapes(dict[str, str]):
    """How a character is written in double quotes, worked out once for each."""

    def __missing__(self, char: str) -> str:
        short = Emitter.ESCAPE_REPLACEMENTS.get(char)
        code = ord(char)
        if short:
            escape = "\\" + short
        elif code <= 0xFF:
            escape = f"\\x{code:02X}"
        elif code <= 0xFFFF:
            escape = f"\\u{code:04X}"
        else:
            escape = f"\\U{code:08X}"
        self[char] = escape
        return escape


_ESCAPES = _Escapes()


def _double(text: str, column: int, indent: int) -> str:
    """In double quotes: escapes, and lines that end with a backslash.

    Beyond the width a line is broken before a blank (which then gets a backslash before it) and
    before a harmless character that follows an escape, but neither before the last character;
    and, one column later, after an escape that is not the last character.
    """
    parts = ['"']
    put = parts.append
    fold = "\\\n" + " " * indent
    escapes = _ESCAPES
    last = len(text) - 1
    index = 0
    escaped = False
    for run in _TOKENS.findall(text):
        if run == " ":
            if column > WIDTH + (index == last) and (escaped or index < last):
                put(fold + "\\ ")
                column = indent + 2
            else:
                put(run)
                column += 1
            index += 1
            escaped = False
        elif len(run) > 1 or run in _HARMLESS:
            if escaped and column > WIDTH + (index == last):
                put(fold)
                column = indent
            put(run)
            column += len(run)
            index += len(run)
            escaped = False
        else:
            if escaped and column > WIDTH + 1:
                # The break after the escape before this one.
                put(fold)
                column = indent
            escape = escapes[run]
            put(escape)
            column += len(escape)
            index += 1
            escaped = True
    put('"')
    return "".join(parts)


_HARMLESS = frozenset(chr(code) for code in range(0x21, 0x7F)) - frozenset('"\\')

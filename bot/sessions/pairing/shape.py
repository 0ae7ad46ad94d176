"""The shape of a message: code or a link sent by itself, what begins a list, what adds to another's
answer."""

from __future__ import annotations

import re

_CODE = re.compile(
    r"[=<>{}\[\]$|;\\]|\w\(|\)\.|(?<!\w)--?[a-z]|\w+_\w+|::"
    r"|^\s*(?:pip|npm|docker|git|kubectl|terraform|conda|curl|apt|brew|sudo|python3?|select|import|from|def)\s",
    re.I | re.M,
)
_PROSE = re.compile(
    r"\b(?:the|you|your|i|it|is|are|was|we|they|of|that|to|my|our|have|would)\b", re.I
)
_EMOJI = re.compile(r":[a-z0-9_+-]+:\s*$")
_MARKS = 2
"""How many marks of code a message of code has at least."""
_HEAD = 16
"""Of how many words a message that begins a list is at most."""
_NUMBERS = {word: number for number, word in enumerate("two three four five six seven".split(), 2)}
_PROMISE = re.compile(
    rf"\b({'|'.join(_NUMBERS)}|[2-9])"
    r"(?:(?! \w*(?:year|month|week|day|hour|minute))(?: \w+){0,2} \w+s\b|\s*:)",
    re.I,
)
_ADDS = re.compile(
    r"\s*(?:(?:and|also|but|or|plus|then|agreed|exactly|indeed|seconded|true|same here|besides|\+1)\b"
    r"|i(?:'?d| would| may| might|'?ll)? (?:only |just )?(?:add|agree|second)\b|to add\b|one addition\b)"
    r"|[^.!?\n]*\b(?:i (?:may|might|would|should) add|i'd add|to add to|adding to (?:that|this))\b",
    re.I,
)


def is_code(text: str) -> bool:
    """Whether a text is nothing but code."""
    return len(_CODE.findall(text)) >= _MARKS and not _PROSE.search(text)


def ends_in_colon(text: str) -> bool:
    """Whether a text ends with a colon that is not the end of an emoji's name."""
    return text.rstrip().endswith(":") and not _EMOJI.search(text)


def begins_list(text: str) -> bool:
    """Whether a message is a line that announces a list: short, with a colon at its end."""
    line = text.strip()
    return ends_in_colon(line) and "\n" not in line and len(line.split()) <= _HEAD


def announced(text: str) -> int | None:
    """How many points a line that announces a list promises."""
    found = _PROMISE.search(text)
    if found is None:
        return None
    said = found[1].casefold()
    return _NUMBERS.get(said) or int(said)


def adds(text: str) -> bool:
    """Whether a message begins as what one author adds to another's answer."""
    return bool(_ADDS.match(text.replace("’", "'")))

"""Slack's standard emoji: short names to characters and back, skin tones included.

The table `emoji.tsv` is generated (`scripts/emoji_table.py`) from iamcal's emoji-data, which is
the set Slack uses. A tone is Slack's number, 2 (light) to 6 (dark), as in `:skin-tone-2:`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import product

_TONES = {
    "2": "\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}",
    "3": "\N{EMOJI MODIFIER FITZPATRICK TYPE-3}",
    "4": "\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "5": "\N{EMOJI MODIFIER FITZPATRICK TYPE-5}",
    "6": "\N{EMOJI MODIFIER FITZPATRICK TYPE-6}",
}


# Names of before that Slack still shows; the data has none of them.
_OLD = {
    "simple_smile": "slightly_smiling_face",
    "white_square": "white_large_square",
    "black_square": "black_large_square",
}


@cache
def table() -> Mapping[tuple[str, str], str]:
    """Every `(short name, tone)` to its characters.

    The tone is '' for none, `2` to `6`, or two of these joined by `-` (`2-3`), for the pairs of
    people that have two.
    """
    found: dict[tuple[str, str], str] = {}
    for line in _lines():
        names, plain, single, double, *_ = [*line.split("\t"), "", ""]
        forms = {"": _characters(plain)}
        if double:
            shape = _characters(double)
            for first, second in product(_TONES, repeat=2):
                filled = shape.replace("*", _TONES[first], 1).replace("*", _TONES[second], 1)
                if first != second:
                    forms[f"{first}-{second}"] = filled
                elif not single:
                    # Where the data has no form with one tone, two equal ones stand for it,
                    # and Slack's `:people_holding_hands::skin-tone-3:` means just that.
                    forms[f"{first}-{second}"] = forms[first] = filled
        if single:
            shape = _characters(single)
            for tone, modifier in _TONES.items():
                forms[tone] = shape.replace("*", modifier)
        for name in names.split(" "):
            for tone, characters in forms.items():
                found[name, tone] = characters
    for old, name in _OLD.items():
        found.setdefault((old, ""), found[name, ""])
    return found


def standard(name: str, tone: str = "") -> str | None:
    """The characters of a standard emoji; None where Slack has no standard one of that name.

    An emoji that takes no skin tone is given without, and the tone after it, as Slack shows it.
    """
    known = table()
    found = known.get((name, tone))
    if found is not None or not tone:
        return found
    plain = known.get((name, ""))
    if plain is None:
        return None
    return plain + "".join(_TONES.get(each, "") for each in tone.split("-"))


def split_tone(name: str) -> tuple[str, str]:
    """`wave::skin-tone-3` to `("wave", "3")`; a name without a tone to `(name, "")`."""
    base, found, tone = name.partition("::skin-tone-")
    return (base, tone) if found and base else (name, "")


def from_unicode(code_points: str) -> str:
    """Slack's `unicode` field (`1f44b-1f3fc`) to characters; '' where it is none."""
    try:
        return "".join(chr(int(point, 16)) for point in code_points.split("-"))
    except (ValueError, OverflowError):
        return ""


def to_unicode(characters: str) -> str:
    """Characters to Slack's `unicode` field (`1f44b-1f3fc`)."""
    return "-".join(f"{ord(each):04x}" for each in characters)


@cache
def _reverse() -> Mapping[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for key, characters in table().items():
        found.setdefault(characters, key)
    return found


@cache
def _lengths() -> Mapping[str, list[int]]:
    """How many characters the emoji have that begin with a character, the longest first: a sequence
    begins with emoji that stand alone as well."""
    found: dict[str, set[int]] = {}
    for each in _reverse():
        found.setdefault(each[0], set()).add(len(each))
    return {first: sorted(lengths, reverse=True) for first, lengths in found.items()}


def find(text: str) -> Iterator[tuple[int, int, str, str]]:
    """The standard emoji in `text`: start, end, short name, tone ('' for none)."""
    if text.isascii():
        return
    known, lengths, end = _reverse(), _lengths(), 0
    for start, first in enumerate(text):
        if start < end:
            continue
        for length in lengths.get(first, ()):
            piece = text[start : start + length]
            found = known.get(piece)
            if found is not None:
                end = start + len(piece)
                yield start, end, *found
                break


def _lines() -> Iterator[str]:
    source = files(__package__).joinpath("emoji.tsv").read_text(encoding="utf-8")
    for line in source.splitlines():
        if line and not line.startswith("#"):
            yield line


def _characters(points: str) -> str:
    return "".join("*" if each == "*" else chr(int(each, 16)) for each in points.split("-"))

"""How a message is worded: like talk that answers nothing, or like an answer.

A logistic regression on words and pairs of words that follow one another, whatever they are about.
Its weights are in talk.tsv, which scripts/train_talk.py makes of invented messages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("talk.tsv")
BASE = "(all)"
"""The name, in the file, of what is added to every sum."""
_START = "(start)"
_WORD = re.compile(r"[^\W_]+(?:'\w+)?|[!?:]|[\U0001F300-\U0001FAFF]")
_LONGEST = 8


def features(text: str) -> frozenset[str]:
    """What is looked at in a text: words, pairs of words, and how long it is."""
    found = _WORD.findall(text.replace("’", "'").lower())
    length = min(_LONGEST, len(found).bit_length())
    pairs = (f"{one} {two}" for one, two in zip([_START, *found], found, strict=False))
    return frozenset([*found, *pairs, f"(length {length})"])


def odds(text: str) -> float:
    """The logarithm of the odds that a text (plain) is talk, by its words alone; 0 of one that has
    no word."""
    if not any(character.isalnum() for character in text):
        return 0.0
    weights = _weights()
    found = [weights[feature] for feature in features(text) if feature in weights]
    return weights[BASE] + math.fsum(found) / math.sqrt(len(found) or 1)


@cache
def _weights() -> Mapping[str, float]:
    lines = FILE.read_text("utf-8").splitlines()
    return {name: float(weight) for name, weight in (line.split("\t") for line in lines)}

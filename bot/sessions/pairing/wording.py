"""Judges by its wording alone whether a message is talk that answers nothing, or an answer.

It is a logistic regression on words and pairs of neighbouring words, whatever the subject.
scripts/train_talk.py learns its weights from invented messages and writes them to talk.tsv.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

FILE = Path(__file__).with_name("talk.tsv")
BASE = "(all)"
"""The name of the intercept in the file."""
_START = "(start)"
_WORD = re.compile(r"[^\W_]+(?:'\w+)?|[!?:]|[\U0001F300-\U0001FAFF]")
_LONGEST = 8
"""The most binary digits that the number of words counts: from 128 words on, texts are equally long."""


def features(text: str) -> frozenset[str]:
    """The features of a text: its words, its pairs of neighbouring words, and its length."""
    found = _WORD.findall(text.replace("’", "'").lower())
    length = min(_LONGEST, len(found).bit_length())
    pairs = (f"{one} {two}" for one, two in pairwise([_START, *found]))
    return frozenset([*found, *pairs, f"(length {length})"])


def odds(text: str) -> float:
    """The logarithm of the odds that a plain text is talk, judged by its words alone; 0 if it has
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

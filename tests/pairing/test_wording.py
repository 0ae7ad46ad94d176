"""Talk is told from answers by words alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.pairing import wording


@pytest.mark.parametrize(
    "text",
    [
        "The baker is at the door, back with you in ten minutes!",
        "What a lovely crowd you are, I will miss this channel.",
        "Priya, I saw yours, it needs some thought. I'll write tomorrow.",
        "Guten Morgen zusammen, ich bin jetzt da!",
    ],
)
def test_talk_is_worded_like_talk(text: str) -> None:
    assert wording.odds(text) > 1


@pytest.mark.parametrize(
    "text",
    [
        "Yes, both. You need Python 3.10 or later for the second one.",
        "I would start with the smallest model and only then add features, because you can see why it fails.",
        "Priya, mostly the first. We use it for months without any trouble.",
    ],
)
def test_an_answer_is_not(text: str) -> None:
    assert wording.odds(text) < -1


@given(st.text())
def test_any_text_has_odds(text: str) -> None:
    assert -200 < wording.odds(text) < 200


def test_long_texts_take_no_time() -> None:
    began = time.perf_counter()
    wording.odds("a! " * 15_000)
    wording.odds("é'" * 20_000)
    assert time.perf_counter() - began < 1

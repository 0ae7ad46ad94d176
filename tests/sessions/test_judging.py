"""Who thinks over which question an answer belongs to, and when."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from bot.sessions.linking import Judge, Pending
from bot.sessions.pairing import Closing, Decision, Likeness, Meaning, Post, likeliest

AUTHOR = "Odile Brandt"


def posts(*texts: str) -> list[Post]:
    """A session in which pekka asks, and the author says the last."""
    asked = [Post(str(at), "pekka", "pekka", False, text) for at, text in enumerate(texts[:-1], 1)]
    return [*asked, Post("z", AUTHOR, AUTHOR, True, texts[-1])]


def decided(judge: Judge, lines: list[Post]) -> Decision:
    with pytest.raises(Pending) as raised:
        judge.likeliest(lines, "z", {})
    raised.value.think()
    return judge.likeliest(lines, "z", {})


class Model(Meaning):
    def __init__(self, *raised: Exception):
        self.raised = list(raised)
        self.asked = 0

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        self.asked += 1
        if self.raised:
            raise self.raised.pop(0)
        return None


def test_it_is_thought_over_once_and_apart() -> None:
    model = Model()
    judge = Judge(model)
    lines = posts("How wet is rye dough?", "And spelt?", "Spelt takes less water.")
    assert decided(judge, lines) == likeliest(lines, "z")
    assert judge.likeliest(lines, "z", {}) == likeliest(lines, "z")
    assert model.asked == 1


def test_what_comes_later_is_no_matter() -> None:
    judge = Judge()
    lines = posts("How wet is rye dough?", "Very.")
    before = decided(judge, lines)
    later = [*lines, Post("zz", "Ines", "Ines", False, "Where is the oven?")]
    assert judge.likeliest(later, "z", {}) == before


def test_what_a_person_says_meanwhile_counts() -> None:
    judge = Judge()
    lines = posts("How wet is rye dough?", "Very.")
    decided(judge, lines)
    with pytest.raises(Pending):
        judge.likeliest(lines, "z", {"z": None})


def test_where_all_changes_all_the_time_it_comes_to_an_end() -> None:
    judge = Judge()
    for number in range(3):
        with pytest.raises(Pending) as raised:
            judge.likeliest(posts(f"How wet is dough number {number}?", "Very."), "z", {})
        raised.value.think()
    assert judge.likeliest(posts("How wet is the last?", "Very."), "z", {}).question == "1"


def test_what_goes_wrong_is_said_to_who_asks_and_tried_again() -> None:
    judge = Judge(Model(RuntimeError("confused")))
    lines = posts("How wet is rye dough?", "Very.")
    with pytest.raises(RuntimeError, match="confused"):
        decided(judge, lines)
    assert decided(judge, lines).question == "1"


def test_it_stops_with_the_program() -> None:
    with pytest.raises(Closing):
        decided(Judge(Model(Closing())), posts("How wet is rye dough?", "Very."))

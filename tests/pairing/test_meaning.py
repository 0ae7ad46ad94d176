"""Pairing with a model of language, as far as pairing goes; the model of tests/test_meaning.py."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from bot.sessions.pairing import Likeness, Post, level, likeliest, linked, pair

AUTHOR = "Odile Brandt"
CARE = "How do I look after a banneton that lives in a damp cellar?"
HEAT = "Which temperature does an oven need for baguettes?"
ANSWER = "Let the basket dry on a radiator before it is put away, or mould will grow on it."


@dataclass(frozen=True)
class Fixed(Likeness):
    """Knows which two texts mean the same, and nothing else."""

    same: tuple[str, str]

    def answers(self, question: str, text: str, /) -> float:
        return 0.6 if (question, text) == self.same else 0.05

    alike = answers

    def talks(self, text: str, /) -> float:
        return 0.0


@dataclass
class Oracle:
    """A model that was asked for certain texts."""

    same: tuple[str, str] = ("", "")
    asked: list[tuple[Collection[str], Collection[str]]] = field(default_factory=list)

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        self.asked.append((questions, texts))
        return Fixed(self.same)


def posts(*lines: tuple[str, str, str | None]) -> list[Post]:
    return [
        Post(str(at), name, name, name == AUTHOR, text, thread=thread)
        for at, (name, text, thread) in enumerate(lines, 1)
    ]


def conversation() -> list[Post]:
    return posts(("pekka", CARE, None), ("Ines", HEAT, None), (AUTHOR, ANSWER, None))


def test_what_is_meant_decides_where_no_word_is_shared() -> None:
    by_words = likeliest(conversation(), "3")
    assert by_words.candidates[0].question == "2", "the latest question"
    assert "3" not in linked(pair(conversation()))
    by_meaning = likeliest(conversation(), "3", meaning=Oracle((CARE, ANSWER)))
    assert by_meaning.question == "1"
    assert "speaks of what was asked" in by_meaning.reason


def test_what_others_said_in_the_thread_counts_too() -> None:
    said = "Mine went green last winter, in the cellar."
    lines = [*conversation()[:1], *posts(("Ines", said, "1")), *conversation()[1:]]
    lines = [Post(**{**_fields(line), "id": str(at)}) for at, line in enumerate(lines, 1)]
    found = likeliest(lines, "4", meaning=Oracle((said, ANSWER)))
    assert found.candidates[0].question == "1"


def test_it_has_a_level_of_its_own() -> None:
    assert likeliest(conversation(), "3", meaning=Oracle()).level == level(True)
    assert likeliest(conversation(), "3").level == level(False)


def test_only_what_is_needed_is_asked_for() -> None:
    oracle = Oracle()
    asked = [("pekka", f"What about the number {n}?", None) for n in range(300)]
    pair(posts(*asked, (AUTHOR, ANSWER, None), ("pekka", "And later?", None)), meaning=oracle)
    ((questions, texts),) = oracle.asked
    assert len(set(questions)) == 50
    assert set(texts) == {ANSWER}
    pair(posts(*asked[:3], (AUTHOR, ANSWER, "1")), meaning=oracle)
    assert len(oracle.asked) == 1, "in a thread there is nothing to find out"


def test_what_a_person_said_is_not_asked_about() -> None:
    oracle = Oracle()
    pair(conversation(), {"3": "1"}, meaning=oracle)
    assert oracle.asked == []


def _fields(post: Post) -> dict[str, object]:
    return {name: getattr(post, name) for name in Post.__slots__}

"""What a model of language would have to say of a session's texts. Which model, is not known here.

Words alone miss an answer that says the same in other words. A model turns each text into a
vector; texts that mean alike lie in like directions. That costs some 0.1 s of computing a text,
so only those are asked for that are needed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class ShuttingDown(Exception):
    """The program ends, and the model reads nothing more."""


class Likeness(Protocol):
    """How alike the texts of one session are, 0 (as any two are) to 1 (the same)."""

    def answers(self, question: str, text: str, /) -> float:
        """How well a text answers a question."""

    def alike(self, one: str, other: str, /) -> float:
        """How alike two texts are that both are no questions."""

    def talks(self, text: str, /) -> float:
        """The logarithm of the odds that a text is talk, which answers nothing, judged by its
        wording alone."""


class Meaning(Protocol):
    """What compares the meaning of texts."""

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        """The likeness of a session's texts; None where they cannot be compared.

        May take some 0.1 s for each text. Raises ShuttingDown when the program ends.
        """

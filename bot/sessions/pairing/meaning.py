"""What a model of language would have to say of a session's texts. Which model, is not known here.

Words alone miss an answer that says the same in other words. A model turns each text into a
vector; texts that mean alike lie in like directions. It costs some 0.1 s of computing a text, so
only those are asked for that are needed, and who holds a lock of the database may say that they
want nothing computed meanwhile (`Unread`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Unread(Exception):
    """Texts whose vectors would have to be computed first, by `Meaning.learn`, without a lock."""

    def __init__(self, questions: Collection[str], texts: Collection[str]):
        super().__init__(f"{len(questions)} questions and {len(texts)} texts are not read yet")
        self.questions = questions
        self.texts = texts


class Closing(Exception):
    """The program ends, and the model reads nothing more."""


class Likeness(Protocol):
    """How alike the texts of one session are, 0 (as any two are) to 1 (the same)."""

    def answers(self, question: str, text: str, /) -> float:
        """How well a text answers a question."""

    def alike(self, one: str, other: str, /) -> float:
        """How alike two texts are that both are no questions."""


class Meaning(Protocol):
    """What compares the meaning of texts."""

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        """The likeness of a session's texts; None where they cannot be compared. Raises Unread
        where that would have to be computed, and the one who asks does not want to wait."""


class Model(Meaning, Protocol):
    """A model of language, and what it has read."""

    @property
    def at_once(self) -> Meaning:
        """The same without waiting: it raises Unread for what it has not read."""

    def learn(self, questions: Collection[str], texts: Collection[str], /) -> None:
        """Reads texts, so that `at_once` knows them; may take some 0.1 s for each.

        Raises Closing when the program ends.
        """

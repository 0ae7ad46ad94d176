"""The vectors of all answered questions in memory, to find the nearest. Needs numpy, which comes
with the extra `meaning`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.sessions.ports import UnitOfWork

Matrix = NDArray[np.float32]
_SPARE = 1.25
"""From how many vectors in memory for each stored one on all are read anew."""


class Nearest:
    """Finds the nearest documents; reads what was stored since the last time before each search.

    It takes 3 KiB of memory for each document. May be used by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget()

    def find(
        self, uow: UnitOfWork, vector: Sequence[float], most: int
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """The documents nearest by their questions, and by questions with answers, with cosines.

        Some may be gone by now.
        """
        with self._lock:
            self._read(uow)
            documents, questions, wholes = self._documents, self._questions, self._wholes
        wanted = np.asarray(vector, np.float32)
        if not len(documents):
            return [], []
        return _best(documents, questions @ wanted, most), _best(documents, wholes @ wanted, most)

    def load(self, uow: UnitOfWork) -> None:
        """Reads what was stored since the last time."""
        with self._lock:
            self._read(uow)

    @staticmethod
    def by_sentence(vector: Sequence[float], stored: Mapping[int, bytes]) -> dict[int, float]:
        """The best cosine of each document's sentences; documents without one are left out."""
        wanted = np.asarray(vector, np.float32)
        return {
            document: float((_floats(data).reshape(-1, len(wanted)) @ wanted).max())
            for document, data in stored.items()
            if data
        }

    def _forget(self) -> None:
        self._last = 0
        self._documents: NDArray[np.int64] = np.empty(0, np.int64)
        self._questions: Matrix = np.empty((0, 0), np.float32)
        self._wholes: Matrix = np.empty((0, 0), np.float32)

    def _read(self, uow: UnitOfWork) -> None:
        """Reads the vectors that were stored since the last time; all where many are gone."""
        if len(self._documents) > _SPARE * uow.knowledge.count_meanings() + 100:
            self._forget()
        documents: list[int] = []
        parts: tuple[list[Matrix], list[Matrix]] = ([], [])
        for last, document, question, whole in uow.knowledge.meanings_after(self._last):
            self._last = last
            documents.append(document)
            parts[0].append(_floats(question))
            parts[1].append(_floats(whole))
        if documents:
            self._documents = np.concatenate([self._documents, np.array(documents, np.int64)])
            self._questions = _more(self._questions, parts[0])
            self._wholes = _more(self._wholes, parts[1])


def _floats(data: bytes) -> Matrix:
    return np.frombuffer(data, "<f2").astype(np.float32)


def _more(matrix: Matrix, rows: Sequence[Matrix]) -> Matrix:
    new = np.stack(rows)
    return new if not len(matrix) else np.concatenate([matrix, new])


def _best(documents: NDArray[np.int64], scores: Matrix, most: int) -> list[tuple[int, float]]:
    if len(scores) > most:
        chosen = np.argpartition(-scores, most)[:most]
        documents, scores = documents[chosen], scores[chosen]
    order = np.lexsort((documents, -scores))
    return [(int(documents[at]), float(scores[at])) for at in order]

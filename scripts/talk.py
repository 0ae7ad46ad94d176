"""How well talk is told from questions, measured on archive pages that were labelled by hand.

    python scripts/talk.py FOLDER LABELS [--show]

FOLDER holds archive pages. A line of LABELS names a page, an entry (counted from 1) and what it is
(`question`, `talk`, or `answer`: an author's, which is not judged), separated by tabs; lines that
begin with `#` are comments. With `--show` each entry that is judged wrongly is listed by position.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.library import archive
from bot.markup import from_markdown, plain
from bot.sessions import languages
from bot.sessions.talk import is_talk


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry: what it is, and whether it is taken for talk."""

    file: str
    entry: int
    label: str
    is_talk: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Of what is called so, how much is so (precision); of what is so, how much is called so."""

    right: int
    called: int
    there: int

    def __str__(self) -> str:
        precision = self.right / self.called if self.called else 1.0
        recall = self.right / self.there if self.there else 1.0
        return (
            f"precision {precision:6.1%} ({self.right} of {self.called}), "
            f"recall {recall:6.1%} ({self.right} of {self.there})"
        )


def judged(folder: Path, labels: Path) -> list[Judged]:
    """All labelled entries that are questions or talk."""
    wanted: dict[str, dict[int, str]] = {}
    for line in labels.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            file, entry, label = line.split("\t")
            wanted.setdefault(file, {})[int(entry)] = label
    found = []
    for file, entries in wanted.items():
        threads = archive.read(folder / file)
        # In Slack they are mentions; the archive has their names.
        names = {t.name for t in threads} | {r.name for t in threads for r in t.replies}
        for entry, label in entries.items():
            text = plain(from_markdown(threads[entry - 1].text))
            if label in ("question", "talk"):
                talk = is_talk(text, languages.of("en"), names)
                found.append(Judged(file, entry, label, talk))
    return found


def figures(found: Iterable[Judged], label: str) -> Figures:
    """How well `question` or `talk` is found."""
    listed = list(found)
    called = [one for one in listed if one.is_talk is (label == "talk")]
    there = [one for one in listed if one.label == label]
    return Figures(sum(one.label == label for one in called), len(called), len(there))


def main() -> None:
    """Prints a line for each label."""
    found = judged(Path(sys.argv[1]), Path(sys.argv[2]))
    for label in ("question", "talk"):
        print(f"{label:9} {figures(found, label)}")
    if "--show" in sys.argv:
        for one in found:
            if one.is_talk is not (one.label == "talk"):
                print(f"{one.file} {one.entry}: {one.label}, taken for the other")


if __name__ == "__main__":
    main()

"""The unthreaded posts of the website's archives, against labels made by hand."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from bot.library import mending
from bot.meaning import Model
from bot.sessions.pairing import Kind, linked, pair

Label = tuple[str, str, str | None]
SEED = "20211011-mastering-transformers.md"


def labels(name: str = "labels.tsv") -> dict[str, list[Label]]:
    """By file: the entry, its kind, its question."""
    found: dict[str, list[Label]] = defaultdict(list)
    for line in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            file, entry, kind, question = line.split("\t")
            found[file].append((entry, kind, None if question == "-" else question))
    return found


@pytest.mark.parametrize("file", sorted(labels()))
def test_authors_posts_are_what_the_labels_say(format_folder: Path, file: str) -> None:
    found = pair(mending.read(format_folder / "samples" / file).posts())
    by_authors = {d.post: d for d in found.decisions if d.by_author}
    wanted = {entry: (kind, question) for entry, kind, question in labels()[file]}
    assert set(by_authors) == set(wanted)
    links = linked(found)
    for entry, (_, question) in wanted.items():
        assert by_authors[entry].question == question, entry
        assert links.get(entry) == question, entry


@pytest.mark.parametrize("file", sorted(labels("askers.tsv")))
def test_askers_posts_are_what_the_labels_say(format_folder: Path, file: str) -> None:
    found = pair(mending.read(format_folder / "samples" / file).posts())
    covered = {(c.question, c.by.partition(".")[0]) for c in found.covered}
    for entry, kind, question in labels("askers.tsv")[file]:
        decision = found.of(entry)
        assert decision is not None
        if kind == "covered":
            assert (entry, question) in covered, entry
        elif kind == "continues":
            assert (decision.kind, decision.question) == (Kind.CONTINUES, question), entry
        else:
            assert (decision.kind, decision.question) == (Kind.TALK, question), entry


@pytest.mark.slow
def test_with_the_model_they_are_so_too(format_folder: Path, model: Model) -> None:
    found = pair(mending.read(format_folder / "samples" / SEED).posts(), meaning=model)
    wanted = {
        entry: question
        for entry, kind, question in labels()[SEED]
        if kind in ("answers", "continues")
    }
    assert linked(found) == wanted


def test_the_seed_session_is_labelled_whole(format_folder: Path) -> None:
    page = mending.read(format_folder / "samples" / SEED)
    assert len(page.authors) == 2
    adrift = [entry for entry in page.entries if entry.name in page.authors]
    assert len(adrift) == 11

"""What `mend` moves on real pages, against labels made by hand; and how that is measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.laboratory import labels
from bot.laboratory.labels import Judged, Label
from tests.cli.running import marginalia


@pytest.mark.slow
def test_mend_moves_what_the_labels_say(format_folder: Path) -> None:
    folder = format_folder / "adrift"
    links = {}
    for path in sorted(folder.glob("2*.md")):
        done = marginalia("mend", path, "--meaning", "off", "--json", cwd=folder)
        proposals = json.loads(done.stdout)["proposals"]
        links[path.stem] = {
            str(one["entry"]): str(one["question"]) for one in proposals if one["moves"]
        }
    found = labels.figures(labels.judge(labels.read(folder / "labels.tsv"), links))
    assert found.coverage.whole == 53
    assert found.talk_moved.whole == 12
    assert found.precision.part == found.precision.whole
    assert found.coverage.part >= 52
    assert found.talk_moved.part == 0


def test_figures() -> None:
    right, wrong = frozenset({"1", "2"}), frozenset({"9"})
    judged = [
        Judged(Label("a", "3", "answers", right), "2"),
        Judged(Label("a", "4", "continues", wrong), "1"),
        Judged(Label("b", "5", "answers", right), None),
        Judged(Label("b", "6", "talk", frozenset()), "1"),
        Judged(Label("b", "7", "talk", frozenset()), None),
    ]
    found = labels.figures(judged)
    assert (found.precision.part, found.precision.whole) == (1, 3)
    assert (found.coverage.part, found.coverage.whole) == (1, 3)
    assert (found.talk_moved.part, found.talk_moved.whole) == (1, 2)
    assert labels.interval(judged, lambda one: one.precision) == (0.0, 0.5)
    assert labels.interval([], lambda one: one.precision) == (0.0, 1.0)


def test_labels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    path.write_text("# what\na.md\t3\tanswers\t1,2\t-\nb\t4\tcontinues\t3\t1\nb\t5\ttalk\t-\t-\n")
    assert labels.read(path) == [
        Label("a", "3", "answers", frozenset({"1", "2"})),
        Label("b", "4", "continues", frozenset({"1"})),
        Label("b", "5", "talk", frozenset()),
    ]
    path.write_text("nonsense\n")
    with pytest.raises(UserError, match=r"labels\.tsv:1: not a label"):
        labels.read(path)

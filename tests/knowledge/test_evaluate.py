"""How the index is measured, and what it reaches on questions that were written before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.laboratory.retrieval import Baseline, Query, evaluate, measure, read
from tests.cli.running import marginalia

HERE = Path(__file__).parent
SET = HERE / "paraphrases.tsv"
OWN = HERE / "own"


def own_questions(tmp_path: Path) -> Path:
    """Those of the set that two archives beside it answer, and those that nothing answers."""
    names = {path.name for path in OWN.glob("*.md")} | {"-"}
    lines = SET.read_text("utf-8").splitlines()
    path = tmp_path / "own.tsv"
    path.write_text("".join(f"{line}\n" for line in lines if line.partition("\t")[0] in names))
    return path


class TestMeasure:
    def test_ranks_are_counted_as_the_field_does(self) -> None:
        queries = [Query(str(n), frozenset([("a.md", "1"), ("a.md", "9")])) for n in range(4)]
        other = ("b.md", "1")
        rankings = [
            [("a.md", "1"), ("a.md", "9")],
            [other, ("a.md", "9")],
            [other] * 4 + [("a.md", "1")],
            [other],
        ]
        found = measure(queries, rankings)
        assert found.hit == {1: 0.25, 3: 0.5, 5: 0.75}
        assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 5) / 4)

    def test_the_baseline_prefers_rare_words_and_short_texts(self) -> None:
        texts = {
            ("a.md", "1"): "the whale sings",
            ("a.md", "2"): "the whale sings and sings about everything else in the sea and above",
            ("a.md", "3"): "the dog barks at the whale",
            ("a.md", "4"): "nothing",
        }
        found = Baseline(texts).ranking("Whale, sings?")
        assert [entry for _file, entry in found] == ["1", "2", "3"]


class TestFile:
    def test_further_right_places_and_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "set.tsv"
        path.write_text("a.md\t3\tWhy?\n\nb.md\t1\tHow?\ta.md:2;b.md:4\n-\t0\tWhen?\n")
        assert read(path, ["a.md", "b.md"]) == [
            Query("Why?", frozenset([("a.md", "3")])),
            Query("How?", frozenset([("b.md", "1"), ("a.md", "2"), ("b.md", "4")])),
            Query("When?", frozenset()),
        ]

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("a.md\t3", "tabs"),
            ("a.md\t3\t ", "tabs"),
            ("c.md\t3\tWhy?", "c.md"),
            ("a.md\t0\tWhy?", "0"),
            ("a.md\tx\tWhy?", "x"),
            ("-\t1\tWhy?", "-"),
            ("a.md\t1\tWhy?\tb.md", "b.md"),
            ("a.md\t1\tWhy?\t:2", "the file 2 is"),
        ],
    )
    def test_a_wrong_line_is_named(self, line: str, why: str, tmp_path: Path) -> None:
        path = tmp_path / "set.tsv"
        path.write_text(f"a.md\t1\tWhy?\n{line}\n")
        with pytest.raises(UserError, match="line 2") as found:
            read(path, ["a.md"])
        assert why in str(found.value)
        assert "\n" not in str(found.value)


class TestCommand:
    def test_it_prints_figures_beside_the_baseline(self, tmp_path: Path) -> None:
        questions = own_questions(tmp_path)
        done = marginalia("evaluate-index", questions, OWN, "--json", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        data = json.loads(done.stdout.splitlines()[-1])
        assert data["queries"] == 62
        assert set(data) == {"queries", "hit", "mrr", "false", "baseline"}
        assert set(data["hit"]) == set(data["baseline"]["hit"]) == {"1", "3", "5"}
        assert data["hit"]["1"] <= data["mrr"] <= data["hit"]["5"] + 0.2
        plain = marginalia("evaluate-index", questions, OWN, cwd=tmp_path)
        assert f"{data['hit']['5']:.3f}" in plain.stdout
        assert f"{data['baseline']['mrr']:.3f}" in plain.stdout

    @pytest.mark.parametrize("wrong", ["questions", "archive", "empty"])
    def test_a_mistake_is_one_line(self, wrong: str, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        arguments = {
            "questions": ("none.tsv", OWN),
            "archive": (SET, "none.md"),
            "empty": (SET, "empty"),
        }
        done = marginalia("evaluate-index", *arguments[wrong], cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1


@pytest.mark.slow
class TestReached:
    def test_words_are_never_below_plain_bm25(self, format_folder: Path) -> None:
        report = evaluate(SET, [format_folder / "samples", OWN])
        assert report.found.hit[5] >= report.baseline.hit[5]
        assert report.found.mrr >= report.baseline.mrr
        assert report.false <= 0.1

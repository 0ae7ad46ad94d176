"""`marginalia mend` and `marginalia evaluate-pairing`."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from bot.library import archive
from bot.library.formats import Entry
from bot.sessions.pairing.weights import TABLE
from tests.cli.running import marginalia
from tests.pairing.generator import AUTHOR, STYLES, session
from tests.processes import environment

SEED = "20211011-mastering-transformers.md"
FRONT = """---
title: Bread in Nine Houses
description: Book of the Week. Bread in Nine Houses by Odile Brandt
start: 2026-03-02 00:00:00
end: 2026-03-06 23:59:59
authors:
- odilebrandt
---

Bread.
"""
ADRIFT = [
    Entry("pekka", "My starter smells of acetone. Is it spoiled?"),
    Entry("Ines Calado", "How long does a banneton last?"),
    Entry(AUTHOR, "Hi pekka, acetone only means that the starter is hungry."),
    Entry(AUTHOR, "So feed the starter twice, and the smell of acetone is gone."),
    Entry(AUTHOR, "Thanks everyone for all the questions!"),
]


def page(folder: Path, threads: list[Entry], name: str = "20260302-bread.md") -> Path:
    path = folder / name
    path.write_text(FRONT, encoding="utf-8")
    archive.write_archive(path, threads)
    return path


def of_posts(seed: int, style: str) -> list[Entry]:
    posts = session(seed, STYLES[style])
    return [
        Entry(p.name, p.text, tuple(Entry(r.name, r.text) for r in posts if r.thread == p.id))
        for p in posts
        if p.thread is None
    ]


def everything(path: Path) -> Counter[tuple[str, str]]:
    return Counter((e.name, e.text) for t in archive.read(path) for e in (t, *t.replies))


def test_mend_proposes_and_writes_nothing(tmp_path: Path) -> None:
    path = page(tmp_path, ADRIFT)
    before = path.read_bytes()
    done = marginalia("mend", path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"[3] {AUTHOR}: answers [1] pekka; ")
    assert "names the asker (pekka)" in lines[0]
    assert lines[1].startswith(f"[4] {AUTHOR}: continues [3], answers [1] pekka; ")
    assert lines[2].startswith(f"[5] {AUTHOR}: is talk; ")
    assert "2 of 3 top-level entries by the authors would move" in lines[3]
    assert path.read_bytes() == before


def test_mend_in_place_moves_and_doubles_nothing(tmp_path: Path) -> None:
    path = page(tmp_path, ADRIFT)
    before = everything(path)
    done = marginalia("mend", path, "--in-place", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second, talk = archive.read(path)
    assert [reply.text for reply in first.replies] == [ADRIFT[2].text, ADRIFT[3].text]
    assert (second.replies, talk.text) == ((), ADRIFT[4].text)
    assert everything(path) == before
    assert path.read_text(encoding="utf-8").startswith(FRONT.split("\n---\n", maxsplit=1)[0])
    mended = path.read_bytes()
    again = marginalia("mend", path, "--in-place", cwd=tmp_path)
    assert "already up to date" in again.stdout
    assert path.read_bytes() == mended


def test_mend_and_site_read_a_record_and_mend_writes_one(tmp_path: Path) -> None:
    page(tmp_path, ADRIFT)
    done = marginalia(
        "convert", "20260302-bread.md", "--to", "record", "--output", "records", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "records").rglob("*.yaml")
    before = everything(path)
    done = marginalia("mend", path, "--in-place", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second, talk = archive.read(path)
    assert [reply.text for reply in first.replies] == [ADRIFT[2].text, ADRIFT[3].text]
    assert (second.replies, talk.text) == ((), ADRIFT[4].text)
    assert everything(path) == before
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    dumped = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)
    assert path.read_text(encoding="utf-8") == dumped
    done = marginalia("site", path.parent, "--output", "site", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = "".join(file.read_text() for file in (tmp_path / "site").rglob("*.html"))
    assert "Bread in Nine Houses" in shown
    assert ADRIFT[2].text in shown


def test_mend_writes_elsewhere(tmp_path: Path) -> None:
    path, other = page(tmp_path, ADRIFT), tmp_path / "mended.md"
    before = path.read_bytes()
    assert marginalia("mend", path, "--output", other, cwd=tmp_path).returncode == 0
    assert path.read_bytes() == before
    assert len(archive.read(other)) == 3


def test_mend_makes_text_of_what_could_run(tmp_path: Path) -> None:
    """An archive of before, in which the website would find a script."""
    script = "How do I strike, ~~like `this~~ <script>alert(1)</script>`?"
    path = page(tmp_path, [Entry("pekka", script, (Entry("a", "[x](javascript:b)"),)), *ADRIFT])
    before = path.read_bytes()
    shown = marginalia("mend", path, cwd=tmp_path)
    assert shown.stdout.splitlines()[:2] == [
        "[1.1] contains code that could run on the website; it becomes text",
        "[1] contains code that could run on the website; it becomes text",
    ]
    assert path.read_bytes() == before
    marginalia("mend", path, "--in-place", cwd=tmp_path)
    first = archive.read(path)[0]
    assert "<script" not in first.text
    assert first.replies[0].text == "\\[x\\](javascript:b)"
    data = json.loads(marginalia("mend", path, "--json", cwd=tmp_path).stdout)
    assert data["neutralised"] == []


def test_mend_as_json(tmp_path: Path) -> None:
    done = marginalia("mend", page(tmp_path, ADRIFT), "--json", cwd=tmp_path)
    data = json.loads(done.stdout)
    assert data["authors"] == [AUTHOR]
    found = [(p["entry"], p["kind"], p["question"], p["moves"]) for p in data["proposals"]]
    assert found == [
        (3, "answers", 1, True),
        (4, "continues", 1, True),
        (5, "talk", None, False),
    ]
    assert data["proposals"][0]["candidates"][0]["question"] == 1
    assert data["written"] is False


def reviewed(path: Path, answers: str) -> str:
    """Runs `mend --review` on a terminal and types the answers; gives what it showed."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from bot.cli import main; main()",
            "mend",
            str(path),
            "--review",
            "--in-place",
        ],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment({}),
        cwd=path.parent,
    ) as process:
        os.close(slave)
        os.write(master, answers.encode())
        shown = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # Linux says so when the other side is closed
                break
            if not piece:
                break
            shown += piece
        assert process.wait(60) == 0, shown
    os.close(master)
    return shown.decode("utf-8", "replace")


@pytest.mark.slow
def test_mend_review_asks_on_a_terminal(tmp_path: Path) -> None:
    path = page(tmp_path, ADRIFT)
    shown = reviewed(path, "[9]\n[2]\nn\n\n")
    assert "[1]" in shown
    assert "a number from the list" in shown
    first, second, *rest = archive.read(path)
    assert first.replies == ()
    assert [reply.text for reply in second.replies] == [ADRIFT[2].text]
    assert [entry.text for entry in rest] == [ADRIFT[3].text, ADRIFT[4].text]


def test_mend_review_needs_a_terminal(tmp_path: Path) -> None:
    done = marginalia("mend", page(tmp_path, ADRIFT), "--review", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "terminal" in done.stderr


def test_mend_of_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "20260302-bread.md"
    path.write_text(FRONT, encoding="utf-8")
    for arguments in (["mend", path], ["mend", tmp_path / "none.md"]):
        done = marginalia(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr


def test_mend_where_no_author_is_known(tmp_path: Path) -> None:
    path = page(tmp_path, [Entry("pekka", "Is it spoiled?"), Entry("Ines", "No.")])
    done = marginalia("mend", path, cwd=tmp_path)
    assert done.returncode == 2
    assert "correct `authors`" in done.stderr


def test_evaluate_pairing_as_json(tmp_path: Path) -> None:
    pages = [
        page(tmp_path, of_posts(seed, style), f"2026030{seed}-{style}.md")
        for seed, style in enumerate(("names", "plain"), 1)
    ]
    runs = [
        marginalia("evaluate-pairing", *pages, "--json", *more, cwd=tmp_path)
        for more in ([], [], ["--seed", "2"])
    ]
    data, same, other = (json.loads(run.stdout.splitlines()[-1]) for run in runs)
    assert data == same
    assert data != other
    assert data["answers"] == sum(file["answers"] for file in data["files"]) > 0
    assert 0 <= data["confident"]["precision"] <= 1
    assert 0 <= data["confident"]["coverage"] <= 1
    low, high = data["best_guess"]["accuracy_interval"]
    assert low <= data["best_guess"]["accuracy"] <= high
    assert set(data["baselines"]) == {"latest_open", "named"}
    assert {"level", "precision", "recall", "coverage"} == set(data["levels"][0])


def test_evaluate_pairing_prints_tables(tmp_path: Path) -> None:
    path = page(tmp_path, of_posts(1, "names"))
    empty = tmp_path / "20260309-empty.md"
    empty.write_text(FRONT, encoding="utf-8")
    done = marginalia("evaluate-pairing", path, empty, "--share", "1", cwd=tmp_path)
    assert done.returncode == 0
    assert "has no archive" in done.stderr
    assert path.name in done.stdout
    assert "level  precision  recall  coverage" in done.stdout


def test_evaluate_pairing_of_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "20260309-empty.md"
    empty.write_text(FRONT, encoding="utf-8")
    done = marginalia("evaluate-pairing", empty, "--json", cwd=tmp_path)
    data = json.loads(done.stdout)
    assert (data["answers"], data["best_guess"]["accuracy"]) == (0, None)


@pytest.mark.slow
def test_evaluate_pairing_with_what_life_has(tmp_path: Path) -> None:
    pages = [
        page(tmp_path, of_posts(seed, style), f"2026030{seed}-{style}.md")
        for seed, style in enumerate(("names", "plain", "chatty"), 1)
    ]
    runs = [
        marginalia("evaluate-pairing", *pages, "--life", "--json", *more, cwd=tmp_path)
        for more in ([], [], ["--seed", "2"])
    ]
    data, same, other = (json.loads(run.stdout.splitlines()[-1]) for run in runs)
    assert data == same
    assert data != other
    assert data["entries"] == data["coverage"]["of"] + data["talk_moved"]["of"]
    assert data["precision"]["part"] == data["coverage"]["part"] > 0
    assert set(data["files"]) == {path.stem for path in pages}
    for name in ("coverage", "talk_moved"):
        low, high = data[f"{name}_interval"]
        assert low <= data[name]["value"] <= high
        of_kinds = sum(kind[name]["of"] for kind in data["kinds"].values())
        assert of_kinds == data[name]["of"] > 0
    assert data["kinds"]["continues"]["coverage"]["of"] > 0, "answers are sent point by point"
    table = marginalia("evaluate-pairing", *pages, "--life", cwd=tmp_path).stdout
    moved = data["talk_moved"]
    assert f"{moved['part']} of {moved['of']}" in table
    assert "95 % intervals by bootstrap over books" in table


def test_evaluate_pairing_on_labels(tmp_path: Path) -> None:
    path = page(tmp_path, ADRIFT)
    labels = tmp_path / "labels.tsv"
    lines = [
        f"{path.stem}\t3\tanswers\t1\t-",
        f"{path.stem}\t4\tcontinues\t3\t1",
        f"{path.stem}\t5\ttalk\t-\t-",
    ]
    labels.write_text("\n".join(lines), encoding="utf-8")
    done = marginalia("evaluate-pairing", path, "--labels", labels, "--json", cwd=tmp_path)
    data = json.loads(done.stdout.splitlines()[-1])
    assert data["precision"] == {"value": 1.0, "part": 2, "of": 2}
    assert data["coverage"] == {"value": 1.0, "part": 2, "of": 2}
    assert data["talk_moved"] == {"value": 0.0, "part": 0, "of": 1}
    both = marginalia("evaluate-pairing", path, "--labels", labels, "--life", cwd=tmp_path)
    assert both.returncode == 2
    assert "cannot be used together" in both.stderr
    none = marginalia("evaluate-pairing", path, "--labels", tmp_path / "no.tsv", cwd=tmp_path)
    assert none.returncode == 2
    assert len(none.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("model_installed")  # which brings numpy
def test_weights_are_fitted_with_books_held_out(tmp_path: Path) -> None:
    first = page(tmp_path, ADRIFT)
    second = page(tmp_path, of_posts(1, "names")[:12], "20260309-names.md")
    labels = tmp_path / "labels.tsv"
    labels.write_text(f"{first.stem}\t3\tanswers\t1\t-\n", encoding="utf-8")
    script = Path(__file__).parents[2] / "scripts" / "tune_pairing.py"
    asked = [sys.executable, script, first, second, "--labels", labels, "--steps", "2"]

    def ran(*more: str) -> str:
        done = subprocess.run(
            [*map(str, asked), *more], check=True, capture_output=True, text=True, cwd=tmp_path
        )
        return done.stdout

    table = json.loads(ran()[ran().index("{") :])
    assert set(table) == set(TABLE)
    assert table != TABLE
    home = tmp_path / "home.json"
    home.write_text(json.dumps(dict.fromkeys(TABLE, 0.0)), encoding="utf-8")
    said = ran("--leave-out", "--home", str(home))
    assert f"{first.stem}, by words: " in said
    assert said.splitlines()[-1].startswith("all, by words: precision")


def test_the_seed_session_is_mended_whole(format_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / SEED
    path.write_bytes((format_folder / "samples" / SEED).read_bytes())
    before = everything(path)
    done = marginalia("mend", path, "--in-place", cwd=tmp_path)
    assert "11 of 11 top-level entries by the authors moved" in done.stdout, done.stdout
    threads = archive.read(path)
    assert len(threads) == 26 - 11
    assert everything(path) == before
    assert not any(t.name.startswith(("Savas", "Meysam")) for t in threads)


@pytest.mark.parametrize("number", range(2))
def test_keeping_is_exactly_unchanged(samples: list[Path], tmp_path: Path, number: int) -> None:
    path = tmp_path / samples[number].name
    path.write_bytes(samples[number].read_bytes())
    assert marginalia("mend", path, cwd=tmp_path).returncode == 0
    assert path.read_bytes() == samples[number].read_bytes()


@pytest.mark.usefixtures("model_installed")
def test_what_texts_mean_is_compared_where_that_is_asked_for(tmp_path: Path) -> None:
    threads = [
        Entry("pekka", "How do I look after a banneton that lives in a damp cellar?"),
        Entry("Ines Calado", "Which temperature does an oven need for baguettes?"),
        Entry(AUTHOR, "To take care of a proofing basket in a moist basement, dry it by a stove."),
    ]
    path = page(tmp_path, threads)
    by_words = marginalia("mend", path, "--meaning", "off", cwd=tmp_path)
    assert "[3] Odile Brandt: answers [1]" not in by_words.stdout
    with_model = marginalia("mend", path, cwd=tmp_path, env={"MARGINALIA_MEANING": "on"})
    assert "[3] Odile Brandt: answers [1] pekka" in with_model.stdout, with_model.stderr
    assert "speaks of what was asked" in with_model.stdout
    measured = page(tmp_path, of_posts(1, "plain")[:3], "20260309-threads.md")
    done = marginalia("evaluate-pairing", measured, "--meaning", "on", "--json", cwd=tmp_path)
    data = json.loads(done.stdout.splitlines()[-1])
    assert data["meaning"] is True
    assert data["confident"]["level"] == 0.78
    assert data["answers"] > 0

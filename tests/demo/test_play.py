"""The demo, and archive pages replayed through the sandbox against the real bot."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.demo import play
from bot.errors import UserError
from bot.library import archive, formats
from bot.library.formats import Entry
from tests.cli.running import marginalia
from tests.conftest import ROOT
from tests.examples import examples
from tests.processes import environment
from tests.scene import BOOK, EVENT

ARCHIVED = [
    "20210118-deep-learning-structured-data",
    "20210215-math-for-programmers",
    "20211011-mastering-transformers",
    "20220815-fundamentals-of-data-engineering",
    "20241017-build-large-language-model-from-scratch",
]


def outside(path: Path) -> bytes:
    """A file without its archive block."""
    return formats.read(path)[0].with_block("archive", "").data


@pytest.mark.parametrize(
    "name", [ARCHIVED[0], *(pytest.param(name, marks=pytest.mark.slow) for name in ARCHIVED[1:])]
)
async def test_a_sample_comes_back(tmp_path: Path, format_folder: Path, name: str) -> None:
    sample = format_folder / "samples" / f"{name}.md"
    result = await play.replay(sample, tmp_path / "out.md", tmp_path / "play")
    assert result.same_shape
    assert result.differing == []
    assert outside(tmp_path / "out.md") == outside(sample)


@pytest.mark.slow
@pytest.mark.parametrize("channel", ["ask-me-anything", "C0123ABCD", '"#ask-me-anything"'])
async def test_a_page_with_a_channel_of_its_own_comes_back(tmp_path: Path, channel: str) -> None:
    page = tmp_path / f"{EVENT}.md"
    page.write_text(BOOK.replace("authors:", f"channel: {channel}\nauthors:"))
    archive.write_archive(page, [Entry("Ben", "Q", (Entry("Ada Author", "A"),))])
    result = await play.replay(page, tmp_path / "out.md", tmp_path / "play")
    assert result.same_shape
    assert (result.same_bytes, result.texts) == (2, 2)
    assert (tmp_path / "out.md").read_bytes() == page.read_bytes()


@pytest.mark.slow
async def test_the_reported_page_comes_back(
    tmp_path: Path, reported: dict[str, dict[str, Any]]
) -> None:
    page = tmp_path / "20240101-book.md"
    page.write_text(reported["r01"]["input"], encoding="utf-8")
    result = await play.replay(page, tmp_path / "out.md", tmp_path / "play")
    assert (tmp_path / "out.md").read_bytes() == archive.with_archive(page, result.before)
    assert result.before == result.after


def test_what_is_wrong_with_a_page_of_the_past_is_a_warning(tmp_path: Path) -> None:
    page = tmp_path / f"{EVENT}.md"
    page.write_text(BOOK.replace("    link: https://book.example/?a=1&b=2\n", ""))
    archive.write_archive(page, [Entry("Ben", "1) Q"), Entry("Ben", "2) Q")])
    checked = marginalia("check", page, cwd=tmp_path)
    assert checked.returncode == 2
    assert "a link has no `link`" in checked.stdout + checked.stderr
    done = marginalia("replay", page, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.strip().splitlines()
    assert warning.startswith("warning: ")
    assert "a link has no `link`" in warning
    assert "0 texts read differently" in done.stdout
    page.write_text(page.read_text().replace("start: 2026-01-05 00:00:00", "start: soon"))
    done = marginalia("replay", page, cwd=tmp_path)
    assert done.returncode == 2
    assert "`start` is not a valid date" in done.stderr


@pytest.mark.slow
def test_the_replayed_file_is_what_a_yaml_reader_reads(tmp_path: Path, format_folder: Path) -> None:
    sample = format_folder / "samples" / f"{ARCHIVED[2]}.md"
    done = marginalia("replay", sample, "--output", "out.md", cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    def threads(path: Path) -> list[tuple[str, list[str]]]:
        front = path.read_text(encoding="utf-8").split("\n---")[0]
        found = yaml.safe_load(front)["archive"]
        return [(t["name"], [r["name"] for r in t["replies"]]) for t in found]

    back = threads(tmp_path / "out.md")
    assert back == threads(sample)
    assert (len(back), sum(len(replies) for _, replies in back)) == (26, 9)


_NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9
)
_WORDS = st.text("abc déf 漢字 *_~`#>-1.()[]&<:|{}%\n", min_size=1).filter(lambda t: t.strip())


@pytest.mark.slow
@given(
    st.lists(
        st.builds(Entry, _NAMES, _WORDS, st.lists(st.builds(Entry, _NAMES, _WORDS), max_size=3)),
        min_size=1,
        max_size=5,
    )
)
@examples(8)
def test_any_page_comes_back(
    tmp_path_factory: pytest.TempPathFactory, threads: list[Entry]
) -> None:
    import asyncio

    folder = tmp_path_factory.mktemp("page")
    page = folder / f"{EVENT}.md"
    page.write_text(BOOK)
    archive.write_archive(page, threads)
    result = asyncio.run(play.replay(page, folder / "out.md", folder / "play"))
    assert result.same_shape
    assert result.differing == []
    assert outside(folder / "out.md") == outside(page)


async def test_what_has_no_archive_is_not_replayed(tmp_path: Path) -> None:
    page = tmp_path / f"{EVENT}.md"
    page.write_text(BOOK)
    with pytest.raises(UserError, match="no archive to replay"):
        await play.replay(page, tmp_path / "out.md", tmp_path / "play")


def test_the_demo_plays_a_week_and_shows_its_archive(tmp_path: Path) -> None:
    done = marginalia("demo", "--seconds", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    path = tmp_path / "var/demo/schedules/20260105-the-patient-compiler.md"
    assert "var/demo/schedules/20260105-the-patient-compiler.md" in done.stdout
    assert "Marginalia to the channel" in done.stdout
    threads = archive.read(path)
    text = path.read_text(encoding="utf-8")
    assert outside(path).startswith(outside(play.EXAMPLE).split(b"\n---\n")[0])
    assert threads[0].name == "Mira"
    assert len(threads[0].replies) == 2
    assert "(b -> a -> b) -> b -> [a] -> b" in text.replace("\n    ", " "), "the edited text"
    assert "wrong channel" not in text, "deleted"
    assert "closures" not in text, "too late"
    assert "[the errata page](https://patient-compiler.example/errata#ch4)" in text
    again = marginalia("demo", "--seconds", "1", cwd=tmp_path)
    assert again.returncode == 0, "a second demo empties the folder of the first"


@pytest.mark.slow
def test_the_demo_tells_a_story_in_order(tmp_path: Path) -> None:
    done = marginalia("demo", "--seconds", "1", cwd=tmp_path, env={"COLUMNS": "300"})
    assert done.returncode == 0, done.stderr
    days = "Mon Tue Wed Thu Fri Sat".split()
    lines = [line for line in done.stdout.splitlines() if line[:3] in days and line[6:7] == ":"]
    times = [(days.index(line[:3]), line[4:9]) for line in lines]
    assert times == sorted(times)
    assert lines[0].startswith("Mon 00:00  Marginalia to the channel: The Patient Compiler")
    assert lines[1].startswith("Mon 00:00  Marginalia pins “The Patient Compiler")
    (closed,) = [n for n, line in enumerate(lines) if "is closed" in line]
    assert lines[closed].startswith("Fri 22:59  Marginalia to the channel: ")
    assert lines[closed + 1 :] == [
        "Sat 00:12  tobi_o asks after the end: Am I too late for a question about closures?"
    ]
    said = "\n".join(lines)
    assert "Mon 08:40  Marginalia to Mira (direct message): Odalys Fenwright answered" in said
    assert "Mon 09:10  Mira reacts with ❤️ to “Hello @Mira! Mostly just that" in said
    assert "Tue 15:01  tobi_o deletes “oops, wrong channel”" in said
    assert "answers Ravi Menon: @Ravi Menon 1. Because" in said
    assert "apart from the error messages?" in done.stdout.rpartition("as the website shows it")[2]


@pytest.mark.slow
def test_the_picture_in_the_readme_is_of_this_program(tmp_path: Path) -> None:
    done = marginalia("demo", "--seconds", "1", "--picture", "demo.svg", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / "demo.svg").read_text(encoding="utf-8")
    kept = (ROOT / "docs/demo.svg").read_text(encoding="utf-8")
    assert drawn == kept, "docs/demo.svg is out of date: run `make picture` and look at it"


@pytest.mark.slow
def test_on_a_terminal_the_demo_goes_on_in_the_browser(tmp_path: Path) -> None:
    terminal, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from bot.cli import main; main()", "demo", "--seconds", "1"],
        cwd=tmp_path,
        env=environment({"TERM": "dumb"}),
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    try:
        shown = ""
        while (
            found := re.search(r"Open (http://127\.0\.0\.1:\d+)\S* in a browser", shown)
        ) is None:
            assert select.select([terminal], [], [], 60)[0], f"nothing more came: {shown}"
            shown += os.read(terminal, 65536).decode(errors="replace")
        assert "The archive is in " in shown
        with urlopen(Request(found[1], headers={"Accept": "text/html"})) as page:
            assert "<title>" in page.read().decode()
        os.write(terminal, b"\n")
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def test_the_demo_empties_nobody_elses_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = marginalia("demo", "--folder", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"

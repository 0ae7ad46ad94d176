"""An archive page read for pairing: who its authors are."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import UserError
from bot.library import mending
from bot.library.formats import Entry
from bot.library.mending import authors_in, likeness

PAGE = """---
title: Bread in Nine Houses
description: Book of the Week. Bread, Step by Step, by {by}
start: 2026-03-02 00:00:00
end: 2026-03-06 23:59:59
authors:
{authors}

archive:
- name: pekka
  text: Is it spoiled?
  replies:
  - name: {name}
    text: Only hungry.
- name: Ines Calado
  text: How wet?
  replies:
  - name: {name}
    text: Ninety percent.
---
"""


def page(folder: Path, name: str, authors: str = "- odilebrandt", by: str = "Odile Brandt") -> Path:
    path = folder / "schedules" / "20260302-bread.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(PAGE.format(name=name, authors=authors, by=by), encoding="utf-8")
    return path


def person(folder: Path, short: str, title: str, more: str = "") -> None:
    people = folder / "people"
    people.mkdir(exist_ok=True)
    (people / f"{short}.md").write_text(
        f'---\nshort: {short}\ntitle: "{title}"\n{more}---\n', encoding="utf-8"
    )


@pytest.mark.parametrize(
    "name",
    [
        "Odile Brandt",
        "ODILE BRANDT",
        "Odilé Brändt",
        "odilebrandt",
        "Odile Brandt (author)",
        "Odile B",
    ],
)
def test_a_short_without_a_page(tmp_path: Path, name: str) -> None:
    assert mending.read(page(tmp_path, name)).authors == {name}


@pytest.mark.parametrize("name", ["Odile Brandt", "Odile-Marie Brandt", "obr_bakes", "O. Brandt"])
def test_a_short_with_a_page(tmp_path: Path, name: str) -> None:
    person(tmp_path, "odilebrandt", "Odile Brandt", "github: obr-bakes\n")
    assert mending.read(page(tmp_path, name, by="somebody")).authors == {name}


def test_two_authors_by_the_description(tmp_path: Path) -> None:
    path = page(tmp_path, "Teun Verhoef", "- ob\n- tv", by="Odile Brandt and Teun Verhoef")
    assert mending.read(path).authors == {"Teun Verhoef"}


def test_an_asker_is_no_author(tmp_path: Path) -> None:
    assert "Ines Calado" not in mending.read(page(tmp_path, "Odile Brandt")).authors


def test_nobody_fits(tmp_path: Path) -> None:
    found = mending.read(page(tmp_path, "Zed", by="somebody"))
    assert found.authors == frozenset()
    assert found.guessed


def test_who_replies_most_is_taken_where_nobody_fits(tmp_path: Path) -> None:
    path = page(tmp_path, "breadlady", by="somebody")
    entry = "- name: pekka\n  text: And {}?\n  replies:\n  - name: breadlady\n    text: Yes.\n"
    text = path.read_text(encoding="utf-8").removesuffix("---\n")
    path.write_text(text + "".join(entry.format(n) for n in range(5)) + "---\n", encoding="utf-8")
    found = mending.read(path)
    assert (found.authors, found.guessed) == ({"breadlady"}, True)


def test_a_first_name_alone_needs_to_reply() -> None:
    def thread(asker: str, *repliers: str) -> Entry:
        return Entry(asker, "?", tuple(Entry(replier, "!") for replier in repliers))

    answering = [thread("a", "Odile"), thread("b", "Odile"), thread("Max", "b")]
    assert authors_in(answering, [("Odile Brandt",), ("Max Weber",)]) == {"Odile"}


@pytest.mark.parametrize(
    ("name", "form", "least", "most"),
    [
        ("Savas Yildirim", "Savaş Yıldırım", 100, 100),
        ("Joseph Reis", "Joe Reis", 90, 90),
        ("Meysam Asgari-chenaghlu", "Meysam Asgari Chenaghlu", 100, 100),
        ("Joseph Reis", "joereis", 80, 90),
        ("Ann Reis", "Joe Reis", 0, 0),
        ("Joe Rice", "Mark Ryan", 0, 0),
        ("Khuyen", "Khuyen Tran", 60, 60),
        ("", "Khuyen Tran", 0, 0),
    ],
)
def test_likeness(name: str, form: str, least: float, most: float) -> None:
    assert least <= likeness(name, form) <= most


def test_every_sample_has_its_authors(samples: list[Path]) -> None:
    for path in samples:
        found = mending.read(path)
        if found.entries:
            assert not found.guessed
            assert 1 <= len(found.authors) <= 2
            helped = [e for e in found.entries if {r.name for r in e.replies} & found.authors]
            assert len(helped) * 3 >= len(found.entries) or len(found.entries) < 30


def test_every_sample_has_its_authors_without_the_people(
    samples: list[Path], tmp_path: Path
) -> None:
    for path in samples:
        alone = tmp_path / path.name
        alone.write_bytes(path.read_bytes())
        assert mending.read(alone).authors == mending.read(path).authors


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.md") as error:
        mending.read(tmp_path / "nowhere.md")
    assert "\n" not in str(error.value)

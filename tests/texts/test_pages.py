"""Another language changes all that people read on the site and on a board."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from justhtml import JustHTML

from bot import texts
from bot.library.formats import Entry
from bot.web import figures
from bot.web.board import drawn
from bot.web.board.model import Board, Question, Reply
from bot.web.figures import Asked, Given
from bot.web.site import books, pages
from tests.texts.test_languages import folder, latin  # noqa: F401
from tests.web import shelf

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
READ = ("alt", "aria-label", "placeholder", "title", "label")
"""Attributes that people read or hear."""
NAMES = re.compile(r"Marginalia|Atom|JSON(?: Feed| Lines| Schema)?|UTF-|questions\.jsonl|\bq\d+")
THREADS = (
    Entry("Μπεν", "Γιατί;", (Entry("Άδα Σ", "Έτσι."), Entry("Κλειώ", "Ναι."))),
    Entry("Κλειώ", "Και μετά;"),
    Entry("", "Τι;", (Entry("", "Αυτό."),)),
    *(Entry("Μπεν", f"Ερώτηση {n};") for n in range(5)),
    Entry("Άδα Σ", "Γεια σας!"),
)


@pytest.fixture
def greek(folder: Path) -> Iterator[None]:  # noqa: F811
    texts.use("el", folder)
    yield
    texts.use("en")


def read(html: str) -> str:
    """All that people read of a page: its text, what stands for pictures, what its script says."""
    page = JustHTML(html, sanitize=False)
    for code in page.query("pre, code, .fields, script"):
        code.parent.remove_child(code)
    words = [page.to_text()]
    described = page.query("meta[name=description], meta[property]")
    words += [e.attrs["content"] or "" for e in described if e.attrs.get("property") != "og:type"]
    for element in page.query("*"):
        words += [element.attrs[name] or "" for name in READ if name in element.attrs]
        if "data-texts" in element.attrs:
            words += json.loads(element.attrs["data-texts"] or "").values()
    return NAMES.sub("", "\n".join(words))


@pytest.mark.usefixtures("greek")
def test_the_site(tmp_path: Path) -> None:
    shelf.write(tmp_path, "20260105-a", THREADS, title="Το Βιβλίο", authors=["Άδα Σ"], body="Τι;")
    shelf.write(tmp_path, "20260112-b", None, title="Άλλο", authors=["Άδα Σ", "Όμηρος"], body="Τι;")
    planned, _problems = books.find([tmp_path])
    (tmp_path / "site").mkdir()
    pages.build(planned, tmp_path / "site", pages.Site(title="Βιβλία"))
    found = sorted((tmp_path / "site").rglob("*.html"))
    assert len(found) == 15
    for path in found:
        assert latin(read(path.read_text("utf-8"))) == [], path.name
    for path in (tmp_path / "site" / "figures").rglob("*.svg"):
        words = [
            each.text or "" for each in ElementTree.parse(path).iter() if "style" not in each.tag
        ]
        assert latin("\n".join(words)) == [], path.name


@pytest.mark.usefixtures("greek")
def test_charts_of_times() -> None:
    asked = [
        Asked([Given(True, START + timedelta(hours=n)), Given(False)], START) for n in range(3)
    ]
    for figure in figures.of_session(asked, asked, UTC):
        assert latin(f"{figure.title}\n{figure.summary}") == []


@pytest.mark.usefixtures("greek")
@pytest.mark.parametrize(("is_open", "is_over"), [(True, False), (False, True), (False, False)])
def test_a_board(is_open: bool, is_over: bool) -> None:
    reply = Reply("Άδα Σ", "Έτσι.", by_author=True)
    questions = [
        Question("1", "Μπεν", "Γιατί;", START, 1, (reply,), ("Άδα Σ",), "https://a.example/1"),
        Question("2", "Κλειώ", "Τι;", START, 2, (), ()),
    ]
    authors = ("Άδα Σ", "Όμηρος")
    board = Board(
        "Το Βιβλίο", authors, START, START, is_open, is_over, "https://a.example", questions
    )
    page = drawn.draw(board).page("https://b.example/board/1", "votes", False).decode()
    assert latin(read(page)) == []

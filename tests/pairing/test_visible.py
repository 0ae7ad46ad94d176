"""Pairing compares what a reader sees, not how the archive writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.library import mending
from bot.library.archive import write_archive
from bot.library.formats import Entry
from bot.markup import NoNames, from_markdown, plain, to_markdown, visible_text
from bot.sessions.pairing import linked, pair
from bot.sessions.pairing.session import SessionFeatures

FRONT = "---\ntitle: B\nauthors: [Ada Author]\nstart: 2024-01-01 00:00:00\n---\n"


def page(tmp_path: Path, *entries: Entry) -> mending.Page:
    path = tmp_path / "20240101-b.md"
    path.write_text(FRONT, "utf-8")
    write_archive(path, entries)
    return mending.read(path)


def test_our_own_entities_are_no_words(tmp_path: Path) -> None:
    found = page(
        tmp_path,
        Entry("Ben", "How long did the book take?"),
        Entry("Cy", "Is Ope&#110;_AI_ in it?"),
        Entry("Dan", "Do you draw the figures yourself?", [Entry("Ada Author", "Yes.")]),
        Entry("Ada Author", "Two years, mostly on a trai&#110;_ing_ day."),
    )
    pairing = pair(found.posts())
    assert linked(pairing) == {}
    assert all("110" not in decision.reason for decision in pairing.decisions)


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        ("a&nbsp;b &#110;o &#123;{ &lt;x&gt; &amp;", "a\xa0b no {{ <x> &"),
        (r"snake\_case and \*stars\*", "snake_case and *stars*"),
        ("Ope&#110;_AI_ and **bold**", "OpenAI and bold"),
        ("see [the docs](https://example.org/secret-words)", "see the docs"),
        ("&gt; no quote", "> no quote"),
        ("> a quote\n\nand an answer", "> a quote\nand an answer"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("2. the second of two messages", "2. the second of two messages"),
    ],
)
def test_visible_text(markdown: str, seen: str) -> None:
    assert visible_text(markdown) == seen


def test_words_are_the_same_live_and_in_the_archive(tmp_path: Path) -> None:
    message = from_markdown("Is Ope&#110;_AI_ in it, or `x_y`?\n\n- one\n- [two](https://a.org/b)")
    live = plain(message, NoNames())
    archived = page(tmp_path, Entry("Cy", to_markdown(message, NoNames()))).posts()[0].text
    assert live == archived
    stems = SessionFeatures(page(tmp_path, Entry("Cy", archived)).posts()).texts["1"].stems
    assert "openai" in stems


def test_what_is_moved_keeps_its_markdown(tmp_path: Path) -> None:
    found = page(
        tmp_path,
        Entry("Ben Stone", "How long did the book take?"),
        Entry("Ada Author", "Ben Stone a&nbsp;_year_ &amp; more for the book, it was long"),
    )
    threads = mending.attach(found.entries, found.authors, {"2": "1"})
    assert [reply.text for reply in threads[0].replies] == [found.entries[1].text]

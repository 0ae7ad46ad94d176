"""The texts of the website's samples, to Slack and back: they read the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.library import archive
from bot.markup import from_markdown, to_markdown
from tests.markup.page import page
from tests.markup.seen import text_of
from tests.markup.slack import Names


def texts(samples: list[Path]) -> Iterator[tuple[str, str]]:
    """Every text, and where it stands."""
    for path in samples:
        for number, thread in enumerate(archive.read(path), 1):
            for reply, entry in enumerate((thread, *thread.replies)):
                yield f"{path.name}, question {number}, reply {reply}", entry.text


def read(markdown: str) -> list[str]:
    """What a reader of the file sees, line by line, beside where the gaps are."""
    return [text_of(line) for line in page(markdown, website=False) if line[1]]


def test_every_text_reads_the_same_after_slack(samples: list[Path]) -> None:
    """And what came back comes back to the letter: a session played twice is the same file."""
    count = 0
    for where, text in texts(samples):
        count += 1
        once = to_markdown(from_markdown(text), Names())
        if once != text:
            assert read(once) == read(text), where
            assert to_markdown(from_markdown(once), Names()) == once, where
    assert count > 500

"""The texts of the website's samples, to Slack and back: they read the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.library import archive
from bot.markup import from_markdown, to_markdown
from tests.kramdown import Kramdown
from tests.markup.page import read
from tests.markup.seen import Line, canonical
from tests.markup.slack import Names


def texts(samples: list[Path]) -> Iterator[tuple[str, str]]:
    """Every text, and where it stands."""
    for path in samples:
        for number, thread in enumerate(archive.read(path), 1):
            for reply, entry in enumerate((thread, *thread.replies)):
                yield f"{path.name}, question {number}, reply {reply}", entry.text


def seen(html: str) -> list[Line]:
    """What a reader of the page sees."""
    return canonical(read(html, ("header", "table")), gaps=True)


def test_every_text_reads_the_same_after_slack(samples: list[Path], website: Kramdown) -> None:
    """And what came back comes back to the letter: a session played twice is the same file."""
    count = same = 0
    for where, text in texts(samples):
        count += 1
        once = to_markdown(from_markdown(text), Names())
        same += once == text
        if once != text:
            assert seen(website(once)) == seen(website(text)), where
            assert to_markdown(from_markdown(once), Names()) == once, where
    assert count > 500
    assert same / count >= 0.95


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("1) a\n2) b", "1\\) a\n2\\) b"),
        ("Intro\n1) a", "Intro\n1\\) a"),
        ("2) a\n3) b", "2) a\n3) b"),
        ("2. a\n3. b", "1. a\n2. b"),
        ("a -- b --- c", "a – b — c"),
        ("a -\\- b", "a -\\- b"),
        ("a\n---\nb", "a\n—\nb"),
        ('"[a](https://x.org)"--b', '"[a](https://x.org)”–b'),
        ("a\n\n---\nb\n===\nc", "a\n\n—\nb\n\\===\nc"),
        ("a\n\r---\rb", "a\n\r---\rb"),
        ("```\r---\r```", None),
        ("`a -- b` ---- [https://a--b.org](https://a--b.org)", None),
        ("_the *other* one_", None),
        (
            "so: \n- one \nmore of it  \n- two \nthe end",
            "so: \n- one \nmore of it  \n- two \nthe end",
        ),
        ("1. one\n   two\n2. three", "1. one\ntwo\n2. three"),
        ("a\n```### System: x\nb", "a\n&#96;&#96;&#96;### System: x\nb"),
        ("~~~\na", "&#126;&#126;&#126;\na"),
    ],
)
def test_what_the_website_reads_otherwise_than_commonmark(
    text: str, back: str | None, website: Kramdown
) -> None:
    once = to_markdown(from_markdown(text), Names())
    assert back is None or once == back
    if "a--b.org" not in text:
        assert seen(website(once)) == seen(website(text))
    assert to_markdown(from_markdown(once), Names()) == once

"""The law: what was said in Slack is what the archive page shows.

A message goes to Markdown, the Markdown through a renderer, and what a reader of the page sees is
what a reader in Slack saw: the same characters, on the same lines, with the same marks. Two
readers written for the tests (`slack.py`, `page.py`) say what is seen on either side.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from bot.markup import to_markdown
from bot.markup.parse import parse
from tests.kramdown import Kramdown
from tests.markup.page import page, read
from tests.markup.seen import Line, canonical, shown
from tests.markup.slack import Names, shows
from tests.markup.strategies import (
    alphabet,
    both_roads,
    delimited,
    mrkdwn,
    rich_texts,
    structured,
    texts,
)

ROADS = [
    pytest.param({"website": False}, id="CommonMark"),
    pytest.param({"website": True}, id="website"),
]


def agree(message: dict[str, Any]) -> None:
    markdown = to_markdown(message, Names())
    kinds = {block["type"] for block in message.get("blocks", ())}
    roads: list[dict[str, bool]] = [{"website": False}, {"website": True}]
    tabled = {"website": True, "tables": True}
    for scheduler in [tabled] if "table" in kinds else [*roads, tabled]:
        expected = shows(message, gaps=scheduler["website"])
        found = page(markdown, **scheduler, allowed=kinds)
        if expected != found:
            pytest.fail(
                f"{scheduler}\n{markdown!r}\nSlack shows\n{shown(expected)}\nthe page shows\n{shown(found)}\n{message}\n{expected}\n{found}"
            )


@given(rich_texts())
def test_rich_text(message: dict[str, Any]) -> None:
    agree(message)


@given(structured())
def test_headers_and_tables(message: dict[str, Any]) -> None:
    agree(message)


@given(texts | mrkdwn)
def test_mrkdwn(text: str) -> None:
    agree({"text": text})


@given(both_roads)
def test_both_roads_lead_to_one_tree(messages: tuple[dict[str, Any], dict[str, Any]]) -> None:
    blocks, text = messages
    assert shows(blocks, gaps=True) == shows(text, gaps=True)
    assert parse(blocks) == parse(text)
    agree(blocks)


TYPED = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "…": "..."})


def typographic(lines: list[Line]) -> list[Line]:
    """Lines whatever kramdown makes of quotation marks, and of three dots in prose."""
    return [
        (kind, tuple((each, marks) for shown, marks in line for each in shown.translate(TYPED)))
        for kind, line in lines
    ]


def agrees(message: dict[str, Any], website: Kramdown) -> None:
    markdown = to_markdown(message, Names())
    expected = typographic(shows(message, gaps=True))
    kinds = {block["type"] for block in message.get("blocks", ())}
    found = typographic(canonical(read(website(markdown), kinds), gaps=True))
    if expected != found:
        pytest.fail(
            f"{markdown!r}\nSlack shows\n{shown(expected)}\nthe website shows\n{shown(found)}\n{message}"
        )


@settings(max_examples=max(300, settings.default.max_examples), derandomize=False, print_blob=True)
@given(message=delimited | structured(alphabet, ("bullet",)))
def test_the_website(message: dict[str, Any], website: Kramdown) -> None:
    """On the website's own converter, with fresh messages in each run."""
    agrees(message, website)

"""What a person types, and the rich text that Slack makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slackbox import richtext


def text(value: str, **style: bool) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "text", "text": value}
    if style:
        element["style"] = style
    return element


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("already &lt;escaped&gt; &amp; fine", "already &lt;escaped&gt; &amp; fine"),
        ("<@U012AB3CD> and <#C012AB3CD|room>", "<@U012AB3CD> and <#C012AB3CD|room>"),
        ("see https://a.example/x?y=1&z=2.", "see <https://a.example/x?y=1&amp;z=2>."),
        ("<https://a.example|here>", "<https://a.example|here>"),
        ("code `a<b https://a.example`", "code `a&lt;b https://a.example`"),
        ("```x = a & b```", "```x = a &amp; b```"),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_tidied(typed: str, stored: str):
    assert richtext.tidy(typed) == stored
    assert richtext.tidy(stored) == stored


@pytest.mark.parametrize(
    ("stored", "elements"),
    [
        ("plain", [text("plain")]),
        ("a *bold* b", [text("a "), text("bold", bold=True), text(" b")]),
        ("_a *b* c_", [text("a ", italic=True), text("b", italic=True, bold=True),
                       text(" c", italic=True)]),
        ("~gone~", [text("gone", strike=True)]),
        ("2 * 3 * 4", [text("2 * 3 * 4")]),
        ("snake_case_name", [text("snake_case_name")]),
        ("`a *b*`", [text("a *b*", code=True)]),
        ("<@U012AB3CD> hi", [{"type": "user", "user_id": "U012AB3CD"}, text(" hi")]),
        ("<#C012AB3CD|room>", [{"type": "channel", "channel_id": "C012AB3CD"}]),
        ("<!here> <!subteam^S01>", [{"type": "broadcast", "range": "here"}, text(" "),
                                    {"type": "usergroup", "usergroup_id": "S01"}]),
        ("<https://a.example?a=1&amp;b=2|x &gt; y>",
         [{"type": "link", "url": "https://a.example?a=1&b=2", "text": "x > y"}]),
        ("*<https://a.example>*",
         [{"type": "link", "url": "https://a.example", "style": {"bold": True}}]),
        (":wave::skin-tone-3: 10:30:00", [{"type": "emoji", "name": "wave", "skin_tone": 3},
                                          text(" 10:30:00")]),
        ("<!date^1392734382^{date_num}|then>",
         [{"type": "date", "timestamp": 1392734382, "format": "{date_num}", "fallback": "then"}]),
        ("a &lt; b", [text("a < b")]),
    ],
)  # fmt: skip
def test_inline(stored: str, elements: list[dict[str, Any]]):
    assert richtext.inline(stored) == elements


def test_quotes_lists_and_code():
    block = richtext.rich_text(
        "Before\n&gt; quoted\n&gt; twice\nAfter\n• one\n• two\n    ◦ inner\n1. first\n```\ncode\n```\nend",
        "b1",
    )
    assert block["block_id"] == "b1"
    shapes = [
        (e["type"], e.get("style"), e.get("indent"), len(e["elements"])) for e in block["elements"]
    ]
    assert shapes == [
        ("rich_text_section", None, None, 1),
        ("rich_text_quote", None, None, 1),
        ("rich_text_section", None, None, 1),
        ("rich_text_list", "bullet", 0, 2),
        ("rich_text_list", "bullet", 1, 1),
        ("rich_text_list", "ordered", 0, 1),
        ("rich_text_preformatted", None, None, 1),
        ("rich_text_section", None, None, 1),
    ]
    assert block["elements"][1]["elements"] == [text("quoted\ntwice")]
    assert block["elements"][6]["elements"] == [text("code")]


def plain_of(element: dict[str, Any]) -> str:
    """The text that a reader sees, with the numbers of ordered lists."""
    if "elements" in element:
        shown = list(map(plain_of, element["elements"]))
        if element.get("style") == "ordered":
            first = element.get("offset", 0) + 1
            shown = [f"{number}. {text}" for number, text in enumerate(shown, first)]
        return "".join(shown)
    return str(element.get("text") or element.get("name") or element.get("url") or "")


@given(st.text(alphabet="ab1 \n*_~`<>&:@#!|./https", max_size=40))
@example("1. ")
@example("1. a\n2. \nb\n11. a")
def test_no_letter_is_lost(typed: str):
    stored = richtext.tidy(typed)
    block = richtext.rich_text(stored, "b")
    letters = [c for c in typed if c.isalnum()]
    shown = [c for c in plain_of(block) if c.isalnum()]
    if "<" not in typed:
        assert shown == letters
    assert richtext.tidy(stored) == stored

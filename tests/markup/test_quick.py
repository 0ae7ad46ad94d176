"""The quick way to the Markdown of an ordinary message is the careful way's, byte for byte."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup import markdown, quick
from bot.markup.parse import parse
from tests.markup.slack import Names
from tests.markup.strategies import HOSTILE, both_roads, mrkdwn, rich_texts, texts

NAMES = Names()

# What people write, with all that the quick way takes for ordinary, and what stands around it.
WORDS = st.sampled_from(
    [
        *("Thanks", "a", "x_1", "snake_case", "fine-tuning", "can't", "42", "2.5", "C++", "über"),
        *("日本", "“quoted”", "(see", "above)", "why?", "e.g.", "so:", "$5", "~20%", "[1]", "{x}"),
        *("*really*", "_Chapter 3_", "~old~", "`fit_transform(**kw)`", "`a b`", "*", "…", "—", "!"),
        *("&amp;", "&lt;", "&gt;", "&amp;lt;", "🙂", "10:30", ":+1:", ":wave::skin-tone-3:"),
        *(":party_parrot:", ":one:", ":flag-de:", "<@U1>", "<@U02>", "<#C1|general>", "<#C1>"),
        "<https://example.com/a_b/1?c=d&amp;e=f>",
        "<https://example.com/a_b|https://example.com/a_b>",
        "<http://a.b/c|the docs, page 3>",
        "<mailto:ada@example.com|ada@example.com>",
        "```x = 1\ny &lt; 2```",
        "\n```a```\n",
    ]
)
HARD = st.sampled_from(HOSTILE)
GLUE = st.sampled_from(
    [" "] * 12 + ["", "", "\n", "\n", "\n\n", "\n• ", "\n&gt; ", "\n1. ", ", ", "!"]
)


def _sequences(piece: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(piece, GLUE), min_size=1, max_size=12)
    return pairs.map(lambda parts: "".join(itertools.chain(*parts))).map(str.strip)


ORDINARY = _sequences(WORDS)
NEARLY = _sequences(st.one_of(*[WORDS] * 7, HARD))

STYLES = st.sampled_from(
    [None] * 8
    + [{"bold": True}, {"italic": True}, {"strike": True}, {"code": True}]
    + [{"bold": True, "italic": True}, {"bold": False}]
)
LITERALS = st.sampled_from(
    [
        *("Thanks ", " and ", "a", " ", " x_1 * x_2 < 3 && 4", "snake_case ", " (", ") ", ".", "!"),
        *(
            "\n",
            " so\n",
            "\n\nwhy? ",
            "- a",
            "1. a",
            "• a",
            ":wave: ",
            "~20% ",
            "$5 ",
            "--",
            "_",
            "*",
        ),
        *("🙂", "日本 ", "42 ", "`", "[1] ", "# a", "\t", "\x0b", "\ud83d"),
    ]
)
MARKED = st.sampled_from(["really", "Chapter 3", "f(x_1)", "old", " a", "a ", "x*y", "a.", "é"])


def _text(text: str, style: dict[str, bool] | None) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"style": style} if style else {})


PIECES = st.one_of(
    st.builds(_text, LITERALS, st.none()),
    st.builds(_text, LITERALS, st.none()),
    st.builds(_text, MARKED, STYLES),
    st.sampled_from(
        [
            {"type": "user", "user_id": "U1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "emoji", "name": "+1", "unicode": "1f44d"},
            {"type": "emoji", "name": "wave", "skin_tone": 3},
            {"type": "emoji", "name": "wave::skin-tone-3"},
            {"type": "emoji", "name": "one"},
            {"type": "emoji", "name": "party_parrot"},
            {"type": "link", "url": "https://example.com/a_b?c=d&e=f"},
            {"type": "link", "url": "https://example.com/", "text": "the docs"},
            {
                "type": "link",
                "url": "https://example.com/",
                "text": "the docs",
                "style": {"bold": True},
            },
            {"type": "link", "url": "https://example.com/(a)", "text": "[…]"},
            {"type": "broadcast", "range": "here"},
        ]
    ),
)


def _section(kind: str = "rich_text_section") -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(PIECES, min_size=1, max_size=6).map(
        lambda each: {"type": kind, "elements": each}
    )


ELEMENTS = st.one_of(
    _section(),
    _section(),
    _section("rich_text_quote"),
    st.lists(LITERALS, min_size=1, max_size=3).map(
        lambda each: {
            "type": "rich_text_preformatted",
            "elements": [_text(text, None) for text in each],
        }
    ),
    st.builds(
        lambda style, indent, items: {
            "type": "rich_text_list",
            "style": style,
            "indent": indent,
            "elements": items,
        },
        st.sampled_from(["bullet", "ordered"]),
        st.sampled_from([0, 0, 0, 1]),
        st.lists(_section(), min_size=0, max_size=3),
    ),
)
BLOCKS = st.lists(ELEMENTS, min_size=1, max_size=4).map(
    lambda each: {"blocks": [{"type": "rich_text", "elements": each}]}
)


def same(message: dict[str, Any], names: Names = NAMES) -> None:
    found = quick.markdown(message, names)
    if found is not None:
        assert found == markdown.write(parse(message), names), message


@given(ORDINARY | NEARLY)
def test_text(text: str) -> None:
    same({"text": text})


@given(BLOCKS)
def test_blocks(message: dict[str, Any]) -> None:
    same(message)


@given(texts | mrkdwn)
def test_hostile_text(text: str) -> None:
    same({"text": text})


@given(rich_texts())
def test_hostile_blocks(message: dict[str, Any]) -> None:
    same(message)


@given(both_roads)
def test_both_roads(messages: tuple[dict[str, Any], dict[str, Any]]) -> None:
    for message in messages:
        same(message)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, that's great! Is it fine-tuning?",
        "Hi <@U1>, see <https://example.com/a_b?c=d&amp;e=f> and <http://a.b|the docs> :+1:",
        "*Really* good, _chapter 3_ has `fit_transform(x)` in it",
        "Two things:\n• the first\n• `second`",
        "&gt; as you said\nYes: 3 &lt; 4 &amp;&amp; x_1 * x_2",
        "Look:\n```def f(**args):\n    return a &amp; b```\nand so on",
    ],
)
def test_what_people_write_takes_the_quick_way(text: str) -> None:
    assert quick.markdown({"text": text}, NAMES) is not None


@pytest.mark.parametrize(
    "text",
    [
        # An address whose last letter stands behind a line, and code that has lines.
        "See <https://example.com/section_2> and `__init__`",
        # A quote is one block: what is marked in one of its lines counts in all.
        "&gt; _one_\n&gt; x ab_c",
        "&gt; ~one~\n&gt; ~20%",
        # The name in a mention is not shown, so code does not begin in it, nor does it end a line.
        "<@U1|a`b> -- <@U1|c`d>",
        "<@U1|a\rb> and <#C1|a\x0bb>",
        # A word's character that is no letter.
        "_Really_, R²_adj matters",
        "x²_b `q` y²_c",
        "a `\u00a0` b",
        "hi <@U9>-x",
    ],
)
def test_text_that_looks_more_ordinary_than_it_is(text: str) -> None:
    same({"text": text}, _Hyphen())


@pytest.mark.parametrize(
    "elements",
    [
        [_text("a {", None), {"type": "emoji", "name": "party_parrot"}],
        [_text("a\u00a0", None), _text("\nb", None)],
        [_text("a ", None), _text("\u00a0", {"code": True}), _text(" b", None)],
        [{"type": "user", "user_id": "U9"}, _text("-x", None)],
        [
            {"type": "link", "url": "https://example.com/section_2"},
            _text(" and ", None),
            _text("__init__", {"code": True}),
        ],
    ],
)
def test_blocks_that_look_more_ordinary_than_they_are(elements: list[dict[str, Any]]) -> None:
    section = {"type": "rich_text_section", "elements": elements}
    same({"blocks": [{"type": "rich_text", "elements": [section]}]}, _Hyphen())


@pytest.mark.parametrize(
    "element",
    [
        {"type": "text", "text": 7},
        {"type": "text", "text": None},
        {"type": "link", "url": "https://a.b", "text": " x"},
        {"type": "link", "url": "https://a.b", "text": "x\ny"},
        {"type": "link", "url": "https://a.b", "text": True},
        {"type": "link", "url": "https://a.b"},
        {"type": "link", "url": "https://a.b", "text": "x"},
    ],
)
def test_code_that_is_no_plain_text(element: dict[str, Any]) -> None:
    code = {"type": "rich_text_preformatted", "elements": [element]}
    same({"blocks": [{"type": "rich_text", "elements": [code]}]})


@pytest.mark.parametrize("kind", ["user", "channel"])
def test_nobody_is_asked_for_the_name_of_what_is_no_id(kind: str) -> None:
    class Strict(Names):
        def user(self, id: str) -> str:
            assert isinstance(id, str)
            return ""

        channel = user

    section = {"type": "rich_text_section", "elements": [{"type": kind, f"{kind}_id": 7}]}
    same({"blocks": [{"type": "rich_text", "elements": [section]}]}, Strict())


class _Hyphen(Names):
    """Somebody's name ends in what two of would be a dash."""

    def user(self, id: str) -> str:
        return "Ada-" if id == "U9" else super().user(id)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"blocks": [{"type": "rich_text", "elements": []}], "text": "a"},
        {"blocks": [{"type": "rich_text", "elements": {}}], "text": "a"},
        {"text": ""},
        {"text": None},
        {"text": 7},
        {"text": " "},
        {"blocks": [{"type": "rich_text"}]},
        {"blocks": [{"type": "rich_text", "elements": []}]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section"}]}]},
        {
            "blocks": [
                {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}
            ]
        },
        {"blocks": "text"},
        {"blocks": [7], "text": "a"},
        {"text": "a", "files": [{"title": "b", "permalink": "https://a.b"}]},
    ],
)
def test_what_is_missing_or_mistyped(message: dict[str, Any]) -> None:
    same(message)

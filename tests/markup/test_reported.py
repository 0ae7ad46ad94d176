"""What other importers and converters were reported to get wrong, and siblings of it.

The reported inputs are read beside the project; what is right is said in a notation of what is
visible: `{b}`, `{i}`, `{c}`, `{a}`, `{q}` before bold, italic, code, linked and quoted text, `{}`
before plain text, `{L1}` before the mark of an item of a list and `{Lq}` of one in a quote.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bot.markup import to_markdown
from tests.conftest import FORMAT, shared
from tests.kramdown import Kramdown
from tests.markup.page import read
from tests.markup.slack import Names

CASES = FORMAT.parent / "cases" / "reported.jsonl"
MARKS = {"bold": "b", "italic": "i", "strike": "s", "code": "c"}
ITEM = re.compile(r"( *)(?:([•◦▪])\ufe0e?|([0-9]+|[a-z]+)\.) ")


def reported() -> list[Any]:
    if not CASES.exists():
        return [pytest.param({}, marks=pytest.mark.skip(f"the reports are missing: {CASES}"))]
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [pytest.param(each, id=each["id"]) for each in cases if each["id"].startswith("m")]


def visible(html: str) -> str:
    """What a page shows, in the notation of the reports."""
    lines = []
    for kind, characters in read(html):
        quote = "q" if kind == "quote" else ""
        shown, at = "", ""
        text = "".join(character for character, _ in characters)
        item = ITEM.match(text)
        if item:
            depth = len(item[1]) // 4 + 1
            mark = (
                "•" if item[2] else f"{int(item[3]) if item[3].isdigit() else ord(item[3]) - 96}."
            )
            shown, at = f"{{L{'q' if quote else depth}}}{mark} ", "item"
        for character, marks in characters[item.end() if item else 0 :]:
            flags = _flags(marks, kind) + quote
            if flags != at and not character.isspace():
                shown += f"{{{flags}}}"
                at = flags
            shown += character
        lines.append(shown)
    return "\n".join(line for line in lines if line)


def _flags(marks: frozenset[str], kind: str) -> str:
    found = "".join(flag for mark, flag in MARKS.items() if mark in marks)
    found += "a" * any(mark.startswith("link:") for mark in marks)
    return "c" if kind.startswith("code") else found


def test_the_reports_are_there() -> None:
    shared(CASES.parent)
    assert CASES.exists()


@pytest.mark.parametrize("case", reported())
def test_what_was_reported(case: dict[str, Any], website: Kramdown) -> None:
    seen = visible(website(to_markdown(case["input"], Names())))
    expected = case["expected"].replace("\\n", "\n").replace("\\_", "\\_")
    match case["id"]:
        case "m06":
            assert seen.split("\n") == ["{aq}Ada", "{q}How do {bq}you {q}test?", "{aq}plot.png"]
        case "m09":
            assert re.findall(r"\{b\}(\w)", seen) == ["Y"] * 6
            assert re.sub(r"\{b?\}|\*", "", seen) == "Y~ Y! Y) Y- Y/ Y: N@ N( N& N_ N| N\\ N< N>"
        case "m35":
            assert seen == "my code\n{a}Untitled\n{c}print(1)"
        case "m39":
            assert seen == "bar"
        case _:
            assert seen == re.sub(r"^\{\}", "", expected)


def rich(*elements: dict[str, Any], text: str = "") -> dict[str, Any]:
    return {"text": text, "blocks": [{"type": "rich_text", "elements": list(elements)}]}


def section(*pieces: Any) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": [_piece(each) for each in pieces]}


def _piece(piece: Any) -> dict[str, Any]:
    if isinstance(piece, dict):
        return piece
    text, *marks = (piece,) if isinstance(piece, str) else piece
    return {"type": "text", "text": text, "style": dict.fromkeys(marks, True)}


def items(style: str, indent: int, *texts: str, **more: Any) -> dict[str, Any]:
    elements = [section(each) for each in texts]
    found = {"type": "rich_text_list", "style": style, "indent": indent, "elements": elements}
    return {**found, **more}


def quote(*pieces: Any) -> dict[str, Any]:
    return {**section(*pieces), "type": "rich_text_quote"}


def code(text: str, **more: Any) -> dict[str, Any]:
    return {**section(text), "type": "rich_text_preformatted", **more}


SIBLINGS = {
    "numbers go on behind two depths": (
        rich(
            items("ordered", 0, "a"),
            items("bullet", 1, "x"),
            items("bullet", 2, "y"),
            items("ordered", 0, "b", "c"),
        ),
        "{L1}1. {}a\n{L2}• {}x\n{L3}• {}y\n{L1}2. {}b\n{L1}3. {}c",
    ),
    "numbers of the inner list begin again": (
        rich(
            items("ordered", 0, "a"),
            items("ordered", 1, "x", "y"),
            items("ordered", 0, "b"),
            items("ordered", 1, "z"),
        ),
        "{L1}1. {}a\n{L2}1. {}x\n{L2}2. {}y\n{L1}2. {}b\n{L2}1. {}z",
    ),
    "text between ends the numbers": (
        rich(items("ordered", 0, "a"), section("so\n"), items("ordered", 0, "b")),
        "{L1}1. {}a\nso\n{L1}1. {}b",
    ),
    "code in a quote": (
        rich(quote("He ran:"), code("x = 1\n\ny < 2", border=1), section("after")),
        "{q}He ran:\n{c}x = 1\n{c}y < 2\nafter",
    ),
    "a quote in a quote, and its list": (
        rich(quote("a"), {**quote("b"), "border": 1}, items("ordered", 0, "x", "y", border=1)),
        "{q}a\n{q}b\n{Lq}1. {q}x\n{Lq}2. {q}y",
    ),
    "a list in a quote, and one behind it": (
        rich(items("bullet", 0, "x", border=1), items("bullet", 0, "y", border=0)),
        "{Lq}• {q}x\n{L1}• {}y",
    ),
    "a forwarded message of blocks": (
        {
            "text": "see",
            "attachments": [
                {
                    "is_share": True,
                    "author_name": "Ada",
                    "from_url": "https://x.slack.com/archives/C1/p1",
                    "text": "not this",
                    "message_blocks": [
                        {
                            "message": rich(
                                section("as ", ("I", "italic"), " said:\n"), items("bullet", 0, "x")
                            )
                        }
                    ],
                }
            ],
        },
        "see\n{aq}Ada\n{q}as {iq}I{q} said:\n{Lq}• {q}x",
    ),
    "a link to a message, unfurled": (
        {
            "text": "<https://x.slack.com/archives/C1/p1>",
            "attachments": [
                {
                    "is_msg_unfurl": True,
                    "author_name": "Ada",
                    "from_url": "https://x.slack.com/archives/C1/p1",
                    "text": "It is `x|y`",
                }
            ],
        },
        "{a}https://x.slack.com/archives/C1/p1\n{aq}Ada\n{q}It is {cq}x|y",
    ),
    "people and groups by the text's labels": (
        rich(
            section(
                {"type": "user", "user_id": "U9"}, " ", {"type": "usergroup", "usergroup_id": "S9"}
            ),
            text="<@U9|zoë> <!subteam^S9|@crew>",
        ),
        "zoë @crew",
    ),
    "those who are here, with a label": (
        {"text": "<!here|here> <!channel|@channel>"},
        "@here @channel",
    ),
    "a snippet that goes on": (
        {
            "files": [
                {"mode": "snippet", "title": "T", "preview": "a\n<b>", "preview_is_truncated": True}
            ]
        },
        "T\n{c}a\n{c}<b>\n{c}…",
    ),
    "italic inside a word": (rich(section("Open", ("AI", "italic"), "s")), "Open{i}AI{}s"),
    "italic after a digit and a hyphen": (
        rich(section("GPT-", ("4", "italic"), "-", ("mini", "italic"))),
        "GPT-{i}4{}-{i}mini",
    ),
    "bold punctuation beside letters": (rich(section("a", ("(b)", "bold"), "c")), "a{b}(b){}c"),
    "strike beside letters": (rich(section("a", ("!", "strike"), "b")), "a{s}!{}b"),
    "a digit before an underscore": (rich(section("x1_a b2_ c _d")), "x1_a b2_ c _d"),
    "four underscores in an address": (
        {"text": "<https://x.org/a____b> _c_"},
        "{a}https://x.org/a____b {i}c",
    ),
    "tildes in text and in code": (
        rich(section("~~a ", ("b~~c", "code"), " d~~ ", ("e", "strike"))),
        "~~a {c}b~~c{} d~~ {s}e",
    ),
    "backticks before a bar in two spans": (
        rich(section("` ", ("a|b", "code"), " ` ", ("c|d", "code"))),
        "` {c}a|b{} ` {c}c|d",
    ),
    "five backticks": ({"text": "`````x`````"}, "{c}``x``"),
    "quote marks after a tab": ({"text": "a\n\t&gt; b"}, "a\n{q}b"),
    "a shrug in bold": ({"text": "*well ¯\\_(ツ)_/¯*"}, "{b}well ¯\\_(ツ)_/¯"),
    "dots": ({"text": "a/.../b 1...5 `x...` so..."}, "a/.../b 1...5 {c}x...{} so…"),
    "three dashes and two": ({"text": "a --- b -- c"}, "a --- b -- c"),
    "underlined": (
        rich(section("so ", {"type": "text", "text": "it", "style": {"underline": True}}, " is")),
        "so it is",
    ),
}


@pytest.mark.parametrize(("message", "expected"), SIBLINGS.values(), ids=SIBLINGS)
def test_siblings(message: dict[str, Any], expected: str, website: Kramdown) -> None:
    # A space is as what stands before it.
    expected = re.sub(r"(?<!^)(?<!\. )(?<!• )(\{[a-z]*\})( +)", r"\2\1", expected)
    assert visible(website(to_markdown(message, Names()))) == expected

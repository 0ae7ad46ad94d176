"""Tables and headings: of a message's own blocks, to the page and back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.markup import NoNames, from_markdown, plain, to_markdown, visible_text
from bot.web import text as pages
from tests.kramdown import Kramdown
from tests.markup.slack import Names

Block = dict[str, Any]


def rich(*elements: Block) -> Block:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(elements)}],
    }


def text(characters: str, *marks: str) -> Block:
    return {"type": "text", "text": characters, "style": dict.fromkeys(marks, True)}


def raw(characters: str) -> Block:
    return {"type": "raw_text", "text": characters}


def table(*rows: list[Block]) -> Block:
    return {"type": "table", "rows": list(rows)}


def header(characters: str, **more: Any) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": characters}, **more}


def html(shown: str) -> str:
    """HTML without the blanks between its elements, and without breaks that show as nothing."""
    lines = "".join(line.strip() for line in shown.split("\n"))
    return lines.replace("<br /></p>", "</p>").replace("<br /></h", "</h")


CODE = {"code": True}
HEAD = "<table><thead><tr><th>model</th><th>F1</th></tr></thead><tbody>"
EXAMPLES: dict[str, tuple[list[Block], str]] = {
    "a table between two lines": (
        [
            rich(text("see")),
            table([raw("model"), raw("F1")], [raw("a|b"), raw("0.9")]),
            rich(text("so")),
        ],
        f"<p>see</p>{HEAD}<tr><td>a|b</td><td>0.9</td></tr></tbody></table><p>so</p>",
    ),
    "cells of rich text": (
        [
            table(
                [raw("model"), raw("F1")],
                [
                    rich(text("x", "bold"), {"type": "user", "user_id": "U1"}),
                    rich({"type": "link", "url": "https://x.org/a|b", "text": "p|q"}),
                ],
                [
                    rich({"type": "link", "url": "https://x.org", "text": "a|b", "style": CODE}),
                    raw("1"),
                ],
                [rich(text("a|b", "code"), text(" `")), rich(text("1\n2"))],
            )
        ],
        f"{HEAD}<tr><td><strong>x</strong>Ada Lovelace</td>"
        '<td><a href="https://x.org/a%7Cb">p|q</a></td></tr>'
        '<tr><td><a href="https://x.org"><code>a&#124;b</code></a></td><td>1</td></tr>'
        "<tr><td><code>a&#124;b</code> `</td><td>1<br /> 2</td></tr></tbody></table>",
    ),
    "a list in a cell": (
        [
            table(
                [raw("model"), raw("F1")],
                [
                    raw("x"),
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_list",
                                "style": "bullet",
                                "elements": [
                                    {"type": "rich_text_section", "elements": [text("one")]},
                                    {"type": "rich_text_section", "elements": [text("two")]},
                                ],
                            }
                        ],
                    },
                ],
            )
        ],
        f"{HEAD}<tr><td>x</td><td>• one<br /> • two</td></tr></tbody></table>",
    ),
    "a table with a caption and numbers": (
        [
            {
                "type": "data_table",
                "caption": "Results",
                "rows": [
                    [raw("model"), raw("F1")],
                    [raw("x"), {"type": "raw_number", "value": 0.9, "text": "0.90"}],
                    [raw("y"), {"type": "raw_number", "value": 1}],
                ],
            }
        ],
        f"<p>Results</p>{HEAD}<tr><td>x</td><td>0.90</td></tr><tr><td>y</td><td>1</td></tr>"
        "</tbody></table>",
    ),
    "cells that look like a table's rule": (
        [table([raw("model"), raw("F1")], [raw("-"), raw(":-:")], [raw("---"), raw("=")])],
        f"{HEAD}<tr><td>-</td><td>:-:</td></tr><tr><td>---</td><td>=</td></tr></tbody></table>",
    ),
    "dead text in a cell": (
        [table([raw("model"), raw("F1")], [raw("<b> *x* | {: .x}"), raw("# [a](javascript:b)")])],
        f"{HEAD}<tr><td>&lt;b&gt; *x* | {{: .x}}</td><td># [a](javascript:b)</td></tr>"
        "</tbody></table>",
    ),
    "stars at the ends of lines": (
        [header("**\n**"), table([raw("model"), raw("F1")], [raw("*a\nb*"), raw("_a\n_")])],
        f"<h3>**<br /> **</h3>{HEAD}<tr><td>*a<br /> b*</td><td>_a<br /> _</td></tr></tbody></table>",
    ),
    "headers": (
        [
            header("Day *one* {#x} ##"),
            rich(text("text")),
            header("Part", level=2),
            header("Next"),
            header("##"),
        ],
        "<h3>Day *one* {#x} ##</h3><p>text</p><h2>Part</h2><h3>Next</h3><h3>##</h3>",
    ),
    "a header and a table": (
        [header("Results"), table([raw("model"), raw("F1")], [raw("x"), raw("1")])],
        f"<h3>Results</h3>{HEAD}<tr><td>x</td><td>1</td></tr></tbody></table>",
    ),
    "code and a table": (
        [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_preformatted", "elements": [text("x")]}],
            },
            table([raw("model"), raw("F1")], [raw("x"), raw("1")]),
        ],
        f"<pre><code>x</code></pre>{HEAD}<tr><td>x</td><td>1</td></tr></tbody></table>",
    ),
    "a list and a header": (
        [
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_list",
                        "style": "bullet",
                        "elements": [{"type": "rich_text_section", "elements": [text("one")]}],
                    }
                ],
            },
            header("Part"),
            rich(text("after")),
        ],
        "<ul><li>one<br /></li></ul><h3>Part</h3><p>after</p>",
    ),
    "Markdown of an app": (
        [
            {
                "type": "markdown",
                "text": "# T\n\n| model | F1 |\n|---|--:|\n| x | `a\\|b` |\n\n> ### q\n> text\n",
            }
        ],
        f"<h1>T</h1>{HEAD}<tr><td>x</td><td><code>a&#124;b</code></td></tr></tbody></table>"
        "<blockquote><h3>q</h3><p>text</p></blockquote>",
    ),
    "a heading in an item of an app's Markdown": (
        [{"type": "markdown", "text": "- one\n\n  ### Part\n  more\n- two"}],
        "<ul><li>one<br /><h3>Part</h3><p>more</p></li><li>two</li></ul>",
    ),
}


@pytest.mark.parametrize(("blocks", "expected"), EXAMPLES.values(), ids=EXAMPLES)
def test_blocks_on_the_website_and_back(
    blocks: list[Block], expected: str, website: Kramdown
) -> None:
    written = to_markdown({"text": "not this", "blocks": blocks}, Names())
    shown = html(website(written))
    assert re.sub(r'(<h[1-6]) id="[a-z0-9_-]*"', r"\1", shown) == expected
    again = from_markdown(written)
    assert to_markdown(again, NoNames()) == written
    assert plain(again) == visible_text(written)


def test_one_row_is_a_table_for_the_website_and_a_line_for_others(website: Kramdown) -> None:
    """CommonMark has no table without a head, and a head alone is none for kramdown."""
    blocks = [table([raw("a"), raw("b")]), rich(text("after"))]
    written = to_markdown({"blocks": blocks}, NoNames())
    assert written == "| a | b |\r\rafter"
    row = "<tr><td>a</td><td>b</td></tr>"
    assert html(website(written)) == f"<table><tbody>{row}</tbody></table><p>after</p>"
    assert html(str(pages.message(written).html)) == html(website(written))
    assert [block["type"] for block in from_markdown(written)["blocks"]] == ["table", "rich_text"]


def test_our_pages_show_tables_as_the_website(website: Kramdown) -> None:
    for written in ("a | b\nc | d", "| a | b |\r|---|---|\r| 1 | 2 |", "a\nb | c", "`a | b`"):
        shown = html(website(written)).replace("<br />", "<br>")
        assert html(str(pages.message(written).html)) == shown.replace("<br></td>", "</td>")


@pytest.mark.parametrize(
    "written",
    [
        "a|b",
        "a|b\n\nc",
        "x\n\ra | b",
        "x\n\na | b\nc | d",
        "- one\n### Part\n{}\nmore\n- two",
        "### a\nb",
    ],
)
def test_a_page_with_tables_and_headings_is_the_same_after_slack(
    written: str, website: Kramdown
) -> None:
    """Also one that nobody meant: the website made it of what was left as it was."""
    once = to_markdown(from_markdown(written), NoNames())
    assert html(website(once)).replace("<br /></td>", "</td>") == html(website(written)).replace(
        "<br /></td>", "</td>"
    )


def test_what_no_block_of_its_own_can_say_is_markdown() -> None:
    for written in ("### [a](https://x.org)", "- one\n\n  ### Part", f"### {'x' * 151}"):
        assert [block["type"] for block in from_markdown(written)["blocks"]] == ["markdown"]
    assert [block["type"] for block in from_markdown("### a :tada:\nb")["blocks"]] == [
        "header",
        "rich_text",
    ]


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "table"}],
        [{"type": "table", "rows": "x"}],
        [{"type": "table", "rows": [None, [], [None]]}],
        [table([raw(""), raw(" ")], [raw("")])],
        [{"type": "header"}],
        [header("")],
        [header(" \n")],
        [{"type": "header", "text": "x"}],
    ],
)
def test_blocks_that_say_nothing_leave_the_text(blocks: list[Block]) -> None:
    assert to_markdown({"text": "", "blocks": blocks}, NoNames()) == ""

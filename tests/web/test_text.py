"""Markdown as a page shows it: what the website shows, and nothing of it as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from justhtml import JustHTML

from bot.library import archive
from bot.markup import NoNames, to_markdown
from bot.web import text
from tests.kramdown import Kramdown

PARTS = ["rich_text_section", "rich_text_quote", "rich_text_preformatted", "rich_text_list"]


def seen(html: str) -> str:
    """The words a reader sees, with straight quotes, and without the numbers of lists, which
    kramdown loses or writes as text."""
    words = unescape(re.sub(r"<[^>]+>", " ", html))
    words = words.translate(str.maketrans("‘’“”", "''\"\""))
    words = re.sub(r"(?<![^\s])\d+[.)](?=\s|$)", " ", words)
    return re.sub(r"\s+", " ", words).strip()


def test_a_sample_shows_what_the_website_shows(samples: list[Path], website: Kramdown) -> None:
    texts = [
        entry.text
        for path in samples
        for thread in archive.read(path)
        for entry in (thread, *thread.replies)
    ]
    assert len(texts) > 500
    pairs = [(seen(website(each)), seen(str(text.message(each).html))) for each in texts]
    other = [(theirs, ours) for theirs, ours in pairs if theirs != ours]
    # Three are other on purpose: a `|` is no table, emphasis within emphasis is read, and a code
    # block whose blank lines the notebook had lost is read as CommonMark reads it.
    assert len(other) <= 3, other


_characters = st.sampled_from(list("abc xyz 019 .,:;!?-_*~`'\"<>&|[](){}#+=/\\$@ é猫\u05d0🙂"))
_words = st.text(_characters, min_size=1, max_size=24).filter(str.strip)
_style = st.dictionaries(
    st.sampled_from(["bold", "italic", "strike", "code"]), st.just(True), max_size=2
)
_elements = st.lists(
    st.one_of(
        st.builds(lambda t, s: {"type": "text", "text": t, "style": s}, _words, _style),
        st.just({"type": "text", "text": "\n"}),
        st.just({"type": "text", "text": "\n\n"}),
        st.builds(lambda t: {"type": "link", "url": "https://example.org/a_b", "text": t}, _words),
    ),
    min_size=1,
    max_size=4,
)


def _block(kind: str, elements: list[dict[str, object]], ordered: bool) -> dict[str, object]:
    if kind != "rich_text_list":
        return {"type": kind, "elements": elements}
    sections = [{"type": "rich_text_section", "elements": [each]} for each in elements]
    return {"type": kind, "style": "ordered" if ordered else "bullet", "elements": sections}


_messages = st.lists(
    st.builds(_block, st.sampled_from(PARTS), _elements, st.booleans()), min_size=1, max_size=3
)


# Always the same messages: what `to_markdown` writes is not this test's to hunt through.
@settings(derandomize=True)
@given(blocks=_messages)
def test_what_slack_showed_shows_as_on_the_website(
    website: Kramdown, blocks: list[dict[str, object]]
) -> None:
    markdown = to_markdown({"blocks": [{"type": "rich_text", "elements": blocks}]}, NoNames())
    assert seen(str(text.message(markdown).html)) == seen(website(markdown))


_hostile = st.text(st.one_of(_characters, st.characters()), max_size=200) | st.lists(
    st.sampled_from(
        [
            *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "-->", "<br>"),
            *(
                "<svg/onload=alert(1)>",
                "</div></li></article>",
                "<b title='",
                "&lt;i&gt;",
                "&#x3c;",
            ),
            *("[a](javascript:alert(1))", "[a](data:text/html,x)", "![p](//h/x.png)", "<//h>"),
            *("[a](https://e.org/'onclick='x)", "[a]: vbscript:x", "[a][a]", "<javascript:x>"),
            *("```", "~~~", "`", "\n", "\r", "\n\n", "> ", "- ", "1. ", "2) ", "    ", "# ", "***"),
            *("\u202e", "\u2028", "\x00", "\x1b[31m", "\ud83d", "\ufffe", "a", " ", '"', "'", "--"),
        ]
    ),
    max_size=14,
).map("".join)

TAGS = {
    *("p", "br", "a", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "rel", "title"}, "ol": {"start", "class"}, "code": {"class"}}


def parsed(html: str) -> JustHTML:
    """The elements of a piece of HTML; any error in it is an exception."""
    whole = (
        f"<!doctype html><html><head><title>t</title></head><body><div>{html}</div></body></html>"
    )
    return JustHTML(whole, strict=True, sanitize=False)


@pytest.mark.parametrize(
    "show", [text.message, lambda each: text.description(each, "https://w.example/x")]
)
@given(source=_hostile)
@example(source="<script>alert(1)</script>")
@example(source="> ```\n> <script>\n\n```\n</pre>")
def test_whatever_is_written_is_text(show: Callable[[str], text.Shown], source: str) -> None:
    shown = show(source)
    page = parsed(str(shown.html))
    for element in page.query("body > div *"):
        assert element.name in TAGS
        assert set(element.attrs) <= ATTRIBUTES.get(element.name, set())
    for link in page.query("body > div a"):
        scheme, _, rest = link.attrs["href"].partition(":")
        assert scheme.lower() in {"http", "https", "mailto", "tel"}
        assert rest
        assert link.attrs["rel"] == "nofollow noopener"
    assert text.clean(shown.text) == shown.text
    shown.text.encode("utf-8")


def test_a_script_stays_the_text_it_is() -> None:
    shown = text.message("What does `<b>` do? <script>alert(1)</script> &lt;i&gt;")
    assert "<script" not in shown.html
    assert shown.text == "What does <b> do? <script>alert(1)</script> <i>"


def test_lines_and_paragraphs() -> None:
    shown = text.message("one\ntwo\n\nthree\n- a\n- b\n\rafter\n")
    assert str(shown.html) == (
        "<p>one<br>\ntwo</p>\n<p>three</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>after</p>\n"
    )
    assert shown.text == "one\ntwo\nthree\na\nb\nafter"


def test_a_code_block_keeps_its_lines_and_shows_no_break() -> None:
    for source in (
        "see\n```\nif x:\n\n    y <b>\n```\nso",
        "see\n```\rif x:\r\r    y <b>\r```\rso",
    ):
        shown = text.message(source)
        assert "<pre><code>if x:\n\n    y &lt;b&gt;\n</code></pre>" in shown.html
        assert "br" not in shown.html
        assert shown.text == "see\nif x:\n\n    y <b>\nso"


def test_a_list_keeps_the_number_it_begins_with() -> None:
    assert '<ol start="3">' in text.message("3. third").html
    assert '<ol start="3" class="paren">' in text.message("3) third").html


def test_headings_leave_no_level_out() -> None:
    shown = str(text.message("### deep\n\r# top\n\r###### deepest").html)
    assert re.findall(r"<(h\d)", shown) == ["h4", "h4", "h5"]


def test_a_picture_of_another_host_is_a_link_to_it() -> None:
    shown = text.message("![the plot](https://example.org/plot.png)")
    assert "<img" not in shown.html
    assert (
        '<a href="https://example.org/plot.png" rel="nofollow noopener">the plot</a>' in shown.html
    )


def test_a_link_within_the_website_leads_there_where_that_is_known() -> None:
    assert (
        '<a href="https://w.example/slack.html"'
        in text.description("[Slack](/slack.html)", "https://w.example").html
    )
    assert text.description("[Slack](/slack.html)").html == "<p>Slack</p>\n"


def test_a_comment_in_a_description_is_not_shown() -> None:
    assert text.description("a\n\n<!-- more\n-->\n\nb").text == "a\nb"


@given(source=st.text(max_size=300), limit=st.integers(2, 80))
def test_an_excerpt_is_one_line_of_at_most_its_length(source: str, limit: int) -> None:
    line = text.excerpt(source, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1

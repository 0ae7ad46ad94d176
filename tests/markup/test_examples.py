"""Examples of every construct, one by one, through the public door.

FORMAT.md ("Text") fixes some of the Markdown to the letter; for the rest, what counts is the page,
so those examples say the HTML that CommonMark makes of it. Every example is shown as the website
shows it, too, where `page` fails for an element or a link that no message may bring.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.markup import NoNames, to_markdown
from tests.markup.page import html, page
from tests.markup.seen import text_of
from tests.markup.slack import Names

Element = dict[str, Any]


def shown(message: dict[str, Any]) -> str:
    """The HTML of a message, as CommonMark has it; on the website the same is seen."""
    markdown = to_markdown(message, Names())
    plain = [text_of(line) for line in page(markdown, website=False)]
    website = [text_of(line) for line in page(markdown, website=True)]
    assert [line for line in plain if line] == [line for line in website if line]
    return html(markdown, website=False).strip()


def rich(*elements: Element) -> dict[str, Any]:
    """A message with one `rich_text` block; its text is what the blocks must win over."""
    return {"text": "not this", "blocks": [{"type": "rich_text", "elements": list(elements)}]}


def section(*elements: Element) -> Element:
    return {"type": "rich_text_section", "elements": list(elements)}


def text(characters: str, *marks: str) -> Element:
    style = {"style": dict.fromkeys(marks, True)} if marks else {}
    return {"type": "text", "text": characters, **style}


def bullets(style: str, indent: int, *items: str, **more: Any) -> Element:
    elements = [section(text(item)) for item in items]
    return {
        "type": "rich_text_list",
        "style": style,
        "indent": indent,
        "elements": elements,
        **more,
    }


def quote(*elements: Element) -> Element:
    return {"type": "rich_text_quote", "elements": list(elements)}


def preformatted(*elements: Element) -> Element:
    return {"type": "rich_text_preformatted", "border": 0, "elements": list(elements)}


def link(url: str, label: str = "", *marks: str) -> Element:
    found: Element = {"type": "link", "url": url}
    if label:
        found["text"] = label
    if marks:
        found["style"] = dict.fromkeys(marks, True)
    return found


# What FORMAT.md, or what is left of a text that nothing is done to, fixes to the letter.
EXACT = {
    "a person, without @": ("ask <@U1>", "ask Ada Lovelace"),
    "a person that only the label names": ("ask <@U9|bob>", "ask bob"),
    "a person that nobody knows": ("ask <@U9>", "ask U9"),
    "a name is text": ("<@U3>", "&lt;b&gt;Eve&lt;/b&gt; &amp; {\\{ co }}"),
    "a channel": ("in <#C1|general>", "in #general"),
    "a channel without a label": ("in <#C1>", "in #general"),
    "a channel that only the label names": ("in <#C9|gone>", "in #gone"),
    "here": ("<!here> look", "@here look"),
    "channel": ("<!channel>", "@channel"),
    "everyone, with a label": ("<!everyone|everyone>", "@everyone"),
    "a user group": ("<!subteam^S1>", "@ml-ops"),
    "a user group that only the label names": ("<!subteam^S9|@old>", "@old"),
    "a date": ("on <!date^1720710212^{date}|July 11th>", "on July 11th"),
    "a date with a link": ("<!date^1720710212^{date}^https://d.org|July>", "[July](https://d.org)"),
    "a date without a fallback": ("<!date^1720710212^{date}>", "2024-07-11 15:03 UTC"),
    "a link": ("<https://x.org|text>", "[text](https://x.org)"),
    "an address": ("<https://x.org>", "[https://x.org](https://x.org)"),
    "a shortened label": (
        "<https://x.org/a|https://x.org/[…]>",
        "[https://x.org/[…]](https://x.org/a)",
    ),
    "mail": ("<mailto:a@b.org|a@b.org>", "[a@b.org](mailto:a@b.org)"),
    "telephone": ("<tel:+4930123|+49 30 123>", "[+49 30 123](tel:+4930123)"),
    "an emoji": ("so :slightly_smiling_face:", "so 🙂"),
    "an emoji of the workspace": (
        ":data-talks_club: :partyparrot:",
        ":data-talks_club: :partyparrot:",
    ),
    "entities": ("&lt;script&gt; &amp; co", "&lt;script&gt; &amp; co"),
    "entities, decoded once": ("&amp;lt;", "&amp;lt;"),
    "entities of HTML are text": ("&amp;nbsp; &amp;#60;", "&amp;nbsp; &amp;#60;"),
    "entities in code": ("`&lt;T&gt; &amp;&amp; &amp;lt;`", "`<T> && &lt;`"),
    "snake_case": ("snake_case_name", "snake_case_name"),
    "powers": ("2 ** 3 ** 4", "2 ** 3 ** 4"),
    "keyword arguments": ("def f(**args)", "def f(**args)"),
    "a wave with a tone": ("hi :wave::skin-tone-2:", "hi 👋🏻"),
    "a wave that is one already": ("hi 👋🏻", "hi 👋🏻"),
    "times": ("at 10:30:45", "at 10:30:45"),
    "ports": ("http://a:80:90", "http://a:80:90"),
    "a single star, dollar, tilde": ("5 * 3 = 15, $5, ~10 %", "5 * 3 = 15, $5, ~10 %"),
    "no escape where there is no markup": ("a - b # c > d + e 1. f", "a - b # c &gt; d + e 1. f"),
    "marks": ("*b* _i_ ~s~ `c`", "**b** _i_ ~~s~~ `c`"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("mrkdwn", "markdown"), EXACT.values(), ids=EXACT)
def test_text_to_the_letter(mrkdwn: str, markdown: str) -> None:
    assert to_markdown({"text": mrkdwn}, Names()) == markdown
    shown({"text": mrkdwn})


LITERAL = (
    *(
        "a*b*c",
        "*a *b",
        "* a *",
        "**a**",
        "_x",
        "__init__",
        "a_b_",
        "~ a ~",
        "~~a~~",
        "`a",
        "``a``",
    ),
    *(
        "<script>alert(1)</script>",
        "<b>x</b>",
        "<!-- x -->",
        "</p>",
        "AT&T",
        "&copy;",
        "&#42;x&#42;",
    ),
    *(
        "# x",
        "####### x",
        "- x",
        "+ x",
        "* x",
        "1. x",
        "12) x",
        "= x",
        "===",
        "---",
        "***",
        "_ _ _",
    ),
    *("| a | b |", "|---|---|", "[a](b)", "![a](b)", "[a]: b", "[^1]: b", "*[HTML]: b", ": x", "^"),
    *("{{ site.x }}", "{% raw %}", "{%- if x -%}", "{: .class}", "{::comment}", "$$x$$", "a -- b"),
    *("\\*", "\\", "\\\\", "https://x.org/a_b_c*d*", "www.x.org", "a@b.org", "~~~ py", '"q" ...'),
    *("\u200bzero", "\u202eright to left", "שלום", "日本語*日本*語", "- [ ] x", "word" * 300),
)


@pytest.mark.parametrize("literal", LITERAL)
def test_text_that_is_no_markup_shows_as_it_is(literal: str) -> None:
    """In a `rich_text` block, text is text: alone, among others, in an item, and in a quote."""
    for before, after in (("", ""), ("one\n", "\ntwo"), ("x ", " y")):
        expected = [*filter(None, f"{before}{literal}{after}".split("\n"))]
        seen = page(
            to_markdown(rich(section(text(before + literal + after))), Names()), website=False
        )
        assert [text_of(line) for line in seen if line[1]] == expected
    for block, mark in ((bullets("bullet", 0, literal), "• "), (quote(text(literal)), "")):
        seen = page(to_markdown(rich(block), Names()), website=True)
        assert [text_of(line) for line in seen] == [mark + literal]
        assert {marks for _, line in seen for _, marks in line} == {frozenset()}


@pytest.mark.parametrize(
    "literal", [each for each in LITERAL if not set(each) & set("*_~`<>&\\") and "://" not in each]
)
def test_text_that_is_no_mrkdwn_shows_as_it_is(literal: str) -> None:
    seen = page(to_markdown({"text": literal}, Names()), website=True)
    assert [text_of(line) for line in seen] == [literal]


# mrkdwn, and what CommonMark shows.
RENDERED = {
    "marks in marks": ("*_~all~_*", "<p><strong><em><s>all</s></em></strong></p>"),
    "a mark inside a mark": ("*bold _both_*", "<p><strong>bold <em>both</em></strong></p>"),
    "bold is not italic": ("*bold*", "<p><strong>bold</strong></p>"),
    "no mark inside a word": ("a*b*c d_e_f", "<p>a*b*c d_e_f</p>"),
    "a mark beside punctuation": ("(*b*), _i_.", "<p>(<strong>b</strong>), <em>i</em>.</p>"),
    "a mark around a link": (
        "*<https://x.org|x>*",
        '<p><strong><a href="https://x.org">x</a></strong></p>',
    ),
    "an entity in letters, in a label": (
        "<https://x.org|&amp;lt;b&amp;gt; :wave: &lt;> `<https://x.org|&amp;amp;>`",
        '<p><a href="https://x.org">&amp;lt;b&amp;gt; 👋 &lt;</a> <code>&amp;amp;</code></p>',
    ),
    "code is set apart first": (
        "`*b* _i_ :wave: <https://x.org> <@U1>` *b*",
        "<p><code>*b* _i_ :wave: https://x.org Ada Lovelace</code> <strong>b</strong></p>",
    ),
    "marks do not reach across code": ("*a `b* c`", "<p>*a <code>b* c</code></p>"),
    "a block of code": (
        "before\n```x = 1\n\n    y = *x &amp;&amp; &amp;lt; :wave:```\nafter",
        "<p>before</p>\n<pre><code>x = 1\n\n    y = *x &amp;&amp; &amp;lt; :wave:\n</code></pre>\n"
        "<p>after</p>",
    ),
    "code in code": ("```a `b` c```", "<pre><code>a `b` c\n</code></pre>"),
    "a backtick alone": ("a ` b", "<p>a ` b</p>"),
    "a quote": (
        "&gt; one\n&gt; two\nafter",
        "<blockquote>\n<p>one\ntwo</p>\n</blockquote>\n<p>after</p>",
    ),
    "a quote of the rest": (
        "a\n&gt;&gt;&gt; one\n\ntwo",
        "<p>a</p>\n<blockquote>\n<p>one</p>\n<p>two</p>\n</blockquote>",
    ),
    "a quote has marks": (
        "&gt; *b* `c`",
        "<blockquote>\n<p><strong>b</strong> <code>c</code></p>\n</blockquote>",
    ),
    "paragraphs and lines": ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>"),
    "a list that is text": (
        "• one\n    ◦ two\n• three",
        "<ul>\n<li>one\n<ul>\n<li>two</li>\n</ul>\n</li>\n<li>three</li>\n</ul>",
    ),
    "an address that holds every mark": (
        "<https://x.org/a_b*c*(d)_e|x>",
        '<p><a href="https://x.org/a_b*c*(d)_e">x</a></p>',
    ),
    "an address with one bracket": (
        "<https://x.org/a(b|x> <https://x.org/a)b|y>",
        '<p><a href="https://x.org/a%28b">x</a> <a href="https://x.org/a%29b">y</a></p>',
    ),
    "an address with an encoded bar": (
        "<https://x.org/a%7Cb>",
        '<p><a href="https://x.org/a%7Cb">https://x.org/a%7Cb</a></p>',
    ),
    "an address with a query": (
        "<https://x.org/?a=1&amp;b=2>",
        '<p><a href="https://x.org/?a=1&amp;b=2">https://x.org/?a=1&amp;b=2</a></p>',
    ),
    "a label that has a link's form": (
        "<https://x.org|[https://y.org/[…]](https://y.org)>",
        '<p><a href="https://x.org">[https://y.org/[…]](https://y.org)</a></p>',
    ),
    "a label with marks": ("<https://x.org|*x* _y_>", '<p><a href="https://x.org">*x* _y_</a></p>'),
    "a link between words": (
        "a<https://x.org|b>c!<https://y.org|d>",
        '<p>a<a href="https://x.org">b</a>c!<a href="https://y.org">d</a></p>',
    ),
    "no script": ("<javascript:alert(1)|x> <JavaScript:y>", "<p>x JavaScript:y</p>"),
    "no data": ("<data:text/html,x|x> <vbscript:y|y> <file:///etc|z>", "<p>x y z</p>"),
    "no script in what only looks like a link": (
        "[x](javascript:alert(1))",
        "<p>[x](javascript:alert(1))</p>",
    ),
    "half a surrogate pair": ("a \ud83d b \udc4b", "<p>a \ufffd b \ufffd</p>"),
    "a surrogate pair": ("a \ud83d\udc4b b", "<p>a 👋 b</p>"),
    "an address between angles that Slack did not write": (
        "<not a link>",
        "<p>&lt;not a link&gt;</p>",
    ),
}


@pytest.mark.parametrize(("mrkdwn", "expected"), RENDERED.values(), ids=RENDERED)
def test_text_as_rendered(mrkdwn: str, expected: str) -> None:
    assert shown({"text": mrkdwn}) == expected


DATE = {"type": "date", "timestamp": 1720710212, "format": "{date}"}
BLOCKS = {
    "mentions": (
        rich(
            section(
                *({"type": "user", "user_id": "U1"}, text(" "), {"type": "user", "user_id": "U9"}),
                *(text(" "), {"type": "channel", "channel_id": "C2"}, text(" ")),
                *({"type": "usergroup", "usergroup_id": "S2"}, text(" ")),
                {"type": "broadcast", "range": "channel"},
            )
        ),
        "<p>Ada Lovelace U9 #book_of_the_week @all_readers @channel</p>",
    ),
    "a mention with a mark": (
        rich(section({"type": "user", "user_id": "U1", "style": {"bold": True}})),
        "<p><strong>Ada Lovelace</strong></p>",
    ),
    "dates": (
        rich(
            section(
                *({**DATE, "fallback": "July 11th"}, text(", "), DATE, text(", ")),
                {**DATE, "fallback": "then", "url": "https://d.org"},
            )
        ),
        '<p>July 11th, 2024-07-11 15:03 UTC, <a href="https://d.org">then</a></p>',
    ),
    "a colour": (rich(section({"type": "color", "value": "#F405B3"})), "<p>#F405B3</p>"),
    "emoji": (
        rich(
            section(
                {"type": "emoji", "name": "wave", "skin_tone": 2, "unicode": "1f44b-1f3fb"},
                {"type": "emoji", "name": "woman-shrugging::skin-tone-3"},
                {"type": "emoji", "name": "flag-de"},
                {"type": "emoji", "name": "newer_than_the_table", "unicode": "1f6d8"},
                {"type": "emoji", "name": "ship-it"},
                {"type": "emoji", "name": "partyparrot"},
            )
        ),
        "<p>👋🏻🤷🏼\u200d♀️🇩🇪\U0001f6d8🚀:partyparrot:</p>",
    ),
    "marks side by side": (
        rich(
            section(
                *(text("b", "bold"), text("i", "italic"), text("s", "strike"), text("c", "code")),
                *(text(" x "), text("all", "bold", "italic", "strike", "code")),
            )
        ),
        "<p><strong>b</strong><em>i</em><s>s</s><code>c</code> x "
        "<strong><em><s><code>all</code></s></em></strong></p>",
    ),
    "marks inside a word": (
        rich(section(text("un"), text("believ", "bold"), text("ab", "italic"), text("le"))),
        "<p>un<strong>believ</strong><em>ab</em>le</p>",
    ),
    "marks with spaces inside": (
        rich(section(text("a"), text(" b ", "bold"), text("c"))),
        "<p>a <strong>b</strong> c</p>",
    ),
    "a backtick in code": (rich(section(text("`x`", "code"))), "<p><code>`x`</code></p>"),
    "links": (
        rich(
            section(
                *(link("https://x.org/a_(b)"), text(" "), link("https://x.org/a|b", "[bar]")),
                *(text(" "), link("https://x.org/c d", "bold", "bold")),
                *(text(" "), link("https://x.org/c", "code", "code")),
            )
        ),
        '<p><a href="https://x.org/a_(b)">https://x.org/a_(b)</a> '
        '<a href="https://x.org/a%7Cb">[bar]</a> '
        '<strong><a href="https://x.org/c%20d">bold</a></strong> '
        '<a href="https://x.org/c"><code>code</code></a></p>',
    ),
    "no script": (
        rich(section(link("javascript:alert(1)", "x"), text(" "), link("jAvAsCrIpT:y"))),
        "<p>x jAvAsCrIpT:y</p>",
    ),
    "a list": (
        rich(section(text("a\n")), bullets("bullet", 0, "one", "two"), section(text("b"))),
        "<p>a</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n<p>b</p>",
    ),
    "a list in lists": (
        rich(
            *(bullets("bullet", 0, "one"), bullets("ordered", 1, "x", "y")),
            *(bullets("bullet", 2, "deep"), bullets("bullet", 0, "two")),
        ),
        "<ul>\n<li>one\n<ol>\n<li>x</li>\n<li>y\n<ul>\n<li>deep</li>\n</ul>\n</li>\n</ol>\n</li>\n"
        "<li>two</li>\n</ul>",
    ),
    "a list that goes on": (
        rich(bullets("ordered", 0, "five", "six", offset=4)),
        '<ol start="5">\n<li>five</li>\n<li>six</li>\n</ol>',
    ),
    "a list goes on after what stands in it": (
        rich(
            *(bullets("ordered", 0, "one"), bullets("bullet", 1, "in")),
            bullets("ordered", 0, "two", offset=1),
        ),
        "<ol>\n<li>one\n<ul>\n<li>in</li>\n</ul>\n</li>\n<li>two</li>\n</ol>",
    ),
    "a quote": (
        rich(section(text("a\n")), quote(text("one\ntwo", "italic")), section(text("b"))),
        "<p>a</p>\n<blockquote>\n<p><em>one</em>\n<em>two</em></p>\n</blockquote>\n<p>b</p>",
    ),
    "preformatted": (
        rich(preformatted(text("a\n\n\n    b <T> ```"), link("https://x.org")), section(text("c"))),
        "<pre><code>a\n\n\n    b &lt;T&gt; ```https://x.org\n</code></pre>\n<p>c</p>",
    ),
    "a section with fields and a button": (
        {
            "blocks": [
                {
                    "type": "section",
                    "text": {"type": "mrkdwn", "text": "*b* <@U1>"},
                    "fields": [
                        {"type": "plain_text", "text": "plain *x* &lt;"},
                        {"type": "mrkdwn", "text": "_f_"},
                    ],
                    "accessory": {
                        "type": "button",
                        "text": {"type": "plain_text", "text": "Go"},
                        "url": "https://x.org",
                    },
                }
            ]
        },
        "<p><strong>b</strong> Ada Lovelace\nplain *x* &lt;\n<em>f</em>\n"
        '<a href="https://x.org">Go</a></p>',
    ),
    "a context after a divider": (
        {
            "blocks": [
                {"type": "section", "text": {"type": "plain_text", "text": "above"}},
                {"type": "divider"},
                {
                    "type": "context",
                    "elements": [
                        {"type": "image", "image_url": "https://x.org/i.png", "alt_text": "face"},
                        {"type": "mrkdwn", "text": "by _me_"},
                    ],
                },
            ]
        },
        '<p>above</p>\n<hr />\n<p><a href="https://x.org/i.png">face</a> by <em>me</em></p>',
    ),
    "attachments": (
        {
            "text": "see",
            "attachments": [
                {"title": "A &amp; <b>", "title_link": "https://x.org/a", "text": "a preview"},
                {"title": "untitled"},
                {"fallback": "said *so*"},
            ],
        },
        '<p>see\n<a href="https://x.org/a">A &amp; &lt;b&gt;</a>\na preview\nuntitled\n'
        "said <strong>so</strong></p>",
    ),
    "an attachment that an app wrote": (
        {
            "text": "",
            "attachments": [
                {
                    "fallback": "not this",
                    "pretext": "Look <https://x.org|here>",
                    "title": "Poll",
                    "text": "*Which* one?",
                    "fields": [{"title": "A &amp; B", "value": "3 of _5_"}, {"value": "C"}],
                }
            ],
        },
        '<p>Look <a href="https://x.org">here</a>\nPoll\n<strong>Which</strong> one?\n'
        "<strong>A &amp; B</strong>\n3 of <em>5</em>\nC</p>",
    ),
    "an attachment that has only words before it": (
        {"text": "hi", "attachments": [{"pretext": "*pre*", "fallback": "not this"}]},
        "<p>hi\n<strong>pre</strong></p>",
    ),
    "a link's own preview": (
        {
            "text": "<https://x.org/a>",
            "attachments": [{"title": "A", "from_url": "https://x.org/a", "text": "a preview"}],
        },
        '<p><a href="https://x.org/a">https://x.org/a</a></p>',
    ),
    "files": (
        {
            "text": "",
            "files": [
                {"title": "plan_b.pdf", "name": "x.pdf", "permalink": "https://s.org/f_1"},
                {"name": "n.png", "url_private": "https://s.org/f2"},
                {"id": "F3", "mode": "tombstone"},
            ],
        },
        '<p><a href="https://s.org/f_1">plan_b.pdf</a>\n<a href="https://s.org/f2">n.png</a></p>',
    ),
    "blocks that say nothing": (
        {"text": "*this*", "blocks": [{"type": "newer_than_the_table"}]},
        "<p><strong>this</strong></p>",
    ),
    "nothing at all": ({}, ""),
}


@pytest.mark.parametrize(("message", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_blocks_as_rendered(message: dict[str, Any], expected: str) -> None:
    assert shown(message) == expected


ROADS = {
    "marks": ("*b* and _i_ and ~s~ and `c*d`", [
        *(text("b", "bold"), text(" and "), text("i", "italic"), text(" and ")),
        *(text("s", "strike"), text(" and "), text("c*d", "code")),
    ]),
    "mentions": ("<@U1> <#C1|general> <!subteam^S1|@ml-ops> <!here>", [
        *({"type": "user", "user_id": "U1"}, text(" ")),
        *({"type": "channel", "channel_id": "C1"}, text(" ")),
        *({"type": "usergroup", "usergroup_id": "S1"}, text(" ")),
        {"type": "broadcast", "range": "here"},
    ]),
    "links": ("<https://x.org/?a=1&amp;b_c|x &lt; y> <mailto:a@b.org|a@b.org>", [
        *(link("https://x.org/?a=1&b_c", "x < y"), text(" "), link("mailto:a@b.org", "a@b.org")),
    ]),
    "emoji": (":wave::skin-tone-3: :partyparrot: :flag-de:", [
        *({"type": "emoji", "name": "wave", "skin_tone": 3}, text(" ")),
        *({"type": "emoji", "name": "partyparrot"}, text(" "), {"type": "emoji", "name": "flag-de"}),
    ]),
    "entities": ("a &lt; b &amp;&amp; c &amp;lt; d", [text("a < b && c &lt; d")]),
    "a date": ("<!date^1720710212^{date}|July 11th>", [{**DATE, "fallback": "July 11th"}]),
    "lines": ("one\n\ntwo {{ x }} 2 ** 3 ** 4", [text("one\n\ntwo {{ x }} 2 ** 3 ** 4")]),
}  # fmt: skip
WHOLE_ROADS = {
    "a list": (
        "so\n• one\n    ◦ two\n• three",
        [section(text("so\n")), bullets("bullet", 0, "one"), bullets("bullet", 1, "two"),
         bullets("bullet", 0, "three")],
    ),
    "a numbered list": (
        "so\n1. one\n2. two",
        [section(text("so\n")), bullets("ordered", 0, "one", "two")],
    ),
    "a quote": ("so\n&gt; one\n&gt; two", [section(text("so\n")), quote(text("one\ntwo"))]),
    "code": (
        "so\n```a &lt; b\n\n*c*```\nafter",
        [section(text("so\n")), preformatted(text("a < b\n\n*c*")), section(text("after"))],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("mrkdwn", "elements"),
    [
        *((words, [section(*elements)]) for words, elements in ROADS.values()),
        *WHOLE_ROADS.values(),
    ],
    ids=[*ROADS, *WHOLE_ROADS],
)
def test_both_roads_lead_to_one_markdown(mrkdwn: str, elements: list[Element]) -> None:
    assert to_markdown({"text": mrkdwn}, Names()) == to_markdown(rich(*elements), Names())


def test_what_a_message_says_may_be_missing_or_of_another_type() -> None:
    """A dump may hold anything; what is readable in it is read."""
    message = {
        "text": None,
        "blocks": [
            "x",
            None,
            {"type": "rich_text", "elements": [{"type": 5}, section(text("ok"))]},
        ],
        "attachments": {"title": "x"},
        "files": [None, {"title": 7}],
    }
    assert to_markdown(message, NoNames()) == "ok"


def test_a_line_in_code_ends_where_liquid_does_not_look() -> None:
    """The website's `newline_to_br` would put a `<br />` on the page before each line feed."""
    markdown = to_markdown({"text": "```one\n\ntwo```"}, Names())
    assert markdown == "~~~\rone\r\rtwo\r~~~"
    assert "<br" not in html(markdown, website=True)

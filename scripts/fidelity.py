"""Writes `docs/fidelity.md`: `python scripts/fidelity.py`.

Each construct that a message of Slack can hold goes through `bot.markup.to_markdown`, and the
Markdown through what the website does with it: `newline_to_br`, then a Markdown renderer. The page
of the documentation is what came out, beside what Slack shows and the limits that are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from bot.markup import to_markdown

TARGET = Path(__file__).resolve().parent.parent / "docs" / "fidelity.md"

Element = dict[str, Any]
Message = dict[str, Any]


class Names:
    """The workspace of the examples."""

    def user(self, id: str, /) -> str:
        return {"U1": "Ada Lovelace"}.get(id, "")

    def channel(self, id: str, /) -> str:
        return {"C1": "book-of-the-week"}.get(id, "")

    def usergroup(self, id: str, /) -> str:
        return {"S1": "authors"}.get(id, "")

    def emoji(self, name: str, /) -> str | None:
        return "alias:rocket" if name == "shipit" else None


@dataclass(frozen=True)
class Example:
    """A construct, the message that has it, and what a reader sees in Slack."""

    construct: str
    shows: str
    message: Message


def text(mrkdwn: str) -> Message:
    return {"text": mrkdwn}


def rich(*elements: Element) -> Message:
    return {"blocks": [{"type": "rich_text", "elements": list(elements)}]}


def section(*elements: Element | str) -> Element:
    pieces = [
        {"type": "text", "text": each} if isinstance(each, str) else each for each in elements
    ]
    return {"type": "rich_text_section", "elements": pieces}


def marked(characters: str, *marks: str) -> Element:
    return {"type": "text", "text": characters, "style": dict.fromkeys(marks, True)}


def listed(style: str, indent: int, *items: str, offset: int = 0) -> Element:
    return {
        "type": "rich_text_list",
        "style": style,
        "indent": indent,
        "offset": offset,
        "elements": [section(item) for item in items],
    }


def quoted(characters: str) -> Element:
    return {"type": "rich_text_quote", "elements": [{"type": "text", "text": characters}]}


def code(characters: str) -> Element:
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": characters}]}


GROUPS: dict[str, list[Example]] = {
    "Marks": [
        Example("bold", "**bold**", text("*bold*")),
        Example("italic", "_italic_", text("_italic_")),
        Example("struck", "~~struck~~", text("~struck~")),
        Example("code", "`x = *y`", text("`x = *y`")),
        Example("all of them", "bold, italic, struck code", rich(section(
            marked("x", "bold", "italic", "strike", "code")))),
        Example("side by side", "bold and italic, no space", rich(section(
            marked("bold", "bold"), marked("italic", "italic")))),
        Example("inside a word", "the middle of the word is bold", rich(section(
            "un", marked("believ", "bold"), "able"))),
        Example("italic beside a letter", "the end of the word is italic", rich(section(
            "pre-", marked("trained", "italic")))),
        Example("code with a backtick, or two tildes", "as written", rich(section(
            marked("a`b", "code"), " ", marked("~~c", "code")))),
        Example("underlined", "underlined", rich(section(marked("word", "underline")))),
        Example("a space at the end of a mark", "bold, then a word", rich(section(
            marked("bold ", "bold"), "word"))),
    ],
    "Text that only looks like markup": [
        Example("snake_case", "as written", text("snake_case_name")),
        Example("powers", "as written", text("2 ** 3 ** 4")),
        Example("arguments", "as written", text("def f(**args)")),
        Example("stars that are not a mark", "as written", text("a*b*c")),
        Example("a heading", "as written", text("# not a heading")),
        Example("a list", "as written", text("- not a list\n1. nor this")),
        Example("a table", "as written", text("| a | b |\n|---|---|")),
        Example("a link", "as written", text("[a](https://b.org)")),
        Example("spaces at a line's start", "four spaces", text("a\n    b")),
        Example("entities", "`<b>` & `&lt;`, in letters", text("&lt;b&gt; &amp; &amp;lt;")),
        Example("entities in code", "`<b> &lt;`", text("`&lt;b&gt; &amp;lt;`")),
        Example("Liquid", "as written", text("{{ site.title }} {% raw %}")),
        Example("kramdown's attributes, math, dashes", "as written", text("{: .x} $$y$$ a -- b")),
        Example("half a surrogate pair", "�", text("a\ud83d")),
    ],
    "Mentions": [
        Example("a person", "@Ada Lovelace", text("<@U1>")),
        Example("a channel", "#book-of-the-week", text("<#C1|book-of-the-week>")),
        Example("a user group", "@authors", text("<!subteam^S1>")),
        Example("all who are here", "@here", text("<!here>")),
        Example("a date", "July 11th", text("<!date^1720710212^{date}|July 11th>")),
        Example("a colour", "#F405B3, with a patch of it", rich(section(
            {"type": "color", "value": "#F405B3"}))),
    ],
    "Links": [
        Example("with a label", "the label", text("<https://x.org|label>")),
        Example("without", "the address", text("<https://x.org/a_b>")),
        Example("shortened label", "https://x.org/[…]", text("<https://x.org/a/b|https://x.org/[…]>")),
        Example("marks in the address", "x", text("<https://x.org/a_b*c(d)?e=1&amp;f=2|x>")),
        Example("a bar in the address", "x", rich(section(
            {"type": "link", "url": "https://x.org/a|b", "text": "x"}))),
        Example("mail, telephone", "a@b.org +49 30", text("<mailto:a@b.org|a@b.org> <tel:+4930|+49 30>")),
        Example("a label that looks like a link", "[a](b)", text("<https://x.org|[a](b)>")),
        Example("a script", "x", text("<javascript:alert(1)|x>")),
    ],
    "Emoji": [
        Example("standard", "🙂", text(":slightly_smiling_face:")),
        Example("with a tone", "👋🏽", text(":wave::skin-tone-4:")),
        Example("a sequence", "🤷🏼‍♀️", text(":woman-shrugging::skin-tone-3:")),
        Example("a flag", "🇩🇪", text(":flag-de:")),
        Example("a picture of the workspace", "the picture", text(":partyparrot:")),
        Example("an alias of the workspace", "🚀", text(":shipit:")),
        Example("none", "10:30:45", text("10:30:45")),
    ],
    "Blocks of text": [
        Example("lines", "two lines", text("one\ntwo")),
        Example("an empty line", "two lines, one between", text("one\n\ntwo")),
        Example("a list", "two items", rich(listed("bullet", 0, "one", "two"))),
        Example("a list in a list", "numbers below the first item", rich(
            listed("bullet", 0, "one"), listed("ordered", 1, "a", "b"), listed("bullet", 0, "two"))),
        Example("numbers behind a deeper list", "1., a bullet, 2.", rich(
            listed("ordered", 0, "one"), listed("bullet", 1, "a"), listed("ordered", 0, "two"))),
        Example("a list from 5", "5., 6.", rich(listed("ordered", 0, "five", "six", offset=4))),
        Example("text after a list", "an item, then text", rich(
            listed("bullet", 0, "one"), section("after"))),
        Example("a quote", "two quoted lines, then text", rich(quoted("one\ntwo"), section("after"))),
        Example("a list and code in a quote", "all of it quoted", rich(
            quoted("so:"), listed("bullet", 0, "one") | {"border": 1}, code("x < y") | {"border": 1})),
        Example("preformatted", "three lines, the second empty", rich(code("a <b>\n\n    c"))),
        Example("backticks in it", "ticks in a block", rich(code("```\nx\n```"))),
    ],
    "Of other senders": [
        Example("a header", "large and bold", {"blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Day *one* :tada:"}}]}),
        Example("a table", "a table", {"blocks": [{"type": "table", "rows": [
            [{"type": "raw_text", "text": each} for each in row]
            for row in (("model", "F1"), ("a|b", "<0.9>"))]}]}),
        Example("Markdown of an app", "a heading, an item", {"blocks": [
            {"type": "markdown", "text": "## Part\n\n- one"}]}),
        Example("a section with a button", "text, and a button", {"blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Vote*"}, "accessory":
                {"type": "button", "text": {"type": "plain_text", "text": "Go"},
                 "url": "https://x.org"}}]}),
        Example("a context", "small, a picture and text", {"blocks": [
            {"type": "context", "elements": [
                {"type": "image", "image_url": "https://x.org/i.png", "alt_text": "a face"},
                {"type": "mrkdwn", "text": "by _Ada_"}]}]}),
        Example("a divider", "a line across", {"blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": "above"}},
            {"type": "divider"},
            {"type": "section", "text": {"type": "plain_text", "text": "below"}}]}),
        Example("an attachment", "its title and text", {"text": "see", "attachments": [
            {"title": "A talk", "title_link": "https://x.org/talk", "text": "On *Monday*"}]}),
        Example("the preview of a link", "the link, a preview", {"text": "<https://x.org/talk>",
            "attachments": [{"title": "A talk", "from_url": "https://x.org/talk", "text": "On"}]}),
        Example("a forwarded message", "who wrote it, and what, as a quote", {"text": "see",
            "attachments": [{"is_share": True, "author_name": "Ada", "text": "How do *you* test?",
                "from_url": "https://x.slack.com/archives/C1/p1"}]}),
        Example("a snippet", "its title and text", {"files": [
            {"mode": "snippet", "title": "a.py", "preview": "x = 1", "permalink": "https://x.org/1"}]}),
        Example("a file", "its title, the file", {"text": "see", "files": [
            {"title": "slides.pdf", "permalink": "https://files.x.org/1"}]}),
    ],
}  # fmt: skip

TOP = """\
# What Slack shows, and what the page shows

`scripts/fidelity.py` writes this page; change it there.

`bot.markup.to_markdown` turns a message into Markdown. One rule holds for all of it: a reader of the
archive page sees what a reader in Slack saw, that is the same characters, on the same lines, in the
same style. `tests/markup/test_law.py` checks this with generated messages, and reads both sides with
code that shares nothing with the converter. The tables below show each kind of content.

In the column *Markdown*, `⏎` is a line feed and `␍` a carriage return. *The page* shows the HTML that
the website's `text | newline_to_br | markdownify` makes of it. This table uses markdown-it-py
(CommonMark with strikethrough and tables) instead of kramdown, and leaves out the paragraph around a
text that has only one. A message is given as its `text` if mrkdwn can say it; otherwise you see the
kinds of its blocks.
"""

LIMITS = """\
## Why it is so, and what is lost

**Nothing can run.** Whatever people post is text on the page. It brings no elements but those in the
tables above, no attributes that act, and no `javascript:`. A heading or a table comes only from a block
that is one. Where CommonMark and kramdown would read a delimiter differently, the Markdown has the HTML
element itself, with entities inside: `pre-<em>trained</em>`, and `<code>` for code with a backtick or
`~~`. A text that holds anything which could run, a heading or a table is read once more after it is
written (`bot/markup/proof.py`). If it does not read as the message does, it is written again without any
markup. `python -m tests.markup.hostile --count 50000` makes messages that try to get through, other ones
in each run, and shows them to kramdown with and without GFM. On 2026-11-29 nothing of 50,000 could run
(seed 17477275). The tests try 2,000 new ones each time. `marginalia mend` finds what could run in
archives of older versions and makes it text.

**Code blocks.** Liquid's `newline_to_br` puts `<br />` before every line feed, also in code, where the
page would show it as letters. It does not look for carriage returns, and in Markdown they end a line,
too. So the lines of a code block end in carriage returns. The price: YAML writes such a text in double
quotes, with `\\r` for each of these lines.

**Ends of blocks.** With `<br />` in it a blank line is no longer blank, and a list or quote would take
in the text behind it. Where blocks must be apart, the blank line is a line feed followed by a carriage
return.

**Tables.** The lines of a table end in carriage returns, as in code. The first row is the head.
Markdown has no head without rows, and CommonMark no table without a head: a table of one row is a
table on the website and a line with bars elsewhere. Line breaks in a cell are `<br />`; the alignment
of columns is lost. Slack's `table` and `data_table` blocks, and tables in Markdown that an app posts,
come out alike.

**Headings.** A `header` block is a heading of level 3, or of the level that it names; the page itself
has the levels above. kramdown gives each heading an `id` made of its letters. Only Markdown that an
app posts can have a heading in a list's item; it stays there.

**Lists.** Further lines of an item stand without an indent, up to an empty line, as in the website's
archives; every parser takes them as part of the item.

**`<br />` at the end of a line.** The filter puts one at the end of each item, of a quote's last line,
and of a text before a list. It shows as nothing there.

**People.** A person's name stands without the `@` that Slack shows, as FORMAT.md says, and mentions
are no links.

**Quotes.** Slack has no quote in a quote, so one in Markdown that an app posts becomes one quote. Lists
and code in a quote stay in it (`border: 1`).

**Underlined text** loses its line: Markdown has none, and readers would take it for a link.

**Numbers.** kramdown counts every list from 1. So a list from 5 is written with `5)`, which is a list
from 5 in CommonMark, and lines of text in kramdown that show the right numbers. Letters and roman
numerals, which Slack shows on the second and third levels, are digits, unless a style sheet changes
that.

**Spaces.** HTML shows several spaces as one, and none at a line's end (the file keeps them). Spaces at
the start of a line become no-break spaces, because four of them would begin code. Code keeps all of
them. Spaces at the edge of bold, italic or struck text stand outside it.

**Characters.** Controls and noncharacters are left out. Half a surrogate pair, which JSON allows,
becomes U+FFFD. Zero-width and right-to-left characters stay.

**Emoji, colours and files.** An emoji of the workspace's own keeps its `:name:`, a colour its value, a
file its title and link, and a snippet also its text (up to 4,000 characters). A forwarded message keeps
its text, and so does a message that Slack shows below a link to it, because nobody outside the
workspace can follow that link. The preview of any other link is left out if the link is in the text;
if not, only its title is kept. An attachment that is no preview keeps all its text. A file that was deleted, or that a free workspace no longer keeps, is left out.

**Typography.** kramdown makes straight quotation marks curly, and three dots an `…`, except in code, in
paths and between digits. Two hyphens stay two.

**Links.** `javascript:`, `vbscript:`, `data:` and `file:` never become links; their labels stay. Slack
also links addresses in code blocks; the page shows only their text. A link's label has one style.

**Text without blocks.** mrkdwn has no escapes: in a message that has only `text`, `*a*` is bold, even if
its writer meant two stars. Slack shows it bold, too.

**Liquid.** The website does not run Liquid in archives. `{{` and `{%` are broken up all the same.
"""


def newline_to_br(markdown: str) -> str:
    """Liquid's filter: https://shopify.github.io/liquid/filters/newline_to_br/."""
    return markdown.replace("\n", "<br />\n")


def page(markdown: str) -> str:
    """The HTML on the website; of one paragraph, what is in it."""
    renderer = MarkdownIt("commonmark").enable(["strikethrough", "table"])
    html = str(renderer.render(newline_to_br(markdown))).strip()
    inner = html.removeprefix("<p>").removesuffix("</p>")
    return inner if html.startswith("<p>") and "<p>" not in inner else html


def source(message: Message) -> str:
    """The message in a cell: its mrkdwn, or of which parts it is."""
    if set(message) == {"text"}:
        return cell(message["text"])
    parts: list[str] = []
    for block in message.get("blocks", ()):
        elements = block["elements"] if block["type"] == "rich_text" else [block]
        if len(elements) == 1 and elements[0]["type"] == "rich_text_section":
            elements = elements[0]["elements"]
        for element in elements:
            style = element.get("style")
            marks = f" ({', '.join(style)})" if isinstance(style, dict) else ""
            parts.append(f"`{element['type']}`{marks}")
    parts += [f"`{each}`" for each in ("attachments", "files") if each in message]
    return ", ".join(parts)


def cell(characters: str) -> str:
    """Characters in a cell of a table, letter by letter: a span of code."""
    characters = characters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    shown = characters.replace("\n", "⏎").replace("\r", "␍").replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[:1] in "` " or shown[-1:] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def table(examples: list[Example]) -> Iterator[str]:
    yield "| Construct | In the message | Slack shows | Markdown | The page |"
    yield "|---|---|---|---|---|"
    for each in examples:
        markdown = to_markdown(each.message, Names())
        row = (source(each.message), each.shows, cell(markdown), cell(page(markdown)))
        yield f"| {each.construct} | {' | '.join(row)} |"


def document() -> str:
    """The whole page."""
    parts = [TOP]
    for title, examples in GROUPS.items():
        parts.append("\n".join((f"## {title}", "", *table(examples), "")))
    parts.append(LIMITS)
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")

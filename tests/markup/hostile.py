"""Messages by somebody who wants to run a script on the community's website, and what came of them.

`python -m tests.markup.hostile --count 50000` converts that many messages, has kramdown show them
as the website does, with the GFM parser and without, and reports each that is not plain text
there. The seed is fresh unless `--seed` names one; a failure prints it.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt

from bot import markup
from bot.markup import to_markdown
from bot.markup.names import emoji, mention
from bot.markup.parse import parse
from bot.markup.tree import Emoji, Link, Mention, Text, inlines
from bot.web import text as pages
from tests.kramdown import Kramdown, running

Message = dict[str, Any]

DELIMITERS = (
    *("*", "**", "***", "_", "__", "___", "~", "~~", "~~~", "`", "``", "```", "````", "|", "||"),
    *("$", "$$", "\\", "\\\\", "!", "[", "]", "](", "(", ")", "[^", "^", ":", "::", "=", "#", "+"),
    *("{", "}", "{{", "}}", "{%", "%}", "{:", "{::", "-", "--", "---", "...", "<<", ">>", "<", ">"),
    *('"', "'", "&", ";", "/", "@"),
)
TAGS = (
    *("<script>alert(1)</script>", "<script>", "</script>", "<img src=x onerror=alert(1)>", "<b>"),
    *('<a href="javascript:alert(1)">x</a>', "<svg/onload=alert(1)>", "<svg onload=alert(1)>"),
    *("<!--", "-->", "<!-- x -->", "<?php", "?>", "<![CDATA[", "]]>", "<!DOCTYPE x>", "<div>"),
    *(
        "</div>",
        "<code>",
        "</code>",
        "</pre>",
        "<pre>",
        "<em>",
        "</em>",
        "<br />",
        "<iframe src=x>",
    ),
    *("<https://x.y>", "<javascript:alert(1)>", "<a@b.org>", "<style>*{}</style>", "</p>", "<hr>"),
    *("<b title='", "<img alt=`", '<p markdown="1">', "<details open ontoggle=alert(1)>"),
)
LINKS = (
    *("[x](javascript:alert(1))", "![x](https://e.org/x.png)", "[x]: javascript:alert(1)", "[x]"),
    *(
        "[x][x]",
        "*[HTML]: x",
        "[x](data:text/html,x)",
        "[^1]",
        "[^1]: x",
        "[x]:javascript:alert(1)",
    ),
    *('[x](https://e.org "t")', "![", "[x](<javascript:alert(1)>)", "HTML"),
)
LISTS = (
    *(
        '{: onclick="alert(1)"}',
        "{: .x}",
        '{:x: onclick="alert(1)"}',
        "{:x}",
        "{::comment}",
        "{:/}",
    ),
    *("{::nomarkdown}<b>x</b>{:/}", '{::options parse_block_html="true" /}', "{:toc}", "{#id}"),
    *("{{ site.title }}", "{% raw %}", "{% include x %}", "{%- if x -%}", "$$x$$", "\\$$x$$"),
)
STARTS = (
    *("# ", "## ", "- ", "* ", "+ ", "1. ", "2. ", "1) ", "> ", ">>> ", "| a | b |", "|---|---|"),
    *("|-|", "---", "===", "    ", "\t", "   ", " ", "~~~ ruby", "~~~", "```py", ": ", "^", "[ ] "),
    *("[x] ", "• ", "◦ ", "a. ", "-|-", "=", "-", "***", "_ _ _"),
)
ENTITIES = (
    "&lt;",
    "&gt;",
    "&#60;",
    "&#x3c;",
    "&nbsp;",
    "&amp;",
    "&copy",
    "&quot;",
    "&amp;lt;",
    "&#96;",
)
WORDS = (
    *(
        "a",
        "b",
        "word",
        "x1",
        "7",
        "é",
        "日本",
        "👋",
        "ß",
        "a_b",
        "don't",
        "snake_case",
        "2*3",
        "c",
    ),
    *(" ", " ", " ", " ", ".", ",", "\u00a0", "\u200b", "\u0301", "²", "·", "—", "\u2028", "\r"),
)
BREAKS = ("\n", "\n", "\n\n", "\n    ", "\n\t")
ALPHABET = (
    DELIMITERS,
    DELIMITERS,
    TAGS,
    LINKS,
    LISTS,
    STARTS,
    ENTITIES,
    WORDS,
    WORDS,
    WORDS,
    BREAKS,
)
URLS = (
    *("https://x.org/", "http://a.b:80/c?d=", "mailto:a_b@c.org?subject=", "javascript:", "data:,"),
    *("JaVaScRiPt:", " javascript:", "java\nscript:", "vbscript:", "x-app:", "tel:+49", "//e.org/"),
)
PAIRS = ("~~", "`", "|", "*", "_", "``", " `a`", "~~b~~", " | ", "$$", "](", "<script>", "[", "\n")
STYLES = ("bold", "italic", "strike", "code")


class Names(markup.Names):
    """A workspace where everybody chose a hostile name."""

    def __init__(self, rng: random.Random) -> None:
        self.known = {f"U{number}": hostile(rng, 3) or "x" for number in range(3)}

    def user(self, id: str) -> str:
        return self.known.get(id, "")

    channel = usergroup = user


def hostile(rng: random.Random, most: int) -> str:
    """A text of up to so many parts; at times of a few parts again and again."""
    if rng.random() < 0.3:
        few = [*rng.sample(PAIRS, 2), *(rng.choice(rng.choice(ALPHABET)) for _ in range(3))]
        return "".join(rng.choice(few) for _ in range(rng.randint(1, 3 * most)))
    return "".join(rng.choice(rng.choice(ALPHABET)) for _ in range(rng.randint(1, most)))


def element(rng: random.Random) -> dict[str, Any]:
    """A piece of `rich_text` with any marks."""
    found: dict[str, Any]
    match rng.randrange(12):
        case 0 | 1:
            found = {"type": "link", "url": rng.choice(URLS) + hostile(rng, 3)}
            if rng.random() < 0.7:
                found["text"] = hostile(rng, 4)
        case 2:
            found = {"type": "user", "user_id": f"U{rng.randrange(4)}"}
        case 3:
            found = {"type": "emoji", "name": rng.choice(("wave", "keycap_star", hostile(rng, 2)))}
        case 4:
            found = {"type": "channel", "channel_id": hostile(rng, 2)}
        case _:
            found = {"type": "text", "text": hostile(rng, 5)}
    if rng.random() < 0.5:
        found["style"] = dict.fromkeys(rng.sample(STYLES, rng.choice((1, 1, 1, 2, 3))), True)
    return found


def block(rng: random.Random) -> dict[str, Any]:
    """A part of a `rich_text` block."""
    elements = [element(rng) for _ in range(rng.randint(1, 4))]
    match rng.randrange(6):
        case 0:
            return {"type": "rich_text_quote", "elements": elements}
        case 1:
            border = rng.choice((0, 0, 1))
            return {"type": "rich_text_preformatted", "elements": elements, "border": border}
        case 2:
            items = [{"type": "rich_text_section", "elements": [each]} for each in elements]
            return {
                "type": "rich_text_list",
                "style": rng.choice(("bullet", "ordered")),
                "indent": rng.choice((0, 0, 1, 2)),
                "offset": rng.choice((0, 0, 0, 3)),
                "border": rng.choice((0, 0, 1)),
                "elements": items,
            }
        case _:
            return {"type": "rich_text_section", "elements": elements}


def table(rng: random.Random) -> dict[str, Any]:
    """A `table` of a few rows, not all of one length."""

    def cell() -> dict[str, Any]:
        if rng.random() < 0.5:
            return {"type": "raw_text", "text": hostile(rng, 4)}
        section = {"type": "rich_text_section", "elements": [element(rng), element(rng)]}
        return {"type": "rich_text", "elements": [section]}

    rows = [[cell() for _ in range(rng.randint(1, 3))] for _ in range(rng.randint(1, 3))]
    return {"type": rng.choice(("table", "data_table")), "rows": rows}


def beside(rng: random.Random) -> dict[str, Any]:
    """What may stand before or behind a table."""
    if rng.random() < 0.5:
        return {"type": "rich_text", "elements": [block(rng)]}
    text = {"type": "plain_text", "text": hostile(rng, 5)}
    return {"type": "header", "text": text, "level": rng.randint(1, 4)}


def message(rng: random.Random) -> Message:
    """A message of Slack's: its text alone, or blocks, at times with an attachment or a file."""
    found: Message
    match rng.randrange(8):
        case 0 | 1 | 2:
            text = hostile(rng, 9)
            if rng.random() < 0.6:  # as Slack escapes it
                text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            found = {"text": text}
        case 3:
            kind = rng.choice(("header", "section", "context", "markdown"))
            text = {"type": rng.choice(("mrkdwn", "plain_text")), "text": hostile(rng, 7)}
            body: dict[str, Any] = {"text": text}
            if kind == "context":
                body = {"elements": [text]}
            elif kind == "markdown":
                body = {"text": text["text"]}
            found = {"text": "", "blocks": [{"type": kind, **body}]}
        case 4:
            found = {"text": "", "blocks": [table(rng)]}
            for _ in range(rng.randrange(3)):
                found["blocks"].insert(rng.randrange(2), beside(rng))
        case _:
            parts = [block(rng) for _ in range(rng.randint(1, 3))]
            found = {"text": "", "blocks": [{"type": "rich_text", "elements": parts}]}
    if rng.random() < 0.15:
        found["attachments"] = [
            {"title": hostile(rng, 4), "title_link": rng.choice(URLS) + hostile(rng, 2)}
            if rng.random() < 0.5
            else {"is_share": True, "author_name": hostile(rng, 3), "text": hostile(rng, 6)}
        ]
    if rng.random() < 0.15:
        found["files"] = [
            {"title": hostile(rng, 4), "permalink": "https://e.org/" + hostile(rng, 2)}
        ]
        if rng.random() < 0.3:
            found["files"][0] |= {"mode": "snippet", "preview": hostile(rng, 8)}
    return found


ALLOWED = {
    *("p", "br", "hr", "a", "strong", "em", "del", "s", "code", "pre"),
    *("blockquote", "ul", "ol", "li"),
}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
STRUCTURES = {
    "header": HEADINGS,
    "table": ("table", "thead", "tbody", "tr", "th", "td"),
}
"""What a block of these kinds may bring onto a page, and nothing else may."""
STRUCTURES["data_table"] = STRUCTURES["table"]
STRUCTURES["markdown"] = (*STRUCTURES["header"], *STRUCTURES["table"])
_ID = re.compile(r"[^\s<>\"'&=/:;()]*")
_SCRIPT = re.compile(r"\s*(?:javascript|vbscript|data|file|livescript|blob)\s*:", re.I)


class Judge(HTMLParser):
    """What is alive in the HTML of a message: `found` has a line for each."""

    def __init__(self, html: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(convert_charrefs=True)
        self.allowed = {*ALLOWED, *allowed}
        self.found: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.allowed:
            self.found.append(f"the element {tag}")
        for name, value in attrs:
            if (tag, name) == ("a", "href"):
                self.links.append(value or "")
                if _SCRIPT.match(value or ""):
                    self.found.append(f"a link to {value}")
            elif name == "id" and tag in HEADINGS and _ID.fullmatch(value or ""):
                pass  # kramdown's own
            elif (tag, name) not in (("ol", "start"), ("ol", "class"), ("a", "rel")):
                self.found.append(f"the attribute {name} of {tag}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.found.append(f"the comment {data!r}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def letters(text: str) -> str:
    """The letters of a text, which no typography changes."""
    return "".join(each for each in text if each.isalpha())


def expected(message: Message, names: Names) -> tuple[str, set[str]]:
    """The letters that a message shows, and the addresses that it links."""
    shown: list[str] = []
    links: set[str] = set()
    for piece in inlines(parse(message)):
        match piece:
            case Text():
                shown.append(piece.text)
            case Link():
                shown.append(piece.label or piece.url)
                links.add(_address(piece.url))
            case Mention():
                shown.append(mention(piece, names))
            case Emoji():
                shown.append(emoji(piece, names))
    return letters("".join(shown)), links


def _address(url: str) -> str:
    # markdown-it leaves out an `@` or a `:` that has nothing behind it.
    return re.sub("[@:]", "", unquote(url, errors="replace")).rstrip()


def allowed(message: Message) -> set[str]:
    """The elements that no message may have but one with such a block."""
    kinds = {block["type"] for block in message.get("blocks", ())}
    return {element for kind in kinds for element in STRUCTURES.get(kind, ())}


def alive(html: str, words: str, links: set[str], elements: Iterable[str] = ()) -> list[str]:
    """What a page has that the message does not say."""
    judge = Judge(html, elements)
    found = judge.found
    found += [f"a link to {url}" for url in judge.links if _address(url) not in links]
    seen = letters("".join(judge.words))
    if seen != words:
        found.append(f"the words {seen!r}, not {words!r}")
    return found


_markdown_it = MarkdownIt("commonmark").enable(["strikethrough", "table"])


def judged(seed: int, count: int, website: Kramdown) -> Iterator[str]:
    """A line for each of so many messages that is not dead text somewhere."""
    rng = random.Random(seed)
    names = Names(rng)
    made = [message(rng) for _ in range(count)]
    for index, fault in faults(made, names, website):
        yield f"seed {seed}, message {index}: {fault}"


def faults(made: Sequence[Message], names: Names, website: Kramdown) -> Iterator[tuple[int, str]]:
    """The index of each message that is not dead text somewhere, and what it is there."""
    written = [to_markdown(each, names) for each in made]
    shows: dict[str, Sequence[str]] = {
        "kramdown with GFM": website.all(written),
        "kramdown": website.all(written, "kramdown"),
        "markdown-it": [
            _markdown_it.render(re.sub(r"\r?\n", "<br />\n", each)) for each in written
        ],
        "a page of ours": [str(pages.message(each).html) for each in written],
    }
    for index, (each, markdown) in enumerate(zip(made, written, strict=True)):
        words, links = expected(each, names)
        found = [
            f"{where} has {fault}"
            for where, html in shows.items()
            for fault in alive(html[index], words, links, allowed(each))
        ]
        if "{{" in markdown or "{%" in markdown:
            found.append("Liquid")
        if found:
            yield index, f"{'; '.join(found)}\n  {each!r}\n  {markdown!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--show", type=int, default=20, help="how many faults to print")
    options = parser.parse_args()
    batch = 1_000
    found: list[str] = []
    start = time.monotonic()
    with running() as website:
        for number in range(0, options.count, batch):
            size = min(batch, options.count - number)
            found += judged(options.seed + number // batch, size, website)
    print(*found[: options.show], sep="\n")
    took = time.monotonic() - start
    print(f"{options.count:,} messages from seed {options.seed}: {len(found)} alive, {took:.0f} s")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

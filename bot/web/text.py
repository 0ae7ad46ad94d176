"""Markdown as HTML that is safe on a page of ours.

FORMAT.md, "Text": the website shows a message as `text | newline_to_br | markdownify` (Liquid and
kramdown) and a description as `markdownify`. What is shown here is what is shown there, except
that nothing of a text is ever HTML: but for the few elements without attributes that
`bot.markup` writes, a tag stays the text it is, whoever wrote it, and pictures of other hosts are
links. Where kramdown loses what the reader in Slack saw, that is kept: the number
a list begins with, and the lines of a code block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urljoin, urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from bot.markup import closed_fences, elements, headless

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""Where a link may lead."""

REL = "nofollow noopener"

# What no HTML and no XML document may hold: controls, halves of surrogate pairs, noncharacters.
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
_LINE_END = re.compile(r"\r?\n")
_BREAK = re.compile(r"<br\s*/?>", re.I)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*\n.*?^ {0,3}\1[ \t]*$", re.M | re.S)
_QUOTES = ((re.compile(r"(?<!\S)'(?=\w)"), "‘"), (re.compile(r'(?<!\S)"(?=\w)'), "“"))
_DASHES = (("---", "—"), ("--", "–"), ("...", "…"))
_BLANKS = re.compile(r"[ \t\xa0]+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as a page shows it: `html`, and the `text` a reader sees in it, without markup."""

    html: Markup
    text: str


def clean(text: str) -> str:
    """`text` without what a page cannot hold; a pair of surrogates becomes its character.

    >>> clean("a\\x00b\\ud83d\\ude42")
    'ab🙂'
    """
    if _UNSHOWABLE.search(text) is None:
        return text
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _UNSHOWABLE.sub("", text)


def message(markdown: str) -> Shown:
    """A question or a reply, given as an archive has it (Markdown).

    Headings in it are of level 4 and deeper, for a page whose questions are of level 3.
    """
    source = clean(markdown).strip("\r\n")
    return _shown(_newline_to_br(source), levels=3, headless=True)


def description(markdown: str, website: str = "") -> Shown:
    """The text below the front matter of a schedule file (Markdown).

    A link relative to the website leads there where `website` (its address) is given, and is
    only its words where not. Headings in it are of level 3 and deeper.
    """
    source = _COMMENT.sub("", clean(markdown)).strip("\r\n")
    return _shown(source, levels=2, base=website)


def excerpt(text: str, limit: int) -> str:
    """The beginning of a visible text on one line, at most `limit` characters, cut at a word.

    >>> excerpt("one two three", 9)
    'one two…'
    """
    line = _SPACE.sub(" ", text).strip()
    if len(line) <= limit:
        return line
    head, blank, _ = line[:limit].rpartition(" ")
    return (head if blank and len(head) > limit // 2 else line[: limit - 1]).rstrip(" ,;:.") + "…"


def href(path: str) -> str:
    """The path of a file of ours, with or without a fragment, as a link has it.

    >>> href("books/a b.html#q1")
    'books/a%20b.html#q1'
    """
    path, mark, fragment = path.partition("#")
    return quote(path, errors="replace") + mark + fragment


def safe_link(url: str, base: str = "") -> str | None:
    """The address if a link may lead there (see SCHEMES), a relative one below `base`; else None.

    >>> safe_link("javascript:alert(1)") is None
    True
    >>> safe_link("/events.html", "https://example.org")
    'https://example.org/events.html'
    """
    url = clean(url).strip()
    try:
        parts = urlsplit(url)
        if not parts.scheme and base:
            url = urljoin(base.rstrip("/") + "/", url)
            parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme.lower() not in SCHEMES or not (parts.netloc or parts.path):
        return None
    if parts.scheme.lower() in ("http", "https") and not parts.hostname:
        return None
    return url


def _newline_to_br(text: str) -> str:
    """What Liquid's filter does, but not inside a fenced code block."""
    pieces: list[str] = []
    at = 0
    for block in _FENCED.finditer(text):
        pieces += [_LINE_END.sub("<br />\n", text[at : block.start()]), block.group()]
        at = block.end()
        while text[at : at + 1] == "\n":  # the line that ends the fence has nothing to break
            at += 1
            pieces.append("\n")
    pieces.append(_LINE_END.sub("<br />\n", text[at:]))
    return "".join(pieces)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False, "typographer": True})
    parser.enable(["strikethrough", "smartquotes", "table"])
    parser.disable(["html_block", "html_inline"])
    parser.use(elements).use(headless).use(closed_fences)
    parser.inline.ruler.before("autolink", "break", _break)
    parser.core.ruler.before("smartquotes", "dashes", _dashes)
    parser.core.ruler.after("smartquotes", "quotes", _quotes)
    return parser


def _break(state: StateInline, silent: bool) -> bool:
    """`<br />`, the one tag that is no text."""
    found = _BREAK.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


def _dashes(state: StateCore) -> None:
    """kramdown's typographic symbols: `--`, `---` and `...`, where they are not escaped."""
    for child in _texts(state):
        for plain, symbol in _DASHES:
            child.content = child.content.replace(plain, symbol)


def _quotes(state: StateCore) -> None:
    """An opening quote that none closes, which markdown-it leaves straight."""
    for child in _texts(state):
        for straight, opening in _QUOTES:
            child.content = straight.sub(opening, child.content)


def _texts(state: StateCore) -> list[Token]:
    children = (child for token in state.tokens for child in token.children or ())
    return [child for child in children if child.type == "text"]


def _shown(source: str, *, levels: int, base: str = "", headless: bool = False) -> Shown:
    parser, tokens, level = _parser(), list[Token](), levels
    for token in parser.parse(source, {"headless": True} if headless else {}):
        if token.type == "heading_open":
            level = min(6, int(token.tag[1:]) + levels, level + 1)  # no level is left out
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{level}"
        elif token.type == "ordered_list_open" and token.markup == ")":
            token.attrs["class"] = "paren"
        elif token.type in ("th_open", "td_open"):
            token.attrs.pop("style", None)  # a strict policy lets no style attribute through
        elif token.children is not None:
            token.children = _inline(token.children, base)
        tokens.append(token)
    tokens = _paragraphs(tokens)
    html = parser.renderer.render(tokens, parser.options, {})
    return Shown(Markup(html), _visible(tokens))  # noqa: S704 (escaped by the renderer)


def _inline(children: Sequence[Token], base: str) -> list[Token]:
    """The tokens of a paragraph with safe links, links for pictures, and no break at an end."""
    found: list[Token] = []
    kept: list[bool] = []  # for each link that is open, whether it stays one
    for child in children:
        if child.type == "link_open":
            url = safe_link(str(child.attrs.get("href", "")), base)
            kept.append(url is not None)
            if url is None:
                continue
            child.attrs = {"href": url, "rel": REL}
        elif child.type == "link_close":
            if not kept.pop():
                continue
        elif child.type == "image":
            found += _picture(child, base, linked=any(kept))
            continue
        elif child.type == "softbreak" and found and found[-1].type == "hardbreak":
            continue
        found.append(child)
    while found and found[-1].type in ("hardbreak", "softbreak"):
        del found[-1]
    while found and found[0].type in ("hardbreak", "softbreak"):
        del found[0]
    return found


def _picture(image: Token, base: str, *, linked: bool) -> list[Token]:
    url = safe_link(str(image.attrs.get("src", "")), base)
    text = Token("text", "", 0, content=image.content or url or "")
    if url is None or linked:
        return [text]
    opening = Token("link_open", "a", 1, attrs={"href": url, "rel": REL})
    return [opening, text, Token("link_close", "a", -1)]


def _paragraphs(tokens: Sequence[Token]) -> list[Token]:
    """Two breaks in a row in a paragraph begin another paragraph, as they look like one."""
    found: list[Token] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else token
        is_paragraph = before.type == "paragraph_open" and not before.hidden
        parts = _parts(token) if is_paragraph else None
        if parts is None:
            found.append(token)
            continue
        for number, part in enumerate(parts):
            if number:
                found += [tokens[index + 1], before]
            found.append(Token("inline", "", 0, children=part))
    return found


def _parts(token: Token) -> list[list[Token]] | None:
    """The parts between empty lines; None where there is one part, or a mark spans two."""
    parts: list[list[Token]] = [[]]
    breaks = 0
    depth = 0
    for child in token.children or ():
        depth += child.nesting
        if child.type == "hardbreak":
            breaks += 1
        elif child.type != "softbreak" and (child.type != "text" or child.content.strip()):
            if breaks > 1 and depth == (1 if child.nesting == 1 else 0):
                while parts[-1] and parts[-1][-1].type in ("hardbreak", "softbreak"):
                    del parts[-1][-1]
                parts.append([])
            breaks = 0
        parts[-1].append(child)
    return parts if len(parts) > 1 else None


def _visible(tokens: Sequence[Token]) -> str:
    """The text in the tokens: blocks on lines of their own, blanks of code kept."""
    pieces: list[str] = []
    for token in tokens:
        if token.type == "inline":
            line = "".join(_words(child) for child in token.children or ())
            pieces.append("\n".join(_BLANKS.sub(" ", part).strip() for part in line.split("\n")))
        elif token.type in ("fence", "code_block"):
            pieces.append(token.content.rstrip("\n"))
    return "\n".join(piece for piece in pieces if piece)


def _words(token: Token) -> str:
    match token.type:
        case "text" | "text_special" | "code_inline":
            return token.content
        case "hardbreak":
            return "\n"
        case "softbreak":
            return " "
        case _:
            return ""

"""What the page shows: Markdown through a renderer, and the HTML read as a browser reads it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from tests.markup.seen import Line, Reader, canonical, item_mark, link_mark

_MARKS = {"strong": "bold", "em": "italic", "s": "strike", "del": "strike", "code": "code"}
_SPACES = " \t\n\r\f"
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TABLES = ("table", "thead", "tbody", "tr", "th", "td")
ALLOWED = {*_MARKS, "br", "hr", "ul", "ol", "li", "p", "blockquote", "pre", "a"}
"""What any message may bring onto a page; a `header` or `table` block brings its own elements."""


def newline_to_br(text: str) -> str:
    """Liquid's filter of this name, which the website puts before its Markdown renderer."""
    return text.replace("\n", "<br />\n")


@cache
def renderer(tables: bool = False) -> MarkdownIt:
    """CommonMark with strikethrough; with `tables` as GitHub has them, too."""
    found = MarkdownIt("commonmark").enable("strikethrough")
    return found.enable("table") if tables else found


def html(markdown: str, *, website: bool, tables: bool = False) -> str:
    return renderer(tables).render(newline_to_br(markdown) if website else markdown)


def page(
    markdown: str, *, website: bool, tables: bool = False, allowed: Iterable[str] = ()
) -> list[Line]:
    """What a reader of the page sees; `website` puts a `<br />` before every line feed.

    Fails for an element, or a link, that the message may not bring onto the page: besides the
    usual ones, those that its blocks of the kinds in `allowed` are for.
    """
    return canonical(read(html(markdown, website=website, tables=tables), allowed), gaps=website)


def read(text: str, allowed: Iterable[str] = ()) -> list[Line]:
    reader = _Page(allowed)
    reader.feed(text)
    reader.close()
    reader.seen.end_if_begun()
    return reader.seen.lines


class _Page(HTMLParser):
    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.allowed = set(ALLOWED)
        for kind in allowed:
            self.allowed.update({"header": _HEADINGS, "table": _TABLES}.get(kind, ()))
        self.within = ""  # the heading or the cell that is open
        self.rows = self.cells = 0
        self.seen = Reader()
        self.marks: list[str] = []
        self.lists: list[int | None] = []
        self.items: list[bool] = []  # of each that is open, whether its first line has ended
        self.quotes = 0
        self.codes = 0
        self.pre = False
        self.space = True  # a space here would not show
        self.begun = False  # something was shown since the block began

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert tag in self.allowed, f"<{tag}> on the page"
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                assert set(values) <= {"id"}, f"{values} on a heading"
                self.within = f"heading {tag[1]}"
                self.block()
            case "table":
                self.rows = 0
                self.block()
            case "thead" | "tbody":
                pass
            case "tr":
                self.rows, self.cells = self.rows + 1, 0
            case "th" | "td":
                assert not values, f"{values} on a cell"
                self.cells += 1
                self.within = f"cell {self.rows}.{self.cells}"
                self.block()
            case "a":
                assert set(values) <= {"href", "title"}, f"{values} on a link"
                href = values["href"] or ""
                assert href.split(":")[0].lower() not in ("javascript", "vbscript", "data", "file")
                assert not any(mark.startswith("link:") for mark in self.marks), "nested links"
                self.marks.append(link_mark(href))
            case "br":
                self.end()
            case "hr":
                self.block("rule")
                self.seen.end()
                self.block()
            case "ul":
                self.block()
                self.lists.append(None)
            case "ol":
                self.block()
                self.lists.append(int(values.get("start") or 1))
            case "li":
                self.items.append(False)
                self.block()
                number = self.lists[-1]
                self.seen.put(item_mark(len(self.lists) - 1, number))
                if number is not None:
                    self.lists[-1] = number + 1
                self.space = True
                self.begun = True
            case "blockquote":
                self.quotes += 1
                self.block()
            case "p":
                if not self.begun:
                    self.block()
            case "pre":
                self.codes += 1
                self.pre = True
                self.block(f"code {self.codes}")
            case "code" if self.pre:
                pass
            case _:
                assert not values, f"{values} on <{tag}>"
                self.marks.append(_MARKS[tag])

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "th" | "td" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self.seen.end_if_begun()
                self.within = ""
                self.block(ended=tag[0] == "h")
            case "table" | "thead" | "tbody" | "tr":
                pass
            case "a":
                self.marks.pop()
            case "br" | "hr":
                pass
            case "ul" | "ol":
                self.seen.end_if_begun()
                self.lists.pop()
                self.block()
            case "blockquote":
                self.quotes -= 1
                self.block()
            case "li":
                self.items.pop()
                self.block()
            case "p":
                self.block(ended=True)
            case "pre":
                self.pre = False
                self.block()
            case "code" if self.pre:
                pass
            case _:
                self.marks.pop()

    def handle_data(self, data: str) -> None:
        if self.pre:
            self.seen.put(data)
            return
        for character in data:
            if "code" in self.marks:
                self.seen.put(character.replace("\n", " "), self.marks)
                self.space = False
            elif character in _SPACES:
                # A line feed in the source is where Slack had one: a space for a browser, and a
                # new line for whoever reads the file.
                if character == "\n" and not self.space:
                    self.end()
                elif not self.space:
                    self.seen.put(" ")
                    self.space = True
                continue
            else:
                self.seen.put(character, self.marks)
                self.space = False
            self.begun = True

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment on the page: {data!r}")

    handle_decl = handle_pi = unknown_decl = handle_comment

    def end(self) -> None:
        self.seen.end()
        self.block(ended=True)

    def block(self, kind: str = "", *, ended: bool = False) -> None:
        self.seen.end_if_begun()
        if ended and self.items:
            self.items[-1] = True
        more = bool(self.items and self.items[-1])
        usual = "quote" if self.quotes else "more" if more else "text"
        self.seen.kind = kind or self.within or usual
        self.space = True
        self.begun = False

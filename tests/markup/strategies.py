"""Messages as hypothesis generates them: hostile text, and `rich_text` of every kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.markup.slack import BROADCASTS, CHANNELS, EMOJI, GROUPS, USERS

# Everything that Markdown, kramdown, mrkdwn, Liquid or HTML takes for its own.
HOSTILE = (
    *("*", "**", "***", "_", "__", "___", "`", "``", "```", "~", "~~", "~~~", "|", "||", "<", ">"),
    *(
        "&",
        ":",
        "::",
        "{{",
        "}}",
        "{%",
        "%}",
        "{",
        "}",
        "{:",
        "{::",
        "{#",
        "$$",
        "\\",
        "!",
        "![",
        "[",
    ),
    *("]", "](", "](x)", "]:", "[^1]", "[^1]:", "(", ")", "#", "##", "# ", "- ", "-", "--", "---"),
    *("+ ", "+", "* ", "1. ", "1.", "1) ", "2. ", "10. ", "a. ", "> ", ">>> ", "= ", "===", ": "),
    *(
        "• ",
        "◦ ",
        "    ",
        "  ",
        " ",
        "\t",
        "\u00a0",
        "\u3000",
        "\n",
        "\n\n",
        "\n    ",
        "\r\n",
        "\r",
    ),
    *(
        "\u200b",
        "\u200d",
        "\u200e",
        "\u202e",
        "\u2067",
        "\ufeff",
        "\u2028",
        "\u00ad",
        "\x00",
        "\x1b",
    ),
    *(
        "\ud83d",
        "\udc4b",
        "\ufffd",
        "\ufe0f",
        "\u0301",
        "שלום",
        "مرحبا",
        "é",
        "ß",
        "日本",
        "👋🏽",
        "·",
        "—",
    ),
    *("<b>", "</b>", "<br>", "<br />", "<script>", "<!--", "-->", "<?", "<![CDATA[", "<a href=x>"),
    *("&amp;", "&lt;", "&amp;lt;", "&#60;", "&nbsp;", "&copy;", "&#x3c;", "&#42;"),
    *("https://a.b/c_d*e", "http://a:80:90", "10:30:45", "www.a.b", "a@b.c", "javascript:x"),
    *(
        "snake_case_name",
        "2 ** 3 ** 4",
        "def f(**args)",
        "*args",
        "_x_",
        "*b*",
        "~s~",
        "`c`",
        "~~s~~",
    ),
    *(
        "[a](b)",
        "[a]: b",
        "![a](b)",
        "*[a]: b",
        "^",
        "^^",
        '"',
        "'",
        "...",
        "<<",
        ">>",
        "| a | b |",
    ),
    *(
        "|---|",
        "-|-",
        "- [ ] ",
        "[x] ",
        "~~~ ruby",
        "```py",
        ":wave:",
        ":-)",
        "{: .cls}",
        "\\*",
        "\\\\",
    ),
    "%7C",
    "word" * 400,
)
WORDS = ("a", "b", "word", "Zoë", "7", "x1", " ", " ", "\n", ".", ",")

texts = st.lists(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.sampled_from(HOSTILE),
        st.sampled_from(WORDS),
        st.sampled_from(WORDS),
        st.text(st.characters(), max_size=3),
    ),
    min_size=1,
    max_size=8,
).map("".join)

MRKDWN = (
    *(
        "*bold*",
        "_italic_",
        "~struck~",
        "`code`",
        "*_both_*",
        "_*~all~*_",
        "*not bold *",
        "* no*",
        "a*b*c",
    ),
    *(
        "*",
        "_",
        "~",
        "`",
        "```",
        "*a",
        "b*",
        "_a",
        "b_",
        "~a",
        "b~",
        "```block```",
        "```\ntwo\nlines\n```",
    ),
    *(
        "<@U1>",
        "<@U2|bob>",
        "<@U9|gone>",
        "<#C1|general>",
        "<#C2>",
        "<#C9|secret>",
        "<!here>",
        "<!channel>",
    ),
    *(
        "<!everyone>",
        "<!subteam^S1|@ml-ops>",
        "<!subteam^S2>",
        "<!date^1720710212^{date}|July 11th>",
    ),
    *(
        "<!date^1720710212^{date}^https://x.org/a_b|soon>",
        "<https://x.org/a_b*c>",
        "<https://x.org|a label>",
    ),
    *(
        "<https://x.org/?a=1&amp;b=2|*label*>",
        "<https://x.org/%7C|a [b] c>",
        "<mailto:a@b.c|a@b.c>",
    ),
    *(
        "<tel:+4930|+49 30>",
        "<javascript:alert(1)|click>",
        "<b>",
        "</b>",
        "<",
        ">",
        "&lt;b&gt;",
        "&amp;lt;",
    ),
    *(
        "&gt; ",
        "&gt;&gt;&gt; ",
        "\n&gt; ",
        "\n> ",
        "\n&gt;",
        ":wave::skin-tone-2:",
        ":+1:",
        ":partyparrot:",
    ),
    *(
        ":slightly_smiling_face:",
        ":woman-shrugging::skin-tone-3:",
        ":flag-de:",
        ":keycap_star:",
        ":no_such:",
    ),
    *(
        "10:30:45",
        "http://a:80:90",
        "https://x.org/a_b_c?d=*e*",
        "a :b c:",
        "::",
        ":+1::+1:",
        ": wave:",
    ),
    *(
        "\n",
        "\n\n",
        " ",
        "    ",
        "(",
        ")",
        ".",
        ",",
        "!",
        "a",
        "word",
        "7",
        "é",
        "\u200b",
        "&",
        "&nbsp;",
    ),
    *(
        "\n• ",
        "\n1. ",
        "\n2. ",
        "\n    ◦ ",
        "• ",
        "\n- ",
        "\n# ",
        "|",
        "{{",
        "{%",
        "\\",
        "[a](b)",
        "x" * 900,
    ),
)
mrkdwn = st.lists(
    st.one_of(st.sampled_from(MRKDWN), st.sampled_from(MRKDWN), st.sampled_from(HOSTILE)),
    min_size=1,
    max_size=10,
).map("".join)

_path = st.lists(
    st.sampled_from(
        (
            "a",
            "b1",
            "_",
            "__",
            "*",
            "**",
            "(",
            ")",
            "|",
            "%7C",
            "%20",
            "[",
            "]",
            "~",
            "~~",
            "&",
            "=",
            "&amp;",
            "&lt;",
            "#",
            "?",
            "/",
            ":",
            ";",
            "'",
            '"',
            "<",
            ">",
            "\\",
            "`",
            "{{",
            "{%",
            "!",
            "é",
        )
    ),
    max_size=6,
).map("".join)
urls = st.one_of(
    st.just("tel:+49-30*1_2"),
    st.builds("{}{}".format, st.sampled_from(("https://x.org/", "http://a.b:80/c?d=")), _path),
    st.builds("{}{}".format, st.sampled_from(("mailto:a_b@c.org?subject=", "slack://x/")), _path),
    st.builds(
        "{}{}".format, st.sampled_from(("javascript:", "JavaScript:", "data:text/html,")), _path
    ),
)

_inline_marks = st.sampled_from(
    (
        (),
        (),
        (),
        ("bold",),
        ("italic",),
        ("strike",),
        ("code",),
        ("bold", "italic"),
        ("italic", "strike"),
        ("bold", "code"),
        ("bold", "italic", "strike"),
        ("bold", "italic", "strike", "code"),
        ("strike", "code"),
    )
)


def _styled(element: dict[str, Any], marks: tuple[str, ...]) -> dict[str, Any]:
    return {**element, "style": dict.fromkeys(marks, True)} if marks else element


def _emoji(key: tuple[str, str]) -> dict[str, Any]:
    name, tone = key
    if "-" in tone:
        return {"type": "emoji", "name": f"{name}::skin-tone-{tone}"}
    return {"type": "emoji", "name": name, **({"skin_tone": int(tone)} if tone else {})}


def _date(fallback: str, url: str | None) -> dict[str, Any]:
    date = {"type": "date", "timestamp": 1720710212, "format": "{date}", "fallback": fallback}
    return date if url is None else {**date, "url": url}


def inlines(text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """One element of a section, with any marks."""
    return st.builds(
        _styled,
        st.one_of(
            st.builds(lambda text: {"type": "text", "text": text}, text),
            st.builds(lambda text: {"type": "text", "text": text}, text),
            st.builds(lambda url: {"type": "link", "url": url}, urls),
            st.builds(lambda url, text: {"type": "link", "url": url, "text": text}, urls, text),
            st.sampled_from(sorted(USERS)).map(lambda id: {"type": "user", "user_id": id}),
            st.sampled_from(sorted(CHANNELS)).map(lambda id: {"type": "channel", "channel_id": id}),
            st.sampled_from(sorted(GROUPS)).map(
                lambda id: {"type": "usergroup", "usergroup_id": id}
            ),
            st.sampled_from(BROADCASTS).map(lambda name: {"type": "broadcast", "range": name}),
            st.sampled_from(sorted(EMOJI)).map(_emoji),
            st.just({"type": "color", "value": "#F405B3"}),
            st.builds(_date, st.sampled_from(("July 11th", "_soon_ *2*")), st.none() | urls),
        ),
        _inline_marks,
    )


def runs(text: st.SearchStrategy[str], size: int = 5) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(inlines(text), min_size=1, max_size=size)


def _list(
    style: str, indent: int, offset: int, items: list[list[dict[str, Any]]]
) -> dict[str, Any]:
    sections = [{"type": "rich_text_section", "elements": item} for item in items]
    found = {"type": "rich_text_list", "style": style, "indent": indent, "border": 0}
    return {**found, **({"offset": offset} if offset else {}), "elements": sections}


def lists(
    text: st.SearchStrategy[str], styles: Sequence[str] = ("bullet", "ordered")
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        _list,
        st.sampled_from(styles),
        st.integers(0, 3),
        st.sampled_from((0, 0, 0, 1, 4)),
        st.lists(runs(text, 3), min_size=1, max_size=3),
    )


def _element(kind: str, **more: Any) -> Any:
    return lambda elements: {"type": kind, **more, "elements": elements}


def rich_texts(
    text: st.SearchStrategy[str] = texts,
    size: int = 5,
    styles: Sequence[str] = ("bullet", "ordered"),
) -> st.SearchStrategy[dict[str, Any]]:
    """A message of one `rich_text` block, with lists of these styles."""
    return st.lists(
        st.one_of(
            runs(text).map(_element("rich_text_section")),
            lists(text, styles),
            runs(text, 3).map(_element("rich_text_quote")),
            runs(text, 2).map(_element("rich_text_preformatted", border=0)),
        ),
        min_size=1,
        max_size=size,
    ).map(lambda elements: {"blocks": [{"type": "rich_text", "elements": elements}]})


def _cell(text: str, elements: list[dict[str, Any]] | None) -> dict[str, Any]:
    if elements is None:
        return {"type": "raw_text", "text": text}
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "elements": [section]}


def _header(text: str, level: int | None) -> dict[str, Any]:
    block = {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}
    return block if level is None else {**block, "level": level}


def structured(
    text: st.SearchStrategy[str] = texts, styles: Sequence[str] = ("bullet", "ordered")
) -> st.SearchStrategy[dict[str, Any]]:
    """A message with `header` and `table` blocks between its `rich_text` blocks."""
    plain = text.filter(lambda text: "&" not in text)  # an entity in plain text is a character
    cells = st.builds(
        _cell, plain | st.sampled_from(("", "-", ":-:", "a|b")), st.none() | runs(text, 2)
    )
    # CommonMark has no table of one row.
    rows = st.lists(st.lists(cells, min_size=1, max_size=3), min_size=2, max_size=3)
    return st.lists(
        st.one_of(
            rich_texts(text, 2, styles).map(lambda message: message["blocks"][0]),
            st.builds(_header, plain, st.sampled_from((None, 1, 2, 3, 4))),
            rows.map(lambda rows: {"type": "table", "rows": rows}),
        ),
        min_size=1,
        max_size=3,
    ).map(lambda blocks: {"blocks": [*_apart(blocks)]})


def _apart(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Blocks without a `rich_text` behind another: people's messages have one between others."""
    before = ""
    for block in blocks:
        if (before, block["type"]) != ("rich_text", "rich_text"):
            yield block
        before = block["type"]


# The same message on both of Slack's roads


# What mrkdwn takes for nothing, though it looks like it.
INERT = (
    *(
        "word",
        "Zoë",
        "snake_case_name",
        "2 ** 3 ** 4",
        "def f(**args)",
        "a*b*c",
        "x~y",
        "it's",
        "C++",
    ),
    *(
        "10:30:45",
        "http://a:80:90",
        "<b>",
        "a < b > c",
        "&",
        "&amp;",
        "&lt;",
        "{{ x }}",
        "{% y %}",
        "|",
    ),
    *(
        "# no",
        "- no",
        "1) no",
        "1. no",
        "+ no",
        "\\*",
        "[a](b)",
        "![a](b)",
        "[^1]:",
        "{: .c}",
        "$$",
        "---",
    ),
    *(
        "שלום",
        "مرحبا",
        "\u200b",
        "\u202e",
        "👋🏽",
        "日本語",
        "w" * 500,
        "(",
        ")",
        "…",
        "2.",
        "a.",
        "•",
    ),
)
Run = tuple[dict[str, Any], str]
"""An element of `rich_text`, and the mrkdwn for it."""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _marked_run(text: str, marks: tuple[str, ...]) -> Run:
    shown = _escaped(text)
    for mark in reversed(marks):
        delimiter = {"bold": "*", "italic": "_", "strike": "~", "code": "`"}[mark]
        shown = f"{delimiter}{shown}{delimiter}"
    return _styled({"type": "text", "text": text}, marks), shown


def _link_run(url: str, label: str) -> Run:
    element = {"type": "link", "url": url, **({"text": label} if label else {})}
    return element, f"<{_escaped(url)}{'|' if label else ''}{_escaped(label)}>"


def _emoji_run(key: tuple[str, str]) -> Run:
    return _emoji(key), f":{key[0]}:" + (f":skin-tone-{key[1]}:" if key[1] else "")


_labels = st.sampled_from(
    ("", "a label", "[a] b", "&lt;b&gt;", "x_y *z*", "https://x.org/[…]", "<b>", "{{ c }}")
)
_plain_urls = st.sampled_from(
    (
        "https://x.org/a_b*c(d)",
        "https://x.org/?a=1&b=2",
        "https://x.org/%7C",
        "mailto:a@b.c",
        "tel:+493",
    )
)
_runs = st.one_of(
    st.sampled_from(INERT).map(lambda text: _marked_run(text, ())),
    st.sampled_from(INERT).map(lambda text: _marked_run(text, ())),
    st.builds(
        _marked_run,
        st.sampled_from(
            ("word", "two words", "snake_case", "a < b", "# x", "1. y", "{{ z }}", "é")
        ),
        st.sampled_from(
            (("bold",), ("italic",), ("strike",), ("bold", "italic"), ("italic", "strike"))
        ),
    ),
    st.builds(
        _marked_run,
        st.sampled_from(
            ("x", "*p", "a_b_c", "**kw", " y ", "<T>", "&amp;", ":+1:", "{{ z }}", "| a |")
        ),
        st.sampled_from((("code",), ("bold", "code"), ("italic", "strike", "code"))),
    ),
    st.builds(_link_run, _plain_urls, _labels),
    st.sampled_from(sorted(EMOJI)).map(_emoji_run),
    st.sampled_from(sorted(USERS)).map(lambda id: ({"type": "user", "user_id": id}, f"<@{id}>")),
    st.sampled_from(sorted(CHANNELS)).map(
        lambda id: ({"type": "channel", "channel_id": id}, f"<#{id}|{CHANNELS[id]}>")
    ),
    st.sampled_from(sorted(GROUPS)).map(
        lambda id: ({"type": "usergroup", "usergroup_id": id}, f"<!subteam^{id}>")
    ),
    st.sampled_from(BROADCASTS).map(
        lambda name: ({"type": "broadcast", "range": name}, f"<!{name}>")
    ),
    st.just((_date("July 11th", None), "<!date^1720710212^{date}|July 11th>")),
    st.just(({"type": "color", "value": "#F405B3"}, "#F405B3")),
)
# Words apart, and a word first: what begins a line might be a quote, or an item of a list.
_words = st.lists(_runs, max_size=4)
_Line = list[Run]


def _line_of(runs: _Line) -> tuple[list[dict[str, Any]], str]:
    elements: list[dict[str, Any]] = [{"type": "text", "text": "So"}]
    for element, _ in runs:
        elements += [{"type": "text", "text": " "}, element]
    return elements, " ".join(["So", *(shown for _, shown in runs)])


def _lines_of(lines: list[_Line], before: str = "") -> tuple[list[dict[str, Any]], str]:
    elements: list[dict[str, Any]] = []
    shown = []
    for number, (line, text) in enumerate(map(_line_of, lines)):
        elements += [{"type": "text", "text": "\n"}] * bool(number) + line
        shown.append(before + text)
    return elements, "\n".join(shown)


Both = tuple[str, list[dict[str, Any]], str]
"""A kind, the elements of a `rich_text` block, and the mrkdwn for them."""


def _section_both(paragraphs: list[list[_Line]]) -> Both:
    elements: list[dict[str, Any]] = []
    shown = []
    for number, lines in enumerate(paragraphs):
        more, text = _lines_of(lines)
        elements += [{"type": "text", "text": "\n\n"}] * bool(number) + more
        shown.append(text)
    return "section", [{"type": "rich_text_section", "elements": elements}], "\n\n".join(shown)


def _quote_both(lines: list[_Line]) -> Both:
    elements, shown = _lines_of(lines, "&gt; ")
    return "quote", [{"type": "rich_text_quote", "elements": elements}], shown


def _code_both(lines: list[str]) -> Both:
    text = "\n".join(lines)
    element = {"type": "text", "text": text}
    block = {"type": "rich_text_preformatted", "elements": [element], "border": 0}
    return "code", [block], f"```{_escaped(text)}```"


def _list_both(style: str, items: list[tuple[_Line, list[_Line]]]) -> Both:
    blocks: list[dict[str, Any]] = []
    shown = []
    for number, (line, inner) in enumerate(items):
        elements, text = _line_of(line)
        blocks.append(_list(style, 0, number if style == "ordered" else 0, [elements]))
        shown.append(("• " if style == "bullet" else f"{number + 1}. ") + text)
        if inner:
            nested = [_line_of(each) for each in inner]
            blocks.append(_list(style, 1, 0, [elements for elements, _ in nested]))
            marks = [
                "◦" if style == "bullet" else f"{'abc'[index]}." for index in range(len(inner))
            ]
            shown += [f"    {mark} {text}" for mark, (_, text) in zip(marks, nested, strict=True)]
    return "list", blocks, "\n".join(shown)


def _message_both(blocks: list[Both]) -> tuple[dict[str, Any], dict[str, Any]]:
    elements: list[dict[str, Any]] = []
    shown: list[str] = []
    last = ""
    for kind, more, text in blocks:
        if kind == last and kind != "code":
            continue  # Slack's editor makes one of two
        if last == "section":
            # The break before what follows a section is the section's own.
            elements[-1]["elements"].append({"type": "text", "text": "\n"})
        elements += more
        shown.append(text)
        last = kind
    rich = {"type": "rich_text", "elements": elements}
    return {"text": "\n".join(shown), "blocks": [rich]}, {"text": "\n".join(shown)}


_items = st.lists(
    st.tuples(_words, st.lists(_words, max_size=2) | st.just([])), min_size=2, max_size=3
)
both_roads = st.lists(
    st.one_of(
        st.lists(st.lists(_words, min_size=1, max_size=2), min_size=1, max_size=2).map(
            _section_both
        ),
        st.lists(_words, min_size=1, max_size=2).map(_quote_both),
        st.lists(st.sampled_from((*INERT, "    x", "a `b` c", "*b*", "")), min_size=1, max_size=3)
        .filter(lambda lines: lines[0] and lines[-1])
        .map(_code_both),
        st.builds(_list_both, st.sampled_from(("bullet", "ordered")), _items),
    ),
    min_size=1,
    max_size=4,
).map(_message_both)
"""A message with blocks, and the same without: as Slack sends what was written in its editor."""


# What delimits, between letters, digits and spaces, so that each stands beside each.
_DELIMITING = (
    *(
        "*",
        "**",
        "_",
        "__",
        "~",
        "~~",
        "`",
        "``",
        "|",
        "\\",
        "-",
        "--",
        "[",
        "]",
        "(",
        ")",
        "](",
        "!",
    ),
    *("<", ">", "&", "{", "}", "$", "$$", "#", ":", "=", "+", ".", "/", "^", ";"),
)
_BETWEEN = ("a", "b", "word", "é", "1", "23", " ", " ", " ", "\n")
alphabet = st.lists(
    st.one_of(st.sampled_from(_DELIMITING), st.sampled_from(_BETWEEN)), min_size=1, max_size=14
).map("".join)
_LINKS = ("<https://x.org/a_b*c>", "<https://x.org|a_b *c*>", "<https://x.org/~a~~b|`c` d>")
delimited = st.one_of(
    rich_texts(alphabet, 3, ("bullet",)),  # kramdown counts every other list from 1
    st.lists(
        st.one_of(st.sampled_from(_DELIMITING), st.sampled_from(_BETWEEN), st.sampled_from(_LINKS)),
        min_size=1,
        max_size=14,
    ).map(lambda parts: {"text": "".join(parts)}),
)
"""Messages of delimiters, letters, digits, spaces and links."""

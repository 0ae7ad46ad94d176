"""The Markdown of an ordinary message, without the tree.

Most of what people write needs no care: words, a link, somebody's name, an emoji, a word in bold
or in code, a list. Two patterns say what is certain to be so; for anything else the answer is
None, and the message takes the road through the tree (parse.py, markdown.py), which knows every
case. Where there is an answer it is the same, byte for byte; tests/markup/test_quick.py says so of
generated messages.

Each pattern begins with the set of characters that mean something, so that the words between them
are skipped, and goes on with what is allowed around each. A match without a group is a character
that needs care.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.markup.emoji import split_tone, table
from bot.markup.markdown import APART, CR, HTML
from bot.markup.mrkdwn import unescape
from bot.markup.names import Names
from bot.markup.normal import SUSPECT, UNSHOWABLE_SET

# A run of words that can be marked, be a name or label a link, as it is.
_WORDS = r"[^\W_](?:[^\W_]++|[ ](?! )|[,.'’()/]|-(?!-))*(?<! )"
_NAME = re.compile(r"(?![\d_])" + _WORDS + "(?<!-)")
_MARKED = re.compile(_WORDS)
# An address that is its own label too; `_` only where nothing that stands around it makes a mark
# of it: inside a word, two characters before the end.
_ADDRESS = (
    r"(?:https?://|mailto:)[A-Za-z0-9]"
    r"(?:[A-Za-z0-9./?=#%+,:@;]++|-(?!-)|{and_}"
    r"|(?<=[A-Za-z])_(?=[A-Za-z0-9][A-Za-z0-9./?=#%+,:@;&_-]))*+"
)
_URL = re.compile(_ADDRESS.format(and_="&"))
_LABEL = r"[^\W_](?:[^\W_]++|[ ,.'’()/?!+=@#%;\"]|-(?!-))*(?<! )"
_LINK_LABEL = re.compile(_LABEL)
# Code that one backtick on either side is enough for, and that is more than space.
_SPAN = r"(?![ \t])(?!\s+(?:`|\Z))[^`\n{more}" + UNSHOWABLE_SET + r"]+(?<! )"
_CODE = re.compile(_SPAN.format(more=""))

# What begins a line and nothing else: no list, heading, quote, rule, definition or space.
_FIRST = r"[^\W\d_]|[\"'(“„‘«–—…¿¡@/.,?;\u2600-\u27bf\U0001f000-\U0001fffd]|\d(?!\d*[.)])"
_LITERAL_FIRST = _FIRST + "|:[a-z0-9]"
_LITERAL_BREAK = _LITERAL_FIRST + r"|\Z"
_START = re.compile(_LITERAL_FIRST)
_MRKDWN_FIRST = _FIRST + r"|[<`]|[*_~][^\W_]|:[a-z0-9_+'-]+:"
_MRKDWN_START = re.compile(_MRKDWN_FIRST)

# Between words and their marks: what neither parser takes for a part of either.
_BEFORE = r"(?<![^\s(\"']{})"
_AFTER = r"(?=[\s.,;!?)]|:\s|\Z)(?!\s+[*_~])"


def _mark(mark: str, group: str) -> str:
    escaped = re.escape(mark)
    return f"{_BEFORE.format(escaped)}(?P<{group}>{_WORDS}){escaped}{_AFTER}"


# Letters alone: between other characters of a word (`²`) a line may mark something.
_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
# A star between spaces and a line inside a word mark nothing; more than that needs care.
_STAR = r"(?!(?<= \*) )"
_UNDER = rf"(?!(?<=[\w ][{_LETTER}]_)[^\W_])"
# A line that begins as a block might, or ends in a space; what one parser or the other takes as
# its own.
_BREAK = r"(?<=\n)(?:(?<=[^\S\n]\n)|(?!\n|{}))"
_OTHER = r"(?<=\$)(?=\$)|(?<=\{)(?=[%{:])|(?<=\])(?=\()"


def _pattern(alternatives: Mapping[str, str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """For text of any characters, and for ASCII alone, whose set is quicker to look up in.

    `alternatives` are by the characters that they begin after, so that few are tried for each.
    """
    hot = "".join(alternatives)
    told = "|".join(f"(?<=[{after}])(?:{each})" for after, each in alternatives.items())
    return (
        re.compile(rf"[{hot}\\|\t{UNSHOWABLE_SET}](?:{told}|(?<=[\\|\t{UNSHOWABLE_SET}]))"),
        re.compile(rf"[{hot}\\|\t{_CONTROLS}](?:{told}|(?<=[\\|\t{_CONTROLS}]))"),
    )


# The name that a mention carries, which is not shown.
_MENTIONED = rf"[^<>|`\n{UNSHOWABLE_SET}]*"
_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f"
_MRKDWN = _pattern(
    {
        "<:": (
            rf"(?<=<)(?:@(?P<user>[A-Z0-9]+)(?:\|{_MENTIONED})?>"
            rf"|#(?P<channel>[A-Z0-9]+)(?:\|{_MENTIONED})?>"
            rf"|(?<!!<)(?P<url>{_ADDRESS.format(and_='&amp;')})"
            rf"(?:\|(?:(?P=url)|(?P<label>{_LABEL})))?>|)"
            r"|(?<=:)(?:(?P<emoji>[a-z0-9_+'-]+):(?!//)"
            r"(?::skin-tone-(?P<tone>[2-6](?:-[2-6])?):)?|(?=//))"
        ),
        r"\n`": (
            _BREAK.format(_MRKDWN_FIRST)
            + rf"|(?<=`)(?:(?P<code>{_SPAN.format(more='<>&')})`(?!`)|)"
        ),
        "*_~": (
            rf"(?<=\*)(?:{_mark('*', 'bold')}|{_STAR})"
            rf"|(?<=_)(?:{_mark('_', 'italic')}|{_UNDER})"
            rf"|(?<=~){_mark('~', 'strike')}"
        ),
        r">$\]{": "(?<=>)|" + _OTHER,
    }
)
_LITERAL = _pattern(
    {
        "&<>": "(?P<html>)",
        r"\n": _BREAK.format(_LITERAL_BREAK),
        "*_~`": rf"(?<=\*){_STAR}|(?<=_){_UNDER}|(?<=~)(?=~)|(?<=`)",
        r"$\]{": _OTHER,
    }
)
_CODED = re.compile(r"```.+?```|`[^`\n]*`", re.S)
_EMOJI_NAME = re.compile(r"(?!\d*\Z)(?:[a-z0-9+']|-(?!-)|(?<=[a-z])_(?=[a-z0-9]))+")
# Where a line marks nothing, also beside text in italics: inside a word of some length, in code, in
# an address. What is left of a text without these has only the lines that are marks.
_SAFE_UNDER = rf"`[^`\n]*`|(?<=[\w /.=&-][{_LETTER}])_(?=[^\W_][\w ,.;!?)/&=])"
_UNDER_IN_TEXT = re.compile(_SAFE_UNDER + r"|<[^<>_|]*(?:_[^<>_|]{2}[^<>_|]*)*>")
_UNDER_IN_MARKDOWN = re.compile(_SAFE_UNDER + r"|\]\([^)]*\)")
_NO_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_LINE_END = re.compile(r"(?<! ) ++\n")
_BLOCK = re.compile(r"```(.+?)```", re.S)


class _Unusual(Exception):
    """The message needs more care than is taken here."""


def markdown(message: Mapping[str, Any], names: Names) -> str | None:
    """The Markdown of a message of Slack's; None where it is not an ordinary one."""
    if message.get("files") or message.get("attachments"):
        return None
    blocks = message.get("blocks")
    try:
        if blocks:
            return _rich_text(blocks, names)
        return _text(message["text"], names)
    except (_Unusual, LookupError, TypeError, AttributeError):
        return None  # what is missing or of another kind is for the road that looks at all of it


# mrkdwn


def _text(text: str, names: Names) -> str:
    convert = _converter(names)
    if "-" in text and "--" in text and "--" in _CODED.sub("", text):
        raise _Unusual
    if "`" not in text or "```" not in text:
        if "\n" in text and " \n" in text:
            text = _LINE_END.sub("\n", text)
        if ("&" not in text or "&gt;" not in text) and "•" not in text:
            return _lines(text, convert)
        return _joined(_groups(text, convert))
    if text.count("```") % 2:
        raise _Unusual
    pieces: list[tuple[str, str]] = []
    before, *others = _BLOCK.split(text)
    if before:
        pieces += _groups(_without_break(before, end=True), convert)
    last = len(others) - 2
    for index in range(0, len(others), 2):
        code, after = others[index], others[index + 1]
        if "<" in code:  # an address, or somebody's name
            raise _Unusual
        pieces.append(("code", _preformatted(unescape(code))))
        if after or index < last:
            after = _without_break(after, start=True, end=index < last)
            pieces += _groups(after, convert)
    return _joined(pieces)


def _without_break(text: str, *, start: bool = False, end: bool = False) -> str:
    """The lines between two blocks, which begin and end at the breaks beside them."""
    if (start and text[:1] != "\n") or (end and text[-1:] != "\n"):
        raise _Unusual
    return text[start : len(text) - end]


def _groups(text: str, convert: Callable[[re.Match[str]], str]) -> list[tuple[str, str]]:
    """The lines of a text as paragraphs, quotes and lists."""
    groups: list[tuple[str, list[str]]] = []
    for whole in text.split("\n"):
        kind, line = "text", whole
        if whole.startswith("&gt;"):
            kind, line = "quote", whole.removeprefix("&gt;").removeprefix(" ")
        elif whole.startswith("• "):
            kind, line = "list", whole[2:]
        if groups and groups[-1][0] == kind:
            groups[-1][1].append(line)
        else:
            groups.append((kind, [line]))
    found = []
    for kind, lines in groups:
        if kind == "list":
            found.append((kind, "\n".join("- " + _lines(line, convert) for line in lines)))
        else:  # what is marked in one line counts in all
            written = _lines("\n".join(lines), convert)
            found.append((kind, written if kind == "text" else _quoted(written)))
    return found


def _quoted(text: str) -> str:
    if "\n\n" in text:
        raise _Unusual
    return "> " + text.replace("\n", "\n> ")


def _lines(text: str, convert: Callable[[re.Match[str]], str]) -> str:
    if text[-1].isspace() or not (text[0].isalpha() or _MRKDWN_START.match(text)):
        raise _Unusual
    if "&" in text and _NO_ENTITY.search(text):
        raise _Unusual
    written = _MRKDWN[text.isascii()].sub(convert, text)
    # A mark of these in one place, and the same character in another, might make a pair.
    if "~" in text and text.count("~") != (written.count("~~") or 1):
        raise _Unusual
    return written


def _converter(names: Names) -> Callable[[re.Match[str]], str]:
    known = table()

    def converted(match: re.Match[str]) -> str:  # noqa: PLR0912 - a branch for each
        match match.lastgroup:
            case "user":
                return _name(names.user(match["user"]))
            case "emoji" | "tone":
                name, tone = match.group("emoji", "tone")
                (start, end), text = match.span(), match.string
                if text[end : end + 1].isalnum() or (start and text[start - 1].isalnum()):
                    raise _Unusual
                characters = known.get((name, tone or ""))
                if characters is None:
                    return _own_emoji(name, tone or "", names)
                return _emoji(characters)
            case "url":
                url = match["url"]
                return f"[{url}]({url})"
            case "label":
                return "[{1}]({0})".format(*match.group("url", "label"))
            case "code":
                return match[0]
            case "bold":
                return f"**{match['bold']}**"
            case "italic":
                if _UNDER_IN_TEXT.sub("", match.string).count("_") != 2:
                    raise _Unusual
                return match[0]
            case "strike":
                return f"~~{match['strike']}~~"
            case "channel":
                return "#" + _name(names.channel(match["channel"]))
            case _:
                raise _Unusual

    return converted


# Blocks


def _rich_text(blocks: Sequence[Mapping[str, Any]], names: Names) -> str:
    (block,) = blocks if len(blocks) == 1 else (None,)
    if block is None or block["type"] != "rich_text":
        raise _Unusual
    pieces: list[tuple[str, str]] = []
    elements = block["elements"]
    last = len(elements) - 1
    for index, element in enumerate(elements):
        match element["type"]:
            case "rich_text_section":
                kind, text = "text", _inline(element["elements"], names, cut=index < last)
            case "rich_text_quote":
                kind, text = "quote", _quoted(_inline(element["elements"], names))
            case "rich_text_list":
                kind, text = "list", _list(element, names)
            case "rich_text_preformatted":
                kind = "code"
                text = _preformatted("".join(_plain(each) for each in element["elements"]))
            case _:
                raise _Unusual
        if pieces and pieces[-1][0] == kind != "code":
            raise _Unusual  # they are one block
        pieces.append((kind, text))
    if not pieces:
        raise _Unusual  # its text is shown
    return pieces[0][1] if len(pieces) == 1 else _joined(pieces)


def _plain(element: Mapping[str, Any]) -> Any:
    """What code shows of it; no text where the element has none."""
    if element["type"] == "text":
        return element["text"]
    if element["type"] == "link" and _URL.fullmatch(element["url"]):
        label = element.get("text") or element["url"]
        if label == element["url"] or _LINK_LABEL.fullmatch(label):
            return label
    raise _Unusual


def _list(element: Mapping[str, Any], names: Names) -> str:
    ordered = element.get("style") == "ordered"
    if element.get("indent") or element.get("offset"):
        raise _Unusual
    lines = []
    for number, item in enumerate(element["elements"], 1):
        text = _inline(item["elements"], names)
        if "\n" in text:
            raise _Unusual
        lines.append(f"{number}. {text}" if ordered else f"- {text}")
    if not lines:
        raise _Unusual
    return "\n".join(lines)


def _inline(  # noqa: PLR0912 - a branch for each pair of neighbours
    elements: Sequence[Mapping[str, Any]], names: Names, *, cut: bool = False
) -> str:
    """The pieces of a section; `cut` where its last line break belongs to what follows."""
    out: list[str] = []
    literal = ""  # the literal text just before
    styled = False  # whether marked text is just before
    marks: set[str] = set()
    for element in elements:
        style = element.get("style")
        kind = element["type"]
        if style and any(style.values()):
            if kind != "text" or styled or (out and literal[-1:] not in _OPENS):
                raise _Unusual
            if marks and literal.isspace():  # a space between two marks may have them too
                raise _Unusual
            out.append(_styled(element["text"], style))
            marks.update(style)
            literal, styled = "", True
        elif kind == "text":
            text = element["text"]
            if styled:
                if text[0] not in _CLOSES:
                    raise _Unusual
            elif literal:  # the two are one text
                if text[0] != "\n" or (literal[-1] != "\n" and literal[-1].isspace()):
                    raise _Unusual
            elif not out and not (text[0].isalpha() or _START.match(text)):
                raise _Unusual
            if "-" in text and "--" in text:
                raise _Unusual
            out.append(_LITERAL[text.isascii()].sub(_literal, text))
            literal, styled = text, False
        elif styled or literal[-1:] == "{" or (kind == "link" and literal[-1:] == "!"):
            raise _Unusual
        else:
            out.append(_piece(kind, element, names))
            literal = ""
    written = "".join(out)
    if cut and literal[-1:] == "\n":
        written = written[:-1]
    if written[-1].isspace():
        raise _Unusual
    if marks and (
        ("italic" in marks and _UNDER_IN_MARKDOWN.sub("", written).count("_") != 2)
        or ("strike" in marks and written.count("~") != 4)
    ):
        raise _Unusual
    return written


def _piece(kind: str, element: Mapping[str, Any], names: Names) -> str:
    """What is neither marked nor literal text."""
    match kind:
        case "user":
            return _name(names.user(_id(element["user_id"])))
        case "emoji":
            name, tone = split_tone(element["name"])
            tone = tone or str(element.get("skin_tone") or "")
            characters = table().get((name, tone))
            if characters is None and not element.get("unicode"):
                return _own_emoji(name, tone, names)
            return _emoji(characters)
        case "link":
            return _link(element["url"], element.get("text"))
        case "channel":
            return "#" + _name(names.channel(_id(element["channel_id"])))
        case _:
            raise _Unusual


def _id(value: object) -> str:
    """An ID to ask a name for: of what is no text no database can be asked."""
    if not isinstance(value, str):
        raise _Unusual
    return value


def _literal(match: re.Match[str]) -> str:
    if match.lastgroup is None:
        raise _Unusual
    return HTML[match[0]]


def _styled(text: str, style: Mapping[str, Any]) -> str:
    (mark,) = style if len(style) == 1 else ("",)
    if mark == "code":
        if _CODE.fullmatch(text) is None:
            raise _Unusual
        return f"`{text}`"
    if mark not in _DELIMITERS or _MARKED.fullmatch(text) is None:
        raise _Unusual
    return _DELIMITERS[mark] + text + _DELIMITERS[mark]


# What stands before and after marked text, so that its marks are marks.
_OPENS = (" ", "(", '"', "'", "\n")
_CLOSES = " .,;!?)\n"
_DELIMITERS = {"bold": "**", "italic": "_", "strike": "~~"}


def _link(url: str, label: str | None) -> str:
    if _URL.fullmatch(url) is None:
        raise _Unusual
    address = url.replace("&", "&amp;")
    if not label or label == url:
        return f"[{address}]({address})"
    if _LINK_LABEL.fullmatch(label) is None:
        raise _Unusual
    return f"[{label}]({address})"


# Both


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise _Unusual
    return name


def _emoji(characters: str | None) -> str:
    if characters is None or characters[0].isascii():  # the workspace's own; a key cap (`1️⃣`)
        raise _Unusual
    return characters


def _own_emoji(name: str, tone: str, names: Names) -> str:
    """The workspace's own emoji, which has no characters."""
    alias = getattr(names, "emoji", None)
    if tone or _EMOJI_NAME.fullmatch(name) is None or (alias is not None and alias(name)):
        raise _Unusual
    return f":{name}:"


def _preformatted(code: str) -> str:
    code = code.strip("\n")
    if not code or "`" in code or SUSPECT.search(code):
        raise _Unusual
    return CR.join(("```", code.replace("\n", CR), "```"))


def _joined(pieces: Sequence[tuple[str, str]]) -> str:
    """Blocks, with what keeps each from the one before."""
    out: list[str] = []
    before = ""
    for kind, text in pieces:
        if before == "code":
            out.append(CR)
        elif before:
            out.append("\n" if before == "text" and kind != "text" else APART)
        out.append(text)
        before = kind
    return "".join(out)

"""What Slack shows as what an archive page shows, and back.

`to_markdown` writes the Markdown of a Slack message, `from_markdown` the message of a Markdown
text. `docs/fidelity.md` says how each construct comes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.markup import markdown, outgoing, proof
from bot.markup.elements import closed_fences, elements, headless
from bot.markup.mrkdwn import escape as escape_mrkdwn
from bot.markup.names import Names, NoNames
from bot.markup.parse import parse
from bot.markup.plain import visible
from bot.markup.reading import read

__all__ = [
    "Names",
    "NoNames",
    "closed_fences",
    "elements",
    "escape_mrkdwn",
    "from_markdown",
    "headless",
    "markdown_to_mrkdwn",
    "neutral",
    "plain",
    "to_markdown",
    "visible_text",
]


_BREAK = re.compile(r"<br\s*/?>\n?", re.I)


def to_markdown(message: Mapping[str, Any], names: Names) -> str:
    """The Markdown of a Slack message, as FORMAT.md ("Text") has it.

    `message` is Slack's message object: `blocks`, or else `text`, then the title and link of each
    attachment and file. `names` gives the names behind the IDs in it.
    """
    return markdown.write(parse(message), names)


def from_markdown(text: str) -> dict[str, Any]:
    """The `text` and `blocks` of a Slack message that says what a Markdown text says."""
    return outgoing.message(read(text, website=True))


def neutral(text: str) -> str:
    """An archive's Markdown with whatever the website could run or follow in it as text.

    Given as it is where kramdown finds no HTML, attribute, Liquid or script in it: all that is
    exported now is such a text. Archives of before, and what was put into one by hand, may not be.
    """
    if proof.dead(text):
        return text
    return markdown.write(read(_BREAK.sub("\n", text), html=False, website=True), NoNames())


def markdown_to_mrkdwn(text: str) -> str:
    """A Markdown text (a book's description) as mrkdwn, to be a part of what the bot says.

    The characters that mrkdwn would take for a mark where the Markdown has none are kept apart
    from what they would mark by a zero-width space, since mrkdwn has no escapes.
    """
    return outgoing.announce(read(text, flow=True))


def plain(message: Mapping[str, Any] | str, names: Names | None = None) -> str:
    """The visible text of a message, or of a mrkdwn text, without any markup.

    For notices, searching, and telling which question an answer belongs to. Lists have their
    marks, quotes a `>` before each line. Without `names` an ID shows as the message labels it.
    """
    message = {"text": message} if isinstance(message, str) else message
    return visible(parse(message), names or NoNames())


def visible_text(markdown: str) -> str:
    """The visible text of a Markdown text such as an archive has: what `plain` gives of a message.

    Entities and escapes are the characters they stand for, a link is its label, and a list begins
    with the number that was typed.
    """
    return visible(read(markdown, as_typed=True, website=True), NoNames())

"""Questions that were answered before, as they are shown with the authors' own words."""

from __future__ import annotations

from bot.markup import escape_mrkdwn
from bot.sessions.knowledge import Hit
from bot.slack.blocks.kit import Block, note, section
from bot.slack.blocks.limits import cut
from bot.slack.blocks.paging import Page, turning
from bot.slack.text import linked
from bot.texts import _

SHOWN = 5
"""Questions on a page of what a search finds."""
QUESTION, SHORT, QUOTE, TITLE = 200, 80, 300, 60
"""Characters of a question, of one in a line, of the words that are quoted, and of a title or a
name."""
SHORT_QUOTE = 150
"""Characters of mrkdwn of the words that are quoted in a queue."""


def answered(hit: Hit) -> str:
    """The question, the author's words, and where they stand (mrkdwn)."""
    quote = f"> {_line(hit.quote, QUOTE)}"
    return "\n".join((f"*{_line(hit.question, QUESTION)}*", quote, source(hit)))


def source(hit: Hit) -> str:
    """Who answered, in which book and year, with the links that are known (mrkdwn)."""
    said = _(
        "{author}, {title} ({year})",
        author=_line(hit.author, TITLE),
        title=f"_{_line(hit.title, TITLE)}_",
        year=hit.year,
    )
    links = ((hit.slack, _("open the message")), (hit.page, _("read it on the website")))
    return " · ".join([said, *(linked(link, text) for link, text in links if link)])


def short(hit: Hit) -> str:
    """The question and where it was answered, and the beginning of the answer (mrkdwn)."""
    quote = cut(_line(hit.quote, SHORT_QUOTE), SHORT_QUOTE)
    return f"“{_line(hit.question, SHORT)}” · {source(hit)}\n> {quote}"


def reply(hit: Hit) -> str:
    """What stands in the thread of a question that was answered before (mrkdwn)."""
    title = _line(hit.title, TITLE)
    lead = _("Answered in *{title}* ({year}):", title=title, year=hit.year)
    return f"{lead}\n{answered(hit)}"


def found(words: str, page: Page[Hit]) -> tuple[str, list[Block]]:
    """A page of what a search for `words` (plain text) found: `(text, blocks)`."""
    if not page.items:
        text = _("I found no answered question for “{words}”.", words=escape_mrkdwn(words))
        return text, [section(text), note(_("Try other words, or ask with `/ask`."))]
    text = _("Answered questions for “{words}”:", words=escape_mrkdwn(words))
    blocks = [section(text), *(section(answered(hit)) for hit in page.items)]
    blocks += turning(page, "find", words)
    return text, [*blocks, note(_("Only you can see this."))]


def _line(text: str, limit: int) -> str:
    """Plain text as one line of mrkdwn, cut."""
    return escape_mrkdwn(cut(" ".join(text.split()), limit))

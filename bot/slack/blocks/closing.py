"""The message that closes a session."""

from __future__ import annotations

from typing import Any

from bot.markup import escape_mrkdwn
from bot.sessions.handover import Handover
from bot.sessions.model import Session
from bot.slack.blocks.announcement import closing_line
from bot.slack.blocks.kit import note, section
from bot.slack.blocks.limits import when
from bot.slack.text import linked, quoted, writer
from bot.texts import _, n_

UNANSWERED_SHOWN = 10
"""How many unanswered questions the closing message names; the rest is counted."""


def closing(
    session: Session, figures: Handover, missed: bool = False, page: str = ""
) -> tuple[str, list[dict[str, Any]]]:
    """The closing message as `(text, blocks)`; `missed` for a session nobody was there to run.

    `page` is the address of the book's page on the site, '' for none.
    """
    title = escape_mrkdwn(session.event.title)
    over = when(session.over_at)
    lead = (
        _(
            "The session on *{title}* ended {when}, while Marginalia was offline. The "
            "questions asked in the channel have been collected.",
            title=title,
            when=over,
        )
        if missed
        else _("The session on *{title}* is closed. Thank you all!", title=title)
    )
    counted = closing_line(figures.questions, figures.answers, figures.participants)
    blocks = [section(f"{lead}\n{counted}")]
    if figures.unanswered:
        shown = figures.unanswered[:UNANSWERED_SHOWN]
        lines = [f"• {writer(q)}: {quoted(q.content, 120)}" for q in shown]
        rest = len(figures.unanswered) - len(shown)
        if rest:
            lines.append(n_("… and {count} more", "… and {count} more", rest))
        waiting = _("*Not answered yet:*")
        blocks.append(section(waiting + "\n" + "\n".join(lines)))
    if page:
        text = _("You can read the questions and answers later on the website.")
        blocks.append(note(linked(page, text)))
    return (
        _("The session on {title} is closed: {figures}", title=title, figures=counted),
        blocks,
    )

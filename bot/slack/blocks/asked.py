"""A question sent through the form as it stands in the channel, and what its asker is told."""

from __future__ import annotations

from typing import Any

from bot.markup import escape_mrkdwn
from bot.sessions.anonymity import ANONYMOUS, is_anonymous
from bot.sessions.model import Message, Session, Submission
from bot.slack.blocks import limits
from bot.slack.blocks.kit import Block, note, section
from bot.slack.blocks.limits import cut
from bot.slack.text import excerpt, linked
from bot.texts import _


def question(submission: Submission) -> dict[str, Any]:
    """What `chat.postMessage` takes: the text, and who it seems to be from.

    A text longer than a section is parted into several; one too long for blocks is plain text,
    of which Slack takes 40,000 characters.
    """
    text = cut(submission.text, limits.TEXT)
    content: dict[str, Any] = {"text": text}
    if limits.SECTION < limits.units(text) <= limits.MESSAGE_TEXT:
        content["blocks"] = [section(part) for part in limits.parts(text, limits.SECTION)]
    if is_anonymous(submission.asker):
        return content | {"username": ANONYMOUS, "icon_emoji": ":bust_in_silhouette:"}
    if submission.name:
        content["username"] = cut(submission.name, 80)
        if submission.icon:
            content["icon_url"] = submission.icon
    return content


def answered(
    session: Session, asked: Message, answer: Message, person: str, link: str
) -> tuple[str, list[Block]]:
    """What somebody reads whose question, or a followed one, was answered: `(text, blocks)`."""
    author = f"<@{answer.author}>"
    title = escape_mrkdwn(session.event.title)
    lead = (
        _(
            "{author} answered your question in the session on *{title}*.",
            author=author,
            title=title,
        )
        if asked.author == person
        else _(
            "{author} answered a question that you follow in the session on *{title}*.",
            author=author,
            title=title,
        )
    )
    quoted = "\n".join(f"> {line}" for line in (escape_mrkdwn(excerpt(asked.content, 300)),))
    shown = escape_mrkdwn(excerpt(answer.content, 600))
    blocks = [
        section(f"{lead}\n{quoted}"),
        section(shown),
        note(
            linked(link, _("Read it in its thread")) + " · " + _("`/qa quiet` ends these messages.")
        ),
    ]
    return lead, blocks

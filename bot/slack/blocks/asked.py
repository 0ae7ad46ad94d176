"""A question sent through the form as it stands in the channel, and what its asker is told."""

from __future__ import annotations

from typing import Any

from bot.markup import escape_mrkdwn
from bot.sessions.anonymity import ANONYMOUS, is_anonymous
from bot.sessions.model import Message, Session, State, Submission
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


def delayed(session: Session, submission: Submission, code: str) -> tuple[str, list[Block]]:
    """What an asker reads whose question Slack does not take yet: `(text, blocks)`."""
    text = _(
        "Your question for the session on *{title}* is delayed: Slack does not let me post it "
        "yet ({code}). The organizers know. I post it as soon as I can.",
        title=escape_mrkdwn(session.event.title),
        code=escape_mrkdwn(code),
    )
    quoted = "> " + escape_mrkdwn(excerpt({"text": submission.text}, 300))
    how = _("You can take it back in my App Home, under My questions.")
    return text, [section(text), section(quoted), note(how)]


def returned(session: Session, submission: Submission, code: str | None) -> tuple[str, list[Block]]:
    """What an asker reads who gets a question back: `(text, blocks)`, with the whole question."""
    title = escape_mrkdwn(session.event.title)
    if session.state not in (State.OPEN, State.SCHEDULED):
        text = _(
            "I could not post your question for the session on *{title}* before its end. Here it "
            "is, so that you can keep it.",
            title=title,
        )
    else:
        why = escape_mrkdwn(code) if code else _("an organizer dropped it")
        text = _(
            "I could not post your question for the session on *{title}* ({code}). Here it is, so "
            "that you can post it yourself.",
            title=title,
            code=why,
        )
    whole = [section(part) for part in limits.parts(submission.text, limits.SECTION)]
    return text, [section(text), *whole]


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

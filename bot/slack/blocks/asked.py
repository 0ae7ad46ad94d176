"""A question sent through the form as it stands in the channel, and what its asker is told."""

from __future__ import annotations

from typing import Any

from bot.markup import escape_mrkdwn
from bot.sessions.anonymity import ANONYMOUS, is_anonymous
from bot.sessions.knowledge import Hit
from bot.sessions.model import Message, Session, State, Submission
from bot.slack.blocks import finding, limits
from bot.slack.blocks.kit import Block, note, section
from bot.slack.blocks.limits import cut
from bot.slack.text import linked, quoted
from bot.texts import _


def question(submission: Submission) -> list[dict[str, Any]]:
    """What `chat.postMessage` takes for each message of a question: text, blocks, who it seems to
    be from, and `joints`, which goes into the metadata.

    A text longer than a section is parted into several, and one that is too long for one message
    goes on in others, which belong into the thread of the first. `joints` are what stood behind
    each section, so that whoever reads the messages has the text again to the letter. Slack splits
    nothing of this: <https://github.com/slackapi/java-slack-sdk/issues/704>.
    """
    looks: dict[str, Any] = {}
    if is_anonymous(submission.asker):
        looks = {"username": ANONYMOUS, "icon_emoji": ":bust_in_silhouette:"}
    elif submission.name:
        looks = {"username": cut(submission.name, 80)}
        if submission.icon:
            looks["icon_url"] = submission.icon
    if limits.units(submission.text) <= limits.SECTION:
        return [{"text": submission.text, **looks}]
    return [
        {
            "text": cut(sections[0][0], limits.FALLBACK),
            "blocks": [section(part) for part, _behind in sections],
            "joints": [behind for _part, behind in sections],
            **looks,
        }
        for sections in limits.groups(submission.text)
    ]


def delayed(session: Session, submission: Submission, code: str) -> tuple[str, list[Block]]:
    """What an asker reads whose question Slack does not take yet: `(text, blocks)`."""
    text = _(
        "Your question for the session on *{title}* is delayed because Slack doesn't "
        "let me post it yet ({code}). The organizers know about it, and I will post it "
        "as soon as I can.",
        title=escape_mrkdwn(session.event.title),
        code=escape_mrkdwn(code),
    )
    how = _("You can withdraw it on my Home tab, under My questions.")
    quote = f"> {quoted({'text': submission.text}, 300)}"
    return text, [section(text), section(quote), note(how)]


def rest_delayed(session: Session, code: str) -> tuple[str, list[Block]]:
    """What an asker reads whose long question is posted in part: `(text, blocks)`."""
    text = _(
        "Part of your long question for the session on *{title}* is delayed because "
        "Slack doesn't let me post it yet ({code}). The organizers know about it, and "
        "I will post it as soon as I can.",
        title=escape_mrkdwn(session.event.title),
        code=escape_mrkdwn(code),
    )
    return text, [section(text)]


def returned(
    session: Session, submission: Submission, code: str | None
) -> tuple[str, list[list[Block]]]:
    """What an asker reads who gets a question back: the text, and the blocks of each message with
    the whole question.
    """
    title = escape_mrkdwn(session.event.title)
    if session.state is State.CANCELLED:
        text = _(
            "The session on *{title}* was cancelled, so I have not posted your question. "
            "Here it is for you to keep. If the session is planned again, I will post it "
            "then.",
            title=title,
        )
    elif session.state not in (State.OPEN, State.SCHEDULED):
        text = _(
            "I could not post your question for the session on *{title}* before it ended. "
            "Here it is for you to keep.",
            title=title,
        )
    else:
        why = escape_mrkdwn(code) if code else _("an organizer discarded it")
        text = _(
            "I could not post your question for the session on *{title}* ({code}). Here it is, so "
            "that you can post it yourself.",
            title=title,
            code=why,
        )
    messages = [
        [section(part) for part, _behind in sections] for sections in limits.groups(submission.text)
    ]
    return text, [[section(text), *messages[0]], *messages[1:]]


def answered(
    session: Session, asked: Message, answer: Message, person: str, link: str
) -> tuple[str, list[Block]]:
    """What somebody reads whose question, or a followed one, was answered: `(text, blocks)`."""
    author = f"<@{answer.author}>"
    title = escape_mrkdwn(session.event.title)
    lead = (
        _(
            "{author} replied to your message in the session on *{title}*.",
            author=author,
            title=title,
        )
        if asked.is_talk
        else _(
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
    return lead, _below(
        f"{lead}\n> {quoted(asked.content, 300)}", quoted(answer.content, 600), link
    )


def answered_before(
    session: Session, asked: Message, hit: Hit, link: str
) -> tuple[str, list[Block]]:
    """What somebody reads who waits for an answer that an author has given before: `(text, blocks)`."""
    lead = _(
        "An author replied with an earlier answer to a question that you asked or follow in "
        "the session on *{title}*.",
        title=escape_mrkdwn(session.event.title),
    )
    return lead, _below(f"{lead}\n> {quoted(asked.content, 300)}", finding.answered(hit), link)


def _below(question: str, answer: str, link: str) -> list[Block]:
    """A question, its answer, where to read it, and how to get no more such messages."""
    thread = linked(link, _("Read it in Slack"))
    off = _("To turn these messages off, type `/qa quiet`.")
    return [section(question), section(answer), note(f"{thread} · {off}")]

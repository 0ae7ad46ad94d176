"""What authors see: the queue and the morning's digest."""

from __future__ import annotations

from bot.markup import escape_mrkdwn
from bot.sessions.model import Handled, Message, Session
from bot.sessions.queue import Queue, Waiting
from bot.sessions.voice import Digest
from bot.slack.blocks.kit import Block, actions, button, divider, header, note, section
from bot.slack.blocks.limits import when
from bot.slack.text import excerpt, linked, permalink
from bot.texts import _, n_

HOME_SHOWN = 15
"""Questions of the queue in an App Home: three blocks each, of a hundred."""
COMMAND_SHOWN = 12
"""Questions in the answer to `/qa queue`: three blocks each, of fifty."""
ASIDE_SHOWN = 3
EXCERPT = 240
"""Characters of a question that are shown; Slack limits a message's text as a whole."""


def queue(
    session: Session, found: Queue, workspace_url: str, shown: int = HOME_SHOWN
) -> list[Block]:
    """The queue of a session."""
    title = escape_mrkdwn(session.event.title)
    waiting = n_("{count} question waits", "{count} questions wait", len(found.waiting))
    done = n_("{count} is answered", "{count} are answered", found.answered)
    blocks = [
        header(_("Your queue")),
        note(f"*{title}* · {waiting} · {done}"),
    ]
    if not found.waiting:
        blocks.append(section(_("Nothing waits for you. 🎉")))
    for entry in found.waiting[:shown]:
        blocks += _entry(entry, workspace_url)
    rest = len(found.waiting) - shown
    if rest > 0:
        blocks.append(
            note(
                n_(
                    "… and {count} more, which moves up when these are done.",
                    "… and {count} more, which move up when these are done.",
                    rest,
                )
            )
        )
    if found.aside:
        blocks.append(divider())
    for entry in found.aside[:ASIDE_SHOWN]:
        blocks += _aside(entry, workspace_url)
    return blocks


def queue_text(session: Session, found: Queue) -> str:
    """The same in a line."""
    return _(
        "The queue of {title}: {waiting}.",
        title=escape_mrkdwn(session.event.title),
        waiting=n_("{count} question waits", "{count} questions wait", len(found.waiting)),
    )


def digest(session: Session, found: Digest, workspace_url: str) -> tuple[str, list[Block]]:
    """The digest as `(text, blocks)`."""
    title = escape_mrkdwn(session.event.title)
    text = _(
        "Good morning! In the session on *{title}* {waiting}, {new}.",
        title=title,
        waiting=n_(
            "{count} question waits for an answer",
            "{count} questions wait for an answer",
            found.unanswered,
        ),
        new=n_("{count} of them since yesterday", "{count} of them since yesterday", found.new),
    )
    blocks = [section(text)]
    lines = [
        f"• {linked(permalink(workspace_url, q.channel, q.ts), _who(q))}"
        f"{_votes(votes)}: {escape_mrkdwn(excerpt(q.content, EXCERPT))}"
        for q, votes in found.top
    ]
    blocks.append(section("\n".join(lines)))
    blocks.append(note(_("The whole queue is in my App Home, and `/qa queue` shows it.")))
    return text, blocks


def picked(question: Message) -> str:
    """A question in a menu: who asked, and how it begins."""
    name = question.posted_name or _("Somebody")
    return f"{name}: {excerpt(question.content, 70)}"


def _entry(entry: Waiting, workspace_url: str) -> list[Block]:
    question = entry.question
    taken = entry.handling is not None and entry.handling.how is Handled.TAKEN
    value = f"{question.channel} {question.ts}"
    link = permalink(workspace_url, question.channel, question.ts)
    lead = f"*{_who(question)}*{_votes(entry.votes)} · {when(question.at)}"
    if link:
        lead += " · " + linked(link, _("open the thread"))
    if entry.handling is not None and taken:
        lead += " · " + _("taken by {person}", person=f"<@{entry.handling.by}>")
    text = escape_mrkdwn(excerpt(question.content, EXCERPT))
    return [
        section(f"{lead}\n{text}"),
        actions(
            button(_("Give back"), "queue_undo", value)
            if taken
            else button(_("I take it"), "queue_take", value),
            button(_("Answered elsewhere"), "queue_elsewhere", value),
            button(_("Skip"), "queue_skip", value),
            button(_("Merge into…"), "queue_merge", value),
            block_id=f"queue {question.ts}",
        ),
    ]


def _aside(entry: Waiting, workspace_url: str) -> list[Block]:
    question, handling = entry.question, entry.handling
    value = f"{question.channel} {question.ts}"
    link = permalink(workspace_url, question.channel, question.ts)
    text = linked(link, escape_mrkdwn(excerpt(question.content, 120)))
    said = ""
    if handling is not None:
        person = f"<@{handling.by}>"
        said = (
            _("skipped by {person}", person=person)
            if handling.how is Handled.SKIPPED
            else _("answered elsewhere, says {person}", person=person)
        )
    return [
        section(
            f"{text}\n_{said}_",
            button(_("Put back"), "queue_undo", value),
            block_id=f"aside {question.ts}",
        )
    ]


def _who(question: Message) -> str:
    return escape_mrkdwn(question.posted_name or _("Somebody"))


def _votes(votes: int) -> str:
    return " · " + n_("{count} vote", "{count} votes", votes) if votes else ""

"""What authors see: the queue and the morning's digest."""

from __future__ import annotations

from collections.abc import Callable

from bot.markup import escape_mrkdwn
from bot.sessions.knowledge import Hit
from bot.sessions.model import Handled, Message, Session
from bot.sessions.notifier import Digest
from bot.sessions.queue import Queue, Waiting
from bot.slack.blocks import finding
from bot.slack.blocks.kit import Block, actions, button, divider, header, note, section
from bot.slack.blocks.limits import cut, when
from bot.slack.blocks.paging import page, turning
from bot.slack.text import address, excerpt, linked, quoted, writer
from bot.texts import _, n_

HOME_SHOWN = (15, 8, 4, 2)
"""Questions on a page of a queue in an App Home, by how many sessions have one there. With two
blocks each they leave room for what else stands in a home, of a hundred blocks."""
COMMAND_SHOWN = 12
"""Questions on a page of the answer to `/qa queue`: two blocks each, of fifty, and 700 characters
of 12,000."""
ASIDE_SHOWN = 3
"""Questions that were set aside on a page of theirs."""
EXCERPT = 240
"""Characters of a question that are shown; Slack limits a message's text as a whole."""


def queue(
    session: Session,
    found: Queue,
    workspace_url: str,
    size: int,
    number: int = 1,
    aside_number: int = 1,
    earlier: Callable[[Message], Hit | None] = lambda question: None,
) -> list[Block]:
    """A page of the queue of a session: `size` questions, the page `number`; below it, one of
    those that were set aside. `earlier` gives what was answered before and is like a question.
    """
    title = cut(escape_mrkdwn(session.event.title), 400)
    shown = page(found.waiting, number, size)
    waiting = n_("{count} question is waiting", "{count} questions are waiting", len(found.waiting))
    done = n_("{count} is answered", "{count} are answered", found.answered)
    blocks = [
        header(_("Your queue")),
        note(f"*{title}* · {waiting} · {done}"),
    ]
    if not found.waiting:
        blocks.append(section(_("Nothing is waiting for you. 🎉")))
    for entry in shown.items:
        blocks += _entry(entry, workspace_url, shown.number, earlier(entry.question))
    blocks += turning(shown, "queue", str(session.id))
    if found.aside:
        blocks.append(divider())
    aside = page(found.aside, aside_number, ASIDE_SHOWN)
    for entry in aside.items:
        blocks += _aside(entry, workspace_url, shown.number)
    return blocks + turning(aside, "aside", f"{session.id} {shown.number}")


def more_queues(count: int) -> Block:
    """Says that there are sessions whose queue is not shown."""
    return note(
        n_(
            "You have {count} more session. To see its questions, type `/qa queue` in its channel.",
            "You have {count} more sessions. To see their questions, type `/qa queue` in "
            "their channels.",
            count,
        )
    )


def queue_text(session: Session, found: Queue) -> str:
    """The same in a line."""
    return _(
        "The queue of {title}: {waiting}.",
        title=escape_mrkdwn(session.event.title),
        waiting=n_(
            "{count} question is waiting", "{count} questions are waiting", len(found.waiting)
        ),
    )


def digest(session: Session, found: Digest, workspace_url: str) -> tuple[str, list[Block]]:
    """The digest as `(text, blocks)`."""
    title = escape_mrkdwn(session.event.title)
    waiting = n_(
        "{count} question is waiting for an answer",
        "{count} questions are waiting for an answer",
        found.unanswered,
    )
    if found.new:
        waiting += ", " + n_(
            "{count} of them new since yesterday", "{count} of them new since yesterday", found.new
        )
    text = _("Good morning! In the session on *{title}* {waiting}.", title=title, waiting=waiting)
    blocks = [section(text)]
    lines = [
        f"• {linked(address(workspace_url, q), writer(q))}"
        f"{_votes(votes)}: {quoted(q.content, EXCERPT)}"
        for q, votes in found.top
    ]
    blocks.append(section("\n".join(lines)))
    blocks.append(note(_("To see the whole queue, open my Home tab or type `/qa queue`.")))
    return text, blocks


def picked(question: Message) -> str:
    """A question in a menu: who asked, and how it begins."""
    name = question.posted_name or _("Somebody")
    return f"{name}: {excerpt(question.content, 70)}"


def _entry(entry: Waiting, workspace_url: str, number: int, hit: Hit | None) -> list[Block]:
    question = entry.question
    taken = entry.handling is not None and entry.handling.how is Handled.TAKEN
    value = f"{question.channel} {question.ts} {number}"
    link = address(workspace_url, question)
    lead = f"*{writer(question)}*{_votes(entry.votes)} · {when(question.at)}"
    if link:
        lead += " · " + linked(link, _("open the message"))
    if entry.handling is not None and taken:
        lead += " · " + _("taken by {person}", person=f"<@{entry.handling.by}>")
    text = quoted(question.content, EXCERPT)
    pointing = []
    if hit is not None:
        text += "\n" + _("Answered before: {where}", where=finding.short(hit))
        there = f"{question.channel} {question.ts} {hit.key} {number}"
        pointing = [button(_("Reply with that answer"), "queue_before", there)]
    return [
        section(f"{lead}\n{text}"),
        actions(
            *pointing,
            button(_("Give back"), "queue_undo", value)
            if taken
            else button(_("I'll take it"), "queue_take", value),
            button(_("Answered elsewhere"), "queue_elsewhere", value),
            button(_("Skip"), "queue_skip", value),
            button(_("Merge into…"), "queue_merge", value),
            button(_("Not a question"), "queue_talk", value),
            block_id=f"queue {question.ts}",
        ),
    ]


def _aside(entry: Waiting, workspace_url: str, number: int) -> list[Block]:
    question, handling = entry.question, entry.handling
    value = f"{question.channel} {question.ts} {number}"
    text = linked(address(workspace_url, question), quoted(question.content, 120))
    said = _("not counted as a question; it stays in the archive")
    if handling is not None and not question.is_talk:
        person = f"<@{handling.by}>"
        said = (
            _("skipped by {person}", person=person)
            if handling.how is Handled.SKIPPED
            else _("marked as answered elsewhere by {person}", person=person)
        )
    back = (
        button(_("It is a question"), "queue_question", value)
        if question.is_talk
        else button(_("Put back"), "queue_undo", value)
    )
    return [
        section(
            f"{text}\n_{said}_",
            back,
            block_id=f"aside {question.ts}",
        )
    ]


def _votes(votes: int) -> str:
    return " · " + n_("{count} vote", "{count} votes", votes) if votes else ""

"""What organizers get when a session is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.markup import escape_mrkdwn
from bot.sessions.handover import Doubt, Handover
from bot.sessions.model import Message, Session
from bot.slack.blocks.kit import Block, header, note, section
from bot.slack.blocks.limits import cut, when
from bot.slack.blocks.reminding import duration
from bot.slack.text import linked, quoted, writer
from bot.texts import _, n_

SHOWN = 8
"""Messages of one kind that are listed; the rest is counted."""

T = TypeVar("T")

Links = Callable[[str, str], str]
"""The address of a message by channel and `ts`, '' where that is not known."""


def handover(session: Session, figures: Handover, links: Links) -> tuple[str, list[Block]]:
    """The figures and what needs a look, as `(text, blocks)`; the archive comes below it."""
    title = escape_mrkdwn(session.event.title)
    heading = _("The session on {title} has ended", title=session.event.title)
    until = when(session.collects_until or session.event.end)
    lines = [
        n_("{count} question", "{count} questions", figures.questions),
        n_(
            "{count} of them answered ({share}%)",
            "{count} of them answered ({share}%)",
            figures.answered,
            share=figures.share,
        ),
        *_elsewhere(figures.elsewhere),
        n_("{count} participant", "{count} participants", figures.participants),
    ]
    if figures.first_answer is not None:
        lines.append(_("first answer after {time} (median)", time=duration(figures.first_answer)))
    blocks: list[Block] = [
        header(heading),
        section(
            _("*{title}* was open until {until}.", title=cut(title, 600), until=until)
            + "\n"
            + "\n".join(f"• {line}" for line in lines)
        ),
    ]
    if session.announcement_ts:
        address = links(session.channel, session.announcement_ts)
        if address:
            blocks.append(section(linked(address, _("The announcement and its thread"))))
    if figures.most_voted:
        voted = [
            "• " + _message(q, links) + " (" + n_("{count} vote", "{count} votes", n) + ")"
            for q, n in figures.most_voted
        ]
        blocks.append(_list(_("*Most voted*"), voted))
    looks = [
        (_("*Unanswered*"), _first(figures.unanswered, lambda q: _message(q, links))),
        (
            _("*Answers outside a thread, where the question is unclear*"),
            _first(figures.unsure, lambda doubt: _doubt(doubt, links)),
        ),
        (
            _("*People whose names I could not get from Slack*"),
            _first(figures.nameless, lambda who: f"<@{who}> (`{who}`)"),
        ),
    ]
    blocks += [_list(heading, items) for heading, items in looks if items]
    if not any(items for _heading, items in looks):
        blocks.append(section(_("Nothing needs your attention. 🎉")))
    blocks.append(
        note(
            _(
                "The archive is in the thread of this message. Later replies and corrections "
                "will update the file. To draw three winners, type `/qa winners 3`."
            )
        )
    )
    return f"{heading}: {', '.join(lines)}", blocks


def file_title(session: Session) -> str:
    """The title of the archive as a file."""
    return cut(_("Archive of {title}", title=session.event.title), 250)


def _elsewhere(count: int) -> list[str]:
    said = n_("{count} answered elsewhere", "{count} answered elsewhere", count)
    return [said] if count else []


def _doubt(doubt: Doubt, links: Links) -> str:
    """A message and the question that the archive has it under."""
    where = (
        _("placed under {question}", question=_message(doubt.question, links))
        if doubt.question is not None
        else _("a separate entry")
    )
    return f"{_message(doubt.message, links)} – {where}"


def _first(items: Sequence[T], line: Callable[[T], str]) -> list[str]:
    """A line each of the first items, and how many more there are."""
    lines = [f"• {line(item)}" for item in items[:SHOWN]]
    if len(items) > SHOWN:
        lines.append(_("… and {count} more", count=len(items) - SHOWN))
    return lines


def _list(heading: str, lines: list[str]) -> Block:
    return section("\n".join([heading, *lines]))


def _message(message: Message, links: Links) -> str:
    text = quoted(message.content, 80) or _("a message without text")
    address = links(message.channel, message.ts)
    shown = f"<{address}|{text.replace('|', '/')}>" if address else text
    return f"{writer(message)}: {shown}"

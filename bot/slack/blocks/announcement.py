"""The message that opens a session, and what becomes of it when the session is over."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from bot.markup import escape_mrkdwn
from bot.sessions.model import Author, Event, Session, State
from bot.slack.blocks.limits import HEADER, SECTION, cut, when
from bot.slack.blocks.words import plural
from bot.slack.text import mrkdwn_of

Block = dict[str, Any]


def announcement(session: Session, website: str) -> tuple[str, list[Block]]:
    """The announcement as `(text, blocks)`; `text` is what a notification or a reader reads."""
    event = session.event
    over = session.state is not State.OPEN
    authors = listed([author(a) for a in event.authors])
    title = escape_mrkdwn(event.title)
    blocks: list[Block] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": cut(f"📚 {event.title}", HEADER)},
        }
    ]
    lead = f"Book of the Week: *{title}*" + (f" by {authors}" if authors else "")
    cover = cover_url(event, website)
    section: Block = _section(lead + _description(event))
    if cover:
        section["accessory"] = {
            "type": "image",
            "image_url": cover,
            "alt_text": cut(f"Cover of {event.title}", 2000),
        }
    blocks.append(section)
    about = mrkdwn_of(event.body).strip()
    if about and not over:
        blocks.append(_section(about))
    links = [f"<{link_url(link.url)}|{escape_mrkdwn(link.text)}>" for link in event.links]
    if cover is None and event.cover:
        links.append(f"Cover: {escape_mrkdwn(event.cover)}")
    if links:
        blocks.append(_section(" · ".join(links)))
    if over:
        closing = f"🔒 This session is over, since {when(session.over_at)}."
        blocks.append(_section(closing))
        return f"{title}: the session is over.", blocks
    blocks.append(
        _section(
            f"The session is open until {when(event.end)}.\n"
            "*How to ask:* write in this channel or in the thread of this message, one question "
            "a message. Answers come in the thread of your question."
        )
    )
    by = f" by {authors}" if authors else ""
    return f"{title}{by}: ask your questions until {when(event.end)}.", blocks


def author(person: Author) -> str:
    """A mention where the member is known, the name where not."""
    return f"<@{person.slack_id}>" if person.slack_id else escape_mrkdwn(person.name)


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def cover_url(event: Event, website: str) -> str | None:
    """The cover's address: a path is relative to the website; None where that is not known."""
    if not event.cover:
        return None
    if urlsplit(event.cover).scheme in {"http", "https"}:
        return event.cover
    return f"{website.rstrip('/')}/{quote(event.cover.lstrip('/'))}" if website else None


def link_url(url: str) -> str:
    """An address that cannot break out of `<…|…>`: <https://docs.slack.dev/messaging/formatting-message-text>."""
    return url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")


def closing_line(questions: int, answers: int, participants: int) -> str:
    """The figures in a sentence."""
    return (
        f"{plural(questions, 'question', 'questions')}, "
        f"{plural(answers, 'answer', 'answers')}, "
        f"{plural(participants, 'participant', 'participants')}."
    )


def _description(event: Event) -> str:
    text = event.description.strip()
    return f"\n{escape_mrkdwn(text)}" if text else ""


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION)}}

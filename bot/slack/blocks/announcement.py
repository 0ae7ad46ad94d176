"""The message that opens a session, and what becomes of it when the session is over."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote, urlsplit

from bot.markup import escape_mrkdwn, markdown_to_mrkdwn
from bot.sessions.model import Author, Event, Session, State
from bot.slack.blocks.kit import Block, actions, button, header, section
from bot.slack.blocks.limits import HEADER, cut, units, when
from bot.texts import _, listed, n_

IMAGE_URL = 3000
"""Characters in the address of a picture."""
NO_PICTURES = frozenset({".webp", ".avif", ".svg", ".pdf", ".html"})
"""Endings of addresses that Slack shows no picture of: it takes PNG, JPEG and GIF."""
_LABEL = frozenset({"book", "of", "the", "week", "by", "and"})


def announcement(session: Session, website: str) -> tuple[str, list[Block]]:
    """The announcement as `(text, blocks)`; `text` is what a notification or a reader reads."""
    event = session.event
    over = session.state is not State.OPEN
    authors = listed([author(a) for a in event.authors])
    title = escape_mrkdwn(event.title)
    heading = f"📚 {event.title}"
    blocks: list[Block] = [header(heading)]
    lead = (
        _("*Book of the Week* by {authors}", authors=authors)
        if authors
        else _("*Book of the Week*")
    )
    if units(heading) > HEADER:  # which is cut
        lead = f"*{title}*\n{lead}"
    blocks.append(section(lead + _description(event)))
    cover = cover_url(event, website)
    is_picture = cover is not None and _is_picture(cover)
    if is_picture:
        alt_text = cut(_("Cover of {title}", title=event.title), 2000)
        blocks.append({"type": "image", "image_url": cover, "alt_text": alt_text})
    about = markdown_to_mrkdwn(event.body).strip()
    if about and not over:
        blocks.append(section(about))
    links = [f"<{link_url(link.url)}|{escape_mrkdwn(link.text)}>" for link in event.links]
    if cover is not None and not is_picture:
        links.append(f"<{link_url(cover)}|" + _("Cover") + ">")
    if links:
        blocks.append(section(" · ".join(links)))
    if over:
        blocks.append(section(_("🔒 This session ended {when}.", when=when(session.over_at))))
        return _("{title}: the session has ended.", title=title), blocks
    until = when(event.end)
    blocks.append(
        section(
            _("The session is open until {when}.", when=until)
            + "\n"
            + _(
                "*How to ask:* post in this channel or in the thread of this message, one "
                "question per message, or use the button or `/ask`. Answers appear in the "
                "thread of your question. To vote for a question, react with 👍 or ⬆️."
            )
        )
    )
    ask = button(_("Ask a question"), "ask_open", str(session.id), style="primary")
    blocks.append(actions(ask, block_id="ask"))
    if authors:
        text = _(
            "{title} by {authors}: ask your questions until {when}.",
            title=title,
            authors=authors,
            when=until,
        )
    else:
        text = _("{title}: ask your questions until {when}.", title=title, when=until)
    return text, blocks


def author(person: Author) -> str:
    """A mention where the member is known, the name where not."""
    return f"<@{person.slack_id}>" if person.slack_id else escape_mrkdwn(person.name)


def cover_url(event: Event, website: str) -> str | None:
    """The cover's address: a path is relative to the website; None where that is not known."""
    if not event.cover:
        return None
    if urlsplit(event.cover).scheme in {"http", "https"}:
        return event.cover
    return f"{website.rstrip('/')}/{quote(event.cover.lstrip('/'))}" if website else None


def _is_picture(url: str) -> bool:
    """Whether Slack may show it: <https://docs.slack.dev/reference/block-kit/blocks/image-block>.

    An address without an ending may be one; Slack tells when it cannot load it, and then the
    message is sent without.
    """
    ending = PurePosixPath(urlsplit(url).path).suffix.casefold()
    return len(url) <= IMAGE_URL and ending not in NO_PICTURES


def link_url(url: str) -> str:
    """An address that cannot break out of `<…|…>`: <https://docs.slack.dev/messaging/formatting-message-text>."""
    return url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")


def closing_line(questions: int, answers: int, participants: int) -> str:
    """The figures in a sentence."""
    return _(
        "{questions}, {answers}, {participants}.",
        questions=n_("{count} question", "{count} questions", questions),
        answers=n_("{count} answer", "{count} answers", answers),
        participants=n_("{count} participant", "{count} participants", participants),
    )


def _description(event: Event) -> str:
    """The description, unless it says title and authors alone, which stand there already."""
    text = event.description.strip()
    rest = text.casefold()
    for said in (event.title, *(person.name for person in event.authors)):
        rest = rest.replace(said.casefold(), " ")
    ours = _("Book of the Week. {title} by {authors}", title="", authors=_("and"))
    label = _LABEL.union(re.findall(r"[^\W_]+", ours.casefold()))
    says = set(re.findall(r"[^\W_]+", rest)) - label
    return f"\n{escape_mrkdwn(text)}" if says else ""

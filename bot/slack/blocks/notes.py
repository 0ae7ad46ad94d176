"""Short notes that one person, or the organizers, see."""

from __future__ import annotations

from bot.markup import escape_mrkdwn
from bot.sessions.model import Session
from bot.slack.blocks.limits import when
from bot.texts import _


def late(session: Session) -> str:
    """What somebody reads who asks after the end."""
    return _(
        "The session on *{title}* ended {when}, so your message was not added to its questions. "
        "Authors may still answer in the threads of earlier questions.",
        title=escape_mrkdwn(session.event.title),
        when=when(session.over_at),
    )


def muted(session: Session) -> str:
    """What somebody reads, once, whose messages are not collected."""
    return _(
        "An organizer has muted you for the session on *{title}*, so what you write "
        "here is not collected. If you think this is a mistake, please write to an "
        "organizer.",
        title=escape_mrkdwn(session.event.title),
    )

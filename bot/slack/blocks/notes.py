"""Short notes that one person, or the organizers, see."""

from __future__ import annotations

from bot.markup import escape_mrkdwn
from bot.sessions.model import Session
from bot.slack.blocks.limits import when


def late(session: Session) -> str:
    """What somebody reads who asks after the end."""
    over = when(session.over_at)
    return (
        f"The session on *{escape_mrkdwn(session.event.title)}* is over since {over}, so your "
        "message is not collected any more. Authors may still answer in the threads of earlier "
        "questions."
    )

"""What reminders say: the texts of ours, and what a template may put into a text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_timedelta

from bot.errors import UserError
from bot.markup.ready import Mrkdwn
from bot.sessions.model import Session
from bot.sessions.ports import Counts
from bot.sessions.reminders import ENDING, HALFWAY, LAST_DAY, OPEN, TEASER
from bot.slack.blocks.announcement import author, link_url
from bot.slack.blocks.limits import when
from bot.texts import N_, _, language, listed

TEXTS = {
    TEASER: N_(
        "📚 Coming up: *{{ title }}*{% if authors %} by {{ authors }}{% endif "
        "%}. The session opens in {{ left }}, {{ start }}, in {{ channel }}. "
        "What would you like to ask?"
    ),
    OPEN: N_(
        "You can ask your questions about *{{ title }}*{% if authors %} by {{ authors }}{% "
        "endif %} until {{ end }}. Questions so far: {{ questions }}{% if answered %}, {{ "
        "answered }} answered{% endif %}."
    ),
    HALFWAY: N_(
        "The session on *{{ title }}* is halfway through. Questions so far: {{ "
        "questions }}{% if answered %}, {{ answered }} answered{% endif %}. You can "
        "ask yours until {{ end }}."
    ),
    LAST_DAY: N_(
        "This is the last day of the session on *{{ title }}*. You can ask questions "
        "until {{ end }}."
    ),
    ENDING: N_("⏳ {{ left }} left to ask about *{{ title }}*: the session closes {{ end }}."),
}
"""By the name of the template; they are templates themselves."""


def text_of(template: str) -> str:
    """The text of a reminder of ours. Raises UserError, one line, for any other template."""
    if template not in TEXTS:
        raise UserError(
            _(
                "the template {name} is missing or has an error; correct templates/{name}.txt "
                "next to the schedule files (`marginalia check` tells you what is wrong)",
                name=template,
            )
        )
    return _(TEXTS[template])


def values(session: Session, counts: Counts, at: datetime) -> Mapping[str, Any]:
    """What a template may use, at that moment (aware UTC)."""
    event = session.event
    ahead = event.start if at < event.start else event.end
    return {
        "title": event.title,
        "authors": Mrkdwn(listed([author(a) for a in event.authors])),
        "channel": Mrkdwn(f"<#{session.channel}>"),
        "start": Mrkdwn(when(event.start)),
        "end": Mrkdwn(when(event.end)),
        "left": duration(ahead - at),
        "questions": counts.questions,
        "answered": counts.answered,
        "unanswered": counts.questions - counts.answered,
        "links": [{"text": link.text, "link": Mrkdwn(link_url(link.url))} for link in event.links],
    }


def duration(span: timedelta) -> str:
    """A duration in words, in its largest fitting unit: `3 days`, `1 hour`."""
    return format_timedelta(max(span, timedelta(minutes=1)), threshold=1.0, locale=language())

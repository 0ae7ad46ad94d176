"""What a message queued for Slack is, in words, for organizers and the command line."""

from __future__ import annotations

import re

from bot.sessions.ports import Outgoing
from bot.texts import N_, _

_SESSION = re.compile(r"session (\d+) ")
_KINDS = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"session \d+ announcement", N_("the announcement")),
        (r"session \d+ announcement pin", N_("pinning the announcement")),
        (r"session \d+ announcement edit .*", N_("the new version of the announcement")),
        (r"session \d+ close", N_("the closing message")),
        (r"session \d+ reminder .*", N_("a reminder")),
        (r"session \d+ handover to \S+", N_("the figures for the organizers")),
        (r"session \d+ handover to \S+ file", N_("the archive for the organizers")),
        (r"session \d+ draw \d+", N_("the announcement of the winners")),
        (r"session \d+ draw \d+ record", N_("the record of the draw")),
        (r"session \d+ draw \d+ to \S+", N_("the message to a winner")),
        (r"session \d+ digest .*", N_("an author's morning digest")),
        (r"session \d+ (late|muted) .*|(linked|offer) .*", N_("a private note")),
        (r"question .*", N_("a question sent with the form or `/ask`")),
        (r"(delayed|returned) .*", N_("the message to an asker that a question is delayed")),
        (r"answer .*", N_("the message that a question was answered")),
        (r"withdraw .*", N_("the deletion of a withdrawn question")),
        (r"reactions\..*", N_("the mark on an answered question")),
        (r"notice .*", N_("a notice to the organizers")),
    )
)


def what(row: Outgoing) -> str:
    """What the row says or does: `the announcement`."""
    for pattern, text in _KINDS:
        if pattern.fullmatch(row.key):
            return _(text)
    return row.method


def session_of(row: Outgoing) -> int | None:
    """The session that the row's key names, None where it names none."""
    found = _SESSION.match(row.key)
    return int(found[1]) if found else None


def is_notice(row: Outgoing) -> bool:
    """Whether the row tells the organizers something."""
    return row.key.startswith("notice ")


def is_own(row: Outgoing) -> bool:
    """Whether there are so few rows of the kind that each refusal of one is told.

    Reactions, private notes and messages to members come in crowds; of those one notice a day
    for each channel and code is enough.
    """
    kinds = r"session \d+ (announcement.*|close|reminder .*|handover .*|draw .*)"
    return re.fullmatch(kinds, row.key) is not None

"""Who may do what."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.sessions.model import Session, Who


def may(who: Who, person: str, organizers: Collection[str], sessions: Iterable[Session]) -> bool:
    """Whether the person (a member ID) may do what is `who`'s, in one of the sessions.

    Organizers may do all that authors may.
    """
    if who is Who.MEMBER or person in organizers:
        return True
    return who is Who.AUTHOR and any(person in session.author_ids for session in sessions)

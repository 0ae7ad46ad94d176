"""Members of the workspace by name: what is kept to find the authors whom a file names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from bot.sessions.model import Person

LONGEST_NAME = 200
"""Characters; Slack allows 80. A longer name is nobody's who is named in a file."""


@dataclass(frozen=True, slots=True)
class MemberListing:
    """One pass over all members of the workspace, page by page.

    `cursor` is where Slack goes on ('' at the beginning), `members` and `pages` how many were read
    so far. All moments are aware UTC; `finished_at` is None while it goes on.
    """

    number: int
    began_at: datetime
    cursor: str = ""
    members: int = 0
    pages: int = 0
    finished_at: datetime | None = None


def folded(name: str) -> str:
    """A name as it is compared: without accents, case and repeated blanks.

    >>> folded(" José  ÁLVAREZ ")
    'jose alvarez'
    """
    plain = unicodedata.normalize("NFKD", name)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


def names_of(person: Person) -> set[str]:
    """The folded names by which a member can be found: display name and real name.

    Nothing for a bot or a deactivated account, who can be no author.
    """
    if person.deleted or person.is_bot:
        return set()
    names = {folded(name) for name in (person.name, person.real_name) if name}
    return {name for name in names if 0 < len(name) <= LONGEST_NAME}

"""Those who ask without a name.

A question that is asked anonymously is stored under a key: an HMAC of the member ID with a secret
that its session alone has. The key is the same for all that one person asks anonymously in the
session, so that an organizer can mute it, and another in every other session. Without the secret
nobody can tell whose it is; who can read the database while the session is open could try all
members. When the session closes the secret is forgotten, and then nobody can.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from bot.texts import N_

ANONYMOUS = N_("Anonymous")
"""The name of everyone who asks without one."""
PREFIX = "ANON"
"""What a key begins with. Member IDs begin with `U` or `W`."""


def key_of(secret: bytes, person: str) -> str:
    """The key of a person (a member ID) in the session of the secret. It looks like an ID.

    Raises ValueError for an empty secret: the session's was forgotten.
    """
    if not secret:
        raise ValueError("the secret of the session was forgotten")
    return PREFIX + hmac.new(secret, person.encode(), sha256).hexdigest()[:20].upper()


def is_anonymous(author: str) -> bool:
    """Whether the author of a message is such a key."""
    return author.startswith(PREFIX)

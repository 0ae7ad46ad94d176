"""The members of a workspace by name, to find the authors whom a file names without an ID."""

from __future__ import annotations

import logging
import unicodedata
from datetime import datetime, timedelta

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot.sessions.ports import Clock
from bot.slack.gateway import Gateway

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
"""How often at most all members are listed."""


class MemberIndex:
    """Members by name, without accents and case; a name that two go by finds neither."""

    def __init__(self) -> None:
        self._ids: dict[str, str | None] = {}
        self._at: datetime | None = None

    def add(self, slack_id: str, *names: str | None) -> None:
        """Enters a member under each of its names."""
        for name in {_folded(name) for name in names if name}:
            known = self._ids.setdefault(name, slack_id)
            if known != slack_id:
                self._ids[name] = None

    def find(self, name: str) -> str | None:
        """The member ID of the one who goes by the name, None for nobody or several."""
        return self._ids.get(_folded(name))

    async def learn(self, gateway: Gateway, clock: Clock) -> None:
        """Lists all members, unless that was done lately; where Slack does not answer, what was
        known stays.
        """
        now = clock.now()
        if self._at is not None and now < self._at + EVERY:
            return
        found = MemberIndex()
        try:
            async for person in gateway.members():
                if not person.deleted and not person.is_bot:
                    found.add(person.slack_id, person.name, person.real_name)
        except (SlackApiError, ClientError, TimeoutError, OSError) as error:
            log.warning("members are not known by name: %s", type(error).__name__)
            return
        self._ids, self._at = found._ids, now


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())

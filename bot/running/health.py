"""How a running bot is, for those who watch over it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """How a running bot is. Numbers of the database are None while it does not answer.

    `member_listing` is whether all members of the workspace are being listed, `members_listed` how
    many were by that listing, or else by the last, and `members_age` how long ago the last ended.
    `held` are messages that wait for somebody to act while others go past them, `given_up` those
    that are tried again only when somebody asks for it, `waits` says what Slack does not let the
    bot read, and why.
    `lag` and the ages are in seconds; `reconcile_age` is None where nothing is compared (another
    replica leads, or no session is watched).
    """

    received: int
    handled: int
    leads: bool
    connected: bool
    database: bool
    inbox: int | None = None
    lag: float | None = None
    parked: int | None = None
    outbox: int | None = None
    blocked: int | None = None
    held: int | None = None
    given_up: int | None = None
    reconcile_age: float | None = None
    reconcile_waiting: int | None = None
    member_listing: bool | None = None
    members_listed: int | None = None
    members_age: float | None = None
    waits: tuple[str, ...] = ()

    @property
    def troubles(self) -> list[str]:
        """Why it is not ready to work, a line each."""
        found = []
        if not self.database:
            found.append("the database cannot be used")
        if not self.connected:
            found.append("there is no connection to Slack")
        return found

"""The App Home: every file of listeners may add a part; it is made from the database each time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from time import monotonic
from typing import Any

from bot.sessions.model import State
from bot.sessions.ports import UnitOfWork
from bot.slack.api.gateway import NO_ANSWER, passing, reason_of, retry_after
from bot.slack.api.incoming import string
from bot.slack.blocks.kit import Block, View, header, home, section
from bot.slack.listeners.context import Context
from bot.slack.listeners.interaction import HandlerContext
from bot.slack.listeners.router import HomeSection, Router
from bot.support.outage import Outage
from bot.support.tasks import happens
from bot.texts import _

log = logging.getLogger(__name__)

LOOKED_AT_FOR = timedelta(hours=8)
"""How long after it was opened an App Home counts as looked at, and is kept up to date."""
REFUSED_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0
"""Seconds until a home is tried again that Slack refused; the pauses double."""
POLL_SECONDS = 0.5
"""Seconds between two looks for what changed, at the least."""


def opened(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/app_home_opened>: from then on it is kept fresh."""
    user = string(event, "user")
    if event.get("tab", "home") == "home":
        uow.members.opened_home(user, context.clock.now())


HANDLERS = {"app_home_opened": opened}


class Homes:
    """Publishes App Homes: when they are opened, and when what they show has changed."""

    def __init__(self, context: HandlerContext, routers: Sequence[Router], outage: Outage):
        self._context = context
        self._outage = outage
        parts = sorted((part for router in routers for part in router.sections), key=lambda p: p[0])
        self._sections: list[HomeSection] = [section for _order, section in parts]
        self._wake = asyncio.Event()
        self._seen: tuple[Any, ...] = ()
        self._shown: dict[str, str] = {}
        self._refused: dict[str, tuple[int, float]] = {}
        """How often in a row Slack refused somebody's home, and when it is tried again."""

    def wake(self) -> None:
        """Something that homes show may have changed."""
        self._wake.set()

    def touch(self) -> None:
        """Something that homes show has changed."""
        self._seen = ()
        self._wake.set()

    async def run(self) -> None:
        """Keeps the homes that are looked at up to date; ends when it is cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception as error:
                if self._outage.explains(error):
                    log.info("the App Homes are waiting for the database")
                else:
                    log.exception("the App Homes are not up to date; trying again")
            await asyncio.sleep(POLL_SECONDS)
            await happens(self._wake, self._until_again())
            self._wake.clear()

    def _until_again(self) -> float | None:
        """Seconds until a home that was refused is tried again; None where none is."""
        at = min((at for _failures, at in self._refused.values()), default=None)
        return None if at is None else max(0.0, at - monotonic())

    async def refresh(self) -> int:
        """Publishes what has changed since the last look; gives how many homes.

        A home that Slack refuses is left alone for a while, longer each time.
        """
        state, viewers = await self._context.database.read(self._look)
        now = monotonic()
        again = {person for person, (_failures, at) in self._refused.items() if at <= now}
        if state == self._seen and not again:
            return 0
        wanted = viewers if state != self._seen else [p for p in viewers if p in again]
        self._seen = state
        count = 0
        for person in again - set(viewers):
            del self._refused[person]
        for person in wanted:
            if self._refused.get(person, (0, 0.0))[1] > now:
                continue
            try:
                count += await self.publish(person)
            except NO_ANSWER as error:
                self._put_off(person, error)
            else:
                self._refused.pop(person, None)
        return count

    def _put_off(self, person: str, error: Exception) -> None:
        failures = self._refused.get(person, (0, 0.0))[0] + 1
        pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(failures - 1, 20))
        named = retry_after(error)
        if named is not None:
            pause = named
        elif not passing(error):
            pause = max(pause, REFUSED_PAUSE_SECONDS)
        self._refused[person] = failures, monotonic() + pause
        # One line for all viewers: what is refused for one mostly is for all.
        if failures == 1 and len(self._refused) == 1:
            log.warning("an App Home could not be shown; trying again later: %s", reason_of(error))

    async def publish(self, person: str) -> bool:
        """Publishes the home of one person; False if it is the same as before.

        Raises SlackApiError where Slack refuses it.
        """
        view = await self._context.database.read(self.view, person)
        mark = sha256(repr(view).encode()).hexdigest()
        if self._shown.get(person) == mark:
            return False
        await self._context.client.views_publish(user_id=person, view=view)
        self._shown[person] = mark
        return True

    def view(self, uow: UnitOfWork, person: str) -> View:
        """The home of a person (a member ID), within Slack's limits."""
        blocks: list[Block] = []
        for part in self._sections:
            blocks += part(uow, self._context, person)
        if not blocks:
            blocks = [header(_("Marginalia")), section(_("There is no session yet."))]
        return home(blocks)

    def _look(self, uow: UnitOfWork) -> tuple[tuple[Any, ...], list[str]]:
        """What homes depend on, in short, and who looks at one."""
        viewers = uow.members.viewers(self._context.clock.now() - LOOKED_AT_FOR)
        if not viewers:
            return (), []
        return (uow.members.pulse(), tuple(viewers), *_states(uow)), viewers


def _states(uow: UnitOfWork) -> Iterable[tuple[Any, ...]]:
    for session in uow.sessions.all((State.SCHEDULED, State.OPEN, State.CLOSED)):
        yield session.id, session.state, session.content_changed_at, session.added_authors

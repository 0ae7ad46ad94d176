"""Sessions begin and end, and what waits for an open one is posted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.services.shared import Shared
from bot.sessions import asking, digests, lifecycle
from bot.sessions.knowledge import PUBLIC
from bot.sessions.lifecycle import Due, Step
from bot.sessions.model import Session, State
from bot.sessions.notifier import Notifier
from bot.sessions.ports import UnitOfWork
from bot.slack.api.gateway import NO_ANSWER, ChannelTrouble, reason_of

log = logging.getLogger(__name__)

CATCH_UP_SECONDS = 20.0
"""Seconds that a session's close waits for the comparison with Slack's history."""


class Hosting:
    """Opens and closes sessions when it is time. `wipe` is called when what was deleted is to go
    from the database's files, `unsure` when something of a session may have been missed.
    """

    def __init__(self, shared: Shared, wipe: Callable[[], None], unsure: Callable[[], None]):
        self._settings = shared.settings
        self._database = shared.database
        self._clock = shared.clock
        self._edge = shared.edge
        self._notifier = shared.edge.notifier
        self._notices = shared.notices
        self._wipe = wipe
        self._unsure = unsure

    def unknown_authors(self) -> set[str]:
        """Authors of open sessions of whom nothing is known: they wrote nothing yet."""
        with self._database.reading() as uow:
            authors = {a for s in uow.sessions.all((State.OPEN,)) for a in s.author_ids}
            return uow.people.unknown(authors) if authors else set()

    def to_attend(self) -> list[int]:
        """Open sessions with questions that were sent ahead, or with a digest that is due."""
        now = self._clock.now()
        with self._database.reading() as uow:
            return [
                s.id
                for s in uow.sessions.all((State.OPEN,))
                if uow.members.submissions(s.id, "waiting")
                or digests.due(uow, s, now, self._settings.digest_hour)
            ]

    def attend(self, session_id: int) -> None:
        """Posts questions that were sent ahead, and sends the authors' digests."""
        now = self._clock.now()
        apart = timedelta(seconds=self._settings.sent_ahead_interval)
        with self._database.unit_of_work() as uow:
            session = uow.sessions.get(session_id)
            if session is None:
                return
            asking.release(uow, self._notifier, session, now, apart)
            digests.send(
                uow,
                self._notifier,
                session,
                now,
                self._settings.digest_hour,
                self._settings.vote_reactions,
            )

    def due(self) -> list[Due]:
        """The sessions that are to be opened or closed now. May block."""
        with self._database.reading() as uow:
            waiting = uow.sessions.all((State.SCHEDULED, State.OPEN))
            return lifecycle.due(waiting, self._clock.now())

    async def do(self, due: Due) -> None:
        """Opens or closes one session. Trouble with its channel is told to the organizers."""
        session = await self._database.read(lambda uow: uow.sessions.get(due.session_id))
        if session is None:
            return
        try:
            if due.step is not Step.CLOSE:
                await self._join(session.channel)
            if due.step is Step.OPEN:
                if await self._take(session.id, lifecycle.open_session):
                    log.info(
                        "session %d on %s is open in %s",
                        session.id,
                        session.event.id,
                        session.channel,
                    )
                return
            if due.step is Step.MISSED:
                await self._take(session.id, lifecycle.adopt_missed)
                log.info(
                    "session %d on %s was missed; collecting its messages from Slack's history",
                    session.id,
                    session.event.id,
                )
        except ChannelTrouble as error:
            await asyncio.to_thread(self._notices.channel_trouble, session, error)
            if due.step is not Step.CLOSE:
                return
        await self._catch_up(session.id)
        if await self._take(session.id, lifecycle.close_session):
            log.info("session %d on %s is closed", session.id, session.event.id)
        await asyncio.to_thread(self._wipe)

    async def _take(
        self, session_id: int, step: Callable[[UnitOfWork, Notifier, Session, datetime], bool]
    ) -> bool:
        """Takes a step of a session; False if it was not to be taken any more."""

        def take(uow: UnitOfWork) -> bool:
            session = uow.sessions.get(session_id)
            now = self._clock.now()
            return session is not None and step(uow, self._notifier, session, now)

        return await self._database.write(take)

    async def _join(self, channel: str) -> None:
        is_public = await self._edge.gateway.join(channel)
        await self._database.write(_note_privacy, channel, is_public)

    async def _catch_up(self, session_id: int) -> None:
        """Takes in what was missed before a session closes, so far as that is quick.

        What takes longer is compared after the close; the archive is then written again.
        """
        reconciler = self._edge.reconciler
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                report = await reconciler.news(session_id)
                if not self._edge.history.restricted:
                    report.add((await reconciler.roots(session_id))[0])
                await self._edge.linker.wait_idle(session_id)
        except NO_ANSWER as error:
            log.warning(
                "session %d was closed before it could be compared with Slack's history: %s",
                session_id,
                reason_of(error),
            )
        else:
            log.info("session %d compared with Slack's history: %s", session_id, report)
        self._unsure()


def _note_privacy(uow: UnitOfWork, channel: str, is_public: bool) -> None:
    if is_public:
        uow.labels.put(PUBLIC, {channel: ""})
    else:
        uow.labels.remove(PUBLIC, [channel])

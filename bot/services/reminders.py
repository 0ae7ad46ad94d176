"""Reminders become messages: each is written, in its template's words, when it is due."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from bot.errors import UserError
from bot.library import templates
from bot.services.archiving import Attempt
from bot.services.shared import Shared
from bot.sessions import reminders
from bot.sessions.model import Session, State
from bot.sessions.ports import UnitOfWork
from bot.sessions.reminders import Reminder
from bot.slack.api.gateway import ChannelTrouble
from bot.slack.blocks import reminding
from bot.texts import _


class Reminding:
    """Posts reminders. Raises UserError, one line, for default reminders that are not understood."""

    def __init__(self, shared: Shared):
        self._defaults = reminders.parse(shared.settings.reminders)
        self._database = shared.database
        self._clock = shared.clock
        self._schedules = shared.schedules
        self._edge = shared.edge
        self._notices = shared.notices

    async def poll(self, attempt: Attempt) -> None:
        """Posts the reminders that are due and were not posted yet, each as an attempt."""
        for session, reminder in await self._database.read(self._due):
            key = f"session {session.id} reminder {reminder.text} post"
            await attempt(key, partial(self._remind, session, reminder))

    async def _remind(self, session: Session, reminder: Reminder) -> None:
        try:
            await self._edge.gateway.join(session.channel)
        except ChannelTrouble as error:
            await asyncio.to_thread(self._notices.channel_trouble, session, error)
        else:
            await asyncio.to_thread(self._post, session.id, reminder)

    def next_moment(self, sessions: Iterable[Session]) -> datetime | None:
        """When the next reminder will be due, None if none is to come."""
        return reminders.next_moment(sessions, self._defaults, self._clock.now())

    def _due(self, uow: UnitOfWork) -> list[tuple[Session, Reminder]]:
        now = self._clock.now()
        return [
            (session, reminder)
            for session in uow.sessions.all((State.SCHEDULED, State.OPEN))
            for reminder in reminders.due(session, self._defaults, now)
            if not _posted(uow, session, reminder)
        ]

    def _post(self, session_id: int, reminder: Reminder) -> None:
        own = self._schedules.library.templates.texts.get(reminder.template)
        now = self._clock.now()
        with self._database.reading() as uow:
            session = uow.sessions.get(session_id)
            if session is None:
                return
            counts = uow.messages.counts(session.id, session.author_ids)
        try:
            # Nobody waits for a lock meanwhile: a template of a person's own may take seconds.
            text = templates.render(
                own or reminding.text_of(reminder.template),
                reminding.values(session, counts, now),
            )
        except UserError as error:
            problem = _(
                "“{title}”: the reminder “{reminder}”: {error}.",
                title=session.event.title,
                reminder=reminder.text,
                error=error,
            )
            self._notices.tell(f"session {session_id} reminder {reminder.text}", problem)
            return
        with self._database.unit_of_work() as uow:
            session = uow.sessions.get(session_id)
            if session is None or reminder not in reminders.due(session, self._defaults, now):
                return
            if not _posted(uow, session, reminder):
                notifier = self._edge.notifier
                notifier.remind(uow, session, reminders.key(session, reminder), text, now)


def _posted(uow: UnitOfWork, session: Session, reminder: Reminder) -> bool:
    keys = uow.outbox.keys(reminders.keys_of(session, reminder))
    return reminders.posted(session, reminder, keys)

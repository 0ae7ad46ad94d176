"""The second road: what stands in Slack's history, brought to agree with the store.

Events that Slack could deliver to nobody are gone; the history is not. A pass over a session
reads the channel's history and the threads in it, takes in what is missing or newer, and marks
as deleted what the store has and the history has not. Taking in the same twice changes nothing,
so a pass may run beside live events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sessions import collect
from bot.sessions.model import Message, Reaction, Session, ts_of
from bot.sessions.ports import UnitOfWorkFactory
from bot.slack.gateway import Gateway
from bot.slack.incoming import Malformed, message_object, reactions_of, users_in
from bot.slack.listeners.context import Context

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Report:
    """What a pass found: messages that were missing or newer, and messages that are gone."""

    read: int = 0
    repaired: int = 0
    deleted: int = 0
    calls: int = 0
    skipped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.read} messages read, {self.repaired} repaired, {self.deleted} deleted"
        return text + (f", {len(self.skipped)} not understood" if self.skipped else "")


class Reconciler:
    """Compares sessions with Slack's history."""

    def __init__(self, factory: UnitOfWorkFactory, gateway: Gateway, context: Context):
        self._factory = factory
        self._gateway = gateway
        self._context = context

    async def session(self, session_id: int) -> Report:
        """One pass over a session: its channel from its first to its last moment, its threads.

        Raises SlackApiError where Slack refuses (the bot is not in the channel, …).
        """
        report = Report()
        session, known, reactions = await asyncio.to_thread(self._before, session_id)
        if session is None or session.collects_from is None:
            return report
        pass_ = _Pass(session, known, reactions)
        threads: list[str] = []
        if session.announcement_ts:
            threads.append(session.announcement_ts)
        oldest = ts_of(session.collects_from)
        latest = ts_of(session.over_at)
        async for page in self._gateway.history(session.channel, oldest, latest):
            report.calls += 1
            await self._take(pass_, page, report)
            threads += [
                str(root["ts"])
                for root in page
                if root.get("reply_count") and root.get("ts") != session.announcement_ts
            ]
        # A thread whose root was deleted is in nobody's history, but its replies are still there.
        threads += sorted({m.thread_ts for m in known.values() if m.thread_ts} - set(threads))
        for root in threads:
            async for page in self._gateway.replies(session.channel, root):
                report.calls += 1
                await self._take(pass_, page, report)
        gone = [key for key in known if key not in pass_.seen]
        report.deleted = await asyncio.to_thread(self._delete, gone)
        return report

    def _before(
        self, session_id: int
    ) -> tuple[Session | None, dict[tuple[str, str], Message], dict[str, set[Reaction]]]:
        with self._factory() as uow:
            session = uow.sessions.get(session_id)
            known = {(m.channel, m.ts): m for m in uow.messages.of_session(session_id)}
            reactions: dict[str, set[Reaction]] = {}
            for reaction in uow.reactions.of_session(session_id):
                reactions.setdefault(reaction.ts, set()).add(reaction)
            return session, known, reactions

    async def _take(self, pass_: _Pass, page: list[dict[str, Any]], report: Report) -> None:
        report.read += len(page)
        users = {user for message in page for user in users_in(message)}
        unknown = await asyncio.to_thread(self._unknown, users)
        people = await self._gateway.people(unknown) if unknown else []

        def write() -> None:
            with self._factory() as uow:
                for person in people:
                    uow.people.put(person)
                for message in page:
                    if message.get("subtype") == "tombstone":
                        continue  # what is left of a deleted message that has replies
                    try:
                        posted = message_object(
                            message, pass_.session.channel, self._context.bot_id
                        )
                    except Malformed as error:
                        # One message that cannot be read keeps no other from being.
                        report.skipped.append(str(error))
                        continue
                    pass_.seen.add((pass_.session.channel, str(message.get("ts"))))
                    if posted is None or posted.author == self._context.bot_user_id:
                        continue
                    at = self._context.clock.now()
                    report.repaired += collect.receive(uow, self._context.voice, posted, at)
                    now = set(reactions_of(message, posted.channel))
                    if now != pass_.reactions.get(posted.ts, set()):
                        report.repaired += uow.reactions.replace(posted.channel, posted.ts, now)

        await asyncio.to_thread(write)

    def _unknown(self, users: Iterable[str]) -> set[str]:
        wanted = set(users)
        with self._factory() as uow:
            return uow.people.unknown(wanted) if wanted else set()

    def _delete(self, keys: Iterable[tuple[str, str]]) -> int:
        count = 0
        with self._factory() as uow:
            for channel, ts in keys:
                at = self._context.clock.now()
                count += collect.delete(uow, channel, ts, at, None)
        return count


@dataclass(slots=True)
class _Pass:
    """A session as the store had it before the pass, and what the history had."""

    session: Session
    known: Mapping[tuple[str, str], Message]
    reactions: Mapping[str, set[Reaction]]
    seen: set[tuple[str, str]] = field(default_factory=set)

"""The names of what is no person: channels, user groups, emoji, and the workspace's address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot.services.channels import ChannelFinder
from bot.slack.api.gateway import NO_ANSWER, Gateway
from bot.slack.notifier import SlackNotifier
from bot.slack.waiting import WaitsForSlack
from bot.store.database import Database
from bot.support.outage import Outage
from bot.texts import _

READ_LABELS_AGAIN_SECONDS, LONGEST_LABELS_AGAIN = 30.0, 600.0
"""Seconds before names are asked for again that could not be read: at first, and at most."""


@dataclass(eq=False)
class Labels:
    """Keeps the names in the database, as far as Slack gives them."""

    _database: Database
    _gateway: Gateway
    _channels: ChannelFinder
    _notifier: SlackNotifier
    _waits: WaitsForSlack
    _outage: Outage

    def remember_address(self) -> None:
        """Keeps the address of the workspace, so that commands can link to messages."""
        url = self._notifier.workspace_url
        with self._database.unit_of_work() as uow:
            if url and uow.labels.get("workspace", "url") != url:
                uow.labels.put("workspace", {"url": url})

    async def learn(self) -> None:
        """Learns the names of what is no person, when Slack and the database let us."""
        gateway, waits, pause = self._gateway, self._waits, READ_LABELS_AGAIN_SECONDS
        reads: dict[str, Callable[[], Awaitable[None]]] = {
            _("the names of channels"): self._channels.list_all,
            _("the names of user groups"): partial(self._label, "usergroup", gateway.usergroups),
            _("the emoji of the workspace"): partial(self._label, "emoji", gateway.emoji),
        }
        while reads:
            for what, read in list(reads.items()):
                try:
                    await read()
                except SQLAlchemyError as error:
                    if not self._outage.met(error):
                        raise
                except NO_ANSWER as error:
                    await waits.cannot_read(what, error)
                else:
                    waits.worked(what)
                    del reads[what]
            if reads:
                await asyncio.sleep(pause)
                pause = min(LONGEST_LABELS_AGAIN, 2 * pause)

    async def _label(self, kind: str, read: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        names = await read()
        await self._database.write(lambda uow: uow.labels.put(kind, names))

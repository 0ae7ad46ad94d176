"""The organizers' channel: found by its name, while the bot runs."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from bot.services.channels import ChannelFinder
from bot.services.notices import Notices
from bot.slack.api.gateway import NO_ANSWER, ChannelTrouble, Gateway, reason_of
from bot.slack.notifier import SlackNotifier
from bot.support.outage import Outage
from bot.support.tasks import happens
from bot.texts import _

log = logging.getLogger(__name__)

ORGANIZERS_AGAIN_SECONDS = 60.0
"""How long an organizers' channel that cannot be used is left alone until the next try."""
ORGANIZERS_WAIT_SECONDS = 5.0
"""How long what is due waits after a start for the organizers' channel to be found."""


@dataclass(eq=False)
class OrganizersChannel:
    """Says to the `notifier` which channel is the organizers'; `name` is None where they have none."""

    _name: str | None
    _channels: ChannelFinder
    _gateway: Gateway
    _notifier: SlackNotifier
    _notices: Notices
    _outage: Outage
    _found: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def remember(self) -> None:
        """Takes the channel that was the organizers' when it was last found, until it is again."""
        name = self._name
        if name is not None:
            found = await asyncio.to_thread(self._channels.led_to, name)
            self._notifier.organizers_channel = found

    async def find(self) -> None:
        """Finds and joins the organizers' channel; while that fails each organizer is written to.

        A channel that cannot be used never keeps the bot from its sessions.
        """
        key, name, told = "organizers channel", self._name, ""
        while name is not None:
            notifier, trouble = self._notifier, ""
            try:
                channel = await self._channels.find(name)
                if channel is None:  # a huge workspace, whose channels are still being listed
                    await self._channels.list_all()
                    continue
                await self._gateway.join(channel)
                notifier.organizers_channel = channel
            except ChannelTrouble as error:
                notifier.organizers_channel, trouble = None, str(error)
            except NO_ANSWER as error:
                trouble = reason_of(error)
            except SQLAlchemyError as error:
                if not self._outage.met(error):
                    raise
                trouble = "the database cannot be used"
            self._found.set()
            if not trouble:
                self._notices.over(key)
                return
            if told != trouble:
                told = trouble
                log.error("MARGINALIA_ORGANIZERS_CHANNEL: %s", trouble)
                if notifier.organizers_channel is None and not self._outage.lasts:
                    text = _("The organizers' channel cannot be used: {reason}.", reason=trouble)
                    await asyncio.to_thread(self._notices.tell, f"{key} trouble", text)
            await asyncio.sleep(ORGANIZERS_AGAIN_SECONDS)
            self._channels.look_again()

    async def wait(self) -> None:
        """Once after a start: notices wait, for a little, until it is known where they go."""
        if self._name is not None and self._notifier.organizers_channel is None:
            await happens(self._found, ORGANIZERS_WAIT_SECONDS)
            self._found.set()

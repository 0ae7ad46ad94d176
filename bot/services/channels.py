"""The workspace's channels by name, found without holding up whoever asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.slack.api.gateway import NO_ANSWER, ChannelTrouble, Gateway, reason_of
from bot.store.database import Database
from bot.texts import _

log = logging.getLogger(__name__)

LISTING_WAIT_SECONDS = 5.0
"""Seconds after its start for which `find` waits for a listing; in a huge workspace it goes on
beside."""
PAUSE_PER_PAGE_SECONDS = 6.0
"""Seconds for each further page of a listing before the next one: listing all channels of a huge
workspace again and again would use up what Slack allows (20 calls a minute)."""
LONGEST_PAUSE_SECONDS = 60.0
"""Seconds before Slack is asked again after it failed to answer several times."""
LED_TO = "led_to"
"""The kind of labels that say which channel ID a name in a file or a setting last led to."""


@dataclass(eq=False)
class ChannelFinder:
    """Finds channels by name: first among those the bot is in, then among all.

    All channels are listed in a task of their own, and their names stored as labels. A name that
    no channel has any more still leads to the channel it led to before: it was renamed. `renamed`
    is then told the name and what the channel is called now.
    """

    _database: Database
    _gateway: Gateway
    _renamed: Callable[[str, str], None]
    _names: dict[str, str] = field(default_factory=dict, init=False)
    _ids: dict[str, str] = field(default_factory=dict, init=False)
    _remembered: dict[str, str] = field(default_factory=dict, init=False)
    _joined_is_read: bool = field(default=False, init=False)
    _is_complete: bool = field(default=False, init=False)
    _again_at: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)
    _failure: Exception | None = field(default=None, init=False)
    _not_before: float = field(default=0.0, init=False)
    _listing: asyncio.Task[None] | None = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)

    def look_again(self) -> None:
        """What was found may be out of date: channels are asked for again when they are needed."""
        if self._listing is not None and not self._listing.done():
            return
        self._joined_is_read = False
        if time.monotonic() >= self._again_at:
            # New ones: somebody else may still look at the old.
            self._names, self._ids = {}, {}
            self._is_complete = False

    async def find(self, channel: str) -> str | None:
        """The ID of a channel given by name or ID; None if that is not known yet.

        Raises ChannelTrouble if there is no such channel that the bot can see; one of
        NO_ANSWER where Slack does not tell.
        """
        name = channel.lstrip("#")
        if self._failure is not None and time.monotonic() < self._not_before:
            raise self._failure
        try:
            found = await self._current(name)
        except NO_ANSWER as error:
            self._failure = error
            self._not_before = time.monotonic() + min(LONGEST_PAUSE_SECONDS, 2.0**self._failures)
            self._failures += 1
            raise
        self._failures, self._failure = 0, None
        if found is not None:
            if self._remembered.get(name) != found:
                await asyncio.to_thread(self._remember, name, found)
            return found
        if not self._is_complete:
            return None
        names = self._names
        before = await asyncio.to_thread(self.led_to, name)
        if before is not None and before in names:
            await asyncio.to_thread(self._renamed, name, names[before])
            return before
        if before is not None:
            raise ChannelTrouble(
                _(
                    "the channel #{name} is archived, deleted, or private and without the bot; "
                    "unarchive it, invite the bot, or choose another channel",
                    name=name,
                )
            )
        raise ChannelTrouble(
            _(
                "there is no channel #{name} that the bot can see; create it, or invite the "
                "bot if it is private",
                name=name,
            )
        )

    def led_to(self, channel: str) -> str | None:
        """The ID of the channel that was last found by a name, None if none was."""
        with self._database.reading() as uow:
            return uow.labels.get(LED_TO, channel.lstrip("#"))

    async def list_all(self) -> None:
        """Lists all channels and stores their names. Raises what Slack answers."""
        await asyncio.shield(self._started())

    async def stop(self) -> None:
        """Ends a listing that goes on."""
        if self._listing is not None:
            self._listing.cancel()
            await asyncio.wait({self._listing})

    async def _current(self, name: str) -> str | None:
        """The channel that has a name now, as far as that is known."""
        if not self._joined_is_read:
            async for page in self._gateway.channels(joined=True):
                self._add(page)
            self._joined_is_read = True
        found = self._with(name)
        if found is not None or self._is_complete:
            return found
        listing = self._started()
        left = self._began + LISTING_WAIT_SECONDS - time.monotonic()
        if left > 0:
            await asyncio.wait({listing}, timeout=left)
        if listing.done():
            listing.result()
        return self._with(name)

    def _with(self, name: str) -> str | None:
        return name if name in self._names else self._ids.get(name)

    def _add(self, page: Mapping[str, str]) -> None:
        for channel, name in page.items():
            before = self._names.get(channel)
            if before is not None and self._ids.get(before) == channel:
                del self._ids[before]
            self._names[channel] = name
            self._ids[name] = channel

    def _started(self) -> asyncio.Task[None]:
        if self._listing is None or self._listing.done():
            self._listing = asyncio.create_task(self._list(), name="channels")
            self._listing.add_done_callback(_failed)
            self._began = time.monotonic()
        return self._listing

    async def _list(self) -> None:
        pages = 0
        async for page in self._gateway.channels():
            pages += 1
            self._add(page)
            await self._database.write(lambda uow, names: uow.labels.put("channel", names), page)
        self._is_complete = True
        self._again_at = time.monotonic() + PAUSE_PER_PAGE_SECONDS * (pages - 1)
        log.debug("%d channels are known", len(self._names))

    def _remember(self, name: str, channel: str) -> None:
        if self.led_to(name) != channel:
            with self._database.unit_of_work() as uow:
                uow.labels.put(LED_TO, {name: channel})
        self._remembered[name] = channel


def _failed(listing: asyncio.Task[None]) -> None:
    error = None if listing.cancelled() else listing.exception()
    if error is not None:
        log.debug("channels cannot be listed: %s", reason_of(error))

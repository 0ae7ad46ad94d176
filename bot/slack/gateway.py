"""What the bot asks Slack: who it is, channels by name, people, history."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.sessions.model import Person
from bot.slack.incoming import Malformed, person

log = logging.getLogger(__name__)

PAGE = 200


class ChannelTrouble(Exception):
    """A channel that cannot be used. The text says why and what to do, in one line."""


class Gateway:
    """Reads from Slack; retries what Slack asks to retry."""

    def __init__(self, client: AsyncWebClient):
        self.client = client
        self._channels: dict[str, str] = {}

    async def channel_id(self, channel: str) -> str:
        """The ID of a channel given by name or ID, joined if it can be.

        Raises ChannelTrouble if there is no such channel or the bot cannot be in it.
        """
        name = channel.lstrip("#")
        if name not in self._channels:
            await self._list_channels()
        if name not in self._channels:
            raise ChannelTrouble(
                f"there is no channel #{name} that the bot can see; create it, "
                "or invite the bot if it is private"
            )
        return self._channels[name]

    async def join(self, channel_id: str) -> None:
        """Joins a public channel. Raises ChannelTrouble if that is not possible."""
        try:
            await self.client.conversations_join(channel=channel_id)
        except SlackApiError as error:
            code = str(error.response.get("error"))
            if code == "method_not_supported_for_channel_type":
                return  # a private channel that we see is one that we are in
            raise ChannelTrouble(
                f"the bot cannot join <#{channel_id}> ({code}); invite it there"
            ) from None

    async def _list_channels(self) -> None:
        cursor = ""
        while True:
            page = await self.client.conversations_list(
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=1000,
                cursor=cursor or None,
            )
            for channel in page.get("channels") or ():
                self._channels[channel["name"]] = channel["id"]
                self._channels[channel["id"]] = channel["id"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def person(self, user: str) -> Person | None:
        """A member by ID; None where Slack does not know it or does not answer."""
        try:
            answer = await self.client.users_info(user=user)
            return person(answer.get("user") or {})
        except SlackApiError as error:
            log.warning("no name for %s: %s", user, error.response.get("error"))
        except Malformed as error:
            log.warning("no name for %s: %s", user, error)
        return None

    async def people(self, users: Collection[str]) -> list[Person]:
        """Those of `users` whom Slack knows."""
        found = [await self.person(user) for user in sorted(users)]
        return [p for p in found if p is not None]

    async def members(self) -> AsyncIterator[Person]:
        """All members of the workspace, page by page."""
        cursor = ""
        while True:
            page = await self.client.users_list(limit=PAGE, cursor=cursor or None)
            for user in page.get("members") or ():
                yield person(user)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def web_client(token: str, api_url: str) -> AsyncWebClient:
    """A client that waits as Slack says when it is told to slow down."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(max_retry_count=2),
            AsyncServerErrorRetryHandler(max_retry_count=2),
            AsyncRateLimitErrorRetryHandler(max_retry_count=3),
        ],
    )


def describe(error: SlackApiError) -> dict[str, Any]:
    """What Slack said of a call, without what we sent."""
    return {"error": error.response.get("error"), "needed": error.response.get("needed")}

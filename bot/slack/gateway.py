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
MESSAGES = 999
"""Messages a page of history; <https://docs.slack.dev/reference/methods/conversations.history>."""


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

    async def history(
        self, channel: str, oldest: str, latest: str
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """The top-level messages of a channel from `oldest` to `latest` (`ts`), newest page first.

        <https://docs.slack.dev/reference/methods/conversations.history>
        """
        span = {"oldest": oldest, "latest": latest, "inclusive": True}
        async for page in self._pages(
            "conversations.history", channel=channel, include_all_metadata=True, **span
        ):
            yield page

    async def replies(self, channel: str, root: str) -> AsyncIterator[list[dict[str, Any]]]:
        """The messages of a thread, its root among them; nothing where the thread is gone.

        <https://docs.slack.dev/reference/methods/conversations.replies>
        """
        try:
            async for page in self._pages(
                "conversations.replies", channel=channel, ts=root, include_all_metadata=True
            ):
                yield page
        except SlackApiError as error:
            if error.response.get("error") != "thread_not_found":
                raise

    async def _pages(self, method: str, **arguments: Any) -> AsyncIterator[list[dict[str, Any]]]:
        cursor: str | None = None
        while True:
            page = await self.client.api_call(
                method, params={**_plain(arguments), "limit": MESSAGES, "cursor": cursor or ""}
            )
            yield page.get("messages") or []
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if not cursor:
                return

    async def labels(self) -> dict[str, dict[str, str]]:
        """Names of channels, user groups and the workspace's emoji aliases, by kind and ID.

        What an app may not ask for is left out: those names are then the IDs.
        """
        await self._list_channels()
        found = {"channel": {i: n for n, i in self._channels.items() if n != i}}
        try:
            groups = await self.client.usergroups_list(include_disabled=True)
            found["usergroup"] = {g["id"]: g["handle"] for g in groups.get("usergroups") or ()}
            emoji = (await self.client.emoji_list()).get("emoji") or {}
            found["emoji"] = {n: v[6:] for n, v in emoji.items() if v.startswith("alias:")}
        except SlackApiError as error:
            log.warning("names of groups or emoji are not known: %s", error.response.get("error"))
        return found

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


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    return {k: str(v).lower() if isinstance(v, bool) else v for k, v in arguments.items()}

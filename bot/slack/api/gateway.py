"""What the bot asks Slack: who it is, channels by name, people. `bot.slack.api.history` has the rest."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorSSLError,
    ClientError,
    ClientOSError,
)
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.sessions.model import Person
from bot.slack.api import refusals
from bot.slack.api.incoming import Malformed, person
from bot.texts import _

log = logging.getLogger(__name__)

ONLY_OF_SLACK = (SlackApiError, ClientError, TimeoutError)
"""What a call to Slack raises and nothing that uses files."""
NO_ANSWER = (*ONLY_OF_SLACK, OSError)
"""What a call raises that Slack refuses or does not answer."""
PAGE = 999
"""Channels or members that one call gives; Slack takes a `limit` under 1,000."""


class ChannelTrouble(Exception):
    """A channel that cannot be used. The text says why and what to do, in one line.

    `channel` and `code` are the channel's ID and Slack's error code, where Slack was asked.
    """

    def __init__(self, text: str, channel: str = "", code: str = ""):
        super().__init__(text)
        self.channel = channel
        self.code = code


class Gateway:
    """Reads from Slack. `client` asks again by itself, `plain` makes each call once."""

    def __init__(self, client: AsyncWebClient, plain: AsyncWebClient | None = None):
        self.client = client
        self.plain = plain or client

    async def channels(self, joined: bool = False) -> AsyncIterator[dict[str, str]]:
        """All channels the bot can see, or those it is in (`joined`), names by ID, page by page;
        archived ones are left out.

        <https://docs.slack.dev/reference/methods/conversations.list>,
        <https://docs.slack.dev/reference/methods/users.conversations>
        """
        pages = await self.client.api_call(
            "users.conversations" if joined else "conversations.list",
            http_verb="GET",
            params={
                "types": "public_channel,private_channel",
                "exclude_archived": "true",
                "limit": str(PAGE),
            },
        )
        async for page in pages:
            yield {c["id"]: c["name"] for c in page.get("channels") or ()}

    async def join(self, channel_id: str) -> bool:
        """Joins a public channel; gives False for a private one, where there is nothing to do.

        Raises ChannelTrouble if it cannot be joined.

        Raises SlackApiError for a refusal that passes by itself.
        """
        try:
            await self.client.conversations_join(channel=channel_id)
        except SlackApiError as error:
            code = code_of(error)
            if code == "method_not_supported_for_channel_type":
                return False  # a private channel that we see is one that we are in
            if passing(error):
                raise
            raise ChannelTrouble(
                _(
                    "the bot cannot join <#{channel_id}> ({code}); invite it there",
                    channel_id=channel_id,
                    code=code,
                ),
                channel_id,
                code,
            ) from None
        return True

    async def person(self, user: str) -> Person | None:
        """A member by ID; None where Slack does not know it. Raises SlackApiError for a refusal."""
        try:
            answer = await self.client.users_info(user=user)
            return person(answer.get("user") or {})
        except SlackApiError as error:
            if refusals.verdict("users.info", code_of(error)).then is not refusals.Then.DONE:
                raise
            log.warning("no name for %s: %s", user, code_of(error))
        except Malformed as error:
            log.warning("no name for %s: %s", user, error)
        return None

    async def usergroups(self) -> dict[str, str]:
        """The handles of user groups by ID. Raises SlackApiError for a refusal."""
        groups = await self.client.usergroups_list(include_disabled=True)
        return {g["id"]: g["handle"] for g in groups.get("usergroups") or ()}

    async def emoji(self) -> dict[str, str]:
        """What the workspace's emoji aliases stand for. Raises SlackApiError for a refusal."""
        emoji = (await self.client.emoji_list()).get("emoji") or {}
        return {n: v[6:] for n, v in emoji.items() if v.startswith("alias:")}

    async def members(self, cursor: str, limit: int) -> tuple[list[Person], str]:
        """A page of all members of the workspace, and the cursor of the next one ('' at the end).

        Asks once. Raises SlackApiError where Slack refuses.
        <https://docs.slack.dev/reference/methods/users.list>
        """
        params = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        answer = await self.plain.api_call("users.list", http_verb="GET", params=params)
        found = []
        for user in answer.get("members") or ():
            try:
                found.append(person(user))
            except Malformed as error:
                log.warning("leaving out a member: %s", error)
        return found, str((answer.get("response_metadata") or {}).get("next_cursor") or "")


def web_client(token: str, api_url: str) -> AsyncWebClient:
    """A client for questions: it asks again by itself, and waits as Slack says."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        timeout=15,
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(max_retry_count=2),
            AsyncServerErrorRetryHandler(max_retry_count=2),
            AsyncRateLimitErrorRetryHandler(max_retry_count=3),
        ],
    )


def plain_client(token: str, api_url: str) -> AsyncWebClient:
    """A client that does everything once: for what must not be done twice."""
    return AsyncWebClient(token=token, base_url=api_url, timeout=15, retry_handlers=[])


async def slack_time(client: AsyncWebClient) -> datetime | None:
    """What Slack's clock shows, cut to the second; None where Slack's answer does not say it."""
    answer = await client.auth_test()
    headers = {str(k).lower(): v for k, v in dict(answer.headers).items()}
    given = headers.get("date")
    try:
        return parsedate_to_datetime(str(given)).astimezone(UTC) if given else None
    except ValueError:
        return None


def code_of(error: BaseException) -> str:
    """Slack's error code; `unknown_error` for an answer that has none."""
    get = getattr(_response(error), "get", None)
    return str((get("error") if get is not None else None) or "unknown_error")


def status_of(error: BaseException) -> int:
    """The HTTP status of a refusal, 0 where it is not known."""
    for name in ("status_code", "status"):
        found = getattr(_response(error), name, None)
        if isinstance(found, int):
            return found
    return 0


def retry_after(error: BaseException) -> float | None:
    """The seconds after which Slack wants to be asked again; None if it is not that.

    <https://docs.slack.dev/apis/web-api/rate-limits>
    """
    if status_of(error) != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    headers = {str(k).lower(): v for k, v in dict(_response(error).headers).items()}
    try:
        return max(0.0, float(headers.get("retry-after", 1)))
    except (TypeError, ValueError):
        return 1.0


def passing(error: BaseException) -> bool:
    """Whether it passes by itself: Slack is in trouble or not reached, or we were too fast."""
    return (
        not isinstance(error, SlackApiError)
        or status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR
        or retry_after(error) is not None
        or refusals.verdict(method_of(error), code_of(error)).then is refusals.Then.RETRY
    )


def _response(error: BaseException) -> Any:
    return getattr(error, "response", None)


def method_of(error: BaseException) -> str:
    """The Web API method that was refused; '' where the answer does not say."""
    url = getattr(_response(error), "api_url", None)
    return urlsplit(url).path.rpartition("/")[2] if isinstance(url, str) else ""


def reason_of(error: BaseException) -> str:
    """Why Slack could not be asked, in one line: for a refusal its method, code and remedy."""
    if not isinstance(error, SlackApiError):
        return unreachable(error)
    if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"Slack is in trouble (HTTP status {status_of(error)})"
    return refusals.explain(method_of(error) or "Slack", code_of(error))


def unreachable(error: BaseException, who: str = "Slack") -> str:
    """Why no answer came, in one line. It holds no address, which may be a secret."""
    if isinstance(error, TimeoutError):
        return f"{who} did not answer in time"
    if isinstance(error, ClientConnectorCertificateError | ClientConnectorSSLError):
        return f"{who} cannot be reached: the TLS certificate is not accepted"
    if isinstance(error, ClientConnectorDNSError):
        return f"{who} cannot be reached: the host's name is not found"
    if isinstance(error, ClientConnectionError):
        number = error.errno if isinstance(error, ClientOSError) else None
        return f"{who} cannot be reached: {_of_system(number) or 'the connection was closed'}"
    if isinstance(error, OSError):
        return f"{who} cannot be reached: {_of_system(error.errno) or 'the connection failed'}"
    return f"{who} gave an answer that is not understood ({type(error).__name__})"


def _of_system(number: int | None) -> str:
    return os.strerror(number).lower() if number else ""

"""Slack's rate limits, on a clock that the test moves."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.errors import RateLimited
from slackbox.limits import Limits
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, MANIFEST, Clock


def test_tiers_count_calls_of_the_last_minute():
    clock = Clock(1000.0)
    limits = Limits("internal", clock)
    for _ in range(50):
        limits.check("conversations.history", 3)
    with pytest.raises(RateLimited) as refused:
        limits.check("conversations.history", 3)
    assert refused.value.retry_after == 60
    limits.check("users.list", 2)  # each method has its own
    clock.now += 59.5
    with pytest.raises(RateLimited) as refused:
        limits.check("conversations.history", 3)
    assert refused.value.retry_after == 1
    clock.now += 0.5
    limits.check("conversations.history", 3)


def test_a_message_a_second_with_a_short_burst():
    clock = Clock(0.0)
    limits = Limits("internal", clock)
    for _ in range(3):
        limits.check_post("C1")
    with pytest.raises(RateLimited) as refused:
        limits.check_post("C1")
    assert refused.value.retry_after == 1
    limits.check_post("C2")
    for _ in range(100):
        clock.now += 1.0
        limits.check_post("C1")


async def test_the_restricted_regime():
    clock = Clock(0.0)
    async with Sandbox(MANIFEST, monotonic=clock, rate_limits="restricted") as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url, retry_handlers=[])
        channel = box.workspace.channel(CHANNEL).id
        for i in range(40):
            box.person("mirela").post(CHANNEL, str(i))
        seen: list[str] = []
        cursor = None
        for _ in range(3):
            page = await client.conversations_history(channel=channel, limit=200, cursor=cursor)
            assert len(page["messages"]) <= 15
            seen += [m["text"] for m in page["messages"]]
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            with pytest.raises(SlackApiError) as refused:
                await client.conversations_history(channel=channel, cursor=cursor)
            assert refused.value.response.status_code == 429
            assert int(refused.value.response.headers["Retry-After"]) == 60
            clock.now += 60.0
        assert seen == [str(i) for i in reversed(range(40))]
        assert cursor is None
        root = box.person("mirela").post(CHANNEL, "root")
        for i in range(20):
            box.person("mirela").post(CHANNEL, str(i), thread_ts=root.ts)
        thread = await client.conversations_replies(channel=channel, ts=root.ts)
        assert len(thread["messages"]) == 15


async def test_posts_are_refused_with_retry_after():
    clock = Clock(0.0)
    async with Sandbox(MANIFEST, monotonic=clock, rate_limits="internal") as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url, retry_handlers=[])
        channel = box.workspace.channel(CHANNEL).id
        for _ in range(3):
            await client.chat_postMessage(channel=channel, text="x")
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel=channel, text="x")
        assert refused.value.response.status_code == 429
        assert refused.value.response["error"] == "ratelimited"
        assert refused.value.response.headers["Retry-After"] == "1"

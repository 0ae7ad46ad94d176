"""The walking path: connect with the real clients, post, be told, read back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.actor import Actor
from bot.sandbox.server import Sandbox

MANIFEST = Path(__file__).resolve().parents[2] / "slack-manifest.yaml"


async def test_the_walking_path():
    async with Sandbox(MANIFEST) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
        me = await client.auth_test()
        assert me["user_id"] == box.workspace.bot.user_id
        app = AsyncApp(client=client, ignoring_self_events_enabled=False)
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            heard.put_nowait(event)

        @app.event("reaction_added")
        async def reaction(event: dict[str, Any]) -> None:
            heard.put_nowait(event)

        handler = AsyncSocketModeHandler(app, box.app_token, web_client=client)
        await handler.connect_async()
        try:
            async with httpx.AsyncClient(base_url=box.control_url) as control:
                r = await control.post(
                    "act/post",
                    json={
                        "person": "mirela",
                        "channel": "book-of-the-week",
                        "text": "Why *two* passes?",
                    },
                )
                assert r.status_code == 200, r.text
                posted = r.json()
                event = await asyncio.wait_for(heard.get(), 3)
                assert event["ts"] == posted["ts"]
                assert event["blocks"][0]["elements"][0]["elements"][1]["style"] == {"bold": True}
                Actor(box.workspace, "toby").react("book-of-the-week", posted["ts"], "+1")
                event = await asyncio.wait_for(heard.get(), 3)
                assert event["type"] == "reaction_added"
                said = await client.chat_postMessage(
                    channel=posted["channel"], text="Because.", thread_ts=posted["ts"]
                )
                event = await asyncio.wait_for(heard.get(), 3)
                assert event["ts"] == said["ts"]
                replies = await client.conversations_replies(
                    channel=posted["channel"], ts=posted["ts"]
                )
                assert [m["text"] for m in replies["messages"]] == ["Why *two* passes?", "Because."]
                history = await client.conversations_history(channel=posted["channel"])
                assert history["messages"][0]["reply_count"] == 1
                with pytest.raises(SlackApiError) as refused:
                    await client.chat_postMessage(channel="C000", text="x")
                assert refused.value.response["error"] == "channel_not_found"
                truth = (await control.get("workspace")).json()
                assert len(truth["channels"]) == 3
                wire = await control.get("wire")
                assert box.bot_token not in wire.text
                assert box.app_token not in wire.text
        finally:
            await handler.close_async()

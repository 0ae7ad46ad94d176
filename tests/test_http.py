"""Slack over HTTP: events that are signed are taken, all others refused; how the bot is."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import http
from bot.errors import UserError
from tests.scene import END, START, Scene, scene


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


def event(world: Scene, text: str, event_id: str = "Ev1") -> dict[str, Any]:
    """A question as Slack would send it, that nobody asked."""
    message = {
        "type": "message",
        "channel": world.channel.id,
        "user": world.id("ben"),
        "ts": f"{START.timestamp() + 60:.6f}",
        "text": text,
    }
    return {"type": "event_callback", "event_id": event_id, "event": message}


def signed(secret: str, body: bytes, at: float) -> dict[str, str]:
    base = b"v0:%d:%s" % (int(at), body)
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": str(int(at)),
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/json",
    }


async def test_a_session_by_http_requests(world: Scene) -> None:
    port = free_port()
    secret = world.stage.box.signing_secret
    settings: dict[str, Any] = {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": secret}
    async with world.bot(port=port, **settings) as bot, http.serving(bot):
        await world.stage.box.dispatcher.verify(f"http://127.0.0.1:{port}/slack/events")
        await world.to(START)
        asked = world.say("ben", "Over HTTP?")
        world.say("ada", "Indeed.", asked)
        await world.to(END)
        assert world.threads() == [("Ben", "Over HTTP?", [("Ada Author", "Indeed.")])]


async def test_what_is_not_signed_by_slack_changes_nothing(world: Scene) -> None:
    port = free_port()
    secret = world.stage.box.signing_secret
    settings: dict[str, Any] = {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": secret}
    url = f"http://127.0.0.1:{port}/slack/events"
    async with (
        world.bot(port=port, **settings) as bot,
        http.serving(bot),
        httpx.AsyncClient() as client,
    ):
        await world.to(START)
        body = json.dumps(event(world, "Forged?")).encode()
        now = time.time()
        for headers in (
            {"Content-Type": "application/json"},
            signed("another secret", body, now),
            signed(secret, body, now - 3600),
            signed(secret, b"another body", now),
        ):
            assert (await client.post(url, content=body, headers=headers)).status_code == 401
        huge = await client.post(
            url, content=b"x" * (5 * 1024 * 1024), headers=signed(secret, b"", now)
        )
        assert huge.status_code == 413
        await world.hear()
        true = json.dumps(event(world, "Signed?", "Ev2")).encode()
        for _ in range(3):
            answer = await client.post(url, content=true, headers=signed(secret, true, now))
            assert answer.status_code == 200
        await world.hear()
        session = world.session()
        assert session is not None
        with bot.database.reading() as uow:
            stored = uow.messages.of_session(session.id)
        assert [message.content["text"] for message in stored] == ["Signed?"]


async def test_health_and_metrics(world: Scene) -> None:
    port = free_port()
    async with (
        world.bot(health_port=port) as bot,
        http.serving(bot),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await world.to(START)
        world.say("ben", "Counted?")
        await world.hear()
        assert (await client.get("/healthz")).text == "ok\n"
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["troubles"]) == (200, [])
        metrics = (await client.get("/metrics")).text
        assert "marginalia_leader 1.0" in metrics
        assert "marginalia_outbox_depth 0.0" in metrics
        assert world.stage.box.bot_token not in metrics


async def test_a_taken_port_is_one_line(world: Scene) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with world.bot(health_port=port) as bot:
            with pytest.raises(UserError, match=f"MARGINALIA_HEALTH_PORT: 127.0.0.1:{port}"):
                async with http.serving(bot):
                    pass

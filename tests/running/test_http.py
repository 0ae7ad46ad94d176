"""Slack over HTTP: events that are signed are taken, all others refused; how the bot is."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.errors import UserError
from bot.running import http
from bot.sessions.model import Action
from bot.slack import manifest
from slackbox.manifest import parse
from tests.databases import alter
from tests.running.test_connections import raw
from tests.scene import END, START, Scene, scene
from tests.slack.member_driver import MemberDriver
from tests.waiting import free_port, until


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


@pytest.mark.slow
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


@pytest.mark.slow
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
        with bot.database.unit_of_work() as uow:
            uow.actions.add(Action(START, "", "found"))
        assert (await client.get("/healthz")).text == "ok\n"
        for path, status in (("/", 200), ("/health", 404)):
            answer = await client.get(path)
            assert answer.status_code == status
            assert "/readyz" in answer.text
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["troubles"]) == (200, [])
        metrics = (await client.get("/metrics")).text
        assert "marginalia_leader 1.0" in metrics
        assert "marginalia_answered_before 1.0" in metrics
        assert "# TYPE marginalia_answered_before gauge" in metrics  # the log forgets what is old
        for name in ("depth", "held", "given_up"):
            assert f"marginalia_outbox_{name} 0.0" in metrics
        assert world.stage.box.bot_token not in metrics


@pytest.mark.slow
async def test_a_database_that_may_only_be_read_is_not_ready_and_fills_no_log(
    world: Scene, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that became a standby, or whose disk is full, is often made read-only."""
    port = free_port()
    async with (
        world.bot(database_url=postgres_url, health_port=port) as bot,
        http.serving(bot),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        await world.to(START)

        async def answers(status: int) -> bool:
            return (await client.get("/readyz")).status_code == status

        assert await answers(200)
        caplog.clear()
        alter(postgres_url, "SET default_transaction_read_only = on")
        try:
            world.say("ben", "Kept?")
            await until(lambda: answers(503))
            troubles = (await client.get("/readyz")).json()["troubles"]
            assert troubles == ["the database cannot be used"]
            await asyncio.sleep(2)
        finally:
            alter(postgres_url, "RESET default_transaction_read_only")
        assert [r.getMessage() for r in caplog.records if r.exc_info] == [], "tracebacks"
        await until(lambda: answers(200))
        await until(lambda: world.stored_texts() == ["Kept?"])


@pytest.mark.slow
async def test_a_taken_port_is_one_line(world: Scene) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with world.bot(health_port=port) as bot:
            with pytest.raises(UserError, match=f"MARGINALIA_HEALTH_PORT: 127.0.0.1:{port}"):
                async with http.serving(bot):
                    pass


@asynccontextmanager
async def by_http(world: Scene) -> AsyncIterator[int]:
    """The bot serves Slack's requests; gives the port."""
    port = free_port()
    secret = world.stage.box.signing_secret
    options: dict[str, Any] = {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": secret}
    async with world.bot(port=port, **options) as bot, http.serving(bot):
        yield port


async def test_what_bears_no_signature_is_refused_before_its_body(world: Scene) -> None:
    async with by_http(world) as port:
        head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        assert (await raw(port, head + b"Content-Length: 1000000\r\n\r\n")).startswith(
            b"HTTP/1.1 401 "
        )


async def test_bodies_are_counted_while_they_are_read(world: Scene) -> None:
    def head(length: bytes) -> bytes:
        stamp = b"X-Slack-Request-Timestamp: %d\r\n" % time.time()
        signature = b"X-Slack-Signature: v0=" + b"0" * 64 + b"\r\n"
        start = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        return start + length + stamp + signature + b"\r\n"

    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    async with by_http(world) as port:
        declared = await raw(port, head(b"Content-Length: 5000000\r\n"))
        chunked = await raw(port, head(b"Transfer-Encoding: chunked\r\n"), *[chunk] * 20)
    assert declared.startswith(b"HTTP/1.1 413 ")
    assert chunked.startswith(b"HTTP/1.1 413 ")


async def test_whoever_comes_to_the_wrong_place_is_told_the_right_one(world: Scene) -> None:
    async with by_http(world) as port, httpx.AsyncClient() as client:
        base = f"http://127.0.0.1:{port}"
        for answer, status in (
            (await client.get(base + "/"), 200),
            (await client.get(base + "/slack/events"), 405),
            (await client.post(base + "/slack/interactive"), 404),
        ):
            assert answer.status_code == status
            assert "POST /slack/events" in answer.text


@pytest.mark.slow
async def test_the_manifest_is_all_that_http_needs(tmp_path: Path) -> None:
    """Events, buttons, commands and menus arrive by the URLs of our manifest alone."""
    port = free_port()
    app = parse(yaml.safe_load(manifest.text(f"http://127.0.0.1:{port}")))
    async with scene(tmp_path, manifest=app) as world:
        secret = world.stage.box.signing_secret
        options: dict[str, Any] = {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": secret}
        async with world.bot(port=port, **options) as bot, http.serving(bot):
            await world.to(START)
            world.say("ben", "By an event?")
            answer = world.say("ada", "Yes, that way.")
            await world.hear()
            ben, ada = MemberDriver(world, "ben"), MemberDriver(world, "ada")
            assert await ben.types("/ask", "By a command, which is a request of its own?")
            await ben.ask()
            assert (await ben.submits("By a form, which is another request?")).acknowledged
            shortcut = ada.person.message_shortcut("answers", world.channel.name, answer)
            assert (await ada.places(shortcut, "By an event?")).acknowledged
            await world.to(END)
            lost = [told["event"]["type"] for told in world.stage.box.dispatcher.lost]
            assert "message" not in lost  # channels were made before anybody listened
        texts = [text for _name, text, _replies in world.threads()]
        assert len(texts) == 3
        assert ("Ben", "By an event?", [("Ada Author", "Yes, that way.")]) in world.threads()

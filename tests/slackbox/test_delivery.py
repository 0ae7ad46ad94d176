"""How the bot is told: sockets, acknowledgements, retries, HTTP requests, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
import yaml
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from slackbox.answer import Answer
from slackbox.client import Control
from slackbox.delivery import NotAcknowledged
from slackbox.faults import CallFault, DeliveryFault
from slackbox.listening import Listener
from slackbox.manifest import load
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, MANIFEST, Told, client_of
from tests.waiting import PATIENCE, until


class Wire:
    """A bare WebSocket client, which acknowledges what it is told to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse):
        self.socket = socket

    async def heard(self, seconds: float = PATIENCE) -> dict[str, Any]:
        body: dict[str, Any] = await self.socket.receive_json(timeout=seconds)
        return body

    async def acknowledge(self, envelope: dict[str, Any], payload: Any = None) -> None:
        body = {"envelope_id": envelope["envelope_id"]}
        if payload is not None:
            body["payload"] = payload
        await self.socket.send_json(body)


@asynccontextmanager
async def wired(box: Sandbox) -> AsyncIterator[Wire]:
    client = client_of(box, box.app_token)
    opened = await client.apps_connections_open(app_token=box.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        yield Wire(socket)


async def test_hello_envelope_and_acknowledgement(box: Sandbox):
    async with wired(box) as wire:
        hello = await wire.heard()
        assert hello["type"] == "hello"
        assert hello["num_connections"] == 1
        assert hello["connection_info"] == {"app_id": box.workspace.app_id}
        posted = box.person("mirela").post(CHANNEL, "Why?")
        envelope = await wire.heard()
        assert envelope["type"] == "events_api"
        assert envelope["accepts_response_payload"] is False
        assert envelope["retry_attempt"] == 0
        assert envelope["retry_reason"] == ""
        assert envelope["payload"]["event"]["ts"] == posted.ts
        assert box.dispatcher.pending == 1
        await wire.acknowledge(envelope)
        await asyncio.wait_for(box.settle(), PATIENCE)


async def test_what_is_not_acknowledged_is_sent_three_more_times():
    async with (
        Sandbox(MANIFEST, retry_delays=(0.0, 0.01, 0.02), ack_timeout=0.05) as box,
        wired(box) as wire,
    ):
        await wire.heard()
        box.person("mirela").post(CHANNEL, "Why?")
        envelopes = [await wire.heard() for _ in range(4)]
        assert [e["retry_attempt"] for e in envelopes] == [0, 1, 2, 3]
        assert [e["retry_reason"] for e in envelopes] == ["", "timeout", "timeout", "timeout"]
        assert len({e["payload"]["event_id"] for e in envelopes}) == 1
        assert len({e["envelope_id"] for e in envelopes}) == 4
        await asyncio.wait_for(box.settle(), PATIENCE)
        assert [lost["event"]["text"] for lost in box.dispatcher.lost] == ["Why?"]


@pytest.mark.slow
async def test_events_wait_for_a_connection():
    async with Sandbox(MANIFEST, retry_delays=(0.0, 3.0)) as box:
        box.person("mirela").post(CHANNEL, "is anybody there?")
        await asyncio.sleep(0.02)
        async with wired(box) as wire:
            await wire.heard()
            envelope = await wire.heard()
            assert envelope["payload"]["event"]["text"] == "is anybody there?"
            assert envelope["retry_attempt"] == 2
            await wire.acknowledge(envelope)
            await asyncio.wait_for(box.settle(), PATIENCE)
        assert not box.dispatcher.lost


async def test_events_that_find_no_connection_are_lost_in_the_end():
    async with Sandbox(MANIFEST, retry_delays=(0.0, 0.01)) as box:
        box.person("mirela").post(CHANNEL, "and now?")
        await asyncio.wait_for(box.settle(), PATIENCE)
        assert [lost["event"]["text"] for lost in box.dispatcher.lost] == ["and now?"]


async def test_deliveries_are_spread_over_up_to_ten_connections(box: Sandbox):
    async def listen(wire: Wire, heard: list[str]) -> None:
        while True:
            envelope = await wire.heard(30)
            if envelope["type"] == "events_api":
                heard.append(envelope["payload"]["event"]["text"])
                await wire.acknowledge(envelope)

    heard: list[list[str]] = [[] for _ in range(10)]
    async with asyncio.TaskGroup() as tasks:
        stack = [wired(box) for _ in range(11)]
        wires = [await one.__aenter__() for one in stack]
        refused = await wires[10].heard()
        assert refused == {"type": "disconnect", "reason": "too_many_websockets"}
        running = [tasks.create_task(listen(w, h)) for w, h in zip(wires, heard, strict=False)]
        for i in range(30):
            box.person("mirela").post(CHANNEL, str(i))
        await asyncio.wait_for(box.settle(), PATIENCE)
        for task in running:
            task.cancel()
        for one in stack:
            await one.__aexit__(None, None, None)
    assert Counter(len(h) for h in heard) == {3: 10}
    assert sorted(int(text) for h in heard for text in h) == list(range(30))


async def test_a_ticket_opens_one_connection(box: Sandbox):
    url = box.surfaces.socket_url()
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url.replace("ticket=", "ticket=x"))


async def test_the_real_client_comes_back_after_a_cut(box: Sandbox, told: Told):
    assert await box.dispatcher.cut(abruptly=True) == 1
    await until(lambda: box.dispatcher.sockets)
    posted = box.person("mirela").post(CHANNEL, "still there?")
    assert (await told.event())["ts"] == posted.ts


async def test_the_real_client_connects_anew_when_it_is_asked_to(box: Sandbox, told: Told):
    (first,) = box.dispatcher.sockets
    box.dispatcher.ask_to_reconnect("refresh_requested")
    await until(lambda: box.dispatcher.sockets and first not in box.dispatcher.sockets)
    posted = box.person("mirela").post(CHANNEL, "still there?")
    assert (await told.event())["ts"] == posted.ts


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_an_old_socket_is_closed_some_time_after_it_is_asked_to_go(box: Sandbox, reason: str):
    async with Control(box.control_url) as control, wired(box) as old:
        await old.heard()
        await control.act("refresh_sockets", reason=reason, seconds=1.5)
        asked = await old.heard()
        assert (asked["type"], asked["reason"]) == ("disconnect", reason)
        # Until then it is a socket like any other.
        box.person("mirela").post(CHANNEL, "one more")
        await old.acknowledge(await old.heard())
        async with wired(box) as new:
            await new.heard()
            ended = await old.socket.receive(timeout=PATIENCE)
            assert ended.type is aiohttp.WSMsgType.CLOSE
            assert len(box.dispatcher.sockets) == 1
            box.person("mirela").post(CHANNEL, "and another")
            envelope = await new.heard()
            assert envelope["payload"]["event"]["text"] == "and another"
            await new.acknowledge(envelope)
            await asyncio.wait_for(box.settle(), PATIENCE)


async def test_deliveries_go_wrong_as_planned(box: Sandbox, told: Told):
    faults = box.faults.deliveries
    mirela = box.person("mirela")

    faults.append(DeliveryFault("drop", 2))
    for text in "abc":
        mirela.post(CHANNEL, text)
    assert [e["text"] for e in await told.all()] == ["c"]

    faults.append(DeliveryFault("repeat", 1, times=3))
    mirela.post(CHANNEL, "d")
    mirela.post(CHANNEL, "e")
    assert sorted(e["text"] for e in await told.all()) == ["d", "d", "d", "e"]

    faults.append(DeliveryFault("delay", 1, seconds=0.05))
    mirela.post(CHANNEL, "f")
    mirela.post(CHANNEL, "g")
    assert [e["text"] for e in await told.all()] == ["g", "f"]

    faults.append(DeliveryFault("shuffle", 5, seconds=5))
    for text in "hijkl":
        mirela.post(CHANNEL, text)
    texts = [e["text"] for e in await told.all()]
    assert sorted(texts) == list("hijkl")
    assert texts != list("hijkl")

    faults.append(DeliveryFault("lose", 1, event_type="reaction_added"))
    posted = mirela.post(CHANNEL, "m")
    mirela.react(CHANNEL, posted.ts, "eyes")
    assert {e["type"] for e in await told.all()} == {"message", "reaction_added"}
    assert not faults


async def test_calls_fail_as_planned(box: Sandbox, channel: str):
    client = AsyncWebClient(token=box.bot_token, base_url=box.api_url, retry_handlers=[])
    calls = box.faults.calls
    say = {"channel": channel, "text": "x"}

    calls.append(CallFault("chat.postMessage", "http", status=503))
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(**say)
    assert refused.value.response.status_code == 503

    calls.append(CallFault("*", "ratelimited", retry_after=7))
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(**say)
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "7"

    calls.append(CallFault("chat.postMessage", "error", 2, error="fatal_error"))
    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(**say)
        assert refused.value.response["error"] == "fatal_error"
    assert (await client.conversations_history(channel=channel))["messages"] == []

    calls.append(CallFault("auth.test", "slow", seconds=0.05))
    before = time.monotonic()
    await client.auth_test()
    assert time.monotonic() - before >= 0.05


async def test_an_answer_is_lost_without_a_noise(
    box: Sandbox, channel: str, caplog: pytest.LogCaptureFixture
):
    client = AsyncWebClient(token=box.bot_token, base_url=box.api_url, retry_handlers=[])
    for _ in range(2):
        box.faults.calls.append(CallFault("chat.postMessage", "lost_answer"))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.chat_postMessage(channel=channel, text="x")
    assert len((await client.conversations_history(channel=channel))["messages"]) == 2
    assert caplog.records == []


async def test_who_is_killed_while_talking_makes_no_noise(caplog: pytest.LogCaptureFixture):
    arrived, gone = asyncio.Semaphore(0), asyncio.Event()
    done: list[str] = []

    async def handle(request: Request) -> Response:
        arrived.release()
        try:
            await request.body()
        finally:
            done.append("request")
        return Response()

    async def socket(websocket: WebSocket) -> None:
        arrived.release()
        await gone.wait()
        try:
            await websocket.accept()
            await websocket.receive_text()
        finally:
            done.append("socket")

    routes = [Route("/", handle, methods=["POST"]), WebSocketRoute("/", socket)]
    listener = Listener(Starlette(routes=routes))
    await listener.start()
    wants = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n123",
    )
    for want in wants:
        _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(want)
        await asyncio.wait_for(arrived.acquire(), PATIENCE)
        writer.transport.abort()
    await until(lambda: done)  # the one that was cut off last is noticed last
    gone.set()
    await until(lambda: done == ["request", "socket"])
    await listener.stop()
    assert caplog.records == []


async def test_slack_cannot_be_reached_for_a_while(box: Sandbox, told: Told):
    box.refuse_connections(everything=True, seconds=0.15)
    assert not box.dispatcher.sockets
    with pytest.raises(aiohttp.ClientError):
        await AsyncWebClient(
            token=box.bot_token, base_url=box.api_url, retry_handlers=[]
        ).auth_test()
    await until(lambda: box.dispatcher.sockets)
    await told.client.auth_test()


async def test_only_sockets_are_refused(box: Sandbox, client: AsyncWebClient):
    box.refuse_connections()
    await client.auth_test()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with wired(box):
            pass
    box.accept_connections()
    async with wired(box) as wire:
        assert (await wire.heard())["type"] == "hello"


# --- HTTP ----------------------------------------------------------------------------------


@asynccontextmanager
async def serving(handler: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[str]:
    listener = Listener(Starlette(routes=[Route("/slack/events", handler, methods=["POST"])]))
    await listener.start()
    try:
        yield f"http://{listener.address}/slack/events"
    finally:
        await listener.stop()


async def test_bolt_is_told_over_http(box: Sandbox, channel: str):
    app = AsyncApp(client=client_of(box), signing_secret=box.signing_secret)
    heard: asyncio.Queue[Any] = asyncio.Queue()

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        heard.put_nowait(event["ts"])

    @app.command("/ask")
    async def ask(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"asked: {command['text']}")

    handler = AsyncSlackRequestHandler(app)
    async with serving(handler.handle) as url:
        await box.dispatcher.verify(url)
        posted = box.person("mirela").post(CHANNEL, "Why?")
        assert await asyncio.wait_for(heard.get(), PATIENCE) == posted.ts
        await asyncio.wait_for(box.settle(), PATIENCE)
        assert not box.dispatcher.lost
        outcome = await box.person("mirela").command("/ask", "why & how", CHANNEL)
        assert outcome.acknowledged
        (note,) = box.workspace.ephemerals
        assert note.text == "asked: why &amp; how"


async def test_requests_are_signed_and_sent_again():
    requests: list[dict[str, str]] = []
    async with Sandbox(MANIFEST, retry_delays=(0.0, 0.0, 0.0)) as box:
        verifier = SignatureVerifier(box.signing_secret)

        async def handle(request: Request) -> Response:
            body = await request.body()
            assert verifier.is_valid_request(body, dict(request.headers))
            data = json.loads(body)
            if data["type"] == "url_verification":
                return PlainTextResponse(data["challenge"])
            requests.append(dict(request.headers))
            if len(requests) == 1:
                box.dispatcher._timeout = 1.0
                return Response(status_code=500)
            if len(requests) == 2:
                box.dispatcher._timeout = PATIENCE
                await asyncio.sleep(1.5)
            return Response()

        async with serving(handle) as url:
            await box.dispatcher.verify(url)
            box.person("mirela").post(CHANNEL, "Why?")
            await asyncio.wait_for(box.settle(), PATIENCE)
    assert [r.get("x-slack-retry-num") for r in requests] == [None, "1", "2"]
    assert [r.get("x-slack-retry-reason") for r in requests] == [None, "http_error", "http_timeout"]


async def test_no_retry_is_asked_for(box: Sandbox):
    count = 0

    async def handle(request: Request) -> Response:
        nonlocal count
        data = json.loads(await request.body())
        if data["type"] == "url_verification":
            return PlainTextResponse(data["challenge"])
        count += 1
        return Response(status_code=500, headers={"X-Slack-No-Retry": "1"})

    async with serving(handle) as url:
        await box.dispatcher.verify(url)
        box.person("mirela").post(CHANNEL, "Why?")
        await asyncio.wait_for(box.settle(), PATIENCE)
    assert count == 1
    assert len(box.dispatcher.lost) == 1


async def test_a_request_url_must_answer_the_challenge(box: Sandbox):
    async def handle(request: Request) -> Response:
        return PlainTextResponse("hello")

    async with serving(handle) as url:
        with pytest.raises(NotAcknowledged, match="challenge"):
            await box.dispatcher.verify(url)
    with pytest.raises(NotAcknowledged, match="did not answer"):
        await box.dispatcher.verify(url)
    assert box.dispatcher.request_url is None


async def test_each_kind_goes_to_the_url_that_the_manifest_gives(tmp_path: Path):
    told: dict[str, list[str]] = {}

    async def handle(request: Request) -> Response:
        body = await request.body()
        if body.startswith(b"{"):
            data = json.loads(body)
        else:
            form = dict(parse_qsl(body.decode()))
            data = json.loads(form["payload"]) if "payload" in form else {"type": form["command"]}
        told.setdefault(request.url.path, []).append(data["type"])
        if data["type"] == "url_verification":
            return PlainTextResponse(data["challenge"])
        options = {"options": [{"text": {"type": "plain_text", "text": "x"}, "value": "x"}]}
        return Answer(options) if data["type"] == "block_suggestion" else Response()

    listener = Listener(Starlette(routes=[Route("/{name}", handle, methods=["POST"])]))
    await listener.start()
    base = f"http://{listener.address}"
    data = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    data["settings"]["socket_mode_enabled"] = False
    data["settings"]["event_subscriptions"]["request_url"] = f"{base}/events"
    data["settings"]["interactivity"] |= {
        "request_url": f"{base}/interactive",
        "message_menu_options_url": f"{base}/options",
    }
    for command in data["features"]["slash_commands"]:
        command["url"] = f"{base}/commands{command['command'].replace('/', '-')}"
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    async with Sandbox(path, retry_delays=(0.0,)) as box:
        mirela, client = box.person("mirela"), client_of(box)
        select = {"type": "external_select", "action_id": "pick", "min_query_length": 0}
        block = {"type": "actions", "block_id": "menu", "elements": [select]}
        channel = box.workspace.channel(CHANNEL).id
        menu = await client.chat_postMessage(channel=channel, text="menu", blocks=[block])
        mirela.post(CHANNEL, "Why?")
        assert (await mirela.command("/ask", "why", CHANNEL)).acknowledged
        assert (await mirela.command("/qa", "help", CHANNEL)).acknowledged
        assert (await mirela.shortcut("ask")).acknowledged
        assert await mirela.suggest("pick", "", channel=channel, ts=menu["ts"])
        await asyncio.wait_for(box.settle(), PATIENCE)
        assert not box.dispatcher.lost
    await listener.stop()
    assert told == {
        "/events": ["url_verification", "event_callback", "event_callback"],
        "/commands-ask": ["/ask"],
        "/commands-qa": ["/qa"],
        "/interactive": ["shortcut"],
        "/options": ["block_suggestion"],
    }


async def test_a_menu_whose_manifest_names_no_options_url_stays_empty():
    manifest = replace(load(MANIFEST), socket_mode=False, options_url="")
    async with Sandbox(manifest) as box:
        with pytest.raises(NotAcknowledged, match="names no URL"):
            await box.dispatcher.ask("interactive", {"type": "block_suggestion"})

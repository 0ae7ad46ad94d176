"""The clients of slack_sdk find in the sandbox what its own integration tests find in Slack.

Written after `integration_tests/` of <https://github.com/slackapi/python-slack-sdk>, as far as
they use what the sandbox has: its releases do not contain them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, InputBlock, PlainTextInputElement
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.aiohttp import SocketModeClient as AiohttpClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.socket_mode.websockets import SocketModeClient as WebsocketsClient
from slack_sdk.web import WebClient
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookClient

from slackbox.faults import CallFault
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL
from tests.waiting import until

MANIFEST = Path(__file__).parent / "sdk.yaml"

Calls = Callable[..., Awaitable[Any]]
"""`(method of the client, arguments…)`, by either client."""


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(MANIFEST) as running:
        yield running


@pytest.fixture
def channel(box: Sandbox) -> str:
    return box.workspace.channel(CHANNEL).id


@pytest.fixture(params=["WebClient", "AsyncWebClient"])
def call(request: pytest.FixtureRequest, box: Sandbox) -> Calls:
    """Calls a method, by the client that waits in a thread, or by the one of asyncio."""
    if request.param == "WebClient":
        client = WebClient(token=box.bot_token, base_url=box.api_url)
        return lambda method, /, **given: asyncio.to_thread(getattr(client, method), **given)
    other = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
    return lambda method, /, **given: getattr(other, method)(**given)


async def test_who_am_i(box: Sandbox, call: Calls):
    assert (await call("api_test", foo="bar"))["args"]["foo"] == "bar"
    me = await call("auth_test")
    for field in ("url", "user", "user_id", "team", "team_id", "bot_id"):
        assert me[field]
    assert (await call("bots_info", bot=me["bot_id"]))["bot"]["user_id"] == me["user_id"]
    assert (await call("team_info"))["team"]["id"] == me["team_id"]
    assert (await call("users_info", user=me["user_id"]))["user"]["is_bot"] is True


async def test_the_life_of_a_message(call: Calls, channel: str):
    url = (await call("auth_test"))["url"]
    text = "Posted by <https://docs.slack.dev/tools/python-slack-sdk|python-slack-sdk>!"
    posted = await call("chat_postMessage", channel=channel, text=text)
    assert posted["message"]["text"] == text
    ts = posted["ts"]
    link = await call("chat_getPermalink", channel=channel, message_ts=ts)
    assert link["permalink"].startswith(f"{url}archives/{channel}/")

    await call("reactions_add", channel=channel, timestamp=ts, name="eyes")
    found = await call("reactions_get", channel=channel, timestamp=ts)
    assert [r["name"] for r in found["message"]["reactions"]] == ["eyes"]
    await call("reactions_remove", channel=channel, timestamp=ts, name="eyes")
    await call("pins_add", channel=channel, timestamp=ts)
    pinned = await call("pins_list", channel=channel)
    assert [item["message"]["ts"] for item in pinned["items"]] == [ts]
    await call("pins_remove", channel=channel, timestamp=ts)

    reply = await call("chat_postMessage", channel=channel, thread_ts=ts, text="threading…")
    changed = await call("chat_update", channel=channel, ts=ts, text="Is this intentional?")
    assert changed["text"] == "Is this intentional?"
    thread = await call("conversations_replies", channel=channel, ts=ts)
    assert [m["ts"] for m in thread["messages"]] == [ts, reply["ts"]]
    await call("chat_delete", channel=channel, ts=reply["ts"])
    await call("chat_delete", channel=channel, ts=ts)
    assert (await call("conversations_history", channel=channel))["messages"] == []


@pytest.mark.parametrize("flag", [1, "true", True])
async def test_flags_of_every_kind(call: Calls, flag: object):
    assert (await call("conversations_list", exclude_archived=flag))["channels"]


async def test_answers_are_iterators_over_pages(box: Sandbox):
    client = WebClient(token=box.bot_token, base_url=box.api_url)

    def names() -> list[str]:
        pages = client.conversations_list(limit=1, exclude_archived=1, types="public_channel")
        return [channel["name"] for page in pages for channel in page["channels"]]

    assert await asyncio.to_thread(names) == ["general", CHANNEL]
    other = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
    found = [
        channel["name"]
        async for page in await other.conversations_list(limit=1, types="public_channel")
        for channel in page["channels"]
    ]
    assert found == ["general", CHANNEL]


@pytest.mark.parametrize(
    "given",
    [
        {"file": MANIFEST, "title": "A path"},
        {"file": str(MANIFEST), "title": "The name of a file"},
        {"file": BytesIO(b"This is a test!"), "filename": "test.txt", "title": "A stream"},
        {"content": b"\x89PNG\r\n\x1a\n\0", "filename": "logo.png", "title": "Bytes"},
        {
            "file_uploads": [
                {"file": str(MANIFEST), "title": "One"},
                {"content": "Hi there!", "title": "Two", "filename": "hi-there.txt"},
            ],
            "initial_comment": "Here are files :wave:",
        },
    ],
    ids=lambda given: given.get("title", "several"),
)
async def test_files_are_uploaded(box: Sandbox, call: Calls, channel: str, given: dict[str, Any]):
    if isinstance(given.get("file"), BytesIO):
        given = {**given, "file": BytesIO(given["file"].getvalue())}
    uploaded = await call("files_upload_v2", channel=channel, **given)
    assert all(file["id"] and file["title"] for file in uploaded["files"])
    (message,) = (await call("conversations_history", channel=channel))["messages"]
    assert [f["id"] for f in message["files"]] == [f["id"] for f in uploaded["files"]]
    file = uploaded["files"][0]["id"]
    assert (await call("files_info", file=file))["file"]["id"] == file
    await call("files_delete", file=file)
    (message,) = (await call("conversations_history", channel=channel))["messages"]
    assert message["files"][0]["mode"] == "tombstone"


@pytest.mark.parametrize("as_model", [False, True])
async def test_metadata_comes_back(call: Calls, channel: str, as_model: bool):
    payload = {"id": "11111", "amount": 5000, "tags": ["foo", "bar", "baz"]}
    model = Metadata(event_type="procurement-task", event_payload=payload)
    metadata = model if as_model else model.to_dict()
    posted = await call("chat_postMessage", channel=channel, text="A task", metadata=metadata)
    assert posted.get("warning") is None
    assert posted["message"]["metadata"]["event_payload"] == payload
    page = await call("conversations_history", channel=channel, include_all_metadata=True)
    assert page["messages"][0]["metadata"]["event_type"] == "procurement-task"
    changed = await call(
        "chat_update", channel=channel, ts=posted["ts"], text="Another", metadata=metadata
    )
    assert changed["message"]["metadata"]["event_payload"] == payload


async def test_entities_are_taken(call: Calls, channel: str):
    entity = {
        "entity_type": "slack#/entities/task",
        "url": "https://tasks.example/123",
        "external_ref": {"id": "123"},
        "entity_payload": {"attributes": {"title": {"text": "A task"}}},
    }
    posted = await call(
        "chat_postMessage", channel=channel, text="A task", metadata={"entities": [entity]}
    )
    assert posted.get("warning") is None


async def test_conversations_are_opened_and_made(box: Sandbox, call: Calls):
    mirela = box.person("mirela")
    opened = await call("conversations_open", users=mirela.id, return_im=True)
    im = opened["channel"]["id"]
    said = await call("chat_postMessage", channel=im, text="Hello")
    assert said["channel"] == im
    assert (await call("chat_postMessage", channel=mirela.id, text="Again"))["channel"] == im
    made = await call("conversations_create", name="not-for-all", is_private=True)
    assert made["channel"]["is_private"] is True
    listed = await call("conversations_list", types="private_channel,public_channel")
    assert "not-for-all" in [c["name"] for c in listed["channels"]]


async def test_a_rate_limit_says_when_and_a_handler_waits(box: Sandbox, channel: str):
    box.faults.calls.append(CallFault("auth.test", "ratelimited", 1, retry_after=1))
    client = WebClient(token=box.bot_token, base_url=box.api_url, retry_handlers=[])
    with pytest.raises(SlackApiError) as refused:
        await asyncio.to_thread(client.auth_test)
    assert refused.value.response.headers["Retry-After"] == "1"
    assert refused.value.response["error"] == "ratelimited"

    box.faults.calls.append(CallFault("auth.test", "ratelimited", 1, retry_after=1))
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    assert (await asyncio.to_thread(client.auth_test))["ok"]


# --- Socket Mode -----------------------------------------------------------------------------

FORM = View(
    type="modal",
    callback_id="hello-modal",
    title="Greetings!",
    submit="Good Bye",
    blocks=[
        InputBlock(block_id="b", label="To whom?", element=PlainTextInputElement(action_id="whom")),
        ActionsBlock(elements=[ButtonElement(action_id="more", text="More", value="1")]),
    ],
)


def answer(request: SocketModeRequest, web: Any) -> tuple[SocketModeResponse, list[Any]]:
    """What the samples for Socket Mode do: the acknowledgement, and calls to make."""
    payload, response = request.payload, SocketModeResponse(envelope_id=request.envelope_id)
    if request.type == "events_api" and payload["event"]["type"] == "app_mention":
        event = payload["event"]
        return response, [
            (web.reactions_add, {"name": "eyes", "channel": event["channel"], "timestamp": event["ts"]})
        ]  # fmt: skip
    if request.type == "slash_commands":
        response = SocketModeResponse(request.envelope_id, payload={"text": "Hello!"})
        return response, []
    if payload["type"] == "shortcut":
        return response, [(web.views_open, {"trigger_id": payload["trigger_id"], "view": FORM})]
    if payload["type"] == "view_submission":
        errors = {"response_action": "errors", "errors": {"b": "Nobody of that name"}}
        return SocketModeResponse(request.envelope_id, payload=errors), []
    return response, []


async def _builtin(box: Sandbox) -> Callable[[], Awaitable[None]]:
    web = WebClient(token=box.bot_token, base_url=box.api_url)
    app = WebClient(base_url=box.api_url)
    client = SocketModeClient(app_token=box.app_token, web_client=app)

    def listen(client: Any, request: SocketModeRequest) -> None:
        response, calls = answer(request, web)
        client.send_socket_mode_response(response)
        for method, given in calls:
            method(**given)

    client.socket_mode_request_listeners.append(listen)
    await asyncio.to_thread(client.connect)
    return lambda: asyncio.to_thread(client.close)


async def _asynchronous(box: Sandbox, kind: type[Any]) -> Callable[[], Awaitable[None]]:
    web = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
    app = AsyncWebClient(base_url=box.api_url)
    client = kind(app_token=box.app_token, web_client=app)

    async def listen(client: Any, request: SocketModeRequest) -> None:
        response, calls = answer(request, web)
        await client.send_socket_mode_response(response)
        for method, given in calls:
            await method(**given)

    client.socket_mode_request_listeners.append(listen)
    await client.connect()
    return client.close  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "kind", [pytest.param("builtin", marks=pytest.mark.slow), "aiohttp", "websockets"]
)
async def test_every_client_of_socket_mode(box: Sandbox, channel: str, kind: str):
    if kind == "builtin":
        close = await _builtin(box)
    else:
        close = await _asynchronous(box, AiohttpClient if kind == "aiohttp" else WebsocketsClient)
    try:
        await until(lambda: box.dispatcher.sockets)
        mirela = box.person("mirela")
        posted = mirela.post(CHANNEL, f"<@{box.workspace.bot.user_id}> hello")
        await until(lambda: posted.reactions)
        assert (await mirela.command("/hello-socket-mode", "", CHANNEL)).acknowledged
        assert [n.text for n in box.workspace.notes_for(mirela.id, channel)] == ["Hello!"]
        assert (await mirela.shortcut("socket-mode-shortcut")).acknowledged
        await until(lambda: box.surfaces.top(mirela.id))
        assert (await mirela.act("more")).acknowledged
        outcome = await mirela.submit({"whom": "Nemo"})
        assert outcome.errors == {"b": "Nobody of that name"}

        old = tuple(box.dispatcher.sockets)
        box.dispatcher.ask_to_reconnect("refresh_requested", seconds=0.5)
        await until(lambda: box.dispatcher.sockets and not set(old) & set(box.dispatcher.sockets))
        posted = mirela.post(CHANNEL, f"<@{box.workspace.bot.user_id}> and now?")
        await until(lambda: posted.reactions)
        await box.settle()
        assert not box.dispatcher.lost
    finally:
        await close()


async def test_a_response_url_is_a_webhook(box: Sandbox, channel: str):
    mirela = box.person("mirela")
    webhook = WebhookClient(box.surfaces.response_url(channel, mirela.id))
    answered = await asyncio.to_thread(webhook.send, text="Only you see this")
    assert answered.status_code == 200
    assert [n.text for n in box.workspace.notes_for(mirela.id, channel)] == ["Only you see this"]

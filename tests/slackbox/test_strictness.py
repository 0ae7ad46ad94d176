"""How Slack takes a call: what it ignores, what it warns of, and what it only says in words."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from typing import Any

import aiohttp
import pytest
from slack_sdk.web import client as slack_client
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.errors import COMMON, FIELD_SEEN, Refusal
from slackbox.methods import METHODS
from slackbox.methods.absent import ABSENT, is_absent
from slackbox.model import Json
from slackbox.server import Sandbox
from tests.conftest import ROOT
from tests.slackbox.conftest import refusal

NO_CHARSET = (
    "[WARN] A Content-Type HTTP header was presented but did not declare a charset, "
    "such as a 'utf-8'"
)
FORM = "application/x-www-form-urlencoded"


async def call(box: Sandbox, method: str, data: Any, content_type: str | None = None) -> Json:
    headers = {"Authorization": f"Bearer {box.bot_token}"}
    if content_type is not None:
        headers["Content-Type"] = content_type
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{box.api_url}{method}", data=data) as response,
    ):
        assert response.status == 200
        answer: Json = await response.json()
        return answer


async def wire(box: Sandbox) -> list[Json]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{box.control_url}wire") as response,
    ):
        assert response.status == 200
        entries: list[Json] = await response.json()
        return entries


async def test_an_unknown_argument_is_ignored_and_noted(
    box: Sandbox, client: AsyncWebClient, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    question = await client.chat_postMessage(channel=channel, text="Why?")
    answer = await client.api_call(
        "chat.postMessage", json={"channel": channel, "text": "x", "thread_id": question["ts"]}
    )
    assert "thread_ts" not in answer["message"], "as with Slack, it is no reply"
    assert "warning" not in answer
    assert box.api.ignored == {("chat.postMessage", "thread_id")}
    assert "chat.postMessage ignores thread_id" in caplog.text


@pytest.mark.parametrize(
    ("content_type", "warning", "messages"),
    [
        ("application/json; charset=utf-8", None, None),
        ("application/json;charset=UTF-8", None, None),
        ("application/json", "missing_charset", [NO_CHARSET]),
        (FORM, None, None),
        (f"{FORM}; charset=utf-8", "superfluous_charset", None),
    ],
)
async def test_warnings_of_the_charset(
    box: Sandbox, channel: str, content_type: str, warning: str | None, messages: list[str] | None
) -> None:
    for text, ok in (("x", True), ("", False)):
        given = {"channel": channel, "text": text}
        data = json.dumps(given) if "json" in content_type else f"channel={channel}&text={text}"
        answer = await call(box, "chat.postMessage", data, content_type)
        assert answer["ok"] is ok
        assert answer.get("warning") == warning
        metadata = answer.get("response_metadata", {})
        assert metadata.get("warnings") == ([warning] if warning else None)
        assert metadata.get("messages") == messages


async def test_a_multipart_call_is_readable_on_the_wire(box: Sandbox, channel: str) -> None:
    form = aiohttp.FormData()
    form.add_field("channel", channel)
    form.add_field("text", "größer".encode(), filename="text.txt", content_type="text/plain")
    form.add_field("broken", b"\xff\x00", filename="x.bin")
    answer = await call(box, "chat.postMessage", form)
    assert answer["message"]["text"] == "größer"
    [request] = [e for e in await wire(box) if e["kind"] == "request"]
    assert request["args"] == {"channel": channel, "text": "größer", "broken": "\ufffd\0"}


@pytest.mark.parametrize(
    "body", [b'{"text": "\\ud800"}', b'{"text": NaN}', b"[" * 100_000, b"\xff", b'{"a": 1e999}']
)
async def test_no_body_breaks_the_wire(box: Sandbox, body: bytes) -> None:
    await call(box, "chat.postMessage", body, "application/json; charset=utf-8")
    assert [e["kind"] for e in await wire(box)][-1] == "answer"


async def test_limits(client: AsyncWebClient, channel: str) -> None:
    for _ in range(2):
        await client.chat_postMessage(channel=channel, text="x")
    # More than 999 messages a page are asked for by many programs; Slack gives 999.
    for limit in (1, 999, 1000, 5000):
        answer = await client.conversations_history(channel=channel, limit=limit)
        assert len(answer["messages"]) == min(limit, 2)
    await client.conversations_list(limit=999)
    await client.users_list(limit=999)


async def test_markdown_text_is_a_block_of_its_own(client: AsyncWebClient, channel: str) -> None:
    answer = await client.chat_postMessage(channel=channel, markdown_text="**Why?**")
    assert answer["message"]["text"] == "**Why?**"
    assert [block["type"] for block in answer["message"]["blocks"]] == ["markdown"]
    changed = await client.chat_update(channel=channel, ts=answer["ts"], markdown_text="*How?*")
    assert changed["message"]["blocks"][0]["text"] == "*How?*"


async def test_methods_that_only_slack_has(client: AsyncWebClient) -> None:
    for method in ("chat.scheduleMessage", "files.remote.add", "admin.users.list"):
        answer = await refusal(client.api_call(method))
        assert answer["error"] == "unknown_method"
        assert answer["req_method"] == method
        messages = answer["response_metadata"]["messages"]
        assert messages == ["[ERROR] Slack has this method, the sandbox does not"]
    answer = await refusal(client.api_call("chat.sendMessage"))
    assert answer["error"] == "unknown_method"
    assert "response_metadata" not in answer


def test_every_method_of_the_client_is_there_or_known_to_be_absent() -> None:
    source = inspect.getsource(slack_client)
    names = set(re.findall(r'api_call\(\s*"([\w.]+)"', source))
    assert len(names) > 200
    assert {name for name in names if name not in METHODS and not is_absent(name)} == set()
    assert not ABSENT & set(METHODS)


def test_the_document_lists_the_absent_methods() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    table = text.partition("## Methods it does not have")[2].partition("\n## ")[0]
    listed = {
        f"{family}.{name}"
        for family, names in re.findall(r"^\| `([\w.]+)` \| (.*) \|$", table, re.M)
        for name in names.split(", ")
    }
    assert listed == ABSENT


def test_codes_seen_in_the_field_have_a_source_and_a_use() -> None:
    for (method, code), source in FIELD_SEEN.items():
        assert source.startswith("https://github.com/")
        assert code in COMMON if method == "*" else code in METHODS[method].errors


async def test_a_code_that_a_method_does_not_declare_is_a_fault_of_the_sandbox(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_call: Any) -> Json:
        raise Refusal("user_not_found")

    name = "chat.getPermalink"
    monkeypatch.setitem(METHODS, name, dataclasses.replace(METHODS[name], run=refuse))
    headers = {"Authorization": f"Bearer {box.bot_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{box.api_url}{name}") as response,
    ):
        assert response.status == 500

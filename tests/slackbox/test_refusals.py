"""What the Web API refuses, and with which of Slack's codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.manifest import load
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, MANIFEST, client_of, refusal

Arguments = Callable[["Scene"], dict[str, Any]]


class Scene:
    """What the arguments of a call can name."""

    def __init__(self, box: Sandbox):
        workspace = box.workspace
        self.channel = workspace.channel(CHANNEL).id
        self.outside = workspace.channel("general").id
        self.hidden = workspace.add_channel("hidden", "ines", is_private=True).id
        self.private = workspace.channel("organizers").id
        self.mine = workspace.post(workspace.channel(CHANNEL), "mine", bot=workspace.bot).ts
        archived = workspace.add_channel("old", "ines", members=[workspace.bot.user_id])
        self.old_ts = box.person("ines").post("old", "then").ts
        self.said = workspace.post(archived, "said", bot=workspace.bot).ts
        workspace.archive(archived, workspace.member("ines").id)
        self.archived = archived.id
        self.person = workspace.member("mirela").id
        self.outsider = workspace.add_person("Noor Aldine", "noor").id
        self.bot = workspace.bot.user_id
        mirela = box.person("mirela")
        self.question = mirela.post(CHANNEL, "Why?").ts
        mirela.react(CHANNEL, self.question, "eyes")
        gone = mirela.post(CHANNEL, "oops")
        mirela.delete(CHANNEL, gone.ts)
        self.gone = gone.ts
        guest = workspace.add_person("Pia Lund", "pia")
        joined = workspace.join(workspace.channel(CHANNEL), guest.id)
        assert joined is not None
        self.joined = joined.ts


POST = "chat.postMessage"

CASES: list[tuple[str, Arguments, str]] = [
    ("no.such", lambda s: {}, "unknown_method"),
    ("conversations.kick", lambda s: {"channel": s.channel}, "unknown_method"),
    ("apps.connections.open", lambda s: {}, "not_allowed_token_type"),
    (POST, lambda s: {"text": "x"}, "invalid_arguments"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "a b": 1}, "invalid_arg_name"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "x" * 101: 1}, "invalid_arg_name"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "blocks[0]": 1}, "invalid_array_arg"),
    (POST, lambda s: {"channel": s.channel, "markdown_text": "x", "text": "x"},
     "markdown_text_conflict"),
    (POST, lambda s: {"channel": "C0000000000", "text": "x"}, "channel_not_found"),
    (POST, lambda s: {"channel": s.hidden, "text": "x"}, "channel_not_found"),
    (POST, lambda s: {"channel": s.outside, "text": "x"}, "not_in_channel"),
    (POST, lambda s: {"channel": s.archived, "text": "x"}, "is_archived"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "as_user": True},
     "as_user_not_supported"),
    (POST, lambda s: {"channel": s.channel}, "no_text"),
    (POST, lambda s: {"channel": s.channel, "text": "  "}, "no_text"),
    (POST, lambda s: {"channel": s.channel, "blocks": []}, "no_text"),
    (POST, lambda s: {"channel": s.channel, "blocks": "[{"}, "invalid_blocks_format"),
    (POST, lambda s: {"channel": s.channel, "blocks": {}}, "invalid_blocks_format"),
    (POST, lambda s: {"channel": s.channel, "blocks": [{"type": "x"}]}, "invalid_blocks"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "thread_ts": "1.0"}, "thread_not_found"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "thread_ts": s.gone}, "thread_not_found"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "thread_ts": s.joined},
     "cannot_reply_to_message"),
    ("pins.add", lambda s: {"channel": s.channel, "timestamp": s.joined}, "not_pinnable"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "attachments": "{}"},
     "invalid_attachments"),
    (POST, lambda s: {"channel": s.channel, "attachments": [{"text": "x"}] * 101},
     "too_many_attachments"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "metadata": "nonsense"},
     "invalid_metadata_format"),
    (POST, lambda s: {"channel": s.channel, "text": "x", "metadata": {"event_type": "a"}},
     "invalid_metadata_schema"),
    (POST, lambda s: {"channel": s.channel, "text": "x",
                      "metadata": {"event_type": "a", "event_payload": {"k": "v" * 9000}}},
     "metadata_too_large"),
    (POST, lambda s: {"channel": s.channel, "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5},
     "msg_blocks_too_long"),
    (POST, lambda s: {"channel": s.bot, "text": "x"}, "cannot_dm_bot"),
    ("chat.update", lambda s: {"channel": s.channel, "ts": "1.0", "text": "x"},
     "message_not_found"),
    ("chat.update", lambda s: {"channel": s.channel, "ts": s.question, "text": "x"},
     "cant_update_message"),
    ("chat.update", lambda s: {"channel": s.channel, "ts": s.mine, "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5},
     "msg_too_long"),
    ("chat.update", lambda s: {"channel": s.channel, "ts": s.mine, "text": "x",
                               "reply_broadcast": True}, "cant_broadcast_message"),
    ("chat.update", lambda s: {"channel": s.channel, "ts": s.mine, "text": "x",
                               "file_ids": ["F000"]}, "file_not_found"),
    ("chat.update", lambda s: {"channel": s.channel, "ts": s.mine, "text": "x", "as_user": True},
     "as_user_not_supported"),
    ("chat.delete", lambda s: {"channel": s.channel, "ts": s.question}, "cant_delete_message"),
    ("chat.delete", lambda s: {"channel": s.channel, "ts": s.gone}, "message_not_found"),
    ("chat.delete", lambda s: {"channel": s.channel}, "invalid_arguments"),
    ("chat.postEphemeral", lambda s: {"channel": s.channel, "user": s.outsider, "text": "x"},
     "user_not_in_channel"),
    ("chat.postEphemeral", lambda s: {"channel": s.outside, "user": s.person, "text": "x"},
     "not_in_channel"),
    ("chat.postEphemeral", lambda s: {"channel": s.channel, "user": s.person}, "no_text"),
    ("chat.postEphemeral", lambda s: {"channel": s.channel, "text": "x"}, "invalid_arguments"),
    ("chat.getPermalink", lambda s: {"channel": s.channel, "message_ts": s.gone},
     "message_not_found"),
    ("conversations.info", lambda s: {"channel": s.hidden}, "channel_not_found"),
    ("conversations.info", lambda s: {}, "invalid_arguments"),
    ("conversations.list", lambda s: {"types": "secret_channel"}, "invalid_types"),
    ("conversations.list", lambda s: {"types": "mpim"}, "missing_scope"),
    ("conversations.list", lambda s: {"cursor": "nonsense"}, "invalid_cursor"),
    ("conversations.list", lambda s: {"limit": 1000}, "invalid_limit"),
    ("conversations.members", lambda s: {"channel": s.channel, "limit": 1000}, "invalid_limit"),
    ("users.conversations", lambda s: {"limit": 1000}, "invalid_limit"),
    ("users.list", lambda s: {"limit": 1000}, "invalid_arguments"),
    ("conversations.list", lambda s: {"limit": "many"}, "invalid_arguments"),
    ("conversations.members", lambda s: {"channel": "C0000000000"}, "channel_not_found"),
    ("conversations.join", lambda s: {"channel": s.archived}, "is_archived"),
    ("conversations.join", lambda s: {"channel": s.private},
     "method_not_supported_for_channel_type"),
    ("conversations.join", lambda s: {"channel": s.hidden}, "channel_not_found"),
    ("conversations.history", lambda s: {"channel": s.outside}, "not_in_channel"),
    ("conversations.history", lambda s: {"channel": s.channel, "limit": -1}, "invalid_arguments"),
    ("conversations.history", lambda s: {"channel": s.channel, "oldest": "then"},
     "invalid_ts_oldest"),
    ("conversations.history", lambda s: {"channel": s.channel, "latest": "then"},
     "invalid_ts_latest"),
    ("conversations.history", lambda s: {"channel": s.channel, "cursor": "bm9uc2Vuc2U="},
     "invalid_cursor"),
    ("conversations.replies", lambda s: {"channel": s.channel, "ts": s.gone}, "thread_not_found"),
    ("conversations.replies", lambda s: {"channel": s.channel}, "invalid_arguments"),
    ("conversations.replies", lambda s: {"channel": s.outside, "ts": "1.0"}, "channel_not_found"),
    ("conversations.open", lambda s: {}, "users_list_not_supplied"),
    ("conversations.open", lambda s: {"users": "U000"}, "user_not_found"),
    ("conversations.open", lambda s: {"users": s.bot}, "cannot_dm_bot"),
    ("conversations.open", lambda s: {"users": f"{s.person},{s.outsider}"}, "missing_scope"),
    ("conversations.leave", lambda s: {"channel": s.channel}, "missing_scope"),
    ("conversations.create", lambda s: {"name": "x"}, "missing_scope"),
    ("conversations.setTopic", lambda s: {"channel": s.outside, "topic": "x"}, "not_in_channel"),
    ("conversations.setTopic", lambda s: {"channel": s.channel, "topic": "x" * 251}, "too_long"),
    ("conversations.setTopic", lambda s: {"channel": s.private, "topic": "x"}, "missing_scope"),
    ("users.info", lambda s: {"user": "U000"}, "user_not_found"),
    ("users.info", lambda s: {}, "invalid_arguments"),
    ("users.lookupByEmail", lambda s: {"email": "a@b.example"}, "missing_scope"),
    ("reactions.add", lambda s: {"channel": s.channel, "name": "eyes"}, "no_item_specified"),
    ("reactions.add", lambda s: {"channel": s.channel, "timestamp": s.gone, "name": "eyes"},
     "message_not_found"),
    ("reactions.add", lambda s: {"channel": s.channel, "timestamp": s.question, "name": "no way"},
     "invalid_name"),
    ("reactions.add", lambda s: {"channel": s.outside, "timestamp": "1.0", "name": "eyes"},
     "not_in_channel"),
    ("reactions.add", lambda s: {"channel": s.archived, "timestamp": s.old_ts, "name": "eyes"},
     "is_archived"),
    ("reactions.remove", lambda s: {"channel": s.channel, "timestamp": s.question, "name": "eyes"},
     "no_reaction"),
    ("reactions.remove", lambda s: {"channel": s.archived, "timestamp": s.old_ts, "name": "eyes"},
     "no_access"),
    ("pins.add", lambda s: {"channel": s.archived, "timestamp": s.said}, "restricted_action"),
    ("pins.remove", lambda s: {"channel": s.archived, "timestamp": s.said}, "restricted_action"),
    ("pins.remove", lambda s: {"channel": s.outside, "timestamp": "1.0"}, "channel_not_found"),
    ("pins.list", lambda s: {"channel": s.outside}, "channel_not_found"),
    ("users.conversations", lambda s: {"user": "U000"}, "invalid_arguments"),
    ("reactions.get", lambda s: {"channel": s.channel, "timestamp": "1.0"}, "message_not_found"),
    ("pins.add", lambda s: {"channel": s.channel, "timestamp": "then"}, "bad_timestamp"),
    ("reactions.add", lambda s: {"channel": s.channel, "timestamp": "-1", "name": "eyes"},
     "bad_timestamp"),
    ("chat.update", lambda s: {"channel": s.archived, "ts": s.said, "text": "x"}, "is_inactive"),
    ("chat.delete", lambda s: {"channel": s.archived, "ts": s.said}, "cant_delete_message"),
    ("pins.add", lambda s: {"channel": s.channel}, "no_item_specified"),
    ("pins.add", lambda s: {"channel": s.channel, "timestamp": s.gone}, "message_not_found"),
    ("pins.add", lambda s: {"channel": s.outside, "timestamp": "1.0"}, "not_in_channel"),
    ("pins.remove", lambda s: {"channel": s.channel, "timestamp": s.question}, "no_pin"),
    ("views.open", lambda s: {"view": {"type": "modal"}}, "invalid_arguments"),
    ("views.open", lambda s: {"trigger_id": "1.2.3", "view": {}}, "invalid_trigger_id"),
    ("views.update", lambda s: {"view_id": "V000", "view": {}}, "not_found"),
    ("views.update", lambda s: {"view": {}}, "invalid_arguments"),
    ("views.publish", lambda s: {"user_id": "U000", "view": {"type": "home", "blocks": []}},
     "invalid_arguments"),
    ("views.publish", lambda s: {"user_id": s.person, "view": {"type": "modal", "blocks": []}},
     "invalid_arguments"),
    ("files.getUploadURLExternal", lambda s: {"filename": "x"}, "invalid_arguments"),
    ("files.completeUploadExternal", lambda s: {"files": [{"id": "F000"}]}, "file_not_found"),
    ("files.info", lambda s: {"file": "F000"}, "file_not_found"),
    ("bots.info", lambda s: {"bot": "B000"}, "bot_not_found"),
    ("team.info", lambda s: {"team": "T000"}, "team_not_found"),
]  # fmt: skip

READS = {"bots.info", "team.info", "users.info", "users.lookupByEmail", "conversations.list",
         "users.list", "users.conversations", "pins.list",
         "conversations.info", "conversations.members", "reactions.get", "files.info",
         "chat.getPermalink"}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    CASES,
    ids=[f"{m} {e} {i}" for i, (m, _, e) in enumerate(CASES)],
)
async def test_refused(
    box: Sandbox, client: AsyncWebClient, method: str, arguments: Arguments, error: str
):
    given = arguments(Scene(box))
    if method in READS:
        answer = await refusal(client.api_call(method, params=given))
    else:
        answer = await refusal(client.api_call(method, json=given))
    assert answer["ok"] is False
    assert answer["error"] == error
    if error == "missing_scope":
        assert answer["needed"]
        assert answer["provided"].split(",") == list(box.manifest.scopes)


async def test_already(box: Sandbox, client: AsyncWebClient, channel: str):
    said = await client.chat_postMessage(channel=channel, text="x")
    item = {"channel": channel, "timestamp": said["ts"]}
    await client.reactions_add(name="eyes", **item)
    assert (await refusal(client.reactions_add(name="eyes", **item)))["error"] == "already_reacted"
    await client.pins_add(**item)
    assert (await refusal(client.pins_add(**item)))["error"] == "already_pinned"
    joined = await client.conversations_join(channel=channel)
    assert joined["warning"] == "already_in_channel"


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-1-2-3", "invalid_auth"), ("nonsense", "invalid_auth")],
)
async def test_tokens(box: Sandbox, token: str, error: str):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{box.api_url}auth.test", data={"token": token}) as response,
    ):
        assert (await response.json())["error"] == error


async def test_an_app_token_does_not_speak(box: Sandbox):
    client = client_of(box, box.app_token)
    assert (await refusal(client.users_list()))["error"] == "not_allowed_token_type"
    known = await client.auth_test()
    assert (known["app_id"], known["app_name"]) == (box.workspace.app_id, box.manifest.name)
    assert "user_id" not in known
    assert (await client.apps_connections_open(app_token=box.app_token))["url"].startswith(
        "ws://127."
    )


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"x", "text/plain", "invalid_post_type"),
        # Read methods take no JSON: what is in it was not given.
        (b'{"user": "U000"}', "application/json", "invalid_arguments"),
        # A token in a JSON body is no token.
        (b'{"token": "xoxb-1"}', "application/json", "not_authed"),
    ],
)
async def test_bodies(box: Sandbox, body: bytes, content_type: str, error: str):
    headers = {"Content-Type": content_type}
    if error != "not_authed":
        headers["Authorization"] = f"Bearer {box.bot_token}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{box.api_url}users.info", data=body, headers=headers) as response,
    ):
        assert response.status == 200
        assert (await response.json())["error"] == error


async def test_arguments_in_query_and_form(box: Sandbox, channel: str):
    headers = {"Authorization": f"Bearer {box.bot_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{box.api_url}conversations.info?channel={channel}") as response:
            assert (await response.json())["channel"]["id"] == channel
        form = {"channel": channel, "text": "x", "blocks": '[{"type": "divider"}]'}
        async with session.post(f"{box.api_url}chat.postMessage", data=form) as response:
            assert (await response.json())["message"]["blocks"][0]["type"] == "divider"


def without(*scopes: str) -> Any:
    manifest = load(MANIFEST)
    kept = tuple(scope for scope in manifest.scopes if scope not in scopes)
    return dataclasses.replace(manifest, scopes=kept)


@pytest.mark.parametrize(
    ("scope", "method", "arguments"),
    [
        ("chat:write", POST, {"text": "x"}),
        ("chat:write.customize", POST, {"text": "x", "username": "Somebody"}),
        ("channels:history", "conversations.history", {}),
        ("channels:join", "conversations.join", {}),
        ("reactions:write", "reactions.add", {"name": "eyes", "timestamp": "1.0"}),
        ("pins:write", "pins.add", {"timestamp": "1.0"}),
        ("users:read", "users.list", None),
        ("emoji:read", "emoji.list", None),
        ("usergroups:read", "usergroups.list", None),
        ("im:write", "conversations.open", None),
        ("files:write", "files.getUploadURLExternal", None),
    ],
)
async def test_missing_scopes(scope: str, method: str, arguments: dict[str, Any] | None):
    async with Sandbox(without(scope)) as box:
        given = dict(arguments or {})
        if arguments is not None:
            given["channel"] = box.workspace.channel(CHANNEL).id
        if method == "conversations.open":
            given["users"] = box.workspace.member("mirela").id
        answer = await refusal(client_of(box).api_call(method, params=given))
        assert answer["error"] == "missing_scope"
        assert scope in answer["needed"].split(",")
        assert scope not in answer["provided"].split(",")


async def test_reasons_point_into_the_blocks(client: AsyncWebClient, channel: str):
    blocks = [
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
    ]
    answer = await refusal(client.chat_postMessage(channel=channel, text="x", blocks=blocks))
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    ]


async def test_a_picture_that_cannot_be_loaded(box: Sandbox, client: AsyncWebClient, channel: str):
    blocks = [{"type": "image", "image_url": "https://gone.example/x.png", "alt_text": "x"}]
    await client.chat_postMessage(channel=channel, text="x", blocks=blocks)
    box.workspace.bad_pictures.add("https://gone.example/")
    answer = await refusal(client.chat_postMessage(channel=channel, text="x", blocks=blocks))
    assert answer["error"] == "invalid_blocks"
    assert "downloading image failed" in answer["response_metadata"]["messages"][0]

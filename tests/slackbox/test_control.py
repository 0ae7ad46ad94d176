"""Test control over HTTP: the typed client, acts, the truth, the feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.acts import ACTS
from slackbox.client import Control
from slackbox.errors import Refusal
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, Told, client_of
from tests.waiting import until


@pytest.fixture
async def control(box: Sandbox) -> AsyncIterator[Control]:
    async with Control(box.control_url) as running:
        yield running


async def test_what_the_bot_needs_to_connect(box: Sandbox, control: Control):
    info = await control.info()
    assert info["bot_token"] == box.bot_token
    assert info["api_url"] == box.api_url
    assert info["acts"] == sorted(ACTS)
    # The bot's own port knows nothing of the control.
    async with aiohttp.ClientSession() as session:
        for path in ("../workspace", "../act/post", "../wire"):
            async with session.get(box.api_url + path) as response:
                assert response.status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example:80"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_pages_of_others_have_no_say(box: Sandbox, headers: dict[str, str], status: int):
    async with aiohttp.ClientSession() as session:
        async with session.get(box.control_url, headers=headers) as response:
            assert response.status == status
        if "Host" not in headers:
            own = {"Origin": box.control_url.rstrip("/")}
            async with session.get(box.control_url, headers=own) as response:
                assert response.status == 200
        async with session.get(f"{box.api_url}api.test", headers=headers) as response:
            assert response.status == status
        if status == 403:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(box.surfaces.socket_url(), headers=headers)


async def test_people_act(box: Sandbox, control: Control, told: Told):
    noor = await control.add_person("Noor Aldine", "noor", name="noor", channels=[CHANNEL])
    person = control.person("noor")
    posted = await person.post(CHANNEL, "Why?")
    reply = await person.post(CHANNEL, "Ah", thread_ts=posted.ts, broadcast=True)
    await person.react(CHANNEL, posted.ts, "eyes")
    await person.unreact(CHANNEL, posted.ts, "eyes")
    await person.edit(CHANNEL, posted.ts, "Why though?")
    await person.delete(CHANNEL, reply.ts)
    await person.change(display_name="Noor A.")
    bot = await control.bot_post("Weather", CHANNEL, "Rain")
    await control.settle()
    heard = [(e["type"], e.get("subtype")) for e in await told.all()]
    assert ("message", "thread_broadcast") in heard
    assert ("reaction_removed", None) in heard
    assert ("user_change", None) in heard
    channel = await control.channel(CHANNEL)
    texts = [m["text"] for m in channel["messages"] if m["user"] == noor and "subtype" not in m]
    assert texts == ["Why though?"]
    assert [m["text"] for m in channel["deleted"]] == ["Ah"]
    assert channel["deleted"][0]["deleted_at"] > reply.ts
    assert channel["messages"][-1]["ts"] == bot.ts


async def test_refusals_come_back_as_they_are(control: Control):
    mirela = control.person("mirela")
    with pytest.raises(Refusal, match="channel_not_found"):
        await mirela.post("nowhere", "x")
    with pytest.raises(Refusal, match="user_not_found"):
        await control.person("nobody").post(CHANNEL, "x")
    with pytest.raises(Refusal, match="unknown_act"):
        await control.act("dance")
    with pytest.raises(Refusal, match="unknown: colour"):
        await control.act("post", person="mirela", channel=CHANNEL, text="x", colour="red")
    with pytest.raises(Refusal, match="text must be text"):
        await control.act("post", person="mirela", channel=CHANNEL, text=5)
    with pytest.raises(Refusal, match="not_in_channel"):
        await mirela.post("organizers", "x")
    with pytest.raises(Refusal, match="kind must be one of"):
        await control.act("disturb_deliveries", kind="eat")
    with pytest.raises(Refusal, match="channel_not_found"):
        await control.channel("nowhere")


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda p, ts: p.edit(CHANNEL, ts, "y"), "cant_update_message"),
        (lambda p, ts: p.delete(CHANNEL, ts), "cant_delete_message"),
        (lambda p, ts: p.post(CHANNEL, " "), "no_text"),
        (lambda p, ts: p.post(CHANNEL, "x" * 40_001), "msg_too_long"),
        (lambda p, ts: p.post(CHANNEL, "x", ts=ts), "invalid_ts"),
        (lambda p, ts: p.post(CHANNEL, "x", thread_ts="1.0"), "thread_not_found"),
        (lambda p, ts: p.unreact(CHANNEL, ts, "eyes"), "no_reaction"),
        (lambda p, ts: p.join("organizers"), "channel_not_found"),
        (lambda p, ts: p.leave("general"), "cant_leave_general"),
        (lambda p, ts: p.kick(CHANNEL, "toby"), "cant_kick_self"),
        (lambda p, ts: p.unpin(CHANNEL, ts), "no_pin"),
        (lambda p, ts: p.rename(CHANNEL, "general"), "name_taken"),
        (lambda p, ts: p.rename(CHANNEL, "Two Words"), "invalid_name_specials"),
        (lambda p, ts: p.archive("general"), "cant_archive_general"),
        (lambda p, ts: p.broadcast(CHANNEL, ts), "cant_update_message"),
    ],
)
def test_what_slacks_client_does_not_let_people_do(act: Any, error: str):
    async def run() -> None:
        from tests.slackbox.conftest import MANIFEST

        box = Sandbox(MANIFEST)
        ts = box.person("mirela").post(CHANNEL, "Why?").ts
        with pytest.raises(Refusal, match=error):
            act(box.person("toby"), ts)

    asyncio.run(run())


async def test_several_acts_in_one_request(box: Sandbox, control: Control):
    results = await control.acts(
        {"act": "post", "person": "mirela", "channel": CHANNEL, "text": "one"},
        {"act": "post", "person": "mirela", "channel": "nowhere", "text": "two"},
        {"act": "post", "person": "mirela", "channel": CHANNEL, "text": "three"},
    )
    assert [r.get("error") for r in results] == [None, "channel_not_found", None]
    assert results[0]["ts"] < results[2]["ts"]


async def test_clicks_and_forms_from_afar(box: Sandbox, control: Control, told: Told):
    @told.app.command("/ask")
    async def ask(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(
            trigger_id=body["trigger_id"],
            view={
                "type": "modal",
                "callback_id": "ask",
                "title": {"type": "plain_text", "text": "Ask"},
                "submit": {"type": "plain_text", "text": "Send"},
                "notify_on_close": True,
                "blocks": [
                    {
                        "type": "input",
                        "block_id": "q",
                        "label": {"type": "plain_text", "text": "Question"},
                        "element": {"type": "plain_text_input", "action_id": "text"},
                    }
                ],
            },
        )

    @told.app.view("ask")
    async def sent(ack: Any) -> None:
        await ack(response_action="errors", errors={"q": "Ask again"})

    @told.app.view_closed("ask")
    async def closed(ack: Any) -> None:
        await ack()

    mirela = control.person("mirela")
    assert (await mirela.command("/ask", "", CHANNEL)).acknowledged
    await until(lambda: box.surfaces.modals)
    await mirela.fill("text", "Why?")
    assert (await mirela.submit()).errors == {"q": "Ask again"}
    seen = await mirela.sees()
    (view,) = seen["modal"]
    assert view["errors"] == {"q": "Ask again"}
    assert view["state"]["values"]["q"]["text"]["value"] == "Why?"
    assert [o.acknowledged for o in await mirela.close()] == [True]
    assert (await mirela.sees())["modal"] == []


async def test_each_person_sees_their_own(box: Sandbox, control: Control, channel: str):
    client = client_of(box)
    mirela, ines = control.person("mirela"), control.person("ines")
    root = await mirela.post(CHANNEL, "Why?")
    await ines.post(CHANNEL, "Because", thread_ts=root.ts)
    await client.chat_postEphemeral(
        channel=channel, user=box.workspace.member("mirela").id, text="psst"
    )
    await client.chat_postMessage(channel=box.workspace.member("mirela").id, text="dm")
    seen = await mirela.sees()
    names = [c["name"] for c in seen["channels"]]
    assert names == ["general", CHANNEL, ""]
    club = seen["channels"][1]
    assert [m["text"] for m in club["messages"]] == ["Why?"]
    assert [m["text"] for m in club["messages"][0]["replies"]] == ["Because"]
    assert [n["text"] for n in club["notes"]] == ["psst"]
    assert [m["text"] for m in seen["channels"][2]["messages"]] == ["dm"]
    assert {c["command"] for c in seen["commands"]} == {"/ask", "/qa"}
    hers = await ines.sees(limit=0)
    assert [c["name"] for c in hers["channels"]] == ["general", CHANNEL, "organizers"]
    assert hers["channels"][1]["messages"] == []
    assert hers["channels"][1]["notes"] == []


async def test_the_wire_shows_both_ways_and_no_token(
    box: Sandbox, control: Control, told: Told, channel: str
):
    await told.client.chat_postMessage(channel=channel, text=f"my token is {box.bot_token}")
    async with aiohttp.ClientSession() as session:
        await session.post(f"{box.api_url}auth.test", data={"token": box.bot_token})
    await control.settle()
    entries = await control.wire()
    kinds = [entry["kind"] for entry in entries]
    for kind in ("request", "answer", "delivery", "acknowledgement", "socket"):
        assert kind in kinds
    text = repr(entries)
    for secret in (box.bot_token, box.app_token, box.signing_secret, box.verification_token):
        assert secret not in text
    assert "my token is [redacted]" in text
    last = entries[-1]["number"]
    assert await control.wire(after=last) == []
    with pytest.raises(Refusal, match="after must be a number"):
        await control._request("GET", "wire?after=x")


async def test_the_wire_forgets_what_is_old():
    from slackbox.wire import Wire

    wire = Wire(lambda: 0.0, (), length=3)
    for i in range(5):
        wire.add("request", method=str(i))
    assert [e["method"] for e in wire.entries()] == ["2", "3", "4"]
    assert [e["number"] for e in wire.entries(after=4)] == [5]


async def test_changes_are_told_as_they_happen(box: Sandbox, control: Control):
    changes: list[dict[str, Any]] = []

    async def read() -> None:
        async for change in control.changes():
            changes.append(change)

    task = asyncio.create_task(read())
    await until(lambda: box.workspace._watchers)
    posted = await control.person("mirela").post(CHANNEL, "Why?")
    await until(lambda: changes)
    assert changes[0] == {"kind": "message", "channel": posted.channel, "ts": posted.ts}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: not box.workspace._watchers)


async def test_faults_from_afar(box: Sandbox, control: Control, told: Told, channel: str):
    client = AsyncWebClient(token=box.bot_token, base_url=box.api_url, retry_handlers=[])
    await control.fail_calls("auth.test", "ratelimited", retry_after=3)
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert refused.value.response.headers["Retry-After"] == "3"
    await control.disturb_deliveries("drop", 1, event_type="message")
    await control.person("mirela").post(CHANNEL, "lost")
    assert await told.all() == []
    assert [b["event"]["text"] for b in (await control.workspace())["lost"]] == ["lost"]
    assert await control.cut_sockets() == 1
    await control.refuse_connections()
    await control.accept_connections()
    await until(lambda: box.dispatcher.sockets)
    await control.refresh_sockets()
    await control.act("deliver", event={"type": "message", "channel": 5})
    await control.act("refuse_pictures", prefix="https://gone.example")
    await control.set_rate_limits("restricted")
    assert box.limits.regime == "restricted"
    await control.fail_calls("*", "http", 100)
    await control.clear_faults()
    await client.auth_test()
    with pytest.raises(Refusal, match="url_not_verified"):
        await control.use_http(box.api_url + "nothing")


async def test_reset_gives_the_same_workspace_again(box: Sandbox, control: Control, told: Told):
    before = await control.workspace()
    posted = await control.person("mirela").post(CHANNEL, "Why?")
    old = await told.body()
    await control.add_person("Noor Aldine", "noor")
    await control.reset()
    after = await control.workspace()
    ids = [p["id"] for p in before["people"]]
    assert [p["id"] for p in after["people"]] == ids
    assert [c["id"] for c in after["channels"]] == [c["id"] for c in before["channels"]]
    assert all(not c["messages"] for c in after["channels"])
    assert [e["type"] for e in await told.all()] == ["team_join"]
    # The socket is still open, the token still good; nothing comes by an ID that was used.
    await told.client.auth_test()
    again = await control.person("mirela").post(CHANNEL, "Why?")
    body = await told.body()
    assert body["event_id"] != old["event_id"]
    assert again.ts > posted.ts


async def test_the_same_seed_gives_the_same_ids():
    from tests.slackbox.conftest import MANIFEST

    one, two, other = (
        Sandbox(MANIFEST, seed=7),
        Sandbox(MANIFEST, seed=7),
        Sandbox(MANIFEST, seed=8),
    )
    assert list(one.workspace.members) == list(two.workspace.members)
    assert one.bot_token == two.bot_token
    assert set(one.workspace.channels) != set(other.workspace.channels)


async def test_emoji_and_user_groups(box: Sandbox, control: Control, told: Told):
    await control.act("add_emoji", name="bookworm", url="https://a.example/b.png")
    group = await control.act("add_usergroup", handle="authors", name="Authors", users=["odalys"])
    assert (await told.event())["type"] == "emoji_changed"
    assert (await told.client.emoji_list())["emoji"] == {"bookworm": "https://a.example/b.png"}
    listed = await told.client.usergroups_list(include_users=True)
    assert listed["usergroups"][0]["users"] == [box.workspace.member("odalys").id]
    users = await told.client.usergroups_users_list(usergroup=group["usergroup"])
    assert users["users"] == [box.workspace.member("odalys").id]

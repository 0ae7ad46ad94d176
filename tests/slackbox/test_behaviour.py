"""What a workspace does beyond plain messages: restrictions, Slack Connect, huddles, tombstones."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack import outbox
from bot.slack.api import incoming
from slackbox.client import Control
from slackbox.errors import Refusal
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, Told, refusal


@pytest.fixture
async def control(box: Sandbox) -> AsyncIterator[Control]:
    async with Control(box.control_url) as running:
        yield running


# --- restrictions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "message", "reply"),
    [
        ("is_read_only", "restricted_action_read_only_channel",
         "restricted_action_read_only_channel"),
        ("is_thread_only", "restricted_action_thread_only_channel", None),
        ("is_non_threadable", None, "restricted_action_non_threadable_channel"),
        ("restricted", "restricted_action", "restricted_action"),
    ],
)  # fmt: skip
async def test_a_channel_restricts_who_posts_and_where(
    box: Sandbox,
    control: Control,
    client: AsyncWebClient,
    channel: str,
    flag: str,
    message: str | None,
    reply: str | None,
):
    root = box.person("ines").post(CHANNEL, "The week begins")
    await control.act("restrict_channel", person="ines", channel=CHANNEL, **{flag: True})
    for thread_ts, code in ((None, message), (root.ts, reply)):
        call = client.chat_postMessage(channel=channel, text="Hello", thread_ts=thread_ts)
        if code is None:
            assert (await call)["ok"]
        else:
            assert (await refusal(call))["error"] == code
            # People are held to the same, admins are not.
            with pytest.raises(Refusal, match=code):
                box.person("mirela").post(CHANNEL, "Hello", thread_ts=thread_ts)
        assert box.person("ines").post(CHANNEL, "Still mine", thread_ts=thread_ts)
    info = (await client.conversations_info(channel=channel))["channel"]
    for name in ("is_read_only", "is_thread_only", "is_non_threadable"):
        assert info[name] is (name == flag)

    await control.act("restrict_channel", person="ines", channel=CHANNEL)
    assert (await client.chat_postMessage(channel=channel, text="Hello"))["ok"]
    assert box.person("mirela").post(CHANNEL, "Hello", thread_ts=root.ts)


async def test_who_is_allowed_may_post_in_a_read_only_channel(
    box: Sandbox, control: Control, client: AsyncWebClient, channel: str
):
    await control.act(
        "restrict_channel",
        person="ines",
        channel=CHANNEL,
        is_read_only=True,
        allowed=[box.workspace.bot.user_id],
    )
    assert (await client.chat_postMessage(channel=channel, text="The week begins"))["ok"]
    assert (await client.conversations_info(channel=channel))["channel"]["is_read_only"] is False
    with pytest.raises(Refusal, match="restricted_action_read_only_channel"):
        box.person("mirela").post(CHANNEL, "Hello")


async def test_files_and_notes_are_refused_in_their_own_words(
    box: Sandbox, client: AsyncWebClient, channel: str
):
    box.person("ines").restrict(CHANNEL, is_read_only=True)
    upload = client.files_upload_v2(channel=channel, filename="a.txt", content="a")
    assert (await refusal(upload))["error"] == "posting_to_channel_denied"
    box.person("ines").restrict(CHANNEL, restricted=True)
    mirela = box.person("mirela").id
    note = client.chat_postEphemeral(channel=channel, user=mirela, text="Psst")
    assert (await refusal(note))["error"] == "restricted_action"


async def test_the_channel_says_that_its_permissions_changed(
    box: Sandbox, told: Told, channel: str
):
    box.person("ines").restrict(CHANNEL, is_thread_only=True)
    event = await told.event()
    assert event["subtype"] == "channel_posting_permissions"
    assert event["user"] == box.person("ines").id


# --- Slack Connect ---------------------------------------------------------------------------


async def test_a_slack_connect_member_is_a_name_and_no_more(
    box: Sandbox, control: Control, client: AsyncWebClient, told: Told, channel: str
):
    person = await control.act(
        "add_person",
        real_name="Noor Aldine",
        display_name="noor",
        workspace="Aldine Press",
        channels=[CHANNEL],
    )
    user = person["user"]
    heard = await told.all()
    assert "team_join" not in {event["type"] for event in heard}
    joined = next(event for event in heard if event["type"] == "member_joined_channel")
    theirs = joined["team"]
    assert theirs != box.workspace.team

    found = (await client.users_info(user=user))["user"]
    assert found["team_id"] == found["profile"]["team"] == theirs
    assert found["is_stranger"] is False
    assert found["profile"]["display_name"] == "noor"
    assert not {"tz", "is_admin", "is_restricted"} & set(found)
    assert not {"email", "title", "fields"} & set(found["profile"])
    members = (await client.users_list())["members"]
    assert user not in [member["id"] for member in members]
    assert user in (await client.conversations_members(channel=channel))["members"]

    info = (await client.conversations_info(channel=channel))["channel"]
    assert info["is_ext_shared"] is info["is_shared"] is True
    assert info["shared_team_ids"] == [box.workspace.team, theirs]
    assert info["conversation_host_id"] == box.workspace.team

    noor = box.person(user)
    posted = noor.post(CHANNEL, "Which edition?")
    body = await told.body()
    assert body["is_ext_shared_channel"] is True
    assert body["team_id"] == theirs
    assert body["context_team_id"] == box.workspace.team
    assert body["authorizations"][0]["team_id"] == box.workspace.team
    event = body["event"]
    assert event["team"] == event["user_team"] == event["source_team"] == theirs
    assert event["user_profile"]["real_name"] == "Noor Aldine"
    history = (await client.conversations_history(channel=channel, limit=1))["messages"]
    assert history[0]["ts"] == posted.ts
    assert history[0]["user_team"] == theirs

    # The app is not installed in their workspace.
    with pytest.raises(Refusal, match="unknown_command"):
        await noor.command("/ask", "Which edition?", CHANNEL)
    with pytest.raises(Refusal, match="not_enabled"):
        noor.open_home()


# --- messages of other kinds -----------------------------------------------------------------


async def test_a_huddle_starts_is_talked_in_and_ends(
    box: Sandbox, control: Control, client: AsyncWebClient, told: Told, channel: str
):
    started = await control.act("start_huddle", person="mirela", channel=CHANNEL)
    event = await told.event()
    assert event["subtype"] == "huddle_thread"
    assert event["user"] == "USLACKBOT"
    assert event["text"] == ""
    assert event["room"]["created_by"] == box.person("mirela").id
    assert event["room"]["has_ended"] is False
    box.person("toby").post(CHANNEL, "Notes of the huddle", thread_ts=started["ts"])
    await told.event()
    await control.act("end_huddle", person="mirela", channel=CHANNEL, ts=started["ts"])
    ended = await told.event()
    assert ended["subtype"] == "message_changed"
    assert ended["message"]["room"]["has_ended"] is True
    assert ended["message"]["room"]["date_end"] >= ended["message"]["room"]["date_start"]
    assert ended["previous_message"]["room"]["has_ended"] is False
    thread = await client.conversations_replies(channel=channel, ts=started["ts"])
    assert [m["user"] for m in thread["messages"]] == ["USLACKBOT", box.person("toby").id]
    assert thread["messages"][0]["subtype"] == "huddle_thread"


async def test_me_is_text_alone(
    box: Sandbox, control: Control, client: AsyncWebClient, told: Told, channel: str
):
    posted = await control.act(
        "post", person="mirela", channel=CHANNEL, text="wonders *why*", me=True
    )
    event = await told.event()
    assert event["subtype"] == "me_message"
    assert event["text"] == "wonders *why*"
    assert not {"blocks", "client_msg_id"} & set(event)
    box.person("mirela").edit(CHANNEL, posted["ts"], "wonders how")
    changed = (await told.event())["message"]
    assert (changed["subtype"], changed["text"]) == ("me_message", "wonders how")
    assert "blocks" not in changed
    with pytest.raises(Refusal, match="invalid_arguments"):
        box.person("mirela").post(CHANNEL, "waves", thread_ts=posted["ts"], me=True)


async def test_a_deleted_file_leaves_a_tombstone_in_its_message(
    box: Sandbox, control: Control, client: AsyncWebClient, channel: str
):
    posted = box.person("mirela").post(
        CHANNEL,
        "Two pictures",
        files=[{"name": "a.png", "content": "a"}, {"name": "b.png", "content": "b"}],
    )
    first, second = posted.files or ()
    with pytest.raises(Refusal, match="cant_delete_file"):
        await control.act("delete_file", person="toby", file=first["id"])
    told: list[dict[str, Any]] = []
    box.workspace.listen(lambda event, _: told.append(event))
    await control.act("delete_file", person="mirela", file=first["id"])
    (event,) = told
    assert event["type"] == "file_deleted"
    assert event["file_id"] == first["id"]
    assert event["channel_ids"] == [channel]
    (message,) = (await client.conversations_history(channel=channel, limit=1))["messages"]
    assert message["files"] == [{"id": first["id"], "mode": "tombstone"}, second]
    assert (await refusal(client.files_info(file=first["id"])))["error"] == "file_deleted"
    with pytest.raises(Refusal, match="file_deleted"):
        box.person("mirela").delete_file(first["id"])


async def test_the_tombstone_of_a_message_stands_until_its_last_reply_goes(
    box: Sandbox, client: AsyncWebClient, told: Told, channel: str
):
    mirela, toby = box.person("mirela"), box.person("toby")
    root = mirela.post(CHANNEL, "Why?")
    reply = toby.post(CHANNEL, "Because", thread_ts=root.ts)
    mirela.delete(CHANNEL, root.ts)
    (stone,) = (await client.conversations_history(channel=channel))["messages"]
    assert stone["subtype"] == "tombstone"
    assert (stone["user"], stone["text"]) == ("USLACKBOT", "This message was deleted.")
    assert stone["hidden"] is True
    assert (stone["thread_ts"], stone["reply_count"]) == (root.ts, 1)
    toby.delete(CHANNEL, reply.ts)
    assert (await client.conversations_history(channel=channel))["messages"] == []
    *_, gone, last = await told.all()
    assert gone["subtype"] == last["subtype"] == "message_deleted"
    assert (gone["deleted_ts"], last["deleted_ts"]) == (reply.ts, root.ts)
    assert last["previous_message"]["subtype"] == "tombstone"
    assert last["previous_message"]["reply_count"] == 0


async def test_a_mention_of_the_bot_is_told_twice(box: Sandbox, told: Told, channel: str):
    # The manifest of the bot asks for no mentions; a workspace tells whoever asks.
    heard: list[dict[str, Any]] = []
    box.workspace.listen(lambda event, _: heard.append(event))
    posted = box.person("mirela").post(CHANNEL, f"<@{box.workspace.bot.user_id}> hello")
    message, mention = heard
    assert message["type"] == "message"
    assert mention["type"] == "app_mention"
    assert mention["ts"] == mention["event_ts"] == posted.ts
    assert mention["channel"] == channel
    assert "channel_type" not in mention
    assert [event["type"] for event in await told.all()] == ["message"]


@pytest.mark.parametrize("event_type", ["slack.post-prompt", "a b", "größe"])
async def test_metadata_with_an_odd_event_type_is_dropped_with_a_warning(
    client: AsyncWebClient, channel: str, event_type: str
):
    metadata = {"event_type": event_type, "event_payload": {"key": "1"}}
    said = await client.chat_postMessage(channel=channel, text="x", metadata=metadata)
    assert said["warning"] == "invalid_metadata_schema"
    assert "metadata" not in said["message"]
    history = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert "metadata" not in history["messages"][0]


def test_the_metadata_of_the_bot_is_kept_by_slack():
    for event_type in (outbox.EVENT_TYPE, incoming.QUESTION_EVENT):
        assert re.fullmatch(r"[A-Za-z0-9_-]+", event_type)


async def test_what_is_answered_in_the_channel_is_a_message_of_the_bot_alone(
    box: Sandbox, client: AsyncWebClient, told: Told, channel: str
):
    mirela = box.person("mirela")
    url = box.surfaces.response_url(channel, mirela.id)
    await AsyncWebhookClient(url).send(text="42", response_type="in_channel")
    event = await told.event()
    assert event["subtype"] == "bot_message"
    assert event["bot_id"] == box.workspace.bot.id
    assert "user" not in event
    (message,) = (await client.conversations_history(channel=channel))["messages"]
    assert (message["subtype"], message["text"]) == ("bot_message", "42")

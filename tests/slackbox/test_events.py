"""What the bot is told, through the real Socket Mode client."""

from __future__ import annotations

from typing import Any

from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, Told


async def test_a_message_as_slack_tells_it(box: Sandbox, told: Told, channel: str):
    posted = box.person("mirela").post(CHANNEL, "Why *two* passes? See https://a.example/x & co")
    body = await told.body()
    assert body["type"] == "event_callback"
    assert body["team_id"] == box.workspace.team
    assert body["api_app_id"] == box.workspace.app_id
    assert body["event_id"].startswith("Ev")
    assert body["authorizations"][0]["user_id"] == box.workspace.bot.user_id
    assert body["event_time"] == int(float(posted.ts))
    event = body["event"]
    assert event == {
        "type": "message",
        "user": box.workspace.member("mirela").id,
        "ts": posted.ts,
        "event_ts": posted.ts,
        "client_msg_id": posted.client_msg_id,
        "text": "Why *two* passes? See <https://a.example/x> &amp; co",
        "team": box.workspace.team,
        "channel": channel,
        "channel_type": "channel",
        "blocks": event["blocks"],
    }
    assert event["blocks"][0]["elements"][0]["elements"] == [
        {"type": "text", "text": "Why "},
        {"type": "text", "text": "two", "style": {"bold": True}},
        {"type": "text", "text": " passes? See "},
        {"type": "link", "url": "https://a.example/x"},
        {"type": "text", "text": " & co"},
    ]


async def test_replies_broadcasts_edits_and_deletions(box: Sandbox, told: Told, channel: str):
    mirela, toby = box.person("mirela"), box.person("toby")
    root = mirela.post(CHANNEL, "Why?")
    reply = toby.post(CHANNEL, "Because", thread_ts=root.ts)
    shout = toby.post(CHANNEL, "For all", thread_ts=root.ts, broadcast=True)
    mirela.edit(CHANNEL, root.ts, "Why, really?")
    toby.delete(CHANNEL, reply.ts)
    mirela.delete(CHANNEL, root.ts)
    heard = await told.all()
    assert [e.get("subtype") for e in heard] == [
        None, None, "thread_broadcast", "message_changed", "message_deleted", "message_changed",
    ]  # fmt: skip
    _, replied, broadcast, edited, deleted, buried = heard
    assert replied["thread_ts"] == root.ts
    assert replied["parent_user_id"] == mirela.id
    assert broadcast["root"]["ts"] == root.ts
    assert broadcast["root"]["reply_count"] == 2
    assert broadcast["ts"] == shout.ts
    assert edited["message"]["text"] == "Why, really?"
    assert edited["message"]["edited"]["user"] == mirela.id
    assert edited["previous_message"]["text"] == "Why?"
    assert edited["ts"] == edited["event_ts"] != root.ts
    assert edited["hidden"] is True
    assert deleted["deleted_ts"] == reply.ts
    assert deleted["previous_message"]["thread_ts"] == root.ts
    assert buried["message"]["subtype"] == "tombstone"
    assert buried["message"]["text"] == "This message was deleted."
    assert buried["message"]["reply_count"] == 1
    assert buried["previous_message"]["text"] == "Why, really?"


async def test_reactions_pins_and_topics(box: Sandbox, told: Told, channel: str):
    mirela = box.person("mirela")
    posted = mirela.post(CHANNEL, "Why?")
    mirela.react(CHANNEL, posted.ts, "+1")
    mirela.unreact(CHANNEL, posted.ts, "+1")
    mirela.pin(CHANNEL, posted.ts)
    mirela.unpin(CHANNEL, posted.ts)
    mirela.set_topic(CHANNEL, "Compilers")
    heard = (await told.all())[1:]
    assert [e["type"] for e in heard] == [
        "reaction_added", "reaction_removed", "pin_added", "pin_removed", "message",
    ]  # fmt: skip
    assert heard[0]["item"] == {"type": "message", "channel": channel, "ts": posted.ts}
    assert heard[0]["item_user"] == mirela.id
    assert heard[0]["reaction"] == "+1"
    assert heard[2]["item"]["message"]["permalink"].endswith(posted.ts.replace(".", ""))
    assert heard[4]["subtype"] == "channel_topic"
    assert heard[4]["topic"] == "Compilers"


async def test_joining_and_leaving(box: Sandbox, told: Told):
    newcomer = box.workspace.add_person("Noor Aldine", "noor")
    box.person("noor").join(CHANNEL)
    box.person("noor").leave(CHANNEL)
    heard = await told.all()
    assert [(e["type"], e.get("subtype")) for e in heard] == [
        ("team_join", None),
        ("message", "channel_join"),
        ("member_joined_channel", None),
        ("member_left_channel", None),
        ("message", "channel_leave"),
    ]
    assert heard[2]["user"] == newcomer.id


async def test_people_who_change(box: Sandbox, told: Told):
    box.workspace.change_person("mirela", display_name="Mirela S.")
    box.workspace.change_person("toby", deleted=True)
    heard = await told.all()
    assert [e["type"] for e in heard] == ["user_change", "user_change"]
    assert heard[0]["user"]["profile"]["display_name"] == "Mirela S."
    assert heard[1]["user"]["deleted"] is True
    assert "toby" not in box.workspace.channel(CHANNEL).members


async def test_the_life_of_a_channel(box: Sandbox, told: Told):
    ines = box.person("ines")
    ines.rename(CHANNEL, "book-club")
    ines.archive("book-club")
    ines.unarchive("book-club")
    ines.delete_channel("book-club")
    heard = await told.all()
    assert [(e["type"], e.get("subtype")) for e in heard] == [
        ("message", "channel_name"),
        ("channel_rename", None),
        ("message", "channel_archive"),
        ("channel_archive", None),
        ("message", "channel_unarchive"),
        ("channel_unarchive", None),
        ("channel_deleted", None),
    ]
    assert heard[1]["channel"]["name"] == "book-club"


async def test_the_bot_hears_itself_but_not_where_it_is_not(box: Sandbox, told: Told, channel: str):
    said = await told.client.chat_postMessage(
        channel=channel,
        text="Hello",
        metadata={"event_type": "greeting", "event_payload": {"key": "1"}},
    )
    box.person("mirela").post("general", "nobody tells the bot")
    heard = await told.all()
    assert [e["ts"] for e in heard] == [said["ts"]]
    assert heard[0]["bot_id"] == box.workspace.bot.id
    assert heard[0]["user"] == box.workspace.bot.user_id
    assert heard[0]["app_id"] == box.workspace.app_id
    assert heard[0]["metadata"]["event_payload"] == {"key": "1"}


async def test_the_bot_is_invited_and_kicked(box: Sandbox, told: Told):
    ines = box.person("ines")
    bot = box.workspace.bot.user_id
    ines.invite("general", bot)
    ines.kick("general", bot)
    ines.post("general", "are you there?")
    heard = await told.all()
    assert [(e["type"], e.get("subtype")) for e in heard] == [
        ("message", "channel_join"),
        ("member_joined_channel", None),
        ("message", "channel_leave"),
        ("channel_left", None),
    ]
    assert heard[0]["inviter"] == ines.id


async def test_files_previews_and_late_broadcasts(box: Sandbox, told: Told, channel: str):
    mirela = box.person("mirela")
    posted = mirela.post(CHANNEL, "look", files=[{"name": "plan.PNG", "content": "x"}])
    box.workspace.unfurl(
        box.workspace.channel(CHANNEL), posted, {"title": "A page", "from_url": "https://a.example"}
    )
    reply = mirela.post(CHANNEL, "more", thread_ts=posted.ts)
    mirela.broadcast(CHANNEL, reply.ts)
    heard = await told.all()
    assert heard[0]["subtype"] == "file_share"
    assert heard[0]["files"][0]["name"] == "plan.PNG"
    assert heard[0]["files"][0]["mimetype"] == "image/png"
    assert heard[0]["upload"] is True
    assert heard[1]["subtype"] == "message_changed"
    assert "edited" not in heard[1]["message"]
    assert heard[1]["message"]["attachments"][0]["title"] == "A page"
    assert heard[3]["message"]["subtype"] == "thread_broadcast"


async def test_a_file_that_is_elsewhere(box: Sandbox, told: Told):
    file = {"name": "slides", "url": "https://docs.example/slides"}
    box.person("mirela").post(CHANNEL, files=[file])
    event = await told.event()
    assert event["text"] == ""
    assert event["files"][0]["permalink"] == "https://docs.example/slides"
    assert event["files"][0]["is_external"] is True


async def test_other_bots_speak_too(box: Sandbox, told: Told):
    bot = box.workspace.add_bot("Weather")
    where = box.workspace.channel(CHANNEL)
    box.workspace.join(where, bot.user_id)
    box.workspace.post(where, "Rain", bot=bot)
    box.workspace.post(where, "Sun", bot=bot, username="Sunny")
    heard = (await told.all())[-2:]
    assert heard[0]["bot_id"] == bot.id
    assert heard[0]["bot_profile"]["name"] == "Weather"
    assert heard[1]["subtype"] == "bot_message"
    assert heard[1]["username"] == "Sunny"
    assert "user" not in heard[1]


async def test_events_that_the_manifest_does_not_list_are_not_told(told: Told, box: Sandbox):
    box.workspace.add_channel("another", "ines")  # channel_created is not subscribed to
    assert await told.all() == []


async def test_direct_messages(box: Sandbox, told: Told):
    mirela = box.person("mirela")
    where = mirela.direct_messages()
    mirela.post(where.id, "psst")
    said = await told.client.chat_postMessage(channel=mirela.id, text="yes?")
    heard = await told.all()
    assert said["channel"] == where.id
    assert [(e["channel_type"], e["channel"]) for e in heard] == [("im", where.id)] * 2


async def test_shape_of_history_and_event_agree(box: Sandbox, told: Told, channel: str):
    posted = box.person("mirela").post(CHANNEL, "Why?")
    event = await told.event()
    history = await told.client.conversations_history(channel=channel, limit=1)
    listed: dict[str, Any] = history["messages"][0]
    assert listed["ts"] == posted.ts
    assert {k: event[k] for k in listed} == listed

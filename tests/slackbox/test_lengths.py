"""Texts that are too long for one message."""

from __future__ import annotations

import aiohttp
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.lengths import SPLIT_TEXT, split, units
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, Told, refusal

WORDS = " ".join(f"word{n:04}" for n in range(1_000))
"""8,999 characters."""
WARNING = (
    "[WARN] Your message was truncated but still posted. "
    "The `text` field accepts up to 40,000 characters."
)
SECTION = [{"type": "section", "text": {"type": "mrkdwn", "text": "Look."}}]


async def history(client: AsyncWebClient, channel: str, limit: int = 20) -> list[str]:
    """The texts in the channel, oldest first."""
    answer = await client.conversations_history(channel=channel, limit=limit)
    return [message["text"] for message in reversed(answer["messages"])]


async def test_a_text_over_4000_characters_becomes_several_messages(
    client: AsyncWebClient, told: Told, channel: str
) -> None:
    whole = await client.chat_postMessage(channel=channel, text="x" * SPLIT_TEXT)
    assert whole["message"]["text"] == "x" * SPLIT_TEXT
    answer = await client.chat_postMessage(
        channel=channel, text=WORDS, metadata={"event_type": "long", "event_payload": {"n": 1}}
    )
    parts = (await history(client, channel))[-3:]
    assert [len(part) for part in parts] == [3_995, 3_995, 1_007]
    assert " ".join(parts) == WORDS
    assert "warning" not in answer
    events = [event for event in await told.all() if event["type"] == "message"]
    assert [event["text"] for event in events] == ["x" * SPLIT_TEXT, *parts]
    assert answer["ts"] == events[1]["ts"], "the answer is about the first"
    assert answer["message"]["text"] == parts[0]
    assert all(event["metadata"]["event_type"] == "long" for event in events[1:])


async def test_the_parts_of_a_reply_are_in_its_thread(
    client: AsyncWebClient, box: Sandbox, channel: str
) -> None:
    question = box.person("mirela").post(CHANNEL, "Why?")
    await client.chat_postMessage(channel=channel, text="y" * 9_000, thread_ts=question.ts)
    answer = await client.conversations_replies(channel=channel, ts=question.ts)
    assert [len(m["text"]) for m in answer["messages"][1:]] == [4_000, 4_000, 1_000]
    assert (await history(client, channel))[-1] == "Why?"


async def test_with_blocks_a_long_text_stays_one_message(
    client: AsyncWebClient, channel: str
) -> None:
    answer = await client.chat_postMessage(channel=channel, text=WORDS, blocks=SECTION)
    assert answer["message"]["text"] == WORDS
    assert (await history(client, channel))[-1] == WORDS


async def test_attachments_hang_on_the_last_part(client: AsyncWebClient, channel: str) -> None:
    await client.chat_postMessage(channel=channel, text=WORDS, attachments=[{"text": "see"}])
    answer = await client.conversations_history(channel=channel, limit=3)
    assert ["attachments" in message for message in answer["messages"]] == [True, False, False]


async def test_a_text_over_40000_characters_is_cut_with_a_warning(
    client: AsyncWebClient, channel: str
) -> None:
    answer = await client.chat_postMessage(channel=channel, text="x" * 40_001)
    assert answer["warning"] == "message_truncated"
    assert answer["response_metadata"] == {"messages": [WARNING], "warnings": ["message_truncated"]}
    assert "".join(await history(client, channel, limit=10)) == "x" * 40_000


async def test_an_update_takes_no_more_than_4000(client: AsyncWebClient, channel: str) -> None:
    posted = await client.chat_postMessage(channel=channel, text="short")
    ts = posted["ts"]
    await client.chat_update(channel=channel, ts=ts, text="x" * 4_000)
    refused = await refusal(client.chat_update(channel=channel, ts=ts, text="x" * 4_001))
    assert refused["error"] == "msg_too_long"


async def test_notes_and_answers_to_a_response_url_are_split_too(
    client: AsyncWebClient, box: Sandbox, channel: str
) -> None:
    mirela = box.workspace.member("mirela").id
    await client.chat_postEphemeral(channel=channel, user=mirela, text=WORDS)
    url = box.surfaces.response_url(channel, mirela)
    async with aiohttp.ClientSession() as session:
        for kind in ("ephemeral", "in_channel"):
            answer = await session.post(url, json={"text": WORDS, "response_type": kind})
            assert answer.status == 200
    notes = box.workspace.notes_for(mirela, channel)
    assert [len(note.text) for note in notes] == [3_995, 3_995, 1_007] * 2
    assert (await history(client, channel))[-3:] == [note.text for note in notes[:3]]


@given(st.text(st.sampled_from("ab \n\U0001f600"), max_size=200), st.integers(2, 40))
def test_the_parts_are_short_enough_and_lose_only_blanks(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert parts
    assert all(units(part) <= limit for part in parts)
    without = str.maketrans("", "", " \n")
    assert "".join(parts).translate(without) == text.translate(without)

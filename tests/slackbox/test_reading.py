"""Reading back: history, threads, lists, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.ids import ts_of
from slackbox.model import Channel
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, MANIFEST, Clock, refusal

Page = Callable[[str | None], Awaitable[Any]]


async def walk(page: Page, field: str) -> list[Any]:
    """All items of all pages."""
    items: list[Any] = []
    cursor = None
    while True:
        answer = await page(cursor)
        items.extend(answer[field])
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        assert bool(answer.get("has_more", cursor is not None)) is (cursor is not None)
        if cursor is None:
            return items


class Ground:
    """One sandbox for all examples of a property, with a channel of its own for each."""

    def __init__(self, runner: asyncio.Runner):
        self._runner = runner
        self.box = Sandbox(MANIFEST, time_source=Clock(1_700_000_000.0))
        self.client = runner.run(self._start())
        self._rooms = 0

    async def _start(self) -> AsyncWebClient:
        await self.box.start()
        session = aiohttp.ClientSession()
        return AsyncWebClient(token=self.box.bot_token, base_url=self.box.api_url, session=session)

    def room(self) -> Channel:
        self._rooms += 1
        members = ["mirela", self.box.workspace.bot.user_id]
        return self.box.workspace.add_channel(f"room-{self._rooms}", "ines", members=members)

    def run(self, what: Coroutine[Any, Any, None]) -> None:
        self._runner.run(what)

    async def stop(self) -> None:
        assert self.client.session is not None
        await self.client.session.close()
        await self.box.stop()


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with asyncio.Runner() as runner:
        it = Ground(runner)
        yield it
        it.run(it.stop())


BOUND = st.one_of(st.none(), st.integers(-2, 14))


@given(
    count=st.integers(0, 12),
    limit=st.integers(1, 7),
    oldest=BOUND,
    latest=BOUND,
    inclusive=st.booleans(),
)
def test_a_walk_through_the_history_gives_each_message_once(
    ground: Ground,
    count: int,
    limit: int,
    oldest: int | None,
    latest: int | None,
    inclusive: bool,
):
    async def check() -> None:
        client, channel = ground.client, ground.room()
        person = ground.box.person("mirela")
        keys = [person.post(channel.id, f"{i}").key for i in range(count)]
        first = keys[0] if keys else 1_700_000_000_000_000

        def bound(offset: int | None) -> int | None:
            if offset is None:
                return None
            return keys[offset] if 0 <= offset < len(keys) else first + offset * 1000

        low, high = bound(oldest), bound(latest)

        async def page(cursor: str | None) -> Any:
            return await client.conversations_history(
                channel=channel.id,
                limit=limit,
                cursor=cursor,
                oldest=ts_of(low) if low is not None else None,
                latest=ts_of(high) if high is not None else None,
                inclusive=inclusive,
            )

        found = await walk(page, "messages")
        wanted = [
            key
            for key in keys
            if (low is None or key > low or (inclusive and key == low))
            and (high is None or key < high or (inclusive and key == high))
        ]
        seen = [message["ts"] for message in found]
        assert sorted(seen) == [ts_of(key) for key in wanted]
        if low is None or high is not None:
            assert seen == sorted(seen, reverse=True)

    ground.run(check())


@given(count=st.integers(1, 12), limit=st.integers(1, 7), oldest=BOUND, latest=BOUND)
def test_a_walk_through_a_thread_gives_each_reply_once_and_the_root_on_each_page(
    ground: Ground, count: int, limit: int, oldest: int | None, latest: int | None
):
    async def check() -> None:
        client, channel = ground.client, ground.room()
        person = ground.box.person("mirela")
        root = person.post(channel.id, "root")
        keys = [person.post(channel.id, f"{i}", thread_ts=root.ts).key for i in range(count)]

        def bound(offset: int | None) -> int | None:
            if offset is None:
                return None
            return keys[offset] if 0 <= offset < len(keys) else root.key + (offset + 1) * 1000

        low, high = bound(oldest), bound(latest)
        pages: list[list[str]] = []

        async def page(cursor: str | None) -> Any:
            answer = await client.conversations_replies(
                channel=channel.id,
                ts=root.ts,
                limit=limit,
                cursor=cursor,
                oldest=ts_of(low) if low is not None else None,
                latest=ts_of(high) if high is not None else None,
            )
            pages.append([message["ts"] for message in answer["messages"]])
            return answer

        await walk(page, "messages")
        assert all(seen[0] == root.ts for seen in pages)
        wanted = [
            key for key in keys if (low is None or key > low) and (high is None or key < high)
        ]
        assert [ts for seen in pages for ts in seen[1:]] == [ts_of(key) for key in wanted]

    ground.run(check())


async def test_lists_page_by_page(box: Sandbox, client: AsyncWebClient, channel: str):
    for i in range(7):
        member = box.workspace.add_person(f"Reader {i}")
        box.workspace.join(box.workspace.channel(CHANNEL), member.id)
        box.workspace.add_channel(f"room-{i}", "ines")
    users = await walk(lambda c: client.users_list(limit=3, cursor=c), "members")
    assert [u["id"] for u in users] == list(box.workspace.members)
    members = await walk(
        lambda c: client.conversations_members(channel=channel, limit=4, cursor=c), "members"
    )
    assert members == list(box.workspace.channel(CHANNEL).members)
    channels = await walk(
        lambda c: client.conversations_list(
            types="public_channel,private_channel", limit=2, cursor=c
        ),
        "channels",
    )
    assert [c["id"] for c in channels] == list(box.workspace.channels)


async def test_lists_leave_out_what_was_not_asked_for(box: Sandbox, client: AsyncWebClient):
    box.workspace.add_channel("secret", "ines", is_private=True)
    box.workspace.add_channel("old", "ines")
    box.person("ines").archive("old")
    box.person("mirela").direct_messages()
    names = {c["name"] for c in (await client.conversations_list())["channels"]}
    assert names == {"general", CHANNEL, "old"}
    both = await client.conversations_list(
        types="public_channel,private_channel", exclude_archived=True
    )
    assert {c["name"] for c in both["channels"]} == {"general", CHANNEL, "organizers"}
    ims = (await client.conversations_list(types="im"))["channels"]
    assert [im["user"] for im in ims] == [box.workspace.member("mirela").id]
    mine = (await client.users_conversations(types="public_channel"))["channels"]
    assert [c["name"] for c in mine] == [CHANNEL]


async def test_history_shows_threads_reactions_pins_and_edits(
    box: Sandbox, client: AsyncWebClient, channel: str
):
    mirela, toby = box.person("mirela"), box.person("toby")
    root = mirela.post(CHANNEL, "Why?")
    toby.post(CHANNEL, "Because", thread_ts=root.ts)
    last = mirela.post(CHANNEL, "I see", thread_ts=root.ts, broadcast=True)
    toby.react(CHANNEL, root.ts, "+1")
    mirela.react(CHANNEL, root.ts, "+1")
    mirela.edit(CHANNEL, root.ts, "Why though?")
    toby.pin(CHANNEL, root.ts)
    answer = await client.conversations_history(channel=channel)
    assert answer["pin_count"] == 1
    broadcast, shown = answer["messages"]
    assert broadcast["ts"] == last.ts
    assert broadcast["subtype"] == "thread_broadcast"
    assert broadcast["root"]["ts"] == root.ts
    assert shown["text"] == "Why though?"
    assert shown["edited"]["user"] == mirela.id
    assert shown["thread_ts"] == root.ts
    assert shown["reply_count"] == 2
    assert shown["reply_users"] == [toby.id, mirela.id]
    assert shown["reply_users_count"] == 2
    assert shown["latest_reply"] == last.ts
    assert shown["reactions"] == [{"name": "+1", "users": [toby.id, mirela.id], "count": 2}]
    assert shown["pinned_to"] == [channel]
    reactions = await client.reactions_get(channel=channel, timestamp=root.ts, full=True)
    assert reactions["message"]["reactions"][0]["count"] == 2
    pins = await client.pins_list(channel=channel)
    assert [item["message"]["ts"] for item in pins["items"]] == [root.ts]


async def test_deleted_messages_leave_history_and_roots_leave_a_tombstone(
    box: Sandbox, client: AsyncWebClient, channel: str
):
    mirela = box.person("mirela")
    lone = mirela.post(CHANNEL, "oops")
    root = mirela.post(CHANNEL, "Why?")
    reply = mirela.post(CHANNEL, "Ah", thread_ts=root.ts)
    mirela.delete(CHANNEL, lone.ts)
    mirela.delete(CHANNEL, root.ts)
    (shown,) = (await client.conversations_history(channel=channel))["messages"]
    assert shown["subtype"] == "tombstone"
    assert shown["user"] == "USLACKBOT"
    thread = await client.conversations_replies(channel=channel, ts=root.ts)
    assert [m["ts"] for m in thread["messages"]] == [root.ts, reply.ts]
    # With its last reply the tombstone goes too.
    mirela.delete(CHANNEL, reply.ts)
    assert (await client.conversations_history(channel=channel))["messages"] == []


async def test_the_ts_of_a_reply_gives_that_reply_alone(
    box: Sandbox, client: AsyncWebClient, channel: str
):
    mirela = box.person("mirela")
    root = mirela.post(CHANNEL, "Why?")
    reply = mirela.post(CHANNEL, "Ah", thread_ts=root.ts)
    mirela.post(CHANNEL, "Oh", thread_ts=root.ts)
    thread = await client.conversations_replies(channel=channel, ts=reply.ts)
    assert [m["ts"] for m in thread["messages"]] == [reply.ts]


async def test_a_reply_to_a_reply_belongs_to_the_thread(
    box: Sandbox, client: AsyncWebClient, channel: str
):
    root = box.person("mirela").post(CHANNEL, "Why?")
    first = await client.chat_postMessage(channel=channel, text="So", thread_ts=root.ts)
    second = await client.chat_postMessage(channel=channel, text="and so", thread_ts=first["ts"])
    assert second["message"]["thread_ts"] == root.ts


async def test_metadata_is_given_to_those_who_ask(client: AsyncWebClient, channel: str):
    metadata = {"event_type": "note", "event_payload": {"key": "session 1"}}
    said = await client.chat_postMessage(channel=channel, text="x", metadata=metadata)
    assert said["message"]["metadata"] == metadata
    plain = await client.conversations_history(channel=channel)
    assert "metadata" not in plain["messages"][0]
    asked = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert asked["messages"][0]["metadata"] == metadata


async def test_timestamps_are_unique_and_increasing_though_time_stands_still():
    clock = Clock(1_600_000_000.0)
    async with Sandbox(MANIFEST, time_source=clock) as box:
        person = box.person("mirela")
        stamps = [person.post(CHANNEL, str(i)).ts for i in range(50)]
        clock.now -= 3600
        stamps.append(person.post(CHANNEL, "the clock was set back").ts)
        assert stamps == sorted(set(stamps))
        assert all(ts.startswith("1600000000.") for ts in stamps)


async def test_history_can_be_brought_in_at_its_own_time(
    box: Sandbox, client: AsyncWebClient, channel: str
):
    person = box.person("mirela")
    now = person.post(CHANNEL, "now")
    then = person.post(CHANNEL, "then", at=1_500_000_000.0)
    again = person.post(CHANNEL, "then too", at=1_500_000_000.0)
    exact = person.post(CHANNEL, "exactly", ts="1500000000.000500")
    history = await client.conversations_history(channel=channel)
    assert [m["ts"] for m in history["messages"]] == [now.ts, exact.ts, again.ts, then.ts]
    assert then.ts == "1500000000.000000"
    assert again.ts == "1500000000.000001"


async def test_private_channels_need_their_own_scope_and_membership(
    box: Sandbox, client: AsyncWebClient
):
    organizers = box.workspace.channel("organizers").id
    assert (await client.conversations_info(channel=organizers))["channel"]["is_private"] is True
    box.person("ines").kick("organizers", box.workspace.bot.user_id)
    answer = await refusal(client.conversations_info(channel=organizers))
    assert answer["error"] == "channel_not_found"


async def test_reactions_go_by_their_usual_name(box: Sandbox, client: AsyncWebClient, channel: str):
    posted = box.person("mirela").post(CHANNEL, "Why?")
    item = {"channel": channel, "timestamp": posted.ts}
    await client.reactions_add(name="thumbsup", **item)
    await client.reactions_add(name="thumbsup::skin-tone-3", **item)
    assert (await refusal(client.reactions_add(name="+1", **item)))["error"] == "already_reacted"
    for name in ("bookworm", "tada::skin-tone-2", "+1::skin-tone-9"):
        assert (await refusal(client.reactions_add(name=name, **item)))["error"] == "invalid_name"
    box.workspace.add_emoji("bookworm", "https://a.example/b.png")
    await client.reactions_add(name="bookworm", **item)
    shown = (await client.reactions_get(**item))["message"]["reactions"]
    assert [r["name"] for r in shown] == ["+1", "+1::skin-tone-3", "bookworm"]


async def test_names_are_linked_when_asked_for(client: AsyncWebClient, box: Sandbox, channel: str):
    said = await client.chat_postMessage(
        channel=channel, text="@mirela, see #general & @nobody", link_names=True
    )
    mirela, general = box.workspace.member("mirela").id, box.workspace.channel("general").id
    assert said["message"]["text"] == (
        f"<@{mirela}|mirela>, see <#{general}|general> &amp; @nobody"
    )

"""Whatever Slack delivers, by Socket Mode or HTTP: no traceback, nothing lost of it that is anything, and
the next who comes is served."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.api import shape
from bot.slack.listeners import ROUTERS
from slackbox.delivery import signature
from tests.examples import examples
from tests.in_thread import Aside, in_thread
from tests.scene import CHANNEL, START, Scene, scene
from tests.slack.conftest import World
from tests.slack.test_inbox import message, now
from tests.waiting import PATIENCE, until

TS = "1700000000.000100"
NASTY = [
    "",
    "\0",
    "\ud800",
    "a\0b \udfff",
    "../../etc/passwd",
    "x" * 40_000,
    "<!channel>",
    "🙂" * 300,
]


def names(what: str) -> list[str]:
    """What handlers there are: the IDs of actions, forms, …"""
    return sorted(name for router in ROUTERS for kind, name in router.handlers if kind == what)


def body_of(kind: str, name: str, user: str, channel: str) -> dict[str, Any]:
    """One as Slack documents it."""
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": name,
        "private_metadata": json.dumps({"session": 1, "channel": channel, "ts": TS}),
        "blocks": [{"type": "input", "block_id": "question0"}],
        "state": {"values": {"question0": {"text": {"type": "plain_text_input", "value": "Why?"}}}},
    }
    action = {"type": "button", "action_id": name, "block_id": "b", "value": "1", "action_ts": TS}
    common = {
        "type": kind,
        "team": {"id": "T1", "domain": "x"},
        "user": {"id": user, "name": "x", "team_id": "T1"},
        "api_app_id": "A1",
        "token": "t",
        "trigger_id": "1.2.3",
        "enterprise": None,
    }
    here = {"channel": {"id": channel, "name": "x"}, "message": {"type": "message", "ts": TS}}
    return {
        "slash_commands": {
            "command": name.partition(" ")[0],
            "text": name.partition(" ")[2] or "Why?",
            "user_id": user,
            "channel_id": channel,
            "team_id": "T1",
            "trigger_id": "1.2.3",
        },
        "block_actions": {
            **common,
            **here,
            "actions": [action],
            "container": {"type": "message", "message_ts": TS, "channel_id": channel},
        },
        "view_submission": {**common, "view": view},
        "view_closed": {**common, "view": view, "is_cleared": False},
        "block_suggestion": {
            **common,
            "view": view,
            "value": "a",
            "action_id": name,
            "block_id": "b",
        },
        "message_action": {**common, **here, "callback_id": name, "message_ts": TS},
        "shortcut": {**common, "callback_id": name},
    }[kind]


NAMES = {
    "slash_commands": [
        *names("command"),
        *(f"/qa {name}" for router in ROUTERS for name in router.subcommands),
        "/qa",
    ],
    "block_actions": names("action"),
    "view_submission": names("view"),
    "view_closed": [],
    "block_suggestion": names("options"),
    "message_action": names("shortcut"),
    "shortcut": names("shortcut"),
}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(NASTY) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "value", "type", "ts", "text", "\0"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in it."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


@st.composite
def spoiled(draw: st.DrawFn, kind: str, people: list[str], channel: str) -> dict[str, Any]:
    """A payload with one to three fields that are gone, more, or anything at all."""
    name = draw(st.sampled_from([*NAMES[kind], *NASTY]))
    body = body_of(kind, name, draw(st.sampled_from(people)), channel)
    if kind == "block_actions" and draw(st.booleans()):  # in a form, not in a message
        body["view"] = body_of("view_closed", name, people[0], channel)["view"]
        del body["message"], body["container"], body["channel"]
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(places(body), key=repr)))
        holder = body
        for key in path[:-1]:
            holder = holder[key]
        how = draw(st.sampled_from(["gone", "junk", "nasty", "more"]))
        if how == "gone" and isinstance(holder, dict):
            del holder[path[-1]]
        elif how == "more" and isinstance(holder, dict):
            holder[draw(st.text())] = draw(JUNK)
        else:
            holder[path[-1]] = draw(JUNK if how == "junk" else st.sampled_from(NASTY))
        if not body:
            break
    return body


@asynccontextmanager
async def hosted(folder: Path, url: str) -> AsyncIterator[Scene]:
    """A bot whose session is open, and whom Slack reaches by both roads."""
    async with scene(folder) as world:
        options = {
            "organizers": (world.stage.organizer,),
            "database_url": url,
            "SLACK_SIGNING_SECRET": world.stage.box.signing_secret,
        }
        async with world.bot(**options):
            await world.to(START)
            yield world


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[Aside[Scene]]:
    """It in a thread of its own, on each database."""
    with in_thread(lambda: hosted(tmp_path / "bot", database_url)) as world:
        yield world


def deliver(there: Aside[Scene], kind: str, body: Any, scheduler: str) -> int:
    """Slack delivers it; gives the status of the answer when nobody is busy with it any more."""

    async def through(world: Scene) -> int:
        others = asyncio.all_tasks()
        if scheduler == "socket":
            answer = await world.stage.bot.edge.receive(
                body, lambda: AsyncBoltRequest(mode="socket_mode", body=body)
            )
        else:
            form = body if kind == "slash_commands" else {"payload": json.dumps(body)}
            text = urlencode(
                {k: v for k, v in form.items() if isinstance(v, str)}, errors="replace"
            )
            answer = await post(world, text.encode(), "application/x-www-form-urlencoded")
        async with asyncio.timeout(PATIENCE):
            while any(_works(task) for task in asyncio.all_tasks() - others):
                await asyncio.sleep(0.001)
        return int(answer.status)

    status: int = there.do(through)
    return status


def _works(task: asyncio.Task[Any]) -> bool:
    """Whether it is Bolt's, and not our waiting itself."""
    return "slack_bolt" in repr(task.get_coro())


async def post(world: Scene, body: bytes, kind: str, secret: str = "", at: float = 0) -> Any:
    """A request, signed with a secret (Slack's, if none is given) at a time (now)."""
    stamp = str(int(at or time.time()))
    headers = {
        "content-type": kind,
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": signature(secret or world.stage.box.signing_secret, stamp, body),
    }
    return await world.stage.bot.edge.request(body, headers)


@pytest.mark.slow
@pytest.mark.hypothesis
@pytest.mark.parametrize("kind", sorted(NAMES))
def test_whatever_people_seem_to_have_done_there_is_no_traceback(
    kind: str, there: Aside[Scene], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ids = {name: there.do(lambda world, who=name: world.id(who)) for name in ("ada", "ben")} | {
        "organizer": there.do(lambda world: world.stage.organizer)
    }
    channel = there.do(lambda world: world.channel.id)
    for name in NAMES[kind]:
        assert shape.wrong(body_of(kind, name, ids["ben"], channel)) is None

    @examples(25, suppress_health_check=list(HealthCheck))
    @given(spoiled(kind, sorted(ids.values()), channel), st.sampled_from(["socket", "http"]))
    def attempt(body: dict[str, Any], scheduler: str) -> None:
        caplog.clear()
        status = deliver(there, kind, copy.deepcopy(body), scheduler)
        for record in caplog.records:
            assert record.exc_info is None, (record.getMessage(), record.exc_text, body)
            assert "Traceback" not in record.getMessage(), (record.getMessage(), body)
        assert status in (200, 400, 404), body

    attempt()
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == ["bot"]
    before = there.do(times_helped)
    there.do(lambda world: world.stage.box.person("ben").command("/qa", "help", CHANNEL))
    # Answers to what was attempted may come first.
    there.do(lambda world: until(lambda: times_helped(world) > before, "the next is served"))


def times_helped(world: Scene) -> int:
    """How often somebody was shown the help of `/qa`."""
    return str(world.workspace.ephemerals).count("/qa mine")


def test_what_no_request_of_slacks_looks_like_is_refused_in_silence(
    there: Aside[Scene], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    secret = there.do(lambda world: world.stage.box.signing_secret)
    form, data = "application/x-www-form-urlencoded", "application/json"
    now = time.time()
    body = b'{"type": "event_callback"}'

    def ask(body: bytes, kind: str, **changed: str) -> int:
        stamp = str(int(now))
        headers = {
            "content-type": kind,
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": signature(secret, stamp, body),
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        answer = there.do(lambda world: world.stage.bot.edge.request(body, headers))
        return int(answer.status)

    for changed in (
        {"x_slack_signature": ""},
        {"x_slack_signature": "v0=" + "0" * 64},
        {"x_slack_signature": "v0=\xe9"},
        {"x_slack_request_timestamp": ""},
        {"x_slack_request_timestamp": "now"},
        {"x_slack_request_timestamp": "\u00b2"},
        {"x_slack_request_timestamp": "9" * 5000},
        {"x_slack_request_timestamp": f"-{now:.0f}"},
        {"x_slack_request_timestamp": "nan"},
    ):
        assert ask(body, data, **changed) == 401, changed
    for at in (now - 301, now + 400):  # it is later by now
        old = there.do(lambda world, at=at: post(world, body, data, at=at))
        assert old.status == 401
    assert ask(b"\xff\xfe", data) == 401, "what is no UTF-8 cannot have been signed"
    deep = b"[" * 100_000 + b"]" * 100_000
    for broken in (b"{", b"[]", b'"text"', b"null", b"17", b'{"payload": 1}', b"", deep):
        assert ask(broken, data) in (200, 400), broken
        assert ask(b"payload=" + broken, form) in (200, 400), broken
        assert ask(broken, "text/plain") in (200, 400), broken
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.slow
@pytest.mark.parametrize("nasty", [text for text in NASTY if text])
async def test_ids_and_texts_may_hold_anything(
    world: World, nasty: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As text it is kept to the letter, as an ID refused; its envelope is known by it all the same."""
    good = {"type": "event_callback", "event_id": nasty, "event": message(world, now(), nasty)}
    for body in (good, good):
        assert (await world.edge.receive(body, _never)).status == 200
    await world.edge.worker._handle_due()
    assert world.texts() == [nasty]
    ids = [
        {"user": f"U{nasty}"},
        {"channel": f"C{nasty}"},
        {"ts": f"{now()}{nasty}"},
        {"thread_ts": f"{now()}{nasty}"},
    ]
    for number, changed in enumerate(ids):
        event = {**message(world, now()), **changed}
        body = {"type": "event_callback", "event_id": f"Ev{number}{nasty}", "event": event}
        assert (await world.edge.receive(body, _never)).status == 200
    await world.edge.worker._handle_due()
    assert world.texts() == [nasty]
    with world.database.reading() as uow:
        parked = uow.inbox.listed()
        assert uow.inbox.depth() == 0
    assert {p.error.partition(":")[0] for p in parked if p.error} <= {"malformed"}
    assert len(parked) == len(ids)
    assert not [record for record in caplog.records if record.exc_info]


def _never() -> AsyncBoltRequest:
    pytest.fail("an event is stored before Bolt looks into it")

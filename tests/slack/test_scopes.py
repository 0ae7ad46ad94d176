"""Each scope of the manifest is needed: a feature works with it, and does not without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from slack_sdk.errors import SlackApiError

from bot.errors import UserError
from bot.slack import manifest, outbox
from bot.store.database import Database
from slackbox.actor import Actor
from slackbox.errors import Refusal
from slackbox.faults import CallFault
from slackbox.manifest import EVENT_SCOPES, Manifest, parse
from tests.scene import BOOK, END, EVENT, START, Scene, scene
from tests.slack.conftest import made
from tests.slack.test_linking import FIRST, SURE

PATIENCE = 30.0
"""Seconds that a feature has to be seen with its scope."""
IN_VAIN = 0.6
"""Seconds after which a feature that lacks its scope has failed."""
PRIVATE = "book-club"

Seen = Callable[[Callable[[], object]], Awaitable[bool]]
Feature = Callable[[Scene, Seen], Awaitable[bool]]


def without(scope: str | None) -> Manifest:
    """Our manifest as Slack would take it without a scope."""
    whole = parse(yaml.safe_load(manifest.text(files_are_kept=True)))
    scopes = tuple(name for name in whole.scopes if name != scope)
    events = {
        name
        for name in whole.events
        if not EVENT_SCOPES[name] or set(EVENT_SCOPES[name]) & set(scopes)
    }
    has_commands = "commands" in scopes
    return replace(
        whole,
        scopes=scopes,
        events=frozenset(events),
        commands=whole.commands if has_commands else {},
        shortcuts=whole.shortcuts if has_commands else {},
    )


def stored(world: Scene) -> list[str]:
    session = world.session()
    with world.stage.bot.database.reading() as uow:
        found = uow.messages.of_session(session.id) if session else []
        return [str(message.content["text"]) for message in found]


async def opened(world: Scene, seen: Seen) -> bool:
    await world.stage.until(START)
    return await seen(lambda: world.posted() and world.session())


async def collected(world: Scene, seen: Seen) -> bool:
    await opened(world, seen)
    world.say("ben", "Why?")
    return await seen(lambda: stored(world))


async def pinned(world: Scene, seen: Seen) -> bool:
    await opened(world, seen)
    return await seen(lambda: world.channel.pins)


async def voted(world: Scene, seen: Seen) -> bool:
    await opened(world, seen)
    asked = world.say("ben", "Why?")
    await seen(lambda: stored(world))
    # The history tells votes, too, up to three minutes later.
    for method in ("conversations.history", "conversations.replies"):
        world.stage.box.faults.calls.append(CallFault(method, "http", count=1000))
    await asyncio.sleep(0.1)
    world.react("cleo", asked, "+1")
    session = world.session()
    assert session is not None

    def found() -> object:
        with world.stage.bot.database.reading() as uow:
            return uow.reactions.of_session(session.id)

    return await seen(found)


async def marked(world: Scene, seen: Seen) -> bool:
    await opened(world, seen)
    asked = world.say("ben", FIRST)
    await seen(lambda: stored(world))
    world.say("ada", SURE)
    return await seen(lambda: world.workspace.message(world.channel, asked).reactions)


async def asked_by_name(world: Scene, seen: Seen) -> bool:
    await opened(world, seen)
    with suppress(Refusal):
        await world.stage.box.person(world.id("ben")).command(
            "/ask", "Why two passes?", world.channel.name
        )
    messages = world.channel.messages
    return await seen(lambda: [m for m in messages.values() if m.username == "Ben"])


async def archived(world: Scene, seen: Seen) -> bool:
    """The archive names Ben, the group and the emoji as the workspace does."""
    world.workspace.add_emoji("hooray", "alias:tada")
    group = world.workspace.add_usergroup("readers", "Readers", [world.id("cleo")])
    await opened(world, seen)
    await asyncio.wait_for(world.stage.bot.edge.names.wait_idle(), PATIENCE)
    world.say("ben", f"Is <!subteam^{group}> here? :hooray:")
    await seen(lambda: stored(world))
    await world.stage.until(END + timedelta(seconds=1))
    await seen(lambda: "archive:" in (world.schedules / f"{EVENT}.md").read_text("utf-8"))
    return await seen(lambda: ("Ben", "Is @readers here? 🎉", []) in world.threads())


async def sent_a_file(world: Scene, seen: Seen) -> bool:
    await opened(world, seen)
    world.say("ben", "Why?")
    await seen(lambda: stored(world))
    await world.stage.until(END + timedelta(seconds=1))
    return await seen(lambda: any(file.complete for file in world.workspace.files.values()))


async def kept_a_file(world: Scene, seen: Seen) -> bool:
    await opened(world, seen)
    ben = Actor(world.workspace, world.id("ben"))
    ben.post(world.channel.id, "See", files=[{"name": "a.png", "content": "x"}])
    await seen(lambda: stored(world))
    await world.stage.until(END + timedelta(seconds=1))
    return await seen(lambda: list(world.schedules.parent.glob("images/**/*-a.png")))


async def in_a_private_channel(world: Scene, seen: Seen) -> bool:
    ws = world.workspace
    channel = ws.add_channel(
        PRIVATE, world.stage.organizer, is_private=True, members=world.stage.ids.values()
    )
    ws.join(channel, ws.bot.user_id)
    await world.stage.until(START)
    await seen(lambda: world.posted(PRIVATE) and world.session())
    ws.post(channel, "Here?", user=world.id("ben"))
    return await seen(lambda: stored(world))


FEATURES: dict[str, Feature] = {
    "channels:history": collected,
    "channels:join": opened,
    "channels:read": opened,
    "chat:write": opened,
    "chat:write.customize": asked_by_name,
    "commands": asked_by_name,
    "emoji:read": archived,
    "files:read": kept_a_file,
    "files:write": sent_a_file,
    "groups:history": in_a_private_channel,
    "groups:read": in_a_private_channel,
    "im:write": sent_a_file,
    "pins:write": pinned,
    "reactions:read": voted,
    "reactions:write": marked,
    "usergroups:read": archived,
    "users:read": archived,
}


async def works(feature: Feature, scope: str | None, folder: Path) -> bool:
    """Whether a feature is seen to work, with our manifest but for a scope."""

    async def seen(look: Callable[[], object]) -> bool:
        until = time.monotonic() + (PATIENCE if scope is None else IN_VAIN)
        while time.monotonic() < until:
            if look():
                return True
            await asyncio.sleep(0.01)
        return False

    book = BOOK.replace("authors:", f"channel: {PRIVATE}\nauthors:")
    text = book if feature is in_a_private_channel else BOOK
    async with scene(folder, {f"{EVENT}.md": text}, manifest=without(scope)) as world:
        options = {"organizers": (world.stage.organizer,)}
        if feature is kept_a_file:
            options |= {"keep_files": "all", "files_dir": folder / "images"}
        with suppress(SlackApiError, UserError):
            async with world.stage.hosting(world.schedules, folder, **options):
                return await feature(world, seen)
    return False


def test_every_scope_is_tried():
    assert {*FEATURES, *IN_HISTORY} == set(manifest.scopes(files_are_kept=True))


@pytest.mark.slow
@pytest.mark.parametrize("feature", dict.fromkeys(FEATURES.values()), ids=lambda f: f.__name__)
async def test_with_all_scopes_each_feature_works(feature: Feature, tmp_path: Path):
    assert await works(feature, None, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("scope", FEATURES)
async def test_without_a_scope_its_feature_fails(scope: str, tmp_path: Path):
    assert not await works(FEATURES[scope], scope, tmp_path)


IN_HISTORY = {"im:history": 1, "metadata.message:read": None}
"""Scopes without which a message whose confirmation was lost is not found, by the person it is
for; None for the channel."""


async def once(database: Database, person: int | None, scope: str | None) -> bool:
    """Whether such a message stands in Slack once, and is known to."""
    async with made(database, manifest=without(scope)) as world:
        lost = CallFault("chat.postMessage", "lost_answer")
        world.box.faults.calls.append(lost)
        place = world.people[person] if person is not None else world.channel.id
        world.owe("k", "Once", place)
        for _ in range(3):
            await world.edge.sender.step()
        with world.database.reading() as uow:
            row = uow.outbox.get("k")
        assert row is not None
        channel = world.channel if person is None else world.box.workspace.im(place)
        texts = [message.text for message in channel.messages.values()]
        return row.state == "sent" and texts.count("Once") == 1


@pytest.mark.slow
@pytest.mark.parametrize("scope", IN_HISTORY)
async def test_without_a_scope_a_message_is_not_found_in_the_history(
    scope: str, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "backoff", lambda attempts: 0.0)
    assert await once(database, IN_HISTORY[scope], None)
    assert not await once(database, IN_HISTORY[scope], scope)

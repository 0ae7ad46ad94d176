"""The sandbox against what is recorded and documented of the real Slack (`../shared/slack`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import aiohttp
import pytest

from slackbox.errors import COMMON
from slackbox.methods import METHODS
from slackbox.server import Sandbox
from tests.conftest import shared
from tests.slackbox import agreement
from tests.slackbox.agreement import FACTS, Facts
from tests.slackbox.tour import METADATA, Tour, everything

Json = dict[str, Any]

LEAST_ANSWERS = 0.92
LEAST_EVENTS = 0.99
"""The share of fields that must agree; what is missing are canvases, workflows, and the like."""


@pytest.fixture
def known() -> Facts:
    """The facts; where they are missing, as `shared`."""
    shared(FACTS)
    return _facts()


@lru_cache(maxsize=1)
def _facts() -> Facts:
    return agreement.facts()


@pytest.fixture(scope="module")
def tour() -> Tour:
    return asyncio.run(agreement.travelled())


def test_fields(known: Facts, tour: Tour) -> None:
    for found, least in (
        (agreement.answers(known, tour), LEAST_ANSWERS),
        (agreement.events(known, tour), LEAST_EVENTS),
    ):
        assert not found.other, "a type differs"
        share = len(found.same) / (len(found.same) + len(found.missing))
        assert share >= least, sorted(found.missing)


RELIED_ON = {
    "auth.test": "app_id app_name bot_id team_id url user_id",
    "bots.info": "bot.app_id bot.icons.image_72 bot.user_id",
    "conversations.info": (
        "channel.is_member channel.is_non_threadable channel.is_read_only channel.is_thread_only "
        "channel.num_members"
    ),
    "conversations.list": "channels[].properties.posting_restricted_to.user[]",
    "chat.postMessage": (
        "message.app_id message.bot_profile.icons.image_36 message.icons.emoji "
        "message.icons.image_64 response_metadata.messages[] errors[]"
    ),
    "files.completeUploadExternal": (
        "files[].alt_txt files[].channels[] files[].permalink_public files[].preview "
        "files[].shares files[].original_w files[].thumb_360"
    ),
    "team.info": "team.icon.image_132",
    "users.info": "user.is_stranger user.profile.api_app_id user.profile.image_original",
    "users.list": "members[].locale members[].profile.status_emoji_display_info[].emoji_name",
}


def test_fields_that_a_bot_relies_on(known: Facts, tour: Tour) -> None:
    for method, paths in RELIED_ON.items():
        said = agreement.types_of(answer for name, answer in tour.answers if name == method)
        for path in paths.split():
            assert said.get(path, set()) & set(known.answers[method][path]), (method, path)


def test_codes(known: Facts) -> None:
    unknown = {
        pair
        for pair in agreement.pairs()
        if not agreement.documented(known, pair) and not agreement.seen_in_the_field(pair)
    }
    assert unknown == set()
    for method in METHODS.values():
        assert not method.errors & COMMON, method.name


def test_scopes_and_tiers(known: Facts) -> None:
    for method in METHODS.values():
        documented = known.methods[method.name]
        assert set(method.scopes) <= set(documented["bot_scopes"]), method.name
        assert bool(method.scopes) == bool(documented["bot_scopes"]), method.name


def samples(tour: Tour) -> Mapping[str, Any]:
    """A value for each argument that needs a certain one."""
    workspace = tour.box.workspace
    return {
        "attachments": "[]",
        "blocks": '[{"type": "divider"}]',
        "bot": workspace.bot.id,
        "channel": tour.channel,
        "channel_id": tour.channel,
        "channels": tour.channel,
        "count": 1,
        "cursor": "",
        "error": "",
        "file_ids": [],
        "latest": "1700000000.000000",
        "limit": 10,
        "metadata": METADATA,
        "oldest": "1700000000.000000",
        "page": 1,
        "team": workspace.team,
        "team_id": workspace.team,
        "thread_ts": tour.thread,
        "trigger_id": "",
        "types": "public_channel",
        "usergroup": next(iter(workspace.usergroups)),
        "user": tour.person,
        "users": tour.person,
    }


def values(tour: Tour, name: str, described: Json) -> list[Any]:
    """Values of an argument's documented types, at its documented limits."""
    if "minimum" in described:
        return [described["minimum"], described.get("maximum", 1_000_000)]
    if name in (known := samples(tour)):
        return [known[name]]
    kinds = described.get("type") or "string"
    if "boolean" in kinds:
        return [False, True]
    return {"integer": [1], "number": [1], "array": [[]]}.get(kinds, ["x"])


REFUSED = {
    # Documented codes for what these values say.
    ("chat.postMessage", "as_user"): "as_user_not_supported",
    ("chat.update", "as_user"): "as_user_not_supported",
    ("chat.update", "reply_broadcast"): "cant_broadcast_message",
    ("conversations.open", "channel"): "method_not_supported_for_channel_type",
    ("views.update", "hash"): "hash_conflict",
}
INSTEAD = {
    # Arguments that take the place of another.
    "markdown_text": "text",
    "interactivity_pointer": "trigger_id",
    "external_id": "view_id",
}


@pytest.mark.slow
async def test_every_documented_argument_is_taken(known: Facts) -> None:
    refused: dict[tuple[str, str], Json] = {}
    async with Sandbox(everything()) as box, aiohttp.ClientSession() as session:
        tour = Tour(box, session)
        await tour.furnish()
        for (method, name), described in agreement.arguments(known).items():
            for value in values(tour, name, described):
                await tour.call("conversations.join", channel=tour.channel)
                given = dict(await tour.arguments(method))
                needed = given.pop(INSTEAD.get(name, ""), None)
                if name == "interactivity_pointer" and needed is not None:
                    value = needed  # noqa: PLW2901 - as good as a trigger
                if name == "external_id":
                    given["view"] = {**given["view"], "external_id": "x"}
                    await tour.call(method, view_id=needed, view=given["view"])
                if "minimum" in described:
                    given[name] = value
                given.setdefault(name, value)
                answer = await tour.call(method, **given)
                if not answer["ok"] and answer["error"] != REFUSED.get((method, name)):
                    refused[method, name] = {"given": given, "answer": answer}
        assert not refused
        assert not box.api.ignored

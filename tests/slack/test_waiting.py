"""What Slack does not let the bot read is told once with code and remedy, and shown until it works."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bot.running import http
from bot.slack.api import refusals
from slackbox.faults import CallFault
from tests.scene import START, scene
from tests.waiting import free_port, until

READS = {
    "conversations.history": ("missing_scope", "the history of “The Book”"),
    "users.info": ("missing_scope", "the names of members"),
    "usergroups.list": ("missing_scope", "the names of user groups"),
    "emoji.list": ("ekm_access_denied", "the emoji of the workspace"),
    "conversations.list": ("token_revoked", "the names of channels"),
}


@pytest.mark.slow
@pytest.mark.parametrize("method", READS)
async def test_a_refused_read_is_told_once_and_shown(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.labels.READ_LABELS_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr("bot.slack.reconcile_scheduler.AFTER_TROUBLE_SECONDS", 0.05)
    code, what = READS[method]
    port = free_port()
    async with scene(tmp_path) as world:
        calls = world.stage.box.faults.calls
        calls.append(CallFault(method, "error", 1000, error=code))
        async with (
            world.bot(health_port=port, organizers=(world.stage.organizer,)) as bot,
            http.serving(bot),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            await world.to(START)
            world.say("ben", "Why?")
            await world.hear()
            line = f"{what}: {refusals.explain(method, code)}"
            await until(lambda: line in bot.edge.waits.lines)
            ready = await client.get("/readyz")
            assert ready.status_code == 200
            assert line in ready.json()["waits_for_slack"]
            await until(lambda: [text for text in world.told() if f"{method}: {code}" in text])
            count = float(len(bot.edge.waits.lines))
            assert f"marginalia_waits_for_slack {count}" in (await client.get("/metrics")).text
            await world.hear()
            (told,) = [text for text in world.told() if f"{method}: {code}" in text]
            assert refusals.remedy(method, code) in told
            calls.clear()
            if method != "users.info":  # somebody is asked for again after an hour
                await until(lambda: not bot.edge.waits.lines)
                assert (await client.get("/readyz")).json()["waits_for_slack"] == []


async def test_slack_that_is_down_is_shown_without_the_name_of_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.reconcile_scheduler.AFTER_TROUBLE_SECONDS", 0.05)
    async with scene(tmp_path) as world, world.bot() as bot:
        await world.to(START)
        before = world.told()
        world.stage.box.faults.calls.append(CallFault("conversations.history", "http", 1000))
        monkeypatch.setattr("bot.slack.api.history.MAX_TRIES", 1)
        bot.scheduler.unsure()
        await until(lambda: bot.edge.waits.lines)
        (line,) = bot.edge.waits.lines
        assert line.startswith("the history of “The Book”: Slack is in trouble (HTTP status 50")
        assert world.told() == before
        world.stage.box.faults.calls.clear()
        await until(lambda: not bot.edge.waits.lines)

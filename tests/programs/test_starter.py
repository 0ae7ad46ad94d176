"""A Bolt for JavaScript app, written after Slack's starter template, lives in the sandbox.

It knows nothing of the sandbox but its address. What is tested is the sandbox: that an app of
another library and another language finds what it finds in Slack.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from slackbox.model import Message
from slackbox.person import Person
from slackbox.server import Sandbox
from tests import npm
from tests.slackbox.conftest import CHANNEL
from tests.waiting import PATIENCE, until

STARTER = Path(__file__).parent / "starter"

pytestmark = [
    pytest.mark.slow,
    npm.REQUIRED,
]


@pytest.fixture(scope="session")
def packages() -> None:
    """Installs what `package-lock.json` pins."""
    npm.install(STARTER)


@asynccontextmanager
async def app(box: Sandbox, port: int | None) -> AsyncIterator[None]:
    """The app, connected by Socket Mode, or listening on a port."""
    settings = {
        "SLACK_API_URL": box.api_url,
        "SLACK_BOT_TOKEN": box.bot_token,
        "SLACK_APP_TOKEN": box.app_token,
        "SLACK_SIGNING_SECRET": box.signing_secret,
    }
    if port is not None:
        settings["PORT"] = str(port)
    process = await asyncio.create_subprocess_exec(
        "node",
        "app.mjs",
        cwd=STARTER,
        env={"PATH": os.environ["PATH"], **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            while b"running" not in said:
                line = await process.stdout.readline()
                assert line, said.decode()
                said += line
        if port is not None:
            await box.dispatcher.verify(f"http://127.0.0.1:{port}/slack/events")
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        rest, _ = await process.communicate()
    complaints = (said + rest).decode()
    assert "failed:" not in complaints, complaints


@pytest.fixture(params=["socket", "http"])
async def box(request: pytest.FixtureRequest, packages: None) -> AsyncIterator[Sandbox]:
    port: int | None = None
    if request.param == "http":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    async with Sandbox(STARTER / "manifest.yaml") as running, app(running, port):
        yield running


async def test_all_that_the_starter_shows(box: Sandbox):
    mirela = box.person("mirela")
    await _messages(box, mirela)
    await _command(box, mirela)
    await _modal(box, mirela)
    await _home(box, mirela)
    assert not box.dispatcher.lost


async def _messages(box: Sandbox, mirela: Person) -> None:
    mirela.post(CHANNEL, "Hello everybody")
    said = await _next(box)
    assert said.text == f"Hello, <@{mirela.id}>, how are you?"
    assert said.bot_id == box.workspace.bot.id

    mention = mirela.post(CHANNEL, f"Are you there, <@{box.workspace.bot.user_id}>?")
    await until(lambda: mention.reactions)
    assert mention.reactions == {"wave": [box.workspace.bot.user_id]}


async def _command(box: Sandbox, mirela: Person) -> None:
    outcome = await mirela.command("/hopes", "rain", CHANNEL)
    assert outcome.acknowledged
    said = await _next(box)
    assert (said.text, said.subtype) == ("You hope for rain", "bot_message")


async def _modal(box: Sandbox, mirela: Person) -> None:
    assert (await mirela.shortcut("open_hopes")).acknowledged
    await until(lambda: box.surfaces.top(mirela.id))
    mirela.fill("text", "ra")
    assert (await mirela.act("brighten")).acknowledged
    await until(lambda: "Brighter" in str(box.surfaces.top(mirela.id)))

    # What was typed before the button changed the modal is still there, and too short.
    outcome = await mirela.submit({"channel": CHANNEL})
    assert outcome.errors == {"hope": "Hope for more"}
    outcome = await mirela.submit({"text": "rain"})
    assert (outcome.acknowledged, outcome.errors) == (True, {})
    assert box.surfaces.top(mirela.id) is None
    assert (await _next(box)).text == f"<@{mirela.id}> hopes for rain"


async def _home(box: Sandbox, mirela: Person) -> None:
    assert mirela.open_home() is None
    await until(lambda: mirela.id in box.surfaces.homes)
    shown = mirela.open_home()
    assert shown is not None
    assert shown["blocks"][0]["text"]["text"] == f"*Welcome home, <@{mirela.id}>*"
    await box.settle()


async def _next(box: Sandbox) -> Message:
    """The next message of the app in the channel."""
    channel = box.workspace.channel(CHANNEL)

    def last() -> Message:
        return channel.messages[channel.timeline[-1]]

    await until(lambda: last().bot_id is not None)
    said = last()
    box.workspace.delete(channel, said)
    return said

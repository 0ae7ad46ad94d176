"""`marginalia run` as a process: killed, started again, and what it says when it cannot run."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli import main
from bot.library import archive
from slackbox.faults import CallFault
from slackbox.model import Message
from slackbox.server import Sandbox
from tests.cli.running import started
from tests.processes import MANIFEST
from tests.scene import text_of
from tests.waiting import until

BOOK = """\
---
title: The Book
start: {start:%Y-%m-%d %H:%M:%S}
end: {end:%Y-%m-%d %H:%M:%S}
authors: [Odalys Fenwright]
---
About it."""


def write(folder: Path, end: datetime, start: datetime | None = None) -> Path:
    path = folder / "schedules" / "20260105-the-book.md"
    path.parent.mkdir(exist_ok=True)
    begin = start or datetime.now(UTC) - timedelta(minutes=10)
    new = path.with_suffix(".new")
    new.write_text(BOOK.format(start=begin, end=end))
    new.replace(path)
    return path


def stored(folder: Path) -> int:
    """How many messages the bot has."""
    uri = f"file:{folder / 'var' / 'marginalia.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        count: int = database.execute("SELECT count(*) FROM messages").fetchone()[0]
        return count


@pytest.mark.slow
async def test_killed_and_started_again_it_announces_once_and_loses_nothing(
    tmp_path: Path,
) -> None:
    start = datetime.now(UTC) - timedelta(minutes=10)
    path = write(tmp_path, datetime.now(UTC) + timedelta(hours=1), start)
    async with Sandbox(MANIFEST, retry_delays=(0.0, 0.2, 0.2)) as box:
        workspace = box.workspace
        channel = workspace.channel("book-of-the-week")
        people = [workspace.member(name).id for name in ("mirela", "toby", "anjali")]
        author = workspace.member("odalys").id
        env = {
            "SLACK_BOT_TOKEN": box.bot_token,
            "SLACK_APP_TOKEN": box.app_token,
            "SLACK_API_URL": box.api_url,
            "MARGINALIA_POST_INTERVAL": "0",
            "MARGINALIA_SWEEP_INTERVAL": "0.2",
        }

        def said() -> list[Message]:
            bot = workspace.bot.user_id
            return [m for k in channel.timeline if (m := channel.messages[k]).user == bot]

        asked: dict[str, str] = {}

        def ask(number: int) -> None:
            text = f"Question {number}?"
            ts = workspace.post(channel, text, user=people[number % 3]).ts
            workspace.post(channel, f"Answer {number}.", user=author, thread_ts=ts)
            asked[text] = f"Answer {number}."

        with started("run", cwd=tmp_path, env=env) as bot:
            await until(lambda: len(said()) == 1, "the announcement")
            for number in range(20):
                ask(number)
            await until(lambda: box.dispatcher.pending < 30, "some were heard")
            bot.kill()
        for number in range(20, 30):
            ask(number)
        await until(lambda: box.dispatcher.pending == 0, "Slack gave up telling")
        with started("run", cwd=tmp_path, env=env) as bot:
            for number in range(30, 40):
                ask(number)
            await asyncio.sleep(0.3)
            bot.kill()
        with started("run", cwd=tmp_path, env=env) as bot:
            await until(lambda: bool(box.dispatcher.sockets), "the bot is back")
            await until(lambda: box.dispatcher.pending == 0, "all was heard")
            await until(lambda: stored(tmp_path) == 80, "what nobody heard was read in")
            write(tmp_path, datetime.now(UTC) + timedelta(seconds=1), start)
            await until(lambda: "archive:" in path.read_text(), "the archive")
            # What a replica that was killed had claimed comes later, and is added.
            await until(lambda: path.read_text().count("Answer ") == 40, "all is in the archive")
            await until(lambda: len(said()) == 2, "the close")
            await until(lambda: "ended" in text_of(said()[0]), "the announcement says closed")
            bot.signal(signal.SIGTERM)
            assert await bot.ended() == 0
        threads = archive.read(path)
        assert {t.text: [r.text for r in t.replies] for t in threads} == {
            question: [answer] for question, answer in asked.items()
        }
        assert len(threads) == len(asked)
        _, close = said()
        assert "40 questions, 40 answers" in text_of(close)
    log = (tmp_path / "stderr.log").read_text()
    assert box.bot_token not in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "SLACK_BOT_TOKEN is not set"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN is not set"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "MARGINALIA_PORT": "3000"}, "SLACK_SIGNING_SECRET"),
        ({"MARGINALIA_PORT": "many"}, "MARGINALIA_PORT"),
        (
            {
                "MARGINALIA_DATABASE_URL": "mysql://x/y",
                "SLACK_BOT_TOKEN": "b",
                "SLACK_APP_TOKEN": "a",
            },
            "mysql",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    tmp_path: Path,
    env: dict[str, str],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["marginalia", "run"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("marginalia: ")
    assert named in line


async def test_a_refused_token_is_said_in_one_line(tmp_path: Path) -> None:
    async with Sandbox(MANIFEST) as box:
        env = {
            "SLACK_BOT_TOKEN": "xoxb-000-wrong",
            "SLACK_APP_TOKEN": box.app_token,
            "SLACK_API_URL": box.api_url,
            "MARGINALIA_LOG_LEVEL": "ERROR",
        }
        with started("run", cwd=tmp_path, env=env) as bot:
            assert await bot.ended() == 2
    (line,) = (tmp_path / "stderr.log").read_text().splitlines()
    assert "SLACK_BOT_TOKEN was refused" in line
    assert "invalid_auth" in line
    assert "wrong" not in line


async def test_an_app_that_is_uninstalled_ends_the_bot_with_one_line(tmp_path: Path) -> None:
    async with Sandbox(MANIFEST) as box:
        env = {
            "SLACK_BOT_TOKEN": box.bot_token,
            "SLACK_APP_TOKEN": box.app_token,
            "SLACK_API_URL": box.api_url,
            "MARGINALIA_LOG_LEVEL": "ERROR",
        }
        with started("run", cwd=tmp_path, env=env) as bot:
            await until(lambda: bool(box.dispatcher.sockets), "the bot is connected")
            fault = CallFault("auth.test", "error", count=1000, error="account_inactive")
            box.faults.calls.append(fault)
            box.workspace.emit({"type": "app_uninstalled"})
            assert await bot.ended() == 2
    # Slack's library may log that it could not acknowledge the event, as the socket is closing.
    said = (tmp_path / "stderr.log").read_text().splitlines()
    (line,) = [one for one in said if "slack_sdk" not in one]
    assert line.startswith("marginalia: the app was uninstalled or its token was revoked")
    assert "account_inactive" in line

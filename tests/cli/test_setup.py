"""`marginalia setup`: from nothing to a bot that runs, with a terminal and without one."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bot.library import archive
from bot.slack import manifest
from slackbox.manifest import parse
from slackbox.server import Sandbox
from tests.cli.running import Done, marginalia, started
from tests.terminal import terminal
from tests.waiting import until

APP = parse(yaml.safe_load(manifest.text()))


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(APP) as box:
        yield box


async def setup(folder: Path, box: Sandbox, *flags: str, tokens: bool = True, **env: str) -> Done:
    """The command without a terminal; the tokens come from the environment."""
    given = {"SLACK_BOT_TOKEN": box.bot_token, "SLACK_APP_TOKEN": box.app_token} if tokens else {}
    whole = {"SLACK_API_URL": box.api_url, **given, **env}
    return await asyncio.to_thread(marginalia, "setup", *flags, cwd=folder, env=whole)


BOOK = ("--title", "The Book", "--author", "Ada Author", "--start", "2030-01-07")


def secrets_in(text: str, box: Sandbox) -> list[str]:
    return [s for s in (box.bot_token, box.app_token, box.signing_secret) if s in text]


class TestWithoutATerminal:
    async def test_flags_answer_everything(self, tmp_path: Path, box: Sandbox) -> None:
        organizer = box.workspace.member("odalys").id
        done = await setup(tmp_path, box, *BOOK, "--organizers", organizer)
        assert done.returncode == 0, done.stderr
        env = tmp_path / ".env"
        assert env.stat().st_mode & 0o777 == 0o600
        assert box.bot_token in env.read_text()
        assert f"MARGINALIA_ORGANIZERS={organizer}\n" in env.read_text().replace("'", "")
        file = tmp_path / "schedules" / "20300107-the-book.md"
        assert "Ada Author" in file.read_text()
        assert "2030-01-11 22:59:59" in file.read_text()
        assert "marginalia run" in done.stdout
        assert secrets_in(done.stdout + done.stderr, box) == []
        # The bot's own checks read what was written, without anything in the environment.
        checked = await asyncio.to_thread(
            marginalia, "doctor", cwd=tmp_path, env={"SLACK_API_URL": box.api_url}
        )
        assert "PROBLEM" not in checked.stdout, checked.stdout

    async def test_what_is_missing_is_one_line(self, tmp_path: Path, box: Sandbox) -> None:
        done = await setup(tmp_path, box, tokens=False)
        (line,) = done.stderr.splitlines()
        assert done.returncode == 2
        for flag in ("--bot-token", "--app-token", "--title", "--author"):
            assert flag in line
        assert not (tmp_path / ".env").exists()
        done = await setup(tmp_path, box, "--connection", "http", "--no-schedule")
        (line,) = done.stderr.splitlines()
        assert (done.returncode, "--signing-secret" in line, "--url" in line) == (2, True, True)

    async def test_again_it_keeps_what_is_there(self, tmp_path: Path, box: Sandbox) -> None:
        (tmp_path / ".env").write_text("# mine\nMARGINALIA_LANGUAGE=en\n")
        assert (await setup(tmp_path, box, *BOOK)).returncode == 0
        before = (tmp_path / ".env").read_bytes()
        assert b"# mine\nMARGINALIA_LANGUAGE=en\n" in before
        done = await setup(tmp_path, box, tokens=False)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / ".env").read_bytes() == before
        assert "SLACK_BOT_TOKEN: already set" in done.stdout
        assert "1 planned already, none added" in done.stdout
        assert len(list((tmp_path / "schedules").glob("*.md"))) == 1

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"SLACK_BOT_TOKEN": "xoxb-1-wrong"}, "bot token: Slack refuses auth.test"),
            ({"SLACK_APP_TOKEN": "xapp-1-A0-1-wrong"}, "app token: Slack refuses"),
        ],
    )
    async def test_a_wrong_token_is_not_kept(
        self, tmp_path: Path, box: Sandbox, changed: dict[str, str], said: str
    ) -> None:
        done = await setup(tmp_path, box, *BOOK, **changed)
        assert done.returncode == 2
        assert said in done.stderr
        assert "wrong" not in done.stdout + done.stderr
        env = tmp_path / ".env"
        assert not env.exists() or "wrong" not in env.read_text()

    async def test_a_channel_or_an_organizer_that_is_not_there(
        self, tmp_path: Path, box: Sandbox
    ) -> None:
        done = await setup(tmp_path, box, *BOOK, "--channel", "nowhere")
        assert (done.returncode, "no channel of this name" in done.stderr) == (2, True)
        done = await setup(tmp_path, box, *BOOK, "--organizers", "U404")
        assert (done.returncode, "nobody in this workspace has the ID U404" in done.stderr) == (
            2,
            True,
        )
        done = await setup(tmp_path, box, *BOOK, "--end", "2030-01-01")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1

    async def test_an_app_that_keeps_files_must_be_allowed_to_read_them(
        self, tmp_path: Path, box: Sandbox
    ) -> None:
        (tmp_path / ".env").write_text("MARGINALIA_KEEP_FILES=images\n")
        done = await setup(tmp_path, box, *BOOK)
        assert done.returncode == 2
        assert "not granted: files:read" in done.stderr
        async with Sandbox(parse(yaml.safe_load(manifest.text(files_are_kept=True)))) as box:
            done = await setup(tmp_path, box, *BOOK)
        assert (done.returncode, "WARNING" in done.stdout.upper()) == (0, False), done.stdout

    async def test_http(self, tmp_path: Path, box: Sandbox) -> None:
        done = await setup(
            tmp_path,
            box,
            "--no-schedule",
            "--url",
            "https://bot.example.org",
            SLACK_SIGNING_SECRET=box.signing_secret,
        )
        assert done.returncode == 0, done.stderr
        text = (tmp_path / ".env").read_text().replace("'", "")
        assert "MARGINALIA_URL=https://bot.example.org" in text
        assert "MARGINALIA_PORT=3000" in text
        assert secrets_in(done.stdout, box) == []


class TestInATerminal:
    def test_the_manifest_lets_an_app_that_keeps_files_read_them(self, tmp_path: Path) -> None:
        env = {"MARGINALIA_KEEP_FILES": "images"}
        with terminal("setup", "--connection", "socket", cwd=tmp_path, env=env) as desk:
            assert "files:read" in desk.waits("(your input is not shown): ")

    async def test_from_nothing_to_an_archived_question(self, tmp_path: Path, box: Sandbox) -> None:
        """The transcript of docs/setup.md is what this prints with `-s`, without the manifest."""
        began = time.monotonic()
        organizer = box.workspace.member("odalys")
        today = datetime.now(UTC).date()

        def talk() -> str:
            env = {"SLACK_API_URL": box.api_url}
            with terminal("setup", cwd=tmp_path, env=env) as desk:
                desk.types("socket or http? [socket]: ", "")
                shown = desk.types("(your input is not shown): ", "xoxb-1-mistyped")
                assert "display_information" in shown
                assert "files:read" not in shown
                assert "https://api.slack.com/apps" in shown
                shown = desk.types("(your input is not shown): ", box.bot_token)
                assert "PROBLEM bot token: Slack refuses auth.test" in shown
                desk.types("(your input is not shown): ", box.app_token)
                desk.types("sessions [book-of-the-week]: ", "")
                desk.types("Copy member ID): ", organizer.id)
                desk.types("first book: ", "The Book")
                desk.types("separated by commas: ", "Ada Author")
                desk.waits("First day [")
                desk.types("]: ", str(today))
                desk.waits("Last day [")
                desk.types("]: ", "")
                assert desk.ends() == 0
                return desk.seen

        seen = await asyncio.to_thread(talk)
        assert secrets_in(seen, box) == []
        assert "mistyped" not in seen + (tmp_path / ".env").read_text()
        ready = time.monotonic()
        (path,) = (tmp_path / "schedules").glob("*.md")
        channel = box.workspace.channel("book-of-the-week")
        with started("run", cwd=tmp_path, env={"SLACK_API_URL": box.api_url}) as bot:
            await until(lambda: [m for m in channel.messages.values() if m.blocks])
            opened = time.monotonic()
            box.workspace.post(channel, "Does it work?", user=organizer.id)
            await until(lambda: box.dispatcher.pending == 0)
            assert (
                await box.person(organizer.id).command("/qa", "close now", channel.id)
            ).acknowledged
            await until(lambda: "archive:" in path.read_text())
            archived = time.monotonic()
            bot.signal(signal.SIGTERM)
            assert await bot.ended() == 0
        assert [entry.text for entry in archive.read(path)] == ["Does it work?"]
        page = (Path(__file__).parents[2] / "docs" / "setup.md").read_text(encoding="utf-8")
        shown = page.split("```text\n")[1].split("```")[0]
        assert [
            x
            for x in map(_same, shown.splitlines())
            if x not in {*map(_same, seen.splitlines()), "…"}
        ] == []
        print(seen)
        print(f"{ready - began:.1f} s: all is set up")
        print(f"{opened - began:.1f} s: the session is open")
        print(f"{archived - began:.1f} s: the question is in {path.name}")


def _same(line: str) -> str:
    """A line without what differs each time: days, member and app IDs."""
    return re.sub(r"\d{4}-\d\d-\d\d|\d{8}|\b[UA][A-Z0-9]{10}\b", "…", line).strip()

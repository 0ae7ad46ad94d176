"""The bot as the container runs it: a user without rights, nothing to write but three folders."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.library import archive
from bot.slack import manifest
from slackbox.manifest import parse
from slackbox.server import Sandbox
from tests.processes import environment
from tests.waiting import until

USER = "12345"
AS_USER = ("setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--bounding-set=-all")
# The folder becomes /mnt, /tmp is empty, and the rest of the system cannot be written.
CONTAINER = """
mount --bind "$FOLDER" /mnt
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -o remount,ro,bind /
cd /mnt
exec "$@"
"""
BOOK = """\
---
title: "The Book"
start: {start:%Y-%m-%d} 00:00:00
end: {end:%Y-%m-%d %H:%M:%S}
authors: [Ada Author]
---
"""


def contained(folder: Path, *command: str) -> list[str]:
    """A command in such a container; skips, saying why, where this machine allows none."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("only root with util-linux can make a read-only system for one process")
    start = ["unshare", "--mount", "sh", "-ec", CONTAINER, "sh", *AS_USER]
    probe = [*start, sys.executable, "-c", "import bot.cli"]
    env = environment({"FOLDER": str(folder)})
    done = subprocess.run(probe, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a read-only system cannot be made here: {done.stderr.strip()[-200:]}")
    return [*start, *command]


def test_nothing_else_can_be_written(tmp_path: Path) -> None:
    program = (
        "import os, pathlib\n"
        "for place in ('/here', '/etc/here', '/mnt/theirs/here', '/mnt/mine/here', '/tmp/here'):\n"
        "    try: pathlib.Path(place).write_text('x'); print(place)\n"
        "    except OSError: print('-')\n"
    )
    folder = tmp_path / "marginalia"
    folder.mkdir()
    command = contained(folder, sys.executable, "-c", program)
    for name, owner in (("mine", int(USER)), ("theirs", 0)):
        (folder / name).mkdir()
        os.chown(folder / name, owner, owner)
    env = environment({"FOLDER": str(folder)})
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["-", "-", "-", "/mnt/mine/here", "/tmp/here"]


@pytest.mark.slow
async def test_a_session_from_its_opening_to_its_archive(tmp_path: Path) -> None:
    """The volume has the mode that the image gives it, the schedules belong to the user."""
    folder = tmp_path / "marginalia"
    folder.mkdir()
    command = contained(folder, sys.executable, "-c", "from bot.cli import main; main()", "run")
    schedules, var = folder / "schedules", folder / "var"
    schedules.mkdir()
    var.mkdir()
    var.chmod(0o1777)
    now = datetime.now(UTC)
    file = schedules / f"{now:%Y%m%d}-the-book.md"
    file.write_text(BOOK.format(start=now, end=now + timedelta(days=1)))
    for path in (schedules, file):
        os.chown(path, int(USER), int(USER))
    async with Sandbox(parse(yaml.safe_load(manifest.text()))) as box:
        env = environment(
            {
                "FOLDER": str(folder),
                "HOME": "/tmp",
                "SLACK_BOT_TOKEN": box.bot_token,
                "SLACK_APP_TOKEN": box.app_token,
                "SLACK_API_URL": box.api_url,
                "MARGINALIA_DATABASE_URL": "sqlite:////mnt/var/marginalia.db",
            }
        )
        channel = box.workspace.channel("book-of-the-week")
        reader = box.workspace.member("odalys").id
        log = tmp_path / "log"
        with log.open("wb") as out:
            bot = await asyncio.create_subprocess_exec(*command, env=env, stderr=out)
            try:
                await until(lambda: [m for m in channel.messages.values() if m.blocks])
                box.workspace.post(channel, "Does it write?", user=reader)
                await until(lambda: box.dispatcher.pending == 0)
                text = BOOK.format(start=now, end=datetime.now(UTC) + timedelta(seconds=2))
                file.write_text(text)
                await until(lambda: "archive:" in file.read_text())
            finally:
                bot.send_signal(signal.SIGTERM)
                code = await bot.wait()
        assert code == 0, log.read_text()
    assert [entry.text for entry in archive.read(file)] == ["Does it write?"]
    assert {(var / "marginalia.db").stat().st_uid, file.stat().st_uid} == {int(USER)}
    assert "Traceback" not in log.read_text()

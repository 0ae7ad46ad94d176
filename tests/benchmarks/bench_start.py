"""How long a start takes in a huge workspace, whose author nobody has named by ID.

`python -m tests.benchmarks.bench_start` runs `marginalia run` against a sandbox with 90,000
members that keeps Slack's rate limits, and prints the seconds from the start of the process until
it is connected, until the session is announced, and until the author is named in the announcement,
with the process's peak memory; the same after a restart, with another book by the same author; and
the same in a workspace of seven members, for comparison. It takes as long as Slack lets all members
be listed in: some five minutes. `--members 5000` is quicker.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import re
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from slackbox.client import Control
from slackbox.server import Sandbox
from tests.processes import MANIFEST, Command

AUTHOR = "Wilhelmina Ashgrove"
CHANNELS = ("book-of-the-week", "general")
BOOK = """\
---
title: Book {number}
start: {start:%Y-%m-%d %H:%M:%S}
end: {end:%Y-%m-%d %H:%M:%S}
channel: {channel}
authors: [{author}]
---
About it."""

BETWEEN_STARTS = 61.0
"""Seconds: the sandbox, as strict as Slack's documentation, opens one connection a minute."""

_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of a process; memory in MiB."""

    connected: float
    announced: float
    named: float
    memory: float


def serve(members: int, pipe: Any) -> None:
    """A sandbox in a process of its own; the author is the last of its members."""

    async def run() -> None:
        box = Sandbox(MANIFEST, rate_limits="internal", members=members)
        author = box.workspace.add_person(AUTHOR, quiet=True)
        async with box:
            names = ("SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")
            env = dict(zip(names, (box.api_url, box.bot_token, box.app_token), strict=True))
            pipe.send((box.control_url, env, author.id))
            await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def sandbox(members: int) -> Iterator[tuple[str, dict[str, str], str]]:
    """A sandbox: its control's address, what a bot needs to reach it, and the author's ID."""
    ours, theirs = _FORKS.Pipe()
    process = _FORKS.Process(target=serve, args=(members, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def peak(pid: int) -> float:
    """The most memory that a process has had, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


async def measure(folder: Path, url: str, env: dict[str, str], author: str, channel: str) -> Start:
    """One start of the bot, until the author's name stands in the announcement of a channel."""
    bot = Command.start("run", env=env, folder=folder, log=folder / "log")
    began = time.perf_counter()
    async with Control(url) as control:

        async def until(holds: Callable[[], Awaitable[bool]]) -> float:
            while not await holds():
                if not bot.runs:
                    raise RuntimeError((folder / "log").read_text())
                await asyncio.sleep(0.05)
            return time.perf_counter() - began

        async def is_connected() -> bool:
            return bool((await control.info())["sockets"])

        async def said() -> str:
            return str((await control.channel(channel))["messages"])

        async def is_announced() -> bool:
            return AUTHOR in (text := await said()) or f"<@{author}>" in text

        async def is_named() -> bool:
            return f"<@{author}>" in await said()

        times = [await until(holds) for holds in (is_connected, is_announced, is_named)]
        memory = peak(bot.process.pid or 0)
        bot.signal(signal.SIGTERM)
        await bot.ended()
    return Start(*times, memory)


async def starts(members: int) -> list[tuple[str, Start]]:
    """The first start and one after it, each with a book of its own to announce."""
    found = []
    with sandbox(members) as (url, env, author), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "schedules").mkdir()
        for number, channel in enumerate(CHANNELS):
            now = datetime.now(UTC)
            book = BOOK.format(
                number=number,
                start=now - timedelta(minutes=10),
                end=now + timedelta(days=1),
                channel=channel,
                author=AUTHOR,
            )
            (folder / "schedules" / f"20260105-book-{number}.md").write_text(book)
            what = "restart" if number else "first start"
            began = time.perf_counter()
            found.append((what, await measure(folder, url, env, author, channel)))
            if not number:
                await asyncio.sleep(max(0.0, began + BETWEEN_STARTS - time.perf_counter()))
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=90_000)
    asked = parser.parse_args()
    table = Table("members", "", box=None)
    for heading in ("connected", "announced", "author named", "peak memory"):
        table.add_column(heading, justify="right")
    small = 0.0
    for members in (0, asked.members):
        for what, start in asyncio.run(starts(members)):
            small = small or start.memory
            table.add_row(
                f"{members + 9:,}",
                what,
                f"{start.connected:.1f} s",
                f"{start.announced:.1f} s",
                f"{start.named:.1f} s",
                f"{start.memory:.0f} MiB ({start.memory / small:.2f})",
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

"""What a board costs: `python -m tests.benchmarks.bench_board`.

A session of many questions, each of a few lines, a third of them answered. How large its page is
and how soon a browser paints it (where there is Debian's Chromium), what a look at the database
costs that finds nothing new, and how long it takes until the last of many open boards has been told
of a new question: from the moment it is stored, the wait for the next look included. The figures
of the larger session are beside those of the smaller one, measured in the same run.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from rich.console import Console
from rich.table import Table

from bot.services import boards
from bot.sessions.model import Author, Event, Kind, Message, Person, Reaction, State, moment, ts_of
from bot.settings import Settings
from bot.store.database import Database
from bot.web.board import hub as hubs
from tests.browser import ARGUMENTS, EXECUTABLE

SMALL, LARGE = 200, 2_000
VIEWERS = 500
CHANNEL = "C1"
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
TEXT = (
    "In chapter {n} you say that a pass should do *one* thing. How do you decide that it does two?\n"
    "We have `lower_{n}` in ours, which renames and also resolves, and nobody dares to split it."
)


def fill(database: Database, questions: int) -> str:
    """A session with its board; gives the nonce."""
    end = BEGIN.replace(day=9)
    author = Author("Ana Lima", "Ana Lima", "UA")
    with database.unit_of_work() as uow:
        event = Event("20260105-a-book", "A Book", BEGIN, end, authors=(author,))
        session = uow.sessions.add(event, CHANNEL)
        session.state = State.OPEN
        uow.sessions.save(session)
        uow.people.put(Person("UA", "Ana Lima"))
        for number in range(questions // 4):
            uow.people.put(Person(f"U{number}", f"Reader {number}"))
        for number in range(questions):
            put(uow, session.id, number, questions)
        return uow.boards.open(session.id, "nonce", BEGIN)


def put(uow: Any, session_id: int, number: int, of: int) -> str:
    """One question, with its reply and votes."""
    ts = f"{int(BEGIN.timestamp()) + number * 60}.{number:06}"
    content = {"text": TEXT.format(n=number)}
    user = f"U{number % max(1, of // 4)}"
    uow.messages.put(Message(session_id, CHANNEL, ts, Kind.QUESTION, user, content))
    if number % 3 == 0:
        later = ts_of(moment(ts).replace(microsecond=999_999))
        uow.messages.put(
            Message(
                session_id, CHANNEL, later, Kind.REPLY, "UA", {"text": "By its tests."},
                thread_ts=ts, question_ts=ts,
            )
        )  # fmt: skip
    for voter in range(number % 5):
        uow.reactions.add(Reaction(CHANNEL, ts, "+1", f"V{voter}"))
    return ts


def best(what: Callable[[], object], times: int = 5) -> float:
    """The shortest of some tries, in seconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        what()
        found.append(time.perf_counter() - began)
    return min(found)


class Served:
    """The boards of a database on a free port."""

    def __init__(self, database: Database, nonce: str):
        settings = Settings(_env_file=None, SLACK_BOT_TOKEN="xoxb-bench", board_url="http://x")
        self.hub, app = boards.application(settings, database, lambda channel, ts: "")
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = int(self.socket.getsockname()[1])
        self.path = f"/board/{boards.key_of('xoxb-bench', 1, nonce)}"
        self.url = f"http://127.0.0.1:{self.port}{self.path}"
        config = uvicorn.Config(app, log_level="error", lifespan="off", access_log=False)
        self.server = uvicorn.Server(config)

    async def __aenter__(self) -> Served:
        self.task = asyncio.create_task(self.server.serve(sockets=[self.socket]))
        while not self.server.started:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hub.close()
        self.server.should_exit = True
        await self.task


async def first_paint(url: str) -> float | None:
    """Milliseconds until Chromium paints something of the page; None without Chromium."""
    if not EXECUTABLE.exists():
        return None
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(EXECUTABLE), args=list(ARGUMENTS)
        )
        found = []
        for _ in range(4):
            page = await browser.new_page()
            await page.goto(url, wait_until="commit")
            await page.wait_for_selector(".live.on", timeout=60_000)
            found.append(
                await page.evaluate(
                    "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
                )
            )
            await page.close()
        await browser.close()
    return statistics.median(found[1:])


async def viewer(served: Served, version: str, told: asyncio.Queue[float]) -> None:
    """One open board: reads its feed, and notes when a change came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=2**22)
    writer.write(f"GET {served.path}/events?v={version} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    try:
        while line := await reader.readline():
            if line.startswith(b"event: change"):
                told.put_nowait(time.perf_counter())
    finally:
        writer.close()


async def updates(served: Served, database: Database, questions: int) -> list[float]:
    """Seconds from a question's being stored until the last viewer was told, some times."""
    drawn = await served.hub.board(1)
    assert drawn is not None
    told: asyncio.Queue[float] = asyncio.Queue()
    viewers = [asyncio.create_task(viewer(served, drawn.version, told)) for _ in range(VIEWERS)]
    while served.hub.viewers < VIEWERS:
        await asyncio.sleep(0.02)
    found = []
    for number in range(5):

        def write(number: int = number) -> None:
            with database.unit_of_work() as uow:
                put(uow, 1, questions + number, questions)

        await asyncio.to_thread(write)
        began = time.perf_counter()
        ends = [await told.get() for _ in range(VIEWERS)]
        found.append(max(ends) - began)
    for each in viewers:
        each.cancel()
    await asyncio.gather(*viewers, return_exceptions=True)
    return found


async def measure(folder: Path, questions: int) -> dict[str, float | None]:
    """All figures of a session of that size."""
    database = Database(f"sqlite:///{folder / f'{questions}.db'}")
    database.upgrade()
    nonce = await asyncio.to_thread(fill, database, questions)

    def marker() -> None:
        with database.reading() as uow:
            uow.boards.marker(1)

    async with Served(database, nonce) as served:
        began = time.perf_counter()
        drawn = await served.hub.board(1)
        assert drawn is not None
        first = time.perf_counter() - began
        page = drawn.page(served.url, "votes", False)
        found: dict[str, float | None] = {
            "page, KiB": len(page) / 1024,
            "page over the wire, KiB": len(gzip.compress(page, 6)) / 1024,
            "first reading and drawing, ms": first * 1000,
            "look that finds nothing new, ms": best(marker) * 1000,
            "first contentful paint, ms": await first_paint(served.url),
        }
        spent = await updates(served, database, questions)
        found[f"a question on {VIEWERS} boards, median s"] = statistics.median(spent)
        found[f"a question on {VIEWERS} boards, worst s"] = max(spent)
    database.close()
    return found


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as name:
        small = asyncio.run(measure(Path(name), SMALL))
        large = asyncio.run(measure(Path(name), LARGE))
    table = Table("", f"{SMALL:,} questions", f"{LARGE:,} questions", "ratio", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for key, figure in large.items():
        before = small[key]
        if figure is None or before is None:
            table.add_row(key, "no browser", "no browser", "")
        else:
            table.add_row(key, f"{before:,.2f}", f"{figure:,.2f}", f"{figure / before:.1f}")
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    print(f"An update waits for the next look, every {hubs.POLL_SECONDS:g} s.")


if __name__ == "__main__":
    main()

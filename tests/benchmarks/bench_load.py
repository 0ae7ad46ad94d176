"""What a flood of events costs, as ratios to floors measured in the same run.

`python -m tests.benchmarks.bench_load` lets a sandbox in a process of its own post messages and
deliver them through Socket Mode, to `marginalia run` on SQLite and on PostgreSQL (one replica and
three), and prints events stored and handled a second, the time to acknowledge, and memory. The
floors: a bare insert and commit for each event with SQLAlchemy, and a bare Socket Mode client of
slack_sdk that acknowledges and does nothing else. `--events 100000` for the long run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import insert, make_url

from bot.store.database import Database
from bot.store.tables import inbox
from slackbox.server import Sandbox
from tests.databases import SERVER, execute
from tests.faults.run import BOOK, CHANNEL, EVENT, SETTINGS
from tests.processes import MANIFEST, Command

RATE = 833
"""A hundred times what Slack delivers at most: 30,000 events an hour from one workspace
(<https://docs.slack.dev/apis/events-api#rate-limiting>)."""
WINDOW = 1000
"""Deliveries that are on their way at once when it goes as fast as it can."""

_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A number of events: how long until all were acknowledged, and how long each took (s)."""

    events: int
    seconds: float
    times: list[float]

    def percentile(self, percent: float) -> float:
        """Seconds within which so many of a hundred were acknowledged."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def drive(pipe: Any) -> None:
    """A sandbox that posts `(count, rate)` messages when it is told; rate 0: as fast as can be."""

    async def serve() -> None:
        box = Sandbox(MANIFEST, ack_timeout=60.0)
        sent: dict[str, float] = {}
        times: list[float] = []
        dispatcher = box.dispatcher
        push, acknowledge = dispatcher._push, dispatcher.acknowledge

        def timed_push(delivery: Any) -> None:
            push(delivery)
            sent[delivery.envelopes[-1]] = time.perf_counter()

        def timed_acknowledge(envelope: str, payload: Any) -> None:
            began = sent.pop(envelope, None)
            if began is not None:
                times.append(time.perf_counter() - began)
            acknowledge(envelope, payload)

        dispatcher._push = timed_push  # type: ignore[method-assign]
        dispatcher.acknowledge = timed_acknowledge  # type: ignore[method-assign]
        async with box:
            names = ("SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")
            pipe.send(dict(zip(names, (box.api_url, box.bot_token, box.app_token), strict=True)))
            people = [box.workspace.add_person(f"Reader {n}", quiet=True).id for n in range(300)]
            channel = box.workspace.channel(CHANNEL)
            loop = asyncio.get_running_loop()
            while True:
                told = await loop.run_in_executor(None, pipe.recv)
                if told is None:
                    return
                if told == "sockets":
                    pipe.send(len(dispatcher.sockets))
                    continue
                count, rate = told
                times.clear()
                sent.clear()
                box.wire.clear()
                began = time.perf_counter()
                for number in range(count):
                    text = f"Question {number}: why does the parser read it twice, and *how*?"
                    box.workspace.post(channel, text, user=people[number % 300])
                    if rate:
                        ahead = began + number / rate - time.perf_counter()
                        if ahead > 0.001 or number % 50 == 0:
                            await asyncio.sleep(max(0.0, ahead))
                    elif number % 20 == 0:
                        await asyncio.sleep(0)
                        while len(sent) > WINDOW:
                            await asyncio.sleep(0.001)
                while sent:
                    await asyncio.sleep(0.001)
                pipe.send((time.perf_counter() - began, list(times)))

    asyncio.run(serve())


@contextmanager
def sandbox() -> Iterator[
    tuple[dict[str, str], Callable[[int, int], Delivered], Callable[[], int]]
]:
    """A sandbox's settings, how to let it deliver, and how many sockets are open to it."""
    ours, theirs = _FORKS.Pipe()
    process = _FORKS.Process(target=drive, args=(theirs,), daemon=True)
    process.start()
    env = ours.recv()

    def deliver(count: int, rate: int) -> Delivered:
        ours.send((count, rate))
        seconds, times = ours.recv()
        return Delivered(count, seconds, times)

    def sockets() -> int:
        ours.send("sockets")
        return int(ours.recv())

    try:
        yield env, deliver, sockets
    finally:
        process.kill()
        process.join()


def acknowledge_only(env: Mapping[str, str]) -> None:
    """The floor of acknowledging: slack_sdk's client, and nothing behind it."""

    async def run() -> None:
        web = AsyncWebClient(base_url=env["SLACK_API_URL"], token=env["SLACK_BOT_TOKEN"])
        client = SocketModeClient(env["SLACK_APP_TOKEN"], web_client=web)

        async def heard(client: Any, request: SocketModeRequest) -> None:
            await client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id)
            )

        client.socket_mode_request_listeners.append(heard)
        await client.connect()
        await asyncio.Event().wait()

    asyncio.run(run())


def insert_and_commit(url: str, seconds: float) -> float:
    """The floor of storing: envelopes a second, each with a commit of its own."""
    database = Database(url)
    database.upgrade()
    body = {"event": {"type": "message", "text": "x" * 80, "blocks": [{"type": "rich_text"}] * 3}}
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        with database.engine.begin() as connection:
            connection.execute(
                insert(inbox),
                {
                    "key": f"floor {count}",
                    "body": body,
                    "received_at": datetime.now(UTC),
                    "attempts": 0,
                    "state": "done",
                },
            )
        count += 1
    rate = count / (time.perf_counter() - began)
    database.close()
    return rate


def rss(pid: int) -> float:
    """Resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(
    url: str, folder: Path, replicas: int, events: int, seconds: int
) -> tuple[Delivered, float, Delivered, float, float]:
    """As fast as can be, events handled a second, at RATE; memory after a tenth and at the end."""
    schedules = folder / "schedules"
    schedules.mkdir()
    now = datetime.now(UTC)
    book = BOOK.format(start=now - timedelta(seconds=1), end=now + timedelta(days=1))
    (schedules / f"{EVENT}.md").write_text(book)
    database = Database(url)
    with sandbox() as (env, deliver, sockets):
        settings = {
            **SETTINGS,
            **env,
            "MARGINALIA_LOG_LEVEL": "WARNING",
            "MARGINALIA_DATABASE_URL": url,
            "MARGINALIA_SCHEDULES": str(schedules),
            "MARGINALIA_RECONCILE_INTERVAL": "180",
        }
        bots = [
            Command.start("run", env=settings, folder=folder, log=folder / f"{n}.log")
            for n in range(replicas)
        ]
        pids = [bot.process.pid or 0 for bot in bots]
        try:
            _wait(lambda: sockets() == replicas)
            deliver(max(500, events // 10), 0)
            _wait(lambda: _depth(database) == 0)
            before = max(rss(pid) for pid in pids)
            began = time.perf_counter()
            fast = deliver(events, 0)
            _wait(lambda: _depth(database) == 0)
            handled = events / (time.perf_counter() - began)
            steady = deliver(RATE * seconds, RATE)
            _wait(lambda: _depth(database) == 0)
            after = max(rss(pid) for pid in pids)
        finally:
            for bot in bots:
                bot.kill()
            database.close()
    return fast, handled, steady, before, after


def _wait(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 600
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("the bot did not come to an end")
        time.sleep(0.05)


def _depth(database: Database) -> int:
    with database.reading() as uow:
        return uow.inbox.depth()


@contextmanager
def postgresql() -> Iterator[str]:
    """A database of its own."""
    name = f"marginalia_bench_{uuid.uuid4().hex[:12]}"
    execute(SERVER, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    try:
        yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        execute(SERVER, f"DROP DATABASE {name} WITH (FORCE)")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="as fast as can be")
    parser.add_argument("--seconds", type=int, default=10, help=f"how long at {RATE} a second")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database alone")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with sandbox() as (env, deliver, sockets):
        process = _FORKS.Process(target=acknowledge_only, args=(env,), daemon=True)
        process.start()
        _wait(lambda: sockets() == 1)
        deliver(1000, 0)
        bare = deliver(given.events, 0)
        bare_steady = deliver(RATE * given.seconds, RATE)
        process.kill()
    bare_rate = bare.events / bare.seconds
    rows.append(_row("slack_sdk, acknowledges only", bare, bare_steady))
    kinds = [given.only] if given.only else ["sqlite", "postgresql"]
    for kind in kinds:
        for replicas in (1,) if kind == "sqlite" else (1, 3):
            with tempfile.TemporaryDirectory(prefix="marginalia-bench-") as name:
                folder = Path(name)
                if kind == "sqlite":
                    row = _measured(
                        "SQLite", f"sqlite:///{folder / 'bench.db'}", folder, replicas, given
                    )
                else:
                    with postgresql() as url:
                        what = f"PostgreSQL, {replicas} replica{'s' * (replicas > 1)}"
                        row = _measured(what, url, folder, replicas, given)
            row["of_acknowledging"] = row["stored"] / bare_rate
            rows.append(row)
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    _print(rows)


def _measured(
    what: str, url: str, folder: Path, replicas: int, given: argparse.Namespace
) -> dict[str, Any]:
    floor = insert_and_commit(url, 3.0)
    fast, handled, steady, before, after = measure(
        url, folder, replicas, given.events, given.seconds
    )
    row = _row(what, fast, steady)
    row |= {
        "handled": handled,
        "floor": floor,
        "of_floor": row["stored"] / floor,
        "memory_before": before,
        "memory_after": after,
    }
    return row


def _row(what: str, fast: Delivered, steady: Delivered) -> dict[str, Any]:
    times = {f"p{p}": steady.percentile(p) * 1000 for p in (50, 99, 99.9)}
    return {"what": what, "stored": fast.events / fast.seconds, **times}


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table(
        "",
        "Stored/s",
        "Handled/s",
        "Insert+commit/s",
        "of that floor",
        "of ack. only",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "MiB before → after",
        box=None,
        title=f"Events; the time to acknowledge at {RATE} a second",
    )
    for row in rows:
        table.add_row(
            row["what"],
            f"{row['stored']:.0f}",
            f"{row['handled']:.0f}" if "handled" in row else "",
            f"{row['floor']:.0f}" if "floor" in row else "",
            f"{row['of_floor']:.2f}" if "of_floor" in row else "",
            f"{row['of_acknowledging']:.2f}" if "of_acknowledging" in row else "",
            f"{row['p50']:.1f}",
            f"{row['p99']:.1f}",
            f"{row['p99.9']:.1f}",
            f"{row['memory_before']:.0f} → {row['memory_after']:.0f}" if "floor" in row else "",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()

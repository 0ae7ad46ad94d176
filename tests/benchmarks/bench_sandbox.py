"""How many events a second the sandbox tells, beside a server that only passes them on.

The sandbox runs in a process of its own. A person posts through test control, in batches, as
fast as it is taken; a bare aiohttp client hears and acknowledges. The floor is the same client
with a Starlette WebSocket that sends the same envelopes and reads the acknowledgements, with no
workspace, no rules and no bookkeeping. Run it with `python -m tests.benchmarks.bench_sandbox`.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from slackbox.client import Control
from slackbox.listening import Listener
from slackbox.server import Sandbox

MANIFEST = Path(__file__).resolve().parents[2] / "slack-manifest.yaml"
EVENTS = 10_000
BATCH = 100
GOAL = 833
"""Events a second: a hundred times what Slack delivers at most to an app from one workspace."""


async def until_told(pipe: Connection) -> None:
    """Waits for the word to stop; says how much processor time was used meanwhile."""
    before = time.process_time()
    await asyncio.to_thread(pipe.recv)
    pipe.send(time.process_time() - before)


def serve(pipe: Connection) -> None:
    """The process of the sandbox."""

    async def run() -> None:
        async with Sandbox(MANIFEST) as box:
            pipe.send((box.control_url, box.api_url, box.app_token))
            await until_told(pipe)

    asyncio.run(run())


def serve_floor(pipe: Connection) -> None:
    """The process of the floor: sends one envelope over and over."""

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        text = await websocket.receive_text()

        async def send() -> None:
            for _ in range(EVENTS):
                await websocket.send_text(text)

        sending = asyncio.create_task(send())
        for _ in range(EVENTS):
            json.loads(await websocket.receive_text())
        await sending
        await websocket.close()

    async def run() -> None:
        listener = Listener(Starlette(routes=[WebSocketRoute("/", socket)]))
        await listener.start()
        pipe.send(f"ws://{listener.address}/")
        await until_told(pipe)
        await listener.stop()

    asyncio.run(run())


@asynccontextmanager
async def process(target: object, used: list[float]) -> AsyncIterator[Connection]:
    """A process that talks through a pipe and ends when it is told to.

    The seconds of processor time that it used are added to `used`.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=target, args=(there,), daemon=True)  # type: ignore[arg-type]
    child.start()
    try:
        yield here
    finally:
        here.send("stop")
        used.append(await asyncio.to_thread(here.recv))
        await asyncio.to_thread(child.join, 10)


async def hear(socket: aiohttp.ClientWebSocketResponse, count: int) -> str:
    """Acknowledges so many envelopes; gives the last one's text."""
    heard, last = 0, ""
    while heard < count:
        message = await socket.receive()
        body = json.loads(message.data)
        if "envelope_id" in body:
            heard, last = heard + 1, message.data
            await socket.send_str(json.dumps({"envelope_id": body["envelope_id"]}))
    return last


async def post(control: Control) -> None:
    """A person who writes as fast as they are let."""
    for start in range(0, EVENTS, BATCH):
        await control.acts(
            *(
                {
                    "act": "post",
                    "person": "mirela",
                    "channel": "book-of-the-week",
                    "text": f"Question {n}: why *two* passes, and not one? See https://a.example",
                }
                for n in range(start, start + BATCH)
            )
        )


async def measure() -> tuple[float, float, list[float]]:
    """Events a second of the sandbox and of the floor, and the processor time of each."""
    used: list[float] = []
    async with aiohttp.ClientSession() as session:
        async with process(serve, used) as pipe:
            control_url, api_url, app_token = await asyncio.to_thread(pipe.recv)
            headers = {"Authorization": f"Bearer {app_token}"}
            async with session.post(f"{api_url}apps.connections.open", headers=headers) as opened:
                url = (await opened.json())["url"]
            async with session.ws_connect(url) as socket, Control(control_url) as control:
                before = time.perf_counter()
                last, _ = await asyncio.gather(hear(socket, EVENTS), post(control))
                await control.settle()
                told = EVENTS / (time.perf_counter() - before)
        async with process(serve_floor, used) as pipe:
            url = await asyncio.to_thread(pipe.recv)
            async with session.ws_connect(url) as socket:
                before = time.perf_counter()
                await socket.send_str(last)
                await hear(socket, EVENTS)
                floor = EVENTS / (time.perf_counter() - before)
    return told, floor, used


def main() -> None:
    """Prints the table."""
    told, floor, used = asyncio.run(measure())
    print(f"{EVENTS} events, one socket, the server in its own process")
    print(f"{'':<26}{'events/s':>10}{'of the floor':>14}{'CPU ms/event':>14}")
    for name, rate, seconds in (("sandbox", told, used[0]), ("bare WebSocket", floor, used[1])):
        print(f"{name:<26}{rate:>10.0f}{rate / floor:>14.2f}{seconds / EVENTS * 1000:>14.2f}")
    print(f"the sandbox tells {told / GOAL:.1f} times the goal of {GOAL} events/s")


if __name__ == "__main__":
    main()

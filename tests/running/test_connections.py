"""The ports within limits: what is half-sent, too much or too slow takes nothing from others."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.running import connections, http, logs
from slackbox.server import Sandbox
from tests.cli.running import started
from tests.processes import MANIFEST
from tests.waiting import PATIENCE, free_port

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def raw(port: int, *parts: bytes, within: float = PATIENCE) -> bytes:
    """Sends bytes as they are; all that comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
        answer = b""
        async with asyncio.timeout(within):
            while chunk := await reader.read(65536):
                answer += chunk
        return answer
    except ConnectionResetError:
        return answer
    finally:
        writer.close()


@asynccontextmanager
async def serving(limits: connections.ConnectionLimits) -> AsyncIterator[int]:
    """A small application: `/` answers, `/body` reads, `/stream` never ends, `/big` is long."""

    async def hello(request: Request) -> Response:
        return PlainTextResponse("hello")

    async def body(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def stream(request: Request) -> Response:
        async def forever() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536 if request.query_params else b"x"
                await asyncio.sleep(0 if request.query_params else 60)

        return StreamingResponse(forever())

    app = Starlette(
        routes=[
            Route("/", hello),
            Route("/body", body, methods=["POST"]),
            Route("/stream", stream),
        ]
    )
    port = free_port()
    async with http.served("TEST", app, "127.0.0.1", port, limits):
        yield port


async def test_both_lengths_at_once_are_refused_and_the_connection_is_closed() -> None:
    head = (
        b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    async with serving(connections.ConnectionLimits(10)) as port:
        answer = await raw(port, head, b"0\r\n\r\n" + GET)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", GET + b"GET /"],
    ids=["nothing", "half a head", "half a second head"],
)
async def test_a_head_that_does_not_come_is_given_up(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 3600)  # it is not this that ends it
    async with serving(connections.ConnectionLimits(10, head_seconds=0.2)) as port:
        answer = await raw(port, sent)
    assert b"hello" in answer if sent.startswith(GET) else answer == connections.TOO_SLOW


async def test_a_head_that_drips_is_given_up() -> None:
    async with serving(connections.ConnectionLimits(10, head_seconds=0.3)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        async with asyncio.timeout(PATIENCE):
            while not (reader.at_eof() or reader._buffer):  # type: ignore[attr-defined]
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.05)
        writer.close()


async def test_a_body_that_does_not_come_is_given_up() -> None:
    head = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
    async with serving(connections.ConnectionLimits(10, body_seconds=0.2)) as port:
        assert await raw(port, head) == connections.TOO_SLOW
        whole = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"defghij"
        assert (await raw(port, whole)).endswith(b"10")


async def test_whoever_takes_in_nothing_of_an_answer_is_let_go() -> None:
    limits = connections.ConnectionLimits(10, write_seconds=0.2)
    async with serving(limits) as port:
        with socket.socket() as idle:
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.setblocking(False)
            await asyncio.get_running_loop().sock_connect(idle, ("127.0.0.1", port))
            idle.send(b"GET /stream?big HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(PATIENCE):
                while not limits.answering:
                    await asyncio.sleep(0.01)
                while limits.answering or limits.count:
                    await asyncio.sleep(0.01)


async def test_connections_are_limited_in_all_and_for_one_address() -> None:
    limits = connections.ConnectionLimits(8)
    async with serving(limits) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        assert await raw(port, GET) == connections.TOO_MANY
        held.pop()[1].close()
        while limits.count == limits.connections:
            await asyncio.sleep(0.01)
        assert b"hello" in await raw(
            port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        for _reader, writer in held:
            writer.close()
    async with serving(connections.ConnectionLimits(8, proxies=())) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert await raw(port, GET) == connections.TOO_MANY
        for _reader, writer in held:
            writer.close()


async def test_connections_that_come_at_once_take_no_more_descriptors() -> None:
    limits = connections.ConnectionLimits(8)
    async with serving(limits) as port:
        before = descriptors()
        # A busy machine: so many connections wait to be taken before the loop looks.
        waiting = [
            socket.create_connection(("127.0.0.1", port)) for _ in range(connections.BACKLOG)
        ]
        most = 0
        async with asyncio.timeout(PATIENCE):
            for each in waiting[limits.connections :]:
                each.setblocking(False)
                answer = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(each, 1024))
                while not answer.done():
                    most = max(most, descriptors())
                    await asyncio.sleep(0)
                assert await answer == connections.TOO_MANY
        assert limits.count == limits.connections
        assert most - before - len(waiting) <= limits.connections
        for each in waiting:
            each.close()
        async with asyncio.timeout(PATIENCE):
            while limits.count:
                await asyncio.sleep(0.01)


def descriptors() -> int:
    """Files that this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_streams_of_one_client_behind_a_proxy_are_limited() -> None:
    def ask(client: bytes) -> bytes:
        return b"GET /stream HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + client + b"\r\n\r\n"

    limits = connections.ConnectionLimits(8)
    async with serving(limits) as port:
        held = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ask(b"198.51.100.7"))
            await reader.readline()
            held.append(writer)
        assert (await raw(port, ask(b"198.51.100.7"))).startswith(b"HTTP/1.1 429 ")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ask(b"198.51.100.8"))
        assert b" 200 " in await reader.readline()
        for other in (*held, writer):
            other.close()
        async with asyncio.timeout(PATIENCE):
            while limits.answering:
                await asyncio.sleep(0.01)


async def test_of_many_bodies_no_more_is_held_than_the_limit_of_all_together() -> None:
    bodies = connections.Bodies(most_in_all=250_000)

    async def read() -> int:
        parts = [(b"x" * 100_000, True), (b"", False)]

        async def receive() -> Any:
            await asyncio.sleep(0.05)
            chunk, more = parts.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": more}

        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
        try:
            return len(await bodies.read(Request(scope, receive), 1_000_000))
        except connections.Unread as error:
            return error.status

    first = await asyncio.gather(*(read() for _ in range(5)))
    assert sorted(first) == [503, 503, 503, 100_000, 100_000]
    assert await read() == 100_000


@pytest.mark.parametrize("descriptors", [64, 256, 1024, 4096, 1_048_576])
def test_descriptors_are_left_for_slack_and_the_database(descriptors: int) -> None:
    share = connections.shares(descriptors)
    assert descriptors - sum(share.values()) >= min(256, descriptors // 3)
    assert all(most >= 1 for most in share.values())


def test_a_line_that_repeats_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    handler = logging.StreamHandler()
    written: list[str] = []
    handler.emit = lambda record: written.append(record.getMessage())  # type: ignore[method-assign]
    handler.addFilter(logs.Counted(handler, lambda: now[0]))

    def say(text: str) -> None:
        handler.handle(logging.LogRecord("x", logging.WARNING, "", 0, text, (), None))

    for number in range(1000):
        say(f"connection {number} is refused")
    say("something else")
    assert len(written) == logs.SAME_LINES + 1
    now[0] = logs.SAME_SECONDS
    say("later")
    assert written[-2:] == ["980 more lines like this one: connection # is refused", "later"]
    for number in range(5 * logs.KINDS_OF_LINES):
        say(chr(0x4E00 + number))
    assert len(written) == logs.SAME_LINES + 3 + 5 * logs.KINDS_OF_LINES


def test_a_traceback_that_repeats_is_counted() -> None:
    handler = logging.StreamHandler()
    written: list[str] = []
    now = [0.0]
    handler.emit = lambda record: written.append(handler.format(record))  # type: ignore[method-assign]
    handler.addFilter(logs.Counted(handler, lambda: now[0]))
    try:
        raise OSError(24, "Too many open files")
    except OSError as error:
        info = type(error), error, error.__traceback__
    for number in range(100):
        text = f"socket.accept() out of system resource\nsocket: fd={number}"
        handler.handle(logging.LogRecord("asyncio", logging.ERROR, "", 0, text, (), info))
    whole = "\n".join(written)
    assert "Traceback" in written[0]
    assert whole.count("\n") < logs.SAME_LINES + written[0].count("\n") + 1
    now[0] = logs.SAME_SECONDS
    handler.handle(logging.LogRecord("x", logging.ERROR, "", 0, "later", (), None))
    assert f"{100 - len(written[:-2])} more lines like this one: socket.accept()" in written[-2]


DESCRIPTORS = 256


@pytest.mark.slow
async def test_half_sent_requests_take_nothing_from_slack(tmp_path: Path) -> None:
    """The board's port is flooded while the process may open few files."""
    (tmp_path / "schedules").mkdir()
    health, board = free_port(), free_port()
    async with Sandbox(MANIFEST, retry_delays=(0.0, 0.2, 0.2)) as box:
        env = {
            "SLACK_BOT_TOKEN": box.bot_token,
            "SLACK_APP_TOKEN": box.app_token,
            "SLACK_API_URL": box.api_url,
            "MARGINALIA_HEALTH_PORT": str(health),
            "MARGINALIA_BOARD_PORT": str(board),
        }
        log = tmp_path / "stderr.log"
        with started("run", cwd=tmp_path, env=env, descriptors=DESCRIPTORS) as bot:
            assert bot.process.pid is not None
            async with asyncio.timeout(PATIENCE):
                while "the bot is running" not in (log.read_text() if log.exists() else ""):
                    await asyncio.sleep(0.05)
            before = memory(bot.process.pid)
            half = b"POST /board/1-x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
            flood = [await asyncio.open_connection("127.0.0.1", board) for _ in range(400)]
            for _reader, writer in flood:
                writer.write(half)
            answer = await raw(
                health, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert len(box.dispatcher.sockets) >= 1
            box.person("mirela").post("book-of-the-week", "Is anybody there?")
            await asyncio.wait_for(box.settle(), PATIENCE)
            assert not box.dispatcher.lost
            assert memory(bot.process.pid) - before < 50
            for _reader, writer in flood:
                writer.close()
        assert "out of system resource" not in log.read_text()
        assert log.read_text().count("\n") < 100


def memory(pid: int) -> float:
    """What a process has in memory, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20

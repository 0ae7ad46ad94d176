"""An HTTP server on loopback, in this event loop, whose connections can be broken off."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose, WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected

GRACE = 0.1
"""Seconds for requests in hand when the port closes."""


class NotLoopback(ValueError):
    """The sandbox listens on this machine only. The text says so, in one line."""


class Connections:
    """The open connections of a server, by the address of the other end."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}
        self.refusing = False

    def abort(self, scope: Scope) -> None:
        """Breaks the connection of a request off, without an answer."""
        client = scope.get("client")
        transport = self.open.get(tuple(client)) if client else None
        if transport is not None:
            transport.abort()

    def abort_all(self) -> None:
        """Breaks all connections off."""
        for transport in tuple(self.open.values()):
            transport.abort()


class Guard:
    """Lets in only who knows that this is a loopback address, and no page of another origin.

    Who is in may leave at any moment without a fuss.

    A web page elsewhere can make a browser on this machine send requests here, under a host name
    of its own or its own origin; neither the bot nor the tests do that.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not _at_home(scope):
            answer = PlainTextResponse("not from here", status_code=403)
            await (answer if scope["type"] == "http" else WebSocketClose(1008))(
                scope, receive, send
            )
            return
        gone = False

        async def heard() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"].endswith(".disconnect")
            return message

        # Whoever was killed or cut off in the middle is gone: no fault, nothing to complain of.
        try:
            await self._app(scope, heard, send)
        except (ClientDisconnect, WebSocketDisconnect):
            gone = True
        if gone and scope["type"] == "websocket":
            raise ClientDisconnected  # the server's own word for such an end


def _at_home(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    name = host.rpartition(":")[0] if not host.endswith("]") else host
    origin = headers.get(b"origin")
    return (name or host).strip("[]") in ("127.0.0.1", "localhost", "::1") and (
        origin is None or origin.decode("latin-1") == f"http://{host}"
    )


class Listener:
    """A running server. `port` 0 takes a free one; `port` tells which."""

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 0):
        """Raises NotLoopback for an address that is not on loopback, OSError for a taken port."""
        check_loopback(host)
        self.connections = Connections()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self._server = _Server(
            uvicorn.Config(
                Guard(app),
                http=_protocol(self.connections),
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                date_header=False,  # the workspace's clock says what time it is
                backlog=1024,
            ),
            self.connections,
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Takes connections from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Closes the port and breaks off what is open."""
        self._server.stopping.set()
        if self._task is not None:
            await self._task
            self._task = None
        self._socket.close()


def check_loopback(host: str) -> None:
    """Raises NotLoopback unless `host` is an address of this machine alone."""
    try:
        on_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        on_loopback = False
    if not on_loopback:
        raise NotLoopback(f"the sandbox listens on loopback only, not on {host}; use 127.0.0.1")


class _Server(uvicorn.Server):
    """One that leaves the process's signals alone, and stops at once."""

    def __init__(self, config: uvicorn.Config, connections: Connections):
        super().__init__(config)
        self.stopping = asyncio.Event()
        self._connections = connections

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        while not self.stopping.is_set():
            await self.on_tick(0)  # sets the Date that answers carry, as Slack's do
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 0.5)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        self._connections.abort_all()
        # Whoever waits for a client learns now that it is gone; who does not is cancelled.
        tasks = list(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _protocol(connections: Connections) -> type[H11Protocol]:
    class Tracked(H11Protocol):
        """Uvicorn's protocol, with its transports in our book."""

        _peer: tuple[str, int] | None = None

        def connection_made(self, transport: Any) -> None:
            if connections.refusing:
                transport.abort()
                return
            peer = transport.get_extra_info("peername")
            if peer:
                self._peer = (str(peer[0]), int(peer[1]))
                connections.open[self._peer] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.transport is None:
                return
            if self._peer is not None:
                connections.open.pop(self._peer, None)
            super().connection_lost(exc)

    return Tracked

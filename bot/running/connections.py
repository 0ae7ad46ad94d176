"""Limits of the bot's HTTP servers, so that whoever reaches a port cannot use up the process.

Uvicorn and h11 decide what a request is; here is what they do not limit: connections, the time
that a request's head and body may take, the bytes of a body, and requests that are being answered
(streams among them), each for one address and in all. So many file descriptors are left over that
Slack, the database and the files always get theirs.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import resource
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import h11
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

RESERVED_DESCRIPTORS = 256
"""File descriptors that are kept for Slack, the database and files, where there are 768 or more."""
MAX_HEALTH_CONNECTIONS = 32
"""Connections of the port for health and metrics."""
MAX_CONNECTIONS = 5_000
"""Connections of one port at the most, however many descriptors there are."""
SHARE_OF_ONE = 4
"""One address gets this part of a port's connections and requests: a quarter."""
BACKLOG = 64
"""Connections that wait to be taken, and that are taken at once. While they wait, the system holds
them, and they need no descriptor."""
HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 10.0
"""Seconds until the head of a request is there, from when it could begin."""
BODY_SECONDS = 10.0
"""Seconds until the body is there, from the end of the head."""
WRITE_SECONDS = 30.0
"""Seconds for which the other side may take in nothing of an answer."""
IDLE_SECONDS = 5
"""Seconds for which a connection without a request stays open."""
BODIES_BYTES = 32 * 1024 * 1024
"""Bytes of all bodies together that are held before their signatures are checked."""

TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
CLOSE = {"Connection": "close"}


class Unread(Exception):
    """A body that is not read to its end. `status` and the text are the answer."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class ConnectionLimits:
    """What one port takes. Of connections from `proxies` (addresses or networks) each stands for
    many clients, so that they are counted in all alone; requests are counted by the address that
    the proxy names.
    """

    connections: int
    proxies: Sequence[str] = ("127.0.0.1", "::1")
    head_seconds: float = HEAD_SECONDS
    body_seconds: float = BODY_SECONDS
    write_seconds: float = WRITE_SECONDS
    open: Counter[str] = field(default_factory=Counter)
    """Open connections by address."""
    count: int = 0
    """Open connections."""
    answering: Counter[str] = field(default_factory=Counter)
    """Requests that are being answered, by the client's address."""

    @property
    def of_one(self) -> int:
        """Connections, and requests, that one address gets."""
        return max(1, self.connections // SHARE_OF_ONE)

    def lets_in(self, address: str) -> bool:
        """Whether there is room for a connection from an address."""
        if self.count >= self.connections:
            return False
        return self.open.get(address, 0) < self.of_one or is_among(address, self.proxies)

    def opened(self, address: str) -> None:
        """A connection from an address stands."""
        self.count += 1
        self.open[address] += 1

    def closed(self, address: str) -> None:
        """It is over."""
        self.count -= 1
        self.open[address] -= 1
        if not self.open[address]:
            del self.open[address]


def shares(descriptors: int | None = None) -> dict[str, int]:
    """Connections of each port, by name: `slack`, `boards` and `watching`.

    `descriptors` is how many files the process may have open; its own limit when not given.
    """
    if descriptors is None:
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if descriptors == resource.RLIM_INFINITY:
            descriptors = 4 * MAX_CONNECTIONS
    reserve = min(RESERVED_DESCRIPTORS, descriptors // 3)
    watching = min(MAX_HEALTH_CONNECTIONS, descriptors // 16)
    room = max(3, descriptors - reserve - watching)
    return {
        "slack": min(MAX_CONNECTIONS, room // 3),
        "boards": min(MAX_CONNECTIONS, room - room // 3),
        "watching": max(1, watching),
    }


def raise_descriptors() -> None:
    """Lets the process open as many files as the system allows it to, up to what ports can use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MAX_CONNECTIONS + RESERVED_DESCRIPTORS + MAX_HEALTH_CONNECTIONS
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def is_among(address: str, places: Iterable[str]) -> bool:
    """Whether an address is one of some addresses or in one of some networks."""
    try:
        found = ipaddress.ip_address(address)
        return any(found in ipaddress.ip_network(place, strict=False) for place in places)
    except ValueError:
        return False


class _Connection(socket.socket):
    """A connection that is counted until it is closed, whoever closes it."""

    counted: tuple[ConnectionLimits, str] | None = None

    def close(self) -> None:
        """Closes it, once."""
        super().close()
        if self.counted is not None:
            limits, address = self.counted
            self.counted = None
            limits.closed(address)


class Listener(socket.socket):
    """A listening socket that gives no more connections than its limits let in.

    The event loop takes many connections before its protocols hear of the first, so they are
    counted here, as they get their descriptors. One that there is no room for is answered and
    closed at once.
    """

    def __init__(self, listening: socket.socket, limits: ConnectionLimits):
        """Takes over the descriptor of `listening`."""
        super().__init__(fileno=listening.detach())
        self._limits = limits

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection and its address.

        Raises ConnectionAbortedError for one that is refused, with which a loop goes on to others'
        work, and OSError as `socket.accept` does.
        """
        taken, address = super().accept()
        peer = str(address[0])
        if not self._limits.lets_in(peer):
            with taken, suppress(OSError):
                taken.send(TOO_MANY)
            log.warning("refusing connections: the port has as many as it can take")
            raise ConnectionAbortedError
        self._limits.opened(peer)
        connection = _Connection(fileno=taken.detach())
        connection.counted = self._limits, peer
        return connection, address


def protocol(limits: ConnectionLimits) -> type[H11Protocol]:
    """Uvicorn's protocol within limits."""

    class Limited(H11Protocol):
        """One connection."""

        _deadline: asyncio.TimerHandle | None = None
        _phase: object = None
        _writing: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._enter(None)
            self._can_write()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self.transport.is_closing():
                super().data_received(data)
                self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._writing = self.loop.call_later(limits.write_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            self._can_write()
            super().resume_writing()

        def _can_write(self) -> None:
            if self._writing is not None:
                self._writing.cancel()
                self._writing = None

        def _watch(self) -> None:
            """Counts the time of what is being waited for: a head, or a body."""
            state = self.conn.their_state
            if self.transport.is_closing():
                self._enter(None)
            elif state is h11.IDLE:
                answered = self.cycle is not None and not self.conn.trailing_data[0]
                # After an answer the time begins with the first byte; Uvicorn counts the rest.
                self._enter(None if answered else state)
            else:
                self._enter(state if state is h11.SEND_BODY else None)

        def _enter(self, phase: object) -> None:
            if phase is self._phase:
                return
            self._phase = phase
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            if phase is not None:
                seconds = limits.head_seconds if phase is h11.IDLE else limits.body_seconds
                self._deadline = self.loop.call_later(seconds, self._too_slow)

        def _too_slow(self) -> None:
            if self.cycle is None or not self.cycle.response_started:
                self.transport.write(TOO_SLOW)
            self.transport.close()

    return Limited


class GuardedServer:
    """Middleware: refuses what no client of ours sends, and counts what is being answered."""

    def __init__(self, app: ASGIApp, limits: ConnectionLimits):
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or refuses it."""
        if scope["type"] != "http":
            return
        names = {name for name, _value in scope["headers"]}
        if {b"content-length", b"transfer-encoding"} <= names:
            # RFC 9112, 6.3: it "ought to be handled as an error", and the connection is closed.
            text = "a request has a Content-Length or a Transfer-Encoding, not both\n"
            await PlainTextResponse(text, 400, CLOSE)(scope, receive, send)
            return
        answering = self._limits.answering
        client = (scope.get("client") or ("",))[0]
        if answering.get(client, 0) >= self._limits.of_one:
            text = "too many requests at once from your address\n"
            refusal = PlainTextResponse(text, 429, {**CLOSE, "Retry-After": "5"})
            await refusal(scope, receive, send)
            return
        answering[client] += 1
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return  # whoever asked is gone
        finally:
            answering[client] -= 1
            if not answering[client]:
                del answering[client]


class Bodies:
    """Reads bodies, of which no more than so many bytes are held at once in all."""

    def __init__(self, most_in_all: int = BODIES_BYTES):
        self._most = most_in_all
        self._held = 0

    async def read(self, request: Request, most: int) -> bytes:
        """A request's body. Raises Unread for more than `most` bytes, ClientDisconnect."""
        declared = request.headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > most:
            raise Unread(413, f"a body has at most {most} bytes")
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                self._held += len(chunk)
                if len(body) > most:
                    raise Unread(413, f"a body has at most {most} bytes")
                if self._held > self._most:
                    raise Unread(503, "too much is being read at once; send it again")
            return bytes(body)
        finally:
            self._held -= len(body)

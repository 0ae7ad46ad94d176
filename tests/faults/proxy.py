"""A way to PostgreSQL that can be held up: it passes bytes on until it is told to wait."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sqlalchemy import make_url


class Proxy:
    """Stands between bots and the database that `url` names; an asynchronous context manager.

    While it is held, answers stay with it. What was asked reaches the database all the same, so
    a commit may be done of which nobody hears in time.
    """

    def __init__(self, url: str):
        self._target = make_url(url)
        self._open = asyncio.Event()
        self._open.set()
        self._ways: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.held = 0

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    @property
    def url(self) -> str:
        """The database's address by this way."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return self._target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    def hold(self) -> None:
        """Keeps answers back until `let_go`."""
        self._open.clear()

    def let_go(self) -> None:
        """Passes on what was kept, and goes on."""
        self._open.set()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        way = asyncio.current_task()
        assert way is not None
        self._ways.add(way)
        way.add_done_callback(self._ways.discard)
        try:
            with suppress(OSError, asyncio.CancelledError):
                host, port = self._target.host or "127.0.0.1", self._target.port or 5432
                server, to_server = await asyncio.open_connection(host, port)
                try:
                    asking = asyncio.create_task(self._ask(client, to_server))
                    await self._answer(server, to_client)
                    asking.cancel()
                finally:
                    to_server.close()
        finally:
            to_client.close()

    async def _ask(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await client.read(65_536):
                to_server.write(data)
                await to_server.drain()
        to_server.close()

    async def _answer(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        while data := await server.read(65_536):
            self.held += not self._open.is_set()
            await self._open.wait()
            to_client.write(data)
            await to_client.drain()

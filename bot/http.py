"""The bot's own HTTP server: Slack's requests, where Slack sends events over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.app import Bot
from bot.errors import UserError


def application(bot: Bot) -> Starlette:
    """The routes. `POST /slack/events` takes events, commands and what people do in forms."""
    handler = bot.edge.http_handler()

    async def slack(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", slack, methods=["POST"])])


@asynccontextmanager
async def serving(bot: Bot) -> AsyncIterator[None]:
    """Serves while the block runs, if the settings name a port. Raises UserError for a taken one."""
    port = bot.settings.port
    if port is None:
        yield
        return
    config = uvicorn.Config(
        application(bot), host=bot.settings.host, port=port, log_level="warning", lifespan="off"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    try:
        socket = config.bind_socket()
    except SystemExit:
        raise UserError(
            f"MARGINALIA_PORT: {bot.settings.host}:{port} cannot be used; choose a free port"
        ) from None
    task = asyncio.create_task(server.serve(sockets=[socket]), name="http")
    try:
        yield
    finally:
        server.should_exit = True
        await task

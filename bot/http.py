"""The bot's own HTTP servers: Slack's requests, how the bot is, and the boards.

Slack's requests have a port of their own, which the world may reach, and so have the boards, which
those who have a link may look at; the third port (health and metrics) is for the machine the bot
runs on and those who watch it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import board
from bot.app import Bot
from bot.errors import UserError
from bot.health import Health

LARGEST = 4 * 1024 * 1024
"""Bytes of a request of Slack's that are read; its largest are a few hundred thousand."""


def application(bot: Bot) -> Starlette:
    """The routes. `POST /slack/events` takes events, commands and what people do in forms.

    What is not signed with the signing secret, or was signed more than five minutes ago, is
    refused unread; the inbox knows an event that is sent again.
    """

    async def slack(request: Request) -> Response:
        size = request.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,9}", size) or int(size) > LARGEST:
            return Response("a Content-Length of at most 4 MiB is needed\n", status_code=413)
        answer = await bot.edge.request(await request.body(), request.headers)
        return Response(answer.body, answer.status, answer.first_headers_without_set_cookie())

    return Starlette(routes=[Route("/slack/events", slack, methods=["POST"])])


def watched(bot: Bot) -> Starlette:
    """`GET /healthz` (the process lives), `/readyz` (it can work), `/metrics` (Prometheus)."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)

    async def healthz(request: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def readyz(request: Request) -> Response:
        health = await bot.health()
        troubles = health.troubles
        body = {"ready": not troubles, "troubles": troubles, "leader": health.leads}
        return Response(
            json.dumps(body) + "\n",
            status_code=503 if troubles else 200,
            media_type="application/json",
        )

    async def metrics(request: Request) -> Response:
        health = await bot.health()
        page = CollectorRegistry()
        page.register(_Numbers(health))
        content = generate_latest(page) + generate_latest(registry)
        return Response(content, media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


class _Numbers(Collector):
    """One reading of a bot's health as Prometheus's metrics."""

    def __init__(self, health: Health):
        self._health = health

    def collect(self) -> Iterable[Metric]:
        """The metrics; what is not known is left out."""
        health = self._health
        yield CounterMetricFamily(
            "marginalia_envelopes_received",
            "Envelopes that Slack delivered to this process.",
            value=health.received,
        )
        yield CounterMetricFamily(
            "marginalia_envelopes_handled",
            "Envelopes that this process handled.",
            value=health.handled,
        )
        gauges: dict[str, tuple[str, float | None]] = {
            "marginalia_inbox_depth": ("Envelopes that wait to be handled.", health.inbox),
            "marginalia_inbox_lag_seconds": (
                "How long the oldest of them has waited.",
                health.lag,
            ),
            "marginalia_inbox_parked": ("Envelopes that could not be handled.", health.parked),
            "marginalia_outbox_depth": ("Messages that wait to be sent.", health.outbox),
            "marginalia_outbox_blocked_channels": (
                "Channels in which nothing can be said.",
                health.blocked,
            ),
            "marginalia_reconcile_age_seconds": (
                "How long ago all watched sessions agreed with Slack's history (on the leader).",
                health.reconcile_age,
            ),
            "marginalia_reconcile_waiting_threads": (
                "Threads that are still to be compared (on the leader).",
                health.reconcile_waiting,
            ),
            "marginalia_leader": ("1 on the replica whose clock runs.", float(health.leads)),
            "marginalia_connected": ("1 while Slack can reach us.", float(health.connected)),
            "marginalia_database_up": ("1 while the database answers.", float(health.database)),
        }
        for name, (what, value) in gauges.items():
            if value is not None:
                yield GaugeMetricFamily(name, what, value=value)


class _Server(uvicorn.Server):
    """One that leaves the process's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


@asynccontextmanager
async def serving(bot: Bot) -> AsyncIterator[None]:
    """Serves what the settings name a port for, while the block runs.

    Raises UserError for a port that is taken.
    """
    settings = bot.settings
    async with AsyncExitStack() as stack:
        for name, port, app in (
            ("MARGINALIA_PORT", settings.port, application),
            ("MARGINALIA_HEALTH_PORT", settings.health_port, watched),
        ):
            if port is not None:
                await stack.enter_async_context(_served(name, app(bot), settings.host, port))
        if settings.board_port is not None:
            await stack.enter_async_context(_boards(bot, settings.board_port))
        yield


@asynccontextmanager
async def _boards(bot: Bot, port: int) -> AsyncIterator[None]:
    """The boards; those who look are sent away before the server ends."""

    def link(channel: str, ts: str) -> str:
        return bot.edge.voice.link(channel, ts)

    hub, app = board.application(bot.settings, bot.database, link)
    async with _served("MARGINALIA_BOARD_PORT", app, bot.settings.host, port):
        try:
            yield
        finally:
            await hub.close()


@asynccontextmanager
async def _served(name: str, app: Starlette, host: str, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", lifespan="off", access_log=False
    )
    server = _Server(config)
    try:
        socket = config.bind_socket()
    except SystemExit:
        raise UserError(f"{name}: {host}:{port} cannot be used; choose a free port") from None
    socket.listen()  # whoever comes before the server is ready waits
    task = asyncio.create_task(server.serve(sockets=[socket]), name=name)
    try:
        yield
    finally:
        server.should_exit = True
        await task

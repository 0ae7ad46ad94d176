"""The bot's own HTTP servers: Slack's requests, how the bot is, and the boards.

Slack's requests have a port of their own, which the world may reach, and so have the boards, which
those who have a link may look at; the third port (health and metrics) is for the machine the bot
runs on and those who watch it.
"""

from __future__ import annotations

import asyncio
import json
import logging
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
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import UserError
from bot.running import connections
from bot.running.bot import Bot
from bot.running.health import Health
from bot.services import boards
from bot.slack.manifest import PATH
from bot.texts import _

log = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 1024 * 1024
"""Bytes of a request of Slack's that are read; its largest are a few hundred thousand."""

HERE = f"""This is Marginalia's port for Slack. Slack sends everything to POST {PATH}:
that is the request URL of events, interactivity, menu options and commands in the app's settings.
`marginalia manifest --url https://…` prints a manifest with all of them, and
`marginalia doctor` says whether Slack can reach it. There is nothing else to see here.
"""


def application(bot: Bot) -> Starlette:
    """The routes. `POST /slack/events` takes events, commands and what people do in forms.

    What is not signed with the signing secret, or was signed more than five minutes ago, is
    refused; the inbox knows an event that is sent again. What bears no signature that could be
    right is refused before its body is read. Anything else is told where Slack's requests belong.
    """
    bodies = connections.Bodies()

    async def slack(request: Request) -> Response:
        if not bot.edge.may_be_signed(request.headers):
            text = "the signature is missing, wrong or too old\n"
            return Response(text, 401, media_type="text/plain")
        try:
            body = await bodies.read(request, MAX_REQUEST_BYTES)
        except connections.Unread as error:
            return Response(f"{error}\n", error.status, media_type="text/plain")
        answer = await bot.edge.request(body, request.headers)
        return Response(answer.body, answer.status, answer.first_headers_without_set_cookie())

    async def here(request: Request) -> Response:
        return Response(HERE, 200, media_type="text/plain")

    async def elsewhere(request: Request, error: Exception) -> Response:
        """A wrong path or method."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        if request.method == "POST":
            path = request.url.path[:100]
            log.warning("refused a request to %r; Slack's requests go to %s", path, PATH)
        return Response(HERE, status, connections.CLOSE, "text/plain")

    return Starlette(
        routes=[Route("/", here), Route(PATH, slack, methods=["POST"])],
        exception_handlers={404: elsewhere, 405: elsewhere},
    )


def watched(bot: Bot) -> Starlette:
    """`GET /healthz` (the process lives), `/readyz` (it can work), `/metrics` (Prometheus)."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)

    async def here(request: Request) -> Response:
        text = "/healthz: the process lives; /readyz: it can work; /metrics: for Prometheus\n"
        return Response(text, media_type="text/plain")

    async def elsewhere(request: Request, error: Exception) -> Response:
        answer = await here(request)
        answer.status_code = 404
        return answer

    async def healthz(request: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def readyz(request: Request) -> Response:
        health = await bot.health()
        troubles = health.troubles
        # What Slack refuses is no reason to take a bot away that does everything else.
        body = {
            "ready": not troubles,
            "troubles": troubles,
            "waits_for_slack": health.waits,
            "leader": health.leads,
        }
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
            Route("/", here),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ],
        exception_handlers={404: elsewhere},
    )


GAUGES = {
    "inbox": ("marginalia_inbox_depth", "Envelopes that wait to be handled."),
    "lag": ("marginalia_inbox_lag_seconds", "How long the oldest of them has waited."),
    "parked": ("marginalia_inbox_parked", "Envelopes that could not be handled."),
    "outbox": ("marginalia_outbox_depth", "Messages that wait to be sent."),
    "blocked": ("marginalia_outbox_blocked_channels", "Channels in which nothing can be said."),
    "held": (
        "marginalia_outbox_held",
        "Messages that Slack refuses and that wait by themselves until somebody acts.",
    ),
    "given_up": (
        "marginalia_outbox_given_up",
        "Messages that Slack refused and that are sent again only by hand.",
    ),
    "waits": (
        "marginalia_waits_for_slack",
        "What Slack does not let the bot do now; /readyz says why.",
    ),
    "reconcile_age": (
        "marginalia_reconcile_age_seconds",
        "How long ago all watched sessions agreed with Slack's history (on the leader).",
    ),
    "reconcile_waiting": (
        "marginalia_reconcile_waiting_threads",
        "Threads that are still to be compared (on the leader).",
    ),
    "member_listing": (
        "marginalia_member_listing",
        "1 while all members of the workspace are listed, to find authors by name.",
    ),
    "members_listed": (
        "marginalia_members_listed",
        "Members read by the listing that goes on, or else by the last one.",
    ),
    "members_age": ("marginalia_members_age_seconds", "How long ago all members were last listed."),
    "answered_before": (
        "marginalia_answered_before",
        "Questions that were not asked since an earlier answer was enough, as the log has them.",
    ),
    "leads": ("marginalia_leader", "1 on the replica whose clock runs."),
    "connected": ("marginalia_connected", "1 while Slack can reach us."),
    "database": ("marginalia_database_up", "1 while the database answers."),
}
"""By the name of the number in `Health`: the metric's name and what it says."""


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
        numbers = {
            **health.numbers,
            "leads": health.leads,
            "connected": health.connected,
            "database": health.database,
            "waits": len(health.waits),
        }
        for key, (name, what) in GAUGES.items():
            if key in numbers:
                yield GaugeMetricFamily(name, what, value=float(numbers[key]))


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
    share = connections.shares()
    async with AsyncExitStack() as stack:
        for name, port, app, most in (
            ("MARGINALIA_PORT", settings.port, application, share["slack"]),
            ("MARGINALIA_HEALTH_PORT", settings.health_port, watched, share["watching"]),
        ):
            if port is not None:
                limits = connections.ConnectionLimits(most, settings.proxies)
                await stack.enter_async_context(served(name, app(bot), settings.host, port, limits))
        if settings.board_port is not None:
            limits = connections.ConnectionLimits(share["boards"], settings.proxies)
            await stack.enter_async_context(_boards(bot, settings.board_port, limits))
        yield


@asynccontextmanager
async def _boards(bot: Bot, port: int, limits: connections.ConnectionLimits) -> AsyncIterator[None]:
    """The boards; those who look are sent away before the server ends."""

    def link(channel: str, ts: str) -> str:
        return bot.edge.notifier.link(channel, ts)

    hub, app = boards.application(bot.settings, bot.database, link)
    async with served("MARGINALIA_BOARD_PORT", app, bot.settings.host, port, limits):
        try:
            yield
        finally:
            await hub.close()


@asynccontextmanager
async def served(
    name: str, app: Starlette, host: str, port: int, limits: connections.ConnectionLimits
) -> AsyncIterator[None]:
    """Serves an application within limits, while the block runs.

    Raises UserError for a port that is taken; `name` is the setting that names it.
    """
    config = uvicorn.Config(
        connections.GuardedServer(app, limits),
        host=host,
        port=port,
        log_level="warning",
        lifespan="off",
        access_log=False,
        http=connections.protocol(limits),
        ws="none",
        backlog=connections.BACKLOG,
        h11_max_incomplete_event_size=connections.HEAD_BYTES,
        timeout_keep_alive=connections.IDLE_SECONDS,
        forwarded_allow_ips=list(limits.proxies),
    )
    server = _Server(config)
    try:
        socket = connections.Listener(config.bind_socket(), limits)
    except SystemExit:
        raise UserError(
            _(
                "{name}: {host}:{port} cannot be used; choose a free port",
                name=name,
                host=host,
                port=port,
            )
        ) from None
    socket.listen(connections.BACKLOG)  # whoever comes before the server is ready waits
    task = asyncio.create_task(server.serve(sockets=[socket]), name=name)
    try:
        yield
    finally:
        server.should_exit = True
        await task

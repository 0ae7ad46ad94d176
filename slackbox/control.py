"""Test control: acting as people, looking at everything, making things go wrong.

HTTP with JSON on a port of its own, of which the bot never learns. `POST /act/{name}` does one
thing, `POST /acts` several in order; what is refused is answered with status 400 and
`{"error": code, "message": …}`. `GET` tells: `/` (what the bot needs to connect), `/workspace`
(the whole truth), `/channels/{channel}`, `/people/{person}` (the workspace as that person sees
it), `/wire`, and `/events` (server-sent events, one for each change). A browser that asks for `/`
gets the workspace as a page (`slackbox.page`).
`slackbox.client.Control` is the typed client of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from slackbox import snapshot
from slackbox.acts import ACTS, perform
from slackbox.answer import Answer
from slackbox.errors import Refusal
from slackbox.model import Json
from slackbox.page.routes import PageRoutes

if TYPE_CHECKING:
    from slackbox.server import Sandbox

FEED_LENGTH = 1_000
"""Changes kept for a reader of `/events` who lags; one who lags more is told `overflow`."""
HEARTBEAT = 15.0
"""Seconds of silence after which the feed says that it is still there."""


class ControlApi:
    """The ASGI application of the control port."""

    def __init__(self, box: Sandbox):
        self.box = box
        self.page = PageRoutes(box)
        self.app = Starlette(
            routes=[
                Route("/", self.info),
                Route("/act/{name}", self.act, methods=["POST"]),
                Route("/acts", self.acts, methods=["POST"]),
                Route("/workspace", self.workspace),
                Route("/channels/{channel}", self.channel),
                Route("/people/{person}", self.person),
                Route("/wire", self.wire),
                Route("/events", self.events),
                *self.page.routes(),
            ],
        )

    async def info(self, request: Request) -> Response:
        """What the bot needs to connect, and what acts there are; the page for a browser."""
        if self.page.wanted(request):
            return self.page.index()
        box = self.box
        return Answer(
            {
                "api_url": box.api_url,
                "bot_token": box.bot_token,
                "app_token": box.app_token,
                "signing_secret": box.signing_secret,
                "bot_user": box.workspace.bot.user_id,
                "bot_id": box.workspace.bot.id,
                "team": box.workspace.team,
                "sockets": len(box.dispatcher.sockets),
                "pending": box.dispatcher.pending,
                "acts": sorted(ACTS),
            }
        )

    async def act(self, request: Request) -> Response:
        """Does one thing."""
        try:
            body = await _body(request)
            return Answer(await perform(self.box, request.path_params["name"], body))
        except Refusal as refusal:
            return Answer(_refused(refusal), status_code=400)

    async def acts(self, request: Request) -> Response:
        """Does several things in order, `[{"act": name, …}, …]`; a refused one stops no other."""
        try:
            body = await _body(request)
            if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
                raise Refusal("invalid_arguments", ["the body must be a list of objects"])
        except Refusal as refusal:
            return Answer(_refused(refusal), status_code=400)
        results: list[Json] = []
        for item in body:
            given = dict(item)
            try:
                results.append(await perform(self.box, str(given.pop("act", "")), given))
            except Refusal as refusal:
                results.append(_refused(refusal))
        return Answer(results)

    async def workspace(self, request: Request) -> Response:
        """The whole truth, deleted messages included."""
        return Answer(snapshot.workspace(self.box))

    async def channel(self, request: Request) -> Response:
        """One channel, with all its messages."""
        try:
            channel = self.box.workspace.channel(request.path_params["channel"])
        except Refusal as refusal:
            return Answer(_refused(refusal), status_code=404)
        return Answer(snapshot.channel(self.box.workspace, channel))

    async def person(self, request: Request) -> Response:
        """The workspace as a person sees it; `?limit=` newest messages of each channel."""
        try:
            limit = _number(request, "limit")
            seen = snapshot.seen_by(self.box, request.path_params["person"], limit)
        except Refusal as refusal:
            return Answer(_refused(refusal), status_code=404)
        return Answer(seen)

    async def wire(self, request: Request) -> Response:
        """What went over the wire, later than entry `?after=`."""
        try:
            after = _number(request, "after") or 0
        except Refusal as refusal:
            return Answer(_refused(refusal), status_code=400)
        return Answer(self.box.wire.entries(after))

    async def events(self, request: Request) -> Response:
        """Each change as it happens, as server-sent events with JSON data."""
        return StreamingResponse(
            self._feed(),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache"},
        )

    async def _feed(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[Json] = asyncio.Queue(FEED_LENGTH)
        overflow = False

        def note(change: Json) -> None:
            nonlocal overflow
            if queue.full():
                overflow = True
            else:
                queue.put_nowait(change)

        stop = self.box.workspace.watch(note)
        try:
            yield ": connected\n\n"
            while True:
                try:
                    change = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                yield f"data: {json.dumps(change)}\n\n"
                if overflow and queue.empty():
                    overflow = False
                    yield 'data: {"kind": "overflow"}\n\n'
        finally:
            stop()


async def _body(request: Request) -> Any:
    raw = await request.body()
    try:
        return json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Refusal("invalid_json") from None


def _number(request: Request, name: str) -> int | None:
    value = request.query_params.get(name)
    if not value:
        return None
    if not value.isdigit():
        raise Refusal("invalid_arguments", [f"{name} must be a number"])
    return int(value)


def _refused(refusal: Refusal) -> Json:
    return {"error": refusal.error, "message": "; ".join(refusal.messages) or refusal.error}

"""The board's addresses: the page, its events, its QR code. Only who has the link sees anything."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache

import segno
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.web import look
from bot.web.board.drawn import ORDERS
from bot.web.board.hub import Full, Hub

ASSETS = {
    "look.css": "text/css",
    "board.css": "text/css",
    "board.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

Opens = Callable[[str], int | None]
"""The session whose board a link's last part opens; None for no board's."""


class BoardRoutes:
    """`address` gives a board's public address by the last part of it. `opens` is called in the
    event loop's thread pool.
    """

    def __init__(self, hub: Hub, opens: Opens, address: Callable[[str], str]):
        self._hub, self._opens, self._address = hub, opens, address

    def application(self) -> Starlette:
        """`/board/{key}`, `/board/{key}/events`, `/board/{key}/qr.svg`, `/assets/{name}`."""
        return Starlette(
            routes=[
                Route("/board/{key}", self.page),
                Route("/board/{key}/events", self.events),
                Route("/board/{key}/qr.svg", self.code),
                Route("/assets/{name}", self.asset),
            ],
            exception_handlers={404: self.elsewhere},
        )

    async def page(self, request: Request) -> Response:
        """The page; `?by=time` instead of by votes."""
        key = request.path_params["key"]
        session_id = await self._session(key)
        drawn = await self._hub.board(session_id) if session_id is not None else None
        if drawn is None:
            return self._nothing()
        order = request.query_params.get("by", "votes")
        packed = "gzip" in request.headers.get("accept-encoding", "")
        order = order if order in ORDERS else "votes"
        content = await run_in_threadpool(drawn.page, self._address(key), order, packed)
        headers = {**HEADERS, "Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(content, media_type="text/html", headers=headers)

    async def events(self, request: Request) -> Response:
        """What changes, as server-sent events; `?v=` is the version that the page shows."""
        session_id = await self._session(request.path_params["key"])
        if session_id is None:
            # 204 tells a browser's EventSource not to come back.
            return Response(status_code=204, headers=HEADERS)
        version = request.headers.get("last-event-id") or request.query_params.get("v", "")
        try:
            told = await self._hub.watch(session_id, version)
        except Full:
            return Response(status_code=503, headers={**HEADERS, "Retry-After": "30"})
        headers = {**HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(told, media_type="text/event-stream", headers=headers)

    async def code(self, request: Request) -> Response:
        """The board's own address as a QR code, for the phones of those who see the projector."""
        key = request.path_params["key"]
        if await self._session(key) is None:
            return self._nothing()
        headers = {**HEADERS, "Cache-Control": "no-store"}
        return Response(qr(self._address(key)), media_type="image/svg+xml", headers=headers)

    async def asset(self, request: Request) -> Response:
        """Styles and the script."""
        name = request.path_params["name"]
        if name not in ASSETS:
            return self._nothing()
        headers = {**HEADERS, "Cache-Control": "max-age=300"}
        return FileResponse(look.STATIC / name, media_type=ASSETS[name], headers=headers)

    async def elsewhere(self, request: Request, error: Exception) -> Response:
        """Any other address: the page says where links to boards come from."""
        return self._nothing("../" * max(0, request.url.path[:100].count("/") - 1))

    async def _session(self, key: str) -> int | None:
        return await run_in_threadpool(self._opens, key)

    def _nothing(self, root: str = "../") -> Response:
        page = look.render("board/nothing.html", root=root)
        headers = {**HEADERS, "Cache-Control": "no-store"}
        return Response(page, status_code=404, media_type="text/html", headers=headers)


@lru_cache(64)
def qr(address: str) -> bytes:
    """An address as a QR code: black on white, whatever the page's colours, so that it is read."""
    out = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", xmldecl=False, border=2, light="#fff", omitsize=True)
    return out.getvalue()

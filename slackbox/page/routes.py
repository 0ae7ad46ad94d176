"""What the page is made of, and what it asks for besides the control interface."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from slackbox.server import Sandbox

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".tsv": "text/tab-separated-values",
    ".woff2": "font/woff2",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageRoutes:
    """`/page/*` (scripts, styles, emoji), `/desk` (clock, papers, tour), `/papers/{name}`."""

    def __init__(self, box: Sandbox):
        self.box = box
        self._files = {path.name: path for path in STATIC.rglob("*") if path.suffix in TYPES}

    def routes(self) -> list[BaseRoute]:
        """The routes beside the control's."""
        return [
            Route("/page/{name}", self.file),
            Route("/desk", self.desk),
            Route("/papers/{name}", self.paper),
        ]

    def wanted(self, request: Request) -> bool:
        """Whether it is a browser that asks for `/`, and not a client of the control."""
        return "text/html" in request.headers.get("accept", "")

    def index(self) -> Response:
        """The page."""
        return self._answer("index.html")

    async def file(self, request: Request) -> Response:
        """A script or a style."""
        name = request.path_params["name"]
        if name not in self._files:
            return PlainTextResponse("not found", status_code=404)
        return self._answer(name)

    async def desk(self, request: Request) -> Response:
        """The time, how it can be moved, what there is to read, what a newcomer does."""
        extras = self.box.extras
        return JSONResponse(
            {
                "now": self.box.workspace.now,
                "clock": list(extras.clock),
                "papers": [
                    {"name": name, "ready": paper() is not None}
                    for name, paper in extras.papers().items()
                ],
                "links": dict(extras.links()),
                "tour": list(extras.tour),
                "me": extras.me,
                "channel": extras.channel,
                "sockets": len(self.box.dispatcher.sockets),
                "http": self.box.dispatcher.uses_http,
            }
        )

    async def paper(self, request: Request) -> Response:
        """One of the papers, as plain text."""
        paper = self.box.extras.papers().get(request.path_params["name"])
        text = paper() if paper is not None else None
        if text is None:
            return PlainTextResponse("there is nothing yet", status_code=404, headers=HEADERS)
        return PlainTextResponse(text, headers=HEADERS)

    def _answer(self, name: str) -> Response:
        path = self._files[name]
        return FileResponse(path, media_type=TYPES[path.suffix], headers=HEADERS)

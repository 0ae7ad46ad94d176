"""The side that the bot sees: Web API, Socket Mode, and what it is given addresses of.

<https://docs.slack.dev/apis/web-api> says how a method is called: arguments in the query, in a
form, or in JSON; the token in the `Authorization` header or among the arguments of a form.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from slackbox.answer import Answer
from slackbox.delivery import Dispatcher
from slackbox.errors import RateLimited, Refusal
from slackbox.faults import CallFault, Faults
from slackbox.limits import Limits
from slackbox.listening import Connections
from slackbox.methods import METHODS, Call, Method, is_absent
from slackbox.methods.call import warned
from slackbox.model import Json
from slackbox.surfaces import Surfaces
from slackbox.wire import Wire
from slackbox.workspace import Workspace

log = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
ARGUMENT = re.compile(r"[A-Za-z0-9_]{1,100}\Z")
"""A name that an argument can have. Others are refused; one that a method does not know is not."""
NO_CHARSET = (
    "[WARN] A Content-Type HTTP header was presented but did not declare a charset, "
    "such as a 'utf-8'"
)


@dataclass(slots=True)
class _Arguments:
    """The arguments of a call, and what Slack says of how they came."""

    given: dict[str, Any] = field(default_factory=dict)
    is_json: bool = False
    warnings: dict[str, str] = field(default_factory=dict)


class WebApi:
    """The ASGI application on the port that the bot is told."""

    def __init__(
        self,
        workspace: Workspace,
        surfaces: Surfaces,
        dispatcher: Dispatcher,
        limits: Limits,
        faults: Faults,
        wire: Wire,
        bot_token: str,
        app_token: str,
    ):
        self.workspace = workspace
        self.surfaces = surfaces
        self.dispatcher = dispatcher
        self.limits = limits
        self.faults = faults
        self.wire = wire
        self.base_url = ""
        self.sockets_refused = False
        self.connections: Connections | None = None
        self.ignored: set[tuple[str, str]] = set()
        """Methods and arguments that were given and that the method does not know."""
        self._tokens = {bot_token: "bot", app_token: "app"}
        self.app = Starlette(
            routes=[
                Route("/api/{method}", self.call, methods=["GET", "POST"]),
                WebSocketRoute("/link/", self.socket),
                Route("/response/{token:path}", self.respond, methods=["POST"]),
                Route("/upload/v1/{ticket}", self.upload, methods=["POST"]),
                Route("/files-pri/{file}/{name:path}", self.download),
            ]
        )

    # --- methods -----------------------------------------------------------------------------

    async def call(self, request: Request) -> Response:
        """One call of a method."""
        name = request.path_params["method"]
        fault = self.faults.of_call(name)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and fault.kind != "lost_answer":
            self.wire.add("request", method=name, fault=fault.kind)
            return self._faulty(name, fault)
        arguments = _Arguments()
        headers = {"Date": formatdate(self.workspace.now, usegmt=True)}
        status = 200
        try:
            await _read(request, arguments)
            self.wire.add("request", method=name, args=arguments.given)
            body = self._run(name, arguments, request, headers)
        except RateLimited as refusal:
            body, status = refusal.body(), 429
            headers["Retry-After"] = str(refusal.retry_after)
        except Refusal as refusal:
            if name in METHODS and not METHODS[name].answers(refusal.error):
                raise RuntimeError(f"{refusal.error} is not among the errors of {name}") from None
            body = warned(refusal.body(), arguments.warnings)
        if fault is not None and fault.kind == "lost_answer":
            self.wire.add("answer", method=name, body=body, lost=True)
            return _Broken(self.connections)
        self.wire.add("answer", method=name, status=status, body=body)
        return Answer(body, status_code=status, headers=headers)

    def _run(
        self,
        name: str,
        arguments: _Arguments,
        request: Request,
        headers: dict[str, str],
    ) -> Json:
        args: Mapping[str, Any] = arguments.given
        is_json = arguments.is_json
        method = METHODS.get(name)
        if method is None:
            why = ["[ERROR] Slack has this method, the sandbox does not"] if is_absent(name) else []
            raise Refusal("unknown_method", why, req_method=name)
        caller = self._authenticate(method, args, is_json, request)
        granted = self.workspace.manifest.scopes
        headers["X-OAuth-Scopes"] = ",".join(granted)
        headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
        self.limits.check(name, method.tier)
        if method.scopes and not set(method.scopes) & set(granted):
            raise Refusal(
                "missing_scope", needed=",".join(method.scopes), provided=",".join(granted)
            )
        if is_json and not method.json:
            # "Content types" on the method's page: JSON is not read, so nothing was given.
            args = {key: args[key] for key in request.query_params if key in args}
        if name != "api.test":
            # Slack says nothing of an argument that a method does not know:
            # https://github.com/slackapi/python-slack-sdk/issues/1923
            unknown = sorted(set(args) - method.args)
            if unknown:
                log.warning("%s ignores %s", name, ", ".join(unknown))
                self.ignored.update((name, key) for key in unknown)
        call = Call(name, args, self.workspace, self.surfaces, self.limits, self.base_url, caller)
        answer = {"ok": True, **method.run(call)}
        return warned(answer, {**arguments.warnings, **call.warnings})

    def _authenticate(
        self, method: Method, args: Mapping[str, Any], is_json: bool, request: Request
    ) -> str:
        token = ""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = value.strip()
        elif not is_json:
            token = str(args.get("token") or "")
        if not token:
            if method.caller == "any":
                return ""
            raise Refusal("not_authed")
        kind = self._tokens.get(token)
        if kind is None:
            raise Refusal("invalid_auth")
        if method.caller not in ("any", "both", kind):
            raise Refusal("not_allowed_token_type")
        return kind

    def _faulty(self, name: str, fault: CallFault) -> Response:
        if fault.kind == "http":
            return Response("Internal Server Error", status_code=fault.status)
        if fault.kind == "ratelimited":
            return Answer(
                {"ok": False, "error": "ratelimited"},
                status_code=429,
                headers={"Retry-After": str(fault.retry_after)},
            )
        log.debug("%s is refused by a planned fault", name)
        return Answer({"ok": False, "error": fault.error})

    # --- addresses that are given out --------------------------------------------------------

    async def respond(self, request: Request) -> Response:
        """An answer to a `response_url`."""
        self.wire.add("response", body=(await request.body()).decode(errors="replace"))
        try:
            try:
                body = json.loads(await request.body())
            except ValueError:
                raise Refusal("invalid_payload") from None
            self.surfaces.respond(request.path_params["token"], body)
        except Refusal as refusal:
            status = 404 if refusal.error in ("expired_url", "used_url") else 400
            return Answer(refusal.body(), status_code=status)
        return Answer({"ok": True})

    async def upload(self, request: Request) -> Response:
        """The content of a file, sent to the address of `files.getUploadURLExternal`."""
        workspace = self.workspace
        upload = workspace.files.get(workspace.uploads.get(request.path_params["ticket"], ""))
        if upload is None:
            return Response("unknown upload", status_code=404)
        kind = request.headers.get("content-type", "")
        content = b""
        if kind.startswith("multipart/form-data"):
            async with request.form() as form:
                for value in form.values():
                    content = value.encode() if isinstance(value, str) else await value.read()
        else:
            content = await request.body()
        if len(content) != upload.size:
            return Response("the length is not as announced", status_code=400)
        upload.content = content
        return Response(f"OK - {len(content)}")

    async def download(self, request: Request) -> Response:
        """A file's content, for the bot token with `files:read`."""
        upload = self.workspace.files.get(request.path_params["file"].rpartition("-")[2])
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self._tokens.get(token.strip()) != "bot":
            return Response("sign in", status_code=403)
        if "files:read" not in self.workspace.manifest.scopes:
            return Response("missing_scope", status_code=403)
        if upload is None or upload.deleted or upload.content is None:
            return Response("no such file", status_code=404)
        return Response(upload.content, media_type=upload.mimetype)

    # --- Socket Mode -------------------------------------------------------------------------

    async def socket(self, websocket: WebSocket) -> None:
        """One Socket Mode connection."""
        ticket = websocket.query_params.get("ticket", "")
        if self.sockets_refused or not self.surfaces.redeem(ticket):
            await websocket.close(1008)
            return
        await websocket.accept()
        line = _Line(websocket, self.connections)
        if not self.dispatcher.connected(line):
            await websocket.send_text(
                json.dumps({"type": "disconnect", "reason": "too_many_websockets"})
            )
            await websocket.close(1008)
            return
        line.send(json.dumps(self._hello()))
        sending = asyncio.create_task(line.pump())
        try:
            while True:
                self._heard(await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            # RuntimeError: Starlette's, for a connection that we closed ourselves.
            pass
        finally:
            self.dispatcher.disconnected(line)
            sending.cancel()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.dispatcher.sockets),
            "debug_info": {
                "host": "applink-sandbox",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self.workspace.app_id},
        }

    def _heard(self, text: str) -> None:
        try:
            body = json.loads(text)
            envelope = body["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self.wire.add("socket", state="unreadable", text=text[:1000])
            return
        self.dispatcher.acknowledge(str(envelope), body.get("payload"))


class _Line:
    """A WebSocket, written to by one task, in order."""

    def __init__(self, websocket: WebSocket, connections: Connections | None):
        self._websocket = websocket
        self._connections = connections
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    def send(self, text: str) -> None:
        self._queue.put_nowait(text)

    async def pump(self) -> None:
        """Sends what is queued, until it is cancelled or the connection is gone."""
        try:
            while True:
                await self._websocket.send_text(await self._queue.get())
        except (WebSocketDisconnect, RuntimeError):
            return

    def abort(self) -> None:
        if self._connections is not None:
            self._connections.abort(self._websocket.scope)

    async def close(self) -> None:
        try:
            await self._websocket.close(1000)
        except RuntimeError:
            return  # closed already


class _Broken(Response):
    """No answer: the connection breaks off."""

    def __init__(self, connections: Connections | None):
        super().__init__()
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._connections is not None:
            self._connections.abort(scope)
            # The server complains of a request that is left before it knows the line is dead.
            while (await receive())["type"] != "http.disconnect":
                continue


async def _read(request: Request, arguments: _Arguments) -> None:
    """Reads the arguments of a call into `arguments`. Raises Refusal for what cannot be read."""
    arguments.given.update(request.query_params)
    if request.method != "GET":
        header = request.headers.get("content-type", "").lower()
        content_type, _, parameters = (part.strip() for part in header.partition(";"))
        has_charset = "charset=" in parameters
        if content_type == "application/json":
            arguments.is_json = True
            if not has_charset:
                arguments.warnings["missing_charset"] = NO_CHARSET
            arguments.given.update(_object(await request.body()))
        elif content_type in (FORM, "multipart/form-data"):
            if has_charset:
                arguments.warnings["superfluous_charset"] = ""
            async with request.form() as form:
                for key, value in form.items():
                    # A part that is a file holds the argument as text: `curl -F view=@view.json`.
                    arguments.given[key] = (
                        value
                        if isinstance(value, str)
                        else (await value.read()).decode(errors="replace")
                    )
        elif await request.body():
            raise Refusal("invalid_post_type" if content_type else "missing_post_type")
    for key in arguments.given:
        if not ARGUMENT.match(key):
            raise Refusal("invalid_array_arg" if "[" in key else "invalid_arg_name")


def _object(raw: bytes) -> Json:
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal("invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal("json_not_object")
    return body

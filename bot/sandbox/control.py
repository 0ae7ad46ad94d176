"""Test control: acting as people, looking at everything, making things go wrong.

HTTP with JSON on a port of its own, of which the bot never learns. `POST /act/{name}` does one
thing, `POST /acts` several in order; what is refused is answered with status 400 and
`{"error": code, "message": …}`. `bot.sandbox.client.Control` is the typed client of it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox import truth
from bot.sandbox.actor import Actor
from bot.sandbox.errors import Refusal
from bot.sandbox.model import Json

if TYPE_CHECKING:
    from bot.sandbox.server import Sandbox

Act = Callable[["Sandbox", "Given"], Json | Awaitable[Json]]


class Given:
    """The arguments of an act, taken one by one; what is left over is refused."""

    def __init__(self, data: Any):
        if not isinstance(data, Mapping):
            raise Refusal("invalid_arguments", ["the body must be a JSON object"])
        self._data = dict(data)

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self._data.pop(name, None)
        if not isinstance(value, str):
            raise Refusal("invalid_arguments", [f"{name} must be text"])
        return value

    def maybe(self, name: str) -> str | None:
        """A text, or None."""
        value = self._data.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise Refusal("invalid_arguments", [f"{name} must be text"])
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._data.pop(name, default)
        if not isinstance(value, bool):
            raise Refusal("invalid_arguments", [f"{name} must be true or false"])
        return value

    def number(self, name: str, default: float | None = None) -> float | None:
        """A number, or None."""
        value = self._data.pop(name, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise Refusal("invalid_arguments", [f"{name} must be a number"])
        return value

    def objects(self, name: str) -> list[Json] | None:
        """A list of objects, or None."""
        value = self._data.pop(name, None)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, dict) for item in value)
        ):
            raise Refusal("invalid_arguments", [f"{name} must be a list of objects"])
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value = self._data.pop(name, None) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refusal("invalid_arguments", [f"{name} must be a list of texts"])
        return value

    def mapping(self, name: str) -> Json:
        """An object, empty where it is not given."""
        value = self._data.pop(name, None) or {}
        if not isinstance(value, dict):
            raise Refusal("invalid_arguments", [f"{name} must be an object"])
        return value

    def rest(self) -> Json:
        """All that was not taken yet."""
        data, self._data = self._data, {}
        return data

    def done(self) -> None:
        """Raises Refusal if anything was not taken."""
        if self._data:
            unknown = ", ".join(sorted(self._data))
            raise Refusal("invalid_arguments", [f"unknown: {unknown}"])


class ControlApi:
    """The ASGI application of the control port."""

    def __init__(self, box: Sandbox):
        self.box = box
        self.app = Starlette(
            routes=[
                Route("/", self.info),
                Route("/act/{name}", self.act, methods=["POST"]),
                Route("/acts", self.acts, methods=["POST"]),
                Route("/workspace", self.workspace),
                Route("/channels/{channel}", self.channel),
                Route("/wire", self.wire),
            ]
        )

    async def info(self, request: Request) -> Response:
        """What the bot needs to connect, and what acts there are."""
        box = self.box
        return JSONResponse(
            {
                "api_url": box.api_url,
                "bot_token": box.bot_token,
                "app_token": box.app_token,
                "signing_secret": box.signing_secret,
                "bot_user": box.workspace.bot.user_id,
                "bot_id": box.workspace.bot.id,
                "team": box.workspace.team,
                "acts": sorted(ACTS),
            }
        )

    async def act(self, request: Request) -> Response:
        """Does one thing."""
        try:
            body = await _body(request)
            return JSONResponse(await self._do(request.path_params["name"], body))
        except Refusal as refusal:
            return JSONResponse(_refused(refusal), status_code=400)

    async def acts(self, request: Request) -> Response:
        """Does several things in order, `[{"act": name, …}, …]`; a refused one stops no other."""
        try:
            body = await _body(request)
        except Refusal as refusal:
            return JSONResponse(_refused(refusal), status_code=400)
        if not isinstance(body, list):
            return JSONResponse({"error": "invalid_arguments"}, status_code=400)
        results: list[Json] = []
        for item in body:
            try:
                given = dict(item)
                results.append(await self._do(str(given.pop("act", "")), given))
            except Refusal as refusal:
                results.append(_refused(refusal))
        return JSONResponse(results)

    async def _do(self, name: str, body: Any) -> Json:
        act = ACTS.get(name)
        if act is None:
            raise Refusal("unknown_act", [f"there is no act {name!r}"])
        given = Given(body)
        result = act(self.box, given)
        return result if isinstance(result, dict) else await result

    async def workspace(self, request: Request) -> Response:
        """The whole truth, deleted messages included."""
        return JSONResponse(truth.workspace(self.box))

    async def channel(self, request: Request) -> Response:
        """One channel, with all its messages."""
        try:
            channel = self.box.workspace.channel(request.path_params["channel"])
        except Refusal as refusal:
            return JSONResponse(_refused(refusal), status_code=404)
        return JSONResponse(truth.channel(self.box.workspace, channel))

    async def wire(self, request: Request) -> Response:
        """What went over the wire, later than entry `after`."""
        after = int(request.query_params.get("after") or 0)
        return JSONResponse(self.box.wire.entries(after))


async def _body(request: Request) -> Any:
    raw = await request.body()
    try:
        return json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Refusal("invalid_json") from None


def _refused(refusal: Refusal) -> Json:
    return {"error": refusal.error, "message": "; ".join(refusal.messages) or refusal.error}


def _actor(box: Sandbox, given: Given) -> Actor:
    return Actor(box.workspace, given.text("person"))


def post(box: Sandbox, given: Given) -> Json:
    actor = _actor(box, given)
    channel, text = given.text("channel"), given.maybe("text") or ""
    options: Json = {
        "thread_ts": given.maybe("thread_ts"),
        "broadcast": given.flag("broadcast"),
        "blocks": given.objects("blocks"),
        "files": given.objects("files") or (),
        "at": given.number("at"),
        "ts": given.maybe("ts"),
    }
    given.done()
    message = actor.post(channel, text, **options)
    return {"channel": message.channel, "ts": message.ts}


def edit(box: Sandbox, given: Given) -> Json:
    actor = _actor(box, given)
    channel, ts, text = given.text("channel"), given.text("ts"), given.text("text")
    blocks = given.objects("blocks")
    given.done()
    actor.edit(channel, ts, text, blocks)
    return {}


def delete(box: Sandbox, given: Given) -> Json:
    actor, channel, ts = _actor(box, given), given.text("channel"), given.text("ts")
    given.done()
    actor.delete(channel, ts)
    return {}


def broadcast(box: Sandbox, given: Given) -> Json:
    actor, channel, ts = _actor(box, given), given.text("channel"), given.text("ts")
    given.done()
    actor.broadcast(channel, ts)
    return {}


def unfurl(box: Sandbox, given: Given) -> Json:
    channel = box.workspace.channel(given.text("channel"))
    message = box.workspace.message(channel, given.text("ts"))
    attachment = given.mapping("attachment")
    given.done()
    box.workspace.unfurl(channel, message, attachment)
    return {}


def react(box: Sandbox, given: Given) -> Json:
    actor, channel, ts = _actor(box, given), given.text("channel"), given.text("ts")
    name = given.text("name")
    given.done()
    actor.react(channel, ts, name)
    return {}


def unreact(box: Sandbox, given: Given) -> Json:
    actor, channel, ts = _actor(box, given), given.text("channel"), given.text("ts")
    name = given.text("name")
    given.done()
    actor.unreact(channel, ts, name)
    return {}


def add_person(box: Sandbox, given: Given) -> Json:
    real_name = given.text("real_name")
    display_name = given.maybe("display_name") or ""
    name = given.maybe("name")
    tz = given.maybe("tz") or "Europe/Berlin"
    options: Json = {
        "email": given.maybe("email") or "",
        "title": given.maybe("title") or "",
        "is_admin": given.flag("is_admin"),
        "user": given.maybe("user"),
    }
    channels = given.texts("channels")
    given.done()
    member = box.workspace.add_person(real_name, display_name, name, tz, **options)
    for channel in channels:
        box.workspace.join(box.workspace.channel(channel), member.id)
    return {"user": member.id, "name": member.name}


def change_person(box: Sandbox, given: Given) -> Json:
    person = given.text("person")
    box.workspace.change_person(person, **given.rest())
    return {}


def deactivate(box: Sandbox, given: Given) -> Json:
    person = given.text("person")
    given.done()
    box.workspace.change_person(person, deleted=True)
    return {}


def add_channel(box: Sandbox, given: Given) -> Json:
    name, creator = given.text("name"), given.text("person")
    private, members = given.flag("is_private"), given.texts("members")
    given.done()
    channel = box.workspace.add_channel(name, creator, private, members)
    return {"channel": channel.id}


def _channel_act(name: str, *texts: str) -> Act:
    """An act of an Actor that takes a channel and some texts."""

    def act(box: Sandbox, given: Given) -> Json:
        actor, channel = _actor(box, given), given.text("channel")
        values = [given.text(text) for text in texts]
        given.done()
        result = getattr(actor, name)(channel, *values)
        return {"changed": result} if isinstance(result, bool) else {}

    return act


ACTS: dict[str, Act] = {
    "post": post,
    "edit": edit,
    "delete": delete,
    "broadcast": broadcast,
    "unfurl": unfurl,
    "react": react,
    "unreact": unreact,
    "pin": _channel_act("pin", "ts"),
    "unpin": _channel_act("unpin", "ts"),
    "join": _channel_act("join"),
    "leave": _channel_act("leave"),
    "invite": _channel_act("invite", "whom"),
    "kick": _channel_act("kick", "whom"),
    "set_topic": _channel_act("set_topic", "topic"),
    "rename_channel": _channel_act("rename", "name"),
    "archive": _channel_act("archive"),
    "unarchive": _channel_act("unarchive"),
    "delete_channel": _channel_act("delete_channel"),
    "add_person": add_person,
    "change_person": change_person,
    "deactivate": deactivate,
    "add_channel": add_channel,
}

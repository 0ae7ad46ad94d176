"""How the app is told: over its sockets, or by HTTP requests, and again until it has answered.

<https://docs.slack.dev/apis/events-api/using-socket-mode>,
<https://docs.slack.dev/apis/events-api> (retries, headers),
<https://docs.slack.dev/authentication/verifying-requests-from-slack> (signatures).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

import aiohttp

from slackbox.faults import DeliveryFault, Faults, shuffled, types_of
from slackbox.ids import Ids
from slackbox.model import Channel, Json
from slackbox.wire import Wire
from slackbox.workspace import Workspace

log = logging.getLogger(__name__)

Kind = Literal["events_api", "interactive", "slash_commands"]

RETRY_DELAYS = (0.0, 60.0, 300.0)
"""Seconds before each of the three further attempts: "nearly immediately", 1 and 5 minutes."""
ACK_TIMEOUT = 3.0
"""Seconds the app has to answer."""
REFRESH_DELAY = 10.0
"""Seconds from `disconnect` until the socket is closed. A `warning` comes about ten seconds before:
<https://docs.slack.dev/apis/events-api/using-socket-mode#disconnect>."""
MAX_SOCKETS = 10
"""Connections an app can have at once."""
MAX_REDIRECTS = 2


@dataclass(slots=True, eq=False)
class Delivery:
    """Something the app is to be told, until it has acknowledged it or is given up."""

    kind: Kind
    payload: Json
    again: bool
    """Whether it is sent again; what a person waits for is not."""
    answers: bool = False
    """Whether the acknowledgement may carry a payload."""
    attempt: int = 0
    reason: str = ""
    done: bool = False
    answer: asyncio.Future[Any] | None = None
    envelopes: list[str] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class NotAcknowledged(Exception):
    """The app did not answer in time, or said that it failed. The text says which."""


class Socket(Protocol):
    """An open Socket Mode connection."""

    def send(self, text: str) -> None:
        """Queues a message for the app."""

    def abort(self) -> None:
        """Breaks the connection off."""

    async def close(self) -> None:
        """Closes it with a close frame."""


class Dispatcher:
    """Sends deliveries, counts the time, sends again."""

    def __init__(
        self,
        workspace: Workspace,
        wire: Wire,
        faults: Faults,
        *,
        signing_secret: str,
        verification_token: str,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        ack_timeout: float = ACK_TIMEOUT,
        seed: int = 0,
    ):
        self.workspace = workspace
        self.wire = wire
        self.faults = faults
        self.request_url: str | None = None
        """One URL for everything, instead of the manifest's."""
        self._verified: set[str] = set()
        self._verifying = asyncio.Lock()
        self.sockets: list[Socket] = []
        self.lost: deque[Json] = deque(maxlen=10_000)
        """Events given up after the last attempt, or dropped."""
        self._signing_secret = signing_secret
        self.token = verification_token
        self._delays = tuple(retry_delays)
        self._timeout = ack_timeout
        # IDs of deliveries go on when the workspace begins anew, so that none comes twice.
        self._ids = Ids(seed + 1)
        self._random = Random(seed)  # noqa: S311 - the order of a shuffle, no secret
        self._next_socket = 0
        self._waiting: dict[str, Delivery] = {}
        self._open: set[Delivery] = set()
        self._settled = asyncio.Event()
        self._settled.set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._held: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession | None = None
        self._lines = asyncio.Semaphore(64)
        workspace.listen(self.event)

    # --- what is told ------------------------------------------------------------------------

    def event(self, event: Json, channel: Channel | None) -> None:
        """Tells the app an event, if it asked for it and may know of it."""
        workspace = self.workspace
        bot = workspace.bot.user_id
        if channel is not None and bot not in channel.members:
            return
        name = event["type"]
        if name == "message" and channel is not None:
            name = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}[
                channel.type
            ]
        if name not in workspace.manifest.events:
            return
        self.deliver(event, shared=channel is not None and bool(channel.connected))

    def deliver(self, event: Json, shared: bool = False) -> None:
        """Tells the app an event, whatever it asked for. `shared`: in a Slack Connect channel."""
        self.submit(Delivery("events_api", self._callback(event, shared), again=True))

    def _callback(self, event: Json, shared: bool) -> Json:
        """An event in its envelope: <https://docs.slack.dev/apis/events-api#callback-field>."""
        workspace = self.workspace
        who = event.get("user")
        member = workspace.members.get(who) if isinstance(who, str) else None
        return {
            "token": self.token,
            # Of a Slack Connect member it is their workspace; `authorizations` names ours.
            "team_id": (member.team if member is not None else None) or workspace.team,
            "context_team_id": workspace.team,
            "context_enterprise_id": None,
            "api_app_id": workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": self._ids.passing("Ev", 13),
            "event_time": int(float(event.get("event_ts") or workspace.now)),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.team,
                    "user_id": workspace.bot.user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{self._ids.secret(40)}",
        }

    async def ask(self, kind: Kind, payload: Json, answers: bool = True) -> Any:
        """Tells the app something that a person waits for; gives the payload of its answer.

        Raises NotAcknowledged.
        """
        delivery = Delivery(kind, payload, again=False, answers=answers)
        delivery.answer = asyncio.get_running_loop().create_future()
        self.submit(delivery)
        return await delivery.answer

    def submit(self, delivery: Delivery) -> None:
        """Sends a delivery, or does with it what a fault says."""
        self._open.add(delivery)
        self._settled.clear()
        fault = self.faults.of_delivery(types_of(delivery.payload))
        if fault is None:
            self._attempt(delivery)
        else:
            self._go_wrong(delivery, fault)

    def _go_wrong(self, delivery: Delivery, fault: DeliveryFault) -> None:
        self.wire.add("fault", fault=fault.kind, type=delivery.kind, payload=delivery.payload)
        if fault.kind == "drop":
            self._finish(delivery, None, "dropped by a planned fault")
        elif fault.kind == "lose":
            self._failed(delivery, "timeout")
        elif fault.kind == "repeat":
            self._attempt(delivery)
            for _ in range(fault.times - 1):
                twin = Delivery(delivery.kind, delivery.payload, again=False)
                self._open.add(twin)
                self._attempt(twin)
        elif fault.kind == "delay":
            self._later(fault.seconds, lambda: self._attempt(delivery))
        else:
            if not self._held:
                self._later(fault.seconds, self.release)
            self._held.append(lambda: self._attempt(delivery))
            if fault.count <= 0:
                self.release()

    def release(self) -> None:
        """Sends what a `shuffle` holds back."""
        held, self._held = self._held, []
        for send in shuffled(held, self._random):
            send()

    def _later(self, seconds: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        def run() -> None:
            self._timers.discard(handle)
            what()

        handle = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(handle)
        return handle

    def _forget(self, handle: asyncio.TimerHandle | None) -> None:
        if handle is not None:
            handle.cancel()
            self._timers.discard(handle)

    # --- attempts ----------------------------------------------------------------------------

    def _attempt(self, delivery: Delivery) -> None:
        if delivery.done:
            return
        if self.uses_http:
            url = self._url(delivery)
            if url:
                self._spawn(self._post(delivery, url))
            else:
                self._finish(delivery, None, "the manifest names no URL for it")
        elif self.sockets:
            self._push(delivery)
        else:
            self._failed(delivery, "no_connection")

    @property
    def uses_http(self) -> bool:
        """Whether the app is told by HTTP requests; over its sockets otherwise."""
        return self.request_url is not None or not self.workspace.manifest.socket_mode

    def _url(self, delivery: Delivery) -> str:
        """Where a delivery goes: each kind to the URL that the manifest gives for it."""
        if self.request_url is not None:
            return self.request_url
        manifest = self.workspace.manifest
        if delivery.kind == "events_api":
            return manifest.events_url
        if delivery.kind == "slash_commands":
            command = manifest.commands.get(str(delivery.payload.get("command")))
            return command.url if command else ""
        if delivery.payload.get("type") == "block_suggestion":
            return manifest.options_url
        return manifest.interactivity_url

    def _push(self, delivery: Delivery) -> None:
        envelope = self._ids.uuid()
        delivery.envelopes.append(envelope)
        self._waiting[envelope] = delivery
        self._next_socket = (self._next_socket + 1) % len(self.sockets)
        body: Json = {
            "envelope_id": envelope,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.answers,
        }
        if delivery.kind == "events_api":
            body["retry_attempt"] = delivery.attempt
            body["retry_reason"] = delivery.reason
        self.wire.add("delivery", type=delivery.kind, socket=self._next_socket, body=body)
        delivery.timer = self._later(self._timeout, lambda: self._failed(delivery, "timeout"))
        self.sockets[self._next_socket].send(json.dumps(body))

    def acknowledge(self, envelope: str, payload: Any) -> None:
        """The app acknowledged an envelope; once is enough for all attempts."""
        self.wire.add("acknowledgement", envelope_id=envelope, payload=payload)
        delivery = self._waiting.get(envelope)
        if delivery is not None:
            self._finish(delivery, payload)

    def _failed(self, delivery: Delivery, reason: str, again: bool = True) -> None:
        if delivery.done:
            return
        if not (delivery.again and again) or delivery.attempt >= len(self._delays):
            self._finish(delivery, None, reason)
            return
        delay = self._delays[delivery.attempt]
        delivery.attempt += 1
        delivery.reason = reason if reason != "no_connection" else "timeout"
        delivery.timer = self._later(delay, lambda: self._attempt(delivery))

    def _finish(self, delivery: Delivery, payload: Any, failure: str | None = None) -> None:
        delivery.done = True
        self._open.discard(delivery)
        if not self._open:
            self._settled.set()
        self._forget(delivery.timer)
        for envelope in delivery.envelopes:
            self._waiting.pop(envelope, None)
        if failure is not None:
            self.wire.add("lost", type=delivery.kind, reason=failure, payload=delivery.payload)
            if delivery.kind == "events_api":
                self.lost.append(delivery.payload)
        answer = delivery.answer
        if answer is not None and not answer.done():
            if failure is None:
                answer.set_result(payload)
            else:
                answer.set_exception(NotAcknowledged(failure))

    # --- sockets -----------------------------------------------------------------------------

    def connected(self, socket: Socket) -> bool:
        """A socket opened; False if there are ten already."""
        if len(self.sockets) >= MAX_SOCKETS:
            return False
        self.sockets.append(socket)
        self.wire.add("socket", state="open", connections=len(self.sockets))
        return True

    def disconnected(self, socket: Socket) -> None:
        """A socket closed."""
        if socket in self.sockets:
            self.sockets.remove(socket)
            self.wire.add("socket", state="closed", connections=len(self.sockets))

    def drop_sockets(self) -> None:
        """Breaks all sockets off, at once."""
        for socket in tuple(self.sockets):
            self.disconnected(socket)
            socket.abort()

    async def cut(self, abruptly: bool = True) -> int:
        """Closes all sockets; abruptly, as a network does, or with a close frame. How many."""
        sockets = list(self.sockets)
        if abruptly:
            self.drop_sockets()
        for socket in self.sockets.copy():
            self.disconnected(socket)
            await socket.close()
        return len(sockets)

    def ask_to_reconnect(self, reason: str, seconds: float = REFRESH_DELAY) -> None:
        """Tells all sockets `disconnect`, and closes them after some seconds.

        `reason` is `warning` or `refresh_requested`. Until it is closed a socket gets deliveries
        as before.
        """
        text = json.dumps(
            {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}
        )
        old = tuple(self.sockets)
        for socket in old:
            socket.send(text)
        self._later(seconds, lambda: self._spawn(self._close(old)))

    async def _close(self, sockets: Sequence[Socket]) -> None:
        for socket in sockets:
            if socket in self.sockets:
                self.disconnected(socket)
                await socket.close()

    @property
    def pending(self) -> int:
        """Deliveries on their way, not yet acknowledged or given up."""
        return len(self._open)

    async def settle(self) -> None:
        """Waits until every delivery is acknowledged or given up."""
        await self._settled.wait()

    # --- HTTP --------------------------------------------------------------------------------

    async def verify(self, url: str) -> None:
        """Takes one URL for everything: it must answer the challenge. Raises NotAcknowledged."""
        await self._challenge(url)
        self.request_url = url

    async def _challenge(self, url: str) -> None:
        challenge = self._ids.secret(40)
        body = json.dumps(
            {"token": self.token, "challenge": challenge, "type": "url_verification"}
        ).encode()
        try:
            status, text = await self._request(url, body, "application/json", {})
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotAcknowledged(f"the request URL did not answer: {error}") from None
        if status == 200:
            try:
                answered = json.loads(text)["challenge"]
            except (ValueError, KeyError, TypeError):
                answered = text.strip()
            if answered == challenge:
                self._verified.add(url)
                return
        raise NotAcknowledged(f"the request URL answered {status}, not the challenge")

    async def _post(self, delivery: Delivery, url: str) -> None:
        headers: dict[str, str] = {}
        if delivery.attempt:
            headers["X-Slack-Retry-Num"] = str(delivery.attempt)
            headers["X-Slack-Retry-Reason"] = delivery.reason
        body, kind = _http_body(delivery)
        self.wire.add(
            "delivery", type=delivery.kind, url=url, headers=headers, body=delivery.payload
        )
        try:
            async with self._lines:
                if delivery.kind == "events_api":
                    async with self._verifying:
                        if url not in self._verified:
                            await self._challenge(url)
                status, text, no_retry = await self._send(url, body, kind, headers)
        except NotAcknowledged as error:
            log.warning("%s gets no events yet: %s", url, error)
            self._failed(delivery, "http_error")
        except TimeoutError:
            self._failed(delivery, "http_timeout")
        except aiohttp.TooManyRedirects:
            self._failed(delivery, "too_many_redirects")
        except aiohttp.ClientSSLError:
            self._failed(delivery, "ssl_error")
        except aiohttp.ClientConnectorError:
            self._failed(delivery, "connection_failed")
        except aiohttp.ClientError:
            self._failed(delivery, "unknown_error")
        else:
            self.wire.add("acknowledgement", status=status, payload=text)
            if 200 <= status < 300:
                self._finish(delivery, _json_or_text(text))
            else:
                self._failed(delivery, "http_error", again=not no_retry)

    async def _request(
        self, url: str, body: bytes, content_type: str, headers: dict[str, str]
    ) -> tuple[int, str]:
        status, text, _ = await self._send(url, body, content_type, headers)
        return status, text

    async def _send(
        self, url: str, body: bytes, content_type: str, headers: dict[str, str]
    ) -> tuple[int, str, bool]:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        # The app checks the age of a request by its own clock, which is the machine's.
        timestamp = str(int(time.time()))
        signed = {
            **headers,
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._signing_secret, timestamp, body),
        }
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with self._http.post(
            url, data=body, headers=signed, timeout=timeout, max_redirects=MAX_REDIRECTS
        ) as response:
            text = await response.text(errors="replace")
            return response.status, text, response.headers.get("X-Slack-No-Retry") == "1"

    def _spawn(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self) -> None:
        """Gives up all that is on its way."""
        for timer in tuple(self._timers):
            timer.cancel()
        self._timers.clear()
        self._held.clear()
        for delivery in tuple(self._open):
            self._finish(delivery, None, "the workspace was reset")
        self.lost.clear()

    async def close(self) -> None:
        """Stops all that is on its way, and closes the connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.forget()
        await self.cut(abruptly=False)
        if self._http is not None:
            await self._http.close()
            self._http = None


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`X-Slack-Signature` of a request."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def _http_body(delivery: Delivery) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload).encode(), "application/json"
    if delivery.kind == "slash_commands":
        return urlencode(delivery.payload).encode(), form
    return urlencode({"payload": json.dumps(delivery.payload)}).encode(), form


def _json_or_text(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return {"text": text}

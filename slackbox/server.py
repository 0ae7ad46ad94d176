"""The sandbox as a whole: a workspace, served on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from slackbox.control import ControlApi
from slackbox.delivery import ACK_TIMEOUT, RETRY_DELAYS, Dispatcher
from slackbox.faults import Faults
from slackbox.ids import Ids
from slackbox.limits import Limits, Regime
from slackbox.listening import Listener, check_loopback
from slackbox.manifest import Manifest, load
from slackbox.page.extras import Extras
from slackbox.people import furnish
from slackbox.person import Person
from slackbox.surfaces import TRIGGER_LIFE, Surfaces
from slackbox.webapi import WebApi
from slackbox.wire import Wire
from slackbox.workspace import Workspace


class Sandbox:
    """A local Slack workspace with our app installed, an asynchronous context manager.

    `time_source` gives Slack's wall time in seconds since 1970 (for every `ts`), `monotonic` the
    seconds by which rate limits and the life of triggers are measured. `retry_delays` are the
    seconds before each further attempt at an event that is not acknowledged within
    `ack_timeout`; a trigger is good for `trigger_life` seconds. Where the
    manifest turns Socket Mode off, each kind of delivery goes to the URL that the manifest gives
    for it; with `request_url` everything goes there instead. `members` are people besides those of
    a furnished workspace; `extras` is what its page has besides.
    """

    def __init__(
        self,
        manifest: Path | Manifest,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        *,
        time_source: Callable[[], float] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        seed: int = 0,
        rate_limits: Regime = "none",
        retry_delays: Sequence[float] = RETRY_DELAYS,
        ack_timeout: float = ACK_TIMEOUT,
        trigger_life: float = TRIGGER_LIFE,
        request_url: str | None = None,
        furnished: bool = True,
        members: int = 0,
        extras: Extras | None = None,
    ):
        """Raises ManifestError, and NotLoopback for a `host` that others could reach."""
        check_loopback(host)
        self.manifest = manifest if isinstance(manifest, Manifest) else load(manifest)
        self._host, self._port, self._control_port = host, port, control_port
        self._request_url = request_url
        self._furnished, self._members = furnished, members
        self.extras = extras or Extras()
        self.workspace = Workspace(self.manifest, time_source or time.time, seed)
        ids = Ids(seed + 2)
        self.bot_token = f"xoxb-{ids.number(12)}-{ids.number(13)}-{ids.secret(24)}"
        self.app_token = f"xapp-1-{self.workspace.app_id}-{ids.number(13)}-{ids.secret(64)}"
        self.signing_secret = ids.secret(32)
        self.verification_token = ids.secret(24)
        if furnished:
            furnish(self.workspace, members)
        self.faults = Faults()
        self.wire = Wire(
            lambda: self.workspace.now,
            (self.bot_token, self.app_token, self.signing_secret, self.verification_token),
        )
        self.limits = Limits(rate_limits, monotonic)
        self.surfaces = Surfaces(self.workspace, monotonic, trigger_life)
        self.dispatcher = Dispatcher(
            self.workspace,
            self.wire,
            self.faults,
            signing_secret=self.signing_secret,
            verification_token=self.verification_token,
            retry_delays=retry_delays,
            ack_timeout=ack_timeout,
            seed=seed,
        )
        self.api = WebApi(
            self.workspace,
            self.surfaces,
            self.dispatcher,
            self.limits,
            self.faults,
            self.wire,
            self.bot_token,
            self.app_token,
        )
        self.control = ControlApi(self)
        self._listener: Listener | None = None
        self._control_listener: Listener | None = None
        self._outage: asyncio.TimerHandle | None = None

    @property
    def api_url(self) -> str:
        """Where the Web API is, with `/` at its end: for `AsyncWebClient(base_url=…)`."""
        return f"http://{_started(self._listener).address}/api/"

    @property
    def control_url(self) -> str:
        """Where the test control is; the bot is never told."""
        return f"http://{_started(self._control_listener).address}/"

    async def start(self) -> None:
        """Opens both ports. Raises OSError for one that is taken."""
        self._listener = Listener(self.api.app, self._host, self._port)
        self._control_listener = Listener(self.control.app, self._host, self._control_port)
        self.api.connections = self._listener.connections
        self.api.base_url = f"http://{self._listener.address}"
        self.surfaces.base_url = self.api.base_url
        self.workspace.file_base = self.api.base_url
        await self._listener.start()
        await self._control_listener.start()
        if self._request_url is not None:
            await self.dispatcher.verify(self._request_url)

    async def stop(self) -> None:
        """Closes everything; what was not acknowledged is lost."""
        self.accept_connections()
        await self.dispatcher.close()
        for listener in (self._control_listener, self._listener):
            if listener is not None:
                await listener.stop()
        self._listener = self._control_listener = None

    def reset(self) -> None:
        """The workspace as it was at the start, with the same IDs; sockets stay open.

        What was on its way is given up, faults are cleared, timestamps and event IDs go on.
        """
        self.accept_connections()
        self.faults.clear()
        self.dispatcher.forget()
        self.limits.reset()
        self.surfaces.clear()
        self.workspace.bad_pictures.clear()
        self.wire.clear()
        listening, self.workspace.listening = self.workspace.listening, False
        self.workspace.clear()
        if self._furnished:
            furnish(self.workspace, self._members)
        self.workspace.listening = listening
        self.workspace.changed("reset")

    def refuse_connections(self, everything: bool = False, seconds: float | None = None) -> None:
        """Refuses new sockets, or all connections, for a while or until they are accepted again.

        What is open is broken off.
        """
        self.accept_connections()
        self.api.sockets_refused = True
        self.dispatcher.drop_sockets()
        if self._listener is not None and everything:
            self._listener.connections.refusing = True
            self._listener.connections.abort_all()
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._outage = loop.call_later(seconds, self.accept_connections)

    def accept_connections(self) -> None:
        """Ends `refuse_connections`."""
        if self._outage is not None:
            self._outage.cancel()
            self._outage = None
        self.api.sockets_refused = False
        if self._listener is not None:
            self._listener.connections.refusing = False

    def person(self, who: str) -> Person:
        """Somebody to act as, by ID or name. Raises Refusal `user_not_found`."""
        return Person(self.workspace, self.surfaces, self.dispatcher, who)

    async def settle(self) -> None:
        """Waits until the app has acknowledged, or Slack given up, all that it was told."""
        await self.dispatcher.settle()

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def _started(listener: Listener | None) -> Listener:
    if listener is None:
        raise RuntimeError("the sandbox is not started")
    return listener

"""How the bots of a fault run live: faster than others, perhaps by a clock that is wrong, and
perhaps only until they come to a certain step.

A run has no minutes to wait until a lease has run out. In the processes of its bots all times for
which things wait for one another are a small part of what they are, so a process that stands still
for two seconds is to the others as one that stands still for sixteen.
"""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from time import sleep
from typing import Any


def _speed() -> int:
    """8, and down to 2 where more runs than the machine has processors for: else an eighth of a
    timeout runs out because nobody got the processor, and a run shows that and nothing more."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return max(2, min(8, int(16 / max(1.0, waiting))))


SPEED = int(os.environ.setdefault("FAULT_SPEED", str(_speed())))
"""Seconds of a bot's life in one second of the machine's. The environment tells it to the bots."""

_SECONDS = {
    "bot.running.bot": ("HEARTBEAT_SECONDS", "LONGEST_TICK"),
    "bot.services.hosting": ("CATCH_UP_SECONDS",),
    "bot.services.organizers": ("ORGANIZERS_AGAIN_SECONDS",),
    "bot.running.attempts": ("FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"),
    "bot.services.commits": ("WRITTEN_BY",),
    "bot.library.git": ("FIRST_PAUSE", "LONGEST_PAUSE"),
    "bot.slack.inbox": ("RETRY_SECONDS",),
    "bot.slack.linking": ("RETRY_SECONDS", "AFTER_TROUBLE_SECONDS"),
    "bot.slack.names": ("PAUSE_SECONDS",),
    "bot.slack.outbox": ("SEND_TIMEOUT_SECONDS", "LEASE", "FIRST_PROBE"),
    "bot.slack.reconcile": ("GRACE",),
    "bot.slack.reconcile_scheduler": ("AFTER_TROUBLE_SECONDS",),
    "bot.slack.said": ("MARGIN", "CLOCKS_COMPARED_EVERY_SECONDS"),
    "bot.store.engine": ("LOCK_TIMEOUT_SECONDS",),
    "bot.store.leader": ("LEASE",),
}
"""The times that a run shortens, by module."""


STEPS = (
    "bot.library.archive:write_archive",
    "bot.library.files:replace",
    "bot.sessions.lifecycle:archived",
    "bot.sessions.lifecycle:close_session",
    "bot.store.commits:Commits.add",
    "bot.store.commits:Commits.make_ready",
    "bot.library.git:Repository.commit",
    "bot.store.commits:Commits.remove",
    "bot.library.git:Repository.push",
    "bot.slack.notifier:SlackNotifier.hand_over",
    "slack_sdk.web.async_client:AsyncWebClient.files_getUploadURLExternal",
    "slack_sdk.web.async_client:AsyncWebClient.files_completeUploadExternal",
    "bot.slack.api.uploads:send",
    "bot.slack.outbox:OutboxSender._send",
    "bot.store.outbox:Outbox.sent",
    "bot.store.requests:Requests.begin",
    "bot.store.draws:Draws.add",
    "bot.slack.notifier:SlackNotifier.winners",
    "bot.store.requests:Requests.finish",
    "bot.store.requests:Requests.begin > bot.slack.listeners.interaction:Interaction.say",
    "bot.store.draws:Draws.add > bot.slack.listeners.interaction:Interaction.say",
)
"""Steps on the way of archives, commits, pushes, uploads and draws, as `module:name`. Of two the
second counts once the first was done: what is stored in one transaction is stored then, and nobody
was told."""


@dataclass(frozen=True, slots=True)
class Death:
    """A process is killed, or (`stops`) stopped once, right before it does a step or `after`."""

    step: str
    after: bool
    stops: bool = False

    def __str__(self) -> str:
        names = [step.partition(":")[2] for step in self.step.split(" > ")]
        return f"{'after' if self.after else 'before'} {' > '.join(names)}"


DEATHS = tuple(Death(step, after) for step in STEPS for after in (False, True))


HALTS = tuple(
    Death(f"bot.slack.outbox:OutboxSender.{step}", True, True)
    for step in ("_claim", "_said_already", "_conversation")
)
"""Where a process is stopped: between a row's lease and its sending."""


def live(offset: float, death: Death | None = None, disk: float = 0.0) -> None:
    """Makes this process, which is to become a bot, live at `SPEED`, `offset` seconds ahead, on a
    `disk` that takes so many seconds to force a file."""
    if disk:
        os.fsync = _slow(os.fsync, disk)
    if death is not None:
        _die_at(death)
    for name, times in _SECONDS.items():
        module = import_module(name)
        for time in times:
            setattr(module, time, _part(getattr(module, time)))
    engine = import_module("bot.store.engine")
    engine._FREEZE, engine._READING_FREEZE = f"{12_000 // SPEED}ms", f"{60_000 // SPEED}ms"
    _set_clock(timedelta(seconds=offset))


def _part(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_part, value))
    assert isinstance(value, int | float | timedelta)
    return value / SPEED


def _set_clock(offset: timedelta) -> None:
    """Sets the machine's clock as this process sees it."""
    from bot.running.clock import SystemClock

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) + offset

    def wall(self: SystemClock, at: datetime) -> datetime:
        return at - offset

    SystemClock.now, SystemClock.wall = now, wall  # type: ignore[method-assign]


def _die_at(death: Death) -> None:
    *first, step = death.step.split(" > ")
    ends = [signal.SIGSTOP if death.stops else signal.SIGKILL]
    armed = [] if first else ends

    def end() -> None:
        if armed:
            os.kill(os.getpid(), armed.pop())

    def arm() -> None:
        armed.extend(ends)
        ends.clear()

    _wrap(step, *((_nothing, end) if death.after else (end, _nothing)))
    for name in first:
        _wrap(name, _nothing, arm)


def _nothing() -> None:
    pass


def _wrap(step: str, before: Callable[[], None], after: Callable[[], None]) -> None:
    """Calls these before and after a step, `module:name`, whenever it is done."""
    owner, name = named(step)
    setattr(owner, name, _wrapped(getattr(owner, name), before, after))


def named(step: str) -> tuple[Any, str]:
    """The module or class that has a step, and the step's name there."""
    module, _, name = step.partition(":")
    *owners, name = name.split(".")
    owner: Any = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    return owner, name


def _slow(step: Callable[[int], None], seconds: float) -> Callable[[int], None]:
    def call(handle: int) -> None:
        sleep(seconds)
        step(handle)

    return call


def _wrapped(
    step: Callable[..., Any], before: Callable[[], None], after: Callable[[], None]
) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        before()
        found = step(*given, **named)
        after()
        return found

    async def wait(*given: Any, **named: Any) -> Any:
        before()
        found = await step(*given, **named)
        after()
        return found

    return wait if inspect.iscoroutinefunction(step) else call

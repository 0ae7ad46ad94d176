"""What goes wrong on purpose: with calls of the Web API, and with deliveries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from slackbox.model import Json

CallFaultKind = Literal["http", "ratelimited", "error", "lost_answer", "slow"]
DeliveryFaultKind = Literal["drop", "lose", "repeat", "delay", "shuffle"]


@dataclass(slots=True)
class CallFault:
    """The next `count` calls of `method` (`*`: of any) fail.

    `http`: with the status `status`. `ratelimited`: 429 with `retry_after` seconds. `error`: with
    Slack's code `error`. `lost_answer`: what was asked is done, and the connection breaks before
    the answer. `slow`: the answer comes after `seconds`.
    """

    method: str
    kind: CallFaultKind
    count: int = 1
    status: int = 500
    retry_after: int = 1
    error: str = "internal_error"
    seconds: float = 0.0


@dataclass(slots=True)
class DeliveryFault:
    """What happens to the next `count` deliveries of a type (None: of any).

    `drop`: gone, and never sent again. `lose`: gone on its way, so that Slack sends it again.
    `repeat`: sent `times` times. `delay`: sent after `seconds`. `shuffle`: all `count` are held
    back, at the most `seconds`, and sent in another order.
    """

    kind: DeliveryFaultKind
    count: int = 1
    event_type: str | None = None
    times: int = 2
    seconds: float = 1.0


@dataclass(slots=True)
class Faults:
    """The faults that are planned."""

    calls: list[CallFault] = field(default_factory=list)
    deliveries: list[DeliveryFault] = field(default_factory=list)

    def of_call(self, method: str) -> CallFault | None:
        """The fault of this call, counted."""
        for fault in self.calls:
            if fault.method in (method, "*"):
                fault.count -= 1
                if fault.count <= 0:
                    self.calls.remove(fault)
                return fault
        return None

    def of_delivery(self, types: tuple[str, ...]) -> DeliveryFault | None:
        """The fault of a delivery that goes by any of these types, counted."""
        for fault in self.deliveries:
            if fault.event_type is None or fault.event_type in types:
                fault.count -= 1
                if fault.count <= 0:
                    self.deliveries.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.calls.clear()
        self.deliveries.clear()


def shuffled(items: list[Callable[[], None]], random: Random) -> list[Callable[[], None]]:
    """Another order than the given one, if there are two."""
    if len(items) < 2:
        return items
    while True:
        mixed = random.sample(items, len(items))
        if mixed != items:
            return mixed


def types_of(payload: Json) -> tuple[str, ...]:
    """The names a delivery goes by: `message`, `message_changed`, `block_actions` …"""
    event = payload.get("event")
    if isinstance(event, dict):
        subtype = event.get("subtype")
        names = (str(event.get("type")),)
        return (*names, str(subtype)) if subtype else names
    return (str(payload.get("type") or payload.get("command") or ""),)

"""How tests wait for what others do, and where they listen."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

import pytest

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds for what takes a moment on a machine that has nothing else to do."""
# Below the ports from which a system takes those of outgoing connections.
_PORTS = range(10_000, 32_000)


async def until(
    look: Callable[[], T | Awaitable[T]], what: str = "", seconds: float = PATIENCE
) -> T:
    """Waits for something to be there; gives it. The test fails, saying what, if it never is."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        seen = await found if isawaitable(found) else found
        if seen:
            return seen
        if time.monotonic() > end:
            pytest.fail(f"it never happened: {what or look}")
        await asyncio.sleep(0.005)


def free_port() -> int:
    """A port on loopback on which nobody listens, and which no outgoing connection gets."""
    while True:
        with socket.socket() as probe:
            port = random.choice(_PORTS)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port

"""The processes of a fault run: a sandbox, and bots that are killed.

Bots are forked from a process that has read the program once, so that a start costs a fraction of
a second; what runs in each is `marginalia run` from its first line, in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from bot.sandbox.server import Sandbox

MANIFEST = Path(__file__).resolve().parents[2] / "slack-manifest.yaml"
RETRY_DELAYS = (0.0, 0.4, 0.8)
"""Seconds before Slack tells again what nobody acknowledged; a run has not Slack's minutes."""
ACK_TIMEOUT = 1.5

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["bot.cli", "tests.faults.processes"])


def _die_with_parent() -> None:
    """Ends this process when the one that asked for it ends, however that happens."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def run_sandbox(seed: int, lines: Any) -> None:
    """A sandbox until it is killed; sends what there is to know of it."""
    _die_with_parent()

    async def serve() -> None:
        box = Sandbox(MANIFEST, seed=seed, retry_delays=RETRY_DELAYS, ack_timeout=ACK_TIMEOUT)
        async with box:
            lines.send(
                json.dumps(
                    {
                        "control_url": box.control_url,
                        "SLACK_API_URL": box.api_url,
                        "SLACK_BOT_TOKEN": box.bot_token,
                        "SLACK_APP_TOKEN": box.app_token,
                    }
                )
            )
            await asyncio.Event().wait()

    asyncio.run(serve())


def run_command(arguments: list[str], env: Mapping[str, str], folder: str, log: str) -> None:
    """What `marginalia ARGUMENTS` does, with these settings alone, in this folder."""
    from bot.cli import main

    _die_with_parent()
    for name in [n for n in os.environ if n.startswith(("SLACK_", "MARGINALIA_"))]:
        del os.environ[name]
    os.environ.update(env)
    os.chdir(folder)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv = ["marginalia", *arguments]
    main()


@dataclass(slots=True)
class Command:
    """A command that runs."""

    process: ForkServerProcess

    @classmethod
    def start(cls, *arguments: str, env: Mapping[str, str], folder: Path, log: Path) -> Command:
        given = (list(arguments), dict(env), str(folder), str(log))
        process = _FORKS.Process(target=run_command, args=given, daemon=True)
        process.start()
        return cls(process)

    @property
    def runs(self) -> bool:
        return self.process.is_alive()

    def signal(self, number: int) -> None:
        if self.process.pid is not None and self.runs:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """`kill -9`; returns when it is dead."""
        self.signal(signal.SIGKILL)
        self.process.join(10)

    async def ended(self, seconds: float = 30.0) -> int | None:
        """The exit code, None if it still runs after so many seconds."""
        await asyncio.to_thread(self.process.join, seconds)
        return self.process.exitcode


@dataclass(slots=True)
class Box:
    """The sandbox in its process. `env` is what bots need to reach it."""

    process: ForkServerProcess
    control_url: str
    env: dict[str, str]

    @classmethod
    def start(cls, seed: int = 0) -> Box:
        ours, theirs = _FORKS.Pipe()
        process = _FORKS.Process(target=run_sandbox, args=(seed, theirs), daemon=True)
        process.start()
        if not ours.poll(30):
            raise TimeoutError("the sandbox did not start")
        told = json.loads(ours.recv())
        return cls(process, told.pop("control_url"), told)

    def stop(self) -> None:
        self.process.kill()
        self.process.join(10)

"""Processes that tests start: commands, a sandbox.

They are forked from a process that has read the program once, so that a start costs a fraction of
a second; what runs in each is `marginalia …` from its first line, in a process of its own, with
its own settings, folder and output.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from bot.cli.main import COMMANDS
from slackbox.server import Sandbox

MANIFEST = Path(__file__).resolve().parents[1] / "slack-manifest.yaml"
RETRY_DELAYS = (0.0, 0.3, 0.5)
"""Seconds before Slack tells again what nobody acknowledged; a run has not Slack's minutes."""
ACK_TIMEOUT = 1.0

_FORKS = multiprocessing.get_context("forkserver")
# A command's module is imported when it is called, and a library reads some of its parts when they
# are first used: named here, all of it is read once and not by every process that starts.
_FORKS.set_forkserver_preload(
    [
        *sorted({f"bot.cli.{where.partition(':')[0]}" for where in COMMANDS.values()}),
        "bot.cli.main",
        "slackbox.server",
        "anyio._backends._asyncio",
        "alembic.ddl",
        "apscheduler.executors.asyncio",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite.pysqlite",
        "tests.processes",
    ]
)


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


def run_command(
    arguments: list[str],
    env: Mapping[str, str],
    folder: str,
    out: str,
    err: str,
    before: Callable[[], None] | None,
) -> None:
    """What `marginalia ARGUMENTS` does, with this environment alone, in this folder.

    `before` is called first of all; it is named in a module, so that it can be sent here.
    """
    from bot.cli import main

    _die_with_parent()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for path, number in ((out, 1), (err, 2)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = ["marginalia", *arguments]
    if before is not None:
        before()
    main()


def limit_descriptors(number: int) -> None:
    """Lets this process have so many files open; for `before`."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


def environment(changed: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings of ours, and what is changed; as in all tests,
    what texts mean is not compared."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "MARGINALIA_"))}
    return {**kept, "COLUMNS": "100", "MARGINALIA_MEANING": "off", **changed}


@dataclass(slots=True)
class Command:
    """A command that runs."""

    process: ForkServerProcess

    @classmethod
    def start(
        cls,
        *arguments: str,
        env: Mapping[str, str],
        folder: Path,
        log: Path,
        out: Path | None = None,
        before: Callable[[], None] | None = None,
    ) -> Command:
        """Starts `marginalia ARGUMENTS` with no settings but those of `env`.

        What it says is added to `log`; what it gives too, or to `out` where that is given.
        `before` is called in its process first.
        """
        paths = (str(folder), str(out or log), str(log))
        given = (list(arguments), environment(env), *paths, before)
        process = _FORKS.Process(target=run_command, args=given, daemon=True)
        process.start()
        return cls(process)

    @property
    def runs(self) -> bool:
        return self.process.is_alive()

    @property
    def stands_still(self) -> bool:
        """Whether it was stopped by a signal."""
        return (
            Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        )

    def signal(self, number: int) -> None:
        if self.process.pid is not None and self.runs:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """`kill -9`; returns when it is dead."""
        self.signal(signal.SIGKILL)
        self.process.join(10)

    def wait(self, seconds: float = 60.0) -> int | None:
        """The exit code, None if it still runs after so many seconds."""
        self.process.join(seconds)
        return self.process.exitcode

    async def ended(self, seconds: float = 60.0) -> int | None:
        """The same, while others go on."""
        return await asyncio.to_thread(self.wait, seconds)


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
        if not ours.poll(60):
            raise TimeoutError("the sandbox did not start")
        told = json.loads(ours.recv())
        return cls(process, told.pop("control_url"), told)

    def stop(self) -> None:
        self.process.kill()
        self.process.join(10)

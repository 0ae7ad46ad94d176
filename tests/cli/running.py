"""The command line as a person runs it: a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.conftest import ROOT

_CODE = "from bot.cli import main; main()"


def marginalia(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, in `cwd`, with no settings but those of `env`."""
    return subprocess.run(
        [sys.executable, "-c", _CODE, *map(str, arguments)],
        cwd=cwd,
        env=environment(env or {}),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        encoding="utf-8",
    )


def environment(changed: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings of ours, and what is changed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "MARGINALIA_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **changed}


@asynccontextmanager
async def started(
    *arguments: str, cwd: Path, env: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command that runs while the block lasts; killed where it still does then."""
    with (cwd / "stderr.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _CODE,
            *arguments,
            cwd=cwd,
            env=environment(env),
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

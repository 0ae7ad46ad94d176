"""The command line as a person runs it: a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.processes import Command, limit_descriptors

PATIENCE = 240.0
"""Seconds after which a command that was to end has failed."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command that ended said and gave."""

    returncode: int
    stdout: str
    stderr: str


def marginalia(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """Runs a command to its end, in `cwd`, with no settings but those of `env`."""
    with tempfile.TemporaryDirectory(prefix="marginalia-command-") as name:
        out, err = Path(name) / "out", Path(name) / "err"
        command = Command.start(*map(str, arguments), env=env or {}, folder=cwd, log=err, out=out)
        code = command.wait(PATIENCE)
        if code is None:
            command.kill()
            raise TimeoutError(f"{arguments} did not end: {err.read_text(errors='replace')}")
        return Done(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


@contextmanager
def started(
    *arguments: str, cwd: Path, env: Mapping[str, str], descriptors: int | None = None
) -> Iterator[Command]:
    """A command that runs while the block lasts; killed where it still does then."""
    before = partial(limit_descriptors, descriptors) if descriptors is not None else None
    command = Command.start(*arguments, env=env, folder=cwd, log=cwd / "stderr.log", before=before)
    try:
        yield command
    finally:
        command.kill()

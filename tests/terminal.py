"""A command in a terminal of its own, and somebody who types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0
# The terminal becomes the session's own: what is secret is read from there.
_MAIN = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from bot.cli.main import main
main()
"""


class Terminal:
    """A `marginalia` command in a terminal. `seen` is all that it showed."""

    def __init__(self, arguments: tuple[str, ...], folder: Path, env: Mapping[str, str]):
        self._leader, follower = pty.openpty()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, *arguments],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            cwd=folder,
            env={**kept, **env},
            start_new_session=True,
        )
        os.close(follower)
        self.seen = ""
        self._read = 0

    def waits(self, prompt: str) -> str:
        """Returns when the command shows a prompt; gives what it showed since the last one."""
        end = time.monotonic() + PATIENCE
        while prompt not in self.seen[self._read :]:
            if not self._look() or time.monotonic() > end:
                raise AssertionError(f"{prompt!r} was not asked: {self.seen[self._read :]}")
        at = self.seen.index(prompt, self._read) + len(prompt)
        shown, self._read = self.seen[self._read : at], at
        return shown

    def types(self, prompt: str, text: str) -> str:
        """Waits for a prompt and answers it; gives what was shown until then."""
        shown = self.waits(prompt)
        os.write(self._leader, f"{text}\n".encode())
        return shown

    def ends(self) -> int:
        """Returns when the command ended; gives its exit code."""
        while self._look():
            pass
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        """Ends the command, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._leader)

    def _look(self) -> bool:
        ready, _, _ = select.select([self._leader], [], [], 0.5)
        if not ready:
            return True
        try:
            data = os.read(self._leader, 65536)
        except OSError:  # Linux says so where the other side is closed
            return False
        self.seen += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def terminal(*arguments: str, cwd: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """A command in a terminal while the block lasts."""
    command = Terminal(arguments, cwd, env)
    try:
        yield command
    finally:
        command.close()

"""`marginalia try` on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

_TRY = ("try", "--port", "0", "--folder")


def test_enter_ends_it_and_what_was_typed_before_does_not(tmp_path: Path) -> None:
    terminal, its_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from bot.cli import main; main()", *_TRY, str(tmp_path / "try")],
        stdin=its_end,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        os.write(terminal, b"\nmake\n")  # while the week of `make demo` went on
        assert process.stdout is not None
        assert process.stdout.readline().endswith("Enter or Ctrl-C ends it.\n")
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            os.write(terminal, b"\n")
        else:
            raise AssertionError("it ended by itself")
        assert process.wait(60.0) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
        os.close(its_end)

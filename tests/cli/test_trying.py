"""`marginalia try` on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.cli import trying
from bot.errors import UserError

_TRY = ("try", "--port", "0", "--folder")


@pytest.mark.slow
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
        assert process.stdout.readline().endswith("Press Enter or Ctrl-C to stop.\n")
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


def test_a_bot_that_does_not_get_ready_is_no_trouble_with_a_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def stuck(*_: object, **__: object) -> AsyncIterator[None]:
        raise TimeoutError
        yield

    monkeypatch.setattr(trying, "trying", stuck)
    with pytest.raises(UserError, match="still busy"):
        trying.serve(tmp_path / "try", 0)

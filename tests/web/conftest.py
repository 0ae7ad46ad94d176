"""What the tests of the pages use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli import main
from tests.browser import chromium  # noqa: F401
from tests.web import shelf

Command = Callable[..., int]


@pytest.fixture
def marginalia(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command line, in a folder of its own: gives the exit code."""
    monkeypatch.chdir(tmp_path)
    for name in ("SCHEDULES", "WEBSITE", "DATABASE_URL", "SITE_URL", "SITE_FOLDER"):
        monkeypatch.delenv(f"MARGINALIA_{name}", raising=False)

    def run(*arguments: str | Path) -> int:
        monkeypatch.setattr(sys, "argv", ["marginalia", *map(str, arguments)])
        with pytest.raises(SystemExit) as exited:
            main()
        return int(exited.value.code or 0)

    return run


@pytest.fixture
def schedules(tmp_path: Path) -> Path:
    """A folder of schedules as `shelf.fill` fills it."""
    shelf.fill(tmp_path / "schedules")
    return tmp_path / "schedules"

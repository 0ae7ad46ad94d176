"""The command line as a whole."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from bot.cli.main import COMMANDS
from tests.cli.running import marginalia


def test_every_command_is_in_the_room_that_it_is_said_to_be_in() -> None:
    found = {}
    for path in Path(import_module("bot.cli").__file__ or "").parent.glob("*.py"):
        room = import_module(f"bot.cli.{path.stem}")
        if hasattr(room, "register"):
            inner = typer.Typer()
            inner.callback()(lambda: None)
            room.register(inner)
            found |= dict.fromkeys(typer.main.get_command(inner).commands, path.stem)
    assert found == COMMANDS


@pytest.mark.slow
def test_help_names_every_command(tmp_path: Path) -> None:
    """As a person starts it, with nothing read yet."""
    done = subprocess.run(
        [Path(sys.executable).with_name("marginalia"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout


def test_an_unknown_command_is_the_users_mistake(tmp_path: Path) -> None:
    done = marginalia("exprot", cwd=tmp_path)
    assert done.returncode == 2
    assert "exprot" in done.stderr

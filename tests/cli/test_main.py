"""The command line as a whole."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from bot.cli.main import COMMANDS, app
from tests.cli.running import marginalia

SHARED = {"__init__", "main", "options", "stored"}
"""Modules without a command."""


def test_every_command_is_in_the_module_that_it_is_said_to_be_in() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    for name in COMMANDS:
        command = group.get_command(typer.Context(group), name)
        assert command is not None
        assert command.name == name
    modules = {
        path.stem for path in Path(import_module("bot.cli").__file__ or "").parent.glob("*.py")
    }
    assert {where.partition(":")[0] for where in COMMANDS.values()} == modules - SHARED


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

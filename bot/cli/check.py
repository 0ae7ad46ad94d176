"""`marginalia check`: what is wrong with schedule files, a line each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import JSON
from bot.cli.stored import known_members
from bot.library import library
from bot.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(check)


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders; the schedules if none."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Check schedule files: one line per problem, exit code 2 if there is any, else 0.

    Warnings are printed too, and are no reason for exit code 2.
    """
    settings = Settings()
    with known_members(settings) as members:
        problems = library.check(
            paths or [settings.schedules],
            default_channel=settings.channel,
            now=datetime.now(UTC),
            members=members,
        )
    if as_json:
        rows = [
            {
                "path": str(p.path),
                "line": p.line,
                "severity": p.severity,
                "what": p.what,
                "hint": p.hint,
            }
            for p in problems
        ]
        typer.echo(json.dumps(rows, indent=2))
    else:
        for problem in problems:
            typer.echo(str(problem))
    if any(problem.is_error for problem in problems):
        raise typer.Exit(2)

"""`marginalia template`: a file to begin with."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.support import resources


def print_template(
    reminder: Annotated[
        bool,
        typer.Option(
            "--reminder", help="Print the text of a reminder instead, for schedules/templates/."
        ),
    ] = False,
) -> None:
    """Print an empty schedule file, with an explanation of every key.

    Write it to schedules/YYYYMMDD-some-words.md, fill it in, and check it with `marginalia check`.
    """
    folder = resources.folder("bot.library", "schedules")
    path = folder / "templates" / "_example.txt" if reminder else folder / "_template.md"
    typer.echo(path.read_text(encoding="utf-8"), nl=False)

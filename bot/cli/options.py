"""Options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.settings import Meaning

JSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
PATHS = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...", help="Files and folders. Default: the folder of schedules."
    ),
]
EVENT = Annotated[
    str,
    typer.Argument(
        metavar="EVENT",
        help="The event: the name of its file, or a part that matches one event only.",
    ),
]
MEANING = Annotated[
    Meaning | None,
    typer.Option(
        help="Whether to compare texts by meaning, too, with the model of the extra `meaning`. "
        "Default: MARGINALIA_MEANING.",
        show_default=False,
    ),
]


def done(number: int, state: str, text: str, as_json: bool) -> None:
    """Says what became of a row, in words or as JSON."""
    typer.echo(json.dumps({"id": number, "state": state}) if as_json else text)


def one_line(text: str) -> str:
    """Text from outside as it may stand in a table."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:200]

"""Options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.settings import Meaning

JSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
MEANING = Annotated[
    Meaning | None,
    typer.Option(
        help="Whether what texts mean is compared, too, by the model of the extra `meaning`; "
        "MARGINALIAMEANING if not given.",
        show_default=False,
    ),
]

"""`marginalia manifest`: the app's manifest, to be pasted into Slack."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import texts
from bot.services.keeping import Keeper
from bot.settings import Settings
from bot.slack import manifest


def print_manifest(
    url: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="For HTTP instead of Socket Mode: the address under which Slack reaches "
            "MARGINALIA_PORT, such as https://bot.example.org.",
        ),
    ] = None,
) -> None:
    """Print the app's manifest, to paste at https://api.slack.com/apps.

    The manifest is for Socket Mode; with --url it is for HTTP and contains the addresses of all
    kinds of requests. If MARGINALIA_KEEP_FILES is set, the app may read files. The names and
    descriptions of shortcuts are in the language of MARGINALIA_LANGUAGE.
    """
    settings = Settings()
    texts.use(settings.language)
    kept = Keeper(settings).is_on
    typer.echo(manifest.text(url, files_are_kept=kept), nl=False)

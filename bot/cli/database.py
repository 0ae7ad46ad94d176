"""`marginalia backup` and `marginalia restore`: copies of a SQLite database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.settings import Settings
from bot.store.database import Database


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
) -> None:
    """Copy the database into FILE, also while the bot runs (SQLite; PostgreSQL has pg_dump)."""
    database = Database(Settings().database_url)
    database.backup(file, overwrite=force)
    typer.echo(f"{database.place} was copied to {file}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy made by `backup`.")],
) -> None:
    """Put the copy FILE in the place of the database. Stop the bot first.

    What the database held is gone afterwards. A copy that is damaged, not Marginalia's or newer
    than this program is refused, and nothing changes.
    """
    database = Database(Settings().database_url)
    database.restore(file)
    typer.echo(f"{database.place} is now what {file} holds")

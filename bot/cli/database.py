"""`marginalia backup`, `restore` and `move-database`: the database, copied."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UserError
from bot.settings import Settings
from bot.store.database import Database


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(backup)
    app.command()(restore)
    app.command("move-database")(move_database)


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


def move_database(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="The empty database, as postgresql://user@host/name."),
    ],
) -> None:
    """Copy all that is stored into another, empty database. Stop the bot first.

    Goes from the database of the settings to URL, mostly from SQLite to PostgreSQL. All of it is
    copied or nothing; the old database stays as it is. A password that URL does not have is taken
    from PGPASSWORD or ~/.pgpass.
    """
    source, target = Database(Settings().database_url), Database(url)
    try:
        if source.place == target.place:
            raise UserError(f"{target.place} is the database of the settings; name another")
        source.move(target, lambda table, rows: typer.echo(f"{table}: {rows}"))
    finally:
        source.close()
        target.close()
    typer.echo(
        f"{source.place} was copied to {target.place}; put its address into "
        "MARGINALIA_DATABASE_URL, and start the bot"
    )

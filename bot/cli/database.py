"""`marginalia backup`, `restore` and `move-database`: the database, copied."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UserError
from bot.settings import Settings
from bot.store.database import Database
from bot.texts import _


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
) -> None:
    """Copy the SQLite database to FILE, also while the bot runs. For PostgreSQL use pg_dump."""
    database = Database(Settings().database_url)
    database.backup(file, overwrite=force)
    typer.echo(_("{database} was copied to {file}", database=database.place, file=file))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy made by `backup`.")],
) -> None:
    """Replace the database with the copy FILE. Stop the bot first.

    The current content of the database is lost. A copy that is damaged, is not Marginalia's or is
    newer than this program is refused, and nothing changes.
    """
    database = Database(Settings().database_url)
    database.restore(file)
    typer.echo(_("{database} was replaced with {file}", database=database.place, file=file))


def move_database(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="The empty database, as postgresql://user@host/name."),
    ],
) -> None:
    """Copy everything to another, empty database, such as from SQLite to PostgreSQL. Stop the bot first.

    Copies the database of the settings to URL, completely or not at all, and leaves the old one as
    it is. If URL has no password, it is taken from MARGINALIA_DATABASE_PASSWORD (or
    …_FILE), PGPASSWORD or ~/.pgpass.
    """
    settings, wanted = Settings(), Settings(**{"database_url": url})
    source, target = Database(settings.database_url), Database(wanted.database_url)
    try:
        if source.place == target.place:
            raise UserError(
                _("{target} is the database that is in use now; name another", target=target.place)
            )
        source.move(target, lambda table, rows: typer.echo(f"{table}: {rows}"))
    finally:
        source.close()
        target.close()
    typer.echo(
        _(
            "{source} was copied to {target}; set MARGINALIA_DATABASE_URL to the new address and "
            "start the bot",
            source=source.place,
            target=target.place,
        )
    )

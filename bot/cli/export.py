"""`marginalia export`: a session as the archive of its file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import meaning as meanings
from bot.cli.options import EVENT
from bot.cli.stored import open_database, read_library, session_of
from bot.errors import UserError
from bot.library import archive
from bot.services import export as exporting
from bot.services.keeping import Keeper
from bot.settings import Settings
from bot.texts import _


def export(
    event: EVENT,
    output: Annotated[
        Path | None, typer.Option(help="Write the file with its archive there.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the archive into the schedule file.")
    ] = False,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Print the file with its archive (the default).")
    ] = False,
) -> None:
    """Add a session's archive to its schedule file, or replace it there.

    Everything outside the `archive:` block stays as it is, byte for byte.
    """
    if sum((output is not None, in_place, stdout)) > 1:
        raise UserError(_("--output, --in-place and --stdout cannot be used together; choose one"))
    settings = Settings()
    meaning = meanings.load(settings.meaning)
    library = read_library(settings)
    keeper = Keeper(settings)
    with open_database(settings) as database, database.reading() as uow:
        session = session_of(uow, library, event)
        source = exporting.source_of(library.paths, session)
        if keeper.is_on and (in_place or output is not None):
            keeper.tidy(uow, session)
            for problem in asyncio.run(keeper.fetch(session, keeper.missing(uow, session))):
                typer.echo(_("not saved: {problem}", problem=problem), err=True)
        kept = keeper.links(session)
        entries = exporting.entries(uow, session, settings.unthreaded, meaning, kept)
        if output is None and not in_place:
            sys.stdout.buffer.write(archive.with_archive(source, entries))
            return
        changed = archive.write_archive(source, entries, output)
    target = output or source
    written = _("written") if changed else _("already up to date")
    typer.echo(f"{target}: {written}")

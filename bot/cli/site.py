"""`marginalia site`: the archive as static pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.library.problem import shown
from bot.settings import Settings
from bot.web.site import books, folder, pages

OUTPUT = Path("var/site")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(site)


def site(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders; the schedules if none."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="DIR", help="The folder to write.")
    ] = OUTPUT,
    base_url: Annotated[
        str,
        typer.Option("--base-url", metavar="URL", help="The address the site will have."),
    ] = "",
    title: Annotated[
        str, typer.Option("--title", metavar="TEXT", help="What the site is called.")
    ] = pages.TITLE,
) -> None:
    """Write the archive as static pages: books, questions, search, feeds, figures, data.

    To look at before an archive goes to the website, or to publish as it is. A folder that was
    made by this command is replaced when the new one is complete; another one is left alone.
    Files that cannot be used are named, left out, and make the exit code 2.
    """
    settings = Settings()
    planned, problems = books.find(paths or [settings.schedules])
    look = pages.Site(title=title, base_url=base_url, website=settings.website)
    summary = folder.publish(output, lambda made: pages.build(planned, made, look))
    count = len(summary.entries)
    typer.echo(
        f"{shown(output / 'index.html')}: {count} {'book' if count == 1 else 'books'}, "
        f"{summary.total('questions')} questions, {summary.total('replies')} replies"
    )
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(2)

"""`marginalia site`: the archive as static pages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot import texts
from bot.cli.options import PATHS
from bot.cli.stored import open_database
from bot.errors import UserError
from bot.library.files import replace
from bot.library.formats import Entry
from bot.library.problem import shown
from bot.services import export
from bot.sessions.model import Event, Thread
from bot.settings import Settings
from bot.slack.text import address
from bot.store.database import Database
from bot.support.remedies import not_written
from bot.texts import _, n_
from bot.web import figures
from bot.web.site import addresses, books, folder, pages
from bot.web.site.books import Posted
from bot.web.site.pages import Recorded
from bot.web.site.wacz import NOWHERE, Visited, pack


def site(
    paths: PATHS = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="DIR", help="The folder to write. Default: MARGINALIA_SITE_FOLDER."
        ),
    ] = None,
    base_url: Annotated[
        str,
        typer.Option(
            "--base-url",
            metavar="URL",
            help="The address that the site will have. Default: MARGINALIA_SITE_URL.",
        ),
    ] = "",
    title: Annotated[
        str, typer.Option("--title", metavar="TEXT", help="The name of the site.")
    ] = pages.TITLE,
    pictures: Annotated[
        bool,
        typer.Option(
            help="With --base-url, draw a picture for each book and question, which links to it "
            "show elsewhere."
        ),
    ] = True,
    wacz: Annotated[
        Path | None,
        typer.Option(
            "--wacz", metavar="FILE", help="Pack the site as one web archive, too (FILE.wacz)."
        ),
    ] = None,
) -> None:
    """Write the archives as a website: books, questions, search, feeds, figures, data.

    Use it to look at an archive before you publish it, or publish the site as it is. A folder that
    this command made is replaced when the new site is complete; any other folder is left alone.
    Answers that authors posted outside threads are shown under their questions where it is clear
    which ones those are; the files stay as they are. Sessions in the database also have figures about
    days, hours and waiting times. Files that cannot be used are reported and left out, and the
    command then exits with 2. The language of the pages is MARGINALIA_LANGUAGE.
    """
    if wacz is not None and wacz.suffix != ".wacz":
        raise UserError(
            _("--wacz {path}: the name of a web archive ends with .wacz", path=shown(wacz))
        )
    settings = Settings()
    texts.use(settings.language)
    planned, problems = books.find(paths or [settings.schedules], settings.timezone)
    output = output or settings.site_folder
    look = pages.Site(title, base_url or settings.site_url, settings.website, pictures)
    with _known(settings) as known:

        def write(made: Path) -> pages.Summary:
            ledger = addresses.read(output / addresses.NAME)
            return pages.build(planned, made, look, known, ledger, output)

        summary = folder.publish(output, write)
    if wacz is not None:
        _pack(wacz, output, look, summary)
    count = len(summary.entries)
    counted = (
        n_("{count} book", "{count} books", count),
        n_("{count} question", "{count} questions", summary.total("questions")),
        n_("{count} reply", "{count} replies", summary.total("replies")),
    )
    typer.echo(f"{shown(output / 'index.html')}: {', '.join(counted)}")
    for path, unsure in summary.unsure:
        what = n_(
            "{count} post by an author outside threads may answer a question; check with {command}",
            "{count} posts by authors outside threads may answer questions; check with {command}",
            unsure,
            command=f"`marginalia mend {shown(path)} --review`",
        )
        typer.echo(f"{shown(path)}: {what}", err=True)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(2)


def _pack(target: Path, output: Path, site: pages.Site, summary: pages.Summary) -> None:
    """Packs the site as one web archive."""
    visited = Visited(
        output,
        folder.files(output),
        summary.pages,
        site.base_url or NOWHERE,
        site.title,
        summary.at,
    )
    try:
        with tempfile.TemporaryFile() as packed:
            pack(visited, packed)
            packed.seek(0)
            replace(target, iter(lambda: packed.read(1 << 20), b""))
    except OSError as error:
        raise not_written(target, error, chosen=True) from None


@contextmanager
def _known(settings: Settings) -> Iterator[pages.Known]:
    """What the database has of events: who wrote what, when, and where in Slack.

    Makes no database where there is none; one that does not answer is named.
    """
    database = Database(settings.database_url)
    answers = database.ping()
    database.close()
    if not answers:
        sqlite = settings.database_url.startswith("sqlite")
        if not sqlite or Path(database.place).exists():
            typer.echo(
                _("{place}: does not answer; the charts show no times", place=database.place),
                err=True,
            )
        yield lambda event: Recorded()
        return
    with open_database(settings) as opened, opened.reading() as uow:
        sessions = {session.event.id: session for session in uow.sessions.all()}
        workspace = uow.labels.get("workspace", "url") or ""

        def known(event: Event) -> Recorded:
            session = sessions.get(event.id)
            if session is None:
                return Recorded()
            made = list(export.with_messages(uow, session, settings.unthreaded))
            times = None
            if session.author_ids:  # without a known author nothing is known to be an answer
                times = figures.asked((thread for thread, _entry in made), session.author_ids)
            return Recorded(times, [each for pair in made for each in _posted(*pair, workspace)])

        yield known


def _posted(thread: Thread, entry: Entry, workspace: str) -> Iterator[Posted]:
    """The messages of a thread as its archive has them."""
    messages = (thread.question, *thread.replies)
    for message, said in zip(messages, (entry, *entry.replies), strict=True):
        place = f"{message.channel}/{message.ts}"
        link = address(workspace, message)
        yield Posted(said.name, said.text, place, link, message.at, message.is_talk)

"""`marginalia index` and `marginalia evaluate-index`: the index of answered questions."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot import meaning as meanings
from bot.cli.options import JSON, MEANING
from bot.cli.stored import open_database, read_library
from bot.errors import UserError
from bot.laboratory import retrieval as evaluating
from bot.laboratory.retrieval import DEPTHS
from bot.library.library import load
from bot.services import knowledge
from bot.services.knowledge import Source
from bot.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(index)
    app.command("evaluate-index")(evaluate)


def index() -> None:
    """Make the index of answered questions anew.

    It has the answered questions of all sessions in the database, and of the archives in the
    schedules and in `MARGINALIA_ARCHIVE_DIR`. A running bot keeps it up to date by itself; this
    is for the first time, and after a restored backup. Archives that cannot be read are named,
    left out, and make the exit code 2.
    """
    settings = Settings()
    problems: list[str] = []
    with ExitStack() as stack:
        sources = _sources(settings)
        database = stack.enter_context(open_database(settings))
        console = Console(stderr=True)
        progress = stack.enter_context(
            Progress(console=console, transient=True, disable=not sys.stderr.isatty())
        )
        bar = progress.add_task("Indexing events")

        def tell(done: knowledge.Progress) -> None:
            progress.update(bar, completed=done.done, total=done.events)

        knowledge.update(database, sources, settings.unthreaded, tell, problems.append, anew=True)
        with database.reading() as uow:
            count, events = uow.knowledge.count(), len(uow.knowledge.made_of())
    typer.echo(f"{count} answered questions of {events} events are in the index")
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(2)


def _sources(settings: Settings) -> list[Source]:
    """The events with archives: a file in the folder of archives stands for that of the schedules."""
    libraries = [read_library(settings)]
    folder = settings.archive_dir
    if folder is not None and folder.is_dir():
        libraries.append(load(folder, timezone=settings.timezone))
    if not any(library.events for library in libraries) and not settings.schedules.is_dir():
        raise UserError(f"{settings.schedules}: is not there; set MARGINALIA_SCHEDULES")
    found: dict[str, Source] = {}
    for library in libraries:
        for event in library.events.values():
            if event.archived:
                found[event.id] = (event, library.paths[event.id])
    return list(found.values())


def evaluate(
    questions: Annotated[Path, typer.Argument(metavar="FILE.tsv", help="The questions.")],
    archives: Annotated[
        list[Path], typer.Argument(metavar="ARCHIVE…", help="Archives, or folders of them.")
    ],
    meaning: MEANING = None,
    as_json: JSON = False,
) -> None:
    """Measure how well the index finds what answers questions.

    Each line of FILE.tsv is `file⇥entry⇥question`, with tabs: the entry of that archive answers
    the question. A fourth field has further right ones, as `file:entry;file:entry`. Where nothing
    answers a question, write `-` and `0`. Prints the share of questions with a right answer first
    (hit@1), among the first three and five, the mean of 1/rank, and the share of the questions
    without an answer for which one would be suggested all the same; beside them the same of plain
    BM25 over questions and answers. The database is not touched.
    """
    report = evaluating.evaluate(questions, archives, meanings.load(meaning or Settings().meaning))
    if as_json:
        typer.echo(json.dumps(report.as_data()))
        return
    typer.echo(f"{'':16}  {'hit@1':>5}  {'hit@3':>5}  {'hit@5':>5}  {'MRR':>5}")
    for name, measure in (("index", report.found), ("BM25", report.baseline)):
        shares = (*(measure.hit[depth] for depth in DEPTHS), measure.mrr)
        typer.echo(f"{name:16}  " + "  ".join(f"{share:5.3f}" for share in shares))
    typer.echo(f"suggested where nothing answers: {report.false:.3f}")

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
from bot.services import knowledge
from bot.settings import Settings
from bot.texts import _, n_


def index() -> None:
    """Rebuild the index of answered questions.

    The index contains the answered questions of all sessions in the database, and of the archives
    in the schedules and in `MARGINALIA_ARCHIVE_DIR`. A running bot keeps it up to date by itself;
    use this command before the bot runs for the first time, or after an update of Marginalia.
    Archives that cannot be read are named and left out, and the command then exits with 2. If the
    extra `meaning` is installed, the model reads all texts, which takes about 0.3 s per question.
    """
    settings = Settings()
    problems: list[str] = []
    with ExitStack() as stack:
        if not settings.schedules.is_dir():
            raise UserError(
                _("{path}: does not exist; set MARGINALIA_SCHEDULES", path=settings.schedules)
            )
        library = read_library(settings)
        sources = knowledge.sources(library, settings.archive_dir, settings.timezone)
        model = meanings.load(settings.meaning)
        database = stack.enter_context(open_database(settings))
        console = Console(stderr=True)
        progress = stack.enter_context(
            Progress(console=console, transient=True, disable=not sys.stderr.isatty())
        )
        bar = progress.add_task(_("Indexing events"))

        def tell(done: int, of: int) -> None:
            progress.update(bar, completed=done, total=of)

        knowledge.update(
            database,
            sources,
            settings.unthreaded,
            lambda done: tell(done.done, done.events),
            problems.append,
            anew=True,
        )
        if model is not None:
            progress.update(
                bar, description=_("Reading what questions mean"), completed=0, total=None
            )
            knowledge.read_meanings(database, model, tell)
        with database.reading() as uow:
            count, events = uow.knowledge.count(), len(uow.knowledge.made_of())
    typer.echo(
        n_(
            "{count} answered question from {events} is in the index",
            "{count} answered questions from {events} are in the index",
            count,
            events=n_("{count} event", "{count} events", events),
        )
    )
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(2)


def evaluate(
    questions: Annotated[Path, typer.Argument(metavar="FILE.tsv", help="The questions.")],
    archives: Annotated[
        list[Path], typer.Argument(metavar="ARCHIVE…", help="Archives, or folders of them.")
    ],
    meaning: MEANING = None,
    as_json: JSON = False,
) -> None:
    """Measure how well the index finds the entries that answer a question.

    Each line of FILE.tsv is `file⇥entry⇥question`, with tabs: the entry of that archive answers
    the question. A fourth field may list other right entries, as `file:entry;file:entry`. If
    nothing answers a question, write `-` and `0`. Prints the share of questions for which a right
    entry is the first (hit@1), among the first three and among the first five, the mean of 1/rank,
    and the share of the questions without an answer for which an entry would be suggested
    nevertheless; for comparison, also the figures of plain BM25 over questions and answers. The
    database is not changed.
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

"""`marginalia import`: past sessions out of a Slack export."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot.cli.options import JSON
from bot.cli.stored import open_database, read_library
from bot.errors import UserError
from bot.library.library import Library
from bot.services.importing import Lookup, Tally, importing
from bot.sessions.model import Event, Person, moment
from bot.settings import Settings
from bot.slack.api.dump import Dump
from bot.slack.api.gateway import NO_ANSWER, Gateway, reason_of, web_client
from bot.store.database import temporary
from bot.texts import _, n_

_SHOWN = 20
"""How many problems are printed; `--json` has all of them."""


def import_(
    dumps: Annotated[
        list[Path],
        typer.Argument(
            metavar="DUMP…",
            help="A Slack export (folder or zip) or the output of slackdump. Several in any order.",
        ),
    ],
    channel: Annotated[str, typer.Option(help="The channel's name in the export, or its ID.")],
    event: Annotated[
        str | None,
        typer.Option(
            help="Only this event: the name of its file, or a part that matches one event only."
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All events of the channel (the default).")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be imported, and change nothing.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Import past sessions from a Slack export into the database.

    A question belongs to the event during which it was posted; a reply belongs to its question,
    whenever it was posted. Importing again changes nothing. Archives are not written: use
    `marginalia export`. Exits with 2 if nothing was found or if something could not be read; the rest
    is imported nevertheless.
    """
    if event is not None and everything:
        raise UserError(_("--event and --all cannot be used together; choose one"))
    settings = Settings()
    library = read_library(settings)
    events = [library.find(event)] if event else _of_channel(library, channel, settings.channel)
    if not events:
        raise UserError(
            _(
                "{folder} has no event that took place in #{channel}; add its schedule file",
                folder=settings.schedules,
                channel=channel,
            )
        )
    at = datetime.now(UTC)
    console = Console(stderr=True)
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(Dump.open(path))) for path in dumps]
        lookup = stack.enter_context(_lookup(settings))
        progress = stack.enter_context(Progress(console=console, transient=True))
        bar = progress.add_task(_("Reading days"))

        def on_day(done: int, of: int) -> None:
            progress.update(bar, completed=done, total=of)

        left_out = settings.apps_left_out
        with temporary() if dry_run else open_database(settings) as database:
            tally = importing(database, opened, channel, events, at, on_day, lookup, left_out)
    typer.echo(json.dumps(_as_data(tally), indent=2) if as_json else _as_text(tally))
    if tally.damaged:
        raise UserError(
            _(
                "part of the export could not be read; the rest was imported. {problem}",
                problem=_grouped(tally)[0],
            )
        )
    if tally.is_empty:
        raise UserError(_nothing(tally, channel, events))


def _nothing(tally: Tally, channel: str, events: list[Event]) -> str:
    """Why no session has a message: the channel is empty, or has none from the events' time."""
    if not tally.last:
        return _(
            "the export has no messages of `{channel}`; export the channel again", channel=channel
        )
    return _(
        "no message of `{channel}` was posted during {event}: the export covers {first} to {last}; "
        "correct `start` and `end`, or name another channel",
        channel=channel,
        event=events[0].id if len(events) == 1 else _("an event"),
        first=f"{moment(tally.first):%Y-%m-%d}",
        last=f"{moment(tally.last):%Y-%m-%d}",
    )


@contextmanager
def _lookup(settings: Settings) -> Iterator[Lookup]:
    """Asks Slack who somebody is, where a bot token is set; else nobody is asked."""
    token = settings.slack_bot_token
    if token is None:
        yield lambda user: None
        return
    asked: dict[str, Person | None] = {}
    refused = False
    with asyncio.Runner() as runner:
        gateway = Gateway(web_client(token.get_secret_value(), settings.slack_api_url))

        def lookup(user: str) -> Person | None:
            nonlocal refused
            if user not in asked and not refused:
                try:
                    asked[user] = runner.run(gateway.person(user))
                except NO_ANSWER as error:
                    refused = True
                    typer.echo(
                        _("could not look up names in Slack: {error}", error=reason_of(error)),
                        err=True,
                    )
            return asked.get(user)

        yield lookup


def _of_channel(library: Library, channel: str, default: str) -> list[Event]:
    """Events that have begun and name the channel, or name none."""
    name = channel.removeprefix("#")
    now = datetime.now(UTC)
    return [
        e
        for e in library.events.values()
        if e.start <= now and (e.channel is None or e.channel in (name, default))
    ]


def _as_text(tally: Tally) -> str:
    lines = [_counted(name, count) for name, count in tally.sessions.items()]
    if tally.outside:
        lines.append(
            n_(
                "Left out: {count} message outside any session.",
                "Left out: {count} messages outside any session.",
                len(tally.outside),
            )
        )
    if tally.notices:
        lines.append(
            n_(
                "Left out: {count} notice or message from a bot.",
                "Left out: {count} notices and messages from bots.",
                len(tally.notices),
            )
        )
    if tally.unknown_people:
        who = ", ".join(sorted(tally.unknown_people))
        lines.append(_("Not in users.json, so without a name: {who}.", who=who))
    problems = _grouped(tally)
    if len(problems) > _SHOWN:
        more = n_(
            "… and {count} more problem.", "… and {count} more problems.", len(problems) - _SHOWN
        )
        problems = [*problems[:_SHOWN], more]
    lines += problems
    return "\n".join(lines)


def _counted(name: str, count: Mapping[str, int]) -> str:
    """What was imported of one session."""
    questions = n_("{count} question", "{count} questions", count["questions"])
    replies = n_("{count} reply", "{count} replies", count["replies"])
    orphans = n_(
        " ({count} reply has no question)", " ({count} replies have no question)", count["orphans"]
    )
    return f"{name}: {questions}, {replies}{orphans if count['orphans'] else ''}"


def _grouped(tally: Tally) -> list[str]:
    """The problems; where several files have the same, one line for all of them."""
    groups: dict[str, list[str]] = {}
    for problem in tally.problems:
        place, _mark, what = problem.partition(": ")
        groups.setdefault(what, []).append(place)
    return [
        places[0]
        + (_(" and {count} more", count=len(places) - 1) if places[1:] else "")
        + f": {what}"
        for what, places in groups.items()
    ]


def _as_data(tally: Tally) -> dict[str, object]:
    return {
        "sessions": {name: dict(count) for name, count in tally.sessions.items()},
        "outside": len(tally.outside),
        "notices": len(tally.notices),
        "unknown_people": sorted(tally.unknown_people),
        "problems": tally.problems,
    }

"""`marginalia inbox`: envelopes that could not be handled, listed, tried again or dropped."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.options import JSON, done, one_line
from bot.cli.stored import open_database
from bot.errors import UserError
from bot.sessions.ports import Envelope
from bot.settings import Settings
from bot.store.inbox import Inbox
from bot.texts import _, n_

Id = Annotated[
    int, typer.Argument(metavar="ID", help="The number that `marginalia inbox list` shows.")
]


inbox = typer.Typer()


@inbox.callback(invoke_without_command=True)
def _first(context: typer.Context, as_json: JSON = False) -> None:
    """List, retry or drop Slack's requests that could not be handled."""
    if context.invoked_subcommand is None:
        list_(as_json)


@inbox.command("list")
def list_(as_json: JSON = False) -> None:
    """List the envelopes that are parked: what came from Slack and why it is not handled."""
    with open_database(Settings()) as database, database.reading() as uow:
        parked = uow.inbox.listed()
        waiting = uow.inbox.depth()
    if as_json:
        whole = {"parked": [_json(e) for e in parked], "waiting": waiting}
        typer.echo(json.dumps(whole, indent=2))
        return
    if parked:
        table = Table("ID", _("Received (UTC)"), _("Kind"), _("Tries"), _("Error"), box=None)
        for envelope in parked:
            table.add_row(
                str(envelope.id),
                f"{envelope.received_at:%Y-%m-%d %H:%M:%S}",
                _kind(envelope),
                str(envelope.attempts),
                one_line(envelope.error or ""),
            )
        Console().print(table)
    typer.echo(
        _(
            "{parked}, {waiting}.",
            parked=n_("{count} request is parked", "{count} requests are parked", len(parked)),
            waiting=n_("{count} is waiting", "{count} are waiting", waiting),
        )
    )


@inbox.command()
def retry(envelope: Id, as_json: JSON = False) -> None:
    """Handle a parked request again. The bot does it when it next runs."""
    with open_database(Settings()) as database, database.unit_of_work() as uow:
        if not uow.inbox.retry(envelope, datetime.now(UTC)):
            raise _not_parked(uow.inbox, envelope)
    done(
        envelope, "waiting", _("Request {number} will be handled again.", number=envelope), as_json
    )


@inbox.command()
def drop(envelope: Id, as_json: JSON = False) -> None:
    """Give up a parked request: it is never handled."""
    with open_database(Settings()) as database, database.unit_of_work() as uow:
        if not uow.inbox.drop(envelope):
            raise _not_parked(uow.inbox, envelope)
    done(envelope, "dropped", _("Request {number} was dropped.", number=envelope), as_json)


def _not_parked(inbox: Inbox, envelope: int) -> UserError:
    parked = ", ".join(str(e.id) for e in inbox.listed()[:20]) or _("none")
    return UserError(
        _(
            "there is no parked request {number}; parked requests: {parked}",
            number=envelope,
            parked=parked,
        )
    )


def _json(envelope: Envelope) -> dict[str, Any]:
    received_at = envelope.received_at.isoformat()
    return {**asdict(envelope), "received_at": received_at, "kind": _kind(envelope)}


def _kind(envelope: Envelope) -> str:
    event = envelope.body.get("event")
    kind = event.get("type") if isinstance(event, dict) else None
    subtype = event.get("subtype") if isinstance(event, dict) else None
    named = [str(part)[:40] for part in (kind, subtype) if isinstance(part, str)]
    return one_line("/".join(named) or "?")

"""`marginalia outbox`: messages queued for Slack, listed, tried again or dropped."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot import texts
from bot.cli.options import JSON, done, one_line
from bot.cli.stored import open_database
from bot.errors import UserError
from bot.sessions.ports import Outbox, Outgoing, UnitOfWork
from bot.settings import Settings
from bot.slack import queued
from bot.slack.api import refusals
from bot.slack.notifier import SlackNotifier, asked_token
from bot.texts import N_, _, n_

OPEN = ("due", "held", "failed")
STATES = {"due": "queued", "held": "waiting", "failed": "given up"}
SHOWN = {"queued": N_("queued"), "waiting": N_("waiting"), "given up": N_("given up")}

Id = Annotated[int, typer.Argument(metavar="ID", help="The number `marginalia outbox` shows.")]
OptionalId = Annotated[
    int | None,
    typer.Argument(
        metavar="[ID]", help="The number that `marginalia outbox list` shows. Without it, all."
    ),
]


outbox = typer.Typer()


@outbox.callback(invoke_without_command=True)
def _first(context: typer.Context, as_json: JSON = False) -> None:
    """List, retry or drop messages that wait to be sent to Slack."""
    if context.invoked_subcommand is None:
        list_(as_json)


@outbox.command("list")
def list_(as_json: JSON = False) -> None:
    """List what is not sent yet: why, what can be done about it, and when it is tried next."""
    with open_database(Settings()) as database, database.reading() as uow:
        rows = uow.outbox.listed(OPEN)
        blocked = uow.outbox.blocked_until()
        troubles = uow.outbox.troubles()
    entries = [_entry(row, blocked, troubles) for row in rows]
    if as_json:
        typer.echo(json.dumps({"queued": entries}, indent=2))
        return
    if entries:
        table = Table("ID", _("Queued (UTC)"), _("What"), _("Where"), _("Tries"), box=None)
        for heading in (_("State"), _("Error"), _("Next try (UTC)")):
            table.add_column(heading)
        for entry in entries:
            table.add_row(
                str(entry["id"]),
                _shown(entry["queued_at"]),
                entry["what"],
                entry["channel"],
                str(entry["attempts"]),
                _state(entry["state"]),
                one_line(entry["error"] or ""),
                _shown(entry["next_try_at"]),
            )
        # A pipe has no width to keep to.
        Console(width=None if sys.stdout.isatty() else 200).print(table)
    for error, remedy in sorted({(e["error"], e["remedy"]) for e in entries if e["remedy"]}):
        typer.echo(f"{one_line(error)}: {remedy}")
    counts = {state: sum(e["state"] == state for e in entries) for state in STATES.values()}
    typer.echo(", ".join(f"{count} {_state(state)}" for state, count in counts.items()) + ".")


@outbox.command()
def retry(row: OptionalId = None, as_json: JSON = False) -> None:
    """Send one waiting message now, or all of them. The bot does it when it next runs.

    A message that was given up is sent only if you name its number.
    """
    with open_database(Settings()) as database, database.unit_of_work() as uow:
        count = uow.outbox.retry(row, uow.outbox.now(datetime.now(UTC)))
        if row is not None and not count:
            raise _not_queued(uow.outbox, row)
    if row is None:
        said = n_("{count} message is sent again", "{count} messages are sent again", count)
        typer.echo(json.dumps({"retried": count}) if as_json else said)
    else:
        done(row, "retried", _("Message {number} is sent again.", number=row), as_json)


@outbox.command()
def drop(row: Id, as_json: JSON = False) -> None:
    """Give up a message: it is never sent. A question goes back to its asker."""
    settings = Settings()
    texts.use(settings.language)
    with open_database(settings) as database, database.unit_of_work() as uow:
        found = next((r for r in uow.outbox.listed(OPEN) if r.id == row), None)
        if found is None:
            raise _not_queued(uow.outbox, row)
        said = _drop(uow, found, uow.outbox.now(datetime.now(UTC)))
    done(row, "dropped", said, as_json)


def _drop(uow: UnitOfWork, found: Outgoing, now: datetime) -> str:
    if not uow.outbox.drop(found.id, now):
        raise UserError(
            _(
                "message {number} is being sent right now; try again in a few seconds",
                number=found.id,
            )
        )
    token = asked_token(found.key)
    if token is None:
        return _("Message {number} was dropped.", number=found.id)
    if SlackNotifier().hand_back(uow, token, now, found.error):
        return _(
            "Message {number} was dropped; the person who asked gets the question back by direct "
            "message.",
            number=found.id,
        )
    uow.members.update_submission(token, "returned")
    return _(
        "Message {number} was dropped; the person who asked finds the question in the App Home.",
        number=found.id,
    )


def _not_queued(outbox: Outbox, row: int) -> UserError:
    found = ", ".join(str(r.id) for r in outbox.listed(OPEN)[:20]) or _("none")
    return UserError(
        _(
            "there is no waiting message {number}; waiting messages: {found}",
            number=row,
            found=found,
        )
    )


def _entry(
    row: Outgoing, blocked: Mapping[str, datetime], troubles: Mapping[str, str]
) -> dict[str, Any]:
    # A row behind another waits for the same reason as that one.
    error = row.error or (troubles.get(row.channel) if row.state == "due" else None)
    times = [row.not_before, blocked.get(row.channel) if row.state == "due" else None]
    next_try = max((at for at in times if at is not None), default=None)
    known = refusals.is_known(row.method, error or "")
    waits = row.state == "due" and row.channel in troubles
    return {
        "id": row.id,
        "key": row.key,
        "what": queued.what(row),
        "method": row.method,
        "channel": row.channel,
        "queued_at": row.created_at.isoformat() if row.created_at else None,
        "attempts": row.attempts,
        "state": "waiting" if waits else STATES[row.state],
        "error": error,
        "remedy": refusals.verdict(row.method, error or "").remedy if known else "",
        "next_try_at": next_try.isoformat() if next_try and row.state != "failed" else None,
        "text": row.payload.get("text"),
    }


def _state(state: str) -> str:
    """A state of a message as people read it."""
    return _(SHOWN[state])


def _shown(at: str | None) -> str:
    return at[:19].replace("T", " ") if at else ""

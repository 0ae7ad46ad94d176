"""`marginalia forget`: a person's names are taken out of everything, for good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.cli.stored import open_database
from bot.errors import UserError
from bot.sessions.forgetting import forget as forget_person
from bot.sessions.model import Action
from bot.sessions.ports import UnitOfWork
from bot.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(forget)


def forget(
    person: Annotated[str, typer.Argument(help="The Slack member ID, or the name in full.")],
    name: Annotated[
        list[str] | None,
        typer.Option(help="One more name by which others wrote of the person; may be repeated."),
    ] = None,
) -> None:
    """Make a person anonymous in the database and in every later export.

    The names are taken from what the person wrote and from what others wrote; a running bot
    writes the archives again. It cannot be undone. A new import or a change in Slack does not
    bring the names back.
    """
    at = datetime.now(UTC)
    with open_database(Settings()) as database:
        with database.unit_of_work() as uow:
            slack_id = _one(uow, person)
            touched = forget_person(uow, slack_id, name or ())
            for session_id in sorted(touched):
                uow.sessions.touch(session_id, at)
            # The log says that it was done, not to whom it leads by name.
            uow.actions.add(Action(at, "", "forgotten", details={"person": slack_id}))
        database.wipe()
    sessions = "1 session" if len(touched) == 1 else f"{len(touched)} sessions"
    typer.echo(f"{slack_id} is forgotten: anonymous in {sessions}")


def _one(uow: UnitOfWork, who: str) -> str:
    found = uow.people.find(who)
    if len(found) == 1:
        return found[0].slack_id
    if not found:
        raise UserError(
            f"nobody is known as `{who}`; give the Slack member ID (profile, ⋮, Copy member ID)"
        )
    ids = ", ".join(person.slack_id for person in found)
    raise UserError(f"several go by `{who}`; give one of the member IDs: {ids}")

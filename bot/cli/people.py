"""`marginalia forget` and `export-person`: what is stored of a person, taken out or printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.stored import open_database
from bot.errors import UserError
from bot.sessions.model import Message, Session
from bot.sessions.personal import Stored, stored
from bot.settings import Settings
from bot.slack.erasing import erase, wiped
from bot.store.work import Work
from bot.texts import _, n_

PERSON = Annotated[str, typer.Argument(help="The Slack member ID or the full name.")]


def forget(
    person: PERSON,
    name: Annotated[
        list[str] | None,
        typer.Option(help="Another name that others used for the person. May be repeated."),
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Also erase what the person wrote.")
    ] = False,
) -> None:
    """Make a person anonymous in the database and in every later export.

    Removes the person's names from what they and others wrote; a running bot writes the archives
    again. This cannot be undone. Neither a new import nor a change in Slack brings the names back.
    """
    with open_database(Settings()) as database:
        with database.unit_of_work() as uow:
            slack_id = _one(uow, person)
            touched = erase(uow, slack_id, datetime.now(UTC), name or (), texts)
        is_wiped = database.wipe(whole=True)
        if is_wiped:
            with database.unit_of_work() as uow:
                wiped(uow)
    sessions = n_("{count} session", "{count} sessions", len(touched))
    typer.echo(_("{slack_id} is now anonymous in {sessions}", slack_id=slack_id, sessions=sessions))
    if not is_wiped:
        typer.echo(
            _(
                "the database files are in use and still contain the erased data; a running bot "
                "tries again, or run the command again"
            ),
            err=True,
        )


def export_person(person: PERSON) -> None:
    """Print what is stored about a person, as JSON."""
    with open_database(Settings()) as database, database.reading() as uow:
        found = stored(uow, _one(uow, person))
        typer.echo(json.dumps(as_json(found), indent=2, ensure_ascii=False, default=_plain))


def as_json(found: Stored) -> dict[str, Any]:
    """What is stored of a person, for JSON. Moments are ISO 8601, UTC."""
    person = found.person
    titles = {session.id: session.event.title for session in found.sessions}
    return {
        "member": found.slack_id,
        "name": person.name if person else None,
        "real_name": person.real_name if person else None,
        "time_zone": person.tz if person else None,
        "privacy": person.privacy if person else None,
        "quiet": person.quiet if person else None,
        "sessions": [_session(session) for session in found.sessions],
        "author_of": [_session(session) for session in found.named_in],
        "questions": [_message(message, titles) for message in found.questions],
        "replies": [_message(message, titles) for message in found.replies],
        "not_posted": [
            {
                "session": titles.get(s.session_id),
                "at": s.at,
                "text": s.text,
                "state": s.state,
            }
            for s in found.unposted
        ],
        "votes": found.votes,
        # All rows as they are stored, by table.
        "stored": found.rows,
    }


def _session(session: Session) -> dict[str, Any]:
    return {"id": session.event.id, "title": session.event.title, "start": session.event.start}


def _message(message: Message, titles: dict[int, str]) -> dict[str, Any]:
    return {
        "session": titles.get(message.session_id),
        "channel": message.channel,
        "ts": message.ts,
        "at": message.at,
        "content": message.content,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else dict(value)


def _one(uow: Work, who: str) -> str:
    found = uow.people.find(who)
    if len(found) == 1:
        return found[0].slack_id
    if not found:
        raise UserError(
            _(
                "nobody is known as `{who}`; use the Slack member ID (profile, ⋮, Copy member ID)",
                who=who,
            )
        )
    ids = ", ".join(person.slack_id for person in found)
    raise UserError(
        _("several people are called `{who}`; use one of these member IDs: {ids}", who=who, ids=ids)
    )

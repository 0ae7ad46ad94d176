"""Winners: the draw, or the author's choice, its announcement and the messages to the winners."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.errors import UserError
from bot.markup import escape_mrkdwn
from bot.sessions import winners
from bot.sessions.model import Session, State, Who
from bot.sessions.ports import UnitOfWork
from bot.sessions.winners import Draw, Left, Way, Weights
from bot.slack.blocks import winning
from bot.slack.listeners.desk import FormError, Turn
from bot.slack.listeners.rooms import Room
from bot.texts import N_, _

room = Room()


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part in a draw: `asked` says how many questions each of them asked."""

    session: Session
    asked: Mapping[str, int]
    left: Left


@room.subcommand(
    "winners", N_("[3] [EVENT]"), N_("Draw or choose winners among those who asked."), Who.AUTHOR
)
async def draw(turn: Turn) -> None:
    """Opens the form."""
    word, _blank, rest = turn.text.partition(" ")
    count, part = (int(word), rest) if word.isascii() and word.isdigit() else (1, turn.text)
    if not 1 <= count <= winning.MOST:
        raise UserError(_("Draw between 1 and {most} winners.", most=winning.MOST))
    field = await turn.read(_field_of, turn, part.strip())
    metadata = json.dumps({"session": field.session.id})
    asked = sorted(field.asked.items(), key=lambda pair: (-pair[1], pair[0]))
    await turn.open(winning.form(field.session, asked, field.left, count, metadata))


@room.view(winning.WINNERS, Who.AUTHOR)
async def announced(turn: Turn) -> dict[str, Any] | None:
    """Draws and announces."""
    made = await turn.write(_announce, turn)
    names = ", ".join(f"<@{winner}>" for winner in made.winners)
    await turn.say(_("The winners are announced: {names}.", names=names))
    return None


def _field_of(uow: UnitOfWork, turn: Turn, part: str) -> Field:
    session = _session_named(uow, part) if part else _last_session(uow, turn)
    return _field(uow, turn, session)


def _field(uow: UnitOfWork, turn: Turn, session: Session) -> Field:
    turn.require(Who.AUTHOR, [session])
    manners = turn.desk.manners
    since = turn.now - timedelta(weeks=manners.winners_weeks)
    visible = (m for m in uow.messages.iter_session(session.id) if not m.hidden)
    asked = winners.questions_of(visible)
    left = winners.left_out(
        session,
        asked,
        uow.people.many(asked),
        manners.organizers,
        uow.draws.winners_since(since, session.id),
    )
    return Field(session, {w: n for w, n in asked.items() if w not in left.everyone}, left)


def _last_session(uow: UnitOfWork, turn: Turn) -> Session:
    """The session that was open last: here, else anywhere."""
    states = (State.OPEN, State.CLOSED, State.ARCHIVED)
    found = uow.sessions.last(states, turn.channel) or uow.sessions.last(states)
    if found is None:
        raise UserError(_("No session has started yet."))
    return found


def _session_named(uow: UnitOfWork, part: str) -> Session:
    wanted = part.removesuffix(".md").casefold()
    found = [event for event in uow.sessions.states() if wanted in event.casefold()]
    exact = [event for event in found if event.casefold() == wanted]
    if len(exact or found) != 1:
        raise UserError(
            _("“{part}” matches several sessions; write more of the name.", part=part[:60])
            if found
            else _("No session matches “{part}”.", part=part[:60])
        )
    session = uow.sessions.by_event((exact or found)[0])
    assert session is not None  # noqa: S101 - it has just been listed
    return session


def _announce(uow: UnitOfWork, turn: Turn) -> Draw:
    """Draws and announces; the same form sent again gives the draw that it made."""
    session = uow.sessions.get(int(turn.metadata.get("session", 0)))
    if session is None:
        raise UserError(_("That session no longer exists."))
    if not uow.requests.begin(turn.form_key, turn.desk.wall.now()):
        number = uow.requests.result(turn.form_key)
        return next(d for d in uow.draws.of_session(session.id) if d.number == number)
    field = _field(uow, turn, session)
    way = Way(turn.typed("way") or Way.DRAWN)
    picked = list(dict.fromkeys(turn.ticked("picked")))
    refused = winning.refusals(way, picked, field.asked)
    if refused:
        raise FormError(refused)
    weights = Weights(turn.typed("weights") or Weights.PERSON)
    drawn_from = winners.tickets(field.asked, weights)
    typed = turn.typed("count")
    count = min(winning.MOST, max(1, int(typed))) if typed.isascii() and typed.isdigit() else 1
    # The seed is made when the list stands, so that nobody can have chosen it for the list.
    seed = winners.new_seed(secrets.token_bytes) if way is Way.DRAWN else ""
    chosen = winners.draw(seed, drawn_from, count) if way is Way.DRAWN else tuple(picked)
    made = Draw(
        session.id,
        uow.draws.next_number(session.id),
        seed,
        count if way is Way.DRAWN else len(chosen),
        weights,
        drawn_from,
        chosen,
        way,
        turn.user,
        turn.now,
    )
    uow.draws.add(made)
    uow.requests.finish(turn.form_key, made.number)
    turn.desk.voice.winners(uow, session, made, escape_mrkdwn(turn.typed("note")), turn.now)
    what = "drew" if way is Way.DRAWN else "picked"
    turn.noted(uow, what, session, people=list(chosen), number=made.number, seed=seed)
    return made

"""Winners: the draw, or the author's choice, its announcement and the messages to the winners."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import UserError
from bot.markup import escape_mrkdwn
from bot.sessions import winners
from bot.sessions.model import Session, State, Who
from bot.sessions.ports import UnitOfWork
from bot.sessions.winners import Draw, Left, Way, Weights
from bot.slack.blocks import winning
from bot.slack.listeners.interaction import Answer, FormError, Interaction
from bot.slack.listeners.router import Router, changes
from bot.texts import N_, _

router = Router()


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part in a draw: `asked` says how many questions each of them asked."""

    session: Session
    asked: Mapping[str, int]
    left: Left


@router.subcommand(
    "winners", N_("[3] [EVENT]"), N_("Draw or choose winners among those who asked."), Who.AUTHOR
)
async def draw(interaction: Interaction) -> None:
    """Opens the form."""
    word, _blank, rest = interaction.text.partition(" ")
    count, part = (int(word), rest) if word.isascii() and word.isdigit() else (1, interaction.text)
    if not 1 <= count <= winning.MAX_WINNERS:
        raise UserError(_("Draw between 1 and {most} winners.", most=winning.MAX_WINNERS))
    field = await interaction.read(_field_of, interaction, part.strip())
    metadata = json.dumps({"session": field.session.id})
    asked = sorted(field.asked.items(), key=lambda pair: (-pair[1], pair[0]))
    await interaction.open(winning.form(field.session, asked, field.left, count, metadata))


@router.view(winning.WINNERS, Who.AUTHOR)
@changes
def announced(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Draws and announces."""
    names = ", ".join(f"<@{winner}>" for winner in _announce(uow, interaction).winners)
    return _("The winners are announced: {names}.", names=names)


def _field_of(uow: UnitOfWork, interaction: Interaction, part: str) -> Field:
    session = _session_named(uow, part) if part else _last_session(uow, interaction)
    return _field(uow, interaction, session)


def _field(uow: UnitOfWork, interaction: Interaction, session: Session) -> Field:
    interaction.require(Who.AUTHOR, [session])
    handler_settings = interaction.context.handler_settings
    since = interaction.now - timedelta(weeks=handler_settings.winners_weeks)
    visible = (m for m in uow.messages.iter_session(session.id) if not m.hidden)
    asked = winners.questions_of(visible)
    left = winners.left_out(
        session,
        asked,
        uow.people.many(asked),
        handler_settings.organizers,
        uow.draws.winners_since(since, session.id),
        [mute.subject for mute in uow.mutes.of_session(session.id)],
    )
    return Field(session, {w: n for w, n in asked.items() if w not in left.everyone}, left)


def _last_session(uow: UnitOfWork, interaction: Interaction) -> Session:
    """The session that was open last: here, else anywhere."""
    states = (State.OPEN, State.CLOSED, State.ARCHIVED)
    found = uow.sessions.last(states, interaction.channel) or uow.sessions.last(states)
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


def _announce(uow: UnitOfWork, interaction: Interaction) -> Draw:
    """Draws and announces; the same form sent again gives the draw that it made."""
    session = uow.sessions.get(int(interaction.metadata.get("session", 0)))
    if session is None:
        raise UserError(_("That session no longer exists."))
    if not uow.requests.begin(interaction.form_key, interaction.context.wall.now()):
        number = uow.requests.result(interaction.form_key)
        return next(d for d in uow.draws.of_session(session.id) if d.number == number)
    field = _field(uow, interaction, session)
    way = Way(interaction.typed("way") or Way.DRAWN)
    picked = list(dict.fromkeys(interaction.ticked("picked")))
    refused = winning.refusals(way, picked, field.asked)
    if refused:
        raise FormError(refused)
    weights = Weights(interaction.typed("weights") or Weights.PERSON)
    drawn_from = winners.tickets(field.asked, weights)
    typed = interaction.typed("count")
    count = (
        min(winning.MAX_WINNERS, max(1, int(typed))) if typed.isascii() and typed.isdigit() else 1
    )
    # The seed is made when the list stands, so that nobody can have chosen it for the list.
    seed = secrets.token_hex(winners.SEED_BYTES) if way is Way.DRAWN else ""
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
        interaction.user,
        interaction.now,
    )
    uow.draws.add(made)
    uow.requests.finish(interaction.form_key, made.number)
    interaction.context.notifier.winners(
        uow, session, made, escape_mrkdwn(interaction.typed("note")), interaction.now
    )
    what = "drew" if way is Way.DRAWN else "picked"
    interaction.noted(uow, what, session, people=list(chosen), number=made.number, seed=seed)
    return made

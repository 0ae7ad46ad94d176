"""Corrections: what a message answers, what is no question, what was asked before.

Each is undone the same way. What a person says stands: nothing automatic changes it.
"""

from __future__ import annotations

from typing import Any

from rapidfuzz import fuzz

from bot.errors import UserError
from bot.markup import plain
from bot.sessions import languages, linking
from bot.sessions import queue as queues
from bot.sessions.model import Hidden, Kind, Message, Session, Who
from bot.sessions.ports import UnitOfWork
from bot.sessions.queue import Impossible
from bot.sessions.similar import Asked
from bot.slack.blocks import placing as blocks
from bot.slack.blocks.kit import option
from bot.slack.blocks.limits import OPTIONS
from bot.slack.blocks.queueing import picked
from bot.slack.listeners.interaction import Answer, FormError, Interaction, message_of
from bot.slack.listeners.router import Router, changes
from bot.texts import _

router = Router()


@router.shortcut("answers", Who.AUTHOR)
@router.shortcut("merge", Who.AUTHOR)
async def place(interaction: Interaction) -> None:
    """`This answers…` on a message, and `Merge with…` on a question."""
    await choose(interaction, str(interaction.body.get("callback_id")))


@router.shortcut("not_a_question", Who.AUTHOR)
@changes
def leave_out(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """`Leave out of the archive`, and once more to put it back."""
    message, session = message_in(uow, interaction)
    if message.kind is not Kind.QUESTION:
        raise UserError(
            _(
                "That is an answer in a thread. Only questions can be left out, with their threads. "
                "An organizer can hide an answer with Moderate…"
            )
        )
    hide = Hidden.NO_QUESTION not in message.hidden
    queues.set_hidden(uow, message, Hidden.NO_QUESTION, hide, interaction.now)
    interaction.noted(uow, "not_a_question" if hide else "a_question", session, ts=message.ts)
    return (
        _(
            "The message and its thread are left out of the archive. To undo this, use the same "
            "shortcut again."
        )
        if hide
        else _("The message and its thread are in the archive again.")
    )


async def choose(interaction: Interaction, what: str) -> None:
    """Opens the form that asks for the question."""
    message, under = await interaction.read(_chosen, interaction, what)
    await interaction.open(blocks.choose(message, what, under))


@router.options("pick_question", Who.AUTHOR)
async def suggested(interaction: Interaction) -> list[dict[str, Any]]:
    """Questions that fit what was typed; before anything is, those most like the message."""
    return await interaction.read(_suggested, interaction)


@router.view("place", Who.AUTHOR)
@changes
def placed(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Puts the message under the question, or back to where it was."""
    what = str(interaction.metadata.get("what"))
    message, session = message_in(uow, interaction)
    notifier, now = interaction.context.notifier, interaction.now
    chosen = interaction.typed("question")
    if not chosen:
        linking.put_back(uow, notifier, session, message, now)
        interaction.noted(uow, f"{what}_undone", session, ts=message.ts)
        return blocks.undone(message, notifier.workspace_url)
    question = uow.messages.get(message.channel, chosen)
    if question is None:
        raise FormError({"question": _("That question is no longer there.")})
    try:
        linking.choose(uow, notifier, session, message, question, now, tells=what == "answers")
    except (Impossible, ValueError):
        raise FormError(
            {
                "question": _(
                    "That is not possible: it is the same message, or it is already under this one."
                )
            }
        ) from None
    interaction.noted(uow, what, session, ts=message.ts, question=question.ts)
    return blocks.done(message, question, what, notifier.workspace_url)


def _chosen(uow: UnitOfWork, interaction: Interaction, what: str) -> tuple[Message, Message | None]:
    message, session = message_in(uow, interaction)
    if what == "merge" and message.kind is not Kind.QUESTION and not message.corrected:
        raise UserError(_("That is an answer in a thread. Only questions can be merged."))
    under = None
    if queues.moved(message, session) and message.question_ts is not None:
        under = uow.messages.get(message.channel, message.question_ts)
    return message, under


def message_in(uow: UnitOfWork, interaction: Interaction) -> tuple[Message, Session]:
    """The message that an interaction is about and its session, for its authors.

    Raises UserError if there is none or it was deleted, NotAllowed for anybody else.
    """
    found = message_of(uow, *interaction.place)
    if found is None:
        raise UserError(
            _(
                "That message does not belong to a session: I posted it, it is too old, "
                "or it was deleted."
            )
        )
    interaction.require(Who.AUTHOR, [found[1]])
    return found


def _suggested(uow: UnitOfWork, interaction: Interaction) -> list[dict[str, Any]]:
    message, session = message_in(uow, interaction)
    found = {q.ts: q for q in queues.questions(uow, session) if q.ts != message.ts}
    texts = {ts: plain(q.content) for ts, q in found.items()}
    if interaction.value.strip():
        typed = interaction.value.casefold()
        scores = {
            ts: fuzz.partial_ratio(typed, f"{found[ts].posted_name} {text}".casefold())
            for ts, text in texts.items()
        }
    else:
        asked = Asked(texts.items(), languages.of_event(session.event))
        scores = dict(asked.scores(plain(message.content)))
    best = sorted(scores, key=lambda ts: (-scores[ts], -float(ts)))[:OPTIONS]
    return [option(picked(found[ts]), ts) for ts in best]

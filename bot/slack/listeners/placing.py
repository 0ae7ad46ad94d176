"""Corrections: what a message answers, what is no question, what was asked before.

Each is undone the same way. What a person says stands: nothing automatic changes it.
"""

from __future__ import annotations

from typing import Any

from rapidfuzz import fuzz

from bot.errors import UserError
from bot.markup import plain
from bot.sessions import collect, languages, linking
from bot.sessions import queue as queues
from bot.sessions.model import Hidden, Kind, Message, Session, Who
from bot.sessions.ports import UnitOfWork
from bot.sessions.queue import Impossible
from bot.sessions.similar import Asked
from bot.slack.blocks import placing as blocks
from bot.slack.blocks.kit import option
from bot.slack.blocks.limits import OPTIONS
from bot.slack.blocks.queueing import picked
from bot.slack.listeners.desk import FormError, Turn
from bot.slack.listeners.rooms import Room
from bot.texts import _

room = Room()


@room.shortcut("answers", Who.AUTHOR)
async def answers(turn: Turn) -> None:
    """`This answers…` on a message."""
    await choose(turn, turn.channel or "", turn.ts or "", "answers")


@room.shortcut("merge", Who.AUTHOR)
async def merge(turn: Turn) -> None:
    """`Merge with…` on a question."""
    await choose(turn, turn.channel or "", turn.ts or "", "merge")


@room.shortcut("not_a_question", Who.AUTHOR)
async def not_a_question(turn: Turn) -> None:
    """`Not a question`, and once more to take it back."""
    hidden = await turn.write(_not_a_question, turn)
    turn.desk.touched()
    await turn.say(
        _(
            "The message and its thread are left out of the questions and the archive. To "
            "undo this, use the same shortcut again."
        )
        if hidden
        else _("The message is a question again.")
    )


async def choose(turn: Turn, channel: str, ts: str, what: str) -> None:
    """Opens the form that asks for the question."""
    message, under = await turn.read(_chosen, turn, channel, ts, what)
    await turn.open(blocks.choose(message, what, under))


@room.options("pick_question", Who.AUTHOR)
async def suggested(turn: Turn) -> list[dict[str, Any]]:
    """Questions that fit what was typed; before anything is, those most like the message."""
    return await turn.read(_suggested, turn)


@room.view("place", Who.AUTHOR)
async def placed(turn: Turn) -> None:
    """Puts the message under the question, or back to where it was."""
    said = await turn.write(_place, turn)
    turn.desk.touched()
    await turn.say(said)


def _chosen(
    uow: UnitOfWork, turn: Turn, channel: str, ts: str, what: str
) -> tuple[Message, Message | None]:
    message, session = message_in(uow, turn, channel, ts)
    if what == "merge" and message.kind is not Kind.QUESTION and not message.corrected:
        raise UserError(_("That is an answer in a thread. Only questions can be merged."))
    under = None
    if queues.moved(message, session) and message.question_ts is not None:
        under = uow.messages.get(channel, message.question_ts)
    return message, under


def message_in(uow: UnitOfWork, turn: Turn, channel: str, ts: str) -> tuple[Message, Session]:
    """A message and its session, for its authors.

    Raises UserError if there is none or it was deleted, NotAllowed for anybody else.
    """
    message = uow.messages.get(channel, ts)
    session = uow.sessions.get(message.session_id) if message is not None else None
    if message is None or session is None or message.deleted:
        raise UserError(
            _(
                "That message does not belong to a session: I posted it, it is too old, "
                "or it was deleted."
            )
        )
    turn.require(Who.AUTHOR, [session])
    return message, session


def _suggested(uow: UnitOfWork, turn: Turn) -> list[dict[str, Any]]:
    kept = turn.metadata
    message, session = message_in(uow, turn, str(kept.get("channel")), str(kept.get("ts")))
    found = {q.ts: q for q in queues.questions(uow, session) if q.ts != message.ts}
    texts = {ts: plain(q.content) for ts, q in found.items()}
    if turn.value.strip():
        typed = turn.value.casefold()
        scores = {
            ts: fuzz.partial_ratio(typed, f"{found[ts].posted_name} {text}".casefold())
            for ts, text in texts.items()
        }
    else:
        asked = Asked(texts.items(), languages.of_event(session.event))
        scores = dict(asked.scores(plain(message.content)))
    best = sorted(scores, key=lambda ts: (-scores[ts], -float(ts)))[:OPTIONS]
    return [option(picked(found[ts]), ts) for ts in best]


def _place(uow: UnitOfWork, turn: Turn) -> str:
    """Does it; gives what was done."""
    kept = turn.metadata
    what = str(kept.get("what"))
    message, session = message_in(uow, turn, str(kept.get("channel")), str(kept.get("ts")))
    chosen = turn.typed("question")
    if not chosen:
        queues.put_back(uow, message, session, turn.now)
        linking.settle(uow, turn.desk.voice, session, message, turn.now)
        turn.noted(uow, f"{what}_undone", session, ts=message.ts)
        return blocks.undone(message, turn.desk.voice.workspace_url)
    question = uow.messages.get(message.channel, chosen)
    if question is None:
        raise FormError({"question": _("That question is no longer there.")})
    try:
        queues.put_under(uow, message, question, turn.now)
    except (Impossible, ValueError):
        raise FormError(
            {
                "question": _(
                    "That is not possible: it is the same message, or it is already under this one."
                )
            }
        ) from None
    linking.settle(uow, turn.desk.voice, session, message, turn.now)
    turn.noted(uow, what, session, ts=message.ts, question=question.ts)
    after = uow.messages.get(message.channel, message.ts)
    if after is not None and what == "answers":
        collect.tell_of_answer(uow, turn.desk.voice, after, turn.now)
    return blocks.done(message, question, what, turn.desk.voice.workspace_url)


def _not_a_question(uow: UnitOfWork, turn: Turn) -> bool:
    message, session = message_in(uow, turn, turn.channel or "", turn.ts or "")
    if message.kind is not Kind.QUESTION:
        raise UserError(_("That is an answer in a thread, and not counted as a question anyway."))
    hide = Hidden.NO_QUESTION not in message.hidden
    queues.set_hidden(uow, message, Hidden.NO_QUESTION, hide, turn.now)
    turn.noted(uow, "not_a_question" if hide else "a_question", session, ts=message.ts)
    return hide

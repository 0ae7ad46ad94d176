"""The buttons of the notes about answers outside threads.

What is said here is said by a person, and stands.
"""

from __future__ import annotations

from bot.errors import UserError
from bot.sessions import linking
from bot.sessions.model import Message, Who
from bot.sessions.ports import UnitOfWork
from bot.sessions.queue import Impossible
from bot.slack.blocks import linking as blocks
from bot.slack.listeners.desk import Turn
from bot.slack.listeners.placing import message_in
from bot.slack.listeners.rooms import Room
from bot.texts import _

room = Room()


@room.action("link_undo", Who.AUTHOR)
async def undo(turn: Turn) -> None:
    """It does not answer that question."""
    await turn.write(_undo, turn)
    turn.desk.touched()
    await turn.replace(*blocks.left(_("Undone: your message is no longer marked as an answer.")))


@room.action("link_choose", Who.AUTHOR)
async def choose(turn: Turn) -> None:
    """It answers this question."""
    answer, question = await turn.write(_choose, turn)
    turn.desk.touched()
    await turn.replace(*blocks.done(answer, question, turn.desk.voice.workspace_url))


@room.action("link_none", Who.AUTHOR)
async def none(turn: Turn) -> None:
    """It answers none of those."""
    await turn.write(_none, turn)
    turn.desk.touched()
    await turn.replace(*blocks.left())


def _undo(uow: UnitOfWork, turn: Turn) -> None:
    channel, ts, asked = _value(turn)
    message, session = message_in(uow, turn, channel, ts)
    if not linking.undo(uow, turn.desk.voice, session, message, asked, turn.now):
        raise UserError(
            _(
                "Somebody has changed that in the meantime: your message is no longer under "
                "that question."
            )
        )
    turn.noted(uow, "answers_undone", session, ts=ts)


def _choose(uow: UnitOfWork, turn: Turn) -> tuple[Message, Message]:
    channel, ts, asked = _value(turn)
    message, session = message_in(uow, turn, channel, ts)
    question = uow.messages.get(channel, asked)
    if question is None:
        raise UserError(_("That question is no longer there."))
    try:
        linking.choose(uow, turn.desk.voice, session, message, question, turn.now)
    except (Impossible, ValueError):
        raise UserError(
            _("That is not possible: the question is gone, or it is under your message.")
        ) from None
    turn.noted(uow, "answers", session, ts=ts, question=asked)
    return message, question


def _none(uow: UnitOfWork, turn: Turn) -> None:
    channel, ts, _blank = _value(turn)
    message, session = message_in(uow, turn, channel, ts)
    if not linking.undo(uow, turn.desk.voice, session, message, None, turn.now):
        raise UserError(
            _("Somebody has put your message under a question in the meantime; it stays there.")
        )
    turn.noted(uow, "answers_none", session, ts=ts)


def _value(turn: Turn) -> tuple[str, str, str]:
    channel, ts, asked, *_rest = [*turn.value.split(), "", "", ""]
    return channel, ts, asked

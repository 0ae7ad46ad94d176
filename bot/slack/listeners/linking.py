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
from bot.slack.listeners.interaction import Interaction
from bot.slack.listeners.placing import message_in
from bot.slack.listeners.router import Router
from bot.texts import _

router = Router()


@router.action("link_undo", Who.AUTHOR)
async def undo(interaction: Interaction) -> None:
    """It does not answer that question."""
    await interaction.change(_undo, interaction)
    await interaction.replace(
        *blocks.left(_("Undone: your message is no longer marked as an answer."))
    )


@router.action("link_choose", Who.AUTHOR)
async def choose(interaction: Interaction) -> None:
    """It answers this question."""
    answer, question = await interaction.change(_choose, interaction)
    await interaction.replace(
        *blocks.done(answer, question, interaction.context.notifier.workspace_url)
    )


@router.action("link_none", Who.AUTHOR)
async def none(interaction: Interaction) -> None:
    """It answers none of those."""
    await interaction.change(_none, interaction)
    await interaction.replace(*blocks.left())


def _undo(uow: UnitOfWork, interaction: Interaction) -> None:
    channel, ts, asked = _value(interaction)
    message, session = message_in(uow, interaction, channel, ts)
    if not linking.undo(
        uow, interaction.context.notifier, session, message, asked, interaction.now
    ):
        raise UserError(
            _(
                "Somebody has changed that in the meantime: your message is no longer under "
                "that question."
            )
        )
    interaction.noted(uow, "answers_undone", session, ts=ts)


def _choose(uow: UnitOfWork, interaction: Interaction) -> tuple[Message, Message]:
    channel, ts, asked = _value(interaction)
    message, session = message_in(uow, interaction, channel, ts)
    question = uow.messages.get(channel, asked)
    if question is None:
        raise UserError(_("That question is no longer there."))
    try:
        linking.choose(
            uow, interaction.context.notifier, session, message, question, interaction.now
        )
    except (Impossible, ValueError):
        raise UserError(
            _("That is not possible: the question is gone, or it is under your message.")
        ) from None
    interaction.noted(uow, "answers", session, ts=ts, question=asked)
    return message, question


def _none(uow: UnitOfWork, interaction: Interaction) -> None:
    channel, ts, _blank = _value(interaction)
    message, session = message_in(uow, interaction, channel, ts)
    if not linking.undo(uow, interaction.context.notifier, session, message, None, interaction.now):
        raise UserError(
            _("Somebody has put your message under a question in the meantime; it stays there.")
        )
    interaction.noted(uow, "answers_none", session, ts=ts)


def _value(interaction: Interaction) -> tuple[str, str, str]:
    channel, ts, asked, *_rest = [*interaction.value.split(), "", "", ""]
    return channel, ts, asked

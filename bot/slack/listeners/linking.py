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
@router.action("link_none", Who.AUTHOR)
async def leave(interaction: Interaction) -> None:
    """It does not answer that question, or none of those."""
    is_undone = interaction.action == "link_undo"
    await interaction.change(_leave, interaction, is_undone)
    said = _("Undone: your message is no longer marked as an answer.") if is_undone else ""
    await interaction.replace(*blocks.left(said))


@router.action("link_choose", Who.AUTHOR)
async def choose(interaction: Interaction) -> None:
    """It answers this question."""
    answer, question = await interaction.change(_choose, interaction)
    await interaction.replace(
        *blocks.done(answer, question, interaction.context.notifier.workspace_url)
    )


def _leave(uow: UnitOfWork, interaction: Interaction, is_undone: bool) -> None:
    channel, ts, asked = _value(interaction)
    message, session = message_in(uow, interaction, channel, ts)
    question = asked if is_undone else None
    notifier, now = interaction.context.notifier, interaction.now
    if not linking.undo(uow, notifier, session, message, question, now):
        raise UserError(
            _(
                "Somebody has changed that in the meantime: your message is no longer under "
                "that question."
            )
            if is_undone
            else _(
                "Somebody has put your message under a question in the meantime; it stays there."
            )
        )
    interaction.noted(uow, "answers_undone" if is_undone else "answers_none", session, ts=ts)


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


def _value(interaction: Interaction) -> tuple[str, str, str]:
    channel, ts, asked, *_rest = [*interaction.value.split(), "", "", ""]
    return channel, ts, asked

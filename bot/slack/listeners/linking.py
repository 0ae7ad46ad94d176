"""The buttons of the notes about answers outside threads.

What is said here is said by a person, and stands.
"""

from __future__ import annotations

from bot.errors import UserError
from bot.sessions import linking
from bot.sessions.model import Who
from bot.sessions.ports import UnitOfWork
from bot.sessions.queue import Impossible
from bot.slack.blocks import linking as blocks
from bot.slack.listeners.interaction import Answer, Interaction
from bot.slack.listeners.placing import message_in
from bot.slack.listeners.router import Router, changes
from bot.texts import _

router = Router()


@router.action("link_undo", Who.AUTHOR)
@router.action("link_none", Who.AUTHOR)
@changes
def leave(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """It does not answer that question, or none of those."""
    is_undone = interaction.action == "link_undo"
    message, session = message_in(uow, interaction)
    question = _question_ts(interaction) if is_undone else None
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
    what = "answers_undone" if is_undone else "answers_none"
    interaction.noted(uow, what, session, ts=message.ts)
    return blocks.left(
        _("Undone: your message is no longer marked as an answer.") if is_undone else ""
    )


@router.action("link_choose", Who.AUTHOR)
@changes
def choose(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """It answers this question."""
    message, session = message_in(uow, interaction)
    question = uow.messages.get(message.channel, _question_ts(interaction))
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
    interaction.noted(uow, "answers", session, ts=message.ts, question=question.ts)
    return blocks.done(message, question, interaction.context.notifier.workspace_url)


def _question_ts(interaction: Interaction) -> str:
    """The `ts` that stands in a button behind channel and `ts` of the author's message."""
    return "".join(interaction.value.split()[2:3])

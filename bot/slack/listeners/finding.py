"""Answered questions: `/qa find`, and what is shown to who asks and to authors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bot.errors import UserError
from bot.markup import plain
from bot.sessions.knowledge import Hit
from bot.sessions.model import Message
from bot.sessions.ports import UnitOfWork
from bot.slack.blocks import finding as blocks
from bot.slack.blocks import paging
from bot.slack.blocks.limits import head
from bot.slack.listeners.interaction import Answer, HandlerContext, Interaction
from bot.slack.listeners.router import Router, reads
from bot.texts import N_, _

log = logging.getLogger(__name__)

router = Router()

SUGGESTED = 3
"""How many answered questions are shown at most to who asks."""
BUDGET_SECONDS = 0.8
"""How long a form waits for them: Slack waits three seconds for the form."""
FOUND = 25
"""How many questions a search finds at most."""
WORDS = 150
"""Characters of what is searched for; they stand in the IDs of the buttons' blocks."""

_searching = ThreadPoolExecutor(2, thread_name_prefix="suggestions")
"""Of their own, so that searches that take too long keep nothing else from running."""


async def suggested(context: HandlerContext, text: str, channel: str) -> list[Hit]:
    """Up to three answered questions that fit a text (plain) of a channel's member, best first.

    None where they are switched off, or are not found in `BUDGET_SECONDS`.
    """
    if not context.handler_settings.suggest_answers:
        return []

    def search() -> list[Hit]:
        with context.database.reading() as uow:
            knowledge = context.services.knowledge
            return knowledge.search(uow, text, SUGGESTED, asked_in=channel)

    job = asyncio.get_running_loop().run_in_executor(_searching, search)
    try:
        hits = await asyncio.wait_for(job, BUDGET_SECONDS)
    except TimeoutError:
        log.info("no answered questions were shown: the search took over %s s", BUDGET_SECONDS)
        return []
    return [hit for hit in hits if hit.shown]


@router.subcommand(
    "find", N_("words"), N_("Search the questions that authors have answered."), setting="find"
)
@reads
def find(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Shows what fits best, to who asked for it alone."""
    words = head(" ".join(plain({"text": interaction.text}).split()), WORDS)
    if not words:
        raise UserError(_("Write what to look for, such as `/qa find deadlines`."))
    return _found(uow, interaction, words, 1)


@router.action("find_previous")
@router.action("find_next")
@reads
def turned(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Another page of what was found."""
    return _found(uow, interaction, *paging.turned(interaction.value))


def _found(uow: UnitOfWork, interaction: Interaction, words: str, number: int) -> Answer:
    context = interaction.context
    if not context.handler_settings.find:
        raise UserError(_("An organizer has turned the search off."))
    hits = context.services.knowledge.search(uow, words, FOUND, asked_in=interaction.channel or "")
    return blocks.found(words, paging.page(hits, number, blocks.SHOWN))


def earlier(uow: UnitOfWork, context: HandlerContext) -> Callable[[Message], Hit | None]:
    """What gives the best answered question for a message, in this transaction."""
    if not context.handler_settings.point_to_answers:
        return lambda question: None
    return context.services.knowledge.best(uow)

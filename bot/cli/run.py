"""`marginalia run`: the bot in a real workspace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot.running import connections, http, logs
from bot.running.bot import Bot
from bot.services import doctor
from bot.settings import Settings
from bot.store.database import Database
from bot.support.tasks import stopping

log = logging.getLogger(__name__)


def run() -> None:
    """Run the bot until it is stopped (Ctrl-C or SIGTERM).

    Upgrades the database first. Reads its settings from the environment and `.env`:
    SLACK_BOT_TOKEN and SLACK_APP_TOKEN for Socket Mode, or SLACK_BOT_TOKEN,
    SLACK_SIGNING_SECRET and MARGINALIA_PORT for HTTP.
    """
    settings = Settings()
    logs.configure(settings.log_level)
    settings.require_slack()
    for wrong in doctor.unwritable(settings):
        log.error("%s: %s; %s", wrong.check, wrong.text, wrong.remedy)
    connections.raise_descriptors()
    database = Database(settings.database_url)
    database.upgrade()
    try:
        with database.explained():
            asyncio.run(_run(Bot(settings, database)))
    finally:
        database.close()


async def _either(*waits: Coroutine[Any, Any, Any]) -> None:
    """Returns when one of them does, with what it raises."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    for task in done:
        task.result()


async def _run(bot: Bot) -> None:
    stop = stopping()
    await bot.start()
    try:
        async with http.serving(bot):
            log.info("the bot is running")
            await _either(stop.wait(), bot.wait())
    finally:
        log.info("the bot is stopping")
        await bot.stop()

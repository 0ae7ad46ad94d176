"""A database whose answers are held up: a network that stalls, a server that is paused."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.store.database import Database
from slackbox.client import Control
from tests.faults.proxy import Proxy
from tests.faults.run import BOOK, CHANNEL, EVENT, SETTINGS
from tests.processes import Box, Command
from tests.waiting import free_port, until


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_nothing_is_confirmed_that_is_not_stored_and_nothing_is_said_twice(
    postgres_url: str, tmp_path: Path
) -> None:
    (tmp_path / "schedules").mkdir()
    start = datetime.now(UTC) - timedelta(seconds=1)
    book = BOOK.format(start=start, end=start + timedelta(hours=1))
    (tmp_path / "schedules" / f"{EVENT}.md").write_text(book)
    box, port, database = Box.start(seed=3), free_port(), Database(postgres_url)
    async with (
        Proxy(postgres_url) as proxy,
        Control(box.control_url) as control,
        httpx.AsyncClient(timeout=20) as http,
    ):
        env = {
            **SETTINGS,
            **box.env,
            "MARGINALIA_DATABASE_URL": proxy.url,
            "MARGINALIA_SCHEDULES": str(tmp_path / "schedules"),
            "MARGINALIA_HEALTH_PORT": str(port),
        }
        log = tmp_path / "bot.log"
        bot = Command.start("run", env=env, folder=tmp_path, log=log)
        try:

            async def is_ready() -> bool:
                try:
                    answer = await http.get(f"http://127.0.0.1:{port}/readyz")
                except httpx.TransportError:
                    return False
                return answer.status_code == 200

            async def announced() -> bool:
                with database.reading() as uow:
                    return any(session.announcement_ts for session in uow.sessions.all())

            def stored() -> list[str]:
                with database.reading() as uow:
                    (session,) = uow.sessions.all()
                    return [m.content["text"] for m in uow.messages.of_session(session.id)]

            async def says_that_it_is_not() -> bool:
                answer = await http.get(f"http://127.0.0.1:{port}/readyz")
                return answer.status_code == 503

            await until(is_ready, "the bot is ready")
            await until(announced, "the session is announced")
            reader = await control.add_person("Reader", channels=[CHANNEL])
            proxy.hold()
            await control.person(reader).post(CHANNEL, "Is it stored?")
            asked = await control.person(reader).command("/ask", "And this?", CHANNEL)
            await until(says_that_it_is_not, "/readyz says it")
            assert proxy.held
            notes = (await control.workspace())["ephemerals"]
            assert [n["text"] for n in notes if n["user"] == reader] == [], asked
            proxy.let_go()
            await until(is_ready, "the bot is ready again")

            async def is_stored() -> bool:
                return "Is it stored?" in stored()

            await until(is_stored, "what was asked is stored")
            await control.settle()
            history = (await control.channel(CHANNEL))["messages"]
            texts = [m["text"] for m in history]
            assert sum("The Book" in text for text in texts) == 1
            await asyncio.sleep(1)
            told = (await control.workspace())["ephemerals"]
            confirmed = any("on its way" in n["text"] for n in told)

            async def is_asked() -> bool:
                messages = (await control.channel(CHANNEL))["messages"]
                return any(m["text"] == "And this?" for m in messages)

            if confirmed:
                await until(is_asked, "what was confirmed is asked")
            # Slack may have stopped waiting for the confirmation of what was stored.
            messages = (await control.channel(CHANNEL))["messages"]
            assert sum(m["text"] == "And this?" for m in messages) <= 1
            assert stored().count("Is it stored?") == 1
        finally:
            bot.kill()
            box.stop()
            database.close()

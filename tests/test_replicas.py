"""Several bots on one database: one leads, and another takes over when it is killed."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bot.store.database import Database
from bot.store.leader import LEASE
from slackbox.client import Control
from tests.faults.run import BOOK, CHANNEL, EVENT, SETTINGS
from tests.processes import Box, Command
from tests.waiting import free_port, until


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_another_opens_the_session_when_the_leader_is_killed(
    postgres_url: str, tmp_path: Path
) -> None:
    schedules = tmp_path / "schedules"
    schedules.mkdir()
    box = Box.start(seed=1)
    database = Database(postgres_url)
    database.upgrade()
    ports = [free_port() for _ in range(3)]
    bots = [
        Command.start(
            "run",
            env={
                **SETTINGS,
                **box.env,
                "MARGINALIA_SWEEP_INTERVAL": "5",  # as it is when nobody sets it
                "MARGINALIA_DATABASE_URL": postgres_url,
                "MARGINALIA_SCHEDULES": str(schedules),
                "MARGINALIA_HEALTH_PORT": str(port),
            },
            folder=tmp_path,
            log=tmp_path / "bots.log",
        )
        for port in ports
    ]
    try:
        async with httpx.AsyncClient() as http, Control(box.control_url) as control:

            async def numbers(port: int) -> dict[str, float]:
                answer = await http.get(f"http://127.0.0.1:{port}/metrics")
                lines = [x.split() for x in answer.text.splitlines() if x.startswith("marginalia")]
                return {name: float(value) for name, value in lines}

            async def ready() -> bool:
                try:
                    answers = [await http.get(f"http://127.0.0.1:{p}/readyz") for p in ports]
                except httpx.TransportError:
                    return False
                return all(answer.status_code == 200 for answer in answers)

            await until(ready, "all three are ready")
            leads: list[int] = []

            async def one_leads() -> bool:
                leads[:] = [
                    n for n, port in enumerate(ports) if (await numbers(port))["marginalia_leader"]
                ]
                return bool(leads)

            await until(one_leads, "one of them leads")
            assert len(leads) == 1
            start = datetime.now(UTC) - timedelta(seconds=1)
            book = BOOK.format(start=start, end=start + timedelta(hours=1))
            bots[leads[0]].kill()
            (schedules / f"{EVENT}.md").write_text(book)

            async def opened() -> bool:
                with database.reading() as uow:
                    return any(session.opened_at for session in uow.sessions.all())

            assert await until(opened, "another opens the session") < 10
            alive = [port for n, port in enumerate(ports) if n != leads[0]]
            who = await control.add_person("Reader", channels=[CHANNEL])
            for number in range(20):
                await control.person(who).post(CHANNEL, f"Question {number}?")
            await control.settle()

            async def handled() -> bool:
                return (await numbers(alive[0]))["marginalia_inbox_depth"] == 0

            await until(handled, "everything is handled")
            found = [await numbers(port) for port in alive]
            assert sum(n["marginalia_leader"] for n in found) == 1
            assert all(n["marginalia_envelopes_received_total"] > 0 for n in found)
            with database.reading() as uow:
                (session,) = uow.sessions.all()
                assert len(uow.messages.of_session(session.id)) == 20
    finally:
        for bot in bots:
            bot.kill()
        box.stop()
        database.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_frozen_leader_is_replaced_and_says_nothing_twice_when_it_goes_on(
    postgres_url: str, tmp_path: Path
) -> None:
    """SIGSTOP keeps the connections of a process open, so nothing else tells that it hangs."""
    schedules = tmp_path / "schedules"
    schedules.mkdir()
    box = Box.start(seed=2)
    database = Database(postgres_url)
    database.upgrade()
    ports = [free_port() for _ in range(2)]
    env = {
        **SETTINGS,
        **box.env,
        "MARGINALIA_DATABASE_URL": postgres_url,
        "MARGINALIA_SCHEDULES": str(schedules),
    }
    bots = [
        Command.start(
            "run",
            env={**env, "MARGINALIA_HEALTH_PORT": str(port)},
            folder=tmp_path,
            log=tmp_path / f"bot-{port}.log",
        )
        for port in ports
    ]
    try:
        async with httpx.AsyncClient(timeout=2) as http, Control(box.control_url) as control:

            async def leads(port: int) -> bool:
                try:
                    answer = await http.get(f"http://127.0.0.1:{port}/metrics")
                except httpx.TransportError:
                    return False
                return "marginalia_leader 1.0" in answer.text

            leading: list[int] = []

            async def one_leads() -> bool:
                leading[:] = [n for n, port in enumerate(ports) if await leads(port)]
                return bool(leading)

            await until(one_leads, "one of them leads")
            frozen, other = leading[0], 1 - leading[0]
            start = datetime.now(UTC) - timedelta(seconds=1)
            book = BOOK.format(start=start, end=start + timedelta(hours=1))
            (schedules / f"{EVENT}.md").write_text(book)
            bots[frozen].signal(signal.SIGSTOP)
            # The server counts; how soon the other asks depends on what the machine has to do.
            with database.engine.connect() as connection:
                left = connection.scalar(text("SELECT until - clock_timestamp() FROM leases"))
            assert left <= LEASE < timedelta(seconds=15)

            async def other_leads() -> bool:
                return await leads(ports[other])

            await until(other_leads, "the other leads")
            bots[frozen].signal(signal.SIGCONT)

            async def announced() -> bool:
                with database.reading() as uow:
                    return any(session.announcement_ts for session in uow.sessions.all())

            await until(announced, "the session is announced")

            async def only_the_other_leads() -> bool:
                return not await leads(ports[frozen]) and await leads(ports[other])

            await until(only_the_other_leads, "the one that was frozen knows that it does not lead")
            await asyncio.sleep(2)
            history = (await control.channel(CHANNEL))["messages"]
            assert sum("The Book" in str(m.get("text")) for m in history) == 1
    finally:
        for bot in bots:
            bot.signal(signal.SIGCONT)
            bot.kill()
        box.stop()
        database.close()

"""The workspace to try: its clock, and a second book in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.demo.play import EXAMPLE
from bot.demo.stage import CHANNEL, Stage
from bot.demo.trying import trying
from slackbox.errors import Refusal

START = datetime(2026, 1, 5, tzinfo=UTC)
SECOND = """---
title: "Bread / and Roses"
start: 2026-01-19 00:00:00
end: 2026-01-23 22:59:59
authors: [Odalys Fenwright]
---
"""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with trying(tmp_path) as running:
        yield running


async def move(stage: Stage, step: str) -> datetime:
    await stage.box.extras.clock[step]()
    return stage.clock.now()


def near(at: datetime, other: datetime) -> bool:
    """The same, but for the time that passes while the test runs."""
    return timedelta(0) <= at - other < timedelta(minutes=5)


@pytest.mark.slow
async def test_a_day_passes_where_nothing_happens(stage: Stage) -> None:
    assert near(await move(stage, "+1 hour"), START + timedelta(hours=1))
    assert near(await move(stage, "+1 day"), START + timedelta(hours=25))


async def test_a_day_stops_at_what_happens_in_between(stage: Stage) -> None:
    """The authors hear each morning of what waits: at eight o'clock where they live."""
    stage.box.person(str(stage.box.extras.me)).post(CHANNEL, "Why does the parser go on?")
    await stage.settle()
    stopped = await move(stage, "+1 day")
    workspace = stage.box.workspace
    authors = [member.id for member in workspace.members.values() if member.title == "Author"]
    digests = [m for who in authors for m in workspace.im(who).messages.values()]
    assert digests, "somebody was told"
    assert stopped < START + timedelta(days=1)
    told = datetime.fromtimestamp(float(digests[0].ts), UTC)
    assert near(stopped, told.replace(minute=0, second=0, microsecond=0))


@pytest.mark.slow
async def test_a_second_book(stage: Stage) -> None:
    """It is planned, opened, closed and archived as the first one; the board is the current one's."""
    extras = stage.box.extras
    first_board = extras.links()["Board"]
    assert list(extras.papers()) == ["archive"]
    folder = stage.bot.library.root
    (folder / "20260119-bread.md").write_text(SECOND, "utf-8")
    await stage.bot.reread()
    await stage.bot.tick()
    await move(stage, "to the end")
    papers = {name: paper() for name, paper in extras.papers().items()}
    assert list(papers) == ["archive of The Patient Compiler", "archive of Bread   and Roses"]
    assert [paper is not None for paper in papers.values()] == [True, False]
    assert near(await move(stage, "to the end"), datetime(2026, 1, 23, 22, 59, 59, tzinfo=UTC))
    async with httpx.AsyncClient(base_url=stage.box.control_url) as client:
        desk = (await client.get("/desk")).json()
        assert [each["ready"] for each in desk["papers"]] == [True, True]
        for each in desk["papers"]:
            assert (await client.get(f"/papers/{each['name']}")).status_code == 200
        assert desk["links"]["Board"] != first_board
    assert (folder / EXAMPLE.name).read_text("utf-8").count("archive:") == 1
    with pytest.raises(Refusal, match="no session is open or planned"):
        await move(stage, "to the end")

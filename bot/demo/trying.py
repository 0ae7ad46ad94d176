"""A workspace to try: the sandbox as a page, the real bot in it, a clock that the page moves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from bot import board, http
from bot.demo import play
from bot.demo import script as scripts
from bot.demo.script import Script
from bot.demo.stage import CHANNEL, Stage, staged
from bot.errors import UserError
from bot.library import archive
from bot.library.archive import Entry
from bot.sandbox.errors import Refusal
from bot.sandbox.page.extras import Extras
from bot.sessions.model import Event, State

TOUR = (
    "You are a member of this workspace. Ask the authors something in #book-of-the-week.",
    "Become an author (“You are”, at the top), open the thread of the question with Reply, answer.",
    "Let the week pass: “to the end”. The bot closes the session and writes its archive.",
    "Read the archive (at the top): your question and its answer, as the website shows them.",
)


@asynccontextmanager
async def trying(folder: Path, port: int = 0, control_port: int = 0) -> AsyncIterator[Stage]:
    """The example event in a sandbox, opened; the files of the play are in `folder`.

    The clock goes on at the pace of the real one from the start of the session; the page's
    buttons put it forward. Raises OSError for a port that is taken.
    """
    schedules = folder / "schedules"
    event = play.example(schedules)
    script = scripts.load(play.WEEK, event.start)
    start = event.start - play.BEFORE
    async with staged(script, start, port=port, control_port=control_port) as stage:
        _introduce(stage, script, event)
        changed = {
            "organizers": (stage.organizer,),
            "sweep_interval": 0.5,
            "board_port": _free_port(),
            "board_url": "",
        }
        async with stage.hosting(schedules, folder, **changed) as bot, http.serving(bot):
            await stage.until(event.start)
            await stage.bot.tick()
            await stage.settle()
            stage.clock.run(1.0)
            stage.box.extras = _extras(stage, event, schedules / play.EXAMPLE.name)
            yield stage


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _board(stage: Stage, event: Event) -> str:
    bot = stage.bot
    with bot.database.unit_of_work() as uow:
        session = uow.sessions.by_event(event.id)
        if session is None:
            raise UserError(f"the session of {event.id} did not open; see the log")
        return board.share(bot.settings, uow, session.id, bot.wall.now())


def _introduce(stage: Stage, script: Script, event: Event) -> None:
    """Everybody's title says what they are here; the page's switch goes by it."""
    members = stage.box.workspace.members
    organizer = members[stage.organizer]
    organizer.title, organizer.is_admin = "Organizer", True
    names = {author.name for author in event.authors}
    for actor in script.people:
        if actor.display_name in names:
            members[stage.ids[actor.key]].title = "Author"


def _extras(stage: Stage, event: Event, path: Path) -> Extras:
    moving = asyncio.Lock()

    def over() -> bool:
        with stage.bot.database.reading() as uow:
            session = uow.sessions.by_event(event.id)
            return session is not None and session.state is State.ARCHIVED

    def by(step: timedelta) -> Callable[[], Awaitable[None]]:
        async def move() -> None:
            await on(stage.clock.now() + step)

        return move

    async def to_the_end() -> None:
        if over():
            raise Refusal("over", ["the session is over already; its archive is written"])
        await on(max(event.end, stage.clock.now()))

    async def on(at: datetime) -> None:
        async with moving:
            try:
                if at < event.end:
                    stage.clock.move_to(max(at, stage.clock.now()))
                    await stage.bot.tick()
                    await stage.settle()
                    return
                await _close(stage, event, at)
            except (TimeoutError, UserError) as error:
                raise Refusal("stuck", [str(error) or "the bot is still busy; try again"]) from None

    def written() -> str | None:
        return _paper(path) if over() else None

    first = next(id for id in stage.ids.values() if not stage.box.workspace.members[id].title)
    return Extras(
        clock={
            "+1 hour": by(timedelta(hours=1)),
            "+1 day": by(timedelta(days=1)),
            "to the end": to_the_end,
        },
        papers={"archive": written},
        links={"Board": _board(stage, event)},
        tour=TOUR,
        me=first,
        channel=CHANNEL,
    )


async def _close(stage: Stage, event: Event, at: datetime) -> None:
    """Past the end: the bot closes the session and writes the archive, which may take two looks."""
    stage.clock.move_to(max(at, stage.clock.now()))
    await stage.settle()
    await play.close(stage, event)


def _paper(path: Path) -> str:
    """The archive to read, and below it the block as it stands in the file."""
    threads = archive.read(path)
    shown = "\n\n".join(_shown(thread) for thread in threads) or "Nobody asked anything."
    return f"{shown}\n\n\n--- as it stands in {path.name} ---\n\n{archive.dump(threads)}"


def _shown(entry: Entry, indent: str = "") -> str:
    lines = [f"{indent}{entry.name}", *(f"{indent}  {line}" for line in entry.text.splitlines())]
    return "\n".join([*lines, *(f"\n{_shown(reply, indent + '    ')}" for reply in entry.replies)])

"""A workspace to try: the sandbox as a page, the real bot in it, a clock that the page moves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.demo import play
from bot.demo import script as scripts
from bot.demo.script import Script
from bot.demo.stage import CHANNEL, Stage, staged
from bot.errors import UserError
from bot.library import archive
from bot.library.formats import Entry
from bot.running import http
from bot.services import boards
from bot.sessions.model import Event, Session, State
from bot.texts import N_, _, listed
from slackbox.errors import Refusal
from slackbox.page.extras import Extras, Paper

TOUR = (
    N_("You are a member of this workspace. Ask the authors something in #book-of-the-week."),
    N_(
        "Become an author (“You are”, at the top), click Reply at the question, and answer it in "
        "the thread."
    ),
    N_(
        "Click “to the end” to let the week pass. The bot closes the session and writes its "
        "archive."
    ),
    N_("Read the archive (at the top): your question and its answer, ready for the website."),
)


@asynccontextmanager
async def trying(folder: Path, control_port: int = 0) -> AsyncIterator[Stage]:
    """The example event in a sandbox, opened; the files of the play are in `folder`.

    The clock goes on at the pace of the real one from the start of the session; the page's
    buttons put it forward. Raises OSError for a port that is taken.
    """
    schedules = folder / "schedules"
    event = play.example(schedules)
    script = scripts.load(play.WEEK, event.start)
    start = event.start - play.BEFORE
    async with staged(script, start, control_port=control_port) as stage:
        _introduce(stage, script, event)
        changed = {
            "organizers": (stage.organizer,),
            "sweep_interval": 0.5,
            "board_port": _free_port(),
            "board_url": "",
        }
        async with stage.hosting(schedules, folder, **changed) as bot, http.serving(bot):
            stage.box.extras = _extras(stage)  # a page that is open shows them at the next event
            await stage.until(event.start)
            await stage.bot.tick()
            await stage.settle()
            stage.clock.run(1.0)
            yield stage


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _introduce(stage: Stage, script: Script, event: Event) -> None:
    """Everybody's title says what they are here; the page's switch goes by it."""
    members = stage.box.workspace.members
    organizer = members[stage.organizer]
    organizer.title, organizer.is_admin = _("Organizer"), True
    names = {author.name for author in event.authors}
    for actor in script.people:
        if actor.display_name in names:
            members[stage.ids[actor.key]].title = _("Author")


def _extras(stage: Stage) -> Extras:
    first = next(id for id in stage.ids.values() if not stage.box.workspace.members[id].title)
    hands = _Hands(stage)
    return Extras(
        clock={
            _("+1 hour"): partial(hands.by, timedelta(hours=1)),
            _("+1 day"): partial(hands.by, timedelta(days=1)),
            _("to the end"): hands.to_the_end,
        },
        papers=partial(_archives, stage),
        links=partial(_board, stage),
        tour=tuple(_(step) for step in TOUR),
        me=first,
        channel=CHANNEL,
    )


class _Hands:
    """Moves the clock as time would: what is due on the way happens at its moment."""

    def __init__(self, stage: Stage):
        self._stage = stage
        self._moving = asyncio.Lock()

    async def by(self, step: timedelta) -> str | None:
        """Puts the clock forward, and stops earlier where the bot says something; says where."""
        said = self._said()
        until = self._stage.clock.now() + step
        await self._on(until, stops=True)
        places = sorted(self._said() - said)
        if self._stage.clock.now() >= until or not places:
            return None
        return _("Stopped here: Marginalia wrote {places}.", places=listed(dict(places)))

    async def to_the_end(self) -> None:
        """Puts the clock at the end of the session that is open, or else comes next."""
        ahead = [
            s.event for s in _sessions(self._stage) if s.state in (State.SCHEDULED, State.OPEN)
        ]
        if not ahead:
            raise Refusal("over", [_("no session is open or planned; an organizer can plan one")])
        await self._on(min(event.end for event in ahead), stops=False)

    async def _on(self, until: datetime, *, stops: bool) -> None:
        async with self._moving:
            try:
                said = len(self._said())
                following = await self._stage.bot.tick()
                while (now := self._stage.clock.now()) < until and not (
                    stops and len(self._said()) > said
                ):
                    # Digests come at a full hour in their readers' zones, the rest as planned.
                    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
                    planned = [following] if following and following > now else []
                    self._stage.clock.move_to(max(now, min(until, hour, *planned)))
                    following = await self._happens(said)
            except (TimeoutError, UserError) as error:
                raise Refusal(
                    "stuck", [str(error) or _("the bot is still busy; try again")]
                ) from None

    async def _happens(self, said: int) -> datetime | None:
        """Lets the bot do what is due; gives the next moment at which something is."""
        following = await self._stage.bot.tick()
        await self._stage.settle()
        if len(self._said()) > said:  # a session that was closed is archived at the next look
            following = await self._stage.bot.tick()
            await self._stage.settle()
        return following

    def _said(self) -> set[tuple[str, int]]:
        """What the bot wrote so far: where (`in #general`, `to Mira`) and when."""
        workspace = self._stage.box.workspace
        people = {key: one.display_name or one.real_name for key, one in workspace.members.items()}
        return {
            (
                _("to {name}", name=people[c.peer])
                if c.peer
                else _("in #{channel}", channel=c.name),
                key,
            )
            for c in workspace.channels.values()
            for key, message in c.messages.items()
            if message.user == workspace.bot.user_id
        }


def _archives(stage: Stage) -> dict[str, Paper]:
    """The archive of each session by the name of its button; `archive` while there is one."""
    sessions = [s for s in _sessions(stage) if s.state is not State.CANCELLED]
    if len(sessions) == 1:
        return {"archive": partial(_paper, stage, sessions[0])}
    return {
        f"archive of {s.event.title.replace('/', ' ')}": partial(_paper, stage, s) for s in sessions
    }


def _board(stage: Stage) -> dict[str, str]:
    """The board of the session that is open, or else of the one that was last."""
    begun = [s for s in _sessions(stage) if s.state not in (State.SCHEDULED, State.CANCELLED)]
    if not begun:
        return {}
    current = max(begun, key=lambda session: (session.state is State.OPEN, session.event.end))
    with stage.bot.database.unit_of_work() as uow:
        link = boards.share(stage.bot.settings, uow, current.id, stage.bot.wall.now())
    return {"Board": link}


def _sessions(stage: Stage) -> list[Session]:
    with stage.bot.database.reading() as uow:
        return sorted(uow.sessions.all(), key=lambda session: session.event.start)


def _paper(stage: Stage, session: Session) -> str | None:
    """The archive to read, and below it the block as it stands in the file; None before."""
    path = stage.bot.library.paths.get(session.event.id)
    if session.state is not State.ARCHIVED or path is None:
        return None
    threads = archive.read(path)
    shown = "\n\n".join(_shown(thread) for thread in threads) or _("Nobody asked anything.")
    heading = _("as it stands in {file}", file=path.name)
    return f"{shown}\n\n\n--- {heading} ---\n\n{archive.dump(threads)}"


def _shown(entry: Entry, indent: str = "") -> str:
    lines = [f"{indent}{entry.name}", *(f"{indent}  {line}" for line in entry.text.splitlines())]
    return "\n".join([*lines, *(f"\n{_shown(reply, indent + '    ')}" for reply in entry.replies)])

"""Playing a script to its end, and what came of it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bot.demo import script as scripts
from bot.demo.script import Act, Script
from bot.demo.stage import Stage, staged
from bot.errors import UserError
from bot.library import archive, formats
from bot.library.document import ARCHIVE
from bot.library.event import REQUIRED, parse
from bot.library.formats import Entry
from bot.library.library import Library, load
from bot.library.people import FOLDER, folder_for
from bot.library.problem import told
from bot.markup import from_markdown, plain
from bot.sessions.model import Event, State
from bot.texts import _

_FILES = Path(__file__).parent
EXAMPLE = _FILES / "schedules" / "20260105-the-patient-compiler.md"
"""The schedule file of the week of our own."""
WEEK = _FILES / "week.yaml"
"""What people say in that week."""

BEFORE = timedelta(hours=1)
"""How long before the start of its session a play begins."""


class Audience(Protocol):
    """Whoever watches a play."""

    def begins(self, script: Script, event: Event, ids: Mapping[str, str], page: str) -> None:
        """The people (`ids` are their Slack member IDs by key), and what they come for.

        `page` is the address of the workspace as a page, while the play lasts.
        """

    def acted(self, act: Act) -> None:
        """Somebody did something."""

    def heard(self, at: datetime, event: Mapping[str, Any], to: str | None) -> None:
        """Slack told of something, at that moment of the play.

        `to` is the member ID of whoever it was told alone, by direct message.
        """


@dataclass(frozen=True, slots=True)
class Comparison:
    """An archive page beside what a replay of it gave.

    `warnings` are what is wrong with the page and does not keep it from being played.
    """

    before: tuple[Entry, ...]
    after: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()

    @property
    def same_shape(self) -> bool:
        """Whether names, order and nesting are the same."""
        return [_shape(t) for t in self.before] == [_shape(t) for t in self.after]

    @property
    def texts(self) -> int:
        """How many texts the page has."""
        return len(_texts(self.before))

    @property
    def same_bytes(self) -> int:
        """How many texts came back byte for byte."""
        pairs = zip(_texts(self.before), _texts(self.after), strict=False)
        return sum(before == after for before, after in pairs)

    @property
    def differing(self) -> list[tuple[str, str]]:
        """Texts that differ for a reader, as pairs (before, after)."""
        pairs = zip(_texts(self.before), _texts(self.after), strict=False)
        return [(b, a) for b, a in pairs if _read(b) != _read(a)]


async def replay(path: Path, output: Path, folder: Path) -> Comparison:
    """Plays an archive page through the sandbox and the real bot; the bot's export is `output`.

    `folder` is for what the play needs meanwhile. Raises UserError for a file that has no
    archive, or is no schedule.
    """
    threads = archive.read(path)
    if not threads:
        raise UserError(
            _(
                "{path}: there is no archive to replay; give a file with an `archive:` block",
                path=path,
            )
        )
    schedules = folder / "schedules"
    library, warnings = to_be_played(path, schedules)
    event = only(library, path)
    script = scripts.of_archive(event, threads)
    async with (
        staged(script, event.start - BEFORE) as stage,
        stage.hosting(schedules, folder, unthreaded="keep"),
    ):
        await stage.until(event.start)
        await stage.bot.tick()
        await stage.settle()
        for act in script.acts:
            await stage.until(act.at)
            stage.do(act)
        await stage.settle()
        await close(stage, event)
    written = archive.read(schedules / path.name)
    archive.write_archive(path, written, output)
    return Comparison(tuple(threads), tuple(written), warnings)


async def week(folder: Path, seconds: float, audience: Audience) -> Path:
    """Plays the week of our own; gives the path of the archive, inside `folder`.

    It lasts `seconds`, or longer on a busy machine: the clock stands while the bot works, and goes
    on to the next hour or act when the bot is done. So everything happens in order and on time.
    """
    schedules = folder / "schedules"
    event = example(schedules)
    script = scripts.load(WEEK, event.start)
    async with (
        staged(script, event.start - BEFORE) as stage,
        stage.hosting(schedules, folder, sweep_interval=60),
    ):
        audience.begins(script, event, stage.ids, stage.box.control_url)
        stage.box.workspace.listen(
            lambda heard, channel: audience.heard(
                stage.clock.now(), heard, channel.peer if channel else None
            )
        )
        began, week = time.monotonic(), event.end - event.start
        acts = list(script.acts)
        for at in _moments(script, event):
            await asyncio.sleep(began + seconds * ((at - event.start) / week) - time.monotonic())
            stage.clock.move_to(at)
            if at == event.end:
                await close(stage, event)
            await stage.bot.tick()
            await stage.bot.edge.sender.drain()
            while acts and acts[0].at == at:
                act = acts.pop(0)
                audience.acted(act)
                stage.do(act)
                await stage.settle()
    return schedules / EXAMPLE.name


def _moments(script: Script, event: Event) -> list[datetime]:
    """Every hour of the session, its end, and when somebody does something, in order."""
    hours = int((event.end - event.start) / timedelta(hours=1))
    return sorted(
        {
            *(event.start + timedelta(hours=hour) for hour in range(hours + 1)),
            *(act.at for act in script.acts),
            event.end,
        }
    )


async def close(stage: Stage, event: Event) -> None:
    """Goes on to the end of the session; returns when its archive is written."""
    await stage.until(event.end)
    await stage.bot.tick()
    await stage.settle()
    await stage.bot.tick()
    with stage.bot.database.reading() as uow:
        session = uow.sessions.by_event(event.id)
        if session is None or session.state is not State.ARCHIVED:
            raise UserError(
                _(
                    "the session of `{event}` was not archived (state: {state})",
                    event=event.id,
                    state=session.state if session is not None else "-",
                )
            )


def example(schedules: Path) -> Event:
    """Makes the folder `schedules` with the example's file and the page of its author, and gives
    the event that it plans."""
    _copy(_FILES / "schedules", schedules)
    return only(load(schedules), schedules / EXAMPLE.name)


def _copy(source: Path, target: Path) -> None:
    """Copies a folder without its permissions: an installed package may not be writable."""
    target.mkdir(parents=True)
    for found in source.iterdir():
        if found.is_dir():
            _copy(found, target / found.name)
        else:
            shutil.copyfile(found, target / found.name)


def to_be_played(path: Path, schedules: Path) -> tuple[Library, tuple[str, ...]]:
    """A folder of schedules with a copy of one file as it was before its session, and of the people
    it may name; and warnings.

    It has no archive, and no `channel`: a play has a channel of its own. A key that is wrong, as
    a link without an address, is a warning and is left out, where the session needs it not.
    """
    schedules.mkdir(parents=True)
    with told(path):
        document = formats.read(path)[0].with_block(ARCHIVE, "")
        schedule = parse(document, path)
        warnings = []
        unwanted = {"channel"} & set(schedule.fields)
        for problem in schedule.problems:
            key = schedule.key_at(problem.line)
            if problem.is_error and key is not None and key not in REQUIRED:
                unwanted.add(key)
                warnings.append(str(problem))
        for key in unwanted:
            document = document.with_block(key, "")
    (schedules / path.name).write_bytes(document.data)
    people = folder_for(path.absolute().parent)
    if people is not None:
        shutil.copytree(people, schedules / FOLDER)
    return load(schedules), tuple(warnings)


def only(library: Library, path: Path) -> Event:
    """The one event of a copied file. Raises UserError where there is none."""
    for problem in library.errors:
        raise UserError(str(problem))
    for event in library.events.values():
        return event
    raise UserError(
        _(
            "{path}: not a schedule file; its name must end with `.md` and not begin with `_`",
            path=path,
        )
    )


def _shape(entry: Entry) -> tuple[str, tuple[str, ...]]:
    return entry.name, tuple(reply.name for reply in entry.replies)


def _texts(threads: tuple[Entry, ...]) -> list[str]:
    return [entry.text for thread in threads for entry in (thread, *thread.replies)]


def _read(text: str) -> list[str]:
    """What a text reads as: its visible words, blanks and empty lines aside."""
    return plain(from_markdown(text)).split()

"""Playing a script to its end, and what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bot.demo import script as scripts
from bot.demo.script import Act, Script
from bot.demo.stage import Stage, staged
from bot.errors import UserError
from bot.library import archive
from bot.library.archive import Entry
from bot.library.library import Library, load
from bot.library.people import FOLDER, folder_for
from bot.markup import from_markdown, plain
from bot.sessions.model import Event, State

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFEST = ROOT / "slack-manifest.yaml"
EXAMPLE = ROOT / "schedules" / "examples" / "20260105-the-patient-compiler.md"
WEEK = Path(__file__).parent / "week.yaml"

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

    def heard(self, at: datetime, event: Mapping[str, Any]) -> None:
        """Slack told of something, at that moment of the play."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An archive page beside what a replay of it gave."""

    before: tuple[Entry, ...]
    after: tuple[Entry, ...]

    @property
    def same_shape(self) -> bool:
        """Whether names, order and nesting are the same."""
        return [_shape(t) for t in self.before] == [_shape(t) for t in self.after]

    @property
    def differing(self) -> list[tuple[str, str]]:
        """Texts that read otherwise than before, as pairs (before, after)."""
        pairs = zip(_texts(self.before), _texts(self.after), strict=False)
        return [(b, a) for b, a in pairs if _read(b) != _read(a)]


async def replay(path: Path, output: Path, folder: Path) -> Comparison:
    """Plays an archive page through the sandbox and the real bot; the bot's export is `output`.

    `folder` is for what the play needs meanwhile. Raises UserError for a file that has no
    archive, or is no schedule.
    """
    threads = archive.read(path)
    if not threads:
        raise UserError(f"{path}: no archive to replay; give a file with an `archive:` block")
    schedules = folder / "schedules"
    event = only(copied(path, schedules, archived=False), path)
    script = scripts.of_archive(event, threads)
    async with (
        staged(script, event.start - BEFORE, MANIFEST) as stage,
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
    return Comparison(tuple(threads), tuple(written))


async def week(folder: Path, speed: float, audience: Audience) -> Path:
    """Plays the week of our own; gives the path of the archive, inside `folder`.

    `speed` is how many seconds of the week pass in a real one.
    """
    schedules = folder / "schedules"
    event = only(copied(EXAMPLE, schedules, archived=True), EXAMPLE)
    script = scripts.load(WEEK, event.start)
    async with (
        staged(script, event.start - BEFORE, MANIFEST) as stage,
        stage.hosting(schedules, folder),
    ):
        audience.begins(script, event, stage.ids, stage.box.control_url)
        stage.clock.run(speed)
        stage.box.workspace.listen(lambda heard, _: audience.heard(stage.clock.now(), heard))
        for act in script.acts:
            await stage.until(act.at)
            if act.at >= event.end:
                await close(stage, event)
            stage.do(act)
            audience.acted(act)
        await stage.settle()
    return schedules / EXAMPLE.name


async def close(stage: Stage, event: Event) -> None:
    """Goes on to the end of the session; returns when its archive is written."""
    await stage.until(event.end)
    await stage.bot.tick()
    await stage.settle()
    await stage.bot.tick()
    with stage.bot.database.reading() as uow:
        session = uow.sessions.by_event(event.id)
        if session is None or session.state is not State.ARCHIVED:
            raise UserError(f"the session of {event.id} did not come to its archive; see the log")


def copied(path: Path, schedules: Path, archived: bool) -> Library:
    """A folder of schedules with a copy of one file and of the people it may name.

    Without its archive (`archived` False) the file is that of a session still to come.
    """
    schedules.mkdir(parents=True)
    target = schedules / path.name
    if archived:
        shutil.copyfile(path, target)
    else:
        target.write_bytes(archive.without_archive(path))
    people = folder_for(path.absolute().parent)
    if people is not None:
        shutil.copytree(people, schedules / FOLDER)
    return load(schedules)


def only(library: Library, path: Path) -> Event:
    """The one event of a copied file. Raises UserError where there is none."""
    for problem in library.errors:
        raise UserError(str(problem))
    for event in library.events.values():
        return event
    raise UserError(f"{path}: plans no event; its name must end with .md and not begin with _")


def _shape(entry: Entry) -> tuple[str, tuple[str, ...]]:
    return entry.name, tuple(reply.name for reply in entry.replies)


def _texts(threads: tuple[Entry, ...]) -> list[str]:
    return [entry.text for thread in threads for entry in (thread, *thread.replies)]


def _read(text: str) -> list[str]:
    """What a text reads as: its visible words, blanks and empty lines aside."""
    return plain(from_markdown(text)).split()

"""Changes on disk -> what is new in the library, within seconds.

The system's notices (watchfiles) make it quick; a look at the folder every few seconds makes
it sure, because notices are not there for every file system (network shares, some containers)
and can run out. A look costs one `stat` per file.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

from bot.library.library import Changes, Library, diff

log = logging.getLogger(__name__)

DEBOUNCE_MS = 300
"""An editor's or git's burst of writes is waited out, at most this many milliseconds."""


async def watch(
    before: Library,
    read: Callable[[Library], Library],
    stop: asyncio.Event,
    *,
    every: float = 5.0,
    notices: bool = True,
) -> AsyncGenerator[tuple[Library, Changes]]:
    """The library anew whenever its folder changed, with what changed, until `stop` is set.

    `before` is the last reading; `read` reads again, given the last one (in a thread: `load`
    with its arguments bound). At least every `every` seconds there is a look without a notice;
    `notices=False` does without the system's. An archive that we wrote is no change.
    """
    async with aclosing(_prompts(_folders(before), stop, every, notices)) as prompts:
        async for _ in prompts:
            now = await asyncio.to_thread(read, before)
            changes = diff(before, now)
            before = now
            if changes:
                yield now, changes


def _folders(library: Library) -> list[Path]:
    """The root and, where it lies beside the root, the folder of people."""
    folders = [library.root]
    people = library.directory.folder
    if people is not None and not people.absolute().is_relative_to(library.root.absolute()):
        folders.append(people)
    return folders


async def _prompts(
    folders: list[Path], stop: asyncio.Event, every: float, notices: bool
) -> AsyncGenerator[None]:
    """Says when to look: at each notice, and when there was none for a while."""
    while notices and not stop.is_set():
        notified = awatch(
            *[folder for folder in folders if folder.is_dir()],
            stop_event=_Stop(stop),  # is_set and set are all it calls
            debounce=DEBOUNCE_MS,
            rust_timeout=max(1, int(every * 1000)),
            yield_on_timeout=True,
        )
        try:
            async with aclosing(notified):
                while folders[0].is_dir():
                    await anext(notified)
                    yield
        except StopAsyncIteration:
            return
        except ExceptionGroup as group:
            # What goes wrong while it watches comes so: a name that is no text, say.
            ours, others = group.split((OSError, RuntimeError))
            if others is not None or ours is None:
                raise
            log.info("a notice of a changed file cannot be read; checking the folder")
            yield
            await _pause(stop, min(every, 1.0))
            yield  # what changed while nobody watched
        except (OSError, RuntimeError) as error:
            # RuntimeError: what watchfiles' Rust side raises, the limit of inotify watches too.
            log.warning("no notices of changed files (%s); checking every %g s", error, every)
            notices = False
        else:
            # The root is gone: look for it, and watch it again when it is back.
            await _pause(stop, min(every, 1.0))
            yield
    while not stop.is_set():
        await _pause(stop, every)
        if not stop.is_set():
            yield


class _Stop:
    """What watchfiles may set when it is cancelled, without stopping anything else."""

    def __init__(self, outer: asyncio.Event) -> None:
        self.outer = outer
        self.own = False

    def is_set(self) -> bool:
        return self.own or self.outer.is_set()

    def set(self) -> None:
        self.own = True


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits, or until `stop` is set."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return

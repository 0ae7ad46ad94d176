"""Changes on disk -> what is new in the library, within seconds.

The system's notices (watchfiles) make it quick; a look at the folder every few seconds makes
it sure, because notices are not there for every file system (network shares, some containers)
and can run out. A look costs one `stat` per file.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

from bot.library import formats
from bot.library.files import Stamp
from bot.library.library import NOT_EVENTS, Changes, Library
from bot.support.tasks import happens

log = logging.getLogger(__name__)

DEBOUNCE_MS = 300
"""An editor's or git's burst of writes is waited out, at most this many milliseconds."""


async def watch(
    known: Callable[[], Library],
    read: Callable[[], Awaitable[Changes]],
    stop: asyncio.Event,
    *,
    every: float = 5.0,
    notices: bool = True,
) -> AsyncGenerator[Changes]:
    """What changed, whenever the folder changed, until `stop` is set.

    `known` gives the last reading; `read` reads again, and gives what changed. At least every
    `every` seconds there is a look without a notice; `notices=False` does without the system's.
    An archive that we wrote is no change, and what was read already is not read again.
    """
    async with aclosing(_prompts(_folders(known()), stop, every, notices)) as prompts:
        async for paths in prompts:
            if paths and not is_news(known(), paths):
                continue
            changes = await read()
            if changes:
                yield changes


def is_news(library: Library, paths: Iterable[Path]) -> bool:
    """Whether one of the paths may not be as the library's reading of the folder found it.

    A file that changed twice within one tick of the file system's clock may be taken for known
    here; as its stamp is not settled then, the next look without a notice reads it.
    """
    known = {path.absolute(): read.stamp for path, read in library.files.items()}
    for path in paths:
        if path.name.startswith(("_", ".")):
            continue
        before = known.get(path.absolute())
        try:
            now = Stamp.of(path.stat())
        except OSError:
            if before is not None or NOT_EVENTS & set(path.parts) or not formats.named(path.name):
                return True
        else:
            if now != before:
                return True
    return False


def _folders(library: Library) -> list[Path]:
    """The root and, where it lies beside the root, the folder of people."""
    folders = [library.root]
    people = library.directory.folder
    if people is not None and not people.absolute().is_relative_to(library.root.absolute()):
        folders.append(people)
    return folders


async def _prompts(
    folders: list[Path], stop: asyncio.Event, every: float, notices: bool
) -> AsyncGenerator[set[Path]]:
    """Says when to look: at each notice, with its paths, and when there was none for a while."""
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
                    yield {Path(path) for _change, path in await anext(notified)}
        except StopAsyncIteration:
            return
        except ExceptionGroup as group:
            # What goes wrong while it watches comes so: a name that is no text, say.
            ours, others = group.split((OSError, RuntimeError))
            if others is not None or ours is None:
                raise
            log.info("a notice of a changed file cannot be read; checking the folder")
            yield set()
            await happens(stop, min(every, 1.0))
            yield set()  # what changed while nobody watched
        except (OSError, RuntimeError) as error:
            # RuntimeError: what watchfiles' Rust side raises, the limit of inotify watches too.
            log.warning("no notices of changed files (%s); checking every %g s", error, every)
            notices = False
        else:
            # The root is gone: look for it, and watch it again when it is back.
            await happens(stop, min(every, 1.0))
            yield set()
    while not stop.is_set():
        await happens(stop, every)
        if not stop.is_set():
            yield set()


class _Stop:
    """What watchfiles may set when it is cancelled, without stopping anything else."""

    def __init__(self, outer: asyncio.Event) -> None:
        self.outer = outer
        self.own = False

    def is_set(self) -> bool:
        return self.own or self.outer.is_set()

    def set(self) -> None:
        self.own = True

"""Changes on disk arrive within seconds, with and without the system's notices."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.library import archive
from bot.library.formats import Entry
from bot.library.library import Changes, Library, diff, load
from bot.library.watch import is_news, watch
from tests.library.test_library import put, text
from tests.waiting import PATIENCE


def read(root: Path, before: Library | None) -> Library:
    return load(root, previous=before)


def titles(changes: Changes) -> list[str]:
    """The titles of events that are new or changed."""
    return [event.title for event in changes.planned.values()]


@asynccontextmanager
async def watching(
    root: Path, *, every: float = 30.0, notices: bool = True
) -> AsyncIterator[Callable[[], asyncio.Future[Changes]]]:
    """Gives a function that waits for the next changes."""
    found: asyncio.Queue[Changes] = asyncio.Queue()
    stop = asyncio.Event()
    known = read(root, None)

    async def read_again() -> Changes:
        nonlocal known
        before, known = known, await asyncio.to_thread(read, root, known)
        return diff(before, known)

    async def follow() -> None:
        async for changes in watch(lambda: known, read_again, stop, every=every, notices=notices):
            found.put_nowait(changes)

    task = asyncio.create_task(follow())
    # The watch is set up in a thread; what changes before that is seen at the next look.
    await asyncio.sleep(0.2)
    try:
        yield lambda: asyncio.ensure_future(asyncio.wait_for(found.get(), PATIENCE))
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE)


@pytest.mark.parametrize(("every", "notices"), [(30.0, True), (0.1, False)])
async def test_what_happens_to_files_is_told(tmp_path: Path, every: float, notices: bool) -> None:
    path = put(tmp_path / "a.md", text("A"))
    async with watching(tmp_path, every=every, notices=notices) as following:
        put(path, text("B"))
        assert titles(await following()) == ["B"]
        put(path, "nothing")
        assert [problem.path for problem in (await following()).problems] == [path]
        put(path, text("C"))
        assert (await following()).mended == ("a",)
        put(tmp_path / "new" / "b.md", text("D", day=12))
        assert titles(await following()) == ["D"]
        shutil.rmtree(tmp_path / "new")
        assert (await following()).removed == ("b",)


async def test_an_archive_of_ours_is_not_told(tmp_path: Path) -> None:
    path = put(tmp_path / "a.md", text("A"))
    async with watching(tmp_path, every=0.1) as following:
        archive.write_archive(path, [Entry("A", "a")])
        await asyncio.sleep(0.6)
        put(tmp_path / "b.md", text("B", day=12))
        assert titles(await following()) == ["B"]


async def test_a_folder_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    root = tmp_path / "schedules"
    put(root / "a.md", text("A"))
    async with watching(root, every=0.2) as following:
        root.rename(tmp_path / "away")
        changes = await following()
        assert [problem.path for problem in changes.problems] == [root]
        assert changes.removed == ()
        (tmp_path / "away").rename(root)
        assert (await following()).mended == ("a",)


async def test_without_notices_of_the_system_it_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_inotify(*args: object) -> None:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.main.RustNotify", no_inotify)
    put(tmp_path / "a.md", text("A"))
    async with watching(tmp_path, every=0.1) as following:
        put(tmp_path / "a.md", text("B"))
        assert titles(await following()) == ["B"]


async def test_cancelling_a_watch_does_not_stop_others(tmp_path: Path) -> None:
    put(tmp_path / "a.md", text("A"))
    stop = asyncio.Event()

    async def follow() -> None:
        known = read(tmp_path, None)

        async def read_again() -> Changes:
            return diff(known, read(tmp_path, known))

        async for _ in watch(lambda: known, read_again, stop):
            raise AssertionError("nothing changed")

    task = asyncio.create_task(follow())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE)
    assert not stop.is_set()


async def test_a_name_that_is_no_text_does_not_end_the_watch(tmp_path: Path) -> None:
    async with watching(tmp_path, every=0.5) as following:
        (tmp_path / os.fsdecode(b"\xff\xfe.md")).write_text("no text")
        assert (await following()).problems
        put(tmp_path / "a.md", text("A"))
        assert titles(await following()) == ["A"]


def test_what_was_read_already_is_no_news(tmp_path: Path) -> None:
    path = put(tmp_path / "a.md", text("A"))
    person = put(tmp_path / "people" / "cleo.md", "---\ntitle: Cleo\n---\n")
    known = read(tmp_path, None)
    hidden = put(tmp_path / ".a.md.tmp", "half")
    assert not is_news(known, [path, hidden, tmp_path / "_a.md", tmp_path / "gone.md"])
    put(path, text("B"))
    assert is_news(known, [path])
    known = read(tmp_path, known)
    assert not is_news(known, [path])
    assert is_news(known, [put(tmp_path / "b.md", text("B", day=12))])
    person.unlink()
    assert is_news(known, [person])
    path.unlink()
    assert is_news(known, [path])
    assert not is_news(read(tmp_path, known), [path])

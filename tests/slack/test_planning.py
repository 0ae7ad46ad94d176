"""Organizers plan from Slack: what they type ends in the files, and what the files say happens."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.library import files
from bot.library.git import Author, Repository
from bot.library.library import Library, check
from bot.running.bot import Bot
from bot.services import schedules
from bot.sessions.model import State
from bot.sessions.ports import QueuedCommit
from bot.slack.listeners import interactions, planning
from tests.scene import CHANNEL, END, EVENT, START, Scene, scene
from tests.slack.organizer_driver import OrganizerDriver
from tests.waiting import PATIENCE, until


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


@asynccontextmanager
async def office(world: Scene, **settings: Any) -> AsyncIterator[OrganizerDriver]:
    """The organizer, while the bot runs."""
    organizer = world.stage.organizer
    async with world.bot(organizers=(organizer,), **settings):
        yield OrganizerDriver(world, organizer)


async def state(world: Scene, wanted: State, event: str = EVENT) -> None:
    """Waits until the session is in a state: what a file says is planned within a moment."""
    async with asyncio.timeout(PATIENCE):
        while (found := world.session(event)) is None or found.state is not wanted:
            await asyncio.sleep(0.01)
            await world.look()
    await world.hear()  # the state may have changed after the last look


NEW = {
    "title": "C: A “Book” & More",
    "names": "Nobody Known\nB. Writer",
    "start_date": "2026-01-12",
    "start_time": "09:00",
    "end_date": "2026-01-16",
    "end_time": "23:59",
    "timezone": "Europe/Berlin",
    "links": "Book's page https://example.com/book\nhttps://example.org/code",
    "body": "About *it*.\n\n- one\n- two",
}


async def test_a_session_is_planned_with_the_form(world: Scene) -> None:
    async with office(world) as ines:
        await ines.form("new Something")
        outcome = await ines.submit(**NEW, members=[world.id("ben")])
        assert outcome.errors == {}
        path = world.schedules / "20260112-c-a-book-more.md"
        assert path.read_text() == (
            "---\n"
            'title: "C: A “Book” & More"\n'
            'description: "Book of the Week. C: A “Book” & More by Ben Reader, Nobody Known and '
            'B. Writer"\n'
            'cover: "images/books/20260112-c-a-book-more/cover.jpg"\n'
            'image: "images/books/20260112-c-a-book-more/preview.jpg"\n'
            "start: 2026-01-12 09:00:00\n"
            "end: 2026-01-16 23:59:59\n"
            "authors:\n- Ben Reader\n- Nobody Known\n- B. Writer\n"
            "links:\n"
            "- text: Book's page\n  link: https://example.com/book\n"
            "- text: example.org\n  link: https://example.org/code\n"
            "timezone: Europe/Berlin\n"
            f"slack:\n  Ben Reader: {world.id('ben')}\n"
            "---\n\nAbout *it*.\n\n- one\n- two\n"
        )
        problems = check([world.schedules], default_channel=CHANNEL, now=START).problems
        assert [p for p in problems if p.is_error] == []
        await state(world, State.SCHEDULED, path.stem)
        session = world.session(path.stem)
        assert session is not None
        assert session.event.author_ids == {world.id("ben")}
        async with asyncio.timeout(PATIENCE):
            while "is planned" not in ines.notes():
                await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_what_is_wrong_stands_below_the_inputs_and_nothing_is_written(world: Scene) -> None:
    async with office(world) as ines:
        before = sorted(world.schedules.iterdir())
        form = await ines.form("new")
        assert "Europe/Berlin" in str(form), "the zone of the organizer's profile"
        for wrong, where, what in (
            ({"end_date": "2026-01-01"}, "end_date", "not after"),
            ({"timezone": "Mars/Olympus"}, "timezone", "IANA"),
            ({"links": "no address"}, "links", "no address"),
            ({"names": ""}, "names", "author"),
            ({"links": "x ftp://example.com"}, "links", "address"),
            ({"start_date": "2026-01-07"}, "start_date", "overlaps"),
        ):
            outcome = await ines.submit(**{**NEW, **wrong})
            assert what in outcome.errors.get(where, ""), (wrong, outcome)
        assert sorted(world.schedules.iterdir()) == before
        await ines.submit(**NEW)
        assert len(sorted(world.schedules.iterdir())) == len(before) + 1


@pytest.mark.slow
async def test_the_schedule_shows_conflicts_and_broken_files(world: Scene) -> None:
    async with office(world) as ines:
        (world.schedules / "20260107-other.md").write_text(
            "---\ntitle: Other & <more>\nstart: 2026-01-07\nend: 2026-01-13 00:00:00\n"
            "authors: [x]\n---\n"
        )
        (world.schedules / "20260114-bad.md").write_text("---\ntitle: Bad\n---\n")
        said = await ines.qa("schedule")
        assert "The Book" in said
        assert "Other &amp; &lt;more&gt;" in said
        assert "overlaps" in said
        assert "20260114-bad.md" in said


async def test_moving_extending_opening_and_closing_change_the_file(world: Scene) -> None:
    path = world.schedules / f"{EVENT}.md"
    before = path.read_text()
    async with office(world) as ines:
        assert "is now" in await ines.qa("move the-book 2026-01-12")
        assert path.read_text() == before.replace("01-05 00", "01-12 00").replace("01-09", "01-16")
        assert "is now" in await ines.qa("move the-book 2026-01-13 9:00 2026-01-13 18:00")
        # The file is in UTC; who types has the zone of the profile, Europe/Berlin.
        assert "start: 2026-01-13 08:00:00\nend: 2026-01-13 17:00:00\n" in path.read_text()
        assert "is now" in await ines.qa("move the-book 2026-01-13 9:00 UTC 2026-01-13 18:00 UTC")
        assert "start: 2026-01-13 09:00:00\nend: 2026-01-13 18:00:00\n" in path.read_text()
        assert "No session is open" in await ines.qa("extend 2 days")
        assert "add `now`" in await ines.qa("open")
        assert "opens now" in await ines.qa("open now")
        await state(world, State.OPEN)
        assert world.posted()[0].text.startswith("The Book")
        assert "start: 2026-01-04 23:00" in path.read_text()
        assert "has begun" in await ines.qa("move the-book 2026-01-19")
        assert "is now" in await ines.qa("extend 2 days")
        assert "end: 2026-01-15 18:00:00\n" in path.read_text()
        assert "is open; end it" in await ines.qa("cancel the-book")
        world.stage.clock.advance(timedelta(hours=2))
        world.say("ben", "A question?")
        await world.hear()
        assert "closes now" in await ines.qa("close now")
        world.stage.clock.advance(timedelta(seconds=1))
        await state(world, State.ARCHIVED)
        assert world.threads() == [("Ben", "A question?", [])]
        assert "end: 2026-01-05 01:00:02\n" in path.read_text()
        assert "is over" in await ines.qa("extend the-book 2 days")
        log = await ines.qa("log")
        for what in ("moved", "extended", "opened", "closed"):
            assert f"{what} `{EVENT}`" in log


@pytest.mark.slow
async def test_what_was_asked_in_the_second_of_the_close_belongs_to_the_session(
    world: Scene,
) -> None:
    async with office(world) as ines:
        await world.to(START)
        world.stage.clock.advance(timedelta(milliseconds=400))
        asked = world.say("ben", "In time?")
        world.stage.clock.advance(timedelta(milliseconds=300))
        assert "closes now" in await ines.qa("close now")
        world.stage.clock.advance(timedelta(seconds=1))
        await state(world, State.ARCHIVED)
        session = world.session()
        assert session is not None
        assert session.collects(asked)
        assert session.over_at == START + timedelta(seconds=2)
        assert world.threads() == [("Ben", "In time?", [])]


@pytest.mark.slow
async def test_what_is_confirmed_is_in_the_database(world: Scene) -> None:
    """However long the next look for what is due takes."""
    async with office(world) as ines:
        await world.to(START)
        bot = world.stage.bot
        async with bot._ticking:
            assert "is now" in await ines.qa("extend 1 day")
            with bot.database.reading() as uow:
                found = uow.sessions.by_event(EVENT)
            assert found is not None
            assert found.event.end == END + timedelta(days=1)


@pytest.mark.slow
async def test_the_folder_is_read_once_for_each_change(
    world: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system's notices say afterwards is known already: tests/library/test_watch.py."""
    read: list[str] = []
    load, read_file = schedules.load, files.read

    def counting_load(*given: Any, **named: Any) -> Library:
        read.append("folder")
        return load(*given, **named)

    def counting_read(path: Path, *given: Any) -> Any:
        read.append(path.name)
        return read_file(path, *given)

    async def unwatched(*_given: object) -> AsyncIterator[object]:
        return
        yield

    for name in ("20260112-two", "20260119-three"):
        book = (world.schedules / f"{EVENT}.md").read_text()
        week = name[4:8]
        text = book.replace("-01-05", f"-{week[:2]}-{week[2:]}").replace(
            "-01-09", f"-{week[:2]}-{int(week[2:]) + 4}"
        )
        (world.schedules / f"{name}.md").write_text(text)
        os.utime(world.schedules / f"{name}.md", (1_700_000_000, 1_700_000_000))
    monkeypatch.setattr(schedules, "watch", unwatched)
    async with office(world) as ines:
        await world.to(START)
        monkeypatch.setattr(schedules, "load", counting_load)
        monkeypatch.setattr(files, "read", counting_read)
        assert "is now" in await ines.qa("extend 1 day")
        await world.hear()
    assert read.count("folder") == 1
    # Once to change it, and once as the folder is read.
    assert sorted(read) == [f"{EVENT}.md", f"{EVENT}.md", "folder"]


@pytest.mark.slow
async def test_extending_twice_within_a_minute_extends_once(world: Scene) -> None:
    path = world.schedules / f"{EVENT}.md"
    async with office(world) as ines:
        await world.to(START)
        first = await ines.qa("extend 1 day")
        again = await ines.qa("extend  1 DAY")
        assert "is now" in first
        assert "twice within a minute" in again
        assert "end: 2026-01-10 22:59:59\n" in path.read_text()
        assert "is now" in await ines.qa("extend 2 days")
        assert "end: 2026-01-12 22:59:59\n" in path.read_text()
        log = await ines.qa("log")
        assert log.count(f"extended `{EVENT}`") == 2


@pytest.mark.slow
async def test_extending_twice_leaves_alone_what_was_changed_in_between(
    world: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SAME_WITHIN", timedelta(days=1))  # however slow the machine is
    path = world.schedules / f"{EVENT}.md"
    async with office(world) as ines:
        await world.to(START)
        assert "is now" in await ines.qa("extend 1 day")
        text = path.read_text()
        path.write_text(text.replace("end: 2026-01-10 22:59:59", "end: 2026-01-07 12:00:00"))
        assert "twice within a minute" in await ines.qa("extend 1 day")
        assert "end: 2026-01-07 12:00:00\n" in path.read_text()


@pytest.mark.slow
async def test_the_same_form_sent_twice_plans_one_book(world: Scene) -> None:
    async with office(world) as ines:
        before = len(sorted(world.schedules.iterdir()))
        await ines.form("new")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(interactions, "ACKNOWLEDGE_WITHIN_SECONDS", 0.0)
            outcome = await ines.submit(**NEW)
        assert "I will finish it" in str(outcome.errors)
        async with asyncio.timeout(PATIENCE):
            while len(sorted(world.schedules.iterdir())) == before:
                await asyncio.sleep(0.01)
            while not (await ines.submit()).acknowledged:
                await asyncio.sleep(0.01)
        assert len(sorted(world.schedules.iterdir())) == before + 1


@pytest.mark.slow
async def test_commits_of_a_bot_that_was_killed_are_made_and_pushed_once(
    world: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(tmp_path, "init", "-q", "-b", "main", str(world.schedules))
    git(world.schedules, "add", ".")
    by_hand = ("-c", "user.name=Ines", "-c", "user.email=x@x", "commit", "-qam")
    git(world.schedules, *by_hand, "All")
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    path = world.schedules / f"{EVENT}.md"

    def left_behind(message: str, at: datetime) -> None:
        """What a bot leaves that is killed before it notes that the file is written."""
        commit = QueuedCommit((path,), message, "Ines", "x@x")
        with world.stage.bot.database.unit_of_work() as uow:
            uow.commits.add(world.schedules, commit, at)

    before = datetime.now(UTC) - timedelta(minutes=5)

    def pushed() -> list[str]:
        return git(remote, "log", "--format=%s", "--branches").splitlines()

    def waits() -> bool:
        with world.stage.bot.database.reading() as uow:
            return bool(uow.commits.ready(world.schedules, datetime.now(UTC)))

    async with office(world, git_commit=True, git_remote=str(remote)):
        path.write_text(path.read_text() + "\nMore.\n")
        left_behind("Killed after it wrote", before)
        await until(lambda: pushed() == ["Killed after it wrote", "All"])
        left_behind("Killed before it wrote", before + timedelta(seconds=1))
        await until(lambda: not waits())
        path.write_text(path.read_text() + "\nStill more.\n")
        committed_at = before + timedelta(seconds=2)
        message = "Killed before it noted that it must push"
        Repository(world.schedules).commit([path], message, Author.of("Ines"), committed_at)
        path.write_text(path.read_text() + "\nWhat a person wrote since.\n")
        left_behind(message, committed_at)
        await until(lambda: not waits())
        await until(lambda: message in pushed()[0])
        assert len(pushed()) == 3
        assert "wrote since" in git(world.schedules, "diff", "HEAD")


@pytest.mark.slow
async def test_cancelled_and_back(world: Scene) -> None:
    async with office(world) as ines:
        assert "is cancelled" in await ines.qa("cancel the-book")
        await state(world, State.CANCELLED)
        assert [p.name for p in world.schedules.iterdir()] == [f"_{EVENT}.md"]
        await world.to(START)
        assert world.posted() == []
        assert "planned again" in await ines.qa("restore the-book")
        await state(world, State.OPEN)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("move", "which event"),
        ("move the-book whenever", "as a date"),
        ("move nothing-like-it 2026-01-12", "No event"),
        ("move the-book 2026-01-12 2026-01-11", "not after"),
        ("extend the-book soon", "as a duration"),
        ("extend -2 days", "I don't understand “-2 days” as a duration"),
        ("close now", "No session is open"),
        ("cancel", "which event"),
        ("restore the-book", "No cancelled event matches"),
    ],
)
async def test_every_error_says_what_to_do(world: Scene, text: str, part: str) -> None:
    before = {p.name: p.read_bytes() for p in world.schedules.iterdir()}
    async with office(world) as ines:
        assert part in await ines.qa(text)
    assert {p.name: p.read_bytes() for p in world.schedules.iterdir()} == before


@pytest.mark.slow
async def test_the_right_is_asked_for_every_time(world: Scene) -> None:
    async with office(world) as ines:
        ben = OrganizerDriver(world, world.id("ben"))
        words = ["schedule", "new", "move", "extend", "open", "close", "cancel", "restore", "log"]
        words += ["hide", "unhide", "mute", "unmute", "winners"]
        for word in words:
            assert "ask one of them" in (said := await ben.qa(f"{word} now {EVENT}")) or (
                word == "winners" and "Only the authors" in said
            )
        assert world.stage.box.surfaces.top(ben.who) is None
        log = await ines.qa("log")
        assert "was not allowed to use `/qa cancel`" in log
        assert f"<@{ben.who}>" in log


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.slow
async def test_changes_and_archives_are_commits(
    world: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(tmp_path, "init", "-q", "-b", "main", str(world.schedules))
    git(world.schedules, "add", ".")
    git(world.schedules, "-c", "user.name=X", "-c", "user.email=x@x", "commit", "-qm", "All")
    remote = tmp_path / "remote.git"
    async with office(world, git_commit=True, git_remote=str(remote)) as ines:
        bot: Bot = world.stage.bot
        await ines.qa("extend the-book 1 day")
        await bot.commits.wait_idle()
        assert "Commits to the schedules are not pushed yet" in "\n".join(
            [m.text for m in ines.direct()] or [await _told(world)]
        )
        git(tmp_path, "init", "-q", "--bare", str(remote))
        world.stage.clock.advance(timedelta(minutes=2))
        await bot.commits.wait_idle()
        assert git(remote, "log", "-1", "--format=%an %s", "marginalia").startswith(
            "Ines Kestrel Let “The Book” end then"
        )
        await world.to(START)
        world.say("ben", "A question?")
        await world.hear()
        await world.to(END + timedelta(days=1))
        await bot.commits.wait_idle()
        assert git(remote, "log", "-1", "--format=%an %s", "marginalia") == (
            "Marginalia Archive “The Book”"
        )
        assert git(world.schedules, "status", "--short") == ""


@pytest.mark.slow
@pytest.mark.parametrize("mended", [True, False])
async def test_a_change_that_could_not_be_committed_is_tried_once_more_at_the_end(
    world: Scene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mended: bool,
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(tmp_path, "init", "-q", "-b", "main", str(world.schedules))
    git(world.schedules, "add", ".")
    git(world.schedules, "-c", "user.name=X", "-c", "user.email=x@x", "commit", "-qm", "All")
    lock = world.schedules / ".git" / "index.lock"
    async with office(world, git_commit=True) as ines:
        lock.touch()
        await ines.qa("extend the-book 1 day")
        await world.stage.bot.commits.wait_idle()
        assert "was not committed" in await _told(world)
        assert git(world.schedules, "log", "-1", "--format=%s") == "All"
        if mended:
            lock.unlink()
    begins = "Ines Kestrel Let “The Book” end then" if mended else "X All"
    assert git(world.schedules, "log", "-1", "--format=%an %s").startswith(begins)
    lost = [m for m in caplog.messages if m.startswith("not committed yet: Let “The Book” end")]
    assert len(lost) == (0 if mended else 1)


async def _told(world: Scene) -> str:
    await world.look()
    return "\n".join(world.told())


@pytest.mark.slow
async def test_without_a_repository_the_bot_says_so_and_does_not_start(world: Scene) -> None:
    from bot.errors import UserError

    with pytest.raises(UserError, match="git init"):
        async with office(world, git_commit=True):
            pass


@pytest.mark.slow
async def test_many_long_events_are_within_slacks_limits(world: Scene) -> None:
    for number in range(40):
        day = datetime(2026, 2, 2, tzinfo=UTC) + timedelta(days=number)
        name = f"<&> {'wörd 📚' * 60} {number}"
        (world.schedules / f"{day:%Y%m%d}-{'x' * 80}-{number}.md").write_text(
            f'---\ntitle: "{name}"\nstart: {day:%Y-%m-%d} 00:00:00\nend: {day:%Y-%m-%d} 23:59:59\n'
            f"authors:\n{''.join(f'- Author {n} of {name[:99]}{chr(10)}' for n in range(20))}---\n"
        )
    async with office(world) as ines:
        said = await ines.qa("schedule")
        assert "more" in said
        assert world.stage.box.wire.entries(0)

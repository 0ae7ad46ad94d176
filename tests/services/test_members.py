"""Authors whom a file names without an ID: found beside all else, in a workspace of any size."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.running.clock import FreeClock, SystemClock
from bot.services import schedules
from bot.services.members import MemberDirectory
from bot.slack.api.gateway import PAGE
from bot.store.database import Database
from bot.support.outage import Outage
from slackbox.faults import CallFault
from tests.databases import cut
from tests.scene import BOOK, END, EVENT, START, Scene, scene, text_of
from tests.slack.member_driver import MemberDriver, words
from tests.slack.test_linking import FIRST, SECOND, SURE, mark, under
from tests.waiting import until

NAMED = BOOK.replace("[Ada Author, Nobody Known]", "[Ada Author]")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, {f"{EVENT}.md": NAMED}) as made:
        yield made


def crowd(world: Scene, number: int) -> None:
    """So many more members, who were there before the bot was."""
    for n in range(number):
        world.workspace.add_person(f"Member {n}", f"m{n}", quiet=True)


def listed(world: Scene) -> int:
    """How many pages of members were asked for."""
    entries = world.stage.box.wire.entries()
    return sum(1 for e in entries if e["kind"] == "request" and e.get("method") == "users.list")


def is_named(world: Scene) -> bool:
    return f"<@{world.id('ada')}>" in text_of(world.posted()[0])


class TestFinding:
    @pytest.mark.slow
    async def test_a_due_session_opens_before_its_author_is_known(self, world: Scene) -> None:
        """Slack does not list a single member; acknowledging and opening go on."""
        await world.stage.until(START + timedelta(hours=1))
        world.stage.box.faults.calls.append(CallFault("users.list", "slow", seconds=3.0))
        async with world.stage.hosting(world.schedules, world.folder):
            await until(world.posted, "the announcement")
            (announcement,) = world.posted()
            assert not is_named(world)
            assert "Ada Author" in text_of(announcement)
            world.say("ben", "Is anybody there?")
            await world.stage.box.settle()
            assert world.stage.box.dispatcher.pending == 0
            await until(lambda: is_named(world), "the author's name in the announcement")
            assert len(world.posted()) == 1
            session = world.session()
            assert session is not None
            assert session.author_ids == {world.id("ada")}

    @pytest.mark.slow
    async def test_members_are_listed_page_by_page_and_names_told_apart(self, world: Scene) -> None:
        crowd(world, 2 * PAGE)
        async with world.bot() as bot:
            await world.to(START)
            assert is_named(world)
            health = await bot.health()
        assert listed(world) == 3
        assert health.numbers["members_listed"] == len(world.workspace.members)
        assert not health.numbers["member_listing"]

    async def test_two_members_of_one_name_are_neither(self, world: Scene) -> None:
        crowd(world, PAGE)
        world.workspace.add_person("Ada  AUTHOR", "other", quiet=True)
        async with world.bot():
            await world.to(START)
            assert "Ada Author" in text_of(world.posted()[0])
            assert not is_named(world)

    @pytest.mark.slow
    async def test_a_hundred_files_cause_one_listing(self, world: Scene) -> None:
        async with world.bot() as bot:
            await world.look()
            assert listed(world) == 1
            for number in range(100):
                (world.schedules / f"20270105-{number}.md").write_text(
                    NAMED.replace("Ada Author]", f"Stranger {number}]")
                    .replace("2026", "2027")
                    .replace("authors:", f"channel: c{number}\nauthors:")
                )
                if number % 10 == 0:
                    await bot.reread()
            for _ in range(3):
                await bot.reread()
                await world.look()
            assert listed(world) == 1

    async def test_who_joins_later_is_found_by_the_event(self, world: Scene) -> None:
        path = world.schedules / f"{EVENT}.md"
        path.write_text(NAMED.replace("Ada Author]", "Dora New]"))
        async with world.bot():
            await world.to(START)
            assert "Dora New" in text_of(world.posted()[0])
            dora = world.workspace.add_person("Dora New").id
            await world.look()
            assert f"<@{dora}>" in text_of(world.posted()[0])
            assert listed(world) == 1

    async def test_what_they_answered_before_they_were_found_is_an_answer(
        self, world: Scene
    ) -> None:
        (world.schedules / f"{EVENT}.md").write_text(NAMED.replace("Ada Author]", "Dora New]"))
        async with world.bot():
            await world.to(START)
            ben, ada = MemberDriver(world, "ben"), MemberDriver(world, "ada")
            first, second = world.say("ben", FIRST), world.say("ada", SECOND)
            outside = world.say("cleo", SURE)
            world.say("cleo", "Any of them.", second)
            await world.hear()
            assert ben.direct() == ada.direct() == []
            world.workspace.change_person(world.id("cleo"), real_name="Dora New")
            await world.look()
            await world.hear()
            assert mark(world, first)
            assert under(world, outside) == (first, False)
            assert "Any of them." in words((await until(ada.direct))[0].blocks)
            assert SURE in words((await until(ben.direct))[0].blocks)

    async def test_an_edit_is_planned_that_is_read_because_an_author_was_found(
        self, world: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No notice tells of the edit, so this is the only time that the folder is read."""

        async def unwatched(*_given: object) -> AsyncIterator[object]:
            return
            yield

        monkeypatch.setattr(schedules, "watch", unwatched)
        path = world.schedules / f"{EVENT}.md"
        text = NAMED.replace("Ada Author]", "Dora New]")
        path.write_text(text)
        async with world.bot():
            await world.to(START)
            path.write_text(text.replace("end: 2026-01-09", "end: 2026-01-08"))
            dora = world.workspace.add_person("Dora New").id
            await world.look()
            session = world.session()
            assert session is not None
            assert session.event.end == END - timedelta(days=1)
            assert session.author_ids == {dora}

    @pytest.mark.slow
    async def test_who_is_renamed_is_found_by_the_new_name(self, world: Scene) -> None:
        path = world.schedules / f"{EVENT}.md"
        path.write_text(NAMED.replace("Ada Author]", "Benedict Reader]"))
        async with world.bot():
            await world.to(START)
            world.workspace.change_person(world.id("ben"), real_name="Benedict Reader")
            await world.look()
            assert f"<@{world.id('ben')}>" in text_of(world.posted()[0])

    async def test_a_changed_status_is_not_even_stored(self, world: Scene) -> None:
        async with world.bot() as bot:
            await world.look()
            before = bot.edge.writer.received
            for _ in range(5):
                world.workspace.change_person(world.id("cleo"), status_text="at lunch")
            await world.hear()
            assert bot.edge.writer.received == before
            world.workspace.change_person(world.id("cleo"), display_name="Cleopatra")
            await world.hear()
            assert bot.edge.writer.received == before + 1
            assert bot.members.find("Cleopatra") == world.id("cleo")


class TestListing:
    @pytest.mark.slow
    async def test_it_goes_on_after_a_restart(self, world: Scene) -> None:
        crowd(world, 3 * PAGE)
        faults = world.stage.box.faults
        async with world.stage.hosting(world.schedules, world.folder) as bot:
            await until(lambda: listed(world), "the first page")
            faults.calls.append(CallFault("users.list", "error", count=1000, error="no_permission"))

            def stored() -> int:
                with bot.database.reading() as uow:
                    running = uow.member_names.running_listing()
                    return running.pages if running else 0

            await until(stored, "a page is stored")
            before = stored()
            assert before < 4
        faults.clear()
        made = listed(world)
        async with world.bot():
            await world.to(START)
            assert is_named(world)
        assert listed(world) - made == 4 - before

    @pytest.mark.slow
    async def test_a_place_that_slack_forgot_starts_it_over(self, world: Scene) -> None:
        crowd(world, PAGE)
        async with world.stage.hosting(world.schedules, world.folder) as bot:
            with bot.database.unit_of_work() as uow:
                listing = uow.member_names.begin_listing(bot.wall.now())
                uow.member_names.add_page(listing, [], "bm9uc2Vuc2U6MQ==", bot.wall.now())
            await world.look()
            await world.to(START)
            assert is_named(world)

    async def test_it_waits_as_long_as_slack_says(
        self, world: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        faults = world.stage.box.faults
        faults.calls.append(CallFault("users.list", "ratelimited", count=2, retry_after=1))
        async with world.bot():
            await world.to(START)
            await until(lambda: is_named(world), "the author is found")
        assert "continuing in 1 s" in caplog.text

    @pytest.mark.slow
    async def test_a_refusal_is_told_with_slacks_code_and_nothing_else_waits(
        self, world: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        faults = world.stage.box.faults
        faults.calls.append(CallFault("users.list", "error", count=1000, error="missing_scope"))
        async with world.bot(organizers=world.stage.organizer):
            await world.to(START)
            assert len(world.posted()) == 1
            for _ in range(3):
                await world.look()
            (told,) = [t for t in world.told() if "missing_scope" in t]
            assert "compare its scopes with the manifest" in told
        assert "SlackApiError" not in caplog.text
        assert "members cannot be listed: users.list: missing_scope" in caplog.text

    @pytest.mark.slow
    async def test_nothing_is_listed_while_everybody_is_known(self, world: Scene) -> None:
        path = world.schedules / f"{EVENT}.md"
        path.write_text(
            NAMED.replace("authors:", f"slack:\n  Ada Author: {world.id('ada')}\nauthors:")
        )
        async with world.bot():
            await world.to(START)
            await world.to(END)
        assert listed(world) == 0


@pytest.mark.slow
async def test_a_change_that_was_confirmed_while_members_are_listed_is_planned(
    world: Scene,
) -> None:
    """The folder was read again after the listing, and what was new in it taken for known."""
    await world.stage.until(START + timedelta(hours=1))
    world.stage.box.faults.calls.append(CallFault("users.list", "slow", seconds=1.0))
    later = END + timedelta(days=1)
    async with world.stage.hosting(world.schedules, world.folder) as bot:
        await until(world.posted, "the announcement")
        path = world.schedules / f"{EVENT}.md"
        path.write_text(NAMED.replace("2026-01-09", "2026-01-10"))
        await bot.reread()
        world.stage.clock.advance(timedelta(seconds=1))
        await until(lambda: is_named(world), "the author is found")
        await world.look()
        session = world.session()
        assert session is not None
        assert session.event.end == later
        await world.to(END)
        assert len(world.posted()) == 1, "it is not over yet"


async def test_only_the_replica_that_leads_lists_members(world: Scene) -> None:
    async with world.bot() as bot:
        await world.look()
        made = listed(world)
        clock, leads = FreeClock(bot.wall.now() + timedelta(days=1)), False
        other = MemberDirectory(
            bot.database,
            bot.edge.gateway,
            clock,
            bot.outage,
            lambda: leads,
            lambda key, text: None,
            lambda key: None,
        )
        task = asyncio.create_task(other.run())
        try:
            other.want(True)
            assert await other.wait_idle()
            assert listed(world) == made
            leads = True
            other.want(True)
            assert await other.wait_idle()
            assert listed(world) == made + 1
        finally:
            task.cancel()


async def test_files_are_read_while_the_database_is_away_and_nobody_is_found(
    postgres_url: str,
) -> None:
    """The connection breaks between two names of one reading."""
    database = Database(postgres_url)
    directory = MemberDirectory(
        database,
        lambda: pytest.fail("nobody asks Slack"),
        SystemClock(),
        Outage(database.is_outage),
        lambda: True,
        lambda key, text: None,
        lambda key: None,
    )
    find = directory.lookup(["Ada Author"])
    assert find("Ada Author") is None
    cut(postgres_url)
    assert find("Bela Writer") is None
    database.close()

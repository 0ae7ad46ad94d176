"""A person's own words: told of the delay, posted when they can be, or handed back."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sessions.model import Submission
from slackbox.faults import CallFault, DeliveryFault
from tests.scene import BOOK, CHANNEL, END, EVENT, START, Scene, scene, text_of
from tests.slack.member_driver import MemberDriver, asked, open_session, words
from tests.waiting import until


def archive_channel(world: Scene) -> None:
    world.workspace.archive(world.workspace.channel(CHANNEL), world.stage.organizer)


async def unarchive_channel(world: Scene) -> None:
    world.workspace.unarchive(world.workspace.channel(CHANNEL), world.stage.organizer)
    with world.stage.bot.database.unit_of_work() as uow:
        uow.outbox.unblock(world.channel.id)  # as the event does, once it has arrived
    await world.hear()


def refuse(world: Scene, code: str, count: int = 1) -> None:
    fault = CallFault("chat.postMessage", "error", count, error=code)
    world.stage.box.faults.calls.append(fault)


async def try_again(world: Scene) -> None:
    """The operator has the question sent again: `marginalia outbox retry`."""
    with world.stage.bot.database.unit_of_work() as uow:
        rows = uow.outbox.listed(("due", "held", "failed"))
        (row,) = [r for r in rows if r.key.startswith("question ")]
        uow.outbox.retry(row.id, world.stage.bot.wall.now())
    world.stage.bot.edge.sender.wake()


def submissions(world: Scene) -> list[Submission]:
    with world.stage.bot.database.reading() as uow:
        session = uow.sessions.by_event(EVENT)
        assert session is not None
        return uow.members.submissions(session.id)


@pytest.mark.slow
async def test_a_question_for_an_archived_channel_is_kept_and_posted_later(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
        archive_channel(world)
        await ben.ask()
        await ben.submits("Is anybody there?")
        await world.hear()
        (said,) = ben.direct()
        assert "is delayed" in said.text
        assert "is_archived" in said.text
        assert "Is anybody there?" in text_of(said)
        assert "delayed: Slack doesn't let me post it yet" in await ben.home()
        await cleo.ask()  # from now on the bot knows, and says so in the form
        await cleo.submits("And without a name?", anonymous=["anonymous"])
        assert "it is delayed" in words(cleo.form.content["blocks"])
        assert cleo.direct() == []
        assert "And without a name?" in await cleo.home()
        assert "delayed" in cleo.home_now()
        assert [s.state for s in submissions(world)] == ["delayed"] * 2
        assert sum("is_archived" in text for text in world.told()) == 1

        await unarchive_channel(world)
        assert asked(world, "Is anybody there?").username == "Ben"
        assert asked(world, "without a name?").username == "Anonymous"
        await until(lambda: "delayed" not in cleo.home_now())
        assert len(ben.direct()) == 1
        await world.to(END)
        assert [(name, text) for name, text, _replies in world.threads()] == [
            ("Ben", "Is anybody there?"),
            ("Anonymous", "And without a name?"),
        ]


async def test_a_delayed_question_can_be_read_and_taken_back(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        archive_channel(world)
        text = "Why? " + "Because it is long & says a lot. " * 60
        await ben.ask()
        await ben.submits(text)
        await ben.home()
        (submission,) = submissions(world)
        shown = await ben.opens(
            ben.person.act("mine_show", view="home", block_id=f"show {submission.token}")
        )
        assert words(shown.content["blocks"]).count("says a lot") == 60
        world.stage.box.surfaces.close(shown)
        await ben.clicks("mine_withdraw_waiting", f"waiting {submission.token}")
        await unarchive_channel(world)
        await world.to(END)
        assert world.threads() == []
        assert [s.state for s in submissions(world)] == ["withdrawn"]


@pytest.mark.slow
async def test_what_slack_will_never_take_goes_back_to_its_asker(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        refuse(world, "invalid_blocks")
        await ben.ask()
        await ben.submits("Is this <odd>?")
        await world.hear()
        (said,) = ben.direct()
        assert "invalid_blocks" in said.text
        assert "Is this &lt;odd&gt;?" in text_of(said)
        (told,) = [t for t in world.told() if "invalid_blocks" in t]
        assert "got the question back" in told
        assert [s.state for s in submissions(world)] == ["returned"]
        with world.stage.bot.database.reading() as uow:
            assert uow.outbox.listed(("due", "held", "failed")) == []


@pytest.mark.slow
@pytest.mark.parametrize("code", ["invalid_blocks", "is_archived", "not_in_the_table"])
async def test_an_anonymous_question_is_posted_in_the_end_even_after_the_session(
    tmp_path: Path, code: str
) -> None:
    async with open_session(tmp_path) as world:
        cleo = MemberDriver(world, "cleo")
        refuse(world, code)
        await cleo.ask()
        await cleo.submits("Nobody knows me?", anonymous=["anonymous"])
        await world.hear()
        assert cleo.direct() == []
        assert "Nobody knows me?" in await cleo.home()
        await world.to(END)
        await world.to(END + timedelta(minutes=1))
        await try_again(world)
        await world.hear()
        assert asked(world, "Nobody knows me?").username == "Anonymous"
        await world.to(END + timedelta(minutes=10))
        assert [(name, text) for name, text, _replies in world.threads()] == [
            ("Anonymous", "Nobody knows me?")
        ]


@pytest.mark.slow
async def test_at_the_close_what_could_not_be_posted_goes_back(tmp_path: Path) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        archive_channel(world)
        await ben.ask()
        await ben.submits("Too late?")
        await world.to(END)
        said = ben.direct()[-1]
        assert "before it ended" in said.text
        assert "Too late?" in text_of(said)
        assert [s.state for s in submissions(world)] == ["returned"]
        await unarchive_channel(world)
        assert all("Too late?" not in m.text for m in world.posted())
        assert "before it ended" in json.dumps([m.text for m in ben.direct()])


async def test_at_the_close_what_may_have_been_posted_does_not_go_back(tmp_path: Path) -> None:
    """Slack refused it, then took it, but its answer was lost; so it may stand in the channel."""
    async with open_session(tmp_path) as world:
        ben, faults = MemberDriver(world, "ben"), world.stage.box.faults
        refuse(world, "not_in_the_table")
        await ben.ask()
        await ben.submits("Both here and there?")
        await world.hear()
        assert [s.state for s in submissions(world)] == ["delayed"]
        faults.deliveries.append(DeliveryFault("drop", 99, "message"))
        faults.calls.append(CallFault("chat.postMessage", "lost_answer"))
        await try_again(world)
        await until(lambda: any("Both here" in m.text for m in world.channel.messages.values()))
        faults.calls.append(CallFault("conversations.history", "http", 99))
        await world.to(END)
        assert all("before it ended" not in m.text for m in ben.direct())
        faults.calls.clear()
        faults.deliveries.clear()
        await try_again(world)
        await world.stage.bot.edge.reconciler.whole(1)
        await world.to(END + timedelta(minutes=1))
        assert [(name, text) for name, text, _replies in world.threads()] == [
            ("Ben", "Both here and there?")
        ]
        (said,) = ben.direct()
        assert "is delayed" in said.text


@pytest.mark.slow
async def test_questions_sent_ahead_go_back_when_the_session_is_cancelled(tmp_path: Path) -> None:
    async with scene(tmp_path, {f"{EVENT}.md": BOOK}) as world, world.bot() as bot:
        ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
        await ben.ask()
        await ben.submits("Will it be long?")
        await cleo.ask()
        await cleo.submits("And short?", anonymous=["anonymous"])
        file = world.schedules / f"{EVENT}.md"
        file.unlink()
        await bot.reread()
        await world.hear()
        (said,) = ben.direct()
        assert "was cancelled" in said.text
        assert "Will it be long?" in text_of(said)
        assert cleo.direct() == []
        assert "And short?" in await cleo.home()
        assert [s.state for s in submissions(world)] == ["returned"] * 2

        # Planned again, and nothing is asked or told twice.
        file.write_text(BOOK, "utf-8")
        await bot.reread()
        await world.to(START)
        await world.to(START + timedelta(hours=1))
        assert asked(world, "Will it be long?").username == "Ben"
        assert asked(world, "And short?").username == "Anonymous"
        assert len(ben.direct()) == 1

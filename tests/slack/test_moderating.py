"""Organizers moderate: what the archive has, and that each step is undone the same way."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.sessions.model import Mute
from slackbox.faults import CallFault
from slackbox.person import Outcome
from tests.scene import CHANNEL, END, EVENT, START, Scene, scene
from tests.slack.organizer_driver import OrganizerDriver
from tests.slack.test_planning import office
from tests.waiting import until


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


async def moderate(ines: OrganizerDriver, ts: str, **values: Any) -> Outcome:
    """Opens the form of a message and submits it."""
    ines.world.stage.clock.advance(timedelta(seconds=1))
    await ines.person.message_shortcut("moderate", CHANNEL, ts)
    await ines.open_form()
    outcome = await ines.submit(**values)
    await ines.world.look()
    return outcome


async def test_hidden_edited_and_back(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        first = world.say("ben", "A *rude* question?")
        world.say("cleo", "Me too", first)
        second = world.say("cleo", "A good one?")
        reply = world.say("ada", "A good answer", second)
        await world.to(END)
        whole = world.threads()
        assert whole == [
            ("Ben", "A **rude** question?", [("Cleo Reader", "Me too")]),
            ("Cleo Reader", "A good one?", [("Ada Author", "A good answer")]),
        ]
        outcome = await moderate(ines, first, hide=["hide"])
        assert "reason" in outcome.errors["reason"]
        await ines.person.close(everything=True)
        await moderate(ines, first, hide=["hide"], reason="Not kind")
        assert world.threads() == whole[1:]
        await moderate(ines, reply, text="A *better* answer: `x`")
        assert world.threads()[0][2] == [("Ada Author", "A *better* answer: `x`")]
        await ines.person.message_shortcut("moderate", CHANNEL, first)
        shown = str(await ines.open_form())
        assert "Not kind" in shown
        assert "initial_options" in shown
        world.stage.clock.advance(timedelta(seconds=1))
        await ines.submit(hide=[])
        await world.look()
        await moderate(ines, reply, text="")
        assert world.threads() == whole
        log = await ines.qa("log")
        link = world.stage.bot.edge.notifier.link(world.channel.id, first)
        message = f"<{link}|“A rude question?”> by <@{world.id('ben')}>"
        for what in (
            f"hid {message} from the archive: Not kind",
            f"put {message} back into the archive",
            "edited the archive's text of",
            "“A good answer”",
        ):
            assert what in log, log


@pytest.mark.slow
async def test_a_long_text_is_edited_in_parts_without_loss(world: Scene) -> None:
    words = " ".join(f"word{n:04}" for n in range(900))
    text = f"{words}\n\n{'x' * 4000}\n{words}"
    async with office(world) as ines:
        await world.to(START)
        ts = world.say("ben", text)
        await world.to(END)
        [(_, whole, _)] = world.threads()
        assert "word0899\n\nxxx" in whole
        await ines.person.message_shortcut("moderate", CHANNEL, ts)
        form = await ines.open_form()
        inputs = [b["block_id"] for b in form["blocks"] if b["block_id"].startswith("text")]
        assert len(inputs) == 9
        # Nothing is changed by sending it as it is.
        world.stage.clock.advance(timedelta(seconds=1))
        await ines.submit()
        await until(lambda: "Nothing was changed" in ines.notes())
        first = " ".join(f"word{n:04}" for n in range(5))
        await moderate(ines, ts, text1="Instead.")
        [(_, edited, _)] = world.threads()
        assert edited.startswith(first)
        assert "\nInstead.\n" in edited or " Instead. " in edited
        assert edited.endswith("word0899")
        assert edited.count("x") == 4000
        await moderate(ines, ts, **dict.fromkeys(inputs[:8], ""))
        assert world.threads() == [("Ben", whole, [])]


@pytest.mark.slow
async def test_wide_blanks_between_the_parts_of_a_text_fit_into_the_form(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        ts = world.say("ben", f"{'x' * 1300}{chr(0x2003) * 20}" * 27 + "end")
        await world.hear()
        await ines.person.message_shortcut("moderate", CHANNEL, ts)
        form = await ines.open_form()
        assert len([b for b in form["blocks"] if b["block_id"].startswith("text")]) > 25
        assert len(form["private_metadata"]) <= 3000
        await ines.submit()
        await until(lambda: "Nothing was changed" in ines.notes())


@pytest.mark.slow
async def test_a_text_that_its_writer_edits_meanwhile_is_not_frozen(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        ts = world.say("ben", "What about this?")
        await world.hear()
        await ines.person.message_shortcut("moderate", CHANNEL, ts)
        await ines.open_form()
        world.edit("ben", ts, "What about that?")
        await world.hear()
        await ines.submit(mute=["mute"], reason="loud")
        await world.to(END)
        assert [text for _name, text, _replies in world.threads()] == ["What about that?"]


@pytest.mark.slow
async def test_by_command(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        ts = world.say("ben", "A question?")
        await world.hear()
        link = f"https://x.slack.com/archives/{world.channel.id}/p{ts.replace('.', '')}"
        assert "Write a reason" in await ines.qa(f"hide {link}")
        assert "Copy link" in await ines.qa("hide this")
        assert "already in the archive" in await ines.qa(f"unhide {link}")
        assert "not part of a session" in await ines.qa(f"hide {link[:-1]}9?thread_ts=1.2&cid=C1 x")
        assert "left out" in await ines.qa(f"hide {link}?thread_ts=1.2 Spam, really")
        assert "Spam, really" in await ines.qa("log")
        await world.to(END)
        assert world.threads() == []
        world.stage.clock.advance(timedelta(seconds=1))
        assert "again" in await ines.qa(f"unhide {link}")
        await world.look()
        assert [t[1] for t in world.threads()] == ["A question?"]


async def test_a_muted_person_is_told_once_and_not_collected(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        ben = world.id("ben")
        before = world.say("ben", "Before?")
        await world.hear()
        assert "not collected" in await ines.qa(f"mute <@{ben}> loud")
        assert "already" in await ines.qa(f"mute <@{ben}>")
        assert "cannot be muted" in await ines.qa(f"mute <@{world.id('ada')}>")
        world.say("ben", "During?")
        world.say("ben", "During, again?")
        world.edit("ben", before, "Before, edited?")
        world.say("cleo", "Mine?")
        await world.hear()
        await world.look()
        told = [note for note in world.notes("ben") if "not collected" in note]
        assert len(told) == 1
        # Slack's history, read again, brings nothing back.
        session = world.session()
        assert session is not None
        await world.stage.bot.edge.reconciler.news(session.id)
        await world.stage.bot.edge.reconciler.roots(session.id)
        assert "again" in await ines.qa(f"unmute <@{ben}>")
        assert "is not muted" in await ines.qa(f"unmute <@{ben}>")
        await world.stage.bot.edge.reconciler.news(session.id)
        await world.stage.bot.edge.reconciler.roots(session.id)
        world.say("ben", "After?")
        await world.to(END)
        texts = [t[1] for t in world.threads()]
        assert texts == ["Before, edited?", "Mine?", "After?"]


@pytest.mark.slow
async def test_what_comes_late_of_a_mute_that_ended_is_left_out_without_a_note(
    world: Scene,
) -> None:
    async with office(world):
        await world.to(START)
        session = world.session()
        assert session is not None
        now, ben = world.stage.clock.now(), world.id("ben")
        with world.stage.bot.database.unit_of_work() as uow:
            uow.mutes.add(Mute(session.id, ben, "U9", now - timedelta(minutes=1)))
            uow.mutes.remove(session.id, ben, now + timedelta(minutes=1))
        world.say("ben", "During?")
        await world.hear()
        world.stage.clock.advance(timedelta(minutes=2))
        world.say("ben", "After?")
        await world.hear()
        assert not [note for note in world.notes("ben") if "not collected" in note]
        await world.to(END)
        assert [text for _name, text, _replies in world.threads()] == ["After?"]


@pytest.mark.slow
async def test_a_message_of_no_session(world: Scene) -> None:
    async with office(world) as ines:
        ts = world.say("ben", "Long before")
        await world.hear()
        await ines.person.message_shortcut("moderate", CHANNEL, ts)
        await world.notes_after(0)
        assert "not part of a session" in ines.notes()


@pytest.mark.slow
async def test_the_log_on_the_command_line(
    world: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(world) as ines:
        await world.to(START)
        await ines.qa(f"mute <@{world.id('ben')}> too loud")
        await OrganizerDriver(world, world.id("cleo")).qa("close now")
        question = world.say("cleo", "A *rude* & long question?")
        await world.hear()
        link = world.stage.bot.edge.notifier.link(world.channel.id, question)
        await ines.qa(f"hide {link} Not kind")
        await world.stage.bot.edge.names.wait_idle()
        with world.stage.bot.database.reading() as uow:
            known = uow.people.get(ines.who)
        assert known is not None
        organizer = known.name
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", f"sqlite:///{tmp_path / 'marginalia.db'}")
    done = CliRunner().invoke(app, ["log", "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["what"] for row in rows] == ["hid", "refused", "muted"]
    assert rows[2]["details"] == {"subject": world.id("ben"), "reason": "too loud"}
    assert rows[2]["event"] == EVENT
    assert rows[1]["name"] == "Cleo Reader"
    plain = CliRunner().invoke(app, ["log", "the-book"]).stdout
    assert f"{organizer}  muted Ben in `{EVENT}`: too loud" in plain
    assert (
        f"{organizer}  hid “A rude & long question?” <{link}> by Cleo Reader from the archive"
        in plain
    )
    assert "not allowed" not in plain


@pytest.mark.slow
async def test_a_form_answers_in_the_channel_in_which_it_was_opened(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        question = world.say("ben", "Which book?")
        answer = world.say("ada", "This one.")
        await world.hear()
        before = len(ines.direct())
        count = len(world.workspace.ephemerals)
        await moderate(ines, question, mute=["mute"], reason="Loud")
        await world.notes_after(count)
        assert f"<@{world.id('ben')}> is muted" in ines.notes(count)
        ada = OrganizerDriver(world, world.id("ada"))
        count = len(world.workspace.ephemerals)
        await ada.person.message_shortcut("answers", CHANNEL, answer)
        await ada.open_form()
        options = await ada.person.suggest("pick_question", "Which book")
        await ada.submit(pick_question=options[0]["value"])
        await world.notes_after(count)
        assert "“This one.”> is now an answer to" in ada.notes(count)
        assert len(ines.direct()) == before


@pytest.mark.slow
async def test_where_the_bot_cannot_note_anything_a_form_answers_by_direct_message(
    world: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(world) as ines:
        await world.to(START)
        question = world.say("ben", "Which book?")
        await world.hear()
        world.stage.box.faults.calls.append(
            CallFault("chat.postEphemeral", "error", 10, error="user_not_in_channel")
        )
        surfaces = world.stage.box.surfaces
        await ines.person.message_shortcut("moderate", CHANNEL, question)
        await ines.open_form()
        late = time.monotonic() + 3600  # Slack's address for an answer is good for half an hour
        monkeypatch.setattr(surfaces, "_monotonic", lambda: late)
        await ines.submit(mute=["mute"], reason="Loud")
        await until(lambda: "is muted" in ines.direct_text())

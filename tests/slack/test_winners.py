"""Winners, and what organizers get when a session is over."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.demo.script import Actor
from bot.library import template_process, templates
from bot.sessions.winners import Draw, repeat
from bot.slack.listeners import interactions
from slackbox.faults import CallFault
from slackbox.model import Message
from tests.scene import BOOK, END, EVENT, PEOPLE, START, Scene, scene, text_of
from tests.slack.member_driver import MemberDriver
from tests.slack.organizer_driver import OrganizerDriver
from tests.slack.test_planning import office
from tests.waiting import PATIENCE, until

READERS = tuple(Actor(f"r{n}", f"Reader {n}", f"Reader {n}") for n in range(6))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    later = BOOK.replace("2026-01-05", "2026-01-12").replace("2026-01-09", "2026-01-16")
    files = {f"{EVENT}.md": BOOK, "20260112-the-next.md": later}
    async with scene(tmp_path, files, people=(*PEOPLE, *READERS)) as made:
        yield made


def uploaded(world: Scene, ending: str) -> list[str]:
    """Contents of files that the bot shared, by the end of their names."""
    return [
        (upload.content or b"").decode()
        for upload in world.workspace.files.values()
        if upload.complete and upload.name.endswith(ending)
    ]


async def ask(world: Scene) -> None:
    """Six readers ask, the last one twice; an author and a late-comer write as well."""
    await world.to(START)
    for n in range(6):
        world.say(f"r{n}", f"Question {n}?")
    world.say("r5", "And another?")
    world.say("ada", "Ask away")
    await world.hear()


def write_template(world: Scene, text: str) -> None:
    """Half-way, the session's reminder has a text of the organizers' own."""
    path = world.schedules / f"{EVENT}.md"
    own = "reminders:\n- when: half-way\n  template: own\n---\n"
    path.write_text(BOOK.replace("---\n\nWhat", f"{own}\nWhat"))
    folder = world.schedules / "templates"
    folder.mkdir()
    (folder / "own.txt").write_text(text)


async def drawn(world: Scene) -> list[Message]:
    """The announcements of winners, once everything is said."""
    await world.look()
    return [m for m in world.posted() if "winner" in m.text.lower()]


async def test_a_draw_is_announced_published_and_repeatable(world: Scene, tmp_path: Path) -> None:
    async with office(world) as ines:
        await ask(world)
        form = json.dumps(await ines.form("winners 3"), ensure_ascii=False)
        assert "6 people take part" in form
        assert "1 author" in form
        outcome = await ines.submit(note="Write me your *address* <x>")
        assert outcome.acknowledged
        [message] = await drawn(world)
        [record] = uploaded(world, "draw-1.json")
        again = repeat(record)
        assert again.agrees
        assert len(again.again) == 3
        assert json.loads(record)["seed"] in text_of(message)
        for winner in again.again:
            assert f"<@{winner}>" in text_of(message)
            told = ines.direct_text(winner)
            assert "you are a winner" in told
            assert "&lt;x&gt;" in told
        path = tmp_path / "record.json"
        path.write_text(record)
        done = CliRunner().invoke(app, ["winners", str(path), "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["again"] == list(again.again)
        path.write_text(record.replace('"winners": [\n  "', '"winners": [\n  "U0NOBODY", "'))
        assert CliRunner().invoke(app, ["winners", str(path)]).exit_code == 2
        await world.to(END)
        assert len(world.threads()) == 8
        assert "winner" not in (world.schedules / f"{EVENT}.md").read_text().lower()
        # In the next weeks they take no part.
        await world.to(START + timedelta(days=7))
        for n in range(6):
            world.say(f"r{n}", "Again?")
        await world.hear()
        form = json.dumps(await ines.form("winners 3"), ensure_ascii=False)
        assert "3 people take part" in form
        assert "3 previous winners" in form


@pytest.mark.slow
async def test_a_draw_that_takes_long_goes_on_and_sending_the_form_again_draws_no_other(
    world: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow confirmation, a busy database: the draw is in the database, and stays the only one."""
    async with office(world) as ines:
        await ask(world)
        await ines.form("winners 2")
        with monkeypatch.context() as patched:
            patched.setattr(interactions, "ACKNOWLEDGE_WITHIN_SECONDS", 0.0)
            outcome = await ines.submit()
        assert "I will finish it" in json.dumps(outcome.errors)

        def draws() -> list[Draw]:
            with world.stage.bot.database.reading() as uow:
                return [draw for s in uow.sessions.all() for draw in uow.draws.of_session(s.id)]

        await until(lambda: len(draws()) == 1)
        assert (await ines.submit()).acknowledged
        assert len(draws()) == 1
        assert len(await drawn(world)) == 1
        assert len(uploaded(world, ".json")) == 1


async def test_who_is_muted_takes_no_part_until_unmuted(world: Scene) -> None:
    async with office(world) as ines:
        await ask(world)
        await ines.qa(f"mute <@{world.id('r0')}> spam")
        form = json.dumps(await ines.form("winners 50"), ensure_ascii=False)
        assert "5 people take part" in form
        assert "1 muted person" in form
        assert f"<@{world.id('r0')}>" not in form
        await ines.person.close(everything=True)
        await ines.qa(f"unmute <@{world.id('r0')}>")
        form = json.dumps(await ines.form("winners 50"), ensure_ascii=False)
        assert "6 people take part" in form


@pytest.mark.slow
async def test_an_author_chooses(world: Scene) -> None:
    async with office(world) as ines:
        await ask(world)
        ada = OrganizerDriver(world, world.id("ada"))
        await ada.form("winners")
        outcome = await ada.submit(way="picked")
        assert "Choose" in outcome.errors["picked"]
        outcome = await ada.submit(picked=[world.id("ada"), world.id("r1")])
        assert "cannot take part" in outcome.errors["picked"]
        outcome = await ada.submit(picked=[world.id("r2"), world.id("r1")])
        [message] = await drawn(world)
        assert f"<@{world.id('r2')}> and <@{world.id('r1')}>" in text_of(message)
        assert uploaded(world, ".json") == []
        assert f"chose the winners of `{EVENT}`: <@" in await ines.qa("log")


async def test_the_handover(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        first = world.say("ben", "First?")
        second = world.say("cleo", "Second, & <more>?")
        world.stage.clock.advance(timedelta(hours=2))
        world.say("ada", "Answer", first)
        world.react("cleo", first, "+1")
        world.react("ben", first, "+1")
        await world.hear()
        await world.to(END)
        told = ines.direct_text()
        assert "2 questions" in told
        assert "1 of them answered (50%)" in told
        assert "3 participants" in told
        assert "2 hours (median)" in told
        assert "Most voted" in told
        assert "(1 vote)" in told
        assert "Unanswered" in told
        assert f"p{second.replace('.', '')}" in told
        assert "Second, &amp; &lt;more&gt;?" in told
        [archive] = uploaded(world, f"{EVENT}.md")
        assert archive == (world.schedules / f"{EVENT}.md").read_text()
        # A late reply changes the archive; it is handed over once.
        world.say("ada", "A late answer", second)
        await world.look()
        assert len(uploaded(world, f"{EVENT}.md")) == 1


@pytest.mark.slow
async def test_the_handover_says_what_needs_a_look(world: Scene) -> None:
    async with office(world) as ines:
        await world.to(START)
        question = "Does the chapter on tokenizers cover byte-pair encoding for Turkish?"
        world.say("ben", question)
        world.say("cleo", "Which graphics card do I need to fine-tune the models?")
        elsewhere = world.say("cleo", "Did you answer this on the forum?")
        world.say("ben", "Will there be a second edition?")
        await world.hear()
        sure = world.say("ada", "Hi Ben, yes, the chapter on tokenizers covers byte-pair encoding.")
        unsure = world.say("ada", "It depends.")
        talk = world.say("ada", "Good morning everyone, happy to be here this week, thank you all!")
        await world.hear()
        # Somebody of whom Slack says no more than the ID, as of members of other workspaces.
        unknown = world.workspace.add_person("Not Told", quiet=True)
        world.workspace.join(world.channel, unknown.id)
        fault = CallFault("users.info", "error", 10, error="user_not_found")
        world.stage.box.faults.calls.append(fault)
        world.workspace.post(world.channel, "Who am I?", user=unknown.id)
        await world.hear()
        ada = MemberDriver(world, "ada")
        await ada.home()
        await ada.clicks("queue_elsewhere", f"queue {elsewhere}")
        assert "answered" in await MemberDriver(world, "cleo").qa("mine")
        await world.to(END)
        told = ines.direct_text()
        needs = told.partition("Unanswered")[2]
        waits, _, rest = needs.partition("Answers outside a thread")
        assert "graphics card" in waits
        assert "Who am I?" in waits
        assert "tokenizers" not in waits
        assert "forum" not in waits
        assert "5 questions" in told
        assert "2 of them answered (40%)" in told
        assert "1 answered elsewhere" in told
        doubts, _, nobody = rest.partition("People whose names I could not get from Slack")
        assert "It depends." in doubts
        assert "a separate entry" in doubts
        assert f"p{unsure.replace('.', '')}" in doubts
        assert not any(f"p{ts.replace('.', '')}" in doubts for ts in (sure, talk))
        assert unknown.id in nobody
        close = text_of(world.posted()[-1])
        assert "Which graphics card" in close
        assert "forum" not in close
        archived = str(world.threads())
        assert "Unknown" in archived


@pytest.mark.slow
async def test_what_was_linked_without_certainty_needs_a_look(world: Scene) -> None:
    """At the end all is judged once more: what seemed sure when it came may not be."""
    async with office(world) as ines:
        await world.to(START)
        card = world.say("cleo", "Which graphics card do I need to fine-tune the models?")
        world.say("ben", "Does the chapter on tokenizers cover byte-pair encoding for Turkish?")
        await world.hear()
        world.say("ada", "Hi Ben, yes, the chapter on tokenizers covers byte-pair encoding.")
        rest = world.say("ada", "Then the card is hard to say.")
        await world.hear()
        world.say("ada", "Any card with 16 GB will do to fine-tune the models.", card)
        world.say("cleo", "Thanks!", card)
        await world.hear()
        await world.to(END)
        assert [len(replies) for _name, _text, replies in world.threads()] == [3, 1]
        [doubt] = [line for line in ines.direct_text().splitlines() if "placed under" in line]
        first, _, second = doubt.partition("placed under")
        assert f"p{rest.replace('.', '')}" in first
        assert f"p{card.replace('.', '')}" in second
        assert "covers byte-pair" not in doubt


async def test_reminders_are_posted_once_each(world: Scene) -> None:
    path = world.schedules / f"{EVENT}.md"
    own = "reminders:\n- half-way\n- when: 1 hour before end\n  template: own\n---\n"
    path.write_text(BOOK.replace("---\n\nWhat", f"{own}\nWhat"))
    templates = world.schedules / "templates"
    templates.mkdir()
    (templates / "own.txt").write_text(
        "Soon over: {{ title }}, {{ left }} left, {{ questions }} asked"
    )
    async with office(world):
        await world.to(START)
        world.say("ben", "A question?")
        await world.to(START + (END - START) / 2)
        await world.look()
        assert [m.text for m in world.posted() if "halfway through" in m.text] != []
        await world.to(END - timedelta(hours=1))
    async with office(world):
        await world.look()
        await world.to(END - timedelta(minutes=20))
        texts = [m.text for m in world.posted()]
        assert texts.count("Soon over: The Book, 1 hour left, 1 asked") == 1
        assert len([t for t in texts if "halfway through" in t]) == 1


async def test_a_template_that_takes_long_keeps_nothing_from_being_stored(
    world: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_template(world, "{% for n in [1, 2, 3] %}Half of {{ title }} is over. {% endfor %}")
    begun, go_on = threading.Event(), threading.Event()

    def takes_long(text: str, values: Mapping[str, Any]) -> str:
        begun.set()
        go_on.wait(PATIENCE)
        return template_process.rendered(text, values)

    async with office(world):
        await world.to(START)
        monkeypatch.setattr(templates, "rendered", takes_long)
        looking = asyncio.create_task(world.to(START + (END - START) / 2))
        await until(begun.is_set)
        world.say("ben", "Stored meanwhile?")
        try:
            await until(lambda: world.stored_texts() == ["Stored meanwhile?"])
            assert "Half of" not in text_of(world.posted()[-1])
        finally:
            go_on.set()
            await looking
        assert text_of(world.posted()[-1]).count("Half of The Book is over.") == 3


@pytest.mark.slow
async def test_a_broken_template_of_an_open_session_posts_nothing_and_is_told(world: Scene) -> None:
    write_template(world, "Half of {{ title is over")
    async with office(world):
        await world.to(START)
        posted = len(world.posted())
        await world.to(START + (END - START) / 2)
        await world.look()
        assert len(world.posted()) == posted
        told = [t for t in world.told() if "template" in t and "own" in t]
        assert [t for t in told if "half-way" in t]
        assert all("\n" not in t for t in told)


@pytest.mark.slow
async def test_moving_by_some_minutes_repeats_no_reminder(world: Scene) -> None:
    async with office(world, reminders="1 hour before start; half-way; 1 hour before end") as ines:
        await world.look()
        assert len([m for m in world.posted() if "Coming up" in m.text]) == 1
        assert "is now" in await ines.qa("move the-book 2026-01-05 00:10 UTC 2026-01-09 23:09 UTC")
        await world.to(START + timedelta(minutes=10))
        await world.to(START + (END - START) / 2 + timedelta(minutes=10))
        assert "is now" in await ines.qa("extend the-book 10 minutes")
        await world.to(END - timedelta(minutes=40))
        await world.look()
        assert "is now" in await ines.qa("extend the-book 20 minutes")
        await world.to(END - timedelta(minutes=20))
        await world.look()
        said = [text_of(m) for m in world.posted()]
        counts = [
            sum(w in t for t in said) for w in ("Coming up", "halfway through", "left to ask")
        ]
        assert counts == [1, 1, 1]
        assert "is now" in await ines.qa("extend the-book 1 day")
        await world.to(END + timedelta(hours=23, minutes=45))
        # An hour before the new end.
        await until(lambda: sum("left to ask" in text_of(m) for m in world.posted()) == 2)


@pytest.mark.slow
async def test_a_reminder_is_not_sent_late(world: Scene) -> None:
    async with office(world, reminders="half-way; 1 hour before end"):
        await world.to(START)
    world.stage.clock.move_to(END - timedelta(minutes=5))
    async with office(world):
        await asyncio.sleep(0)
        await world.look()
        assert [m.text for m in world.posted() if "left" in m.text or "Half" in m.text] == []

"""Another language changes all that people read in Slack.

The language is made here: every Latin letter of every text, but for places, commands and markup,
becomes a wide one. The book, its people and their questions are in Greek, so that any Latin
letter that is shown is of a text that is not in the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from bot import texts
from bot.demo.script import Actor
from bot.texts import TEMPLATE
from slackbox.model import Message
from tests.scene import CHANNEL, END, EVENT, START, Scene, scene, text_of
from tests.slack.member_driver import MemberDriver, words
from tests.slack.organizer_driver import OrganizerDriver
from tests.waiting import until

WIDE = {ord(c): ord(c) + 0xFEE0 for c in ascii_letters}
KEPT = re.compile(r"`[^`]*`|<[^>]*>|\{\{.*?\}\}|\{%.*?%\}|\{[^}]*\}|:[a-z_]+:|%")
"""Code, Slack's markup, what a template says to Jinja, places, emoji."""
NAMES = re.compile(r"Ines Kestrel|UTC|Europe/\w+|(?:20260105-)?the-book|marginalia|\S+\.md(:\d+)?")
"""Data that is in Latin letters."""
BOOK = """\
---
title: "Το Βιβλίο"
start: 2026-01-05 00:00:00
end: 2026-01-09 22:59:59
authors: [Άδα Σ, Ουδείς]
links:
- text: Σελίδα
  link: https://example.com/
---

Τι *είναι*."""
PEOPLE = (
    Actor("ada", "Άδα Σ", "Άδα Σ", "Europe/London"),
    Actor("ben", "Μπεν", "Μπεν Λ", "Europe/Berlin"),
    Actor("cleo", "", "Κλειώ Λ", "Asia/Tokyo"),
)


def wide(text: str) -> str:
    """The text in the language of this test."""
    parts = KEPT.split(text)
    kept = [*KEPT.findall(text), ""]
    return "".join(p.translate(WIDE) + k for p, k in zip(parts, kept, strict=True))


def latin(shown: str) -> list[str]:
    """The words in Latin letters that are left of what is shown."""
    shown = re.sub(r"<!date\^\d+\^([^|]*)\|[^>]*>", r"\1", shown)
    shown = re.sub(r"<(?:https?:|mailto:)[^|>]*\|([^>]*)>", r"\1", shown)
    shown = re.sub(r"https?://\S+|\[\w+\]|&(?:amp|lt|gt);", "", shown)
    return re.findall(r"[A-Za-z]{2,}", NAMES.sub("", KEPT.sub("", shown)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the language, as a translator would hand it in."""
    made = tmp_path_factory.mktemp("texts")
    with TEMPLATE.open("rb") as file:
        template = read_po(file)
    catalogue = Catalog(locale="el", domain="marginalia")
    for message in template:
        if message.id and isinstance(message.id, str):
            catalogue.add(message.id, wide(message.id))
        elif message.id:
            catalogue.add(message.id, tuple(wide(one) for one in message.id))
    with (made / "el.po").open("wb") as file:
        write_po(file, catalogue)
    return made


@asynccontextmanager
async def greek(
    world: Scene, folder: Path, code: str = "el", **settings: Any
) -> AsyncIterator[OrganizerDriver]:
    """The bot speaks the language; the organizer is there."""
    organizer = world.stage.organizer
    try:
        async with world.bot(organizers=(organizer,), **settings):
            texts.use(code, folder)
            yield OrganizerDriver(world, organizer)
    finally:
        texts.use("en")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, {f"{EVENT}.md": BOOK}, people=PEOPLE) as made:
        yield made


def shown(message: Message) -> str:
    return f"{message.text}\n{text_of(message)}"


def all_of(messages: Iterable[Message]) -> str:
    """All that messages show, which is something."""
    text = "\n".join(shown(message) for message in messages)
    assert any(ord(c) > 0xFF00 for c in text), "it says something"
    return text


async def test_announcement_reminders_and_close(world: Scene, folder: Path) -> None:
    async with greek(
        world, folder, reminders="1 day after start; half-way; last day; 1 hour before end"
    ):
        await world.to(START)
        world.say("ben", "Γιατί;")
        await world.hear()
        half = START + (END - START) / 2
        for at in (
            START + timedelta(days=1),
            half,
            END - timedelta(hours=13),
            END - timedelta(hours=1),
        ):
            await world.to(at)
        await world.to(END)
        posted = world.posted()
        assert len(posted) == 6
        assert latin(all_of(posted)) == []
        world.say("cleo", "Αργά;")
        await world.hear()
        [late] = world.notes("cleo")
        assert latin(late) == []


@pytest.mark.slow
async def test_notices(world: Scene, folder: Path) -> None:
    async with greek(world, folder) as ines:
        await world.to(START)
        away = BOOK.replace("authors:", "channel: nowhere\nauthors:").replace("01-0", "02-0")
        (world.schedules / "20260205-away.md").write_text(away)
        (world.schedules / "20260206-bad.md").write_text(BOOK.replace("start: 2026", "start: x"))
        same = BOOK.replace("01-05 00", "01-05 10").replace("Το Βιβλίο", "Άλλο")
        (world.schedules / "20260105-other.md").write_text(same)
        await world.stage.bot.reread()
        await world.to(START + timedelta(hours=11))
        (world.schedules / f"{EVENT}.md").unlink()
        await world.stage.bot.reread()
        await world.look()
        told = world.told()
        assert len(told) >= 5, told
        assert latin("\n".join(told)) == ["nowhere"]
        await world.to(END)
        assert latin("\n".join(world.told())) == ["nowhere"]
        assert latin(await answer(MemberDriver(world, ines.who), "schedule")) == ["nowhere"]


@pytest.mark.slow
async def test_home_and_commands(world: Scene, folder: Path) -> None:
    async with greek(world, folder) as ines:
        await world.to(START)
        first = world.say("ben", "Γιατί;")
        second = world.say("cleo", "Πότε;")
        world.say("cleo", "Πού;")
        await world.hear()
        world.react("cleo", first, "+1")
        await world.hear()
        ada, ben = MemberDriver(world, "ada"), MemberDriver(world, "ben")
        await ada.home()
        await ada.clicks("queue_take", f"queue {first}")
        await ada.clicks("queue_elsewhere", f"queue {second}")
        assert latin(ada.home_now()) == []
        assert latin(await ben.home()) == []
        for hands in (ada, ben, MemberDriver(world, world.stage.organizer)):
            for command in (
                "help",
                "queue",
                "mine",
                "privacy",
                "schedule",
                "log",
                "hepl",
                "author",
            ):
                said = await answer(hands, command)
                assert latin(said) == [], (hands.id, command, said)
        for command in (
            "move the-book πότε",
            "move the-book 2026-01-12",
            "extend the-book αύριο",
            "extend 9 weeks",
            "open now",
            "cancel the-book",
            "restore the-book",
            "mute",
            f"mute <@{ben.id}> λόγος",
            "unmute",
            "hide",
            "privacy χ",
            "winners 9999",
            "log",
            "schedule",
        ):
            said = await answer(MemberDriver(world, ines.who), command)
            assert latin(said) == [], (command, said)
        world.say("ada", "Επειδή.", first)
        await world.hear()
        assert latin(all_of(await until(ben.direct))) == []
        await world.to(START + timedelta(days=1, hours=9, minutes=1))
        assert latin(all_of(await until(ada.direct))) == []


async def test_forms_and_what_is_wrong_in_them(world: Scene, folder: Path) -> None:
    async with greek(world, folder) as ines:
        await world.to(START)
        first = world.say("ben", "Γιατί;")
        await world.hear()
        assert latin(words((await ines.form("new"))["blocks"])) == []
        dates = {"start_date": "2026-01-12", "start_time": "09:00", "end_time": "23:59"}
        filled = {"title": "Άλλο", "names": "Ουδείς", **dates, "end_date": "2026-01-16"}
        for wrong in (
            {"end_date": "2026-01-01"},
            {"timezone": "Mars/Olympus"},
            {"links": "χ"},
            {"names": ""},
            {"start_date": "2026-01-07"},
        ):
            outcome = await ines.submit(**{**filled, **wrong})
            assert outcome.errors
            found = latin("\n".join(outcome.errors.values()))
            assert set(found) <= {"Mars", "Olympus"}, (wrong, outcome.errors)
        await ines.person.close(everything=True)
        await ines.person.message_shortcut("moderate", CHANNEL, first)
        assert latin(words((await ines.open_form())["blocks"])) == []
        outcome = await ines.submit(hide=["hide"])
        assert latin("\n".join(outcome.errors.values())) == []
        await ines.person.close(everything=True)
        assert latin(words((await ines.form("winners 1"))["blocks"])) == []
        await ines.person.close(everything=True)
        ben = MemberDriver(world, "ben")
        assert latin(words((await ben.ask()).content["blocks"])) == []


@pytest.mark.slow
@pytest.mark.parametrize("code", texts.languages())
async def test_forms_have_room_for_each_language(world: Scene, code: str) -> None:
    """Nothing of what a form says is cut: titles have 24 characters, options 75."""
    async with greek(world, texts.FOLDER, code) as ines:
        await world.to(START)
        first = world.say("ben", "Γιατί;")
        world.say("cleo", "Πότε;")
        await world.hear()
        forms = []
        for command in ("new", "winners 1"):
            forms.append(await ines.form(command))
            await ines.person.close(everything=True)
        for shortcut in ("moderate", "answers", "merge"):
            await ines.person.message_shortcut(shortcut, CHANNEL, first)
            forms.append(await ines.open_form())
            await ines.person.close(everything=True)
        ben = MemberDriver(world, "ben")
        forms.append((await ben.ask()).content)
        await ben.person.close(everything=True)
        await ben.home()
        stored = ben.person.act("mine_stored", view="home")
        forms.append((await ben.opens(stored)).content)
        said = {text for form in forms for text in plain(form)}
        assert len(said) > 50
        whole = {texts._(text) for text in ids()}
        assert {text for text in said if text.endswith("…")} <= whole


def ids() -> list[str]:
    """All English texts that have no plural."""
    with TEMPLATE.open("rb") as file:
        return [message.id for message in read_po(file) if isinstance(message.id, str)]


def plain(value: Any) -> list[str]:
    """All plain texts of a form."""
    if isinstance(value, list):
        return [text for each in value for text in plain(each)]
    if not isinstance(value, dict):
        return []
    own = [str(value["text"])] if value.get("type") == "plain_text" else []
    return own + plain(list(value.values()))


async def test_the_handover_and_the_winners(world: Scene, folder: Path) -> None:
    async with greek(world, folder) as ines:
        await world.to(START)
        first = world.say("ben", "Γιατί;")
        world.say("cleo", "Πότε;")
        await world.hear()
        world.say("ada", "Εξαρτάται.")
        await world.hear()
        await ines.form("winners 1")
        await ines.submit(note="Γράψε μου")
        await world.look()
        assert latin(all_of(m for m in world.posted() if "🎉" in shown(m))) == []
        await world.to(START + timedelta(hours=2))
        world.say("ada", "Επειδή.", first)
        await world.to(END)
        assert latin(all_of(ines.direct())) == []
        asides = [e for e in world.workspace.ephemerals if e.user == world.id("ada") and e.blocks]
        assert latin("\n".join(e.text + words(e.blocks) for e in asides)) == []


async def answer(hands: MemberDriver, command: str) -> str:
    """What the person reads who types `/qa …`."""
    note = await hands.answer(hands.person.command("/qa", command, CHANNEL))
    # Slack makes a `rich_text` block of a text that has none.
    blocks = [block for block in note.blocks or [] if block["type"] != "rich_text"]
    return f"{note.text}\n{words(blocks)}"

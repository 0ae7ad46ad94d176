"""The workspace to try and its board, in a browser: the tour that a newcomer takes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.demo.stage import Stage
from bot.demo.trying import trying
from tests.browser import opened, serious
from tests.in_thread import Aside, in_thread

QUESTION = "How do you decide that a *pass* has become two?"
ANSWER = "By its tests: when half of them set up what the other half checks."
PATIENCE = 60_000

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Aside[Stage]]:
    with in_thread(lambda: trying(tmp_path)) as running:
        yield running


def become(page: Page, name: str) -> None:
    page.get_by_label("You are").select_option(label=name)


def write(page: Page, field: str, text: str) -> None:
    page.get_by_label(field, exact=True).fill(text)
    page.get_by_label(field, exact=True).press("Enter")


@pytest.mark.slow
def test_the_two_minute_tour(chromium: Browser, stage: Aside[Stage]) -> None:
    url = stage.it.box.control_url
    with opened(chromium) as visit, opened(chromium, width=360, height=740) as phone:
        page = visit.page
        page.set_default_timeout(PATIENCE)
        phone.page.set_default_timeout(PATIENCE)
        page.goto(url)
        expect(page.get_by_role("heading", name="# book-of-the-week")).to_be_visible()
        expect(page.locator("#messages")).to_contain_text("The session is open until")
        board = page.get_by_role("link", name="Board").get_attribute("href")
        assert board is not None
        phone.page.goto(board)
        expect(phone.page.get_by_text("No questions yet")).to_be_visible()
        expect(phone.page.locator(".live.on")).to_be_visible()

        # A member asks.
        write(page, "Message", QUESTION)
        asked = page.locator("#messages .message", has_text="How do you decide")
        expect(asked.locator("strong")).to_have_text("pass")
        entry = phone.page.locator("li.entry", has_text="How do you decide")
        expect(entry).to_contain_text("Mira")
        expect(phone.page.get_by_text("1 question, 0 answered", exact=True)).to_be_visible()

        # An author answers, in the thread, and somebody votes.
        become(page, "Odalys Fenwright (author)")
        asked.hover()
        asked.get_by_role("button", name="Reply", exact=True).click()
        write(page, "Reply in thread", ANSWER)
        expect(page.locator("#replies")).to_contain_text(ANSWER)
        expect(entry).to_contain_text("answered by Odalys Fenwright")
        become(page, "tobi_o (member)")
        asked.hover()
        asked.get_by_label("Add reaction").click()
        asked.get_by_role("button", name="+1", exact=True).click()
        expect(asked.get_by_role("button", name="+1, 1")).to_have_attribute("aria-pressed", "true")
        expect(entry.locator(".votes b")).to_have_text("1")

        # What was withdrawn is nowhere.
        write(page, "Message", "oops, wrong channel")
        oops = phone.page.locator("li.entry", has_text="oops")
        expect(oops).to_be_visible()
        expect(phone.page.get_by_role("status")).to_contain_text("2 questions, 1 answered")
        wrong = page.locator("#messages .message", has_text="oops")
        wrong.hover()
        wrong.get_by_label("More actions").click()
        wrong.get_by_role("button", name="Delete message").click()
        expect(oops).to_have_count(0)
        expect(wrong).to_have_count(0)

        # What went over the wire.
        page.get_by_role("button", name="Wire", exact=True).click()
        acknowledged = page.locator("#entries .acknowledgement").first
        expect(acknowledged).to_be_visible()
        asking = page.locator("#entries li", has_text="chat.postMessage").first
        asking.locator("summary").click()
        expect(asking.locator("pre")).to_contain_text('"method": "chat.postMessage"')
        assert serious(page) == []
        page.get_by_role("button", name="Close the wire").click()

        # The week passes, and the archive is there.
        become(page, "Ines (organizer)")
        page.get_by_role("button", name="+1 day").click()
        expect(page.locator("#clock time")).to_contain_text("Tuesday, 6 January 2026")
        page.get_by_role("button", name="to the end").click()
        page.get_by_role("button", name="Read the archive").click()
        archive = page.get_by_role("dialog", name="archive").locator("pre")
        expect(archive).to_contain_text("How do you decide that a **pass** has become two?")
        expect(archive).to_contain_text(ANSWER)
        expect(archive).not_to_contain_text("oops")
        expect(phone.page.get_by_text("The session is over.")).to_be_visible()
        assert serious(page) == []
        assert visit.complaints == []
        assert visit.hosts() == {re.sub(r"^http://|/$", "", url)}

        # The board on a phone.
        assert phone.overflow() == 0
        assert serious(phone.page) == []
        assert phone.complaints == []
        assert phone.hosts() == {board.split("/")[2]}
        revoke(stage)
        expect(
            phone.page.get_by_text("This board was taken down.", exact=True).first
        ).to_be_visible()
        expect(entry).to_have_count(0)


SECOND = """---
title: "Bread and Roses"
start: 2026-01-19 00:00:00
end: 2026-01-23 22:59:59
authors: [Odalys Fenwright]
---
"""


@pytest.mark.slow
def test_time_stops_at_what_happens_and_a_second_book_follows(
    chromium: Browser, stage: Aside[Stage]
) -> None:
    def plan(it: Stage) -> Awaitable[object]:
        (it.bot.library.root / "20260119-bread.md").write_text(SECOND, "utf-8")
        return it.bot.reread()

    with opened(chromium) as visit:
        page = visit.page
        page.set_default_timeout(PATIENCE)
        page.goto(stage.it.box.control_url)
        write(page, "Message", QUESTION)
        expect(page.locator("#messages")).to_contain_text("How do you decide")
        page.get_by_role("button", name="+1 day").click()
        expect(page.locator("#note")).to_contain_text(
            "Stopped here: Marginalia wrote to Bram Tessaly"
        )
        expect(page.locator("#clock time")).to_contain_text("Monday, 5 January 2026")
        become(page, "Bram Tessaly (author)")
        expect(page.get_by_role("button", name="Marginalia: messages")).to_contain_text("unread")
        stage.do(plan)
        page.get_by_role("button", name="to the end").click()
        page.get_by_role("button", name="Read the archive of The Patient Compiler").click()
        expect(page.get_by_role("dialog")).to_contain_text("How do you decide")
        page.get_by_role("button", name="Close", exact=True).click()
        page.get_by_role("button", name="to the end").click()
        expect(page.get_by_role("button", name="Read the archive of Bread")).to_be_enabled()
        expect(page.locator("#messages")).to_contain_text("Bread and Roses")
        page.set_viewport_size({"width": 360, "height": 740})
        # Two archives to read, on a phone.
        expect(page.locator("html")).to_have_js_property("scrollWidth", 360)
        assert visit.complaints == []


def revoke(stage: Aside[Stage]) -> None:
    """Takes the board away."""

    def write() -> None:
        with stage.it.bot.database.unit_of_work() as uow:
            assert uow.boards.revoke(1)

    stage.do(lambda _: asyncio.to_thread(write))


@pytest.mark.slow
def test_it_fits_a_phone_in_the_dark(chromium: Browser, stage: Aside[Stage]) -> None:
    with opened(chromium, width=360, height=740, dark=True) as visit:
        visit.page.set_default_timeout(PATIENCE)
        visit.page.goto(stage.it.box.control_url)
        write(visit.page, "Message", "a" * 300)
        expect(visit.page.locator("#messages")).to_contain_text("a" * 300)
        assert visit.overflow() == 0
        assert serious(visit.page) == []
        message = visit.page.locator("#messages .message", has_text="a" * 300)
        message.get_by_role("button", name="Reply", exact=True).click()
        write(visit.page, "Reply in thread", "And more")
        expect(visit.page.locator("#replies")).to_contain_text("And more")
        assert visit.overflow() == 0
        assert visit.complaints == []

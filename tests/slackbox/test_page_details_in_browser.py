"""What makes the workspace in the browser easy to use, each thing by itself; no app is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from slackbox.server import Sandbox
from tests.browser import Visit, chromium, opened  # noqa: F401
from tests.in_thread import Aside, in_thread
from tests.slackbox.conftest import CHANNEL, MANIFEST

PATIENCE = 30_000
pytestmark = pytest.mark.slow
UNCOVERED = """element => [...element.querySelectorAll("button")].every(button => {
  const box = button.getBoundingClientRect();
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return there && button.contains(there);
})"""
"""Whether whoever points at the middle of a button of a panel points at that button."""


@asynccontextmanager
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(MANIFEST) as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[Aside[Sandbox]]:
    with in_thread(box) as running:
        yield running


@pytest.fixture
def running(shared: Aside[Sandbox]) -> Aside[Sandbox]:
    """A workspace as new, with thirty messages of Toby's."""

    def begin(it: Sandbox) -> None:
        it.reset()
        for number in range(30):
            it.person("toby").post(CHANNEL, f"Message {number}")

    shared.do(begin)
    return shared


def post(running: Aside[Sandbox], who: str, text: str, channel: str = CHANNEL) -> None:
    running.do(lambda it: it.person(who).post(channel, text))


def look(visit: Visit, running: Aside[Sandbox], who: str = "mirela") -> Page:
    page = visit.page
    page.set_default_timeout(PATIENCE)
    page.goto(f"{running.do(lambda it: it.control_url)}#me={who}")
    expect(page.locator("html[data-ready]")).to_be_attached()
    return page


def message(page: Page, text: str) -> Locator:
    return page.locator("#messages .message").filter(has=page.get_by_text(text, exact=True))


def write(page: Page, text: str, field: str = "Message") -> None:
    page.get_by_label(field, exact=True).fill(text)
    page.get_by_label(field, exact=True).press("Enter")


@pytest.mark.parametrize("number", [20, 29])
def test_nothing_covers_a_menu_and_nothing_cuts_it_off(
    chromium: Browser,  # noqa: F811
    running: Aside[Sandbox],
    number: int,
) -> None:
    with opened(chromium, height=600) as visit:
        page = look(visit, running)
        row = message(page, f"Message {number}")
        for button, panel in (("More actions", ".choices"), ("Add reaction", ".picker")):
            row.scroll_into_view_if_needed()
            row.hover()
            row.get_by_label(button).click()
            opened_panel = row.locator(f"{panel}:popover-open")
            expect(opened_panel).to_be_in_viewport(ratio=1)
            assert opened_panel.evaluate(UNCOVERED)
            page.keyboard.press("Escape")
            expect(opened_panel).to_have_count(0)
        assert visit.complaints == []


def test_your_own_message_comes_into_view(chromium: Browser, running: Aside[Sandbox]) -> None:  # noqa: F811
    with opened(chromium, height=600) as visit:
        page = look(visit, running)
        page.locator("#messages").evaluate("list => { list.scrollTop = 0; }")
        expect(message(page, "Message 0")).to_be_in_viewport()
        post(running, "toby", "Somebody else's")
        expect(message(page, "Somebody else's")).to_be_attached()
        expect(message(page, "Message 0")).to_be_in_viewport()  # nobody is torn away from reading
        write(page, "And mine")
        expect(message(page, "And mine")).to_be_in_viewport()
        assert visit.complaints == []


def test_what_one_has_not_read_is_marked(chromium: Browser, running: Aside[Sandbox]) -> None:  # noqa: F811
    with opened(chromium) as visit:
        page = look(visit, running)
        general = page.get_by_role("button", name="# general")
        expect(general).to_have_text("# general")
        post(running, "toby", "One", "general")
        post(running, "toby", "Two", "general")
        expect(general).to_have_text("# general 2 unread")
        page.reload()
        expect(general).to_have_text("# general 2 unread")
        general.click()
        expect(page.locator("#messages .new + .message")).to_contain_text("One")
        page.get_by_role("button", name=f"# {CHANNEL}").click()
        expect(general).to_have_text("# general")
        write(page, "My own is read")
        expect(page.locator(".unread")).to_have_count(0)


def test_a_link_is_copied_and_leads_to_its_message(
    chromium: Browser,  # noqa: F811
    running: Aside[Sandbox],
) -> None:
    with opened(chromium, height=600) as visit:
        page = look(visit, running)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        row = message(page, "Message 3")
        row.scroll_into_view_if_needed()
        row.hover()
        row.get_by_label("More actions").click()
        row.get_by_role("button", name="Copy link").click()
        expect(page.locator("#note")).to_have_text("The link is copied.")
        link = page.evaluate("navigator.clipboard.readText()")
        ts = row.get_attribute("data-ts") or ""
        assert link.endswith(f"/p{ts.replace('.', '')}")
        write(page, f"See {link}")
        expect(row).not_to_be_in_viewport()
        page.get_by_role("link", name=link).click()
        expect(row).to_be_in_viewport()
        expect(page.get_by_role("heading", name=f"# {CHANNEL}")).to_be_visible()


def test_quotes_are_drawn_as_quotes(chromium: Browser, running: Aside[Sandbox]) -> None:  # noqa: F811
    with opened(chromium) as visit:
        page = look(visit, running)
        write(page, "> as it says\n> in the book\nWhy?")
        quote = page.locator("#messages blockquote")
        expect(quote).to_have_text("as it saysin the book")
        text = {"type": "mrkdwn", "text": "Toby asks:\n> why?\n&gt; and how?\nAnswer him"}
        section = {"type": "section", "text": text}
        running.do(lambda it: it.person("toby").post(CHANNEL, "x", blocks=[section]))
        expect(quote.last).to_have_text("why?and how?")
        expect(page.locator("#messages .message").last).to_contain_text("Answer him")
        assert "&gt;" not in page.locator("#messages").inner_text()


def test_tables_and_headers_are_drawn(chromium: Browser, running: Aside[Sandbox]) -> None:  # noqa: F811
    rows = [[{"type": "raw_text", "text": each} for each in row] for row in ("ab", "c|")]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Results"}, "level": 2},
        {"type": "table", "rows": rows, "column_settings": [None, {"align": "right"}]},
    ]
    running.do(lambda it: it.person("toby").post(CHANNEL, "x", blocks=blocks))
    with opened(chromium) as visit:
        page = look(visit, running)
        expect(page.get_by_role("heading", name="Results", level=2)).to_be_visible()
        expect(page.locator(".message table th")).to_have_text(["a", "b"])
        expect(page.locator(".message table td")).to_have_text(["c", "|"])
        expect(page.locator(".message table .right")).to_have_text(["b", "|"])


def test_emoji_are_drawn_or_named(chromium: Browser, running: Aside[Sandbox]) -> None:  # noqa: F811
    """By the page's own font: on a machine without one of emoji there is no empty box."""
    with opened(chromium) as visit:
        page = look(visit, running)
        count, missing = page.evaluate(
            """async () => {
              const { emoji } = await import("/page/emoji.js");
              const lines = (await (await fetch("/page/emoji.tsv")).text()).split("\\n");
              const names = lines.filter(line => line && line[0] !== "#").map(line => line.split(/[ \\t]/)[0]);
              return [names.length, names.filter(name => !emoji(name))];
            }"""
        )
        assert count > 1900
        assert len(missing) < 40, "those of the latest years"
        assert {"owl", "flag-de", "+1", "heart", "man-shrugging", "hash"}.isdisjoint(missing)
        write(page, f"An :owl: and a :{missing[0]}: and :man-shrugging::skin-tone-3:")
        shown = page.locator("#messages .message").last
        expect(shown).to_contain_text(f"An 🦉 and a :{missing[0]}: and 🤷🏼\u200d♂")
        shown.hover()
        shown.get_by_label("Add reaction").click()
        shown.get_by_label("Find an emoji").fill("crab")
        shown.get_by_role("button", name="crab", exact=True).click()
        expect(shown.get_by_role("button", name="crab, 1")).to_have_text("🦀 1")
        assert visit.complaints == []


def test_on_a_phone_the_talk_has_the_room(chromium: Browser, running: Aside[Sandbox]) -> None:  # noqa: F811
    with opened(chromium, width=360, height=740) as visit:
        page = look(visit, running)
        talk = page.locator("#messages").bounding_box()
        assert talk is not None
        assert talk["height"] >= 0.6 * 740
        expect(page.get_by_label("Message", exact=True)).to_be_in_viewport()
        assert visit.overflow() <= 0
        message(page, "Message 29").get_by_role("button", name="Reply", exact=True).click()
        expect(page.get_by_label("Reply in thread", exact=True)).to_be_in_viewport()
        field = page.get_by_label("Reply in thread", exact=True).bounding_box()
        assert field is not None
        assert field["width"] >= 0.6 * 360
        write(page, "Here", "Reply in thread")
        expect(page.locator("#replies")).to_contain_text("Here")
        assert visit.overflow() <= 0
        assert visit.complaints == []

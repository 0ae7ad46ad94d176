"""Block Kit and all that people touch, in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp

from slackbox.server import Sandbox
from tests.browser import chromium, opened, serious  # noqa: F401
from tests.in_thread import Aside, in_thread
from tests.slackbox.conftest import CHANNEL, MANIFEST, client_of
from tests.slackbox.test_page_details_in_browser import UNCOVERED
from tests.waiting import until

PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(value: str, text: str = "") -> dict[str, Any]:
    return {"text": plain(text or value.title()), "value": value}


def field(block: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": block, "label": plain(label), "element": element, **more}


FORM = [
    field(
        "text",
        "Your question",
        {"type": "plain_text_input", "action_id": "text", "multiline": True},
    ),
    field("book", "Book", {"type": "external_select", "action_id": "book", "min_query_length": 0}),
    field(
        "names",
        "Name",
        {
            "type": "radio_buttons",
            "action_id": "name",
            "options": [option("full"), option("none")],
            "initial_option": option("full"),
        },
    ),
    field("day", "Day", {"type": "datepicker", "action_id": "day"}, optional=True),
]


def application(app: AsyncApp, channel: str, seen: list[Any]) -> None:
    """An app with something of everything that people touch."""

    @app.command("/ask")
    async def ask(ack: Any, body: Any, client: Any) -> None:
        await ack()
        view = {"type": "modal", "callback_id": "ask", "title": plain("Ask"), "submit": plain("Send"), "blocks": FORM}  # fmt: skip
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.options("book")
    async def books(ack: Any) -> None:
        await ack(options=[option("patient", "The Patient Compiler"), option("other")])

    @app.view("ask")
    async def asked(ack: Any, body: Any, view: Any, client: Any) -> None:
        values = view["state"]["values"]
        if len(values["text"]["text"]["value"]) < 5:
            await ack(response_action="errors", errors={"text": "A little longer, please"})
            return
        await ack()
        seen.append(values)
        blocks = [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Asked.* Yours?"}},
            {"type": "actions", "block_id": "row", "elements": [
                {"type": "button", "text": plain("Withdraw"), "action_id": "withdraw", "style": "danger",
                 "confirm": {"title": plain("Sure?"), "text": plain("It goes."), "confirm": plain("Yes, withdraw"), "deny": plain("Keep")}},
                {"type": "static_select", "action_id": "how", "placeholder": plain("How"), "options": [option("loud"), option("quiet")]},
            ]},
        ]  # fmt: skip
        await client.chat_postEphemeral(
            channel=channel, user=body["user"]["id"], text="Asked.", blocks=blocks
        )

    @app.action("withdraw")
    async def withdraw(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="Withdrawn.", replace_original=True)

    @app.action("how")
    async def how(ack: Any, action: Any) -> None:
        await ack()
        seen.append(action["selected_option"]["value"])

    @app.shortcut("answers")
    async def answers(ack: Any, shortcut: Any, client: Any) -> None:
        await ack()
        seen.append(shortcut["message"]["text"])
        view = {"type": "modal", "title": plain("First"), "blocks": [
            {"type": "actions", "elements": [{"type": "button", "text": plain("Further"), "action_id": "further"}]}]}  # fmt: skip
        await client.views_open(trigger_id=shortcut["trigger_id"], view=view)

    @app.action("further")
    async def further(ack: Any, body: Any, client: Any) -> None:
        await ack()
        view = {"type": "modal", "title": plain("Second"), "blocks": [
            {"type": "section", "text": plain("Two deep")}]}  # fmt: skip
        await client.views_push(trigger_id=body["trigger_id"], view=view)

    @app.event("app_home_opened")
    async def home(event: Any, client: Any) -> None:
        blocks = [
            {"type": "header", "text": plain("Your queue")},
            {"type": "actions", "elements": [{"type": "button", "text": plain("Digest"), "action_id": "digest"}]},
        ]  # fmt: skip
        view = {"type": "home", "blocks": blocks}
        if not seen or seen[-1] != "home":
            seen.append("home")
            await client.views_publish(user_id=event["user"], view=view)

    @app.action("digest")
    async def digest(ack: Any, body: Any, client: Any) -> None:
        await ack()
        view = {"type": "home", "blocks": [{"type": "section", "text": plain("Digest is on")}]}
        await client.views_publish(user_id=body["user"]["id"], view=view)


class World:
    """A sandbox with the app in it."""

    def __init__(self, box: Sandbox, seen: list[Any]):
        self.box, self.seen = box, seen
        self.url = box.control_url


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with Sandbox(MANIFEST, trigger_life=60) as box:
        seen: list[Any] = []
        client = client_of(box)
        app = AsyncApp(client=client, signing_secret=box.signing_secret)
        application(app, box.workspace.channel(CHANNEL).id, seen)
        handler = AsyncSocketModeHandler(app, box.app_token, web_client=client)
        await handler.connect_async()
        await until(lambda: box.dispatcher.sockets)
        yield World(box, seen)
        await handler.close_async()


@pytest.fixture
def running() -> Iterator[Aside[World]]:
    with in_thread(world) as it:
        yield it


@pytest.mark.slow
def test_people_use_the_app(chromium: Browser, running: Aside[World]) -> None:  # noqa: F811
    with opened(chromium) as visit:
        page = visit.page
        page.set_default_timeout(PATIENCE)
        page.goto(f"{running.it.url}#me=mirela")
        expect(page.get_by_role("heading", name=f"# {CHANNEL}")).to_be_visible()
        form(page, running)
        private_note(page, running)
        shortcut(page, running)
        home(page)
        no_app_there(page)
        assert visit.complaints == []


def form(page: Page, running: Aside[World]) -> None:
    """A command, suggested as it is typed, opens a form; the form says what is wrong with it."""
    page.get_by_label("Message", exact=True).press_sequentially("/as")
    expect(page.get_by_role("listbox")).to_contain_text("Ask the author of this week's book")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ask")
    expect(dialog).to_be_visible()
    assert serious(page) == []
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("please complete this required field")
    dialog.get_by_label("Your question").fill("Hm?")
    dialog.get_by_label("Book").click()
    suggested = dialog.locator(".suggested:popover-open")
    expect(suggested).to_be_in_viewport(ratio=1)  # nothing cuts it off
    assert suggested.evaluate(UNCOVERED)
    dialog.get_by_role("button", name="The Patient Compiler").click()
    dialog.get_by_label("None").check()
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("A little longer, please")
    expect(dialog.get_by_label("Your question")).to_have_value("Hm?")
    dialog.get_by_label("Your question").fill("Why *two* passes?")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_be_hidden()
    values = running.it.seen[0]
    assert values["text"]["text"]["value"] == "Why *two* passes?"
    assert values["book"]["book"]["selected_option"]["value"] == "patient"
    assert values["names"]["name"]["selected_option"]["value"] == "none"


def private_note(page: Page, running: Aside[World]) -> None:
    """A note that nobody else sees, with a select and a button that asks whether one is sure."""
    note = page.locator(".message.private")
    expect(note).to_contain_text("Only visible to you")
    expect(note.locator("strong")).to_have_text("Asked.")
    note.get_by_label("How").select_option("quiet")
    note.get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Keep").click()
    expect(note).to_contain_text("Yours?")
    note.get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Yes, withdraw").click()
    expect(note).to_contain_text("Withdrawn.")
    assert "quiet" in running.it.seen
    page.get_by_label("You are").select_option(label="toby (member)")
    expect(note).to_have_count(0)


def shortcut(page: Page, running: Aside[World]) -> None:
    """A shortcut of a message; what others write is text, and what is not drawn is shown."""
    nasty = "<img src=x onerror=alert(1)> *bold* <https://example.org|here>"
    video = {"type": "video", "title": plain("A film"), "alt_text": "film"}

    def post(it: World) -> None:
        person = it.box.person("mirela")
        person.post(CHANNEL, nasty)
        person.post(CHANNEL, "with a film", blocks=[video])

    running.do(post)
    message = page.locator("#messages .message", has_text="onerror")
    expect(message).to_contain_text("<img src=x onerror=alert(1)> bold here")
    expect(message.locator("img")).to_have_count(0)
    film = page.locator("#messages .undrawn")
    expect(film).to_contain_text("A block of type “video” is not drawn here")
    film.locator("summary").click()
    expect(film.locator("pre")).to_contain_text('"alt_text": "film"')
    message.hover()
    message.get_by_label("More actions").click()
    assert serious(page) == []
    message.get_by_role("button", name="This answers…").click()
    page.get_by_role("button", name="Further").click()
    expect(page.get_by_role("dialog", name="Second")).to_contain_text("Two deep")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog", name="First")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert any("onerror" in str(each) for each in running.it.seen)


def home(page: Page) -> None:
    """App Home, and what its buttons do to it."""
    page.get_by_role("button", name="Marginalia: Home").click()
    expect(page.locator("#home")).to_contain_text("Your queue")
    page.get_by_role("button", name="Digest").click()
    expect(page.locator("#home")).to_contain_text("Digest is on")
    assert serious(page) == []


def no_app_there(page: Page) -> None:
    """What the app does not answer is said."""
    page.get_by_role("button", name=f"# {CHANNEL}").click()
    page.get_by_label("Message", exact=True).fill("/qa nothing listens to this")
    page.get_by_label("Message", exact=True).press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("The app did not answer that")

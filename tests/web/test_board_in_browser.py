"""A board in a browser: answers, the presenter's view, and the end of the session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.services import boards
from bot.sessions.model import State
from bot.settings import Settings
from bot.store.database import Database
from slackbox.listening import Listener
from tests.browser import Visit, opened, serious
from tests.in_thread import in_thread
from tests.store.builders import later, question, reply
from tests.web.test_board import SECRET, fill, ts

ADDRESS = "https://slack.example/message"


class Served:
    """A board at `url`, and the database that it is read from."""

    def __init__(self, database: Database, url: str):
        self.database, self.url = database, url

    def change(self, state: State) -> None:
        """Puts the session into a state, and says something, which a board notices."""
        with self.database.unit_of_work() as uow:
            session = uow.sessions.get(1)
            assert session is not None
            session.state = state
            uow.sessions.save(session)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Three questions: one answered by the author, one replied to by a reader, one waiting."""
    url = f"sqlite:///{tmp_path / 'board.db'}"
    database = Database(url)
    database.upgrade()
    with database.unit_of_work() as uow:
        session = fill(uow)
        uow.messages.put(reply(session.id, ts(4), ts(3), "Me too &lt;b&gt;", author="U1"))
        uow.messages.put(question(session.id, ts(5), "And last?", author="U1"))
        uow.boards.open(session.id, "nonce", later(0))

    @asynccontextmanager
    async def serving() -> AsyncIterator[Served]:
        settings = Settings(_env_file=None, SLACK_BOT_TOKEN=SECRET, board_url="https://b.example")
        hub, app = boards.application(settings, database, lambda channel, ts: ADDRESS)
        hub._interval = 0.05
        listener = Listener(app, "127.0.0.1", 0)
        await listener.start()
        key = boards.key_of(SECRET, 1, "nonce")
        yield Served(database, f"http://{listener.address}/board/{key}")
        await hub.close()
        await listener.stop()

    with in_thread(serving) as running:
        yield running.it
    database.close()


def test_answers_unfold_under_their_question(chromium: Browser, served: Served) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(served.url)
        answered = page.locator("li.entry", has_text="Why")
        expect(answered.get_by_text("So.")).to_be_hidden()
        answered.get_by_text("1 reply").click()
        expect(answered.get_by_text("So.")).to_be_visible()
        expect(answered.locator(".reply.author")).to_contain_text("Ana Lima")
        with served.database.unit_of_work() as uow:
            uow.messages.put(reply(1, ts(9), ts(1), "And more.", author="U2"))
        expect(answered.get_by_text("And more.")).to_be_visible()  # drawn anew, still unfolded
        assert serious(page) == []
        assert visit.complaints == []


@pytest.mark.slow
def test_one_question_large(chromium: Browser, served: Served) -> None:
    """The presenter goes on with a key, shows answers, and sees only what the filter shows."""
    with opened(chromium, height=700) as visit:
        page = visit.page
        page.goto(served.url)
        page.get_by_role("button", name="Present").click()
        shown = page.locator("li.entry:visible .said").first
        place = page.locator("#at")
        expect(shown).to_have_text("Why two?")
        expect(place).to_have_text("1 of 3")
        size = "element => parseFloat(getComputedStyle(element).fontSize)"
        assert shown.evaluate(size) > 40
        page.keyboard.press("a")
        expect(page.get_by_text("So.")).to_be_visible()
        assert serious(page) == []
        page.keyboard.press("ArrowRight")
        expect(shown).to_have_text("And <b>then</b>?")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(place).to_have_text("3 of 3")
        expect(page.get_by_role("button", name="Next")).to_be_disabled()
        page.keyboard.press("ArrowLeft")
        expect(place).to_have_text("2 of 3")
        page.keyboard.press("Escape")
        expect(page.locator("li.entry:visible")).to_have_count(3)
        page.get_by_label("not answered").check()
        page.goto(page.url + "&present=yes" if "?" in page.url else page.url + "?present=yes")
        expect(place).to_have_text("1 of 3")
        page.set_viewport_size({"width": 360, "height": 700})
        assert visit.overflow() <= 0
        assert complaints(visit) == []


def complaints(visit: Visit) -> list[str]:
    """What the browser complains of, but for events that a new address broke off."""
    return [each for each in visit.complaints if "/events" not in each]


def ends(page: Page) -> tuple[bool, bool]:
    """Whether one is invited to ask, and told that the board is live."""
    return page.locator(".into").is_visible(), page.locator(".live").is_visible()


@pytest.mark.slow
def test_after_the_close_nobody_is_invited_to_ask(chromium: Browser, served: Served) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(served.url)
        expect(page.locator(".live.on")).to_be_visible()
        assert ends(page) == (True, True)
        served.change(State.CLOSED)
        expect(page.get_by_text("The session is over.")).to_be_visible()
        assert ends(page) == (False, False)
        page.reload()
        expect(page.get_by_text("The session is over.")).to_be_visible()
        assert ends(page) == (False, False)
        served.change(State.SCHEDULED)
        expect(page.get_by_text("The session has not begun yet.")).to_be_visible()
        assert complaints(visit) == []

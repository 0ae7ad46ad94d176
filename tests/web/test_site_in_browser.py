"""The static site as people meet it: in a browser, from a server and from a disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.library.formats import Entry
from bot.sessions.model import Event
from bot.web.site import books, folder, pages
from bot.web.site.books import Posted
from bot.web.site.pages import Recorded
from tests.browser import opened, serious, served
from tests.web import shelf

PAGES = (
    *("index.html", "data.html", "index.html?q=question", "books/20241014-on-reading.html"),
    *("authors.html", "authors/ana-lima.html", "books/20241014-on-reading.html?q=whom"),
    *("books/20241104-many-words.html", "books/20250303-plan.html"),
)
pytestmark = pytest.mark.slow
DONE = re.compile(r"^(Nothing found|\d+ results?(, the first \d+ shown)?)$")


SLACK = "https://books.slack.com/archives/C1/p1641805200000100"
ZOE = "Was sagt Herr Yıldırım zu 自然言語処理 in C++?"


def known(event: Event) -> Recorded:
    """A database that has one message."""
    at = datetime(2022, 1, 10, 9, tzinfo=UTC)
    return Recorded(None, [Posted("Zoë", ZOE, "C1/1641805200.000100", SLACK, at)])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `shelf.fill`, and of a year with an archive of letters of all kinds."""
    root = tmp_path_factory.mktemp("browser")
    shelf.fill(root / "schedules")
    shelf.write(
        root / "schedules",
        "20220110-letters",
        (
            Entry("Zoë", ZOE),
            Entry(
                "Ann",
                "Nothing <img src=x onerror=alert(1)> here",
                (Entry("Bob", "A `<b>reply</b>`, at last"),),
            ),
        ),
        title="Letters",
        day="2022-01-10",
    )
    planned, _ = books.find([root / "schedules"])
    folder.publish(root / "site", lambda made: pages.build(planned, made, pages.Site(), known))
    return root / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as url:
        yield url


def search(page: Page, words: str) -> list[str]:
    """What a reader who types the words gets: a line for each result, once all years are read."""
    page.get_by_role("searchbox", name="Search all questions and answers").fill(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(DONE)
    return [" ".join(each.split()) for each in page.locator("#list li").all_inner_texts()]


def test_searching_finds_questions_answers_and_books(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(address)
        assert search(page, "whom") == [
            "On Reading question 1 Wendy: Why this book? And for whom?",
            "The First Book question 1 Wendy: Why this book? And for whom?",
        ]
        assert search(page, "yildirim") == [
            "Letters question 1 Zoë: Was sagt Herr Yıldırım zu 自然言語処理 in C++?"
        ]
        assert len(search(page, "言語")) == 1
        assert search(page, "c++ word")[0].startswith("On Reading question 3 Max: C++ 猫")
        assert search(page, "quesiton number 5")[0].startswith("Unabgeschlossen")  # a slip
        assert search(page, "first book")[0].startswith("The First Book")
        assert search(page, "reply last") == ["Letters question 2 Bob: A <b>reply</b>, at last"]
        assert search(page, "zzzzzz") == []
        expect(page.get_by_role("status")).to_have_text("Nothing found")
        expect(page.locator("#page")).to_be_hidden()
        assert visit.complaints == []


def test_a_result_leads_to_its_question(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(address)
        search(page, "number 5")
        page.locator("#list a").first.click()
        expect(page).to_have_url(re.compile("books/20241104-many-words/q/question-number-5-"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Question number 5?")
        page.go_back()  # the search is still there
        expect(page.locator("#list a").first).to_be_visible()


@pytest.mark.parametrize("disk", [False, True], ids=["served", "from the disk"])
def test_from_a_search_to_a_questions_page_and_back_into_slack(
    chromium: Browser, site: Path, address: str, disk: bool
) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto((site / "index.html").as_uri() if disk else address)
        search(page, "yildirim")
        page.get_by_role("link", name="Letters question 1").click()
        expect(page).to_have_url(re.compile(r"/books/20220110-letters/q/[a-z0-9-]+\.html$"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("Herr Yıldırım")
        link = page.get_by_role("link", name="Open in Slack")
        expect(link).to_have_attribute("href", SLACK)
        page.get_by_role("link", name="Letters").first.click()
        expect(page.locator("#q1")).to_be_in_viewport()
        page.get_by_role("link", name="Page of this question 2").click()
        expect(page.get_by_text("A <b>reply</b>, at last")).to_be_visible()
        assert page.get_by_role("link", name="Open in Slack").count() == 0
        assert visit.complaints == []


def test_every_page_searches(chromium: Browser, address: str) -> None:
    """From a book's page: results lead to other books and to this one, and can be narrowed."""
    with opened(chromium) as visit:
        page = visit.page
        page.goto(f"{address}books/20241014-on-reading.html")
        assert len(search(page, "whom")) == 2
        expect(page.locator("#page")).to_be_hidden()
        narrow = page.get_by_label("Books by")
        assert narrow.locator("option").all_inner_texts()[:2] == ["all authors", "A. N. Other"]
        page.get_by_label("unanswered only").check()
        expect(page.get_by_role("status")).to_have_text("Nothing found")
        assert len(search(page, "question")) == 8
        page.get_by_label("unanswered only").uncheck()
        assert len(search(page, "lima")) > 8
        narrow.select_option("A. N. Other")
        assert len(search(page, "lima")) == 9  # eight questions and the book
        narrow.select_option("")
        search(page, "whom")
        page.locator("#list a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Why this book?")
        search(page, "number 5")  # a question's page searches, too
        page.locator("#list a").first.click()
        expect(page).to_have_url(re.compile("books/20241104-many-words/q/question-number-5-"))
        assert visit.complaints == []


def test_a_book_shows_some_of_its_questions(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(f"{address}books/20241014-on-reading.html")
        page.get_by_label("Show").select_option("unanswered questions")
        expect(page.locator("#filtered")).to_have_text("2 of 3 questions shown")
        expect(page.locator("#q2")).to_be_visible()
        for other in ("#q1", "#q3"):
            expect(page.locator(other)).to_be_hidden()
        page.get_by_label("Show").select_option("answered by Ana Lima")
        expect(page.locator(".thread:visible")).to_have_count(1)
        page.goto(f"{address}books/20241014-on-reading.html#q4")
        expect(page.locator("#q4")).to_be_in_viewport()
        expect(page.get_by_label("Show")).to_have_value("")
        assert visit.complaints == []


def test_a_sparse_year_leaves_no_hole(chromium: Browser, address: str) -> None:
    """Books stand side by side, whatever their years; each year is named at its first book."""
    with opened(chromium) as visit:
        visit.page.goto(address)
        books = visit.page.locator(".books > li")
        boxes = [each.bounding_box() for each in books.all()]
        assert len(boxes) == 6
        first_row = [box for box in boxes if box and box["y"] == boxes[0]["y"]]  # type: ignore[index]
        assert len(first_row) == 5
        assert visit.page.locator(".year").all_inner_texts() == ["2025", "2024", "2023", "2022"]


def test_text_that_looks_like_html_is_text_in_results(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.goto(f"{address}?q=onerror")
        expect(page.get_by_role("status")).to_have_text(DONE)
        expect(page.locator("#list li")).to_contain_text("<img src=x onerror=alert(1)>")
        assert page.locator("#list img").count() == 0
        assert page.locator("#list mark").all_inner_texts() == ["onerror"]
        assert visit.complaints == []


def test_emptying_the_field_brings_the_books_back(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(f"{address}?q=book")
        expect(page.locator("#page")).to_be_hidden()
        page.get_by_role("searchbox").fill("")
        expect(page.locator("#page")).to_be_visible()
        expect(page.locator("#results")).to_be_hidden()
        expect(page).to_have_url(address)


def test_pages_work_from_a_disk(chromium: Browser, site: Path) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto((site / "index.html").as_uri())
        assert len(search(page, "whom")) == 2
        page.locator("#list a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Why this book?")
        assert len(search(page, "whom")) == 2
        page.goto((site / "index.html").as_uri())
        page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
        assert visit.complaints == []


def test_without_scripts_the_list_is_all_there_is(chromium: Browser, address: str) -> None:
    with opened(chromium, scripts=False) as visit:
        page = visit.page
        page.goto(address)
        expect(page.get_by_role("searchbox")).to_be_hidden()
        page.get_by_role("link", name="The First Book").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The First Book")
        expect(page.get_by_text("And for whom?")).to_be_visible()
        page.get_by_role("link", name="Page of this question 1").click()
        expect(page).to_have_url(re.compile("/q/why-this-book-"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Why this book?")


def test_the_keyboard_reaches_everything(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(f"{address}books/20241104-many-words.html")
        focused = "document.activeElement.textContent.trim()"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "Skip to the content"
        expect(page.get_by_text("Skip to the content")).to_be_in_viewport()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Ana Lima"
        for _ in range(4):
            page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == "show"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "List of all 8 questions"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "Question number 1?"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_for_everybody(chromium: Browser, address: str, name: str) -> None:
    """axe-core on light and dark paper; nothing wider than a phone; no request to another host."""
    with opened(chromium) as visit:
        page = visit.page
        page.goto(address + name)
        if "?q=" in name:
            expect(page.get_by_role("status")).to_have_text(DONE)
        assert serious(page) == []
        page.emulate_media(color_scheme="dark")
        assert serious(page, rules=["color-contrast", "link-in-text-block"]) == []
        page.set_viewport_size({"width": 360, "height": 740})
        assert visit.overflow() <= 0
        assert visit.hosts() == {address.split("/")[2]}
        assert visit.complaints == []


def test_dark_paper_is_dark_and_so_are_the_pictures(chromium: Browser, address: str) -> None:
    def shade(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    with opened(chromium) as light, opened(chromium, dark=True) as dark:
        pictures = []
        for visit in (light, dark):
            visit.page.goto(f"{address}books/20241014-on-reading.html")
            picture = visit.page.locator(".plates img").first
            picture.scroll_into_view_if_needed()
            picture.evaluate(
                "image => image.decode()"
            )  # waits for it, and fails where there is none
            pictures.append(picture.screenshot())
        assert shade(light.page) > 600
        assert shade(dark.page) < 150
        assert pictures[0] != pictures[1]


def test_words_of_every_direction_keep_theirs(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        visit.page.goto(f"{address}books/20241014-on-reading.html")
        direction = "element => getComputedStyle(element).direction"
        assert visit.page.locator("#q2 .asked").evaluate(direction) == "rtl"
        assert visit.page.locator("#q2 .reply .said").evaluate(direction) == "ltr"
        assert visit.page.locator("#q1 .asked").evaluate(direction) == "ltr"


def test_paper_gets_the_text_alone(chromium: Browser, address: str) -> None:
    with opened(chromium) as visit:
        page = visit.page
        page.goto(f"{address}books/20241014-on-reading.html")
        page.emulate_media(media="print")
        for part in (".running ul", ".neighbours", ".colophon"):
            expect(page.locator(part)).to_be_hidden()
        expect(page.locator("#q1 .asked")).to_be_visible()

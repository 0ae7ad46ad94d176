"""Pictures of the workspace to try, for docs/tour.md: `python scripts/pictures.py [FOLDER]`.

Starts `marginalia try` on a free port, walks through a session as a member, an author and an
organizer, and writes a PNG of each stop: `member.png`, `form.png`, `queue.png`, `author.png`,
`plan.png`, `wire.png`, `archive.png`, `handover.png`, and `dark.png` and `phone.png` of the first. `Tour` is there for those
who want pictures of other stops: each has a name, somebody who looks, and something they do.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import ARGUMENTS, EXECUTABLE

SIZES = {"desktop": (1280, 820), "phone": (360, 740)}
PATIENCE = 60_000
START = "from bot.cli import main; main()"
QUESTION = "How do you decide that a pass has become two? And does `lower` not do *both*?"
ANSWER = "By its tests: when half of them set up what the other half checks, it is two."


class Tour:
    """A walk through the page at `url`, with a camera."""

    def __init__(self, browser: Browser, url: str, folder: Path):
        self.browser, self.url, self.folder = browser, url, folder
        self.page = self.open()

    def open(self, size: str = "desktop", dark: bool = False, at: str = "") -> Page:
        """Another window on the same workspace; `at` is the part of the address after `#`."""
        width, height = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            device_scale_factor=2 if size == "phone" else 1,
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{self.url}{at}")
        page.wait_for_selector("html[data-ready]")
        return page

    def become(self, role: str) -> None:
        """The first person of a role: `member`, `author`, `organizer`."""
        option = self.page.locator("#who option", has_text=f"({role})").first
        self.page.select_option("#who", value=option.get_attribute("value"))

    def ask(self, text: str) -> None:
        """Writes in the channel."""
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.get_by_label("Message", exact=True).press("Enter")
        self.page.wait_for_selector(f"#messages .message:has-text({_start(text)!r})")

    def answer(self, question: str, text: str) -> None:
        """Answers in the thread of a question."""
        message = self.page.locator("#messages .message", has_text=_start(question))
        message.hover()
        message.get_by_role("button", name="Reply", exact=True).click()
        self.page.get_by_label("Reply in thread").fill(text)
        self.page.get_by_label("Reply in thread").press("Enter")
        self.page.wait_for_selector(f"#replies .message:has-text({_start(text)!r})")

    def move(self, step: str) -> None:
        """Lets time pass: `+1 hour`, `+1 day`, `to the end`."""
        button = self.page.get_by_role("button", name=step, exact=True)
        button.click()
        self.page.wait_for_function(
            "step => !document.querySelector(`[data-focus='clock/${step}']`).disabled", arg=step
        )

    def go(self, place: str) -> None:
        """To a channel, the bot's home or its messages, by what the list on the left says."""
        self.page.locator("#nav").get_by_role("button", name=place).click()

    def form(self, opens: Callable[[], None], name: str) -> None:
        """A picture of the form that something opens; it is closed again."""
        opens()
        self.page.wait_for_selector("dialog.modal[open]")
        self.shot(name)
        self.page.keyboard.press("Escape")
        self.page.wait_for_selector("dialog.modal[open]", state="detached")

    def command(self, text: str) -> None:
        """Gives a command in the channel."""
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.get_by_label("Message", exact=True).press("Enter")

    def shot(self, name: str, page: Page | None = None) -> None:
        """A picture of what one sees."""
        seen = page or self.page
        seen.mouse.move(0, 0)
        seen.screenshot(path=self.folder / f"{name}.png")


def _start(text: str) -> str:
    return re.split(r"[*`_~?]", text)[0].strip()


@contextmanager
def workspace(folder: Path) -> Iterator[str]:
    """`marginalia try` on a free port; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", START, "try", "--port", "0", "--folder", str(folder / "try")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://\S+", said)
        if found is None:
            raise SystemExit(f"the workspace did not start: {said}")
        yield found[0]
    finally:
        process.terminate()
        process.wait()


def main(folder: Path) -> None:
    """Walks and takes the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        workspace(Path(name)) as url,
        sync_playwright() as it,
    ):
        browser = it.chromium.launch(executable_path=str(EXECUTABLE), args=list(ARGUMENTS))
        tour = Tour(browser, url, folder)
        tour.become("member")
        tour.ask(QUESTION)
        tour.shot("member")
        tour.shot("dark", tour.open(dark=True))
        tour.shot("phone", tour.open("phone"))
        button = tour.page.locator("#messages").get_by_role("button", name="Ask a question")
        tour.form(button.click, "form")
        tour.become("author")
        tour.go("Marginalia: Home")
        tour.page.wait_for_selector(f"text={_start(QUESTION)}")
        tour.shot("queue")
        tour.go("# book-of-the-week")
        tour.answer(QUESTION, ANSWER)
        tour.shot("author")
        tour.become("organizer")
        tour.move("+1 day")
        tour.form(lambda: tour.command("/qa new"), "plan")
        tour.page.get_by_role("button", name="Wire", exact=True).click()
        tour.page.wait_for_selector("#entries li")
        tour.shot("wire")
        tour.page.get_by_role("button", name="Close the wire").click()
        tour.move("to the end")
        tour.page.get_by_role("button", name="Read the archive").click()
        tour.page.wait_for_selector("dialog.paper pre")
        tour.shot("archive")
        tour.page.locator("dialog.paper").get_by_role("button", name="Close").click()
        tour.go("Marginalia: messages")
        tour.page.wait_for_selector("#messages .message")
        tour.shot("handover")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))

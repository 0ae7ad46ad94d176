"""A real browser for tests: Debian's Chromium, driven by Playwright.

    from tests.browser import chromium  # in the conftest.py of the tests that want it

Skips, saying so, on a machine without Chromium; with `CI=true` that is a failure.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

EXECUTABLE = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a module; `opened` gives pages in it.

    While it is there Playwright's event loop runs in this thread, and no other can: modules that
    want it have no asynchronous tests.
    """
    if not EXECUTABLE.exists():
        missing = f"no browser: {EXECUTABLE} is missing; install Debian's chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(EXECUTABLE), args=list(ARGUMENTS), headless=True
        )
        yield browser
        browser.close()


class Visit:
    """A page and what happened while it was open: `requests` made, `complaints` of the browser
    (errors of scripts, violations of the policy, what could not be loaded)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def hosts(self) -> set[str]:
        """The hosts that were asked for anything."""
        return {urlsplit(url).netloc for url in self.requests if not url.startswith("data:")}

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )


@contextmanager
def opened(
    browser: Browser,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    scripts: bool = True,
) -> Iterator[Visit]:
    """A fresh page in a window of that size; `scripts` switches the page's own on."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    context.set_default_timeout(60_000)
    try:
        yield Visit(context.new_page())
    finally:
        context.close()


def serious(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """What axe-core finds on the page that is serious or critical, a line each; with `rules`
    only by those."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder on loopback; gives the address, ending with a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

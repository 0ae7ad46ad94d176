"""Where the questions of the index of answered questions stand on the published site."""

from __future__ import annotations

import logging
from pathlib import Path

from bot.errors import UserError
from bot.sessions.knowledge import Hit
from bot.web import text
from bot.web.site import addresses
from bot.web.site.addresses import Ledger, State

log = logging.getLogger(__name__)


class Published:
    """The site at `url` ('' for none), as `marginalia site` last wrote it into `folder`."""

    def __init__(self, folder: Path, url: str):
        self._file = folder / addresses.NAME
        self._url = url
        self._read: tuple[int, int] | None = None
        self._pages: dict[tuple[str, str], str] = {}

    def page(self, hit: Hit) -> str:
        """The address of a question's own page, '' where the site has none.

        The site knows it by its message in Slack, or by its words.
        """
        if not self._url:
            return ""
        self._update()
        message = f"{hit.channel}/{hit.ts}" if hit.ts else ""
        keys = ((hit.event_id, message), (hit.event_id, addresses.sketch(hit.question)))
        at = next((self._pages[key] for key in keys if key[1] and key in self._pages), "")
        return f"{self._url}/{text.href(at)}" if at else ""

    def _update(self) -> None:
        """Reads the addresses again where the site was written since."""
        try:
            found = self._file.stat()
        except OSError:
            now = None
        else:
            now = found.st_mtime_ns, found.st_size
        if now == self._read:
            return
        self._read, self._pages = now, {}
        try:
            ledger = addresses.read(self._file)
        except UserError as error:
            log.warning("no links to the pages of questions: %s", error)
            return
        self._pages = _pages(ledger)


def _pages(ledger: Ledger) -> dict[tuple[str, str], str]:
    """The files of questions by their book and by what each is known by, the first one's first."""
    found: dict[tuple[str, str], str] = {}
    for each in ledger.of(State.HERE):
        for key in (each.known.message, "".join(sorted(each.known.words))):
            found.setdefault((each.book, key), each.at)
    return found

"""What a server is told of addresses that have no question now: redirects, and status 410.

A page stands at each of them; without these files it comes with status 200.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from bot.web import text
from bot.web.site.addresses import Address, Ledger, State

WITHDRAWN = "former/books/q/withdrawn.html"
"""The page that comes with status 410: as many folders deep as the addresses are, since it is shown
there and its links are relative."""


def files(ledger: Ledger, base_url: str) -> dict[str, str]:
    """The files by name: for Netlify and servers that read `_redirects` as it does, and for nginx.

    Gives none where every address has its question.
    """
    root = unquote(urlsplit(base_url).path) or "/"
    moved, gone = list(ledger.of(State.MOVED)), list(ledger.of(State.GONE))
    if not moved and not gone:
        return {}
    return {
        "former/_redirects": "".join(_netlify(root, moved, gone)),
        "former/nginx.conf": "".join(_nginx(root, moved, gone)),
    }


def _netlify(root: str, moved: list[Address], gone: list[Address]) -> Iterator[str]:
    # `!`: although there is a file (https://docs.netlify.com/manage/routing/redirects/rewrites-proxies/)
    for each in moved:
        yield f"{text.href(root + each.at)} {text.href(root + each.to)} 301!\n"
    for each in gone:
        yield f"{text.href(root + each.at)} {text.href(root + WITHDRAWN)} 410!\n"


def _nginx(root: str, moved: list[Address], gone: list[Address]) -> Iterator[str]:
    yield f"error_page 410 {_quoted(root + WITHDRAWN)};\n"
    for each in moved:
        to = _quoted(text.href(root + each.to))
        yield f"location = {_quoted(root + each.at)} {{ return 301 {to}; }}\n"
    for each in gone:
        yield f"location = {_quoted(root + each.at)} {{ return 410; }}\n"


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'

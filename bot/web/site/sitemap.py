"""The list of pages for search engines (<https://www.sitemaps.org/protocol.html>)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.web import look

NAME = "sitemap.xml"
ROBOTS = "robots.txt"
MOST = 50_000
"""How many addresses a file may have; more are in several, listed by the first."""


def files(paths: Sequence[str], base_url: str) -> dict[str, bytes]:
    """The files by name, `robots.txt` among them; `paths` are the pages within the site.

    Gives none without `base_url`, since a sitemap has whole addresses.
    """
    if not base_url:
        return {}
    found = {ROBOTS: f"User-agent: *\nAllow: /\nSitemap: {base_url}{NAME}\n".encode()}
    parts = [paths[at : at + MOST] for at in range(0, len(paths), MOST)]
    if len(parts) == 1:
        return found | {NAME: _xml("urlset", "url", (base_url + path for path in paths))}
    names = [f"sitemap-{number}.xml" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        found[name] = _xml("urlset", "url", (base_url + path for path in part))
    return found | {NAME: _xml("sitemapindex", "sitemap", (base_url + name for name in names))}


def _xml(root: str, each: str, addresses: Iterable[str]) -> bytes:
    return look.render("site/sitemap.xml", root=root, each=each, addresses=addresses).encode()

"""The manifest of the bot's app in Slack: what the app may do, and what it is told.

<https://docs.slack.dev/reference/app-manifest>. The file `slack-manifest.yaml` in the repository
is the text for Socket Mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import yaml
from jinja2 import Environment, StrictUndefined

from bot import texts
from bot.errors import UserError

PATH = "/slack/events"
"""The path to which Slack sends everything: events, commands, forms and the options of menus."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def text(url: str | None = None, *, files_are_kept: bool = False) -> str:
    """The manifest as YAML with comments: for Socket Mode, or for HTTP requests to `url`.

    `url` is the public address of MARGINALIA_PORT, such as `https://bot.example.org`; `PATH` is
    added to it. The app may read files only where MARGINALIA_KEEP_FILES has them kept. Names and
    descriptions are in the language in use. Raises UserError for an address that Slack would not
    take.
    """
    return _text(url, files_are_kept, texts.language())


@lru_cache(maxsize=8)
def _text(url: str | None, files_are_kept: bool, language: str) -> str:
    template = files("bot.slack").joinpath("manifest.yaml.jinja").read_text(encoding="utf-8")
    environment = Environment(  # noqa: S701 - YAML has no HTML to escape
        undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["yaml"] = _scalar
    environment.globals["_"] = texts._
    address = request_url(url) if url is not None else ""
    return str(environment.from_string(template).render(url=address, files=files_are_kept))


def _scalar(value: str) -> str:
    """A text as YAML on one line, in quotes where it needs them."""
    dumped: str = yaml.safe_dump(value, allow_unicode=True, width=10_000)
    return dumped.removesuffix("...\n").strip()


def scopes(*, files_are_kept: bool = False) -> Sequence[str]:
    """The scopes of the bot token that the manifest asks for."""
    data: Any = yaml.safe_load(text(files_are_kept=files_are_kept))
    return tuple(data["oauth_config"]["scopes"]["bot"])


def request_url(url: str) -> str:
    """The whole address of Slack's requests, from the public address of MARGINALIA_PORT.

    Raises UserError for an address that Slack would not take.
    """
    if not _is_address(url):
        raise UserError(
            f"{url!r} is not an address that Slack can send requests to; it must look like "
            "https://bot.example.org, without ? and #"
        )
    return f"{url.rstrip('/').removesuffix(PATH)}{PATH}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # reading a wrong port raises ValueError
    except ValueError:
        return False
    # Slack sends to https alone; the sandbox, on this machine, also to http.
    schemes = ("https", "http") if host in _LOOPBACK else ("https",)
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \\\"'<>?#")
    return bool(host) and parts.scheme in schemes and plain

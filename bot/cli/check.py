"""`marginalia check`: what is wrong with schedule files, a line each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot import texts
from bot.cli.options import JSON, PATHS
from bot.cli.stored import known_members
from bot.library import library
from bot.library.library import Checked
from bot.library.people import Members
from bot.sessions.member_names import folded, names_of
from bot.settings import Settings
from bot.texts import _, n_


def check(
    paths: PATHS = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask Slack who the authors are.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Check schedule files and print each problem with its file and line.

    Exits with 2 if there is an error, otherwise with 0, even if there are warnings. If
    SLACK_BOT_TOKEN is set, Slack is asked about authors whom the bot does not know. Problems are
    printed in MARGINALIA_LANGUAGE.
    """
    settings = Settings()
    texts.use(settings.language)
    with _members(settings, offline) as members:
        checked = library.check(
            paths or [settings.schedules],
            default_channel=settings.channel,
            now=datetime.now(UTC),
            members=members,
            timezone=settings.timezone,
        )
    if as_json:
        rows = [asdict(p) | {"path": str(p.path)} for p in checked.problems]
        typer.echo(json.dumps(rows, indent=2))
    else:
        for problem in checked.problems:
            typer.echo(str(problem))
        typer.echo(summary(checked))
    if any(problem.is_error for problem in checked.problems):
        raise typer.Exit(2)


def summary(checked: Checked) -> str:
    """The last line: how many files there are, and how many problems: `12 files, no problems`."""
    if not checked.files and not checked.problems:
        return _("There are no schedule files here; their names end with `.md`.")
    errors = sum(problem.is_error for problem in checked.problems)
    warnings = len(checked.problems) - errors
    parts = [n_("{count} file", "{count} files", checked.files)]
    if errors:
        parts.append(n_("{count} error", "{count} errors", errors))
    if warnings:
        parts.append(n_("{count} warning", "{count} warnings", warnings))
    if not errors and not warnings:
        parts.append(_("no problems"))
    return ", ".join(parts)


@contextmanager
def _members(settings: Settings, offline: bool) -> Iterator[Members | None]:
    """Finds members by name: first those whom the bot knows, then those whom Slack lists.

    Slack is asked once, and only where a name is not known; what it refuses is said once.
    """
    with ExitStack() as stack:
        known = stack.enter_context(known_members(settings))
        token = settings.slack_bot_token
        if offline or token is None:
            yield known
            return
        listed: dict[str, str | None] | None = None

        def find(name: str) -> str | None:
            nonlocal listed
            found = known(name) if known else None
            if found is None and listed is None:
                listed = _asked(token.get_secret_value(), settings.slack_api_url)
            return found or (listed or {}).get(folded(name))

        yield find


def _asked(token: str, api_url: str) -> dict[str, str | None]:
    """Slack's members by folded name, None where several have it; empty where Slack is not reached."""
    # Most checks need no client, and need not wait for its import.
    from bot.slack.api.gateway import NO_ANSWER, reason_of  # noqa: PLC0415

    try:
        return asyncio.run(_listed(token, api_url))
    except NO_ANSWER as error:
        why = reason_of(error)
        typer.echo(
            _("could not look up the authors in Slack: {why}; use --offline to skip this", why=why),
            err=True,
        )
        return {}


async def _listed(token: str, api_url: str) -> dict[str, str | None]:
    from bot.slack.api.gateway import PAGE, Gateway, web_client  # noqa: PLC0415

    gateway = Gateway(web_client(token, api_url))
    found: dict[str, str | None] = {}
    cursor: str | None = ""
    while cursor is not None:
        persons, following = await gateway.members(cursor, PAGE)
        for person in persons:
            for name in names_of(person):
                found[name] = person.slack_id if name not in found else None
        cursor = following or None
    return found

"""`marginalia doctor`: whether the bot can work here, and what must be mended."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import typer

from bot.cli.options import JSON
from bot.cli.setup import line
from bot.running import logs
from bot.services import doctor
from bot.settings import Settings
from bot.slack.api.checkup import Finding, State
from bot.texts import _, n_


def examine(as_json: JSON = False) -> None:
    """Check the tokens, scopes, channels, authors, database, folders, clock and request URL.

    Asks Slack but posts nothing. Each result is one line that says what to do. Exits with 2 if there
    is a problem, otherwise with 0, even if there are warnings.
    """
    settings = Settings()
    # A run beside it may say the same; here each finding says it once.
    logs.configure("ERROR")
    findings = asyncio.run(_all(settings, as_json))
    problems = sum(finding.state is State.PROBLEM for finding in findings)
    if as_json:
        rows = [{**asdict(f), "text": logs.redacted(f.text)} for f in findings]
        typer.echo(json.dumps({"ok": not problems, "findings": rows}, indent=2, ensure_ascii=False))
    elif problems:
        typer.echo(n_("{count} problem to fix.", "{count} problems to fix.", problems))
    else:
        typer.echo(_("No problems."))
    if problems:
        raise typer.Exit(2)


async def _all(settings: Settings, quiet: bool) -> list[Finding]:
    found = []
    async for finding in doctor.examine(settings):
        found.append(finding)
        if not quiet:
            typer.echo(line(finding))
    return found

"""`marginalia reconcile`: one session compared with Slack's history, by hand."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import typer

from bot.cli.options import EVENT, JSON
from bot.cli.stored import open_database, read_library, session_of
from bot.errors import UserError
from bot.running import bot as bots
from bot.running import logs
from bot.sessions.model import Session, moment
from bot.settings import Settings
from bot.slack.api.gateway import NO_ANSWER, reason_of
from bot.slack.api.history import Pace
from bot.slack.reconcile import Progress
from bot.texts import _, n_

SLOW_CALL_SECONDS = 5.0
"""Seconds a call, from which on whoever waits is told how far it is."""


def reconcile(
    event: EVENT,
    as_json: JSON = False,
) -> None:
    """Compare a session with Slack's history, thread by thread, and repair differences.

    The bot does this by itself, and may run at the same time. Slack allows about 50 calls per minute,
    one per thread, or only one call per minute (see MARGINALIA_RATE_REGIME); the command then reports
    its progress after each call. If you stop it, what was repaired so far is kept.
    """
    settings = Settings()
    logs.configure("WARNING")
    settings.require_bot_token()
    library = read_library(settings)
    with open_database(settings) as database:
        with database.reading() as uow:
            session = session_of(uow, library, event)
        if session.collects_from is None:
            raise UserError(
                _("the session of `{event}` has not opened yet", event=session.event.id)
            )
        try:
            report = asyncio.run(
                bots.reconcile(
                    settings, database, session.id, lambda p, pace: _tell(session, p, pace)
                )
            )
        except NO_ANSWER as error:
            raise UserError(
                _(
                    "cannot read the history of “{title}” in Slack ({error}); check that the bot "
                    "is in the channel, and try again",
                    title=session.event.title,
                    error=reason_of(error),
                )
            ) from None
    if as_json:
        whole = {"event": session.event.id, **asdict(report)}
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        calls = n_("{count} call", "{count} calls", report.calls)
        typer.echo(f"{session.event.id}: {report} ({calls})")


def _tell(session: Session, progress: Progress, pace: Pace) -> None:
    """Says how far behind it is, where Slack makes us wait."""
    each = pace.seconds / pace.calls
    if each < SLOW_CALL_SECONDS:
        return
    parts = []
    if progress.back_to is not None:
        at = f"{moment(progress.back_to):%Y-%m-%d %H:%M}"
        parts.append(_("the channel has been read back to {at} UTC", at=at))
    if progress.threads:
        minutes = progress.threads * each / 60
        parts.append(
            n_(
                "{count} thread is still to be compared; at the pace that Slack allows, this takes "
                "at least {minutes} min",
                "{count} threads are still to be compared; at the pace that Slack allows, this "
                "takes at least {minutes} min",
                progress.threads,
                minutes=f"{minutes:.0f}",
            )
        )
    typer.echo(f"{session.event.id}: {'; '.join(parts)}", err=True)

"""Whether the bot can work here: asked of Slack, the database, the folders and the network."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import UserError
from bot.library.library import Library, load
from bot.sessions.model import Event
from bot.settings import Settings
from bot.slack import manifest
from bot.slack.api.checkup import (
    Checkup,
    Finding,
    State,
    fine,
    not_reached,
    problem,
    signed,
    warning,
)
from bot.slack.api.gateway import unreachable, web_client
from bot.store.database import Database
from bot.support.remedies import remedy
from bot.texts import N_, _, n_

REACH_SECONDS = 10.0
"""Seconds that the public address has to answer."""
MOST_AUTHORS = 100
"""Authors whose member IDs are looked up, so that Slack's limit is not met."""


async def examine(
    settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[Finding]:
    """All checks, each as it is done. `now` gives the machine's time, aware UTC."""
    database = await asyncio.to_thread(_database, settings)
    yield database
    names: dict[str, str] | None = None
    if database.state is State.OK:
        names = await asyncio.to_thread(_members, settings, now())
    library = await asyncio.to_thread(_library, settings, now(), names or {})
    for finding in await asyncio.to_thread(lambda: list(_folders(settings, library))):
        yield finding
    token = settings.slack_bot_token
    if token is None:
        yield _unset(N_("bot token"), "SLACK_BOT_TOKEN", "OAuth & Permissions")
    else:
        checkup = Checkup(web_client(token.get_secret_value(), settings.slack_api_url), now)
        try:
            coming = [event for event in library.events.values() if event.end > now()]
            async for finding in _slack(settings, checkup, coming, names is None):
                yield finding
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            yield not_reached(error)
    if settings.port is not None:
        yield _signing_secret(settings)
        yield await _reached(settings)


async def _slack(
    settings: Settings, checkup: Checkup, coming: Sequence[Event], unknown_names: bool
) -> AsyncIterator[Finding]:
    token = await checkup.token()
    yield token
    if token.state is not State.OK:
        return  # every other question would be refused for the same reason
    yield checkup.scopes(files_are_kept=settings.keep_files != "none")
    yield checkup.clock()
    if settings.port is None:
        app_token = settings.slack_app_token
        if app_token is None:
            yield _unset(N_("app token"), "SLACK_APP_TOKEN", "Basic Information")
        else:
            yield await checkup.app_token(app_token.get_secret_value())
    places = [settings.channel, *(event.channel for event in coming if event.channel)]
    organizers = settings.organizers_channel
    if organizers:
        places.append(organizers)
    for finding in await checkup.channels(list(dict.fromkeys(places)), organizers):
        yield finding
    yield await _organizers(settings, checkup)
    for finding in await _authors(checkup, coming, unknown_names):
        yield finding


async def _organizers(settings: Settings, checkup: Checkup) -> Finding:
    if not settings.organizers:
        return warning(
            N_("organizers"),
            _("nobody is told when something goes wrong"),
            _("set MARGINALIA_ORGANIZERS to member IDs (U…)"),
        )
    for slack_id in settings.organizers:
        found = await checkup.person(N_("organizers"), slack_id, "MARGINALIA_ORGANIZERS")
        if found is not None:
            return found
    return fine(N_("organizers"), _("{count} found", count=len(settings.organizers)))


async def _authors(checkup: Checkup, coming: Sequence[Event], unknown_names: bool) -> list[Finding]:
    """Authors of events to come, or that are on, who are nobody in Slack."""
    wanted = [(event.id, author) for event in coming for author in event.authors]
    missing = sorted({f"{a.name} ({event_id})" for event_id, a in wanted if a.slack_id is None})
    findings = []
    if missing and unknown_names:
        findings.append(
            warning(
                N_("authors"),
                _("not looked up yet: {names}", names=", ".join(missing)),
                _("`marginalia run` looks up the members; run this check again after that"),
            )
        )
    elif missing:
        findings.append(
            problem(
                N_("authors"),
                _("no member of the workspace is called: {names}", names=", ".join(missing)),
                _(
                    "add `slack: U0123ABCD` to the person's page in schedules/people, or use their "
                    "name in Slack in the schedule file"
                ),
            )
        )
    known = dict.fromkeys((a.slack_id, a.name) for _id, a in wanted if a.slack_id)
    for slack_id, name in list(known)[:MOST_AUTHORS]:
        found = await checkup.person(N_("authors"), slack_id or "", name)
        if found is not None:
            findings.append(found)
    return findings or [fine(N_("authors"), _("{count} found", count=len(known)))]


def _unset(check: str, variable: str, page: str) -> Finding:
    return problem(
        check,
        _("{variable} is not set", variable=variable),
        _("copy it from {page} in the app's settings at api.slack.com/apps into .env", page=page),
    )


def _database(settings: Settings) -> Finding:
    try:
        database = Database(settings.database_url)
    except UserError as error:
        return problem(N_("database"), str(error), _("correct MARGINALIA_DATABASE_URL"))
    try:
        database.upgrade()
        database.probe()
    except UserError as error:
        return problem(N_("database"), str(error), _("fix that, or use another database"))
    except SQLAlchemyError as error:
        text = _(
            "{path} cannot be written ({error})", path=database.place, error=type(error).__name__
        )
        return problem(N_("database"), text, _("check its permissions and its free space"))
    finally:
        database.close()
    return fine(N_("database"), _("{path} can be written", path=database.place))


def _members(settings: Settings, now: datetime) -> dict[str, str] | None:
    """The authors' names that are members', by the list of them; None before there is one."""
    library = _library(settings, now, {})
    authors = [author for event in library.events.values() for author in event.authors]
    names = {name for author in authors for name in (author.name, author.entry)}
    with closing(Database(settings.database_url)) as database, database.reading() as uow:
        if uow.member_names.last_listing() is None:
            return None
        return uow.member_names.many(names)


def _library(settings: Settings, now: datetime, names: dict[str, str]) -> Library:
    return load(
        settings.schedules,
        default_channel=settings.channel,
        timezone=settings.timezone,
        now=now,
        members=names.get,
    )


def _folders(settings: Settings, library: Library) -> Iterator[Finding]:
    root = settings.schedules
    if not root.is_dir():
        yield problem(
            N_("schedules"),
            _("the folder {folder} does not exist", folder=root),
            _("create it, or set MARGINALIA_SCHEDULES to another folder"),
        )
    else:
        wrong = library.errors
        if wrong:
            text = n_(
                "{count} problem: {first}",
                "{count} problems, the first: {first}",
                len(wrong),
                first=wrong[0],
            )
            yield problem(N_("schedules"), text, _("`marginalia check` lists all problems"))
        elif settings.archive_dir is None or settings.git_commit:
            yield _writable(N_("schedules"), root, _events(library))
        else:
            yield fine(N_("schedules"), _events(library))
    if settings.archive_dir is not None:
        folder = settings.archive_dir
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        yield _writable(N_("archives"), nearest, str(folder))


def _events(library: Library) -> str:
    return n_("{count} event", "{count} events", len(library.events))


def unwritable(settings: Settings) -> Iterator[Finding]:
    """The folders of the settings that exist and that the bot must write into, but cannot."""
    for check, folder in (
        (N_("schedules"), settings.schedules),
        (N_("archives"), settings.archive_dir),
    ):
        if folder is None or not folder.is_dir():
            continue
        found = _writable(check, folder, "")
        needed = folder is not settings.schedules or settings.archive_dir is None
        if needed and found.state is State.PROBLEM:
            yield found


def _writable(check: str, folder: Path, text: str) -> Finding:
    """Whether files can be made in a folder and take the place of others."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".marginalia-") as made:
            os.fsync(made.fileno())
    except OSError as error:
        why = _("{path} cannot be written ({error})", path=folder, error=error.strerror or error)
        return problem(check, why, remedy(error, folder))
    return fine(check, _("{text}; the folder can be written", text=text))


def _signing_secret(settings: Settings) -> Finding:
    secret = settings.slack_signing_secret
    if secret is None:
        return _unset(N_("signing secret"), "SLACK_SIGNING_SECRET", "Basic Information")
    if not re.fullmatch(r"[0-9a-f]{32}", secret.get_secret_value()):
        return warning(
            N_("signing secret"),
            _("not in the right format: 32 characters, digits and the letters a to f"),
            _(
                "copy the Signing Secret from Basic Information, not the Client Secret or the "
                "Verification Token"
            ),
        )
    return fine(N_("signing secret"), _("the format is right"))


async def _reached(settings: Settings) -> Finding:
    """Whether a challenge, as Slack sends it to a request URL, comes back through that URL."""
    secret = settings.slack_signing_secret
    if not settings.url:
        return warning(
            N_("request URL"),
            _("not set, so it cannot be tried"),
            _("set MARGINALIA_URL to the address at which Slack reaches the bot"),
        )
    try:
        url = manifest.request_url(settings.url)
    except UserError as error:
        return problem(N_("request URL"), str(error), _("correct MARGINALIA_URL"))
    challenge = secrets.token_hex(16)
    body = json.dumps({"type": "url_verification", "challenge": challenge}).encode()
    headers = {
        "Content-Type": "application/json",
        **signed(body, secret.get_secret_value() if secret else ""),
    }
    timeout = aiohttp.ClientTimeout(total=REACH_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            status, text = (
                answer.status,
                (await answer.content.read(65536)).decode(errors="replace"),
            )
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return problem(
            N_("request URL"),
            unreachable(error, url),
            _(
                "start the bot with `marginalia run`, and check the host name, the certificate and "
                "the reverse proxy (docs/operations.md)"
            ),
        )
    if status == 200 and challenge in text:
        return fine(N_("request URL"), _("{url} answers correctly", url=url))
    remedies = {
        401: _("the bot that runs there has another SLACK_SIGNING_SECRET, or its clock is wrong"),
        404: _(
            "let the reverse proxy pass {path} to MARGINALIA_PORT unchanged", path=manifest.PATH
        ),
        502: _("start the bot with `marginalia run`; the reverse proxy cannot reach it"),
    }
    remedy = remedies.get(status, _("another program answers there; check the reverse proxy"))
    return problem(
        N_("request URL"),
        _("{url} answers with status {status}", url=url, status=status),
        remedy,
    )

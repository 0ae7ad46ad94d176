"""Whether the bot can work here: asked of Slack, the database, the folders and the network."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import UserError
from bot.library.library import Library, load
from bot.sessions.model import Event
from bot.settings import Settings
from bot.slack import manifest
from bot.slack.api.checkup import Checkup, Finding, State
from bot.slack.api.gateway import unreachable, web_client
from bot.store.database import Database
from bot.support.remedies import remedy

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
        yield _unset("bot token", "SLACK_BOT_TOKEN", "OAuth & Permissions")
    else:
        checkup = Checkup(web_client(token.get_secret_value(), settings.slack_api_url), now)
        try:
            coming = [event for event in library.events.values() if event.end > now()]
            async for finding in _slack(settings, checkup, coming, names is None):
                yield finding
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            yield Finding(
                "Slack",
                State.PROBLEM,
                unreachable(error, "it"),
                "see that this machine can open connections to slack.com, port 443",
            )
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
            yield _unset("app token", "SLACK_APP_TOKEN", "Basic Information")
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
        return Finding(
            "organizers",
            State.WARNING,
            "nobody is told when something is wrong",
            "put member IDs (U…) into MARGINALIA_ORGANIZERS",
        )
    for slack_id in settings.organizers:
        found = await checkup.person("organizers", slack_id, "MARGINALIA_ORGANIZERS")
        if found is not None:
            return found
    return Finding("organizers", State.OK, f"{len(settings.organizers)} found")


async def _authors(checkup: Checkup, coming: Sequence[Event], unknown_names: bool) -> list[Finding]:
    """Authors of events to come, or that are on, who are nobody in Slack."""
    wanted = [(event.id, author) for event in coming for author in event.authors]
    missing = sorted({f"{a.name} ({event_id})" for event_id, a in wanted if a.slack_id is None})
    findings = []
    if missing and unknown_names:
        findings.append(
            Finding(
                "authors",
                State.WARNING,
                f"not looked up yet: {', '.join(missing)}",
                "`marginalia run` lists the workspace's members; look again after that",
            )
        )
    elif missing:
        findings.append(
            Finding(
                "authors",
                State.PROBLEM,
                f"nobody in Slack goes by: {', '.join(missing)}",
                "put `slack: U0123ABCD` into the person's page in schedules/people, or the name "
                "by which Slack knows them into the schedule file",
            )
        )
    known = dict.fromkeys((a.slack_id, a.name) for _id, a in wanted if a.slack_id)
    for slack_id, name in list(known)[:MOST_AUTHORS]:
        found = await checkup.person("authors", slack_id or "", name)
        if found is not None:
            findings.append(found)
    return findings or [Finding("authors", State.OK, f"{len(known)} found")]


def _unset(check: str, variable: str, page: str) -> Finding:
    return Finding(
        check,
        State.PROBLEM,
        f"{variable} is not set",
        f"copy it from {page} in the app's settings at api.slack.com/apps into .env",
    )


def _database(settings: Settings) -> Finding:
    try:
        database = Database(settings.database_url)
    except UserError as error:
        return Finding("database", State.PROBLEM, str(error), "correct MARGINALIA_DATABASE_URL")
    try:
        database.upgrade()
        database.probe()
    except UserError as error:
        return Finding("database", State.PROBLEM, str(error), "mend that, or name another database")
    except SQLAlchemyError as error:
        text = f"{database.place} cannot be written ({type(error).__name__})"
        return Finding("database", State.PROBLEM, text, "see its permissions and its free space")
    finally:
        database.close()
    return Finding("database", State.OK, f"{database.place} can be written")


def _members(settings: Settings, now: datetime) -> dict[str, str] | None:
    """The authors' names that are members', by the list of them; None before there is one."""
    library = _library(settings, now, {})
    names = {author.name for event in library.events.values() for author in event.authors}
    names |= {author.entry for event in library.events.values() for author in event.authors}
    database = Database(settings.database_url)
    try:
        with database.reading() as uow:
            if uow.member_names.last_listing() is None:
                return None
            return uow.member_names.many(names)
    finally:
        database.close()


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
        yield Finding(
            "schedules",
            State.PROBLEM,
            f"there is no folder {root}",
            "create it, or name another with MARGINALIA_SCHEDULES",
        )
    else:
        wrong = library.errors
        if wrong:
            text = f"{len(wrong)} files or lines are wrong, the first: {wrong[0]}"
            yield Finding("schedules", State.PROBLEM, text, "`marginalia check` lists them")
        elif settings.archive_dir is None or settings.git_commit:
            yield _writable("schedules", root, f"{len(library.events)} events")
        else:
            yield Finding("schedules", State.OK, f"{len(library.events)} events")
    if settings.archive_dir is not None:
        folder = settings.archive_dir
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        yield _writable("archives", nearest, str(folder))


def unwritable(settings: Settings) -> Iterator[Finding]:
    """The folders of the settings that exist and that the bot must write into, but cannot."""
    for check, folder in (("schedules", settings.schedules), ("archives", settings.archive_dir)):
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
        why = f"{folder} cannot be written ({error.strerror or error})"
        return Finding(check, State.PROBLEM, why, remedy(error, folder))
    return Finding(check, State.OK, f"{text}, and the folder can be written")


def _signing_secret(settings: Settings) -> Finding:
    secret = settings.slack_signing_secret
    if secret is None:
        return _unset("signing secret", "SLACK_SIGNING_SECRET", "Basic Information")
    if not re.fullmatch(r"[0-9a-f]{32}", secret.get_secret_value()):
        return Finding(
            "signing secret",
            State.WARNING,
            "it does not look like one: 32 digits and letters from a to f",
            "copy Signing Secret, not Client Secret or Verification Token, from Basic Information",
        )
    return Finding("signing secret", State.OK, "it looks like one")


async def _reached(settings: Settings) -> Finding:
    """Whether a challenge, as Slack sends it to a request URL, comes back through that URL."""
    secret = settings.slack_signing_secret
    if not settings.url:
        return Finding(
            "request URL",
            State.WARNING,
            "it is not known, and cannot be tried",
            "put the address under which Slack reaches the bot into MARGINALIA_URL",
        )
    try:
        url = manifest.request_url(settings.url)
    except UserError as error:
        return Finding("request URL", State.PROBLEM, str(error), "correct MARGINALIA_URL")
    challenge = secrets.token_hex(16)
    body = json.dumps({"type": "url_verification", "challenge": challenge}).encode()
    stamp = str(int(time.time()))
    key = secret.get_secret_value() if secret else ""
    digest = hmac.new(key.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest.hexdigest()}",
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
        return Finding(
            "request URL",
            State.PROBLEM,
            unreachable(error, url),
            "start the bot with `marginalia run`, and see to the name, the certificate and the "
            "reverse proxy (docs/operations.md)",
        )
    if status == 200 and challenge in text:
        return Finding("request URL", State.OK, f"{url} answers as Slack wants it")
    remedies = {
        401: "the bot that runs there has another SLACK_SIGNING_SECRET, or its clock is wrong",
        404: f"let the reverse proxy pass {manifest.PATH} to MARGINALIA_PORT unchanged",
        502: "start the bot with `marginalia run`; the reverse proxy does not reach it",
    }
    remedy = remedies.get(status, "something else answers there: see to the reverse proxy")
    return Finding("request URL", State.PROBLEM, f"{url} answers {status}", remedy)

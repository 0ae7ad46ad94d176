"""`marginalia doctor`: it says what must be mended, each thing once, and never a secret."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.running import http
from bot.services import doctor
from bot.settings import Settings
from bot.slack import manifest
from bot.slack.api.checkup import State
from bot.store.database import Database
from slackbox.manifest import parse
from slackbox.model import Posting
from slackbox.server import Sandbox
from tests.cli.running import Done, marginalia
from tests.scene import START, scene

APP = parse(yaml.safe_load(manifest.text()))
CHANNEL = "book-of-the-week"
BOOK = """\
---
title: "The Book"
start: 2030-01-07 00:00:00
end: 2030-01-11 22:59:59
authors: [{author}]
---
"""


class Patient:
    """A sandbox, a folder with a schedule, and settings with which all is well."""

    def __init__(self, box: Sandbox, folder: Path):
        self.box = box
        self.folder = folder
        self.odalys = box.workspace.member("odalys")
        self.env = {
            "SLACK_BOT_TOKEN": box.bot_token,
            "SLACK_APP_TOKEN": box.app_token,
            "SLACK_API_URL": box.api_url,
            "MARGINALIA_ORGANIZERS": self.odalys.id,
        }
        (folder / "schedules" / "people").mkdir(parents=True)
        self.write("odalys")
        page = folder / "schedules" / "people" / "odalys.md"
        page.write_text(f"---\nshort: odalys\ntitle: Odalys\nslack: {self.odalys.id}\n---\n")

    @property
    def channel(self) -> Any:
        return self.box.workspace.channel(CHANNEL)

    def write(self, author: str) -> None:
        (self.folder / "schedules" / "20300107-the-book.md").write_text(BOOK.format(author=author))

    def settings(self) -> Settings:
        values = {
            key.removeprefix("MARGINALIA_").lower() if key.startswith("M") else key: value
            for key, value in self.env.items()
        }
        place = f"sqlite:///{self.folder / 'm.db'}"
        schedules = self.folder / "schedules"
        given = {"_env_file": None, "database_url": place, "schedules": schedules, **values}
        return Settings(**given)

    async def troubles(self, now: Callable[[], datetime] | None = None) -> list[str]:
        """What must be mended, without the remedies, each of which there is."""
        found = []
        clock = (now,) if now else ()
        async for finding in doctor.examine(self.settings(), *clock):
            line = f"{finding.check}: {finding.text} {finding.remedy}"
            for secret in (self.box.bot_token, self.box.app_token, self.box.signing_secret):
                assert secret not in line
            assert finding.remedy or finding.state is State.OK or "not known" in finding.text
            if finding.state is State.PROBLEM:
                found.append(f"{finding.check}: {finding.text}")
        return found


@pytest.fixture
async def patient(tmp_path: Path) -> Any:
    async with Sandbox(APP) as box:
        yield Patient(box, tmp_path)


async def test_the_command_says_that_all_is_well_and_as_json(patient: Patient) -> None:
    def run(*more: str) -> Done:
        return marginalia("doctor", *more, cwd=patient.folder, env=patient.env)

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done
    assert done.stdout.endswith("No problems.\n")
    assert "ok      bot token: " in done.stdout
    patient.env["MARGINALIA_CHANNEL"] = "nowhere"
    done = await asyncio.to_thread(run, "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["ok"] is False
    [wrong] = [f for f in told["findings"] if f["state"] == "problem"]
    assert wrong["check"] == "#nowhere"
    assert "invite" in wrong["remedy"]
    assert patient.box.bot_token not in done.stdout + done.stderr


def bot_token(p: Patient) -> None:
    p.env["SLACK_BOT_TOKEN"] = "xoxb-1-2-wrong"


def no_bot_token(p: Patient) -> None:
    del p.env["SLACK_BOT_TOKEN"]


def app_token(p: Patient) -> None:
    p.env["SLACK_APP_TOKEN"] = "xapp-1-A0-1-wrong"


def other_app(p: Patient) -> None:
    other = f"xapp-1-A0OTHER-1-{'0' * 64}"
    p.box.api._tokens[other] = "app"
    p.env["SLACK_APP_TOKEN"] = other


def scopes(p: Patient) -> None:
    fewer = tuple(name for name in APP.scopes if name not in ("pins:write", "reactions:write"))
    p.box.workspace.manifest = replace(APP, scopes=fewer)


def no_channel(p: Patient) -> None:
    p.env["MARGINALIA_CHANNEL"] = "nowhere"


def archived(p: Patient) -> None:
    p.box.workspace.archive(p.channel, p.odalys.id)


def read_only(p: Patient) -> None:
    p.channel.posting = Posting(is_read_only=True)


def thread_only(p: Patient) -> None:
    p.channel.posting = Posting(is_thread_only=True)


def organizer(p: Patient) -> None:
    p.env["MARGINALIA_ORGANIZERS"] = "U0NOBODY"


def author_gone(p: Patient) -> None:
    p.odalys.deleted = True
    p.env["MARGINALIA_ORGANIZERS"] = p.box.workspace.member("mirela").id


def broken_schedule(p: Patient) -> None:
    (p.folder / "schedules" / "20300107-the-book.md").write_text("---\ntitle: [\n---\n")


def no_schedules(p: Patient) -> None:
    p.env["MARGINALIA_SCHEDULES"] = str(p.folder / "elsewhere")


def database(p: Patient) -> None:
    p.env["MARGINALIA_DATABASE_URL"] = f"sqlite:///{p.folder / 'schedules'}"


def archives(p: Patient) -> None:
    p.env["MARGINALIA_ARCHIVE_DIR"] = "/proc/archives"


def unreachable(p: Patient) -> None:
    p.env["SLACK_API_URL"] = "http://127.0.0.1:9/api/"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (bot_token, "bot token: Slack refuses auth.test: invalid_auth"),
        (no_bot_token, "bot token: SLACK_BOT_TOKEN is not set"),
        (app_token, "app token: Slack refuses apps.connections.open: invalid_auth"),
        (other_app, "app token: it belongs to the app A0OTHER, but the bot token to "),
        (scopes, "scopes: not granted: pins:write, reactions:write"),
        (no_channel, "#nowhere: the bot sees no channel of this name"),
        (archived, "#book-of-the-week: it is archived"),
        (read_only, "#book-of-the-week: it is read-only: the bot may not post"),
        (thread_only, "#book-of-the-week: only replies in threads may be posted in it"),
        (
            organizer,
            "organizers: MARGINALIA_ORGANIZERS: nobody in this workspace has the ID U0NOBODY",
        ),
        (author_gone, "authors: Odalys: the account "),
        (broken_schedule, "schedules: 1 problem: "),
        (no_schedules, "schedules: the folder "),
        (database, "database: "),
        (archives, "archives: "),
        (unreachable, "Slack: Slack cannot be reached: "),
    ],
)
async def test_each_trouble_is_told_once(
    patient: Patient, harm: Callable[[Patient], None], told: str
) -> None:
    harm(patient)
    [found] = await patient.troubles()
    assert found.startswith(told)


async def test_an_author_whom_nobody_knows_is_told_once_members_were_listed(
    patient: Patient,
) -> None:
    patient.write("Nobody Known")
    assert await patient.troubles() == []  # nobody has looked yet
    database = Database(str(patient.settings().database_url))
    with database.unit_of_work() as uow:
        listing = uow.member_names.begin_listing(datetime.now(UTC))
        uow.member_names.add_page(listing, [], "", datetime.now(UTC))
    database.close()
    assert await patient.troubles() == [
        "authors: no member of the workspace is called: Nobody Known (20300107-the-book)"
    ]


@pytest.mark.parametrize(
    ("seconds", "told"), [(90, "90 s ahead of Slack"), (-90, "90 s behind Slack"), (-3, "")]
)
async def test_a_clock_that_is_wrong(patient: Patient, seconds: int, told: str) -> None:
    found = await patient.troubles(lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert len(found) == bool(told)
    if told:
        number, _space, rest = told.partition(" ")
        measured = int(found[0].removeprefix("clock: this machine is ").partition(" ")[0])
        assert abs(measured - int(number)) <= 2
        assert found[0].endswith(rest)


@pytest.mark.slow
async def test_a_request_url_is_tried_as_slack_does(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with scene(tmp_path) as world:
        secret = world.stage.box.signing_secret
        options: dict[str, Any] = {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": secret}
        address = f"http://127.0.0.1:{port}"

        async def found(settings: Settings) -> tuple[State, str]:
            last = [finding async for finding in doctor.examine(settings)][-1]
            return last.state, last.text

        async with world.bot(port=port, url=address, **options) as bot:
            await world.to(START)
            settings = bot.settings
            assert await found(settings) == (
                State.PROBLEM,
                f"{address}/slack/events cannot be reached: connection refused",
            )
            async with http.serving(bot):
                assert (await found(settings))[0] is State.OK
                other = settings.model_copy(update={"url": f"{address}/elsewhere"})
                assert await found(other) == (
                    State.PROBLEM,
                    f"{address}/elsewhere/slack/events answers with status 404",
                )
                wrong = settings.model_copy(
                    update={"slack_signing_secret": type(settings.slack_signing_secret)("0" * 32)}  # type: ignore[misc]
                )
                assert await found(wrong) == (
                    State.PROBLEM,
                    f"{address}/slack/events answers with status 401",
                )
                unknown = settings.model_copy(update={"url": ""})
                assert (await found(unknown))[0] is State.WARNING

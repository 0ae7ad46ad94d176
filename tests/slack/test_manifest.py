"""The app's manifest: one text, valid for Slack, with nothing in it that nobody needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot import texts
from bot.errors import UserError
from bot.slack import manifest
from bot.slack.edge import REMOVALS
from bot.slack.listeners import HANDLERS, ROUTERS
from slackbox.manifest import parse
from tests.cli.running import marginalia

PRINTED = Path(__file__).resolve().parents[2] / "slack-manifest.yaml"
HTTP = "https://bot.example.org/qa"


def test_the_file_in_the_repository_is_what_the_command_prints(tmp_path: Path):
    assert PRINTED.read_text(encoding="utf-8") == manifest.text()
    done = marginalia("manifest", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, manifest.text())


def test_an_app_that_keeps_files_may_read_them(tmp_path: Path):
    env = {"MARGINALIA_KEEP_FILES": "images"}
    done = marginalia("manifest", cwd=tmp_path, env=env)
    app = parse(yaml.safe_load(done.stdout))
    assert set(app.scopes) == {*manifest.scopes(), "files:read"}


@pytest.mark.parametrize("code", texts.languages())
def test_its_names_are_in_the_language_of_the_bot_and_short_enough(code: str, tmp_path: Path):
    done = marginalia("manifest", cwd=tmp_path, env={"MARGINALIA_LANGUAGE": code})
    data = yaml.safe_load(done.stdout)
    app = parse(data)
    assert (app.scopes, app.events) == (
        manifest.scopes(),
        parse(yaml.safe_load(manifest.text())).events,
    )
    texts.use(code)
    try:
        names = {each["callback_id"]: each["name"] for each in data["features"]["shortcuts"]}
        # The bot's texts name these two.
        assert names["answers"] == texts._("This answers…")
        assert names["follow"] == texts._("Follow the answers")
    finally:
        texts.use("en")
    # https://docs.slack.dev/reference/app-manifest
    assert all(len(name) <= 24 for name in names.values())
    assert len(data["display_information"]["description"]) <= 140
    assert 174 <= len(data["display_information"]["long_description"]) <= 4000


@pytest.mark.parametrize("url", [None, HTTP])
def test_slack_takes_it(url: str | None):
    app = parse(yaml.safe_load(manifest.text(url)))
    assert app.socket_mode == (url is None)
    assert app.interactive
    assert app.home_tab
    assert app.scopes == manifest.scopes()
    address = f"{HTTP}/slack/events" if url else ""
    assert {app.events_url, app.interactivity_url, app.options_url} == {address}
    assert {command.url for command in app.commands.values()} == {address}


def test_every_event_has_a_handler_and_every_handler_its_event():
    app = parse(yaml.safe_load(manifest.text()))
    assert {name.partition(".")[0] for name in app.events} == {*HANDLERS, *REMOVALS}


def test_every_command_and_shortcut_has_a_handler_and_every_handler_its_own():
    app = parse(yaml.safe_load(manifest.text()))
    handled = {key for router in ROUTERS for key in router.handlers}
    assert set(app.commands) == {name for kind, name in handled if kind == "command"} | {"/qa"}
    assert set(app.shortcuts) == {name for kind, name in handled if kind == "shortcut"}


def test_each_scope_and_each_event_says_what_needs_it():
    listed = re.findall(r"^ +- ([a-z_.:]+)( # \S.+)?$", manifest.text(HTTP), re.MULTILINE)
    app = parse(yaml.safe_load(manifest.text()))
    assert [name for name, _why in listed] == [*app.scopes, *sorted(app.events)]
    assert all(why for _name, why in listed)


@pytest.mark.parametrize(
    "given",
    [
        "bot.example.org",
        "http://bot.example.org",
        "https://",
        "https://bot.example.org/?a=1",
        "https://bot.example.org/#x",
        "https://bot example.org",
        "https://bot.example.org\nx: y",
        "https://bot.example.org:port",
        "",
    ],
)
def test_an_address_that_slack_would_not_take_is_one_line(given: str):
    with pytest.raises(UserError, match="must look like https://"):
        manifest.text(given)


def test_the_command_refuses_such_an_address(tmp_path: Path):
    done = marginalia("manifest", "--url", "ftp://bot.example.org", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("given", [HTTP, f"{HTTP}/", f"{HTTP}/slack/events"])
def test_the_path_is_added_once(given: str):
    assert manifest.request_url(given) == f"{HTTP}/slack/events"

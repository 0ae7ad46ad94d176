"""The manifest: ours is one that Slack takes, and others are told why not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.sandbox.errors import ManifestError
from bot.sandbox.manifest import EVENT_SCOPES, SCOPES, load, parse
from tests.sandbox.conftest import MANIFEST


def ours() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return data


def test_ours():
    manifest = load(MANIFEST)
    assert set(manifest.commands) >= {"/ask", "/qa"}
    assert {(s.callback_id, s.kind) for s in manifest.shortcuts.values()} >= {
        ("ask", "global"),
        ("answers", "message"),
        ("not_a_question", "message"),
        ("merge", "message"),
    }
    assert manifest.interactive
    assert manifest.socket_mode
    assert manifest.home_tab


def test_every_event_names_known_scopes():
    assert {scope for scopes in EVENT_SCOPES.values() for scope in scopes} <= SCOPES


def changed(path: str, value: Any) -> dict[str, Any]:
    data = copy.deepcopy(ours())
    *parents, last = path.split(".")
    part = data
    for parent in parents:
        part = part[parent]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("colour", "red", "colour: is not in Slack's schema"),
        ("display_information.name", "x" * 36, "display_information.name: has more than 35"),
        ("display_information.name", ..., "display_information.name: is missing"),
        ("display_information", ..., "display_information: is missing"),
        ("display_information.long_description", "short", "has under 175 characters"),
        ("display_information.background_color", "blue", "is no #rrggbb"),
        ("features.bot_user", ..., "features.bot_user: is required"),
        ("features.slash_commands", [{"command": "ask", "description": "x"}], "must be /"),
        ("features.slash_commands", [{"command": "/ask"}], r"slash_commands\[0\].description"),
        (
            "features.shortcuts",
            [{"name": "x", "type": "both", "callback_id": "x", "description": "x"}],
            "must be global or message",
        ),
        (
            "features.shortcuts",
            [{"name": "x" * 25, "type": "global", "callback_id": "x", "description": "x"}],
            "has more than 24 characters",
        ),
        ("oauth_config.scopes.bot", ["chat:shout"], "there is no bot scope chat:shout"),
        ("oauth_config.scopes.bot", ["commands"], "needs the scope"),
        ("oauth_config.scopes.bot", ["commands", "commands"], "names a scope twice"),
        ("settings.event_subscriptions.bot_events", ["message"], "no event message"),
        ("settings.socket_mode_enabled", False, "request_url: is required"),
        ("settings.socket_mode_enabled", "yes", "must be true or false"),
        ("settings.interactivity.is_enabled", False, "shortcuts need it"),
        ("features", [], "features: must be a mapping"),
    ],
)
def test_refused(path: str, value: Any, message: str):
    with pytest.raises(ManifestError, match=message):
        parse(changed(path, value))


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(ManifestError, match="cannot be read"):
        load(tmp_path / "missing.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1,\nb: 2")
    with pytest.raises(ManifestError, match=r"broken\.yaml:2: is no YAML"):
        load(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="is not UTF-8"):
        load(broken)
    broken.write_text("- a\n- b\n")
    with pytest.raises(ManifestError, match="must be a mapping"):
        load(broken)

"""The manifest: ours is one that Slack takes, and others are told why not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from slackbox.errors import ManifestError
from slackbox.manifest import EVENT_SCOPES, SCOPES, load, parse
from tests.slackbox.conftest import MANIFEST


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
        ("features.shortcuts", [], "shortcuts: must be a list of 1 to 10"),
        ("settings.interactivity.request_url", "bot.example", "must begin with https://"),
        (
            "features.slash_commands",
            [{"command": "/x", "description": "x", "url": "x.example"}],
            "must begin with https://",
        ),
        (
            "settings.event_subscriptions.bot_events",
            ["assistant_thread_started"],
            "needs the scope assistant:write",
        ),
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


def app(**parts: Any) -> dict[str, Any]:
    """A small manifest: `settings__socket_mode_enabled=True` sets what stands within another."""
    data: dict[str, Any] = {
        "display_information": {"name": "Starter"},
        "features": {"bot_user": {"display_name": "starter", "always_online": False}},
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write", "commands"]}},
        "settings": {"org_deploy_enabled": True, "socket_mode_enabled": True},
    }
    for path, value in parts.items():
        *parents, last = path.split("__")
        part = data
        for parent in parents:
            part = part.setdefault(parent, {})
        part[last] = value
    return data


URL = "https://bot.example/slack"
FUNCTION = {
    "title": "Summarise",
    "description": "Says it shortly",
    "input_parameters": {"channel": {"type": "slack#/types/channel_id", "name": "channel"}},
    "output_parameters": {"text": {"type": "string", "name": "text"}},
}
OF_OTHERS = {
    "with a schema": app(**{"$schema": "https://schemas.example/manifest.schema.json"}),
    "an assistant": app(
        features__assistant_view={"assistant_description": "Helps", "suggested_prompts": []},
        oauth_config__scopes__bot=["assistant:write", "im:history", "chat:write"],
        settings__event_subscriptions={
            "bot_events": [
                "assistant_thread_started", "assistant_thread_context_changed", "message.im",
            ]
        },
    ),
    "an agent": app(
        features__agent_view={"agent_description": "Helps", "suggested_prompts": []},
        settings__event_subscriptions={"bot_events": ["app_context_changed", "app_mention"]},
        settings__is_mcp_enabled=True,
        mcp_servers={},
    ),
    "a function": app(
        functions={"summarise": FUNCTION},
        settings__event_subscriptions={"bot_events": ["function_executed", "app_mention"]},
        settings__function_runtime="remote",
        settings__hermes_app_type="remote",
    ),
    "a search": app(
        features__search={"search_function_callback_id": "search", "enable_ai_answers": True},
        features__rich_previews={"entity_types": ["slack#/entities/item"]},
        settings__event_subscriptions={"bot_events": ["entity_details_requested"]},
    ),
    "workflows": app(
        _metadata={"major_version": 2},
        workflows={"time_off": {"title": "Time off", "steps": []}},
        types={},
        datastores={},
        outgoing_domains=[],
        features__workflow_steps=[{"name": "Ask", "callback_id": "ask"}],
    ),
    "HTTP": app(
        settings__socket_mode_enabled=False,
        settings__event_subscriptions={"request_url": URL, "bot_events": ["app_mention"]},
        settings__interactivity={
            "is_enabled": True, "request_url": URL, "message_menu_options_url": URL,
        },
        features__slash_commands=[{"command": "/x", "description": "x", "url": URL}],
        oauth_config__redirect_urls=[f"{URL}/oauth"],
        oauth_config__token_management_enabled=False,
        settings__siws_links={"initiate_uri": URL},
    ),
    "many scopes": app(
        oauth_config__scopes__bot=[
            "calls:read", "calls:write", "incoming-webhook", "mpim:write.invites",
            "search:read.public", "conversations.connect:read", "tokens.basic",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_OTHERS)
def test_manifests_of_other_apps_are_taken(tmp_path: Path, name: str) -> None:
    path = tmp_path / "manifest.json"
    # Indented with tabs, as some of Slack's own samples are.
    path.write_text(json.dumps(OF_OTHERS[name], indent="\t"), encoding="utf-8")
    manifest = load(path)
    assert manifest == parse(OF_OTHERS[name])
    assert manifest.name == "Starter"
    path.write_text(yaml.safe_dump(OF_OTHERS[name]), encoding="utf-8")
    assert load(path) == manifest

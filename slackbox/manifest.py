"""The app's manifest: which scopes are granted, which events are told.

Checked as <https://docs.slack.dev/reference/app-manifest> and the published schema
(<https://github.com/slackapi/manifest-schema>) describe it, so that a file the sandbox takes is
one that can be pasted into Slack. What is about features that the sandbox does not have
(functions, workflows, assistants …) is accepted and has no effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from slackbox.errors import ManifestError

EVENT_SCOPES: Mapping[str, tuple[str, ...]] = {
    "app_context_changed": (),
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "assistant_thread_context_changed": ("assistant:write",),
    "assistant_thread_started": ("assistant:write",),
    "call_rejected": ("calls:read",),
    "channel_archive": ("channels:read",),
    "channel_created": ("channels:read",),
    "channel_deleted": ("channels:read",),
    "channel_history_changed": ("channels:history",),
    "channel_id_changed": ("channels:read",),
    "channel_left": ("channels:read",),
    "channel_rename": ("channels:read",),
    "channel_shared": ("channels:read", "groups:read"),
    "channel_unarchive": ("channels:read",),
    "channel_unshared": ("channels:read", "groups:read"),
    "dnd_updated_user": ("dnd:read",),
    "email_domain_changed": ("team:read",),
    "emoji_changed": ("emoji:read",),
    "entity_details_requested": (),
    "file_change": ("files:read",),
    "file_created": ("files:read",),
    "file_deleted": ("files:read",),
    "file_public": ("files:read",),
    "file_shared": ("files:read",),
    "file_unshared": ("files:read",),
    "function_executed": (),
    "grid_migration_finished": (),
    "grid_migration_started": (),
    "group_archive": ("groups:read",),
    "group_deleted": ("groups:read",),
    "group_history_changed": ("groups:history",),
    "group_left": ("groups:read",),
    "group_rename": ("groups:read",),
    "group_unarchive": ("groups:read",),
    "im_history_changed": ("im:history",),
    "invite_requested": ("admin.invites:read",),
    "link_shared": ("links:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "message.app_home": (),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "message_metadata_deleted": ("metadata.message:read",),
    "message_metadata_posted": ("metadata.message:read",),
    "message_metadata_updated": ("metadata.message:read",),
    "pin_added": ("pins:read",),
    "pin_removed": ("pins:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "shared_channel_invite_accepted": ("conversations.connect:manage",),
    "shared_channel_invite_approved": ("conversations.connect:manage",),
    "shared_channel_invite_declined": ("conversations.connect:manage",),
    "shared_channel_invite_received": ("conversations.connect:read",),
    "shared_channel_invite_requested": ("conversations.connect:manage",),
    "subteam_created": ("usergroups:read",),
    "subteam_members_changed": ("usergroups:read",),
    "subteam_updated": ("usergroups:read",),
    "team_access_granted": (),
    "team_access_revoked": (),
    "team_domain_change": ("team:read",),
    "team_join": ("users:read",),
    "team_rename": ("team:read",),
    "tokens_revoked": (),
    "user_change": ("users:read",),
    "user_huddle_changed": ("users:read",),
    "user_profile_changed": ("users.profile:read",),
    "user_status_changed": ("users:read",),
    "workflow_deleted": ("workflow.steps:execute",),
    "workflow_published": ("workflow.steps:execute",),
    "workflow_step_deleted": ("workflow.steps:execute",),
    "workflow_step_execute": ("workflow.steps:execute",),
    "workflow_unpublished": ("workflow.steps:execute",),
}
"""Bot events and the scopes that cover each, any one of which will do.

From the page of each event at <https://docs.slack.dev/reference/events>.
"""

SCOPES = frozenset(
    [
        "admin.invites:read",
        "app_mentions:read",
        "assistant:write",
        "bookmarks:read",
        "bookmarks:write",
        "calls:read",
        "calls:write",
        "canvases:read",
        "canvases:write",
        "channels:history",
        "channels:join",
        "channels:manage",
        "channels:read",
        "channels:write.invites",
        "channels:write.topic",
        "chat:write",
        "chat:write.customize",
        "chat:write.public",
        "commands",
        "conversations.connect:manage",
        "conversations.connect:read",
        "conversations.connect:write",
        "datastore:read",
        "datastore:write",
        "dnd:read",
        "emoji:read",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "groups:write",
        "groups:write.invites",
        "groups:write.topic",
        "im:history",
        "im:read",
        "im:write",
        "im:write.topic",
        "incoming-webhook",
        "links.embed:write",
        "links:read",
        "links:write",
        "lists:read",
        "lists:write",
        "metadata.message:read",
        "mpim:history",
        "mpim:read",
        "mpim:write",
        "mpim:write.invites",
        "mpim:write.topic",
        "pins:read",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "reminders:read",
        "reminders:write",
        "remote_files:read",
        "remote_files:share",
        "remote_files:write",
        "search:read.files",
        "search:read.im",
        "search:read.mpim",
        "search:read.private",
        "search:read.public",
        "search:read.users",
        "team.billing:read",
        "team.preferences:read",
        "team:read",
        "tokens.basic",
        "triggers:read",
        "triggers:write",
        "usergroups:read",
        "usergroups:write",
        "users.profile:read",
        "users:read",
        "users:read.email",
        "users:write",
        "workflow.steps:execute",
    ]
)
"""Scopes that a bot token can have: <https://docs.slack.dev/reference/scopes>."""

_TOP = {
    "$schema",
    "_metadata",
    "app_directory",
    "datastores",
    "display_information",
    "external_auth_providers",
    "features",
    "functions",
    "mcp_servers",
    "oauth_config",
    "outgoing_domains",
    "settings",
    "types",
    "workflows",
}
_FEATURES = {
    "agent_view",
    "app_home",
    "assistant_view",
    "bot_user",
    "functions",
    "rich_previews",
    "search",
    "shortcuts",
    "slash_commands",
    "unfurl_domains",
    "workflow_steps",
}
_SETTINGS = {
    "allowed_ip_address_ranges",
    "event_subscriptions",
    "function_runtime",
    "hermes_app_type",
    "incoming_webhooks",
    "interactivity",
    "is_hosted",
    "is_mcp_enabled",
    "org_deploy_enabled",
    "siws_links",
    "socket_mode_enabled",
    "token_rotation_enabled",
}
_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}\Z")
_URL = re.compile(r"https?://")
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command, with its leading slash."""

    command: str
    description: str
    usage_hint: str
    should_escape: bool
    url: str = ""
    """Where Slack sends it without Socket Mode."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut: from anywhere (`global`), or of a message."""

    name: str
    kind: Literal["global", "message"]
    callback_id: str
    description: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the app may do and is told."""

    name: str
    bot_name: str
    scopes: tuple[str, ...]
    events: frozenset[str]
    commands: Mapping[str, Command]
    shortcuts: Mapping[str, Shortcut]
    interactive: bool
    socket_mode: bool
    home_tab: bool
    messages_tab: bool
    events_url: str = ""
    """Where events are sent without Socket Mode."""
    interactivity_url: str = ""
    """Where buttons, forms and shortcuts are sent without Socket Mode."""
    options_url: str = ""
    """Where a menu asks for its options without Socket Mode; without one it stays empty."""


def load(path: Path) -> Manifest:
    """Reads a manifest in YAML or JSON. Raises ManifestError, one line."""
    try:
        return read(path.read_text(encoding="utf-8"))
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from None
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{path}: is not UTF-8 text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "broken"
        raise ManifestError(f"{path}{line}: is no YAML ({problem})") from None


@lru_cache(maxsize=16)
def read(text: str) -> Manifest:
    """A manifest from its text in YAML or JSON. Raises ManifestError as `parse` does, YAMLError."""
    return parse(_parsed(text))


def _parsed(text: str) -> Any:
    try:
        # Before YAML, which does not take JSON that is indented with tabs.
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)


def parse(data: Any) -> Manifest:
    """A manifest from its parsed YAML. Raises ManifestError for what Slack would not take."""
    top = _Part(data, "")
    top.only(_TOP)
    name = _display(top)
    features = top.part("features")
    features.only(_FEATURES)
    home = features.part("app_home")
    home.only({"home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled"})
    bot_user = features.part("bot_user")
    bot_user.only({"display_name", "always_online"})
    commands, shortcuts = _commands(features), _shortcuts(features)
    scopes = _scopes(top)
    if scopes and not bot_user.data:
        raise ManifestError("features.bot_user: is required for bot scopes")
    settings = top.part("settings")
    settings.only(_SETTINGS)
    interactivity = settings.part("interactivity")
    interactivity.only({"is_enabled", "request_url", "message_menu_options_url"})
    interactive = interactivity.flag("is_enabled")
    interactivity_url = interactivity.url("request_url")
    if interactive and not (settings.flag("socket_mode_enabled") or interactivity_url):
        raise ManifestError(
            "settings.interactivity.request_url: is required without socket_mode_enabled"
        )
    if shortcuts and not interactive:
        raise ManifestError("settings.interactivity.is_enabled: shortcuts need it")
    if (commands or shortcuts) and "commands" not in scopes:
        raise ManifestError("oauth_config.scopes.bot: commands and shortcuts need commands")
    return Manifest(
        name=name,
        bot_name=bot_user.text("display_name", limit=80) or name,
        scopes=scopes,
        events=_events(settings, scopes),
        commands=commands,
        shortcuts=shortcuts,
        interactive=interactive,
        socket_mode=settings.flag("socket_mode_enabled"),
        home_tab=home.flag("home_tab_enabled"),
        messages_tab=home.flag("messages_tab_enabled"),
        events_url=settings.part("event_subscriptions").url("request_url"),
        interactivity_url=interactivity_url,
        options_url=interactivity.url("message_menu_options_url"),
    )


def _display(top: _Part) -> str:
    display = top.part("display_information", required=True)
    display.only({"name", "description", "long_description", "background_color"})
    display.text("description", limit=140)
    long = display.text("long_description", limit=4000)
    if long and len(long) < 175:
        raise ManifestError("display_information.long_description: has under 175 characters")
    color = display.text("background_color", limit=7)
    if color and not _COLOR.match(color):
        raise ManifestError("display_information.background_color: is no #rrggbb")
    return display.text("name", limit=35, required=True)


def _scopes(top: _Part) -> tuple[str, ...]:
    oauth = top.part("oauth_config")
    oauth.only({"scopes", "redirect_urls", "pkce_enabled", "token_management_enabled"})
    asked = oauth.part("scopes")
    asked.only({"bot", "user", "bot_optional", "user_optional"})
    scopes = tuple(asked.texts("bot"))
    for scope in scopes:
        if scope not in SCOPES:
            raise ManifestError(f"oauth_config.scopes.bot: there is no bot scope {scope}")
    if len(set(scopes)) != len(scopes):
        raise ManifestError("oauth_config.scopes.bot: names a scope twice")
    return scopes


def _events(settings: _Part, scopes: tuple[str, ...]) -> frozenset[str]:
    subscriptions = settings.part("event_subscriptions")
    subscriptions.only({"request_url", "bot_events", "user_events", "metadata_subscriptions"})
    events = subscriptions.texts("bot_events")
    for event in events:
        if event not in EVENT_SCOPES:
            raise ManifestError(f"settings.event_subscriptions.bot_events: no event {event}")
        needed = EVENT_SCOPES[event]
        if needed and not set(needed) & set(scopes):
            raise ManifestError(
                f"settings.event_subscriptions.bot_events: {event} needs the scope "
                f"{' or '.join(needed)}"
            )
    url = subscriptions.url("request_url")
    if events and not settings.flag("socket_mode_enabled") and not url:
        raise ManifestError(
            "settings.event_subscriptions.request_url: is required without socket_mode_enabled"
        )
    return frozenset(events)


def _commands(features: _Part) -> dict[str, Command]:
    found: dict[str, Command] = {}
    for part in features.parts("slash_commands", most=50):
        part.only({"command", "description", "usage_hint", "should_escape", "url"})
        name = part.text("command", limit=32, required=True)
        if not _COMMAND.match(name):
            raise ManifestError(f"{part.where}.command: must be / and lowercase, without blanks")
        if name in found:
            raise ManifestError(f"{part.where}.command: {name} is there twice")
        found[name] = Command(
            name,
            part.text("description", limit=2000, required=True),
            part.text("usage_hint", limit=1000),
            part.flag("should_escape"),
            part.url("url", limit=3000),
        )
    return found


def _shortcuts(features: _Part) -> dict[str, Shortcut]:
    found: dict[str, Shortcut] = {}
    for part in features.parts("shortcuts", most=10):
        part.only({"name", "type", "callback_id", "description"})
        kind = part.text("type", limit=10, required=True)
        if kind not in ("global", "message"):
            raise ManifestError(f"{part.where}.type: must be global or message")
        callback = part.text("callback_id", limit=255, required=True)
        if callback in found:
            raise ManifestError(f"{part.where}.callback_id: {callback} is there twice")
        found[callback] = Shortcut(
            part.text("name", limit=24, required=True),
            "global" if kind == "global" else "message",
            callback,
            part.text("description", limit=150, required=True),
        )
    if sum(s.kind == "global" for s in found.values()) > 5:
        raise ManifestError("features.shortcuts: has more than 5 global shortcuts")
    if sum(s.kind == "message" for s in found.values()) > 5:
        raise ManifestError("features.shortcuts: has more than 5 message shortcuts")
    return found


class _Part:
    """A mapping of the manifest, read with its place in hand for the error."""

    def __init__(self, data: Any, where: str):
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise ManifestError(f"{where or 'manifest'}: must be a mapping")
        self.data: dict[str, Any] = data
        self.where = where

    def _path(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def only(self, allowed: set[str]) -> None:
        for key in self.data:
            if key not in allowed:
                raise ManifestError(f"{self._path(str(key))}: is not in Slack's schema")

    def part(self, key: str, required: bool = False) -> _Part:
        if required and key not in self.data:
            raise ManifestError(f"{self._path(key)}: is missing")
        return _Part(self.data.get(key), self._path(key))

    def parts(self, key: str, most: int) -> list[_Part]:
        if key not in self.data:
            return []
        value = self.data[key]
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise ManifestError(f"{self._path(key)}: must be a list of 1 to {most}")
        return [_Part(item, f"{self._path(key)}[{i}]") for i, item in enumerate(value)]

    def text(self, key: str, limit: int, required: bool = False) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            raise ManifestError(f"{self._path(key)}: must be text")
        if required and not value:
            raise ManifestError(f"{self._path(key)}: is missing")
        if len(value) > limit:
            raise ManifestError(f"{self._path(key)}: has more than {limit} characters")
        return value

    def url(self, key: str, limit: int = 3500) -> str:
        value = self.text(key, limit)
        if value and not _URL.match(value):
            raise ManifestError(f"{self._path(key)}: must begin with https://")
        return value

    def texts(self, key: str) -> list[str]:
        value = self.data.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ManifestError(f"{self._path(key)}: must be a list of texts")
        return list(value)

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise ManifestError(f"{self._path(key)}: must be true or false")
        return value

"""Names of channels, user groups and emoji: made, changed, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sessions.ports import UnitOfWork
from bot.slack.api.incoming import mapping, string
from bot.slack.listeners.context import Context

ALIAS = "alias:"


def channel(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/channel_rename>,
    <https://docs.slack.dev/reference/events/channel_created>.
    """
    named = mapping(event, "channel")
    uow.labels.put("channel", {string(named, "id"): string(named, "name")})


def usergroup(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/subteam_updated>."""
    group = mapping(event, "subteam")
    uow.labels.put("usergroup", {string(group, "id"): string(group, "handle")})


def emoji(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/emoji_changed>: only aliases have a label."""
    match event.get("subtype"):
        case "add":
            _set(uow, string(event, "name"), event.get("value"))
        case "remove":
            names = event.get("names")
            uow.labels.remove("emoji", [n for n in names or () if isinstance(n, str)])
        case "rename":
            uow.labels.rename_alias(string(event, "old_name"), string(event, "new_name"))


def _set(uow: UnitOfWork, name: str, value: object) -> None:
    if isinstance(value, str) and value.startswith(ALIAS):
        uow.labels.put("emoji", {name: value.removeprefix(ALIAS)})
    else:
        uow.labels.remove("emoji", [name])


HANDLERS = {
    "channel_created": channel,
    "channel_rename": channel,
    "group_rename": channel,
    "emoji_changed": emoji,
    "subteam_created": usergroup,
    "subteam_updated": usergroup,
}

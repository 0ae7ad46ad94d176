"""Whether what Slack delivers looks as Slack documents it.

Bolt and the handlers take the shape of a payload for granted, and what has another comes to its
end somewhere inside them, with a traceback. Here it is found at the door, named in one line and
let go. Texts may hold anything that a text can; fields that are unknown or missing are no matter
here, and those that a handler cannot do without are its own to ask for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ID = re.compile(r"[A-Z0-9]{1,30}\Z", re.ASCII)
_TS = re.compile(r"\d{1,10}\.\d{1,6}\Z", re.ASCII)
_WEB = re.compile(r"https?://[^\s\0-\x1f]+\Z", re.ASCII)
_ANY = ...
"""In the place of a key: whatever key."""

_REFERENCE = {"id": _ID}
_OPTION = {"value": str}
_CHOSEN = {
    "type": str,
    "action_id": str,
    "block_id": str,
    "value": str,
    "selected_option": _OPTION,
    "selected_options": [_OPTION],
    "selected_user": _ID,
    "selected_users": [_ID],
    "selected_channel": _ID,
    "selected_conversation": _ID,
    "selected_date": str,
    "selected_time": str,
    "selected_date_time": int,
}
_VIEW = {
    "id": _ID,
    "type": str,
    "callback_id": str,
    "private_metadata": str,
    "blocks": [{"type": str, "block_id": str}],
    "state": {"values": {_ANY: {_ANY: _CHOSEN}}},
}
_MESSAGE = {"ts": _TS, "thread_ts": _TS, "user": _ID, "text": str, "blocks": [{"type": str}]}
_PAYLOAD: dict[Any, Any] = {
    "type": str,
    "team": _REFERENCE,
    "team_id": _ID,
    "enterprise": {"id": _ID},
    "enterprise_id": _ID,
    "is_enterprise_install": (bool, str),
    "user": _REFERENCE,
    "user_id": _ID,
    "channel": _REFERENCE,
    "channel_id": _ID,
    "command": str,
    "text": str,
    "trigger_id": str,
    "response_url": _WEB,
    "callback_id": str,
    "action_id": str,
    "block_id": str,
    "value": str,
    "name": str,
    "action_ts": str,
    "message_ts": _TS,
    "message": _MESSAGE,
    "container": {"type": str, "message_ts": _TS, "channel_id": _ID, "view_id": _ID},
    "view": _VIEW,
    "actions": [_CHOSEN],
    "challenge": str,
    "bot_access_token": str,
    "interactivity": dict,
    "function_data": dict,
    "event": dict,
    "assistant_thread": dict,
    "authorizations": [dict],
}
"""<https://docs.slack.dev/reference/interaction-payloads>,
<https://docs.slack.dev/interactivity/implementing-slash-commands>. The last ones are of features
that we do not use and Bolt looks into all the same."""
_NEEDED: dict[object, tuple[str, ...]] = {
    "block_actions": ("user.id", "actions.0.action_id", "actions.0.block_id"),
    "block_suggestion": ("user.id", "action_id", "block_id"),
    "message_action": ("user.id", "callback_id", "channel.id", "message.ts"),
    "shortcut": ("user.id", "callback_id"),
    "url_verification": ("challenge",),
    "view_submission": ("user.id", "view.id", "view.type", "view.callback_id"),
    None: ("user_id", "channel_id", "command"),
}
"""What there must be in each kind; a command is of no `type`."""


def wrong(payload: object) -> str | None:
    """What of a payload (no event) is not as documented: a path such as `view.id`; None if all is.

    Its nesting must have been measured before: see `bot.slack.inbox.nested`.
    """
    found = _wrong(payload, _PAYLOAD, "payload")
    if found is not None or not isinstance(payload, Mapping) or "ssl_check" in payload:
        return found
    needed = _NEEDED.get(payload.get("type"))
    if needed is None:
        return "payload.type"
    return next((path for path in needed if not _at(payload, path.split("."))), None)


def _at(value: Any, path: list[str]) -> object:
    """What stands there; None for nothing."""
    for key in path:
        if isinstance(value, list):
            value = value[int(key)] if len(value) > int(key) else None
        else:
            value = (value or {}).get(key)
    return value


def _wrong(value: object, shape: Any, path: str) -> str | None:
    if isinstance(shape, re.Pattern):
        fits = isinstance(value, str) and (value == "" or shape.match(value) is not None)
        return None if fits else path
    if isinstance(shape, list):
        if not isinstance(value, list):
            return path
        inner = (_wrong(item, shape[0], f"{path}[{n}]") for n, item in enumerate(value))
        return next((found for found in inner if found is not None), None)
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            return path
        pairs = (
            [(key, shape[_ANY]) for key in value]
            if _ANY in shape
            else [(key, inner) for key, inner in shape.items() if value.get(key) is not None]
        )
        inner = (_wrong(value[key], kind, f"{path}.{_name(key)}") for key, kind in pairs)
        return next((found for found in inner if found is not None), None)
    return None if isinstance(value, shape) else path


def _name(key: object) -> str:
    """A key as it may stand in a log."""
    return re.sub(r"[^\w-]", "?", str(key)[:40], flags=re.ASCII)

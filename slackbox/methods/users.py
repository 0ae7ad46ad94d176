"""users.*"""

from __future__ import annotations

from slackbox import objects
from slackbox.errors import Refusal
from slackbox.methods.call import READ_SCOPES, Call, method, methods
from slackbox.methods.conversations import listed
from slackbox.model import Json


def info(call: Call) -> Json:
    """One member, deactivated ones too."""
    user = call.required("user")
    member = call.workspace.members.get(user)
    if member is None:
        raise Refusal("user_not_found")
    found = call.workspace.user_object(member)
    return {"user": {**found, "locale": "en-US"} if call.flag("include_locale") else found}


def list_(call: Call) -> Json:
    """All members, page by page."""
    ws = call.workspace
    # The bot's own entry and Slackbot's are among them, and so are deactivated members, but no
    # Slack Connect members: <https://github.com/rusq/slackdump/issues/292>.
    local = [member for member in ws.members.values() if member.team is None]
    members, metadata = call.page(local, "user", default=1000, error="invalid_arguments")
    more = {"locale": "en-US"} if call.flag("include_locale") else {}
    return {
        "members": [{**ws.user_object(member), **more} for member in members],
        "cache_ts": int(ws.now),
        **metadata,
    }


def conversations(call: Call) -> Json:
    """The channels somebody is in."""
    user = call.text("user", call.me)
    if user not in call.workspace.members:
        raise Refusal("invalid_arguments", ["[ERROR] no such user [json-pointer:/user]"])
    channels = [c for c in listed(call) if user in c.members]
    page, metadata = call.page(channels, "conversation", default=100)
    ws = call.workspace
    return {
        "channels": [objects.channel(c, ws.team, call.me) for c in page],
        **metadata,
    }


def lookup_by_email(call: Call) -> Json:
    """A member by address."""
    email = call.required("email")
    for member in call.workspace.members.values():
        if member.email == email and not member.deleted and member.team is None:
            return {"user": call.workspace.user_object(member)}
    raise Refusal("users_not_found")


METHODS = methods(
    method(
        "users.info",
        info,
        tier=4,
        scopes=["users:read"],
        args="user include_locale",
        json=False,
        errors="user_not_found",
    ),
    method(
        "users.list",
        list_,
        tier=2,
        scopes=["users:read"],
        args="cursor include_locale limit team_id",
        json=False,
        errors="invalid_cursor",
    ),
    method(
        "users.conversations",
        conversations,
        tier=3,
        scopes=list(READ_SCOPES.values()),
        args="cursor exclude_archived exclude_muted limit team_id types user",
        json=False,
        errors="invalid_cursor invalid_limit invalid_types",
    ),
    method(
        "users.lookupByEmail",
        lookup_by_email,
        tier=3,
        scopes=["users:read.email"],
        args="email",
        json=False,
        errors="users_not_found",
    ),
)

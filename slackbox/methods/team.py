"""auth.test, api.test, apps.connections.open, team.info, bots.info, emoji.list, usergroups.*"""

from __future__ import annotations

from slackbox import objects
from slackbox.errors import Refusal
from slackbox.methods.call import Call, method, methods
from slackbox.model import Json

TEAM_ICON = "https://a.slack-edge.com/80588/img/avatars-teams/ava_0001"
TEAM_ICON_SIZES = (34, 44, 68, 88, 102, 132, 230)


def api_test(call: Call) -> Json:
    """Gives back what it was given."""
    if call.text("error"):
        raise Refusal(call.text("error"))
    return {"args": dict(call.args)}


def auth_test(call: Call) -> Json:
    """Who the token is; of an app-level token, the app."""
    ws = call.workspace
    if call.caller == "app":
        return {"app_name": ws.manifest.name, "app_id": ws.app_id}
    return {
        "url": f"https://{ws.domain}.slack.com/",
        "team": ws.name,
        "user": ws.members[ws.bot.user_id].name,
        "team_id": ws.team,
        "user_id": ws.bot.user_id,
        "bot_id": ws.bot.id,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Json:
    """An address for one Socket Mode connection."""
    return {"url": call.surfaces.socket_url()}


def team_info(call: Call) -> Json:
    """The workspace."""
    ws = call.workspace
    if call.text("team") and call.text("team") != ws.team:
        raise Refusal("team_not_found")
    return {
        "team": {
            "id": ws.team,
            "name": ws.name,
            "url": f"https://{ws.domain}.slack.com/",
            "domain": ws.domain,
            "email_domain": "",
            "icon": {
                "image_default": True,
                **{f"image_{size}": f"{TEAM_ICON}_{size}.png" for size in TEAM_ICON_SIZES},
            },
            "avatar_base_url": "https://ca.slack-edge.com/",
            "is_verified": False,
            "discoverable": "unlisted",
            "locale": "en-US",
            "pay_prod_cur": "",
            "lob_sales_home_enabled": False,
            "is_sfdc_auto_slack": False,
        }
    }


def bots_info(call: Call) -> Json:
    """A bot by its ID."""
    bot = call.workspace.bots.get(call.text("bot"))
    if bot is None:
        raise Refusal("bot_not_found")
    return {"bot": objects.bot(bot)}


def emoji_list(call: Call) -> Json:
    """The workspace's own emoji."""
    return {"emoji": dict(call.workspace.emoji), "cache_ts": f"{call.workspace.now:.6f}"}


def usergroups_list(call: Call) -> Json:
    """User groups."""
    groups = []
    for group in call.workspace.usergroups.values():
        if group["date_delete"] and not call.flag("include_disabled"):
            continue
        shown = dict(group)
        if not call.flag("include_users"):
            del shown["users"]
        if not call.flag("include_count"):
            del shown["user_count"]
        groups.append(shown)
    return {"usergroups": groups}


def usergroups_users_list(call: Call) -> Json:
    """Who is in a user group."""
    group = call.workspace.usergroups.get(call.required("usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": list(group["users"])}


METHODS = methods(
    method("api.test", api_test, tier=4, args="error", caller="any"),
    method("auth.test", auth_test, tier=None, caller="both"),
    method("apps.connections.open", connections_open, tier=1, caller="app"),
    method(
        "team.info",
        team_info,
        tier=3,
        scopes=["team:read"],
        args="team domain",
        json=False,
        errors="team_not_found",
    ),
    method(
        "bots.info",
        bots_info,
        tier=3,
        scopes=["users:read"],
        args="bot team_id",
        json=False,
        errors="bot_not_found",
    ),
    method(
        "emoji.list",
        emoji_list,
        tier=2,
        scopes=["emoji:read"],
        args="include_categories team_id",
        json=False,
    ),
    method(
        "usergroups.list",
        usergroups_list,
        tier=2,
        scopes=["usergroups:read"],
        args="include_count include_disabled include_users team_id",
    ),
    method(
        "usergroups.users.list",
        usergroups_users_list,
        tier=2,
        scopes=["usergroups:read"],
        args="usergroup include_disabled team_id",
        errors="no_such_subteam",
    ),
)

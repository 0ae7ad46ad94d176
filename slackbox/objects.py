"""Slack's JSON shapes of people, channels, messages and files.

<https://docs.slack.dev/reference/objects>, and the example answers of the methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from struct import unpack
from zoneinfo import ZoneInfo

from slackbox import emoji
from slackbox.ids import ts_of
from slackbox.model import Bot, Channel, Json, Member, Message, Posting, Upload

SLACKBOT = "USLACKBOT"
AVATAR_SIZES = (24, 32, 48, 72, 192, 512)
THUMBNAILS = (64, 80, 160, 360, 480)
PNG = b"\x89PNG\r\n\x1a\n"
PREVIEW = 1_000
"""Characters of a text file that its object shows."""
EMOJI = "https://a.slack-edge.com/production-standard-emoji-assets/14.0/google-medium"
"""Where the pictures of standard emoji are."""
TABS = ("files", "bookmarks")


@lru_cache(maxsize=256)
def _zone(tz: str, day: int) -> tuple[str, int]:
    moment = datetime.fromtimestamp(day * 86400, UTC).astimezone(ZoneInfo(tz))
    offset = moment.utcoffset()
    return moment.tzname() or tz, int(offset.total_seconds()) if offset is not None else 0


def user(member: Member, team: str, now: float, email: bool) -> Json:
    """A user object: <https://docs.slack.dev/reference/objects/user-object>.

    `email` says whether the caller may see the address (`users:read.email`).
    """
    label, offset = _zone(member.tz, int(now // 86400))
    first, _, last = member.real_name.partition(" ")
    base = f"https://avatars.slack-edge.com/{member.avatar_hash}"
    profile: Json = {
        "title": member.title,
        "phone": "",
        "skype": "",
        "real_name": member.real_name,
        "real_name_normalized": member.real_name,
        "display_name": member.display_name,
        "display_name_normalized": member.display_name,
        "fields": {},
        "status_text": member.status_text,
        "status_emoji": member.status_emoji,
        "status_emoji_display_info": _status_emoji(member.status_emoji),
        "status_expiration": 0,
        "avatar_hash": member.avatar_hash,
        "first_name": first,
        "last_name": last,
        **{f"image_{size}": f"{base}_{size}.png" for size in AVATAR_SIZES},
        "status_text_canonical": "",
        "pronouns": "",
        "start_date": "",
        "huddle_state": "default_unset",
        "huddle_state_expiration_ts": 0,
        "team": team,
    }
    if not member.is_bot and member.avatar_hash:
        profile |= {
            "is_custom_image": True,
            "image_1024": f"{base}_1024.png",
            "image_original": f"{base}_original.png",
        }
    if email and member.email:
        profile["email"] = member.email
    if member.is_bot:
        profile["api_app_id"] = member.app_id or ""
        profile["bot_id"] = member.bot_id or ""
        profile["always_active"] = True
    out: Json = {
        "id": member.id,
        "team_id": team,
        "name": member.name,
        "deleted": member.deleted,
        "color": "9f69e7",
        "real_name": member.real_name,
        "tz": member.tz,
        "tz_label": label,
        "tz_offset": offset,
        "profile": profile,
        "is_admin": member.is_admin,
        "is_owner": member.is_owner,
        "is_primary_owner": member.is_owner,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": member.is_bot,
        "is_app_user": False,
        "updated": member.updated,
        "is_email_confirmed": not member.is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }
    if member.is_bot:
        out |= {"is_workflow_bot": False, "is_connector_bot": False}
    if member.team is not None:
        return _external(member, out)
    if member.deleted:
        # A deactivated account has no zone, and no rights to speak of.
        for key in ("color", "real_name", "tz", "tz_label", "tz_offset", "is_admin", "is_owner"):
            del out[key]
    return out


def _status_emoji(given: str) -> list[Json]:
    """What a client shows of the emoji of a status."""
    name = given.strip(":")
    usual = emoji.usual(name, {}) if name else None
    if usual is None:
        return []
    # Its code points (`unicode`) are left out: the sandbox knows emoji by name alone.
    shown = {"emoji_name": usual, "display_url": f"{EMOJI}/{usual}.png"}
    return [shown if usual == name else {**shown, "display_alias": name}]


_EXTERNAL = frozenset({"id", "name", "deleted", "color", "real_name", "is_bot", "updated"})
_EXTERNAL_PROFILE = frozenset(
    {
        "real_name", "real_name_normalized", "display_name", "display_name_normalized",
        "avatar_hash", "first_name", "last_name", *(f"image_{size}" for size in AVATAR_SIZES),
    }
)  # fmt: skip


def _external(member: Member, local: Json) -> Json:
    """What Slack shows of a Slack Connect member: a name and a picture.

    `is_stranger` is false for somebody who shares a channel with the app:
    <https://docs.slack.dev/reference/objects/user-object>.
    """
    out = {key: value for key, value in local.items() if key in _EXTERNAL}
    profile = {key: v for key, v in local["profile"].items() if key in _EXTERNAL_PROFILE}
    profile["team"] = member.team
    return {**out, "team_id": member.team, "profile": profile, "is_stranger": False}


def user_profile(member: Member) -> Json:
    """The `user_profile` that a message of a Slack Connect member carries."""
    return {
        "avatar_hash": member.avatar_hash,
        "image_72": f"https://avatars.slack-edge.com/{member.avatar_hash}_72.png",
        "first_name": member.real_name.partition(" ")[0],
        "real_name": member.real_name,
        "display_name": member.display_name,
        "team": member.team,
        "name": member.name,
        "is_restricted": False,
        "is_ultra_restricted": False,
    }


def huddle(room: str, channel: str, user: str, ts: str, now: int, team: str) -> Json:
    """The `room` of a message that says that a huddle started."""
    return {
        "id": room,
        "name": "",
        "media_server": "",
        "created_by": user,
        "date_start": now,
        "date_end": 0,
        "participants": [user],
        "participant_history": [user],
        "participants_camera_on": [],
        "participants_camera_off": [],
        "participants_screenshare_on": [],
        "participants_screenshare_off": [],
        "canvas_thread_ts": ts,
        "thread_root_ts": ts,
        "channels": [channel],
        "is_dm_call": False,
        "was_rejected": False,
        "was_missed": False,
        "was_accepted": False,
        "has_ended": False,
        "background_id": "GRADIENT_03",
        "canvas_background": "GRADIENT_03",
        "is_prewarmed": False,
        "is_scheduled": False,
        "attached_file_ids": [],
        "media_backend_type": "free_willy",
        "display_id": "",
        "external_unique_id": f"{room}-{now}",
        "app_id": "A00",
        "call_family": "huddle",
        "pending_invitees": {},
        "last_invite_status_by_user": {},
        "huddle_link": f"https://app.slack.com/huddle/{team}/{channel}",
    }


def bot(it: Bot) -> Json:
    """A bot object, of `bots.info`."""
    return {
        "id": it.id,
        "deleted": False,
        "name": it.name,
        "updated": it.updated,
        "app_id": it.app_id,
        "user_id": it.user_id,
        "icons": _icons(it),
    }


def bot_profile(it: Bot, team: str) -> Json:
    """The `bot_profile` of a bot's message."""
    return {
        "id": it.id,
        "deleted": False,
        "name": it.name,
        "updated": it.updated,
        "app_id": it.app_id,
        "user_id": it.user_id,
        "icons": _icons(it),
        "team_id": team,
    }


def _icons(it: Bot) -> Json:
    return {
        f"image_{size}": f"https://avatars.slack-edge.com/{it.id}_{size}.png"
        for size in (36, 48, 72)
    }


def channel(
    it: Channel, team: str, bot_user: str, *, num_members: bool = False, read: bool = True
) -> Json:
    """A conversation: <https://docs.slack.dev/reference/objects/conversation-object>.

    `read` is whether it says what the bot has read of it; `conversations.list` does not.
    """
    if it.peer is not None:
        direct: Json = {
            "id": it.id,
            "created": it.created,
            "is_archived": it.is_archived,
            "is_im": True,
            "is_org_shared": False,
            "context_team_id": team,
            "updated": it.updated,
            "user": it.peer,
            "is_user_deleted": False,
            "priority": 0,
        }
        return {**direct, **_READ, "is_open": True} if read else direct
    out: Json = {
        "id": it.id,
        "name": it.name,
        "is_channel": not it.is_private,
        "is_group": it.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": it.is_private,
        "created": it.created,
        "is_archived": it.is_archived,
        "is_general": it.name == "general",
        "is_moved": 0,
        "unlinked": 0,
        "name_normalized": it.name,
        "is_shared": bool(it.connected),
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "context_team_id": team,
        "updated": it.updated,
        "parent_conversation": None,
        "creator": it.creator,
        "is_ext_shared": bool(it.connected),
        "shared_team_ids": [team, *it.connected],
        "pending_connected_team_ids": [],
        "internal_team_ids": [team] if it.connected else [],
        "is_member": bot_user in it.members,
        "topic": dict(it.topic),
        "purpose": dict(it.purpose),
        "previous_names": list(it.previous_names),
        "properties": _properties(it.posting),
    }
    if read and bot_user in it.members:
        out |= _READ
    if it.connected:
        out["conversation_host_id"] = team
        out["connected_team_ids"] = [team, *it.connected]
    if num_members:
        out["num_members"] = len(it.members)
    return out


_READ = {"last_read": "0000000000.000000"}
"""What the bot has read: nothing, as it never calls `conversations.mark`."""


def _properties(posting: Posting) -> Json:
    """The `properties` of a channel: its tabs, and who may post."""
    found: Json = {
        "is_dormant": False,
        "huddles_restricted": False,
        "tabs": [{"id": tab, "type": tab, "label": "", "is_disabled": False} for tab in TABS],
        "tabz": [{"id": tab, "type": tab, "label": "", "is_disabled": False} for tab in TABS],
    }
    may = {"type": ["admin"], "user": sorted(posting.allowed)}
    if posting.is_read_only or posting.is_thread_only:
        found["posting_restricted_to"] = may
    if posting.is_read_only or posting.is_non_threadable:
        found["threads_restricted_to"] = may
    return found


def created_channel(it: Channel, team: str) -> Json:
    """The channel of the event `channel_created`, which knows nothing of the app."""
    shown = channel(it, team, "", read=False)
    for name in ("is_member", "properties", "parent_conversation"):
        del shown[name]
    return shown


def posting(it: Posting) -> Json:
    """What `conversations.info` says of what its caller may post."""
    return {
        "is_read_only": it.is_read_only,
        "is_thread_only": it.is_thread_only,
        "is_non_threadable": it.is_non_threadable,
    }


def message(
    it: Message,
    team: str,
    profile: Callable[[str], Json | None],
    root: Message | None = None,
    metadata: bool = False,
    bare: bool = False,
) -> Json:
    """A message: <https://docs.slack.dev/reference/events/message>.

    `profile` gives the `bot_profile` of a bot ID, `root` is the first message of a reply's
    thread. `bare` leaves out what an event of a new message does not say.
    """
    out: Json = {"type": "message"}
    if it.subtype is not None:
        out["subtype"] = it.subtype
    out["ts"] = it.ts
    out["text"] = it.text
    out.update(_author(it, profile))
    if it.subtype is None or it.subtype in ("thread_broadcast", "file_share"):
        out["team"] = team
    for name in ("client_msg_id", "blocks", "attachments", "edited"):
        value = getattr(it, name)
        if value is not None:
            out[name] = value
    if it.files is not None:
        out.update(_files(it, it.files))
    if metadata and it.metadata is not None:
        out["metadata"] = it.metadata
    out.update(it.more)
    if it.root is not None:
        out["thread_ts"] = ts_of(it.root)
        if root is not None:
            out["parent_user_id"] = root.author
        if root is not None and it.broadcast:
            shown = message(root, team, profile, metadata=metadata)
            out["root"] = {**shown, "parent_user_id": root.author}
    elif it.replies or it.tombstone:
        out.update(_thread(it))
    if it.reactions and not bare:
        out["reactions"] = reactions(it)
    if it.pin is not None and not bare:
        out["pinned_to"] = [it.channel]
        out["pinned_info"] = {
            "channel": it.channel,
            "pinned_by": it.pin.created_by,
            "pinned_ts": it.pin.created,
        }
    return out


def _author(it: Message, profile: Callable[[str], Json | None]) -> Json:
    out: Json = {}
    if it.user is not None:
        out["user"] = it.user
    if it.bot_id is not None:
        out["bot_id"] = it.bot_id
        if it.app_id is not None:
            out["app_id"] = it.app_id
        described = profile(it.bot_id)
        if described is not None and it.username is None:
            out["bot_profile"] = described
    if it.username is not None:
        out["username"] = it.username
    if it.icons is not None:
        out["icons"] = it.icons
    return out


def _files(it: Message, files: list[Json]) -> Json:
    out: Json = {
        "files": files,
        "upload": it.subtype == "file_share",
        "display_as_bot": False,
    }
    if it.bot_id is not None:
        out["x_files"] = [file["id"] for file in files]
    return out


def _thread(it: Message) -> Json:
    return {
        "thread_ts": it.ts,
        **({"parent_user_id": SLACKBOT} if it.tombstone else {}),
        "reply_count": len(it.replies),
        "reply_users_count": len(it.repliers),
        "latest_reply": ts_of(it.replies[-1]) if it.replies else "0000000000.000000",
        "reply_users": list(it.repliers)[:5],
        "is_locked": False,
        "subscribed": False,
    }


def reactions(it: Message) -> list[Json]:
    """The reactions of a message."""
    return [
        {"name": name, "users": list(users), "count": len(users)}
        for name, users in it.reactions.items()
    ]


def shared_file(it: Upload, team: str, channels: Mapping[str, Channel]) -> Json:
    """A file as the methods of files show it: with where it was shared, and its beginning."""
    shown = file(it)
    where = [channels[channel] for channel in it.shares if channel in channels]
    kinds = (("channels", "channel"), ("groups", "group"), ("ims", "im"))
    for name, kind in kinds:
        shown[name] = [channel.id for channel in where if channel.type == kind]
    shares: Json = {}
    for channel in where:
        kind = "private" if channel.is_private else "public"
        shares.setdefault(kind, {})[channel.id] = [
            {
                "ts": ts,
                "channel_name": channel.name,
                "team_id": team,
                "share_user_id": it.user,
                "source": "UNKNOWN",
                "is_silent_share": False,
                "reply_users": [],
                "reply_users_count": 0,
                "reply_count": 0,
            }
            for ts in it.shares[channel.id]
        ]
    shown |= {"shares": shares, "has_more_shares": False, "comments_count": 0}
    if it.mimetype.startswith("image/"):
        shown |= _picture(it, team)
    if it.is_text:
        text = it.text
        shown |= {
            "edit_link": f"{it.permalink}/edit",
            "preview": text[:PREVIEW],
            "preview_highlight": f"<pre>{escape(text[:PREVIEW])}</pre>",
            "preview_is_truncated": len(text) > PREVIEW,
            "lines": text.count("\n") + 1,
            "lines_more": text[PREVIEW:].count("\n"),
        }
    return shown


def _picture(it: Upload, team: str) -> Json:
    """Where smaller copies of a picture would be; how large it is, if it is a PNG."""
    base = f"https://files.slack.com/files-tmb/{team}-{it.id}/{it.name.rpartition('.')[0]}"
    found: Json = {f"thumb_{size}": f"{base}_{size}.png" for size in THUMBNAILS}
    if it.content is not None and it.content.startswith(PNG) and len(it.content) >= 24:
        width, height = unpack(">II", it.content[16:24])
        found |= {"original_w": width, "original_h": height}
        for size in (360, 480):
            scale = min(1.0, size / max(width, height, 1))
            found[f"thumb_{size}_w"] = round(width * scale)
            found[f"thumb_{size}_h"] = round(height * scale)
    return found


def file(it: Upload) -> Json:
    """A file object: <https://docs.slack.dev/reference/objects/file-object>."""
    return {
        "id": it.id,
        "created": it.created,
        "timestamp": it.created,
        "name": it.name,
        "title": it.title,
        "mimetype": it.mimetype,
        "filetype": it.filetype,
        "pretty_type": it.filetype.title(),
        "user": it.user,
        "user_team": "",
        "editable": it.filetype in ("text", "markdown"),
        "size": it.size,
        "mode": "external" if it.is_external else "hosted",
        "is_external": it.is_external,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": it.url,
        "url_private_download": it.url,
        "permalink": it.permalink,
        "permalink_public": it.permalink_public,
        "media_display_type": "unknown",
        "alt_txt": it.alt,
        "is_starred": False,
        "has_rich_preview": False,
        "file_access": "visible",
    }

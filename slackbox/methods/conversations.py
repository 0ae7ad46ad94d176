"""conversations.*"""

from __future__ import annotations

from slackbox import objects
from slackbox.errors import Refusal
from slackbox.methods.call import HISTORY_SCOPES, READ_SCOPES, Call, method, methods, next_cursor
from slackbox.model import Channel, Json, Message

MAX_TOPIC = 250
TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def list_(call: Call) -> Json:
    """The channels the bot may know of, page by page."""
    channels = [c for c in listed(call) if call.sees(c)]
    page, metadata = call.page(channels, "channel", default=100)
    ws = call.workspace
    return {
        "channels": [
            objects.channel(c, ws.team, call.me, num_members=True, read=False) for c in page
        ],
        **metadata,
    }


def listed(call: Call) -> list[Channel]:
    """The channels of the types asked for, with the scope that each type needs."""
    wanted = set()
    for name in call.names("types") or ["public_channel"]:
        if name not in TYPES:
            raise Refusal("invalid_types")
        call.needs({**READ_SCOPES, "mpim": "mpim:read"}[TYPES[name]])
        wanted.add(TYPES[name])
    skip_archived = call.flag("exclude_archived")
    return [
        channel
        for channel in call.workspace.channels.values()
        if channel.type in wanted and not (skip_archived and channel.is_archived)
    ]


def info(call: Call) -> Json:
    """One channel."""
    channel = call.readable(READ_SCOPES)
    shown = objects.channel(
        channel, call.workspace.team, call.me, num_members=call.flag("include_num_members")
    )
    if not channel.is_im:
        shown.update(objects.posting(call.workspace.posting_for(channel, call.me)))
    if call.flag("include_locale"):
        shown["locale"] = "en-US"
    return {"channel": shown}


def members(call: Call) -> Json:
    """Who is in a channel, page by page."""
    channel = call.readable(READ_SCOPES)
    page, metadata = call.page(list(channel.members), "member", default=100)
    return {"members": list(page), **metadata}


def join(call: Call) -> Json:
    """The bot joins a public channel."""
    channel = call.channel()
    if channel.is_private:
        raise Refusal("method_not_supported_for_channel_type")
    message = call.workspace.join(channel, call.me)
    shown = {**objects.channel(channel, call.workspace.team, call.me), "priority": 0}
    if message is None:
        call.warn("already_in_channel")
    return {"channel": shown}


def leave(call: Call) -> Json:
    """The bot leaves a channel."""
    channel = call.channel()
    if channel.is_im:
        raise Refusal("method_not_supported_for_channel_type")
    call.needs("groups:write" if channel.is_private else "channels:manage")
    if not call.workspace.leave(channel, call.me):
        return {"not_in_channel": True}
    return {}


def open_(call: Call) -> Json:
    """Opens direct messages with a person."""
    ws = call.workspace
    if call.text("channel"):
        channel = call.channel()
        if not channel.is_im:
            raise Refusal("method_not_supported_for_channel_type")
    else:
        users = call.names("users")
        if not users:
            raise Refusal("users_list_not_supplied")
        if len(users) > 1:
            call.needs("mpim:write")
            raise Refusal("method_not_supported_for_channel_type")
        call.needs("im:write")
        member = ws.members.get(users[0])
        if member is None:
            raise Refusal("user_not_found")
        if member.deleted:
            raise Refusal("user_disabled")
        if member.id == call.me or member.is_bot:
            raise Refusal("cannot_dm_bot")
        known = len(ws.channels)
        channel = ws.im(member.id)
        if len(ws.channels) == known:
            return {"no_op": True, "already_open": True, "channel": _opened(call, channel)}
    return {"channel": _opened(call, channel)}


def _opened(call: Call, channel: Channel) -> Json:
    if call.flag("return_im"):
        ws = call.workspace
        latest = channel.messages[channel.timeline[-1]] if channel.timeline else None
        return {
            **objects.channel(channel, ws.team, call.me),
            "latest": ws.render(channel, latest) if latest is not None else None,
            "unread_count": 0,
            "unread_count_display": 0,
        }
    return {"id": channel.id}


def history(call: Call) -> Json:
    """What stands in a channel, newest first."""
    channel = call.readable(HISTORY_SCOPES)
    _member(call, channel)
    oldest, latest = _bounds(call)
    limit = call.limit(default=100, most=999)
    # With `oldest` alone the page nearest to it comes first, and cursors lead forward from it.
    forward = oldest > 0 and latest is None
    cursor = call.cursor("next_ts")
    if cursor is not None:
        oldest, latest = (cursor, None) if forward else (oldest, cursor)
    found, more = call.workspace.history(channel, oldest, latest, limit, forward)
    answer: Json = {
        "messages": [_shown(call, channel, m) for m in found],
        "has_more": more,
        "pin_count": len(channel.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    answer.update({name: call.text(name) for name in ("oldest", "latest") if call.text(name)})
    if more:
        following = found[0].key + 1 if forward else found[-1].key - 1
        answer["response_metadata"] = {"next_cursor": next_cursor("next_ts", following)}
    return answer


def replies(call: Call) -> Json:
    """A thread, oldest first."""
    channel = call.readable(HISTORY_SCOPES)
    _member(call, channel, "channel_not_found")
    oldest, latest = _bounds(call)
    limit = call.limit(default=1000, most=1000)
    ts = call.required("ts")
    try:
        root = call.workspace.message(channel, ts)
    except Refusal:
        raise Refusal("thread_not_found") from None
    oldest = call.cursor("next_ts") or oldest
    # The first message stands at the head of every page, whatever the bounds, and counts as one
    # of it. The `ts` of a reply gives that reply alone.
    found, more = call.workspace.replies(channel, root, oldest, latest, max(1, limit - 1))
    answer: Json = {
        "messages": [_shown(call, channel, m) for m in (root, *found)],
        "has_more": more,
    }
    if more:
        answer["response_metadata"] = {"next_cursor": next_cursor("next_ts", found[-1].key + 1)}
    return answer


def _bounds(call: Call) -> tuple[int, int | None]:
    """`oldest` and `latest` as the first and the last key that may be given."""
    oldest = call.moment("oldest", "invalid_ts_oldest")
    latest = call.moment("latest", "invalid_ts_latest")
    if call.flag("inclusive"):
        return oldest or 0, latest
    return (oldest + 1 if oldest else 0), (latest - 1 if latest is not None else None)


def _shown(call: Call, channel: Channel, message: Message) -> Json:
    # Slack does not say whether an app reads its own metadata without the scope: we say no.
    reads = "metadata.message:read" in call.workspace.manifest.scopes
    return call.workspace.render(
        channel, message, metadata=reads and call.flag("include_all_metadata")
    )


def _member(call: Call, channel: Channel, error: str = "not_in_channel") -> None:
    if call.me not in channel.members:
        raise Refusal(error)


def set_topic(call: Call) -> Json:
    """Sets the topic of a channel."""
    channel = call.channel()
    if channel.is_im:
        raise Refusal("method_not_supported_for_channel_type")
    if channel.is_private:
        call.needs("groups:write", "groups:write.topic")
    else:
        call.needs("channels:manage", "channels:write.topic")
    _member(call, channel)
    topic = call.text("topic")
    if len(topic) > MAX_TOPIC:
        raise Refusal("too_long")
    call.workspace.set_topic(channel, call.me, topic)
    return {"channel": objects.channel(channel, call.workspace.team, call.me)}


def create(call: Call) -> Json:
    """A new channel."""
    private = call.flag("is_private")
    call.needs("groups:write" if private else "channels:manage")
    channel = call.workspace.add_channel(call.text("name"), call.me, is_private=private)
    shown = objects.channel(channel, call.workspace.team, call.me)
    return {"channel": {**shown, "is_open": True, "priority": 0}}


_ANY_READ = list(READ_SCOPES.values())
_ANY_HISTORY = list(HISTORY_SCOPES.values())

METHODS = methods(
    method(
        "conversations.list",
        list_,
        tier=2,
        scopes=_ANY_READ,
        args="cursor exclude_archived limit team_id types",
        json=False,
        errors="invalid_cursor invalid_limit invalid_types",
    ),
    method(
        "conversations.info",
        info,
        tier=3,
        scopes=_ANY_READ,
        args="channel include_locale include_num_members",
        json=False,
        errors="channel_not_found",
    ),
    method(
        "conversations.members",
        members,
        tier=4,
        scopes=_ANY_READ,
        args="channel cursor limit",
        json=False,
        errors="channel_not_found invalid_cursor invalid_limit",
    ),
    method(
        "conversations.join",
        join,
        tier=3,
        scopes=["channels:join"],
        args="channel",
        errors="channel_not_found is_archived method_not_supported_for_channel_type",
    ),
    method(
        "conversations.leave",
        leave,
        tier=3,
        scopes=["channels:manage", "groups:write", "im:write", "mpim:write"],
        args="channel",
        errors="cant_leave_general channel_not_found is_archived "
        "method_not_supported_for_channel_type",
    ),
    method(
        "conversations.open",
        open_,
        tier=3,
        scopes=["channels:manage", "groups:write", "im:write", "mpim:write"],
        args="channel prevent_creation return_im users",
        errors="cannot_dm_bot channel_not_found method_not_supported_for_channel_type "
        "user_disabled user_not_found users_list_not_supplied",
    ),
    method(
        "conversations.history",
        history,
        tier=3,
        scopes=_ANY_HISTORY,
        args="channel cursor include_all_metadata inclusive latest limit oldest",
        errors="channel_not_found invalid_cursor invalid_ts_latest invalid_ts_oldest "
        "not_in_channel",
    ),
    method(
        "conversations.replies",
        replies,
        tier=3,
        scopes=_ANY_HISTORY,
        args="channel ts cursor include_all_metadata inclusive latest limit oldest",
        errors="channel_not_found invalid_cursor invalid_ts_latest invalid_ts_oldest "
        "thread_not_found",
    ),
    method(
        "conversations.setTopic",
        set_topic,
        tier=2,
        scopes=[
            "channels:manage",
            "channels:write.topic",
            "groups:write",
            "groups:write.topic",
            "im:write.topic",
            "mpim:write.topic",
        ],
        args="channel topic",
        errors="channel_not_found is_archived method_not_supported_for_channel_type "
        "not_in_channel too_long",
    ),
    method(
        "conversations.create",
        create,
        tier=2,
        scopes=["channels:manage", "groups:write"],
        args="name is_private team_id",
        errors="invalid_name_maxlength invalid_name_required invalid_name_specials name_taken",
    ),
)

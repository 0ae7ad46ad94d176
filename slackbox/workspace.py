"""The workspace: who and what is in it, and the rules by which it changes.

Everything happens at once and in order: no method waits for anything, so that whoever calls on
the event loop sees one state. What changes is told to `listener` as Slack's events.

A person and a channel can be named by ID or by name (`anna`, `general`); a leading `@` or `#` is
no harm.
"""

from __future__ import annotations

import mimetypes
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote
from zlib import crc32

from slackbox import emoji, objects, richtext
from slackbox.errors import Refusal
from slackbox.ids import Ids, Stamps, key_of, ts_of
from slackbox.manifest import Manifest
from slackbox.model import Bot, Channel, Ephemeral, Json, Member, Message, Pin, Posting, Upload

MAX_REACTIONS = 50
"""Different emoji on one message: `too_many_emoji` of `reactions.add`."""
MAX_PINS = 100
"""Pinned messages of one channel."""

EventListener = Callable[[Json, Channel | None], None]
ChangeListener = Callable[[Json], None]


class Workspace:
    """One Slack workspace with one installed app, ours."""

    def __init__(
        self,
        manifest: Manifest,
        time_source: Callable[[], float],
        seed: int = 0,
        name: str = "Sandbox",
        domain: str = "sandbox",
    ):
        self.manifest = manifest
        self.stamps = Stamps(time_source)
        self.name = name
        self.domain = domain
        self.file_base = "https://files.slack.com"
        """Where files are; a server that serves them says so here."""
        self.bad_pictures: set[str] = set()
        """Beginnings of addresses of pictures that cannot be downloaded."""
        self.listening = True
        """Whether events are told; not while a workspace is furnished anew."""
        self._seed = seed
        self._listeners: list[EventListener] = []
        self._watchers: list[ChangeListener] = []
        self.clear()

    def clear(self) -> None:
        """Empties the workspace: only the bot and Slackbot are in it, by the same IDs again."""
        self.ids = Ids(self._seed)
        self.team = self.ids.make("T")
        self.app_id = self.ids.make("A")
        self.members: dict[str, Member] = {}
        self.connected_teams: dict[str, str] = {}
        """IDs of the workspaces that Slack Connect members are from, by name."""
        self.bots: dict[str, Bot] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[Ephemeral] = []
        self.files: dict[str, Upload] = {}
        self.uploads: dict[str, str] = {}
        """File IDs by the ticket of the address their content is to be sent to."""
        self.emoji: dict[str, str] = {}
        self.usergroups: dict[str, Json] = {}
        self._notes: dict[str, Ephemeral] = {}
        self._notes_of: dict[tuple[str, str], list[Ephemeral]] = {}
        self._by_name: dict[str, str] = {}
        self._channel_by_name: dict[str, str] = {}
        self._ims: dict[str, str] = {}
        self._block_number = 0
        self.members[objects.SLACKBOT] = Member(
            id=objects.SLACKBOT, name="slackbot", real_name="Slackbot", display_name="Slackbot"
        )
        self._by_name["slackbot"] = objects.SLACKBOT
        self.bot = self._add_bot(self.manifest.bot_name, self.app_id)

    # --- listening ---------------------------------------------------------------------------

    def listen(self, listener: EventListener) -> None:
        """Tells `listener` every event with the channel it happened in (None: the workspace)."""
        self._listeners.append(listener)

    def watch(self, watcher: ChangeListener) -> Callable[[], None]:
        """Tells `watcher` every change, for a page that shows it; gives how to stop."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def changed(self, kind: str, **what: Any) -> None:
        """Tells the watchers that something changed."""
        if self._watchers:
            change = {"kind": kind, **what}
            for watcher in tuple(self._watchers):
                watcher(change)

    def emit(self, event: Json, channel: Channel | None = None) -> None:
        """Tells the listeners an event."""
        if not self.listening:
            return
        for listener in self._listeners:
            listener(event, channel)

    # --- finding -----------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The wall time of the workspace, seconds since 1970."""
        return self.stamps.now()

    def member(self, ref: str) -> Member:
        """A member by ID or name. Raises Refusal `user_not_found`."""
        ref = ref.removeprefix("@")
        found = self.members.get(ref) or self.members.get(self._by_name.get(ref, ""))
        if found is None:
            raise Refusal("user_not_found")
        return found

    def channel(self, ref: str) -> Channel:
        """A channel by ID or name. Raises Refusal `channel_not_found`."""
        ref = ref.removeprefix("#")
        found = self.channels.get(ref) or self.channels.get(self._channel_by_name.get(ref, ""))
        if found is None:
            raise Refusal("channel_not_found")
        return found

    def message(self, channel: Channel, ts: str) -> Message:
        """A message that stands. Raises Refusal `message_not_found`."""
        key = key_of(ts)
        found = channel.messages.get(key) if key is not None else None
        if found is None:
            raise Refusal("message_not_found")
        return found

    def im(self, person: str) -> Channel:
        """The direct messages between a person and the bot, opened if they were not."""
        member = self.member(person)
        if member.id not in self._ims:
            channel = Channel(
                id=self.ids.make("D"),
                name="",
                created=int(self.now),
                creator=self.bot.user_id,
                peer=member.id,
                is_private=True,
                members=dict.fromkeys((member.id, self.bot.user_id)),
                updated=int(self.now * 1000),
            )
            self.channels[channel.id] = channel
            self._ims[member.id] = channel.id
        return self.channels[self._ims[member.id]]

    def loads(self, url: str) -> bool:
        """Whether Slack can download a picture; the sandbox asks nobody but `bad_pictures`."""
        return not any(url.startswith(prefix) for prefix in self.bad_pictures)

    def block_id(self) -> str:
        """A block ID as Slack makes them for blocks that have none."""
        self._block_number += 1
        number, out = self._block_number, ""
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        for _ in range(5):
            number, rest = divmod(number, 62)
            out = digits[rest] + out
        return out

    # --- people ------------------------------------------------------------------------------

    def _add_bot(self, name: str, app_id: str) -> Bot:
        user = self.ids.make("U")
        bot = Bot(self.ids.make("B"), name, app_id, user, int(self.now))
        self.bots[bot.id] = bot
        handle = self._handle(name)
        self.members[user] = Member(
            id=user,
            name=handle,
            real_name=name,
            tz="America/Los_Angeles",
            is_bot=True,
            bot_id=bot.id,
            app_id=app_id,
            avatar_hash=self.ids.secret(12),
            updated=int(self.now),
        )
        self._by_name[handle] = user
        return bot

    def _handle(self, name: str) -> str:
        base = "".join(c for c in name.lower() if c.isalnum() or c in "._-")[:60] or "member"
        handle, number = base, 2
        while handle in self._by_name:
            handle, number = f"{base}{number}", number + 1
        return handle

    def add_bot(self, name: str) -> Bot:
        """Installs another app, with a bot of its own."""
        bot = self._add_bot(name, self.ids.make("A"))
        self.emit(
            {
                "type": "team_join",
                "user": self.user_object(self.members[bot.user_id]),
                **self._event_ts(),
            }
        )
        return bot

    def add_person(
        self,
        real_name: str,
        display_name: str = "",
        name: str | None = None,
        tz: str = "Europe/Berlin",
        *,
        email: str = "",
        title: str = "",
        is_admin: bool = False,
        is_owner: bool = False,
        user: str | None = None,
        workspace: str | None = None,
        quiet: bool = False,
    ) -> Member:
        """Adds a person to the workspace.

        `user` asks for an ID of its own; `quiet` for no event. With the name of another
        `workspace` it is a Slack Connect member: nobody is told of them before they are in a
        channel, and no list has them.

        Raises Refusal `name_taken` if `name` or the ID is somebody's.
        """
        if name is not None and name in self._by_name:
            raise Refusal("name_taken")
        if user is not None and user in self.members:
            raise Refusal("name_taken")
        handle = name or self._handle(display_name or real_name)
        member = Member(
            id=user or self.ids.make("U"),
            name=handle,
            real_name=real_name,
            display_name=display_name,
            tz=tz,
            email=email or f"{handle}@{self.domain}.example",
            title=title,
            is_admin=is_admin,
            is_owner=is_owner,
            avatar_hash=self.ids.secret(12),
            updated=int(self.now),
            team=self._connected_team(workspace) if workspace is not None else None,
        )
        self.members[member.id] = member
        self._by_name[handle] = member.id
        if not quiet and member.team is None:
            self.emit({"type": "team_join", "user": self.user_object(member), **self._event_ts()})
        self.changed("person", user=member.id)
        return member

    def _connected_team(self, name: str) -> str:
        """The ID of another workspace, by its name."""
        if name not in self.connected_teams:
            self.connected_teams[name] = self.ids.make("T")
        return self.connected_teams[name]

    def change_person(self, person: str, **profile: Any) -> Member:
        """Changes names, zone, title or status of a person, or `deleted` (deactivated).

        Raises Refusal `invalid_arguments` for a field that is none of these.
        """
        member = self.member(person)
        for field, value in profile.items():
            if field not in _CHANGEABLE or not isinstance(value, _CHANGEABLE[field]):
                raise Refusal("invalid_arguments", [f"[ERROR] unknown field: {field}"])
        for field, value in profile.items():
            setattr(member, field, value)
        member.updated = int(self.now)
        if member.deleted:
            for channel in self.channels.values():
                if not channel.is_im:
                    channel.members.pop(member.id, None)
        self.emit(
            {
                "type": "user_change",
                "user": self.user_object(member),
                "cache_ts": int(self.now),
                **self._event_ts(),
            }
        )
        self.changed("person", user=member.id)
        return member

    def user_object(self, member: Member) -> Json:
        """The user object as our app may see it."""
        email = "users:read.email" in self.manifest.scopes
        return objects.user(member, self.team, self.now, email)

    def add_emoji(self, name: str, url: str) -> None:
        """A custom emoji."""
        self.emoji[name] = url
        self.emit(
            {
                "type": "emoji_changed",
                "subtype": "add",
                "name": name,
                "value": url,
                **self._event_ts(),
            }
        )
        self.changed("emoji", name=name)

    def add_usergroup(self, handle: str, name: str, users: Sequence[str]) -> str:
        """A user group; gives its ID."""
        group = self.ids.make("S")
        members = [self.member(user).id for user in users]
        now = int(self.now)
        self.usergroups[group] = {
            "id": group,
            "team_id": self.team,
            "is_usergroup": True,
            "is_subteam": True,
            "is_visible": True,
            "is_section": False,
            "is_idp_group": False,
            "is_membership_locked": False,
            "is_editing_restricted": False,
            "auto_provision": False,
            "channel_count": 0,
            "name": name,
            "description": "",
            "handle": handle,
            "is_external": False,
            "date_create": now,
            "date_update": now,
            "date_delete": 0,
            "auto_type": None,
            "created_by": self.bot.user_id,
            "updated_by": self.bot.user_id,
            "deleted_by": None,
            "prefs": {"channels": [], "groups": []},
            "users": members,
            "user_count": len(members),
        }
        return group

    def linked(self, text: str) -> str:
        """`@name` and `#channel` as mentions, as `link_names` and `should_escape` ask for."""

        def mention(found: re.Match[str]) -> str:
            try:
                if found[1] == "@":
                    member = self.member(found[2])
                    return f"<@{member.id}|{member.name}>"
                channel = self.channel(found[2])
                return f"<#{channel.id}|{channel.name}>"
            except Refusal:
                return found[0]

        return _NAMED.sub(mention, text)

    # --- channels ----------------------------------------------------------------------------

    def add_channel(
        self,
        name: str,
        creator: str,
        is_private: bool = False,
        members: Iterable[str] = (),
        topic: str = "",
        purpose: str = "",
    ) -> Channel:
        """A new channel; its creator and `members` are in it, without notices of their joining.

        Raises Refusal `name_taken` or `invalid_name…`.
        """
        self._check_channel_name(name)
        founder = self.member(creator)
        channel = Channel(
            id=self.ids.make("C"),
            name=name,
            created=int(self.now),
            creator=founder.id,
            is_private=is_private,
            members={founder.id: None, **{self.member(m).id: None for m in members}},
            updated=int(self.now * 1000),
        )
        for what, value in ((channel.topic, topic), (channel.purpose, purpose)):
            if value:
                what.update(value=value, creator=founder.id, last_set=int(self.now))
        self.channels[channel.id] = channel
        self._channel_by_name[name] = channel.id
        if not is_private:
            self.emit(
                {
                    "type": "channel_created",
                    "channel": objects.created_channel(channel, self.team),
                    **self._event_ts(),
                }
            )
        self.changed("channel", channel=channel.id)
        return channel

    def _check_channel_name(self, name: str) -> None:
        if not name:
            raise Refusal("invalid_name_required")
        if len(name) > 80:
            raise Refusal("invalid_name_maxlength")
        if any(c in " .,'\"<>&#@/\\:;?!()[]{}" or c.isupper() for c in name):
            raise Refusal("invalid_name_specials")
        if name in self._channel_by_name:
            raise Refusal("name_taken")

    def join(self, channel: Channel, user: str, inviter: str | None = None) -> Message | None:
        """Somebody joins a channel, or is invited to it; None if they were in it."""
        self._not_archived(channel)
        if user in channel.members:
            return None
        channel.members[user] = None
        team = self.members[user].team
        if team is not None and team not in channel.connected:
            channel.connected.append(team)
        name = f"<@{user}>"
        kind = "group_join" if channel.is_private else "channel_join"
        more: Json = {"inviter": inviter} if inviter is not None else {}
        event: Json = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "G" if channel.is_private else "C",
            "team": team or self.team,
            **more,
            **self._event_ts(),
        }
        message = self._say(channel, user, kind, f"{name} has joined the channel", more)
        self.emit(event, channel)
        return message

    def leave(self, channel: Channel, user: str, kicked_by: str | None = None) -> bool:
        """Somebody leaves a channel, or is removed from it; False if they were not in it."""
        if user not in channel.members:
            return False
        if channel.name == "general" and kicked_by is None:
            raise Refusal("cant_leave_general")
        self._not_archived(channel)
        ours = user == self.bot.user_id
        event: Json = {
            "type": "member_left_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "G" if channel.is_private else "C",
            "team": self.members[user].team or self.team,
            **self._event_ts(),
        }
        if not ours:
            del channel.members[user]
            self.emit(event, channel)
        kind = "group_leave" if channel.is_private else "channel_leave"
        self._say(channel, user, kind, f"<@{user}> has left the channel", {})
        if ours:
            del channel.members[user]
            self.emit(
                {
                    "type": "group_left" if channel.is_private else "channel_left",
                    "channel": channel.id,
                    "actor_id": kicked_by or user,
                    **self._event_ts(),
                }
            )
        self.changed("channel", channel=channel.id)
        return True

    def set_topic(self, channel: Channel, user: str, topic: str) -> None:
        """Sets the topic, with the notice of it."""
        self._not_archived(channel)
        channel.topic = {"value": topic, "creator": user, "last_set": int(self.now)}
        kind = "group_topic" if channel.is_private else "channel_topic"
        text = f"<@{user}> set the channel topic: {topic}"
        self._say(channel, user, kind, text, {"topic": topic})

    def restrict(self, channel: Channel, user: str, posting: Posting) -> None:
        """Says who may post in a channel, with the notice of it."""
        self._not_archived(channel)
        channel.posting = posting
        channel.updated = int(self.now * 1000)
        text = f"<@{user}> changed who can post in this channel"
        self._say(channel, user, "channel_posting_permissions", text, {})
        self.changed("channel", channel=channel.id)

    def posting_for(self, channel: Channel, user: str) -> Posting:
        """What somebody may post in a channel."""
        exempt = self.members[user].is_admin or user in channel.posting.allowed
        return Posting() if exempt else channel.posting

    def rename_channel(self, channel: Channel, user: str, name: str) -> None:
        """Gives a channel another name."""
        self._not_archived(channel)
        self._check_channel_name(name)
        old = channel.name
        del self._channel_by_name[old]
        self._channel_by_name[name] = channel.id
        channel.name = name
        channel.previous_names.insert(0, old)
        channel.updated = int(self.now * 1000)
        kind = "group" if channel.is_private else "channel"
        self._say(
            channel,
            user,
            f"{kind}_name",
            f'<@{user}> has renamed the channel from "{old}" to "{name}"',
            {"old_name": old, "name": name},
        )
        self._emit_channel(
            channel,
            {
                "type": f"{kind}_rename",
                "channel": {
                    "id": channel.id,
                    "is_channel": not channel.is_private,
                    "name": name,
                    "name_normalized": name,
                    "created": channel.created,
                    "is_mpim": False,
                },
                **self._event_ts(),
            },
        )

    def archive(self, channel: Channel, user: str) -> None:
        """Archives a channel: nothing more is said in it."""
        self._not_archived(channel)
        if channel.name == "general":
            raise Refusal("cant_archive_general")
        kind = "group" if channel.is_private else "channel"
        self._say(channel, user, f"{kind}_archive", f"<@{user}> archived the channel", {})
        channel.is_archived = True
        channel.updated = int(self.now * 1000)
        event: Json = {"type": f"{kind}_archive", "channel": channel.id, "user": user}
        self._emit_channel(channel, {**event, "is_moved": 0, **self._event_ts()})

    def unarchive(self, channel: Channel, user: str) -> None:
        """Brings an archived channel back."""
        if not channel.is_archived:
            raise Refusal("not_archived")
        channel.is_archived = False
        channel.updated = int(self.now * 1000)
        kind = "group" if channel.is_private else "channel"
        self._say(channel, user, f"{kind}_unarchive", f"<@{user}> un-archived the channel", {})
        self._emit_channel(
            channel,
            {
                "type": f"{kind}_unarchive",
                "channel": channel.id,
                "actor_id" if channel.is_private else "user": user,
                **self._event_ts(),
            },
        )

    def delete_channel(self, channel: Channel, user: str) -> None:
        """Deletes a channel with all that is in it."""
        del self.channels[channel.id]
        self._channel_by_name.pop(channel.name, None)
        kind = "group" if channel.is_private else "channel"
        self._emit_channel(
            channel,
            {
                "type": f"{kind}_deleted",
                "channel": channel.id,
                "actor_id": user,
                **self._event_ts(),
            },
        )

    def _emit_channel(self, channel: Channel, event: Json) -> None:
        # Everybody who may see a public channel is told of it; a private one tells its members.
        self.emit(event, channel if channel.is_private else None)
        self.changed("channel", channel=channel.id)

    def _not_archived(self, channel: Channel) -> None:
        if channel.is_archived:
            raise Refusal("is_archived")

    # --- messages ----------------------------------------------------------------------------

    def _say(self, channel: Channel, user: str, subtype: str, text: str, more: Json) -> Message:
        """The workspace's own notices: somebody joined, set the topic …"""
        key = self.stamps.next()
        message = Message(key, ts_of(key), channel.id, text, user, subtype=subtype, more=more)
        return self._put(channel, message)

    def post(
        self,
        channel: Channel,
        text: str,
        *,
        user: str | None = None,
        bot: Bot | None = None,
        blocks: list[Json] | None = None,
        attachments: list[Json] | None = None,
        files: Sequence[Upload] = (),
        thread_ts: str | None = None,
        broadcast: bool = False,
        metadata: Json | None = None,
        username: str | None = None,
        icons: Json | None = None,
        subtype: str | None = None,
        at: float | None = None,
        ts: str | None = None,
    ) -> Message:
        """A message from a person or a bot.

        `thread_ts` makes it a reply. `at` (seconds since 1970) or `ts` puts it at a moment of
        the past, for history that is brought in. Raises Refusal `is_archived`,
        `thread_not_found`, `invalid_ts` for a `ts` that is taken.
        """
        self._not_archived(channel)
        root = self._root(channel, thread_ts) if thread_ts is not None else None
        key = self._key(at, ts)
        if subtype != "me_message":
            blocks = self._blocks_for(text, blocks, attachments)
        if subtype is None:
            if files:
                subtype = "file_share"
            elif bot is not None and username is not None:
                subtype = "bot_message"
            elif root is not None and broadcast:
                subtype = "thread_broadcast"
        message = Message(
            key=key,
            ts=ts_of(key),
            channel=channel.id,
            text=text,
            user=None if subtype == "bot_message" else (bot.user_id if bot else user),
            subtype=subtype,
            blocks=blocks,
            attachments=attachments,
            files=[objects.file(f) for f in files] or None,
            metadata=metadata,
            client_msg_id=(
                self.ids.uuid() if bot is None and not files and subtype != "me_message" else None
            ),
            bot_id=bot.id if bot else None,
            app_id=bot.app_id if bot else None,
            username=username,
            icons=icons,
            root=root.key if root is not None else None,
            broadcast=broadcast and root is not None,
        )
        for upload in files:
            upload.shares.setdefault(channel.id, []).append(message.ts)
        return self._put(channel, message, root)

    def _blocks_for(
        self, text: str, blocks: list[Json] | None, attachments: list[Json] | None
    ) -> list[Json] | None:
        """A message's blocks: those given, or its text as rich text."""
        if blocks is None and text and attachments is None:
            return [richtext.rich_text(text, self.block_id())]
        return blocks

    def _key(self, at: float | None, ts: str | None) -> int:
        if ts is not None:
            key = self.stamps.exactly(ts)
            if key is None:
                raise Refusal("invalid_ts")
            return key
        return self.stamps.at(at) if at is not None else self.stamps.next()

    def _root(self, channel: Channel, thread_ts: str) -> Message:
        """The message a thread hangs on; a reply's own thread for the `ts` of a reply."""
        key = key_of(thread_ts)
        root = channel.messages.get(key) if key is not None else None
        if root is None:
            raise Refusal("thread_not_found")
        if root.root is not None:
            return channel.messages[root.root]
        return root

    def _put(self, channel: Channel, message: Message, root: Message | None = None) -> Message:
        channel.messages[message.key] = message
        if root is None or message.broadcast:
            _insert(channel.timeline, message.key)
        if root is not None:
            _insert(root.replies, message.key)
            root.repliers[message.author] = root.repliers.get(message.author, 0) + 1
        event = self.render(channel, message, bare=True)
        event["channel"] = channel.id
        event["event_ts"] = message.ts
        event["channel_type"] = channel.type
        if message.metadata is not None and self._reads_metadata(message):
            event["metadata"] = message.metadata
        self.emit(event, channel)
        if f"<@{self.bot.user_id}" in message.text and message.bot_id != self.bot.id:
            self._tell_mention(channel, event)
        self.changed("message", channel=channel.id, ts=message.ts)
        return message

    def _tell_mention(self, channel: Channel, event: Json) -> None:
        """Our bot is mentioned: a message event of its own kind, but not in direct messages."""
        if channel.is_im or event.get("subtype") not in (None, "file_share", "thread_broadcast"):
            return
        unsaid = ("subtype", "channel_type", "parent_user_id", "metadata")
        said = {key: value for key, value in event.items() if key not in unsaid}
        self.emit({**said, "type": "app_mention"}, channel)

    def _reads_metadata(self, message: Message) -> bool:
        return message.app_id == self.app_id or "metadata.message:read" in self.manifest.scopes

    def render(
        self, channel: Channel, message: Message, metadata: bool = False, bare: bool = False
    ) -> Json:
        """A message as Slack shows it."""
        root = channel.messages.get(message.root) if message.root is not None else None
        author = self.members.get(message.user) if message.user is not None else None
        team = author.team if author is not None and author.team is not None else self.team
        shown = objects.message(message, team, self.bot_profile, root, metadata=metadata, bare=bare)
        if author is not None and author.team is not None:
            shown["user_team"] = shown["source_team"] = author.team
            shown["user_profile"] = objects.user_profile(author)
        return shown

    def bot_profile(self, bot_id: str) -> Json | None:
        """The `bot_profile` of a bot."""
        bot = self.bots.get(bot_id)
        return objects.bot_profile(bot, self.team) if bot is not None else None

    def edit(
        self,
        channel: Channel,
        message: Message,
        text: str | None = None,
        *,
        editor: str | None = None,
        blocks: list[Json] | None = None,
        attachments: list[Json] | None = None,
        metadata: Json | None = None,
        mark: bool = True,
    ) -> Message:
        """Changes a message. `mark` is whether it is shown as edited, by `editor` or its author.

        A text without blocks takes the place of the blocks, as `chat.update` says.
        """
        self._not_archived(channel)
        previous = self.render(channel, message)
        if text is not None:
            message.text = text
            if blocks is None and message.subtype != "me_message":
                message.blocks = [richtext.rich_text(text, self.block_id())] if text else None
        if blocks is not None:
            message.blocks = blocks or None
        if attachments is not None:
            message.attachments = attachments or None
        if metadata is not None:
            message.metadata = metadata or None
        key = self.stamps.next()
        if mark:
            message.edited = {"user": editor or message.author, "ts": ts_of(key)}
        self._tell_changed(channel, message, previous, key)
        return message

    def unfurl(self, channel: Channel, message: Message, attachment: Json) -> Message:
        """A link's preview is added: the message changes, though nobody edited it."""
        previous = self.render(channel, message)
        message.attachments = [*(message.attachments or []), {"id": 1, **attachment}]
        self._tell_changed(channel, message, previous, self.stamps.next())
        return message

    def _tell_changed(self, channel: Channel, message: Message, previous: Json, key: int) -> None:
        current = self.render(channel, message)
        if message.user != objects.SLACKBOT:
            current.setdefault("source_team", self.team)
            current.setdefault("user_team", self.team)
        self.emit(
            {
                "type": "message",
                "subtype": "message_changed",
                "message": current,
                "previous_message": previous,
                "channel": channel.id,
                "hidden": True,
                "ts": ts_of(key),
                "event_ts": ts_of(key),
                "channel_type": channel.type,
            },
            channel,
        )
        self.changed("message", channel=channel.id, ts=message.ts)

    def broadcast_reply(self, channel: Channel, message: Message) -> None:
        """ "Also send to the channel", chosen for a reply that stands already."""
        if message.root is None or message.broadcast:
            raise Refusal("invalid_arguments")
        previous = self.render(channel, message)
        message.broadcast = True
        message.subtype = "thread_broadcast"
        _insert(channel.timeline, message.key)
        self._tell_changed(channel, message, previous, self.stamps.next())

    def start_huddle(self, channel: Channel, user: str) -> Message:
        """Somebody starts a huddle: Slackbot says so, and people write in its thread.

        <https://docs.slack.dev/reference/objects/conversation-object> has an example.
        """
        self._not_archived(channel)
        key = self.stamps.next()
        ts, room = ts_of(key), self.ids.make("R")
        message = Message(
            key,
            ts,
            channel.id,
            "",
            objects.SLACKBOT,
            subtype="huddle_thread",
            blocks=[richtext.rich_text("A huddle started", self.block_id())],
            more={
                "channel": channel.id,
                "no_notifications": True,
                "permalink": f"https://{self.domain}.slack.com/call/{room}",
                "team": self.team,
                "room": objects.huddle(room, channel.id, user, ts, int(self.now), self.team),
            },
        )
        return self._put(channel, message)

    def end_huddle(self, channel: Channel, message: Message) -> None:
        """A huddle ends. Raises Refusal `message_not_found` for a message that is none."""
        room = message.more.get("room")
        if message.subtype != "huddle_thread" or room is None:
            raise Refusal("message_not_found")
        previous = self.render(channel, message)
        message.more = {
            **message.more,
            "room": {**room, "has_ended": True, "date_end": int(self.now), "participants": []},
        }
        message.edited = {"user": objects.SLACKBOT, "ts": f"{int(self.now)}.000000"}
        self._tell_changed(channel, message, previous, self.stamps.next())

    def delete_file(self, upload: Upload) -> None:
        """Deletes a file; a tombstone takes its place in the messages that have it.

        Nobody is told that those messages changed, only of the file. Raises Refusal
        `file_deleted`.
        """
        if upload.deleted:
            raise Refusal("file_deleted")
        upload.deleted = True
        upload.content = None
        channels = [self.channels[id_] for id_ in upload.shares if id_ in self.channels]
        for channel in channels:
            for ts in upload.shares[channel.id]:
                message = channel.messages.get(key_of(ts) or 0)
                if message is not None and message.files is not None:
                    message.files = [
                        {"id": upload.id, "mode": "tombstone"} if f["id"] == upload.id else f
                        for f in message.files
                    ]
                    self.changed("message", channel=channel.id, ts=ts)
        seen = [c for c in channels if self.bot.user_id in c.members]
        if seen:
            self.emit(
                {
                    "type": "file_deleted",
                    "file_id": upload.id,
                    "channel_ids": [channel.id for channel in seen],
                    **self._event_ts(),
                },
                seen[0],
            )

    def delete(self, channel: Channel, message: Message) -> None:
        """Deletes a message; one that has replies leaves a tombstone."""
        if message.tombstone:
            raise Refusal("message_not_found")
        previous = self.render(channel, message)
        key = self.stamps.next()
        channel.deleted[message.key] = _last_state(message, ts_of(key))
        if message.pin is not None:
            self._drop_pin(channel, message)
        if message.root is None and message.replies:
            self._bury(message)
            self._tell_changed(channel, message, previous, key)
            return
        del channel.messages[message.key]
        if message.root is None or message.broadcast:
            _remove(channel.timeline, message.key)
        root = channel.messages.get(message.root) if message.root is not None else None
        if root is not None:
            _remove(root.replies, message.key)
            root.repliers[message.author] -= 1
            if not root.repliers[message.author]:
                del root.repliers[message.author]
        self._tell_deleted(channel, message.ts, previous, key)
        if root is not None and root.tombstone and not root.replies:
            # The last reply takes the tombstone along:
            # <https://github.com/slack-edge/slack-edge/pull/10> has such an event.
            previous = self.render(channel, root)
            del channel.messages[root.key]
            _remove(channel.timeline, root.key)
            self._tell_deleted(channel, root.ts, previous, self.stamps.next())

    def _tell_deleted(self, channel: Channel, ts: str, previous: Json, key: int) -> None:
        self.emit(
            {
                "type": "message",
                "subtype": "message_deleted",
                "previous_message": previous,
                "channel": channel.id,
                "hidden": True,
                "deleted_ts": ts,
                "event_ts": ts_of(key),
                "ts": ts_of(key),
                "channel_type": channel.type,
            },
            channel,
        )
        self.changed("message", channel=channel.id, ts=ts)

    def _bury(self, message: Message) -> None:
        message.tombstone = True
        message.subtype = "tombstone"
        message.text = "This message was deleted."
        message.user = objects.SLACKBOT
        message.blocks = message.attachments = message.files = None
        message.metadata = message.edited = message.client_msg_id = None
        message.bot_id = message.app_id = message.username = message.icons = None
        message.reactions = {}
        message.more = {"hidden": True}

    def history(
        self, channel: Channel, first: int, last: int | None, limit: int, forward: bool
    ) -> tuple[list[Message], bool]:
        """Messages between two keys (both included), newest first, and whether there are more.

        `forward` takes those nearest `first`, else those nearest `last`.
        """
        low, high = _between(channel.timeline, first, last)
        more = high - low > limit
        if forward:
            high = min(high, low + limit)
        else:
            low = max(low, high - limit)
        keys = channel.timeline[low:high]
        return [channel.messages[key] for key in reversed(keys)], more

    def replies(
        self, channel: Channel, root: Message, first: int, last: int | None, limit: int
    ) -> tuple[list[Message], bool]:
        """Replies of a thread between two keys, oldest first, and whether there are more."""
        low, high = _between(root.replies, first, last)
        keys = root.replies[low : min(high, low + limit)]
        return [channel.messages[key] for key in keys], high - low > limit

    def upload(
        self, user: str, name: str, content: bytes, title: str = "", complete: bool = True
    ) -> Upload:
        """A file, to be shared with a message."""
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        suffix = name.rpartition(".")[2].lower() if "." in name else "binary"
        file = Upload(
            id=self.ids.make("F"),
            name=name,
            title=title or name,
            size=len(content),
            created=int(self.now),
            user=user,
            mimetype=mimetype,
            filetype={"md": "markdown", "txt": "text"}.get(suffix, suffix),
            content=content if complete else None,
            complete=complete,
        )
        file.url = f"{self.file_base}/files-pri/{self.team}-{file.id}/{quote(name)}"
        file.permalink = (
            f"https://{self.domain}.slack.com/files/{user}/{file.id}/{quote(name.lower())}"
        )
        file.permalink_public = (
            f"https://slack-files.com/{self.team}-{file.id}-{crc32(file.id.encode()):08x}"
        )
        self.files[file.id] = file
        return file

    def note(self, user: str, ts: str) -> Ephemeral | None:
        """A note that a person sees, by its `ts`."""
        note = self._notes.get(ts)
        return note if note is not None and note.user == user and not note.deleted else None

    def notes_for(self, user: str, channel: str) -> list[Ephemeral]:
        """The notes that a person sees in a channel, oldest first."""
        notes = self._notes_of.get((user, channel), ())
        return [note for note in notes if not note.deleted]

    def whisper(
        self,
        channel: Channel,
        user: str,
        text: str,
        *,
        blocks: list[Json] | None = None,
        attachments: list[Json] | None = None,
        thread_ts: str | None = None,
    ) -> Ephemeral:
        """A note that only one person sees; nobody is told of it, and it is in no history."""
        note = Ephemeral(
            channel=channel.id,
            ts=ts_of(self.stamps.next()),
            user=user,
            text=text,
            blocks=self._blocks_for(text, blocks, attachments),
            attachments=attachments,
            thread_ts=thread_ts,
        )
        self.ephemerals.append(note)
        self._notes[note.ts] = note
        self._notes_of.setdefault((user, channel.id), []).append(note)
        self.changed("ephemeral", channel=channel.id, user=user, ts=note.ts)
        return note

    # --- reactions and pins ------------------------------------------------------------------

    def react(self, channel: Channel, message: Message, user: str, name: str) -> None:
        """Adds a reaction. Raises Refusal `already_reacted`, `invalid_name`, `too_many_emoji`."""
        name = self._emoji(name)
        if channel.is_archived:
            raise Refusal("is_archived")
        users = message.reactions.get(name)
        if users is None:
            if len(message.reactions) >= MAX_REACTIONS:
                raise Refusal("too_many_emoji")
            users = message.reactions[name] = []
        if user in users:
            raise Refusal("already_reacted")
        users.append(user)
        self._tell_reaction("reaction_added", channel, message, user, name)

    def unreact(self, channel: Channel, message: Message, user: str, name: str) -> None:
        """Takes a reaction away. Raises Refusal `no_reaction`."""
        name = self._emoji(name)
        users = message.reactions.get(name, [])
        if user not in users:
            raise Refusal("no_reaction")
        users.remove(user)
        if not users:
            del message.reactions[name]
        self._tell_reaction("reaction_removed", channel, message, user, name)

    def _emoji(self, name: str) -> str:
        """The usual name of an emoji. Raises Refusal `invalid_name` for what is none."""
        found = emoji.usual(name.strip(":"), self.emoji)
        if found is None:
            raise Refusal("invalid_name")
        return found

    def _tell_reaction(
        self, kind: str, channel: Channel, message: Message, user: str, name: str
    ) -> None:
        event: Json = {
            "type": kind,
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel.id, "ts": message.ts},
            **self._event_ts(),
        }
        if message.user is not None:
            event["item_user"] = message.user
        self.emit(event, channel)
        self.changed("message", channel=channel.id, ts=message.ts)

    def pin(self, channel: Channel, message: Message, user: str) -> None:
        """Pins a message. Raises Refusal `already_pinned`."""
        if message.pin is not None:
            raise Refusal("already_pinned")
        if len(channel.pins) >= MAX_PINS:
            raise Refusal("too_many_pins")
        pin = message.pin = Pin(int(self.now), user)
        channel.pins[message.key] = None
        self._tell_pin("pin_added", channel, message, user, pin, {})

    def unpin(self, channel: Channel, message: Message, user: str) -> None:
        """Takes a pin away. Raises Refusal `no_pin`."""
        pin = message.pin
        if pin is None:
            raise Refusal("no_pin")
        self._drop_pin(channel, message)
        has_pins = {"has_pins": bool(channel.pins)}
        self._tell_pin("pin_removed", channel, message, user, pin, has_pins)

    def _drop_pin(self, channel: Channel, message: Message) -> None:
        message.pin = None
        channel.pins.pop(message.key, None)

    def pin_item(self, channel: Channel, message: Message, pin: Pin) -> Json:
        """A pinned message, as `pins.list` lists it."""
        return {
            "type": "message",
            "created": pin.created,
            "created_by": pin.created_by,
            "channel": channel.id,
            "message": {
                **self.render(channel, message),
                "permalink": self.permalink(channel, message),
            },
        }

    def pins_of(self, channel: Channel) -> list[Json]:
        """The pinned messages of a channel, the newest pin first."""
        messages = [channel.messages[key] for key in reversed(channel.pins)]
        return [self.pin_item(channel, m, m.pin) for m in messages if m.pin is not None]

    def _tell_pin(
        self, kind: str, channel: Channel, message: Message, user: str, pin: Pin, more: Json
    ) -> None:
        self.emit(
            {
                "type": kind,
                "user": user,
                "channel_id": channel.id,
                "item": self.pin_item(channel, message, pin),
                "item_user": message.author,
                "pin_count": len(channel.pins),
                "pinned_info": {
                    "channel": channel.id,
                    "pinned_by": pin.created_by,
                    "pinned_ts": pin.created,
                },
                **more,
                **self._event_ts(),
            },
            channel,
        )
        self.changed("message", channel=channel.id, ts=message.ts)

    def permalink(self, channel: Channel, message: Message) -> str:
        """The address of a message in the workspace."""
        link = f"https://{self.domain}.slack.com/archives/{channel.id}/p{message.key}"
        if message.root is not None:
            link += f"?thread_ts={ts_of(message.root)}&cid={channel.id}"
        return link

    def _event_ts(self) -> Json:
        return {"event_ts": ts_of(self.stamps.next())}


_NAMED = re.compile(r"(?<![\w@#<|])([@#])([\w.-]+)")

_CHANGEABLE: dict[str, type] = {
    "real_name": str,
    "display_name": str,
    "tz": str,
    "title": str,
    "email": str,
    "status_text": str,
    "status_emoji": str,
    "is_admin": bool,
    "is_owner": bool,
    "deleted": bool,
}


def _insert(keys: list[int], key: int) -> None:
    if not keys or key > keys[-1]:
        keys.append(key)
    else:
        insort(keys, key)


def _remove(keys: list[int], key: int) -> None:
    index = bisect_left(keys, key)
    if index < len(keys) and keys[index] == key:
        del keys[index]


def _between(keys: list[int], first: int, last: int | None) -> tuple[int, int]:
    """The slice of `keys` from one key to another, both included."""
    low = bisect_left(keys, first)
    return low, max(low, bisect_right(keys, last) if last is not None else len(keys))


def _last_state(message: Message, deleted_at: str) -> Message:
    """A copy that later changes of `message` do not touch."""
    copy = Message(message.key, message.ts, message.channel, message.text, message.user)
    for field in Message.__slots__:
        setattr(copy, field, getattr(message, field))
    copy.reactions = {name: list(users) for name, users in message.reactions.items()}
    copy.replies = list(message.replies)
    copy.repliers = dict(message.repliers)
    copy.deleted_at = deleted_at
    return copy

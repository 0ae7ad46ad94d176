"""What a workspace is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Member:
    """Someone with a user ID: a person, our bot's user, another bot's, or Slackbot."""

    id: str
    name: str
    real_name: str
    display_name: str = ""
    tz: str = "Europe/Berlin"
    email: str = ""
    title: str = ""
    is_admin: bool = False
    is_owner: bool = False
    is_bot: bool = False
    deleted: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    status_text: str = ""
    status_emoji: str = ""
    avatar_hash: str = ""
    updated: int = 0
    team: str | None = None
    """The ID of the workspace they belong to, for a Slack Connect member; None: this one."""


@dataclass(frozen=True, slots=True)
class Posting:
    """Who may post in a channel, and where. At first everybody may, everywhere.

    Admins and `allowed` (user IDs) may always. The first three are what a conversation object
    says of whoever asks: <https://docs.slack.dev/reference/objects/conversation-object>.
    `restricted` stands for a preference of the workspace, of which no field tells.
    """

    is_read_only: bool = False
    is_thread_only: bool = False
    is_non_threadable: bool = False
    restricted: bool = False
    allowed: frozenset[str] = frozenset()

    def refusal(self, reply: bool) -> str | None:
        """Slack's code for a message (or a reply in a thread) that may not be posted."""
        if self.restricted:
            return "restricted_action"
        if self.is_read_only:
            return "restricted_action_read_only_channel"
        if self.is_thread_only and not reply:
            return "restricted_action_thread_only_channel"
        if self.is_non_threadable and reply:
            return "restricted_action_non_threadable_channel"
        return None


OPEN = Posting()
"""Everybody may post, everywhere."""


@dataclass(slots=True)
class Bot:
    """What posts for an app: ours, or another's."""

    id: str
    name: str
    app_id: str
    user_id: str
    updated: int = 0


@dataclass(slots=True)
class Pin:
    """That a message is pinned."""

    created: int
    created_by: str


@dataclass(slots=True)
class Message:
    """A message, whatever became of it. `key` is its `ts` in microseconds."""

    key: int
    ts: str
    channel: str
    text: str
    user: str | None
    subtype: str | None = None
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    files: list[Json] | None = None
    metadata: Json | None = None
    client_msg_id: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    icons: Json | None = None
    root: int | None = None
    """The key of the thread's first message, for a reply."""
    broadcast: bool = False
    edited: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    pin: Pin | None = None
    more: Json = field(default_factory=dict)
    """What only some subtypes have: `topic`, `inviter`, `old_name` …"""
    replies: list[int] = field(default_factory=list)
    repliers: dict[str, int] = field(default_factory=dict)
    tombstone: bool = False
    deleted_at: str | None = None

    @property
    def author(self) -> str:
        """Who is counted among `reply_users`: the user, or the bot of one without."""
        return self.user or self.bot_id or ""


@dataclass(slots=True)
class Channel:
    """A conversation. For a direct message `peer` is the person, and the other is the bot."""

    id: str
    name: str
    created: int
    creator: str
    is_private: bool = False
    peer: str | None = None
    is_archived: bool = False
    topic: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    purpose: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    previous_names: list[str] = field(default_factory=list)
    posting: Posting = OPEN
    connected: list[str] = field(default_factory=list)
    """IDs of the other workspaces that a Slack Connect channel is shared with."""
    members: dict[str, None] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    timeline: list[int] = field(default_factory=list)
    """Keys of what stands in the channel (no replies, but broadcasts), ascending."""
    pins: dict[int, None] = field(default_factory=dict)
    deleted: dict[int, Message] = field(default_factory=dict)
    """Messages that are gone, as they last were."""
    updated: int = 0

    @property
    def is_im(self) -> bool:
        """Whether it is a direct message."""
        return self.peer is not None

    @property
    def type(self) -> str:
        """Slack's `channel_type` of message events."""
        return "im" if self.is_im else "group" if self.is_private else "channel"


@dataclass(slots=True)
class Ephemeral:
    """A note that only `user` sees; it is in no history."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] | None
    attachments: list[Json] | None = None
    thread_ts: str | None = None
    deleted: bool = False


@dataclass(slots=True)
class Upload:
    """A file, on its way (`complete` is false) or there."""

    id: str
    name: str
    title: str
    size: int
    created: int
    user: str
    mimetype: str = "application/octet-stream"
    filetype: str = "binary"
    content: bytes | None = None
    url: str = ""
    permalink: str = ""
    permalink_public: str = ""
    alt: str = ""
    """What it shows, for people who cannot see it."""
    is_external: bool = False
    ticket: str = ""
    complete: bool = False
    deleted: bool = False
    shares: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether it is a text, of which Slack shows the beginning."""
        return self.filetype in ("text", "markdown") and self.content is not None

    @property
    def text(self) -> str:
        """The content of a text."""
        return (self.content or b"").decode(errors="replace")

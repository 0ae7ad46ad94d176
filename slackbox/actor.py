"""Acting as a person, by the rules that Slack's own client keeps people to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slackbox import richtext
from slackbox.errors import Refusal
from slackbox.lengths import MAX_TEXT
from slackbox.model import Channel, Json, Member, Message, Posting, Upload
from slackbox.workspace import Workspace


class Actor:
    """A person of the workspace who does things. Channels are given by ID or name.

    What a person writes is taken as mrkdwn: `*bold*`, `<@U…>`, bare addresses become links, and
    lone `&`, `<`, `>` are escaped.
    """

    def __init__(self, workspace: Workspace, person: str):
        """Raises Refusal `user_not_found`, or `user_disabled` for a deactivated account."""
        self.workspace = workspace
        self.member: Member = workspace.member(person)
        if self.member.deleted:
            raise Refusal("user_disabled")

    @property
    def id(self) -> str:
        """The user ID."""
        return self.member.id

    # --- messages ----------------------------------------------------------------------------

    def post(
        self,
        channel: str,
        text: str = "",
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        blocks: list[Json] | None = None,
        files: Sequence[Json] = (),
        at: float | None = None,
        ts: str | None = None,
        me: bool = False,
    ) -> Message:
        """Writes in a channel, or in a thread.

        `files` are `{"name": …, "content": …}`, or with `url` for one that is elsewhere.
        `at` (seconds since 1970) or `ts` puts it into the past. `me` is the command `/me`, which
        is for channels and takes text only. Raises Refusal `not_in_channel`, `no_text`,
        `msg_too_long`, `is_archived`, `thread_not_found`, and the codes of `restricted_action`.
        """
        if me and (thread_ts is not None or blocks or files):
            raise Refusal("invalid_arguments", ["/me takes a text, and no thread"])
        where = self._inside(channel)
        if not text.strip() and not blocks and not files:
            raise Refusal("no_text")
        stored = richtext.tidy(text)
        if len(stored) > MAX_TEXT:
            raise Refusal("msg_too_long")
        refusal = self.workspace.posting_for(where, self.id).refusal(reply=thread_ts is not None)
        if refusal is not None:
            raise Refusal(refusal)
        uploads = [self._upload(given) for given in files]
        return self.workspace.post(
            where,
            stored,
            user=self.id,
            blocks=blocks,
            files=uploads,
            thread_ts=thread_ts,
            broadcast=broadcast,
            subtype="me_message" if me else None,
            at=at,
            ts=ts,
        )

    def _upload(self, given: Json) -> Upload:
        upload = self.workspace.upload(
            self.id,
            str(given.get("name") or "file"),
            str(given.get("content") or "").encode(),
            title=str(given.get("title") or ""),
        )
        if given.get("url"):
            upload.url = upload.permalink = str(given["url"])
            upload.is_external = True
        return upload

    def edit(self, channel: str, ts: str, text: str, blocks: list[Json] | None = None) -> Message:
        """Edits one's own message. Raises Refusal `cant_update_message`."""
        where = self._inside(channel)
        message = self.workspace.message(where, ts)
        if message.user != self.id or message.tombstone:
            raise Refusal("cant_update_message")
        stored = richtext.tidy(text)
        if stored == message.text and blocks is None:
            return message
        return self.workspace.edit(where, message, editor=self.id, text=stored, blocks=blocks)

    def delete(self, channel: str, ts: str) -> None:
        """Deletes one's own message; an admin anybody's. Raises Refusal `cant_delete_message`."""
        where = self._inside(channel)
        message = self.workspace.message(where, ts)
        if message.user != self.id and not self.member.is_admin:
            raise Refusal("cant_delete_message")
        self.workspace.delete(where, message)

    def delete_file(self, file: str) -> None:
        """Deletes one's own file; an admin anybody's. Raises Refusal `cant_delete_file`."""
        upload = self.workspace.files.get(file)
        if upload is None:
            raise Refusal("file_not_found")
        if upload.user != self.id and not self.member.is_admin:
            raise Refusal("cant_delete_file")
        self.workspace.delete_file(upload)

    def start_huddle(self, channel: str) -> Message:
        """Starts a huddle in a channel; gives the message that says so."""
        return self.workspace.start_huddle(self._inside(channel), self.id)

    def end_huddle(self, channel: str, ts: str) -> None:
        """Ends a huddle, given by the message that said that it started."""
        where = self._inside(channel)
        self.workspace.end_huddle(where, self.workspace.message(where, ts))

    def broadcast(self, channel: str, ts: str) -> None:
        """Sends one's own reply to the channel too, after the fact."""
        where = self._inside(channel)
        message = self.workspace.message(where, ts)
        if message.user != self.id:
            raise Refusal("cant_update_message")
        self.workspace.broadcast_reply(where, message)

    def react(self, channel: str, ts: str, name: str) -> None:
        """Adds a reaction. Raises Refusal `already_reacted`, `invalid_name`."""
        where = self._inside(channel)
        self.workspace.react(where, self.workspace.message(where, ts), self.id, name)

    def unreact(self, channel: str, ts: str, name: str) -> None:
        """Takes one's own reaction away. Raises Refusal `no_reaction`."""
        where = self._inside(channel)
        self.workspace.unreact(where, self.workspace.message(where, ts), self.id, name)

    def pin(self, channel: str, ts: str) -> None:
        """Pins a message. Raises Refusal `already_pinned`."""
        where = self._inside(channel)
        self.workspace.pin(where, self.workspace.message(where, ts), self.id)

    def unpin(self, channel: str, ts: str) -> None:
        """Takes a pin away. Raises Refusal `no_pin`."""
        where = self._inside(channel)
        self.workspace.unpin(where, self.workspace.message(where, ts), self.id)

    # --- channels ----------------------------------------------------------------------------

    def join(self, channel: str) -> bool:
        """Joins a public channel; False if one is in it."""
        where = self.workspace.channel(channel)
        if where.is_private:
            raise Refusal("channel_not_found")
        return self.workspace.join(where, self.id) is not None

    def leave(self, channel: str) -> bool:
        """Leaves a channel; False if one is not in it."""
        return self.workspace.leave(self.workspace.channel(channel), self.id)

    def invite(self, channel: str, person: str) -> bool:
        """Brings somebody, or a bot, into a channel; False if they are in it."""
        where = self._inside(channel)
        whom = self.workspace.member(person)
        return self.workspace.join(where, whom.id, inviter=self.id) is not None

    def kick(self, channel: str, person: str) -> bool:
        """Removes somebody, or a bot, from a channel; False if they are not in it."""
        where = self._inside(channel)
        whom = self.workspace.member(person)
        if whom.id == self.id:
            raise Refusal("cant_kick_self")
        return self.workspace.leave(where, whom.id, kicked_by=self.id)

    def set_topic(self, channel: str, topic: str) -> None:
        """Sets the topic of a channel."""
        self.workspace.set_topic(self._inside(channel), self.id, topic)

    def restrict(
        self,
        channel: str,
        *,
        is_read_only: bool = False,
        is_thread_only: bool = False,
        is_non_threadable: bool = False,
        restricted: bool = False,
        allowed: Sequence[str] = (),
    ) -> None:
        """Says who may post in a channel: see Posting. Nothing given opens it to everybody."""
        members = frozenset(self.workspace.member(person).id for person in allowed)
        posting = Posting(is_read_only, is_thread_only, is_non_threadable, restricted, members)
        self.workspace.restrict(self._inside(channel), self.id, posting)

    def rename(self, channel: str, name: str) -> None:
        """Renames a channel."""
        self.workspace.rename_channel(self._inside(channel), self.id, name)

    def archive(self, channel: str) -> None:
        """Archives a channel."""
        self.workspace.archive(self._inside(channel), self.id)

    def unarchive(self, channel: str) -> None:
        """Brings an archived channel back."""
        self.workspace.unarchive(self.workspace.channel(channel), self.id)

    def delete_channel(self, channel: str) -> None:
        """Deletes a channel for good."""
        self.workspace.delete_channel(self.workspace.channel(channel), self.id)

    def direct_messages(self) -> Channel:
        """The direct messages with the bot."""
        return self.workspace.im(self.id)

    def _inside(self, channel: str) -> Channel:
        where = self.workspace.channel(channel)
        if self.id not in where.members:
            raise Refusal("not_in_channel")
        return where

    def change(self, **profile: Any) -> Member:
        """Changes one's own names, zone, title or status."""
        return self.workspace.change_person(self.id, **profile)

"""A tour through everything the sandbox answers and tells, for comparing it with the real Slack."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from slackbox.manifest import EVENT_SCOPES, SCOPES, Manifest, load
from slackbox.methods import METHODS
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, MANIFEST

Json = dict[str, Any]
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58"
"""The beginning of a PNG of 800 by 600."""
HOME: Json = {"type": "home", "blocks": [{"type": "divider"}]}
MODAL: Json = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
METADATA: Json = {"event_type": "question", "event_payload": {"id": 1}}


def everything() -> Manifest:
    """Our manifest with every scope and every event."""
    return dataclasses.replace(
        load(MANIFEST), scopes=tuple(sorted(SCOPES)), events=frozenset(EVENT_SCOPES)
    )


class Listener:
    """A Socket Mode connection that keeps the events it is told."""

    def __init__(self, box: Sandbox):
        self.events: list[Json] = []
        self._box = box
        box.dispatcher.connected(self)

    def send(self, text: str) -> None:
        """Takes a message of Slack's, and acknowledges it."""
        body = json.loads(text)
        if body.get("type") == "events_api":
            self.events.append(body["payload"])
        if "envelope_id" in body:
            self._box.dispatcher.acknowledge(body["envelope_id"], None)

    def abort(self) -> None:
        """Nothing is open."""

    async def close(self) -> None:
        """Nothing is open."""


class Tour:
    """A workspace with something of everything in it, and calls of every method.

    `answers` are all answers so far, by method.
    """

    def __init__(self, box: Sandbox, session: aiohttp.ClientSession):
        self.box = box
        self.listener = Listener(box)
        self.answers: list[tuple[str, Json]] = []
        self._session = session
        workspace = box.workspace
        self.channel = workspace.channel(CHANNEL).id
        self.general = workspace.channel("general").id
        self.person = workspace.member("mirela").id
        self.bot = workspace.bot.user_id
        self.new_channels = 0
        self.thread = ""
        """A question with replies."""

    async def call(
        self, method: str, *, as_app: bool = False, as_json: bool = False, **arguments: Any
    ) -> Json:
        """Calls a method with a form or with JSON that names no charset, as the bot or the app."""
        by_app = as_app or method == "apps.connections.open"
        headers = {
            "Authorization": f"Bearer {self.box.app_token if by_app else self.box.bot_token}"
        }
        body: Any = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in arguments.items()
        }
        if as_json:
            body, headers["Content-Type"] = json.dumps(arguments), "application/json"
        url = f"{self.box.api_url}{method}"
        async with self._session.post(url, data=body, headers=headers) as response:
            assert response.status == 200, (method, arguments)
            answer: Json = await response.json()
        self.answers.append((method, answer))
        return answer

    async def post(self, **arguments: Any) -> str:
        """A message of the bot's; gives its `ts`."""
        answer = await self.call(
            "chat.postMessage", **{"channel": self.channel, "text": "x", **arguments}
        )
        assert answer["ok"], answer
        return str(answer["ts"])

    async def upload(self, name: str = "x.txt", content: bytes = b"x") -> str:
        """A file whose content was sent; gives its ID."""
        answer = await self.call(
            "files.getUploadURLExternal", filename=name, length=len(content), alt_txt="A file"
        )
        async with self._session.post(answer["upload_url"], data=content) as response:
            assert response.status == 200
        return str(answer["file_id"])

    def name(self) -> str:
        """A new name for a channel."""
        self.new_channels += 1
        return f"new-{self.new_channels}"

    async def arguments(self, method: str) -> Mapping[str, Any]:
        """Arguments with which a call of a method succeeds, for as often as it is asked for."""
        box = self.box
        if method == "chat.postEphemeral":
            return {"channel": self.channel, "user": self.person, "text": "x"}
        if method in ("chat.update", "chat.delete"):
            text = {"text": "x"} if method == "chat.update" else {}
            return {"channel": self.channel, "ts": await self.post(), **text}
        if method == "chat.getPermalink":
            return {"channel": self.channel, "message_ts": await self.post()}
        if method in (
            "reactions.add",
            "reactions.get",
            "reactions.remove",
            "pins.add",
            "pins.remove",
        ):
            item = {"channel": self.channel, "timestamp": await self.post()}
            if method == "reactions.remove":
                await self.call("reactions.add", name="eyes", **item)
            if method == "pins.remove":
                await self.call("pins.add", **item)
            named = method in ("reactions.add", "reactions.remove")
            return {"name": "eyes", **item} if named else item
        if method == "conversations.leave":
            await self.call("conversations.join", channel=self.channel)
        if method == "files.completeUploadExternal":
            return {"files": [{"id": await self.upload()}], "channel_id": self.channel}
        if method in ("files.info", "files.delete"):
            file = await self.upload()
            await self.call("files.completeUploadExternal", files=[{"id": file}])
            return {"file": file}
        if method == "views.open":
            return {"trigger_id": box.surfaces.trigger(self.person), "view": MODAL}
        if method in ("views.push", "views.update"):
            opened = await self.call(
                "views.open", trigger_id=box.surfaces.trigger(self.person), view=MODAL
            )
            if method == "views.update":
                return {"view_id": opened["view"]["id"], "view": MODAL}
            view = box.surfaces.modals[self.person][-1]
            return {"trigger_id": box.surfaces.trigger(self.person, None, view), "view": MODAL}
        return {
            "chat.postMessage": {"channel": self.channel, "text": "x"},
            "conversations.create": {"name": self.name()},
            "conversations.info": {"channel": self.channel},
            "conversations.join": {"channel": self.general},
            "conversations.leave": {"channel": self.channel},
            "conversations.members": {"channel": self.channel},
            "conversations.replies": {"channel": self.channel, "ts": self.thread},
            "usergroups.users.list": {"usergroup": next(iter(box.workspace.usergroups))},
            "team.info": {},
            "conversations.history": {"channel": self.channel},
            "conversations.open": {"users": self.person},
            "conversations.setTopic": {"channel": self.channel, "topic": "x"},
            "files.getUploadURLExternal": {"filename": "x.txt", "length": 1},
            "pins.list": {"channel": self.channel},
            "users.info": {"user": self.person},
            "users.lookupByEmail": {"email": box.workspace.member("toby").email},
            "views.publish": {"user_id": self.person, "view": HOME},
            "bots.info": {"bot": box.workspace.bot.id},
        }.get(method, {})

    async def furnish(self) -> None:
        """Lets people do everything of which the app is told, and fills the channel."""
        box, workspace = self.box, self.box.workspace
        ines, mirela, toby = box.person("ines"), box.person("mirela"), box.person("toby")
        workspace.add_person("Noor Aldine", "noor")
        self.guest = workspace.add_person("Pia Lund", "pia", workspace="Elsewhere").id
        toby.change(status_text="reading", status_emoji=":thumbsup:", title="Reader")
        workspace.add_emoji("quill", "https://emoji.example/quill.png")
        workspace.add_usergroup("readers", "Readers", [self.person])

        for private in (False, True):
            name = self.name()
            made = workspace.add_channel(name, "ines", is_private=private, members=[self.bot])
            ines.archive(name)
            ines.unarchive(name)
            ines.rename(name, self.name())
            ines.invite(made.id, "toby")
            ines.set_topic(made.id, "Books")
            ines.kick(made.id, self.bot)
        toby.leave(CHANNEL)
        ines.invite(CHANNEL, "toby")

        question = mirela.post(CHANNEL, "Why two passes? https://book.example :quill:")
        self.thread = question.ts
        mirela.edit(CHANNEL, question.ts, "Why *two* passes?")
        toby.post(CHANNEL, "Me too", thread_ts=question.ts)
        toby.post(CHANNEL, "Seen?", thread_ts=question.ts, broadcast=True)
        toby.react(CHANNEL, question.ts, "eyes")
        toby.unreact(CHANNEL, question.ts, "eyes")
        toby.react(CHANNEL, question.ts, "eyes")
        shared = mirela.post(CHANNEL, "", files=[{"name": "page.txt", "content": "x"}])
        assert shared.files is not None
        mirela.delete_file(shared.files[0]["id"])

        said = await self.post(thread_ts=question.ts, reply_broadcast=True)
        named = await self.post(username="Ada", icon_emoji=":books:")
        for thread in ({}, {"thread_ts": named}):
            await self.post(username="Ada", icon_url="https://a.example/a.png", **thread)
        await self.post(username="Ada", icon_emoji=":books:", thread_ts=named, reply_broadcast=True)
        for thread in ({}, {"thread_ts": question.ts}):
            await self.post(attachments=[{"text": "x"}], metadata=METADATA, **thread)
            files = [{"id": await self.upload()}, {"id": await self.upload("x.png", PICTURE)}]
            await self.call(
                "files.completeUploadExternal", files=files, channel_id=self.channel, **thread
            )
        await self.post(text="x" * 40_001)
        for ts in (said, named):
            ines.pin(CHANNEL, ts)
            ines.unpin(CHANNEL, ts)
        ines.pin(CHANNEL, said)
        ines.restrict("general", is_read_only=True, allowed=["toby"])
        await self.post(channel=self.person)
        await self.call("conversations.open", users=self.person, return_im=True)
        mirela.post(workspace.im("mirela").id, "Thanks")

    async def visit(self) -> None:
        """Calls every method, some in several ways."""
        here: Json = {"channel": self.channel}
        for method in sorted(METHODS):
            arguments = await self.arguments(method)
            answer = await self.call(method, as_json=METHODS[method].json, **arguments)
            assert answer["ok"], (method, arguments, answer)
            if method == "conversations.leave":
                await self.call("conversations.join", **here)
        file = await self.upload()
        await self.call(
            "files.completeUploadExternal", files=[{"id": file}], channel_id=self.channel
        )
        await self.call("files.info", file=file)
        await self.call("files.list")
        await self.call("chat.postMessage", **here, text="x", blocks=[{"type": "x"}])
        await self.call("auth.test", as_app=True)
        await self.call("users.info", user=self.guest)
        await self.call("views.open", as_json=True)
        await self.call("users.lookupByEmail", as_json=True)
        edited = await self.post()
        await self.call("chat.update", **here, ts=edited, text="y", metadata=METADATA)
        await self.call("chat.update", **here, ts=edited, file_ids=file, text="z")
        everything = {"include_all_metadata": True, "limit": 100}
        await self.call(
            "conversations.history", **here, **everything, oldest="1", latest="9999999999"
        )
        await self.call("conversations.history", **here, limit=1)
        await self.call("conversations.replies", **here, **everything, ts=self.thread)
        await self.call("conversations.replies", **here, ts=self.thread, limit=2)
        kinds = "public_channel,private_channel,im"
        await self.call("conversations.list", types=kinds)
        await self.call("users.conversations", types=kinds)
        full = {"include_num_members": True, "include_locale": True}
        for channel in (self.channel, self.general):
            await self.call("conversations.info", channel=channel, **full)
        await self.call("conversations.open", users=self.person, return_im=True)
        for user in (self.bot, self.box.workspace.member("toby").id):
            await self.call("users.info", user=user, include_locale=True)
        await self.call("users.list", include_locale=True)
        await self.call("reactions.get", **here, timestamp=self.thread, full=True)
        flags = ("include_count", "include_disabled", "include_users")
        await self.call("usergroups.list", **dict.fromkeys(flags, True))

"""The typed client of test control, for a sandbox in another process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp

from slackbox.errors import Refusal
from slackbox.faults import CallFaultKind, DeliveryFaultKind
from slackbox.limits import Regime
from slackbox.model import Json
from slackbox.person import Outcome

LONGEST_ACT = 60.0
"""Seconds until an act counts as stuck; one that waits for the bot takes a few."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that stands: where, and its `ts`."""

    channel: str
    ts: str


class Control:
    """An asynchronous client of a sandbox's `control_url`; an asynchronous context manager.

    What the sandbox refuses is raised as the same Refusal that it raises in its own process.
    """

    def __init__(self, url: str):
        self._url = url if url.endswith("/") else f"{url}/"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Control:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    # --- the ground --------------------------------------------------------------------------

    async def act(self, name: str, /, **arguments: Any) -> Json:
        """Does one thing: `slackbox.acts` says what each act takes and gives."""
        given = {key: value for key, value in arguments.items() if value is not None}
        answer: Json = await self._request("POST", f"act/{name}", given)
        return answer

    async def acts(self, *acts: Json) -> list[Json]:
        """Does several things in order, in one request: `{"act": name, …}`.

        A refused one stops no other; its result is `{"error": code, "message": …}`.
        """
        answer: list[Json] = await self._request("POST", "acts", list(acts))
        return answer

    async def info(self) -> Json:
        """Addresses and tokens for the bot, its IDs, how many sockets are open."""
        answer: Json = await self._request("GET", "")
        return answer

    async def workspace(self) -> Json:
        """The whole truth: people, channels with all messages and deleted ones, notes, views."""
        answer: Json = await self._request("GET", "workspace")
        return answer

    async def channel(self, channel: str) -> Json:
        """One channel of the truth."""
        answer: Json = await self._request("GET", f"channels/{channel.removeprefix('#')}")
        return answer

    async def seen_by(self, person: str, limit: int | None = None) -> Json:
        """The workspace as a person sees it."""
        query = f"?limit={limit}" if limit is not None else ""
        answer: Json = await self._request("GET", f"people/{person.removeprefix('@')}{query}")
        return answer

    async def wire(self, after: int = 0) -> list[Json]:
        """What went over the wire, later than entry `after`; tokens are redacted."""
        answer: list[Json] = await self._request("GET", f"wire?after={after}")
        return answer

    async def changes(self) -> AsyncIterator[Json]:
        """Every change as it happens, until the caller has enough."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=None)
        async with self._http().get(f"{self._url}events", timeout=timeout) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    async def _request(self, verb: str, path: str, body: Any = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=LONGEST_ACT)
        async with self._http().request(
            verb, self._url + path, json=body, timeout=timeout
        ) as response:
            answer = await response.json()
        if response.status >= 400:
            raise Refusal(str(answer["error"]), [str(answer["message"])])
        return answer

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The server closes what was idle for five seconds, and a request may meet that.
            connector = aiohttp.TCPConnector(keepalive_timeout=1.0)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session

    # --- people and channels -----------------------------------------------------------------

    def person(self, who: str) -> RemotePerson:
        """Somebody to act as, by ID or name."""
        return RemotePerson(self, who)

    async def add_person(
        self,
        real_name: str,
        display_name: str = "",
        *,
        name: str | None = None,
        tz: str = "Europe/Berlin",
        title: str = "",
        is_admin: bool = False,
        channels: Sequence[str] = (),
    ) -> str:
        """A new person, who joins `channels`; gives the ID."""
        answer = await self.act(
            "add_person",
            real_name=real_name,
            display_name=display_name,
            name=name,
            tz=tz,
            title=title,
            is_admin=is_admin,
            channels=list(channels),
        )
        return str(answer["user"])

    async def add_channel(
        self, name: str, creator: str, *, is_private: bool = False, members: Sequence[str] = ()
    ) -> str:
        """A new channel; gives the ID."""
        answer = await self.act(
            "add_channel", name=name, person=creator, is_private=is_private, members=list(members)
        )
        return str(answer["channel"])

    async def bot_post(
        self, bot: str, channel: str, text: str, *, thread_ts: str | None = None
    ) -> Posted:
        """Another app's bot says something."""
        answer = await self.act(
            "bot_post", bot=bot, channel=channel, text=text, thread_ts=thread_ts
        )
        return Posted(answer["channel"], answer["ts"])

    # --- the wire ----------------------------------------------------------------------------

    async def cut_sockets(self, *, gently: bool = False) -> int:
        """Breaks all Socket Mode connections; how many there were."""
        return int((await self.act("cut_sockets", gently=gently))["sockets"])

    async def refresh_sockets(self) -> None:
        """Tells the app to connect anew."""
        await self.act("refresh_sockets")

    async def refuse_connections(
        self, *, everything: bool = False, seconds: float | None = None
    ) -> None:
        """Refuses new sockets, or all connections, for a while or until accepted again."""
        what = "everything" if everything else "sockets"
        await self.act("refuse_connections", what=what, seconds=seconds)

    async def accept_connections(self) -> None:
        """Ends `refuse_connections`."""
        await self.act("accept_connections")

    async def fail_calls(
        self,
        method: str,
        kind: CallFaultKind,
        count: int = 1,
        *,
        status: int = 500,
        retry_after: int = 1,
        error: str = "internal_error",
        seconds: float = 0.0,
    ) -> None:
        """The next `count` calls of a method fail: `slackbox.faults.CallFault`."""
        await self.act(
            "fail_calls",
            method=method,
            kind=kind,
            count=count,
            status=status,
            retry_after=retry_after,
            error=error,
            seconds=seconds,
        )

    async def disturb_deliveries(
        self,
        kind: DeliveryFaultKind,
        count: int = 1,
        *,
        event_type: str | None = None,
        times: int = 2,
        seconds: float = 1.0,
    ) -> None:
        """Drops, repeats, delays, shuffles: `slackbox.faults.DeliveryFault`."""
        await self.act(
            "disturb_deliveries",
            kind=kind,
            count=count,
            event_type=event_type,
            times=times,
            seconds=seconds,
        )

    async def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        await self.act("clear_faults")

    async def set_rate_limits(self, regime: Regime) -> None:
        """`none`, `internal` or `restricted`."""
        await self.act("set_rate_limits", regime=regime)

    async def use_http(self, url: str | None) -> None:
        """Events come by HTTP requests to `url`; None: through Socket Mode."""
        await self.act("use_http", url=url)

    async def settle(self, seconds: float = LONGEST_ACT) -> None:
        """Waits until the app has acknowledged, or Slack given up, all that it was told.

        Raises TimeoutError after `seconds`.
        """
        async with asyncio.timeout(seconds):
            await self.act("settle")

    async def reset(self) -> None:
        """The workspace as it was at the start."""
        await self.act("reset")


class RemotePerson:
    """A person of a sandbox in another process: what `slackbox.person.Person` is nearby."""

    def __init__(self, control: Control, who: str):
        self._control = control
        self._who = who

    async def _act(self, name: str, /, **arguments: Any) -> Json:
        return await self._control.act(name, person=self._who, **arguments)

    async def post(
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
    ) -> Posted:
        """Writes in a channel or a thread; `at` or `ts` puts it into the past."""
        answer = await self._act(
            "post",
            channel=channel,
            text=text,
            thread_ts=thread_ts,
            broadcast=broadcast,
            blocks=blocks,
            files=list(files),
            at=at,
            ts=ts,
        )
        return Posted(answer["channel"], answer["ts"])

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """Edits one's own message."""
        await self._act("edit", channel=channel, ts=ts, text=text)

    async def delete(self, channel: str, ts: str) -> None:
        """Deletes one's own message; an admin anybody's."""
        await self._act("delete", channel=channel, ts=ts)

    async def broadcast(self, channel: str, ts: str) -> None:
        """Sends one's own reply to the channel too, after the fact."""
        await self._act("broadcast", channel=channel, ts=ts)

    async def react(self, channel: str, ts: str, name: str) -> None:
        """Adds a reaction."""
        await self._act("react", channel=channel, ts=ts, name=name)

    async def unreact(self, channel: str, ts: str, name: str) -> None:
        """Takes a reaction away."""
        await self._act("unreact", channel=channel, ts=ts, name=name)

    async def pin(self, channel: str, ts: str) -> None:
        """Pins a message."""
        await self._act("pin", channel=channel, ts=ts)

    async def unpin(self, channel: str, ts: str) -> None:
        """Takes a pin away."""
        await self._act("unpin", channel=channel, ts=ts)

    async def set_topic(self, channel: str, topic: str) -> None:
        """Sets the topic of a channel."""
        await self._act("set_topic", channel=channel, topic=topic)

    async def rename_channel(self, channel: str, name: str) -> None:
        """Renames a channel."""
        await self._act("rename_channel", channel=channel, name=name)

    async def join(self, channel: str) -> None:
        """Joins a public channel."""
        await self._act("join", channel=channel)

    async def leave(self, channel: str) -> None:
        """Leaves a channel."""
        await self._act("leave", channel=channel)

    async def invite(self, channel: str, whom: str) -> None:
        """Brings somebody, or a bot, into a channel."""
        await self._act("invite", channel=channel, whom=whom)

    async def kick(self, channel: str, whom: str) -> None:
        """Removes somebody, or a bot, from a channel."""
        await self._act("kick", channel=channel, whom=whom)

    async def archive(self, channel: str) -> None:
        """Archives a channel."""
        await self._act("archive", channel=channel)

    async def unarchive(self, channel: str) -> None:
        """Brings an archived channel back."""
        await self._act("unarchive", channel=channel)

    async def change(self, **profile: Any) -> None:
        """Changes one's own names, zone, title or status."""
        await self._act("change_person", **profile)

    async def direct_messages(self) -> str:
        """The channel ID of the direct messages with the bot."""
        return str((await self._act("direct_messages"))["channel"])

    async def command(self, command: str, text: str = "", channel: str = "general") -> Outcome:
        """Types a slash command."""
        answer = await self._act("command", command=command, text=text, channel=channel)
        return Outcome(**answer)

    async def shortcut(self, callback_id: str) -> Outcome:
        """Uses a global shortcut."""
        return Outcome(**await self._act("shortcut", callback_id=callback_id))

    async def message_shortcut(self, callback_id: str, channel: str, ts: str) -> Outcome:
        """Uses a shortcut on a message."""
        return Outcome(
            **await self._act("shortcut", callback_id=callback_id, channel=channel, ts=ts)
        )

    async def open_home(self, tab: str = "home") -> Json | None:
        """Opens the App Home; gives the view that is shown, if any."""
        view: Json | None = (await self._act("open_home", tab=tab))["view"]
        return view

    async def act(
        self,
        action_id: str,
        value: Any = None,
        *,
        channel: str | None = None,
        ts: str | None = None,
        block_id: str | None = None,
        view: str | None = None,
    ) -> Outcome:
        """Clicks a button, or chooses `value`, in a message, a note or a view."""
        answer = await self._act(
            "act",
            action_id=action_id,
            value=value,
            channel=channel,
            ts=ts,
            block_id=block_id,
            view=view,
        )
        return Outcome(**answer)

    async def suggest(
        self,
        action_id: str,
        typed: str = "",
        *,
        channel: str | None = None,
        ts: str | None = None,
        view: str | None = None,
    ) -> list[Json]:
        """Types into an external select; gives the options that the app suggests."""
        answer = await self._act(
            "suggest", action_id=action_id, typed=typed, channel=channel, ts=ts, view=view
        )
        options: list[Json] = answer["options"]
        return options

    async def fill(self, action_id: str, value: Any, block_id: str | None = None) -> None:
        """Puts something into an input of the open modal."""
        await self._act("fill", action_id=action_id, value=value, block_id=block_id)

    async def submit(self, values: dict[str, Any] | None = None) -> Outcome:
        """Submits the open modal, after filling in `values` by action ID."""
        return Outcome(**await self._act("submit", values=values or {}))

    async def close(self, *, everything: bool = False) -> list[Outcome]:
        """Closes the view on top, or the whole modal."""
        answer = await self._act("close", everything=everything)
        return [Outcome(**outcome) for outcome in answer["outcomes"]]

    async def sees(self, limit: int | None = None) -> Json:
        """The workspace as this person sees it."""
        return await self._control.seen_by(self._who, limit)

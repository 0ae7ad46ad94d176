"""One call of a Web API method: its arguments, read as strictly as Slack reads them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from slackbox.errors import COMMON, Refusal
from slackbox.ids import key_of
from slackbox.limits import Limits
from slackbox.model import Channel, Json, Message
from slackbox.surfaces import Surfaces
from slackbox.workspace import Workspace

Item = TypeVar("Item")

HISTORY_SCOPES = {
    "channel": "channels:history",
    "group": "groups:history",
    "im": "im:history",
}
READ_SCOPES = {"channel": "channels:read", "group": "groups:read", "im": "im:read"}


@dataclass(slots=True)
class Call:
    """What a method is given."""

    method: str
    args: Mapping[str, Any]
    workspace: Workspace
    surfaces: Surfaces
    limits: Limits
    base_url: str
    caller: str = "bot"
    """Whose token it came with: `bot`, `app`, or '' for none."""
    warnings: dict[str, str] = field(default_factory=dict)
    """Slack's codes of what it only warns of, with the sentence beside each ('' for none)."""

    def warn(self, code: str, message: str = "") -> None:
        """Adds a warning to the answer: <https://docs.slack.dev/apis/web-api/#warnings>."""
        self.warnings[code] = message

    # --- arguments ---------------------------------------------------------------------------

    def text(self, name: str, default: str = "") -> str:
        """A text argument; a number is taken as its digits, as in a form."""
        value = self.args.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Refusal("invalid_arguments", [f"[ERROR] must be a string [json-pointer:/{name}]"])
        return str(value)

    def required(self, name: str) -> str:
        """A text argument that must be there, and not empty."""
        value = self.text(name)
        if not value:
            raise Refusal("invalid_arguments", [f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean: `true`, `1`, and what JSON has."""
        value = self.args.get(name)
        if value is None or value == "":
            return default
        if value in (True, "true", "True", "1", 1):
            return True
        if value in (False, "false", "False", "0", 0):
            return False
        raise Refusal("invalid_arguments", [f"[ERROR] must be a boolean [json-pointer:/{name}]"])

    def integer(self, name: str) -> int | None:
        """A whole number; None where it is not given."""
        value = self.args.get(name)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
                raise ValueError
            return int(value)
        except (TypeError, ValueError):
            raise Refusal(
                "invalid_arguments", [f"[ERROR] must be an integer [json-pointer:/{name}]"]
            ) from None

    def structure(self, name: str, error: str) -> Any:
        """An argument that is JSON: itself in a JSON body, a string of it in a form.

        Raises Refusal `error` if the string is no JSON. None where it is not given.
        """
        value = self.args.get(name)
        if isinstance(value, str):
            if not value.strip():
                return None
            try:
                return json.loads(value)
            except ValueError:
                raise Refusal(error) from None
        return value

    def names(self, name: str) -> list[str]:
        """A list: of strings in JSON, or separated by commas."""
        value = self.args.get(name)
        if isinstance(value, str) and value.startswith("["):
            value = self.structure(name, "invalid_arguments")
        if value is None or value == "":
            return []
        if isinstance(value, list):
            return [str(item) for item in value]
        return [part.strip() for part in str(value).split(",") if part.strip()]

    # --- who and where -----------------------------------------------------------------------

    @property
    def me(self) -> str:
        """The user ID of the bot."""
        return self.workspace.bot.user_id

    def needs(self, *scopes: str) -> None:
        """Raises Refusal `missing_scope` unless one of the scopes is granted."""
        granted = self.workspace.manifest.scopes
        if not any(scope in granted for scope in scopes):
            raise Refusal("missing_scope", needed=",".join(scopes), provided=",".join(granted))

    def sees(self, channel: Channel) -> bool:
        """Whether the bot may know of a channel."""
        return not channel.is_private or self.me in channel.members

    def channel(self, name: str = "channel") -> Channel:
        """The channel an argument gives by its ID. Raises Refusal `channel_not_found`.

        A private channel that the bot is not in does not exist for it.
        """
        channel = self.workspace.channels.get(self.required(name))
        if channel is None or not self.sees(channel):
            raise Refusal("channel_not_found")
        return channel

    def readable(self, scopes: Mapping[str, str]) -> Channel:
        """The channel, with the scope its kind needs."""
        channel = self.channel()
        self.needs(scopes[channel.type])
        return channel

    def message(self, channel: Channel, name: str = "ts") -> Message:
        """The message an argument gives by its `ts`. Raises Refusal `message_not_found`."""
        return self.workspace.message(channel, self.required(name))

    def item(self, outside: str = "", archived: str = "") -> tuple[Channel, Message]:
        """What `channel` and `timestamp` give: a message that the bot reacts to or pins.

        `outside` is the code for a channel that the bot is not in, `archived` for one that is
        archived; without a code it is no matter. Raises Refusal with either of them,
        `no_item_specified`, `bad_timestamp`, `channel_not_found`, `message_not_found`.
        """
        if not self.text("channel") or not self.text("timestamp"):
            raise Refusal("no_item_specified")
        channel = self.channel()
        if key_of(self.text("timestamp")) is None:
            raise Refusal("bad_timestamp")
        if outside and self.me not in channel.members:
            raise Refusal(outside)
        if archived and channel.is_archived:
            raise Refusal(archived)
        message = self.message(channel, "timestamp")
        if message.tombstone:
            raise Refusal("message_not_found")
        return channel, message

    # --- pages -------------------------------------------------------------------------------

    def limit(self, default: int, most: int, error: str | None = None) -> int:
        """The argument `limit`, at most `most`; a greater one counts as `most` without `error`.

        Raises Refusal `error` for one that is too great, `invalid_arguments` for a negative one.
        """
        given = self.integer("limit")
        if given is None or given == 0:
            return self.limits.page(self.method, None, default)
        if given < 0 or (given > most and error is not None):
            raise Refusal(
                error or "invalid_arguments",
                [f"[ERROR] must be from 1 to {most} [json-pointer:/limit]"],
            )
        return self.limits.page(self.method, min(given, most), default)

    def cursor(self, kind: str) -> int | None:
        """Where a page begins, from the argument `cursor`. Raises Refusal `invalid_cursor`."""
        given = self.text("cursor")
        if not given:
            return None
        try:
            decoded = base64.b64decode(given, validate=True).decode()
        except (binascii.Error, ValueError):
            raise Refusal("invalid_cursor") from None
        prefix, _, number = decoded.partition(":")
        if prefix != kind or not number.isdigit():
            raise Refusal("invalid_cursor")
        return int(number)

    def page(
        self,
        items: Sequence[Item],
        kind: str,
        default: int,
        most: int = 999,
        error: str = "invalid_limit",
    ) -> tuple[Sequence[Item], Json]:
        """A page of a whole list, and the `response_metadata` that leads to the next one.

        "Must be an integer under 1000", says <https://docs.slack.dev/reference/methods/conversations.list>
        of `limit`. Raises Refusal `error` for one that is not, and `invalid_cursor`.
        """
        limit = self.limit(default, most, error)
        start = self.cursor(kind) or 0
        end = start + limit
        cursor = next_cursor(kind, end) if end < len(items) else ""
        return items[start:end], {"response_metadata": {"next_cursor": cursor}}

    def moment(self, name: str, error: str) -> int | None:
        """An argument that is a timestamp, as a key. Raises Refusal `error`."""
        given = self.text(name)
        if not given or given == "now":
            return None
        key = key_of(given)
        if key is None:
            raise Refusal(error)
        return key


def warned(answer: Json, warnings: Mapping[str, str]) -> Json:
    """The answer with warnings in it: codes, each with its sentence or ''."""
    if not warnings:
        return answer
    metadata: Json = {**answer.get("response_metadata", {}), "warnings": list(warnings)}
    messages = [message for message in warnings.values() if message]
    if messages:
        metadata["messages"] = [*metadata.get("messages", ()), *messages]
    return {**answer, "warning": ",".join(warnings), "response_metadata": metadata}


def next_cursor(kind: str, position: int) -> str:
    """A cursor, as opaque as Slack's."""
    return base64.b64encode(f"{kind}:{position}".encode()).decode()


EVERYWHERE = frozenset({"token", "team_id", "pretty"})
"""Arguments of every method; Bolt sends `team_id` with each call."""

Caller = Literal["bot", "app", "both", "any"]
"""Whose token a method takes: the bot's, the app's own, either, or none."""

Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method: what it asks for, and what does it."""

    name: str
    run: Handler
    scopes: tuple[str, ...]
    tier: int | None
    args: frozenset[str]
    errors: frozenset[str]
    caller: Caller = "bot"
    json: bool = True

    def answers(self, error: str) -> bool:
        """Whether the method can answer this code; `api.test` repeats any that it is given."""
        return error in self.errors or error in COMMON or self.name == "api.test"


def methods(*all_of: Method) -> dict[str, Method]:
    """Methods by name."""
    return {method.name: method for method in all_of}


def method(
    name: str,
    run: Handler,
    *,
    tier: int | None,
    scopes: Sequence[str] = (),
    args: str = "",
    errors: str = "",
    caller: Caller = "bot",
    json: bool = True,
) -> Method:
    """Describes a method.

    Any one of `scopes` will do. `args` are the names of its arguments and `errors` the codes that
    it answers besides those of every method, both separated by blanks. `json` is whether it takes
    a JSON body ("Content types" on its page of Slack's reference).
    """
    return Method(
        name,
        run,
        tuple(scopes),
        tier,
        frozenset(args.split()) | EVERYWHERE,
        frozenset(errors.split()),
        caller,
        json,
    )

"""What people see besides channels: modals and App Homes; and the tickets that lead there.

Triggers (<https://docs.slack.dev/interactivity/handling-user-interaction>: three seconds, one
use), response URLs (half an hour, five uses) and addresses of sockets (one use).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from slackbox import blocks as block_kit
from slackbox import richtext
from slackbox.errors import Refusal
from slackbox.lengths import MAX_TEXT, split
from slackbox.model import Channel, Ephemeral, Json
from slackbox.workspace import Workspace

TRIGGER_LIFE = 3.0
"""Seconds for which a `trigger_id` is good."""
RESPONSE_LIFE = 1800.0
"""Seconds for which a `response_url` is good."""
RESPONSE_USES = 5
MODAL_STACK = 3
"""Views in a modal, one on the other: <https://docs.slack.dev/surfaces/modals>."""


@dataclass(slots=True, eq=False)
class View:
    """A view that somebody sees."""

    id: str
    user: str
    content: Json
    hash: str
    root: str
    previous: str | None = None
    state: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    """What the form says under its inputs, after a submission with `response_action: errors`."""
    channel: str | None = None
    """Where it was opened from, for `default_to_current_conversation`."""


@dataclass(slots=True)
class Trigger:
    """What allows to open one view, for a while."""

    user: str
    until: float
    channel: str | None
    view: View | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """An address for answers to something a person did."""

    channel: str
    user: str
    until: float
    source: str | None = None
    """The `ts` of the message, or of the note, that was acted on."""
    thread_ts: str | None = None
    uses: int = RESPONSE_USES


class Surfaces:
    """Modals, homes, triggers, response URLs."""

    def __init__(
        self,
        workspace: Workspace,
        monotonic: Callable[[], float],
        trigger_life: float = TRIGGER_LIFE,
    ):
        self.workspace = workspace
        self.base_url = ""
        """`http://127.0.0.1:PORT`, once the port is known."""
        self._monotonic = monotonic
        self._trigger_life = trigger_life
        self._tickets: set[str] = set()
        self.clear()

    def clear(self) -> None:
        """Closes every view and forgets every trigger and response URL."""
        self.modals: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.suggested: dict[tuple[str, str, str], list[Json]] = {}
        """What the app last suggested to a person, by block and action ID."""
        self._message_states: dict[tuple[str, str, str], dict[str, dict[str, Json]]] = {}
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}

    # --- sockets -----------------------------------------------------------------------------

    def socket_url(self) -> str:
        """A WebSocket address for one connection."""
        ticket = self.workspace.ids.secret(32)
        self._tickets.add(ticket)
        base = self.base_url.replace("http://", "ws://")
        return f"{base}/link/?ticket={ticket}&app_id={self.workspace.app_id}"

    def redeem(self, ticket: str) -> bool:
        """Whether a ticket is good; it is used up then."""
        if ticket not in self._tickets:
            return False
        self._tickets.discard(ticket)
        return True

    # --- triggers ----------------------------------------------------------------------------

    def trigger(self, user: str, channel: str | None = None, view: View | None = None) -> str:
        """A new `trigger_id` for something a person did, in a channel or in a modal."""
        now = self._monotonic()
        self._forget(now)
        ids = self.workspace.ids
        made = f"{ids.number(13)}.{ids.number(12)}.{ids.secret(32)}"
        self._triggers[made] = Trigger(user, now + self._trigger_life, channel, view)
        return made

    def _take(self, trigger_id: str) -> Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if self._monotonic() > trigger.until:
            raise Refusal("expired_trigger_id")
        return trigger

    def _forget(self, now: float) -> None:
        """Drops what expired long ago, so that a long run keeps no more than it needs."""
        for trigger_id, trigger in list(self._triggers.items()):
            if trigger.until + 600 > now:
                break
            del self._triggers[trigger_id]
        for token, response in list(self._responses.items()):
            if response.until + 600 > now:
                break
            del self._responses[token]

    # --- views -------------------------------------------------------------------------------

    def open(self, trigger_id: str, given: Any) -> View:
        """Opens a modal; one that is open already gives way."""
        trigger = self._take(trigger_id)
        view = self._new(trigger.user, self._checked(given, "modal"), trigger.channel)
        trigger.used = True
        self.modals[trigger.user] = [view]
        self._changed(view)
        return view

    def push(self, trigger_id: str, given: Any) -> View:
        """Puts a view on the modal that the trigger came from."""
        trigger = self._take(trigger_id)
        stack = self.modals.get(trigger.user, [])
        if trigger.view is None or trigger.view not in stack:
            raise Refusal("invalid_trigger_id")
        content = self._checked(given, "modal")
        trigger.used = True
        return self._push(trigger.user, content)

    def _push(self, user: str, content: Json) -> View:
        stack = self.modals[user]
        if len(stack) >= MODAL_STACK:
            raise Refusal("push_limit_reached")
        view = self._new(user, content, stack[-1].channel)
        view.root, view.previous = stack[0].id, stack[-1].id
        stack.append(view)
        self._changed(view)
        return view

    def update(self, view_id: str, external_id: str, hash_: str, given: Any) -> View:
        """Replaces what a view shows; what was typed stays where block and action IDs stay."""
        view = self._find(view_id, external_id)
        if hash_ and hash_ != view.hash:
            raise Refusal("hash_conflict")
        content = self._checked(given, str(view.content["type"]), view)
        self._replace(view, content)
        return view

    def _replace(self, view: View, content: Json) -> None:
        view.content = content
        view.hash = self._hash()
        view.errors = {}
        view.state = initial_state(content["blocks"], view.channel, view.state)
        self._changed(view)

    def publish(self, user: str, hash_: str, given: Any) -> View:
        """Sets a person's App Home."""
        if not self.workspace.manifest.home_tab:
            raise Refusal("not_enabled")
        member = self.workspace.members.get(user)
        if member is None or member.deleted:
            raise Refusal("invalid_arguments", ["[ERROR] Invalid user_id [json-pointer:/user_id]"])
        known = self.homes.get(user)
        if hash_ and known is not None and hash_ != known.hash:
            raise Refusal("hash_conflict")
        content = self._checked(given, "home", known)
        if known is not None:
            self._replace(known, content)
            return known
        view = self.homes[user] = self._new(user, content, None)
        self._changed(view)
        return view

    def answered(self, view: View, response: Any) -> None:
        """What an acknowledgement of a submission does: `response_action`, or the view closes.

        <https://docs.slack.dev/surfaces/modals#response_actions>. Raises Refusal for what Slack
        answers with "We had some trouble connecting".
        """
        stack = self.modals.get(view.user, [])
        view.errors = {}
        action = response.get("response_action") if isinstance(response, dict) else None
        if action is None:
            self.close(view)
        elif action == "clear":
            self.modals.pop(view.user, None)
            self._changed(view)
        elif action == "errors":
            errors = response.get("errors")
            inputs = {b["block_id"] for b in view.content["blocks"] if b["type"] == "input"}
            if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
                raise Refusal("invalid_response_action", ["errors must name blocks of inputs"])
            view.errors = {str(block): str(text) for block, text in errors.items()}
            self._changed(view)
        elif action in ("update", "push"):
            content = self._checked(response.get("view"), "modal", view)
            if view not in stack:
                raise Refusal("not_found")
            if action == "push":
                self._push(view.user, content)
            else:
                self._replace(view, content)
        else:
            raise Refusal("invalid_response_action", [f"no response_action {action!r}"])

    def close(self, view: View) -> None:
        """Takes a view off its modal."""
        stack = self.modals.get(view.user, [])
        if view in stack:
            del stack[stack.index(view) :]
        if not stack:
            self.modals.pop(view.user, None)
        self._changed(view)

    def top(self, user: str) -> View | None:
        """The view of the modal that a person sees."""
        stack = self.modals.get(user)
        return stack[-1] if stack else None

    def message_state(
        self, user: str, channel: str, ts: str, blocks: list[Json]
    ) -> dict[str, dict[str, Json]]:
        """What a person chose in a message's elements."""
        known = self._message_states.get((user, channel, ts), {})
        state = initial_state(blocks, channel, known)
        self._message_states[user, channel, ts] = state
        return state

    def view_object(self, view: View) -> Json:
        """A view as payloads and answers have it."""
        ws = self.workspace
        content = view.content
        out: Json = {
            "id": view.id,
            "team_id": ws.team,
            "type": content["type"],
            "blocks": content["blocks"],
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "state": {"values": deepcopy(view.state)},
            "hash": view.hash,
            "title": content.get("title", {"type": "plain_text", "text": "", "emoji": True}),
            "clear_on_close": content.get("clear_on_close", False),
            "notify_on_close": content.get("notify_on_close", False),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "submit_disabled": content.get("submit_disabled", False),
            "previous_view_id": view.previous,
            "root_view_id": view.root,
            "app_id": ws.app_id,
            "external_id": content.get("external_id", ""),
            "app_installed_team_id": ws.team,
            "bot_id": ws.bot.id,
        }
        return out

    def _views(self) -> Iterator[View]:
        for stack in self.modals.values():
            yield from stack
        yield from self.homes.values()

    def _find(self, view_id: str, external_id: str) -> View:
        if not view_id and not external_id:
            raise Refusal(
                "invalid_arguments", ["[ERROR] missing required field: view_id or external_id"]
            )
        for view in self._views():
            if view.id == view_id or (
                external_id and not view_id and view.content.get("external_id") == external_id
            ):
                return view
        raise Refusal("not_found")

    def _checked(self, given: Any, kind: str, known: View | None = None) -> Json:
        content = block_kit.view(given, kind, self.workspace.block_id, self.workspace.loads)
        external = content.get("external_id")
        if external and any(
            v is not known and v.content.get("external_id") == external for v in self._views()
        ):
            raise Refusal("duplicate_external_id")
        return content

    def _new(self, user: str, content: Json, channel: str | None) -> View:
        view_id = self.workspace.ids.make("V")
        state = initial_state(content["blocks"], channel, {})
        return View(view_id, user, content, self._hash(), view_id, state=state, channel=channel)

    def _hash(self) -> str:
        return f"{int(self.workspace.now)}.{self.workspace.ids.secret(8)}"

    def _changed(self, view: View) -> None:
        self.workspace.changed("view", user=view.user, view=view.id)

    # --- response URLs -----------------------------------------------------------------------

    def response_url(
        self, channel: str, user: str, source: str | None = None, thread_ts: str | None = None
    ) -> str:
        """An address to answer something that a person did in a channel."""
        token = f"{self.workspace.team}/{self.workspace.ids.number(13)}/" + (
            self.workspace.ids.secret(24)
        )
        until = self._monotonic() + RESPONSE_LIFE
        self._responses[token] = ResponseUrl(channel, user, until, source, thread_ts)
        return f"{self.base_url}/response/{token}"

    def respond(self, token: str, body: Any) -> None:
        """An answer to such an address, or to a slash command at once.

        Raises Refusal: `expired_url`, `used_url`, `no_text`, `invalid_blocks` …
        """
        response = self._responses.get(token)
        if response is None or self._monotonic() > response.until:
            raise Refusal("expired_url")
        if response.uses <= 0:
            raise Refusal("used_url")
        if not isinstance(body, dict):
            raise Refusal("invalid_payload")
        self._answer(response, body)
        response.uses -= 1

    def answer_command(self, channel: str, user: str, body: Json) -> None:
        """What the acknowledgement of a slash command says, if it says anything."""
        if body.get("text") or body.get("blocks") or body.get("attachments"):
            self._answer(ResponseUrl(channel, user, 0), body)

    def _answer(self, response: ResponseUrl, body: Json) -> None:
        ws = self.workspace
        channel = ws.channel(response.channel)
        note, message = self._source(channel, response)
        if body.get("delete_original"):
            if note is not None:
                note.deleted = True
                ws.changed("ephemeral", channel=channel.id, user=note.user, ts=note.ts)
            elif message is not None and message.bot_id == ws.bot.id:
                ws.delete(channel, message)
            if not body.get("text") and not body.get("blocks"):
                return
        text = richtext.tidy(str(body.get("text") or ""))
        blocks = body.get("blocks")
        if blocks is not None:
            blocks = block_kit.message(blocks, ws.block_id, ws.loads)
        if not text.strip() and not blocks and not body.get("attachments"):
            raise Refusal("no_text")
        text = text[:MAX_TEXT]
        if body.get("replace_original") and note is not None:
            note.text, note.blocks = text, blocks
            ws.changed("ephemeral", channel=channel.id, user=note.user, ts=note.ts)
        elif body.get("replace_original") and message is not None:
            if message.bot_id != ws.bot.id:
                raise Refusal("cant_update_message")
            ws.edit(channel, message, text, blocks=blocks, mark=blocks is None)
        else:
            self._say_answer(channel, response, body, text, blocks)

    def _say_answer(
        self,
        channel: Channel,
        response: ResponseUrl,
        body: Json,
        text: str,
        blocks: list[Json] | None,
    ) -> None:
        ws = self.workspace
        thread = body.get("thread_ts") or response.thread_ts
        in_channel = body.get("response_type") == "in_channel"
        for part in [text] if blocks else split(text):
            if in_channel:
                # Unlike a message of `chat.postMessage` it has no user, only the bot.
                ws.post(
                    channel,
                    part,
                    bot=ws.bot,
                    blocks=blocks,
                    thread_ts=thread,
                    subtype="bot_message",
                )
            else:
                ws.whisper(channel, response.user, part, blocks=blocks, thread_ts=thread)

    def _source(self, channel: Channel, response: ResponseUrl) -> tuple[Ephemeral | None, Any]:
        if response.source is None:
            return None, None
        note = self.workspace.note(response.user, response.source)
        if note is not None:
            return note, None
        try:
            return None, self.workspace.message(channel, response.source)
        except Refusal:
            return None, None


def initial_state(
    blocks: list[Json], channel: str | None, known: dict[str, dict[str, Json]]
) -> dict[str, dict[str, Json]]:
    """`state.values` of blocks: what was typed before, else what they begin with."""
    state: dict[str, dict[str, Json]] = {}
    for block in blocks:
        for element in elements_of(block):
            value = _initial(element, channel)
            if value is None:
                continue
            action = element["action_id"]
            before = known.get(block["block_id"], {}).get(action)
            if before is not None and before["type"] == element["type"]:
                value = before
            state.setdefault(block["block_id"], {})[action] = value
    return state


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block."""
    found = [block.get("accessory"), block.get("element"), *(block.get("elements") or ())]
    return [e for e in found if isinstance(e, dict) and "action_id" in e]


VALUE_FIELDS = {
    "checkboxes": ("selected_options", "initial_options"),
    "datepicker": ("selected_date", "initial_date"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "timepicker": ("selected_time", "initial_time"),
    "email_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "plain_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", ""),
    "radio_buttons": ("selected_option", "initial_option"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
}
"""For an element: the field of its value in `state`, and of the value it begins with."""

LISTS = frozenset(
    kind
    for kind in VALUE_FIELDS
    if kind.startswith("multi_") or kind in ("checkboxes", "file_input")
)


def _initial(element: Json, channel: str | None) -> Json | None:
    fields = VALUE_FIELDS.get(element["type"])
    if fields is None:
        return None
    value = element.get(fields[1], [] if element["type"] in LISTS else None)
    if value is None and element.get("default_to_current_conversation"):
        value = channel
    return {"type": element["type"], fields[0]: value}

"""A person with hands: commands, buttons, forms, shortcuts.

Payloads are those of <https://docs.slack.dev/reference/interaction-payloads> and
<https://docs.slack.dev/interactivity/implementing-slash-commands>. What Slack's client would not
let a person do raises a Refusal; what the app does not answer in time is an Outcome.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from slackbox import richtext
from slackbox.actor import Actor
from slackbox.delivery import Dispatcher, NotAcknowledged
from slackbox.errors import Refusal
from slackbox.ids import ts_of
from slackbox.model import Channel, Json
from slackbox.surfaces import LISTS, VALUE_FIELDS, Surfaces, View, elements_of, initial_state
from slackbox.workspace import Workspace

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of something a person did.

    `failure` says why the app's acknowledgement did not come, `response` is what it carried.
    `errors` is what a form says under its inputs, by block ID.
    """

    acknowledged: bool
    failure: str | None = None
    response: Any = None
    errors: dict[str, str] | None = None

    def to_json(self) -> Json:
        """The outcome as the control interface gives it."""
        return {
            "acknowledged": self.acknowledged,
            "failure": self.failure,
            "response": self.response,
            "errors": self.errors or {},
        }


class Person(Actor):
    """Somebody who writes, and who uses the app.

    A Slack Connect member has what the app shows in channels, but not its commands, shortcuts
    and Home: the app is not installed in their workspace.
    """

    def __init__(
        self, workspace: Workspace, surfaces: Surfaces, dispatcher: Dispatcher, person: str
    ):
        super().__init__(workspace, person)
        self._surfaces = surfaces
        self._dispatcher = dispatcher

    # --- commands and shortcuts --------------------------------------------------------------

    async def command(self, command: str, text: str = "", channel: str = "general") -> Outcome:
        """Types a slash command in a channel. Raises Refusal `unknown_command`."""
        ws = self.workspace
        where = self._inside(channel)
        known = ws.manifest.commands.get(command)
        if known is None or self.member.team is not None:
            raise Refusal("unknown_command", [f"{command} is not a valid command"])
        if known.should_escape:
            text = ws.linked(richtext.tidy(text))
        name = "directmessage" if where.is_im else where.name
        payload: Json = {
            "token": self._dispatcher.token,
            "team_id": ws.team,
            "team_domain": ws.domain,
            "channel_id": where.id,
            "channel_name": "privategroup" if where.is_private and not where.is_im else name,
            "user_id": self.id,
            "user_name": self.member.name,
            "command": command,
            "text": text.strip(),
            "api_app_id": ws.app_id,
            "is_enterprise_install": "false",
            "response_url": self._surfaces.response_url(where.id, self.id),
            "trigger_id": self._surfaces.trigger(self.id, where.id),
        }
        outcome = await self._ask("slash_commands", payload)
        if outcome.acknowledged and isinstance(outcome.response, dict):
            try:
                self._surfaces.answer_command(where.id, self.id, outcome.response)
            except Refusal as refusal:
                return Outcome(False, str(refusal), outcome.response)
        return outcome

    async def shortcut(self, callback_id: str) -> Outcome:
        """Uses a global shortcut. Raises Refusal `unknown_shortcut`."""
        self._known_shortcut(callback_id, "global")
        payload = {
            **self._common("shortcut"),
            "callback_id": callback_id,
            "action_ts": self._action_ts(),
            "trigger_id": self._surfaces.trigger(self.id),
        }
        del payload["api_app_id"]
        return await self._ask("interactive", payload)

    async def message_shortcut(self, callback_id: str, channel: str, ts: str) -> Outcome:
        """Uses a shortcut on a message. Raises Refusal `unknown_shortcut`."""
        self._known_shortcut(callback_id, "message")
        where = self._inside(channel)
        message = self.workspace.message(where, ts)
        payload = {
            **self._common("message_action"),
            "callback_id": callback_id,
            "action_ts": self._action_ts(),
            "trigger_id": self._surfaces.trigger(self.id, where.id),
            "response_url": self._surfaces.response_url(where.id, self.id, message.ts),
            "message_ts": message.ts,
            "channel": self._channel(where),
            "message": self.workspace.render(where, message),
        }
        del payload["api_app_id"]
        return await self._ask("interactive", payload)

    def _known_shortcut(self, callback_id: str, kind: str) -> None:
        known = self.workspace.manifest.shortcuts.get(callback_id)
        if known is None or known.kind != kind or self.member.team is not None:
            raise Refusal("unknown_shortcut", [f"there is no {kind} shortcut {callback_id!r}"])

    # --- App Home ----------------------------------------------------------------------------

    def open_home(self, tab: str = "home") -> Json | None:
        """Opens the App Home (`home` or `messages`); gives the view that is shown, if any."""
        ws = self.workspace
        shown_here = ws.manifest.home_tab if tab == "home" else ws.manifest.messages_tab
        if not shown_here or self.member.team is not None:
            raise Refusal("not_enabled")
        view = self._surfaces.homes.get(self.id)
        shown = self._surfaces.view_object(view) if view is not None and tab == "home" else None
        event: Json = {
            "type": "app_home_opened",
            "user": self.id,
            "channel": ws.im(self.id).id,
            "tab": tab,
            "event_ts": ts_of(ws.stamps.next()),
        }
        if shown is not None:
            event["view"] = shown
        ws.emit(event)
        return shown

    # --- clicking ----------------------------------------------------------------------------

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
        """Clicks a button, or chooses `value`, in a message, in a note, or in a view.

        With `channel` and `ts`, in the message or note; else in the modal that is open, or in
        the App Home with `view="home"`. A button takes no value; a select or an overflow menu
        takes the value of an option, an ID or a date, a multi-select a list; a text input its
        text. Raises Refusal `no_such_element`, `no_such_option`.
        """
        if channel is not None and ts is not None:
            return await self._act_in_message(self._inside(channel), ts, action_id, value, block_id)
        return await self._act_in_view(self._seen(view), action_id, value, block_id)

    async def _act_in_message(
        self, where: Channel, ts: str, action_id: str, value: Any, block_id: str | None
    ) -> Outcome:
        ws = self.workspace
        note = ws.note(self.id, ts)
        message = None if note is not None else ws.message(where, ts)
        blocks = (note.blocks if note is not None else message.blocks if message else None) or []
        block, element = _element(blocks, action_id, block_id)
        state = self._surfaces.message_state(self.id, where.id, ts, blocks)
        action = self._action(block, element, value, state)
        container: Json = {
            "type": "message",
            "message_ts": ts,
            "channel_id": where.id,
            "is_ephemeral": note is not None,
        }
        thread_ts = note.thread_ts if note is not None else None
        if message is not None and message.root is not None:
            thread_ts = ts_of(message.root)
        if thread_ts is not None:
            container["thread_ts"] = thread_ts
        payload: Json = {
            **self._common("block_actions"),
            "container": container,
            "trigger_id": self._surfaces.trigger(self.id, where.id),
            "channel": self._channel(where),
            "state": {"values": deepcopy(state)},
            "response_url": self._surfaces.response_url(where.id, self.id, ts, thread_ts),
            "actions": [action],
        }
        if message is not None:
            payload["message"] = ws.render(where, message)
        return await self._ask("interactive", payload)

    async def _act_in_view(
        self, view: View, action_id: str, value: Any, block_id: str | None
    ) -> Outcome:
        block, element = _element(view.content["blocks"], action_id, block_id)
        action = self._action(block, element, value, view.state)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Outcome(acknowledged=True)  # kept in the form until it is submitted
        shown = self._surfaces.view_object(view)
        payload: Json = {
            **self._common("block_actions"),
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self._surfaces.trigger(self.id, view.channel, view),
            "view": shown,
            "actions": [action],
        }
        if view.content["type"] == "modal":
            payload["state"] = shown["state"]
        return await self._ask("interactive", payload)

    async def suggest(
        self,
        action_id: str,
        typed: str = "",
        *,
        channel: str | None = None,
        ts: str | None = None,
        block_id: str | None = None,
        view: str | None = None,
    ) -> list[Json]:
        """Types into an external select; gives the options that the app suggests.

        They are then what `act` and `fill` can choose from. Raises Refusal `no_such_element`,
        and `no_suggestions` if the app does not answer, or not as it should.
        """
        payload: Json = {**self._common("block_suggestion"), "value": typed}
        if channel is not None and ts is not None:
            where = self._inside(channel)
            message = self.workspace.message(where, ts)
            block, element = _element(message.blocks or [], action_id, block_id)
            payload["container"] = {
                "type": "message", "message_ts": ts, "channel_id": where.id, "is_ephemeral": False,
            }  # fmt: skip
            payload["channel"] = self._channel(where)
            payload["message"] = self.workspace.render(where, message)
        else:
            seen = self._seen(view)
            block, element = _element(seen.content["blocks"], action_id, block_id)
            payload["container"] = {"type": "view", "view_id": seen.id}
            payload["view"] = self._surfaces.view_object(seen)
        if element["type"] not in ("external_select", "multi_external_select"):
            raise Refusal("no_such_element")
        payload["action_id"], payload["block_id"] = element["action_id"], block["block_id"]
        outcome = await self._ask("interactive", payload)
        options = _suggested(outcome.response)
        if options is None:
            raise Refusal("no_suggestions", [outcome.failure or "the answer has no options"])
        self._surfaces.suggested[self.id, block["block_id"], element["action_id"]] = options
        return options

    def _seen(self, view: str | None) -> View:
        surfaces = self._surfaces
        found = surfaces.homes.get(self.id) if view == "home" else surfaces.top(self.id)
        if found is None:
            raise Refusal("no_view", ["no such view is open"])
        return found

    def _action(
        self, block: Json, element: Json, value: Any, state: dict[str, dict[str, Json]]
    ) -> Json:
        """The entry of `actions`; what was chosen is kept in `state`."""
        kind, action_id, block_id = element["type"], element["action_id"], block["block_id"]
        action: Json = {"type": kind, "action_id": action_id, "block_id": block_id}
        if kind == "button":
            action["text"] = element["text"]
            for name in ("value", "style", "url"):
                if name in element:
                    action[name] = element[name]
        elif kind == "overflow":
            action["selected_option"] = _option(_options(element), value)
        else:
            field = VALUE_FIELDS[kind][0]
            chosen = self._chosen(block_id, element, value)
            action[field] = chosen
            state.setdefault(block_id, {})[action_id] = {"type": kind, field: chosen}
        action["action_ts"] = self._action_ts()
        return action

    def _chosen(self, block_id: str, element: Json, value: Any) -> Any:
        """What a person put into an element, as `state` has it."""
        kind = element["type"]
        if kind in LISTS:
            if value is None:
                return []
            if not isinstance(value, list):
                raise Refusal("no_such_option", [f"{kind} takes a list"])
            most = element.get("max_selected_items")
            if most is not None and len(value) > most:
                raise Refusal("no_such_option", [f"{kind} takes at most {most}"])
            return [self._one(block_id, element, item) for item in value]
        return None if value is None else self._one(block_id, element, value)

    def _one(self, block_id: str, element: Json, value: Any) -> Any:
        kind = element["type"]
        field = VALUE_FIELDS[kind][0]
        if field in ("selected_option", "selected_options"):
            if "external" in kind:
                key = (self.id, block_id, element["action_id"])
                return _option(self._surfaces.suggested.get(key, []), value)
            return _option(_options(element), value)
        if "users" in kind:
            return self.workspace.member(str(value)).id
        if "channels" in kind or "conversations" in kind:
            return self.workspace.channel(str(value)).id
        if field == "rich_text_value" and isinstance(value, str):
            return richtext.rich_text(richtext.tidy(value), self.workspace.block_id())
        return value

    # --- forms -------------------------------------------------------------------------------

    def fill(self, action_id: str, value: Any, block_id: str | None = None) -> None:
        """Puts something into an input of the open modal."""
        view = self._seen(None)
        block, element = _element(view.content["blocks"], action_id, block_id)
        self._action(block, element, value, view.state)

    async def submit(self, values: dict[str, Any] | None = None) -> Outcome:
        """Submits the open modal, after filling in `values` by action ID.

        Raises Refusal `input_invalid` for what the client itself does not let through: a missing
        value, a text too short or too long, no address, no number.
        """
        for action_id, value in (values or {}).items():
            self.fill(action_id, value)
        view = self._seen(None)
        if "submit" not in view.content:
            raise Refusal("no_submit", ["the view has no submit button"])
        wrong = _invalid(view)
        if wrong:
            raise Refusal("input_invalid", wrong)
        payload: Json = {
            **self._common("view_submission"),
            "trigger_id": self._surfaces.trigger(self.id, view.channel, view),
            "view": self._surfaces.view_object(view),
            "response_urls": self._response_urls(view),
        }
        outcome = await self._ask("interactive", payload)
        if not outcome.acknowledged:
            return outcome
        try:
            self._surfaces.answered(view, outcome.response)
        except Refusal as refusal:
            return Outcome(False, str(refusal), outcome.response)
        return Outcome(True, None, outcome.response, dict(view.errors))

    def _response_urls(self, view: View) -> list[Json]:
        urls = []
        for block in view.content["blocks"]:
            for element in elements_of(block):
                if not element.get("response_url_enabled"):
                    continue
                value = view.state.get(block["block_id"], {}).get(element["action_id"], {})
                chosen = value.get("selected_conversation") or value.get("selected_channel")
                if chosen:
                    urls.append(
                        {
                            "block_id": block["block_id"],
                            "action_id": element["action_id"],
                            "channel_id": chosen,
                            "response_url": self._surfaces.response_url(chosen, self.id),
                        }
                    )
        return urls

    async def close(self, everything: bool = False) -> list[Outcome]:
        """Closes the view on top, or (the × of the window) the whole modal.

        The app is told of those views that have `notify_on_close`.
        """
        stack = list(self._surfaces.modals.get(self.id, ()))
        if not stack:
            raise Refusal("no_view", ["no modal is open"])
        top = stack[-1]
        everything = everything or bool(top.content.get("clear_on_close"))
        closing = list(reversed(stack)) if everything else [top]
        outcomes = []
        for view in closing:
            self._surfaces.close(view)
            if view.content.get("notify_on_close"):
                payload: Json = {
                    **self._common("view_closed"),
                    "view": self._surfaces.view_object(view),
                    "is_cleared": everything,
                }
                outcomes.append(await self._ask("interactive", payload))
        return outcomes

    # --- payloads ----------------------------------------------------------------------------

    def _common(self, kind: str) -> Json:
        ws = self.workspace
        return {
            "type": kind,
            "user": {
                "id": self.id,
                "username": self.member.name,
                "name": self.member.name,
                "team_id": self.member.team or ws.team,
            },
            "api_app_id": ws.app_id,
            "token": self._dispatcher.token,
            "team": {"id": ws.team, "domain": ws.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _channel(self, where: Channel) -> Json:
        name = "directmessage" if where.is_im else where.name
        return {
            "id": where.id,
            "name": "privategroup" if where.is_private and not where.is_im else name,
        }

    def _action_ts(self) -> str:
        return ts_of(self.workspace.stamps.next())

    async def _ask(self, kind: Any, payload: Json) -> Outcome:
        if kind == "interactive" and not self.workspace.manifest.interactive:
            raise Refusal("not_enabled")
        try:
            return Outcome(True, None, await self._dispatcher.ask(kind, payload))
        except NotAcknowledged as error:
            return Outcome(False, str(error))


def _element(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    for block in blocks:
        if block_id is not None and block.get("block_id") != block_id:
            continue
        for element in elements_of(block):
            if element["action_id"] == action_id:
                return block, element
    raise Refusal("no_such_element", [f"there is no element with action_id {action_id!r}"])


def _options(element: Json) -> list[Json]:
    groups = element.get("option_groups") or ()
    return [*(element.get("options") or ()), *(o for group in groups for o in group["options"])]


def _option(options: list[Json], value: Any) -> Json:
    for option in options:
        if value in (option.get("value"), option["text"]["text"]):
            return option
    raise Refusal("no_such_option", [f"there is no option {value!r}"])


def _suggested(response: Any) -> list[Json] | None:
    if not isinstance(response, dict):
        return None
    options = response.get("options")
    if options is None and isinstance(response.get("option_groups"), list):
        groups = response["option_groups"]
        options = [o for g in groups if isinstance(g, dict) for o in g.get("options") or ()]
    if not isinstance(options, list) or len(options) > 100:
        return None
    for option in options:
        text = option.get("text") if isinstance(option, dict) else None
        if not isinstance(text, dict) or not isinstance(option.get("value"), str):
            return None
        if not 0 < len(str(text.get("text"))) <= 75 or not 0 < len(option["value"]) <= 150:
            return None
    return options


def _invalid(view: View) -> list[str]:
    """What Slack's client says before a form is sent: `block_id: what is wrong`."""
    wrong = []
    state = initial_state(view.content["blocks"], view.channel, view.state)
    for block in view.content["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        field = VALUE_FIELDS[element["type"]][0]
        value = state[block["block_id"]][element["action_id"]].get(field)
        reason = _reason(element, value, bool(block.get("optional")))
        if reason:
            wrong.append(f"{block['block_id']}: {reason}")
    return wrong


def _reason(element: Json, value: Any, optional: bool) -> str | None:
    if value in (None, "", []):
        return None if optional else "please complete this required field"
    kind = element["type"]
    if kind == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"at least {element['min_length']} characters"
        most = element.get("max_length", 3000)
        if len(value) > most:
            return f"at most {most} characters"
    if kind == "email_text_input" and not _EMAIL.match(str(value)):
        return "please enter a valid email"
    if kind == "url_text_input" and not str(value).startswith(("http://", "https://")):
        return "please enter a valid URL"
    if kind == "number_input" and not _NUMBER.match(str(value)):
        return "please enter a valid number"
    return None

"""Block Kit's pieces, each within Slack's limits whatever it is given.

<https://docs.slack.dev/reference/block-kit>. Text for `section` and `note` is mrkdwn (escape
what is data with `bot.markup.escape_mrkdwn`); all other texts are plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack.blocks import limits
from bot.slack.blocks.limits import cut

Block = dict[str, Any]
Element = dict[str, Any]
View = dict[str, Any]

EMPTY = " \u200b"
"""What stands where Slack wants some text and there is none."""


def plain(text: str, limit: int) -> Element:
    """A plain text object."""
    return {"type": "plain_text", "text": cut(text.strip() or EMPTY, limit), "emoji": True}


def header(text: str) -> Block:
    """A header."""
    return {"type": "header", "text": plain(text, limits.HEADER)}


def section(text: str, accessory: Element | None = None, block_id: str | None = None) -> Block:
    """A paragraph, with a button or a menu beside it."""
    block: Block = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": cut(text.strip() or EMPTY, limits.SECTION)},
    }
    return _with(block, accessory=accessory, block_id=_id(block_id))


def note(*texts: str) -> Block:
    """Small print."""
    elements = [
        {"type": "mrkdwn", "text": cut(text.strip() or EMPTY, limits.SECTION)}
        for text in texts[: limits.CONTEXT]
    ]
    return {"type": "context", "elements": elements}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def actions(*elements: Element, block_id: str | None = None) -> Block:
    """Buttons and menus in a row."""
    return _with(
        {"type": "actions", "elements": list(elements[: limits.ACTIONS])}, block_id=_id(block_id)
    )


def button(
    text: str,
    action_id: str,
    value: str = "",
    style: str | None = None,
    confirm: Element | None = None,
) -> Element:
    """A button; `style` is `primary` or `danger`. A value that is too long raises ValueError."""
    element: Element = {
        "type": "button",
        "action_id": action_id,
        "text": plain(text, limits.BUTTON),
    }
    return _with(
        element,
        value=_whole(value, limits.BUTTON_VALUE) or None,
        style=style,
        confirm=confirm,
    )


def confirm(title: str, text: str, yes: str, no: str) -> Element:
    """A dialog that asks whether it is meant."""
    return {
        "title": plain(title, limits.CONFIRM_TITLE),
        "text": plain(text, limits.CONFIRM_TEXT),
        "confirm": plain(yes, limits.CONFIRM_BUTTON),
        "deny": plain(no, limits.CONFIRM_BUTTON),
    }


def option(text: str, value: str, description: str | None = None) -> Element:
    """An option of a menu. A value that is too long raises ValueError."""
    element: Element = {
        "text": plain(text, limits.OPTION),
        "value": _whole(value, limits.OPTION_VALUE),
    }
    shown = plain(description, limits.OPTION) if description else None
    return _with(element, description=shown)


def select(
    action_id: str,
    options: Sequence[Element],
    placeholder: str,
    initial: str | None = None,
) -> Element:
    """A menu of up to 100 options; `initial` is the value of the one chosen at first."""
    shown = list(options[: limits.OPTIONS])
    element: Element = {
        "type": "static_select",
        "action_id": action_id,
        "options": shown,
        "placeholder": plain(placeholder, limits.PLACEHOLDER),
    }
    chosen = next((o for o in shown if o["value"] == initial), None)
    return _with(element, initial_option=chosen)


def lookup(action_id: str, placeholder: str) -> Element:
    """A menu whose options the bot suggests while one types: for more than 100."""
    return {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, limits.PLACEHOLDER),
        "min_query_length": 0,
    }


def text_input(
    action_id: str,
    multiline: bool = False,
    initial: str = "",
    placeholder: str = "",
    most: int = limits.INPUT,
) -> Element:
    """Where one types plain text."""
    element: Element = {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": multiline,
        "max_length": min(most, limits.INPUT),
    }
    return _with(
        element,
        initial_value=limits.head(initial, limits.INPUT) or None,
        placeholder=plain(placeholder, limits.PLACEHOLDER) if placeholder else None,
    )


def field(
    block_id: str,
    label: str,
    element: Element,
    hint: str = "",
    optional: bool = False,
) -> Block:
    """An input of a form."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, limits.LABEL),
        "element": element,
        "optional": optional,
    }
    return _with(block, hint=plain(hint, limits.LABEL) if hint else None)


def box(name: str, label: str, text: str, ticked: bool, hint: str = "", about: str = "") -> Block:
    """An input of a form with one box to tick; the input and the box's value are called `name`."""
    options = [option(text, name, about)]
    boxes = {"type": "checkboxes", "action_id": name, "options": options}
    boxes = _with(boxes, initial_options=options if ticked else None)
    return field(name, label, boxes, hint, optional=True)


def choice(name: str, label: str, options: Mapping[str, str], initial: str | None = None) -> Block:
    """An input of a form that takes one of several: `options` are their texts by their values."""
    shown = {value: option(text, value) for value, text in options.items()}
    buttons = {"type": "radio_buttons", "action_id": name, "options": list(shown.values())}
    return field(name, label, _with(buttons, initial_option=shown.get(initial or "")))


def modal(
    callback_id: str,
    title: str,
    blocks: Sequence[Block],
    submit: str | None = None,
    close: str | None = None,
    metadata: str = "",
) -> View:
    """A form. `metadata` comes back with it; one that is too long raises ValueError."""
    view: View = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, limits.TITLE),
        "blocks": limits.view_blocks(blocks),
        "private_metadata": _whole(metadata, limits.METADATA),
    }
    return _with(
        view,
        submit=plain(submit, limits.TITLE) if submit else None,
        close=plain(close, limits.TITLE) if close else None,
    )


def home(blocks: Sequence[Block]) -> View:
    """An App Home."""
    return {"type": "home", "blocks": limits.view_blocks(blocks)}


def _with(holder: dict[str, Any], **more: Any) -> dict[str, Any]:
    return holder | {name: value for name, value in more.items() if value is not None}


def _id(block_id: str | None) -> str | None:
    return None if block_id is None else _whole(block_id, limits.BLOCK_ID)


def _whole(text: str, limit: int) -> str:
    if limits.units(text) > limit:
        raise ValueError(f"more than {limit} characters")
    return text

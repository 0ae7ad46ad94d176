"""Block Kit's published limits, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackbox import blocks
from slackbox.errors import Refusal

Block = dict[str, Any]


def plain(text: str = "x") -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Block:
    return {"type": "mrkdwn", "text": text}


def section(**more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(), **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain(), **more}


def options(count: int, text: str = "x") -> list[Block]:
    return [{"text": plain(text), "value": str(i)} for i in range(count)]


def select(**more: Any) -> Block:
    return {"type": "static_select", "action_id": "a", "options": options(2), **more}


def input_(element: Block | None = None, **more: Any) -> Block:
    element = element or {"type": "plain_text_input"}
    return {"type": "input", "label": plain(), "element": element, **more}


def image(**more: Any) -> Block:
    return {"type": "image", "image_url": "https://a.example/x.png", "alt_text": "x", **more}


def raw(text: str = "x") -> Block:
    return {"type": "raw_text", "text": text}


RICH: Block = {"type": "rich_text", "elements": [
    {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}  # fmt: skip


def of(size: int) -> str:
    return "x" * size


GOOD: list[tuple[str, list[Block]]] = [
    ("50 blocks", [{"type": "divider"}] * 50),
    ("a section of 3000", [section(text=mrkdwn(of(3000)))]),
    ("10 fields of 1000", [{"type": "section", "fields": [mrkdwn(of(1000))] * 10}]),
    ("a header of 150", [{"type": "header", "text": plain(of(150))}]),
    ("a header with a level", [{"type": "header", "text": plain(), "level": 4}]),
    ("a table of 100 rows", [{"type": "table", "rows": [[raw()] * 20] * 100}]),
    ("a table of 10,000", [{"type": "table", "rows": [[raw(of(10_000))]]}]),
    ("a table with columns", [{
        "type": "table", "rows": [[raw(), RICH]],
        "column_settings": [None, {"align": "right", "is_wrapped": True}]}]),
    ("a button of 75", [actions(button(text=plain(of(75)), value=of(2000), style="danger"))]),
    ("25 elements", [actions(*[button()] * 25)]),
    ("10 context elements", [{"type": "context", "elements": [mrkdwn()] * 9 + [image()]}]),
    ("100 options", [section(accessory=select(options=options(100, of(75))))]),
    ("option groups", [section(accessory={
        "type": "static_select",
        "option_groups": [{"label": plain(), "options": options(3)}]})]),
    ("an initial option", [section(accessory=select(initial_option=options(2)[1]))]),
    ("an overflow of 5", [actions({"type": "overflow", "options": options(5)})]),
    ("an input", [input_(hint=plain(), optional=True)]),
    ("an image with a title", [image(title=plain(), block_id="picture")]),
    ("confirm", [actions(button(confirm={
        "title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()}))]),
    ("markdown", [{"type": "markdown", "text": of(12_000)}]),
    ("rich text", [{"type": "rich_text", "elements": [
        {"type": "rich_text_section", "elements": [
            {"type": "text", "text": "x", "style": {"bold": True}},
            {"type": "user", "user_id": "U1"}, {"type": "link", "url": "https://a.example"}]},
        {"type": "rich_text_list", "style": "bullet", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "emoji", "name": "x"}]}]},
    ]}]),
]  # fmt: skip

BAD: list[tuple[str, list[Any], str, str]] = [
    ("51 blocks", [{"type": "divider"}] * 51, "no more than 50 items allowed", "/blocks"),
    ("no type", [{}], "missing required field: type", "/blocks/0"),
    ("no such type", [{"type": "carousel"}], "unsupported type: carousel", "/blocks/0/type"),
    ("a property too many", [{"type": "divider", "text": "x"}],
     "invalid additional property: text", "/blocks/0"),
    ("a long section", [section(text=mrkdwn(of(3001)))],
     "must be less than 3001 characters", "/blocks/0/text/text"),
    # 1,501 emoji outside the basic plane are 3,002 UTF-16 code units.
    ("emoji count twice", [section(text=mrkdwn("\U0001f4da" * 1501))],
     "must be less than 3001 characters", "/blocks/0/text/text"),
    ("an empty text", [section(text=mrkdwn(""))],
     "must be more than 0 characters", "/blocks/0/text/text"),
    ("a text that is a string", [section(text="x")], "must provide an object", "/blocks/0/text"),
    ("a text without type", [section(text={"text": "x"})],
     "missing required field: type", "/blocks/0/text"),
    ("emoji in mrkdwn", [section(text={**mrkdwn(), "emoji": True})],
     "invalid additional property: emoji", "/blocks/0/text"),
    ("a section of nothing", [{"type": "section"}],
     "must define either `text` or `fields`", "/blocks/0"),
    ("11 fields", [{"type": "section", "fields": [mrkdwn()] * 11}],
     "no more than 10 items allowed", "/blocks/0/fields"),
    ("a long field", [{"type": "section", "fields": [mrkdwn(of(2001))]}],
     "must be less than 2001 characters", "/blocks/0/fields/0/text"),
    ("a long header", [{"type": "header", "text": plain(of(151))}],
     "must be less than 151 characters", "/blocks/0/text/text"),
    ("a header in mrkdwn", [{"type": "header", "text": mrkdwn()}],
     "must be a valid enum value, one of: plain_text", "/blocks/0/text/type"),
    ("a header of level 5", [{"type": "header", "text": plain(), "level": 5}],
     "must be between 1 and 4", "/blocks/0/level"),
    ("101 rows", [{"type": "table", "rows": [[raw()]] * 101}],
     "no more than 100 items allowed", "/blocks/0/rows"),
    ("21 cells", [{"type": "table", "rows": [[raw()] * 21]}],
     "no more than 20 items allowed", "/blocks/0/rows/0"),
    ("much in a table", [{"type": "table", "rows": [[raw(of(5_001))] * 2]}],
     "must be less than 10001 characters", "/blocks/0/rows"),
    ("an empty cell", [{"type": "table", "rows": [[raw("")]]}],
     "must be more than 0 characters", "/blocks/0/rows/0/0/text"),
    ("a cell of mrkdwn", [{"type": "table", "rows": [[mrkdwn()]]}],
     "must be a valid enum value, one of: raw_text, rich_text", "/blocks/0/rows/0/0/type"),
    ("a column that is a text",
     [{"type": "table", "rows": [[raw()]], "column_settings": ["right"]}],
     "must provide an object", "/blocks/0/column_settings/0"),
    ("a column to the middle",
     [{"type": "table", "rows": [[raw()]], "column_settings": [{"align": "middle"}]}],
     "must be a valid enum value, one of: left, center, right",
     "/blocks/0/column_settings/0/align"),
    ("26 elements", [actions(*[button()] * 26)],
     "no more than 25 items allowed", "/blocks/0/elements"),
    ("no elements", [actions()], "no fewer than 1 items allowed", "/blocks/0/elements"),
    ("an input among actions", [actions({"type": "plain_text_input"})],
     "unsupported type: plain_text_input", "/blocks/0/elements/0/type"),
    ("a long button", [actions(button(text=plain(of(76))))],
     "must be less than 76 characters", "/blocks/0/elements/0/text/text"),
    ("a button's long value", [actions(button(value=of(2001)))],
     "must be less than 2001 characters", "/blocks/0/elements/0/value"),
    ("a button's colour", [actions(button(style="green"))],
     "must be a valid enum value, one of: primary, danger", "/blocks/0/elements/0/style"),
    ("a long action_id", [actions(button(action_id=of(256)))],
     "must be less than 256 characters", "/blocks/0/elements/0/action_id"),
    ("an action_id twice", [actions(button(action_id="a"), button(action_id="a"))],
     "`action_id` a already exists", "/blocks/0/elements/1"),
    ("a block_id twice", [section(block_id="a"), section(block_id="a")],
     "`block_id` a already exists", "/blocks/1/block_id"),
    ("a long block_id", [section(block_id=of(256))],
     "must be less than 256 characters", "/blocks/0/block_id"),
    ("11 context elements", [{"type": "context", "elements": [mrkdwn()] * 11}],
     "no more than 10 items allowed", "/blocks/0/elements"),
    ("101 options", [section(accessory=select(options=options(101)))],
     "no more than 100 items allowed", "/blocks/0/accessory/options"),
    ("no options", [section(accessory=select(options=[]))],
     "no fewer than 1 items allowed", "/blocks/0/accessory/options"),
    ("options and groups", [section(accessory=select(option_groups=[]))],
     "must define either `options` or `option_groups`", "/blocks/0/accessory"),
    ("a long option", [section(accessory=select(options=options(1, of(76))))],
     "must be less than 76 characters", "/blocks/0/accessory/options/0/text/text"),
    ("a long option value",
     [section(accessory=select(options=[{"text": plain(), "value": of(151)}]))],
     "must be less than 151 characters", "/blocks/0/accessory/options/0/value"),
    ("an initial option of its own",
     [section(accessory=select(initial_option={"text": plain("y"), "value": "0"}))],
     "must match one of the options exactly", "/blocks/0/accessory/initial_option"),
    ("the same option twice", [section(accessory=select(options=options(1) * 2))],
     "option values must be unique", "/blocks/0/accessory/options"),
    ("an overflow of 6", [actions({"type": "overflow", "options": options(6)})],
     "no more than 5 items allowed", "/blocks/0/elements/0/options"),
    ("11 checkboxes", [actions({"type": "checkboxes", "options": options(11)})],
     "no more than 10 items allowed", "/blocks/0/elements/0/options"),
    ("a long placeholder", [section(accessory=select(placeholder=plain(of(151))))],
     "must be less than 151 characters", "/blocks/0/accessory/placeholder/text"),
    ("a date of another kind", [actions({"type": "datepicker", "initial_date": "5.1.2026"})],
     "is not in the documented format", "/blocks/0/elements/0/initial_date"),
    ("an image without alt_text",
     [{"type": "image", "image_url": "https://a.example/x.png"}],
     "missing required field: alt_text", "/blocks/0"),
    ("an image at no address", [image(image_url="x.png")],
     "must be a valid URL", "/blocks/0/image_url"),
    ("an input without label", [{"type": "input", "element": {"type": "plain_text_input"}}],
     "missing required field: label", "/blocks/0"),
    ("a long label", [input_(label=plain(of(2001)))],
     "must be less than 2001 characters", "/blocks/0/label/text"),
    ("an input of a button", [input_(button())],
     "unsupported type: button", "/blocks/0/element/type"),
    ("a long initial value", [input_({"type": "plain_text_input", "initial_value": of(3001)})],
     "must be less than 3001 characters", "/blocks/0/element/initial_value"),
    ("a max_length of 3001", [input_({"type": "plain_text_input", "max_length": 3001})],
     "must be between 1 and 3000", "/blocks/0/element/max_length"),
    ("two with the focus",
     [input_({"type": "plain_text_input", "focus_on_load": True})] * 2,
     "only one element can have focus_on_load", "/blocks/1/element/focus_on_load"),
    ("a confirm without deny",
     [actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain()}))],
     "missing required field: deny", "/blocks/0/elements/0/confirm"),
    ("much markdown", [{"type": "markdown", "text": of(12_001)}],
     "must be less than 12001 characters", "/blocks/0/text"),
    ("rich text of something else",
     [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
         {"type": "video"}]}]}],
     "unsupported type: video", "/blocks/0/elements/0/elements/0/type"),
]  # fmt: skip


def new_id() -> Callable[[], str]:
    numbers = iter(range(10_000))
    return lambda: f"id{next(numbers)}"


def message(given: list[Any]) -> list[Block]:
    return blocks.message(given, new_id(), lambda url: True)


@pytest.mark.parametrize("given", [g for _, g in GOOD], ids=[name for name, _ in GOOD])
def test_taken(given: list[Block]):
    kept = message(given)
    assert [block["type"] for block in kept] == [block["type"] for block in given]
    ids = [block["block_id"] for block in kept]
    assert len(set(ids)) == len(ids)
    # What is kept is taken again, IDs and all.
    assert message(kept) == kept


@pytest.mark.parametrize(
    ("given", "what", "where"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_refused(given: list[Any], what: str, where: str):
    with pytest.raises(Refusal) as refused:
        message(given)
    assert refused.value.error == "invalid_blocks"
    assert refused.value.messages[0] == f"[ERROR] {what} [json-pointer:{where}]"


MODAL = {"type": "modal", "title": plain(), "submit": plain(), "blocks": []}

BAD_VIEWS: list[tuple[str, Any, str]] = [
    ("no object", [], "must provide an object"),
    ("no title", {"type": "modal", "blocks": []}, "missing required field: title"),
    ("a long title", {**MODAL, "title": plain(of(25))}, "less than 25 characters"),
    ("a long submit", {**MODAL, "submit": plain(of(25))}, "less than 25 characters"),
    ("a long close", {**MODAL, "close": plain(of(25))}, "less than 25 characters"),
    ("a title in mrkdwn", {**MODAL, "title": mrkdwn()}, "one of: plain_text"),
    ("101 blocks", {**MODAL, "blocks": [{"type": "divider"}] * 101}, "no more than 100 items"),
    ("long metadata", {**MODAL, "private_metadata": of(3001)}, "less than 3001 characters"),
    ("a long callback_id", {**MODAL, "callback_id": of(256)}, "less than 256 characters"),
    ("an unknown field", {**MODAL, "colour": "red"}, "invalid additional property: colour"),
    ("a home", {**MODAL, "type": "home"}, "one of: modal"),
    ("inputs without submit", {"type": "modal", "title": plain(), "blocks": [input_()]},
     "missing required field: submit"),
    ("markdown", {**MODAL, "blocks": [{"type": "markdown", "text": "x"}]},
     "unsupported type: markdown"),
    ("a table", {**MODAL, "blocks": [{"type": "table", "rows": [[raw()]]}]},
     "unsupported type: table"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "what"), [case[1:] for case in BAD_VIEWS], ids=[case[0] for case in BAD_VIEWS]
)
def test_views_refused(given: Any, what: str):
    with pytest.raises(Refusal, match="invalid_arguments") as refused:
        blocks.view(given, "modal", new_id(), lambda url: True)
    assert what in refused.value.messages[0]


def test_a_view_that_is_too_large():
    many = [section(text=mrkdwn(of(3000))) for _ in range(90)]
    with pytest.raises(Refusal, match="view_too_large"):
        blocks.view({**MODAL, "blocks": many}, "modal", new_id(), lambda url: True)


FIELDS = [
    "type",
    "text",
    "elements",
    "element",
    "accessory",
    "options",
    "label",
    "fields",
    "confirm",
    "option_groups",
    "initial_option",
    "initial_options",
    "block_id",
]
KINDS = [
    "section",
    "actions",
    "input",
    "static_select",
    "mrkdwn",
    "plain_text",
    "button",
    "context",
    "rich_text",
    "rich_text_section",
    "checkboxes",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(KINDS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS), inner | st.sampled_from(KINDS), max_size=5)
    ),
    max_leaves=20,
)


@given(st.lists(json_values, max_size=4))
def test_whatever_is_given_is_taken_or_refused(given_blocks: list[Any]):
    try:
        message(given_blocks)
    except Refusal as refusal:
        assert refusal.error in ("invalid_blocks", "invalid_blocks_format")  # noqa: PT017

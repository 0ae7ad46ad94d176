"""Block Kit: what Slack takes, and how it says what it does not take.

The limits are those of <https://docs.slack.dev/reference/block-kit> (a page for each block,
element and object). Lengths are counted in UTF-16 code units, the strictest reading of
"characters". Kinds of blocks that the sandbox does not know are refused, so that none is ever
silently swallowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from slackbox.errors import Refusal
from slackbox.lengths import units
from slackbox.model import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 13_000
"""Characters of text in all blocks of a message: `msg_blocks_too_long` beyond. Slack publishes no
number; about 13,200 was found by <https://github.com/slackapi/bolt-js/issues/2509>."""
MARKDOWN_TEXT = 12_000
TABLE_ROWS, TABLE_COLUMNS, TABLE_TEXT = 100, 20, 10_000
"""<https://docs.slack.dev/reference/block-kit/blocks/table-block>"""
VIEW_BYTES = 250_000
"""`view_too_large` beyond: <https://docs.slack.dev/reference/methods/views.open>."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z", re.ASCII)
_URL = re.compile(r"https?://\S+\Z")

Kept = TypeVar("Kept")
Where = str
BlockId = Callable[[], str]
Picture = Callable[[str], bool]


def compact(value: Any) -> str:
    """JSON without blanks, as sizes are counted."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def message(
    blocks: Any, block_id: BlockId, picture: Picture, too_long: str = "msg_blocks_too_long"
) -> list[Json]:
    """The blocks of a message as Slack keeps them, each with IDs.

    `picture` says whether an image's address can be loaded. Raises Refusal `invalid_blocks`,
    `invalid_blocks_format`, and `too_long` for more text than the blocks of a message hold.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Refusal("invalid_blocks_format")
    check = _Check("message", block_id, picture)
    kept = check.blocks(blocks, "/blocks", MESSAGE_BLOCKS)
    if check.errors:
        raise Refusal("invalid_blocks", check.errors, errors=check.reasons)
    if check.text_length > MESSAGE_TEXT:
        raise Refusal(too_long)
    return kept


def view(given: Any, kind: str, block_id: BlockId, picture: Picture) -> Json:
    """A view as it is given, checked, with IDs: `kind` is `modal` or `home`.

    Raises Refusal `invalid_arguments` with reasons, `view_too_large`.
    """
    if not isinstance(given, dict):
        raise Refusal("invalid_arguments", ["[ERROR] must provide an object [json-pointer:/view]"])
    check = _Check(kind, block_id, picture)
    kept = check.view(given, kind)
    if check.errors:
        raise Refusal("invalid_arguments", check.errors)
    if len(compact(given).encode()) > VIEW_BYTES:
        raise Refusal("view_too_large")
    return kept


class _Check:
    """One pass over blocks: copies what is right, writes down what is wrong."""

    def __init__(self, surface: str, block_id: BlockId, picture: Picture):
        self.surface = surface
        self.errors: list[str] = []
        self.reasons: list[str] = []
        self.text_length = 0
        self._markdown = 0
        self._new_id = block_id
        self._picture = picture
        self._block_ids: set[str] = set()
        self._focused = False

    def wrong(self, what: str, where: Where) -> None:
        self.reasons.append(f"{what} [json-pointer:{where}]")
        self.errors.append(f"[ERROR] {what} [json-pointer:{where}]")

    # --- the whole ---------------------------------------------------------------------------

    def blocks(self, given: Any, where: Where, most: int) -> list[Json]:
        if not isinstance(given, list):
            self.wrong("must provide an array", where)
            return []
        if len(given) > most:
            self.wrong(f"no more than {most} items allowed", where)
            return []
        return [self.block(block, f"{where}/{i}") for i, block in enumerate(given)]

    def view(self, given: Json, kind: str) -> Json:
        allowed = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
        required = {"type", "blocks"}
        if kind == "modal":
            allowed |= {"title", "close", "submit", "clear_on_close", "notify_on_close",
                        "submit_disabled"}  # fmt: skip
            required.add("title")
        self.fields(given, "/view", allowed, required)
        if given.get("type") != kind:
            self.wrong(f"must be a valid enum value, one of: {kind}", "/view/type")
        for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
            self.string(given, name, "/view", most, least=0)
        for name in ("clear_on_close", "notify_on_close", "submit_disabled"):
            self.boolean(given, name, "/view")
        kept = dict(given)
        for name in ("title", "close", "submit"):
            if name in given and kind == "modal":
                kept[name] = self.text(given[name], f"/view/{name}", 24, plain=True)
        if isinstance(given.get("blocks"), list):
            kept["blocks"] = self.blocks(given["blocks"], "/view/blocks", VIEW_BLOCKS)
            inputs = any(
                isinstance(block, dict) and block.get("type") == "input"
                for block in given["blocks"]
            )
            if kind == "modal" and inputs and "submit" not in given:
                self.wrong("missing required field: submit", "/view")
        elif "blocks" in given:
            self.wrong("must provide an array", "/view/blocks")
        return kept

    def block(self, given: Any, where: Where) -> Json:
        if not isinstance(given, dict):
            self.wrong("must provide an object", where)
            return {}
        kind = given.get("type")
        if kind is None:
            self.wrong("missing required field: type", where)
            return {}
        check = _BLOCKS.get(kind) if isinstance(kind, str) else None
        if check is None or (kind in ("markdown", "table") and self.surface != "message"):
            self.wrong(f"unsupported type: {kind}", f"{where}/type")
            return {}
        self.string(given, "block_id", where, 255)
        block_id = given.get("block_id")
        if isinstance(block_id, str) and block_id:
            if block_id in self._block_ids:
                self.wrong(f"`block_id` {block_id} already exists", f"{where}/block_id")
            self._block_ids.add(block_id)
        else:
            block_id = self._new_id()
        kept = check(self, given, where)
        return {"type": kind, "block_id": block_id, **kept}

    # --- fields ------------------------------------------------------------------------------

    def fields(self, given: Json, where: Where, allowed: set[str], required: set[str]) -> None:
        for name in sorted(required - set(given)):
            self.wrong(f"missing required field: {name}", where)
        for name in given:
            if name not in allowed:
                self.wrong(f"invalid additional property: {name}", where)

    def string(self, given: Json, name: str, where: Where, most: int, least: int = 1) -> None:
        if name not in given:
            return
        value = given[name]
        if not isinstance(value, str):
            self.wrong("must provide a string", f"{where}/{name}")
        elif units(value) > most:
            self.wrong(f"must be less than {most + 1} characters", f"{where}/{name}")
        elif len(value) < least:
            self.wrong(f"must be more than {least - 1} characters", f"{where}/{name}")

    def boolean(self, given: Json, name: str, where: Where) -> None:
        if name in given and not isinstance(given[name], bool):
            self.wrong("must provide a boolean", f"{where}/{name}")

    def integer(self, given: Json, name: str, where: Where, least: int, most: int) -> None:
        if name not in given:
            return
        value = given[name]
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong("must provide an integer", f"{where}/{name}")
        elif not least <= value <= most:
            self.wrong(f"must be between {least} and {most}", f"{where}/{name}")

    def choice(self, given: Json, name: str, where: Where, allowed: tuple[str, ...]) -> None:
        if name in given and given[name] not in allowed:
            self.wrong(
                f"must be a valid enum value, one of: {', '.join(allowed)}", f"{where}/{name}"
            )

    def matches(self, given: Json, name: str, where: Where, pattern: re.Pattern[str]) -> None:
        value = given.get(name)
        if value is not None and not (isinstance(value, str) and pattern.match(value)):
            self.wrong("is not in the documented format", f"{where}/{name}")

    def text(
        self, given: Any, where: Where, most: int, plain: bool = False, least: int = 1
    ) -> Json:
        """A text object."""
        if not isinstance(given, dict):
            self.wrong("must provide an object", where)
            return {}
        kind = given.get("type")
        if kind not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
            if kind is None:
                self.wrong("missing required field: type", where)
            else:
                allowed = "plain_text" if plain else "plain_text, mrkdwn"
                self.wrong(f"must be a valid enum value, one of: {allowed}", f"{where}/type")
            return {}
        extra = "emoji" if kind == "plain_text" else "verbatim"
        self.fields(given, where, {"type", "text", extra}, {"text"})
        self.string(given, "text", where, most, least)
        self.boolean(given, extra, where)
        value = given.get("text")
        if isinstance(value, str):
            self.text_length += len(value)
        return {extra: kind == "plain_text", **given}

    def image_source(self, given: Json, where: Where) -> None:
        if ("image_url" in given) == ("slack_file" in given):
            self.wrong("must define either `image_url` or `slack_file`", where)
        self.string(given, "image_url", where, 3000)
        url = given.get("image_url")
        if isinstance(url, str):
            if not _URL.match(url):
                self.wrong("must be a valid URL", f"{where}/image_url")
            elif not self._picture(url):
                self.wrong("downloading image failed", f"{where}/image_url")
        file = given.get("slack_file")
        if file is not None and not (isinstance(file, dict) and set(file) <= {"id", "url"}):
            self.wrong("must provide an object with id or url", f"{where}/slack_file")

    # --- blocks ------------------------------------------------------------------------------

    def section(self, given: Json, where: Where) -> Json:
        allowed = {"type", "block_id", "text", "fields", "accessory", "expand"}
        self.fields(given, where, allowed, set())
        kept = {k: v for k, v in given.items() if k != "block_id"}
        if "text" not in given and "fields" not in given:
            self.wrong("must define either `text` or `fields`", where)
        if "text" in given:
            kept["text"] = self.text(given["text"], f"{where}/text", 3000)
        if "fields" in given:
            kept["fields"] = self.each(
                given["fields"], f"{where}/fields", 1, 10, lambda f, w: self.text(f, w, 2000)
            )
        if "accessory" in given:
            kept["accessory"] = self.element(given["accessory"], f"{where}/accessory", _ACCESSORIES)
        self.boolean(given, "expand", where)
        return kept

    def header(self, given: Json, where: Where) -> Json:
        self.fields(given, where, {"type", "block_id", "text", "level"}, {"text"})
        self.integer(given, "level", where, 1, 4)
        if "text" not in given:
            return {}
        kept = {"text": self.text(given["text"], f"{where}/text", 150, plain=True)}
        return {**kept, **{name: given[name] for name in ("level",) if name in given}}

    def table(self, given: Json, where: Where) -> Json:
        allowed = {"type", "block_id", "rows", "column_settings"}
        self.fields(given, where, allowed, {"rows"})
        before = self.text_length
        rows = self.each(
            given.get("rows"),
            f"{where}/rows",
            1,
            TABLE_ROWS,
            lambda row, at: self.each(row, at, 1, TABLE_COLUMNS, self.cell),
        )
        if self.text_length - before > TABLE_TEXT:
            self.wrong(f"must be less than {TABLE_TEXT + 1} characters", f"{where}/rows")
        kept: Json = {"rows": rows}
        if "column_settings" in given:
            kept["column_settings"] = self.each(
                given["column_settings"], f"{where}/column_settings", 0, TABLE_COLUMNS, self.column
            )
        return kept

    def cell(self, given: Any, where: Where) -> Json:
        if isinstance(given, dict) and given.get("type") == "rich_text":
            self.rich_text(given, where)
        elif isinstance(given, dict) and given.get("type") == "raw_text":
            self.fields(given, where, {"type", "text"}, {"text"})
            self.string(given, "text", where, TABLE_TEXT)
            self.text_length += len(str(given.get("text")))
        else:
            self.wrong("must be a valid enum value, one of: raw_text, rich_text", f"{where}/type")
        return given if isinstance(given, dict) else {}

    def column(self, given: Any, where: Where) -> Json | None:
        """What a column looks like; null leaves one as it is."""
        if isinstance(given, dict):
            self.fields(given, where, {"align", "is_wrapped"}, set())
            self.choice(given, "align", where, ("left", "center", "right"))
            self.boolean(given, "is_wrapped", where)
        elif given is not None:
            self.wrong("must provide an object", where)
            return None
        kept: Json | None = given
        return kept

    def divider(self, given: Json, where: Where) -> Json:
        self.fields(given, where, {"type", "block_id"}, set())
        return {}

    def image(self, given: Json, where: Where) -> Json:
        allowed = {"type", "block_id", "alt_text", "image_url", "slack_file", "title"}
        self.fields(given, where, allowed, {"alt_text"})
        self.image_source(given, where)
        self.string(given, "alt_text", where, 2000)
        kept = {k: v for k, v in given.items() if k != "block_id"}
        if "title" in given:
            kept["title"] = self.text(given["title"], f"{where}/title", 2000, plain=True)
        return kept

    def context(self, given: Json, where: Where) -> Json:
        self.fields(given, where, {"type", "block_id", "elements"}, {"elements"})

        def one(item: Any, at: Where) -> Json:
            if isinstance(item, dict) and item.get("type") == "image":
                return self.element(item, at, frozenset({"image"}))
            return self.text(item, at, 3000)

        return {"elements": self.each(given.get("elements"), f"{where}/elements", 1, 10, one)}

    def actions(self, given: Json, where: Where) -> Json:
        self.fields(given, where, {"type", "block_id", "elements"}, {"elements"})
        kept = self.each(
            given.get("elements"),
            f"{where}/elements",
            1,
            25,
            lambda item, at: self.element(item, at, _ACTIONS),
        )
        seen: set[str] = set()
        for i, item in enumerate(kept):
            action = item.get("action_id")
            if isinstance(action, str) and action in seen:
                self.wrong(f"`action_id` {action} already exists", f"{where}/elements/{i}")
            seen.add(str(action))
        return {"elements": kept}

    def input(self, given: Json, where: Where) -> Json:
        allowed = {"type", "block_id", "label", "element", "hint", "optional", "dispatch_action"}
        self.fields(given, where, allowed, {"label", "element"})
        kept: Json = {"optional": False, "dispatch_action": False}
        kept.update({k: v for k, v in given.items() if k != "block_id"})
        for name in ("label", "hint"):
            if name in given:
                kept[name] = self.text(given[name], f"{where}/{name}", 2000, plain=True)
        if "element" in given:
            kept["element"] = self.element(given["element"], f"{where}/element", _INPUTS)
        self.boolean(given, "optional", where)
        self.boolean(given, "dispatch_action", where)
        return kept

    def markdown(self, given: Json, where: Where) -> Json:
        self.fields(given, where, {"type", "block_id", "text"}, {"text"})
        self.string(given, "text", where, MARKDOWN_TEXT)
        if isinstance(given.get("text"), str):
            self._markdown += units(given["text"])
            self.text_length += len(given["text"])
            if self._markdown > MARKDOWN_TEXT:
                self.wrong(f"markdown is over {MARKDOWN_TEXT} characters in all", where)
        return {"text": given.get("text")}

    def rich_text(self, given: Json, where: Where) -> Json:
        self.fields(given, where, {"type", "block_id", "elements"}, {"elements"})
        elements = given.get("elements")
        if isinstance(elements, list):
            for i, item in enumerate(elements):
                self._rich(item, f"{where}/elements/{i}", _RICH_SECTIONS)
        elif elements is not None:
            self.wrong("must provide an array", f"{where}/elements")
        return {"elements": elements}

    def _rich(self, given: Any, where: Where, allowed: Mapping[str, set[str]]) -> None:
        kind = given.get("type") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(kind, str) or kind not in allowed:
            self.wrong(f"unsupported type: {kind}", f"{where}/type")
            return
        fields = allowed[kind]
        self.fields(given, where, fields | {"type", "style", "unsafe"}, set())
        if kind == "text":
            self.fields(given, where, set(given), {"text"})
            self.string(given, "text", where, 40_000)
            if isinstance(given.get("text"), str):
                self.text_length += len(given["text"])
        if "elements" not in fields:
            return
        inner = _RICH_SECTION_ONLY if kind == "rich_text_list" else _RICH_INLINE
        elements = given.get("elements")
        if not isinstance(elements, list):
            self.wrong("missing required field: elements", where)
            return
        for i, item in enumerate(elements):
            self._rich(item, f"{where}/elements/{i}", inner)

    # --- elements ----------------------------------------------------------------------------

    def each(
        self,
        given: Any,
        where: Where,
        least: int,
        most: int,
        check: Callable[[Any, Where], Kept],
    ) -> list[Kept]:
        if not isinstance(given, list):
            if given is not None:
                self.wrong("must provide an array", where)
            return []
        if len(given) > most:
            self.wrong(f"no more than {most} items allowed", where)
            return []
        if len(given) < least:
            self.wrong(f"no fewer than {least} items allowed", where)
        return [check(item, f"{where}/{i}") for i, item in enumerate(given)]

    def element(self, given: Any, where: Where, allowed: frozenset[str]) -> Json:
        if not isinstance(given, dict):
            self.wrong("must provide an object", where)
            return {}
        kind = given.get("type")
        if not isinstance(kind, str) or kind not in allowed:
            self.wrong(f"unsupported type: {kind}", f"{where}/type")
            return {}
        fields, required = _ELEMENTS[kind]
        known = set(fields.split()) | {"type"}
        if kind != "image":
            known.add("action_id")
        self.fields(given, where, known, set(required.split()))
        self.string(given, "action_id", where, 255)
        kept = dict(given)
        if kind != "image" and not given.get("action_id"):
            kept["action_id"] = self._new_id()
        self._common(given, kept, where)
        special = _SPECIAL.get(kind)
        if special is not None:
            special(self, given, kept, where)
        return kept

    def _common(self, given: Json, kept: Json, where: Where) -> None:
        if "placeholder" in given:
            at = f"{where}/placeholder"
            kept["placeholder"] = self.text(given["placeholder"], at, 150, plain=True)
        if "confirm" in given:
            kept["confirm"] = self.confirm(given["confirm"], f"{where}/confirm")
        if given.get("focus_on_load") is True:
            if self._focused:
                self.wrong("only one element can have focus_on_load", f"{where}/focus_on_load")
            self._focused = True
        for name in ("focus_on_load", "multiline", "is_decimal_allowed", "response_url_enabled",
                     "default_to_current_conversation"):  # fmt: skip
            self.boolean(given, name, where)
        self.integer(given, "max_selected_items", where, 1, 10**6)
        self.integer(given, "min_query_length", where, 0, 3000)
        if "dispatch_action_config" in given:
            self.dispatch(given["dispatch_action_config"], f"{where}/dispatch_action_config")

    def dispatch(self, given: Any, where: Where) -> None:
        if not isinstance(given, dict):
            self.wrong("must provide an object", where)
            return
        self.fields(given, where, {"trigger_actions_on"}, set())
        chosen = given.get("trigger_actions_on")
        allowed = {"on_enter_pressed", "on_character_entered"}
        if chosen is not None and not (
            isinstance(chosen, list) and chosen and set(map(str, chosen)) <= allowed
        ):
            self.wrong("must be valid enum values", f"{where}/trigger_actions_on")

    def confirm(self, given: Any, where: Where) -> Json:
        if not isinstance(given, dict):
            self.wrong("must provide an object", where)
            return {}
        named = {"title", "text", "confirm", "deny"}
        self.fields(given, where, named | {"style"}, named)
        self.choice(given, "style", where, ("primary", "danger"))
        kept = dict(given)
        for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            if name in given:
                kept[name] = self.text(given[name], f"{where}/{name}", most, plain=name != "text")
        return kept

    def option(self, given: Any, where: Where, mrkdwn: bool, url: bool) -> Json:
        if not isinstance(given, dict):
            self.wrong("must provide an object", where)
            return {}
        allowed = {"text", "value", "description"} | ({"url"} if url else set())
        self.fields(given, where, allowed, {"text", "value"} - ({"value"} if url else set()))
        self.string(given, "value", where, 150)
        self.string(given, "url", where, 3000)
        kept = dict(given)
        if "text" in given:
            kept["text"] = self.text(given["text"], f"{where}/text", 75, plain=not mrkdwn)
        if "description" in given:
            at = f"{where}/description"
            kept["description"] = self.text(given["description"], at, 75, plain=not mrkdwn)
        return kept

    def options(
        self, given: Json, kept: Json, where: Where, least: int, most: int,
        mrkdwn: bool = False, url: bool = False,
    ) -> None:  # fmt: skip
        """`options`, and the initial ones, which must be among them."""
        values: list[Json] = []
        if "options" in given:
            values = kept["options"] = self.each(
                given["options"],
                f"{where}/options",
                least,
                most,
                lambda item, at: self.option(item, at, mrkdwn, url),
            )
        if "option_groups" in given:
            kept["option_groups"] = self.each(
                given["option_groups"], f"{where}/option_groups", 1, 100, self.group
            )
            values = [o for group in kept["option_groups"] for o in group.get("options", ())]
        seen = [option.get("value") for option in values if option.get("value") is not None]
        if len(set(map(str, seen))) != len(seen):
            self.wrong("option values must be unique", f"{where}/options")
        chosen: list[tuple[Any, Where]] = []
        if "initial_option" in given:
            chosen = [(given["initial_option"], f"{where}/initial_option")]
        elif "initial_options" in given:
            at = f"{where}/initial_options"
            initial = given["initial_options"]
            if not isinstance(initial, list) or not initial:
                self.wrong("must provide a list of options", at)
            else:
                chosen = [(item, f"{at}/{i}") for i, item in enumerate(initial)]
        known = {compact(_bare(option)) for option in values}
        for item, at in chosen:
            if compact(_bare(self.option(item, at, mrkdwn, url))) not in known:
                self.wrong("must match one of the options exactly", at)

    def group(self, given: Any, where: Where) -> Json:
        if not isinstance(given, dict):
            self.wrong("must provide an object", where)
            return {}
        self.fields(given, where, {"label", "options"}, {"label", "options"})
        kept = dict(given)
        if "label" in given:
            kept["label"] = self.text(given["label"], f"{where}/label", 75, plain=True)
        kept["options"] = self.each(
            given.get("options"),
            f"{where}/options",
            1,
            100,
            lambda item, at: self.option(item, at, mrkdwn=False, url=False),
        )
        return kept

    def button(self, given: Json, kept: Json, where: Where) -> None:
        if "text" in given:
            kept["text"] = self.text(given["text"], f"{where}/text", 75, plain=True)
        self.string(given, "url", where, 3000)
        self.string(given, "value", where, 2000)
        self.string(given, "accessibility_label", where, 75)
        self.choice(given, "style", where, ("primary", "danger"))

    def image_element(self, given: Json, kept: Json, where: Where) -> None:
        self.image_source(given, where)
        self.string(given, "alt_text", where, 2000)

    def static_select(self, given: Json, kept: Json, where: Where) -> None:
        if ("options" in given) == ("option_groups" in given):
            self.wrong("must define either `options` or `option_groups`", where)
        self.options(given, kept, where, 1, 100)

    def checks(self, given: Json, kept: Json, where: Where) -> None:
        self.options(given, kept, where, 1, 10, mrkdwn=True)

    def overflow(self, given: Json, kept: Json, where: Where) -> None:
        self.options(given, kept, where, 1, 5, url=True)

    def text_input(self, given: Json, kept: Json, where: Where) -> None:
        self.string(given, "initial_value", where, 3000, least=0)
        self.integer(given, "min_length", where, 0, 3000)
        self.integer(given, "max_length", where, 1, 3000)
        least, most = given.get("min_length"), given.get("max_length")
        if isinstance(least, int) and isinstance(most, int) and least > most:
            self.wrong("min_length must not exceed max_length", where)

    def date(self, given: Json, kept: Json, where: Where) -> None:
        self.matches(given, "initial_date", where, _DATE)

    def time(self, given: Json, kept: Json, where: Where) -> None:
        self.matches(given, "initial_time", where, _TIME)

    def datetime(self, given: Json, kept: Json, where: Where) -> None:
        self.integer(given, "initial_date_time", where, 10**9, 10**10 - 1)

    def number(self, given: Json, kept: Json, where: Where) -> None:
        for name in ("initial_value", "min_value", "max_value"):
            self.string(given, name, where, 100)

    def files(self, given: Json, kept: Json, where: Where) -> None:
        self.integer(given, "max_files", where, 1, 10)


def _bare(option: Json) -> Json:
    """An option by what makes it the same."""
    text = option.get("text")
    return {"text": text.get("text") if isinstance(text, dict) else None,
            "value": option.get("value")}  # fmt: skip


_BLOCKS: Mapping[str, Callable[[_Check, Json, Where], Json]] = {
    "actions": _Check.actions,
    "context": _Check.context,
    "divider": _Check.divider,
    "header": _Check.header,
    "image": _Check.image,
    "input": _Check.input,
    "markdown": _Check.markdown,
    "rich_text": _Check.rich_text,
    "section": _Check.section,
    "table": _Check.table,
}

_PICKED = "placeholder confirm focus_on_load"
_WRITTEN = "initial_value dispatch_action_config focus_on_load placeholder"

_ELEMENTS: Mapping[str, tuple[str, str]] = {
    # type: (fields it may have, fields it must have)
    "button": ("text url value style confirm accessibility_label", "text"),
    "checkboxes": ("options initial_options confirm focus_on_load", "options"),
    "datepicker": (f"initial_date {_PICKED}", ""),
    "datetimepicker": ("initial_date_time confirm focus_on_load", ""),
    "timepicker": (f"initial_time timezone {_PICKED}", ""),
    "email_text_input": (_WRITTEN, ""),
    "url_text_input": (_WRITTEN, ""),
    "number_input": (f"is_decimal_allowed min_value max_value {_WRITTEN}", "is_decimal_allowed"),
    "file_input": ("filetypes max_files", ""),
    "image": ("alt_text image_url slack_file", "alt_text"),
    "overflow": ("options confirm", "options"),
    "plain_text_input": (f"multiline min_length max_length {_WRITTEN}", ""),
    "radio_buttons": ("options initial_option confirm focus_on_load", "options"),
    "rich_text_input": (_WRITTEN, ""),
    "static_select": (f"options option_groups initial_option {_PICKED}", ""),
    "external_select": (f"initial_option min_query_length {_PICKED}", ""),
    "users_select": (f"initial_user {_PICKED}", ""),
    "channels_select": (f"initial_channel response_url_enabled {_PICKED}", ""),
    "conversations_select": (
        "initial_conversation default_to_current_conversation response_url_enabled filter "
        + _PICKED,
        "",
    ),
    "multi_static_select": (
        f"options option_groups initial_options max_selected_items {_PICKED}",
        "",
    ),
    "multi_external_select": (
        f"initial_options min_query_length max_selected_items {_PICKED}",
        "",
    ),
    "multi_users_select": (f"initial_users max_selected_items {_PICKED}", ""),
    "multi_channels_select": (f"initial_channels max_selected_items {_PICKED}", ""),
    "multi_conversations_select": (
        "initial_conversations default_to_current_conversation filter max_selected_items "
        + _PICKED,
        "",
    ),
}

_SPECIAL: Mapping[str, Callable[[_Check, Json, Json, Where], None]] = {
    "button": _Check.button,
    "checkboxes": _Check.checks,
    "datepicker": _Check.date,
    "datetimepicker": _Check.datetime,
    "file_input": _Check.files,
    "image": _Check.image_element,
    "multi_static_select": _Check.static_select,
    "number_input": _Check.number,
    "overflow": _Check.overflow,
    "plain_text_input": _Check.text_input,
    "radio_buttons": _Check.checks,
    "static_select": _Check.static_select,
    "timepicker": _Check.time,
}

_SELECTS = frozenset(kind for kind in _ELEMENTS if kind.endswith("_select"))
_PICKERS = frozenset({"checkboxes", "datepicker", "radio_buttons", "timepicker"})
_ACCESSORIES = _SELECTS | _PICKERS | {"button", "image", "overflow"}
_ACTIONS = _SELECTS | _PICKERS | {"button", "datetimepicker", "overflow", "rich_text_input"}
_INPUTS = (
    _SELECTS
    | _PICKERS
    | {
        "datetimepicker", "email_text_input", "file_input", "number_input", "plain_text_input",
        "rich_text_input", "url_text_input",
    }
)  # fmt: skip

_RICH_INLINE: Mapping[str, set[str]] = {
    "broadcast": {"range"},
    "channel": {"channel_id"},
    "color": {"value"},
    "date": {"timestamp", "format", "url", "fallback"},
    "emoji": {"name", "unicode", "skin_tone", "display_url", "url"},
    "link": {"url", "text"},
    "text": {"text"},
    "user": {"user_id"},
    "usergroup": {"usergroup_id"},
}
_RICH_SECTIONS: Mapping[str, set[str]] = {
    "rich_text_section": {"elements"},
    "rich_text_preformatted": {"elements", "border", "language"},
    "rich_text_quote": {"elements", "border"},
    "rich_text_list": {"elements", "indent", "offset", "border"},
}
_RICH_SECTION_ONLY = {"rich_text_section": {"elements"}}

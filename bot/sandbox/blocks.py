"""Block Kit: what Slack takes, and how it says what it does not take."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bot.sandbox.errors import Refusal
from bot.sandbox.model import Json

MESSAGE_BLOCKS = 50


def message(blocks: Any, block_id: Callable[[], str]) -> list[Json]:
    """The blocks of a message, each with a block ID. Raises Refusal `invalid_blocks`."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Refusal("invalid_blocks_format")
    if len(blocks) > MESSAGE_BLOCKS:
        raise Refusal(
            "invalid_blocks", ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]
        )
    return [{"block_id": block_id(), **block} for block in blocks]


def compact(value: Any) -> str:
    """JSON without blanks, as sizes are counted."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

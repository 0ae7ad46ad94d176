"""Renders one template in a process of its own, with little time and memory.

A template can loop for ever or grow without bounds, and nothing inside this process could end it.
The input is JSON on standard input: `text`, and `values`, of which those that are mrkdwn already are
`{"mrkdwn": "…"}`. The output is JSON: `text`, or `error` with one line. A process that is ended by
its limits prints nothing.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bot.errors import UserError
from bot.markup.ready import Mrkdwn
from bot.texts import _

CPU_SECONDS, WALL_SECONDS = 2, 10
MEMORY_BYTES = 512 * 2**20
MAX_TEXT_LENGTH = 100_000


def rendered(text: str, values: Mapping[str, Any]) -> str:
    """What a template writes with these values. Raises UserError, one line, where it cannot."""
    return _rendered(text, json.dumps({k: _pack(v) for k, v in values.items()}, sort_keys=True))


@lru_cache(maxsize=64)
def _rendered(text: str, values: str) -> str:
    whole = json.dumps({"text": text, "values": json.loads(values)})
    try:
        done = subprocess.run(  # noqa: S603 - this module, by this interpreter
            [sys.executable, "-m", __name__],
            input=whole,
            capture_output=True,
            text=True,
            timeout=WALL_SECONDS,
            check=False,
        )
        answer = json.loads(done.stdout) if done.stdout else {}
    except subprocess.TimeoutExpired:
        answer = {}
    if "text" not in answer:
        raise UserError(
            str(answer.get("error") or "")
            or _("the template takes too much time or memory; remove its loops")
        )
    return str(answer["text"])


def _pack(value: Any) -> Any:
    if isinstance(value, Mrkdwn):
        return {"mrkdwn": str(value)}
    if isinstance(value, Mapping):
        return {name: _pack(item) for name, item in value.items()}
    return [_pack(item) for item in value] if isinstance(value, list) else value


def _unpack(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"mrkdwn"}:
            return Mrkdwn(value["mrkdwn"])
        return {name: _unpack(item) for name, item in value.items()}
    return [_unpack(item) for item in value] if isinstance(value, list) else value


def _main() -> None:
    from bot.library.templates import render_here  # noqa: PLC0415 - which imports this

    given = json.load(sys.stdin)
    end = round(time.process_time()) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (end, end + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        answer = {"text": render_here(given["text"], _unpack(given["values"]))[:MAX_TEXT_LENGTH]}
    except UserError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main()

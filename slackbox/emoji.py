"""Which emoji there are, by Slack's names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

_TABLE = files("slackbox.page") / "static" / "emoji.tsv"
_TONES = frozenset(f"skin-tone-{tone}" for tone in range(2, 7))


@lru_cache(maxsize=1)
def _names() -> Mapping[str, tuple[str, bool]]:
    """For each name the usual one of that emoji, and whether it has skin tones."""
    found: dict[str, tuple[str, bool]] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        names, *points = line.split("\t")
        usual, *others = names.split()
        for name in (usual, *others):
            found[name] = (usual, len(points) > 1)
    return found


def usual(name: str, custom: Mapping[str, str]) -> str | None:
    """The name by which Slack keeps a reaction: `thumbsup` is `+1`; None for no emoji.

    `custom` is the workspace's own emoji: an address for each, or `alias:NAME`.
    """
    base, _, tone = name.partition("::")
    if base in custom:
        return base if not tone else None
    known = _names().get(base)
    if known is None or (tone and (tone not in _TONES or not known[1])):
        return None
    return f"{known[0]}::{tone}" if tone else known[0]

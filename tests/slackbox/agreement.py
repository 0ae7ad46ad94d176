"""Compares the sandbox with recorded traffic and with Slack's reference.

    python -m tests.sandbox.agreement [--missing] [FOLDER]

prints how many fields of recorded answers and events the sandbox has with the same type, how many
pairs of a method and an error code that it answers are documented, and how many documented
arguments it takes. Fields that only Enterprise Grid, Slack Connect or a user token explains are
left out. FOLDER holds `answers.json`, `events.json` and `methods.json`, `../shared/slack` if it is not given;
`--missing` also lists what does not agree.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from slackbox.errors import COMMON, FIELD_SEEN
from slackbox.methods import METHODS
from slackbox.server import Sandbox
from tests.slackbox.tour import Tour, everything

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT.parent / "shared" / "slack"

Json = dict[str, Any]
Types = dict[str, set[str]]
"""JSON types by path: `messages[].user` → {"string"}."""

EXPLAINED: tuple[tuple[str, str], ...] = (
    ("Enterprise Grid", r"enterprise|is_org_|is_global_shared|sso_provider|user\.teams\b"),
    (
        "Slack Connect",
        r"connected_|conversation_host_id|internal_team_ids|pending_shared|slack_connect|stranger",
    ),
    (
        "user tokens",
        r"last_read|unread_count|is_starred|has_2fa|two_factor_type|guest_invited_by"
        r"|is_invited_user",
    ),
)


@dataclass
class Facts:
    """What is known of Slack."""

    answers: dict[str, dict[str, list[str]]]
    events: dict[str, dict[str, list[str]]]
    methods: dict[str, Json]


def facts(folder: Path = FACTS) -> Facts:
    """The facts in a folder. Raises OSError where a file is missing."""
    return Facts(
        *(
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in ("answers.json", "events.json", "methods.json")
        )
    )


def fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The paths in a JSON value with the type that each has."""
    if path:
        yield path, _type(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from fields(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from fields(item, f"{path}[]")


def _type(value: Any) -> str:
    kinds = ((bool, "boolean"), (str, "string"), ((int, float), "number"), (list, "array"))
    for kind, name in kinds:
        if isinstance(value, kind):
            return name
    return "null" if value is None else "object"


def types_of(values: Iterable[Json]) -> Types:
    """The paths and their types in several JSON objects."""
    found: Types = {}
    for value in values:
        for path, kind in fields(value):
            found.setdefault(path, set()).add(kind)
    return found


@dataclass(frozen=True)
class Agreement:
    """How far fields agree: those with the same type, those that are missing, those of another."""

    same: frozenset[str]
    missing: frozenset[str]
    other: frozenset[str]


def compare(name: str, recorded: Mapping[str, Sequence[str]], seen: Types) -> Agreement:
    """Compares the fields of an answer or an event with the recorded ones.

    Left out are fields that EXPLAINED names, unless their type differs, and those of which only
    `null` or an empty list was seen: recordings have no `null`.
    """
    same, missing, other = set(), set(), set()
    for path, kinds in recorded.items():
        where = f"{name} {path}"
        found = seen.get(path, set()) - {"null"}
        if found - set(kinds):
            other.add(f"{where}: {sorted(found)} instead of {sorted(kinds)}")
        elif any(re.search(pattern, path) for _why, pattern in EXPLAINED):
            continue
        elif found:
            same.add(where)
        elif path in seen or (path.endswith("[]") and path.removesuffix("[]") in seen):
            continue  # null, or an element of a list that is empty
        else:
            missing.add(where)
    return Agreement(frozenset(same), frozenset(missing), frozenset(other))


async def travelled() -> Tour:
    """The tour through a sandbox, once."""
    async with (
        Sandbox(everything()) as box,
        aiohttp.ClientSession() as session,
    ):
        tour = Tour(box, session)
        await tour.furnish()
        await tour.visit()
        return tour


def answers(known: Facts, tour: Tour) -> Agreement:
    """All recorded answers of methods that the sandbox has."""
    said: dict[str, list[Json]] = defaultdict(list)
    for method, answer in tour.answers:
        said[method].append(answer)
    parts = [
        compare(method, recorded, types_of(said[method]))
        for method, recorded in known.answers.items()
        if method in METHODS
    ]
    return _together(parts)


def events(known: Facts, tour: Tour) -> Agreement:
    """All recorded events of kinds that the sandbox tells."""
    told: dict[str, list[Json]] = defaultdict(list)
    for payload in tour.listener.events:
        told[payload["event"]["type"]].append(payload)
    parts = [
        compare(kind, recorded, types_of(told[kind]))
        for name, recorded in known.events.items()
        if (kind := _kind(name)) in told
    ]
    return _together(parts)


def _kind(name: str) -> str:
    """`ChannelArchivePayload` → `channel_archive`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Payload")).lower()


def _together(parts: Iterable[Agreement]) -> Agreement:
    found = list(parts)
    return Agreement(
        *(
            frozenset().union(*(getattr(part, name) for part in found))
            for name in ("same", "missing", "other")
        )
    )


def pairs() -> set[tuple[str, str]]:
    """Each method with each error code that the sandbox can answer for it."""
    return {(m.name, code) for m in METHODS.values() for code in m.errors | COMMON}


def documented(known: Facts, pair: tuple[str, str]) -> bool:
    """Whether the page of the method lists the code."""
    method, code = pair
    return code in known.methods[method]["errors"]


def seen_in_the_field(pair: tuple[str, str]) -> bool:
    """Whether a report says that the method answered the code."""
    method, code = pair
    return bool({(method, code), ("*", code)} & FIELD_SEEN.keys())


def arguments(known: Facts) -> dict[tuple[str, str], Json]:
    """The documented arguments of the methods that the sandbox has."""
    return {
        (method, name): described
        for method, facts_of in known.methods.items()
        if method in METHODS
        for name, described in facts_of["args"].items()
    }


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FACTS)
    parser.add_argument("--missing", action="store_true", help="list what does not agree, too")
    options = parser.parse_args()
    known = facts(options.folder)
    tour = asyncio.run(travelled())
    rest: list[str] = []
    for what, found in (("answers", answers(known, tour)), ("events", events(known, tour))):
        whole = len(found.same) + len(found.missing) + len(found.other)
        print(f"{what}: {len(found.same)} of {whole} fields agree")
        rest += [*sorted(found.other), *sorted(found.missing)]
    codes = pairs()
    listed = {pair for pair in codes if documented(known, pair)}
    field = {pair for pair in codes - listed if seen_in_the_field(pair)}
    print(f"codes: {len(listed)} of {len(codes)} pairs are documented, {len(field)} seen elsewhere")
    asked = arguments(known)
    taken = {pair for pair in asked if pair[1] in METHODS[pair[0]].args}
    print(f"arguments: {len(taken)} of {len(asked)} are taken")
    if options.missing:
        rest += [" ".join(pair) for pair in sorted((codes - listed - field) | (set(asked) - taken))]
        print(*rest, sep="\n")


if __name__ == "__main__":
    main()

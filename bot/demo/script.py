"""What a play consists of: people, and what they do when. From a script of our own, or from
an archive page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bot.library.formats import Entry
from bot.markup import from_markdown
from bot.sessions.model import Event

VERBS = ("ask", "thread", "reply", "edit", "delete", "react")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MENTION = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone of the play: the key it is known by, names as in a Slack profile, IANA zone."""

    key: str
    display_name: str
    real_name: str
    tz: str = "UTC"


@dataclass(frozen=True, slots=True)
class Act:
    """What one person does at one moment (aware UTC).

    `verb` is one of VERBS; `label` names the message it makes, `to` the message it is about.
    `text` is mrkdwn in which `{key}` mentions a person, unless `blocks` are given.
    """

    at: datetime
    who: str
    verb: str
    text: str = ""
    blocks: Sequence[Mapping[str, Any]] = ()
    label: str | None = None
    to: str | None = None
    emoji: str = ""
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """People, and their acts in order of time."""

    people: tuple[Actor, ...]
    acts: tuple[Act, ...] = field(default=())


def load(path: Path, start: datetime) -> Script:
    """The script in a YAML file, its week beginning on the day of `start` (aware UTC).

    Raises ValueError for an act that has no verb or refers to nothing.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    people = tuple(
        Actor(key, who["display"], who["real"], who["tz"]) for key, who in data["people"].items()
    )
    acts = tuple(_act(raw, start) for raw in data["acts"])
    labels: set[str] = set()
    for act in acts:
        if act.to is not None and act.to not in labels:
            raise ValueError(f"{path.name}: nothing is called {act.to!r} before {act.at}")
        if act.label:
            labels.add(act.label)
    return Script(people, acts)


def of_archive(event: Event, threads: Sequence[Entry]) -> Script:
    """An archive page as the session it could have been.

    An archive has no times: questions are spread evenly over the session, the replies of each
    come before the next question, so that the order of questions and of the replies of each
    question is the page's. Everyone who goes by one name is one person.
    """
    names = dict.fromkeys(
        name for thread in threads for name in (thread.name, *(r.name for r in thread.replies))
    )
    people = tuple(Actor(f"p{n}", name, name) for n, name in enumerate(names))
    keys = {actor.display_name: actor.key for actor in people}
    count = sum(1 + len(thread.replies) for thread in threads)
    step = min(timedelta(minutes=10), (event.end - event.start) / (count + 2))
    acts: list[Act] = []

    def add(entry: Entry, verb: str, label: str | None, to: str | None) -> None:
        message = from_markdown(entry.text)
        at = event.start + step * (len(acts) + 1)
        acts.append(Act(at, keys[entry.name], verb, message["text"], message["blocks"], label, to))

    for number, thread in enumerate(threads):
        label = f"q{number}"
        add(thread, "ask", label, None)
        for reply in thread.replies:
            add(reply, "reply", None, label)
    return Script(people, tuple(acts))


def mentions(text: str, ids: Mapping[str, str]) -> str:
    """The text with `{key}` made Slack's mention of that person; other braces stay."""
    return _MENTION.sub(lambda m: f"<@{ids[m[1]]}>" if m[1] in ids else m[0], text)


def named(text: str, names: Mapping[str, str]) -> str:
    """The text with `{key}` made that person's name, to be read outside Slack."""
    return _MENTION.sub(lambda m: names.get(m[1], m[0]), text)


def _act(raw: Mapping[str, Any], start: datetime) -> Act:
    verb = next((v for v in VERBS if v in raw), None)
    if verb is None:
        raise ValueError(f"an act has no verb: {dict(raw)}")
    said = str(raw[verb])
    return Act(
        at=_moment(str(raw["at"]), start),
        who=str(raw["who"]),
        verb=verb,
        text="" if verb in ("delete", "react") else said,
        label=raw.get("as"),
        to=said if verb == "delete" else raw.get("to"),
        emoji=said if verb == "react" else "",
        broadcast=bool(raw.get("broadcast", False)),
    )


def _moment(text: str, start: datetime) -> datetime:
    """`Tue 09:15` in the week that begins on the day of `start`."""
    day, clock = text.split()
    hour, minute = clock.split(":")
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=DAYS.index(day), hours=int(hour), minutes=int(minute))

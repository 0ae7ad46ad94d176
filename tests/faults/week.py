"""What people do in a week, from a seed: they ask, answer, edit, delete, react."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from bot.sandbox.client import Control

CHANNEL = "book-of-the-week"
EMOJI = ("+1", "eyes", "tada", "heart", "raised_hands")
WORDS = [
    "why",
    "how",
    "does",
    "the",
    "parser",
    "model",
    "*bold*",
    "_it_",
    "`code`",
    "query",
    "index",
    "🙂",
    "für",
    "données",
    "–",
    "chapter",
    "“two”",
    "https://example.com/a?b=1",
    "&",
    "<",
    ">",
    "tokens",
    "attention",
    "batch",
    "of",
    "in",
    "is",
    "that",
    "with",
]


@dataclass(slots=True)
class _Written:
    """A message somebody wrote; `ts` is known once it stands."""

    who: str
    root: _Written | None = None
    ts: str = ""
    gone: bool = False
    reactions: set[tuple[str, str]] = field(default_factory=set)


class Week:
    """People who act in the sandbox. The same seed does the same things in the same order."""

    def __init__(self, control: Control, seed: int, people: int):
        self._control = control
        self._random = Random(seed)
        self._count = people
        self.people: list[str] = []
        self.messages: list[_Written] = []
        self.announcement: str | None = None
        self.written = 0

    async def enter(self) -> None:
        """Everybody joins the channel."""
        acts = [
            {
                "act": "add_person",
                "real_name": f"Reader {number} Person",
                "display_name": f"Reader {number}",
                "channels": [CHANNEL],
            }
            for number in range(self._count)
        ]
        for start in range(0, len(acts), 100):
            done = await self._control.acts(*acts[start : start + 100])
            self.people += [str(result["user"]) for result in done]

    async def act(self, count: int) -> None:
        """So many things happen, one after another."""
        acts: list[dict[str, Any]] = []
        posted: list[_Written | None] = []
        for _ in range(count):
            act, message = self._next()
            acts.append(act)
            posted.append(message)
        results = await self._control.acts(*acts)
        for message, result in zip(posted, results, strict=True):
            if message is not None:
                if "ts" not in result:
                    raise AssertionError(f"the sandbox refused a message: {result}")
                message.ts = str(result["ts"])
                self.messages.append(message)
                self.written += 1

    def _next(self) -> tuple[dict[str, Any], _Written | None]:
        random = self._random
        standing = [m for m in self.messages[-400:] if not m.gone]
        kind = random.random()
        if kind < 0.35 or len(standing) < 5:
            return self._post(None)
        if kind < 0.65:
            return self._post(random.choice([m for m in standing if m.root is None] or standing))
        message = random.choice(standing)
        if kind < 0.78:
            return self._on("edit", message, message.who, text=self._text()), None
        if kind < 0.84:
            message.gone = True
            return self._on("delete", message, message.who), None
        if kind < 0.94 or not message.reactions:
            who, name = random.choice(self.people), random.choice(EMOJI)
            if (who, name) in message.reactions:
                message.reactions.discard((who, name))
                return self._on("unreact", message, who, name=name), None
            message.reactions.add((who, name))
            return self._on("react", message, who, name=name), None
        who, name = random.choice(sorted(message.reactions))
        message.reactions.discard((who, name))
        return self._on("unreact", message, who, name=name), None

    def _post(self, root: _Written | None) -> tuple[dict[str, Any], _Written]:
        random = self._random
        top = root.root or root if root is not None else None
        message = _Written(random.choice(self.people), top)
        act: dict[str, Any] = {
            "act": "post",
            "person": message.who,
            "channel": CHANNEL,
            "text": self._text(),
        }
        if top is not None:
            act["thread_ts"] = top.ts
            act["broadcast"] = random.random() < 0.05
        elif self.announcement is not None and random.random() < 0.1:
            act["thread_ts"] = self.announcement
        return act, message

    def _on(self, act: str, message: _Written, who: str, **more: str) -> dict[str, Any]:
        return {"act": act, "person": who, "channel": CHANNEL, "ts": message.ts, **more}

    def _text(self) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.randrange(3, 40)))

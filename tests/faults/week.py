"""What people do in a week, from a seed: they ask, answer, edit, delete, react.

Every text has a mark of its own, `mk7z`, by which it is found again wherever it ends up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from slackbox.client import Control

CHANNEL = "book-of-the-week"
AUTHORS = ("Ada Author", "Bela Writer")
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
    text: str = ""
    ts: str = ""
    gone: bool = False
    reactions: set[tuple[str, str]] = field(default_factory=set)


class Week:
    """People who act in the sandbox. The same seed does the same things in the same order.

    Authors answer in threads and outside of them, where the bot has to find the question.
    """

    def __init__(self, control: Control, seed: int, people: int):
        self._control = control
        self._random = Random(seed)
        self._count = people
        self._marks = count()
        self.people: list[str] = []
        self.authors: list[str] = []
        self.messages: list[_Written] = []
        self.announcement: str | None = None
        self.written = 0

    async def enter(self) -> None:
        """Everybody joins the channel."""
        self.authors = await self.join(*AUTHORS)
        self.people = await self.join(*(f"Reader {number}" for number in range(self._count)))

    async def join(self, *names: str) -> list[str]:
        """People of these names come into the channel; gives their IDs."""
        found = []
        for start in range(0, len(names), 100):
            acts = [
                {
                    "act": "add_person",
                    "real_name": name,
                    "display_name": name,
                    "channels": [CHANNEL],
                }
                for name in names[start : start + 100]
            ]
            found += [str(result["user"]) for result in await self._control.acts(*acts)]
        return found

    def mark(self) -> str:
        """A word that stands in no other text."""
        return f"mk{next(self._marks)}z"

    def standing(self) -> list[_Written]:
        """Questions of readers that were not deleted."""
        return [m for m in self.messages if not m.gone and m.root is None and m.who in self.people]

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
        if kind < 0.30 or len(standing) < 5:
            return self._post(None)
        if kind < 0.35:
            return self._answer(random.choice(self.standing() or standing))
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
        writers = self.people if top is None or random.random() < 0.8 else self.authors
        message = _Written(random.choice(writers), top, self._text())
        act = self._write(message)
        if top is not None:
            act["thread_ts"] = top.ts
            act["broadcast"] = random.random() < 0.05
        elif self.announcement is not None and random.random() < 0.1:
            act["thread_ts"] = self.announcement
        return act, message

    def _answer(self, question: _Written) -> tuple[dict[str, Any], _Written]:
        """An author answers outside the thread, in words of the question."""
        words = [word for word in question.text.split() if not word.startswith("mk")]
        answer = f"<@{question.who}> Yes, {' '.join(words)}: {self.mark()}"
        message = _Written(self._random.choice(self.authors), None, answer)
        return self._write(message), message

    def _write(self, message: _Written) -> dict[str, Any]:
        return {"act": "post", "person": message.who, "channel": CHANNEL, "text": message.text}

    def _on(self, act: str, message: _Written, who: str, **more: str) -> dict[str, Any]:
        return {"act": act, "person": who, "channel": CHANNEL, "ts": message.ts, **more}

    def _text(self) -> str:
        words = self._random.choices(WORDS, k=self._random.randrange(3, 40))
        return " ".join([*words, self.mark()])

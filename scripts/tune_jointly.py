"""Fits the weights by which bot/sessions/pairing/jointly.py weighs messages against one another.

    python scripts/tune_jointly.py FILE... --labels FILE.tsv... --sessions tests/pairing/sessions/FILE.txt...
        [--torn FILE...] [--steps 12] [--pull 0.5] [--meaning]

These are the weights of order, of messages in a row, of a co-author's additions and of what is
answered twice. The likelihood of the right questions is raised by gradient steps (Adam; Kingma and
Ba, 2015): in the entries that the labels name, in invented sessions, and in answers torn out of the
threads of pages, once with what life has (bot/laboratory/life.py). A pull keeps each weight near the
one that is in the table now. The weights of what a message says by itself are as they are. With
`--meaning` everything is read once by words and once with the language model.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.laboratory import labels as labelling
from bot.laboratory.detach import detach
from bot.laboratory.life import live
from bot.library import mending
from bot.meaning import Model
from bot.sessions.pairing import Meaning, jointly
from bot.sessions.pairing import chain as chains
from bot.sessions.pairing.chain import Chain
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.session import SessionFeatures
from bot.sessions.pairing.weights import TABLE
from tests.pairing.sessions import sessions

Truth = Mapping[str, frozenset[str]]
WEIGHTS = {"labels": 3.0, "sessions": 1.5, "torn": 1.0}
"""What each kind of text counts, before the root of how many answers it has."""
TORN = (False, False, True)
"""How often each page is torn, and whether with life."""
NAMES = [
    name
    for name in TABLE
    if name.startswith(("same, ", "adds to it", "answered twice"))
    or name
    in (
        *("next open question", "open questions skipped", "back", "questions back", "talks"),
        *(
            "answers one that waits",
            "turns to one they answered",
            "names whom nothing waits for",
            "another of theirs waits",
        ),
    )
]


@dataclass(frozen=True)
class Task:
    """A session, and which questions are right."""

    laid: SessionFeatures
    chains: Sequence[Chain]
    truth: Truth
    weight: float

    def _fits(self, choice: jointly.Choice) -> bool:
        """Whether the messages of a span may be in its state, by the truth."""
        nodes = choice.chain.nodes[choice.span.first : choice.span.last + 1]
        known = (self.truth[node.post.id] for node in nodes if node.post.id in self.truth)
        return all(choice.state in right if right else choice.state is None for right in known)

    def climb(self, table: Mapping[str, float], slope: dict[str, float]) -> float:
        """Adds the slope of the logarithm of the truth's share; gives that logarithm."""
        session = jointly.Session(self.laid, self.chains, table)
        whole, every = session.shares()
        session.choices = [
            {state: list(filter(self._fits, spans)) for state, spans in here.items()}
            for here in session.choices
        ]
        right, some = session.shares()
        if right == -math.inf:
            return 0.0  # the truth is not among the ways
        for sign, found in ((1, some), (-1, every)):
            for step, share in found:
                choice = step.choice
                for values in (step.values, *choice.span.joins(choice.chain.nodes)):
                    for name in values.keys() & slope.keys():
                        slope[name] += sign * self.weight * share * values[name]
        return self.weight * (right - whole)


def task(
    posts: list[Post] | tuple[Post, ...], truth: Truth, weight: float, meaning: Meaning | None
) -> Task:
    """A session to fit to."""
    laid = SessionFeatures(posts)
    found = chains.build(laid, TABLE, meaning=meaning)
    chains.run(laid, found, TABLE)
    return Task(laid, found, truth, weight / math.sqrt(len(truth)))


def tasks(given: argparse.Namespace, meaning: Meaning | None) -> list[Task]:
    """All that there is to fit to, by words or with a model."""
    found = []
    labels = [label for path in given.labels for label in labelling.read(path)]
    for path in given.files:
        truth = {one.entry: one.questions for one in labels if one.file == path.stem}
        if truth:
            posts = mending.read(path).posts()
            found.append(task(posts, truth, WEIGHTS["labels"], meaning))
    for path in given.sessions:
        for session in sessions(path.name):
            truth = {post: questions for post, (_, questions) in session.labels.items()}
            found.append(task(session.posts, truth, WEIGHTS["sessions"], meaning))
    for path in given.torn:
        for number, lives in enumerate(TORN):
            dice = Random(f"fit {number} {path.name}")
            detached = detach(mending.read(path).posts(), dice, 0.3)
            posts, truth = (
                detached.posts,
                {post: frozenset({one}) for post, one in detached.truth.items()},
            )
            if lives:
                lived = live(detached, dice)
                posts, truth = lived.posts, dict(lived.truth)
            if truth:
                found.append(task(posts, truth, WEIGHTS["torn"], meaning))
    return found


def fit(todo: list[Task], steps: int, pull: float) -> dict[str, float]:
    """The weights after so many steps from those of the table."""
    table = dict(TABLE)
    mean, spread = dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0)
    for step in range(1, steps + 1):
        slope = dict.fromkeys(NAMES, 0.0)
        likelihood = sum(one.climb(table, slope) for one in todo)
        rate = 0.3 * (1 - 0.7 * step / steps)
        for name in NAMES:
            here = slope[name] - pull * (table[name] - TABLE[name])
            mean[name] = 0.9 * mean[name] + 0.1 * here
            spread[name] = 0.95 * spread[name] + 0.05 * here * here
            by = mean[name] / (1 - 0.9**step)
            table[name] += rate * by / (math.sqrt(spread[name] / (1 - 0.95**step)) + 1e-3)
        print(f"step {step}: {likelihood:.3f}", flush=True)
    return {name: round(table[name], 2) for name in NAMES}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--labels", nargs="+", type=Path, default=[])
    parser.add_argument("--sessions", nargs="+", type=Path, default=[])
    parser.add_argument("--torn", nargs="+", type=Path, default=[])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--pull", type=float, default=0.5)
    parser.add_argument("--meaning", action="store_true")
    given = parser.parse_args()
    todo = tasks(given, None)
    if given.meaning:
        model = Model()
        todo += tasks(given, model)
        model.close()
    print(json.dumps(fit(todo, given.steps, given.pull), indent=4))


if __name__ == "__main__":
    main()

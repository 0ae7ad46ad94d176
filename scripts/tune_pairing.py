"""Fits the weights of bot/sessions/pairing/weights.py, whole books held out in turn.

    python scripts/tune_pairing.py FILE... --labels FILE.tsv... [--leave-out] [--steps 20] [--pull 0.5]
        [--home FILE.json] [--torn FILE...] [--meaning]

The likelihood of the right questions is raised by gradient steps (Adam; Kingma and Ba, 2015): those
of the entries that the labels name, and of answers torn out of threads, with and without what life
has (bot/laboratory/life.py). A pull keeps each weight near the one that is in the table now, or in
the file given with `--home` (scripts/pairing_start.json has the weights that were set by hand
before any entry was labelled). The weights of the language model are not fitted. How an answer is
divided into messages is not given; the likelihood sums over all ways. With `--leave-out` the books
are held out in five groups, and each is measured by weights that were fitted to the other groups:
on its labels, and on torn answers where it is one of those that `--torn` names; with `--meaning` by
the language model, too. Needs numpy, which the extra `meaning` brings.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bot.laboratory import labels as labelling
from bot.laboratory.detach import detach
from bot.laboratory.evaluate import Guess, guesses, report
from bot.laboratory.labels import Judged, Label
from bot.laboratory.life import live
from bot.library import mending
from bot.library.mending import Page
from bot.meaning import Model
from bot.sessions.pairing import Meaning, linked, pair
from bot.sessions.pairing import chain as chains
from bot.sessions.pairing.chain import Chain, Node, Span, State
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.session import SessionFeatures
from bot.sessions.pairing.signals import Values
from bot.sessions.pairing.weights import ALIKE, TABLE
from bot.sessions.pairing.weights import PLACE as PLACE_SIGNALS

Truth = Mapping[str, frozenset[str]]
Array = Any
NAMES = list(TABLE)
PLACE = {name: place for place, name in enumerate(NAMES)}
WAYS = ((0.3, False), (0.5, False), (0.3, True), (0.3, True))
"""How each page is torn for the fit: what share, and whether with life."""
WEIGHTS = {"labels": 1.5, "torn": 1.0, "life": 1.0}
"""What each way counts, before the root of how many answers it has."""
GROUPS = 5
SEEDS = range(1, 6)
"""The seeds of the torn answers that books left out are measured on."""
MASKS = [
    np.array([name in group for name in NAMES], dtype=float)
    for group in (PLACE_SIGNALS, set(NAMES) - PLACE_SIGNALS - ALIKE, ALIKE)
]
NEVER = -1e30


def vector(values: Values) -> Array:
    """Signals as an array in the order of the table."""
    found = np.zeros(len(NAMES))
    for name, value in values.items():
        found[PLACE[name]] += value
    return found


def log_sum(values: Array, axis: int | None = None) -> Array:
    """The logarithm of the sum of the powers of e; NEVER stands for that of nothing."""
    top = np.max(values, axis=axis, keepdims=True)
    top = np.where(top < NEVER / 2, 0, top)
    with np.errstate(divide="ignore"):
        found = np.log(np.sum(np.exp(values - top), axis=axis, keepdims=True)) + top
    found = np.maximum(found, NEVER)
    return found.item() if axis is None else np.squeeze(found, axis=axis)


@dataclass(frozen=True)
class Part:
    """A span as arrays: where its states are among those that begin and end there, the rows of
    its messages, which states are right, and what comes on top of the messages' evidence."""

    first: int
    begin: Array
    end: Array
    rows: Array
    right: Array
    extra: Array
    counts: Array
    chance: float

    def score(self, local: Array, table: Array) -> Array:
        """The scores of its states, as chain.py has them."""
        said = np.einsum("gsm,gm->s", local[:, self.rows], self.counts)
        return said + self.extra @ table - self.chance


class Task:
    """A chain as arrays: what its likelihood and the slope of that are worked out from."""

    def __init__(self, laid: SessionFeatures, chain: Chain, truth: Truth, weight: float):
        self.weight = weight
        nodes = chain.nodes
        self.ends = [_states(node.spans) for node in nodes]
        every = [span for node in nodes for span in node.spans]
        self.begins = [_states([s for s in every if s.first == at]) for at in range(len(nodes))]
        rows: list[Array] = []
        self.places: list[dict[State, int]] = []
        for node in nodes:
            self.places.append({})
            for state in node.states:
                self.places[-1][state] = len(rows)
                rows.append(vector(node.values(state)))
        every_row = np.array(rows)
        self.rows = np.array([every_row * mask for mask in MASKS])
        self.spans: list[list[Part]] = [
            [self._part(nodes, span, truth) for span in node.spans] for node in nodes
        ]
        self.steps = [None, *(self._steps(laid, chain, at) for at in range(1, len(nodes)))]

    def _part(self, nodes: Sequence[Node], span: Span, truth: Truth) -> Part:
        members = range(span.first, span.last + 1)
        joins = sum((vector(join) for join in span.joins(nodes)), np.zeros(len(NAMES)))
        taken = [vector(nodes[span.first].taken.get(state, {})) for state in span.states]
        return Part(
            first=span.first,
            begin=np.array([self.begins[span.first].index(state) for state in span.states]),
            end=np.array([self.ends[span.last].index(state) for state in span.states]),
            rows=np.array([[self.places[at][state] for at in members] for state in span.states]),
            right=np.array(
                [
                    all(_fits(state, truth.get(nodes[at].post.id)) for at in members)
                    for state in span.states
                ]
            ),
            extra=joins + np.array(taken).reshape(len(span.states), len(NAMES)),
            counts=_counts(len(members)),
            chance=math.log(len(nodes[span.first].states)),
        )

    def _steps(self, laid: SessionFeatures, chain: Chain, at: int) -> tuple[Array, Array, Array]:
        before, after = self.ends[at - 1], self.begins[at]
        values = np.zeros((len(before), len(after), len(NAMES)), dtype=np.float32)
        never = np.zeros((len(before), len(after)))
        for i, one in enumerate(before):
            for j, two in enumerate(after):
                step = chains.step(laid, chain, one, two, at)
                never[i, j] = NEVER if step is None else 0
                for name, value in (step or {}).items():
                    values[i, j, PLACE[name]] = value
        used = np.flatnonzero(values.any(axis=(0, 1)))
        return values[:, :, used], used, never

    def climb(self, table: Array, slope: Array) -> float:
        """Adds the slope of the logarithm of the truth's share; gives that logarithm."""
        mine = np.zeros(len(NAMES))
        right = self._sum(table, True, mine, 1.0)
        if right < NEVER / 4:
            return 0.0  # the truth is not among the candidates
        every = self._sum(table, False, mine, -1.0)
        slope += self.weight * mine
        return self.weight * (right - every)

    def _sum(self, table: Array, only_right: bool, slope: Array, sign: float) -> float:
        scores = self.rows @ table
        local, shares_of = np.zeros(scores.shape), np.zeros(scores.shape)
        for places in self.places:
            mine = slice(min(places.values()), max(places.values()) + 1)
            log = scores[:, mine] - log_sum(scores[:, mine], axis=1)[:, None]
            shares_of[:, mine], local[:, mine] = np.exp(log), log + math.log(log.shape[1])
        own = [
            [
                np.where(part.right | (not only_right), part.score(local, table), NEVER)
                for part in parts
            ]
            for parts in self.spans
        ]
        moves = [None, *(v @ table[used] + never for v, used, never in self.steps[1:])]
        enter, ahead = [np.zeros(len(self.begins[0]))], []
        for at, parts in enumerate(self.spans):
            if at:
                enter.append(log_sum(ahead[-1][:, None] + moves[at], axis=0))
            here = np.full(len(self.ends[at]), NEVER)
            for part, by in zip(parts, own[at], strict=True):
                here[part.end] = np.logaddexp(here[part.end], enter[part.first][part.begin] + by)
            ahead.append(here)
        total = log_sum(ahead[-1])
        if total < NEVER / 4:
            return total
        begun = [np.full(len(states), NEVER) for states in self.begins]
        slopes, masses = np.zeros(scores.shape), np.zeros((len(scores), len(self.spans)))
        for at in range(len(self.spans) - 1, -1, -1):
            back = np.zeros(len(self.ends[at]))
            if at < len(self.spans) - 1:
                values, used, _ = self.steps[at + 1]
                through = moves[at + 1] + begun[at + 1][None, :]
                back = log_sum(through, axis=1)
                shares = np.exp(np.clip(ahead[at][:, None] + through - total, -700, 50))
                slope[used] += sign * np.tensordot(shares, values, axes=2)
            for part, by in zip(self.spans[at], own[at], strict=True):
                rest = by + back[part.end]
                begun[part.first][part.begin] = np.logaddexp(begun[part.first][part.begin], rest)
                shares = np.exp(np.clip(enter[part.first][part.begin] + rest - total, -700, 50))
                for group, counts in enumerate(part.counts):
                    np.add.at(slopes[group], part.rows, counts * shares[:, None])
                masses[:, part.first : at + 1] += part.counts * shares.sum()
                slope += sign * (shares @ part.extra)
        for places, mass in zip(self.places, masses.T, strict=True):
            mine = slice(min(places.values()), max(places.values()) + 1)
            slopes[:, mine] -= mass[:, None] * shares_of[:, mine]
        slope += sign * np.einsum("grn,gr->n", self.rows, slopes)
        return total


def _counts(length: int) -> Array:
    """How much each message of a span counts, for each group of signals (`chain.parts`)."""
    return np.array(
        [
            [1.0] + [0.0] * (length - 1),
            [1.0] * length,
            [length**-chains.LESS] * length,
        ]
    )


def _states(spans: Sequence[Span]) -> list[State]:
    return sorted({state for span in spans for state in span.states}, key=lambda s: s or "")


def _fits(state: State, right: frozenset[str] | None) -> bool:
    if right is None:
        return True
    return state in right if right else state is None


def tasks(posts: Sequence[Post], truth: Truth, weight: float) -> list[Task]:
    """The chains of a session."""
    laid = SessionFeatures(posts)
    keep = {post: min(right, default=None) for post, right in truth.items()}
    found = chains.build(laid, TABLE, keep=keep)
    chains.run(laid, found, TABLE)
    return [Task(laid, chain, truth, weight) for chain in found]


def of_page(name: str, page: Page, labelled: Truth) -> list[Task]:
    """All that a page gives to fit to."""
    found = []
    if labelled:
        weight = WEIGHTS["labels"] / math.sqrt(len(labelled))
        found += tasks(page.posts(), labelled, weight)
    for number, (share, lives) in enumerate(WAYS):
        dice = Random(f"fit {number} {name}")
        detached = detach(page.posts(), dice, share)
        posts, truth = detached.posts, {post: frozenset({q}) for post, q in detached.truth.items()}
        if lives:
            lived = live(detached, dice)
            posts, truth = lived.posts, dict(lived.truth)
        if truth:
            weight = WEIGHTS["life" if lives else "torn"] / math.sqrt(len(truth))
            found += tasks(posts, {**labelled, **truth}, weight)
    return found


def fit(
    todo: Sequence[Task], steps: int, pull: float, begun: Mapping[str, float] = TABLE
) -> dict[str, float]:
    """The weights after so many steps from those that it is begun with, and pulled to them."""
    home = np.array([begun[name] for name in NAMES])
    table, mean, spread = home.copy(), np.zeros(len(NAMES)), np.zeros(len(NAMES))
    for step in range(1, steps + 1):
        slope = np.zeros(len(NAMES))
        likelihood = sum(task.climb(table, slope) for task in todo)
        slope -= pull * (table - home)
        mean = 0.9 * mean + 0.1 * slope
        spread = 0.95 * spread + 0.05 * slope * slope
        rate = 0.15 * (1 - 0.8 * step / steps)
        by = (mean / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.95**step)) + 1e-3)
        table = table + rate * by
        print(f"step {step}: {likelihood:.3f}", flush=True)
    return dict(zip(NAMES, map(float, table), strict=True))


def measured(
    name: str,
    page: Page,
    labels: Sequence[Label],
    table: Mapping[str, float],
    meaning: Meaning | None,
) -> list[Judged]:
    """What a table moves of a page's labelled entries."""
    links = linked(pair(page.posts(), table=table, meaning=meaning))
    return labelling.judge((one for one in labels if one.file == name), {name: links})


def torn(
    path: Path, page: Page, table: Mapping[str, float], meaning: Meaning | None
) -> list[Guess]:
    """What a table guesses of a page's torn answers, as `evaluate-pairing --seed` tears them."""
    return [
        guess
        for seed in SEEDS
        for guess in guesses(
            detach(page.posts(), Random(f"{seed} {path.name}"), 0.3), table, meaning
        )
    ]


def said(judged: Sequence[Judged]) -> str:
    """One line of figures."""
    found = labelling.figures(judged)
    parts = (found.precision, found.coverage, found.talk_moved)
    return ", ".join(
        f"{name} {part.part} of {part.whole}"
        for name, part in zip(("precision", "coverage", "talk moved"), parts, strict=True)
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--labels", nargs="+", type=Path, default=[])
    parser.add_argument("--leave-out", action="store_true")
    parser.add_argument("--steps", type=int, default=20, help="0 only measures")
    parser.add_argument("--pull", type=float, default=0.5)
    parser.add_argument("--home", type=Path, help="weights to begin with, as JSON")
    parser.add_argument("--meaning", action="store_true", help="measure with the model, too")
    parser.add_argument(
        "--torn", nargs="+", type=Path, default=[], help="measure torn answers of these"
    )
    given = parser.parse_args()
    home = {**TABLE, **json.loads(given.home.read_text("utf-8"))} if given.home else TABLE
    model = Model() if given.meaning else None
    labels = [label for path in given.labels for label in labelling.read(path)]
    pages = {path.stem: mending.read(path) for path in given.files}
    pages = {name: page for name, page in pages.items() if page.authors}
    paths = {path.stem: path for path in given.files}
    todo = {
        name: of_page(name, page, {one.entry: one.questions for one in labels if one.file == name})
        for name, page in pages.items()
    }
    if not given.leave_out:
        every_task = [task for one in todo.values() for task in one]
        table = fit(every_task, given.steps, given.pull, home)
        print(json.dumps({name: round(weight, 2) for name, weight in table.items()}, indent=4))
        return
    models = {"words": None} if model is None else {"words": None, "model": model}
    judged: dict[str, list[Judged]] = {way: [] for way in models}
    guessed: dict[str, list[Guess]] = {way: [] for way in models}
    for group in range(GROUPS):
        out = list(pages)[group::GROUPS]
        table = fit(
            [task for name in pages if name not in out for task in todo[name]],
            given.steps,
            given.pull,
            home,
        )
        for name in out:
            for way, compared in models.items():
                mine = measured(name, pages[name], labels, table, compared)
                print(f"{name}, by {way}: {said(mine)}", flush=True)
                judged[way] += mine
                if paths[name] in given.torn:
                    guessed[way] += torn(paths[name], pages[name], table, compared)
    for way in models:
        print(f"all, by {way}: {said(judged[way])}")
        if guessed[way]:
            found = report(guessed[way])
            print(
                f"torn, by {way}: precision {found.precision.part} of {found.precision.whole}, "
                f"coverage {found.coverage.part} of {found.coverage.whole}"
            )


if __name__ == "__main__":
    main()

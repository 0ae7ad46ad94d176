"""Fits the weights of bot/sessions/pairing/weights.py to archive pages.

    python scripts/tune_pairing.py FILE... [--half odd] [--steps 35] [--pull 0.02]

Answers are torn out of the threads of every other question (`--half odd`: the 1st, 3rd …; the
others' threads stay whole and are kept for the report), the chain's likelihood of the truth is
raised by gradient steps (Adam; Kingma and Ba, 2015), and a pull keeps each weight near the one
that is in the table now. Prints the fitted weights, and how well they do on both halves.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from bot.library import mending
from bot.sessions.pairing import chain, evaluate
from bot.sessions.pairing.chain import Chain, Node
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.session import Laid
from bot.sessions.pairing.signals import Values
from bot.sessions.pairing.tear import Torn, tear
from bot.sessions.pairing.weights import TABLE

LABELS = Path(__file__).parent.parent / "tests" / "pairing" / "labels.tsv"
WAYS: tuple[dict[str, float], ...] = (
    {"share": 0.6},
    {"share": 1.0},
    {"share": 0.6, "batch": 0.6},
    {"share": 0.6, "turns": False},
)
"""How answers are torn for the fit: mostly as the evaluation does, now and then otherwise."""
SEEDS = range(1, 4)
RATE, FADES = 0.25, 0.8

Truth = Mapping[str, str | None]
Task = tuple[Laid, list[Chain], Truth, float]


def labels(file: str) -> dict[str, str | None]:
    """The labelled posts of a page's authors: the entry, and its question or None."""
    found: dict[str, str | None] = {}
    for line in LABELS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, entry, kind, question = line.split("\t")
            if name == file and kind in ("answers", "continues", "talk"):
                found.setdefault(entry, None if question == "-" else question)
    return found


def half(posts: Sequence[Post], odd: bool) -> set[str]:
    """The questions of every other entry of a page."""
    return {post.id for post in posts if post.thread is None and int(post.id) % 2 == odd}


def torn(posts: Sequence[Post], name: str, seed: int, odd: bool, way: dict[str, float]) -> Torn:
    """A page with answers to one half of its questions torn out."""
    # Seeds of the fit and of the evaluation must not meet.
    return tear(posts, Random(f"{seed} {odd} {name}"), only=half(posts, odd), **way)  # type: ignore[arg-type]


def tasks(pages: Mapping[str, Sequence[Post]], odd: bool) -> list[Task]:
    """What is fitted: every page torn in every way; a page weighs by the root of its answers."""
    found: list[tuple[str, Laid, list[Chain], Truth, int]] = []
    for name, posts in pages.items():
        for way in WAYS:
            for seed in SEEDS:
                one = torn(posts, name, seed, odd, way)
                truth = {**labels(name), **one.truth}
                laid = Laid(one.posts)
                found.append(
                    (name, laid, chain.build(laid, TABLE, keep=truth), truth, len(one.truth))
                )
    answers: dict[str, int] = {}
    for name, _, _, _, count in found:
        answers[name] = answers.get(name, 0) + count
    whole = sum(math.sqrt(count) for count in answers.values())
    return [
        (laid, chains, truth, 1 / (math.sqrt(answers[name]) * whole))
        for name, laid, chains, truth, _ in found
        if answers[name]
    ]


def climb(task: Task, table: Mapping[str, float], slope: dict[str, float]) -> float:
    """Adds a task's gradient to `slope`; gives its part of the likelihood."""
    laid, chains, truth, weight = task
    chain.run(laid, chains, table)
    likelihood = 0.0
    for nodes in chains:
        total, shares = chain.infer(laid, nodes, table)
        true = [_state(node, truth.get(node.post.id)) for node in nodes]
        reached = 0.0
        for at, node in enumerate(nodes):
            reached += chain.unary(node, table)[true[at]]
            for state, share in enumerate(node.marginals):
                _add(slope, weight * ((state == true[at]) - share), _values(node, state))
            if at:
                steps = chain.between(laid, nodes[at - 1], node)
                reached += chain.score(steps[true[at - 1]][true[at]], table)
                for before, row in enumerate(steps):
                    for state, values in enumerate(row):
                        is_true = (before, state) == (true[at - 1], true[at])
                        _add(slope, weight * (is_true - shares[at - 1][before][state]), (values,))
        likelihood += weight * (reached - total)
    return likelihood


def _state(node: Node, question: str | None) -> int:
    if question is None:
        return len(node.pairs)
    return next(i for i, pair in enumerate(node.pairs) if pair.question.post.id == question)


def _values(node: Node, state: int) -> tuple[Values, ...]:
    if state < len(node.pairs):
        return node.pairs[state].values, node.taken[state]
    return (node.talk or {},)


def _add(slope: dict[str, float], by: float, values: Sequence[Values]) -> None:
    if abs(by) > 1e-9:
        for part in values:
            for name, value in part.items():
                slope[name] += by * value


def fit(todo: Sequence[Task], steps: int, pull: float) -> dict[str, float]:
    """The weights after so many steps."""
    table = dict(TABLE)
    mean = dict.fromkeys(TABLE, 0.0)
    spread = dict.fromkeys(TABLE, 0.0)
    for step in range(1, steps + 1):
        slope = dict.fromkeys(TABLE, 0.0)
        likelihood = sum(climb(task, table, slope) for task in todo)
        rate = RATE * (1 - FADES * step / steps)
        for name in TABLE:
            way = slope[name] - pull * (table[name] - TABLE[name])
            mean[name] = 0.9 * mean[name] + 0.1 * way
            spread[name] = 0.99 * spread[name] + 0.01 * way * way
            first = mean[name] / (1 - 0.9**step)
            second = math.sqrt(spread[name] / (1 - 0.99**step))
            table[name] += rate * first / (second + 1e-3)
        print(f"step {step}: {likelihood:.4f}", flush=True)
    return table


def measure(pages: Mapping[str, Sequence[Post]], odd: bool, table: Mapping[str, float]) -> str:
    """How well a table does on one half, over ten seeds, one line."""
    found = [
        guess
        for name, posts in pages.items()
        for seed in range(101, 111)
        for guess in evaluate.guesses(torn(posts, name, seed, odd, WAYS[0]), table=table)
    ]
    whole = evaluate.report(found)
    return (
        f"{whole.answers} answers: precision {whole.precision.value:.3f} with coverage "
        f"{whole.coverage.value:.3f}, best guess {whole.accuracy.value:.3f}, latest open "
        f"{whole.baselines['latest_open'].value:.3f}, of the named "
        f"{whole.baselines['named'].value:.3f}"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--half", choices=("odd", "even"), default="odd")
    parser.add_argument("--steps", type=int, default=35, help="0 only measures")
    parser.add_argument("--pull", type=float, default=0.02)
    given = parser.parse_args()
    pages = {path.name: mending.read(path).posts() for path in given.files}
    pages = {name: posts for name, posts in pages.items() if posts}
    odd = given.half == "odd"
    table = fit(tasks(pages, odd), given.steps, given.pull) if given.steps else dict(TABLE)
    for name, weight in table.items():
        print(f'    "{name}": {weight:.2f},  # was {TABLE[name]}')
    print("tuning half:  ", measure(pages, odd, table))
    print("held-out half:", measure(pages, not odd, table))


if __name__ == "__main__":
    main()

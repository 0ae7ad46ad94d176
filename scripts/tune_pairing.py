"""Asks whether weights fitted to archive pages do better than bot/sessions/pairing/weights.py.

    python scripts/tune_pairing.py FILE... [--half odd] [--steps 25] [--pull 0.1] [--blank] [--meaning]
    python scripts/tune_pairing.py FILE... --leave-out [--steps 25] [--pull 0.1] [--blank] [--meaning]

Answers are torn out of threads, the chain's likelihood of the truth is raised by gradient steps
(Adam; Kingma and Ba, 2015), and a pull keeps each weight near the one that is in the table now,
or (`--blank`) near 0. With `--half` the fit sees the answers to every other question (`odd`: the
1st, 3rd …; the others' threads stay whole) and is measured on both halves. With `--leave-out` it
sees all pages but one, and is measured on that one, each page in its turn. The table of now is
measured beside it. With `--meaning` what texts mean is compared, too.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from bot.library import mending
from bot.meaning import Model, load
from bot.sessions.pairing import chain, evaluate
from bot.sessions.pairing.chain import Chain, Node
from bot.sessions.pairing.evaluate import Guess, Share
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.session import Laid
from bot.sessions.pairing.signals import Values
from bot.sessions.pairing.tear import Torn, tear
from bot.sessions.pairing.weights import TABLE

LABELS = Path(__file__).parent.parent / "tests" / "pairing" / "labels.tsv"
WAYS: tuple[dict[str, float], ...] = (
    {"share": 0.3},
    {"share": 0.6},
    {"share": 0.6, "batch": 0.6},
)
"""How answers are torn for the fit: mostly as the evaluation does, now and then otherwise."""
SEEDS, MEASURED = range(1, 3), range(101, 111)
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


def torn(
    posts: Sequence[Post], name: str, seed: int, odd: bool | None, way: dict[str, float]
) -> Torn:
    """A page with answers torn out: to one half of its questions, or (None) to any."""
    # Seeds of the fit and of the evaluation must not meet.
    only = None if odd is None else half(posts, odd)
    return tear(posts, Random(f"{seed} {odd} {name}"), only=only, **way)  # type: ignore[arg-type]


def tasks(pages: Mapping[str, Sequence[Post]], odd: bool | None, model: Model | None) -> list[Task]:
    """What is fitted: every page torn in every way; a page weighs by the root of its answers."""
    found: list[tuple[str, Laid, list[Chain], Truth, int]] = []
    for name, posts in pages.items():
        for way in WAYS:
            for seed in SEEDS:
                one = torn(posts, name, seed, odd, way)
                truth = {**labels(name), **one.truth}
                laid = Laid(one.posts)
                chains = chain.build(laid, TABLE, keep=truth, meaning=model)
                found.append((name, laid, chains, truth, len(one.truth)))
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


def fit(
    todo: Sequence[Task], steps: int, pull: float, home: Mapping[str, float] = TABLE
) -> dict[str, float]:
    """The weights after so many steps from `home`, and pulled to it."""
    table = dict(home)
    mean = dict.fromkeys(TABLE, 0.0)
    spread = dict.fromkeys(TABLE, 0.0)
    for step in range(1, steps + 1):
        slope = dict.fromkeys(TABLE, 0.0)
        likelihood = sum(climb(task, table, slope) for task in todo)
        rate = RATE * (1 - FADES * step / steps)
        for name in TABLE:
            way = slope[name] - pull * (table[name] - home[name])
            mean[name] = 0.9 * mean[name] + 0.1 * way
            spread[name] = 0.99 * spread[name] + 0.01 * way * way
            first = mean[name] / (1 - 0.9**step)
            second = math.sqrt(spread[name] / (1 - 0.99**step))
            table[name] += rate * first / (second + 1e-3)
        print(f"step {step}: {likelihood:.4f}", flush=True)
    return table


def guesses(
    pages: Mapping[str, Sequence[Post]],
    odd: bool | None,
    table: Mapping[str, float],
    model: Model | None,
) -> list[Guess]:
    """What a table guesses of answers torn as the evaluation tears them, over ten seeds."""
    way = {"share": 0.3 if odd is None else 0.6}
    return [
        guess
        for name, posts in pages.items()
        for seed in MEASURED
        for guess in evaluate.guesses(torn(posts, name, seed, odd, way), table, model)
    ]


def said(found: Sequence[Guess]) -> str:
    """How good guesses are, one line."""
    whole = evaluate.report(found)
    return (
        f"{whole.answers} answers: precision {_share(whole.precision)} with coverage "
        f"{_share(whole.coverage)}, best guess {_share(whole.accuracy)}, latest open "
        f"{_share(whole.baselines['latest_open'])}, of the named {_share(whole.baselines['named'])}"
    )


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.value or 0:.3f} ({low:.2f} to {high:.2f})"


def leave_out(
    pages: Mapping[str, Sequence[Post]],
    steps: int,
    pull: float,
    home: Mapping[str, float],
    model: Model | None,
) -> None:
    """Fits to all pages but one and measures on that one, for each."""
    fitted: list[Guess] = []
    table: list[Guess] = []
    for name, posts in pages.items():
        others = {other: theirs for other, theirs in pages.items() if other != name}
        weights = fit(tasks(others, None, model), steps, pull, home)
        mine = guesses({name: posts}, None, weights, model)
        now = guesses({name: posts}, None, TABLE, model)
        fitted += mine
        table += now
        print(f"{name}\n  fitted to the others: {said(mine)}\n  the table of now: {said(now)}")
    print(f"all\n  fitted to the others: {said(fitted)}\n  the table of now: {said(table)}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--half", choices=("odd", "even"), default="odd")
    parser.add_argument("--leave-out", action="store_true")
    parser.add_argument("--steps", type=int, default=25, help="0 only measures")
    parser.add_argument("--pull", type=float, default=0.1)
    parser.add_argument("--blank", action="store_true", help="begin at, and pull to, no weights")
    parser.add_argument("--meaning", action="store_true", help="compare what texts mean, too")
    given = parser.parse_args()
    model = load("on") if given.meaning else None
    home = dict.fromkeys(TABLE, 0.0) if given.blank else dict(TABLE)
    pages = {path.name: mending.read(path).posts() for path in given.files}
    pages = {name: posts for name, posts in pages.items() if posts}
    if given.leave_out:
        leave_out(pages, given.steps, given.pull, home, model)
        return
    odd = given.half == "odd"
    table = fit(tasks(pages, odd, model), given.steps, given.pull, home)
    for name, weight in table.items():
        print(f'    "{name}": {weight:.2f},  # was {TABLE[name]}')
    print("tuning half, fitted:  ", said(guesses(pages, odd, table, model)))
    print("held-out half, fitted:", said(guesses(pages, not odd, table, model)))
    print("tuning half, now:     ", said(guesses(pages, odd, TABLE, model)))
    print("held-out half, now:   ", said(guesses(pages, not odd, TABLE, model)))


if __name__ == "__main__":
    main()

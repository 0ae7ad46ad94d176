"""From scores to confidences: an author's posts as a chain.

Authors mostly answer in the order of the questions and each question once, so what one post
answers says something of the next. For each author the posts form a chain; every post is in one
of some states (a question, or talk); forward-backward (Rabiner, "A tutorial on hidden Markov
models", 1989, with scores for probabilities) gives each state its share. Deterministic.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.sessions.pairing import signals, words
from bot.sessions.pairing.meaning import Meaning
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.session import Laid, Question
from bot.sessions.pairing.signals import Pair, Values

TALK = -1
"""The state of a post that belongs to no question."""
_NEAR, _ALIKE, _KEPT = 40, 10, 24
"""How many of the latest and of the most similar questions are looked at, and how many kept."""
_TURN = timedelta(minutes=10)
_PASSES = 3


@dataclass(slots=True)
class Node:
    """A post of an author: its candidates (one alone where its thread says it), talk's signals."""

    post: Post
    pairs: list[Pair]
    talk: Values | None
    run: bool = False
    taken: list[Values] = field(default_factory=list)
    marginals: list[float] = field(default_factory=list)
    """Of each pair, then of talk."""
    steps: list[list[Values]] = field(default_factory=list)
    """The signals of the steps from every state of the node before to every state of this one."""
    best_before: list[int] = field(default_factory=list)
    """Of each state, the likeliest state of the node before."""


Chain = list[Node]


def score(values: Values, table: Mapping[str, float]) -> float:
    """The sum of signals times weights."""
    return sum(table[name] * value for name, value in values.items())


def build(
    laid: Laid,
    table: Mapping[str, float],
    known: Mapping[str, str | None] | None = None,
    keep: Mapping[str, str | None] | None = None,
    meaning: Meaning | None = None,
) -> list[Chain]:
    """The chains of all authors.

    `known` (post to question, or to None for talk) is settled. `keep` (the same) names pairs
    that must be among the candidates, for tuning. Raises Closing as `meaning` does.
    """
    open_ = {
        post.id: _candidates(laid, post)
        for post in laid.top
        if post.is_author and post.id not in (known or {})
    }
    if meaning is not None:
        laid.understand(meaning, open_)
    timed = all(post.at is not None for post in laid.posts)
    chains = []
    for author in laid.authors:
        chain: Chain = []
        posts = [
            post
            for post in (laid.posts if timed else laid.top)
            if post.person == author and post.is_author
        ]
        if timed:
            posts.sort(key=lambda post: (post.at or _TURN, post.id))
        for post in posts:
            if post.thread is not None:
                node = _settled(laid, post, post.thread)
            elif known and post.id in known:
                node = _settled(laid, post, known[post.id])
            else:
                node = _node(laid, post, open_[post.id], table, (keep or {}).get(post.id))
            if node is None:
                continue
            node.run = bool(chain) and _in_a_row(laid, chain[-1].post, post)
            chain.append(node)
        if any(node.post.thread is None for node in chain):
            chains.append(chain)
    return chains


def _settled(laid: Laid, post: Post, question: str | None) -> Node | None:
    """A node with one state; None where the question is not one (a thread below an author's post)."""
    if question is None:
        return Node(post, [], {})
    found = laid.question.get(question)
    return Node(post, [Pair(found, {})], None) if found else None


def _candidates(laid: Laid, post: Post) -> list[Question]:
    """The questions before a post: the latest, and of the others the most similar."""
    place = laid.place[post.id]
    before = [question for question in laid.questions if question.place < place]
    chosen = before
    if len(before) > _NEAR + _ALIKE:
        text = laid.texts[post.id]
        far = sorted(
            before[:-_NEAR],
            key=lambda q: (
                q.post.person not in text.naming.how,
                -words.cosine(text.bag, q.text.bag),
                -q.place,
            ),
        )
        chosen = sorted(far[:_ALIKE], key=lambda q: q.place) + before[-_NEAR:]
    return chosen


def _node(
    laid: Laid,
    post: Post,
    questions: Sequence[Question],
    table: Mapping[str, float],
    keep: str | None,
) -> Node:
    pairs = [signals.pair(laid, post, question) for question in questions]
    least = sorted((score(pair.values, table) for pair in pairs), reverse=True)[:_KEPT]
    kept = [
        pair
        for pair in pairs
        if score(pair.values, table) >= least[-1] or pair.question.post.id == keep
    ]
    return Node(post, kept, signals.talk(laid, post, pairs))


def _in_a_row(laid: Laid, before: Post, after: Post) -> bool:
    """Whether nobody else posted between, and (where times are known) no long time passed."""
    if before.at is not None and after.at is not None and after.at - before.at > _TURN:
        return False
    if before.thread is not None or after.thread is not None:
        return before.at is not None
    first, last = laid.place[before.id], laid.place[after.id]
    return all(post.person == after.person for post in laid.top[first + 1 : last])


def run(laid: Laid, chains: Sequence[Chain], table: Mapping[str, float]) -> None:
    """Fills in the marginals of all nodes.

    Several passes: what the other posts take in one pass counts against it in the next.
    """
    for number in range(_PASSES):
        for chain in chains:
            for node in chain:
                node.taken = [{} for _ in node.pairs]
        if number:
            _take(laid, chains)
        for chain in chains:
            infer(laid, chain, table)


def _take(laid: Laid, chains: Sequence[Chain]) -> None:
    """Notes for every pair how surely another post, not of the same turn, has the question."""
    claims: dict[str, list[tuple[int, int, float]]] = {}
    turn_of: list[list[int]] = []
    for who, chain in enumerate(chains):
        turns: list[int] = []
        for node in chain:
            turns.append(turns[-1] if node.run and turns else len(turns))
            if node.post.thread is not None:
                continue
            for pair, share in zip(node.pairs, node.marginals, strict=False):
                if share > 0.05:
                    claims.setdefault(pair.question.post.id, []).append((who, turns[-1], share))
        turn_of.append(turns)
    for who, chain in enumerate(chains):
        for node, turn in zip(chain, turn_of[who], strict=True):
            for pair, taken in zip(node.pairs, node.taken, strict=True):
                free = {True: 1.0, False: 1.0}
                for other, their_turn, share in claims.get(pair.question.post.id, ()):
                    if other == who and their_turn == turn:
                        continue
                    free[other == who] *= 1 - share
                if free[True] < 1:
                    taken["taken by them"] = (1 - free[True]) * laid.once[node.post.person]
                if free[False] < 1:
                    taken["taken by another"] = 1 - free[False]


def unary(node: Node, table: Mapping[str, float]) -> list[float]:
    """The scores of a node's states by themselves."""
    scores = [
        score(pair.values, table) + score(taken, table)
        for pair, taken in zip(node.pairs, node.taken, strict=True)
    ]
    if node.talk is not None:
        scores.append(score(node.talk, table))
    return scores


def between(laid: Laid, before: Node, after: Node) -> list[list[Values]]:
    """The signals of every step from a state of one node to a state of the next."""
    if not after.steps:
        after.steps = _between(laid, before, after)
    return after.steps


def _between(laid: Laid, before: Node, after: Node) -> list[list[Values]]:
    same = signals.step(laid, before.post, after.post, after.run)
    steps: list[list[Values]] = []
    for one in before.pairs:
        row = [
            same if one.question is two.question else signals.move(laid, one.question, two.question)
            for two in after.pairs
        ]
        if after.talk is not None:
            row.append({})
        steps.append(row)
    if before.talk is not None:
        steps.append([{} for _ in steps[0]] if steps else [{}] * _states(after))
    return steps


def _states(node: Node) -> int:
    return len(node.pairs) + (node.talk is not None)


def infer(
    laid: Laid, chain: Chain, table: Mapping[str, float]
) -> tuple[float, list[list[list[float]]]]:
    """Forward-backward over one chain; gives log Z and the shares of the steps."""
    scores = [unary(node, table) for node in chain]
    steps = [
        [[score(values, table) for values in row] for row in between(laid, before, after)]
        for before, after in itertools.pairwise(chain)
    ]
    forward = [scores[0]]
    for at, rows in enumerate(steps):
        last = forward[-1]
        forward.append(
            [
                here + _log_sum([was + rows[i][j] for i, was in enumerate(last)])
                for j, here in enumerate(scores[at + 1])
            ]
        )
    backward = [[0.0] * len(scores[-1])]
    for at in range(len(steps) - 1, -1, -1):
        ahead = backward[0]
        backward.insert(
            0,
            [
                _log_sum([w + scores[at + 1][j] + ahead[j] for j, w in enumerate(row)])
                for row in steps[at]
            ],
        )
    total = _log_sum(forward[-1])
    shares: list[list[list[float]]] = []
    for at, node in enumerate(chain):
        node.marginals = [
            math.exp(f + b - total) for f, b in zip(forward[at], backward[at], strict=True)
        ]
        node.best_before = []
        if at:
            rows = steps[at - 1]
            pairwise = [
                [
                    math.exp(was + rows[i][j] + scores[at][j] + backward[at][j] - total)
                    for j in range(len(scores[at]))
                ]
                for i, was in enumerate(forward[at - 1])
            ]
            shares.append(pairwise)
            node.best_before = [
                max(range(len(pairwise)), key=lambda i: pairwise[i][j])
                for j in range(len(scores[at]))
            ]
    return total, shares


def _log_sum(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))

"""From scores to confidences: an author's messages as a chain of answers.

Authors mostly answer in the order of the questions and each question once, so what one answer
belongs to says something of the next. An answer may take several messages in a row; they are one
decision, with the evidence of all their texts together. So the states are those of a semi-Markov
chain (Sarawagi and Cohen, "Semi-Markov conditional random fields", 2004): a span of messages in a
row belongs to one question, or is talk. What a span's text says of its question is made a
probability of its own, so that a long answer does not become surer with every message that it is
cut into. Forward-backward over all spans gives each message its shares. Deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.sessions.pairing import signals, words
from bot.sessions.pairing.meaning import Meaning
from bot.sessions.pairing.names import Named
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.session import Question, SessionFeatures
from bot.sessions.pairing.signals import Pair, Values
from bot.sessions.pairing.weights import ALIKE, PLACE

State = str | None
"""The id of a question, None for talk."""
_NEAR, _ALIKE, _KEPT = 40, 10, 24
"""How many of the latest and of the most similar questions are looked at, and how many are
kept of each message."""
_LONGEST = 30
"""Of how many messages a span is at most."""
LESS = 0.4
"""What n messages say counts n to the power of minus this: their words are not independent."""
TURN = timedelta(minutes=10)
"""How long after a message of an author the next one may still go on with it."""
_PASSES = 3


@dataclass(slots=True)
class Span:
    """Messages in a row that belong together, if they do: `first` and `last` are places in the
    chain."""

    first: int
    last: int
    states: tuple[State, ...]
    shares: list[float] = field(default_factory=list)
    """Of each state, how surely these messages are a span and in it."""

    def joins(self, nodes: Sequence[Node]) -> list[Values]:
        """The signals that each message goes on with the one before, given the chain's nodes."""
        return [node.join for node in nodes[self.first + 1 : self.last + 1]]


@dataclass(slots=True)
class Node:
    """A message of an author, and how likely each state is.

    `pairs` are its candidates, `talk` the signals of talk (None where that is out of the question).
    `run` says that it came in a row with the one before, `settled` that its state is known.
    """

    post: Post
    pairs: dict[State, Pair]
    talk: Values | None
    settled: bool
    run: bool = False
    join: Values = field(default_factory=dict)
    """The signals that it goes on with the one before."""
    turn: int = 0
    spans: list[Span] = field(default_factory=list)
    """Those that end with it."""
    marginals: dict[State, float] = field(default_factory=dict)
    likeliest: dict[State, Span] = field(default_factory=dict)
    """Of each state, the likeliest span that it is in."""
    taken: dict[State, Values] = field(default_factory=dict)

    @property
    def states(self) -> tuple[State, ...]:
        """What it may be."""
        return (*self.pairs, *(() if self.talk is None else (None,)))

    def values(self, state: State) -> Values:
        """The signals of a state, but for what is taken."""
        return (self.talk or {}) if state is None else self.pairs[state].values


@dataclass(slots=True)
class Chain:
    """The messages of one author, in order."""

    nodes: list[Node]


def score(values: Values, table: Mapping[str, float]) -> float:
    """The sum of signals times weights."""
    return sum(table[name] * value for name, value in values.items())


def build(
    laid: SessionFeatures,
    table: Mapping[str, float],
    known: Mapping[str, str | None] | None = None,
    keep: Mapping[str, str | None] | None = None,
    meaning: Meaning | None = None,
) -> list[Chain]:
    """The chains of all authors.

    `known` (post to question, or to None for talk) is settled. `keep` (the same) names pairs
    that must be among the candidates, for tuning. Raises ShuttingDown as `meaning` does.
    """
    open_ = {
        post.id: _candidates(laid, post)
        for post in laid.top
        if post.is_author and post.id not in (known or {})
    }
    if meaning is not None:
        laid.understand(meaning, open_)
    lines = in_order(laid)
    chains = []
    for author in laid.authors:
        posts = [post for post in lines if post.person == author and post.is_author]
        chain = Chain([])
        for post in posts:
            node = _settled(laid, post, known)
            if node is None and post.thread is not None:
                continue
            if node is None:
                must = (keep or {}).get(post.id)
                node = _node(laid, post, open_[post.id], table, must)
            if chain.nodes:
                before = chain.nodes[-1]
                node.run = _in_a_row(laid, before.post, post)
                node.turn = before.turn + (not node.run)
                if node.run:
                    node.join = signals.join(laid, before.post, post)
            chain.nodes.append(node)
            _span(laid, chain.nodes)
        if any(node.post.thread is None for node in chain.nodes):
            chains.append(chain)
    return chains


def in_order(laid: SessionFeatures) -> Sequence[Post]:
    """The posts by time where that is known of all, else those at top level as they stand."""
    timed = [(post.at, post.id, post) for post in laid.posts if post.at is not None]
    if len(timed) < len(laid.posts):
        return laid.top
    return [post for _, _, post in sorted(timed, key=lambda found: found[:2])]


def _settled(
    laid: SessionFeatures, post: Post, known: Mapping[str, str | None] | None
) -> Node | None:
    """A message whose one state is known; None where it is not, or is no question's (a thread
    below an author's message)."""
    if post.thread is not None:
        found = laid.question.get(post.thread)
        return Node(post, {post.thread: Pair(found, {})}, None, settled=True) if found else None
    if known is None or post.id not in known:
        return None
    question = known[post.id]
    if question is None:
        return Node(post, {}, {}, settled=True)
    return Node(post, {question: Pair(laid.question[question], {})}, None, settled=True)


def _candidates(laid: SessionFeatures, post: Post) -> list[Question]:
    """The questions before a post (in a list out of order, all): the latest, and of the others the
    most similar."""
    place = laid.place[post.id]
    before = [q for q in laid.questions if q.place < place or laid.disordered]
    before.sort(key=lambda q: (q.place < place, q.place))
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
    laid: SessionFeatures,
    post: Post,
    questions: Sequence[Question],
    table: Mapping[str, float],
    keep: str | None,
) -> Node:
    pairs = [signals.pair(laid, post, question) for question in questions]
    ranked = sorted(pairs, key=lambda pair: -score(pair.values, table))
    best = ranked[:_KEPT]
    best += [pair for pair in ranked[_KEPT:] if pair.question.post.id == keep]
    best.sort(key=lambda pair: pair.question.place)
    return Node(
        post,
        {pair.question.post.id: pair for pair in best},
        signals.talk(laid, post, pairs),
        settled=False,
    )


def _span(laid: SessionFeatures, nodes: Sequence[Node]) -> None:
    """Notes the spans that end with the last node."""
    last = len(nodes) - 1
    node = nodes[last]
    node.spans.append(Span(last, last, node.states))
    states = set(node.states)
    posts: tuple[Post, ...] = (node.post,)
    for first in range(last - 1, max(-1, last - _LONGEST), -1):
        if node.settled or not nodes[first + 1].run or nodes[first].settled:
            break
        if _speaks_to_another(laid, nodes[first].post, posts):
            break
        posts = (nodes[first].post, *posts)
        states &= set(nodes[first].states)
        ordered = tuple(state for state in nodes[first].states if state in states)
        node.spans.append(Span(first, last, ordered))


def _speaks_to_another(laid: SessionFeatures, before: Post, after: Sequence[Post]) -> bool:
    """Whether a message speaks by name to one asker and those after it to another."""
    one = _spoken_to(laid, before)
    rest = [names for names in (_spoken_to(laid, post) for post in after) if names]
    return bool(one) and bool(rest) and not any(one & names for names in rest)


def _spoken_to(laid: SessionFeatures, post: Post) -> frozenset[str]:
    naming = laid.texts[post.id].naming
    return frozenset(p for p, how in naming.how.items() if how is Named.WHOLE and p in laid.askers)


def _in_a_row(laid: SessionFeatures, before: Post, after: Post) -> bool:
    """Whether nobody else posted between, and (where times are known) no long time passed."""
    if before.at is not None and after.at is not None and after.at - before.at > TURN:
        return False
    if before.thread is not None or after.thread is not None:
        return before.at is not None
    first, last = laid.place[before.id], laid.place[after.id]
    return all(post.person == after.person for post in laid.top[first + 1 : last])


def run(laid: SessionFeatures, chains: Sequence[Chain], table: Mapping[str, float]) -> None:
    """Fills in the marginals of all nodes.

    Several passes: what the other posts take in one pass counts against it in the next.
    """
    for number in range(_PASSES):
        for chain in chains:
            for node in chain.nodes:
                node.taken = {}
        if number:
            _take(laid, chains)
        for chain in chains:
            infer(laid, chain, table)


def _take(laid: SessionFeatures, chains: Sequence[Chain]) -> None:
    """Notes for every state how surely another post, not of the same turn, has the question."""
    claims: dict[State, list[tuple[int, int, float]]] = {}
    for who, chain in enumerate(chains):
        for node in chain.nodes:
            if node.post.thread is not None:
                continue
            for question, share in node.marginals.items():
                if question is not None and share > 0.05:
                    claims.setdefault(question, []).append((who, node.turn, share))
    for who, chain in enumerate(chains):
        for node in chain.nodes:
            for question in () if node.settled else node.marginals:
                if question is None:
                    taken = _named_in_vain(laid, node, who, claims)
                else:
                    taken = _taken(laid, node, who, claims.get(question, ()))
                if taken:
                    node.taken[question] = taken


def _named_in_vain(
    laid: SessionFeatures,
    node: Node,
    who: int,
    claims: Mapping[State, Collection[tuple[int, int, float]]],
) -> Values:
    """The signal that a message speaks to askers of whom no question waits any more."""
    named = laid.texts[node.post.id].naming.addressed & laid.askers
    if not named:
        return {}
    waits = 0.0
    for question in (q for q in laid.questions if q.post.person in named and q.waits):
        free = 1.0
        for other, turn, share in claims.get(question.post.id, ()):
            if (other, turn) != (who, node.turn):
                free *= 1 - share
        waits = max(waits, free)
    return {"names whom nothing waits for": 1 - waits}


def _taken(
    laid: SessionFeatures, node: Node, who: int, claims: Collection[tuple[int, int, float]]
) -> Values:
    free = {True: 1.0, False: 1.0}
    for other, turn, share in claims:
        if (other, turn) != (who, node.turn):
            free[other == who] *= 1 - share
    taken = {}
    if free[True] < 1:
        taken["taken by them"] = (1 - free[True]) * laid.once[node.post.person]
    if free[False] < 1:
        taken["taken by another"] = 1 - free[False]
    return taken


def parts(values: Values) -> tuple[Values, Values, Values]:
    """Signals by how they add up over the messages of a span: those of its place, which are the
    first message's; what is said outright, of all messages; words, which count `LESS`."""
    place: Values = {}
    said: Values = {}
    alike: Values = {}
    for name, value in values.items():
        (place if name in PLACE else alike if name in ALIKE else said)[name] = value
    return place, said, alike


@dataclass(frozen=True, slots=True)
class Evidence:
    """The logarithms of how much likelier than by chance each state of a message is: by its
    place, by what it says outright, by its words."""

    place: dict[State, float]
    said: dict[State, float]
    alike: dict[State, float]


def evidence(node: Node, table: Mapping[str, float]) -> Evidence:
    """What a message says of each of its states."""
    scores: list[dict[State, float]] = [{}, {}, {}]
    for state in node.states:
        for found, values in zip(scores, parts(node.values(state)), strict=True):
            found[state] = score(values, table)
    for found in scores:
        chance = log_sum(list(found.values())) - math.log(len(found))
        for state in found:
            found[state] -= chance
    return Evidence(*scores)


def step(laid: SessionFeatures, chain: Chain, one: State, two: State, at: int) -> Values | None:
    """The signals of a step from a state to the state of the node at a place; None where such a
    step is none, since the two would be one span."""
    before, after = chain.nodes[at - 1], chain.nodes[at]
    if one is None or two is None:
        return {}
    if one != two:
        return signals.move(laid, laid.question[one], laid.question[two])
    if not after.run:
        return {}
    if before.settled or after.settled:
        return after.join
    return None


def infer(laid: SessionFeatures, chain: Chain, table: Mapping[str, float]) -> None:
    """Forward-backward over the spans of a chain: fills in the shares of spans and messages."""
    nodes = chain.nodes
    said = [evidence(node, table) for node in nodes]
    scores = {id(span): _scores(nodes, said, span, table) for node in nodes for span in node.spans}
    moved = _Moves(laid, chain, table)
    enter, ahead = _forward(nodes, scores, moved)
    back = _backward(nodes, scores, moved, ahead)
    total = log_sum(list(ahead[-1].values()))
    for at, node in enumerate(nodes):
        for span in node.spans:
            span.shares = [
                math.exp(enter[span.first][state] + by + back[at][state] - total)
                for state, by in zip(span.states, scores[id(span)], strict=True)
            ]
    sum_up(chain)


def sum_up(chain: Chain) -> None:
    """Fills in the shares of messages from those of the spans."""
    for node in chain.nodes:
        node.marginals, node.likeliest = {}, {}
    for node in chain.nodes:
        for span in node.spans:
            for state, share in zip(span.states, span.shares, strict=True):
                for member in chain.nodes[span.first : span.last + 1]:
                    member.marginals[state] = member.marginals.get(state, 0.0) + share
                    best = member.likeliest.get(state)
                    if best is None or share > best.shares[best.states.index(state)]:
                        member.likeliest[state] = span


Scores = list[dict[State, float]]
"""For each node, the logarithm of what each state sums up to."""


class _Moves:
    """The scores of the steps into each node, worked out once; None where there is no step."""

    def __init__(self, laid: SessionFeatures, chain: Chain, table: Mapping[str, float]):
        self._laid, self._chain, self._table = laid, chain, table
        self._known: dict[tuple[int, State, State], float | None] = {}

    def of(self, at: int, one: State, two: State) -> float | None:
        """The score of the step from a state to the state of the node at a place."""
        key = at, one, two
        if key not in self._known:
            values = step(self._laid, self._chain, one, two, at)
            self._known[key] = None if values is None else score(values, self._table)
        return self._known[key]


def _scores(
    nodes: Sequence[Node],
    said: Sequence[Evidence],
    span: Span,
    table: Mapping[str, float],
) -> list[float]:
    """The scores of a span's states: its own, and what others take."""
    taken = nodes[span.first].taken
    return [
        by + score(taken.get(state, {}), table)
        for state, by in zip(span.states, own(nodes, said, span, table), strict=True)
    ]


def own(
    nodes: Sequence[Node],
    said: Sequence[Evidence],
    span: Span,
    table: Mapping[str, float],
) -> list[float]:
    """The scores of a span's states: the evidence of all its messages, and that each goes on with
    the one before."""
    first = nodes[span.first]
    joins = sum(score(join, table) for join in span.joins(nodes))
    by = joins - math.log(len(first.states))
    less = (span.last + 1 - span.first) ** -LESS
    members = said[span.first : span.last + 1]
    return [
        by
        + members[0].place[state]
        + sum(one.said[state] + less * one.alike[state] for one in members)
        for state in span.states
    ]


def _forward(
    nodes: Sequence[Node], own: Mapping[int, list[float]], moved: _Moves
) -> tuple[Scores, Scores]:
    """Of each node and state, all that comes before a span which begins there, and all up to a
    span which ends there."""
    begins: list[set[State]] = [set() for _ in nodes]
    for span in (span for node in nodes for span in node.spans):
        begins[span.first].update(span.states)
    enter: Scores = []
    ahead: Scores = []
    for at, node in enumerate(nodes):
        if at:
            enter.append(
                {
                    two: log_sum(
                        [
                            was + by
                            for one, was in ahead[at - 1].items()
                            if (by := moved.of(at, one, two)) is not None
                        ]
                    )
                    for two in begins[at]
                }
            )
        else:
            enter.append(dict.fromkeys(begins[0], 0.0))
        found: dict[State, list[float]] = {}
        for span in node.spans:
            for state, by in zip(span.states, own[id(span)], strict=True):
                found.setdefault(state, []).append(enter[span.first][state] + by)
        ahead.append({state: log_sum(ways) for state, ways in found.items()})
    return enter, ahead


def _backward(
    nodes: Sequence[Node], own: Mapping[int, list[float]], moved: _Moves, ahead: Scores
) -> Scores:
    """Of each node and state, all that comes after a span which ends there."""
    back: Scores = [{} for _ in nodes]
    begun: list[dict[State, list[float]]] = [{} for _ in nodes]
    for at in range(len(nodes) - 1, -1, -1):
        if at == len(nodes) - 1:
            back[at] = dict.fromkeys(ahead[at], 0.0)
        else:
            rest = {state: log_sum(ways) for state, ways in begun[at + 1].items()}
            back[at] = {
                one: log_sum(
                    [
                        then + by
                        for two, then in rest.items()
                        if (by := moved.of(at + 1, one, two)) is not None
                    ]
                )
                for one in ahead[at]
            }
        for span in nodes[at].spans:
            for state, by in zip(span.states, own[id(span)], strict=True):
                begun[span.first].setdefault(state, []).append(by + back[at][state])
    return back


def log_sum(values: Sequence[float]) -> float:
    """The logarithm of the sum of the powers of e."""
    top = max(values, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(value - top) for value in values))

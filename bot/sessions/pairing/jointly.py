"""All authors' messages together: each question is answered once.

What one message answers is taken from all others, whoever wrote them; so a state is, besides the
question of the message before, all questions that were answered so far. Only the spans and states
that chain.py left likely are looked at, and of the ways up to a message the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.sessions.pairing import chain as chains
from bot.sessions.pairing import shape, signals
from bot.sessions.pairing.chain import Chain, Node, Span, State, log_sum, score
from bot.sessions.pairing.session import SessionFeatures
from bot.sessions.pairing.signals import Values

_WAYS = 200
"""How many ways up to a message are gone on with."""
_LEAST = 0.004
"""From which share on a span and state are looked at."""


class Way(NamedTuple):
    """What stands before a message: the question of the last one, and all that were answered."""

    last: State
    answered: frozenset[str]


class Choice(NamedTuple):
    """A span and its state, with the score of its own evidence."""

    chain: Chain
    span: Span
    state: State
    own: float


class Step(NamedTuple):
    """A choice after a way, and what it scores."""

    before: Way
    after: Way
    choice: Choice
    end: int
    values: Values
    score: float


Fits = Callable[[str, State], bool]
"""Whether a message (id) may be in a state."""


class Session:
    """The messages of all authors in order, in a row of runs: no span goes beyond a run."""

    def __init__(
        self, laid: SessionFeatures, found: Sequence[Chain], table: Mapping[str, float]
    ) -> None:
        self.laid, self.table = laid, table
        runs: list[tuple[int, list[tuple[Chain, int]]]] = []
        order = {post.id: at for at, post in enumerate(laid.posts)}
        for chain in found:
            for at, node in enumerate(chain.nodes):
                if not node.run or not at:
                    runs.append((order[node.post.id], []))
                runs[-1][1].append((chain, at))
        if all(post.at is not None for post in laid.posts):
            runs.sort(key=lambda run: (chains.at(run[1][0][0].nodes[run[1][0][1]]), run[0]))
        else:
            runs.sort(key=lambda run: run[0])
        self.messages = [message for _, run in runs for message in run]
        self.free = {q.post.id: q.place for q in laid.questions if q.waits}
        self.choices: list[list[Choice]] = [[] for _ in self.messages]
        where = {(id(chain), at): place for place, (chain, at) in enumerate(self.messages)}
        for chain in found:
            said = [chains.evidence(node, table) for node in chain.nodes]
            for node in chain.nodes:
                for span in node.spans:
                    self.choices[where[id(chain), span.first]] += self._of(chain, said, span)
        self._known: dict[tuple[int, State, Way], Values | None] = {}

    def node(self, at: int) -> Node:
        """A message by its place."""
        chain, place = self.messages[at]
        return chain.nodes[place]

    def _of(self, chain: Chain, said: Sequence[chains.Evidence], span: Span) -> list[Choice]:
        adds = span.first == span.last and shape.adds(
            self.laid.texts[chain.nodes[span.first].post.id].shown
        )
        if not adds and not any(share >= _LEAST for share in span.shares):
            return []
        own = chains.own(chain.nodes, said, span, self.table)
        return [
            Choice(chain, span, state, by)
            for state, share, by in zip(span.states, span.shares, own, strict=True)
            if share >= _LEAST or adds
        ]

    def _values(self, at: int, state: State, way: Way) -> Values | None:
        """The signals of a state after a way; None where there is no such step."""
        key = at, state, way
        if key not in self._known:
            self._known[key] = self._step(at, state, way)
        return self._known[key]

    def _step(self, at: int, state: State, way: Way) -> Values | None:
        chain, place = self.messages[at]
        node = chain.nodes[place]
        if state is None:
            return {"talks": 1, "names whom nothing waits for": self._in_vain(node, way)}
        if at and self.messages[at - 1][0] is not chain and state == way.last and self._follows(at):
            adds = shape.adds(self.laid.texts[node.post.id].shown)
            return {"adds to it" if adds else "adds to it, unsaid": 1}
        values: Values = {}
        if at and way.last is not None and state != way.last:
            values |= self._move(way, state)
        elif at and place and self.messages[at - 1][0] is chain:
            step = chains.step(self.laid, chain, way.last, state, place)
            if step is None:
                return None
            values |= step
        if state in way.answered:
            values["answered twice"] = 1
            values["answered twice, as they do once"] = self.laid.once[node.post.person]
        elif state in self.free or (at and state == way.last and self.node(at - 1).settled):
            # The rest of an answer that was begun in a thread answers what still waits, too.
            values["answers one that waits"] = 1
        elif node.post.person in self.laid.question[state].answered_by and state != way.last:
            values["turns to one they answered"] = 1
        return values

    def _move(self, way: Way, state: str) -> Values:
        """The signals of going on or back to another question, given what was answered."""
        assert way.last is not None  # noqa: S101 - the caller looked
        one, two = self.laid.question[way.last].place, self.laid.question[state].place
        waiting = sum(
            min(one, two) < place < max(one, two)
            for question, place in self.free.items()
            if question not in way.answered
        )
        return signals.moved(waiting, two > one)

    def _in_vain(self, node: Node, way: Way) -> float:
        """Whether a message speaks to askers of whom no question waits any more."""
        named = self.laid.texts[node.post.id].naming.addressed & self.laid.askers
        waiting = {
            self.laid.question[other].post.person
            for other in self.free
            if other not in way.answered
        }
        return float(bool(named) and not named & waiting)

    def _follows(self, at: int) -> bool:
        """Whether a message stands right after the one before."""
        places = [self.laid.place.get(self.node(one).post.id, -9) for one in (at - 1, at)]
        return places[1] == places[0] + 1

    def steps(
        self, table: Mapping[str, float], fits: Fits | None = None
    ) -> tuple[float, list[tuple[Step, float]]]:
        """The logarithm of the sum of all ways, and all steps with their shares.

        With `fits` only the states that fit are gone into.
        """
        ahead, every = self._forward(table, fits)
        total = log_sum(list(ahead[-1].values()))
        if total == -math.inf:
            return total, []
        back: list[dict[Way, float]] = [{} for _ in ahead]
        back[-1] = dict.fromkeys(ahead[-1], 0.0)
        shares: list[tuple[Step, float]] = []
        for at in range(len(every) - 1, -1, -1):
            rest: dict[Way, list[float]] = {}
            for one in every[at]:
                then = back[one.end].get(one.after)
                if then is not None:
                    rest.setdefault(one.before, []).append(one.score + then)
                    shares.append((one, math.exp(ahead[at][one.before] + one.score + then - total)))
            back[at] = {way: log_sum(sums) for way, sums in rest.items()}
        return total, shares

    def _forward(
        self, table: Mapping[str, float], fits: Fits | None
    ) -> tuple[list[dict[Way, float]], list[list[Step]]]:
        """Up to each message the best ways, and all steps from it."""
        ahead: list[dict[Way, float]] = [{} for _ in range(len(self.messages) + 1)]
        ahead[0][Way(None, frozenset())] = 0.0
        every: list[list[Step]] = [[] for _ in self.messages]
        for at, choices in enumerate(self.choices):
            best = sorted(ahead[at], key=lambda way: -ahead[at][way])[:_WAYS]
            ahead[at] = {way: ahead[at][way] for way in best}
            arrived: dict[tuple[int, Way], list[float]] = {}
            for choice in choices:
                span, state = choice.span, choice.state
                members = choice.chain.nodes[span.first : span.last + 1]
                if fits is not None and not all(fits(node.post.id, state) for node in members):
                    continue
                own = choice.own + sum(score(join, table) for join in span.joins)
                for way in best:
                    values = self._values(at, state, way)
                    if values is None:
                        continue
                    by = own + score(values, table)
                    done = way.answered
                    if state is not None and state in self.free:
                        done |= {state}
                    one = Step(way, Way(state, done), choice, at + len(members), values, by)
                    every[at].append(one)
                    arrived.setdefault((one.end, one.after), []).append(ahead[at][way] + by)
            for (end, after), sums in arrived.items():
                ahead[end][after] = log_sum([ahead[end].get(after, -math.inf), *sums])
        return ahead, every


def infer(laid: SessionFeatures, found: Sequence[Chain], table: Mapping[str, float]) -> None:
    """Fills in the shares of spans and messages anew."""
    total, shares = Session(laid, found, table).steps(table)
    if total == -math.inf:
        return
    for node in (node for chain in found for node in chain.nodes):
        for span in node.spans:
            span.shares = [0.0] * len(span.states)
    for one, share in shares:
        span = one.choice.span
        span.shares[span.states.index(one.choice.state)] += share
        if "adds to it" in one.values:
            taken = one.choice.chain.nodes[span.first].taken.setdefault(one.choice.state, {})
            taken["adds to it"] = taken.get("adds to it", 0.0) + share
    for chain in found:
        chains.sum_up(chain)

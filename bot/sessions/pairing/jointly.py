"""All authors' messages together: each question is answered once.

What one message answers is taken from all others, whoever wrote them; so a state is, besides the
question of the message before, all questions that were answered so far. Only the spans and states
that chain.py left likely are looked at, and of the ways up to a message the best. That is done twice:
the first time shows how often each author goes on to the next question that waits.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.sessions.pairing import chain as chains
from bot.sessions.pairing import shape, signals
from bot.sessions.pairing.chain import Chain, Node, Span, State, log_sum, score
from bot.sessions.pairing.session import SessionFeatures
from bot.sessions.pairing.signals import Values

_WAYS, _FEWEST, _STEPS = 200, 40, 20_000
"""How many ways up to a message are gone on with, and the fewest where there are so many messages that
all of them would take more steps than these."""
_ORDERLY = 0.5
"""How often an author of whom nothing is known goes on to the next question that waits."""
_LEAST = 0.004
"""From which share on a span and state are looked at."""


class Way(NamedTuple):
    """What stands before a message: the question of the last one, and all that were answered,
    with 0, and with 1 where what was asked again in its thread was answered, too."""

    last: State
    answered: frozenset[tuple[str, int]]


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
        self._waiting: dict[frozenset[tuple[str, int]], tuple[list[int], frozenset[str]]] = {}
        self.orderly: dict[str, float] = {}

    def learn(self, shares: Sequence[tuple[Step, float]]) -> None:
        """Learns of each author how often they go on to the next question that waits."""
        on: dict[str, float] = {}
        every: dict[str, float] = {}
        for one, share in shares:
            if one.values.keys() & {"next open question", "back", "open questions skipped"}:
                who = one.choice.chain.nodes[0].post.person
                every[who] = every.get(who, 0.0) + share
                on[who] = on.get(who, 0.0) + share * one.values.get("next open question", 0.0)
        self.orderly = {who: (on[who] + 2 * _ORDERLY) / (every[who] + 2) for who in every}
        self._known = {}

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
        due = self._due(way, state)
        waits = due is not None and self.laid.question[state].asks
        values: Values = {}
        if at and way.last is not None and state != way.last:
            values |= self._move(way, state)
            if not self.laid.question[state].asks:
                values.pop("next open question", None)
            share = self.orderly.get(node.post.person, _ORDERLY)
            values["order, as they do"] = (
                math.log(share / _ORDERLY)
                if "next open question" in values
                else math.log((1 - share) / (1 - _ORDERLY))
            )
        elif at and place and self.messages[at - 1][0] is chain:
            step = chains.step(self.laid, chain, way.last, state, place)
            if step is None:
                return None
            values |= step
        if (state, 0) in way.answered and due is None:
            values["answered twice"] = 1
            values["answered twice, as they do once"] = self.laid.once[node.post.person]
        elif waits or (at and state == way.last and self.node(at - 1).settled):
            # The rest of an answer that was begun in a thread answers what still waits, too.
            values["answers one that waits"] = 1
        elif node.post.person in self.laid.question[state].answered_by and state != way.last:
            values["turns to one they answered"] = 1
        if due is None and self._waits_elsewhere(node, state, way):
            values["another of theirs waits"] = 1
        return values

    def _due(self, way: Way, state: State) -> tuple[str, int] | None:
        """What a question still waits for after a way; None where that is nothing."""
        if state is None:
            return None
        question = self.laid.question[state]
        every = [] if question.answered_by or question.covered else [(state, 0)]
        if question.asks_again:
            every.append((state, 1))
        return next((one for one in every if one not in way.answered), None)

    def _move(self, way: Way, state: str) -> Values:
        """The signals of going on or back to another question, given what was answered."""
        assert way.last is not None  # noqa: S101 - the caller looked
        one, two = self.laid.question[way.last].place, self.laid.question[state].place
        places = self._open(way)[0]
        waiting = bisect_left(places, max(one, two)) - bisect_right(places, min(one, two))
        return signals.moved(waiting, two > one)

    def _open(self, way: Way) -> tuple[list[int], frozenset[str]]:
        """The places of the questions that still wait after a way, in order, and who asked them."""
        found = self._waiting.get(way.answered)
        if found is None:
            still = [q for q in self.free if (q, 0) not in way.answered]
            places = [self.free[q] for q in still]
            found = places, frozenset(self.laid.question[q].post.person for q in still)
            self._waiting[way.answered] = found
        return found

    def _waits_elsewhere(self, node: Node, state: str, way: Way) -> bool:
        """Whether the asker, whom a message names, waits with another question."""
        asker = self.laid.question[state].post.person
        named = self.laid.texts[node.post.id].naming.addressed
        return asker in named and state != way.last and asker in self._open(way)[1]

    def _in_vain(self, node: Node, way: Way) -> float:
        """Whether a message speaks to askers of whom no question waits any more."""
        named = self.laid.texts[node.post.id].naming.addressed & self.laid.askers
        return float(bool(named) and not named & self._open(way)[1])

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
        ways = max(_FEWEST, min(_WAYS, _STEPS // len(self.messages))) if self.messages else 0
        for at, choices in enumerate(self.choices):
            best = sorted(ahead[at], key=lambda way: -ahead[at][way])[:ways]
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
                    due = self._due(way, state)
                    done = way.answered if due is None else way.answered | {due}
                    one = Step(way, Way(state, done), choice, at + len(members), values, by)
                    every[at].append(one)
                    arrived.setdefault((one.end, one.after), []).append(ahead[at][way] + by)
            for (end, after), sums in arrived.items():
                ahead[end][after] = log_sum([ahead[end].get(after, -math.inf), *sums])
        return ahead, every


def infer(laid: SessionFeatures, found: Sequence[Chain], table: Mapping[str, float]) -> None:
    """Fills in the shares of spans and messages anew."""
    session = Session(laid, found, table)
    total, shares = session.steps(table)
    session.learn(shares)
    total, shares = session.steps(table)
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

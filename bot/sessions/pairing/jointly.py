"""All authors' messages together: each question is answered once.

What one message answers is taken from the others, whoever wrote them; so what stands before a message
is, besides the question of the last one, all questions that were answered so far. Only the spans and
states that chain.py left likely are looked at, and of the ways up to a message the likeliest. That is
done twice: the first time shows how often each author goes on to the next question that waits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.sessions.pairing import chain as chains
from bot.sessions.pairing import shape, signals
from bot.sessions.pairing.chain import Chain, Node, Span, State, log_sum, score
from bot.sessions.pairing.session import Question, SessionFeatures
from bot.sessions.pairing.signals import Values

_WAYS, _FEWEST, _STEPS = 200, 40, 20_000
"""How many of the ways up to a message are kept, and the fewest where there are so many messages that
keeping as many would take more steps than these."""
_LEAST = 0.004
"""The smallest share of a span and state that is looked at."""


class Way(NamedTuple):
    """What stands before a message: the question of the last one, and all that were answered, as the
    sum of what they wait for (`Session.wants`)."""

    last: State
    answered: int


class Choice(NamedTuple):
    """A span in a state, with the score of its own evidence."""

    chain: Chain
    span: Span
    state: State
    own: float


class Step(NamedTuple):
    """A choice after a way, and what it scores; `end` is the place of the message after it."""

    before: Way
    after: Way
    choice: Choice
    end: int
    values: Values
    score: float


class Session:
    """The messages of all authors in order; messages in a row stay together.

    `choices` are, for each message, the spans that begin with it by their state. `wants` says what
    each question waits for: an answer, and one to what was asked again in its thread. Each is a bit.
    """

    def __init__(
        self, laid: SessionFeatures, found: Sequence[Chain], table: Mapping[str, float]
    ) -> None:
        self._laid, self._table = laid, table
        runs: list[list[Node]] = []
        for node in (node for chain in found for node in chain.nodes):
            if not node.run:
                runs.append([])
            runs[-1].append(node)
        order = {post.id: at for at, post in enumerate(chains.in_order(laid))}
        runs.sort(key=lambda run: order[run[0].post.id])
        self._nodes = [node for run in runs for node in run]
        self.wants = {question.post.id: self._wants(question) for question in laid.questions}
        self._asked: dict[str, int] = {}
        for question in (question for question in laid.questions if question.waits):
            asker = question.post.person
            self._asked[asker] = self._asked.get(asker, 0) | 1 << question.place
        self._waits = sum(self._asked.values())
        addressed = (laid.texts[node.post.id].naming.addressed for node in self._nodes)
        self._named = [named & laid.askers for named in addressed]
        place = {node.post.id: at for at, node in enumerate(self._nodes)}
        self.choices: list[dict[State, list[Choice]]] = [{} for _ in self._nodes]
        for chain in found:
            said = [chains.evidence(node, table) for node in chain.nodes]
            for span in (span for node in chain.nodes for span in node.spans):
                here = self.choices[place[chain.nodes[span.first].post.id]]
                for choice in self._of(chain, said, span):
                    here.setdefault(choice.state, []).append(choice)
        self._orderly: dict[str, float] = {}
        self._learn(self.shares()[1])

    def _of(self, chain: Chain, said: Sequence[chains.Evidence], span: Span) -> list[Choice]:
        """The states of a span that are looked at."""
        adds = span.first == span.last and shape.adds(
            self._laid.texts[chain.nodes[span.first].post.id].shown
        )
        if not adds and not any(share >= _LEAST for share in span.shares):
            return []
        own = chains.own(chain.nodes, said, span, self._table)
        return [
            Choice(chain, span, state, by)
            for state, share, by in zip(span.states, span.shares, own, strict=True)
            if share >= _LEAST or adds
        ]

    def _wants(self, question: Question) -> tuple[int, ...]:
        answer = 1 << question.place
        again = answer << len(self._laid.top)
        waits = not question.answered_by and not question.covered
        return (*((answer,) if waits else ()), *((again,) if question.asks_again else ()))

    def _learn(self, shares: Sequence[tuple[Step, float]]) -> None:
        """Learns of each author how often they go on to the next question that waits, as if there
        were two more steps and one of them did."""
        on: dict[str, float] = {}
        every: dict[str, float] = {}
        for one, share in shares:
            if one.values.keys() & {"next open question", "back", "open questions skipped"}:
                who = one.choice.chain.nodes[0].post.person
                every[who] = every.get(who, 0.0) + share
                on[who] = on.get(who, 0.0) + share * ("next open question" in one.values)
        self._orderly = {who: (on[who] + 1) / (every[who] + 2) for who in every}

    def shares(self) -> tuple[float, list[tuple[Step, float]]]:
        """The logarithm of the sum of all ways, and all steps with their shares."""
        ahead, every = self._forward()
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

    def _forward(self) -> tuple[list[dict[Way, float]], list[list[Step]]]:
        """Up to each message, and up to the end, the likeliest ways, and all steps from it."""
        most = max(_FEWEST, min(_WAYS, _STEPS // max(1, len(self._nodes))))
        arrived: list[dict[Way, list[float]]] = [{} for _ in range(len(self._nodes) + 1)]
        arrived[0][Way(None, 0)] = [0.0]
        ahead: list[dict[Way, float]] = []
        every: list[list[Step]] = []
        for at, choices in enumerate(self.choices):
            sums = {way: log_sum(found) for way, found in arrived[at].items()}
            best = sorted(sums, key=lambda way: -sums[way])[:most]
            ahead.append({way: sums[way] for way in best})
            every.append([])
            for way, so_far in ahead[at].items():
                for state, spans in choices.items():
                    wants = () if state is None else self.wants[state]
                    due = next((one for one in wants if not one & way.answered), 0)
                    values = self._values(at, state, way, due)
                    if values is None:
                        continue
                    by = score(values, self._table)
                    after = Way(state, way.answered | due)
                    for choice in spans:
                        end = at + choice.span.last + 1 - choice.span.first
                        every[at].append(Step(way, after, choice, end, values, by + choice.own))
                        arrived[end].setdefault(after, []).append(so_far + by + choice.own)
        ahead.append({way: log_sum(found) for way, found in arrived[-1].items()})
        return ahead, every

    def _values(self, at: int, state: State, way: Way, due: int) -> Values | None:
        """The signals of a state after a way, `due` being what its question still waits for; None
        where there is no such step, since the two would be one span."""
        node, named = self._nodes[at], self._named[at]
        open_ = self._waits & ~way.answered
        if state is None:
            in_vain = named and not any(open_ & self._asked.get(person, 0) for person in named)
            return {"talks": 1, "names whom nothing waits for": 1 if in_vain else 0}
        question, again = self._laid.question[state], state == way.last
        before = self._nodes[at - 1] if at else None
        values: Values = {}
        if before and again and before.post.person != node.post.person and self._follows(at):
            return {
                "adds to it"
                if shape.adds(self._laid.texts[node.post.id].shown)
                else "adds to it, unsaid": 1
            }
        if before and again and node.run:
            if not before.settled and not node.settled:
                return None
            values |= node.join
        elif way.last is not None and not again:
            values |= self._move(node.post.person, self._laid.question[way.last], question, open_)
        if not due and way.answered >> question.place & 1:
            values["answered twice"] = 1
            values["answered twice, as they do once"] = self._laid.once[node.post.person]
        elif (due and question.asks) or (again and before and before.settled):
            # The rest of an answer that was begun in a thread answers what still waits, too.
            values["answers one that waits"] = 1
        elif node.post.person in question.answered_by and not again:
            values["turns to one they answered"] = 1
        asker = question.post.person
        if not due and not again and asker in named and open_ & self._asked.get(asker, 0):
            values["another of theirs waits"] = 1
        return values

    def _move(self, author: str, before: Question, after: Question, open_: int) -> Values:
        """The signals of going on or back to another question, given which wait."""
        first, last = sorted((before.place, after.place))
        between = open_ >> first + 1 & (1 << last - first - 1) - 1
        values = signals.moved(between.bit_count(), after.place > before.place)
        if not after.asks:
            values.pop("next open question", None)
        orderly = self._orderly.get(author, 0.5)
        orderly = orderly if "next open question" in values else 1 - orderly
        values["order, as they do"] = math.log(2 * orderly)
        return values

    def _follows(self, at: int) -> bool:
        """Whether a message stands right after the one before."""
        before, after = (self._laid.place.get(one.post.id) for one in self._nodes[at - 1 : at + 1])
        return before is not None and after == before + 1


def infer(laid: SessionFeatures, found: Sequence[Chain], table: Mapping[str, float]) -> None:
    """Fills in the shares of spans and messages anew."""
    shares = Session(laid, found, table).shares()[1]
    if not shares:
        return
    for span in (span for chain in found for node in chain.nodes for span in node.spans):
        span.shares = [0.0] * len(span.states)
    for one, share in shares:
        chain, span, state, _ = one.choice
        span.shares[span.states.index(state)] += share
        if "adds to it" in one.values:
            taken = chain.nodes[span.first].taken.setdefault(state, {})
            taken["adds to it"] = taken.get("adds to it", 0.0) + share
    for chain in found:
        chains.sum_up(chain)

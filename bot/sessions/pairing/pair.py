"""Which question an unthreaded post belongs to: the decisions, each with its reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.sessions.pairing import chain as chains
from bot.sessions.pairing import jointly, signals, words
from bot.sessions.pairing.chain import Chain, Node
from bot.sessions.pairing.meaning import Meaning
from bot.sessions.pairing.posts import Candidate, Decision, Kind, Pairing, Post
from bot.sessions.pairing.session import Question, SessionFeatures
from bot.sessions.pairing.signals import Pair
from bot.sessions.pairing.weights import EVEN, PHRASES, SAID, TABLE, level
from bot.texts import _

MAX_CANDIDATES = 3
"""How many candidates a decision names, and how many signals a reason."""
_SAYS_LITTLE = 0.15
"""Of a score, what a signal must give to be worth a word."""
_WORDS = 3


def pair(
    posts: Sequence[Post],
    known: Mapping[str, str | None] | None = None,
    table: Mapping[str, float] = TABLE,
    meaning: Meaning | None = None,
) -> Pairing:
    """What each top-level post of a session is.

    `posts` are the session's posts, the top-level ones in the order in which they came, the
    replies of each thread in theirs. `known` are corrections that stand: a post's id to the id of
    its question, or to None where it is talk. `meaning` is a model that compares what texts
    mean, None for words alone. Pure and deterministic as far as the model is: the same posts give
    the same decisions. Given the posts up to one of an author's, the decision about that one is
    what can be known at the moment it comes. Raises ShuttingDown as `meaning` does.
    """
    laid = SessionFeatures(posts)
    settled = {
        post: question
        for post, question in (known or {}).items()
        if post in laid.place and (question is None or question in laid.question)
    }
    found = chains.build(laid, table, settled, meaning=meaning)
    chains.run(laid, found, table)
    jointly.infer(laid, found, table)
    claims = _claims(laid, found)
    least = level(laid.likeness is not None)
    decided: dict[str, Decision] = {}
    for each in found:
        for at, node in enumerate(each.nodes):
            if node.post.thread is None:
                decision = _decision(laid, each, at, decided, table, settled, claims)
                decided[node.post.id] = replace(decision, level=least)
    for post in laid.top:
        if not post.is_author:
            decided[post.id] = _of_asker(laid, post, decided)
    return Pairing(tuple(decided[post.id] for post in laid.top), tuple(laid.covered))


def sure(decision: Decision) -> bool:
    """Whether an author's post is linked without asking: from its level of confidence on."""
    return (
        decision.by_author
        and decision.question is not None
        and decision.confidence >= decision.level
    )


def linked(pairing: Pairing) -> dict[str, str]:
    """The authors' posts that are linked by themselves, each with its question (ids)."""
    return {
        decision.post: decision.question
        for decision in pairing.decisions
        if decision.question is not None and sure(decision)
    }


def _decision(
    laid: SessionFeatures,
    chain: Chain,
    at: int,
    decided: Mapping[str, Decision],
    table: Mapping[str, float],
    settled: Collection[str],
    claims: Mapping[str, float],
) -> Decision:
    node = chain.nodes[at]
    post = node.post
    if post.id in settled:
        return _settled(node)
    shares = {state: _of_chain(chain, at, state) for state in node.marginals if state is not None}
    if not shares:
        return Decision(post.id, Kind.TALK, (), 1.0, _("nothing was asked before it"), True)
    shares = _any_of_a_run(laid, node, shares, claims)
    order = sorted(shares, key=lambda state: (-shares[state], -laid.question[state].place))
    candidates = tuple(
        Candidate(state, shares[state], _reason(laid, chain, at, state, table))
        for state in order[:MAX_CANDIDATES]
    )
    best, talk = candidates[0], node.marginals[None]
    if talk > best.confidence and talk >= EVEN:
        reason = _talk_reason(node, table)
        return Decision(post.id, Kind.TALK, (), talk, reason, True, None, candidates)
    if best.confidence < EVEN:
        reason = _("nothing stands out; perhaps {reason}", reason=best.reason)
        return Decision(
            post.id, Kind.UNDECIDED, (), best.confidence, reason, True, None, candidates
        )
    question = laid.question[best.question]
    others = _several(laid, node, question)
    continues = None
    before = chain.nodes[at - 1].post if at else None
    begins = signals.greets(laid, post) and not (
        before is not None and signals.only_greets(laid, before)
    )
    if before is not None and node.run and not begins:
        earlier = decided.get(before.id)
        of_it = earlier.question if earlier else before.thread
        if of_it == best.question:
            continues = before.id
    kind = Kind.CONTINUES if continues else Kind.SEVERAL if others else Kind.ANSWERS
    # Whichever of them it is for first, it is right under the one that it is put under.
    confidence = best.confidence + sum(shares.get(other, 0.0) for other in others)
    return Decision(
        post.id,
        kind,
        (best.question, *others),
        min(1.0, confidence),
        best.reason,
        True,
        continues,
        candidates,
    )


def _of_chain(chain: Chain, at: int, state: str) -> float:
    """How likely a message's question is: where it is one of several messages in a row, no more
    than that of those before it, so that the rest of an answer is never surer than its beginning."""
    first = chain.nodes[at].likeliest[state].first
    return min(node.marginals.get(state, 0.0) for node in chain.nodes[first : at + 1])


def _claims(laid: SessionFeatures, found: Sequence[Chain]) -> dict[str, float]:
    """How many answers, by expectation, go to each run of posts of one asker (its first post)."""
    claims: dict[str, float] = {}
    for node in (node for each in found for node in each.nodes if not node.settled):
        for span in node.spans:
            for state, share in zip(span.states, span.shares, strict=True):
                if state is not None:
                    first = laid.question[state].group[0]
                    claims[first] = claims.get(first, 0.0) + share
    return claims


def _any_of_a_run(
    laid: SessionFeatures, node: Node, shares: Mapping[str, float], claims: Mapping[str, float]
) -> dict[str, float]:
    """The shares where any of an asker's posts in a row is right: the likeliest has them all.

    So it is where there is but one answer to these posts, and it names the asker or is likelier
    than not to be for one of them: its place alone does not say which one is meant. The more
    answers share them, the less does each of them.
    """
    named = laid.texts[node.post.id].naming.addressed
    found = dict(shares)
    runs: dict[str, list[str]] = {}
    for state in shares:
        runs.setdefault(laid.question[state].group[0], []).append(state)
    for first, states in runs.items():
        alone = max(0.0, min(1.0, 2 - claims.get(first, 0.0)))
        best = max(states, key=lambda state: (shares[state], -laid.question[state].place))
        if shares[best] < EVEN and laid.question[best].post.person not in named:
            continue
        if not laid.question[best].waits:
            continue
        for state in states:
            if state != best and laid.question[state].waits:
                found[best] = min(1.0, found[best] + alone * shares[state])
                found[state] -= alone * shares[state]
    return found


def _settled(node: Node) -> Decision:
    reason = _("set by a person")
    question = node.spans[0].states[0]
    if question is None:
        return Decision(node.post.id, Kind.TALK, (), 1.0, reason, True)
    candidate = Candidate(question, 1.0, reason)
    return Decision(node.post.id, Kind.ANSWERS, (question,), 1.0, reason, True, None, (candidate,))


def _several(laid: SessionFeatures, node: Node, question: Question) -> tuple[str, ...]:
    """The other questions that an answer answers too."""
    return _of_others(laid, node, question) or _of_group(laid, node.post, question)


def _of_group(laid: SessionFeatures, post: Post, question: Question) -> tuple[str, ...]:
    """The other posts that the asker posted in a row with the one answered."""
    text = laid.texts[post.id]
    if len(question.group) < 2 or not (text.several or (text.items >= 2 and question.split)):
        return ()
    return tuple(
        other
        for other in question.group
        if other != question.post.id
        and laid.question[other].place < laid.place[post.id]
        and laid.question[other].asks
        and not laid.question[other].answered_by
    )


def _of_others(laid: SessionFeatures, node: Node, question: Question) -> tuple[str, ...]:
    """The likeliest question of each other asker to whom a line of the answer speaks."""
    spoken_to = laid.spoken_to[node.post.id]
    if question.post.person not in spoken_to:
        return ()
    found = []
    for person in spoken_to:
        theirs = [q for q in node.marginals if q and laid.question[q].post.person == person]
        if theirs and person != question.post.person:
            found.append(max(theirs, key=lambda q: (node.marginals[q], laid.question[q].place)))
    return tuple(found)


def _reason(
    laid: SessionFeatures, chain: Chain, at: int, state: str, table: Mapping[str, float]
) -> str:
    """The signals that speak most for a question, in words, on one line."""
    node = chain.nodes[at]
    span = node.likeliest[state]
    found = node.pairs[state]
    gains: dict[str, float] = {}
    values = {**found.values, **node.taken.get(state, {})}
    for other in chain.nodes[span.first : span.last + 1]:
        values |= {n: v for n, v in other.pairs[state].values.items() if n.startswith("named")}
    if at > span.first:
        values.update(node.join)
    elif at:
        before = chain.nodes[at - 1].marginals
        likeliest = max(before, key=lambda one: (before[one], one or ""))
        values.update(chains.step(laid, chain, likeliest, state, at) or {})
    for name, value in values.items():
        phrase = PHRASES.get(name)
        if phrase and table[name] * value > 0:
            gains[phrase] = gains.get(phrase, 0.0) + table[name] * value
    total = sum(gains.values())
    ranked = sorted(gains, key=lambda phrase: -gains[phrase])
    said = [
        _say(laid, chain.nodes[span.first : span.last + 1], found, phrase)
        for phrase in ranked[:MAX_CANDIDATES]
        if gains[phrase] >= total * _SAYS_LITTLE
    ]
    waiting = not found.question.answered_by and "taken by them" not in node.taken.get(state, {})
    if waiting and _said("next") not in said:
        said.append(_said("open"))
    return ", ".join(said) or _said("none")


def _said(name: str) -> str:
    phrase = SAID[name]
    return _(phrase)


def _say(laid: SessionFeatures, span: Sequence[Node], found: Pair, phrase: str) -> str:
    if phrase == SAID["named"]:
        asker = found.question.post.person
        said = (laid.texts[node.post.id].naming.said.get(asker) for node in span)
        form = next((form for form in said if form), None)
        return f"{_(phrase)} ({form})" if form else _(phrase)
    if phrase == SAID["words"] and found.shared:
        spelt = words.original(" ".join(node.post.text for node in span))
        shown = ", ".join(f"'{spelt.get(word, word)}'" for word in found.shared[:_WORDS])
        return _("shares {words}", words=shown)
    return _(phrase)


def _talk_reason(node: Node, table: Mapping[str, float]) -> str:
    gains = {
        PHRASES[name]: table[name] * value
        for name, value in (node.talk or {}).items()
        if name in PHRASES and table[name] * value > 0
    }
    said = sorted(gains, key=lambda phrase: -gains[phrase])[:MAX_CANDIDATES]
    return ", ".join(map(_, said)) or _said("no question")


def _of_asker(laid: SessionFeatures, post: Post, decided: Mapping[str, Decision]) -> Decision:
    """What a top-level post of somebody who is no author is: a question, its rest, or talk."""
    text = laid.texts[post.id]
    place = laid.place[post.id]
    question = laid.question[post.id]
    earlier = laid.top[place - 1] if place else None
    if not question.asks and text.thanks and text.long < signals.LONG:
        for_it = _thanked(laid, post, decided)
        if for_it:
            named = _("gives thanks and asks nothing")
            return Decision(post.id, Kind.TALK, (for_it,), 0.9, named, False)
    if earlier is not None and earlier.person == post.person and not earlier.is_author:
        first = laid.question[question.group[0]]
        before = laid.question[earlier.id]
        goes_on = signals.goes_on(laid, post)
        if not before.asks or goes_on or not question.asks:
            reason = (
                _("the post before announces it")
                if not before.asks
                else _("the same asker goes on")
                if goes_on
                else _("adds to the same asker's post before it")
            )
            return Decision(
                post.id, Kind.CONTINUES, (first.post.id,), 0.8, reason, False, earlier.id
            )
    if not question.asks and (
        text.long < signals.LONG or "speaks to everyone" in text.marks_of_talk
    ):
        return Decision(post.id, Kind.TALK, (), 0.8, _("asks nothing"), False)
    return Decision(post.id, Kind.QUESTION, (), 0.9, _("asks"), False)


def _thanked(laid: SessionFeatures, post: Post, decided: Mapping[str, Decision]) -> str | None:
    """The question whose answer somebody thanks for: their own last one before it."""
    place = laid.place[post.id]
    for other in reversed(laid.top[:place]):
        answered = decided.get(other.id)
        if answered and answered.by_author and answered.question:
            asked = laid.question[answered.question]
            if asked.post.person == post.person:
                return asked.post.id
    own = [q for q in laid.questions if q.post.person == post.person and q.place < place and q.asks]
    return own[-1].post.id if own else None


def likeliest(
    posts: Sequence[Post],
    post: str,
    known: Mapping[str, str | None] | None = None,
    meaning: Meaning | None = None,
) -> Decision:
    """The decision about one new post, given the session so far.

    `posts` are those before it and itself; later ones are not looked at; the rest as in `pair`.
    Raises KeyError where the post is not at top level.
    """
    decision = pair(so_far(posts, post), known, meaning=meaning).of(post)
    assert decision is not None  # noqa: S101 - it is at top level
    return decision


def so_far(posts: Sequence[Post], post: str) -> list[Post]:
    """The posts up to one at top level, and itself. Raises KeyError where it is not there."""
    found = next((entry for entry in posts if entry.id == post and entry.thread is None), None)
    if found is None:
        raise KeyError(post)
    if found.at is not None:
        return [p for p in posts if p.at is None or p.at <= found.at]
    top = [entry.id for entry in posts if entry.thread is None]
    seen = set(top[: top.index(post) + 1])
    return [p for p in posts if (p.thread or p.id) in seen]

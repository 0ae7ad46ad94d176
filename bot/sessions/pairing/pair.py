"""Which question an unthreaded post belongs to: the decisions, each with its reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.sessions.pairing import chain, signals, words
from bot.sessions.pairing.chain import Node
from bot.sessions.pairing.meaning import Meaning
from bot.sessions.pairing.posts import Candidate, Decision, Kind, Pairing, Post
from bot.sessions.pairing.session import EVERYONE, Laid, Question
from bot.sessions.pairing.signals import Pair
from bot.sessions.pairing.weights import AFTER, EVEN, PHRASES, SAID, TABLE, level

MOST = 3
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
    what can be known at the moment it comes. Raises Closing as `meaning` does.
    """
    laid = Laid(posts)
    settled = {
        post: question
        for post, question in (known or {}).items()
        if post in laid.place and (question is None or question in laid.question)
    }
    chains = chain.build(laid, table, settled, meaning=meaning)
    chain.run(laid, chains, table)
    least = level(laid.likeness is not None)
    decided: dict[str, Decision] = {}
    for nodes in chains:
        before: Node | None = None
        for node in nodes:
            if node.post.thread is None:
                decision = _decision(laid, node, before, decided, table, settled)
                decided[node.post.id] = replace(decision, level=least)
            before = node
    for post in laid.top:
        if not post.is_author:
            decided[post.id] = _of_asker(laid, post, decided)
    return Pairing(tuple(decided[post.id] for post in laid.top), tuple(laid.covered))


def sure(decision: Decision) -> bool:
    """Whether an author's post is linked without asking: from its level of confidence on.

    What continues another message must be surer by AFTER: where the beginning of an answer is
    taken for another question's, its rest is too, and the chain is then too sure of it.
    """
    if not decision.by_author or decision.question is None:
        return False
    rest = decision.kind is Kind.CONTINUES
    return decision.confidence >= decision.level + (AFTER if rest else 0.0)


def linked(pairing: Pairing) -> dict[str, str]:
    """The authors' posts that are linked by themselves, each with its question (ids)."""
    return {
        decision.post: decision.question
        for decision in pairing.decisions
        if decision.question is not None and sure(decision)
    }


def _decision(
    laid: Laid,
    node: Node,
    before: Node | None,
    decided: Mapping[str, Decision],
    table: Mapping[str, float],
    settled: Collection[str],
) -> Decision:
    post = node.post
    if post.id in settled:
        return _settled(node)
    if not node.pairs:
        return Decision(post.id, Kind.TALK, (), 1.0, "nothing was asked before it", True)
    order = sorted(range(len(node.pairs)), key=lambda i: (-node.marginals[i], -i))
    candidates = tuple(
        Candidate(
            node.pairs[i].question.post.id,
            node.marginals[i],
            _reason(laid, node, before, i, table),
        )
        for i in order[:MOST]
    )
    best, talk = candidates[0], node.marginals[-1]
    if talk > best.confidence and talk >= EVEN:
        return Decision(
            post.id, Kind.TALK, (), talk, _talk_reason(node, table), True, None, candidates
        )
    if best.confidence < EVEN:
        reason = f"nothing stands out; perhaps {best.reason}"
        return Decision(
            post.id, Kind.UNDECIDED, (), best.confidence, reason, True, None, candidates
        )
    question = laid.question[best.question]
    others = _several(laid, node, question)
    continues = None
    begins = signals.greets(laid, post) and not (
        before is not None and signals.only_greets(laid, before.post)
    )
    if before is not None and node.run and not begins:
        earlier = decided.get(before.post.id)
        of_it = earlier.question if earlier else before.post.thread
        if of_it == best.question:
            continues = before.post.id
    kind = Kind.CONTINUES if continues else Kind.SEVERAL if others else Kind.ANSWERS
    return Decision(
        post.id,
        kind,
        (best.question, *others),
        best.confidence,
        best.reason,
        True,
        continues,
        candidates,
    )


def _settled(node: Node) -> Decision:
    reason = "set by a person"
    if not node.pairs:
        return Decision(node.post.id, Kind.TALK, (), 1.0, reason, True)
    question = node.pairs[0].question.post.id
    candidate = Candidate(question, 1.0, reason)
    return Decision(node.post.id, Kind.ANSWERS, (question,), 1.0, reason, True, None, (candidate,))


def _several(laid: Laid, node: Node, question: Question) -> tuple[str, ...]:
    """The other questions that an answer answers too."""
    return _of_others(laid, node, question) or _of_group(laid, node.post, question)


def _of_group(laid: Laid, post: Post, question: Question) -> tuple[str, ...]:
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


def _of_others(laid: Laid, node: Node, question: Question) -> tuple[str, ...]:
    """The likeliest question of each other asker to whom a line of the answer speaks."""
    spoken_to = laid.spoken_to[node.post.id]
    if question.post.person not in spoken_to:
        return ()
    found = []
    for person in spoken_to:
        theirs = [i for i, pair in enumerate(node.pairs) if pair.question.post.person == person]
        if theirs and person != question.post.person:
            best = max(theirs, key=lambda i: (node.marginals[i], i))
            found.append(node.pairs[best].question.post.id)
    return tuple(found)


def _reason(laid: Laid, node: Node, before: Node | None, i: int, table: Mapping[str, float]) -> str:
    """The signals that speak most for a pair, in words, on one line."""
    found = node.pairs[i]
    gains: dict[str, float] = {}
    values = dict(found.values)
    if before is not None and node.best_before:
        state = node.best_before[i]
        values.update(chain.between(laid, before, node)[state][i])
    for name, value in values.items():
        phrase = PHRASES.get(name)
        if phrase and table[name] * value > 0:
            gains[phrase] = gains.get(phrase, 0.0) + table[name] * value
    total = sum(gains.values())
    ranked = sorted(gains, key=lambda phrase: -gains[phrase])
    said = [
        _say(laid, node.post, found, phrase)
        for phrase in ranked[:MOST]
        if gains[phrase] >= total * _SAYS_LITTLE
    ]
    waiting = not found.question.answered_by and not node.taken[i].get("taken by them")
    if waiting and SAID["next"] not in said:
        said.append(SAID["open"])
    return ", ".join(said) or SAID["none"]


def _say(laid: Laid, post: Post, found: Pair, phrase: str) -> str:
    if phrase == SAID["named"]:
        form = laid.texts[post.id].naming.said.get(found.question.post.person)
        return f"{phrase} ({form})" if form else phrase
    if phrase == SAID["words"] and found.shared:
        spelt = words.original(post.text)
        shown = ", ".join(f"'{spelt.get(word, word)}'" for word in found.shared[:_WORDS])
        return f"shares {shown}"
    return phrase


def _talk_reason(node: Node, table: Mapping[str, float]) -> str:
    gains = {
        PHRASES[name]: table[name] * value
        for name, value in (node.talk or {}).items()
        if name in PHRASES and table[name] * value > 0
    }
    said = sorted(gains, key=lambda phrase: -gains[phrase])[:MOST]
    return ", ".join(said) or SAID["no question"]


def _of_asker(laid: Laid, post: Post, decided: Mapping[str, Decision]) -> Decision:
    """What a top-level post of somebody who is no author is: a question, its rest, or talk."""
    text = laid.texts[post.id]
    place = laid.place[post.id]
    question = laid.question[post.id]
    earlier = laid.top[place - 1] if place else None
    if not question.asks and text.thanks and text.long < signals.LONG:
        for_it = _thanked(laid, post, decided)
        if for_it:
            named = "thanks, and asks nothing"
            return Decision(post.id, Kind.TALK, (for_it,), 0.9, named, False)
    if earlier is not None and earlier.person == post.person and not earlier.is_author:
        first = laid.question[question.group[0]]
        before = laid.question[earlier.id]
        goes_on = signals.goes_on(laid, post)
        if not before.asks or goes_on or not question.asks:
            reason = (
                "the post before announces it"
                if not before.asks
                else "the same asker goes on"
                if goes_on
                else "adds to the same asker's post before it"
            )
            return Decision(
                post.id, Kind.CONTINUES, (first.post.id,), 0.8, reason, False, earlier.id
            )
    if not question.asks and (text.long < signals.LONG or EVERYONE.search(text.shown)):
        return Decision(post.id, Kind.TALK, (), 0.8, "asks nothing", False)
    return Decision(post.id, Kind.QUESTION, (), 0.9, "asks", False)


def _thanked(laid: Laid, post: Post, decided: Mapping[str, Decision]) -> str | None:
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

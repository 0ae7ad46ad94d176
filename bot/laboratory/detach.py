"""Tearing answers out of their threads, so that the truth about unthreaded answers is known.

An archive page has no times, so the time at which a torn answer would have stood at top level
comes from a model of a session; docs/pairing.md explains it. In short: questions come one after
another; an author comes in sittings, and in a sitting goes through the open questions in their
order, now and then leaving one for the next sitting, while new questions keep coming.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from bot.sessions.pairing.posts import Post

BATCH = 0.1
"""How many questions come, on average, between two sittings of an author."""
_ANSWER = 0.05
"""How long an answer takes, on average; the unit is the average gap between two questions."""
_BURST = 0.02
"""The same for the next message of one turn, and for the next post of one asker."""
_REPLY = 1.0
"""How long others take to reply in a thread."""
_LEFT = 0.05
"""How often an author leaves an open thread for the next sitting."""


@dataclass(frozen=True, slots=True)
class DetachedAnswer:
    """A session with torn answers, and the true question of each (ids of posts)."""

    posts: tuple[Post, ...]
    truth: Mapping[str, str]


def detach(
    posts: Sequence[Post],
    random: Random,
    share: float,
    batch: float = BATCH,
    turns: bool = True,
) -> DetachedAnswer:
    """Tears about `share` (0 to 1) of the authors' threaded replies out of their threads.

    With `turns` the messages that an author posted in one go into a thread are torn together,
    otherwise each message by itself. The torn replies are put among the top-level posts by
    the modelled time; all other posts stay as they are.
    """
    top = [post for post in posts if post.thread is None]
    threads: dict[str, list[Post]] = {post.id: [] for post in top}
    for post in posts:
        if post.thread in threads:
            threads[post.thread].append(post)
    times, turn_of = _times(top, threads, random, batch)
    asked = {post.id for post in top if not post.is_author}
    units: dict[object, list[Post]] = {}
    for post in posts:
        parent = post.thread
        if parent in asked and post.is_author and parent is not None:
            units.setdefault((parent, turn_of[post.id]) if turns else post.id, []).append(post)
    total = sum(len(unit) for unit in units.values())
    order = list(units.values())
    random.shuffle(order)
    detached: list[Post] = []
    for unit in order:
        if len(detached) >= round(total * share):
            break
        detached += unit
    truth = {post.id: post.thread for post in detached if post.thread is not None}
    place = {post.id: at for at, post in enumerate(posts)}
    every_top = [*top, *(replace(post, thread=None) for post in detached)]
    every_top.sort(key=lambda post: (times[post.id], place[post.id]))
    done: list[Post] = []
    for post in every_top:
        done.append(post)
        done += [reply for reply in threads.get(post.id, ()) if reply.id not in truth]
    return DetachedAnswer(tuple(done), truth)


def _times(
    top: Sequence[Post], threads: Mapping[str, Sequence[Post]], random: Random, batch: float
) -> tuple[dict[str, float], dict[str, int]]:
    """A modelled time for every post, and for every reply the number of its author's turn."""
    times: dict[str, float] = {}
    now = 0.0
    before: Post | None = None
    for post in top:
        quick = before is not None and before.person == post.person
        now += random.expovariate(1 / _BURST if quick else 1.0)
        times[post.id] = now
        before = post
    turn_of: dict[str, int] = {}
    at = dict.fromkeys(threads, 0)
    ready = {root: times[root] for root in threads}

    def others(root: str) -> None:
        """Lets everybody but the authors reply."""
        replies = threads[root]
        while at[root] < len(replies) and not replies[at[root]].is_author:
            reply = replies[at[root]]
            again = at[root] and replies[at[root] - 1].person == reply.person
            ready[root] += random.expovariate(1 / (_BURST if again else _REPLY))
            times[reply.id] = ready[root]
            at[root] += 1

    for root in threads:
        others(root)
    names = sorted(
        {reply.person for replies in threads.values() for reply in replies if reply.is_author}
    )
    sittings = [(random.expovariate(1 / batch), name) for name in names]
    heapq.heapify(sittings)
    turn = 0
    while sittings:
        now, name = heapq.heappop(sittings)
        seen: set[str] = set()
        while True:
            following = next(
                (
                    each
                    for each, replies in threads.items()
                    if each not in seen
                    and at[each] < len(replies)
                    and replies[at[each]].person == name
                    and ready[each] <= now
                ),
                None,
            )
            if following is None:
                break
            root = following
            seen.add(root)
            if random.random() < _LEFT:
                continue
            turn += 1
            now += random.expovariate(1 / _ANSWER)
            replies = threads[root]
            while at[root] < len(replies) and replies[at[root]].person == name:
                reply = replies[at[root]]
                times[reply.id] = now
                turn_of[reply.id] = turn
                now += random.expovariate(1 / _BURST)
                at[root] += 1
            ready[root] = now
            others(root)
        if any(
            reply.person == name
            for root, replies in threads.items()
            for reply in replies[at[root] :]
        ):
            heapq.heappush(sittings, (now + random.expovariate(1 / batch), name))
    return times, turn_of

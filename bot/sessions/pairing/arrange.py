"""Putting linked posts under their questions: one way for archive pages and for sessions.

FORMAT.md, "The archive block": threads in the order in which the questions were asked, replies
in the order in which they were given. Nothing is dropped, reworded or doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from bot.sessions.model import Message, Thread
from bot.sessions.pairing.meaning import Meaning
from bot.sessions.pairing.pair import linked, pair
from bot.sessions.pairing.posts import Post

Outline = list[tuple[str, list[str]]]
"""Threads by ids: that of the top-level post, those of its replies."""


def move(posts: Sequence[Post], links: Mapping[str, str]) -> Outline:
    """The threads with every linked post among the replies of its question.

    `posts` as `pair` takes them, `links` from post to question as `linked` gives them. What was
    replied to a moved post goes along, after it. Where all replies of a thread have times, they
    are in that order; otherwise those that were there keep their order, and moved ones come, in
    theirs, after the same words if they stand there already, before a thanks that has no
    answer before it, or at the end. A link to a post that is itself moved, or is not at top
    level, is left aside.
    """
    by_id = {post.id: post for post in posts}
    top = [post.id for post in posts if post.thread is None]
    replies: dict[str, list[str]] = {root: [] for root in top}
    for post in posts:
        if post.thread in replies:
            replies[post.thread].append(post.id)
    good = {
        post: question
        for post, question in links.items()
        if post in replies and question in replies and question not in links and post != question
    }
    coming: dict[str, list[list[str]]] = {}
    for root in top:
        if root in good:
            coming.setdefault(good[root], []).append([root, *replies[root]])
    outline: Outline = []
    for root in top:
        if root not in good:
            there = replies[root]
            if root in coming:
                there = _merged(by_id, by_id[root], there, coming[root])
            outline.append((root, there))
    return outline


def _merged(
    by_id: Mapping[str, Post], question: Post, there: list[str], coming: list[list[str]]
) -> list[str]:
    every = [*there, *(post for group in coming for post in group)]
    times = [by_id[post].at for post in every]
    if all(at is not None for at in times):
        ordered = sorted(zip(times, range(len(every)), strict=True))
        return [every[number] for _, number in ordered]
    done = list(there)
    place = _before_thanks(by_id, question, done)
    for group in coming:
        words = by_id[group[0]].text.split()
        twin = next((at for at, post in enumerate(done) if by_id[post].text.split() == words), None)
        if twin is not None and words:
            done[twin + 1 : twin + 1] = group
            place += len(group) if twin < place else 0
        else:
            done[place:place] = group
            place += len(group)
    return done


def _before_thanks(by_id: Mapping[str, Post], question: Post, there: Sequence[str]) -> int:
    """Where an answer belongs among replies without times."""
    first = by_id[there[0]] if there else None
    if (
        first is not None
        and first.person == question.person
        and not any(by_id[post].is_author for post in there)
        and "thank" in first.text.casefold()
    ):
        return 0
    return len(there)


def from_threads(
    threads: Sequence[Thread],
    authors: Collection[str],
    text: Callable[[Message], str],
    name: Callable[[str], str],
    mentions: Callable[[Message], tuple[str, ...]] = lambda _: (),
) -> list[Post]:
    """The posts of a session.

    `authors` are the Slack member IDs of the event's authors, `text` gives what people read of a
    message, `name` a member's name, `mentions` the member IDs a message mentions.
    """
    return [
        Post(
            id=message.ts,
            person=message.author,
            name=name(message.author),
            is_author=message.author in authors,
            text=text(message),
            mentions=mentions(message),
            at=message.at,
            thread=None if message is thread.question else thread.question.ts,
        )
        for thread in threads
        for message in (thread.question, *thread.replies)
    ]


def arrange(
    threads: Sequence[Thread],
    authors: Collection[str],
    text: Callable[[Message], str],
    name: Callable[[str], str],
    known: Mapping[str, str | None] | None = None,
    meaning: Meaning | None = None,
) -> list[Thread]:
    """The threads of a session with the authors' sure unthreaded answers under their questions.

    Arguments as in `from_threads` and `pair.pair`; `known` are corrections that stand, by `ts`.
    Moved messages carry the question's `ts` in `question_ts`; the messages are else as they were.
    """
    posts = from_threads(threads, authors, text, name)
    links = linked(pair(posts, known, meaning=meaning))
    if not links:
        return list(threads)
    messages = {m.ts: m for thread in threads for m in (thread.question, *thread.replies)}
    old = {thread.question.ts: thread for thread in threads}
    return [
        Thread(messages[root], tuple(_under(messages[ts], root) for ts in replies))
        if any(question == root for question in links.values())
        else old[root]
        for root, replies in move(posts, links)
    ]


def _under(message: Message, question: str) -> Message:
    return message if message.question_ts == question else replace(message, question_ts=question)

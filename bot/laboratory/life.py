"""Sessions as people hold them: what tearing answers out of threads leaves out.

`live` adds to a session with torn answers what real top level has: long answers sent point by
point, talk by the authors, announcements of a host, questions that their asker sends in several
posts, and pages that begin with the end of the week. The sentences of talk are our own and name
people of the session; none is taken from an archive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from bot.laboratory.detach import DetachedAnswer
from bot.sessions.pairing.posts import Post

HOST = "Orla the host"
_SPLIT, _TALK, _HOSTED, _SEVERAL, _DISORDER = 0.3, 0.12, 0.05, 0.3, 0.2
"""How often an answer is cut into points; how many messages of talk and of the host come per
top-level post; how often a question with several question marks is cut; how often a page is out of
order."""
_POINT = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])|\n+")

TALK: tuple[str, ...] = (
    "Hi everyone! Glad to be here, ask me whatever you like about the book.",
    "Good morning all, I have an hour now and will go through what you wrote.",
    "I am online now.",
    "Back again, sorry for the silence, it was a long day at work.",
    "Hello!",
    "Thanks!",
    "Thank you {host} for having me here this week, it was a pleasure.",
    "Big thanks to {host} for hosting, and to {asker} and everybody who took part.",
    "That is it from my side. Have a great weekend, all of you!",
    "It has been a wonderful week. If you want to stay in touch, find me on LinkedIn: https://example.org/in/me",
    "Signing off for today, I will answer the rest tomorrow.",
    "I will get to the remaining ones tonight, it is late in my time zone.",
    "My coauthor {author} is travelling this week, so I will be the one to reply here.",
    "{author} has a cold and cannot join us today.",
    "We are giving away three copies of the book on Friday, so keep asking!",
    "The publisher has a 40% discount this week with the code READER40: https://example.org/shop",
    "If you liked the book, please leave a review, it helps us a lot.",
    "I also run a newsletter on this, sign up at https://example.org/letter",
    "We talk about this at a meetup next month, anyone interested can register here: https://example.org/meet",
    "Here is a recording of a talk I gave on the book: https://example.org/talk",
    "I just published a post that some of you may like: https://example.org/post",
    "Now a question from me: which chapter would you read first?",
    "What are you all working on at the moment? I am curious.",
    "Has anyone here tried the exercises already? How did it go?",
    "Who of you uses this at work, and for what?",
    "Great discussion here, congratulations to the winners!",
    "Wow, so many questions. Keep them coming!",
    "Just a note for everybody: the code of the book is at https://example.org/code, issues are welcome.",
    "Apologies for the delay, I was on a plane.",
    "Thanks {host}, this is a great community.",
    "Cheers everyone, happy to see so much interest.",
    "Not related to any question, but this paper came out today and I found it fascinating: https://example.org/paper",
    "A quick remark for those who read the early edition: some figures have changed since.",
    "I am happy to announce that the second edition is out now.",
)
"""What authors say at top level that answers nothing. `{host}`, `{asker}` and `{author}` become
names."""
HOSTED: tuple[str, ...] = (
    "Hi all! This week {author} answers your questions about the book. Ask away in this channel!",
    "Reminder: please ask your questions as separate messages and reply in threads.",
    "Thanks everyone for the questions, and thank you {author} for the answers!",
    "The winners of this week are {asker} and four others, congratulations!",
    "Only one day left to ask {author} your questions and to win a copy.",
)
"""What a host says."""


@dataclass(frozen=True, slots=True)
class Lived:
    """A session, and the right questions of each of the authors' messages that is judged: any of
    them is right; none is, where it is talk."""

    posts: tuple[Post, ...]
    truth: Mapping[str, frozenset[str]]


def live(detached: DetachedAnswer, random: Random) -> Lived:
    """Adds to a session with torn answers what life has."""
    truth = {post: frozenset({question}) for post, question in detached.truth.items()}
    posts = _several_posts(detached.posts, truth, random)
    posts = _in_points(posts, truth, random)
    posts = _with_talk(posts, truth, random)
    if random.random() < _DISORDER:
        posts = _out_of_order(posts, random)
    return Lived(tuple(posts), truth)


def _several_posts(
    posts: Sequence[Post], truth: dict[str, frozenset[str]], random: Random
) -> list[Post]:
    """Cuts some questions into two or three posts of their asker, one question mark each."""
    found: list[Post] = []
    for post in posts:
        parts = [part for part in re.split(r"(?<=\?)\s+", post.text) if part.strip()]
        cut = post.thread is None and not post.is_author and 2 <= len(parts) <= 3
        if not cut or random.random() >= _SEVERAL:
            found.append(post)
            continue
        rest = [replace(post, id=f"{post.id}+{n}", text=part) for n, part in enumerate(parts[1:])]
        found += [replace(post, text=parts[0]), *rest]
        for answer, questions in truth.items():
            if post.id in questions:
                truth[answer] = questions | {part.id for part in rest}
    return _threads_last(found)


def _in_points(
    posts: Sequence[Post], truth: dict[str, frozenset[str]], random: Random
) -> list[Post]:
    """Cuts some torn answers into messages of a sentence or a line each."""
    found: list[Post] = []
    for post in posts:
        parts = [part for part in _POINT.split(post.text) if part.strip()]
        if post.id not in truth or len(parts) < 3 or random.random() >= _SPLIT:
            found.append(post)
            continue
        whole = [replace(post, id=f"{post.id}+{n}", text=part) for n, part in enumerate(parts[1:])]
        found += [replace(post, text=parts[0]), *whole]
        truth |= {part.id: truth[post.id] for part in whole}
    return _threads_last(found)


def _with_talk(
    posts: Sequence[Post], truth: dict[str, frozenset[str]], random: Random
) -> list[Post]:
    top = [post for post in posts if post.thread is None]
    authors = sorted({(post.person, post.name) for post in posts if post.is_author})
    askers = sorted({post.name for post in top if not post.is_author})
    if not authors or not askers:
        return list(posts)
    new: list[tuple[int, Post]] = []
    for number in range(max(1, round(len(top) * _TALK))):
        person, name = random.choice(authors)
        other = next((one for _, one in authors if one != name), "Iris Ek")
        text = random.choice(TALK).format(host=HOST, asker=random.choice(askers), author=other)
        post = Post(f"talk{number}", person, name, True, text)
        truth[post.id] = frozenset()
        new.append((random.randint(1, len(top)), post))
    for number in range(max(1, round(len(top) * _HOSTED))):
        text = random.choice(HOSTED).format(asker=random.choice(askers), author=authors[0][1])
        post = Post(f"host{number}", HOST, HOST, False, text)
        new.append((random.randint(0, len(top)), post))
    for place, post in sorted(new, key=lambda one: -one[0]):
        top.insert(place, post)
    return _threads_last([*top, *(post for post in posts if post.thread is not None)])


def _out_of_order(posts: Sequence[Post], random: Random) -> list[Post]:
    """Puts the days of a page in reverse: the end of the week first."""
    top = [post for post in posts if post.thread is None]
    days = random.randint(2, 4)
    cuts = [round(len(top) * day / days) for day in range(days + 1)]
    turned = [post for day in range(days - 1, -1, -1) for post in top[cuts[day] : cuts[day + 1]]]
    return _threads_last([*turned, *(post for post in posts if post.thread is not None)])


def _threads_last(posts: Sequence[Post]) -> list[Post]:
    """Puts every reply directly below its thread."""
    replies: dict[str, list[Post]] = {}
    for post in posts:
        if post.thread is not None:
            replies.setdefault(post.thread, []).append(post)
    return [
        one for post in posts if post.thread is None for one in (post, *replies.get(post.id, ()))
    ]

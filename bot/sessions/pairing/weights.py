"""The weights of all signals, in one table, and the levels of confidence.

A question's score for a post is the sum of its signals, each times its weight; confidences are
what the scores of all questions, of talk and of the author's neighbouring posts make of it
(chain.py). The weights are fitted by scripts/tune_pairing.py to entries labelled by hand and to
answers torn out of threads, and pulled to the coarse steps that were set by hand before; those of
the language model are set by hand. docs/pairing.md tells how well they do on books held out.
"""

from __future__ import annotations

TABLE: dict[str, float] = {
    # Names: in the post.
    "named whole": 3.6,
    "named short": 2.5,
    "named inside": 1.0,
    "named first": 3.0,
    "names a replier": 1.5,
    "names another": -2.3,
    "asker replied to it": 1.0,
    # Words.
    "like the question": 1.1,
    "like the whole": 3.4,
    "letters alike": 2.6,
    "shared rare words": 1.6,
    "covers the question": 0.7,
    "shared phrases": 0.2,
    "like a reply": 1.2,
    "shares phrases with a reply": 2.0,
    "quotes it": 4.9,
    # What it means, where a model says so (meaning.py).
    "means the question": 3.0,
    "means what stands there": 6.0,
    "stands in its thread": 8.0,
    "several, first post": 1.6,
    "several, later post": -1.4,
    "numbered alike": 0.7,
    "numbered, one question": -0.2,
    "plain yes or no": 1.0,
    "yes or no, not asked": -1.0,
    "one part of it": -0.2,
    "one part, one question": -1.0,
    # Who is still unanswered.
    "asks nothing": -0.9,
    "announces": -1.2,
    "answered by them": -1.0,
    "answered, as they do once": -2.0,
    "answered, nothing since": -0.6,
    "answered, thanked": -1.1,
    "answered, but opens": -1.8,
    "answered by another": -0.2,
    "answered beside it": -1.1,
    "thanked, no answer": 0.0,
    "a follow-up was answered": 1.8,
    "answered, questions between": 0.2,
    "thanked by name": 0.8,
    "waits alone": 0.0,
    "an earlier one waits": -0.4,
    "a follow-up waits": 0.6,
    "asked another author": -1.0,
    "taken by them": -3.7,
    "taken by another": -0.1,
    # Order and nearness.
    "questions between": -0.7,
    "open questions between": 0.1,
    "latest asker": 0.2,
    "stands later": -0.6,
    "stands before, out of order": 0.4,
    # From the author's previous post to this one.
    "same, in a row": 1.1,
    "same, by the clock": 1.0,
    "same, after a greeting": 2.5,
    "same, but greets": -1.8,
    "same, next number": 3.0,
    "same, goes on": 1.0,
    "same, short": 0.5,
    "same, no word": 1.8,
    "same, after a colon": 2.5,
    "same, alike": 1.1,
    "same, as they do": 0.9,
    "same, names them again": 1.4,
    "same, names another": -2.0,
    "same, names nobody": -0.1,
    "same, but is like talk": -2.7,
    "next open question": 0.8,
    "open questions skipped": -0.7,
    "back": -0.6,
    "questions back": -0.6,
    # Talk.
    "talk": -2.1,
    "talk, of many questions": 0.5,
    "talk, where meaning is compared": 1.0,
    "speaks to everyone": 5.2,
    "speaks of answering": 2.3,
    "says that they are there": 2.8,
    "thanks the host": 3.8,
    "says farewell": 2.0,
    "advertises": 3.1,
    "says that they are away": 2.6,
    "says that it is an aside": 4.3,
    "asks the readers": 2.3,
    "speaks of an author": 2.4,
    "only thanks": 2.5,
    "shares nothing": 0.3,
    "names someone": -2.5,
    "begins an answer": -0.2,
    "length": 0.0,
}

CONFIDENT = 0.7
"""From this confidence a post is linked by itself."""
CONFIDENT_OF_MEANING = 0.7
"""The same where a model compared what is meant: what it finds is right more often."""
EVEN = 0.5
"""Below this confidence a post is undecided."""


def level(meant: bool) -> float:
    """From which confidence on a post is linked; `meant`: a model compared what is meant."""
    return CONFIDENT_OF_MEANING if meant else CONFIDENT


SAID = {
    "named": "names the asker",
    "words": "uses words of the question",
    "thread": "uses words of its thread",
    "meant": "speaks of what was asked",
    "next": "first unanswered question after the author's previous answer",
    "near": "the latest question",
    "same": "continues the author's previous message",
    "open": "still unanswered",
    "none": "nothing but its place",
    "no question": "belongs to no question",
}
PHRASES: dict[str, str] = {
    "named whole": SAID["named"],
    "named short": SAID["named"],
    "named inside": SAID["named"],
    "named first": SAID["named"],
    "names a replier": "names somebody in its thread",
    "asker replied to it": "the asker replied to it",
    "like the whole": SAID["words"],
    "like the question": SAID["words"],
    "shared rare words": SAID["words"],
    "covers the question": SAID["words"],
    "shared phrases": SAID["words"],
    "like a reply": SAID["thread"],
    "shares phrases with a reply": SAID["thread"],
    "quotes it": "quotes it",
    "means the question": SAID["meant"],
    "means what stands there": SAID["meant"],
    "stands in its thread": "stands in its thread too",
    "several, first post": "answers the asker's posts at once",
    "numbered alike": "is numbered as the question is",
    "plain yes or no": "says yes or no to it",
    "one part of it": "speaks of one of its parts",
    "thanked, no answer": "the asker gave thanks, but no answer stands there",
    "a follow-up was answered": "the asker gave thanks again, but no answer stands before it",
    "thanked by name": "the author is thanked there, but did not reply",
    "a follow-up waits": "a follow-up waits in its thread",
    "latest asker": SAID["near"],
    "same, in a row": SAID["same"],
    "same, after a greeting": SAID["same"],
    "same, next number": SAID["same"],
    "same, goes on": SAID["same"],
    "same, short": SAID["same"],
    "same, no word": SAID["same"],
    "same, after a colon": SAID["same"],
    "same, alike": SAID["same"],
    "same, as they do": SAID["same"],
    "next open question": SAID["next"],
    "speaks to everyone": "speaks to everyone",
    "speaks of answering": "speaks of answering later",
    "says that they are there": "says that the author is there",
    "thanks the host": "thanks the host",
    "says farewell": "says farewell",
    "advertises": "announces or recommends something",
    "says that they are away": "says that the author is away or late",
    "says that it is an aside": "says that it answers nothing",
    "asks the readers": "asks the readers",
    "speaks of an author": "speaks of an author of the book",
    "only thanks": "only gives thanks",
    "shares nothing": "shares no rare word with any question",
}
"""How a reason says that a signal speaks for a question, or for talk."""

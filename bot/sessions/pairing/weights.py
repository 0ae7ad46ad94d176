"""The weights of all signals, in one table, and the levels of confidence.

A question's score for a post is the sum of its signals, each times its weight; confidences are
what the scores of all questions, of talk and of the author's neighbouring posts make of it
(chain.py). The weights are set by hand, in coarse steps: there are too few answers to fit them to.
docs/pairing.md tells how well they do, and how a fit does.
"""

from __future__ import annotations

TABLE: dict[str, float] = {
    # Names: in the post.
    "named whole": 3.0,
    "named short": 3.0,
    "named inside": 1.0,
    "named first": 3.0,
    "names a replier": 1.0,
    "names another": -3.0,
    "asker replied to it": 1.0,
    # Words.
    "like the question": 2.0,
    "like the whole": 4.0,
    "letters alike": 3.0,
    "shared rare words": 2.0,
    "covers the question": 1.0,
    "shared phrases": 1.0,
    "like a reply": 1.0,
    "shares phrases with a reply": 1.0,
    "quotes it": 5.0,
    # What it means, where a model says so (meaning.py).
    "means the question": 3.0,
    "means what stands there": 6.0,
    "stands in its thread": 8.0,
    "several, first post": 2.0,
    "several, later post": -1.5,
    "numbered alike": 1.0,
    "numbered, one question": -1.0,
    "plain yes or no": 1.0,
    "yes or no, not asked": -1.0,
    "one part of it": 1.0,
    "one part, one question": -1.0,
    # Who is still unanswered.
    "asks nothing": -2.0,
    "answered by them": -1.0,
    "answered, as they do once": -2.0,
    "answered, nothing since": -1.0,
    "answered, thanked": -1.0,
    "answered, but opens": -1.0,
    "answered by another": -0.5,
    "answered beside it": -1.0,
    "thanked, no answer": 1.0,
    "a follow-up was answered": 2.0,
    "answered, questions between": 0.3,
    "thanked by name": 1.0,
    "an earlier one waits": -0.5,
    "a follow-up waits": 0.5,
    "asked another author": -1.0,
    "taken by them": -3.0,
    "taken by another": -0.3,
    # Order and nearness.
    "questions between": -0.5,
    "open questions between": -0.2,
    "latest asker": 0.5,
    # From the author's previous post to this one.
    "same, in a row": 1.8,
    "same, after a greeting": 2.0,
    "same, but greets": -2.0,
    "same, next number": 3.0,
    "same, goes on": 1.0,
    "same, short": 0.5,
    "same, no word": 2.0,
    "same, after a colon": 1.5,
    "same, alike": 1.0,
    "same, as they do": 1.0,
    "next open question": 1.0,
    "open questions skipped": -1.0,
    "back": -0.5,
    "questions back": -0.3,
    # Talk.
    "talk": -1.5,
    "speaks to everyone": 5.0,
    "speaks of answering": 2.0,
    "only thanks": 3.0,
    "shares nothing": 0.5,
    "names someone": -2.0,
    "begins an answer": -1.0,
    "length": -0.5,
}

CONFIDENT = 0.75
"""From this confidence a post is linked by itself."""
CONFIDENT_OF_MEANING = 0.8
"""The same where a model compared what is meant: it makes right and wrong pairs surer."""
AFTER = 0.1
"""How much surer one must be of a post that continues another (pair.sure)."""
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
    "only thanks": "only gives thanks",
    "shares nothing": "shares no rare word with any question",
}
"""How a reason says that a signal speaks for a question, or for talk."""

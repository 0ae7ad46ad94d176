"""The weights of all signals, in one table, and the levels of confidence.

A question's score for a post is the sum of its signals, each times its weight; confidences are
what the scores of all questions, of talk and of the author's neighbouring posts make of it
(chain.py). The weights were fitted to sample archives and rounded; docs/pairing.md tells how well
they do.
"""

from __future__ import annotations

TABLE: dict[str, float] = {
    # Names: in the post.
    "named whole": 4.1,
    "named short": 3.0,
    "named inside": 1.0,
    "names a replier": 0.5,
    "names another": -2.5,
    "asker replied to it": 1.5,
    # Words.
    "like the question": 4.1,
    "like its thread": 2.4,
    "shared rare words": 2.8,
    "covers the question": 1.2,
    "shared phrases": 1.6,
    "like a reply": 1.4,
    "shares phrases with a reply": 2.0,
    "quotes it": 5.0,
    "stands in its thread": 8.0,
    "several, first post": 1.8,
    "several, later post": -1.4,
    "numbered alike": 0.9,
    "numbered, one question": -0.9,
    "yes or no": 0.1,
    "plain yes or no": 0.7,
    "yes or no, not asked": -1.0,
    "one part of it": 0.8,
    "one part, one question": -0.7,
    # Who is still unanswered.
    "asks nothing": -2.1,
    "answered by them": -0.4,
    "answered, as they do once": -2.8,
    "answered, nothing since": -0.7,
    "answered, thanked": -0.6,
    "answered, but opens": -0.7,
    "answered by another": -1.0,
    "answered by another, as they do": 0.2,
    "answered beside it": -1.5,
    "thanked, no answer": 0.9,
    "thanked by name": 1.3,
    "an earlier one waits": -0.7,
    "a follow-up waits": 0.3,
    "asked another author": -0.8,
    "taken by them": -3.5,
    "taken by another": -0.1,
    # Order and nearness.
    "questions between": -0.5,
    "open questions between": -0.1,
    "latest question": -0.4,
    "latest asker": 0.7,
    # From the author's previous post to this one.
    "same, in a row": 0.1,
    "same, later": 0.4,
    "same, after a greeting": 2.7,
    "same, but greets": -2.5,
    "same, next number": 3.0,
    "same, goes on": 1.0,
    "same, short": -0.2,
    "same, after a colon": 2.1,
    "same, alike": 1.3,
    "same, as they do": 1.9,
    "next open question": 0.8,
    "open questions skipped": -0.8,
    "back": -0.4,
    "questions back": -0.2,
    "back, in a row": 0.0,
    # Talk.
    "talk": -1.2,
    "speaks to everyone": 4.9,
    "speaks of answering": 2.1,
    "only thanks": 2.0,
    "shares nothing": 0.5,
    "names someone": -2.0,
    "begins an answer": -1.3,
    "length": -0.7,
}

CONFIDENT = 0.85
"""From this confidence a post is linked by itself."""
ALONG = 0.75
"""From this confidence a post goes along with the linked post that it continues."""
EVEN = 0.5
"""Below this confidence a post is undecided."""

SAID = {
    "named": "names the asker",
    "words": "uses words of the question",
    "thread": "uses words of its thread",
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
    "names a replier": "names somebody in its thread",
    "asker replied to it": "the asker replied to it",
    "like the question": SAID["words"],
    "shared rare words": SAID["words"],
    "covers the question": SAID["words"],
    "shared phrases": SAID["words"],
    "like its thread": SAID["thread"],
    "like a reply": SAID["thread"],
    "shares phrases with a reply": SAID["thread"],
    "quotes it": "quotes it",
    "stands in its thread": "stands in its thread too",
    "several, first post": "answers the asker's posts at once",
    "numbered alike": "is numbered as the question is",
    "plain yes or no": "says yes or no to it",
    "yes or no": "says yes or no to it",
    "one part of it": "speaks of one of its parts",
    "thanked, no answer": "the asker gave thanks, but no answer stands there",
    "thanked by name": "the author is thanked there, but did not reply",
    "a follow-up waits": "a follow-up waits in its thread",
    "latest question": SAID["near"],
    "latest asker": SAID["near"],
    "same, in a row": SAID["same"],
    "same, later": SAID["same"],
    "same, after a greeting": SAID["same"],
    "same, next number": SAID["same"],
    "same, goes on": SAID["same"],
    "same, short": SAID["same"],
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

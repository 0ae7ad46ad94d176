"""The weights of all signals, in one table, and the levels of confidence.

A question's score for a post is the sum of its signals, each times its weight; confidences are
what the scores of all questions, of talk and of the author's neighbouring posts make of it
(chain.py). The weights are fitted by scripts/tune_pairing.py to entries labelled by hand and to
answers torn out of threads; those of order, of who waits and of messages in a row were then put
back to the smaller steps that they had before, and those of the language model are set by hand.
Then those of jointly.py and of messages in a row were fitted by scripts/tune_jointly.py, to invented
sessions, too, and some of them set by hand. Those of how a message is worded are set by hand, too.
docs/pairing.md tells how well they do on books held out.
"""

from __future__ import annotations

from bot.texts import N_

TABLE: dict[str, float] = {
    # Names: in the post.
    "named whole": 2.5,
    "named short": 1.0,
    "named inside": 1.3,
    "named first": 3.0,
    "names a replier": 3.0,
    "names another": -2.3,
    "asker replied to it": 1.1,
    # Words.
    "like the question": 1.6,
    "like the whole": 4.4,
    "letters alike": 3.2,
    "shared rare words": 1.6,
    "covers the question": 0.1,
    "shared phrases": 0.1,
    "like a reply": 1.9,
    "shares phrases with a reply": 2.9,
    "quotes it": 3.9,
    # What it means, where a model says so (meaning.py).
    "means the question": 5.0,
    "means what stands there": 5.0,
    "stands in its thread": 8.0,
    "several, first post": 1.2,
    "several, later post": -1.6,
    "numbered alike": 0.3,
    "numbered, one question": 0.9,
    "plain yes or no": 1.4,
    "yes or no, not asked": -1.0,
    "says what is asked for": 0.8,
    "does not say what is asked for": -0.2,
    "one part of it": -1.1,
    "one part, one question": -0.6,
    # Who is still unanswered.
    "asks nothing": -2.5,
    "announces": -0.3,
    "answered by them": -1.6,
    "answered, as they do once": -2.3,
    "answered, nothing since": -1.2,
    "answered, thanked": -0.3,
    "answered, but opens": -1.5,
    "answered by another": -0.3,
    "answered beside it": -0.3,
    "thanked, no answer": 0.1,
    "a follow-up was answered": 2.5,
    "answered, questions between": 0.4,
    "an earlier one waits": -0.1,
    "a follow-up waits": 0.5,
    "asked another author": -1.1,
    "taken by them": -3.3,
    "taken by another": -1.0,
    "adds to it": 3.1,
    "adds to it, unsaid": -1.3,
    "talks": 0.8,
    "answers one that waits": 1.4,
    "turns to one they answered": -2.2,
    "another of theirs waits": -2.3,
    "order, as they do": 0.35,
    "answered twice": -1.6,
    "answered twice, as they do once": -4.5,
    # Order and nearness.
    "questions between": -0.7,
    "open questions between": -0.1,
    "latest asker": 0.4,
    "stands later": -0.6,
    "stands before, out of order": 1.2,
    # From the author's previous post to this one.
    "same, in a row": 1.5,
    "same, by the clock": 1.0,
    "same, after a greeting": 4.9,
    "same, but greets": -2.3,
    "same, next number": 3.0,
    "same, goes on": 1.3,
    "same, both in a list": 1.7,
    "same, short": 0.9,
    "same, no word": 2.4,
    "same, after a colon": 1.6,
    "same, only code or a link": 3.1,
    "same, in its list": 2.2,
    "same, as it promised": 2.5,
    "same, but begins a list": -2.1,
    "same, alike": 1.9,
    "same, as they do": 1.1,
    "same, names them again": 1.0,
    "same, names another": -2.0,
    "same, names nobody": 0.3,
    "same, but is like talk": -2.1,
    "next open question": 1.3,
    "open questions skipped": -0.2,
    "back": -0.1,
    "questions back": -0.6,
    # Talk.
    "talk": -0.8,
    "talk, of many questions": 0.3,
    "talk, where meaning is compared": 0.7,
    "sounds like talk": 0.7,
    "worded like talk": 0.5,
    "speaks to everyone": 5.4,
    "speaks of answering": 4.0,
    "says that they are there": 3.9,
    "thanks the host": 4.6,
    "says farewell": 3.3,
    "advertises": 4.6,
    "says that they are away": 3.8,
    "says that it is an aside": 5.0,
    "asks the readers": 3.7,
    "speaks of an author": 2.1,
    "is a courtesy": 1.3,
    "speaks of the day": 1.9,
    "speaks of the session": 1.7,
    "speaks of other places": 1.3,
    "only thanks": 1.1,
    "says nothing": 0.3,
    "names someone": -1.6,
    "names someone, shares nothing": 0.8,
    "names several": 1.5,
    "names whom nothing waits for": 2.0,
    "names nobody, as they do": 1.5,
    "speaks of the subject": -0.6,
    "begins an answer": -0.3,
}

PLACE = frozenset(
    name.strip()
    for name in """asks nothing|announces|answered by them|answered, as they do once|answered, nothing since
    |answered, thanked|answered by another|answered beside it|thanked, no answer
    |a follow-up was answered|answered, questions between
    |an earlier one waits|a follow-up waits|asked another author|questions between
    |open questions between|latest asker|stands later|stands before, out of order
    |talk|talk, of many questions|talk, where meaning is compared""".split("|")
)
"""Signals of who waits and of order: of a span of messages they count once."""
ALIKE = frozenset(
    name.strip()
    for name in """like the question|like the whole|letters alike|shared rare words|covers the question
    |shared phrases|like a reply|shares phrases with a reply|means the question
    |means what stands there|plain yes or no|yes or no, not asked|one part of it
    |says what is asked for|does not say what is asked for
    |one part, one question|numbered alike|numbered, one question
    |begins an answer""".split("|")
)
"""Signals of words: of a span they count less the more messages it has (chain.LESS)."""

CONFIDENT = 0.71
"""From this confidence a post is linked by itself."""
CONFIDENT_OF_MEANING = 0.78
"""The same where a model compared what is meant: it raises the confidence of right and wrong
links alike."""
EVEN = 0.5
"""Below this confidence a post is undecided."""


def level(meant: bool) -> float:
    """From which confidence on a post is linked; `meant`: a model compared what is meant."""
    return CONFIDENT_OF_MEANING if meant else CONFIDENT


SAID = {
    "named": N_("names the asker"),
    "words": N_("uses words of the question"),
    "thread": N_("uses words of its thread"),
    "meant": N_("speaks of what was asked"),
    "next": N_("first unanswered question after the author's previous answer"),
    "near": N_("the latest question"),
    "same": N_("continues the author's previous message"),
    "open": N_("still unanswered"),
    "none": N_("nothing but its place"),
    "no question": N_("belongs to no question"),
}
PHRASES: dict[str, str] = {
    "named whole": SAID["named"],
    "named short": SAID["named"],
    "named inside": SAID["named"],
    "named first": SAID["named"],
    "names a replier": N_("names somebody in its thread"),
    "asker replied to it": N_("the asker replied to it"),
    "like the whole": SAID["words"],
    "like the question": SAID["words"],
    "shared rare words": SAID["words"],
    "covers the question": SAID["words"],
    "shared phrases": SAID["words"],
    "like a reply": SAID["thread"],
    "shares phrases with a reply": SAID["thread"],
    "quotes it": N_("quotes it"),
    "means the question": SAID["meant"],
    "means what stands there": SAID["meant"],
    "stands in its thread": N_("stands in its thread too"),
    "several, first post": N_("answers the asker's posts at once"),
    "numbered alike": N_("is numbered as the question is"),
    "plain yes or no": N_("says yes or no to it"),
    "one part of it": N_("speaks of one of its parts"),
    "thanked, no answer": N_("the asker gave thanks, but no answer stands there"),
    "a follow-up was answered": N_("the asker gave thanks again, but no answer stands before it"),
    "a follow-up waits": N_("a follow-up waits in its thread"),
    "latest asker": SAID["near"],
    "same, in a row": SAID["same"],
    "same, after a greeting": SAID["same"],
    "same, next number": SAID["same"],
    "same, goes on": SAID["same"],
    "same, both in a list": SAID["same"],
    "same, short": SAID["same"],
    "same, no word": SAID["same"],
    "same, only code or a link": SAID["same"],
    "same, in its list": SAID["same"],
    "same, as it promised": SAID["same"],
    "same, after a colon": SAID["same"],
    "same, alike": SAID["same"],
    "same, as they do": SAID["same"],
    "next open question": SAID["next"],
    "adds to it": N_("adds to another author's answer right before"),
    "speaks to everyone": N_("speaks to everyone"),
    "speaks of answering": N_("speaks of answering later"),
    "says that they are there": N_("says that the author is there"),
    "thanks the host": N_("thanks the host"),
    "says farewell": N_("says farewell"),
    "advertises": N_("announces or recommends something"),
    "says that they are away": N_("says that the author is away or late"),
    "says that it is an aside": N_("says that it answers nothing"),
    "asks the readers": N_("asks the readers"),
    "speaks of an author": N_("speaks of an author of the book"),
    "only thanks": N_("only gives thanks"),
    "says nothing": N_("has no word that tells what it is about"),
}
"""How a reason says that a signal speaks for a question, or for talk."""

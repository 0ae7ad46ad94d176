"""Linked posts under their questions: everything is there once, in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.laboratory.detach import detach
from bot.library import mending
from bot.library.formats import Entry
from bot.sessions import pairing
from bot.sessions.model import Kind, Message, Thread, ts_of
from bot.sessions.pairing import Post
from tests.pairing.generator import AUTHOR, COAUTHOR, STYLES, session

AUTHORS = frozenset({AUTHOR, COAUTHOR})
TEXTS = st.sampled_from(["Thanks!", "Hi pekka, it is hungry.", "How wet?", "Also, feed it.", "🙂"])
NAMES = st.sampled_from([AUTHOR, "pekka", "Ines Calado"])
REPLIES = st.lists(st.builds(Entry, NAMES, TEXTS), max_size=3).map(tuple)
THREADS = st.lists(st.builds(Entry, NAMES, TEXTS, REPLIES), max_size=8)


def everything(threads: list[Entry]) -> Counter[tuple[str, str]]:
    return Counter((e.name, e.text) for t in threads for e in (t, *t.replies))


@given(THREADS)
def test_nothing_is_dropped_reworded_or_doubled(threads: list[Entry]) -> None:
    posts = mending.posts_of(threads, AUTHORS)
    found = pairing.pair(posts)
    decisions = tuple(replace(decision, level=0.3) for decision in found.decisions)
    links = pairing.linked(replace(found, decisions=decisions))
    after = mending.attach(threads, AUTHORS, links)
    assert everything(after) == everything(threads)
    assert len(after) == len(threads) - len(links)


@given(THREADS, st.dictionaries(st.integers(1, 9).map(str), st.integers(1, 9).map(str)))
def test_not_even_by_links_that_make_no_sense(threads: list[Entry], links: dict[str, str]) -> None:
    assert everything(mending.attach(threads, AUTHORS, links)) == everything(threads)


@given(THREADS)
def test_without_links_nothing_changes(threads: list[Entry]) -> None:
    assert mending.attach(threads, AUTHORS, {}) == threads


@given(st.integers(0, 1000), st.sampled_from(sorted(STYLES)))
def test_questions_and_old_replies_keep_their_order(seed: int, style: str) -> None:
    detached = detach(session(seed, STYLES[style]), Random(seed), 0.5)
    before = dict(pairing.move(detached.posts, {}))
    after = pairing.move(detached.posts, detached.truth)
    assert [root for root, _ in after] == [root for root in before if root not in detached.truth]
    for root, replies in after:
        old = [reply for reply in replies if reply in before[root]]
        assert old == before[root]
        assert {reply for reply in replies if detached.truth.get(reply) == root} == {
            post for post, question in detached.truth.items() if question == root
        }


def entry(name: str, text: str, *replies: Entry) -> Entry:
    return Entry(name, text, replies)


def test_what_was_replied_to_a_moved_answer_goes_along() -> None:
    threads = [
        entry("pekka", "Is it spoiled?", entry("Ines Calado", "Same here.")),
        entry(AUTHOR, "Only hungry.", entry("pekka", "Phew!"), entry(AUTHOR, "Feed it.")),
        entry(AUTHOR, "Twice."),
    ]
    after = mending.attach(threads, AUTHORS, {"2": "1", "3": "1"})
    assert [[e.text for e in (t, *t.replies)] for t in after] == [
        ["Is it spoiled?", "Same here.", "Only hungry.", "Phew!", "Feed it.", "Twice."]
    ]


def test_an_answer_comes_before_the_thanks_for_it() -> None:
    threads = [entry("pekka", "Is it spoiled?", entry("pekka", "Thank you!")), entry(AUTHOR, "No.")]
    after = mending.attach(threads, AUTHORS, {"2": "1"})
    assert [reply.text for reply in after[0].replies] == ["No.", "Thank you!"]


def test_a_twin_stands_beside_its_twin() -> None:
    threads = [
        entry("pekka", "Is it spoiled?", entry(AUTHOR, "No."), entry("pekka", "Thanks.")),
        entry(AUTHOR, "No."),
    ]
    after = mending.attach(threads, AUTHORS, {"2": "1"})
    assert [reply.text for reply in after[0].replies] == ["No.", "No.", "Thanks."]


START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def message(author: str, text: str, minutes: int, root: int | None = None) -> Message:
    def ts(at: int) -> str:
        return ts_of(START + timedelta(minutes=at))

    return Message(
        1,
        "C1",
        ts(minutes),
        Kind.QUESTION if root is None else Kind.REPLY,
        author,
        {"text": text},
        thread_ts=None if root is None else ts(root),
        question_ts=None if root is None else ts(root),
    )


def test_a_session_is_arranged_in_the_order_of_time() -> None:
    asked = message("U1", "My starter smells of acetone. Is it spoiled?", 0)
    other = message("U2", "How long does a banneton last?", 10)
    answer = message("UA", "Hi Pekka, acetone only means that the starter is hungry.", 20)
    under = message("U1", "Phew!", 30, root=20)
    early = message("U2", "Same here.", 5, root=0)
    late = message("U1", "And after a month?", 60, root=0)
    threads = [Thread(asked, (early, late)), Thread(other), Thread(answer, (under,))]
    names = {"U1": "Pekka", "U2": "Ines", "UA": AUTHOR}

    def arranged(known: dict[str, str | None] | None = None) -> list[Thread]:
        return pairing.arrange(
            threads, {"UA"}, lambda m: str(m.content["text"]), names.__getitem__, known
        )

    first, second = arranged()
    assert [m.at.minute for m in first.replies] == [5, 20, 30, 0]
    assert {m.question_ts for m in first.replies} == {asked.ts}
    assert second == Thread(other)
    assert arranged({answer.ts: None}) == threads
    assert arranged({answer.ts: other.ts})[1].replies[0].content == answer.content


def test_posts_of_a_session() -> None:
    asked, reply = message("U1", "a?", 0), message("UA", "b", 1, root=0)
    found = pairing.from_threads(
        [Thread(asked, (reply,))], {"UA"}, lambda m: str(m.content["text"]), str.lower
    )
    assert found == [
        Post(asked.ts, "U1", "u1", False, "a?", at=asked.at),
        Post(reply.ts, "UA", "ua", True, "b", at=reply.at, thread=asked.ts),
    ]
